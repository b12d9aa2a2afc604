/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors as problem documents (RFC 9457), in the reader's language. */
#include "hub-web-problem.h"

#include "hub-catalogue.h"
#include "hub-log.h"

#include <libsoup/soup.h>

static const char *const known[] = { "en", "zh_CN", "ug", NULL };

struct _HubWebLanguages
{
  GHashTable *catalogues; /* language → HubCatalogue */
  GHashTable *plugins;    /* id → the same of a plugin */
};

HubWebLanguages *
hub_web_languages_new (void)
{
  HubWebLanguages *self = g_new0 (HubWebLanguages, 1);

  self->catalogues = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->plugins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) g_hash_table_unref);
  for (guint i = 1; known[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/org/karez/po/%s.mo", known[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) mo = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
      HubCatalogue *catalogue = mo != NULL ? hub_catalogue_new (known[i], mo, &error) : NULL;

      if (catalogue != NULL)
        g_hash_table_insert (self->catalogues, (gpointer) known[i], catalogue);
      else
        hub_notice ("web", known[i], "answers will be in English: %s", error->message);
    }
  return self;
}

void
hub_web_languages_free (HubWebLanguages *self)
{
  g_hash_table_unref (self->catalogues);
  g_hash_table_unref (self->plugins);
  g_free (self);
}

void
hub_web_languages_add (HubWebLanguages *self, const char *plugin, HubCatalogue *catalogue)
{
  const char *language = hub_catalogue_get_language (catalogue);
  GHashTable *own = g_hash_table_lookup (self->plugins, plugin);

  g_return_if_fail (hub_web_languages_is_language (language));

  if (own == NULL)
    {
      own = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
      g_hash_table_insert (self->plugins, g_strdup (plugin), own);
    }
  g_hash_table_insert (own, g_strdup (language), g_object_ref (catalogue));
}

gboolean
hub_web_languages_is_language (const char *language)
{
  return g_strv_contains (known, language);
}

JsonNode *
hub_web_languages_list (void)
{
  g_autoptr (JsonArray) list = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; known[i] != NULL; i++)
    json_array_add_string_element (list, known[i]);
  json_node_set_array (node, list);
  return node;
}

/* "zh", "zh-CN" and "zh-Hans" are all read by a reader of zh_CN. */
static const char *
language_of_tag (const char *tag)
{
  for (guint i = 0; known[i] != NULL; i++)
    {
      g_autofree char *main_part = g_strndup (known[i], strcspn (known[i], "_"));
      gsize length = strlen (main_part);

      if (g_ascii_strncasecmp (tag, main_part, length) == 0
          && (tag[length] == '\0' || tag[length] == '-' || tag[length] == '_'))
        return known[i];
    }
  return NULL;
}

const char *
hub_web_languages_choose (HubWebLanguages *self, const char *account, const char *accept)
{
  const char *language = account != NULL ? language_of_tag (account) : NULL;
  GSList *tags;

  if (language != NULL || accept == NULL || strlen (accept) > 1024)
    return language != NULL ? language : known[0];
  tags = soup_header_parse_quality_list (accept, NULL);
  for (GSList *l = tags; l != NULL && language == NULL; l = l->next)
    language = language_of_tag (l->data);
  soup_header_free_list (tags);
  return language != NULL ? language : known[0];
}

/* Returns: (nullable): NULL where @catalogues have no such message */
static const char *
find (GHashTable *catalogues, const char *language, const char *msgid)
{
  HubCatalogue *catalogue = catalogues != NULL ? g_hash_table_lookup (catalogues, language) : NULL;

  return catalogue != NULL && hub_catalogue_has (catalogue, msgid)
             ? hub_catalogue_lookup (catalogue, msgid)
             : NULL;
}

