/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One stream that comes in: its history, its clock, what is missing. */
#include "hub-rtc-track.h"

#include "hub-rtc-picture.h"
#include "hub-rtc-slot.h"
#include "hub-rtc-tap.h"

/* About 2 s of 2 Mbit/s, and 1.3 s of speech. */
#define VIDEO_PACKETS 512
#define AUDIO_PACKETS 64
/* So long a frame's capture time follows from an older one's, as receivers do it themselves
 * (abs-capture-time, "Timestamp interpolation"). */
#define CAPTURE_US (5 * G_USEC_PER_SEC)

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

static void
remember_capture (HubRtcTrack *self, const HubRtp *packet, const HubRtpExtensions *extensions,
                  gint64 arrival)
{
  guint8 length = extensions->length[HUB_RTP_CAPTURE_TIME];
  /* One that is of no use any more is no measure of what is newer: RTP's clock goes round within a
   * day, and a sender may set it back. */
  gboolean known = self->capture_length > 0 && arrival - self->captured <= CAPTURE_US;

  if (length < sizeof (guint64)
      || (known && (gint32) (packet->timestamp - self->capture_rtp_time) < 0))
    return;
  self->capture_length = length;
  memcpy (self->capture, extensions->value[HUB_RTP_CAPTURE_TIME], length);
  self->capture_rtp_time = packet->timestamp;
  self->captured = arrival;
}

/* Senders say when a frame was taken now and then only. Who begins with this one knows nothing of
 * those before it: it says so itself. */
static void
date (HubRtcTrack *self, const HubRtp *packet, gint64 arrival, HubRtpExtensions *extensions)
{
  gint64 rate = hub_codec_clock_rate (self->codec);
  gint64 later = (gint32) (packet->timestamp - self->capture_rtp_time);
  guint64 capture;

  if (extensions->length[HUB_RTP_CAPTURE_TIME] > 0 || self->capture_length == 0
      || arrival - self->captured > CAPTURE_US || ABS (later) > rate * CAPTURE_US / G_USEC_PER_SEC)
    return;
  memcpy (&capture, self->capture, sizeof capture);
  /* Of an NTP timestamp's 64 bits 32 are fractions of a second. */
  capture = GUINT64_TO_BE (GUINT64_FROM_BE (capture)
                           + (guint64) (later * (G_GINT64_CONSTANT (1) << 32) / rate));
  extensions->length[HUB_RTP_CAPTURE_TIME] = self->capture_length;
  memcpy (extensions->value[HUB_RTP_CAPTURE_TIME], self->capture, self->capture_length);
  memcpy (extensions->value[HUB_RTP_CAPTURE_TIME], &capture, sizeof capture);
}

const HubRtpPacket *
hub_rtc_track_take (HubRtcTrack *self, const HubRtp *packet, const HubRtpExtensions *extensions,
                    gint64 arrival, gboolean repair)
{
  const HubRtpReceiver *receiver = &self->receiver;
  gint64 before = receiver->newest;
  gint64 index = hub_rtp_unwrap (before, packet->sequence);
  HubRtpExtensions dated;
  gboolean resumes = !repair && hub_rtp_receiver_resumes (receiver, packet->sequence, arrival);

  if (receiver->started && !resumes && hub_rtp_history_find (self->history, index) != NULL)
    return NULL;
  if (!hub_rtp_receiver_take (&self->receiver, packet, arrival, repair, &index))
    return NULL;
  /* It began anew: so does each place, whose own numbers go on without the gap. */
  if (index - before > 65535)
    {
      self->capture_length = 0;
      wait_all (self);
    }
  self->arrived = arrival;
  remember_capture (self, packet, extensions, arrival);
  if (hub_codec_kind (self->codec) == HUB_MEDIA_AUDIO)
    hear (self, extensions);
  else if (hub_rtc_picture_begins (self->codec, packet->payload, packet->payload_length))
    {
      self->pictures++;
      self->picture_wanted = FALSE;
      dated = *extensions;
      date (self, packet, arrival, &dated);
      extensions = &dated;
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
