/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session is moved by somebody: at its host by what the table of edges allows, at a mirror by
 * asking the host. */
#include "hub-session-move.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-session-end.h"
#include "hub-session-recording.h"
#include "hub-session-start.h"

#define ASK_MS 20000

struct _HubSessionMove
{
  KarezTransition parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  HubSessionWorker *worker;
  char *edge, *reason;
  guint64 seen, ask;
  KarezActor *actor;
  KarezTransaction *given;       /* NULL: none was given, or it is used */
  KarezTransaction *transaction; /* of the step under way */
  gboolean told;                 /* the worker was asked, after it was recorded */
  gboolean word_given;           /* the worker had it before anything began */
  gboolean taken;                /* a mirror's worker has it: in force on this side, and recorded */
  gboolean keeping;              /* the worker has it, and is recording it */
  gboolean kept;                 /* its next one gets it */
  GError *refusal;               /* the host's, or why it was not reached */
  JsonNode *answer;              /* what is answered; NULL: the state as it is known then */
};

G_DEFINE_FINAL_TYPE (HubSessionMove, hub_session_move, KAREZ_TYPE_TRANSITION)

static const char *
id_of (HubSessionMove *self)
{
  return hub_session_info_get_id (self->info);
}

static gboolean
is_away (HubSessionMove *self)
{
  return hub_session_machine_is_away (self->edge);
}

/* Nothing goes on after a hold: this is the hub's part of it, and hub_live_session_may_walk() the
 * worker's. What leads towards risk lifts the one state that was known when it was asked for, and
 * is named by that state's number wherever it is carried. It is never named anew: what waits here
 * for a booking, a record, a preflight or a worker, and is overtaken by a hold, is refused by the
 * worker, whose state has another number then. */
static guint64
name_lifted (HubSessionInfo *info, const HubSessionStep *step)
{
  if (step->seen > 0 || hub_session_machine_is_away (step->edge))
    return step->seen;
  return hub_session_info_get_sequence (info);
}

/* The request's transaction, or one of the actor's own, with the session named. */
static KarezTransaction *
take_transaction (HubSessionMove *self)
{
  g_clear_object (&self->transaction);
  self->transaction = self->given != NULL ? g_steal_pointer (&self->given)
                                          : karez_store_begin (self->services->store, self->actor);
  karez_transaction_about (self->transaction, id_of (self), NULL);
  return self->transaction;
}

/* What comes next: functions of the step and of what is known, without an effect. */

static guint
choose_at_host (HubSessionInfo *info, HubSessionWorker *worker, const char *name, GError **error)
{
  KarezState state = hub_session_info_get_state (info);
  HubWorkerProxy *proxy = hub_session_worker_get_proxy (worker);
  gboolean away = hub_session_machine_is_away (name);
  const HubEdge *edge = NULL;

  if (hub_session_machine_is_done (state, name) && !(proxy != NULL && g_str_equal (name, "panic")))
    return KAREZ_STEP_NONE;
  /* Nothing goes on any more, and that is being recorded. */
  if (away && hub_session_info_is_ending (info) && proxy == NULL && state != KAREZ_STATE_PLANNED)
    return KAREZ_STEP_NONE;
  if (away && hub_session_worker_may_keep (worker))
    return HUB_MOVE_WAIT;
  /* The worker's own state counts, and away from risk it is asked whatever is known here. */
  if (away && proxy != NULL)
    return HUB_MOVE_TELL;
  edge = hub_session_machine_find (state, name, error);
  if (edge == NULL)
    return KAREZ_STEP_NONE;
  if (!edge->asked)
    karez_error_set (error, KAREZ_ERROR_INVALID, "session/edge-name",
                     N_ ("prepare, start, hold, panic, resume or stop"),
                     N_ ("Nobody can ask for “%s”."), name);
  if (edge->guard == HUB_GUARD_CONFIRMED)
    return HUB_MOVE_BOOKING;
  if (state == KAREZ_STATE_PLANNED)
    return HUB_MOVE_END;
  if (edge->guard == HUB_GUARD_PREFLIGHT && proxy != NULL)
    return HUB_MOVE_PREFLIGHT;
  return edge->towards_risk && proxy != NULL ? HUB_MOVE_RECORD : HUB_MOVE_TELL;
}