const char *
hub_web_languages_say (HubWebLanguages *self, const char *language, const char *domain,
                       const char *msgid)
{
  const char *said = domain != NULL
                         ? find (g_hash_table_lookup (self->plugins, domain), language, msgid)
                         : NULL;
  GHashTableIter iter;
  gpointer catalogues;

  if (said == NULL)
    said = find (self->catalogues, language, msgid);
  /* An error that came by way of others: another hub, the worker of a session. */
  g_hash_table_iter_init (&iter, self->plugins);
  while (said == NULL && g_hash_table_iter_next (&iter, NULL, &catalogues))
    said = find (catalogues, language, msgid);
  return said != NULL ? said : msgid;
}

static const struct
{
  KarezError code;
  guint status;
  const char *title;
} kinds[] = {
  { KAREZ_ERROR_FAILED, 500, N_ ("The hub made a mistake") },
  { KAREZ_ERROR_INVALID, 422, N_ ("The request breaks a rule") },
  { KAREZ_ERROR_UNAUTHENTICATED, 401, N_ ("Nobody is signed in") },
  { KAREZ_ERROR_DENIED, 403, N_ ("Not allowed") },
  { KAREZ_ERROR_NOT_GRANTED, 403, N_ ("Not granted to this plugin") },
  { KAREZ_ERROR_NOT_FOUND, 404, N_ ("Not found") },
  { KAREZ_ERROR_CONFLICT, 409, N_ ("Not possible now") },
  { KAREZ_ERROR_TOO_LARGE, 413, N_ ("Too large") },
  { KAREZ_ERROR_BUSY, 429, N_ ("Too much at once") },
  { KAREZ_ERROR_UNAVAILABLE, 503, N_ ("Not available") },
  { KAREZ_ERROR_TIMEOUT, 504, N_ ("No answer in time") },
};

static guint
kind_of_error (const GError *error)
{
  for (guint i = 0; error->domain == KAREZ_ERROR && i < G_N_ELEMENTS (kinds); i++)
    if ((int) kinds[i].code == error->code)
      return i;
  return 0;
}

guint
hub_web_problem_status (const GError *error)
{
  guint status = kinds[kind_of_error (error)].status;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return 503;
  /* What could not be read at all, against what was read and is not accepted. */
  if (status == 422 && karez_error_get_pointer (error) == NULL
      && karez_error_get_rule (error) != NULL
      && (g_str_has_prefix (karez_error_get_rule (error), "json/")
          || g_str_has_prefix (karez_error_get_rule (error), "request/")))
    return 400;
  return status;
}

typedef struct
{
  HubWebLanguages *languages;
  const char *language, *domain;
} Say;

static const char *
say (const char *msgid, gpointer data)
{
  Say *to = data;

  return hub_web_languages_say (to->languages, to->language, to->domain, msgid);
}

static const char *
title_of_status (guint status, guint kind)
{
  switch (status)
    {
    case 400:
      return N_ ("The request cannot be read");
    case 405:
      return N_ ("This cannot be done to it");
    case 415:
      return N_ ("Not a media type that is read here");
    case 414:
    case 431:
      return N_ ("The request is too large");
    case 421:
      return N_ ("This hub has another name");
    default:
      return kinds[kind].title;
    }
}

/* A name in the reader's language, else in English. */
static const char *
choose_name (JsonObject *names, const char *language)
{
  const char *name = karez_json_text (names, language);

  return name != NULL ? name : karez_json_text (names, "en");
}

/* Names become the reader's. Returns: (transfer full) (nullable): NULL where there is no value */
static JsonNode *
choose_parts (JsonNode *all, const char *language)
{
  JsonArray *parts = json_node_get_array (all);
  JsonArray *chosen = json_array_new ();
  gboolean values = FALSE;
  JsonNode *node;

  for (guint i = 0; i < json_array_get_length (parts); i++)
    {
      JsonNode *part = json_array_get_element (parts, i);
      JsonObject *value = JSON_NODE_HOLDS_OBJECT (part) ? json_node_get_object (part) : NULL;

      values |= value != NULL;
      if (value != NULL && json_object_has_member (value, "names"))
        part = karez_json_object (
            "text", "s", choose_name (json_object_get_object_member (value, "names"), language),
            NULL);
      else
        part = json_node_copy (part);
      json_array_add_element (chosen, part);
    }
  if (!values)
    {
      json_array_unref (chosen);
      return NULL;
    }
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, chosen);
  return node;
}

