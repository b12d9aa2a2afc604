/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hospital that is paired, or back, is sent and asked what waited for it, at once. */
#include "consult-puller.h"
#include "consult-requests.h"

#define OWN "019ab3c4-0000-7000-8000-00000000000a"
#define PEER "019ab3c4-0000-7000-8000-00000000000b"
#define FILE_ID "019ab3c4-0000-7000-8000-0000000000f1"
#define REQUEST "019ab3c4-0000-7000-8000-0000000000f2"

/* Peers, database, audit and routes of a hub, in one object. */
#define FAKE_TYPE_HUB (fake_hub_get_type ())
G_DECLARE_FINAL_TYPE (FakeHub, fake_hub, FAKE, HUB, GObject)
struct _FakeHub
{
  GObject parent_instance;

  KarezPeerState state;
  guint looks, pulls; /* how often the database was asked for unsent ones, the peer for a part */
};

static KarezPeerState
fake_get_state (KarezPeers *peers, const char *peer)
{
  return g_str_equal (peer, PEER) ? FAKE_HUB (peers)->state : KAREZ_PEER_UNKNOWN;
}

static JsonNode *
fake_list (KarezPeers *peers)
{
  JsonNode *node = karez_json_array (NULL);

  json_array_add_element (
      json_node_get_array (node),
      karez_json_object ("id", "s", PEER, "state", "s",
                         FAKE_HUB (peers)->state == KAREZ_PEER_UP ? "up" : "down", NULL));
  return node;
}

static void
fake_pull_async (KarezPeers *peers, const char *peer, const char *feed, const char *cursor,
                 guint limit, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
{
  g_autoptr (GTask) task = g_task_new (peers, cancellable, callback, data);

  FAKE_HUB (peers)->pulls++;
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "away");
}

static JsonNode *
fake_pull_finish (KarezPeers *peers, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
fake_handle_post (KarezPeers *peers, const char *topic, KarezPostFunc func, gpointer data,
                  GDestroyNotify destroy, GError **error)
{
  destroy (data);
  return TRUE;
}

static void
fake_peers_init (KarezPeersInterface *iface)
{
  iface->get_state = fake_get_state;
  iface->list = fake_list;
  iface->pull_async = fake_pull_async;
  iface->pull_finish = fake_pull_finish;
  iface->handle_post = fake_handle_post;
}

static const char *const columns[] = { "id",      "request", "hub",  "media_type",
                                       "charset", "size",    "parts" };
static const char *const values[] = { FILE_ID, REQUEST, PEER, "text/plain", NULL, "10", "0" };

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

/* One file is to be fetched, where its hospital is up and it does not rest. */
static void
fake_query_async (KarezStore *store, const char *statement, GVariant *params,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (store, cancellable, callback, data);
  g_autoptr (GVariant) owned = g_variant_ref_sink (params);
  KarezRowsSource source = { 0, G_N_ELEMENTS (columns), 0, fake_column, fake_value, NULL, NULL };

  if (g_str_equal (statement, "requests_unsent"))
    FAKE_HUB (store)->looks++;
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
fake_store_init (KarezStoreInterface *iface)
{
  iface->query_async = fake_query_async;
  iface->query_finish = fake_query_finish;
}

static gboolean
fake_add (KarezRoutes *routes, const char *method, const char *path, const char *permission,
          KarezRouteBody body, KarezRouteFunc func, gpointer data, GDestroyNotify destroy,
          GError **error)
{
  destroy (data);
  return TRUE;
}

static void
fake_routes_init (KarezRoutesInterface *iface)
{
  iface->add = fake_add;
}

static void
fake_audit_init (KarezAuditInterface *iface)
{
}

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeHub, fake_hub, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PEERS, fake_peers_init)
                                   G_IMPLEMENT_INTERFACE (KAREZ_TYPE_STORE, fake_store_init)
                                       G_IMPLEMENT_INTERFACE (KAREZ_TYPE_ROUTES, fake_routes_init)
                                           G_IMPLEMENT_INTERFACE (KAREZ_TYPE_AUDIT,
                                                                  fake_audit_init))

