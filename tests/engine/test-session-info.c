/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hub takes for the state of a session, and what it keeps for a worker that is on its way.
 */
#include "hub-session-worker.h"

#include <string.h>

#define ID "0197e5f0-0000-7000-8000-0000000000aa"

typedef struct
{
  HubSessionInfo *info;
  guint changed, over, gone;
} Fixture;

static void
on_changed (HubSessionInfo *info, Fixture *f)
{
  f->changed++;
}

static void
on_over (HubSessionInfo *info, KarezActor *actor, Fixture *f)
{
  f->over++;
}

static void
on_gone (HubSessionInfo *info, Fixture *f)
{
  f->gone++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) booking = karez_json_object ("id", "s", ID, NULL);

  f->info = hub_session_info_new (ID, "count", "Counting", "here", "there", TRUE, booking);
  g_signal_connect (f->info, "changed", G_CALLBACK (on_changed), f);
  g_signal_connect (f->info, "over", G_CALLBACK (on_over), f);
  g_signal_connect (f->info, "gone", G_CALLBACK (on_gone), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_finalize_object (f->info);
}

static gboolean
take (Fixture *f, const char *state, gint64 sequence)
{
  g_autoptr (JsonNode) told = karez_json_object ("state", "s", state, "sequence", "i", sequence,
                                                 "reason", "s", "because", NULL);

  return hub_session_info_take (f->info, told);
}

/* A state is taken when its number is a newer one, and told then. */
static void
test_newer (Fixture *f, gconstpointer data)
{
  g_assert_true (take (f, "ready", 2));
  g_assert_cmpuint (f->changed, ==, 1);
  g_assert_false (take (f, "live", 2));
  g_assert_false (take (f, "live", 1));
  g_assert_cmpint (hub_session_info_get_state (f->info), ==, KAREZ_STATE_READY);
  g_assert_false (take (f, "asleep", 3));
  g_assert_cmpuint (f->changed, ==, 1);
  g_assert_cmpuint (hub_session_info_get_sequence (f->info), ==, 2);
  g_assert_cmpstr (hub_session_info_get_reason (f->info), ==, "because");
}

/* What a mirror's own side holds has the host's number until the host has heard of it. It never
 * goes on under that number again. */
static void
test_held_here (Fixture *f, gconstpointer data)
{
  g_assert_true (take (f, "live", 4));
  g_assert_true (take (f, "held", 4));
  g_assert_cmpint (hub_session_info_get_state (f->info), ==, KAREZ_STATE_HELD);
  g_assert_false (take (f, "live", 4));
  g_assert_false (take (f, "held", 4));
  g_assert_cmpuint (f->changed, ==, 2);
  g_assert_cmpint (hub_session_info_get_state (f->info), ==, KAREZ_STATE_HELD);
}

/* That it is over is told once; nothing is taken of what is closed. */
static void
test_end (Fixture *f, gconstpointer data)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_HUB, "engine", "karezd", NULL, NULL, NULL);
  g_autoptr (JsonNode) node = NULL;

  g_assert_true (take (f, "ended", 7));
  hub_session_info_tell_over (f->info, actor);
  hub_session_info_tell_over (f->info, actor);
  g_assert_cmpuint (f->over, ==, 1);
  hub_session_info_close (f->info);
  hub_session_info_close (f->info);
  g_assert_cmpuint (f->gone, ==, 1);
  g_assert_false (take (f, "live", 8));
  node = hub_session_info_to_json (f->info);
  g_assert_cmpstr (karez_json_text (json_node_get_object (node), "state"), ==, "ended");
  g_assert_nonnull (karez_json_text (json_node_get_object (node), "ended_at"));
}

/* A worker without a process: what is said to it meanwhile, and who waits for it. */

typedef struct
{
  HubSessionWorker *worker;
  guint answers, given;
} Waiter;

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  Waiter *waiter = data;
  g_autoptr (GError) error = NULL;

  waiter->given += hub_session_worker_wait_finish (waiter->worker, result, &error);
  waiter->answers++;
  g_assert_no_error (error);
}

static void
test_word (Fixture *f, gconstpointer data)
{
  g_autoptr (HubSessionServices) services = hub_session_services_new ();
  HubSupervisorConfig config = { .runtime_dir = "/nowhere",
                                 .state_dir = "/nowhere",
                                 .worker = "/bin/false",
                                 .link_address = "127.0.0.1" };
  Waiter waiter = { 0 };

  services->supervisor = hub_supervisor_new (&config);
  waiter.worker = hub_session_worker_new (services, f->info, 0);
  /* None is on its way. */
  g_assert_false (hub_session_worker_may_keep (waiter.worker));
  hub_session_worker_announce (waiter.worker);
  g_assert_true (hub_session_worker_may_keep (waiter.worker));
  hub_session_worker_keep_word (waiter.worker, "stop", NULL, services->actor);
  hub_session_worker_keep_word (waiter.worker, "hold", NULL, services->actor);
  hub_session_worker_wait_async (waiter.worker, on_waited, &waiter);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (waiter.answers, ==, 0);
  /* Whoever waited hears that none comes, and that the word was not given. */
  hub_session_worker_give_up (waiter.worker, HUB_WORKER_NONE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (waiter.answers, ==, 1);
  g_assert_cmpuint (waiter.given, ==, 0);
  g_assert_cmpstr (hub_session_worker_get_word (waiter.worker), ==, "stop");
  g_assert_false (hub_session_worker_may_keep (waiter.worker));
  g_assert_finalize_object (waiter.worker);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/session-info/newer", test_newer);
  ADD ("/session-info/held-here", test_held_here);
  ADD ("/session-info/end", test_end);
  ADD ("/session-info/word", test_word);
  return g_test_run ();
}
