/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-agenda.h"

G_BEGIN_DECLS

typedef enum
{
  HUB_ACT_ACCEPT,   /* the hospital that was asked */
  HUB_ACT_DECLINE,  /* the hospital that was asked */
  HUB_ACT_WITHDRAW, /* the hospital that asked, before the answer */
  HUB_ACT_CANCEL,   /* either, after it was confirmed */
} HubAct;

/**
 * hub_agenda_request_async:
 * @transaction: a new one of the agenda's scope, with the actor and perhaps a request id
 * @body: (transfer none): as for POST /bookings
 *
 * Holds this hospital's resources and asks the partner. Finishes with "Booking".
 * %KAREZ_ERROR_INVALID for what can never be; %KAREZ_ERROR_CONFLICT with rule "agenda/overlap"
 * when a resource is taken: the message names it and the time, accepted is the next free time as
 * an ISO 8601 interval.
 */
void hub_agenda_request_async (HubAgenda *self, KarezTransaction *transaction, JsonNode *body,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer data);
JsonNode *hub_agenda_request_finish (HubAgenda *self, GAsyncResult *result, GError **error);

/**
 * hub_agenda_act_async:
 * @resources: (nullable): what this hospital brings, for HUB_ACT_ACCEPT; NULL: as was asked
 * @answer: (nullable): the reason, for people
 *
 * An answer or an end. Accepting is the booking's commit point: one transaction confirms the
 * claims, the booking, its event and the message. Finishes with "Booking".
 * %KAREZ_ERROR_CONFLICT with rule "agenda/state" when the booking is past that.
 */
void hub_agenda_act_async (HubAgenda *self, KarezTransaction *transaction, HubAct act,
                           const char *booking, const char *const *resources, const char *answer,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
JsonNode *hub_agenda_act_finish (HubAgenda *self, GAsyncResult *result, GError **error);

G_END_DECLS
