/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtp.h"

G_BEGIN_DECLS

/* How many packets may come between two reports; older ones are not told. */
#define HUB_RTP_FEEDBACK_WINDOW 1024u

/**
 * HubRtpFeedback:
 * When the packets of one connection came, whatever their stream, told to their sender so that it
 * can estimate what the way carries: draft-holmer-rmcat-transport-wide-cc-extensions-01.
 */
typedef struct
{
  gboolean started;
  gint64 base;                             /* the first that is not told yet */
  gint64 newest;                           /* unwrapped */
  guint8 count;                            /* of reports */
  gint64 arrival[HUB_RTP_FEEDBACK_WINDOW]; /* microseconds, 0 for not here */
} HubRtpFeedback;

void hub_rtp_feedback_init (HubRtpFeedback *self);
/* @arrival: microseconds of any clock, greater than 0. */
void hub_rtp_feedback_take (HubRtpFeedback *self, guint16 sequence, gint64 arrival);

/**
 * hub_rtp_feedback_write:
 * @out: where the feedback control information goes: 3.1 of the draft, behind the two SSRCs
 * @room: at least 64
 *
 * Tells what came since the last report, as much of it as there is room for. Returns the length, a
 * multiple of 4, or 0 if there is nothing to tell.
 */
gsize hub_rtp_feedback_write (HubRtpFeedback *self, guint8 *out, gsize room);

G_END_DECLS
