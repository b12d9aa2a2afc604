/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-address.h"
#include "hub-codec.h"
#include "hub-dtls.h"
#include "hub-rtp.h"

G_BEGIN_DECLS

#define HUB_SDP_MAX_BYTES (128u * 1024)
#define HUB_SDP_MAX_SECTIONS 64u
/* RFC 8445, 5.3, and RFC 9143, 15.1.1. */
#define HUB_SDP_MAX_UFRAG 256u
#define HUB_SDP_MAX_MID 16u
/* Of the words of m= and of a=mid, which a section that we do not take is answered with. */
#define HUB_SDP_MAX_WORD 63u

/* One section that begins with m=, as the page offers it. */
typedef struct
{
  char mid[HUB_SDP_MAX_WORD + 1]; /* "" for none; at most HUB_SDP_MAX_MID of one that we take */
  HubMediaKind kind;
  gboolean sends;                     /* the page sends here */
  gboolean receives;                  /* the page receives here */
  guint8 payload_types[HUB_N_CODECS]; /* 0 for a codec that is not offered */
  guint8 rtx_types[HUB_N_CODECS];     /* RFC 4588; 0 for none */
  guint32 ssrc, rtx_ssrc;             /* of what the page sends; 0 where it does not say */
  HubRtpExtensionMap extensions;      /* that are offered here */
  guint16 sctp_port;                  /* of data channels, which neither send nor receive */
  /* It can only be answered with port 0: what it is of, its protocol, its codecs or what it needs
   * are not ours, or the page gave it up. It neither sends nor receives. */
  gboolean rejected;
  char media[HUB_SDP_MAX_WORD + 1], proto[HUB_SDP_MAX_WORD + 1];
  char format[HUB_SDP_MAX_WORD + 1]; /* the first one */
} HubSdpSection;

typedef struct
{
  gboolean data; /* data channels are taken */
  char ufrag[HUB_SDP_MAX_UFRAG + 1];
  guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES];
  HubRtpExtensionMap
      extensions; /* of the one bundle: as the first section that has one numbers it */
  guint n_sections;
  HubSdpSection sections[HUB_SDP_MAX_SECTIONS];
  guint n_taken;                      /* those that are not rejected */
  guint8 order[HUB_SDP_MAX_SECTIONS]; /* their numbers, in the order of the bundle */
  gboolean bundled;                   /* FALSE for a single one without a bundle */
} HubSdpOffer;

/**
 * hub_sdp_parse_offer:
 * @data: whether data channels are taken (RFC 8841): one section of them
 *
 * Reads an offer (RFC 8866, RFC 8829) by GStreamer's GstSDPMessage. What we do not take is a
 * rejected section, and the rest is as good as without it; an offer may consist of such sections
 * alone, and has neither name nor fingerprint then. %KAREZ_ERROR_INVALID: "rtc/sdp" for what is no
 * offer, "rtc/plan-b" for one that has several tracks in a section, "rtc/fingerprint",
 * "rtc/sections" and "rtc/bundle" for one that lacks what we need. The time that it takes is
 * proportional to the text's length.
 */
gboolean hub_sdp_parse_offer (HubSdpOffer *self, const char *text, gboolean data, GError **error);

/* What we answer of one section. */
typedef struct
{
  gboolean accepted;      /* of a rejected section it does not count */
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

/* The answer of a lite agent that is the DTLS server: a section for each of the offer's, in their
 * order (RFC 3264, 6). Returns: (transfer full) */
char *hub_sdp_write_answer (const HubSdpAnswer *self, const HubSdpOffer *offer);

G_END_DECLS
