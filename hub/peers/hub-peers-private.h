/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of HubPeers share: its life and peers (hub-peers.c), its start
 * (hub-peers-start.c), what administrators do (hub-peers-acts.c), and KarezPeers itself
 * (hub-peers-messages.c). */

#include "hub-peer-handlers.h"
#include "hub-peer-heartbeat.h"
#include "hub-peer-inbox.h"
#include "hub-peer-outbox.h"
#include "hub-peer-server.h"
#include "hub-peers.h"

G_BEGIN_DECLS

struct _HubPeers
{
  GObject parent_instance;
  HubStore *store;
  KarezStore *scope;
  HubIdentity *identity;
  JsonNode *names;
  KarezActor *actor;
  guint16 port;
  char *bind_address;
  HubPeerServer *server;
  HubPeerHandlers *handlers;
  HubPeerParking *parking;
  HubPairings *pairings;
  GHashTable *entries; /* id -> Entry */
  GCancellable *cancellable;
  guint sweep, pulse_ms;
  gboolean looking, look_again; /* for what waits in the outbox */
};

/* One paired hub and what works for it. */
typedef struct
{
  HubPeers *peers; /* not counted */
  HubPeer *peer;
  HubPeerHeartbeat *heartbeat;
  HubPeerOutbox *outbox;
  HubPeerInbox *inbox;
  guint calls;
  gboolean revoking; /* cut, but not yet recorded */
} HubPeersEntry;

/* One that is paired; NULL for another id. */
HubPeersEntry *hub_peers_find (HubPeers *self, const char *id);
/* The paired one with this key. */
HubPeersEntry *hub_peers_find_by_key (HubPeers *self, const char *key);
HubPeersEntry *hub_peers_add_entry (HubPeers *self, HubPeer *peer);
/* Forgets one that is not paired any more. */
void hub_peers_drop_entry (HubPeers *self, const char *id);
/* Cuts everything of a peer, now. */
void hub_peers_cut_entry (HubPeers *self, HubPeersEntry *entry);
/* Makes what runs here follow a row, which another karezd may have written. */
void hub_peers_apply_row (HubPeers *self, KarezRows *rows, guint row);
/* From now on rows and what waits are looked at again and again. */
void hub_peers_begin (HubPeers *self);
extern const HubPairingsHooks hub_peers_pairings_hooks;
GError *hub_peers_not_paired (const char *id);
void hub_peers_iface_init (KarezPeersInterface *iface);

G_END_DECLS
