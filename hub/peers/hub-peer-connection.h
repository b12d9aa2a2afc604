/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-http-scanner.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * HubPeerConnection:
 * What HubPeerServer knows of one connection. Belongs to the address object that libsoup shows as
 * its messages' remote address, and to nothing else.
 *
 * @server: cleared when the server goes first
 * @thread: the main one, to which all of this belongs
 * @table: the server's set of connections, cleared with @server
 * @customer: hub_address_customer() of @host
 * @since: when it came, by the monotonic clock
 * @key: hash of the key; NULL until the handshake
 * @stream: not counted; NULL before the handshake and once it is being closed
 * @idle: between two requests
 * @doomed: its socket was shut down
 */
typedef struct
{
  struct _HubPeerServer *server;
  GThread *thread;
  GHashTable *table;
  GSocket *socket;
  char *key, *host, *customer;
  gint64 since;
  GIOStream *stream;
  gboolean is_channel, idle, doomed;
  guint timer;
} HubPeerConnection;

/**
 * hub_peer_connection_new:
 * @address: (out) (transfer full): the object that it belongs to
 *
 * Returns: (transfer none): in @table; NULL if the socket has no other end any more
 */
HubPeerConnection *hub_peer_connection_new (struct _HubPeerServer *server, GHashTable *table,
                                            GSocketConnection *stream, GSocketAddress **address);
/* Returns: (transfer none): NULL once it is closed */
HubPeerConnection *hub_peer_connection_of (GSocketAddress *address);
HubPeerConnection *hub_peer_connection_find (SoupServerMessage *message);
/* It is closed: frees it. */
void hub_peer_connection_forget (GSocketAddress *address);
/* Ends it after @seconds, instead of what was set before; 0 for never. */
void hub_peer_connection_set_timer (HubPeerConnection *self, guint seconds);
/* What came is no HTTP: answers in the place of libsoup, which does not see it, and ends it. */
void hub_peer_connection_refuse (HubPeerConnection *self, const HubHttpFault *fault);
/* Nothing goes over it any more, from now on; the server's sweep gives its descriptor back. */
void hub_peer_connection_end (HubPeerConnection *self);
/* Whether its key is a paired hub's now; hub-peer-server.c. */
gboolean hub_peer_server_is_known (HubPeerConnection *self);
/* Whether the other end has gone away. */
gboolean hub_peer_connection_has_ended (HubPeerConnection *self);

G_END_DECLS
