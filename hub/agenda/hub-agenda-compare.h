/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-agenda.h"

G_BEGIN_DECLS

/**
 * hub_agenda_compare_async:
 * @peer: a paired hub's id
 *
 * Asks the partner what it has booked with this hub, and compares: after a restore there are
 * bookings that only one of the two knows, or that are off at one of them. The errors of
 * karez_peers_pull_async().
 */
void hub_agenda_compare_async (HubAgenda *self, const char *peer, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): {"items": [{"id", "modality", "title", "urgency", "requester",
 * "starts_at", "ends_at", "here", "there"}], "more"}; "here" and "there" are states, null where it
 * is not known; "more": the partner has more than was compared */
JsonNode *hub_agenda_compare_finish (HubAgenda *self, GAsyncResult *result, GError **error);

G_END_DECLS
