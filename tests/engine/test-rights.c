/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places in sessions end with the right to them, at both hospitals, within a second. */
#include "engine-pair.h"

#include "hub-id.h"

static const char *const clinician[] = { "clinician", NULL };
static const char *const desk[] = { "desk", NULL };

#define PRESENT                                                                                    \
  "select count (*) from engine.participant where session = 'SESSION' and left_at is null"

static HubSessions *
sessions_of (Pair *pair, guint i)
{
  return hub_engine_get_sessions (pair->hubs[i].engine);
}

static KarezActor *
person_of (Pair *pair, guint i, const char *const *roles)
{
  return karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[i].id, "Somebody", roles, NULL, NULL);
}

/* How many people the worker of one side knows of; -1 before its first snapshot. */
static int
count_at_worker (Pair *pair, guint i)
{
  HubSession *session = pair_session_of (pair, i);

  return session != NULL && hub_session_worker_get_people (hub_session_get_worker (session)) != NULL
                 && JSON_NODE_HOLDS_ARRAY (
                     hub_session_worker_get_people (hub_session_get_worker (session)))
             ? (int) json_array_get_length (json_node_get_array (
                 hub_session_worker_get_people (hub_session_get_worker (session))))
             : -1;
}

static gboolean
both_know_two (gpointer data)
{
  return count_at_worker (data, 0) == 2 && count_at_worker (data, 1) == 2;
}

static gboolean
host_knows_two (gpointer data)
{
  return count_at_worker (data, 0) == 2;
}

static gboolean
both_know_one (gpointer data)
{
  return count_at_worker (data, 0) == 1 && count_at_worker (data, 1) == 1;
}

static gboolean
says (Pair *pair, const char *connection, GError **error)
{
  g_autoptr (KarezActor) actor = person_of (pair, 0, clinician);
  g_autoptr (JsonNode)
      frame = karez_json_object ("type", "s", "message", "session", "s", pair->session, "body", "n",
                                 karez_json_object ("type", "s", "add", NULL), NULL);

  return hub_sessions_page (sessions_of (pair, 0), connection, actor, json_node_get_object (frame),
                            error);
}

static void
lose_account (Pair *pair)
{
  hub_sessions_account_changed (sessions_of (pair, 0), pair->hubs[0].id, NULL, TRUE);
}

static void
lose_role (Pair *pair)
{
  g_autoptr (KarezActor) actor = person_of (pair, 0, desk);

  hub_sessions_account_changed (sessions_of (pair, 0), pair->hubs[0].id, actor, FALSE);
}

static void
lose_page (Pair *pair)
{
  hub_sessions_page_revoked (sessions_of (pair, 0), "page-0");
}

/* The page is away, and something it could have been signed in by has ended. */
static void
lose_sign_in_while_away (Pair *pair)
{
  g_autoptr (KarezActor) actor = person_of (pair, 0, clinician);

  hub_sessions_page_closed (sessions_of (pair, 0), "page-0");
  hub_sessions_account_changed (sessions_of (pair, 0), pair->hubs[0].id, actor, TRUE);
}

static const struct
{
  const char *name;
  void (*lose) (Pair *pair);
} ways[] = {
  { "account", lose_account },
  { "role", lose_role },
  { "page", lose_page },
  { "sign-in-while-away", lose_sign_in_while_away },
};

/* The hubs of the next case start in the same databases. */
static void
end (Pair *pair)
{
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say over");
}

static void
test_lost (Pair *pair, gconstpointer data)
{
  g_autofree char *one = NULL, *two = NULL;
  g_autoptr (GError) error = NULL;
  void (*lose) (Pair * pair) = NULL;
  gint64 lost_at;

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    if (g_test_get_path () != NULL && g_str_has_suffix (g_test_get_path (), ways[i].name))
      lose = ways[i].lose;
  g_assert_nonnull (lose);
  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  two = pair_join (pair, 1, "page-1");
  pair_hear (pair, 0, "page-0", "\"count\":0");
  turn_until (both_know_two, pair, 10, "both workers know both people");

  lost_at = g_get_monotonic_time ();
  lose (pair);
  /* From this moment on, and not only once the worker has heard of it. */
  g_assert_false (says (pair, "page-0", &error));
  assert_rule (error, "session/participant");
  g_assert_cmpuint (hub_session_people_count (hub_session_get_people (pair_session_of (pair, 0))),
                    ==, 0);
  turn_until (both_know_one, pair, 5, "the person is out at both workers");
  /* Their snapshots come once a second. */
  g_assert_cmpint (g_get_monotonic_time () - lost_at, <, 2 * G_USEC_PER_SEC);
  turn_for (300);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "0");
  pair_expect_rows (&pair->hubs[0],
                    "select count (*) from karez.event where session = 'SESSION' and action = "
                    "'session.leave' and details ->> 'reason' = 'revoked'",
                    pair->session, "1");
  end (pair);
}

