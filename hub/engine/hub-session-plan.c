/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A confirmed booking becomes a session. */
#include "hub-session-plan.h"

#include "hub-catalogue.h"

enum
{
  STEP_BOOKING = KAREZ_STEP_CUSTOM,
  STEP_RECORD,
};

struct _HubSessionPlan
{
  KarezTransition parent_instance;

  HubSessionServices *services;
  char *booking;
  HubSessionInfo *info;
};

G_DEFINE_FINAL_TYPE (HubSessionPlan, hub_session_plan, KAREZ_TYPE_TRANSITION)

static gboolean
take_booking (HubSessionPlan *self, JsonNode *booking, GError **error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (booking) ? json_node_get_object (booking) : NULL;
  const char *requester = object != NULL ? karez_json_text (object, "requester") : NULL;
  const char *provider = object != NULL ? karez_json_text (object, "provider") : NULL;
  const char *host = object != NULL ? karez_json_text (object, "host") : NULL;
  const char *hub = self->services->hub;
  const char *partner = g_strcmp0 (requester, hub) == 0 ? provider : requester;

  if (requester == NULL || provider == NULL || host == NULL)
    return karez_error_set (error, KAREZ_ERROR_FAILED, "session/booking", NULL,
                            N_ ("The agenda's booking cannot be read."));
  if (g_strcmp0 (karez_json_text (object, "state"), "confirmed") != 0)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/confirmed",
                            N_ ("a booking that both hospitals have confirmed"),
                            N_ ("The booking is not confirmed."));
  self->info = hub_session_info_new (
      karez_json_text (object, "id"), karez_json_text (object, "modality"),
      karez_json_text (object, "title"), host, partner, g_str_equal (host, hub), booking);
  return TRUE;
}

static void
record (HubSessionPlan *self)
{
  HubSessionInfo *info = self->info;
  g_autofree char *booking = karez_json_print (hub_session_info_get_booking (info));
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (self->services->store, self->services->actor);

  karez_transaction_about (transaction, self->booking, NULL);
  karez_transaction_run_one (
      transaction, "session/known", N_ ("The session is over."), "session_plan", "(ssssss)",
      self->booking, hub_session_info_get_modality (info), hub_session_info_get_title (info),
      hub_session_info_get_host (info), hub_session_info_get_partner (info), booking);
  karez_transaction_event (transaction, "session.plan", "session", self->booking, NULL);
  karez_transaction_commit_async (transaction, NULL, karez_transition_answered,
                                  karez_transition_await (KAREZ_TRANSITION (self)));
}

static guint
hub_session_plan_next_step (KarezTransition *transition, guint step, GError **error)
{
  return step == KAREZ_STEP_NONE ? STEP_BOOKING
         : step == STEP_BOOKING  ? STEP_RECORD
                                 : KAREZ_STEP_NONE;
}

static void
hub_session_plan_execute_step (KarezTransition *transition, guint step)
{
  HubSessionPlan *self = HUB_SESSION_PLAN (transition);

  switch (step)
    {
    case STEP_BOOKING:
      karez_agenda_get_booking_async (self->services->agenda, self->booking, NULL,
                                      karez_transition_answered,
                                      karez_transition_await (transition));
      break;
    case STEP_RECORD:
      record (self);
      break;
    default: /* what was not recorded is no session */
      karez_transition_advance (transition);
      break;
    }
}

static gboolean
hub_session_plan_finish_step (KarezTransition *transition, guint step, GObject *source,
                              GAsyncResult *result, GError **error)
{
  g_autoptr (JsonNode) booking = NULL;

  if (step == STEP_RECORD)
    return karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, error);
  booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, error);
  return booking != NULL && take_booking (HUB_SESSION_PLAN (transition), booking, error);
}

void
hub_session_plan_async (HubSessionServices *services, const char *booking,
                        GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubSessionPlan) self = g_object_new (HUB_TYPE_SESSION_PLAN, NULL);

  self->services = hub_session_services_ref (services);
  self->booking = g_strdup (booking);
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, data);
}

HubSessionInfo *
hub_session_plan_finish (HubSessionPlan *self, GAsyncResult *result, GError **error)
{
  return karez_transition_run_finish (KAREZ_TRANSITION (self), result, error)
             ? g_steal_pointer (&self->info)
             : NULL;
}

const char *
hub_session_plan_get_booking (HubSessionPlan *self)
{
  return self->booking;
}

static void
hub_session_plan_finalize (GObject *object)
{
  HubSessionPlan *self = HUB_SESSION_PLAN (object);

  g_free (self->booking);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_plan_parent_class)->finalize (object);
}

static void
hub_session_plan_class_init (HubSessionPlanClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_session_plan_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_session_plan_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_session_plan_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_session_plan_finalize;
}

static void
hub_session_plan_init (HubSessionPlan *self)
{
}
