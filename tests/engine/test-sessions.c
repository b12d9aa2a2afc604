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

/* What a peer may say of a session: only of its own, and only in its part. */
static void
test_strangers (Pair *pair, gconstpointer data)
{
  PlayPeers *peers = pair->hubs[1].peers;
  g_autofree char *stranger = hub_id_new ();
  g_autofree char *own = g_steal_pointer (&peers->own);
  g_autoptr (GError) error = NULL;
  Await await = { 0 };
  g_autoptr (JsonNode) answer = NULL;

  peers->own = g_strdup (stranger);
  karez_peers_call_async (
      KAREZ_PEERS (peers), pair->hubs[0].id, "session.move",
      karez_json_object (
          "session", "s", pair->session, "edge", "s", "stop", "actor", "n",
          karez_json_object ("kind", "s", "person", "id", "s", "x", "name", "s", "X", NULL), NULL),
      1000, NULL, await_done, &await);
  answer = karez_peers_call_finish (KAREZ_PEERS (peers), await_result (&await), &error);
  g_assert_null (answer);
  assert_rule (error, "session/unknown");
  g_object_unref (await.result);
  g_free (peers->own);
  peers->own = g_steal_pointer (&own);
}

/* What comes of an offer of @addresses that @who signed for @session with other @signed ones. */
static void
expect_refused (Pair *pair, HubIdentity *who, const char *session, const char *signed_addresses,
                const char *addresses, const char *rule)
{
  const char *key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  const char *const list[] = { addresses, NULL };
  g_autofree char *text = g_strdup_printf ("karez link endpoint v1\n%s\n%s\n%s\n9\n%s\n%s", session,
                                           pair->hubs[1].id, pair->hubs[0].id, key,
                                           signed_addresses);
  g_autoptr (GError) error = NULL;
  Await await = { 0 };

  karez_peers_call_async (
      KAREZ_PEERS (pair->hubs[1].peers), pair->hubs[0].id, "session.endpoint",
      karez_json_object ("session", "s", pair->session, "endpoint", "n",
                         karez_json_object ("key", "s", key, "addresses", "as", list, "generation",
                                            "i", (gint64) 9, NULL),
                         "signature", "n", hub_identity_sign (who, text, NULL), "state", "s",
                         "live", "sequence", "i", (gint64) 1, NULL),
      1000, NULL, await_done, &await);
  g_assert_null (
      karez_peers_call_finish (KAREZ_PEERS (pair->hubs[1].peers), await_result (&await), &error));
  assert_rule (error, rule);
  g_object_unref (await.result);
}

/* Where a worker is told to send to is bound to session, hubs and generation by the hub's key. */
static void
test_signatures (Pair *pair, gconstpointer data)
{
  g_autofree char *directory = g_dir_make_tmp ("karez-stranger-XXXXXX", NULL);
  g_autofree char *other_session = hub_id_new ();
  g_autoptr (HubIdentity) stranger = hub_identity_open (directory, NULL, NULL);
  HubIdentity *partner = pair->hubs[1].identity;

  pair_go_live (pair);
  expect_refused (pair, stranger, pair->session, "127.0.0.1:9", "127.0.0.1:9", "peers/other-key");
  expect_refused (pair, pair->hubs[0].identity, pair->session, "127.0.0.1:9", "127.0.0.1:9",
                  "peers/other-key");
  expect_refused (pair, partner, other_session, "127.0.0.1:9", "127.0.0.1:9", "peers/signature");
  expect_refused (pair, partner, pair->session, "127.0.0.1:9", "127.0.0.1:10", "peers/signature");
  /* Well signed: it is the worker that does not accept such a key. */
  expect_refused (pair, partner, pair->session, "127.0.0.1:9", "127.0.0.1:9", "link/key");
  turn_for (200);
  g_assert_true (pair_link_is_up (pair));
}

#define PEOPLE                                                                                     \
  "select coalesce (md5 (string_agg (p::text, ',' order by p.id)), '') from engine.participant p"
#define PRESENT                                                                                    \
  "select count (*) from engine.participant where session = 'SESSION' and left_at is null"

static gboolean
deliver (Pair *pair, guint to, const char *state, gint64 state_sequence, gint64 sequence,
         GError **error)
{
  g_autoptr (JsonNode)
      body = karez_json_object ("session", "s", pair->session, "state", "s", state, "sequence", "i",
                                state_sequence, "reason", "s", "told by post", NULL);
  Await await = { 0 };
  gboolean done = FALSE;

  play_peers_deliver (pair->hubs[to].peers, "session.state", body, sequence, await_done, &await);
  done = g_task_propagate_boolean (G_TASK (await_result (&await)), error);
  g_object_unref (await.result);
  return done;
}

