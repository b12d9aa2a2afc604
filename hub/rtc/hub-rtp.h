/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-bytes.h"

G_BEGIN_DECLS

/* RFC 3550, 5.1: without contributing sources. */
#define HUB_RTP_HEADER_BYTES 12u
/* The longest datagram that is looked at; Ethernet carries no longer one. */
#define HUB_RTP_MAX_PACKET 1500u

/**
 * HubRtpExtension:
 * The header extensions (RFC 8285) that we understand. Each connection numbers them in its own way.
 *
 * @HUB_RTP_MID: which media section a stream belongs to: RFC 9143
 * @HUB_RTP_AUDIO_LEVEL: RFC 6464: one bit for voice, 7 bits of -dBov
 * @HUB_RTP_ORIENTATION: 3GPP TS 26.114, 6.2.3: how a phone is held
 * @HUB_RTP_TRANSPORT_SEQUENCE: draft-holmer-rmcat-transport-wide-cc-extensions-01
 * @HUB_RTP_CAPTURE_TIME: abs-capture-time of the WebRTC project: when the frame was taken
 */
typedef enum
{
  HUB_RTP_MID,
  HUB_RTP_AUDIO_LEVEL,
  HUB_RTP_ORIENTATION,
  HUB_RTP_TRANSPORT_SEQUENCE,
  HUB_RTP_CAPTURE_TIME,
} HubRtpExtension;
#define HUB_RTP_N_EXTENSIONS 5u
/* A one-byte header numbers 1 to 14 and holds 16 bytes. */
#define HUB_RTP_MAX_EXTENSION_ID 14u
#define HUB_RTP_MAX_EXTENSION_BYTES 16u

/* How one connection numbers them; 0 for one that it does not know. */
typedef struct
{
  guint8 ids[HUB_RTP_N_EXTENSIONS];
} HubRtpExtensionMap;

/* The URI of a=extmap. */
const char *hub_rtp_extension_uri (HubRtpExtension extension);
gboolean hub_rtp_extension_from_uri (const char *uri, HubRtpExtension *extension);

/* What a packet carried of them; length 0 for what it did not. */
typedef struct
{
  guint8 length[HUB_RTP_N_EXTENSIONS];
  guint8 value[HUB_RTP_N_EXTENSIONS][HUB_RTP_MAX_EXTENSION_BYTES];
} HubRtpExtensions;

/* A packet's fields; the pointers are into the packet. */
typedef struct
{
  guint8 payload_type;
  gboolean marker;
  guint16 sequence;
  guint32 timestamp;
  guint32 ssrc;
  guint16 profile; /* of the extension block */
  const guint8 *extensions;
  gsize extensions_length;
  const guint8 *payload; /* without padding */
  gsize payload_length;
} HubRtp;

/* RFC 7983: what the first byte of a datagram says it is. */
typedef enum
{
  HUB_DATAGRAM_UNKNOWN,
  HUB_DATAGRAM_STUN,
  HUB_DATAGRAM_DTLS,
  HUB_DATAGRAM_RTP,
  HUB_DATAGRAM_RTCP,
} HubDatagramKind;

HubDatagramKind hub_datagram_kind (const guint8 *datagram, gsize length);

/* Reads a packet, encrypted or not. FALSE for what cannot be one: its version, or a part that
 * reaches beyond its end. */
gboolean hub_rtp_parse (HubRtp *self, const guint8 *packet, gsize length);
/* Takes the padding off a decrypted packet. FALSE if it is longer than the payload. */
gboolean hub_rtp_strip_padding (HubRtp *self, const guint8 *packet);
/* Reads what @map knows of the packet's extensions; what is malformed is left out. */
void hub_rtp_read_extensions (const HubRtp *self, const HubRtpExtensionMap *map,
                              HubRtpExtensions *out);
/* Writes header and extensions, for a connection that numbers them as @map does; what is in
 * @extensions and not in @map is left out. @out has room for 12 + 4 + 5 × 17 + 3 bytes. Returns
 * the length: the payload goes there. */
gsize hub_rtp_write (const HubRtp *self, const HubRtpExtensionMap *map,
                     const HubRtpExtensions *extensions, guint8 *out);
#define HUB_RTP_MAX_HEADER 104u

/* The count of 16-bit numbers that is nearest to @newest. */
static inline gint64
hub_rtp_unwrap (gint64 newest, guint16 sequence)
{
  return newest + (gint16) (guint16) (sequence - (guint16) newest);
}

G_END_DECLS
