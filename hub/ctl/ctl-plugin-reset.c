/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl plugin reset: what a plugin under development has kept, away. */
#include "ctl-plugin-reset.h"

#include "ctl-database.h"
#include "hub-check.h"
#include "hub-migrate-reset.h"
#include "hub-plugin-file.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

/* The installed plugins are whose work is done, and hospitals' hubs keep what they are given. */
static gboolean
check_development (Ctl *ctl, GError **error)
{
  if (g_str_equal (hub_config_text (ctl->config, "Hub", "Development"), "yes"))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "plugin/not-development",
                          N_ ("A new migration; or Development=yes in [Hub] of a hub that no "
                              "hospital uses"),
                          N_ ("%s does not say that this hub is for development: it keeps what "
                              "plugins have written"),
                          hub_config_file (ctl->config));
}

/* One schema has one plugin: what the other one has kept is not this one's to drop. */
static gboolean
check_owner (GHashTable *found, const char *plugin, const char *schema, GError **error)
{
  GHashTableIter iter;
  gpointer id, path;

  g_hash_table_iter_init (&iter, found);
  while (g_hash_table_iter_next (&iter, &id, &path))
    {
      g_autoptr (HubPluginFile)
          other = g_str_equal (id, plugin) ? NULL : hub_plugin_file_load (path, NULL);

      if (other != NULL && g_strcmp0 (hub_plugin_file_get_schema (other), schema) == 0)
        return karez_error_set (error, KAREZ_ERROR_DENIED, "plugin/schema", id,
                                N_ ("Another plugin has the schema “%s”."), schema);
    }
  return TRUE;
}

/* Returns: (transfer full) */
static char *
find_schema (Ctl *ctl, const char *plugin, GError **error)
{
  const HubCheck check = { KAREZ_PLUGINDIR, FALSE };
  g_autoptr (GHashTable) found = hub_check_list_plugins (ctl->config, &check);
  const char *path = g_hash_table_lookup (found, plugin);
  g_autoptr (HubPluginFile) file = NULL;

  if (path == NULL)
    {
      karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "plugin/unknown",
                       N_ ("The id of a plugin in the folders of Path= in [Plugins]"),
                       N_ ("There is no plugin “%s”"), plugin);
      return NULL;
    }
  file = hub_plugin_file_load (path, error);
  if (file == NULL)
    return NULL;
  if (hub_plugin_file_get_schema (file) == NULL)
    {
      karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "plugin/no-schema",
                       N_ ("A plugin with Schema= in [Grants]"),
                       N_ ("The plugin “%s” keeps nothing in the database"), plugin);
      return NULL;
    }
  return check_owner (found, plugin, hub_plugin_file_get_schema (file), error)
             ? g_strdup (hub_plugin_file_get_schema (file))
             : NULL;
}

static gboolean
ask (Ctl *ctl)
{
  char line[16] = "";

  if (ctl_option_is_given (ctl, "yes"))
    return TRUE;
  if (!isatty (STDIN_FILENO))
    {
      g_printerr ("karezctl: %s\n", _ ("nothing was done; --yes resets it without a question"));
      return FALSE;
    }
  g_printerr ("%s ", _ ("Type “yes” to drop it:"));
  if (fgets (line, sizeof line, stdin) != NULL && g_str_equal (g_strstrip (line), "yes"))
    return TRUE;
  g_printerr ("karezctl: %s\n", _ ("nothing was done"));
  return FALSE;
}

static char *
who (void)
{
  struct passwd *user = getpwuid (getuid ());

  return user != NULL ? g_strdup_printf ("karezctl (%s)", user->pw_name) : g_strdup ("karezctl");
}

static void
tell_loss (const char *schema, const HubMigrateReset *found)
{
  g_autofree char *tables = g_strdup_printf ("%u", found->tables);
  g_autofree char *rows = g_strdup_printf ("%" G_GINT64_FORMAT, found->rows);
  g_autofree char *migrations = g_strdup_printf ("%u", found->migrations);

  g_printerr (_ ("The schema “%s” is lost: %s tables with %s rows, and %s migrations are applied "
                 "anew at the next start.\n"),
              schema, tables, rows, migrations);
}

CtlStatus
ctl_plugin_reset (Ctl *ctl, char **arguments)
{
  const char *plugin = arguments[0];
  g_autofree char *schema = NULL, *connection = NULL, *actor = who ();
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;
  HubMigrateReset found;

  if (!ctl_has_config (ctl))
    return ctl_without_config (ctl);
  if (!check_development (ctl, &error) || (schema = find_schema (ctl, plugin, &error)) == NULL
      || !ctl_become_hub (ctl, &error) || (connection = ctl_find_connection (ctl, &error)) == NULL
      || !hub_migrate_reset_look (connection, schema, &found, &error))
    return ctl_refuse (error);
  tell_loss (schema, &found);
  if (!ask (ctl))
    return CTL_REFUSED;
  if (!hub_migrate_reset (connection, schema, plugin, actor, &error))
    return ctl_refuse (error);
  answer = karez_json_object ("plugin", "s", plugin, "schema", "s", schema, "tables", "i",
                              (gint64) found.tables, "rows", "i", found.rows, NULL);
  if (!ctl_json (ctl, answer))
    g_print ("%s\n", _ ("It is gone. The hub makes it anew when it starts."));
  return CTL_OK;
}
