/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The database of a control half's test, where the library was built without PostgreSQL. */
#include "karez-test-store.h"

struct _KarezTestStore
{
  GObject parent_instance;
};

G_DEFINE_FINAL_TYPE (KarezTestStore, karez_test_store, G_TYPE_OBJECT)

#define WHY "libkarez-testing was built without PostgreSQL (libpq)"

gboolean
karez_test_store_is_there (const char **why)
{
  *why = WHY;
  return FALSE;
}

KarezTestStore *
karez_test_store_open (const char *schema, const char *resources, const char *topics,
                       GError **error)
{
  karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "test/database", NULL, WHY);
  return NULL;
}

KarezStore *
karez_test_store_get_scope (KarezTestStore *self)
{
  return NULL;
}

void
karez_test_store_append_async (KarezTestStore *self, KarezActor *actor, const char *action,
                               KarezOutcome outcome, const char *session, const char *patient,
                               JsonNode *details, GAsyncReadyCallback callback, gpointer data)
{
  g_assert_not_reached ();
}

gboolean
karez_test_store_append_finish (KarezTestStore *self, GAsyncResult *result, GError **error)
{
  g_assert_not_reached ();
}

JsonNode *
karez_test_store_read_events (KarezTestStore *self)
{
  g_assert_not_reached ();
}

JsonNode *
karez_test_store_read_posts (KarezTestStore *self)
{
  g_assert_not_reached ();
}

static void
karez_test_store_class_init (KarezTestStoreClass *klass)
{
}

static void
karez_test_store_init (KarezTestStore *self)
{
}
