/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RtcStalls:
 * What keeps this machine itself from running anything: on each processor a thread before all
 * others (SCHED_FIFO) is to wake 50 times a second, and how late it wakes is the doing of the
 * kernel or of what the machine runs on. Where real-time threads are not permitted, the threads are
 * ordinary ones, and being busy counts as a stall too.
 */
typedef struct _RtcStalls RtcStalls;

typedef struct
{
  gint64 longest_us; /* of the processor that waited longest */
  gint64 sum_us;     /* of all waits of more than a millisecond, of all processors */
  guint count;
  gboolean real_time;
} RtcStallsSeen;

RtcStalls *rtc_stalls_new (void);
/* What was seen since it was asked last. Any thread. */
RtcStallsSeen rtc_stalls_take (RtcStalls *self);
void rtc_stalls_free (RtcStalls *self);

G_END_DECLS
