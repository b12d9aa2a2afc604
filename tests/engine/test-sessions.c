/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions of two hospitals, from plan to end. */
#include "engine-pair.h"

#include "hub-id.h"
#include "hub-plugin-marks.h"

#include <signal.h>

static gboolean
is_answered (gpointer data)
{
  return ((PlayRequest *) data)->status != 0;
}

/* When people came and went is told by RFC 3339. */
static void
expect_times (Pair *pair)
{
  static const char *const roles[] = { "desk", NULL };
  const char *const parts[] = { "id", pair->session, NULL };
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[0].id, "Desk", roles, NULL, NULL);
  g_autoptr (PlayRequest)
      request = play_request_send (pair->hubs[0].hall, actor, "GET /sessions/{id}", parts);
  JsonArray *people;

  turn_until (is_answered, request, 20, "the session");
  g_assert_cmpuint (request->status, ==, 200);
  people = json_object_get_array_member (json_node_get_object (request->answer), "participants");
  g_assert_cmpuint (json_array_get_length (people), >=, 1);
  for (guint i = 0; i < json_array_get_length (people); i++)
    {
      JsonObject *one = json_array_get_object_element (people, i);
      const char *pattern =
          "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$";

      g_assert_true (g_regex_match_simple (pattern, karez_json_text (one, "joined_at"), 0, 0));
      g_assert_true (g_regex_match_simple (pattern, karez_json_text (one, "left_at"), 0, 0));
    }
}

static void
test_life (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *one = NULL;
  g_autofree char *two = NULL;

  /* Nothing is live yet. */
  g_assert_null (pair_move (pair, 0, "start", &error));
  assert_rule (error, "session/edge");
  g_clear_error (&error);
  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  two = pair_join (pair, 1, "page-1");
  pair_hear (pair, 0, "page-0", "\"count\":0");
  pair_hear (pair, 1, "page-1", "\"count\":0");
  pair_say (pair, 0, "page-0", "add");
  pair_hear (pair, 0, "page-0", "\"count\":1");
  pair_say (pair, 0, "page-0", "rubbish");
  pair_hear (pair, 0, "page-0", "test/type");
  /* Held by the mirror's people, resumed by the host's. */
  pair_move_well (pair, 1, "hold");
  pair_wait_for (pair, KAREZ_STATE_HELD, 5);
  pair_move_well (pair, 1, "hold");
  pair_move_well (pair, 0, "resume");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 5);
  /* By the live half itself. */
  pair_say (pair, 0, "page-0", "hold");
  pair_wait_for (pair, KAREZ_STATE_HELD, 5);
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say ended");
  pair_expect_rows (
      &pair->hubs[0],
      "select string_agg (action, ' ' order by id) from karez.event where session = "
      "'SESSION' and action in ('session.plan', 'session.prepare', 'session.start', "
      "'session.live', 'session.hold', 'session.resume', 'session.stop', 'session.end')",
      pair->session,
      "session.plan session.prepare session.start session.live session.hold "
      "session.resume session.hold session.stop session.end");
  pair_expect_rows (&pair->hubs[1],
                    "select count (*) from karez.event where session = 'SESSION' and action = "
                    "'session.ask'",
                    pair->session, "4");
  /* The partner's person moved it, marked as such. */
  pair_expect_rows (
      &pair->hubs[0],
      "select distinct actor_kind from karez.event where session = 'SESSION' and action = "
      "'session.start'",
      pair->session, "peer");
  pair_expect_rows (
      &pair->hubs[0],
      "select count (*) from engine.participant where session = 'SESSION' and left_at is "
      "null",
      pair->session, "0");
  g_assert_cmpuint (pair->hubs[0].over, ==, 1);
  g_assert_cmpuint (pair->hubs[1].over, ==, 1);
  expect_times (pair);
}

static gboolean
is_restarted (gpointer data)
{
  Pair *pair = data;

  return pair->hubs[0].restarting && pair->hubs[1].restarting
         && hub_session_worker_get_state (hub_session_get_worker (pair_session_of (pair, 0)))
                == HUB_WORKER_RUNNING;
}

