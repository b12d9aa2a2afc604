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
/* Ends it for good. */
void hub_peer_outbox_stop (HubPeerOutbox *self);

G_END_DECLS