/* A correction of the title, or of a role that the place does not need, puts nobody out. */
static void
test_kept (Pair *pair, gconstpointer data)
{
  static const char *const more[] = { "clinician", "surgeon", NULL };
  g_autofree char *one = NULL;
  g_autoptr (KarezActor) actor = person_of (pair, 0, more);

  pair_go_live (pair);
  one = pair_join (pair, 0, "page-0");
  hub_sessions_account_changed (sessions_of (pair, 0), pair->hubs[0].id, actor, FALSE);
  hub_sessions_account_changed (sessions_of (pair, 0), pair->hubs[0].id, actor, TRUE);
  pair_say (pair, 0, "page-0", "add");
  pair_hear (pair, 0, "page-0", "\"count\":1");
  end (pair);
}

/* A join that is refused, with @rule. @lose: what happens meanwhile, or NULL
 * Returns: (transfer full): the error */
static GError *
join_in_vain_as (Pair *pair, const char *const *roles, const char *role, void (*lose) (Pair *pair),
                 const char *rule)
{
  g_autoptr (KarezActor) actor = person_of (pair, 0, roles);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (pair->hubs[0].store, "engine"), actor);
  g_autoptr (JsonNode) answer = NULL;
  GError *error = NULL;
  Await await = { 0 };

  pair_go_live (pair);
  hub_sessions_join_async (sessions_of (pair, 0), pair->session, role, FALSE, NULL, transaction,
                           await_done, &await);
  if (lose != NULL)
    lose (pair);
  answer = hub_sessions_join_finish (sessions_of (pair, 0), await_result (&await), &error);
  g_object_unref (await.result);
  g_assert_null (answer);
  assert_rule (error, rule);
  return error;
}

static GError *
join_in_vain (Pair *pair, const char *const *roles, void (*lose) (Pair *pair), const char *rule)
{
  return join_in_vain_as (pair, roles, "writer", lose, rule);
}

/* The right ends while the join is being recorded: it was committed, and there is no place. */
static void
test_while_joining (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = join_in_vain (pair, clinician, lose_account, "session/revoked");

  g_assert_cmpuint (hub_session_people_count (hub_session_get_people (pair_session_of (pair, 0))),
                    ==, 0);
  turn_for (300);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "0");
  end (pair);
}

/* Only accounts with the roles that the key file names take a role. */
static void
test_roles (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = join_in_vain (pair, desk, NULL, "session/account-role");

  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_DENIED);
  g_assert_cmpstr (karez_error_get_accepted (error), ==, "clinician");
  end (pair);
}

static gboolean
deliver_person (Pair *pair, guint to, const char *const *roles, const char *role, gint64 sequence,
                GError **error)
{
  g_autofree char *participant = hub_id_new ();
  g_autoptr (KarezActor) actor = person_of (pair, 1 - to, roles);
  g_autoptr (JsonNode)
      body = karez_json_object ("session", "s", pair->session, "participant", "s", participant,
                                "actor", "n", karez_actor_to_json (actor), "role", "s", role, NULL);
  Await await = { 0 };
  gboolean done;

  play_peers_deliver (pair->hubs[to].peers, "session.participant", body, sequence, await_done,
                      &await);
  done = g_task_propagate_boolean (G_TASK (await_result (&await)), error);
  g_object_unref (await.result);
  return done;
}

/* What the other hospital says of its people is held against the same table. */
static void
test_their_roles (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (deliver_person (pair, 0, desk, "writer", 1, &error));
  assert_rule (error, "session/account-role");
  g_clear_error (&error);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "0");
  g_assert_true (deliver_person (pair, 0, clinician, "writer", 1, &error));
  g_assert_no_error (error);
  pair_expect_rows (&pair->hubs[0], PRESENT, pair->session, "1");
}

