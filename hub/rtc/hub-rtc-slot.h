/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtc-track.h"
#include "hub-rtcp.h"

G_BEGIN_DECLS

typedef struct _HubRtcConnection HubRtcConnection;

/* The most retransmissions that one slot gets in a tick, whatever is asked for. */
#define HUB_RTC_MAX_RESENT 100u

/* How many of the newest retransmissions are remembered. */
#define HUB_RTC_REPAIRS 32u

/**
 * HubRtcSlot:
 * A place in a page where one track at a time is shown or heard. Its stream goes on, with numbers
 * and times of its own, whatever track feeds it, so that nothing is negotiated when somebody comes
 * or goes. On the media thread.
 */
struct _HubRtcSlot
{
  HubRtcSlot *next; /* in its track's list */
  HubRtcTrack *track;
  HubRtcConnection *connection; /* not owned: it owns us */

  HubMediaKind kind;
  char mid[HUB_SDP_MAX_MID + 1];
  guint8 payload_types[HUB_N_CODECS];
  guint8 rtx_types[HUB_N_CODECS];
  guint32 ssrc, rtx_ssrc;

  gboolean waiting;        /* for a whole picture of a new track */
  gint64 first;            /* the index of the track's first packet here */
  gint64 out_first;        /* and what it is called here */
  gint64 out_newest;       /* what was sent last */
  guint32 out_timestamp;   /* its time */
  gint64 out_time;         /* when; 0 for never */
  guint32 timestamp_shift; /* added to the track's */
  guint16 rtx_sequence;
  guint64 packets, bytes, resent;
  guint budget; /* retransmissions left in this tick */
  struct
  {
    gint64 index; /* of a packet that was sent again; 0 for none */
    gint64 at;
  } repairs[HUB_RTC_REPAIRS];
  guint newest_repair;

  /* Our newest sender's report, and what the page says of what it receives. */
  guint32 report_ntp;
  gint64 report_time;
  HubRtpReport heard;
  gint64 heard_at; /* when; 0 for never */
  gint64 rtt;      /* microseconds, 0 for not measured */
};

/* @seed: where numbers and times begin. Returns: (transfer full): to be freed by g_free() */
HubRtcSlot *hub_rtc_slot_new (const HubSdpSection *section, guint32 ssrc, guint32 rtx_ssrc,
                              guint32 seed);
/* @track: (nullable): what it shows from now on */
void hub_rtc_slot_feed (HubRtcSlot *self, HubRtcTrack *track);
/* Whether a whole picture is needed now: not before the page can take it. */
gboolean hub_rtc_slot_wants_picture (const HubRtcSlot *self);
/* Sends a packet of its track on to the page. */
void hub_rtc_slot_send (HubRtcSlot *self, const HubRtpPacket *packet);
/* The page lost what was sent under @sequence. A request that follows another one before the answer
 * to that could be there is a repetition, and not answered. */
void hub_rtc_slot_resend (HubRtcSlot *self, guint16 sequence, gint64 now);
/* FALSE while there is nothing to report. */
gboolean hub_rtc_slot_report (HubRtcSlot *self, gint64 now, HubRtcpSender *out);
void hub_rtc_slot_take_report (HubRtcSlot *self, const HubRtpReport *report, gint64 now);

G_END_DECLS
