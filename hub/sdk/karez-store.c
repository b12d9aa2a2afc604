/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One schema of the database. */
#define KAREZ_INSIDE
#include "karez-store.h"

G_DEFINE_INTERFACE (KarezStore, karez_store, G_TYPE_OBJECT)

static void
karez_store_default_init (KarezStoreInterface *iface)
{
}

void
karez_store_query_async (KarezStore *self, const char *statement, GVariant *params,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (KAREZ_IS_STORE (self));

  KAREZ_STORE_GET_IFACE (self)->query_async (self, statement, params, cancellable, callback, data);
}

void
karez_store_query_bulk_async (KarezStore *self, const char *statement, GVariant *params,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data)
{
  g_return_if_fail (KAREZ_IS_STORE (self));

  KAREZ_STORE_GET_IFACE (self)->query_bulk_async (self, statement, params, cancellable, callback,
                                                  data);
}

KarezRows *
karez_store_query_finish (KarezStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_STORE (self), NULL);

  return KAREZ_STORE_GET_IFACE (self)->query_finish (self, result, error);
}

KarezTransaction *
karez_store_begin (KarezStore *self, KarezActor *actor)
{
  g_return_val_if_fail (KAREZ_IS_STORE (self), NULL);

  return KAREZ_STORE_GET_IFACE (self)->begin (self, actor);
}
