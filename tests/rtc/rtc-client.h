/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-dtls.h"
#include "hub-rtcp.h"
#include "hub-sdp.h"

G_BEGIN_DECLS

/* The most sections of one client's offer. */
#define RTC_CLIENT_MAX_SECTIONS 64u

/* What came of one stream. */
typedef struct
{
  char mid[HUB_SDP_MAX_MID + 1];
  HubMediaKind kind;
  guint32 ssrc, rtx_ssrc;
  HubRtpReceiver receiver;
  guint64 packets, repaired, bytes, keys; /* keys: packets that begin a whole picture */
  guint8 signature;                       /* of who sent the newest packet */
  guint64 signed_by[256];                 /* packets of each signature */
  guint64 reports;                        /* of the sender */
  gint64 last, longest_gap;               /* microseconds between two packets that came */
  GArray *latencies;                      /* gint64 microseconds from the stamp to the arrival */
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
  guint8 signature;                   /* in each packet that it sends */
} RtcClientConfig;

RtcClient *rtc_client_new (const RtcClientConfig *config);
void rtc_client_free (RtcClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtcClient, rtc_client_free)

/* Returns: (transfer full): SDP */
char *rtc_client_offer (RtcClient *self);
/* More places in the next offer. */
void rtc_client_want (RtcClient *self, guint audio, guint video);
/* Begins to connect, or takes what is new. FALSE if the answer cannot be used. @to: (nullable):
 * goes there instead of to the answer's candidate: a relay. */
gboolean rtc_client_take_answer (RtcClient *self, const char *answer, const HubAddress *to);
int rtc_client_get_fd (const RtcClient *self);
/* Takes what came, sends what is due. Called when the socket is readable and every 5 ms. */
void rtc_client_serve (RtcClient *self, gint64 now);
gboolean rtc_client_is_open (const RtcClient *self);
HubDtlsState rtc_client_get_dtls (const RtcClient *self);
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
