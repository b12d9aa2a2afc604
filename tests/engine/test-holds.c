/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whoever says hold or stop, and whenever: nothing goes live after it. The live half is "slow": a
 * start and a resume take 300 ms, and do not listen when they are cancelled. */
#include "engine-pair.h"
#include "hub-id.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Long enough for any step that was under way. */
#define STEP_MS 450

static void
end_move (Await *await)
{
  await_result (await);
  g_clear_object (&await->result);
}

/* What the live half of hub @i says it does. */
static char *
moving_at (Pair *pair, guint i)
{
  HubSession *session = pair_session_of (pair, i);
  JsonArray *checks =
      session != NULL && hub_session_worker_get_checks (hub_session_get_worker (session)) != NULL
              && JSON_NODE_HOLDS_ARRAY (
                  hub_session_worker_get_checks (hub_session_get_worker (session)))
          ? json_node_get_array (hub_session_worker_get_checks (hub_session_get_worker (session)))
          : NULL;

  for (guint n = 0; checks != NULL && n < json_array_get_length (checks); n++)
    {
      JsonObject *check = json_array_get_object_element (checks, n);

      if (g_strcmp0 (karez_json_text (check, "id"), "test.moving") == 0)
        return g_strdup (karez_json_text (check, "measured"));
    }
  return g_strdup ("");
}

/* Both hubs say @state and both live halves stand still. */
static void
expect_still (Pair *pair, KarezState state)
{
  turn_for (STEP_MS);
  pair_wait_for (pair, state, 5);
  turn_for (STEP_MS);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *moving = moving_at (pair, i);

      g_assert_cmpint (hub_session_get_state (pair_session_of (pair, i)), ==, state);
      g_assert_cmpstr (moving, !=, "moving");
    }
}

static void
be_held (Pair *pair)
{
  pair_go_live (pair);
  pair_move_well (pair, 0, "hold");
  pair_wait_for (pair, KAREZ_STATE_HELD, 5);
}

/* A resume is under way in the live half. */
static void
begin (Pair *pair, const char *edge, Await *await)
{
  pair_begin_move (pair, 0, edge, await);
  turn_for (150);
}

/* Somebody at hub @i holds while a resume is under way. */
static void
hold_a_resume (Pair *pair, guint i)
{
  Await resume = { 0 };

  begin (pair, "resume", &resume);
  pair_move_well (pair, i, "hold");
  expect_still (pair, KAREZ_STATE_HELD);
  end_move (&resume);
}

static void
test_resume_host (Pair *pair, gconstpointer data)
{
  be_held (pair);
  hold_a_resume (pair, 0);
}

static void
test_resume_mirror (Pair *pair, gconstpointer data)
{
  be_held (pair);
  hold_a_resume (pair, 1);
}

/* By the link alone: the host's hub does not answer. */
static void
test_resume_mirror_link (Pair *pair, gconstpointer data)
{
  be_held (pair);
  pair->hubs[1].peers->other = NULL;
  hold_a_resume (pair, 1);
}

/* @i: whose live half says it */
static void
by_live_half (Pair *pair, guint i, const char *edge, KarezState state)
{
  Await await = { 0 };
  const char *connection = i ? "page-1" : "page-0";
  g_autofree char *participant = pair_join (pair, i, connection);

  pair_hear (pair, i, connection, "\"count\":0");
  begin (pair, edge, &await);
  pair_say (pair, i, connection, "hold");
  expect_still (pair, state);
  end_move (&await);
}

static void
test_resume_live_half (Pair *pair, gconstpointer data)
{
  be_held (pair);
  by_live_half (pair, 0, "resume", KAREZ_STATE_HELD);
}

static void
test_resume_live_half_mirror (Pair *pair, gconstpointer data)
{
  be_held (pair);
  by_live_half (pair, 1, "resume", KAREZ_STATE_HELD);
}

static void
be_ready (Pair *pair)
{
  pair_move_well (pair, 0, "prepare");
  pair_wait_for (pair, KAREZ_STATE_READY, 10);
  turn_until (pair_link_is_up, pair, 10, "the link is up");
  turn_for (100);
}

static void
test_start_host (Pair *pair, gconstpointer data)
{
  Await start = { 0 };

  be_ready (pair);
  begin (pair, "start", &start);
  g_assert_cmpint (hub_session_get_state (pair_session_of (pair, 0)), ==, KAREZ_STATE_STARTING);
  pair_move_well (pair, 0, "hold");
  expect_still (pair, KAREZ_STATE_HELD);
  end_move (&start);
  /* And it goes on from there. */
  pair_move_well (pair, 0, "resume");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 5);
}

