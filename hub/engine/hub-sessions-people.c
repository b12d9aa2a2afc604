/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who of this hospital is in a session, and the pages they look at it with. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-role-table.h"

/* A page that is away longer has left. */
#define AWAY_S 30
#define MAX_PERSONS 100
/* What is told to the partner, which takes 1,000 of one hospital. */
#define MAX_JOINS 900
#define MAX_JOINS_OF_PERSON 200

/* Leaving: done, then recorded. */

static void
on_worker_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (!answer)
    hub_info ("sessions", id, "The worker did not take a change of people: %s", error->message);
}

static void
leave_worker (HubSessions *self, HubSession *session, const char *participant, const char *reason)
{
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);

  if (proxy)
    hub_worker_proxy_leave_async (proxy, participant, reason, NULL, on_worker_told,
                                  g_strdup (session->id));
}

typedef struct
{
  char *participant, *reason;
  KarezActor *actor;
} Leave;

static void
leave_free (gpointer data)
{
  Leave *leave = data;

  karez_actor_unref (leave->actor);
  g_free (leave->participant);
  g_free (leave->reason);
  g_free (leave);
}

static void
put_leave (HubSession *session, KarezTransaction *transaction, gpointer data)
{
  Leave *leave = data;

  karez_transaction_about (transaction, session->id, NULL);
  karez_transaction_run (transaction, "participant_leave", "(ss)", leave->participant, session->id);
  karez_transaction_event (transaction, "session.leave", "session", session->id,
                           karez_json_object ("participant", "s", leave->participant, "reason", "s",
                                              leave->reason, NULL));
  karez_transaction_post (
      transaction, session->partner, KAREZ_LANE_AGENDA, HUB_SESSION_TOPIC_PERSON,
      karez_json_object ("session", "s", session->id, "participant", "s", leave->participant,
                         "actor", "n", karez_actor_to_json (leave->actor), "left", "b", TRUE,
                         NULL));
}

static void
on_leave_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  HubSession *session = hub_task_session (data);
  g_autoptr (GObject) place = data;
  const char *participant = g_object_get_data (place, "participant");
  g_autoptr (GError) error = NULL;
  gboolean done = hub_sessions_record_finish (HUB_SESSIONS (source), result, &error);
  g_autoptr (GPtrArray) tasks = g_hash_table_lookup (session->leaving, participant);

  g_ptr_array_ref (tasks);
  g_hash_table_remove (session->leaving, participant);
  for (guint i = 0; i < tasks->len; i++)
    if (done)
      g_task_return_boolean (tasks->pdata[i], TRUE);
    else
      g_task_return_error (tasks->pdata[i], g_error_copy (error));
}

/* Away from risk: done, then recorded, until that is durable. Who asks for the same meanwhile waits
 * for that record. @transaction: (nullable): the request's @task: (transfer full) (nullable) */
static void
leave_now (HubSessions *self, HubSession *session, HubSessionPerson *person, const char *reason,
           KarezTransaction *transaction, GTask *task)
{
  Leave *leave = g_new0 (Leave, 1);
  g_autoptr (KarezTransaction) own = transaction ? g_object_ref (transaction)
                                                 : karez_store_begin (self->store, person->actor);
  GPtrArray *tasks = g_ptr_array_new_with_free_func (g_object_unref);
  GObject *place = g_object_new (G_TYPE_OBJECT, NULL);

  leave->participant = g_strdup (person->id);
  leave->reason = g_strdup (reason);
  leave->actor = karez_actor_ref (person->actor);
  hub_task_set_session (place, session);
  g_object_set_data_full (place, "participant", g_strdup (person->id), g_free);
  if (task)
    g_ptr_array_add (tasks, task);
  g_hash_table_replace (session->leaving, g_strdup (person->id), tasks);
  leave_worker (self, session, person->id, reason);
  g_hash_table_remove (session->persons, leave->participant);
  hub_sessions_record_async (self, session, own, put_leave, leave, leave_free, on_leave_recorded,
                             place);
}

