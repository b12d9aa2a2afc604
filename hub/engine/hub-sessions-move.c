/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moving a session: towards risk recorded durably, then done; away from risk done, then recorded
 * by what the worker says. A mirror asks the host; away from risk its own side goes first. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"

#define ASK_MS 20000

typedef struct
{
  char *edge, *reason;
  guint64 seen, ask;
  KarezActor *actor;
  KarezTransaction *transaction; /* NULL: none was given, or it is used */
  gboolean taken;                /* a mirror's worker has it: in force on this side, and recorded */
  gboolean keeping;              /* the worker has it, and is recording it */
  GAsyncResult *said;            /* the host's answer, which came before that */
  gboolean kept;                 /* its next one gets it */
} Move;

static void move_on (GTask *task);

static void
move_free (gpointer data)
{
  Move *move = data;

  g_free (move->edge);
  g_free (move->reason);
  karez_actor_unref (move->actor);
  g_clear_object (&move->transaction);
  g_clear_object (&move->said);
  g_free (move);
}

static void
finish (GTask *task)
{
  HubSession *session = hub_task_session (task);

  g_task_return_pointer (task,
                         karez_json_object ("id", "s", session->id, "state", "s",
                                            karez_state_name (session->state), "sequence", "i",
                                            (gint64) session->sequence, NULL),
                         (GDestroyNotify) json_node_unref);
}

/* The request's transaction, or one of the actor's own, with the session named. */
static KarezTransaction *
take_transaction (GTask *task)
{
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  KarezTransaction *transaction = move->transaction ? g_steal_pointer (&move->transaction)
                                                    : karez_store_begin (self->store, move->actor);

  karez_transaction_about (transaction, session->id, NULL);
  return transaction;
}

/* The worker's part. */

static void
on_refusal_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!karez_audit_append_finish (KAREZ_AUDIT (source), result, &error))
    hub_warning ("sessions", NULL, "A refused move could not be recorded: %s", error->message);
}

/* Whether what a worker answered is news. */
static gboolean
take_answer (HubSession *session, JsonObject *answer)
{
  KarezState state;

  return karez_state_from_name (karez_json_text (answer, "state"), &state)
         && hub_session_take_state (session, state, karez_json_integer (answer, "sequence", 0),
                                    session->reason);
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);
  JsonObject *object = answer ? json_node_get_object (answer) : NULL;
  g_autofree char *action = g_strconcat ("session.", move->edge, NULL);

  if (object)
    {
      if (take_answer (session, object))
        hub_sessions_tell_pages (self, session);
      finish (task);
      return;
    }
  /* What was recorded before it was done, and then was not done, is recorded too. */
  karez_audit_append_async (self->audit, move->actor, action, KAREZ_OUTCOME_FAILED, session->id,
                            NULL, karez_json_object ("reason", "s", error->message, NULL), NULL,
                            on_refusal_told, NULL);
  g_task_return_error (task, error);
}

static void
move_worker (GTask *task)
{
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);

  if (!proxy)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                                                  N_ ("The session's worker is not there now.")));
      return;
    }
  hub_worker_proxy_move_async (proxy, move->edge, move->reason, move->actor, move->seen, move->ask,
                               on_moved, g_object_ref (task));
}

/* The worker is there, or none comes. */
static void
move_again (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;

  if (hub_task_session (task)->away_given)
    finish (task);
  else
    move_on (task);
}

static void
wait_for_worker (GTask *task)
{
  g_object_set_data (G_OBJECT (task), "again", move_again);
  g_ptr_array_add (hub_task_session (task)->waiting, g_object_ref (task));
}

/* Whether a word away from risk was kept for the next worker, which gets it before anything begins.
 */
static gboolean
keep_for_worker (GTask *task)
{
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  gboolean beginning = session->state == KAREZ_STATE_PLANNED && session->generation > 0;
  const char *before = session->away
                           ? karez_json_text (json_node_get_object (session->away), "edge")
                           : NULL;

  if (!hub_session_machine_is_away (move->edge)
      || (session->worker != HUB_WORKER_STARTING && session->worker != HUB_WORKER_RESTARTING
          && !beginning)
      || hub_supervisor_get_worker (self->supervisor, session->id))
    return FALSE;
  if (g_strcmp0 (before, "stop") != 0)
    {
      g_clear_pointer (&session->away, json_node_unref);
      session->away = karez_json_object ("edge", "s", move->edge, "reason", "s", move->reason,
                                         "actor", "n", karez_actor_to_json (move->actor), NULL);
    }
  return TRUE;
}

