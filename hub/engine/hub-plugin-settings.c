/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin's settings: karez.conf over the defaults of its key file. */
#include "hub-plugin-settings.h"

#include "hub-catalogue.h"
#include "hub-log.h"

struct _HubPluginSettings
{
  GObject parent_instance;

  GHashTable *values;
};

static void settings_iface_init (KarezSettingsInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubPluginSettings, hub_plugin_settings, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_SETTINGS, settings_iface_init))

static char *
get (KarezSettings *settings, const char *key, GError **error)
{
  const char *value = g_hash_table_lookup (HUB_PLUGIN_SETTINGS (settings)->values, key);

  if (value != NULL)
    return g_strdup (value);
  karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "plugin/setting",
                   N_ ("a key of [Settings] in the key file"),
                   N_ ("The key file declares no setting “%s”."), key);
  return NULL;
}

static void
settings_iface_init (KarezSettingsInterface *iface)
{
  iface->get = get;
}

HubPluginSettings *
hub_plugin_settings_new (GHashTable *defaults, GHashTable *given)
{
  HubPluginSettings *self = g_object_new (HUB_TYPE_PLUGIN_SETTINGS, NULL);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, defaults);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (self->values, g_strdup (key), g_strdup (value));
  if (given == NULL)
    return self;
  g_hash_table_iter_init (&iter, given);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (g_hash_table_contains (defaults, key))
      g_hash_table_insert (self->values, g_strdup (key), g_strdup (value));
    else
      hub_warning ("plugins", NULL, "karez.conf sets “%s”, which the plugin does not know.",
                   (const char *) key);
  return self;
}

static void
hub_plugin_settings_finalize (GObject *object)
{
  g_hash_table_unref (HUB_PLUGIN_SETTINGS (object)->values);

  G_OBJECT_CLASS (hub_plugin_settings_parent_class)->finalize (object);
}

static void
hub_plugin_settings_class_init (HubPluginSettingsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_plugin_settings_finalize;
}

static void
hub_plugin_settings_init (HubPluginSettings *self)
{
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}