/* The same for who reads no pieces: a value keeps its own direction in a sentence from the right.
 */
static char *
join_parts (JsonNode *all, const char *language)
{
  JsonArray *parts = json_node_get_array (all);
  gboolean isolated = g_str_equal (language, "ug");
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (parts); i++)
    {
      JsonNode *part = json_array_get_element (parts, i);
      JsonObject *value = JSON_NODE_HOLDS_OBJECT (part) ? json_node_get_object (part) : NULL;
      g_autofree char *said = NULL;

      if (value == NULL)
        {
          g_string_append (text, json_node_get_string (part));
          continue;
        }
      said = json_object_has_member (value, "time")
                 ? karez_error_format_time (karez_json_text (value, "time"))
                 : g_strdup (karez_json_text (value, "text"));
      g_string_append_printf (text, isolated ? "\u2068%s\u2069" : "%s", said != NULL ? said : "");
    }
  return g_string_free (text, FALSE);
}

/* What is said where, both as a sentence and in pieces. */
typedef struct
{
  char *text;
  JsonNode *parts;
} Sentence;

/* @all: (transfer full) */
static Sentence
make_sentence (JsonNode *all, const char *language)
{
  g_autoptr (JsonNode) whole = all;
  Sentence sentence = { .parts = choose_parts (whole, language) };

  sentence.text = join_parts (sentence.parts != NULL ? sentence.parts : whole, language);
  return sentence;
}

JsonNode *
hub_web_problem_new (const GError *error, guint status, HubWebLanguages *languages,
                     const char *language)
{
  Say to = { languages, language, karez_error_get_domain (error) };
  guint kind = kind_of_error (error);
  const char *rule = karez_error_get_rule (error);
  gboolean accepts = karez_error_get_accepted (error) != NULL;
  Sentence detail = { 0 }, accepted = { 0 };
  g_autofree char *type = NULL;
  JsonNode *node;

  /* The words of a fault of ours are for the log, not for whoever asks. */
  if (error->domain != KAREZ_ERROR || (kind == 0 && rule == NULL))
    {
      rule = "hub/fault";
      detail.text = g_strdup (
          say (N_ ("Something went wrong inside the hub; its log says what"), &to));
    }
  else if (karez_error_get_format (error) != NULL)
    detail = make_sentence (karez_error_to_parts (error, say, &to), language);
  else
    detail.text = g_strdup (error->message);
  if (accepts)
    accepted = make_sentence (karez_error_accepted_to_parts (error, say, &to), language);
  type = rule != NULL ? g_strconcat ("/problems/", rule, NULL) : g_strdup ("about:blank");
  node = karez_json_object (
      "type", "s", type, "title", "s",
      hub_web_languages_say (languages, language, NULL, title_of_status (status, kind)), "status",
      "i", (gint64) status, "detail", "s", detail.text, "detail_parts", "n", detail.parts, "rule",
      "s", rule, "accepted", "s", accepted.text, "accepted_parts", "n", accepted.parts, "pointer",
      "s", karez_error_get_pointer (error), NULL);
  g_free (detail.text);
  g_free (accepted.text);
  return node;
}

GBytes *
hub_web_problem_answer (const GError *error, guint status, HubWebLanguages *languages,
                        const char *language)
{
  g_autoptr (JsonNode) problem = hub_web_problem_new (error, status, languages, language);
  g_autofree char *text = karez_json_print (problem);
  char *answer = g_strdup_printf (
      "HTTP/1.1 %u %s\r\nContent-Type: application/problem+json\r\nContent-Length: "
      "%" G_GSIZE_FORMAT "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n%s",
      status, soup_status_get_phrase (status), strlen (text), text);

  return g_bytes_new_take (answer, strlen (answer));
}