/* The page that is not of this session any more, and why; one that is closed hears nothing. */
static void
tell_put_out (HubSessions *self, HubSession *session, HubSessionPerson *person, const char *reason)
{
  if (self->pages && person->connection && g_strcmp0 (reason, "uninvited") == 0)
    self->pages->send (self->pages_data, person->connection,
                       karez_json_object ("type", "s", "removed", "session", "s", session->id,
                                          "participant", "s", person->id, "reason", "s", reason,
                                          NULL));
}

void
hub_sessions_put_out (HubSessions *self, HubSession *session, HubSessionPerson *person,
                      const char *reason)
{
  tell_put_out (self, session, person, reason);
  leave_now (self, session, person, reason, NULL, NULL);
}

void
hub_sessions_leave_async (HubSessions *self, const char *id, const char *participant,
                          KarezTransaction *transaction, GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSession *session = hub_sessions_get (self, id);
  HubSessionPerson *person = session ? g_hash_table_lookup (session->persons, participant) : NULL;
  GPtrArray *leaving = session ? g_hash_table_lookup (session->leaving, participant) : NULL;
  KarezActor *actor = karez_transaction_get_actor (transaction);

  g_task_set_source_tag (task, hub_sessions_leave_async);
  if (!person && leaving)
    {
      g_ptr_array_add (leaving, g_steal_pointer (&task));
      return;
    }
  if (!person)
    {
      /* Gone already: a retry finds nobody. */
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (!g_str_equal (karez_actor_get_id (person->actor), karez_actor_get_id (actor))
      && karez_actor_get_kind (actor) != KAREZ_ACTOR_LOCAL)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_DENIED, "session/participant", NULL,
                                                  N_ ("Everybody can only leave for "
                                                      "themselves.")));
      return;
    }
  /* Done before it is recorded: it is recorded whatever became of the right to ask for it. */
  karez_transaction_set_guard (transaction, NULL, NULL);
  leave_now (self, session, person, "left", transaction, g_steal_pointer (&task));
}

gboolean
hub_sessions_leave_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_sessions_leave_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Joining: recorded, then done, when the page binds itself. */

/* The page that had the place is told, so that it does not come back by itself. */
static void
tell_replaced (HubSessions *self, HubSession *session, HubSessionPerson *person)
{
  if (self->pages && person->connection)
    self->pages->send (self->pages_data, person->connection,
                       karez_json_object ("type", "s", "replaced", "session", "s", session->id,
                                          "participant", "s", person->id, NULL));
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSession *session = hub_task_session (task);
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  const char *id = g_object_get_data (G_OBJECT (task), "participant");
  const char *role = g_object_get_data (G_OBJECT (task), "role");
  KarezActor *actor = karez_transaction_get_actor (transaction);
  HubSessions *self = g_task_get_source_object (task);
  HubSessionPerson *other = NULL;
  GError *error = NULL;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (!g_hash_table_contains (session->persons, id) && karez_transaction_is_repeated (transaction))
    {
      /* Nothing was asked or recorded this time. */
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "session/participant",
                                                  N_ ("a new request id"),
                                                  N_ ("This participant is not in the session.")));
      return;
    }
  if (!g_hash_table_contains (session->persons, id))
    hub_sessions_await_page (session, hub_session_add_person (session, id, actor, role));
  /* The right ended after the commit, and before it was heard of here. */
  if (!hub_sessions_check_since (
          self, actor, GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (task), "begun")), &error))
    {
      hub_sessions_put_out (self, session, g_hash_table_lookup (session->persons, id), "revoked");
      g_task_return_error (task, error);
      return;
    }
  while ((other = hub_session_find_other (session, actor, id)))
    {
      tell_replaced (self, session, other);
      hub_sessions_put_out (self, session, other, "replaced");
    }
  g_task_return_pointer (task, karez_json_object ("participant", "s", id, NULL),
                         (GDestroyNotify) json_node_unref);
}

