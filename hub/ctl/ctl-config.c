/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl config: checks karez.conf, and says how each key is set. */
#include "ctl.h"

#include "hub-check.h"
#include "hub-pg-conninfo.h"

#define CONCEALED "********"

static void
add_row (JsonNode *items, const char *name, const char *value, const char *from,
         const char *description)
{
  json_array_add_element (json_node_get_array (items),
                          karez_json_object ("key", "s", name, "value", "s", value, "from", "s",
                                             from, "description", "s", description, NULL));
}

static void
add_key (HubConfig *config, const HubConfigKey *key, JsonNode *items)
{
  g_autofree char *name = g_strconcat (key->group, ".", key->key, NULL);
  const char *value = hub_config_text (config, key->group, key->key);
  g_autofree char *concealed = value != NULL && key->type == HUB_CONFIG_CONNECTION
                                   ? hub_pg_conninfo_conceal (value)
                                   : NULL;

  add_row (items, name, concealed != NULL ? concealed : value,
           hub_config_origin (config, key->group, key->key), key->description);
}

/* The translations that the file gives. */
static void
add_languages (HubConfig *config, const HubConfigKey *key, JsonNode *items)
{
  static const char *const languages[] = { "en", "zh_CN", "ug", NULL };
  const char *plain = hub_config_text (config, key->group, key->key);

  for (guint i = 0; languages[i] != NULL; i++)
    {
      const char *value = hub_config_name (config, key->group, key->key, languages[i]);
      g_autofree char *name = g_strdup_printf ("%s.%s[%s]", key->group, key->key, languages[i]);

      if (value != plain)
        add_row (items, name, value, hub_config_file (config), key->description);
    }
}

static void
add_plugins (HubConfig *config, JsonNode *items)
{
  g_auto (GStrv) plugins = hub_config_plugins (config);

  for (guint i = 0; plugins[i] != NULL; i++)
    {
      g_autoptr (GHashTable) settings = hub_config_plugin (config, plugins[i]);
      g_autoptr (GList)
          names = g_list_sort (g_hash_table_get_keys (settings), (GCompareFunc) g_strcmp0);

      for (GList *at = names; at != NULL; at = at->next)
        {
          g_autofree char *name = g_strdup_printf ("Plugin %s.%s", plugins[i], (char *) at->data);

          add_row (items, name,
                   hub_check_is_secret (at->data) ? CONCEALED
                                                  : g_hash_table_lookup (settings, at->data),
                   hub_config_file (config), "A setting of the plugin");
        }
    }
}

static const char *
say (const char *msgid)
{
  return _ (msgid);
}

static JsonNode *
describe_finding (const HubConfigFinding *finding)
{
  g_autofree char *text = hub_config_finding_print (finding, say);

  return karez_json_object ("file", "s", finding->place, "line", "i", (gint64) finding->line,
                            "group", "s", finding->group, "key", "s", finding->key, "text", "s",
                            text, NULL);
}

/* Returns: (transfer full) */
static JsonNode *
new_array (void)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, json_array_new ());
  return node;
}

static CtlStatus
tell (Ctl *ctl, HubConfig *config)
{
  static const char *const columns[] = { N_ ("KEY"),  "key",  N_ ("VALUE"), "value",
                                         N_ ("FROM"), "from", NULL };
  GPtrArray *found = hub_config_get_findings (config);
  g_autofree char *findings = hub_config_print_findings (config, say);
  gboolean usable = hub_config_is_usable (config);
  gboolean denied = ctl_without_config (ctl) == CTL_DENIED;
  g_autoptr (JsonNode) answer = NULL;
  JsonNode *items = new_array (), *list = new_array ();

  for (const HubConfigKey *key = hub_config_keys (); key->group != NULL; key++)
    {
      add_key (config, key, items);
      if (key->type == HUB_CONFIG_NAME)
        add_languages (config, key, items);
    }
  add_plugins (config, items);
  for (guint i = 0; i < found->len; i++)
    json_array_add_element (json_node_get_array (list), describe_finding (found->pdata[i]));
  answer = karez_json_object ("items", "n", items, "findings", "n", list, NULL);
  if (ctl_json (ctl, answer))
    return usable ? CTL_OK : denied ? CTL_DENIED : CTL_REFUSED;
  if (usable)
    ctl_table (ctl_items (answer), columns);
  if (findings != NULL)
    g_printerr ("%s\n", findings);
  if (!usable)
    g_printerr ("%s\n", denied ? _ ("karezctl: this user may not read the configuration")
                               : _ ("karezctl: the hub does not start with this configuration"));
  return usable ? CTL_OK : denied ? CTL_DENIED : CTL_REFUSED;
}

static CtlStatus
show (Ctl *ctl, char **arguments)
{
  const HubCheck check = { .plugins = KAREZ_PLUGINDIR, .own = FALSE };
  g_autoptr (HubConfig) config = hub_config_read (ctl->config_path);

  hub_check_config (config, &check);
  return tell (ctl, config);
}

const CtlVerb ctl_config_verbs[] = {
  { "", "", N_ ("Checks the configuration, and lists what is in force, and from where"), NULL,
    show },
  { NULL },
};
