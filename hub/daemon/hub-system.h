/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-cluster.h"
#include "hub-store.h"
#include "hub-web.h"

G_BEGIN_DECLS

#define HUB_TYPE_SYSTEM (hub_system_get_type ())
/**
 * HubSystem:
 * How the hub itself does: GET /system, for the engineer's page.
 */
G_DECLARE_FINAL_TYPE (HubSystem, hub_system, HUB, SYSTEM, GObject)

/* @cluster: (nullable): the private cluster, if the database is one; @state: the hub's
 * directory, whose disk is looked at. Returns: (transfer full) */
HubSystem *hub_system_new (HubStore *store, HubWeb *web, HubCluster *cluster, const char *state,
                           const char *hub);
gboolean hub_system_add_routes (HubSystem *self, KarezRoutes *routes, GError **error);

G_END_DECLS
