/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubWebDocument:
 * The API's description, for anyone at GET /openapi.json: the hub's own, out of the program's
 * resources, and what its plugins bring. Main thread only.
 */
typedef struct _HubWebDocument HubWebDocument;

HubWebDocument *hub_web_document_new (void);
void hub_web_document_free (HubWebDocument *self);

gboolean hub_web_document_add_route (HubWebDocument *self, KarezRoutes *routes, GError **error);

/**
 * hub_web_document_add:
 * @plugin: its id
 *
 * Adds what the plugin says of its own routes in /org/karez/plugins/ID/api.json, where there is
 * such a resource: an object with "tags", "paths", all of them below "/x/ID/", and
 * "components"/"schemas", none of which is there already. All of it or nothing:
 * %KAREZ_ERROR_INVALID, rule "plugin/description". Again for the same plugin changes nothing.
 */
gboolean hub_web_document_add (HubWebDocument *self, const char *plugin, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebDocument, hub_web_document_free)

G_END_DECLS
