/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link-endpoint.h"
#include "hub-media-port.h"

G_BEGIN_DECLS

/**
 * HubLinkPort:
 * A second end of a session's link, for the media thread: sockets, keys and paths of its own, so
 * that pictures neither wait for the main loop nor share anything with it. What the other end
 * needs travels over the first one, which is sealed by keys that the hubs signed.
 */
typedef struct _HubLinkPort HubLinkPort;

/* As hub_link_new(), at other ports: those of @bind_address are not used. It is freed by the free
 * of its port. */
HubLinkPort *hub_link_port_new (const char *session, gboolean host, guint32 generation,
                                const char *bind_address, GError **error);
/* What a media thread drives. Returns: (transfer none) */
HubMediaPort *hub_link_port_get_port (HubLinkPort *self);
/* Before it is handed to a media thread. Returns: (transfer full) */
JsonNode *hub_link_port_get_endpoint (HubLinkPort *self);
/* On the media thread. What cannot be connected to is logged, and changes nothing. */
void hub_link_port_connect (HubLinkPort *self, const HubLinkEndpoint *peer);

G_END_DECLS
