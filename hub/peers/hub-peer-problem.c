/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors between hubs, as documents with what translates them. */
#include "hub-peer-problem.h"

#include "hub-catalogue.h"
#include "hub-log.h"

#include <string.h>

#define MAX_PROBLEM (64 * 1024)
#define MAX_ARGUMENTS 8
#define MAX_ARGUMENT 1300 /* names in three languages are one */

typedef struct
{
  KarezError code;
  const char *name;
  guint status;
} Kind;

static const Kind kinds[] = {
  { KAREZ_ERROR_FAILED, "failed", 500 },
  { KAREZ_ERROR_INVALID, "invalid", 422 },
  { KAREZ_ERROR_UNAUTHENTICATED, "unauthenticated", 401 },
  { KAREZ_ERROR_DENIED, "denied", 403 },
  { KAREZ_ERROR_NOT_GRANTED, "not-granted", 403 },
  { KAREZ_ERROR_NOT_FOUND, "not-found", 404 },
  { KAREZ_ERROR_CONFLICT, "conflict", 409 },
  { KAREZ_ERROR_TOO_LARGE, "too-large", 413 },
  { KAREZ_ERROR_BUSY, "busy", 429 },
  { KAREZ_ERROR_UNAVAILABLE, "unavailable", 503 },
  { KAREZ_ERROR_TIMEOUT, "timeout", 504 },
};

static const KarezJsonField fields[] = {
  { "code", KAREZ_JSON_TEXT, TRUE, 1, 32, NULL },
  { "rule", KAREZ_JSON_TEXT, FALSE, 1, 128, NULL },
  { "detail", KAREZ_JSON_TEXT, TRUE, 0, 2000, NULL },
  { "format", KAREZ_JSON_TEXT, FALSE, 1, 2000, NULL },
  { "arguments", KAREZ_JSON_ARRAY, FALSE, 0, MAX_ARGUMENTS, NULL },
  { "kinds", KAREZ_JSON_TEXT, FALSE, 0, MAX_ARGUMENTS, NULL },
  { "accepted", KAREZ_JSON_TEXT, FALSE, 0, 2000, NULL },
  { "pointer", KAREZ_JSON_TEXT, FALSE, 0, 1000, NULL },
  { NULL },
};

static const Kind *
kind_of (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return &kinds[KAREZ_ERROR_UNAVAILABLE];
  if (error->domain == KAREZ_ERROR && error->code >= 0 && error->code < (int) G_N_ELEMENTS (kinds))
    return &kinds[error->code];
  return &kinds[KAREZ_ERROR_FAILED];
}

/* At most @max characters, and valid: what the reader's table accepts. */
static char *
shorten (const char *text, glong max)
{
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;

  return valid != NULL ? g_utf8_substring (valid, 0, MIN (max, g_utf8_strlen (valid, -1))) : NULL;
}

static GStrv
shorten_all (GStrv texts)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; texts != NULL && texts[i] != NULL && i < MAX_ARGUMENTS; i++)
    {
      g_autofree char *text = shorten (texts[i], MAX_ARGUMENT);

      g_strv_builder_add (builder, text);
    }
  return g_strv_builder_end (builder);
}

GBytes *
hub_peer_problem_write (const GError *error, guint *status)
{
  const Kind *kind = kind_of (error);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *rule = shorten (karez_error_get_rule (error), 128);
  g_autofree char *detail = shorten (error->message, 2000);
  g_autofree char *accepted = shorten (karez_error_get_accepted (error), 2000);
  g_autofree char *pointer = shorten (karez_error_get_pointer (error), 1000);
  g_autofree char *format = shorten (karez_error_get_format (error), 2000);
  g_auto (GStrv) arguments = shorten_all (karez_error_get_arguments (error));

  if (error->domain != KAREZ_ERROR)
    {
      /* Other domains speak of this hub's inside. */
      hub_warning ("peers", NULL, "A peer's request failed: %s", error->message);
      g_free (detail);
      detail = g_strdup ("The hub could not do this");
    }
  node = karez_json_object ("code", "s", kind->name, "rule", "s", rule, "detail", "s", detail,
                            "accepted", "s", accepted, "pointer", "s", pointer, "format", "s",
                            format, "arguments", "as", arguments, "kinds", "s",
                            karez_error_get_kinds (error), NULL);
  *status = kind->status;
  return karez_json_to_bytes (node);
}

static const Kind *
kind_by_name (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].name, name))
      return &kinds[i];
  return NULL;
}

static const Kind *
kind_by_status (guint status)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].status == status)
      return &kinds[i];
  return &kinds[status >= 500 ? KAREZ_ERROR_UNAVAILABLE : KAREZ_ERROR_INVALID];
}

/* A sentence may say an argument again, but not so often that a small answer becomes a long text.
 */
static gboolean
is_sentence (const char *format)
{
  guint n = 0;

  for (const char *at = format; *at != '\0'; at++)
    n += *at == '%';
  return n <= 2 * MAX_ARGUMENTS;
}

/* To be said in the language of whoever reads it here. */
static GError *
read_error (KarezError code, JsonObject *object)
{
  const char *rule = karez_json_text (object, "rule");
  const char *accepted = karez_json_text (object, "accepted");
  const char *format = karez_json_text (object, "format");
  const char *letters = karez_json_text (object, "kinds");
  g_auto (GStrv) given = NULL, arguments = NULL;
  GError *error;

  if (format == NULL || !is_sentence (format))
    return karez_error_new (code, rule, accepted, "%s", karez_json_text (object, "detail"));
  given = karez_json_texts (object, "arguments");
  arguments = shorten_all (given);
  error = karez_error_new_parts (code, rule, accepted, format, arguments);
  if (letters != NULL && strspn (letters, "stn") == strlen (letters))
    karez_error_set_kinds (error, letters);
  return error;
}

GError *
hub_peer_problem_read (guint status, GBytes *body)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = NULL;
  const Kind *kind = NULL;
  g_autofree char *number = g_strdup_printf ("%u", status);
  GError *error;

  if (body != NULL && g_bytes_get_size (body) > 0)
    node = karez_json_parse (body, MAX_PROBLEM, NULL);
  if (node != NULL)
    object = karez_json_check (node, fields, NULL);
  if (object != NULL)
    kind = kind_by_name (karez_json_text (object, "code"));
  if (kind == NULL)
    {
      kind = kind_by_status (status);
      return karez_error_new (kind->code, "peers/answer", NULL,
                              N_ ("The other hub answered with HTTP status %s"), number);
    }
  error = read_error (kind->code, object);
  if (karez_json_text (object, "pointer") != NULL)
    karez_error_set_pointer (error, karez_json_text (object, "pointer"));
  return error;
}
