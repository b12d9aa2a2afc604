/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks whether what a configuration names is there, and whether its values go together. */
#include "hub-check.h"

#include "hub-plugin-file.h"

#include <glib/gi18n.h>

#include <string.h>

void
hub_check_config (HubConfig *config, const HubCheck *check)
{
  /* Of a file that nobody could read nothing more is known. */
  if (hub_config_is_found (config, NULL, NULL))
    return;
  if (hub_config_text (config, "Web", "Origin") == NULL
      && !hub_config_is_found (config, "Web", "Origin"))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, "Web", "Origin", N_ ("it is not set"), NULL,
                     N_ ("what browsers call the desk, such as https://karez.example.org"), NULL);
  hub_check_paths (config, check);
  hub_check_network (config, check);
  hub_check_web (config, check);
  hub_check_database (config);
  hub_check_workers (config, check);
  hub_check_plugins (config, check);
}

GHashTable *
hub_check_list_plugins (HubConfig *config, const HubCheck *check)
{
  GHashTable *found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) given = hub_config_list (config, "Plugins", "Path");
  const char *const installed[] = { check->plugins, NULL };
  const char *const *paths = *given != NULL ? (const char *const *) given : installed;

  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_free);

      g_ptr_array_add (folders, g_strdup (paths[i]));
      for (guint f = 0; f < folders->len; f++)
        {
          g_autoptr (GDir) dir = g_dir_open (folders->pdata[f], 0, NULL);
          const char *name;

          while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
            {
              char *path = g_build_filename (folders->pdata[f], name, NULL);

              if (g_str_has_suffix (name, ".plugin"))
                g_hash_table_insert (found, g_strndup (name, strlen (name) - 7), path);
              else if (f == 0 && g_file_test (path, G_FILE_TEST_IS_DIR))
                g_ptr_array_add (folders, path);
              else
                g_free (path);
            }
        }
    }
  return found;
}

static char *
join (GHashTable *table)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (table), (GCompareFunc) strcmp);
  GString *list = g_string_new (NULL);

  for (GList *at = names; at != NULL; at = at->next)
    g_string_append_printf (list, at == names ? "%s" : ", %s", (const char *) at->data);
  return g_string_free (list, FALSE);
}

static gboolean
is_number (const char *text)
{
  return text != NULL && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, NULL, NULL);
}

/* Settings that a plugin does not know would be in force in nobody's eyes but their writer's. */
static void
check_settings (HubConfig *config, const char *plugin, const char *path)
{
  g_autoptr (HubPluginFile) file = hub_plugin_file_load (path, NULL);
  g_autoptr (GHashTable) given = hub_config_plugin (config, plugin);
  g_autofree char *group = g_strconcat ("Plugin ", plugin, NULL);
  GHashTableIter iter;
  gpointer key, value;

  if (file == NULL)
    return; /* the hub says why, and goes on without it */
  g_hash_table_iter_init (&iter, given);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (is_number (g_hash_table_lookup (hub_plugin_file_get_settings (file), key))
        && !is_number (value))
      hub_config_find (config, HUB_CONFIG_FAULT_VALUE, group, key, N_ ("this setting is a number"),
                       NULL, N_ ("a whole number, such as %s"),
                       g_hash_table_lookup (hub_plugin_file_get_settings (file), key));
    else if (!g_hash_table_contains (hub_plugin_file_get_settings (file), key))
      {
        g_autofree char *list = join (hub_plugin_file_get_settings (file));

        hub_config_find (config, HUB_CONFIG_FAULT_UNKNOWN, group, key,
                         N_ ("the plugin has no such setting"), NULL,
                         *list != '\0' ? "%s" : N_ ("no setting at all"), list);
      }
}

void
hub_check_plugins (HubConfig *config, const HubCheck *check)
{
  g_auto (GStrv) named = hub_config_plugins (config);
  gboolean known = !hub_config_is_found (config, "Plugins", "Path");
  g_autoptr (GHashTable) found = *named != NULL ? hub_check_list_plugins (config, check) : NULL;

  for (guint i = 0; known && named[i] != NULL; i++)
    {
      g_autofree char *group = g_strconcat ("Plugin ", named[i], NULL);
      const char *path = g_hash_table_lookup (found, named[i]);

      if (path != NULL)
        {
          check_settings (config, named[i], path);
          continue;
        }

      g_autofree char *list = join (found);

      hub_config_find (config, HUB_CONFIG_FAULT_UNKNOWN, group, NULL,
                       N_ ("there is no such plugin in the folders of plugins"), NULL,
                       *list != '\0' ? "%s" : N_ ("none, since there is none"), list);
    }
}

gboolean
hub_check_is_secret (const char *key)
{
  static const char *const words[] = { "password", "passphrase", "secret", "token", NULL };
  g_autofree char *lower = g_ascii_strdown (key, -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (strstr (lower, words[i]) != NULL)
      return TRUE;
  return FALSE;
}
