/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-pg-connection.h"

G_BEGIN_DECLS

#define HUB_TYPE_PG_POOL (hub_pg_pool_get_type ())
/**
 * HubPgPool:
 * Connections of one kind, each leased to one transaction or query at a time, and a bounded queue
 * before them. What breaks is connected again by itself, after 0.1 to 2 s. Main thread only.
 *
 * Property "available" (gboolean, notified): whether one connection at least is up.
 */
G_DECLARE_FINAL_TYPE (HubPgPool, hub_pg_pool, HUB, PG_POOL, GObject)

HubPgPool *hub_pg_pool_new (const HubPgSettings *settings, guint size, guint max_queue);
/* Succeeds with the first connection; the others follow. */
void hub_pg_pool_open_async (HubPgPool *self, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
gboolean hub_pg_pool_open_finish (HubPgPool *self, GAsyncResult *result, GError **error);
/* What waits fails with %KAREZ_ERROR_UNAVAILABLE; nothing is connected any more. */
void hub_pg_pool_close (HubPgPool *self);

/**
 * hub_pg_pool_acquire_async:
 * Leases a connection. %KAREZ_ERROR_BUSY, rule "database/queue", when the queue is full or the wait
 * too long; %KAREZ_ERROR_UNAVAILABLE when the database stays away.
 */
void hub_pg_pool_acquire_async (HubPgPool *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): to be given back */
HubPgConnection *hub_pg_pool_acquire_finish (HubPgPool *self, GAsyncResult *result, GError **error);
/* @connection: (transfer full): what is still under way on it goes on */
void hub_pg_pool_release (HubPgPool *self, HubPgConnection *connection);

gboolean hub_pg_pool_is_available (HubPgPool *self);

G_END_DECLS
