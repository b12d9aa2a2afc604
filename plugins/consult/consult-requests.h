/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consult-hub.h"

G_BEGIN_DECLS

#define CONSULT_TYPE_REQUESTS (consult_requests_get_type ())
/**
 * ConsultRequests:
 * What bookings ask: history and question, written where the patient is, sent to the hospital that
 * is asked once the booking is requested, and with each new version. What could not be sent, also
 * because this hub ended in between or the hospitals were not paired, is sent by a look when a
 * hospital is paired or up again, and each minute. Drafts that came to nothing go after 48 hours.
 */
G_DECLARE_FINAL_TYPE (ConsultRequests, consult_requests, CONSULT, REQUESTS, GObject)

ConsultRequests *consult_requests_new (ConsultHub *hub);
/* Adds routes and handlers, and begins to look. */
gboolean consult_requests_start (ConsultRequests *self, KarezRoutes *routes, GError **error);
/* Sends what is unsent of one, soon. */
void consult_requests_send (ConsultRequests *self, const char *id);
/* A booking without a question is refused where it is made, but for an emergency. */
void consult_requests_check_booking_async (ConsultRequests *self, JsonNode *booking,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer data);
gboolean consult_requests_check_booking_finish (ConsultRequests *self, GAsyncResult *result,
                                                GError **error);

G_END_DECLS