static void
test_worker_killed (Pair *pair, gconstpointer data)
{
  g_autofree char *one = NULL;
  gint64 before = 0;

  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  pair_hear (pair, 0, "page-0", "\"count\":0");
  pair_say (pair, 0, "page-0", "add");
  pair_hear (pair, 0, "page-0", "\"count\":1");
  turn_for (2500);
  g_hash_table_remove_all (pair->hubs[0].pages);
  before = g_get_monotonic_time ();
  g_assert_cmpint (kill (pair_worker_of (pair, 0), SIGKILL), ==, 0);
  turn_until (is_restarted, pair, 5, "both hubs are told and the worker is back");
  /* The page is joined by itself and gets the state. */
  pair_hear (pair, 0, "page-0", "\"count\":1");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 10);
  g_test_message ("live again after %.2f s", (g_get_monotonic_time () - before) / 1e6);
  g_assert_cmpuint (
      hub_session_worker_get_generation (hub_session_get_worker (pair_session_of (pair, 0))), ==,
      2);
  pair_expect_rows (&pair->hubs[0],
                    "select count (*) > 0 from karez.event where session = 'SESSION' and action = "
                    "'session.restart'",
                    pair->session, "t");
  /* And the mirror's. */
  pair->hubs[0].restarting = pair->hubs[1].restarting = 0;
  g_assert_cmpint (kill (pair_worker_of (pair, 1), SIGKILL), ==, 0);
  turn_until (is_restarted, pair, 5, "both hubs are told");
  turn_for (500);
  turn_until (pair_link_is_up, pair, 10, "the link is up again");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 10);
  pair_move_well (pair, 1, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say ended");
}

static gboolean
is_adopted (gpointer data)
{
  Pair *pair = data;

  return pair_session_of (pair, 0) != NULL
         && hub_session_worker_get_state (hub_session_get_worker (pair_session_of (pair, 0)))
                == HUB_WORKER_RUNNING;
}

static void
test_hub_restarted (Pair *pair, gconstpointer data)
{
  g_autofree char *plugins = pair_plugin_folder ();
  g_autofree char *one = NULL;
  int pid = 0;

  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  pid = pair_worker_of (pair, 0);
  pair_stop_engine (&pair->hubs[0]);
  turn_for (300);
  /* It ended, and the other hospital's people go on; here they hold through the mirror's worker. */
  g_assert_cmpint (kill (pid, 0), ==, 0);
  pair_move_well (pair, 1, "hold");
  turn_for (500);
  g_assert_cmpint (hub_session_get_state (pair_session_of (pair, 1)), ==, KAREZ_STATE_HELD);
  pair_start_engine (&pair->hubs[0], plugins);
  turn_until (is_adopted, pair, 5, "the worker is taken over");
  g_assert_cmpint (pair_worker_of (pair, 0), ==, pid);
  g_assert_cmpint (hub_session_get_state (pair_session_of (pair, 0)), ==, KAREZ_STATE_HELD);
  g_assert_cmpuint (
      hub_session_worker_get_generation (hub_session_get_worker (pair_session_of (pair, 0))), ==,
      1);
  g_assert_nonnull (
      hub_session_people_find (hub_session_get_people (pair_session_of (pair, 0)), one));
  pair_move_well (pair, 0, "resume");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 5);
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say ended");
  /* What happened while the hub was away is on record. */
  pair_expect_rows (&pair->hubs[0],
                    "select count (*) from karez.event where session = 'SESSION' and action = "
                    "'session.hold' and actor_kind = 'peer'",
                    pair->session, "1");
}

/* Two people press at once: one worker is started, and the next hub knows which. */
static void
test_prepared_twice (Pair *pair, gconstpointer data)
{
  g_autofree char *plugins = pair_plugin_folder ();
  HubSessions *sessions = hub_engine_get_sessions (pair->hubs[0].engine);
  Await prepare[2] = { 0 };
  guint done = 0;
  int pid = 0;

  for (guint i = 0; i < 2; i++)
    pair_begin_move (pair, 0, "prepare", &prepare[i]);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode)
          answer = hub_sessions_move_finish (sessions, await_result (&prepare[i]), &error);

      done += answer != NULL;
      if (answer == NULL)
        g_assert_cmpstr (karez_error_get_rule (error), ==, "session/edge");
      g_object_unref (prepare[i].result);
    }
  g_assert_cmpuint (done, ==, 1);
  pair_wait_for (pair, KAREZ_STATE_READY, 10);
  pid = pair_worker_of (pair, 0);
  pair_stop_engine (&pair->hubs[0]);
  pair_start_engine (&pair->hubs[0], plugins);
  turn_until (is_adopted, pair, 5, "the worker is taken over");
  g_assert_cmpint (pair_worker_of (pair, 0), ==, pid);
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say ended");
}

static gboolean
has_failed (gpointer data)
{
  Pair *pair = data;
  g_autofree char *sql = g_strdup_printf ("select state from engine.session where id = '%s'",
                                          pair->session);
  g_autofree char *state = pair_ask (&pair->hubs[0], sql);

  return g_str_equal (state, "failed");
}