JsonNode *
hub_sessions_role_table (HubSessions *self, HubSession *session, GError **error)
{
  HubPlugin *plugin = hub_plugin_list_find_modality (self->plugins, session->modality);
  const HubModalityInfo *modality =
      plugin ? hub_plugin_file_get_modality (hub_plugin_get_file (plugin)) : NULL;

  if (modality)
    return modality->takers;
  karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "session/modality", NULL,
                   N_ ("No plugin of this hub offers “%s” now."), session->modality);
  return NULL;
}

static gboolean
check_role (HubSessions *self, HubSession *session, const char *role, KarezActor *actor,
            GError **error)
{
  JsonNode *table = hub_sessions_role_table (self, session, error);

  return table && hub_role_table_check (table, role, karez_actor_get_roles (actor), error);
}

static gboolean
check_join (HubSessions *self, HubSession *session, const char *role, KarezActor *actor,
            GError **error)
{
  if (!session)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                            N_ ("There is no such session, or it is over."));
  if (session->state == KAREZ_STATE_PLANNED || session->state == KAREZ_STATE_PREPARING
      || session->state == KAREZ_STATE_STOPPING || hub_state_is_over (session->state))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/join", NULL,
                            N_ ("Nobody can join a session that is %s."),
                            karez_state_name (session->state));
  if (g_hash_table_size (session->persons) >= MAX_PERSONS)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "session/participants",
                            N_ ("at most 100 at one hospital"),
                            N_ ("There are too many participants."));
  return check_role (self, session, role, actor, error);
}

/* One place for each person; that of the same page, or one whose page is away, may be taken without
 * asking. */
static gboolean
check_elsewhere (HubSession *session, const char *participant, const char *former,
                 KarezActor *actor, GError **error)
{
  HubSessionPerson *other = hub_session_find_other (session, actor, participant);

  if (!other || !other->connection || g_strcmp0 (other->id, former) == 0
      || g_hash_table_contains (session->persons, participant))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/elsewhere",
                          N_ ("“replace”: true, which takes that window’s place"),
                          N_ ("You are in this session in another window."));
}

void
hub_sessions_join_async (HubSessions *self, const char *id, const char *role, gboolean replace,
                         const char *former, KarezTransaction *transaction,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSession *session = hub_sessions_get (self, id);
  const char *request = karez_transaction_get_request (transaction, NULL);
  /* The request's own id, so that a repeated one answers the same; its sender's choice, so that it
   * may be that of somebody who is there. */
  g_autofree char *participant = request ? g_strdup (request) : hub_id_new ();
  g_autoptr (JsonNode) actor = NULL;
  g_autofree char *text = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, hub_sessions_join_async);
  if (!check_join (self, session, role, karez_transaction_get_actor (transaction), &error)
      || (!replace
          && !check_elsewhere (session, participant, former,
                               karez_transaction_get_actor (transaction), &error)))
    {
      g_task_return_error (task, error);
      return;
    }
  hub_task_set_session (task, session);
  g_object_set_data (G_OBJECT (task), "begun", GUINT_TO_POINTER (hub_sessions_now (self)));
  actor = karez_actor_to_json (karez_transaction_get_actor (transaction));
  text = karez_json_print (actor);
  karez_transaction_about (transaction, id, NULL);
  hub_sessions_put_admission (transaction, id);
  karez_transaction_run_one (
      transaction, "session/joins",
      N_ ("Too many have come into this session and gone; it needs a new booking"),
      "participant_room", "(ssxsx)", id, self->hub, (gint64) MAX_JOINS,
      karez_actor_get_id (karez_transaction_get_actor (transaction)), (gint64) MAX_JOINS_OF_PERSON);
  karez_transaction_run_one (transaction, "session/participant",
                             N_ ("There is a participant of this id already"), "participant_add",
                             "(sssss)", participant, id, text, role, self->hub);
  karez_transaction_event (
      transaction, "session.join", "session", id,
      karez_json_object ("participant", "s", participant, "role", "s", role, NULL));
  karez_transaction_post (
      transaction, session->partner, KAREZ_LANE_AGENDA, HUB_SESSION_TOPIC_PERSON,
      karez_json_object ("session", "s", id, "participant", "s", participant, "actor", "n",
                         g_steal_pointer (&actor), "role", "s", role, NULL));
  g_object_set_data_full (G_OBJECT (task), "role", g_strdup (role), g_free);
  g_object_set_data_full (G_OBJECT (task), "participant", g_steal_pointer (&participant), g_free);
  karez_transaction_commit_async (transaction, NULL, on_joined, g_steal_pointer (&task));
}

