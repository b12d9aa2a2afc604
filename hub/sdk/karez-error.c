/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors with a code, a rule and what would be accepted, translated for their reader. */
#define KAREZ_INSIDE
#include "karez-error.h"

#include "karez-json.h"

#include <string.h>

typedef struct
{
  char *rule;
  char *domain;   /* the plugin whose catalogue says it */
  char *accepted; /* filled in, in English */
  char *pointer;
  char *format, *kinds;
  GStrv arguments;
  char *accepted_format, *accepted_kinds;
  GStrv accepted_arguments;
} KarezErrorPrivate;

static void
karez_error_private_init (KarezErrorPrivate *self)
{
}

static void
karez_error_private_copy (const KarezErrorPrivate *from, KarezErrorPrivate *to)
{
  to->rule = g_strdup (from->rule);
  to->domain = g_strdup (from->domain);
  to->accepted = g_strdup (from->accepted);
  to->pointer = g_strdup (from->pointer);
  to->format = g_strdup (from->format);
  to->kinds = g_strdup (from->kinds);
  to->arguments = g_strdupv (from->arguments);
  to->accepted_format = g_strdup (from->accepted_format);
  to->accepted_kinds = g_strdup (from->accepted_kinds);
  to->accepted_arguments = g_strdupv (from->accepted_arguments);
}

static void
karez_error_private_clear (KarezErrorPrivate *self)
{
  g_free (self->rule);
  g_free (self->domain);
  g_free (self->accepted);
  g_free (self->pointer);
  g_free (self->format);
  g_free (self->kinds);
  g_strfreev (self->arguments);
  g_free (self->accepted_format);
  g_free (self->accepted_kinds);
  g_strfreev (self->accepted_arguments);
}

G_DEFINE_EXTENDED_ERROR (KarezError, karez_error)

static KarezErrorPrivate *
get_private (const GError *error)
{
  return error != NULL && error->domain == KAREZ_ERROR ? karez_error_get_private (error) : NULL;
}

/* The arguments of a format whose only conversion is %s. */
static GStrv
collect_arguments (const char *format, va_list args)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (const char *at = strchr (format, '%'); at != NULL; at = strchr (at + 2, '%'))
    {
      if (at[1] == 's')
        g_strv_builder_add (builder, va_arg (args, const char *));
      else if (at[1] != '%')
        g_error ("an error message takes %%s only: \"%s\"", format);
    }
  return g_strv_builder_end (builder);
}

/* A piece of a sentence: words of the format, or its argument of that number. */
typedef void (*PieceFunc) (const char *words, gsize length, int argument, gpointer data);

/* A translation may change the order ("%2$s"); one that asks for more than there is gets none. */
static void
each_piece (const char *format, GStrv arguments, PieceFunc func, gpointer data)
{
  guint n = 0, n_arguments = arguments != NULL ? g_strv_length (arguments) : 0;
  const char *at = format;

  while (*at != '\0')
    {
      gsize length = strcspn (at, "%");
      guint wanted = n;

      if (length > 0)
        func (at, length, -1, data);
      at += length;
      if (*at == '\0')
        break;
      if (g_ascii_isdigit (at[1]) && at[2] == '$' && at[3] == 's')
        {
          wanted = at[1] - '1';
          at += 2;
        }
      /* A per cent sign of a translation that is none of C's: the letter behind it stays whole. */
      if (at[1] != '%' && !g_ascii_isalnum (at[1]))
        {
          func ("%", 1, -1, data);
          at++;
          continue;
        }
      if (at[1] == '%')
        func ("%", 1, -1, data);
      else if (at[1] == 's')
        {
          if (wanted < n_arguments)
            func (NULL, 0, wanted, data);
          n++;
        }
      at += 2;
    }
}

static char
kind_of (const char *kinds, guint argument)
{
  return kinds != NULL && argument < strlen (kinds) ? kinds[argument] : 's';
}

char *
karez_error_format_time (const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, utc);
  g_autoptr (GTimeZone) zone = g_time_zone_new_offset (8 * 3600);
  g_autoptr (GDateTime) there = time != NULL ? g_date_time_to_timezone (time, zone) : NULL;

  return there != NULL ? g_date_time_format (there, "%Y-%m-%d %H:%M UTC+8") : g_strdup (text);
}

