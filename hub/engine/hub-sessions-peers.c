/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two hubs tell each other about their session. A call's sender is whom TLS says; it may
 * speak only of sessions that it shares with this hub, and only in its part. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-role-table.h"

#define TELL_MS 5000
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

/* A session that this hub shares with the sender. */
static gboolean
check_sender (HubSession *session, KarezMessage *message, GError **error)
{
  if (session && g_str_equal (session->partner, karez_message_get_peer (message)))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                          N_ ("There is no such session."));
}

/* Calls "session.prepare" and "session.endpoint": where the sender's worker listens. */

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *answer = hub_sessions_connect_finish (HUB_SESSIONS (source), result, &error);

  if (answer)
    g_task_return_pointer (task, answer, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static JsonObject *
offer_of (GTask *task)
{
  KarezMessage *message = g_object_get_data (G_OBJECT (task), "message");

  return json_node_get_object (karez_message_get_body (message));
}

/* The worker is there, or will not come. */
static void
connect_again (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;

  hub_sessions_connect_async (HUB_SESSIONS (source), hub_task_session (task), offer_of (task),
                              on_connected, g_object_ref (task));
}

static void
wait_for_worker (HubSession *session, GTask *task)
{
  g_object_set_data (G_OBJECT (task), "again", connect_again);
  g_ptr_array_add (session->waiting, g_object_ref (task));
}

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_sessions_begin_worker_finish (HUB_SESSIONS (source), result, &error))
    wait_for_worker (hub_task_session (task), task);
  else
    g_task_return_error (task, error);
}

static void
mirror_host (HubSessions *self, HubSession *session, GTask *task)
{
  KarezMessage *message = g_object_get_data (G_OBJECT (task), "message");
  g_autoptr (KarezTransaction) transaction = NULL;

  if (session->worker == HUB_WORKER_RUNNING)
    hub_sessions_connect_async (self, session, offer_of (task), on_connected, g_object_ref (task));
  else if (session->worker == HUB_WORKER_STARTING || session->worker == HUB_WORKER_RESTARTING)
    wait_for_worker (session, task);
  else
    {
      session->worker = HUB_WORKER_STARTING;
      transaction = karez_store_begin (self->store, karez_message_get_actor (message));
      hub_sessions_begin_worker (self, session, transaction, on_begun, g_object_ref (task));
    }
}

static void
on_planned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = HUB_SESSIONS (source);
  KarezMessage *message = g_object_get_data (G_OBJECT (task), "message");
  GError *error = NULL;
  HubSession *session = hub_sessions_plan_finish (self, result, &error);

  if (session && check_sender (session, message, &error) && session->hosted)
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/host", NULL,
                     N_ ("This hub hosts the session."));
  if (!error && hub_state_is_over (session->state))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/edge", NULL,
                     N_ ("The session is over."));
  if (error)
    {
      g_task_return_error (task, error);
      return;
    }
  hub_task_set_session (task, session);
  mirror_host (self, session, task);
}

static JsonObject *
read_call (KarezMessage *message, const KarezJsonField *fields, GTask *task)
{
  GError *error = NULL;
  JsonObject *object = karez_json_check (karez_message_get_body (message), fields, &error);

  g_object_set_data_full (G_OBJECT (task), "message", karez_message_ref (message),
                          (GDestroyNotify) karez_message_unref);
  if (!object)
    g_task_return_error (task, error);
  return object;
}

static void
on_prepare (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  JsonObject *object = read_call (message, endpoint_fields, task);

  if (object)
    hub_sessions_plan_async (data, karez_json_text (object, "session"), on_planned,
                             g_object_ref (task));
}

