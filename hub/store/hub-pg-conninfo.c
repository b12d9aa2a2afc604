/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a connection string can be read, told without its password. */
#include "hub-pg-conninfo.h"

#include <glib/gi18n.h>
#include <karez.h>
#include <libpq-fe.h>
#include <string.h>

#define CONCEALED "********"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PQconninfoOption, PQconninfoFree)

static char *
unknown_option (const char *said, const char *conninfo)
{
  const char *begin = strstr (said, "invalid connection option \"");
  gsize length;

  if (begin == NULL || strstr (conninfo, "pass") != NULL || strstr (conninfo, "://") != NULL)
    return NULL;
  begin = strchr (begin, '"') + 1;
  length = strspn (begin, "abcdefghijklmnopqrstuvwxyz_");
  return length > 0 && length <= 32 && begin[length] == '"' ? g_strndup (begin, length) : NULL;
}

char *
hub_pg_conninfo_fault (const char *conninfo)
{
  char *said = NULL;
  g_autoptr (PQconninfoOption) options = PQconninfoParse (conninfo, &said);
  g_autofree char *name = options == NULL && said != NULL ? unknown_option (said, conninfo) : NULL;

  PQfreemem (said);
  if (options != NULL)
    return NULL;
  return name != NULL ? g_steal_pointer (&name) : g_strdup ("");
}

gboolean
hub_pg_conninfo_check (const char *conninfo, GError **error)
{
  const char *accepted = N_ ("host=HOST dbname=NAME user=NAME …, values with blanks in '…'; or "
                             "postgresql://USER@HOST/NAME");
  g_autofree char *fault = hub_pg_conninfo_fault (conninfo);

  if (fault == NULL)
    return TRUE;
  if (*fault != '\0')
    return karez_error_set (error, KAREZ_ERROR_INVALID, "database/connection", accepted,
                            N_ ("libpq knows no option “%s”, of [Database] Connection"), fault);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "database/connection", accepted,
                          N_ ("libpq cannot read [Database] Connection"));
}

char *
hub_pg_conninfo_conceal (const char *conninfo)
{
  g_autoptr (PQconninfoOption) options = PQconninfoParse (conninfo, NULL);
  GString *text = g_string_new (NULL);

  for (const PQconninfoOption *at = options; at != NULL && at->keyword != NULL; at++)
    if (at->val != NULL)
      g_string_append_printf (
          text, text->len > 0 ? " %s=%s" : "%s=%s", at->keyword,
          *at->dispchar == '*' || strstr (at->keyword, "password") != NULL ? CONCEALED : at->val);
  if (text->len == 0)
    g_string_append (text, CONCEALED);
  return g_string_free (text, FALSE);
}
