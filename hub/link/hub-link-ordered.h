/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link-header.h"

#include <karez.h>

G_BEGIN_DECLS

/* The longest message, and how many bytes may wait to be acknowledged. */
#define HUB_LINK_ORDERED_MAX_MESSAGE (256u * 1024u)
#define HUB_LINK_ORDERED_MAX_WAITING (4u * 1024u * 1024u)
/* What a message counts for beside its bytes, so that empty ones are bounded too. */
#define HUB_LINK_ORDERED_OVERHEAD 64u
/* Fragments that may be under way at once. */
#define HUB_LINK_ORDERED_WINDOW 256u

/* The payloads of an ordered stream. Network byte order.
 *
 *   fragment                                   acknowledgement, 56 bytes
 *   offset  bytes  member                      offset  bytes  member
 *        0      1  kind, 1                          0      1  kind, 2
 *        1      1  flags: 1 ends a message          1      7  reserved, 0
 *        2      6  reserved, 0                      8      8  cumulative: all up to it came
 *        8      8  number, from 1                  16      8  latest: the newest arrival
 *       16      n  at most 1,136 bytes             24     32  bit i: cumulative + 1 + i came
 */
#define HUB_LINK_FRAGMENT_HEADER 16u
#define HUB_LINK_FRAGMENT_MAX (KAREZ_LINK_MAX_DATAGRAM - HUB_LINK_FRAGMENT_HEADER)
#define HUB_LINK_ACK_BYTES 56u

/**
 * HubLinkOrdered:
 * Messages over datagrams that may be lost, doubled and out of order: each once and in order, for
 * as long as both ends live. It knows neither sockets nor a clock: time goes in as monotonic
 * microseconds, payloads go in and out by functions.
 *
 * Fragments are acknowledged one by one. One is sent again when something sent a quarter of a
 * round trip later has arrived before it, or after a time-out made of the round trip and its
 * spread (RFC 6298), doubled each time up to 2 s. How much is under way shrinks by three tenths in
 * each round with a loss, and grows by one for each fragment that arrived.
 */
typedef struct _HubLinkOrdered HubLinkOrdered;

/* A whole message arrived. The function may push, reset, and drop what it likes of its own. */
typedef void (*HubLinkOrderedMessageFunc) (GBytes *message, gpointer data);
/* Something is to be sent. */
typedef void (*HubLinkOrderedSendFunc) (const guint8 *payload, gsize length, gpointer data);

HubLinkOrdered *hub_link_ordered_new (HubLinkOrderedMessageFunc message, gpointer data);
void hub_link_ordered_free (HubLinkOrdered *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubLinkOrdered, hub_link_ordered_free)

/* Forgets everything in both directions, for a new generation of either end. */
void hub_link_ordered_reset (HubLinkOrdered *self);

/* FALSE: there is no room. @message is at most %HUB_LINK_ORDERED_MAX_MESSAGE. */
gboolean hub_link_ordered_push (HubLinkOrdered *self, GBytes *message);
/* Bytes pushed and not acknowledged, with %HUB_LINK_ORDERED_OVERHEAD for each message. */
gsize hub_link_ordered_get_waiting (const HubLinkOrdered *self);

/* Takes a payload of the other end. FALSE if it is malformed: nothing was done. */
gboolean hub_link_ordered_take (HubLinkOrdered *self, const guint8 *payload, gsize length,
                                gint64 now);

/* Sends what is due. Returns: when to call it again if nothing comes before, G_MAXINT64 for never
 */
gint64 hub_link_ordered_poll (HubLinkOrdered *self, gint64 now, HubLinkOrderedSendFunc send,
                              gpointer data);

/* Fragments sent, and of these sent again; for figures and tests. */
guint64 hub_link_ordered_get_sent (const HubLinkOrdered *self);
guint64 hub_link_ordered_get_repeated (const HubLinkOrdered *self);

G_END_DECLS