JsonNode *
hub_sessions_join_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_sessions_join_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Pages. */

typedef struct
{
  HubSession *session;
  char *connection, *participant;
} Said;

static void
said_free (Said *said)
{
  g_object_unref (said->session);
  g_free (said->connection);
  g_free (said->participant);
  g_free (said);
}

static void
on_page_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Said *said = data;
  HubSessions *self = g_object_get_data (G_OBJECT (said->session), "sessions");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);
  HubSessionPerson *person = g_hash_table_lookup (said->session->persons, said->participant);

  /* The page will join anew; nobody is left behind in its place. */
  if (self && person && g_strcmp0 (karez_error_get_rule (error), "session/participant") == 0)
    hub_sessions_put_out (self, said->session, person, "lost");
  if (!answer && self && self->pages)
    self->pages->send_problem (self->pages_data, said->connection, said->session->id, error);
  said_free (said);
}

static Said *
said_new (HubSession *session, const char *connection, const char *participant)
{
  Said *said = g_new0 (Said, 1);

  said->session = g_object_ref (session);
  said->connection = g_strdup (connection);
  said->participant = g_strdup (participant);
  return said;
}

static void
join_worker (HubSessions *self, HubSession *session, HubSessionPerson *person)
{
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);
  g_autoptr (JsonNode) node = NULL;

  /* Without a worker now, everybody is joined again when it is there. */
  if (!proxy || session->worker != HUB_WORKER_RUNNING)
    return;
  node = hub_session_person_to_json (session, person, self->hub);
  hub_worker_proxy_join_async (proxy, node, NULL, on_page_answered,
                               said_new (session, person->connection, person->id));
}

void
hub_sessions_rejoin (HubSessions *self, HubSession *session)
{
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, session->persons);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    if (((HubSessionPerson *) person)->connection)
      join_worker (self, session, person);
}

static gboolean
on_away (gpointer data)
{
  HubSession *session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, session->persons);
  while (self && g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubSessionPerson *person = value;

      if (person->leave_source != g_source_get_id (g_main_current_source ()))
        continue;
      person->leave_source = 0;
      hub_sessions_put_out (self, session, person, "lost");
      break;
    }
  return G_SOURCE_REMOVE;
}

void
hub_sessions_await_page (HubSession *session, HubSessionPerson *person)
{
  if (!person->connection && !person->leave_source)
    person->leave_source = g_timeout_add_seconds (AWAY_S, on_away, session);
}

void
hub_sessions_page_closed (HubSessions *self, const char *connection)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubSession *session = value;
      HubSessionPerson *person = hub_session_find_page (session, connection);

      if (!person)
        continue;
      g_clear_pointer (&person->connection, g_free);
      hub_sessions_await_page (session, person);
    }
}

static gboolean
bind_page (HubSessions *self, HubSession *session, const char *connection, KarezActor *actor,
           const char *participant, GError **error)
{
  HubSessionPerson *person = participant ? g_hash_table_lookup (session->persons, participant)
                                         : NULL;

  /* Nobody takes another's place in a session. */
  if (!person || !g_str_equal (karez_actor_get_id (person->actor), karez_actor_get_id (actor)))
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/participant", NULL,
                            N_ ("This participant is not in the session."));
  g_clear_handle_id (&person->leave_source, g_source_remove);
  if (g_strcmp0 (person->connection, connection) != 0)
    tell_replaced (self, session, person);
  g_free (person->connection);
  person->connection = g_strdup (connection);
  if (self->pages)
    self->pages->send (self->pages_data, connection, hub_session_to_frame (session));
  join_worker (self, session, person);
  return TRUE;
}