/* Some roles are for people of one hospital alone: here, at the other one, and for whom the other
 * one lets in all the same. */
static void
test_hospitals_roles (Pair *pair, gconstpointer data)
{
  HubSessionPeople *people = NULL;
  g_autofree char *ours = hub_id_new ();
  g_autofree char *theirs = NULL;
  g_autoptr (KarezActor) actor = person_of (pair, 0, clinician);
  g_autoptr (JsonNode) frame = NULL;
  g_autoptr (GError)
      error = join_in_vain_as (pair, clinician, "watcher", NULL, "session/role-hospital");

  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_DENIED);
  g_assert_cmpstr (karez_error_get_accepted (error), ==, "writer");
  g_clear_error (&error);
  g_assert_false (deliver_person (pair, 1, clinician, "watcher", 1, &error));
  assert_rule (error, "session/role-hospital");
  g_clear_error (&error);
  g_assert_true (deliver_person (pair, 0, clinician, "watcher", 1, &error));
  g_assert_no_error (error);

  /* The host lets one in that only the other hospital may have: its worker does not. */
  people = hub_session_get_people (pair_session_of (pair, 0));
  hub_session_people_add (people, ours, actor, "watcher");
  frame = karez_json_object ("type", "s", "join", "session", "s", pair->session, "participant", "s",
                             ours, NULL);
  g_assert_true (hub_sessions_page (sessions_of (pair, 0), "page-0", actor,
                                    json_node_get_object (frame), &error));
  theirs = pair_join (pair, 1, "page-1");
  turn_until (host_knows_two, pair, 10, "the host's worker knows both people");
  turn_for (1500);
  g_assert_cmpint (count_at_worker (pair, 1), ==, 1);
  end (pair);
}

static gboolean
own_is_over (gpointer data)
{
  PairHub *hub = data;
  g_autofree char *state = pair_ask (hub, "select min (state) from engine.session");

  return g_str_equal (state, "ended") || g_str_equal (state, "failed");
}

static gboolean
worker_is_gone (gpointer data)
{
  return count_at_worker (data, 1) < 0
         && (pair_session_of (data, 1) == NULL
             || hub_session_worker_get_state (hub_session_get_worker (pair_session_of (data, 1)))
                    == HUB_WORKER_NONE);
}

/* The hospitals are not paired any more: the session ends at the hub that ended it, at once,
 * whether or not the other one may still be spoken to. */
static void
test_host_unpairs (Pair *pair, gconstpointer data)
{
  gint64 begun;

  pair_go_live (pair);
  begun = g_get_monotonic_time ();
  hub_sessions_partner_gone (sessions_of (pair, 0), pair->hubs[1].id);
  turn_until (own_is_over, &pair->hubs[0], 5, "the host's row says over");
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 2 * G_USEC_PER_SEC);
}

static void
test_mirror_unpairs (Pair *pair, gconstpointer data)
{
  gint64 begun;

  pair_go_live (pair);
  begun = g_get_monotonic_time ();
  hub_sessions_partner_gone (sessions_of (pair, 1), pair->hubs[0].id);
  turn_until (own_is_over, &pair->hubs[1], 5, "the mirror's row says over");
  turn_until (worker_is_gone, pair, 5, "the mirror's worker is gone");
  g_assert_cmpint (g_get_monotonic_time () - begun, <, 2 * G_USEC_PER_SEC);
  pair_move_well (pair, 0, "stop");
  turn_until (own_is_over, &pair->hubs[0], 10, "the host's row says over");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add (path, Pair, NULL, pair_set_up, func, pair_tear_down)
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autofree char *path = g_strconcat ("/rights/lost/", ways[i].name, NULL);

      ADD (path, test_lost);
    }
  ADD ("/rights/kept", test_kept);
  ADD ("/rights/while-joining", test_while_joining);
  ADD ("/rights/roles", test_roles);
  ADD ("/rights/their-roles", test_their_roles);
  ADD ("/rights/hospitals-roles", test_hospitals_roles);
  ADD ("/rights/host-unpairs", test_host_unpairs);
  ADD ("/rights/mirror-unpairs", test_mirror_unpairs);
  return g_test_run ();
}