guint
hub_session_move_choose (HubSessionInfo *info, HubSessionWorker *worker, const char *edge,
                         GError **error)
{
  if (hub_session_info_is_hosted (info))
    return choose_at_host (info, worker, edge, error);
  if (!hub_session_machine_is_away (edge))
    return HUB_MOVE_NOTE;
  return hub_session_worker_get_proxy (worker) != NULL ? HUB_MOVE_OWN : HUB_MOVE_WORD;
}

/* Whether what leads away from risk is done on this side whatever became of the question. The
 * worker's word can be quicker by the link: a host that has stopped by it knows no such session any
 * more when it is asked. */
static gboolean
is_done_here (HubSessionMove *self)
{
  gboolean away = karez_error_is_unavailable (self->refusal)
                  || karez_error_is_timeout (self->refusal);

  return (away && (self->taken || self->kept))
         || (karez_error_is_not_found (self->refusal) && self->taken);
}

static guint
hub_session_move_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubSessionMove *self = HUB_SESSION_MOVE (transition);

  switch (step)
    {
    case HUB_MOVE_BOOKING:
      return HUB_MOVE_START;
    case HUB_MOVE_PREFLIGHT:
      return HUB_MOVE_RECORD;
    case HUB_MOVE_RECORD:
      /* What may have been held since is not lifted by the same request coming again. */
      return karez_transaction_is_repeated (self->transaction) ? KAREZ_STEP_NONE : HUB_MOVE_TELL;
    case HUB_MOVE_OWN:
    case HUB_MOVE_WORD:
    case HUB_MOVE_NOTE:
      return HUB_MOVE_ASK;
    case HUB_MOVE_ASK:
      return self->keeping ? HUB_MOVE_KEEP : HUB_MOVE_CONCLUDE;
    case HUB_MOVE_KEEP:
      return HUB_MOVE_CONCLUDE;
    case HUB_MOVE_CONCLUDE:
      /* This side is held, and its worker says it by the link as soon as that is there. */
      return self->answer != NULL || self->taken
                     || hub_session_worker_get_word (self->worker) == NULL
                 ? KAREZ_STEP_NONE
                 : HUB_MOVE_WAIT;
    case HUB_MOVE_WAIT:
      if (self->word_given)
        return KAREZ_STEP_NONE;
      break;
    case KAREZ_STEP_NONE:
      break;
    default:
      return KAREZ_STEP_NONE;
    }
  return hub_session_move_choose (self->info, self->worker, self->edge, error);
}

/* What is begun at each step. */

static void
end_planned (HubSessionMove *self)
{
  hub_session_end_planned_async (self->services, self->info, take_transaction (self), self->reason,
                                 karez_transition_answered,
                                 karez_transition_await (KAREZ_TRANSITION (self)));
}

static void
record (HubSessionMove *self)
{
  g_autofree char *action = g_strconcat ("session.", self->edge, NULL);
  KarezTransaction *transaction = take_transaction (self);

  karez_transaction_event (transaction, action, "session", id_of (self),
                           karez_json_object ("reason", "s", self->reason, NULL));
  karez_transaction_commit_async (transaction, NULL, karez_transition_answered,
                                  karez_transition_await (KAREZ_TRANSITION (self)));
}

static void
tell_worker (HubSessionMove *self)
{
  KarezTransition *transition = KAREZ_TRANSITION (self);
  HubWorkerProxy *proxy = hub_session_worker_get_proxy (self->worker);

  if (proxy == NULL)
    {
      karez_transition_fail (transition,
                             karez_error_new (KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                                              N_ ("The session's worker is not there now.")));
      return;
    }
  self->told = TRUE;
  hub_worker_proxy_move_async (proxy, self->edge, self->reason, self->actor, self->seen, self->ask,
                               karez_transition_answered, karez_transition_await (transition));
}

