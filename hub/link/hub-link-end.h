/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link-endpoint.h"
#include "hub-link-paths.h"

G_BEGIN_DECLS

/* Keepalives; a stream that is there from the beginning. */
#define HUB_LINK_STREAM_KEEPALIVE 0u

/**
 * HubLinkEnd:
 * One end of a link, as plain work on datagrams: keys, windows, paths. It owns no socket, has no
 * clock and no main loop, and allocates nothing once it is connected, so it can be driven by a main
 * loop (#HubLink) as well as by a media or a control thread. One thread at a time.
 */
typedef struct _HubLinkEnd HubLinkEnd;

/* A datagram of a stream that was opened: the first copy of each. */
typedef void (*HubLinkEndFunc) (guint stream, const guint8 *payload, gsize length, gint64 now,
                                gpointer data);

/* @session: a UUID; @generation: from 1. Rules "link/session" (INVALID). */
HubLinkEnd *hub_link_end_new (const char *session, gboolean host, guint32 generation,
                              HubLinkEndFunc deliver, gpointer data, GError **error);
void hub_link_end_free (HubLinkEnd *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubLinkEnd, hub_link_end_free)

/* A UDP socket that it sends from; at most %HUB_LINK_MAX_PATHS, before it is connected.
 * @told: where the other end is told that it is; @address, unless a NAT stands between */
void hub_link_end_add_socket (HubLinkEnd *self, int fd, const HubAddress *address,
                              const HubAddress *told);
/* What the other end needs. Returns: (transfer full) */
JsonNode *hub_link_end_get_endpoint (const HubLinkEnd *self);

/**
 * hub_link_end_connect:
 * @renewed: (out): whether it is another generation of the other end: everything before it is gone
 *
 * As hub_link_connect(). The end is down until the other end answers.
 */
gboolean hub_link_end_connect (HubLinkEnd *self, const HubLinkEndpoint *peer, gboolean *renewed,
                               GError **error);
gboolean hub_link_end_is_connected (const HubLinkEnd *self);

/* FALSE if the stream is open in another way. */
gboolean hub_link_end_open (HubLinkEnd *self, guint stream, KarezLinkPolicy policy);
gboolean hub_link_end_is_open (const HubLinkEnd *self, guint stream);
/* @length: at most %HUB_LINK_MAX_PAYLOAD; the stream is open. Nothing happens while it is not
 * connected. */
void hub_link_end_send (HubLinkEnd *self, guint stream, const guint8 *payload, gsize length);
/* A datagram that came to a socket. */
void hub_link_end_take (HubLinkEnd *self, int fd, const guint8 *datagram, gsize length,
                        const HubAddress *source, gint64 now);
/* Every %HUB_LINK_KEEPALIVE_US: sends keepalives, and looks at the paths. */
void hub_link_end_keep_alive (HubLinkEnd *self, gint64 now);
/* Whether a path to the other end is alive. */
gboolean hub_link_end_is_up (const HubLinkEnd *self);
guint32 hub_link_end_get_peer_generation (const HubLinkEnd *self);
/* A sealed payload that its stream did not understand. */
void hub_link_end_note_malformed (HubLinkEnd *self);
const HubLinkPaths *hub_link_end_get_paths (const HubLinkEnd *self);
/* As karez_link_get_statistics(). Returns: (transfer full) */
JsonNode *hub_link_end_to_json (const HubLinkEnd *self);

G_END_DECLS
