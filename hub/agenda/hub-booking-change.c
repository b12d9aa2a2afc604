/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How each change of a booking ends: committed, or explained, and read. */
#include "hub-booking-change.h"

#include "hub-agenda-private.h"
#include "hub-agenda-refusals.h"

G_DEFINE_ABSTRACT_TYPE (HubBookingChange, hub_booking_change, KAREZ_TYPE_TRANSITION)

static guint
hub_booking_change_next_step (KarezTransition *transition, guint step, GError **error)
{
  if (step != HUB_BOOKING_STEP_COMMIT)
    return KAREZ_STEP_NONE;
  return HUB_BOOKING_CHANGE (transition)->refused != NULL ? HUB_BOOKING_STEP_EXPLAIN
                                                          : HUB_BOOKING_STEP_READ;
}

static void
hub_booking_change_execute_step (KarezTransition *transition, guint step)
{
  HubBookingChange *self = HUB_BOOKING_CHANGE (transition);
  HubBookingChangeClass *klass = HUB_BOOKING_CHANGE_GET_CLASS (self);
  GCancellable *cancellable = karez_transition_get_cancellable (transition);

  switch (step)
    {
    case HUB_BOOKING_STEP_COMMIT:
      klass->fill (self);
      karez_transaction_commit_async (self->transaction, cancellable, karez_transition_answered,
                                      karez_transition_await (transition));
      break;
    case HUB_BOOKING_STEP_EXPLAIN:
      klass->explain (self, g_steal_pointer (&self->refused), karez_transition_await (transition));
      break;
    case HUB_BOOKING_STEP_READ:
      hub_agenda_read_changed_async (self->agenda, self->transaction, self->booking, cancellable,
                                     karez_transition_answered,
                                     karez_transition_await (transition));
      break;
    default: /* nothing is left of a transaction that failed */
      karez_transition_advance (transition);
      break;
    }
}

static gboolean
hub_booking_change_finish_step (KarezTransition *transition, guint step, GObject *source,
                                GAsyncResult *result, GError **error)
{
  HubBookingChange *self = HUB_BOOKING_CHANGE (transition);

  switch (step)
    {
    case HUB_BOOKING_STEP_COMMIT:
      karez_transaction_commit_finish (self->transaction, result, &self->refused);
      return TRUE;
    case HUB_BOOKING_STEP_EXPLAIN:
      return hub_agenda_explain_finish (self->agenda, result, error);
    default:
      self->answer = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, error);
      return self->answer != NULL;
    }
}

void
hub_booking_change_run_async (HubBookingChange *self, HubAgenda *agenda,
                              KarezTransaction *transaction, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  self->agenda = g_object_ref (agenda);
  self->transaction = g_object_ref (transaction);
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, cancellable, callback, data);
}

JsonNode *
hub_booking_change_finish (HubBookingChange *self, GAsyncResult *result, GError **error)
{
  return karez_transition_run_finish (KAREZ_TRANSITION (self), result, error)
             ? g_steal_pointer (&self->answer)
             : NULL;
}

static void
hub_booking_change_finalize (GObject *object)
{
  HubBookingChange *self = HUB_BOOKING_CHANGE (object);

  g_clear_object (&self->agenda);
  g_clear_object (&self->transaction);
  g_free (self->booking);
  g_clear_error (&self->refused);
  g_clear_pointer (&self->answer, json_node_unref);

  G_OBJECT_CLASS (hub_booking_change_parent_class)->finalize (object);
}

static void
hub_booking_change_class_init (HubBookingChangeClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_booking_change_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_booking_change_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_booking_change_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_booking_change_finalize;
}

static void
hub_booking_change_init (HubBookingChange *self)
{
}
