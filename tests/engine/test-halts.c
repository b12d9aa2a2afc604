/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may end a session is asked of the database where it answers; where it does not, ending waits
 * for it no longer than a second, and what leads towards risk as long as it takes. */
#include "engine-pair.h"

#include "hub-id.h"

#define PATIENCE_US G_USEC_PER_SEC
#define SLACK_US (G_USEC_PER_SEC / 4)

static const char *const clinician[] = { "clinician", NULL };
static const char *const desk[] = { "desk", NULL };

/* What the database says of whether somebody is invited, after @seconds. */
static void
set_admits (Pair *pair, gboolean admits, double seconds)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *sql = g_strdup_printf (
      "create or replace function engine.admits (wanted uuid, who uuid) returns boolean "
      "language plpgsql volatile as $$ begin perform pg_sleep (%s); return %s; end $$",
      g_ascii_dtostr (number, sizeof number, seconds), admits ? "true" : "false");
  g_autofree char *done = pair_ask (&pair->hubs[0], sql);
}

static PlayRequest *
ask (Pair *pair, const char *edge, const char *person, const char *const *roles)
{
  const char *const parts[] = { "id", pair->session, NULL };
  g_autofree char *route = g_strdup_printf ("POST /sessions/{id}/%s", edge);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, person, "Somebody", roles, NULL, NULL);

  return play_request_send (pair->hubs[0].hall, actor, route, parts);
}

static gboolean
is_answered (gpointer data)
{
  return ((PlayRequest *) data)->status != 0;
}

/* Returns: µs until the answer */
static gint64
until_answered (PlayRequest *request)
{
  gint64 begun = g_get_monotonic_time ();

  turn_until (is_answered, request, 20, "the answer");
  return g_get_monotonic_time () - begun;
}

static void
expect_refused (PlayRequest *request)
{
  g_assert_cmpuint (request->status, ==, 400);
  assert_rule (request->error, "session/invited");
}

static KarezState
state_of (Pair *pair)
{
  return hub_session_get_state (pair_session_of (pair, 0));
}

static gboolean
is_over (gpointer data)
{
  HubSession *session = pair_session_of (data, 0);

  return session == NULL || hub_session_get_state (session) == KAREZ_STATE_STOPPING
         || hub_state_is_over (hub_session_get_state (session));
}

/* The hubs of the next case start in the same databases. */
static void
end (Pair *pair)
{
  if (!is_over (pair))
    pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say over");
}

/* A database that answers decides; a hold needs nobody's word. */
static void
test_answers (Pair *pair, gconstpointer data)
{
  g_autofree char *stranger = hub_id_new ();
  g_autoptr (PlayRequest) stop = NULL, hold = NULL, invited = NULL;

  set_admits (pair, FALSE, 0);
  pair_go_live (pair);
  stop = ask (pair, "stop", stranger, clinician);
  g_assert_cmpint (until_answered (stop), <, PATIENCE_US / 2);
  expect_refused (stop);
  /* Not when its second is over, either. */
  turn_for (1300);
  g_assert_cmpint (state_of (pair), ==, KAREZ_STATE_LIVE);

  hold = ask (pair, "hold", stranger, clinician);
  g_assert_cmpint (until_answered (hold), <, SLACK_US);
  g_assert_cmpuint (hold->status, ==, 200);
  g_assert_cmpint (state_of (pair), ==, KAREZ_STATE_HELD);

  set_admits (pair, TRUE, 0);
  invited = ask (pair, "stop", stranger, clinician);
  g_assert_cmpint (until_answered (invited), <, PATIENCE_US / 2);
  g_assert_cmpuint (invited->status, ==, 200);
  end (pair);
}

static gboolean
has_told (gpointer data)
{
  return g_strcmp0 (((Pair *) data)->hubs[0].hall->action, "session.stop-uninvited") == 0;
}

/* One that does not answer is not waited for, and what it says afterwards is on record. */
static void
test_busy (Pair *pair, gconstpointer data)
{
  g_autofree char *stranger = hub_id_new ();
  g_autoptr (PlayRequest) stop = NULL;
  gint64 took;

  pair_go_live (pair);
  set_admits (pair, FALSE, 3);
  stop = ask (pair, "stop", stranger, clinician);
  took = until_answered (stop);
  g_assert_cmpuint (stop->status, ==, 200);
  g_assert_cmpint (took, >=, PATIENCE_US - SLACK_US);
  g_assert_cmpint (took, <, PATIENCE_US + SLACK_US);
  g_assert_true (is_over (pair));
  g_assert_false (has_told (pair));
  turn_until (has_told, pair, 10, "it is on record that nobody had invited them");
  end (pair);
}

/* Whoever is in the session, or looks after all of them, is not asked about at all. */
static void
test_in_it (Pair *pair, gconstpointer data)
{
  g_autofree char *participant = NULL;
  g_autoptr (PlayRequest) stop = NULL;

  set_admits (pair, TRUE, 0);
  pair_go_live (pair);
  participant = pair_join (pair, 0, "page-0");
  set_admits (pair, FALSE, 3);
  stop = ask (pair, "stop", pair->hubs[0].id, clinician);
  g_assert_cmpint (until_answered (stop), <, SLACK_US);
  g_assert_cmpuint (stop->status, ==, 200);
  end (pair);
}

static void
test_desk (Pair *pair, gconstpointer data)
{
  g_autofree char *person = hub_id_new ();
  g_autoptr (PlayRequest) stop = NULL;

  pair_go_live (pair);
  set_admits (pair, FALSE, 3);
  stop = ask (pair, "stop", person, desk);
  g_assert_cmpint (until_answered (stop), <, SLACK_US);
  g_assert_cmpuint (stop->status, ==, 200);
  end (pair);
}

/* Towards risk nothing passes unasked. */
static void
test_towards_risk (Pair *pair, gconstpointer data)
{
  g_autofree char *stranger = hub_id_new ();
  g_autoptr (PlayRequest) resume = NULL;

  pair_go_live (pair);
  pair_move_well (pair, 0, "hold");
  set_admits (pair, FALSE, 2);
  resume = ask (pair, "resume", stranger, clinician);
  g_assert_cmpint (until_answered (resume), >=, 2 * G_USEC_PER_SEC - SLACK_US);
  expect_refused (resume);
  g_assert_cmpint (state_of (pair), ==, KAREZ_STATE_HELD);
  set_admits (pair, TRUE, 0);
  end (pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add (path, Pair, NULL, pair_set_up, func, pair_tear_down)
  ADD ("/halts/answers", test_answers);
  ADD ("/halts/busy", test_busy);
  ADD ("/halts/in-it", test_in_it);
  ADD ("/halts/desk", test_desk);
  ADD ("/halts/towards-risk", test_towards_risk);
  return g_test_run ();
}
