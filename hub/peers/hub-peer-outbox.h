/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer.h"

G_BEGIN_DECLS

#define HUB_TYPE_PEER_OUTBOX (hub_peer_outbox_get_type ())
/**
 * HubPeerOutbox:
 * Delivers what stands in karez.outbox for one peer: each lane by itself, in order, in batches,
 * and deletes what the peer acknowledged. A lane that fails is tried again after 0.5 s, doubling
 * to 30 s, or at once when the connection returns. Main thread only.
 *
 * Messages of a plugin that the peer has no room for are held in karez.outbox_held, in order, and
 * the lane goes on with the others: their places are taken by messages of %HUB_PEER_TOPIC_HELD, so
 * that no sequence is ever another message. They are posted again, first one, after 0.5 s, doubling
 * to 30 s, then more at once while the peer takes them.
 *
 * Signal "suspicious" (no arguments): the peer acknowledges something that cannot be; somebody
 * should compare the lanes.
 */
G_DECLARE_FINAL_TYPE (HubPeerOutbox, hub_peer_outbox, HUB, PEER_OUTBOX, GObject)

/* @scope: the schema "peers" */
HubPeerOutbox *hub_peer_outbox_new (HubPeer *peer, KarezStore *scope, KarezActor *actor);
/* Something may be waiting in @lane. */
void hub_peer_outbox_wake (HubPeerOutbox *self, guint lane);
/* Something may be waiting in any lane, and there is no reason to wait for a retry. */
void hub_peer_outbox_wake_now (HubPeerOutbox *self);
/* Messages of @owner rest in karez.outbox_held: they are posted again when it is time. */
void hub_peer_outbox_release (HubPeerOutbox *self, guint lane, const char *owner);
/* Ends it for good. */
void hub_peer_outbox_stop (HubPeerOutbox *self);

G_END_DECLS
