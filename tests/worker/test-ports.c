/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every port of the worker's range is in use: the session says so, and ends. */
#include "engine-fixture.h"
#include "hub-id.h"
#include "hub-live-session-private.h"

#include <glib/gstdio.h>

typedef struct
{
  char *address; /* a range of one port, which is taken */
  GSocket *taken;
  HubLiveSession *session;
  GError *error; /* what Prepare was answered */
  gboolean answered;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) bound = NULL;
  guint16 port;

  f->taken = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP,
                           NULL);
  g_assert_true (g_socket_bind (f->taken, any, FALSE, NULL));
  bound = g_socket_get_local_address (f->taken, NULL);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  f->address = g_strdup_printf ("127.0.0.1:%u-%u", port, port);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_run_dispose (G_OBJECT (f->session));
  g_object_unref (f->session);
  g_object_unref (f->taken);
  g_clear_error (&f->error);
  g_free (f->address);
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;

  hub_live_session_finish (HUB_LIVE_SESSION (source), result, &f->error);
  f->answered = TRUE;
}

static gboolean
is_answered (gpointer data)
{
  return ((Fixture *) data)->answered;
}

static void
prepare (Fixture *f, gboolean host, const char *state, guint generation)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *hub = hub_id_new ();
  g_autofree char *directory = g_build_filename (scratch (), id, NULL);
  g_autofree char *module = module_path ("module-live");
  HubLiveSessionConfig config = { id, directory, "test", module, f->address, NULL, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = karez_json_object (
      "id", "s", id, "booking", "n", karez_json_object ("reason", "s", "", NULL), "modality", "s",
      "counter", "hub", "s", hub, "partner", "s", hub, "host", "b", host, "generation", "i",
      (gint64) generation, "restored", "b", generation > 1, "state", "s", state, "sequence", "i",
      (gint64) 1, NULL);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  f->session = hub_live_session_new (&config, &error);
  g_assert_no_error (error);
  hub_live_session_prepare_async (f->session, node, on_prepared, f);
  turn_until (is_answered, f, 5, "the answer");
  turn_for (100);
}

/* The reason is on record and shown: who looks at the session, and who keeps the hub, read it. */
static void
assert_said (Fixture *f)
{
  KarezCheck *check = hub_live_checks_find (f->session->checks, "test.prepare");

  assert_rule (f->error, "link/bind");
  g_assert_nonnull (strstr (f->error->message, f->address));
  g_assert_nonnull (check);
  g_assert_cmpint (karez_check_get_verdict (check), ==, KAREZ_VERDICT_FAILED);
  g_assert_cmpstr (karez_check_get_measured (check), ==, f->error->message);
}

static const char *
last_action (Fixture *f)
{
  g_autoptr (JsonNode) record = NULL;
  guint64 last = 0;

  hub_recorder_flush (f->session->recorder, NULL);
  for (guint64 at = hub_live_session_next_record (f->session, 1); at;
       at = hub_live_session_next_record (f->session, at + 1))
    last = at;
  g_assert_cmpuint (last, >, 0);
  record = hub_live_session_get_record (f->session, last);
  return g_intern_string (karez_json_text (json_node_get_object (record), "action"));
}

static void
test_new (Fixture *f, gconstpointer data)
{
  prepare (f, TRUE, "preparing", 1);
  assert_said (f);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_FAILED);
  g_assert_cmpstr (hub_live_session_get_reason (f->session), ==, f->error->message);
  g_assert_cmpstr (last_action (f), ==, "session.fail");
}

/* Its worker died, and another program has the port by now. */
static void
test_restored (Fixture *f, gconstpointer data)
{
  prepare (f, TRUE, data, 2);
  assert_said (f);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_ENDED);
  g_assert_cmpstr (hub_live_session_get_reason (f->session), ==, f->error->message);
  g_assert_cmpstr (last_action (f), ==, "session.end");
}

static void
test_over (Fixture *f, gconstpointer data)
{
  prepare (f, TRUE, "ended", 2);
  assert_said (f);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_ENDED);
}

static void
test_mirror (Fixture *f, gconstpointer data)
{
  prepare (f, FALSE, "preparing", 1);
  assert_said (f);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_PREPARING);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/worker/ports/new", Fixture, NULL, set_up, test_new, tear_down);
  g_test_add ("/worker/ports/live", Fixture, "live", set_up, test_restored, tear_down);
  g_test_add ("/worker/ports/held", Fixture, "held", set_up, test_restored, tear_down);
  g_test_add ("/worker/ports/stopping", Fixture, "stopping", set_up, test_restored, tear_down);
  g_test_add ("/worker/ports/over", Fixture, NULL, set_up, test_over, tear_down);
  g_test_add ("/worker/ports/mirror", Fixture, NULL, set_up, test_mirror, tear_down);
  return g_test_run ();
}
