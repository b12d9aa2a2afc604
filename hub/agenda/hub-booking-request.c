/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A booking is asked for: what is here is held, and the partner is asked for the rest. */
#include "hub-booking-request.h"

#include "hub-agenda-private.h"
#include "hub-agenda-refusals.h"
#include "hub-booking.h"
#include "hub-catalogue.h"
#include "hub-clock.h"

/* Of a hospital's requests that wait the other one takes 500, and what is beyond is a dead letter
 * there: here it is refused before, with room for those that are on their way at once. Emergencies
 * have some of their own, and nobody can fill it alone. */
#define MAX_WAITING 400
#define MAX_WAITING_EMERGENCIES 480
#define MAX_WAITING_OF_PERSON 200

enum
{
  STEP_BODY = HUB_BOOKING_STEP_CUSTOM,
  STEP_RESOURCES,
  STEP_PATIENT,
  STEP_MODALITY,
};

struct _HubBookingRequest
{
  HubBookingChange parent_instance;

  JsonNode *body;
  HubBooking *booking;
};

G_DEFINE_FINAL_TYPE (HubBookingRequest, hub_booking_request, HUB_TYPE_BOOKING_CHANGE)

static gboolean
read_body (HubBookingRequest *self, GError **error)
{
  self->booking = hub_booking_from_request (self->body, self->parent_instance.agenda->hub, error);
  if (self->booking == NULL)
    return FALSE;
  if (hub_agenda_is_paired (self->parent_instance.agenda, self->booking->provider))
    return TRUE;
  karez_error_set (error, KAREZ_ERROR_INVALID, "agenda/partner", N_ ("A paired hospital"),
                   N_ ("The other hospital is not paired with this one"));
  if (error != NULL)
    karez_error_set_pointer (*error, "/partner");
  return FALSE;
}

static guint
hub_booking_request_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubBookingRequest *self = HUB_BOOKING_REQUEST (transition);

  switch (step)
    {
    case KAREZ_STEP_NONE:
      return STEP_BODY;
    case STEP_BODY:
      return STEP_RESOURCES;
    case STEP_RESOURCES:
      return self->booking->patient != NULL ? STEP_PATIENT : STEP_MODALITY;
    case STEP_PATIENT:
      return STEP_MODALITY;
    case STEP_MODALITY:
      return HUB_BOOKING_STEP_COMMIT;
    default:
      return KAREZ_TRANSITION_CLASS (hub_booking_request_parent_class)
          ->next_step (transition, step, error);
    }
}

static void
insert_booking (KarezTransaction *transaction, const HubBooking *booking, const char *by)
{
  g_autofree char *starts_at = hub_time_format (booking->starts_at);
  g_autofree char *ends_at = hub_time_format (booking->ends_at);

  karez_transaction_run (transaction, "booking_insert", "(ssssssssmssss)", booking->id,
                         booking->modality, booking->title, booking->reason, booking->urgency,
                         booking->requester, booking->provider, booking->host, booking->patient,
                         starts_at, ends_at, by);
}

static void
hub_booking_request_fill (HubBookingChange *change)
{
  HubBooking *booking = HUB_BOOKING_REQUEST (change)->booking;
  KarezTransaction *transaction = change->transaction;
  KarezActor *actor = karez_transaction_get_actor (transaction);
  g_auto (GStrv) claims = hub_booking_new_ids ((const char *const *) booking->resources);

  change->booking = g_strdup (booking->id);
  karez_transaction_run_one (
      transaction, "agenda/too-many",
      N_ ("Too many requests wait for an answer of that hospital: it has to answer some, or some "
          "have "
          "to be withdrawn"),
      "booking_room_own", "(ssxsx)", change->agenda->hub, booking->provider,
      (gint64) (g_str_equal (booking->urgency, "T0") ? MAX_WAITING_EMERGENCIES : MAX_WAITING),
      karez_actor_get_name (actor), (gint64) MAX_WAITING_OF_PERSON);
  karez_transaction_run (transaction, "resource_lock", "(^ass)", booking->resources, booking->id);
  insert_booking (transaction, booking, karez_actor_get_name (actor));
  karez_transaction_run (transaction, "claim_hold", "(^as^asss)", claims, booking->resources,
                         booking->id, change->agenda->hub);
  karez_transaction_run_one (
      transaction, "agenda/unknown-resource", N_ ("A resource has just been taken out of use"),
      "claim_count", "(ssx)", booking->id, "held", (gint64) g_strv_length (booking->resources));
  karez_transaction_run (transaction, "wish_insert", "(s^asss)", booking->id, booking->wishes,
                         booking->provider, "asked");
  karez_transaction_about (transaction, booking->id, booking->patient);
  karez_transaction_event (transaction, "booking.request", "booking", booking->id,
                           hub_booking_to_details (booking));
  hub_agenda_post (change->agenda, transaction, booking->provider,
                   hub_agenda_lane (booking->urgency), "agenda.request",
                   hub_booking_to_message (booking, actor));
}

