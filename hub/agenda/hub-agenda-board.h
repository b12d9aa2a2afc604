/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-agenda.h"

G_BEGIN_DECLS

/**
 * hub_agenda_board_async:
 * @from, @to: (nullable): RFC 3339; NULL is 12 hours ago and in 24 hours
 * @open: also what waits for an answer or was declined lately, whenever it is for
 *
 * Everything of both hospitals between two moments, at most 31 days apart: hubs, resources,
 * bookings (at most 2,000). Finishes with the body of GET /board.
 */
void hub_agenda_board_async (HubAgenda *self, const char *from, const char *to, gboolean open,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer data);
JsonNode *hub_agenda_board_finish (HubAgenda *self, GAsyncResult *result, GError **error);

/* @hub: (nullable): of one hub only. Finishes with {"items": […]}. */
void hub_agenda_list_resources_async (HubAgenda *self, const char *hub, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer data);
JsonNode *hub_agenda_list_resources_finish (HubAgenda *self, GAsyncResult *result, GError **error);

G_END_DECLS
