/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One page's connection on the media thread: ICE, DTLS, SRTP, streams. */
#include "hub-rtc-connection.h"

HubRtcConnection *
hub_rtc_connection_new (guint number)
{
  HubRtcConnection *self = g_new0 (HubRtcConnection, 1);

  self->number = number;
  hub_rtp_feedback_init (&self->feedback);
  return self;
}

void
hub_rtc_connection_free (HubRtcConnection *self)
{
  for (guint i = 0; i < self->n_slots; i++)
    {
      hub_rtc_slot_feed (self->slots[i], NULL);
      g_free (self->slots[i]);
    }
  for (guint i = 0; i < self->n_tracks; i++)
    hub_rtc_track_free (self->tracks[i]);
  g_clear_pointer (&self->channels, hub_rtc_channels_free);
  g_clear_pointer (&self->dtls, hub_dtls_free);
  g_clear_pointer (&self->srtp, hub_srtp_free);
  explicit_bzero (self->password, sizeof self->password);
  g_free (self);
}

gboolean
hub_rtc_connection_add_address (HubRtcConnection *self, const HubAddress *address,
                                HubAddress *forgotten)
{
  HubAddress *place;

  forgotten->length = 0;
  for (guint i = 0; i < self->n_addresses; i++)
    if (hub_address_equal (&self->addresses[i], address))
      return FALSE;
  if (self->n_addresses < HUB_RTC_MAX_ADDRESSES)
    {
      self->addresses[self->n_addresses++] = *address;
      return TRUE;
    }
  /* In turn, but never the one in use. */
  do
    place = &self->addresses[self->next_address++ % HUB_RTC_MAX_ADDRESSES];
  while (hub_address_equal (place, &self->remote));
  *forgotten = *place;
  *place = *address;
  return TRUE;
}

static const HubRtcStream *
add_stream (HubRtcConnection *self, guint32 ssrc, HubRtcTrack *track, gboolean rtx)
{
  HubRtcStream *stream;

  if (self->n_streams == HUB_RTC_MAX_STREAMS)
    return NULL;
  stream = &self->streams[self->n_streams++];
  *stream = (HubRtcStream){ ssrc, track, rtx };
  return stream;
}

/* A browser names the section in each packet until it knows that we know. */
static HubRtcTrack *
find_named (HubRtcConnection *self, const HubRtp *packet)
{
  HubRtpExtensions extensions;
  char mid[HUB_SDP_MAX_MID + 1] = "";

  hub_rtp_read_extensions (packet, &self->extensions, &extensions);
  if (extensions.length[HUB_RTP_MID] == 0)
    return NULL;
  memcpy (mid, extensions.value[HUB_RTP_MID], extensions.length[HUB_RTP_MID]);
  for (guint i = 0; i < self->n_tracks; i++)
    if (g_str_equal (self->tracks[i]->mid, mid))
      return self->tracks[i];
  return NULL;
}

const HubRtcStream *
hub_rtc_connection_find_stream (HubRtcConnection *self, const HubRtp *packet)
{
  HubRtcTrack *track;

  for (guint i = 0; i < self->n_streams; i++)
    if (self->streams[i].ssrc == packet->ssrc)
      return &self->streams[i];
  track = find_named (self, packet);
  if (track == NULL)
    return NULL;
  if (track->ssrc == 0 && packet->payload_type == track->payload_type)
    {
      track->ssrc = packet->ssrc;
      return add_stream (self, packet->ssrc, track, FALSE);
    }
  if (track->rtx_ssrc == 0 && track->rtx_type != 0 && packet->payload_type == track->rtx_type)
    {
      track->rtx_ssrc = packet->ssrc;
      return add_stream (self, packet->ssrc, track, TRUE);
    }
  return NULL;
}

HubRtcSlot *
hub_rtc_connection_find_slot (HubRtcConnection *self, guint32 ssrc, gboolean rtx)
{
  for (guint i = 0; i < self->n_slots && ssrc != 0; i++)
    if (self->slots[i]->ssrc == ssrc || (rtx && self->slots[i]->rtx_ssrc == ssrc))
      return self->slots[i];
  return NULL;
}

HubRtcTrack *
hub_rtc_connection_find_track (HubRtcConnection *self, guint32 ssrc)
{
  for (guint i = 0; i < self->n_tracks; i++)
    if (self->tracks[i]->ssrc == ssrc && ssrc != 0)
      return self->tracks[i];
  return NULL;
}

