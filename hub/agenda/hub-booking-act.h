/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-booking-change.h"

G_BEGIN_DECLS

typedef enum
{
  HUB_ACT_ACCEPT,   /* the hospital that was asked */
  HUB_ACT_ANSWER,   /* the same by who may answer emergencies alone */
  HUB_ACT_DECLINE,  /* the hospital that was asked */
  HUB_ACT_WITHDRAW, /* the hospital that asked, before the answer */
  HUB_ACT_CANCEL,   /* either, after it was confirmed */
} HubAct;

#define HUB_TYPE_BOOKING_ACT (hub_booking_act_get_type ())
/**
 * HubBookingAct:
 * A booking is answered or ended. Accepting is its commit point: one transaction confirms the
 * claims, the booking, its event and the message.
 */
G_DECLARE_FINAL_TYPE (HubBookingAct, hub_booking_act, HUB, BOOKING_ACT, HubBookingChange)

/**
 * hub_booking_act_async:
 * @transaction: a new one of the agenda's scope, with the actor and perhaps a request id
 * @resources: (nullable): what this hospital brings, for HUB_ACT_ACCEPT; NULL: as was asked
 * @answer: (nullable): the reason, for people
 *
 * Finishes with hub_booking_change_finish(), of the source of @callback.
 * %KAREZ_ERROR_CONFLICT with rule "agenda/state" when the booking is past that.
 */
void hub_booking_act_async (HubAgenda *agenda, KarezTransaction *transaction, HubAct act,
                            const char *booking, const char *const *resources, const char *answer,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);

G_END_DECLS
