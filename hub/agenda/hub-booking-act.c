/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A booking is answered or ended: accepted, declined, withdrawn, cancelled. */
#include "hub-booking-act.h"

#include "hub-agenda-private.h"
#include "hub-agenda-refusals.h"
#include "hub-booking.h"
#include "hub-catalogue.h"

enum
{
  STEP_BOOKING = HUB_BOOKING_STEP_CUSTOM,
  STEP_RESOURCES, /* from here to the modality: to accept */
  STEP_MODALITY,
};

struct _HubBookingAct
{
  HubBookingChange parent_instance;

  HubAct act;
  gboolean emergency_alone;
  char *answer_text;
  JsonNode *seen;  /* the booking as it was before */
  GStrv resources; /* own ones, for HUB_ACT_ACCEPT */
};

G_DEFINE_FINAL_TYPE (HubBookingAct, hub_booking_act, HUB_TYPE_BOOKING_CHANGE)

static guint
hub_booking_act_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubBookingAct *self = HUB_BOOKING_ACT (transition);

  switch (step)
    {
    case KAREZ_STEP_NONE:
      return STEP_BOOKING;
    case STEP_BOOKING:
      return self->act == HUB_ACT_ACCEPT ? STEP_RESOURCES : HUB_BOOKING_STEP_COMMIT;
    case STEP_RESOURCES:
      return STEP_MODALITY;
    case STEP_MODALITY:
      return HUB_BOOKING_STEP_COMMIT;
    default:
      return KAREZ_TRANSITION_CLASS (hub_booking_act_parent_class)
          ->next_step (transition, step, error);
    }
}

static const char *
seen_text (HubBookingAct *self, const char *name)
{
  return karez_json_text (json_node_get_object (self->seen), name);
}

static const char *
other_hub (HubBookingAct *self)
{
  const char *requester = seen_text (self, "requester");

  return g_str_equal (requester, self->parent_instance.agenda->hub) ? seen_text (self, "provider")
                                                                    : requester;
}

static JsonNode *
answer_message (HubBookingAct *self, const char *answer)
{
  return karez_json_object (
      "booking", "s", self->parent_instance.booking, "answer", "s", answer, "text", "s",
      self->answer_text, "resources", "as", self->resources, "actor", "n",
      karez_actor_to_json (karez_transaction_get_actor (self->parent_instance.transaction)), NULL);
}

static void
move (HubBookingAct *self, const char *to, const char *const *from, const char *by)
{
  karez_transaction_run_one (self->parent_instance.transaction, "agenda/state",
                             N_ ("The booking's state does not allow this"), "booking_move",
                             "(ss^asmsmsss)", self->parent_instance.booking, to, from, by,
                             self->answer_text, seen_text (self, "requester"),
                             seen_text (self, "provider"));
}

static void
fill_accept (HubBookingAct *self)
{
  KarezTransaction *t = self->parent_instance.transaction;
  g_auto (GStrv) claims = hub_booking_new_ids ((const char *const *) self->resources);

  karez_transaction_run (t, "resource_lock", "(^ass)", self->resources,
                         self->parent_instance.booking);
  karez_transaction_run_one (
      t, "agenda/state", N_ ("The booking's state does not allow this"), "booking_accept",
      "(sssms)", self->parent_instance.booking, self->parent_instance.agenda->hub,
      karez_actor_get_name (karez_transaction_get_actor (t)), self->answer_text);
  karez_transaction_run (t, "claim_release_others", "(s^as)", self->parent_instance.booking,
                         self->resources);
  karez_transaction_run (t, "claim_confirm", "(s^as)", self->parent_instance.booking,
                         self->resources);
  karez_transaction_run (t, "claim_accept", "(^as^asss)", claims, self->resources,
                         self->parent_instance.booking, self->parent_instance.agenda->hub);
  karez_transaction_run_one (t, "agenda/unknown-resource",
                             N_ ("A resource that was asked for is not in use"), "claim_count",
                             "(ssx)", self->parent_instance.booking, "confirmed",
                             (gint64) g_strv_length (self->resources));
  karez_transaction_run (t, "wish_forget", "(ss)", self->parent_instance.booking,
                         self->parent_instance.agenda->hub);
  karez_transaction_run (t, "wish_move", "(sss)", self->parent_instance.booking, other_hub (self),
                         "confirmed");
  karez_transaction_event (t, "booking.accept", "booking", self->parent_instance.booking,
                           karez_json_object ("resources", "as", self->resources, NULL));
  hub_agenda_post (self->parent_instance.agenda, t, other_hub (self),
                   hub_agenda_lane (seen_text (self, "urgency")), "agenda.answer",
                   answer_message (self, "confirmed"));
}

