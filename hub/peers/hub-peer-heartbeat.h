/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer.h"

G_BEGIN_DECLS

#define HUB_TYPE_PEER_HEARTBEAT (hub_peer_heartbeat_get_type ())
/**
 * HubPeerHeartbeat:
 * Greets one peer at each pulse while it is up; tries again after half a second, then it is down.
 * Tells whether it is up, how far away it is, whether it needs channels,
 * and, by comparing how both hubs remember the lanes, whether one of the two databases went back
 * in time. Main thread only.
 *
 * Signal "greeted" (no arguments): a greeting went well.
 */
G_DECLARE_FINAL_TYPE (HubPeerHeartbeat, hub_peer_heartbeat, HUB, PEER_HEARTBEAT, GObject)

/* @scope: the schema "peers"; @actor: this hub; @id: this hub's */
HubPeerHeartbeat *hub_peer_heartbeat_new (HubPeer *peer, KarezStore *scope, KarezActor *actor,
                                          const char *id, guint pulse_ms);
/* Greets now, and from then on by itself. */
void hub_peer_heartbeat_beat (HubPeerHeartbeat *self);
/* What the peer said before counts no more. */
void hub_peer_heartbeat_forget (HubPeerHeartbeat *self);
/* Whether the database knows what was noticed here. */
gboolean hub_peer_heartbeat_is_recorded (HubPeerHeartbeat *self);
void hub_peer_heartbeat_stop (HubPeerHeartbeat *self);
/* Answers the peer's "hello". */
void hub_peer_heartbeat_serve (HubPeerHeartbeat *self, HubPeerRequest *request);

/**
 * hub_peer_heartbeat_ask_async:
 * Greets the peer once and gives its view of the lanes, whatever it is.
 */
void hub_peer_heartbeat_ask_async (HubPeerHeartbeat *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
/* @lanes: (out caller-allocates): KAREZ_N_LANES */
gboolean hub_peer_heartbeat_ask_finish (HubPeerHeartbeat *self, GAsyncResult *result,
                                        HubPeerLane *lanes, gint64 *incarnation, GError **error);

G_END_DECLS
