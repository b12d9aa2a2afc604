/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-srtp.h"

G_BEGIN_DECLS

/* SHA-256. */
#define HUB_DTLS_FINGERPRINT_BYTES 32u

/**
 * HubDtlsIdentity:
 * The certificate of one process: P-256, made when it starts, never written. Immutable.
 */
typedef struct _HubDtlsIdentity HubDtlsIdentity;

/* NULL with %KAREZ_ERROR_UNAVAILABLE. */
HubDtlsIdentity *hub_dtls_identity_new (GError **error);
void hub_dtls_identity_free (HubDtlsIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubDtlsIdentity, hub_dtls_identity_free)
const guint8 *hub_dtls_identity_get_fingerprint (const HubDtlsIdentity *self);
/* Only these are agreed on from now on, the first that both sides know:
 * "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80". FALSE for a name that is unknown. */
gboolean hub_dtls_identity_set_profiles (HubDtlsIdentity *self, const char *profiles);

/* "AB:CD:…", RFC 8122, 5. Returns: (transfer full) */
char *hub_dtls_fingerprint_print (const guint8 *fingerprint);
gboolean hub_dtls_fingerprint_parse (const char *text, guint8 *fingerprint);

/**
 * HubDtls:
 * One side of a DTLS 1.2 handshake that agrees on keys for SRTP (RFC 5764), and what is sent over
 * it for data channels (RFC 8261). On one thread; it never blocks. The certificate of the other
 * side must have the fingerprint that signalling told.
 */
typedef struct _HubDtls HubDtls;

typedef enum
{
  HUB_DTLS_HANDSHAKE,
  HUB_DTLS_DONE,
  HUB_DTLS_FAILED, /* for ever */
} HubDtlsState;

/* Sends one datagram. */
typedef void (*HubDtlsSendFunc) (const guint8 *datagram, gsize length, gpointer data);

HubDtls *hub_dtls_new (const HubDtlsIdentity *identity, gboolean client,
                       const guint8 *peer_fingerprint, HubDtlsSendFunc send, gpointer data);
void hub_dtls_free (HubDtls *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubDtls, hub_dtls_free)

/* Takes what came over the connection once it is done: one record. */
typedef void (*HubDtlsReceiveFunc) (const guint8 *bytes, gsize length, gpointer data);

/* @data: the send function's. @receive must neither free @self nor close it. Without one, what
 * comes is left out. */
void hub_dtls_set_receive (HubDtls *self, HubDtlsReceiveFunc receive);
/* Sends one record, if it is done; what does not fit into a datagram is left out. */
void hub_dtls_send (HubDtls *self, const guint8 *bytes, gsize length);
/* A client's first flight. */
void hub_dtls_start (HubDtls *self);
void hub_dtls_take (HubDtls *self, const guint8 *datagram, gsize length);
/* Sends again what was not answered in time; called every 20 ms or so. */
void hub_dtls_tick (HubDtls *self);
/* Tells the other side that this is over. */
void hub_dtls_close (HubDtls *self);
HubDtlsState hub_dtls_get_state (const HubDtls *self);
/* Why it failed: "fingerprint", "profile", "closed", "handshake"; NULL before. */
const char *hub_dtls_get_failure (const HubDtls *self);
/* The keys. @self is done. NULL with @error set. */
HubSrtp *hub_dtls_make_srtp (HubDtls *self, GError **error);
/* "SRTP_AEAD_AES_128_GCM"; NULL before it is done. */
const char *hub_dtls_get_profile (const HubDtls *self);

G_END_DECLS
