/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-channel.h"
#include "hub-peer-client.h"

G_BEGIN_DECLS

/* A booking's times are in minutes, and "now" of one hospital is shown at the other. */
#define HUB_PEER_CLOCK_BOUND_MS 2000

/* One lane as one side of a pair sees it. */
typedef struct
{
  gint64 posted;       /* the last sequence that was ever posted to the other hub */
  gint64 acknowledged; /* up to here the other hub has said that it applied */
  gint64 applied;      /* the last sequence of the other hub's that was applied here */
} HubPeerLane;

typedef enum
{
  HUB_PEER_STATE_DOWN,
  HUB_PEER_STATE_UP,
  HUB_PEER_STATE_REVOKED,
} HubPeerState;

#define HUB_TYPE_PEER (hub_peer_get_type ())
/**
 * HubPeer:
 * One paired hub: who it is, the ways to it, and how the connection stands. Main thread only.
 *
 * Signal "changed" (no arguments): its state, or whether it was restored.
 */
G_DECLARE_FINAL_TYPE (HubPeer, hub_peer, HUB, PEER, GObject)

/**
 * hub_peer_new:
 * @names: (transfer none): {"en", …}
 * @address: (nullable): host:port where it can be dialled
 */
HubPeer *hub_peer_new (HubIdentity *identity, const char *id, JsonNode *names, const char *key,
                       const char *address);
const char *hub_peer_get_id (HubPeer *self);
const char *hub_peer_get_key (HubPeer *self);
const char *hub_peer_get_address (HubPeer *self);
/* From now on it is dialled there. Its key stays, so nobody else can answer in its place. */
void hub_peer_set_address (HubPeer *self, const char *address);
JsonNode *hub_peer_get_names (HubPeer *self);
/* The English name. */
const char *hub_peer_get_name (HubPeer *self);
/* The peer as an actor. @address: (nullable). Returns: (transfer full) */
KarezActor *hub_peer_make_actor (HubPeer *self, const char *address);

HubPeerState hub_peer_get_state (HubPeer *self);
const char *hub_peer_state_name (HubPeerState state);
/* When the state was entered, microseconds since 1970 UTC. */
gint64 hub_peer_get_since (HubPeer *self);
/* Of the last greeting, microseconds; 0 before the first. */
gint64 hub_peer_get_rtt (HubPeer *self);
/* How far ahead of this hub's clock the peer's is, and how far off that may be, microseconds; FALSE
 * before the first measure. */
gboolean hub_peer_get_clock (HubPeer *self, gint64 *offset, gint64 *uncertainty);
void hub_peer_set_clock (HubPeer *self, gint64 offset, gint64 uncertainty);
/* Whether the two are surely further apart than HUB_PEER_CLOCK_BOUND_MS. */
gboolean hub_peer_is_clock_off (HubPeer *self);
void hub_peer_set_up (HubPeer *self, gint64 rtt);
/* @trouble: (nullable): the rule of what keeps it from being up */
void hub_peer_set_down (HubPeer *self, const char *trouble);
/* Returns: (transfer none) (nullable): NULL while it is up */
const char *hub_peer_get_trouble (HubPeer *self);
/* Cuts every connection; what is under way fails, and nothing can be sent any more. */
void hub_peer_close (HubPeer *self);
/* The same, for good: it is no longer paired. */
void hub_peer_revoke (HubPeer *self);
/* Its database was restored, or ours: nothing is delivered until an administrator says so. */
gboolean hub_peer_is_restored (HubPeer *self);
void hub_peer_set_restored (HubPeer *self, gboolean restored);
/* Counts how often that changed: an answer from before means nothing afterwards. */
guint hub_peer_get_epoch (HubPeer *self);
/* Whether posts may go to it and come from it. */
gboolean hub_peer_may_deliver (HubPeer *self);

/* As hub_peer_client_send_async(), by the channel of the way's class or by dialling. */
void hub_peer_send_async (HubPeer *self, HubPeerWay way, const char *path, GBytes *body,
                          guint timeout_ms, gsize max_answer, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data);
GBytes *hub_peer_send_finish (HubPeer *self, GAsyncResult *result, GError **error);

/* The peer opened a channel, "urgent" or "bulk". An older one of the class is closed. */
void hub_peer_take_channel (HubPeer *self, const char *name, HubPeerChannel *channel);
/* Who answers what comes by channels that this side opens. */
void hub_peer_set_serve (HubPeer *self, HubPeerServeFunc serve, gpointer data);
/* The peer says that it cannot dial us: opens what is missing of the two channels. */
void hub_peer_keep_channels (HubPeer *self);
/* Closes the channels: something on them does not answer. */
void hub_peer_drop_channels (HubPeer *self);
/* Whether the peer has to keep channels, since dialling it does not work. */
gboolean hub_peer_needs_channel (HubPeer *self);

G_END_DECLS