static void
test_crash_in_prepare (Pair *pair, gconstpointer data)
{
  g_autofree char *markers = NULL, *last = NULL;

  pair_move_well (pair, 0, "prepare");
  turn_until (has_failed, pair, 20, "the session fails after three restarts");
  pair_expect_rows (&pair->hubs[0],
                    "select count (*) from karez.event where session = 'SESSION' and action = "
                    "'session.worker-start'",
                    pair->session, "3");
  /* The plugin and the call are known after the process is gone; one session counts once. */
  markers = g_build_filename (pair->hubs[0].state_dir, "plugins", NULL);
  last = hub_plugin_marks_last (markers, "good");
  g_assert_nonnull (last);
  g_assert_nonnull (strstr (last, "“prepare, session "));
  g_assert_null (hub_plugin_marks_verdict (markers, "good"));
  pair_expect_rows (
      &pair->hubs[0],
      "select body ->> 'state' from karez.outbox where topic = 'session.state' and body ->> "
      "'session' = 'SESSION' order by sequence desc limit 1",
      pair->session, "failed");
}

static gboolean
is_replaced (gpointer data)
{
  Pair *pair = data;

  return pair_session_of (pair, 0) != NULL
         && hub_session_worker_get_generation (hub_session_get_worker (pair_session_of (pair, 0)))
                > 1;
}

#ifndef __SANITIZE_ADDRESS__
/* Nobody was calling the live half when it crashed or blocked: it is named all the same. */
static void
check_own_code (Pair *pair, const char *harm)
{
  g_autofree char *markers = g_build_filename (pair->hubs[0].state_dir, "plugins", NULL);
  g_autofree char *one = NULL, *last = NULL;

  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  pair_say (pair, 0, "page-0", harm);
  turn_until (is_replaced, pair, 20, "the worker dies");
  last = hub_plugin_marks_last (markers, "good");
  g_assert_nonnull (last);
  g_assert_nonnull (strstr (last, "crashed in “code of its own, session "));
  /* By the link, since nobody carries posts between these two hubs. */
  turn_until (pair_link_is_up, pair, 10, "the link is up");
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say over");
}

static void
test_crash_in_timer (Pair *pair, gconstpointer data)
{
  check_own_code (pair, "crash later");
}

static void
test_hang_in_timer (Pair *pair, gconstpointer data)
{
  check_own_code (pair, "hang later");
}
#endif

static void
test_cancelled (Pair *pair, gconstpointer data)
{
  PairHub *hub = &pair->hubs[0];

  json_object_set_string_member (json_node_get_object (hub->hall->booking), "state", "cancelled");
  g_signal_emit_by_name (hub->hall, "changed", pair->session);
  turn_for (500);
  pair_expect_rows (hub, "select state from engine.session where id = 'SESSION'", pair->session,
                    "ended");
  g_assert_null (pair_session_of (pair, 0));
}

static guint
count_heard (Pair *pair, const char *connection, const char *text)
{
  GPtrArray *texts = g_hash_table_lookup (pair->hubs[0].pages, connection);
  guint n = 0;

  for (guint i = 0; texts != NULL && i < texts->len; i++)
    n += strstr (texts->pdata[i], text) != NULL;
  return n;
}

/* Of the session's checks, as the page reads them: "ID VERDICT" in order. Returns: (transfer full)
 */
