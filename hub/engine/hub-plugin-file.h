/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-plugin-program.h"
#include "hub-plugin-web.h"

G_BEGIN_DECLS

#define HUB_TYPE_PLUGIN_FILE (hub_plugin_file_get_type ())
G_DECLARE_FINAL_TYPE (HubPluginFile, hub_plugin_file, HUB, PLUGIN_FILE, GObject)

/**
 * HubModalityInfo:
 * What a plugin says about its kind of session. Durations in minutes.
 */
typedef struct
{
  char *id, *title;
  gboolean host_is_requester;
  gboolean is_default; /* meant where a person chooses no other kind */
  GStrv roles;
  GStrv host_roles, mirror_roles; /* those that are for people of the one or the other hospital */
  JsonNode *takers;               /* as hub_role_table_read() makes it */
  JsonNode *host_takers, *mirror_takers; /* the same for each hospital */
  guint duration;
} HubModalityInfo;

/* Up to 32 lower-case letters, digits and "-", a letter first. */
gboolean hub_plugin_id_is_valid (const char *id);
/**
 * hub_plugin_file_load:
 * @path: a .plugin key file of at most 64 KiB
 *
 * Reads a key file strictly: an unknown group or key, a value outside its bounds or another
 * interface is refused. %KAREZ_ERROR_INVALID with a rule under "plugin/" that names what stands
 * where and what would be accepted. Blocks on a local file; at start only.
 *
 * Returns: (transfer full): immutable
 */
HubPluginFile *hub_plugin_file_load (const char *path, GError **error);

const char *hub_plugin_file_get_path (HubPluginFile *self);
const char *hub_plugin_file_get_id (HubPluginFile *self);
/* Whether only who names its own folder gets it: an example, a trial. */
gboolean hub_plugin_file_is_on_request (HubPluginFile *self);
const char *hub_plugin_file_get_name (HubPluginFile *self);
const char *hub_plugin_file_get_version (HubPluginFile *self);
/* The modules' file names, absolute; NULL where there is no such half. */
const char *hub_plugin_file_get_control (HubPluginFile *self);
const char *hub_plugin_file_get_live (HubPluginFile *self);
const char *const *hub_plugin_file_get_provides (HubPluginFile *self);
const char *const *hub_plugin_file_get_requires (HubPluginFile *self);
const char *const *hub_plugin_file_get_wants (HubPluginFile *self);
/* NULL if the plugin brings none. */
const HubModalityInfo *hub_plugin_file_get_modality (HubPluginFile *self);

/* Grants. @service: "store", "audit", "agenda", "routes", "peers", "settings", "media" */
gboolean hub_plugin_file_is_granted (HubPluginFile *self, const char *service);
const char *const *hub_plugin_file_get_services (HubPluginFile *self);
const char *hub_plugin_file_get_schema (HubPluginFile *self);
/* "/x/NAME/" */
const char *hub_plugin_file_get_routes (HubPluginFile *self);
/* "NAME." */
const char *hub_plugin_file_get_topics (HubPluginFile *self);

/* Names of permissions to the roles that have them (GStrv). */
GHashTable *hub_plugin_file_get_permissions (HubPluginFile *self);
/* Names of settings to their defaults. */
GHashTable *hub_plugin_file_get_settings (HubPluginFile *self);
/* Returns: (transfer none) (element-type HubPluginProgram) */
GPtrArray *hub_plugin_file_get_programs (HubPluginFile *self);
/* Returns: (nullable): NULL if the plugin brings nothing to the desk */
HubPluginWeb *hub_plugin_file_get_web (HubPluginFile *self);

G_END_DECLS
