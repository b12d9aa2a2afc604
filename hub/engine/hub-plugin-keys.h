/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * hub_plugin_keys_load:
 * @path: of a plugin's key file
 *
 * Returns: (transfer full): it, with known groups and keys alone, those that are required, and text
 *   that can be shown; else NULL, %KAREZ_ERROR_INVALID
 */
GKeyFile *hub_plugin_keys_load (const char *path, GError **error);

#define HUB_PLUGIN_PAGE "Page "
/* Whether @group is "Page NAME". */
gboolean hub_plugin_keys_is_page (const char *group);

#define HUB_PLUGIN_PROGRAM "Program "
/* Whether @group is "Program NAME". */
gboolean hub_plugin_keys_is_program (const char *group);

/* One value. Each leaves @value alone, or empty, where the key is not there. FALSE,
 * %KAREZ_ERROR_INVALID, rule "plugin/value", for one that is not accepted. */
gboolean hub_plugin_keys_read_text (GKeyFile *keys, const char *group, const char *key,
                                    char **value, GError **error);
gboolean hub_plugin_keys_read_boolean (GKeyFile *keys, const char *group, const char *key,
                                       gboolean *value, GError **error);
/* What to say of an element of a list that is refused: @accepted, or how a list is written. */
const char *hub_plugin_keys_say_element (const char *element, const char *accepted);
/* @accepts: tells whether one element is right; @accepted: says which are */
gboolean hub_plugin_keys_read_list (GKeyFile *keys, const char *group, const char *key,
                                    GStrv *value, gboolean (*accepts) (const char *),
                                    const char *accepted, GError **error);
/* Refuses @value. Returns: FALSE */
gboolean hub_plugin_keys_refuse (GError **error, const char *group, const char *key,
                                 const char *value, const char *accepted);

G_END_DECLS
