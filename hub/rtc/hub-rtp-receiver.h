/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtp.h"

G_BEGIN_DECLS

/* The most packets that are asked for again at once; a longer gap is no loss but a break. */
#define HUB_RTP_MAX_MISSING 256u
/* RFC 4585, 6.2.1 asks at once; who does not answer in this time has it no more. */
#define HUB_RTP_MISSING_US (1000 * 1000)

typedef struct
{
  gint64 index;
  gint64 since;
  gint64 asked; /* when last */
  guint times;
} HubRtpMissing;

/**
 * HubRtpReceiver:
 * One incoming stream: order, loss, jitter and what is to be asked for again. Packets are counted
 * by an index, their sequence number unwrapped to 64 bits. Times are microseconds of one clock.
 */
typedef struct
{
  guint clock_rate;
  gboolean started;
  gint64 first, newest; /* indexes */
  gint64 arrived;       /* when the newest packet came, repairs apart */
  guint32 break_at;     /* RFC 3550, A.1: a packet of this number after one far away is a break */
  guint64 received, bytes;
  guint64 repaired; /* of them by retransmission */
  guint64 given_up; /* asked for in vain */

  /* RFC 3550, A.8: in units of the timestamp, times 16. */
  guint32 jitter_q4;
  gint64 transit;

  /* RFC 3550, A.3: at the last report. */
  guint64 expected_before, received_before; /* the latter without repairs */

  /* The sender's newest report: the middle of its NTP time, and when it came. */
  guint32 report_ntp;
  gint64 report_arrival;

  HubRtpMissing missing[HUB_RTP_MAX_MISSING]; /* oldest first */
  guint n_missing;
} HubRtpReceiver;

/* What a report block says of the stream: RFC 3550, 6.4.1. Before repair. */
typedef struct
{
  guint8 fraction_lost; /* of 256, since the last report */
  gint32 lost;          /* in all */
  guint32 highest;      /* cycles and sequence number */
  guint32 jitter;
  guint32 last_report, delay; /* 0 for no report yet; 1/65,536 s */
} HubRtpReport;

void hub_rtp_receiver_init (HubRtpReceiver *self, guint clock_rate);

/* Whether a number that seems old is a new one after a long silence, in which the numbers went
 * round: then the stream is taken to have begun anew. */
gboolean hub_rtp_receiver_resumes (const HubRtpReceiver *self, guint16 sequence, gint64 arrival);

/**
 * hub_rtp_receiver_take:
 * @repair: whether it came as a retransmission
 * @index: (out): of the packet
 *
 * Counts a packet that is not a repetition of one that came before; the caller looks for those.
 * FALSE for one that is too far from the others to belong to this stream, unless the one after it
 * follows it (RFC 3550, A.1): then the stream is taken to have begun anew.
 */
gboolean hub_rtp_receiver_take (HubRtpReceiver *self, const HubRtp *packet, gint64 arrival,
                                gboolean repair, gint64 *index);

/**
 * hub_rtp_receiver_ask:
 * @soon: after how long the first request is repeated in case that it was lost itself, in
 *   microseconds; 0: it is not
 * @again: how long to wait for an answer, in microseconds
 * @out: (out caller-allocates): sequence numbers, in order
 *
 * What is to be asked for now. Gives up what is older than %HUB_RTP_MISSING_US.
 */
guint hub_rtp_receiver_ask (HubRtpReceiver *self, gint64 now, gint64 soon, gint64 again,
                            guint16 *out, guint room);

/* Makes a report block, and begins a new interval. */
void hub_rtp_receiver_report (HubRtpReceiver *self, gint64 now, HubRtpReport *out);
void hub_rtp_receiver_take_sender_report (HubRtpReceiver *self, guint64 ntp, gint64 arrival);

G_END_DECLS
