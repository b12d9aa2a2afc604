/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two hubs tell each other about their session. A call's sender is whom TLS says; it may
 * speak only of sessions that it shares with this hub, and only in its part. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-role-table.h"
#include "hub-session-accept.h"

#define MAX_SEQUENCE G_MAXINT32 /* of a state: one more at each edge */
#define MAX_TOLD 1000           /* participants of the partner, in all of a session */
/* Of whom so many are there at once. */
#define MAX_THERE 100

static const KarezJsonField endpoint_fields[] = {
  { "session", KAREZ_JSON_UUID, TRUE },
  { "endpoint", KAREZ_JSON_OBJECT, TRUE },
  { "signature", KAREZ_JSON_OBJECT, TRUE },
  { "state", KAREZ_JSON_TEXT, TRUE, 1, 16 },
  { "sequence", KAREZ_JSON_INTEGER, TRUE, 0, MAX_SEQUENCE },
  { NULL },
};

static const KarezJsonField move_fields[] = {
  { "session", KAREZ_JSON_UUID, TRUE },
  { "edge", KAREZ_JSON_ENUM, TRUE, 0, 0, "prepare|start|hold|panic|resume|stop" },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 1000 },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { "seen", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT64 },
  { "ask", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT64 },
  { NULL },
};

static const KarezJsonField worker_fields[] = {
  { "session", KAREZ_JSON_UUID, TRUE },
  { "worker", KAREZ_JSON_ENUM, TRUE, 0, 0, "none|starting|running|restarting|failed" },
  { NULL },
};

static const KarezJsonField state_fields[] = {
  { "session", KAREZ_JSON_UUID, TRUE },
  { "state", KAREZ_JSON_TEXT, TRUE, 1, 16 },
  { "sequence", KAREZ_JSON_INTEGER, TRUE, 1, MAX_SEQUENCE },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "actor", KAREZ_JSON_OBJECT },
  { NULL },
};

static const KarezJsonField person_fields[] = {
  { "session", KAREZ_JSON_UUID, TRUE }, { "participant", KAREZ_JSON_UUID, TRUE },
  { "actor", KAREZ_JSON_OBJECT },       { "role", KAREZ_JSON_TEXT, FALSE, 1, 32 },
  { "left", KAREZ_JSON_BOOLEAN },       { NULL },
};

/* What is under way for one message. */
typedef struct
{
  HubSessions *sessions;
  KarezMessage *message;
} Told;

static void
told_free (gpointer data)
{
  Told *told = data;

  g_object_unref (told->sessions);
  karez_message_unref (told->message);
  g_free (told);
}

static HubSessions *
sessions_of (GTask *task)
{
  return ((Told *) g_task_get_task_data (task))->sessions;
}

static KarezMessage *
message_of (GTask *task)
{
  return ((Told *) g_task_get_task_data (task))->message;
}

static JsonObject *
body_of (GTask *task)
{
  return json_node_get_object (karez_message_get_body (message_of (task)));
}

/* Keeps @message with @task. NULL: the task is answered */
static JsonObject *
read_body (HubSessions *self, KarezMessage *message, const KarezJsonField *fields, GTask *task)
{
  Told *told = g_new0 (Told, 1);
  GError *error = NULL;
  JsonObject *object = karez_json_check (karez_message_get_body (message), fields, &error);

  told->sessions = g_object_ref (self);
  told->message = karez_message_ref (message);
  g_task_set_task_data (task, told, told_free);
  if (object == NULL)
    g_task_return_error (task, error);
  return object;
}

/* Who at the partner's: its hub vouches for the name, and it is always marked as the partner's. */
static KarezActor *
actor_of (KarezMessage *message)
{
  JsonObject *object = json_node_get_object (karez_message_get_body (message));
  JsonNode *node = json_object_get_member (object, "actor");
  g_autoptr (KarezActor) theirs = node != NULL ? karez_actor_from_json (node, NULL) : NULL;

  if (theirs == NULL)
    return karez_actor_ref (karez_message_get_actor (message));
  return karez_actor_new (KAREZ_ACTOR_PEER, karez_actor_get_id (theirs),
                          karez_actor_get_name (theirs), karez_actor_get_roles (theirs), NULL,
                          karez_message_get_peer (message));
}

static gboolean
is_shared (HubSession *session, KarezMessage *message)
{
  return session != NULL
         && g_str_equal (hub_session_info_get_partner (hub_session_get_info (session)),
                         karez_message_get_peer (message));
}

/* A session that this hub shares with the sender. */
static gboolean
check_sender (HubSession *session, KarezMessage *message, GError **error)
{
  if (is_shared (session, message))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                          N_ ("There is no such session."));
}

/* The same of one that the sender hosts. */
static gboolean
check_host (HubSession *session, KarezMessage *message, GError **error)
{
  if (!check_sender (session, message, error))
    return FALSE;
  if (!hub_session_info_is_hosted (hub_session_get_info (session)))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/host", NULL,
                          N_ ("This hub hosts the session."));
}

