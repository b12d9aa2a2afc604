/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parameters of an address, read without loss. */
#include "hub-web-query.h"

#include "hub-catalogue.h"

/* NULL where a percent sign is followed by something else. Returns: (transfer full) */
static GString *
decode (const char *text)
{
  g_autoptr (GString) decoded = g_string_new (NULL);

  for (; *text != '\0'; text++)
    if (*text == '+')
      g_string_append_c (decoded, ' ');
    else if (*text != '%')
      g_string_append_c (decoded, *text);
    else if (g_ascii_isxdigit (text[1]) && g_ascii_isxdigit (text[2]))
      {
        g_string_append_c (
            decoded, (char) (g_ascii_xdigit_value (text[1]) * 16 + g_ascii_xdigit_value (text[2])));
        text += 2;
      }
    else
      return NULL;
  return g_steal_pointer (&decoded);
}

static gboolean
is_text (const GString *decoded)
{
  return decoded != NULL && karez_text_check (decoded->str, (gssize) decoded->len, NULL);
}

static gboolean
add (GHashTable *parameters, const char *pair)
{
  const char *equals = strchr (pair, '=');
  g_autofree char *raw = equals != NULL ? g_strndup (pair, (gsize) (equals - pair))
                                        : g_strdup (pair);
  g_autoptr (GString) name = decode (raw);
  g_autoptr (GString) value = decode (equals != NULL ? equals + 1 : "");

  if (!is_text (name) || !is_text (value) || g_hash_table_size (parameters) == HUB_WEB_QUERY_MAX)
    return FALSE;
  return g_hash_table_insert (parameters, g_strdup (name->str), g_strdup (value->str));
}

GHashTable *
hub_web_query_parse (const char *query, GError **error)
{
  g_autoptr (GHashTable)
      parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) pairs = g_strsplit (query != NULL ? query : "", "&", HUB_WEB_QUERY_MAX + 2);

  for (guint i = 0; pairs[i] != NULL; i++)
    if (*pairs[i] != '\0' && !add (parameters, pairs[i]))
      {
        karez_error_set (error, KAREZ_ERROR_INVALID, "request/query",
                         N_ ("each parameter once, percent-encoded text in UTF-8 without control "
                             "characters"),
                         N_ ("A parameter of the address cannot be read"));
        return NULL;
      }
  return g_steal_pointer (&parameters);
}
