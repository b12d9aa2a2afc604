/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link-header.h"

G_BEGIN_DECLS

#define HUB_LINK_KEY_BYTES 32u

/* The X25519 pair that a process makes at its start. The secret half lives in memory that is
 * locked where the system allows it, is not in core dumps, and is wiped when freed. */
typedef struct _HubLinkPair HubLinkPair;

HubLinkPair *hub_link_pair_new (void);
void hub_link_pair_free (HubLinkPair *self);
const guint8 *hub_link_pair_get_public (const HubLinkPair *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubLinkPair, hub_link_pair_free)

/* What both ends of a link must agree on to understand each other. */
typedef struct
{
  const char *session; /* its UUID */
  gboolean host;       /* whether this end is the host */
  guint32 own_generation;
  guint32 peer_generation;
} HubLinkTerms;

/**
 * HubLinkSeal:
 * The two keys of one pair of generations, one for each direction.
 *
 *   shared = crypto_kx over both pairs, the host as its server: one 32-byte key a direction
 *   key    = BLAKE2b-256 (shared, "karez-link-1" ‖ 0x01 ‖ terms ‖ direction)
 *   link   = BLAKE2b-64  (shared, "karez-link-1" ‖ 0x02 ‖ terms ‖ direction)
 *   terms  = session ‖ host's key ‖ mirror's key ‖ host's generation ‖ mirror's generation
 *
 * ChaCha20-Poly1305-IETF; nonce = stream (u32) ‖ sequence (u64), so a stream never repeats one;
 * the clear header is the associated data.
 */
typedef struct _HubLinkSeal HubLinkSeal;

/* NULL if @peer_public is a point that gives no secret. */
HubLinkSeal *hub_link_seal_new (const HubLinkPair *pair, const guint8 *peer_public,
                                const HubLinkTerms *terms);
void hub_link_seal_free (HubLinkSeal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubLinkSeal, hub_link_seal_free)

/* The value of the header's link member in datagrams that this end accepts. */
guint64 hub_link_seal_get_incoming (const HubLinkSeal *self);

/* Writes header, sealed payload and tag at @out, which has room for %HUB_LINK_MAX_WIRE; @length is
 * at most %HUB_LINK_MAX_PAYLOAD. The same stream and sequence must never be sealed twice. Returns
 * the datagram's length. */
gsize hub_link_seal_close (const HubLinkSeal *self, guint32 stream, guint64 sequence,
                           const guint8 *payload, gsize length, guint8 *out);

/* Opens a datagram whose @header was read from it. @out has room for %HUB_LINK_MAX_PAYLOAD. FALSE
 * if it was not sealed by the other end under these terms. */
gboolean hub_link_seal_open (const HubLinkSeal *self, const HubLinkHeader *header,
                             const guint8 *datagram, gsize length, guint8 *out, gsize *out_length);

G_END_DECLS