/* Towards risk: the record first. */

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_error (task, error);
  else if (karez_transaction_is_repeated (KAREZ_TRANSACTION (source)))
    /* What may have been held since is not lifted by the same request coming again. */
    finish (task);
  else
    move_worker (task);
}

static void
record_then_move (GTask *task)
{
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  g_autofree char *action = g_strconcat ("session.", move->edge, NULL);
  g_autoptr (KarezTransaction) transaction = take_transaction (task);

  karez_transaction_event (transaction, action, "session", session->id,
                           karez_json_object ("reason", "s", move->reason, NULL));
  karez_transaction_commit_async (transaction, NULL, on_recorded, g_object_ref (task));
}

static char *
first_failed (JsonNode *checks)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (checks) ? json_node_get_array (checks) : NULL;

  for (guint i = 0; array && i < json_array_get_length (array); i++)
    {
      JsonObject *check = json_array_get_object_element (array, i);

      if (g_strcmp0 (karez_json_text (check, "verdict"), "failed") == 0)
        return g_strdup (karez_json_text (check, "id"));
    }
  return NULL;
}

static void
on_preflight (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSession *session = hub_task_session (task);
  GError *error = NULL;
  g_autoptr (JsonNode) checks = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);
  g_autofree char *failed = NULL;

  if (!checks)
    {
      g_task_return_error (task, error);
      return;
    }
  g_clear_pointer (&session->checks, json_node_unref);
  session->checks = json_node_ref (checks);
  failed = first_failed (checks);
  if (failed)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "session/preflight",
                                                N_ ("a preflight without a failed check"),
                                                N_ ("The session cannot start: the check “%s” "
                                                    "has failed."),
                                                failed));
  else
    record_then_move (task);
}

/* Preparing. */

static void
on_begun (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_sessions_begin_worker_finish (HUB_SESSIONS (source), result, &error))
    finish (task);
  else
    g_task_return_error (task, error);
}

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  GError *error = NULL;
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  JsonObject *object = booking && JSON_NODE_HOLDS_OBJECT (booking) ? json_node_get_object (booking)
                                                                   : NULL;
  g_autoptr (KarezTransaction) transaction = NULL;

  if (booking && (!object || g_strcmp0 (karez_json_text (object, "state"), "confirmed") != 0))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/confirmed",
                     N_ ("a booking that both hospitals have confirmed"),
                     N_ ("The booking is not confirmed."));
  /* Two people pressed at once. */
  if (!error && (session->ending || session->state != KAREZ_STATE_PLANNED))
    hub_session_machine_find (session->ending ? KAREZ_STATE_STOPPING : session->state, "prepare",
                              &error);
  if (error)
    {
      g_task_return_error (task, error);
      return;
    }
  json_node_unref (session->booking);
  session->booking = json_node_ref (booking);
  transaction = take_transaction (task);
  hub_sessions_begin_worker (self, session, transaction, on_begun, g_steal_pointer (&task));
}

/* Stopping what has no worker: a planned one. */

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  GError *error = NULL;

  session->ending = FALSE;
  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  hub_session_take_state (session, KAREZ_STATE_ENDED, session->sequence + 2, move->reason);
  hub_sessions_tell_pages (self, session);
  hub_sessions_over (self, session, move->actor);
  finish (task);
  hub_sessions_drop (self, session);
}

static void
end_planned (GTask *task)
{
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  g_autoptr (KarezTransaction) transaction = take_transaction (task);

  session->ending = TRUE;
  hub_sessions_put_state (self, session, transaction, "session.stop", KAREZ_STATE_STOPPING,
                          session->sequence + 1, move->reason, FALSE);
  hub_sessions_put_state (self, session, transaction, "session.end", KAREZ_STATE_ENDED,
                          session->sequence + 2, move->reason, TRUE);
  karez_transaction_commit_async (transaction, NULL, on_ended, g_object_ref (task));
}