static gboolean
is_reporter (const HubRtcConnection *self, guint32 ssrc)
{
  for (guint i = 0; i < self->n_reporters; i++)
    if (self->reporters[i] == ssrc)
      return TRUE;
  return FALSE;
}

gboolean
hub_rtc_connection_may_report (const HubRtcConnection *self, guint32 ssrc)
{
  return self->n_reporters < HUB_RTC_MAX_REPORTERS || is_reporter (self, ssrc);
}

void
hub_rtc_connection_add_reporter (HubRtcConnection *self, guint32 ssrc)
{
  if (!is_reporter (self, ssrc) && self->n_reporters < HUB_RTC_MAX_REPORTERS)
    self->reporters[self->n_reporters++] = ssrc;
}

static void
forget_stream (HubRtcConnection *self, guint32 ssrc)
{
  if (ssrc == 0)
    return;
  for (guint i = self->n_reporters; i-- > 0;)
    if (self->reporters[i] == ssrc)
      self->reporters[i] = self->reporters[--self->n_reporters];
  if (self->srtp != NULL)
    hub_srtp_forget (self->srtp, ssrc);
}

void
hub_rtc_connection_forget_keys (HubRtcConnection *self)
{
  g_clear_pointer (&self->dtls, hub_dtls_free);
  g_clear_pointer (&self->srtp, hub_srtp_free);
  self->n_reporters = 0;
  hub_rtp_feedback_init (&self->feedback);
  for (guint i = 0; i < self->n_slots; i++)
    self->slots[i]->waiting = self->slots[i]->track != NULL;
}

gboolean
hub_rtc_connection_is_renewing (const HubRtcConnection *self, gint64 now)
{
  return self->renewed != 0 && now - self->renewed <= HUB_RTC_RENEWING_US && self->srtp != NULL;
}

gint64
hub_rtc_connection_take_clock (HubRtcConnection *self, guint64 ntp, gint64 arrival)
{
  gint64 theirs = hub_rtcp_ntp_to_us (ntp);
  gint64 shift = arrival - theirs;
  /* What was quickest waited least; a little is added, since two clocks drift apart. */
  gint64 drift = (arrival - self->clock_time) / 10000;

  if (self->clock_time == 0 || shift < self->clock_shift + drift
      || shift > self->clock_shift + HUB_RTC_CLOCK_JUMP_US)
    self->clock_shift = shift;
  else
    self->clock_shift += drift;
  self->clock_time = arrival;
  return theirs + self->clock_shift;
}

gboolean
hub_rtc_connection_add_track (HubRtcConnection *self, HubRtcTrack *track)
{
  if (self->n_tracks == HUB_RTC_MAX_TRACKS)
    {
      hub_rtc_track_free (track);
      return FALSE;
    }
  self->tracks[self->n_tracks++] = track;
  if (track->ssrc != 0)
    add_stream (self, track->ssrc, track, FALSE);
  if (track->rtx_ssrc != 0)
    add_stream (self, track->rtx_ssrc, track, TRUE);
  return TRUE;
}

void
hub_rtc_connection_remove_track (HubRtcConnection *self, guint position)
{
  HubRtcTrack *track = self->tracks[position];
  guint kept = 0;

  for (guint i = 0; i < self->n_streams; i++)
    if (self->streams[i].track != track)
      self->streams[kept++] = self->streams[i];
    else
      forget_stream (self, self->streams[i].ssrc);
  self->n_streams = kept;
  self->tracks[position] = self->tracks[--self->n_tracks];
  hub_rtc_track_free (track);
}

gboolean
hub_rtc_connection_add_slot (HubRtcConnection *self, HubRtcSlot *slot)
{
  if (self->n_slots == G_N_ELEMENTS (self->slots))
    {
      g_free (slot);
      return FALSE;
    }
  slot->connection = self;
  self->slots[self->n_slots++] = slot;
  return TRUE;
}

void
hub_rtc_connection_remove_slot (HubRtcConnection *self, const char *mid)
{
  for (guint i = 0; i < self->n_slots; i++)
    if (g_str_equal (self->slots[i]->mid, mid))
      {
        hub_rtc_slot_feed (self->slots[i], NULL);
        forget_stream (self, self->slots[i]->ssrc);
        forget_stream (self, self->slots[i]->rtx_ssrc);
        g_free (self->slots[i]);
        self->slots[i] = self->slots[--self->n_slots];
        return;
      }
}