static gboolean
pass_message (HubSessions *self, HubSession *session, const char *connection, JsonNode *body,
              GError **error)
{
  HubSessionPerson *person = hub_session_find_page (session, connection);
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);

  if (!person)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/participant",
                            N_ ("a page that has joined"),
                            N_ ("This page has not joined the session."));
  if (!proxy || session->worker != HUB_WORKER_RUNNING)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                            N_ ("The session's worker is not there now."));
  hub_worker_proxy_message_async (proxy, person->id, body, NULL, on_page_answered,
                                  said_new (session, connection, person->id));
  return TRUE;
}

static void
on_halted (GObject *source, GAsyncResult *result, gpointer data)
{
  HubSessions *self = HUB_SESSIONS (source);
  Said *said = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_sessions_move_finish (self, result, &error);

  if (!answer && self->pages)
    self->pages->send_problem (self->pages_data, said->connection, said->session->id, error);
  said_free (said);
}

/* Who is in a session holds and ends it by the page's connection: nothing is asked of the database.
 */
static gboolean
halt (HubSessions *self, HubSession *session, const char *connection, KarezActor *actor,
      JsonObject *message, GError **error)
{
  HubSessionPerson *person = hub_session_find_page (session, connection);
  HubSessionStep step = { .edge = karez_json_text (message, "type"),
                          .reason = karez_json_text (message, "reason") };

  if (!person)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/participant",
                            N_ ("a page that has joined"),
                            N_ ("This page has not joined the session."));
  hub_sessions_move_async (self, session->id, &step, actor, NULL, on_halted,
                           said_new (session, connection, person->id));
  return TRUE;
}

gboolean
hub_sessions_page (HubSessions *self, const char *connection, KarezActor *actor,
                   JsonObject *message, GError **error)
{
  const char *type = karez_json_text (message, "type");
  const char *id = karez_json_text (message, "session");
  HubSession *session = id ? hub_sessions_get (self, id) : NULL;
  JsonNode *body = json_object_get_member (message, "body");
  HubSessionPerson *person = NULL;

  /* Who is in them is read after them: a page that comes back in between has not lost its place. */
  if (!session || self->starting)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                            N_ ("There is no such session, or it is over."));
  if (g_strcmp0 (type, "join") == 0)
    return bind_page (self, session, connection, actor, karez_json_text (message, "participant"),
                      error);
  if (g_strcmp0 (type, "message") == 0 && body)
    return pass_message (self, session, connection, body, error);
  if (hub_session_machine_is_away (type))
    return halt (self, session, connection, actor, message, error);
  if (g_strcmp0 (type, "leave") != 0)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "session/message",
                            N_ ("join, message, leave, hold, panic or stop"),
                            N_ ("This is nothing that a page says."));
  person = hub_session_find_page (session, connection);
  if (person)
    {
      g_clear_pointer (&person->connection, g_free);
      hub_sessions_await_page (session, person);
    }
  return TRUE;
}

void
hub_sessions_forward (HubSessions *self, HubSession *session, const char *participant,
                      JsonNode *body)
{
  GHashTableIter iter;
  gpointer value;

  if (!self->pages)
    return;
  g_hash_table_iter_init (&iter, session->persons);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubSessionPerson *person = value;

      if (person->connection && (!*participant || g_str_equal (person->id, participant)))
        self->pages->send (self->pages_data, person->connection,
                           karez_json_object ("type", "s", "message", "session", "s", session->id,
                                              "body", "n", json_node_ref (body), NULL));
    }
}
