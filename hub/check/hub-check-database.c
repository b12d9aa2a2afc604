/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks whether the database of a configuration can be used. */
#include "hub-check.h"

#include "hub-pg-conninfo.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <libpq-fe.h>
#include <string.h>
#include <unistd.h>

#define GROUP "Database"
#define KEY "Connection"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PQconninfoOption, PQconninfoFree)

static const char *
option (const PQconninfoOption *options, const char *keyword)
{
  for (const PQconninfoOption *at = options; at->keyword != NULL; at++)
    if (strcmp (at->keyword, keyword) == 0 && at->val != NULL && *at->val != '\0')
      return at->val;
  return NULL;
}

static void
found (HubConfig *config, HubConfigFault fault, const char *message, const char *argument,
       const char *accepted)
{
  hub_config_find (config, fault, GROUP, KEY, message, argument, accepted, NULL);
}

static void
check_readable (HubConfig *config, const PQconninfoOption *options, const char *keyword)
{
  const char *path = option (options, keyword);

  if (path == NULL || (strcmp (keyword, "sslrootcert") == 0 && strcmp (path, "system") == 0))
    return;
  if (!g_path_is_absolute (path) || (access (path, R_OK) < 0 && errno != EACCES))
    found (config, HUB_CONFIG_FAULT_AWAY, N_ ("a file that it names is not there: %s"), keyword,
           N_ ("the absolute path of a file that the hub's user can read"));
}

static gboolean
are_ports (const char *text)
{
  g_auto (GStrv) list = g_strsplit (text, ",", -1);

  for (guint i = 0; list[i] != NULL; i++)
    if (*list[i] != '\0'
        && !g_ascii_string_to_unsigned (g_strstrip (list[i]), 10, 1, G_MAXUINT16, NULL, NULL))
      return FALSE;
  return TRUE;
}

static void
check_word (HubConfig *config, const PQconninfoOption *options, const char *keyword,
            const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, ", ", -1);
  const char *value = option (options, keyword);
  g_autofree char *accepted = NULL;

  if (value == NULL || g_strv_contains ((const char *const *) list, value))
    return;
  accepted = g_strdup_printf ("%s=%s", keyword, words);
  hub_config_find (config, HUB_CONFIG_FAULT_VALUE, GROUP, KEY, N_ ("libpq does not know this %s"),
                   keyword, "%s", accepted);
}

static void
check_options (HubConfig *config, const PQconninfoOption *options)
{
  static const char *const files[] = { "sslrootcert", "sslcert", "sslkey", "passfile" };
  const char *host = option (options, "host"), *hosts = option (options, "hostaddr");
  const char *port = option (options, "port"), *target = option (options, "target_session_attrs");

  if (port != NULL && !are_ports (port))
    found (config, HUB_CONFIG_FAULT_VALUE, N_ ("its port is none"), NULL,
           N_ ("port=5432, a number from 1 to 65535"));
  check_word (config, options, "sslmode",
              "disable, allow, prefer, require, verify-ca, verify-full");
  check_word (config, options, "target_session_attrs",
              "any, read-write, read-only, primary, standby, prefer-standby");
  if (((host != NULL && strchr (host, ',') != NULL)
       || (hosts != NULL && strchr (hosts, ',') != NULL))
      && (target == NULL
          || (strcmp (target, "read-write") != 0 && strcmp (target, "primary") != 0)))
    found (config, HUB_CONFIG_FAULT_VALUE, N_ ("it names several hosts, and not which to use"),
           NULL, N_ ("target_session_attrs=read-write with several hosts"));
  if (target != NULL && (g_str_has_suffix (target, "standby") || strcmp (target, "read-only") == 0))
    found (config, HUB_CONFIG_FAULT_VALUE, N_ ("a standby cannot be written to"), NULL,
           N_ ("target_session_attrs=read-write"));
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    check_readable (config, options, files[i]);
}

void
hub_check_database (HubConfig *config)
{
  const char *connection = hub_config_text (config, GROUP, KEY);
  g_autoptr (PQconninfoOption) options = NULL;
  g_autofree char *fault = NULL;

  if (connection == NULL)
    return;
  fault = hub_pg_conninfo_fault (connection);
  options = PQconninfoParse (connection, NULL);
  if (fault == NULL && options != NULL)
    check_options (config, options);
  else
    found (config, HUB_CONFIG_FAULT_VALUE,
           fault != NULL && *fault != '\0' ? N_ ("libpq knows no option “%s”")
                                           : N_ ("libpq cannot read it"),
           fault,
           N_ ("host=HOST dbname=NAME user=NAME …, values with blanks in '…'; or "
               "postgresql://USER@HOST/NAME"));
}
