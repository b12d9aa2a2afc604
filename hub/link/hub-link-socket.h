/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-binding.h"
#include "hub-link-path.h"

G_BEGIN_DECLS

/**
 * HubLinkSocket:
 * One UDP socket of this end, read in a main context. A flood does not starve the loop: after 64
 * datagrams the rest waits for the next round, and then the kernel drops.
 */
typedef struct _HubLinkSocket HubLinkSocket;

/* A datagram of at most %HUB_LINK_MAX_WIRE bytes, or the first bytes of a longer one, with a length
 * above that. */
typedef void (*HubLinkSocketFunc) (HubLinkSocket *self, const guint8 *datagram, gsize length,
                                   const HubAddress *source, gpointer data);
/* The round's datagrams have been handed out. */
typedef void (*HubLinkSocketDoneFunc) (gpointer data);

/* Binds to "host" or "host:port", or what else hub_binding_parse() takes. Rules "link/bind-address"
 * (INVALID), "link/bind" (UNAVAILABLE).
 * @owner: a GObject that is kept alive while its functions run, and handed to them */
HubLinkSocket *hub_link_socket_new (const char *address, GMainContext *context,
                                    HubLinkSocketFunc func, HubLinkSocketDoneFunc done,
                                    GObject *owner, GError **error);
/* Reads no more. */
void hub_link_socket_stop (HubLinkSocket *self);
void hub_link_socket_free (HubLinkSocket *self);
int hub_link_socket_get_fd (const HubLinkSocket *self);
/* With the port that it got. */
const HubAddress *hub_link_socket_get_address (const HubLinkSocket *self);
/* What the other end is told: the same, unless another one is announced. */
const HubAddress *hub_link_socket_get_told (const HubLinkSocket *self);

/* A UDP socket of its own, at @bound. @text: for the error. -1 with rule "link/bind". */
int hub_link_socket_bind (HubBinding *wanted, const char *text, HubAddress *bound, GError **error);
gboolean hub_link_socket_refuse (const char *address, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubLinkSocket, hub_link_socket_free)

G_END_DECLS
