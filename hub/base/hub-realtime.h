/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The highest real-time priority that is asked for, below the kernel's own threads and what
 * RealtimeKit gives to sound (20). */
#define HUB_REALTIME_PRIORITY 10
/* Processor time in each window, beyond which a thread is an ordinary one again: a flood must not
 * keep the hub and its database from their work. Fifty viewers of one camera need a tenth. */
#define HUB_REALTIME_WINDOW_US (500 * 1000)
#define HUB_REALTIME_BUDGET_US (HUB_REALTIME_WINDOW_US / 4)
/* Windows of less than half the budget, one after the other, until it is in real time again. */
#define HUB_REALTIME_CALM_WINDOWS 10

/**
 * HubRealtime:
 * A thread whose work people wait for, such as the one that forwards media: the kernel runs it
 * before ordinary threads (SCHED_RR, sched(7)), as long as it stays within its budget. Where that
 * is not allowed (RLIMIT_RTPRIO, LimitRTPRIO= of systemd) it gets a nice value, and where not even
 * that is (RLIMIT_NICE) it stays as it is. Threads that it makes inherit nothing.
 *
 * All calls are for the thread itself.
 */
typedef struct
{
  gboolean allowed, on;
  gint64 looked_at, processor_us;
  guint n_calm;
} HubRealtime;

/* @name: for the log; @now: monotonic, in µs. Returns whether it is in real time. */
gboolean hub_realtime_begin (HubRealtime *self, const char *name, gint64 now);
/* Whenever it has worked; costs a comparison until a window is over. */
void hub_realtime_look (HubRealtime *self, gint64 now);

/* What the process may ask for from now on: that much where it has the right to, and no more; and
 * how long a thread may run in real time without once waiting: the kernel ends the process of one
 * that never does. For a process that gives up its privileges. */
void hub_realtime_limit (void);

G_END_DECLS
