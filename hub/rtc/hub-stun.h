/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-address.h"

G_BEGIN_DECLS

/* What our side of a connection is known by: RFC 8445, 5.3 asks for 24 and 128 bits at least. */
#define HUB_STUN_UFRAG_LENGTH 8u
#define HUB_STUN_PASSWORD_LENGTH 24u
/* libnice repeats the name, which may have 265 bytes. */
#define HUB_STUN_MAX_REPLY 384u

/* What a check asks of us. */
typedef enum
{
  HUB_STUN_IGNORED,   /* no request, or not for us, or forged: nothing is sent */
  HUB_STUN_REFUSED,   /* it came from them and asks what we do not know; @reply says so */
  HUB_STUN_CHECKED,   /* the way works; @reply says so */
  HUB_STUN_NOMINATED, /* and the other side wants to use it */
} HubStunOutcome;

/* The password that belongs to our @ufrag, or NULL. @data: of hub_stun_new(). */
typedef const char *(*HubStunPasswordFunc) (const char *ufrag, gpointer data);

/**
 * HubStun:
 * Answers connectivity checks as a lite agent does (RFC 8445, RFC 8489), by libnice's STUN library.
 * 13 KiB: one for each thread.
 */
typedef struct _HubStun HubStun;

HubStun *hub_stun_new (HubStunPasswordFunc password, gpointer data);
void hub_stun_free (HubStun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubStun, hub_stun_free)

/**
 * hub_stun_take:
 * @source: where it came from
 * @ufrag: (out caller-allocates): ours, %HUB_STUN_UFRAG_LENGTH + 1 bytes; "" where it is ignored
 * @reply: (out caller-allocates): %HUB_STUN_MAX_REPLY bytes
 *
 * The name is looked up before anything is computed, so that a flood from unknown sources costs
 * little.
 */
HubStunOutcome hub_stun_take (HubStun *self, const guint8 *datagram, gsize length,
                              const HubAddress *source, char *ufrag, guint8 *reply,
                              gsize *reply_length);

G_END_DECLS
