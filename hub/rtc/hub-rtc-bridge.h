/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-media-port.h"
#include "hub-rtc-track.h"

G_BEGIN_DECLS

/* Datagrams between the media threads of two hospitals. Network byte order.
 *
 *   offset  bytes  member
 *        0      1  kind: 1 packet, 2 clock, 3 missing, 4 picture
 *        1      1  flags of a packet
 *        2      1  audio level (RFC 6464), if flagged
 *        3      1  orientation, if flagged
 *        4      4  track, by its sender's number; of 3 and 4, by their receiver's
 *   packet:
 *        8      2  sequence
 *       10      2  reserved, 0
 *       12      4  timestamp
 *       16      8  abs-capture-time, if flagged
 *       16+     n  payload
 *   clock:
 *        8      8  microseconds of the sender's clock
 *       16      4  the timestamp of that moment
 *   missing:
 *        8    2 n  sequences
 */
#define HUB_RTC_BRIDGE_HEADER 16u

/**
 * HubRtcBridge:
 * The media of the other hospital: each track crosses once, is repaired on the way, and is then a
 * track like any other. On the media thread.
 */
typedef struct _HubRtcBridge HubRtcBridge;

typedef struct
{
  /* A packet of a track of theirs. */
  void (*packet) (HubRtcTrack *track, const HubRtp *packet, const HubRtpExtensions *extensions,
                  gint64 arrival, gboolean repair, gpointer data);
  /* One of ours, by its number, or NULL. */
  HubRtcTrack *(*find) (guint number, gpointer data);
} HubRtcBridgeHandlers;

/* @port: (transfer full) */
HubRtcBridge *hub_rtc_bridge_new (HubMediaPort *port, const HubRtcBridgeHandlers *handlers,
                                  gpointer data);
void hub_rtc_bridge_free (HubRtcBridge *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcBridge, hub_rtc_bridge_free)
HubMediaPort *hub_rtc_bridge_get_port (HubRtcBridge *self);

/* @number: what they call it; @track: (transfer full) */
void hub_rtc_bridge_add (HubRtcBridge *self, guint number, HubRtcTrack *track);
void hub_rtc_bridge_remove (HubRtcBridge *self, guint number);
/* Whether anybody there is to see or hear what is sent. */
void hub_rtc_bridge_set_wanted (HubRtcBridge *self, gboolean wanted);
/* Whether anything may cross at all. */
void hub_rtc_bridge_set_allowed (HubRtcBridge *self, gboolean allowed);
gboolean hub_rtc_bridge_is_wanted (const HubRtcBridge *self);
/* A packet of a track of ours. */
void hub_rtc_bridge_send (HubRtcBridge *self, const HubRtcTrack *track, const HubRtpPacket *packet,
                          gboolean repair);
/* The clock of a track of ours, now and then. */
void hub_rtc_bridge_send_clock (HubRtcBridge *self, const HubRtcTrack *track);
/* Asks for what is missing, and for whole pictures. */
void hub_rtc_bridge_request_missing (HubRtcBridge *self, gint64 now);

G_END_DECLS
