/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* IANA's numbers of DTLS-SRTP protection profiles: RFC 5764, RFC 7714. */
typedef enum
{
  HUB_SRTP_AES_128_CM_SHA1_80 = 1,
  HUB_SRTP_AEAD_AES_128_GCM = 7,
  HUB_SRTP_AEAD_AES_256_GCM = 8,
} HubSrtpProfile;

/* The longest master key with its salt. */
#define HUB_SRTP_MAX_KEY 44u
/* What protecting adds at most: a tag, and RTCP's index. */
#define HUB_SRTP_MAX_TRAILER 20u

/* How many bytes key and salt of one direction have, 0 for a profile that we do not know. */
gsize hub_srtp_key_bytes (guint profile);
gsize hub_srtp_salt_bytes (guint profile);

/**
 * HubSrtp:
 * The two directions of one connection's secure RTP, by libsrtp: RFC 3711, RFC 7714. On one thread.
 * Memory grows with each SSRC that is opened or protected: the caller bounds how many there are.
 */
typedef struct _HubSrtp HubSrtp;

/* It loads libraries of its own, which a confined process cannot. Once; hub_srtp_new() does it. */
gboolean hub_srtp_open_library (GError **error);

/* @send, @receive: key and salt. NULL with %KAREZ_ERROR_UNAVAILABLE. */
HubSrtp *hub_srtp_new (HubSrtpProfile profile, const guint8 *send, const guint8 *receive,
                       GError **error);
void hub_srtp_free (HubSrtp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubSrtp, hub_srtp_free)

/* In place. Protecting needs %HUB_SRTP_MAX_TRAILER bytes behind the packet, and a packet at an
 * address that is a multiple of 4. FALSE for what is forged, repeated or too old. */
gboolean hub_srtp_protect (HubSrtp *self, guint8 *packet, gsize *length);
gboolean hub_srtp_unprotect (HubSrtp *self, guint8 *packet, gsize *length);
gboolean hub_srtp_protect_rtcp (HubSrtp *self, guint8 *packet, gsize *length);
gboolean hub_srtp_unprotect_rtcp (HubSrtp *self, guint8 *packet, gsize *length);
/* Forgets an SSRC in both directions. */
void hub_srtp_forget (HubSrtp *self, guint32 ssrc);

G_END_DECLS