static void
keep_word (HubSessionMove *self)
{
  if (is_away (self) && hub_session_worker_may_keep (self->worker))
    {
      hub_session_worker_keep_word (self->worker, self->edge, self->reason, self->actor);
      self->kept = TRUE;
    }
}

static void
put_question (HubSessionInfo *info, KarezTransaction *transaction, gpointer question)
{
  const char *id = hub_session_info_get_id (info);

  karez_transaction_about (transaction, id, NULL);
  karez_transaction_event (transaction, "session.ask", "session", id, json_node_ref (question));
}

static JsonNode *
describe_question (HubSessionMove *self)
{
  return karez_json_object ("edge", "s", self->edge, "reason", "s", self->reason, NULL);
}

static void
note_question (HubSessionMove *self)
{
  g_autoptr (JsonNode) question = describe_question (self);

  put_question (self->info, take_transaction (self), question);
  karez_transaction_commit_async (self->transaction, NULL, karez_transition_answered,
                                  karez_transition_await (KAREZ_TRANSITION (self)));
}

static void
ask_host (HubSessionMove *self)
{
  karez_peers_call_async (
      self->services->peers, hub_session_info_get_partner (self->info), HUB_SESSION_TOPIC_MOVE,
      karez_json_object ("session", "s", id_of (self), "edge", "s", self->edge, "reason", "s",
                         self->reason, "actor", "n", karez_actor_to_json (self->actor), "seen", "i",
                         (gint64) self->seen, "ask", "i", (gint64) self->ask, NULL),
      ASK_MS, NULL, karez_transition_answered, karez_transition_await (KAREZ_TRANSITION (self)));
}

/* The host has answered, or did not in time, and this side's worker has the word on record, or
 * could not say so. */
static void
conclude (HubSessionMove *self)
{
  KarezTransition *transition = KAREZ_TRANSITION (self);

  if (is_away (self) && !self->taken)
    hub_session_record_async (self->services, self->info, take_transaction (self), put_question,
                              describe_question (self), (GDestroyNotify) json_node_unref, NULL,
                              NULL);
  if (self->answer != NULL && self->kept)
    hub_session_worker_drop_word (self->worker);
  if (self->answer == NULL && !is_done_here (self))
    karez_transition_fail (transition, g_steal_pointer (&self->refusal));
  else
    karez_transition_advance (transition);
}

static void
on_refusal_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!karez_audit_append_finish (KAREZ_AUDIT (source), result, &error))
    hub_warning ("sessions", NULL, "A refused move could not be recorded: %s", error->message);
}

/* What was recorded before it was done, and then was not done, is recorded too. */
static void
tell_refusal (HubSessionMove *self)
{
  KarezTransition *transition = KAREZ_TRANSITION (self);
  g_autofree char *action = g_strconcat ("session.", self->edge, NULL);

  if (self->told)
    karez_audit_append_async (
        self->services->audit, self->actor, action, KAREZ_OUTCOME_FAILED, id_of (self), NULL,
        karez_json_object ("reason", "s", karez_transition_get_error (transition)->message, NULL),
        NULL, on_refusal_told, NULL);
  karez_transition_advance (transition);
}