/* What the host's outbox brings to a mirror that has no worker: applied once, never backwards. */
static void
test_posts (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *events = "select count (*) from karez.event where session = 'SESSION' and action = "
                       "'session.state'";

  g_assert_true (deliver (pair, 1, "live", 5, 1, &error));
  g_assert_true (deliver (pair, 1, "live", 5, 1, &error));
  pair_expect_rows (&pair->hubs[1], events, pair->session, "1");
  g_assert_true (deliver (pair, 1, "ready", 3, 2, &error));
  g_assert_cmpint (hub_session_get_state (pair_session_of (pair, 1)), ==, KAREZ_STATE_LIVE);
  pair_expect_rows (&pair->hubs[1], "select state from engine.session where id = 'SESSION'",
                    pair->session, "live");
  /* Not to the host, and not what is no state. */
  g_assert_false (deliver (pair, 0, "ended", 9, 1, &error));
  assert_rule (error, "session/host");
  g_clear_error (&error);
  g_assert_false (deliver (pair, 1, "dancing", 9, 3, &error));
  assert_rule (error, "session/state");
  g_clear_error (&error);
  g_assert_true (deliver (pair, 1, "ended", 9, 3, &error));
  g_assert_null (pair_session_of (pair, 1));
  g_assert_cmpuint (pair->hubs[1].over, ==, 1);
  /* Late news of what is over is applied and changes nothing. */
  g_assert_true (deliver (pair, 1, "live", 12, 4, &error));
  pair_expect_rows (&pair->hubs[1], "select state from engine.session where id = 'SESSION'",
                    pair->session, "ended");
}

/* A post about a participant of session @session. */
static void
tell_person (Pair *pair, guint to, const char *session, const char *participant, gboolean left,
             const char *rule)
{
  static const char *const roles[] = { "clinician", NULL };
  static gint64 sequence[2];
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, "x", "X", roles, NULL, NULL);
  g_autoptr (JsonNode) body = karez_json_object (
      "session", "s", session, "participant", "s", participant, "role", "s", "writer", "left", "b",
      left, "actor", "n", karez_actor_to_json (actor), NULL);
  g_autoptr (GError) error = NULL;
  Await await = { 0 };
  g_autofree char *before = pair_ask (&pair->hubs[to], PEOPLE), *after = NULL;
  g_autofree char *applied = pair_ask (&pair->hubs[to], "select coalesce (max (applied), 0) from "
                                                        "karez.inbox where lane = 1");

  sequence[to] = g_ascii_strtoll (applied, NULL, 10) + 1;
  play_peers_deliver (pair->hubs[to].peers, "session.participant", body, sequence[to], await_done,
                      &await);
  g_task_propagate_boolean (G_TASK (await_result (&await)), &error);
  g_object_unref (await.result);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
  after = pair_ask (&pair->hubs[to], PEOPLE);
  if (rule != NULL)
    g_assert_cmpstr (before, ==, after);
}

/* The other hospital speaks for its own people in the session that it shares, and for nobody else.
 */
static void
test_others_people (Pair *pair, gconstpointer data)
{
  g_autofree char *ours = NULL, *theirs = hub_id_new (), *fill = NULL;
  const char *refused = "session/participant";

  pair_go_live (pair);
  ours = pair_join (pair, 0, "page-0");
  tell_person (pair, 0, pair->session, ours, TRUE, refused);
  tell_person (pair, 0, pair->session, ours, FALSE, refused);
  tell_person (pair, 0, pair->session, theirs, TRUE, refused);
  tell_person (pair, 0, theirs, theirs, FALSE, "session/unknown");
  tell_person (pair, 0, theirs, ours, TRUE, "session/unknown");
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "1");
  /* Its own come and go, once. */
  tell_person (pair, 0, pair->session, theirs, FALSE, NULL);
  tell_person (pair, 0, pair->session, theirs, FALSE, NULL);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "2");
  tell_person (pair, 0, pair->session, theirs, TRUE, NULL);
  tell_person (pair, 0, pair->session, theirs, TRUE, NULL);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "1");
  /* Not without end. */
  fill = g_strdup_printf (
      "set session_replication_role = replica; insert into engine.participant (id, session, actor, "
      "role, hospital) select gen_random_uuid (), session, actor, role, hospital from "
      "engine.participant, generate_series (1, 999) where id = '%s'; "
      "set session_replication_role = origin; select 1",
      theirs);
  g_free (pair_ask (&pair->hubs[0], fill));
  g_free (theirs);
  theirs = hub_id_new ();
  tell_person (pair, 0, pair->session, theirs, FALSE, refused);
}

