/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mirror's part of preparing: its worker is there, and connected to the host's. */
#include "hub-session-accept.h"

#include "hub-session-start.h"

enum
{
  STEP_START = KAREZ_STEP_CUSTOM,
  STEP_WAIT,
  STEP_CONNECT,
};

struct _HubSessionAccept
{
  KarezTransition parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  HubSessionWorker *worker;
  HubSessionExchange *exchange;
  KarezActor *actor;
  JsonObject *offer; /* the host's */
  JsonNode *answer;  /* our own */
};

G_DEFINE_FINAL_TYPE (HubSessionAccept, hub_session_accept, KAREZ_TYPE_TRANSITION)

static guint
hub_session_accept_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubSessionAccept *self = HUB_SESSION_ACCEPT (transition);
  HubWorkerState state = hub_session_worker_get_state (self->worker);

  if (step == STEP_CONNECT)
    return KAREZ_STEP_NONE;
  if (step != STEP_WAIT && (state == HUB_WORKER_STARTING || state == HUB_WORKER_RESTARTING))
    return STEP_WAIT;
  return step == KAREZ_STEP_NONE && state != HUB_WORKER_RUNNING ? STEP_START : STEP_CONNECT;
}

static void
start (HubSessionAccept *self)
{
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->services->store, self->actor);

  hub_session_worker_announce (self->worker);
  hub_session_start_async (self->services, self->info, self->worker, transaction,
                           karez_transition_answered,
                           karez_transition_await (KAREZ_TRANSITION (self)));
}

static void
hub_session_accept_execute_step (KarezTransition *transition, guint step)
{
  HubSessionAccept *self = HUB_SESSION_ACCEPT (transition);

  switch (step)
    {
    case STEP_START:
      start (self);
      break;
    case STEP_WAIT:
      hub_session_worker_wait_async (self->worker, karez_transition_answered,
                                     karez_transition_await (transition));
      break;
    case STEP_CONNECT:
      hub_session_exchange_answer_async (self->exchange, self->offer, karez_transition_answered,
                                         karez_transition_await (transition));
      break;
    default: /* a worker that is there stays, for when the host asks again */
      karez_transition_advance (transition);
      break;
    }
}

static gboolean
hub_session_accept_finish_step (KarezTransition *transition, guint step, GObject *source,
                                GAsyncResult *result, GError **error)
{
  HubSessionAccept *self = HUB_SESSION_ACCEPT (transition);
  GError *local = NULL;

  switch (step)
    {
    case STEP_START:
      return karez_transition_run_finish (KAREZ_TRANSITION (source), result, error);
    case STEP_WAIT:
      hub_session_worker_wait_finish (self->worker, result, &local);
      if (local != NULL)
        g_propagate_error (error, local);
      return local == NULL;
    default:
      self->answer = hub_session_exchange_answer_finish (result, error);
      return self->answer != NULL;
    }
}

void
hub_session_accept_async (HubSessionServices *services, HubSessionInfo *info,
                          HubSessionWorker *worker, HubSessionExchange *exchange, KarezActor *actor,
                          JsonObject *offer, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubSessionAccept) self = g_object_new (HUB_TYPE_SESSION_ACCEPT, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  self->worker = g_object_ref (worker);
  self->exchange = g_object_ref (exchange);
  self->actor = karez_actor_ref (actor);
  self->offer = json_object_ref (offer);
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, data);
}

JsonNode *
hub_session_accept_finish (HubSessionAccept *self, GAsyncResult *result, GError **error)
{
  return karez_transition_run_finish (KAREZ_TRANSITION (self), result, error)
             ? g_steal_pointer (&self->answer)
             : NULL;
}

static void
hub_session_accept_finalize (GObject *object)
{
  HubSessionAccept *self = HUB_SESSION_ACCEPT (object);

  karez_actor_unref (self->actor);
  json_object_unref (self->offer);
  g_clear_pointer (&self->answer, json_node_unref);
  g_clear_object (&self->exchange);
  g_clear_object (&self->worker);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_accept_parent_class)->finalize (object);
}

static void
hub_session_accept_class_init (HubSessionAcceptClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_session_accept_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_session_accept_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_session_accept_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_session_accept_finalize;
}

static void
hub_session_accept_init (HubSessionAccept *self)
{
}