static void
hub_session_move_execute_step (KarezTransition *transition, guint step)
{
  HubSessionMove *self = HUB_SESSION_MOVE (transition);
  HubWorkerProxy *proxy = hub_session_worker_get_proxy (self->worker);

  switch (step)
    {
    case HUB_MOVE_BOOKING:
      karez_agenda_get_booking_async (self->services->agenda, id_of (self), NULL,
                                      karez_transition_answered,
                                      karez_transition_await (transition));
      break;
    case HUB_MOVE_START:
      hub_session_start_async (self->services, self->info, self->worker, take_transaction (self),
                               karez_transition_answered, karez_transition_await (transition));
      break;
    case HUB_MOVE_END:
      end_planned (self);
      break;
    case HUB_MOVE_PREFLIGHT:
      hub_worker_proxy_preflight_async (proxy, NULL, karez_transition_answered,
                                        karez_transition_await (transition));
      break;
    case HUB_MOVE_RECORD:
      record (self);
      break;
    case HUB_MOVE_TELL:
      tell_worker (self);
      break;
    case HUB_MOVE_WAIT:
      if (hub_session_info_is_hosted (self->info))
        keep_word (self);
      hub_session_worker_wait_async (self->worker, karez_transition_answered,
                                     karez_transition_await (transition));
      break;
    case HUB_MOVE_OWN:
      hub_worker_proxy_move_async (proxy, self->edge, self->reason, self->actor, 0, 0,
                                   karez_transition_answered, karez_transition_await (transition));
      break;
    case HUB_MOVE_WORD:
      keep_word (self);
      karez_transition_advance (transition);
      break;
    case HUB_MOVE_NOTE:
      note_question (self);
      break;
    case HUB_MOVE_ASK:
      ask_host (self);
      break;
    case HUB_MOVE_KEEP: /* on_kept() goes on */
      break;
    case HUB_MOVE_CONCLUDE:
      conclude (self);
      break;
    default:
      tell_refusal (self);
      break;
    }
}

/* What was answered at each step. */

/* Two people may have pressed at once. */
static gboolean
take_booking (HubSessionMove *self, JsonNode *booking, GError **error)
{
  JsonObject *object = booking != NULL && JSON_NODE_HOLDS_OBJECT (booking)
                           ? json_node_get_object (booking)
                           : NULL;
  KarezState state = hub_session_info_is_ending (self->info)
                         ? KAREZ_STATE_STOPPING
                         : hub_session_info_get_state (self->info);

  if (booking == NULL)
    return FALSE;
  if (object == NULL || g_strcmp0 (karez_json_text (object, "state"), "confirmed") != 0)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/confirmed",
                            N_ ("a booking that both hospitals have confirmed"),
                            N_ ("The booking is not confirmed."));
  if (hub_session_machine_find (state, "prepare", error) == NULL)
    return FALSE;
  hub_session_info_set_booking (self->info, booking);
  return TRUE;
}

static gboolean
take_preflight (HubSessionMove *self, JsonNode *checks, GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (checks) ? json_node_get_array (checks) : NULL;

  hub_session_worker_set_checks (self->worker, checks);
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonObject *check = json_array_get_object_element (array, i);

      if (g_strcmp0 (karez_json_text (check, "verdict"), "failed") == 0)
        return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/preflight",
                                N_ ("a preflight without a failed check"),
                                N_ ("The session cannot start: the check “%s” has failed."),
                                karez_json_text (check, "id"));
    }
  return TRUE;
}

/* The state that a worker answered: the reason is told with it, or was. */
static void
take_answer (HubSessionMove *self, JsonObject *answer)
{
  g_autofree char *reason = g_strdup (hub_session_info_get_reason (self->info));
  KarezState state;

  if (karez_state_from_name (karez_json_text (answer, "state"), &state))
    hub_session_info_take_state (self->info, state, karez_json_integer (answer, "sequence", 0),
                                 reason);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessionMove) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  self->keeping = FALSE;
  self->taken = answer != NULL;
  if (answer == NULL)
    hub_warning ("sessions", id_of (self),
                 "This side's worker did not say that “%s” is on record: %s", self->edge,
                 error->message);
  if (karez_transition_get_step (KAREZ_TRANSITION (self)) == HUB_MOVE_KEEP)
    karez_transition_advance (KAREZ_TRANSITION (self));
}

/* This side is held; the host's hub hears it too, under the same number, whatever the disk of this
 * one does. */
static void
take_own (HubSessionMove *self, HubWorkerProxy *proxy, GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (proxy, result, &error);
  JsonObject *object = answer != NULL ? json_node_get_object (answer) : NULL;

  if (object == NULL)
    {
      hub_warning ("sessions", id_of (self), "This side's worker did not take “%s”: %s", self->edge,
                   error->message);
      return;
    }
  self->ask = karez_json_integer (object, "asked", 0);
  self->keeping = self->ask > 0;
  if (self->keeping)
    hub_worker_proxy_keep_async (proxy, on_kept, g_object_ref (self));
  take_answer (self, object);
}