/* A request id is its sender's choice. Returns: (transfer full): the participant, or NULL */
static char *
join_by_request (Pair *pair, guint i, const char *request, GError **error)
{
  static const char *const roles[] = { "clinician", NULL };
  HubSessions *sessions = hub_engine_get_sessions (pair->hubs[i].engine);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[i].id, "Somebody", roles, NULL, NULL);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (pair->hubs[i].store, "engine"), actor);
  g_autoptr (JsonNode) answer = NULL;
  Await await = { 0 };

  karez_transaction_set_request (transaction, request, "digest");
  hub_sessions_join_async (sessions, pair->session, "writer", TRUE, NULL, transaction, await_done,
                           &await);
  answer = hub_sessions_join_finish (sessions, await_result (&await), error);
  g_object_unref (await.result);
  return answer != NULL ? g_strdup (karez_json_text (json_node_get_object (answer), "participant"))
                        : NULL;
}

/* Nobody takes a place of the other hospital's by naming it, and each who was there is on record.
 */
static void
test_named_place (Pair *pair, gconstpointer data)
{
  g_autofree char *theirs = hub_id_new (), *own = hub_id_new (), *ours = NULL, *again = NULL;
  g_autofree char *fill = NULL;
  g_autoptr (GError) error = NULL;

  pair_go_live (pair);
  tell_person (pair, 0, pair->session, theirs, FALSE, NULL);
  g_assert_null (join_by_request (pair, 0, theirs, &error));
  assert_rule (error, "session/participant");
  g_clear_error (&error);
  g_assert_cmpuint (hub_session_people_count (hub_session_get_people (pair_session_of (pair, 0))),
                    ==, 0);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "1");
  ours = join_by_request (pair, 0, own, &error);
  g_assert_no_error (error);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "2");
  /* The answer was lost, and it is asked again. */
  again = join_by_request (pair, 0, own, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, ours);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "2");
  /* Not more often than the other hospital hears of. */
  fill = g_strdup_printf (
      "set session_replication_role = replica; insert into engine.participant (id, session, actor, "
      "role, hospital, left_at) select gen_random_uuid (), session, actor, role, hospital, now () "
      "from engine.participant, generate_series (1, 199) where id = '%s'; "
      "set session_replication_role = origin; select 1",
      ours);
  g_free (pair_ask (&pair->hubs[0], fill));
  g_assert_null (pair_ask_to_join (pair, 0, TRUE, &error));
  assert_rule (error, "session/joins");
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
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "1");
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
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "1");
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say ended");
}

static void
answer_anything (KarezMessage *message, GTask *task, gpointer data)
{
  g_autoptr (GBytes) text = g_bytes_new (data, strlen (data));

  g_task_return_pointer (task, karez_json_parse (text, 0, NULL), (GDestroyNotify) json_node_unref);
  g_object_unref (task);
}

/* A host that answers what is no answer: nobody at the mirror is shown it, and what leads away
 * from risk is done here all the same. */
static void
test_no_answer (Pair *pair, gconstpointer data)
{
  static const char *const answers[] = {
    "5",
    "[]",
    "{\"items\":[5]}",
    "{\"id\":\"x\",\"state\":\"live\",\"sequence\":1}",
    "{\"id\":\"0197e5f0-0000-7000-8000-0000000000aa\",\"state\":\"live\",\"sequence\":1}",
  };

  pair_go_live (pair);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (GError) error = NULL;

      karez_peers_handle_call (KAREZ_PEERS (pair->hubs[0].peers), "session.move", answer_anything,
                               (gpointer) answers[i], NULL, NULL);
      g_test_message ("%s", answers[i]);
      g_assert_null (pair_move (pair, 1, "resume", &error));
      assert_rule (error, "session/answer");
    }
  pair_move_well (pair, 1, "hold");
  pair_wait_for (pair, KAREZ_STATE_HELD, 10);
}

static void
answer_unknown (KarezMessage *message, GTask *task, gpointer data)
{
  g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                                              "There is no such session."));
  g_object_unref (task);
}

/* The link is quicker than the question: the host has stopped and knows the session no more when
 * it is asked to stop it. Who pressed is not told that there is no such session. */
static void
test_stopped_by_link (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  pair_go_live (pair);
  karez_peers_handle_call (KAREZ_PEERS (pair->hubs[0].peers), "session.move", answer_unknown, NULL,
                           NULL, NULL);
  g_assert_null (pair_move (pair, 1, "resume", &error));
  assert_rule (error, "session/unknown");
  pair_move_well (pair, 1, "stop");
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
  ADD ("/sessions/no-answer", NULL, test_no_answer);
  ADD ("/sessions/stopped-by-link", NULL, test_stopped_by_link);
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
  ADD ("/sessions/strangers", NULL, test_strangers);
  ADD ("/sessions/signatures", NULL, test_signatures);
  ADD ("/sessions/posts", NULL, test_posts);
  ADD ("/sessions/others-people", NULL, test_others_people);
  ADD ("/sessions/named-place", NULL, test_named_place);
  return g_test_run ();
}