/* A booking that is off: nothing of it is claimed any more. */
static void
release (HubBookingAct *self)
{
  karez_transaction_run (self->parent_instance.transaction, "claim_release", "(s)",
                         self->parent_instance.booking);
  karez_transaction_run (self->parent_instance.transaction, "wish_release", "(s)",
                         self->parent_instance.booking);
}

static void
fill_decline (HubBookingAct *self)
{
  const char *from[] = { "requested", NULL };

  move (self, "declined", from,
        karez_actor_get_name (karez_transaction_get_actor (self->parent_instance.transaction)));
  release (self);
  karez_transaction_event (self->parent_instance.transaction, "booking.decline", "booking",
                           self->parent_instance.booking, NULL);
  hub_agenda_post (self->parent_instance.agenda, self->parent_instance.transaction,
                   other_hub (self), hub_agenda_lane (seen_text (self, "urgency")), "agenda.answer",
                   answer_message (self, "declined"));
}

static void
fill_withdraw (HubBookingAct *self)
{
  const char *from[] = { "requested", NULL };
  const char *from_either[] = { "requested", "withdrawing", NULL };

  if (hub_agenda_is_paired (self->parent_instance.agenda, other_hub (self)))
    /* The partner may have accepted by now: what is held stays held until it says. */
    move (self, "withdrawing", from, NULL);
  else
    {
      move (self, "cancelled", from_either, NULL);
      release (self);
    }
  karez_transaction_event (self->parent_instance.transaction, "booking.withdraw", "booking",
                           self->parent_instance.booking, NULL);
  hub_agenda_post (self->parent_instance.agenda, self->parent_instance.transaction,
                   other_hub (self), hub_agenda_lane (seen_text (self, "urgency")),
                   "agenda.withdraw", answer_message (self, NULL));
}

static void
fill_cancel (HubBookingAct *self)
{
  const char *from[] = { "confirmed", NULL };

  move (self, "cancelled", from, NULL);
  release (self);
  karez_transaction_event (self->parent_instance.transaction, "booking.cancel", "booking",
                           self->parent_instance.booking, NULL);
  hub_agenda_post (self->parent_instance.agenda, self->parent_instance.transaction,
                   other_hub (self), hub_agenda_lane (seen_text (self, "urgency")), "agenda.cancel",
                   answer_message (self, NULL));
}

/* What was asked of this hospital, held or not. */
static GStrv
asked_resources (HubBookingAct *self)
{
  JsonArray *claims = json_object_get_array_member (json_node_get_object (self->seen), "claims");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < json_array_get_length (claims); i++)
    {
      JsonObject *claim = json_array_get_object_element (claims, i);

      if (g_str_equal (karez_json_text (claim, "hub"), self->parent_instance.agenda->hub)
          && !g_str_equal (karez_json_text (claim, "state"), "released"))
        g_strv_builder_add (builder, karez_json_text (claim, "resource"));
    }
  return g_strv_builder_end (builder);
}

static const char *
accepted_state (HubAct act)
{
  switch (act)
    {
    case HUB_ACT_ACCEPT:
    case HUB_ACT_ANSWER:
    case HUB_ACT_DECLINE:
    case HUB_ACT_WITHDRAW:
      return N_ ("A booking that waits for its answer");
    case HUB_ACT_CANCEL:
      return N_ ("A booking that is confirmed");
    }
  return NULL;
}

static gboolean
check_side (HubBookingAct *self, GError **error)
{
  gboolean asked = g_str_equal (seen_text (self, "provider"), self->parent_instance.agenda->hub);

  if ((self->act == HUB_ACT_ACCEPT || self->act == HUB_ACT_DECLINE) && !asked)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "agenda/side",
                            N_ ("The hospital that was asked answers"),
                            N_ ("This hospital made the request"));
  if (self->act == HUB_ACT_WITHDRAW && asked)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "agenda/side",
                            N_ ("The hospital that asked withdraws"),
                            N_ ("The request was made by the other hospital"));
  return TRUE;
}

static void
hub_booking_act_fill (HubBookingChange *change)
{
  HubBookingAct *self = HUB_BOOKING_ACT (change);
  static void (*const fills[]) (HubBookingAct *) = { [HUB_ACT_ACCEPT] = fill_accept,
                                                     [HUB_ACT_DECLINE] = fill_decline,
                                                     [HUB_ACT_WITHDRAW] = fill_withdraw,
                                                     [HUB_ACT_CANCEL] = fill_cancel };

  karez_transaction_about (change->transaction, change->booking, seen_text (self, "patient"));
  fills[self->act](self);
}

static void
hub_booking_act_explain (HubBookingChange *change, GError *refused, gpointer data)
{
  HubBookingAct *self = HUB_BOOKING_ACT (change);

  hub_agenda_explain_async (change->agenda, refused, change->booking, accepted_state (self->act),
                            (const char *const *) self->resources, seen_text (self, "starts_at"),
                            seen_text (self, "ends_at"), karez_transition_answered, data);
}