static void
on_endpoint (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  HubSessions *self = data;
  JsonObject *object = read_call (message, endpoint_fields, task);
  HubSession *session = object ? hub_sessions_get (self, karez_json_text (object, "session"))
                               : NULL;
  GError *error = NULL;

  if (!object)
    return;
  if (!check_sender (session, message, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  hub_sessions_connect_async (self, session, object, on_connected, g_object_ref (task));
}

/* Call "session.move": somebody at the mirror asks. */

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *answer = hub_sessions_move_finish (HUB_SESSIONS (source), result, &error);

  if (answer)
    g_task_return_pointer (task, answer, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static void
on_move (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  HubSessions *self = data;
  JsonObject *object = read_call (message, move_fields, task);
  HubSession *session = object ? hub_sessions_get (self, karez_json_text (object, "session"))
                               : NULL;
  g_autoptr (KarezActor) actor = NULL;
  HubSessionStep step = { 0 };
  GError *error = NULL;

  if (!object)
    return;
  if (check_sender (session, message, &error) && !session->hosted)
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/host", NULL,
                     N_ ("The other hospital hosts the session."));
  step.edge = karez_json_text (object, "edge");
  step.reason = karez_json_text (object, "reason");
  step.seen = karez_json_integer (object, "seen", 0);
  step.ask = karez_json_integer (object, "ask", 0);
  /* What comes late must not lift what was said since. */
  if (!error && !step.seen && !hub_session_machine_is_away (step.edge)
      && !g_str_equal (step.edge, "prepare"))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "session/seen",
                     N_ ("the sequence of the state that is lifted"),
                     N_ ("The step “%s” does not say which state it was asked in."), step.edge);
  if (error)
    {
      g_task_return_error (task, error);
      return;
    }
  actor = hub_sessions_peer_actor (message, json_object_get_member (object, "actor"));
  hub_sessions_move_async (self, session->id, &step, actor, NULL, on_moved, g_object_ref (task));
}

/* Call "session.worker": how the sender's worker is. */

static void
on_worker (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  HubSessions *self = data;
  JsonObject *object = read_call (message, worker_fields, task);
  HubSession *session = object ? hub_sessions_get (self, karez_json_text (object, "session"))
                               : NULL;
  GError *error = NULL;

  if (!object)
    return;
  if (!check_sender (session, message, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_free (session->partner_worker);
  session->partner_worker = g_strdup (karez_json_text (object, "worker"));
  hub_sessions_tell_pages (self, session);
  g_task_return_pointer (task, karez_json_object ("done", "b", TRUE, NULL),
                         (GDestroyNotify) json_node_unref);
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = karez_peers_call_finish (KAREZ_PEERS (source), result, &error);

  /* It is only news; the link and the next call say the same. */
  if (!answer)
    hub_info ("sessions", id, "The partner could not be told at once: %s", error->message);
}

void
hub_sessions_tell_partner (HubSessions *self, HubSession *session)
{
  karez_peers_call_async (self->peers, session->partner, HUB_SESSION_TOPIC_WORKER,
                          karez_json_object ("session", "s", session->id, "worker", "s",
                                             hub_worker_state_name (session->worker), NULL),
                          TELL_MS, self->cancellable, on_told, g_strdup (session->id));
}

/* Post "session.state": the host's record, applied once. */

static void
on_mirrored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (!answer)
    hub_info ("sessions", id, "The mirror could not be told: %s", error->message);
}

static void
follow (HubSessions *self, HubSession *session, JsonObject *object, KarezActor *actor)
{
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);
  g_autoptr (JsonNode) node = NULL;
  KarezState state;

  if (!karez_state_from_name (karez_json_text (object, "state"), &state))
    return;
  if (proxy && session->worker == HUB_WORKER_RUNNING)
    {
      node = karez_json_object ("state", "s", karez_json_text (object, "state"), "sequence", "i",
                                karez_json_integer (object, "sequence", 0), "reason", "s",
                                karez_json_text (object, "reason"), NULL);
      hub_worker_proxy_mirror_async (proxy, node, NULL, on_mirrored, g_strdup (session->id));
    }
  if (hub_session_take_state (session, state, karez_json_integer (object, "sequence", 0),
                              karez_json_text (object, "reason")))
    hub_sessions_tell_pages (self, session);
  if (!hub_state_is_over (session->state))
    return;
  hub_sessions_over (self, session, actor);
  if (session->worker == HUB_WORKER_NONE || session->worker == HUB_WORKER_FAILED)
    hub_sessions_close (self, session);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  KarezMessage *message = g_object_get_data (G_OBJECT (task), "message");
  HubSessions *self = g_object_get_data (G_OBJECT (task), "sessions");
  JsonObject *object = json_node_get_object (karez_message_get_body (message));
  HubSession *session = hub_sessions_get (self, karez_json_text (object, "session"));
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (session && json_object_has_member (object, "state"))
    follow (self, session, object, karez_message_get_actor (message));
  g_task_return_boolean (task, TRUE);
}

static KarezTransaction *
begin_applied (HubSessions *self, KarezMessage *message, GTask *task, JsonObject *object)
{
  const char *id = karez_json_text (object, "session");
  JsonNode *node = json_object_get_member (object, "actor");
  g_autoptr (KarezActor) actor = hub_sessions_peer_actor (message, node);
  KarezTransaction *transaction = karez_store_begin (self->store, actor);

  karez_transaction_about (transaction, id, NULL);
  karez_transaction_applied (transaction, message);
  g_object_set_data_full (G_OBJECT (task), "sessions", g_object_ref (self), g_object_unref);
  return transaction;
}

static void
apply_state (HubSessions *self, HubSession *session, GTask *task)
{
  KarezMessage *message = g_object_get_data (G_OBJECT (task), "message");
  JsonObject *object = json_node_get_object (karez_message_get_body (message));
  g_autoptr (KarezTransaction) transaction = NULL;
  GError *error = NULL;
  KarezState state;

  if (check_sender (session, message, &error) && session->hosted)
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/host", NULL,
                     N_ ("This hub hosts the session."));
  if (!error && !karez_state_from_name (karez_json_text (object, "state"), &state))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "session/state", NULL,
                     N_ ("There is no state “%s”."), karez_json_text (object, "state"));
  if (error)
    {
      g_task_return_error (task, error);
      return;
    }
  transaction = begin_applied (self, message, task, object);
  hub_sessions_put_state (self, session, transaction, "session.state", state,
                          karez_json_integer (object, "sequence", 0),
                          karez_json_text (object, "reason"), FALSE);
  karez_transaction_commit_async (transaction, NULL, on_applied, g_object_ref (task));
}

