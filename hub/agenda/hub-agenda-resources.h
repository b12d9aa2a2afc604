/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-agenda.h"

G_BEGIN_DECLS

/**
 * hub_agenda_add_resource_async:
 * @transaction: a new one of the agenda's scope
 * @body: (transfer none): as for POST /resources
 *
 * Makes a resource of this hospital and tells every partner. Finishes with its id.
 */
void hub_agenda_add_resource_async (HubAgenda *self, KarezTransaction *transaction, JsonNode *body,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer data);
char *hub_agenda_add_resource_finish (HubAgenda *self, GAsyncResult *result, GError **error);

/* What POST /resources asks of a body, but for what the database knows. */
gboolean hub_agenda_check_resource (JsonNode *body, GError **error);

/* Changes names, detail or whether it is in use, as for PUT /resources/{id}; what the body leaves
 * out stays. %KAREZ_ERROR_NOT_FOUND for one that is not of this hospital. */
void hub_agenda_change_resource_async (HubAgenda *self, KarezTransaction *transaction,
                                       const char *id, JsonNode *body, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer data);
gboolean hub_agenda_change_resource_finish (HubAgenda *self, GAsyncResult *result, GError **error);

/* After a change of people, and at the start: a resource whose person's account is not in use
 * cannot be booked, which the database sees to at once; here partners and pages are told. */
void hub_agenda_people_changed (HubAgenda *self);

G_END_DECLS
