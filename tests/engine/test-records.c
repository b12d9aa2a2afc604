/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told is on record, and what was done away from risk is recorded until it is: the database
 * goes at the moment that counts. */
#include "engine-pair.h"

#include "hub-id.h"

#include <glib/gstdio.h>
#include <signal.h>

static gboolean
is_ending (gpointer pair)
{
  HubSession *session = pair_session_of (pair, 0);

  return session == NULL || hub_session_info_is_ending (hub_session_get_info (session))
         || hub_state_is_over (hub_session_get_state (session));
}

static gboolean
is_gone (gpointer pair)
{
  return pair_session_of (pair, 0) == NULL;
}

/* The worker dies too often: nobody hears of the end before it is recorded, and it is in the end.
 */
static void
test_end_without_worker (Pair *pair, gconstpointer data)
{
  PairHub *hub = &pair->hubs[0];

  pair_move_well (pair, 0, "prepare");
  pair_set_database (pair, 0, FALSE);
  turn_until (is_ending, pair, 60, "the worker died too often");
  turn_for (1000);
  g_assert_nonnull (pair_session_of (pair, 0));
  g_assert_cmpint (hub_session_get_state (pair_session_of (pair, 0)), ==, KAREZ_STATE_PREPARING);
  g_assert_cmpstr (hub->told, ==, "preparing");
  g_assert_cmpuint (hub->over, ==, 0);
  pair_set_database (pair, 0, TRUE);
  turn_until (is_gone, pair, 20, "the end is recorded");
  pair_expect_rows (hub, "select state from engine.session where id = 'SESSION'", pair->session,
                    "failed");
  g_assert_cmpstr (hub->told, ==, "failed");
  g_assert_cmpuint (hub->over, ==, 1);
}

static void
begin_leave (Pair *pair, const char *participant, Await *await)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[0].id, "Somebody", NULL, NULL, NULL);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (pair->hubs[0].store, "engine"), actor);

  hub_sessions_leave_async (hub_engine_get_sessions (pair->hubs[0].engine), pair->session,
                            participant, transaction, await_done, await);
}

static void
end_leave (Pair *pair, Await *await)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (hub_sessions_leave_finish (hub_engine_get_sessions (pair->hubs[0].engine),
                                            await_result (await), &error));
  g_assert_no_error (error);
  g_clear_object (&await->result);
}

/* Who leaves has left; that is recorded as soon as it can be, and nobody is told so before. */
static void
test_leave (Pair *pair, gconstpointer data)
{
  g_autofree char *one = NULL;
  Await first = { 0 }, second = { 0 };

  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  pair_hear (pair, 0, "page-0", "\"count\":0");
  pair_set_database (pair, 0, FALSE);
  begin_leave (pair, one, &first);
  g_assert_null (hub_session_people_find (hub_session_get_people (pair_session_of (pair, 0)), one));
  turn_for (700);
  begin_leave (pair, one, &second);
  turn_for (700);
  g_assert_null (first.result);
  g_assert_null (second.result);
  pair_set_database (pair, 0, TRUE);
  end_leave (pair, &first);
  end_leave (pair, &second);
  pair_expect_rows (
      &pair->hubs[0],
      "select count (*) from engine.participant where session = 'SESSION' and left_at "
      "is null",
      pair->session, "0");
  pair_expect_rows (&pair->hubs[0],
                    "select count (*) from karez.event where session = 'SESSION' and action = "
                    "'session.leave'",
                    pair->session, "1");
}

static gboolean
is_back (gpointer pair)
{
  HubSession *session = pair_session_of (pair, 0);

  return session != NULL && hub_session_worker_get_generation (hub_session_get_worker (session)) > 1
         && hub_session_worker_get_state (hub_session_get_worker (session)) == HUB_WORKER_RUNNING;
}

static gboolean
is_running (gpointer pair)
{
  HubSession *session = pair_session_of (pair, 0);

  return session != NULL
         && hub_session_worker_get_state (hub_session_get_worker (session)) == HUB_WORKER_RUNNING;
}

