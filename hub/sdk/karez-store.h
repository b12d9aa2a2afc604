/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-transaction.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_STORE (karez_store_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezStore, karez_store, KAREZ, STORE, GObject)

/**
 * KarezStoreInterface:
 * One schema of the hub's PostgreSQL, with its own role and its own named statements. Main thread
 * only. Statements stand in the schema's .sql files as "-- name: note_by_id" and are prepared when
 * a connection opens; a name that is not there is a programmer's error.
 *
 * Since: 1.0
 */
struct _KarezStoreInterface
{
  GTypeInterface parent;

  void (*query_async) (KarezStore *self, const char *statement, GVariant *params,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
  KarezRows *(*query_finish) (KarezStore *self, GAsyncResult *result, GError **error);
  KarezTransaction *(*begin) (KarezStore *self, KarezActor *actor);
  void (*query_bulk_async) (KarezStore *self, const char *statement, GVariant *params,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);

  gpointer padding[7];
};

/**
 * karez_store_query_async:
 * @statement: a named statement
 * @params: (nullable): a GVariant tuple as for karez_transaction_run(); sunk
 *
 * Reads. The database refuses a statement that writes. %KAREZ_ERROR_BUSY when the queue is full,
 * %KAREZ_ERROR_UNAVAILABLE when the database is away.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_store_query_async (KarezStore *self, const char *statement,
                                           GVariant *params, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer data);
/**
 * karez_store_query_bulk_async:
 *
 * The same for the bytes of a file, read part by part: by connections that nothing else waits for.
 * Ended by karez_store_query_finish().
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_store_query_bulk_async (KarezStore *self, const char *statement,
                                                GVariant *params, GCancellable *cancellable,
                                                GAsyncReadyCallback callback, gpointer data);
/**
 * karez_store_query_finish:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezRows *karez_store_query_finish (KarezStore *self, GAsyncResult *result,
                                                  GError **error);
/**
 * karez_store_begin:
 *
 * A new transaction of @actor.
 *
 * Returns: (transfer full):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezTransaction *karez_store_begin (KarezStore *self, KarezActor *actor);

G_END_DECLS