/* The session that a call is about. NULL: the task is answered */
static HubSession *
find_session (GTask *task)
{
  HubSession *session = hub_sessions_get (sessions_of (task),
                                          karez_json_text (body_of (task), "session"));
  GError *error = NULL;

  if (check_sender (session, message_of (task), &error))
    return session;
  g_task_return_error (task, error);
  return NULL;
}

static void
answer_call (GTask *task, JsonNode *answer, GError *error)
{
  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

/* Calls "session.prepare" and "session.endpoint": where the sender's worker listens. */

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *answer = hub_session_accept_finish (HUB_SESSION_ACCEPT (source), result, &error);

  answer_call (task, answer, error);
}

static void
on_planned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  KarezMessage *message = message_of (task);
  GError *error = NULL;
  g_autoptr (HubSession) session = hub_sessions_plan_finish (HUB_SESSIONS (source), result, &error);

  if (session != NULL && check_host (session, message, &error)
      && hub_session_info_is_over (hub_session_get_info (session)))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/edge", NULL,
                     N_ ("The session is over."));
  if (error != NULL)
    g_task_return_error (task, error);
  else
    hub_session_accept (session, karez_message_get_actor (message), body_of (task), on_accepted,
                        g_object_ref (task));
}

static void
on_prepare (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  JsonObject *object = read_body (data, message, endpoint_fields, task);

  if (object != NULL)
    hub_sessions_plan_async (data, karez_json_text (object, "session"), on_planned,
                             g_object_ref (task));
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *answer = hub_session_exchange_answer_finish (result, &error);

  answer_call (task, answer, error);
}

static void
on_endpoint (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  JsonObject *object = read_body (data, message, endpoint_fields, task);
  HubSession *session = object != NULL ? find_session (task) : NULL;

  if (session != NULL)
    hub_session_exchange_answer_async (hub_session_get_exchange (session), object, on_connected,
                                       g_object_ref (task));
}

/* Call "session.move": somebody at the mirror asks. */

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *answer = hub_session_move_finish (HUB_SESSION_MOVE (source), result, &error);

  answer_call (task, answer, error);
}

static void
on_move (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  JsonObject *object = read_body (data, message, move_fields, task);
  HubSession *session = object != NULL ? find_session (task) : NULL;
  g_autoptr (KarezActor) actor = NULL;
  HubSessionStep step = { 0 };
  GError *error = NULL;

  if (session == NULL)
    return;
  if (!hub_session_info_is_hosted (hub_session_get_info (session)))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/host", NULL,
                     N_ ("The other hospital hosts the session."));
  step.edge = karez_json_text (object, "edge");
  step.reason = karez_json_text (object, "reason");
  step.seen = karez_json_integer (object, "seen", 0);
  step.ask = karez_json_integer (object, "ask", 0);
  /* What comes late must not lift what was said since. */
  if (error == NULL && !step.seen && !hub_session_machine_is_away (step.edge)
      && !g_str_equal (step.edge, "prepare"))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "session/seen",
                     N_ ("the sequence of the state that is lifted"),
                     N_ ("The step “%s” does not say which state it was asked in."), step.edge);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  actor = actor_of (message);
  hub_session_move (session, &step, actor, NULL, on_moved, g_object_ref (task));
}

/* Call "session.worker": how the sender's worker is. */

static void
on_worker (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  JsonObject *object = read_body (data, message, worker_fields, task);
  HubSession *session = object != NULL ? find_session (task) : NULL;

  if (session == NULL)
    return;
  hub_session_take_partner_worker (session, karez_json_text (object, "worker"));
  answer_call (task, karez_json_object ("done", "b", TRUE, NULL), NULL);
}

/* Post "session.state": the host's record, applied once. */

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  JsonObject *object = body_of (task);
  HubSession *session = hub_sessions_get (sessions_of (task), karez_json_text (object, "session"));
  g_autoptr (JsonNode) state = NULL;
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (session != NULL && json_object_has_member (object, "state"))
    {
      state = karez_json_object ("state", "s", karez_json_text (object, "state"), "sequence", "i",
                                 karez_json_integer (object, "sequence", 0), "reason", "s",
                                 karez_json_text (object, "reason"), NULL);
      hub_session_follow (session, state, karez_message_get_actor (message_of (task)));
    }
  g_task_return_boolean (task, TRUE);
}

static KarezTransaction *
begin_applied (GTask *task)
{
  KarezMessage *message = message_of (task);
  g_autoptr (KarezActor) actor = actor_of (message);
  KarezTransaction *transaction = karez_store_begin (
      hub_sessions_get_services (sessions_of (task))->store, actor);

  karez_transaction_about (transaction, karez_json_text (body_of (task), "session"), NULL);
  karez_transaction_applied (transaction, message);
  return transaction;
}

static void
apply_state (HubSession *session, GTask *task)
{
  JsonObject *object = body_of (task);
  g_autoptr (KarezTransaction) transaction = NULL;
  GError *error = NULL;
  KarezState state;

  if (check_host (session, message_of (task), &error)
      && !karez_state_from_name (karez_json_text (object, "state"), &state))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "session/state", NULL,
                     N_ ("There is no state “%s”."), karez_json_text (object, "state"));
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  transaction = begin_applied (task);
  hub_session_info_put_state (hub_session_get_info (session), transaction, "session.state", state,
                              karez_json_integer (object, "sequence", 0),
                              karez_json_text (object, "reason"), FALSE);
  karez_transaction_commit_async (transaction, NULL, on_applied, g_object_ref (task));
}

