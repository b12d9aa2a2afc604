/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtp-receiver.h"

G_BEGIN_DECLS

/* The longest compound that we write, without what SRTP adds. */
#define HUB_RTCP_MAX_PACKET 1200u

/* Microseconds as 32.32 seconds, and back. */
static inline guint64
hub_rtcp_ntp_from_us (gint64 us)
{
  return (guint64) (us / G_USEC_PER_SEC) << 32
         | ((guint64) (us % G_USEC_PER_SEC) << 32) / G_USEC_PER_SEC;
}

static inline gint64
hub_rtcp_ntp_to_us (guint64 ntp)
{
  return (gint64) (ntp >> 32) * G_USEC_PER_SEC
         + (gint64) ((ntp & 0xffffffff) * G_USEC_PER_SEC >> 32);
}

/* RFC 3550, 6.4.1. */
typedef struct
{
  guint32 ssrc;
  guint64 ntp; /* 32.32 seconds since 1900 */
  guint32 rtp_time;
  guint32 packets, bytes;
} HubRtcpSender;

/* What a compound says, part by part. A part that is malformed is left out. NULL for what does not
 * matter. */
typedef struct
{
  void (*sender) (const HubRtcpSender *report, gpointer data);
  /* What the other side says of our stream @ssrc. */
  void (*report) (guint32 ssrc, const HubRtpReport *report, gpointer data);
  /* One call for each packet that is asked for again: RFC 4585, 6.2.1. */
  void (*missing) (guint32 ssrc, guint16 sequence, gpointer data);
  /* RFC 4585, 6.3.1, or RFC 5104, 4.3.1: a whole picture is needed. */
  void (*picture) (guint32 ssrc, gpointer data);
  /* draft-holmer-rmcat-transport-wide-cc-extensions-01: as hub_rtp_feedback_write() makes it. */
  void (*feedback) (const guint8 *information, gsize length, gpointer data);
  void (*bye) (guint32 ssrc, gpointer data);
} HubRtcpHandlers;

/**
 * HubRtcp:
 * Reads and writes RTCP by GStreamer's GstRTCPBuffer, over memory that it has once and for all. On
 * one thread.
 */
typedef struct _HubRtcp HubRtcp;

HubRtcp *hub_rtcp_new (void);
void hub_rtcp_free (HubRtcp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcp, hub_rtcp_free)

/* @packet: a compound or a reduced one (RFC 5506), decrypted. FALSE if it is none. */
gboolean hub_rtcp_read (HubRtcp *self, const guint8 *packet, gsize length,
                        const HubRtcpHandlers *handlers, gpointer data);

/* Begins a compound; those below add to it, and return FALSE when it is full. */
void hub_rtcp_begin (HubRtcp *self);
gboolean hub_rtcp_add_sender (HubRtcp *self, const HubRtcpSender *report);
/* The first block begins a receiver's report of @own; those that follow at once are added to it. */
gboolean hub_rtcp_add_report (HubRtcp *self, guint32 own, guint32 ssrc, const HubRtpReport *report);
gboolean hub_rtcp_add_missing (HubRtcp *self, guint32 own, guint32 ssrc, const guint16 *sequences,
                               guint n);
gboolean hub_rtcp_add_picture (HubRtcp *self, guint32 own, guint32 ssrc);
/* @information: (length length): a multiple of 4 bytes */
gboolean hub_rtcp_add_feedback (HubRtcp *self, guint32 own, guint32 ssrc, const guint8 *information,
                                gsize length);
/* Ends it. Returns: (transfer none): what was written, until the next call; length 0 for nothing */
const guint8 *hub_rtcp_end (HubRtcp *self, gsize *length);

G_END_DECLS