static const KarezJsonField names_fields[] = {
  { "en", KAREZ_JSON_NAME, TRUE, 1, 400, NULL },
  { "zh_CN", KAREZ_JSON_NAME, FALSE, 1, 400, NULL },
  { "ug", KAREZ_JSON_NAME, FALSE, 1, 400, NULL },
  { NULL },
};

/* Names in several languages, or NULL: another hub's are a text in a text, which is checked here.
 * Returns: (transfer full) */
static JsonNode *
parse_names (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (JsonNode) node = karez_json_parse (bytes, 0, NULL);

  return node != NULL && karez_json_check (node, names_fields, NULL) != NULL
             ? g_steal_pointer (&node)
             : NULL;
}

typedef struct
{
  GStrv arguments;
  const char *kinds;
  gboolean raw;     /* times stay as they are */
  GString *text;    /* either… */
  JsonArray *parts; /* …or */
} Filling;

static void
add_text (const char *words, gsize length, int argument, gpointer data)
{
  Filling *filling = data;
  const char *value = argument >= 0 ? filling->arguments[argument] : NULL;
  char kind = argument >= 0 ? kind_of (filling->kinds, argument) : 's';

  if (value == NULL)
    g_string_append_len (filling->text, words, length);
  else if (kind == 't' && !filling->raw)
    {
      g_autofree char *time = karez_error_format_time (value);

      g_string_append (filling->text, time);
    }
  else
    {
      g_autoptr (JsonNode) names = kind == 'n' ? parse_names (value) : NULL;
      const char *name = names != NULL ? karez_json_text (json_node_get_object (names), "en")
                                       : NULL;

      g_string_append (filling->text, name != NULL ? name : value);
    }
}

static void
add_part (const char *words, gsize length, int argument, gpointer data)
{
  Filling *filling = data;
  const char *value = argument >= 0 ? filling->arguments[argument] : NULL;
  char kind = argument >= 0 ? kind_of (filling->kinds, argument) : 's';
  g_autofree char *own = value == NULL ? g_strndup (words, length) : NULL;
  JsonNode *names = kind == 'n' ? parse_names (value) : NULL;

  if (own != NULL)
    json_array_add_string_element (filling->parts, own);
  else if (names != NULL)
    json_array_add_element (filling->parts, karez_json_object ("names", "n", names, NULL));
  else
    json_array_add_element (filling->parts,
                            karez_json_object (kind == 't' ? "time" : "text", "s", value, NULL));
}

static char *
fill_in (const char *format, GStrv arguments, const char *kinds, gboolean raw)
{
  Filling filling = { .arguments = arguments, .kinds = kinds, .raw = raw };

  filling.text = g_string_new (NULL);
  each_piece (format, arguments, add_text, &filling);
  return g_string_free (filling.text, FALSE);
}

GError *
karez_error_new_parts (KarezError code, const char *rule, const char *accepted, const char *format,
                       GStrv arguments)
{
  g_autofree char *message = fill_in (format, arguments, NULL, TRUE);
  GError *error = g_error_new_literal (KAREZ_ERROR, code, message);
  KarezErrorPrivate *self = karez_error_get_private (error);

  self->rule = g_strdup (rule);
  self->accepted = g_strdup (accepted);
  self->format = g_strdup (format);
  self->arguments = g_strdupv (arguments);
  return error;
}

static GError *
new_valist (KarezError code, const char *rule, const char *accepted, const char *format,
            va_list args)
{
  g_auto (GStrv) arguments = collect_arguments (format, args);

  return karez_error_new_parts (code, rule, accepted, format, arguments);
}

GError *
karez_error_new (KarezError code, const char *rule, const char *accepted, const char *format, ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = new_valist (code, rule, accepted, format, args);
  va_end (args);
  return error;
}

gboolean
karez_error_set (GError **error, KarezError code, const char *rule, const char *accepted,
                 const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return FALSE;
  va_start (args, format);
  g_propagate_error (error, new_valist (code, rule, accepted, format, args));
  va_end (args);
  return FALSE;
}

