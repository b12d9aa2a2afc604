/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_PLUGIN_SETTINGS (hub_plugin_settings_get_type ())
/* One plugin's settings: what karez.conf says, over the defaults of the key file. */
G_DECLARE_FINAL_TYPE (HubPluginSettings, hub_plugin_settings, HUB, PLUGIN_SETTINGS, GObject)

/* Both: texts by key. @given: (nullable): keys that @defaults does not know are left out, with a
 * warning */
HubPluginSettings *hub_plugin_settings_new (GHashTable *defaults, GHashTable *given);

G_END_DECLS
