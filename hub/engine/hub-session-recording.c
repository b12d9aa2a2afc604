/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of what was done already: tried until it is durable, or refused for good. */
#include "hub-session-recording.h"

#include "hub-log.h"

#define RETRY_MS 500

enum
{
  STEP_COMMIT = KAREZ_STEP_CUSTOM,
  STEP_WAIT,
};

struct _HubSessionRecording
{
  KarezTransition parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  KarezTransaction *given; /* the first try's */
  HubSessionFill fill;
  gpointer data;
  GDestroyNotify destroy;
  gboolean tried, done;
};

G_DEFINE_FINAL_TYPE (HubSessionRecording, hub_session_recording, KAREZ_TYPE_TRANSITION)

gboolean
hub_session_may_help_later (const GError *error)
{
  return karez_error_is_unavailable (error) || karez_error_is_busy (error)
         || karez_error_is_timeout (error)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
commit (HubSessionRecording *self)
{
  KarezActor *actor = self->given != NULL ? karez_transaction_get_actor (self->given)
                                          : self->services->actor;
  g_autoptr (KarezTransaction) transaction = self->given != NULL && !self->tried
                                                 ? g_object_ref (self->given)
                                                 : karez_store_begin (self->services->store, actor);
  const char *digest = NULL;
  const char *request = self->given != NULL ? karez_transaction_get_request (self->given, &digest)
                                            : NULL;

  /* Whether the try before this one was committed may not be known. */
  if (self->tried && request != NULL)
    karez_transaction_set_request (transaction, request, digest);
  self->fill (self->info, transaction, self->data);
  karez_transaction_commit_async (transaction, NULL, karez_transition_answered,
                                  karez_transition_await (KAREZ_TRANSITION (self)));
}

static gboolean
on_due (gpointer data)
{
  HubSessionRecording *self = data;

  if (hub_session_info_is_closed (self->info))
    karez_transition_fail (data, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                              "the session is over, or the hub ends"));
  else
    karez_transition_advance (data);
  return G_SOURCE_REMOVE;
}

static guint
hub_session_recording_next_step (KarezTransition *transition, guint step, GError **error)
{
  if (step != STEP_COMMIT)
    return STEP_COMMIT;
  return HUB_SESSION_RECORDING (transition)->done ? KAREZ_STEP_NONE : STEP_WAIT;
}

static void
hub_session_recording_execute_step (KarezTransition *transition, guint step)
{
  switch (step)
    {
    case STEP_COMMIT:
      commit (HUB_SESSION_RECORDING (transition));
      break;
    case STEP_WAIT:
      g_timeout_add_full (G_PRIORITY_DEFAULT, RETRY_MS, on_due, g_object_ref (transition),
                          g_object_unref);
      break;
    default: /* what was refused changed nothing */
      karez_transition_advance (transition);
      break;
    }
}

static gboolean
hub_session_recording_finish_step (KarezTransition *transition, guint step, GObject *source,
                                   GAsyncResult *result, GError **error)
{
  HubSessionRecording *self = HUB_SESSION_RECORDING (transition);
  GError *local = NULL;
  gboolean later;

  self->done = karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &local);
  if (self->done)
    return TRUE;
  later = hub_session_may_help_later (local);
  if (!self->tried || !later)
    hub_warning ("sessions", hub_session_info_get_id (self->info),
                 "What was done is not recorded yet: %s", local->message);
  self->tried = TRUE;
  if (later)
    g_error_free (local);
  else
    g_propagate_error (error, local);
  return later;
}

void
hub_session_record_async (HubSessionServices *services, HubSessionInfo *info,
                          KarezTransaction *given, HubSessionFill fill, gpointer data,
                          GDestroyNotify destroy, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (HubSessionRecording) self = g_object_new (HUB_TYPE_SESSION_RECORDING, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  g_set_object (&self->given, given);
  self->fill = fill;
  self->data = data;
  self->destroy = destroy;
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, user_data);
}

static void
hub_session_recording_finalize (GObject *object)
{
  HubSessionRecording *self = HUB_SESSION_RECORDING (object);

  if (self->destroy != NULL)
    self->destroy (self->data);
  g_clear_object (&self->given);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_recording_parent_class)->finalize (object);
}

static void
hub_session_recording_class_init (HubSessionRecordingClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_session_recording_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_session_recording_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_session_recording_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_session_recording_finalize;
}

static void
hub_session_recording_init (HubSessionRecording *self)
{
}
