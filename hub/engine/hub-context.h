/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-plugin-file.h"
#include "hub-runner.h"

G_BEGIN_DECLS

#define HUB_TYPE_CONTEXT (hub_context_get_type ())
/**
 * HubContext:
 * What one plugin may reach. It hands out the services that the key file was granted, each within
 * its bounds: routes below the plugin's prefix, topics below its prefix, the store of its schema,
 * its own settings. What it registers answers %KAREZ_ERROR_UNAVAILABLE, rule "plugin/disabled",
 * while the context is closed, and a later context of the same plugin may register it again.
 */
G_DECLARE_FINAL_TYPE (HubContext, hub_context, HUB, CONTEXT, GObject)

/**
 * hub_context_new:
 * @file: the plugin's key file
 * @runner: enters the plugin's handlers
 * @hub: the hub's id
 * @services: GType (GSIZE_TO_POINTER) of a service's interface → the object behind it. The store's
 *   is the plugin's own scope; there is none for settings. HubProvided of all plugins is there, too
 * @settings: (nullable): what karez.conf says for this plugin, texts by key
 */
HubContext *hub_context_new (HubPluginFile *file, HubRunner *runner, const char *hub,
                             GHashTable *services, GHashTable *settings);
/* Whether what the plugin registered is served. Open from the start. */
void hub_context_set_open (HubContext *self, gboolean open);

G_END_DECLS
