/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer.h"

G_BEGIN_DECLS

/**
 * HubPeerGreeting:
 * What a hub says in "hello": who it is, how often its database was started on, and how it
 * remembers the four lanes that it shares with the other hub.
 */
typedef struct
{
  char *hub;
  gint64 incarnation;
  gboolean channel; /* it cannot dial the other one, and needs channels */
  char *restored;   /* (nullable): which restore its database comes from, a UUID */
  gint64 now;       /* its clock when it said this, microseconds since 1970 UTC; 0: not said */
  HubPeerLane lanes[KAREZ_N_LANES];
} HubPeerGreeting;

void hub_peer_greeting_free (HubPeerGreeting *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubPeerGreeting, hub_peer_greeting_free)

/* Our own, of the rows of the statement "lanes". Returns: (transfer full) */
HubPeerGreeting *hub_peer_greeting_from_rows (const char *hub, gboolean channel, KarezRows *rows);
JsonNode *hub_peer_greeting_write (HubPeerGreeting *self);
/* Returns: (transfer full): NULL with %KAREZ_ERROR_INVALID for anything else than @hub's greeting
 */
HubPeerGreeting *hub_peer_greeting_read (JsonNode *node, const char *hub, GError **error);

/**
 * hub_peer_greeting_judge:
 * @theirs: what the peer says
 * @before: (nullable): how it stood here before they looked: things may only have grown since
 * @after: (nullable): how it stood here after they looked
 *
 * Whether the two memories fit. Returns: (transfer none) (nullable): in which way they do not, a
 * word for the audit log: "posted-less", "acknowledged-lost", "applied-more"
 */
const char *hub_peer_greeting_judge (const HubPeerGreeting *theirs, const HubPeerGreeting *before,
                                     const HubPeerGreeting *after);

G_END_DECLS