static void
fake_hub_class_init (FakeHubClass *klass)
{
}

static void
fake_hub_init (FakeHub *self)
{
}

/* An agenda in which nothing happens. */
#define FAKE_TYPE_AGENDA (fake_agenda_get_type ())
G_DECLARE_FINAL_TYPE (FakeAgenda, fake_agenda, FAKE, AGENDA, GObject)
struct _FakeAgenda
{
  GObject parent_instance;
};

static void
fake_agenda_iface_init (KarezAgendaInterface *iface)
{
}

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeAgenda, fake_agenda, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_AGENDA, fake_agenda_iface_init))

static void
fake_agenda_class_init (FakeAgendaClass *klass)
{
}

static void
fake_agenda_init (FakeAgenda *self)
{
}

static ConsultHub *
make_hub (FakeHub *fake)
{
  ConsultHub *hub = g_rc_box_new0 (ConsultHub);

  hub->id = g_strdup (OWN);
  hub->store = KAREZ_STORE (g_object_ref (fake));
  hub->audit = KAREZ_AUDIT (g_object_ref (fake));
  hub->agenda = g_object_new (FAKE_TYPE_AGENDA, NULL);
  hub->peers = KAREZ_PEERS (g_object_ref (fake));
  return hub;
}

static void
set_state (FakeHub *fake, KarezPeerState state)
{
  fake->state = state;
  g_signal_emit_by_name (fake, "changed", PEER);
}

static gboolean
on_over (gpointer over)
{
  *(gboolean *) over = TRUE;
  return G_SOURCE_REMOVE;
}

static void
turn_for (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_over, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
}

static void
test_puller (void)
{
  g_autoptr (FakeHub) fake = g_object_new (FAKE_TYPE_HUB, NULL);
  g_autoptr (ConsultHub) hub = make_hub (fake);
  g_autoptr (ConsultPuller) puller = consult_puller_new (hub);

  consult_puller_wake (puller);
  turn_for (50);
  g_assert_cmpuint (fake->pulls, ==, 0);
  /* It is up: asked at once, and its file rests after that. */
  set_state (fake, KAREZ_PEER_UP);
  turn_for (50);
  g_assert_cmpuint (fake->pulls, ==, 1);
  consult_puller_wake (puller);
  turn_for (50);
  g_assert_cmpuint (fake->pulls, ==, 1);
  /* It was away, and is back: nothing of it rests any more. */
  set_state (fake, KAREZ_PEER_DOWN);
  turn_for (50);
  g_assert_cmpuint (fake->pulls, ==, 1);
  set_state (fake, KAREZ_PEER_UP);
  turn_for (50);
  g_assert_cmpuint (fake->pulls, ==, 2);
}

static void
test_requests (void)
{
  g_autoptr (FakeHub) fake = g_object_new (FAKE_TYPE_HUB, NULL);
  g_autoptr (ConsultHub) hub = make_hub (fake);
  g_autoptr (ConsultRequests) requests = consult_requests_new (hub);
  g_autoptr (GError) error = NULL;

  g_assert_true (consult_requests_start (requests, KAREZ_ROUTES (fake), &error));
  turn_for (2500);
  g_assert_cmpuint (fake->looks, ==, 0);
  /* Several changes are one look. */
  set_state (fake, KAREZ_PEER_DOWN);
  set_state (fake, KAREZ_PEER_UP);
  turn_for (2500);
  g_assert_cmpuint (fake->looks, ==, 1);
  set_state (fake, KAREZ_PEER_REVOKED);
  turn_for (2500);
  g_assert_cmpuint (fake->looks, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/consult/peers/puller", test_puller);
  g_test_add_func ("/consult/peers/requests", test_requests);
  return g_test_run ();
}
