/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a session that has no worker: recorded, then told. */
#include "hub-session-end.h"

#include "hub-catalogue.h"
#include "hub-log.h"

#define RETRY_MS 500
#define LOST N_ ("the session's worker died too often")

enum
{
  STEP_RECORD = KAREZ_STEP_CUSTOM,
  STEP_WAIT, /* for a database that is away */
  STEP_TELL,
};

struct _HubSessionEnd
{
  KarezTransition parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  KarezTransaction *given; /* NULL: the hub's own, tried until it is recorded */
  KarezActor *actor;
  char *reason;
  gboolean recorded;
};

G_DEFINE_FINAL_TYPE (HubSessionEnd, hub_session_end, KAREZ_TYPE_TRANSITION)

/* What was never begun has failed; the rest ends by way of STOPPING. */
static gboolean
fails (HubSessionEnd *self)
{
  return self->given == NULL
         && hub_session_machine_find (hub_session_info_get_state (self->info), "fail", NULL)
                != NULL;
}

static void
record (HubSessionEnd *self)
{
  HubSessionInfo *info = self->info;
  guint64 sequence = hub_session_info_get_sequence (info);
  g_autoptr (KarezTransaction)
      transaction = self->given != NULL ? g_object_ref (self->given)
                                        : karez_store_begin (self->services->store, self->actor);

  karez_transaction_about (transaction, hub_session_info_get_id (info), NULL);
  if (fails (self))
    hub_session_info_put_state (info, transaction, "session.fail", KAREZ_STATE_FAILED, sequence + 1,
                                self->reason, TRUE);
  else
    {
      hub_session_info_put_state (info, transaction, "session.stop", KAREZ_STATE_STOPPING,
                                  sequence + 1, self->reason, FALSE);
      hub_session_info_put_state (info, transaction, "session.end", KAREZ_STATE_ENDED, sequence + 2,
                                  self->reason, TRUE);
    }
  karez_transaction_commit_async (transaction, NULL, karez_transition_answered,
                                  karez_transition_await (KAREZ_TRANSITION (self)));
}

static void
tell (HubSessionEnd *self)
{
  HubSessionInfo *info = self->info;
  gboolean failed = fails (self);

  hub_session_info_take_state (info, failed ? KAREZ_STATE_FAILED : KAREZ_STATE_ENDED,
                               hub_session_info_get_sequence (info) + (failed ? 1 : 2),
                               self->reason);
  hub_session_info_tell_over (info, self->actor);
  hub_session_info_close (info);
  karez_transition_advance (KAREZ_TRANSITION (self));
}

static gboolean
on_due (gpointer data)
{
  karez_transition_advance (data);
  return G_SOURCE_REMOVE;
}

static guint
hub_session_end_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubSessionEnd *self = HUB_SESSION_END (transition);

  if (step == STEP_TELL || hub_session_info_is_closed (self->info))
    return KAREZ_STEP_NONE;
  if (step == STEP_RECORD)
    return self->recorded ? STEP_TELL : STEP_WAIT;
  return STEP_RECORD;
}

static void
hub_session_end_execute_step (KarezTransition *transition, guint step)
{
  HubSessionEnd *self = HUB_SESSION_END (transition);

  switch (step)
    {
    case STEP_RECORD:
      record (self);
      break;
    case STEP_WAIT:
      g_timeout_add_full (G_PRIORITY_DEFAULT, RETRY_MS, on_due, g_object_ref (self),
                          g_object_unref);
      break;
    case STEP_TELL:
      tell (self);
      break;
    default:
      hub_session_info_set_ending (self->info, FALSE);
      karez_transition_advance (transition);
      break;
    }
}

static gboolean
hub_session_end_finish_step (KarezTransition *transition, guint step, GObject *source,
                             GAsyncResult *result, GError **error)
{
  HubSessionEnd *self = HUB_SESSION_END (transition);
  g_autoptr (GError) local = NULL;

  self->recorded = karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &local);
  if (self->recorded)
    return TRUE;
  if (self->given != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  hub_warning ("sessions", hub_session_info_get_id (self->info),
               "The end could not be recorded: %s", local->message);
  return TRUE;
}

static void
run (HubSessionServices *services, HubSessionInfo *info, KarezTransaction *given, KarezActor *actor,
     const char *reason, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubSessionEnd) self = g_object_new (HUB_TYPE_SESSION_END, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  g_set_object (&self->given, given);
  self->actor = karez_actor_ref (actor);
  self->reason = g_strdup (reason);
  hub_session_info_set_ending (info, TRUE);
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, data);
}

void
hub_session_end_planned_async (HubSessionServices *services, HubSessionInfo *info,
                               KarezTransaction *transaction, const char *reason,
                               GAsyncReadyCallback callback, gpointer data)
{
  run (services, info, transaction, karez_transaction_get_actor (transaction), reason, callback,
       data);
}

void
hub_session_end_lost_async (HubSessionServices *services, HubSessionInfo *info,
                            GAsyncReadyCallback callback, gpointer data)
{
  run (services, info, NULL, services->actor, LOST, callback, data);
}

static void
hub_session_end_finalize (GObject *object)
{
  HubSessionEnd *self = HUB_SESSION_END (object);

  karez_actor_unref (self->actor);
  g_free (self->reason);
  g_clear_object (&self->given);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_end_parent_class)->finalize (object);
}

static void
hub_session_end_class_init (HubSessionEndClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_session_end_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_session_end_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_session_end_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_session_end_finalize;
}

static void
hub_session_end_init (HubSessionEnd *self)
{
}
