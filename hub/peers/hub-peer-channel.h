/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-request.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Requests under way on one channel, each way: how many, and the bytes of their bodies. */
#define HUB_PEER_MAX_ASKED 64
#define HUB_PEER_MAX_ASKED_BYTES (16 * 1024 * 1024)

#define HUB_TYPE_PEER_CHANNEL (hub_peer_channel_get_type ())
/**
 * HubPeerChannel:
 * A WebSocket between two paired hubs that carries requests both ways, so that a hub that cannot
 * be dialled is reached all the same. A message is a line of JSON, a newline and a body:
 * {"ask": n, "path", "timeout"} and a body; {"answer": n, "status"} and a body; {"taken": n} once
 * an answer has come, so that no queue grows without a bound.
 *
 * Signal "closed" (no arguments): once; every request under way has failed.
 */
G_DECLARE_FINAL_TYPE (HubPeerChannel, hub_peer_channel, HUB, PEER_CHANNEL, GObject)

/**
 * hub_peer_channel_new:
 * @websocket: open; bounded by HubPeerBound
 * @key: hash of the key at the other end
 * @serve: answers what the other end asks; not called after the channel is closed
 */
HubPeerChannel *hub_peer_channel_new (SoupWebsocketConnection *websocket, const char *key,
                                      HubPeerServeFunc serve, gpointer data);
gboolean hub_peer_channel_is_open (HubPeerChannel *self);
/* As hub_peer_client_send_async(). */
void hub_peer_channel_send_async (HubPeerChannel *self, const char *path, GBytes *body,
                                  guint timeout_ms, gsize max_answer, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
GBytes *hub_peer_channel_send_finish (HubPeerChannel *self, GAsyncResult *result, GError **error);
void hub_peer_channel_close (HubPeerChannel *self);

G_END_DECLS
