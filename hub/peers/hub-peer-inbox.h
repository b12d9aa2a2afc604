/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-handlers.h"
#include "hub-peer.h"

G_BEGIN_DECLS

#define HUB_TYPE_PEER_INBOX (hub_peer_inbox_get_type ())
/**
 * HubPeerInbox:
 * Applies one peer's posts, in the order of each lane, each with its checkpoint in one
 * transaction. What is away now is tried again by the sender; what cannot be applied is put aside
 * with an event, so that its lane goes on. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubPeerInbox, hub_peer_inbox, HUB, PEER_INBOX, GObject)

/* @scope: the schema "peers"; @actor: this hub */
HubPeerInbox *hub_peer_inbox_new (HubPeer *peer, KarezStore *scope, KarezActor *actor,
                                  HubPeerHandlers *handlers);
/* Answers "post": {"lane", "applied", "problem"}. */
void hub_peer_inbox_serve (HubPeerInbox *self, HubPeerRequest *request);

G_END_DECLS
