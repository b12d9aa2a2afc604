/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hospital that is paired, or back, is sent and asked what waited for it, at once. */
#include "consult-files.h"
#include "consult-requests.h"

#include <karez-testing.h>

#define PEER "019ab3c4-0000-7000-8000-00000000000b"
#define FILE_ID "019ab3c4-0000-7000-8000-0000000000f1"
#define REQUEST "019ab3c4-0000-7000-8000-0000000000f2"

/* A database in which one file is to be fetched, where its hospital is up and it does not rest. */
#define FAKE_TYPE_STORE (fake_store_get_type ())
G_DECLARE_FINAL_TYPE (FakeStore, fake_store, FAKE, STORE, GObject)
struct _FakeStore
{
  GObject parent_instance;

  guint looks; /* how often it was asked for unsent requests */
};

static const char *const columns[] = { "id",    "session", "hub",  "media_type", "note",
                                       "state", "sha256",  "size", "received",   "parts" };
static const char *const values[] = { FILE_ID,  REQUEST, PEER, "text/plain", NULL,
                                      "coming", NULL,    "10", "0",          "0" };

static const char *
fake_column (gpointer data, guint column)
{
  return columns[column];
}

static const char *
fake_value (gpointer data, guint row, guint column)
{
  return values[column];
}

static void
fake_query_async (KarezStore *store, const char *statement, GVariant *params,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (store, cancellable, callback, data);
  g_autoptr (GVariant) owned = g_variant_ref_sink (params);
  KarezRowsSource source = { 0, G_N_ELEMENTS (columns), 0, fake_column, fake_value, NULL, NULL };

  if (g_str_equal (statement, "requests_unsent"))
    FAKE_STORE (store)->looks++;
  else if (g_str_equal (statement, "attachments_coming"))
    {
      g_autofree const char **up = NULL, **resting = NULL;

      g_variant_get (owned, "(&s^a&s^a&s^a&s)", NULL, &up, &resting, NULL);
      source.n_rows = up[0] != NULL && resting[0] == NULL;
    }
  g_task_return_pointer (task, karez_rows_new (&source), (GDestroyNotify) karez_rows_unref);
}

static KarezRows *
fake_query_finish (KarezStore *store, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
fake_store_iface_init (KarezStoreInterface *iface)
{
  iface->query_async = fake_query_async;
  iface->query_finish = fake_query_finish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeStore, fake_store, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_STORE, fake_store_iface_init))

static void
fake_store_class_init (FakeStoreClass *klass)
{
}

static void
fake_store_init (FakeStore *self)
{
}

/* A control half that does nothing: its parts are tested one by one. */
#define NO_TYPE_PLUGIN (no_plugin_get_type ())
G_DECLARE_FINAL_TYPE (NoPlugin, no_plugin, NO, PLUGIN, KarezControlHalf)
struct _NoPlugin
{
  KarezControlHalf parent;
};
G_DEFINE_FINAL_TYPE (NoPlugin, no_plugin, KAREZ_TYPE_CONTROL_HALF)

static void
no_plugin_class_init (NoPluginClass *klass)
{
  KAREZ_CONTROL_HALF_CLASS (klass)->title = "No plugin";
}

static void
no_plugin_init (NoPlugin *self)
{
}

typedef struct
{
  KarezTestHub *test;
  FakeStore *store;
  ConsultHub *hub;
} House;

static void
house_up (House *house, gconstpointer data)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "consult.plugin", NULL);
  g_autoptr (GError) error = NULL;

  house->test = karez_test_hub_new (path, &error);
  g_assert_no_error (error);
  karez_test_hub_enable (house->test, NO_TYPE_PLUGIN, &error);
  g_assert_no_error (error);
  karez_test_hub_set_peer (house->test, PEER, KAREZ_PEER_DOWN);
  house->store = g_object_new (FAKE_TYPE_STORE, NULL);
  house->hub = consult_hub_new (karez_test_hub_get_context (house->test), &error);
  g_assert_no_error (error);
  g_set_object (&house->hub->store, KAREZ_STORE (house->store));
}

static void
house_down (House *house, gconstpointer data)
{
  consult_hub_unref (house->hub);
  g_object_unref (house->store);
  g_object_unref (house->test);
}

static void
assert_pulls (House *house, guint expected)
{
  karez_test_hub_run_for (house->test, 50);
  g_assert_cmpuint (karez_test_hub_count_asked (house->test, CONSULT_FEED_PARTS), ==, expected);
}

static void
test_puller (House *house, gconstpointer data)
{
  g_autoptr (ConsultFiles) files = consult_files_new ();
  g_autoptr (GError) error = NULL;

  consult_files_begin (files, house->hub, &error);
  g_assert_no_error (error);
  assert_pulls (house, 0);
  /* It is up: asked at once, and its file rests after that. */
  karez_test_hub_set_peer (house->test, PEER, KAREZ_PEER_UP);
  assert_pulls (house, 1);
  karez_files_wake (KAREZ_FILES (files));
  assert_pulls (house, 1);
  /* It was away, and is back: nothing of it rests any more. */
  karez_test_hub_set_peer (house->test, PEER, KAREZ_PEER_DOWN);
  assert_pulls (house, 1);
  karez_test_hub_set_peer (house->test, PEER, KAREZ_PEER_UP);
  assert_pulls (house, 2);
}

static void
assert_looks (House *house, guint expected)
{
  karez_test_hub_run_for (house->test, 2500);
  g_assert_cmpuint (house->store->looks, ==, expected);
}

static void
test_requests (House *house, gconstpointer data)
{
  g_autoptr (ConsultRequests) requests = consult_requests_new (house->hub);
  g_autoptr (GError) error = NULL;

  consult_requests_start (
      requests, karez_context_get_routes (karez_test_hub_get_context (house->test), NULL), &error);
  g_assert_no_error (error);
  assert_looks (house, 0);
  /* Several changes are one look. */
  karez_test_hub_set_peer (house->test, PEER, KAREZ_PEER_DOWN);
  karez_test_hub_set_peer (house->test, PEER, KAREZ_PEER_UP);
  assert_looks (house, 1);
  karez_test_hub_set_peer (house->test, PEER, KAREZ_PEER_REVOKED);
  assert_looks (house, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/consult/peers/puller", House, NULL, house_up, test_puller, house_down);
  g_test_add ("/consult/peers/requests", House, NULL, house_up, test_requests, house_down);
  return g_test_run ();
}
