/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-handlers.h"
#include "hub-peer.h"

G_BEGIN_DECLS

/* Most messages, and bytes of their bodies, of one peer for one plugin. */
#define HUB_PARKING_MESSAGES 10000
#define HUB_PARKING_BYTES (64 * 1024 * 1024)
/* The rule of what is refused beyond them. */
#define HUB_PARKING_FULL "peers/parking"
/* For how many plugins of one peer: who posts rubbish invents topics. */
#define HUB_PARKING_OWNERS 16

/* What a peer may send to one plugin at once, and what each second adds: each message is on record,
 * here and with the plugin, so that nobody can fill a disk by another hospital's plugin. */
#define HUB_PACE_MESSAGES 2000
#define HUB_PACE_MESSAGES_A_SECOND 1
#define HUB_PACE_BYTES (64 * 1024 * 1024)
#define HUB_PACE_BYTES_A_SECOND (64 * 1024)

/* What is kept of what was refused for good, of one peer. */
#define HUB_DEAD_LETTER_MESSAGES 10000
#define HUB_DEAD_LETTER_BYTES (64 * 1024 * 1024)

#define HUB_TYPE_PEER_PARKING (hub_peer_parking_get_type ())
/**
 * HubPeerParking:
 * Messages that have arrived, and whose plugin is away (karez.inbox_parked): the lane they came by
 * goes on. They are delivered, oldest first for each peer, plugin and lane, when the plugin answers
 * again: it is asked after 1 s, then less often, at most every 60 s, and at once when somebody says
 * so. Each is applied once. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubPeerParking, hub_peer_parking, HUB, PEER_PARKING, GObject)

/* Returns: (transfer none) (nullable): the paired peer of this id */
typedef HubPeer *(*HubPeerFindFunc) (const char *id, gpointer data);

/* @scope: the schema "peers"; @actor: this hub */
HubPeerParking *hub_peer_parking_new (KarezStore *scope, KarezActor *actor,
                                      HubPeerHandlers *handlers, HubPeerFindFunc find,
                                      gpointer data);
/* For tests: other bounds. */
void hub_peer_parking_set_room (HubPeerParking *self, guint messages, gint64 bytes);
void hub_peer_parking_set_dead_letter_room (HubPeerParking *self, guint messages);
void hub_peer_parking_set_pace (HubPeerParking *self, guint messages);
/* Ends it for good. */
void hub_peer_parking_stop (HubPeerParking *self);

/* Reads what is parked; before the first message is taken. */
void hub_peer_parking_load_async (HubPeerParking *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
gboolean hub_peer_parking_load_finish (HubPeerParking *self, GAsyncResult *result, GError **error);

/* Whether earlier ones of the same plugin, peer and lane wait, so that this one has to. */
gboolean hub_peer_parking_is_waiting (HubPeerParking *self, KarezMessage *message);
/* Whether @message, with a body of @size, comes at a pace that is taken; it counts.
 * %KAREZ_ERROR_BUSY with rule %HUB_PARKING_FULL otherwise: the sender holds it, and its lane goes
 * on. */
gboolean hub_peer_parking_check_pace (HubPeerParking *self, KarezMessage *message, gsize size,
                                      GError **error);
/**
 * hub_peer_parking_put_async:
 * @id: the message's
 * @reason: why, for people
 *
 * Parks @message: row, event and checkpoint in one transaction. %KAREZ_ERROR_BUSY with rule
 * %HUB_PARKING_FULL when the peer has no room left for this plugin.
 */
void hub_peer_parking_put_async (HubPeerParking *self, KarezMessage *message, const char *id,
                                 const char *reason, GAsyncReadyCallback callback, gpointer data);
gboolean hub_peer_parking_put_finish (HubPeerParking *self, GAsyncResult *result, GError **error);

/* Makes @message, which cannot be applied, a dead letter: row, event and checkpoint in one
 * transaction. When there is no room for more of its peer the row is left out, the event says so,
 * and it takes a second: a lane goes on then, but cannot fill the disk. */
void hub_peer_parking_add_dead_letter_async (HubPeerParking *self, KarezMessage *message,
                                             const char *id, const char *body, const GError *why,
                                             GAsyncReadyCallback callback, gpointer data);
gboolean hub_peer_parking_add_dead_letter_finish (HubPeerParking *self, GAsyncResult *result,
                                                  GError **error);

/* Asks the plugins again. @owner: (nullable): the plugin that is back: at once; NULL: those whose
 * time has come */
void hub_peer_parking_deliver (HubPeerParking *self, const char *owner);

/* One more was put into karez.inbox_parked: it is delivered now. */
void hub_peer_parking_add (HubPeerParking *self, const char *peer, int lane, const char *topic,
                           gint64 bytes);

/* How many messages wait for a plugin. */
guint hub_peer_parking_count (HubPeerParking *self, const char *owner);
/* [{"plugin", "peer", "lane", "messages", "bytes", "since", "reason"}] Returns: (transfer full) */
JsonNode *hub_peer_parking_list (HubPeerParking *self);

G_END_DECLS
