/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-context.h"

G_BEGIN_DECLS

/**
 * HubPluginState:
 * @HUB_PLUGIN_FOUND: its files are in order; it is not enabled yet
 * @HUB_PLUGIN_REFUSED: key file, module or needs are not accepted
 * @HUB_PLUGIN_DISABLED: it harmed the hub, or an administrator disabled it
 * @HUB_PLUGIN_ENABLED: it runs
 * @HUB_PLUGIN_FAILED: it could not be enabled
 */
typedef enum
{
  HUB_PLUGIN_FOUND,
  HUB_PLUGIN_REFUSED,
  HUB_PLUGIN_DISABLED,
  HUB_PLUGIN_ENABLED,
  HUB_PLUGIN_FAILED,
} HubPluginState;

/* "found", "refused", "disabled", "enabled", "failed" */
const char *hub_plugin_state_name (HubPluginState state);

#define HUB_TYPE_PLUGIN (hub_plugin_get_type ())
/**
 * HubPlugin:
 * One key file that was found, and what became of it. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubPlugin, hub_plugin, HUB, PLUGIN, GObject)

/* Reads the key file; one that is not accepted is REFUSED with the reason. */
HubPlugin *hub_plugin_new (const char *path, HubWatchdog *watchdog);
/* The id; the file's name where the key file cannot be read. */
const char *hub_plugin_get_id (HubPlugin *self);
const char *hub_plugin_get_path (HubPlugin *self);
/* NULL when it was refused for what stands in it. */
HubPluginFile *hub_plugin_get_file (HubPlugin *self);
HubPluginState hub_plugin_get_state (HubPlugin *self);
const char *hub_plugin_get_reason (HubPlugin *self);
HubRunner *hub_plugin_get_runner (HubPlugin *self);
/* The control half: NULL if there is none or it is not enabled. */
KarezPlugin *hub_plugin_get_control (HubPlugin *self);
void hub_plugin_set_state (HubPlugin *self, HubPluginState state, const char *reason);
/* Why it was refused, with its rule; NULL otherwise. */
const GError *hub_plugin_get_error (HubPlugin *self);
/* REFUSED or DISABLED by @error. */
void hub_plugin_refuse (HubPlugin *self, const GError *error);

/* Reads its catalogues and opens the control module, whose probe must have passed. */
gboolean hub_plugin_open (HubPlugin *self, GError **error);
/* Whether its module is in this process, so that it can be enabled. */
gboolean hub_plugin_is_open (HubPlugin *self);

/* Its own catalogues (HubCatalogue), once it is open. */
GPtrArray *hub_plugin_get_catalogues (HubPlugin *self);

/* Makes the control half and enables it, within a context of @services and @settings (as for
 * hub_context_new()). The state is ENABLED or FAILED afterwards. */
void hub_plugin_enable_async (HubPlugin *self, const char *hub, GHashTable *services,
                              GHashTable *settings, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
gboolean hub_plugin_enable_finish (HubPlugin *self, GAsyncResult *result, GError **error);
/* Disables it and stops serving what it registered; the state is set by the caller before. */
void hub_plugin_disable_async (HubPlugin *self, GAsyncReadyCallback callback, gpointer data);
gboolean hub_plugin_disable_finish (HubPlugin *self, GAsyncResult *result, GError **error);

/* @statement of it was wrong, or called wrongly: it goes on, and its description says so. */
void hub_plugin_note_mistake (HubPlugin *self, const char *statement, const GError *error);

/* {"id", "name", "version", "state", "reason", "rule", "modality", "grants", "mistakes": {"count",
 * "statement", "rule", "at"} of the last one since the hub's start} */
JsonNode *hub_plugin_to_json (HubPlugin *self);

G_END_DECLS
