/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtc-track.h"

G_BEGIN_DECLS

#define HUB_RTC_MAX_TAPS 8u
/* Of one message to a program. */
#define HUB_RTC_TAP_BYTES (48u * 1024)

/**
 * HubRtcTap:
 * A way out of the room for one track at a time, to a program: what came is gathered and sent over
 * a SOCK_SEQPACKET socket, as #KarezTapPacket has it, with one call of the kernel for what came
 * together. Nothing waits for the program: what it has no room for is left out, and it goes on
 * with a whole picture. On the media thread.
 */
struct _HubRtcTap
{
  HubRtcTap *next;    /* in its track's list */
  HubRtcTrack *track; /* NULL for none */
  guint number;       /* its name between the threads; never 0 */
  int fd;
  gboolean waiting; /* for a whole picture */
  gboolean gap;     /* something was left out before the next packet */
  gsize length;     /* of what is gathered */
  guint8 bytes[HUB_RTC_TAP_BYTES] __attribute__ ((aligned (8)));
};

/* @fd: (transfer full): of the room's end */
HubRtcTap *hub_rtc_tap_new (guint number, int fd);
void hub_rtc_tap_free (HubRtcTap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcTap, hub_rtc_tap_free)

/* @track: (nullable): what comes out of it from now on */
void hub_rtc_tap_feed (HubRtcTap *self, HubRtcTrack *track);
/* A packet of its track that may be passed on. */
void hub_rtc_tap_put (HubRtcTap *self, const HubRtpPacket *packet);
/* Something is missing before what comes next: a picture goes on with a whole one. */
void hub_rtc_tap_leave_out (HubRtcTap *self);
/* It waits for a whole picture, and there is room for one: pages send none in vain. */
gboolean hub_rtc_tap_wants_picture (HubRtcTap *self);
/* Sends what is gathered. */
void hub_rtc_tap_flush (HubRtcTap *self);
/* Something came from the program: a wish for a whole picture. FALSE once it has closed its end. */
gboolean hub_rtc_tap_serve (HubRtcTap *self);

G_END_DECLS