void
karez_error_set_pointer (GError *error, const char *pointer)
{
  KarezErrorPrivate *self = get_private (error);

  g_return_if_fail (self != NULL);

  g_free (self->pointer);
  self->pointer = g_strdup (pointer);
}

void
karez_error_set_kinds (GError *error, const char *kinds)
{
  KarezErrorPrivate *self = get_private (error);

  g_return_if_fail (self != NULL && strspn (kinds, "stn") == strlen (kinds));

  g_free (self->kinds);
  self->kinds = g_strdup (kinds);
  g_free (error->message);
  error->message = fill_in (self->format, self->arguments, kinds, TRUE);
}

void
karez_error_set_accepted (GError *error, const char *kinds, const char *format, ...)
{
  KarezErrorPrivate *self = get_private (error);
  va_list args;

  g_return_if_fail (self != NULL && strspn (kinds, "stn") == strlen (kinds));

  g_strfreev (self->accepted_arguments);
  va_start (args, format);
  self->accepted_arguments = collect_arguments (format, args);
  va_end (args);
  g_free (self->accepted_format);
  self->accepted_format = g_strdup (format);
  g_free (self->accepted_kinds);
  self->accepted_kinds = g_strdup (kinds);
  g_free (self->accepted);
  self->accepted = fill_in (format, self->accepted_arguments, kinds, TRUE);
}

/* nocheck:sdk-guard -- no error has none */
const char *
karez_error_get_rule (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->rule : NULL;
}

/* nocheck:sdk-guard -- no error has none */
const char *
karez_error_get_accepted (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->accepted : NULL;
}

/* nocheck:sdk-guard -- no error has none */
const char *
karez_error_get_pointer (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->pointer : NULL;
}

const char *
karez_error_get_format (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->format : NULL;
}

GStrv
karez_error_get_arguments (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->arguments : NULL;
}

const char *
karez_error_get_kinds (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->kinds : NULL;
}

const char *
karez_error_get_domain (const GError *error)
{
  KarezErrorPrivate *self = get_private (error);

  return self != NULL ? self->domain : NULL;
}

void
karez_error_set_domain (GError *error, const char *domain)
{
  KarezErrorPrivate *self = get_private (error);

  if (self != NULL && self->domain == NULL)
    self->domain = g_strdup (domain);
}

char *
karez_error_translate (const GError *error, KarezTranslate translate, gpointer data)
{
  KarezErrorPrivate *self = get_private (error);

  g_return_val_if_fail (error != NULL, NULL);

  /* An error that was prefixed on its way is told as it stands: the prefix has no translation. */
  if (self == NULL || self->format == NULL || translate == NULL)
    return g_strdup (error->message);
  return fill_in (translate (self->format, data), self->arguments, self->kinds, FALSE);
}

/* @format: (nullable) */
static JsonNode *
make_parts (const char *format, GStrv arguments, const char *kinds)
{
  Filling filling = { .arguments = arguments, .kinds = kinds };
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  filling.parts = json_array_new ();
  if (format != NULL)
    each_piece (format, arguments, add_part, &filling);
  json_node_take_array (node, filling.parts);
  return node;
}

JsonNode *
karez_error_to_parts (const GError *error, KarezTranslate translate, gpointer data)
{
  KarezErrorPrivate *self = get_private (error);

  if (self == NULL || self->format == NULL)
    return make_parts (NULL, NULL, NULL);
  return make_parts (translate (self->format, data), self->arguments, self->kinds);
}

JsonNode *
karez_error_accepted_to_parts (const GError *error, KarezTranslate translate, gpointer data)
{
  KarezErrorPrivate *self = get_private (error);

  if (self == NULL || self->accepted == NULL)
    return make_parts (NULL, NULL, NULL);
  if (self->accepted_format == NULL)
    {
      /* A sentence as it stands, in which a per cent sign is one. */
      JsonNode *node = make_parts (NULL, NULL, NULL);

      json_array_add_string_element (json_node_get_array (node), translate (self->accepted, data));
      return node;
    }
  return make_parts (translate (self->accepted_format, data), self->accepted_arguments,
                     self->accepted_kinds);
}
