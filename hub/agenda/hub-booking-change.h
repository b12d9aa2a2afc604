/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-agenda.h"

G_BEGIN_DECLS

/* The steps that each change of a booking ends with; those of a subclass begin after them. */
enum
{
  HUB_BOOKING_STEP_COMMIT = KAREZ_STEP_CUSTOM,
  HUB_BOOKING_STEP_EXPLAIN, /* what was refused, in better words than the database's */
  HUB_BOOKING_STEP_READ,    /* the booking as it is now */
  HUB_BOOKING_STEP_CUSTOM,
};

#define HUB_TYPE_BOOKING_CHANGE (hub_booking_change_get_type ())
#define HUB_BOOKING_CHANGE(object)                                                                 \
  (G_TYPE_CHECK_INSTANCE_CAST ((object), HUB_TYPE_BOOKING_CHANGE, HubBookingChange))
#define HUB_BOOKING_CHANGE_CLASS(klass)                                                            \
  (G_TYPE_CHECK_CLASS_CAST ((klass), HUB_TYPE_BOOKING_CHANGE, HubBookingChangeClass))
#define HUB_BOOKING_CHANGE_GET_CLASS(object)                                                       \
  (G_TYPE_INSTANCE_GET_CLASS ((object), HUB_TYPE_BOOKING_CHANGE, HubBookingChangeClass))

/**
 * HubBookingChange:
 * @transaction: what it is written in; one of the agenda's scope
 * @booking: its id, once it is known
 *
 * Somebody here changes a booking. A subclass looks at what is to be done, in steps of its own, and
 * returns %HUB_BOOKING_STEP_COMMIT as the last one's next; from there on it chains up.
 */
typedef struct
{
  KarezTransition parent_instance;

  HubAgenda *agenda;
  KarezTransaction *transaction;
  char *booking;
  GError *refused; /* why the commit failed, in the database's words */
  JsonNode *answer;
} HubBookingChange;

/**
 * HubBookingChangeClass:
 * @fill: puts into the transaction what is to be done, its event and its message
 * @explain: asks hub_agenda_explain_async() about @refused (transfer full), with
 *   karez_transition_answered() and @data
 */
typedef struct
{
  KarezTransitionClass parent_class;
  void (*fill) (HubBookingChange *self);
  void (*explain) (HubBookingChange *self, GError *refused, gpointer data);
} HubBookingChangeClass;

GType hub_booking_change_get_type (void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubBookingChange, g_object_unref)

/* Once, for a new one. */
void hub_booking_change_run_async (HubBookingChange *self, HubAgenda *agenda,
                                   KarezTransaction *transaction, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): "Booking" */
JsonNode *hub_booking_change_finish (HubBookingChange *self, GAsyncResult *result, GError **error);

G_END_DECLS
