/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-dtls.h"
#include "hub-rtcp.h"
#include "hub-sdp.h"
#include "rtc-clip.h"

G_BEGIN_DECLS

/* The most sections of one client's offer. */
#define RTC_CLIENT_MAX_SECTIONS 64u

/* How far behind the newest packet one may be missing and the pictures be followed. */
#define RTC_STREAM_WINDOW 1024
/* A picture that stands longer is seen to stand. */
#define RTC_FREEZE_US (200 * 1000)
/* What is known of a packet of pictures. */
enum
{
  RTC_CAME = 1 << 0,
  RTC_LAST = 1 << 1, /* it ends a picture */
};

/* What came of one stream. */
typedef struct
{
  char mid[HUB_SDP_MAX_MID + 1];
  HubMediaKind kind;
  guint32 ssrc, rtx_ssrc;
  HubRtpReceiver receiver;
  guint64 packets, repaired, bytes, keys; /* keys: packets that begin a whole picture */
  guint64 copies;                         /* of what was sent again, whether it was needed or not */
  guint8 signature;                       /* of who sent the newest packet */
  guint64 signed_by[256];                 /* packets of each signature */
  guint64 reports;                        /* of the sender */
  gint64 last, longest_gap;               /* microseconds between two packets that came */
  GArray *latencies;                      /* gint64 microseconds from the stamp to the arrival */

  /* Of video: up to where everything came, when the newest picture was whole with all before it,
   * the longest time that no new one was, and how often that was %RTC_FREEZE_US or more. */
  gint64 followed, shown, longest_freeze;
  guint freezes;
  guint8 came[RTC_STREAM_WINDOW];
} RtcStream;

/**
 * RtcClient:
 * A browser's part, in C: it offers, checks, shakes hands, sends speech and pictures with a stamp
 * in each packet, and receives. For tests and for load; on one thread, driven by
 * rtc_client_serve().
 */
typedef struct _RtcClient RtcClient;

typedef struct
{
  gboolean audio, video;              /* what it sends */
  guint receive_audio, receive_video; /* how many places it has */
  const char *fingerprint;            /* (nullable): a wrong one to claim */
  gboolean no_repair;                 /* asks for nothing that is missing */
  guint8 signature;                   /* in each packet that it sends, unless there is a clip */
  const char *address;                /* (nullable): of this machine; 127.0.0.1 */
  const char *profiles;               /* (nullable): of SRTP, as OpenSSL lists them */
  const RtcClip *clip;                /* (nullable): real pictures, which must outlive it */
} RtcClientConfig;

RtcClient *rtc_client_new (const RtcClientConfig *config);
void rtc_client_free (RtcClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtcClient, rtc_client_free)

/* Returns: (transfer full): SDP */
char *rtc_client_offer (RtcClient *self);
/* Another transport for what was agreed on, as a browser makes that stops the section that the
 * bundle is named by: other socket, other keys; the next offer names the bundle by another section.
 * @tell: says goodbye on the old one. */
void rtc_client_renew (RtcClient *self, gboolean tell);
/* The next offer names the bundle by another section. */
void rtc_client_retag (RtcClient *self);
/* More places in the next offer. */
void rtc_client_want (RtcClient *self, guint audio, guint video);
/* Begins to connect, or takes what is new. FALSE if the answer cannot be used. @to: (nullable):
 * goes there instead of to the answer's candidate: a relay. */
gboolean rtc_client_take_answer (RtcClient *self, const char *answer, const HubAddress *to);
/* The other side offered: answers, and begins to connect; NULL if the offer cannot be used. It only
 * receives. Returns: (transfer full) */
char *rtc_client_accept (RtcClient *self, const char *offer, const HubAddress *to);
int rtc_client_get_fd (const RtcClient *self);
/* Takes what came, sends what is due. Called when the socket is readable and every 5 ms. */
void rtc_client_serve (RtcClient *self, gint64 now);
gboolean rtc_client_is_open (const RtcClient *self);
HubDtlsState rtc_client_get_dtls (const RtcClient *self);
/* What was agreed on, as hub_dtls_get_profile(). */
const char *rtc_client_get_cipher (const RtcClient *self);
RtcStream *rtc_client_get_stream (RtcClient *self, const char *mid);
RtcStream *rtc_client_get_streams (RtcClient *self, guint *n);
/* How loud the speech is that it sends: 0 to 127 below full scale. */
void rtc_client_set_level (RtcClient *self, guint8 level);
/* Signs what is sent from now on. */
void rtc_client_set_signature (RtcClient *self, guint8 signature);
/* Stops or goes on sending. */
void rtc_client_set_sending (RtcClient *self, gboolean on);
guint64 rtc_client_get_sent (const RtcClient *self);
/* Pictures that were asked of it, packets that were, and reports on when they came. */
guint64 rtc_client_get_asked_pictures (const RtcClient *self);
guint64 rtc_client_get_asked_packets (const RtcClient *self);
guint64 rtc_client_get_feedback (const RtcClient *self);
/* Sends raw bytes from its socket. */
void rtc_client_send_raw (RtcClient *self, const guint8 *bytes, gsize length);

G_END_DECLS