/* What is posted about a session that is over here already changes nothing; it is only applied, if
 * the session is one that is shared with the sender. */
static void
apply_nothing (GTask *task)
{
  KarezMessage *message = message_of (task);
  g_autoptr (KarezTransaction) transaction = begin_applied (task);

  karez_transaction_run_one (transaction, "session/unknown", N_ ("There is no such session."),
                             "session_shared", "(ss)", karez_json_text (body_of (task), "session"),
                             karez_message_get_peer (message));
  karez_transaction_event (
      transaction, "session.late-message", NULL, NULL,
      karez_json_object ("topic", "s", karez_message_get_topic (message), NULL));
  karez_transaction_commit_async (transaction, NULL, on_applied, g_object_ref (task));
}

static void
on_state_planned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (HubSession) session = hub_sessions_plan_finish (HUB_SESSIONS (source), result, &error);

  if (session != NULL)
    apply_state (session, task);
  else if (karez_error_is_conflict (error))
    {
      g_error_free (error);
      apply_nothing (task);
    }
  else
    g_task_return_error (task, error);
}

static void
on_state (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  JsonObject *object = read_body (data, message, state_fields, task);

  if (object != NULL)
    hub_sessions_plan_async (data, karez_json_text (object, "session"), on_state_planned,
                             g_object_ref (task));
}

/* Post "session.participant": somebody at the partner's came or left. */

/* The other hospital vouches for its accounts' roles; whether one of those may take the role is
 * looked at here as well. A kind of session that no plugin offers now is only written down. */
static gboolean
check_their_role (HubSession *session, KarezActor *actor, const char *role, GError **error)
{
  JsonNode *table = hub_session_find_takers (session, TRUE, NULL);

  return table == NULL || hub_role_table_check (table, role, karez_actor_get_roles (actor), error);
}

static void
put_person (KarezTransaction *transaction, GTask *task, KarezActor *actor, gboolean left)
{
  JsonObject *object = body_of (task);
  const char *id = karez_json_text (object, "session");
  const char *participant = karez_json_text (object, "participant");
  const char *role = karez_json_text (object, "role");
  const char *peer = karez_message_get_peer (message_of (task));
  g_autoptr (JsonNode) node = karez_actor_to_json (actor);
  g_autofree char *text = karez_json_print (node);

  if (left)
    karez_transaction_run_one (transaction, "session/participant",
                               N_ ("The other hospital has no such participant in the session"),
                               "participant_leave_told", "(sss)", participant, peer, id);
  else
    karez_transaction_run_one (transaction, "session/participant",
                               N_ ("The other hospital has no such participant in the session"),
                               "participant_add_told", "(sssssxx)", participant, peer, id, text,
                               role != NULL ? role : "", (gint64) MAX_TOLD, (gint64) MAX_THERE);
  karez_transaction_event (transaction, left ? "session.leave" : "session.join", "session", id,
                           karez_json_object ("participant", "s", participant, NULL));
}

static void
on_person (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  JsonObject *object = read_body (data, message, person_fields, task);
  HubSession *session = object != NULL
                            ? hub_sessions_get (data, karez_json_text (object, "session"))
                            : NULL;
  const char *role = object != NULL ? karez_json_text (object, "role") : NULL;
  gboolean left = object != NULL && karez_json_boolean (object, "left");
  g_autoptr (KarezTransaction) transaction = NULL;
  KarezActor *actor = NULL;
  GError *error = NULL;

  if (object == NULL)
    return;
  if (!is_shared (session, message))
    {
      apply_nothing (task);
      return;
    }
  transaction = begin_applied (task);
  actor = karez_transaction_get_actor (transaction);
  if (!left && !check_their_role (session, actor, role != NULL ? role : "", &error))
    {
      g_task_return_error (task, error);
      return;
    }
  put_person (transaction, task, actor, left);
  karez_transaction_commit_async (transaction, NULL, on_applied, g_object_ref (task));
}

gboolean
hub_sessions_add_topics (HubSessions *self, GError **error)
{
  KarezPeers *peers = hub_sessions_get_services (self)->peers;

  return karez_peers_handle_call (peers, HUB_SESSION_TOPIC_PREPARE, on_prepare, self, NULL, error)
         && karez_peers_handle_call (peers, HUB_SESSION_TOPIC_ENDPOINT, on_endpoint, self, NULL,
                                     error)
         && karez_peers_handle_call (peers, HUB_SESSION_TOPIC_MOVE, on_move, self, NULL, error)
         && karez_peers_handle_call (peers, HUB_SESSION_TOPIC_WORKER, on_worker, self, NULL, error)
         && karez_peers_handle_post (peers, HUB_SESSION_TOPIC_STATE, on_state, self, NULL, error)
         && karez_peers_handle_post (peers, HUB_SESSION_TOPIC_PERSON, on_person, self, NULL, error);
}