static void
hub_booking_act_execute_step (KarezTransition *transition, guint step)
{
  HubBookingAct *self = HUB_BOOKING_ACT (transition);
  GCancellable *cancellable = karez_transition_get_cancellable (transition);

  switch (step)
    {
    case STEP_BOOKING:
      karez_agenda_get_booking_async (
          KAREZ_AGENDA (self->parent_instance.agenda), self->parent_instance.booking, cancellable,
          karez_transition_answered, karez_transition_await (transition));
      break;
    case STEP_RESOURCES:
      karez_store_query_async (hub_agenda_scope (self->parent_instance.agenda), "resource_by_ids",
                               g_variant_new ("(^as)", self->resources), cancellable,
                               karez_transition_answered, karez_transition_await (transition));
      break;
    case STEP_MODALITY:
      hub_agenda_check_modality_async (self->parent_instance.agenda, self->seen, cancellable,
                                       karez_transition_answered,
                                       karez_transition_await (transition));
      break;
    default:
      KAREZ_TRANSITION_CLASS (hub_booking_act_parent_class)->execute_step (transition, step);
      break;
    }
}

static gboolean
check_urgency (HubBookingAct *self, GError **error)
{
  return !self->emergency_alone || g_str_equal (seen_text (self, "urgency"), "T0")
         || karez_error_set (error, KAREZ_ERROR_DENIED, "agenda/answer",
                             N_ ("An emergency; the desk answers other requests"),
                             N_ ("This request is not an emergency"));
}

/* Only who accepts brings something. */
static gboolean
take_booking (HubBookingAct *self, JsonNode *booking, GError **error)
{
  self->seen = booking;
  if (booking == NULL || !check_side (self, error) || !check_urgency (self, error))
    return FALSE;
  if (self->act != HUB_ACT_ACCEPT)
    g_clear_pointer (&self->resources, g_strfreev);
  else if (self->resources == NULL)
    self->resources = asked_resources (self);
  return TRUE;
}

static gboolean
take_resources (HubBookingAct *self, KarezRows *rows, GError **error)
{
  g_auto (GStrv) own = NULL;
  g_auto (GStrv) none = NULL;

  return rows != NULL
         && hub_agenda_split_resources (rows, (const char *const *) self->resources,
                                        self->parent_instance.agenda->hub, NULL, &own, &none,
                                        error);
}

static gboolean
hub_booking_act_finish_step (KarezTransition *transition, guint step, GObject *source,
                             GAsyncResult *result, GError **error)
{
  HubBookingAct *self = HUB_BOOKING_ACT (transition);
  g_autoptr (KarezRows) rows = NULL;
  g_autofree char *host = NULL;

  switch (step)
    {
    case STEP_BOOKING:
      return take_booking (
          self, karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, error), error);
    case STEP_RESOURCES:
      rows = karez_store_query_finish (KAREZ_STORE (source), result, error);
      return take_resources (self, rows, error);
    case STEP_MODALITY:
      host = hub_agenda_check_modality_finish (self->parent_instance.agenda, result, error);
      return host != NULL;
    default:
      return KAREZ_TRANSITION_CLASS (hub_booking_act_parent_class)
          ->finish_step (transition, step, source, result, error);
    }
}

void
hub_booking_act_async (HubAgenda *agenda, KarezTransaction *transaction, HubAct act,
                       const char *booking, const char *const *resources, const char *answer,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubBookingAct) self = g_object_new (HUB_TYPE_BOOKING_ACT, NULL);

  self->emergency_alone = act == HUB_ACT_ANSWER;
  self->act = act == HUB_ACT_ANSWER ? HUB_ACT_ACCEPT : act;
  self->parent_instance.booking = g_strdup (booking);
  self->answer_text = g_strdup (answer);
  self->resources = g_strdupv ((char **) resources);
  hub_booking_change_run_async (HUB_BOOKING_CHANGE (self), agenda, transaction, cancellable,
                                callback, data);
}

static void
hub_booking_act_finalize (GObject *object)
{
  HubBookingAct *self = HUB_BOOKING_ACT (object);

  g_free (self->answer_text);
  g_clear_pointer (&self->seen, json_node_unref);
  g_strfreev (self->resources);

  G_OBJECT_CLASS (hub_booking_act_parent_class)->finalize (object);
}

static void
hub_booking_act_class_init (HubBookingActClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_booking_act_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_booking_act_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_booking_act_finish_step;
  HUB_BOOKING_CHANGE_CLASS (klass)->fill = hub_booking_act_fill;
  HUB_BOOKING_CHANGE_CLASS (klass)->explain = hub_booking_act_explain;
  G_OBJECT_CLASS (klass)->finalize = hub_booking_act_finalize;
}

static void
hub_booking_act_init (HubBookingAct *self)
{
}