static void
move_hosted (GTask *task)
{
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  GError *error = NULL;
  const HubEdge *edge = NULL;
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);

  if (hub_session_machine_is_done (session->state, move->edge)
      && !(proxy && g_str_equal (move->edge, "panic")))
    {
      finish (task);
      return;
    }
  /* Nothing goes on any more, and that is being recorded. */
  if (session->ending && !proxy && session->state != KAREZ_STATE_PLANNED
      && hub_session_machine_is_away (move->edge))
    {
      finish (task);
      return;
    }
  if (keep_for_worker (task))
    {
      wait_for_worker (task);
      return;
    }
  /* The worker's own state counts, and away from risk it is asked whatever is known here. */
  if (proxy && hub_session_machine_is_away (move->edge))
    {
      move_worker (task);
      return;
    }
  edge = hub_session_machine_find (session->state, move->edge, &error);
  if (error)
    g_task_return_error (task, error);
  else if (!edge->asked)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "session/edge-name",
                                                N_ ("prepare, start, hold, panic, resume or stop"),
                                                N_ ("Nobody can ask for “%s”."), move->edge));
  else if (edge->guard == HUB_GUARD_CONFIRMED)
    karez_agenda_get_booking_async (self->agenda, session->id, NULL, on_booking,
                                    g_object_ref (task));
  else if (session->state == KAREZ_STATE_PLANNED)
    end_planned (task);
  else if (edge->guard == HUB_GUARD_PREFLIGHT && proxy)
    hub_worker_proxy_preflight_async (proxy, NULL, on_preflight, g_object_ref (task));
  else if (edge->towards_risk && proxy)
    record_then_move (task);
  else
    move_worker (task);
}

/* At a mirror. */

static void
put_question (HubSession *session, KarezTransaction *transaction, gpointer data)
{
  karez_transaction_about (transaction, session->id, NULL);
  karez_transaction_event (transaction, "session.ask", "session", session->id,
                           json_node_ref (data));
}

static JsonNode *
describe_question (Move *move)
{
  return karez_json_object ("edge", "s", move->edge, "reason", "s", move->reason, NULL);
}

/* What the other hospital says is shown here: it has the form of what this hub would say. */
static JsonNode *
read_host_answer (JsonNode *answer, const char *session, GError **error)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "state", KAREZ_JSON_NAME, TRUE, 1, 16 },
    { "sequence", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 },
    { NULL },
  };
  JsonObject *object = karez_json_check (answer, fields, NULL);
  KarezState state;

  if (object && g_strcmp0 (karez_json_text (object, "id"), session) == 0
      && karez_state_from_name (karez_json_text (object, "state"), &state))
    return json_node_ref (answer);
  karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "session/answer",
                   N_ ("the session's id, state and sequence"),
                   N_ ("The other hospital's answer cannot be read."));
  return NULL;
}

/* Whether what leads away from risk is done on this side whatever became of the question. The
 * worker's word can be quicker by the link: a host that has stopped by it knows no such session any
 * more when it is asked. */
static gboolean
is_done_here (Move *move, GError *error)
{
  gboolean away = karez_error_is_unavailable (error) || karez_error_is_timeout (error);

  return (away && (move->taken || move->kept)) || (karez_error_is_not_found (error) && move->taken);
}

/* The host has answered, or did not in time, and this side's worker has the word on record, or
 * could not say so. */
static void
conclude (GTask *task, GAsyncResult *result)
{
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) said = karez_peers_call_finish (self->peers, result, &error);
  JsonNode *answer = said ? read_host_answer (said, session->id, &error) : NULL;
  g_autoptr (KarezTransaction) transaction = NULL;

  if (hub_session_machine_is_away (move->edge) && !move->taken)
    {
      transaction = take_transaction (task);
      hub_sessions_record_async (self, session, transaction, put_question, describe_question (move),
                                 (GDestroyNotify) json_node_unref, NULL, NULL);
    }
  if (answer)
    {
      if (move->kept)
        g_clear_pointer (&session->away, json_node_unref);
      g_task_return_pointer (task, answer, (GDestroyNotify) json_node_unref);
      return;
    }
  if (!is_done_here (move, error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_error_free (error);
  /* This side is held, and its worker says it by the link as soon as that is there. */
  if (move->taken || !session->away)
    finish (task);
  else
    wait_for_worker (task);
}

static void
on_host_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Move *move = g_task_get_task_data (task);

  if (move->keeping)
    move->said = g_object_ref (result);
  else
    conclude (task, result);
}

