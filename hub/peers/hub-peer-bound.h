/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-request.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The longest message of a channel: a post and the line before it. */
#define HUB_PEER_MAX_FRAME (HUB_PEER_MAX_POST + 4096)

#define HUB_TYPE_PEER_BOUND (hub_peer_bound_get_type ())
/**
 * HubPeerBound:
 * A WebSocket extension, "x-karez-bound", that changes nothing on the wire: it adds up the
 * fragments of a message and ends the connection when they pass %HUB_PEER_MAX_FRAME, since
 * libsoup bounds only single frames.
 */
G_DECLARE_FINAL_TYPE (HubPeerBound, hub_peer_bound, HUB, PEER_BOUND, SoupWebsocketExtension)

/* Whether both ends agreed on it. */
gboolean hub_peer_bound_is_used (SoupWebsocketConnection *connection);

G_END_DECLS
