/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-catalogue.h"

G_BEGIN_DECLS

/**
 * hub_plugin_catalogues_load:
 * @folder: a plugin's
 *
 * The plugin's own catalogues, po/LANGUAGE.mo in its folder, of the languages of the desk. None is
 * needed. %KAREZ_ERROR_INVALID, rule "plugin/catalogue", for a file that is no catalogue, is larger
 * than 1 MiB, or has plurals that the desk cannot choose among. Blocks on local files; at start
 * only.
 *
 * Returns: (transfer full) (element-type HubCatalogue): NULL if one is refused
 */
GPtrArray *hub_plugin_catalogues_load (const char *folder, GError **error);

G_END_DECLS
