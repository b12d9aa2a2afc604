/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-rtp-history.h"
#include "hub-rtp-receiver.h"
#include "hub-sdp.h"

G_BEGIN_DECLS

/* A clock that seems late by more is another one: its machine was started anew. */
#define HUB_RTC_CLOCK_JUMP_US (1000 * 1000)
/* One request for a whole picture in this time, whoever asks. */
#define HUB_RTC_PICTURE_US (500 * 1000)

typedef struct _HubRtcSlot HubRtcSlot;
typedef struct _HubRtcTap HubRtcTap;

/**
 * HubRtcTrack:
 * Something that is shown or said: one stream that comes in, and the places it goes to. On the
 * media thread.
 */
typedef struct
{
  guint number;      /* its name between the threads; never 0 */
  gboolean remote;   /* of somebody at the other hospital */
  gboolean echo;     /* goes back to who sends it, always, and to nobody else */
  gboolean unwanted; /* by the other hospital: does not cross */
  HubCodec codec;
  guint8 payload_type, rtx_type; /* as they come in; 0 for no retransmissions */
  char mid[HUB_SDP_MAX_MID + 1];

  guint32 ssrc; /* 0 until the first packet */
  guint32 rtx_ssrc;
  HubRtpReceiver receiver;
  HubRtpHistory *history;
  gint64 allowed;    /* the first index that may be passed on; what came before it stays here */
  HubRtcSlot *slots; /* a list, by their next */
  HubRtcTap *taps;   /* the same */

  /* By its newest report: what was said or shown at this time of our clock; 0 for none yet. */
  gint64 clock;
  guint32 clock_rtp_time;

  /* The newest abs-capture-time that came, and of which frame; length 0 for none yet. */
  guint8 capture_length, capture[HUB_RTP_MAX_EXTENSION_BYTES];
  guint32 capture_rtp_time;
  gint64 captured;

  gboolean picture_wanted;
  gint64 picture_asked;
  guint64 pictures; /* whole ones that came */

  guint loudness;      /* smoothed, 0 to 127 times 16; 0 for silence */
  gint64 spoke;        /* when it was loud, 0 for never */
  gint64 arrived;      /* when the newest packet came */
  HubRtpReport report; /* the newest that was told to the page */
} HubRtcTrack;

HubRtcTrack *hub_rtc_track_new (guint number, HubCodec codec);
/* Its slots stay, and show nothing. */
void hub_rtc_track_free (HubRtcTrack *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubRtcTrack, hub_rtc_track_free)

/**
 * hub_rtc_track_take:
 * @repair: whether it is a retransmission, already taken out of its wrapping
 *
 * Keeps a packet; one with which a whole picture begins says when that was taken, as far as it is
 * known. Returns: (transfer none) (nullable): it, until the next call; NULL for one that
 * came before, or that does not belong here.
 */
const HubRtpPacket *hub_rtc_track_take (HubRtcTrack *self, const HubRtp *packet,
                                        const HubRtpExtensions *extensions, gint64 arrival,
                                        gboolean repair);
/* A packet that may be passed on, or NULL. */
const HubRtpPacket *hub_rtc_track_find (const HubRtcTrack *self, gint64 index);
/* What comes from now on may be passed on; what came before, while it was not allowed, never. */
void hub_rtc_track_allow (HubRtcTrack *self);
/* Whether a whole picture is to be asked for now; if so, it is taken to be asked. */
gboolean hub_rtc_track_wants_picture (HubRtcTrack *self, gint64 now);
/* The sender's report: its time @ntp is @clock here. */
void hub_rtc_track_take_sender (HubRtcTrack *self, guint64 ntp, guint32 rtp_time, gint64 clock,
                                gint64 arrival);

G_END_DECLS