static void
ask_host (GTask *task)
{
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);

  karez_peers_call_async (
      self->peers, session->partner, HUB_SESSION_TOPIC_MOVE,
      karez_json_object ("session", "s", session->id, "edge", "s", move->edge, "reason", "s",
                         move->reason, "actor", "n", karez_actor_to_json (move->actor), "seen", "i",
                         (gint64) move->seen, "ask", "i", (gint64) move->ask, NULL),
      ASK_MS, NULL, on_host_answered, g_object_ref (task));
}

static void
on_noted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    ask_host (task);
  else
    g_task_return_error (task, error);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Move *move = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  move->keeping = FALSE;
  move->taken = answer != NULL;
  if (!answer)
    hub_warning ("sessions", hub_task_session (task)->id,
                 "This side's worker did not say that “%s” is on record: %s", move->edge,
                 error->message);
  if (move->said)
    conclude (task, move->said);
}

/* This side is held; the host's hub hears it too, under the same number, whatever the disk of this
 * one does. */
static void
on_own_side (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);
  JsonObject *object = answer ? json_node_get_object (answer) : NULL;

  if (object)
    {
      move->ask = karez_json_integer (object, "asked", 0);
      move->keeping = move->ask > 0;
      if (move->keeping)
        hub_worker_proxy_keep_async (HUB_WORKER_PROXY (source), on_kept, g_object_ref (task));
      if (take_answer (session, object))
        hub_sessions_tell_pages (self, session);
    }
  else
    hub_warning ("sessions", session->id, "This side's worker did not take “%s”: %s", move->edge,
                 error->message);
  ask_host (task);
}

static void
move_mirrored (GTask *task)
{
  HubSessions *self = g_task_get_source_object (task);
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);
  g_autoptr (KarezTransaction) transaction = NULL;

  if (!hub_session_machine_is_away (move->edge))
    {
      g_autoptr (JsonNode) question = describe_question (move);

      transaction = take_transaction (task);
      put_question (session, transaction, question);
      karez_transaction_commit_async (transaction, NULL, on_noted, g_object_ref (task));
    }
  else if (proxy)
    hub_worker_proxy_move_async (proxy, move->edge, move->reason, move->actor, 0, 0, on_own_side,
                                 g_object_ref (task));
  else
    {
      move->kept = keep_for_worker (task);
      ask_host (task);
    }
}

static void
move_on (GTask *task)
{
  HubSession *session = hub_task_session (task);
  Move *move = g_task_get_task_data (task);

  /* By number, so that nothing that is said meanwhile is lifted. */
  if (!move->seen && !hub_session_machine_is_away (move->edge))
    move->seen = session->sequence;
  if (session->hosted)
    move_hosted (task);
  else
    move_mirrored (task);
}

static void
on_planned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  HubSession *session = hub_sessions_plan_finish (HUB_SESSIONS (source), result, &error);

  if (!session)
    {
      g_task_return_error (task, error);
      return;
    }
  hub_task_set_session (task, session);
  move_on (task);
}

void
hub_sessions_move_async (HubSessions *self, const char *id, const HubSessionStep *step,
                         KarezActor *actor, KarezTransaction *transaction,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSession *session = hub_sessions_get (self, id);
  Move *move = g_new0 (Move, 1);

  g_task_set_source_tag (task, hub_sessions_move_async);
  move->edge = g_strdup (step->edge);
  move->reason = g_strdup (step->reason);
  move->seen = step->seen;
  move->ask = step->ask;
  move->actor = karez_actor_ref (actor);
  g_set_object (&move->transaction, transaction);
  g_task_set_task_data (task, move, move_free);
  if (!session)
    {
      /* The booking may be confirmed and not planned yet. */
      hub_sessions_plan_async (self, id, on_planned, g_steal_pointer (&task));
      return;
    }
  hub_task_set_session (task, session);
  move_on (task);
}

JsonNode *
hub_sessions_move_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
