/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-address.h"
#include "hub-dtls.h"
#include "hub-rtp.h"

G_BEGIN_DECLS

typedef enum
{
  HUB_MEDIA_AUDIO,
  HUB_MEDIA_VIDEO,
} HubMediaKind;

/* What is forwarded: RFC 7587, RFC 7741, RFC 6184 (constrained baseline, packetization mode 1). */
typedef enum
{
  HUB_CODEC_OPUS,
  HUB_CODEC_VP8,
  HUB_CODEC_H264,
} HubCodec;
#define HUB_N_CODECS 3u

HubMediaKind hub_codec_kind (HubCodec codec);
guint hub_codec_clock_rate (HubCodec codec);
/* "opus", "VP8", "H264". */
const char *hub_codec_name (HubCodec codec);

#define HUB_SDP_MAX_BYTES (128u * 1024)
#define HUB_SDP_MAX_SECTIONS 64u
/* RFC 8445, 5.3, and RFC 9143, 15.1.1. */
#define HUB_SDP_MAX_UFRAG 256u
#define HUB_SDP_MAX_MID 16u

/* One section that begins with m=, as the page offers it. */
typedef struct
{
  char mid[HUB_SDP_MAX_MID + 1];
  HubMediaKind kind;
  gboolean sends;                     /* the page sends here */
  gboolean receives;                  /* the page receives here */
  guint8 payload_types[HUB_N_CODECS]; /* 0 for a codec that is not offered */
  guint8 rtx_types[HUB_N_CODECS];     /* RFC 4588; 0 for none */
  guint32 ssrc, rtx_ssrc;             /* of what the page sends; 0 where it does not say */
} HubSdpSection;

typedef struct
{
  char ufrag[HUB_SDP_MAX_UFRAG + 1];
  guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES];
  HubRtpExtensionMap extensions; /* the same in all sections, since all are one bundle */
  guint n_sections;
  HubSdpSection sections[HUB_SDP_MAX_SECTIONS];
} HubSdpOffer;

/**
 * hub_sdp_parse_offer:
 *
 * Reads an offer (RFC 8866, RFC 8829) by GStreamer's GstSDPMessage. %KAREZ_ERROR_INVALID: "rtc/sdp"
 * for what is no offer that we could answer, "rtc/fingerprint", "rtc/sections" and "rtc/bundle" for
 * one that lacks what we need.
 */
gboolean hub_sdp_parse_offer (HubSdpOffer *self, const char *text, GError **error);

/* What we answer of one section. */
typedef struct
{
  gboolean accepted;
  HubCodec codec;         /* where the page sends: what it is to send */
  guint32 ssrc, rtx_ssrc; /* where the page receives: of what we send */
  char stream[32];        /* sections with the same are played together */
} HubSdpPlace;

typedef struct
{
  const char *ufrag, *password;
  const guint8 *fingerprint;
  const HubAddress *addresses;
  guint n_addresses;
  guint64 id, version; /* of the o= line */
  HubSdpPlace places[HUB_SDP_MAX_SECTIONS];
} HubSdpAnswer;

/* The answer of a lite agent that is the DTLS server. Returns: (transfer full) */
char *hub_sdp_write_answer (const HubSdpAnswer *self, const HubSdpOffer *offer);

G_END_DECLS
