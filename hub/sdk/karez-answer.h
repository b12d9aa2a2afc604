/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-routes.h"
#include "karez-services.h"

G_BEGIN_DECLS

/* Answers that wait for the database. Each takes a reference of the request until it is answered.
 */

/**
 * karez_request_commit:
 * @transaction: not committed yet
 * @status: 201 or 200
 * @body: (transfer full) (nullable): the answer
 *
 * Answers once @transaction is durable, or with what refused it.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_commit (KarezRequest *self, KarezTransaction *transaction,
                                        guint status, JsonNode *body);
/**
 * KarezFoundFunc:
 * @request: to be answered by the function
 * @rows: what the query found
 *
 * Since: 1.1
 */
typedef void (*KarezFoundFunc) (KarezRequest *request, KarezRows *rows, gpointer data);

/**
 * karez_request_query:
 * @statement: as for karez_store_query_async()
 * @params: (nullable): sunk
 * @func: (scope async): called with the rows; a query that fails is answered without it
 * @data: kept alive by whoever added the route
 *
 * Reads for an answer.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_request_query (KarezRequest *self, KarezStore *store, const char *statement,
                                       GVariant *params, KarezFoundFunc func, gpointer data);
/**
 * KarezBookedFunc:
 * @request: to be answered by the function
 * @booking: (transfer none) (nullable): as the API shows it; %NULL where there is none
 *
 * Since: 1.1
 */
typedef void (*KarezBookedFunc) (KarezRequest *request, JsonNode *booking, gpointer data);

/**
 * karez_request_find_booking:
 * @booking: its id, and so its session's
 * @func: (scope async): called with the booking; what fails otherwise is answered, and @func is
 *   called not at all
 * @destroy: (nullable): of @data, after that
 *
 * Looks for the booking that an answer is about.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_request_find_booking (KarezRequest *self, KarezAgenda *agenda,
                                              const char *booking, KarezBookedFunc func,
                                              gpointer data, GDestroyNotify destroy);
/**
 * karez_request_respond_read:
 * @action: "note.read"
 * @session: (nullable): the session it belongs to
 * @patient: (nullable): whom it is about
 * @body: (transfer full): what was read
 *
 * Answers a read: the event first, then the bytes.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_respond_read (KarezRequest *self, KarezAudit *audit,
                                              const char *action, const char *session,
                                              const char *patient, JsonNode *body);
/**
 * karez_request_respond_view:
 *
 * The same for what pages ask for again and again: one event for each person, day (of UTC) and
 * @action with @session and @patient.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_respond_view (KarezRequest *self, KarezAudit *audit,
                                              const char *action, const char *session,
                                              const char *patient, JsonNode *body);
/**
 * karez_request_respond_read_stream:
 * @details: (transfer full) (nullable): of the event
 *
 * The same for a file, by karez_request_respond_stream().
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_respond_read_stream (KarezRequest *self, KarezAudit *audit,
                                                     const char *action, const char *session,
                                                     const char *patient, JsonNode *details,
                                                     const KarezStream *stream,
                                                     KarezStreamFunc func, gpointer data,
                                                     GDestroyNotify destroy);

G_END_DECLS