/* A worker that was started while the database was away is the one that the next hub takes over. */
static void
test_worker_recorded (Pair *pair, gconstpointer data)
{
  g_autofree char *plugins = pair_plugin_folder ();
  char generation[12];
  int pid = 0;

  pair_go_live (pair);
  turn_for (300);
  pair_set_database (pair, 0, FALSE);
  g_assert_cmpint (kill (pair_worker_of (pair, 0), SIGKILL), ==, 0);
  turn_until (is_back, pair, 60, "the next worker is there");
  g_snprintf (
      generation, sizeof generation, "%u",
      hub_session_worker_get_generation (hub_session_get_worker (pair_session_of (pair, 0))));
  pid = pair_worker_of (pair, 0);
  pair_set_database (pair, 0, TRUE);
  pair_expect_rows (&pair->hubs[0], "select generation from engine.session where id = 'SESSION'",
                    pair->session, generation);
  pair_stop_engine (&pair->hubs[0]);
  pair_start_engine (&pair->hubs[0], plugins);
  turn_until (is_running, pair, 10, "the worker is taken over");
  turn_for (500);
  g_assert_cmpint (pair_worker_of (pair, 0), ==, pid);
}

static void
plan_twice (PairHub *hub, gint64 sequence)
{
  JsonObject *booking = json_node_get_object (hub->hall->booking);
  g_autofree char *id = hub_id_new ();
  g_autoptr (JsonNode)
      body = karez_json_object ("session", "s", id, "state", "s", "live", "sequence", "i",
                                (gint64) 4, "reason", "s", "told by post", NULL);
  g_autoptr (GError) error = NULL;
  Await await = { 0 };

  json_object_set_string_member (booking, "id", id);
  g_signal_emit_by_name (hub->hall, "changed", id);
  play_peers_deliver (hub->peers, "session.state", body, sequence, await_done, &await);
  g_assert_true (g_task_propagate_boolean (G_TASK (await_result (&await)), &error));
  g_assert_no_error (error);
  g_object_unref (await.result);
  pair_expect_rows (hub, "select state from engine.session where id = 'SESSION'", id, "live");
  g_assert_cmpint (
      hub_session_get_state (hub_sessions_get (hub_engine_get_sessions (hub->engine), id)), ==,
      KAREZ_STATE_LIVE);
}

/* Bookings are planned for two reasons at once: the partner's state counts. */
static void
test_planned_twice (Pair *pair, gconstpointer data)
{
  for (guint i = 1; i <= 10; i++)
    plan_twice (&pair->hubs[1], i);
}

static gboolean
is_planned (gpointer data)
{
  PairHub *hub = data;

  return hub_sessions_get (hub_engine_get_sessions (hub->engine),
                           karez_json_text (json_node_get_object (hub->hall->booking), "id"))
         != NULL;
}

/* A booking that is confirmed while it is read is a session all the same. */
static void
test_confirmed_meanwhile (Pair *pair, gconstpointer data)
{
  PairHub *hub = &pair->hubs[1];
  JsonObject *booking = json_node_get_object (hub->hall->booking);

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *id = hub_id_new ();
      guint reads = hub->hall->reads;

      json_object_set_string_member (booking, "id", id);
      json_object_set_string_member (booking, "state", "requested");
      g_signal_emit_by_name (hub->hall, "changed", id);
      while (hub->hall->reads == reads)
        g_main_context_iteration (NULL, TRUE);
      json_object_set_string_member (booking, "state", "confirmed");
      g_signal_emit_by_name (hub->hall, "changed", id);
      turn_until (is_planned, hub, 5, "it is planned");
    }
}

#define LIST "GET /records/dead-letters"
#define RETRY "POST /records/dead-letters/{session}/{sequence}/retry"

static gboolean
is_answered (gpointer request)
{
  return PLAY_REQUEST (request)->status != 0;
}

/* Begins to ask the first hub; @sequence: (nullable) */
static PlayRequest *
begin_to_ask (Pair *pair, const char *route, const char *sequence)
{
  const char *const parts[] = { "session", pair->session, "sequence", sequence, NULL };
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[1].id,
                                                  "Administrator", NULL, NULL, NULL);
  return play_request_send (pair->hubs[0].hall, actor, route, parts);
}

static PlayRequest *
ask (Pair *pair, const char *route, const char *sequence)
{
  PlayRequest *request = begin_to_ask (pair, route, sequence);

  turn_until (is_answered, request, 10, route);
  return request;
}

/* The one record that is a dead letter; NULL for none. */
static JsonObject *
only_item (PlayRequest *list)
{
  JsonArray *items = json_object_get_array_member (json_node_get_object (list->answer), "items");

  g_assert_cmpuint (list->status, ==, 200);
  g_assert_cmpuint (json_array_get_length (items), <=, 1);
  return json_array_get_length (items) > 0 ? json_array_get_object_element (items, 0) : NULL;
}

static void
assert_refused (Pair *pair, const char *sequence, const char *rule)
{
  g_autoptr (PlayRequest) retry = ask (pair, RETRY, sequence);

  assert_rule (retry->error, rule);
}

