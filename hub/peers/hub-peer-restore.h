/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-heartbeat.h"

G_BEGIN_DECLS

/**
 * hub_peer_restore_async:
 * @transaction: (transfer none): begun by the administrator's request, still empty
 *
 * An administrator acknowledges that one of the two databases went back in time. Asks the peer how
 * it remembers the lanes and, in one recorded act, makes this side count on from there: what the
 * peer waits for next is what is sent next, and what it will send next is what is waited for.
 * Messages that still wait are kept; those between the backup and the loss may arrive twice or
 * not at all, which the event's figures show. %KAREZ_ERROR_CONFLICT with rule
 * "peers/not-restored", %KAREZ_ERROR_UNAVAILABLE while the peer cannot be asked.
 */
void hub_peer_restore_async (HubPeer *peer, HubPeerHeartbeat *heartbeat,
                             KarezTransaction *transaction, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
gboolean hub_peer_restore_finish (HubPeer *peer, GAsyncResult *result, GError **error);

G_END_DECLS
