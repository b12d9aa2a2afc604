/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-connection.h"

G_BEGIN_DECLS

/* Bounds on the connections of a server, kept in its table, and who makes room for whom. */

/**
 * hub_peer_room_for_unknown:
 * @table: HubPeerConnection; @connection is among them and has no key yet
 *
 * Whether one more connection of whoever this will be fits. A customer has so many. When all places
 * for those who are not known are taken, the oldest of the customer with the most of them ends, so
 * that whoever holds them keeps nobody out.
 */
gboolean hub_peer_room_for_unknown (GHashTable *table, HubPeerConnection *connection);
/* Whether one more connection with @key fits, which is among them already. */
gboolean hub_peer_room_for_key (GHashTable *table, const char *key);

G_END_DECLS
