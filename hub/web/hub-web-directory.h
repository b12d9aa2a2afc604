/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-store.h"

G_BEGIN_DECLS

/* POST /organisations and POST /patients, for administrators who set a hospital up.
 * @hub: this hub's id. @store must outlive the routes. */
gboolean hub_web_directory_add_routes (HubStore *store, const char *hub, KarezRoutes *routes,
                                       GError **error);
/* What they ask of a body, but for what the database knows. */
gboolean hub_web_directory_check_organisation (JsonNode *body, GError **error);
gboolean hub_web_directory_check_patient (JsonNode *body, GError **error);

/* What a constraint of the database refused of an organisation, patient, person or account, in
 * words for whoever typed it; another error as it is. Both (transfer full). */
GError *hub_web_directory_explain (GError *error);

G_END_DECLS
