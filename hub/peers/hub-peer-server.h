/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-identity.h"
#include "hub-peer-request.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* Bounds on connections, all and for each who. */
#define HUB_PEER_MAX_CONNECTIONS 1024
#define HUB_PEER_MAX_OF_KEY 24
#define HUB_PEER_MAX_UNKNOWN_OF_CUSTOMER 16
#define HUB_PEER_MAX_UNKNOWN 256

/**
 * HubPeerServerHooks:
 * @knows: whether @key is a paired hub's
 * @serve: answers a request; unknown keys come here only with the pairing paths
 * @channel: a paired hub opened a channel of class @name
 */
typedef struct
{
  gboolean (*knows) (const char *key, gpointer data);
  void (*serve) (HubPeerRequest *request, gpointer data);
  void (*channel) (const char *key, const char *name, SoupWebsocketConnection *connection,
                   gpointer data);
} HubPeerServerHooks;

#define HUB_TYPE_PEER_SERVER (hub_peer_server_get_type ())
/**
 * HubPeerServer:
 * The hub's own port for other hubs: TLS 1.3 with a client certificate, HTTP/1.1, /peer/v1/.
 * Bodies, connections and times are bounded. The sender is the key of the connection.
 */
G_DECLARE_FINAL_TYPE (HubPeerServer, hub_peer_server, HUB, PEER_SERVER, GObject)

/* @hooks: (transfer none): static; @data must outlive the server */
HubPeerServer *hub_peer_server_new (HubIdentity *identity, const HubPeerServerHooks *hooks,
                                    gpointer data);
/* Listens on a numeric address; port 0 lets the kernel choose. */
gboolean hub_peer_server_start (HubPeerServer *self, const char *bind_address, guint16 port,
                                GError **error);
guint16 hub_peer_server_get_port (HubPeerServer *self);
/* Connections that are open now. */
guint hub_peer_server_get_count (HubPeerServer *self);
/* Ends every connection that was made with @key, now. */
void hub_peer_server_cut (HubPeerServer *self, const char *key);
void hub_peer_server_stop (HubPeerServer *self);

G_END_DECLS
