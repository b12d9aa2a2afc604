/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A booking is answered or ended: accepted, declined, withdrawn, cancelled. */
#include "hub-booking-act.h"

#include "hub-agenda-private.h"
#include "hub-agenda-refusals.h"
#include "hub-booking.h"
#include "hub-catalogue.h"

enum
{
  STEP_BOOKING = KAREZ_STEP_CUSTOM,
  STEP_RESOURCES, /* from here to the modality: to accept */
  STEP_MODALITY,
  STEP_COMMIT,
  STEP_EXPLAIN,
  STEP_READ,
};

struct _HubBookingAct
{
  KarezTransition parent_instance;

  HubAgenda *agenda;
  KarezTransaction *transaction;
  HubAct act;
  char *booking, *answer_text;
  JsonNode *seen;  /* the booking as it was before */
  GStrv resources; /* own ones, for HUB_ACT_ACCEPT */
  GError *refused; /* why the commit failed, in the database's words */
  JsonNode *answer;
};

G_DEFINE_FINAL_TYPE (HubBookingAct, hub_booking_act, KAREZ_TYPE_TRANSITION)

static guint
hub_booking_act_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubBookingAct *self = HUB_BOOKING_ACT (transition);

  switch (step)
    {
    case KAREZ_STEP_NONE:
      return STEP_BOOKING;
    case STEP_BOOKING:
      return self->act == HUB_ACT_ACCEPT ? STEP_RESOURCES : STEP_COMMIT;
    case STEP_RESOURCES:
      return STEP_MODALITY;
    case STEP_MODALITY:
      return STEP_COMMIT;
    case STEP_COMMIT:
      return self->refused != NULL ? STEP_EXPLAIN : STEP_READ;
    default:
      return KAREZ_STEP_NONE;
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

  return g_str_equal (requester, self->agenda->hub) ? seen_text (self, "provider") : requester;
}

static JsonNode *
answer_message (HubBookingAct *self, const char *answer)
{
  return karez_json_object ("booking", "s", self->booking, "answer", "s", answer, "text", "s",
                            self->answer_text, "resources", "as", self->resources, "actor", "n",
                            karez_actor_to_json (karez_transaction_get_actor (self->transaction)),
                            NULL);
}

static void
move (HubBookingAct *self, const char *to, const char *const *from, const char *by)
{
  karez_transaction_run_one (self->transaction, "agenda/state",
                             N_ ("The booking's state does not allow this"), "booking_move",
                             "(ss^asmsmsss)", self->booking, to, from, by, self->answer_text,
                             seen_text (self, "requester"), seen_text (self, "provider"));
}

static void
fill_accept (HubBookingAct *self)
{
  KarezTransaction *t = self->transaction;
  g_auto (GStrv) claims = hub_booking_new_ids ((const char *const *) self->resources);

  karez_transaction_run (t, "resource_lock", "(^ass)", self->resources, self->booking);
  karez_transaction_run_one (t, "agenda/state", N_ ("The booking's state does not allow this"),
                             "booking_accept", "(sssms)", self->booking, self->agenda->hub,
                             karez_actor_get_name (karez_transaction_get_actor (t)),
                             self->answer_text);
  karez_transaction_run (t, "claim_release_others", "(s^as)", self->booking, self->resources);
  karez_transaction_run (t, "claim_confirm", "(s^as)", self->booking, self->resources);
  karez_transaction_run (t, "claim_accept", "(^as^asss)", claims, self->resources, self->booking,
                         self->agenda->hub);
  karez_transaction_run_one (
      t, "agenda/unknown-resource", N_ ("A resource that was asked for is not in use"),
      "claim_count", "(ssx)", self->booking, "confirmed", (gint64) g_strv_length (self->resources));
  karez_transaction_run (t, "wish_forget", "(ss)", self->booking, self->agenda->hub);
  karez_transaction_run (t, "wish_move", "(sss)", self->booking, other_hub (self), "confirmed");
  karez_transaction_event (t, "booking.accept", "booking", self->booking,
                           karez_json_object ("resources", "as", self->resources, NULL));
  hub_agenda_post (self->agenda, t, other_hub (self), hub_agenda_lane (seen_text (self, "urgency")),
                   "agenda.answer", answer_message (self, "confirmed"));
}

/* A booking that is off: nothing of it is claimed any more. */
static void
release (HubBookingAct *self)
{
  karez_transaction_run (self->transaction, "claim_release", "(s)", self->booking);
  karez_transaction_run (self->transaction, "wish_release", "(s)", self->booking);
}

static void
fill_decline (HubBookingAct *self)
{
  const char *from[] = { "requested", NULL };

  move (self, "declined", from,
        karez_actor_get_name (karez_transaction_get_actor (self->transaction)));
  release (self);
  karez_transaction_event (self->transaction, "booking.decline", "booking", self->booking, NULL);
  hub_agenda_post (self->agenda, self->transaction, other_hub (self),
                   hub_agenda_lane (seen_text (self, "urgency")), "agenda.answer",
                   answer_message (self, "declined"));
}

static void
fill_withdraw (HubBookingAct *self)
{
  const char *from[] = { "requested", NULL };
  const char *from_either[] = { "requested", "withdrawing", NULL };

  if (hub_agenda_is_paired (self->agenda, other_hub (self)))
    /* The partner may have accepted by now: what is held stays held until it says. */
    move (self, "withdrawing", from, NULL);
  else
    {
      move (self, "cancelled", from_either, NULL);
      release (self);
    }
  karez_transaction_event (self->transaction, "booking.withdraw", "booking", self->booking, NULL);
  hub_agenda_post (self->agenda, self->transaction, other_hub (self),
                   hub_agenda_lane (seen_text (self, "urgency")), "agenda.withdraw",
                   answer_message (self, NULL));
}

