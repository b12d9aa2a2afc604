/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-bytes.h"

G_BEGIN_DECLS

/* The clear header of every datagram; it is the associated data of the seal. Network byte order.
 *
 *   offset  bytes  member
 *        0      2  magic 0x4b5a, "KZ"
 *        2      1  version, 1
 *        3      1  reserved, 0
 *        4      4  stream: 0 keepalives, 1 to 15 engine, 16 to 255 modality
 *        8      8  link: from session, both keys, both generations and direction; unguessable
 *       16      8  sequence, from 1, one more for each datagram of the stream
 *       24      4  generation of the sender
 *       28      n  sealed payload
 *     28+n     16  tag
 *
 * 40 (IPv6) + 8 (UDP) + 28 + 1152 + 16 = 1244 of the 1,280 bytes that every path carries: so much
 * are the datagrams of a #KarezLink. Media is longer, since browsers make packets of 1,200 bytes:
 * a path that carries it has 1,324. */
#define HUB_LINK_HEADER_BYTES 28u
#define HUB_LINK_TAG_BYTES 16u
#define HUB_LINK_MAX_PAYLOAD 1232u
#define HUB_LINK_MAX_WIRE (HUB_LINK_HEADER_BYTES + HUB_LINK_MAX_PAYLOAD + HUB_LINK_TAG_BYTES)
#define HUB_LINK_MAX_STREAM 255u

typedef struct
{
  guint32 stream;
  guint32 generation;
  guint64 link;
  guint64 sequence;
} HubLinkHeader;

/* Writes %HUB_LINK_HEADER_BYTES at @out. */
void hub_link_header_write (const HubLinkHeader *self, guint8 *out);

/* Reads the header of a whole datagram of @length bytes. FALSE for what cannot be one: its length,
 * magic, version, reserved byte, stream or sequence. Nothing in it is to be believed before the
 * seal was opened. */
gboolean hub_link_header_read (HubLinkHeader *self, const guint8 *datagram, gsize length);

G_END_DECLS
