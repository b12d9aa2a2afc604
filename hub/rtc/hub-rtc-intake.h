/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtc-track.h"

G_BEGIN_DECLS

#define HUB_RTC_MAX_INTAKES 8u
/* What is read of one in a tick (%HUB_RTC_TICK_US); the rest waits with who sends it. */
#define HUB_RTC_INTAKE_PACKETS 200u

/**
 * HubRtcIntake:
 * A program's own stream: what it writes to a socket comes in as a track. On the media thread. What
 * it writes is looked at as a page's packets are.
 */
typedef struct
{
  guint number;
  int fd;
  HubRtcTrack *track;
  guint budget; /* packets in this tick */
} HubRtcIntake;

/* A packet of @intake's track. */
typedef void (*HubRtcIntakeFunc) (HubRtcTrack *track, const HubRtp *packet,
                                  const HubRtpExtensions *extensions, gint64 arrival,
                                  gpointer data);

/* @fd, @track: (transfer full) */
HubRtcIntake *hub_rtc_intake_new (guint number, int fd, HubRtcTrack *track);
/* Closes it; its track ends. */
void hub_rtc_intake_free (HubRtcIntake *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcIntake, hub_rtc_intake_free)

/* Reads what is there, within the tick's bound. FALSE once the program has closed it. */
gboolean hub_rtc_intake_serve (HubRtcIntake *self, gint64 now, HubRtcIntakeFunc func,
                               gpointer data);
/* Asks the program for a whole picture, by one byte. */
void hub_rtc_intake_ask (HubRtcIntake *self);

G_END_DECLS
