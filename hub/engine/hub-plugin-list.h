/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-plugin.h"
#include "hub-probe.h"

G_BEGIN_DECLS

#define HUB_TYPE_PLUGIN_LIST (hub_plugin_list_get_type ())
/**
 * HubPluginList:
 * Every plugin that was found, in the order in which they are enabled: what provides something
 * comes before what requires or wants it. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubPluginList, hub_plugin_list, HUB, PLUGIN_LIST, GObject)

/* @paths: folders; key files stand in them or one level below, but for those on request, which
 * stand in them. @markers: the watchdog's folder */
HubPluginList *hub_plugin_list_new (const char *const *paths, const char *markers, HubProbe *probe,
                                    HubWatchdog *watchdog);

/**
 * hub_plugin_list_load_async:
 * Finds, reads, orders and probes the plugins and opens their control modules, so that their
 * statements are there before the database is opened. One that cannot be loaded is refused or
 * disabled, with its reason; that is no failure of this call.
 */
void hub_plugin_list_load_async (HubPluginList *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer data);
gboolean hub_plugin_list_load_finish (HubPluginList *self, GAsyncResult *result, GError **error);

/* Returns: (transfer none) (element-type HubPlugin) */
GPtrArray *hub_plugin_list_get_all (HubPluginList *self);
HubPlugin *hub_plugin_list_find (HubPluginList *self, const char *id);
/* The enabled plugin that brings @modality. */
HubPlugin *hub_plugin_list_find_modality (HubPluginList *self, const char *modality);
/* Whether what @plugin requires is there and enabled. */
gboolean hub_plugin_list_check_needs (HubPluginList *self, HubPlugin *plugin, gboolean enabled,
                                      GError **error);

G_END_DECLS
