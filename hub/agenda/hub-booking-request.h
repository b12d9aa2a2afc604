/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-booking-change.h"

G_BEGIN_DECLS

#define HUB_TYPE_BOOKING_REQUEST (hub_booking_request_get_type ())
/**
 * HubBookingRequest:
 * A booking is asked for: this hospital's resources are held, and the partner is asked.
 */
G_DECLARE_FINAL_TYPE (HubBookingRequest, hub_booking_request, HUB, BOOKING_REQUEST,
                      HubBookingChange)

/**
 * hub_booking_request_async:
 * @transaction: a new one of the agenda's scope, with the actor and perhaps a request id
 * @body: (transfer none): as for POST /bookings
 *
 * Finishes with hub_booking_change_finish(), of the source of @callback.
 * %KAREZ_ERROR_INVALID for what can never be; %KAREZ_ERROR_CONFLICT with rule "agenda/overlap"
 * when a resource is taken: the message names it and the time, accepted is the next free time as
 * an ISO 8601 interval.
 */
void hub_booking_request_async (HubAgenda *agenda, KarezTransaction *transaction, JsonNode *body,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer data);

G_END_DECLS
