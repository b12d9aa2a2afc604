/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubPluginWeb:
 * What a plugin brings to the desk: the groups [Panel] and [Page NAME] of its key file, and its
 * names and titles in other languages. Its files are its control module's GResource
 * /org/karez/plugins/ID/web/. Immutable.
 */
typedef struct _HubPluginWeb HubPluginWeb;

/**
 * hub_plugin_web_read:
 * @keys: whose groups and keys are known ones, and whose values are text
 * @id: the plugin's
 * @modality: whether it brings one
 * @control: whether it has a control half
 * @permissions: the plugin's own, by name
 * @web: (out) (nullable): NULL if the key file has nothing of this
 *
 * Returns: FALSE for a value that is not accepted: %KAREZ_ERROR_INVALID
 */
gboolean hub_plugin_web_read (GKeyFile *keys, const char *id, gboolean modality, gboolean control,
                              GHashTable *permissions, HubPluginWeb **web, GError **error);
void hub_plugin_web_free (HubPluginWeb *self);

/* Whether each file that is named is there, once the module of the plugin @id is loaded. */
gboolean hub_plugin_web_check_files (HubPluginWeb *self, const char *id, GError **error);
/* @self: (nullable): NULL for a plugin that brings words alone. @base: "/x/ID/HASH/". Returns:
 * (transfer full): the members of an item of GET /plugins/web that the key file says */
JsonObject *hub_plugin_web_to_json (HubPluginWeb *self, const char *base);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubPluginWeb, hub_plugin_web_free)

G_END_DECLS