/* As a hub from before the word was another left it. */
static void
rename_to_former (Pair *pair)
{
  g_autofree char *directory = g_build_filename (pair->hubs[0].state_dir, "sessions", pair->session,
                                                 NULL);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autofree char *from = NULL, *to = NULL;
  const char *name = NULL;

  g_assert_nonnull (dir);
  do
    name = g_dir_read_name (dir);
  while (name != NULL && !g_str_has_prefix (name, "dead-letter-"));
  g_assert_nonnull (name);
  from = g_build_filename (directory, name, NULL);
  to = g_strdup_printf ("%s/aside-%s", directory, name + strlen ("dead-letter-"));
  g_assert_cmpint (g_rename (from, to), ==, 0);
}

/* What a plugin refuses for good is said on the page that was told "acknowledged"; it is listed,
 * also by the next hub, and kept when somebody tries again. */
static void
test_dead_letters (Pair *pair, gconstpointer data)
{
  PairHub *hub = &pair->hubs[0];
  g_autofree char *plugins = pair_plugin_folder ();
  g_autofree char *one = NULL, *other = NULL, *sequence = NULL, *expected = NULL;
  g_autoptr (PlayRequest) none = NULL, list = NULL, kept = NULL, twice = NULL, after = NULL;
  JsonObject *item = NULL;

  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  other = pair_join (pair, 1, "page-1");
  none = ask (pair, LIST, NULL);
  g_assert_null (only_item (none));

  g_setenv ("KAREZ_TEST_REFUSED_RECORD", "count.note", TRUE);
  pair_say (pair, 0, "page-0", "record");
  pair_hear (pair, 0, "page-0", "session/dead-letter");
  g_assert_cmpuint (hub->hall->audited, ==, 1);
  pair_stop_engine (hub);
  rename_to_former (pair);
  pair_start_engine (hub, plugins);
  turn_until (is_running, pair, 10, "the worker is taken over");
  list = ask (pair, LIST, NULL);
  item = only_item (list);
  g_assert_nonnull (item);
  g_assert_cmpstr (karez_json_text (item, "session"), ==, pair->session);
  g_assert_cmpstr (karez_json_text (item, "action"), ==, "count.note");
  g_assert_cmpstr (karez_json_text (item, "rule"), ==, "good/refused");
  g_assert_nonnull (strstr (karez_json_text (item, "reason"), "There is no room for this."));
  g_assert_nonnull (karez_json_text (item, "at"));
  sequence = g_strdup_printf ("%" G_GINT64_FORMAT, karez_json_integer (item, "sequence", 0));

  /* Refused once more it stays; what is not there cannot be tried. */
  assert_refused (pair, sequence, "good/refused");
  assert_refused (pair, "77777", "session/dead-letter");
  assert_refused (pair, "../1", "session/dead-letter");
  g_unsetenv ("KAREZ_TEST_REFUSED_RECORD");
  /* Two who press at once: one act, one event. */
  kept = begin_to_ask (pair, RETRY, sequence);
  twice = ask (pair, RETRY, sequence);
  assert_rule (twice->error, "session/retry");
  turn_until (is_answered, kept, 10, "the first");
  g_assert_no_error (kept->error);
  g_assert_cmpuint (kept->status, ==, 204);
  after = ask (pair, LIST, NULL);
  g_assert_null (only_item (after));
  assert_refused (pair, sequence, "session/dead-letter");
  expected = g_strconcat ("Administrator ", sequence, NULL);
  pair_expect_rows (hub,
                    "select actor_name || ' ' || (details ->> 'sequence') from karez.event "
                    "where session = 'SESSION' and action = 'record.retry'",
                    pair->session, expected);
  /* It is nothing of the other hospital's. */
  pair_say (pair, 1, "page-1", "add");
  pair_hear (pair, 1, "page-1", "\"count\":1");
  g_assert_false (pair_has_heard (pair, 1, "page-1", "dead-letter"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, reason, func) g_test_add (path, Pair, reason, pair_set_up, func, pair_tear_down)
  ADD ("/records/end-without-worker", "crash in prepare", test_end_without_worker);
  ADD ("/records/leave", NULL, test_leave);
  ADD ("/records/worker", NULL, test_worker_recorded);
  ADD ("/records/planned-twice", NULL, test_planned_twice);
  ADD ("/records/confirmed-meanwhile", NULL, test_confirmed_meanwhile);
  ADD ("/records/dead-letters", NULL, test_dead_letters);
  return g_test_run ();
}
