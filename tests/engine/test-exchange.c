/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exchange of a link's endpoints between two hubs, while workers come and go. */
#include "engine-pair.h"

#include <signal.h>
#include <string.h>

typedef struct
{
  Pair *pair;
  guint generation;
} Generation;

static gboolean
is_running (gpointer data)
{
  Generation *wanted = data;
  HubSession *session = pair_session_of (wanted->pair, 0);
  HubSessionWorker *worker = session != NULL ? hub_session_get_worker (session) : NULL;

  return worker != NULL && hub_session_worker_get_generation (worker) == wanted->generation
         && hub_session_worker_get_state (worker) == HUB_WORKER_RUNNING;
}

static gboolean
has_asked (gpointer data)
{
  return ((Pair *) data)->hubs[0].peers->waiting->len > 0;
}

/* The partner is slow to answer where its worker listens, and meanwhile the worker that it was
 * asked for is replaced: its answer is no use to the next one, whose endpoint the partner must
 * hear. */
static void
test_late (Pair *pair, gconstpointer data)
{
  PlayPeers *peers = pair->hubs[0].peers;
  Generation wanted = { pair, 2 };

  pair_go_live (pair);
  peers->silent = "session.prepare";
  g_assert_cmpint (kill (pair_worker_of (pair, 0), SIGKILL), ==, 0);
  turn_until (is_running, &wanted, 5, "the second worker is there");
  turn_until (has_asked, pair, 5, "the partner is asked");
  g_assert_cmpint (kill (pair_worker_of (pair, 0), SIGKILL), ==, 0);
  wanted.generation = 3;
  turn_until (is_running, &wanted, 5, "the third worker is there");
  play_peers_answer (peers);
  turn_until (pair_link_is_up, pair, 10, "the link is up with the third one");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 10);
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say ended");
}

/* A range of one port, which another program has. */
typedef struct
{
  Pair pair;
  GSocket *taken;
  char *address;
} Ports;

static void
set_up_ports (Ports *ports, gconstpointer hub)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) bound = NULL;
  guint16 port;

  ports->taken = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP,
                               NULL);
  g_assert_true (g_socket_bind (ports->taken, any, FALSE, NULL));
  bound = g_socket_get_local_address (ports->taken, NULL);
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  ports->address = g_strdup_printf ("127.0.0.1:%u-%u", port, port);
  ports->pair.hubs[GPOINTER_TO_UINT (hub)].link_address = ports->address;
  pair_set_up (&ports->pair, NULL);
}

static void
tear_down_ports (Ports *ports, gconstpointer hub)
{
  pair_tear_down (&ports->pair, NULL);
  g_object_unref (ports->taken);
  g_free (ports->address);
}

static gboolean
is_over (gpointer data)
{
  HubSession *session = pair_session_of (data, 0);

  return session == NULL || hub_state_is_over (hub_session_get_state (session));
}

/* The session fails, and both hospitals are told why: the other one by a post, since there is no
 * link. */
static void
test_no_port (Ports *ports, gconstpointer hub)
{
  Pair *pair = &ports->pair;
  g_autofree char *row = g_strdup_printf ("select position ('%s' in reason) > 0 from "
                                          "engine.session where id = 'SESSION' and state = "
                                          "'failed'",
                                          ports->address);
  g_autofree char *post = g_strdup_printf (
      "select position ('%s' in body ->> 'reason') > 0 from karez.outbox where topic = "
      "'session.state' and body ->> 'session' = 'SESSION' and body ->> 'state' = 'failed'",
      ports->address);

  pair_move_well (pair, 0, "prepare");
  turn_until (is_over, pair, 10, "the session fails");
  turn_for (200);
  pair_expect_rows (&pair->hubs[0], row, pair->session, "t");
  pair_expect_rows (&pair->hubs[0], post, pair->session, "t");
}

static gboolean
says_why (gpointer data)
{
  Ports *ports = data;
  HubSession *session = pair_session_of (&ports->pair, 1);
  JsonNode *checks = session != NULL
                         ? hub_session_worker_get_checks (hub_session_get_worker (session))
                         : NULL;
  g_autofree char *text = checks != NULL ? karez_json_print (checks) : NULL;

  return text != NULL && strstr (text, ports->address) != NULL
         && hub_session_worker_get_state (hub_session_get_worker (session)) == HUB_WORKER_FAILED;
}

/* A mirror's state is its host's to say: it shows why nobody can start. */
static void
test_no_port_at_mirror (Ports *ports, gconstpointer hub)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = NULL;

  pair_move_well (&ports->pair, 0, "prepare");
  turn_until (says_why, ports, 10, "the mirror to say why");
  answer = pair_move (&ports->pair, 0, "start", &error);
  g_assert_null (answer);
  assert_rule (error, "session/preflight");
  pair_move_well (&ports->pair, 0, "stop");
  turn_until (is_over, &ports->pair, 10, "the session ends");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add ("/exchange/late", Pair, NULL, pair_set_up, test_late, pair_tear_down);
  g_test_add ("/exchange/no-port", Ports, GUINT_TO_POINTER (0), set_up_ports, test_no_port,
              tear_down_ports);
  g_test_add ("/exchange/no-port-at-mirror", Ports, GUINT_TO_POINTER (1), set_up_ports,
              test_no_port_at_mirror, tear_down_ports);
  return g_test_run ();
}
