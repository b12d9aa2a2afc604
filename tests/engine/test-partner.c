/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the partner's hub says of a session: calls, posts, answers, and its people. */
#include "engine-pair.h"

#include "hub-id.h"

#include <string.h>

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
  pair_expect_rows (&pair->hubs[0], PAIR_PRESENT, pair->session, "1");
  /* Its own come and go, once. */
  tell_person (pair, 0, pair->session, theirs, FALSE, NULL);
  tell_person (pair, 0, pair->session, theirs, FALSE, NULL);
  pair_expect_rows (&pair->hubs[0], PAIR_PRESENT, pair->session, "2");
  tell_person (pair, 0, pair->session, theirs, TRUE, NULL);
  tell_person (pair, 0, pair->session, theirs, TRUE, NULL);
  pair_expect_rows (&pair->hubs[0], PAIR_PRESENT, pair->session, "1");
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
  pair_expect_rows (&pair->hubs[0], PAIR_PRESENT, pair->session, "1");
  ours = join_by_request (pair, 0, own, &error);
  g_assert_no_error (error);
  pair_expect_rows (&pair->hubs[0], PAIR_PRESENT, pair->session, "2");
  /* The answer was lost, and it is asked again. */
  again = join_by_request (pair, 0, own, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again, ==, ours);
  pair_expect_rows (&pair->hubs[0], PAIR_PRESENT, pair->session, "2");
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
  ADD ("/partner/no-answer", NULL, test_no_answer);
  ADD ("/partner/stopped-by-link", NULL, test_stopped_by_link);
  ADD ("/partner/strangers", NULL, test_strangers);
  ADD ("/partner/signatures", NULL, test_signatures);
  ADD ("/partner/posts", NULL, test_posts);
  ADD ("/partner/others-people", NULL, test_others_people);
  ADD ("/partner/named-place", NULL, test_named_place);
  return g_test_run ();
}