static void
test_start_mirror (Pair *pair, gconstpointer data)
{
  Await start = { 0 };

  be_ready (pair);
  begin (pair, "start", &start);
  pair_move_well (pair, 1, "hold");
  expect_still (pair, KAREZ_STATE_HELD);
  end_move (&start);
}

static void
test_start_live_half (Pair *pair, gconstpointer data)
{
  be_ready (pair);
  by_live_half (pair, 0, "start", KAREZ_STATE_HELD);
}

static void
test_start_live_half_mirror (Pair *pair, gconstpointer data)
{
  be_ready (pair);
  by_live_half (pair, 1, "start", KAREZ_STATE_HELD);
}

/* The hold comes while the resume is still being recorded, so the worker hears of it first. */
static void
test_crossing (Pair *pair, gconstpointer data)
{
  Await resume = { 0 }, hold = { 0 };

  be_held (pair);
  pair_begin_move (pair, 0, "resume", &resume);
  pair_begin_move (pair, 0, "hold", &hold);
  end_move (&hold);
  end_move (&resume);
  expect_still (pair, KAREZ_STATE_HELD);
}

static void
test_crossing_start (Pair *pair, gconstpointer data)
{
  Await start = { 0 }, hold = { 0 };

  be_ready (pair);
  pair_begin_move (pair, 0, "start", &start);
  pair_begin_move (pair, 0, "hold", &hold);
  end_move (&hold);
  end_move (&start);
  expect_still (pair, KAREZ_STATE_READY);
  /* The next one knows of it. */
  pair_move_well (pair, 0, "start");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 5);
}

static void
resume_as (Pair *pair, const char *request)
{
  HubSessions *sessions = hub_engine_get_sessions (pair->hubs[0].engine);
  KarezStore *store = hub_store_get_scope (pair->hubs[0].store, "engine");
  HubSessionStep step = { .edge = "resume" };
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[0].id, "Somebody", NULL, NULL, NULL);
  g_autoptr (KarezTransaction) transaction = karez_store_begin (store, actor);
  Await await = { 0 };

  karez_transaction_set_request (transaction, request, "digest");
  hub_sessions_move_async (sessions, pair->session, &step, actor, transaction, await_done, &await);
  end_move (&await);
}

/* A page repeats a resume whose answer it did not get, and somebody has held it since. */
static void
test_repeated (Pair *pair, gconstpointer data)
{
  g_autofree char *request = hub_id_new ();

  be_held (pair);
  resume_as (pair, request);
  pair_wait_for (pair, KAREZ_STATE_LIVE, 5);
  pair_move_well (pair, 1, "hold");
  pair_wait_for (pair, KAREZ_STATE_HELD, 5);
  resume_as (pair, request);
  expect_still (pair, KAREZ_STATE_HELD);
}

/* Said while the host's worker is being replaced. */
static void
test_worker_away (Pair *pair, gconstpointer data)
{
  pair_go_live (pair);
  g_assert_cmpint (kill (pair_worker_of (pair, 0), SIGKILL), ==, 0);
  turn_for (60);
  pair_move_well (pair, 0, "hold");
  expect_still (pair, KAREZ_STATE_HELD);
}

/* Neither the host's hub nor the link is there: this side is held at once, the other one as soon as
 * it can be told. */
static void
test_alone (Pair *pair, gconstpointer data)
{
  int pid = 0;

  pair_go_live (pair);
  pid = pair_worker_of (pair, 0);
  pair->hubs[1].peers->other = NULL;
  pair->hubs[0].peers->other = NULL;
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  pair_stop_engine (&pair->hubs[0]);
  turn_for (3000);
  pair_move_well (pair, 1, "hold");
  turn_for (STEP_MS);
  g_assert_cmpint (hub_session_get_state (pair_session_of (pair, 1)), ==, KAREZ_STATE_HELD);
  {
    g_autofree char *plugins = pair_plugin_folder ();
    g_autofree char *moving = moving_at (pair, 1);

    g_assert_cmpstr (moving, ==, "still");
    g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
    pair->hubs[1].peers->other = pair->hubs[0].peers;
    pair->hubs[0].peers->other = pair->hubs[1].peers;
    pair_start_engine (&pair->hubs[0], plugins);
  }
  pair_wait_for (pair, KAREZ_STATE_HELD, 15);
  expect_still (pair, KAREZ_STATE_HELD);
}

/* Workers whose disk takes so long for each sync, with a link that can be cut. */
#define SYNC_MS 800

