/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtp-history.h"
#include "rtc-client.h"

#include <stun/stunagent.h>

G_BEGIN_DECLS

#define RTC_CLIENT_AUDIO_TYPE 111
#define RTC_CLIENT_VIDEO_TYPE 96
#define RTC_CLIENT_RTX_TYPE 97
#define RTC_CLIENT_UFRAG "cLiE"
#define RTC_CLIENT_PASSWORD "abcdefghijklmnopqrstuvwx"
/* Where the stamp is in a payload. */
#define RTC_CLIENT_STAMP_AT 16u
#define RTC_CLIENT_SIGNATURE_AT 24u

/* What it sends of one kind. */
typedef struct
{
  gboolean there;
  guint32 ssrc, rtx_ssrc, timestamp;
  guint16 sequence, rtx_sequence;
  gint64 index;
  gint64 due;
  guint64 packets, bytes;
  HubRtpHistory *history;
} RtcSource;

struct _RtcClient
{
  RtcClientConfig config;
  int fd;
  HubAddress local;
  HubDtlsIdentity *identity;
  HubDtls *dtls;
  HubSrtp *srtp;
  HubRtcp *rtcp;
  StunAgent stun;
  HubAddress remote;
  char username[2 * HUB_SDP_MAX_UFRAG], password[64];
  gboolean accepting; /* the other side offered, and controls */
  gboolean answered, checked;
  gint64 next_check, next_report;
  HubRtpExtensionMap extensions;

  RtcSource audio, video;
  guint next_frame; /* of the clip */
  guint16 transport_sequence;
  guint8 level;
  gboolean sending, want_key;
  guint64 asked_pictures, asked_packets, feedback;

  /* What it offers, in order; what it sends stands first. */
  HubMediaKind sections[RTC_CLIENT_MAX_SECTIONS];
  guint n_sections;
  guint tag; /* which of them the bundle is named by */
  RtcStream streams[RTC_CLIENT_MAX_SECTIONS];
  guint n_streams;
};

extern const HubRtpExtensionMap rtc_client_extensions;

/* rtc-client.c: the other side's certificate is known: it may be talked to. */
void rtc_client_expect (RtcClient *self, const guint8 *fingerprint);

/* rtc-client-send.c */
void rtc_client_send_due (RtcClient *self, gint64 now);
void rtc_client_resend (RtcClient *self, RtcSource *source, guint16 sequence);

G_END_DECLS
