/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-identity.h"
#include "hub-peer-request.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define HUB_TYPE_PEER_CLIENT (hub_peer_client_get_type ())
G_DECLARE_FINAL_TYPE (HubPeerClient, hub_peer_client, HUB, PEER_CLIENT, GObject)

/**
 * hub_peer_client_new:
 * @address: host:port
 * @key: (nullable): hash of the only key that is accepted; NULL pins the first one seen, which is
 *   for pairing, where people compare it
 *
 * Dials one other hub. Its connections are shared with nobody, since a kept connection speaks with
 * the certificate that it was made with.
 */
HubPeerClient *hub_peer_client_new (HubIdentity *identity, const char *address, const char *key);

/* Whether @address is host:port that can be dialled. */
gboolean hub_peer_client_check_address (const char *address, GError **error);

/* The pinned key, or the one seen; NULL before the first connection. */
const char *hub_peer_client_get_key (HubPeerClient *self);

/**
 * hub_peer_client_send_async:
 * @path: what follows /peer/v1/
 * @body: (transfer none): a JSON document
 * @timeout_ms: the deadline for the whole exchange
 * @max_answer: the longest answer accepted, bytes
 *
 * One request and its answer. May be sent again by itself when a kept connection turns out to be
 * closed, so it must be idempotent. %KAREZ_ERROR_UNAVAILABLE with rule "peers/unreachable",
 * "peers/other-key" or "peers/not-known", %KAREZ_ERROR_TIMEOUT with rule "peers/deadline", or the
 * other hub's own refusal.
 */
void hub_peer_client_send_async (HubPeerClient *self, HubPeerWay way, const char *path,
                                 GBytes *body, guint timeout_ms, gsize max_answer,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer data);
GBytes *hub_peer_client_send_finish (HubPeerClient *self, GAsyncResult *result, GError **error);

/* Opens a WebSocket at /peer/v1/channel/@name whose messages are bounded. */
void hub_peer_client_open_channel_async (HubPeerClient *self, const char *name,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer data);
/* Returns: (transfer full) */
SoupWebsocketConnection *hub_peer_client_open_channel_finish (HubPeerClient *self,
                                                              GAsyncResult *result, GError **error);

/* Cuts every connection; what is under way fails. */
void hub_peer_client_close (HubPeerClient *self);

G_END_DECLS