static void
go_live_slowly (Pair *pair, const char *cut)
{
  const char *names[] = { "LD_PRELOAD", "KAREZ_TEST_SYNC_MS", "KAREZ_CUT" };
  g_autofree char *preload = g_strdup_printf ("%s %s", g_getenv ("KAREZ_TEST_SLOW_DISK"),
                                              g_getenv ("KAREZ_TEST_LINK_CUT"));
  const char *values[] = { preload, G_STRINGIFY (SYNC_MS), cut };
  char whole[256] = { 0 };

  g_assert_true (g_file_set_contents (cut, whole, sizeof whole, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_setenv (names[i], values[i], TRUE);
  pair_go_live (pair);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_unsetenv (names[i]);
  turn_for (3 * SYNC_MS);
}

static void
cut_link (const char *cut)
{
  int fd = open (cut, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (pwrite (fd, "\1", 1, 1), ==, 1); /* 127.0.0.1 */
  close (fd);
}

static gboolean
is_host_held (gpointer data)
{
  return hub_session_get_state (pair_session_of (data, 0)) == KAREZ_STATE_HELD;
}

/* The link is down and the mirror's disk is slow: the host is held by way of the hubs, at once.
 * @killed: and the worker that has it in force and not on record dies */
static void
hold_by_hubs (Pair *pair, gboolean killed)
{
  g_autofree char *cut = g_strdup_printf ("%s/cut-%s", scratch (), pair->session + 24);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = NULL;
  Await hold = { 0 };
  gint64 began, held;

  go_live_slowly (pair, cut);
  cut_link (cut);
  began = g_get_monotonic_time ();
  pair_begin_move (pair, 1, "hold", &hold);
  turn_until (is_host_held, pair, 5, "the host is held");
  held = g_get_monotonic_time () - began;
  g_test_message ("the host was held after %.1f ms", held / 1000.0);
  g_assert_cmpint (held, <, SYNC_MS / 2 * 1000);
  g_assert_cmpint (hub_session_get_state (pair_session_of (pair, 1)), ==, KAREZ_STATE_HELD);
  /* Who said it is answered when it is on record. */
  g_assert_null (hold.result);
  if (killed)
    g_assert_cmpint (kill (pair_worker_of (pair, 1), SIGKILL), ==, 0);
  answer = hub_sessions_move_finish (hub_engine_get_sessions (pair->hubs[1].engine),
                                     await_result (&hold), &error);
  g_assert_no_error (error);
  g_assert_nonnull (answer);
  g_clear_object (&hold.result);
  if (!killed)
    g_assert_cmpint (g_get_monotonic_time () - began, >, (SYNC_MS - 50) * 1000);
  /* A worker that lives has it in its spool, and its hub a little later. */
  turn_for (killed ? 500 : 200);
  pair_expect_rows (&pair->hubs[1],
                    "select count(*) > 0 from karez.event where action = 'session.ask' and "
                    "session = 'SESSION'",
                    pair->session, "t");
}

static void
test_slow_disk (Pair *pair, gconstpointer data)
{
  hold_by_hubs (pair, FALSE);
}

static void
test_slow_disk_killed (Pair *pair, gconstpointer data)
{
  hold_by_hubs (pair, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add (path, Pair, "slow", pair_set_up, func, pair_tear_down)
  ADD ("/holds/resume/host", test_resume_host);
  ADD ("/holds/resume/mirror", test_resume_mirror);
  ADD ("/holds/resume/mirror-by-link", test_resume_mirror_link);
  ADD ("/holds/resume/live-half", test_resume_live_half);
  ADD ("/holds/resume/live-half-of-mirror", test_resume_live_half_mirror);
  ADD ("/holds/start/host", test_start_host);
  ADD ("/holds/start/mirror", test_start_mirror);
  ADD ("/holds/start/live-half", test_start_live_half);
  ADD ("/holds/start/live-half-of-mirror", test_start_live_half_mirror);
  ADD ("/holds/crossing/resume", test_crossing);
  ADD ("/holds/crossing/start", test_crossing_start);
  ADD ("/holds/repeated-request", test_repeated);
  ADD ("/holds/worker-away", test_worker_away);
  ADD ("/holds/alone", test_alone);
#ifndef __SANITIZE_ADDRESS__ /* A sanitizer's library must be loaded before any other. */
  ADD ("/holds/slow-disk", test_slow_disk);
  ADD ("/holds/slow-disk/killed", test_slow_disk_killed);
#endif
  return g_test_run ();
}
