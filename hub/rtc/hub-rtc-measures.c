/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How good a connection is, of reports and of what comes. */
#include "hub-rtc-room-private.h"

/* Of 127 times 16: about -55 dBov, what a voice near a microphone is above. */
#define SPEAKING_LOUDNESS (72u * 16)
/* Who pauses for breath still speaks. */
#define SILENCE_US (400 * 1000)
#define HEARD_US (10 * G_USEC_PER_SEC)
/* A page reports on pictures at least every second and a half (RFC 3550, 6.2). Nothing for twice as
 * long is no good connection; it is away after %HUB_RTC_AWAY_US. */
#define UNHEARD_US (3 * G_USEC_PER_SEC)

/* Puts a track into the list of the loudest. */
static void
insert (const HubRtcTrack **loudest, guint *n, const HubRtcTrack *track)
{
  guint at = *n;

  while (at > 0 && loudest[at - 1]->loudness < track->loudness)
    at--;
  if (at == HUB_RTC_MAX_SPEAKING)
    return;
  *n = MIN (*n + 1, HUB_RTC_MAX_SPEAKING);
  for (guint i = *n - 1; i > at; i--)
    loudest[i] = loudest[i - 1];
  loudest[at] = track;
}

void
hub_rtc_room_look_for_speakers (HubRtcRoom *self, gint64 now)
{
  const HubRtcTrack *loudest[HUB_RTC_MAX_SPEAKING];
  guint numbers[HUB_RTC_MAX_SPEAKING] = { 0 }, n = 0;
  GHashTableIter iter;
  gpointer value;
  HubRtcEvent *event;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HubRtcTrack *track = value;

      if (now - track->arrived > SILENCE_US)
        track->loudness = 0;
      if (track->loudness >= SPEAKING_LOUDNESS)
        track->spoke = now;
      if (track->spoke != 0 && now - track->spoke <= SILENCE_US)
        insert (loudest, &n, track);
    }
  for (guint i = 0; i < n; i++)
    numbers[i] = loudest[i]->number;
  if (n == self->n_speaking && memcmp (numbers, self->speaking, sizeof numbers) == 0)
    return;
  memcpy (self->speaking, numbers, sizeof numbers);
  self->n_speaking = n;
  event = g_new0 (HubRtcEvent, 1);
  event->kind = HUB_RTC_SPEAKING;
  memcpy (event->tracks, numbers, sizeof numbers);
  event->n_tracks = n;
  self->tell (event, self->data);
}

static guint
bitrate (guint64 bytes, guint64 *before, gint64 passed)
{
  guint64 rate = passed > 0 ? (bytes - *before) * 8 * G_USEC_PER_SEC / (guint64) passed : 0;

  *before = bytes;
  return (guint) MIN (rate, G_MAXUINT);
}

/* What a page said last of a stream that it is not sent any more, is not said for ever: RFC 3550,
 * 6.2: a page reports on speech every 5 s. */
static gboolean
is_fresh (const HubRtcSlot *slot, gint64 now)
{
  return slot->track != NULL && now - slot->heard_at <= HEARD_US;
}

static void
measure_one (HubRtcConnection *connection, gint64 passed, gint64 now, HubRtcStatistics *out)
{
  guint64 sent = 0, pictures = 0;
  gint64 rtt = 0;

  out->connection = connection->number;
  for (guint i = 0; i < connection->n_tracks; i++)
    {
      const HubRtcTrack *track = connection->tracks[i];
      guint rate = hub_codec_clock_rate (track->codec);

      out->loss_in = MAX (out->loss_in, track->report.fraction_lost);
      out->jitter_ms = MAX (out->jitter_ms, track->report.jitter * 1000 / rate);
      out->repaired += track->receiver.repaired;
    }
  for (guint i = 0; i < connection->n_slots; i++)
    {
      const HubRtcSlot *slot = connection->slots[i];

      if (is_fresh (slot, now))
        out->loss_out = MAX (out->loss_out, slot->heard.fraction_lost);
      rtt = MAX (rtt, slot->rtt);
      out->resent += slot->resent;
      sent += slot->bytes;
      if (slot->kind == HUB_MEDIA_VIDEO)
        pictures += slot->bytes;
    }
  if (pictures > connection->pictures_before && now - connection->heard > UNHEARD_US)
    out->loss_out = 256;
  connection->pictures_before = pictures;
  out->rtt_ms = (guint) ((rtt + 999) / 1000);
  out->bitrate_in = bitrate (connection->received_bytes, &connection->received_before, passed);
  out->bitrate_out = bitrate (sent, &connection->sent_before, passed);
}

void
hub_rtc_room_measure (HubRtcRoom *self, gint64 now)
{
  gint64 passed = self->measured != 0 ? now - self->measured : 0;
  HubRtcEvent *event = g_new0 (HubRtcEvent, 1);
  GHashTableIter iter;
  gpointer connection;

  event->kind = HUB_RTC_MEASURED;
  event->statistics = g_array_new (FALSE, TRUE, sizeof (HubRtcStatistics));
  g_hash_table_iter_init (&iter, self->by_number);
  while (g_hash_table_iter_next (&iter, NULL, &connection))
    {
      HubRtcStatistics statistics = { 0 };

      measure_one (connection, passed, now, &statistics);
      g_array_append_val (event->statistics, statistics);
    }
  if (hub_rtc_room_get_port (self) != NULL)
    event->n_paths = hub_rtc_room_get_port (self)->measure (hub_rtc_room_get_port (self),
                                                            event->paths);
  self->tell (event, self->data);
}
