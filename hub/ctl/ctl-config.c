/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

static CtlStatus
show (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("KEY"),  "key",  N_ ("VALUE"), "value",
                                         N_ ("FROM"), "from", NULL };
  g_autoptr (JsonNode) list = NULL;
  JsonNode *items;

  if (!ctl_has_config (ctl))
    return CTL_REFUSED;
  items = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (items, json_array_new ());
  for (const HubConfigKey *key = hub_config_keys (); key->group != NULL; key++)
    {
      g_autofree char *name = g_strconcat (key->group, ".", key->key, NULL);

      json_array_add_element (
          json_node_get_array (items),
          karez_json_object ("key", "s", name, "value", "s",
                             hub_config_text (ctl->config, key->group, key->key), "from", "s",
                             hub_config_origin (ctl->config, key->group, key->key), "description",
                             "s", key->description, NULL));
    }
  list = karez_json_object ("items", "n", items, NULL);
  if (!ctl_json (ctl, list))
    ctl_table (ctl_items (list), columns);
  return CTL_OK;
}

const CtlVerb ctl_config_verbs[] = {
  { "", "", N_ ("Lists what is in force, and from where"), NULL, show },
  { NULL },
};
