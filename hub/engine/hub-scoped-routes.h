/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-runner.h"

G_BEGIN_DECLS

#define HUB_TYPE_SCOPED_ROUTES (hub_scoped_routes_get_type ())
/* One plugin's view of the hub's routes: only below its prefix, and only while it is enabled. */
G_DECLARE_FINAL_TYPE (HubScopedRoutes, hub_scoped_routes, HUB, SCOPED_ROUTES, GObject)

HubScopedRoutes *hub_scoped_routes_new (KarezRoutes *routes, HubRunner *runner, const char *prefix);
/* Closed, every route answers "plugin/disabled" and can be added anew. */
void hub_scoped_routes_set_open (HubScopedRoutes *self, gboolean open);

G_END_DECLS
