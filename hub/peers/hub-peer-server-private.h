/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-server.h"

G_BEGIN_DECLS

#define HUB_PEER_HEAD_SECONDS 10 /* TLS handshake and headers */

struct _HubPeerServer
{
  GObject parent_instance;
  HubIdentity *identity;
  const HubPeerServerHooks *hooks;
  gpointer data;
  SoupServer *server;
  GSocketListener *listener;
  GCancellable *cancellable;
  guint16 port;
  int silent; /* see pretend_to_listen() */
  guint sweep;
  GHashTable *connections; /* HubPeerConnection */
};

/* Gives what connected to libsoup, once its key is known. */
void hub_peer_server_make_handshake (HubPeerServer *self, GSocketConnection *stream);

G_END_DECLS