/* What the other hospital says is shown here: it has the form of what this hub would say. */
static void
take_host_answer (HubSessionMove *self, GAsyncResult *result)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "state", KAREZ_JSON_NAME, TRUE, 1, 16 },
    { "sequence", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 },
    { NULL },
  };
  g_autoptr (JsonNode)
      answer = karez_peers_call_finish (self->services->peers, result, &self->refusal);
  JsonObject *object = answer != NULL ? karez_json_check (answer, fields, NULL) : NULL;
  KarezState state;

  if (object != NULL && g_strcmp0 (karez_json_text (object, "id"), id_of (self)) == 0
      && karez_state_from_name (karez_json_text (object, "state"), &state))
    self->answer = g_steal_pointer (&answer);
  else if (answer != NULL)
    karez_error_set (&self->refusal, KAREZ_ERROR_UNAVAILABLE, "session/answer",
                     N_ ("the session's id, state and sequence"),
                     N_ ("The other hospital's answer cannot be read."));
}

static gboolean
hub_session_move_finish_step (KarezTransition *transition, guint step, GObject *source,
                              GAsyncResult *result, GError **error)
{
  HubSessionMove *self = HUB_SESSION_MOVE (transition);
  g_autoptr (JsonNode) node = NULL;
  GError *local = NULL;

  switch (step)
    {
    case HUB_MOVE_BOOKING:
      node = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, error);
      return take_booking (self, node, error);
    case HUB_MOVE_START:
    case HUB_MOVE_END:
      return karez_transition_run_finish (KAREZ_TRANSITION (source), result, error);
    case HUB_MOVE_RECORD:
    case HUB_MOVE_NOTE:
      return karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, error);
    case HUB_MOVE_PREFLIGHT:
      node = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, error);
      return node != NULL && take_preflight (self, node, error);
    case HUB_MOVE_TELL:
      node = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, error);
      if (node != NULL)
        take_answer (self, json_node_get_object (node));
      return node != NULL;
    case HUB_MOVE_WAIT:
      self->word_given = hub_session_worker_wait_finish (self->worker, result, &local);
      if (local != NULL)
        g_propagate_error (error, local);
      return local == NULL;
    case HUB_MOVE_OWN:
      take_own (self, HUB_WORKER_PROXY (source), result);
      return TRUE;
    default:
      take_host_answer (self, result);
      return TRUE;
    }
}

void
hub_session_move_async (HubSessionServices *services, HubSessionInfo *info,
                        HubSessionWorker *worker, const HubSessionStep *step, KarezActor *actor,
                        KarezTransaction *transaction, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubSessionMove) self = g_object_new (HUB_TYPE_SESSION_MOVE, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  self->worker = g_object_ref (worker);
  self->edge = g_strdup (step->edge);
  self->reason = g_strdup (step->reason);
  self->seen = name_lifted (info, step);
  self->ask = step->ask;
  self->actor = karez_actor_ref (actor);
  g_set_object (&self->given, transaction);
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, data);
}

JsonNode *
hub_session_move_finish (HubSessionMove *self, GAsyncResult *result, GError **error)
{
  if (!karez_transition_run_finish (KAREZ_TRANSITION (self), result, error))
    return NULL;
  return self->answer != NULL ? g_steal_pointer (&self->answer)
                              : hub_session_info_answer (self->info);
}

static void
hub_session_move_finalize (GObject *object)
{
  HubSessionMove *self = HUB_SESSION_MOVE (object);

  g_free (self->edge);
  g_free (self->reason);
  karez_actor_unref (self->actor);
  g_clear_error (&self->refusal);
  g_clear_pointer (&self->answer, json_node_unref);
  g_clear_object (&self->given);
  g_clear_object (&self->transaction);
  g_clear_object (&self->worker);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_move_parent_class)->finalize (object);
}

static void
hub_session_move_class_init (HubSessionMoveClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_session_move_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_session_move_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_session_move_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_session_move_finalize;
}

static void
hub_session_move_init (HubSessionMove *self)
{
}