static void
hub_booking_request_explain (HubBookingChange *change, GError *refused, gpointer data)
{
  HubBooking *booking = HUB_BOOKING_REQUEST (change)->booking;
  g_autofree char *starts_at = hub_time_format (booking->starts_at);
  g_autofree char *ends_at = hub_time_format (booking->ends_at);

  hub_agenda_explain_async (change->agenda, refused, booking->id, NULL,
                            (const char *const *) booking->resources, starts_at, ends_at,
                            karez_transition_answered, data);
}

static void
hub_booking_request_execute_step (KarezTransition *transition, guint step)
{
  HubBookingRequest *self = HUB_BOOKING_REQUEST (transition);
  GCancellable *cancellable = karez_transition_get_cancellable (transition);
  g_autoptr (JsonNode) booking = NULL;
  GError *error = NULL;

  switch (step)
    {
    case STEP_BODY:
      if (read_body (self, &error))
        karez_transition_advance (transition);
      else
        karez_transition_fail (transition, error);
      break;
    case STEP_RESOURCES:
      karez_store_query_async (hub_agenda_scope (self->parent_instance.agenda), "resource_by_ids",
                               g_variant_new ("(^as)", self->booking->resources), cancellable,
                               karez_transition_answered, karez_transition_await (transition));
      break;
    case STEP_PATIENT:
      karez_store_query_async (hub_agenda_scope (self->parent_instance.agenda), "patient_known",
                               g_variant_new ("(s)", self->booking->patient), cancellable,
                               karez_transition_answered, karez_transition_await (transition));
      break;
    case STEP_MODALITY:
      booking = hub_booking_to_json (self->booking);
      hub_agenda_check_modality_async (self->parent_instance.agenda, booking, cancellable,
                                       karez_transition_answered,
                                       karez_transition_await (transition));
      break;
    default:
      KAREZ_TRANSITION_CLASS (hub_booking_request_parent_class)->execute_step (transition, step);
      break;
    }
}

static gboolean
take_resources (HubBookingRequest *self, KarezRows *rows, GError **error)
{
  HubBooking *booking = self->booking;
  g_auto (GStrv) all = g_steal_pointer (&booking->resources);

  return rows != NULL
         && hub_agenda_split_resources (rows, (const char *const *) all,
                                        self->parent_instance.agenda->hub, booking->provider,
                                        &booking->resources, &booking->wishes, error);
}

static gboolean
take_patient (KarezRows *rows, GError **error)
{
  if (rows == NULL || karez_rows_get_count (rows) > 0)
    return rows != NULL;
  karez_error_set (error, KAREZ_ERROR_INVALID, "agenda/patient",
                   N_ ("A patient of this hospital, or none"), N_ ("There is no such patient"));
  if (error != NULL)
    karez_error_set_pointer (*error, "/patient");
  return FALSE;
}

static gboolean
hub_booking_request_finish_step (KarezTransition *transition, guint step, GObject *source,
                                 GAsyncResult *result, GError **error)
{
  HubBookingRequest *self = HUB_BOOKING_REQUEST (transition);
  g_autoptr (KarezRows) rows = NULL;
  g_autofree char *host = NULL;

  switch (step)
    {
    case STEP_RESOURCES:
      rows = karez_store_query_finish (KAREZ_STORE (source), result, error);
      return take_resources (self, rows, error);
    case STEP_PATIENT:
      rows = karez_store_query_finish (KAREZ_STORE (source), result, error);
      return take_patient (rows, error);
    case STEP_MODALITY:
      /* "patient" names the requester too: a request can only be about a patient of its own. */
      host = hub_agenda_check_modality_finish (self->parent_instance.agenda, result, error);
      return host != NULL;
    default:
      return KAREZ_TRANSITION_CLASS (hub_booking_request_parent_class)
          ->finish_step (transition, step, source, result, error);
    }
}

void
hub_booking_request_async (HubAgenda *agenda, KarezTransaction *transaction, JsonNode *body,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubBookingRequest) self = g_object_new (HUB_TYPE_BOOKING_REQUEST, NULL);

  self->body = body != NULL ? json_node_ref (body) : NULL;
  hub_booking_change_run_async (HUB_BOOKING_CHANGE (self), agenda, transaction, cancellable,
                                callback, data);
}

static void
hub_booking_request_finalize (GObject *object)
{
  HubBookingRequest *self = HUB_BOOKING_REQUEST (object);

  g_clear_pointer (&self->body, json_node_unref);
  g_clear_pointer (&self->booking, hub_booking_free);

  G_OBJECT_CLASS (hub_booking_request_parent_class)->finalize (object);
}

static void
hub_booking_request_class_init (HubBookingRequestClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_booking_request_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_booking_request_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_booking_request_finish_step;
  HUB_BOOKING_CHANGE_CLASS (klass)->fill = hub_booking_request_fill;
  HUB_BOOKING_CHANGE_CLASS (klass)->explain = hub_booking_request_explain;
  G_OBJECT_CLASS (klass)->finalize = hub_booking_request_finalize;
}

static void
hub_booking_request_init (HubBookingRequest *self)
{
}
