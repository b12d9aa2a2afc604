/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One path's wires between two ends, in this thread's main context: what A sends to its door comes
 * to B from B's door, and back. It can lose, double, hold back and remember datagrams. */
typedef struct
{
  GSocket *sockets[2]; /* the door that A knows, the door that B knows */
  GSource *sources[2];
  GSocketAddress *ends[2]; /* A's address (learned), B's address (told) */
  GRand *rand;
  double loss, doubled, swapped;
  guint delay_ms;   /* that every datagram is on its way */
  GQueue under_way; /* of them */
  guint timer;
  gboolean cut[2];    /* nothing from A, nothing from B */
  GBytes *held[2];    /* a datagram that the next one overtakes */
  GPtrArray *kept[2]; /* every datagram, when keeping */
  gboolean keeping;
  guint n_carried;
} LinkRelay;

LinkRelay *link_relay_new (const char *host, guint32 seed);
void link_relay_free (LinkRelay *self);
/* "host:port" of A's and of B's door. Returns: (transfer full) */
char *link_relay_get_door (LinkRelay *self, guint end);
/* Where end 0 (A) or 1 (B) is, as "host:port". */
void link_relay_set_end (LinkRelay *self, guint end, const char *address);
/* Puts a datagram on the wire to end 0 or 1. */
void link_relay_inject (LinkRelay *self, guint end, const guint8 *bytes, gsize length);

G_END_DECLS
