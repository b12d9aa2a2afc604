/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One stream that comes in: its history, its clock, what is missing. */
#include "hub-rtc-track.h"

#include "hub-rtc-picture.h"
#include "hub-rtc-slot.h"
#include "hub-rtc-tap.h"

/* About 2 s of 2 Mbit/s, and 1.3 s of speech. */
#define VIDEO_PACKETS 512
#define AUDIO_PACKETS 64

HubRtcTrack *
hub_rtc_track_new (guint number, HubCodec codec)
{
  HubRtcTrack *self = g_new0 (HubRtcTrack, 1);
  gboolean video = hub_codec_kind (codec) == HUB_MEDIA_VIDEO;

  self->number = number;
  self->codec = codec;
  self->history = hub_rtp_history_new (video ? VIDEO_PACKETS : AUDIO_PACKETS);
  hub_rtp_receiver_init (&self->receiver, hub_codec_clock_rate (codec));
  return self;
}

void
hub_rtc_track_free (HubRtcTrack *self)
{
  while (self->slots != NULL)
    hub_rtc_slot_feed (self->slots, NULL);
  while (self->taps != NULL)
    hub_rtc_tap_feed (self->taps, NULL);
  hub_rtp_history_free (self->history);
  g_free (self);
}

/* Each place begins with a whole picture. */
static void
wait_all (HubRtcTrack *self)
{
  for (HubRtcSlot *slot = self->slots; slot != NULL; slot = slot->next)
    slot->waiting = TRUE;
  for (HubRtcTap *tap = self->taps; tap != NULL; tap = tap->next)
    hub_rtc_tap_leave_out (tap);
}

/* RFC 6464: how far below full scale it is, and whether it is speech. */
static void
hear (HubRtcTrack *self, const HubRtpExtensions *extensions)
{
  guint8 level;
  guint loud;

  if (extensions->length[HUB_RTP_AUDIO_LEVEL] == 0)
    return;
  level = extensions->value[HUB_RTP_AUDIO_LEVEL][0];
  loud = 127u - (level & 0x7fu);
  self->loudness = (guint) ((gint) self->loudness
                            + ((gint) (loud * 16) - (gint) self->loudness) / 8);
}

const HubRtpPacket *
hub_rtc_track_take (HubRtcTrack *self, const HubRtp *packet, const HubRtpExtensions *extensions,
                    gint64 arrival, gboolean repair)
{
  const HubRtpReceiver *receiver = &self->receiver;
  gint64 before = receiver->newest;
  gint64 index = hub_rtp_unwrap (before, packet->sequence);
  gboolean resumes = !repair && hub_rtp_receiver_resumes (receiver, packet->sequence, arrival);

  if (receiver->started && !resumes && hub_rtp_history_find (self->history, index) != NULL)
    return NULL;
  if (!hub_rtp_receiver_take (&self->receiver, packet, arrival, repair, &index))
    return NULL;
  /* It began anew: so does each place, whose own numbers go on without the gap. */
  if (index - before > 65535)
    wait_all (self);
  self->arrived = arrival;
  if (hub_codec_kind (self->codec) == HUB_MEDIA_AUDIO)
    hear (self, extensions);
  else if (hub_rtc_picture_begins (self->codec, packet->payload, packet->payload_length))
    {
      self->pictures++;
      self->picture_wanted = FALSE;
    }
  return hub_rtp_history_keep (self->history, index, arrival, packet, extensions);
}

const HubRtpPacket *
hub_rtc_track_find (const HubRtcTrack *self, gint64 index)
{
  return index >= self->allowed ? hub_rtp_history_find (self->history, index) : NULL;
}

void
hub_rtc_track_allow (HubRtcTrack *self)
{
  self->allowed = self->receiver.started ? self->receiver.newest + 1 : 0;
  wait_all (self);
}

gboolean
hub_rtc_track_wants_picture (HubRtcTrack *self, gint64 now)
{
  if (!self->picture_wanted || !self->receiver.started
      || now - self->picture_asked < HUB_RTC_PICTURE_US)
    return FALSE;
  self->picture_asked = now;
  return TRUE;
}

void
hub_rtc_track_take_sender (HubRtcTrack *self, guint64 ntp, guint32 rtp_time, gint64 clock,
                           gint64 arrival)
{
  self->clock = clock;
  self->clock_rtp_time = rtp_time;
  hub_rtp_receiver_take_sender_report (&self->receiver, ntp, arrival);
}