static void
fill_cancel (HubBookingAct *self)
{
  const char *from[] = { "confirmed", NULL };

  move (self, "cancelled", from, NULL);
  release (self);
  karez_transaction_event (self->transaction, "booking.cancel", "booking", self->booking, NULL);
  hub_agenda_post (self->agenda, self->transaction, other_hub (self),
                   hub_agenda_lane (seen_text (self, "urgency")), "agenda.cancel",
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

      if (g_str_equal (karez_json_text (claim, "hub"), self->agenda->hub)
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
  gboolean asked = g_str_equal (seen_text (self, "provider"), self->agenda->hub);

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
fill (HubBookingAct *self)
{
  static void (*const fills[]) (HubBookingAct *) = { [HUB_ACT_ACCEPT] = fill_accept,
                                                     [HUB_ACT_DECLINE] = fill_decline,
                                                     [HUB_ACT_WITHDRAW] = fill_withdraw,
                                                     [HUB_ACT_CANCEL] = fill_cancel };

  karez_transaction_about (self->transaction, self->booking, seen_text (self, "patient"));
  fills[self->act](self);
}

static void
hub_booking_act_execute_step (KarezTransition *transition, guint step)
{
  HubBookingAct *self = HUB_BOOKING_ACT (transition);
  GCancellable *cancellable = karez_transition_get_cancellable (transition);

  switch (step)
    {
    case STEP_BOOKING:
      karez_agenda_get_booking_async (KAREZ_AGENDA (self->agenda), self->booking, cancellable,
                                      karez_transition_answered,
                                      karez_transition_await (transition));
      break;
    case STEP_RESOURCES:
      karez_store_query_async (hub_agenda_scope (self->agenda), "resource_by_ids",
                               g_variant_new ("(^as)", self->resources), cancellable,
                               karez_transition_answered, karez_transition_await (transition));
      break;
    case STEP_MODALITY:
      hub_agenda_check_modality_async (self->agenda, self->seen, cancellable,
                                       karez_transition_answered,
                                       karez_transition_await (transition));
      break;
    case STEP_COMMIT:
      fill (self);
      karez_transaction_commit_async (self->transaction, cancellable, karez_transition_answered,
                                      karez_transition_await (transition));
      break;
    case STEP_EXPLAIN:
      hub_agenda_explain_async (self->agenda, g_steal_pointer (&self->refused), self->booking,
                                accepted_state (self->act), (const char *const *) self->resources,
                                seen_text (self, "starts_at"), seen_text (self, "ends_at"),
                                karez_transition_answered, karez_transition_await (transition));
      break;
    case STEP_READ:
      hub_agenda_read_changed_async (self->agenda, self->transaction, self->booking, cancellable,
                                     karez_transition_answered,
                                     karez_transition_await (transition));
      break;
    default: /* nothing is left of a transaction that failed */
      karez_transition_advance (transition);
      break;
    }
}

/* Only who accepts brings something. */
static gboolean
take_booking (HubBookingAct *self, JsonNode *booking, GError **error)
{
  self->seen = booking;
  if (booking == NULL || !check_side (self, error))
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
                                        self->agenda->hub, NULL, &own, &none, error);
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
      host = hub_agenda_check_modality_finish (self->agenda, result, error);
      return host != NULL;
    case STEP_COMMIT:
      karez_transaction_commit_finish (self->transaction, result, &self->refused);
      return TRUE;
    case STEP_EXPLAIN:
      return hub_agenda_explain_finish (self->agenda, result, error);
    default:
      self->answer = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, error);
      return self->answer != NULL;
    }
}

void
hub_booking_act_async (HubAgenda *agenda, KarezTransaction *transaction, HubAct act,
                       const char *booking, const char *const *resources, const char *answer,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubBookingAct) self = g_object_new (HUB_TYPE_BOOKING_ACT, NULL);

  self->agenda = g_object_ref (agenda);
  self->transaction = g_object_ref (transaction);
  self->act = act;
  self->booking = g_strdup (booking);
  self->answer_text = g_strdup (answer);
  self->resources = g_strdupv ((char **) resources);
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, cancellable, callback, data);
}

JsonNode *
hub_booking_act_finish (HubBookingAct *self, GAsyncResult *result, GError **error)
{
  return karez_transition_run_finish (KAREZ_TRANSITION (self), result, error)
             ? g_steal_pointer (&self->answer)
             : NULL;
}

static void
hub_booking_act_finalize (GObject *object)
{
  HubBookingAct *self = HUB_BOOKING_ACT (object);

  g_clear_object (&self->agenda);
  g_clear_object (&self->transaction);
  g_free (self->booking);
  g_free (self->answer_text);
  g_clear_pointer (&self->seen, json_node_unref);
  g_strfreev (self->resources);
  g_clear_error (&self->refused);
  g_clear_pointer (&self->answer, json_node_unref);

  G_OBJECT_CLASS (hub_booking_act_parent_class)->finalize (object);
}

static void
hub_booking_act_class_init (HubBookingActClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_booking_act_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_booking_act_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_booking_act_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_booking_act_finalize;
}

static void
hub_booking_act_init (HubBookingAct *self)
{
}
