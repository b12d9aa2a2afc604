/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start of a session's worker: recorded, then done. */
#include "hub-session-start.h"

#include "hub-log.h"
#include "hub-session-recording.h"

enum
{
  STEP_CHOOSE = KAREZ_STEP_CUSTOM, /* the plugin's live half; a generation and token of its own */
  STEP_RECORD,                     /* so that the next hub knows which worker to take over */
  STEP_SPAWN,
};

struct _HubSessionStart
{
  KarezTransition parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  HubSessionWorker *worker;
  KarezTransaction *transaction;
  gboolean renewed, recorded, repeated;
};

G_DEFINE_FINAL_TYPE (HubSessionStart, hub_session_start, KAREZ_TYPE_TRANSITION)

static void
put_worker (HubSessionInfo *info, KarezTransaction *transaction, gpointer worker)
{
  hub_session_worker_put (worker, transaction);
}

static guint
hub_session_start_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubSessionStart *self = HUB_SESSION_START (transition);

  if (step == STEP_RECORD && self->repeated)
    return KAREZ_STEP_NONE;
  if (step == STEP_SPAWN)
    return KAREZ_STEP_NONE;
  return step == KAREZ_STEP_NONE ? STEP_CHOOSE : step + 1;
}

static void
choose (HubSessionStart *self)
{
  GError *error = NULL;

  if (!hub_session_worker_choose (self->worker, &error))
    {
      karez_transition_fail (KAREZ_TRANSITION (self), error);
      return;
    }
  hub_session_worker_renew (self->worker);
  self->renewed = TRUE;
  karez_transition_advance (KAREZ_TRANSITION (self));
}

static void
spawn (HubSessionStart *self)
{
  GError *error = NULL;

  if (hub_session_info_get_state (self->info) == KAREZ_STATE_PLANNED)
    hub_session_info_take_state (self->info, KAREZ_STATE_PREPARING,
                                 hub_session_info_get_sequence (self->info) + 1, NULL);
  if (hub_session_worker_spawn (self->worker, &error))
    karez_transition_advance (KAREZ_TRANSITION (self));
  else
    karez_transition_fail (KAREZ_TRANSITION (self), error);
}

static void
take_back (HubSessionStart *self)
{
  gboolean another = karez_error_is_conflict (karez_transition_get_error (KAREZ_TRANSITION (self)));

  if (self->renewed && !self->recorded)
    hub_session_worker_take_back (self->worker);
  /* Whoever started the one that is on its way waits for it. */
  if (!hub_session_info_is_closed (self->info) && !(another && !self->renewed))
    hub_session_worker_give_up (self->worker, self->recorded ? HUB_WORKER_FAILED : HUB_WORKER_NONE);
  karez_transition_advance (KAREZ_TRANSITION (self));
}

static void
hub_session_start_execute_step (KarezTransition *transition, guint step)
{
  HubSessionStart *self = HUB_SESSION_START (transition);

  switch (step)
    {
    case STEP_CHOOSE:
      choose (self);
      break;
    case STEP_RECORD:
      hub_session_worker_put (self->worker, self->transaction);
      karez_transaction_commit_async (self->transaction, NULL, karez_transition_answered,
                                      karez_transition_await (transition));
      break;
    case STEP_SPAWN:
      spawn (self);
      break;
    default:
      take_back (self);
      break;
    }
}

/* The commit's. A session that is under way does not wait for a database that is away: its worker
 * is needed now, and the record of it follows with its next one. */
static gboolean
hub_session_start_finish_step (KarezTransition *transition, guint step, GObject *source,
                               GAsyncResult *result, GError **error)
{
  HubSessionStart *self = HUB_SESSION_START (transition);
  gboolean restart = hub_session_worker_get_generation (self->worker) > 1;
  g_autoptr (GError) local = NULL;

  self->recorded = karez_transaction_commit_finish (self->transaction, result, &local);
  self->repeated = self->recorded && karez_transaction_is_repeated (self->transaction);
  if (hub_session_info_is_closed (self->info))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the hub or the session ended");
      return FALSE;
    }
  if (self->repeated)
    hub_session_worker_take_back (self->worker);
  if (self->recorded)
    return TRUE;
  if (restart && (karez_error_is_unavailable (local) || karez_error_is_timeout (local)))
    {
      hub_warning ("sessions", hub_session_info_get_id (self->info),
                   "Restarted before it could be recorded: %s", local->message);
      hub_session_record_async (self->services, self->info, NULL, put_worker,
                                g_object_ref (self->worker), g_object_unref, NULL, NULL);
      self->recorded = TRUE;
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

void
hub_session_start_async (HubSessionServices *services, HubSessionInfo *info,
                         HubSessionWorker *worker, KarezTransaction *given,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubSessionStart) self = g_object_new (HUB_TYPE_SESSION_START, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  self->worker = g_object_ref (worker);
  self->transaction = given != NULL ? g_object_ref (given)
                                    : karez_store_begin (services->store, services->actor);
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, data);
}

static void
hub_session_start_finalize (GObject *object)
{
  HubSessionStart *self = HUB_SESSION_START (object);

  g_clear_object (&self->transaction);
  g_clear_object (&self->worker);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_start_parent_class)->finalize (object);
}

static void
hub_session_start_class_init (HubSessionStartClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_session_start_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_session_start_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_session_start_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_session_start_finalize;
}

static void
hub_session_start_init (HubSessionStart *self)
{
}
