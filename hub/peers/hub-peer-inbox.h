/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-handlers.h"
#include "hub-peer-parking.h"
#include "hub-peer.h"

G_BEGIN_DECLS

#define HUB_TYPE_PEER_INBOX (hub_peer_inbox_get_type ())
/**
 * HubPeerInbox:
 * Applies one peer's posts, in the order of each lane, each with its checkpoint in one
 * transaction. What the hub itself cannot apply now is tried again by the sender; what a plugin
 * cannot, or nobody can, is parked; what never can be applied is a dead letter, with an event. So a
 * lane waits for nothing but the hub and its database. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubPeerInbox, hub_peer_inbox, HUB, PEER_INBOX, GObject)

/* @scope: the schema "peers" */
HubPeerInbox *hub_peer_inbox_new (HubPeer *peer, KarezStore *scope, HubPeerHandlers *handlers,
                                  HubPeerParking *parking);
/* Answers "post": {"lane", "applied", "problem"}. */
void hub_peer_inbox_serve (HubPeerInbox *self, HubPeerRequest *request);

G_END_DECLS
