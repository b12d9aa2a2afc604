/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubWebRoute:
 * @permission: the line of the authorisation table
 * @path: as it was added: "/bookings/{id}"
 * @body: what a writing request brings
 *
 * One method of one path.
 */
typedef struct
{
  char *method, *path, *permission;
  KarezRouteBody body;
  KarezRouteFunc func;
  gpointer data;
  GDestroyNotify destroy;
} HubWebRoute;

/**
 * HubWebRouter:
 * Which function answers a path. Paths are matched whole, part by part; a literal part goes before
 * a {name}. Main thread only.
 */
typedef struct _HubWebRouter HubWebRouter;

HubWebRouter *hub_web_router_new (void);
void hub_web_router_free (HubWebRouter *self);
/**
 * hub_web_router_add:
 * @path: "/bookings/{id}/accept"
 *
 * %KAREZ_ERROR_INVALID for a path or method that cannot be a route, %KAREZ_ERROR_CONFLICT if it is
 * taken. On failure @destroy is not called.
 */
gboolean hub_web_router_add (HubWebRouter *self, const char *method, const char *path,
                             const char *permission, KarezRouteBody body, KarezRouteFunc func,
                             gpointer data, GDestroyNotify destroy, GError **error);
/**
 * hub_web_router_find:
 * @path: still percent-encoded, so that an encoded slash parts nothing
 * @parts: (out): what stood at each {name}, decoded
 * @allowed: (out) (nullable): set if the path is there but the method is not: "GET, POST"
 *
 * Returns: (transfer none) (nullable)
 */
const HubWebRoute *hub_web_router_find (HubWebRouter *self, const char *method, const char *path,
                                        GHashTable **parts, char **allowed);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebRouter, hub_web_router_free)

G_END_DECLS