static char *
checks_at (Pair *pair, guint i)
{
  HubSession *session = pair_session_of (pair, i);
  JsonArray *checks = hub_session_worker_get_checks (hub_session_get_worker (session)) != NULL
                          ? json_node_get_array (
                              hub_session_worker_get_checks (hub_session_get_worker (session)))
                          : NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint n = 0; checks != NULL && n < json_array_get_length (checks); n++)
    {
      JsonObject *check = json_array_get_object_element (checks, n);

      g_string_append_printf (text, "%s %s ", karez_json_text (check, "id"),
                              karez_json_text (check, "verdict"));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The mirror's hub replaces a worker that does not answer: the next one does not, either. */
static gboolean
is_unlinked (gpointer data)
{
  g_autofree char *checks = checks_at (data, 0);
  int worker = pair_worker_of (data, 1);

  if (worker > 0)
    kill (worker, SIGSTOP);
  return strstr (checks, "link.up failed") != NULL;
}

static gboolean
is_linked_at_both (gpointer data)
{
  g_autofree char *host = checks_at (data, 0), *mirror = checks_at (data, 1);

  return g_str_equal (host, "link.up passed ") && g_str_equal (mirror, host);
}

static gboolean
is_told_at_both (gpointer data)
{
  g_autofree char *host = checks_at (data, 0), *mirror = checks_at (data, 1);

  return g_str_equal (host, "link.up passed test.ready failed ")
         && g_str_equal (mirror, "link.up passed partner.test.ready failed ");
}

/* While nobody is in: each hub says how it is now, both say the same, and what has come right again
 * keeps nobody from starting. */
static void
test_checks (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) refused = NULL;

  pair_move_well (pair, 1, "prepare");
  pair_wait_for (pair, KAREZ_STATE_READY, 10);
  /* Nobody has asked for a start. */
  turn_until (is_told_at_both, pair, 10,
              "both are linked, and show what the host's preflight found");
  refused = pair_move (pair, 0, "start", &error);
  g_assert_null (refused);
  assert_rule (error, "session/preflight");
  turn_until (is_told_at_both, pair, 5, "both show what the host's preflight found");
  turn_until (is_linked_at_both, pair, 20, "it is looked at again, by itself");
  turn_until (is_unlinked, pair, 10, "the host misses its partner");
  turn_until (is_linked_at_both, pair, 15, "the partner's next worker is linked");
  pair_move_well (pair, 0, "start");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 10);
  pair_move_well (pair, 1, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say ended");
}

#define REPLACED "\"type\":\"replaced\""

/* A person has one place; another window takes it only when it is told to, or when it is free. */
static void
test_elsewhere (Pair *pair, gconstpointer data)
{
  g_autofree char *one = NULL, *two = NULL, *three = NULL;
  g_autoptr (GError) error = NULL;

  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  pair_hear (pair, 0, "page-0", "\"count\":0");
  g_assert_null (pair_ask_to_join (pair, 0, FALSE, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
  assert_rule (error, "session/elsewhere");
  g_clear_error (&error);
  /* The room goes on. */
  pair_say (pair, 0, "page-0", "add");
  pair_hear (pair, 0, "page-0", "\"count\":1");

  two = pair_ask_to_join (pair, 0, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (count_heard (pair, "page-0", REPLACED), ==, 1);
  pair_bind_page (pair, 0, two, "page-1");
  pair_hear (pair, 0, "page-1", "\"count\":1");
  g_assert_cmpuint (hub_session_people_count (hub_session_get_people (pair_session_of (pair, 0))),
                    ==, 1);
  turn_for (500);
  pair_expect_rows (&pair->hubs[0], PAIR_PRESENT, pair->session, "1");
  pair_expect_rows (&pair->hubs[0],
                    "select count (*) from karez.event where session = 'SESSION' and action = "
                    "'session.leave' and details ->> 'reason' = 'replaced'",
                    pair->session, "1");

  /* The same place in a copy of the page: the older one is told, and once. */
  pair_bind_page (pair, 0, two, "page-2");
  pair_bind_page (pair, 0, two, "page-2");
  g_assert_cmpuint (count_heard (pair, "page-1", REPLACED), ==, 1);
  g_assert_cmpuint (count_heard (pair, "page-2", REPLACED), ==, 0);

  /* A window that crashed keeps nobody out. */
  hub_sessions_page_closed (hub_engine_get_sessions (pair->hubs[0].engine), "page-2");
  three = pair_join (pair, 0, "page-3");
  pair_hear (pair, 0, "page-3", "\"count\":1");
  turn_for (500);
  pair_expect_rows (&pair->hubs[0], PAIR_PRESENT, pair->session, "1");
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say ended");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, reason, func) g_test_add (path, Pair, reason, pair_set_up, func, pair_tear_down)
  ADD ("/sessions/checks", "unready", test_checks);
  ADD ("/sessions/life", NULL, test_life);
  ADD ("/sessions/worker-killed", NULL, test_worker_killed);
  ADD ("/sessions/hub-restarted", NULL, test_hub_restarted);
  ADD ("/sessions/prepared-twice", NULL, test_prepared_twice);
  ADD ("/sessions/elsewhere", NULL, test_elsewhere);
  ADD ("/sessions/crash-in-prepare", "crash in prepare", test_crash_in_prepare);
#ifndef __SANITIZE_ADDRESS__ /* whose signals they are */
  ADD ("/sessions/crash-in-timer", NULL, test_crash_in_timer);
  ADD ("/sessions/hang-in-timer", NULL, test_hang_in_timer);
#endif
  ADD ("/sessions/cancelled", NULL, test_cancelled);
  return g_test_run ();
}
