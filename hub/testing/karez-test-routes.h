/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-test-request.h"

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_ROUTES (karez_test_routes_get_type ())
/**
 * KarezTestRoutes:
 * The routes that a plugin added, and who may ask them.
 */
G_DECLARE_FINAL_TYPE (KarezTestRoutes, karez_test_routes, KAREZ_TEST, ROUTES, GObject)

KarezTestRoutes *karez_test_routes_new (void);
gboolean karez_test_routes_is_role (const char *role);
gboolean karez_test_routes_add_permission (KarezTestRoutes *self, const char *permission,
                                           const char *const *roles, GError **error);
/* The plugin is gone, and its routes. */
void karez_test_routes_forget (KarezTestRoutes *self);
/* @query, @json, @bytes: (nullable). Returns: (transfer full): answered now or later */
KarezTestRequest *karez_test_routes_ask (KarezTestRoutes *self, KarezActor *actor,
                                         const char *method, const char *path, const char *query,
                                         JsonNode *json, GBytes *bytes);

G_END_DECLS
