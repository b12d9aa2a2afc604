/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-pg-pool.h"

G_BEGIN_DECLS

#define HUB_PG_WRITER_BATCH 256

#define HUB_TYPE_PG_WRITER (hub_pg_writer_get_type ())
/**
 * HubPgWriter:
 * Appends rows that stand for themselves, many in one commit: what waits while a batch is in
 * flight is the next batch. A row is done at the batch's synchronisation point, when it is durable.
 * Rows carry an id of their own and their statement ignores one that is there, so that a batch is
 * sent again after a break. Main thread only. Signal "written" (no arguments): a batch was kept.
 */
G_DECLARE_FINAL_TYPE (HubPgWriter, hub_pg_writer, HUB, PG_WRITER, GObject)

/* @pool: of one connection, the writer's own */
HubPgWriter *hub_pg_writer_new (HubPgPool *pool, guint max_queue);
/**
 * hub_pg_writer_put_async:
 * @key: the statement, "schema.name"
 * @params: (transfer none): its arguments; a floating one is sunk
 *
 * %KAREZ_ERROR_BUSY when the queue is full; %KAREZ_ERROR_UNAVAILABLE when the database stayed away
 * for 5 s and %KAREZ_ERROR_TIMEOUT when the row was sent at least once in that time. A row that the
 * database refuses fails alone.
 */
void hub_pg_writer_put_async (HubPgWriter *self, const char *key, GVariant *params,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data);
gboolean hub_pg_writer_put_finish (HubPgWriter *self, GAsyncResult *result, GError **error);
/* How many batches were kept. */
guint64 hub_pg_writer_get_batches (HubPgWriter *self);
void hub_pg_writer_close (HubPgWriter *self);

G_END_DECLS
