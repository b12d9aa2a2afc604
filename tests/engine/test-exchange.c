/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exchange of a link's endpoints between two hubs, while workers come and go. */
#include "engine-pair.h"

#include <signal.h>

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add ("/exchange/late", Pair, NULL, pair_set_up, test_late, pair_tear_down);
  return g_test_run ();
}
