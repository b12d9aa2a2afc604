/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-address.h"
#include "hub-rtp.h"

G_BEGIN_DECLS

/* How many datagrams are gathered at most: a whole picture's for 50 viewers. */
#define HUB_RTC_OUT_MAX 512u
/* Room for a packet whose header grew, and for what SRTP adds. */
#define HUB_RTC_OUT_BYTES 1664u

/**
 * HubRtcOut:
 * Datagrams on their way out, gathered so that many leave at once: with one call of the kernel, and
 * those of one address that are of the same length as one piece that the kernel or the network card
 * cuts (UDP_SEGMENT, udp(7)). To each address they go in the order in which they were pushed. They
 * are written where they are sent from. On one thread.
 */
typedef struct _HubRtcOut HubRtcOut;

/* @fd: a UDP socket, not owned */
HubRtcOut *hub_rtc_out_new (int fd);
void hub_rtc_out_free (HubRtcOut *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcOut, hub_rtc_out_free)

/* Where the next datagram is written, %HUB_RTC_OUT_BYTES at a multiple of 8; it counts for nothing
 * before it is pushed. */
guint8 *hub_rtc_out_next (HubRtcOut *self);
/* @to must live until the flush, and is the same pointer for all that go there. */
void hub_rtc_out_push (HubRtcOut *self, gsize length, const HubAddress *to);
/* A datagram that is elsewhere. */
void hub_rtc_out_copy (HubRtcOut *self, const guint8 *datagram, gsize length, const HubAddress *to);
/* Hands all to the kernel, without waiting: what it does not take is lost, as in a full queue of
 * a network. */
void hub_rtc_out_flush (HubRtcOut *self);
guint64 hub_rtc_out_get_lost (const HubRtcOut *self);

G_END_DECLS