/* What is posted about a session that is over here already changes nothing; it is only applied, if
 * the session is one that is shared with the sender. */
static void
apply_nothing (HubSessions *self, GTask *task)
{
  KarezMessage *message = g_object_get_data (G_OBJECT (task), "message");
  JsonObject *object = json_node_get_object (karez_message_get_body (message));
  g_autoptr (KarezTransaction) transaction = begin_applied (self, message, task, object);

  karez_transaction_run_one (transaction, "session/unknown", N_ ("There is no such session."),
                             "session_shared", "(ss)", karez_json_text (object, "session"),
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
  HubSessions *self = HUB_SESSIONS (source);
  GError *error = NULL;
  HubSession *session = hub_sessions_plan_finish (self, result, &error);

  if (session)
    apply_state (self, session, task);
  else if (karez_error_is_conflict (error))
    {
      g_error_free (error);
      apply_nothing (self, task);
    }
  else
    g_task_return_error (task, error);
}

static void
on_state (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  JsonObject *object = read_call (message, state_fields, task);

  if (object)
    hub_sessions_plan_async (data, karez_json_text (object, "session"), on_state_planned,
                             g_object_ref (task));
}

/* The other hospital vouches for its accounts' roles; whether one of those may take the role is
 * looked at here as well. A kind of session that no plugin offers now is only written down. */
static gboolean
check_their_role (HubSessions *self, HubSession *session, JsonObject *object,
                  KarezTransaction *transaction, GError **error)
{
  const char *role = karez_json_text (object, "role");
  JsonNode *table = hub_sessions_role_table (self, session, NULL);

  return !table
         || hub_role_table_check (table, role ? role : "",
                                  karez_actor_get_roles (karez_transaction_get_actor (transaction)),
                                  error);
}

/* Post "session.participant": somebody at the partner's came or left. */
static void
on_person (KarezMessage *message, GTask *given, gpointer data)
{
  g_autoptr (GTask) task = given;
  HubSessions *self = data;
  JsonObject *object = read_call (message, person_fields, task);
  const char *id = object ? karez_json_text (object, "session") : NULL;
  const char *participant = object ? karez_json_text (object, "participant") : NULL;
  const char *peer = karez_message_get_peer (message);
  HubSession *session = object ? hub_sessions_get (self, id) : NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  GError *error = NULL;
  gboolean left = object && karez_json_boolean (object, "left");

  if (!object)
    return;
  if (!session || !g_str_equal (session->partner, peer))
    {
      apply_nothing (self, task);
      return;
    }
  transaction = begin_applied (self, message, task, object);
  if (!left && !check_their_role (self, session, object, transaction, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  node = karez_actor_to_json (karez_transaction_get_actor (transaction));
  text = karez_json_print (node);
  if (left)
    karez_transaction_run_one (transaction, "session/participant",
                               N_ ("The other hospital has no such participant in the session"),
                               "participant_leave_told", "(sss)", participant, peer, id);
  else
    karez_transaction_run_one (transaction, "session/participant",
                               N_ ("The other hospital has no such participant in the session"),
                               "participant_add_told", "(sssssxx)", participant, peer, id, text,
                               karez_json_text (object, "role") ? karez_json_text (object, "role")
                                                                : "",
                               (gint64) MAX_TOLD, (gint64) MAX_THERE);
  karez_transaction_event (transaction, left ? "session.leave" : "session.join", "session", id,
                           karez_json_object ("participant", "s", participant, NULL));
  karez_transaction_commit_async (transaction, NULL, on_applied, g_object_ref (task));
}

gboolean
hub_sessions_add_topics (HubSessions *self, GError **error)
{
  return karez_peers_handle_call (self->peers, HUB_SESSION_TOPIC_PREPARE, on_prepare, self, NULL,
                                  error)
         && karez_peers_handle_call (self->peers, HUB_SESSION_TOPIC_ENDPOINT, on_endpoint, self,
                                     NULL, error)
         && karez_peers_handle_call (self->peers, HUB_SESSION_TOPIC_MOVE, on_move, self, NULL,
                                     error)
         && karez_peers_handle_call (self->peers, HUB_SESSION_TOPIC_WORKER, on_worker, self, NULL,
                                     error)
         && karez_peers_handle_post (self->peers, HUB_SESSION_TOPIC_STATE, on_state, self, NULL,
                                     error)
         && karez_peers_handle_post (self->peers, HUB_SESSION_TOPIC_PERSON, on_person, self, NULL,
                                     error);
}
