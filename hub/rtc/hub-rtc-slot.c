/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One place of a page that shows a track: its numbering, its history. */
#include "hub-rtc-slot.h"

#include "hub-rtc-connection.h"
#include "hub-rtc-picture.h"

/* Shares of packets lost on the way to a page, of 256, between which a repair goes twice: it is
 * likely to be lost, too, and to wait for another request is to freeze. Above that the way is full
 * rather than bad, and more would make it worse. */
#define LEAST_LOST 5u
#define MOST_LOST 32u
/* When a round trip was not measured: what a repetition of a request may be late by. */
#define UNKNOWN_RTT_US (20 * 1000)
#define LONGEST_RTT_US (200 * 1000)

HubRtcSlot *
hub_rtc_slot_new (const HubSdpSection *section, guint32 ssrc, guint32 rtx_ssrc, guint32 seed)
{
  HubRtcSlot *self = g_new0 (HubRtcSlot, 1);

  self->kind = section->kind;
  g_strlcpy (self->mid, section->mid, sizeof self->mid);
  memcpy (self->payload_types, section->payload_types, sizeof self->payload_types);
  memcpy (self->rtx_types, section->rtx_types, sizeof self->rtx_types);
  self->ssrc = ssrc;
  self->rtx_ssrc = rtx_ssrc;
  /* Not near the end, where a receiver could not tell a lost packet from a turn. */
  self->out_newest = 65536 + (seed & 0x3fff);
  self->out_timestamp = seed;
  self->rtx_sequence = (guint16) (seed >> 16);
  return self;
}

static void
leave_track (HubRtcSlot *self)
{
  for (HubRtcSlot **at = &self->track->slots; *at != NULL; at = &(*at)->next)
    if (*at == self)
      {
        *at = self->next;
        break;
      }
  self->track = NULL;
  self->next = NULL;
}

void
hub_rtc_slot_feed (HubRtcSlot *self, HubRtcTrack *track)
{
  if (self->track == track)
    return;
  if (self->track != NULL)
    leave_track (self);
  if (track == NULL || self->payload_types[track->codec] == 0)
    return;
  self->track = track;
  self->next = track->slots;
  track->slots = self;
  self->waiting = TRUE;
}

gboolean
hub_rtc_slot_wants_picture (const HubRtcSlot *self)
{
  return self->track != NULL && self->waiting && self->kind == HUB_MEDIA_VIDEO
         && hub_rtc_connection_is_open (self->connection);
}

/* Writes a packet as the page is to see it, seals it, and puts it on its way. @original: (nullable)
 * for a retransmission, the number that it had (RFC 4588, 4). */
static void
put (HubRtcSlot *self, const HubRtp *header, const HubRtpPacket *packet, const guint16 *original)
{
  HubRtcConnection *connection = self->connection;
  guint8 *out = hub_rtc_out_next (connection->out);
  gsize length = hub_rtp_write (header, &connection->extensions, &packet->extensions, out);

  if (original != NULL)
    {
      hub_put16 (out + length, *original);
      length += 2;
    }
  memcpy (out + length, packet->payload, packet->length);
  length += packet->length;
  if (!hub_srtp_protect (connection->srtp, out, &length))
    {
      connection->unsealed++;
      return;
    }
  hub_rtc_out_push (connection->out, length, &connection->remote);
}

static void
begin (HubRtcSlot *self, const HubRtpPacket *packet)
{
  gint64 passed = self->out_time != 0 ? packet->arrival - self->out_time : 0;
  guint rate = hub_codec_clock_rate (self->track->codec);
  guint32 step = (guint32) (MAX (passed, 0) * rate / G_USEC_PER_SEC);

  self->waiting = FALSE;
  self->first = packet->index;
  self->out_first = self->out_newest + 1;
  self->timestamp_shift = self->out_timestamp + MAX (step, 1) - packet->timestamp;
}

static void
send_one (HubRtcSlot *self, const HubRtpPacket *packet)
{
  gint64 index = packet->index - self->first + self->out_first;
  const HubRtp header = { .payload_type = self->payload_types[self->track->codec],
                          .marker = packet->marker,
                          .sequence = (guint16) index,
                          .timestamp = packet->timestamp + self->timestamp_shift,
                          .ssrc = self->ssrc };

  if (index < self->out_first)
    return;
  if (index > self->out_newest)
    {
      self->out_newest = index;
      self->out_timestamp = header.timestamp;
      self->out_time = packet->arrival;
    }
  self->packets++;
  self->bytes += packet->length;
  put (self, &header, packet, NULL);
}

void
hub_rtc_slot_send (HubRtcSlot *self, const HubRtpPacket *packet)
{
  const HubRtcTrack *track = self->track;

  if (!hub_rtc_connection_is_open (self->connection))
    return;
  if (!self->waiting)
    {
      send_one (self, packet);
      return;
    }
  if (!hub_rtc_picture_begins (track->codec, packet->payload, packet->length))
    return;
  begin (self, packet);
  send_one (self, packet);
  /* It was a repair, and some of what follows it is here already. */
  for (gint64 index = packet->index + 1; index <= track->receiver.newest; index++)
    {
      const HubRtpPacket *following = hub_rtc_track_find (track, index);

      if (following != NULL)
        send_one (self, following);
    }
}

static void
put_repair (HubRtcSlot *self, const HubRtpPacket *packet, guint16 sequence)
{
  const HubRtp header = { .payload_type = self->rtx_types[self->track->codec],
                          .marker = packet->marker,
                          .sequence = self->rtx_sequence++,
                          .timestamp = packet->timestamp + self->timestamp_shift,
                          .ssrc = self->rtx_ssrc };

  self->budget--;
  self->resent++;
  put (self, &header, packet, &sequence);
}

/* Whether it was sent again so lately that the page cannot have missed it. */
static gboolean
is_on_the_way (const HubRtcSlot *self, gint64 index, gint64 now)
{
  gint64 window = (self->rtt > 0 ? MIN (self->rtt, LONGEST_RTT_US) : UNKNOWN_RTT_US) * 3 / 4;

  for (guint i = 0; i < HUB_RTC_REPAIRS; i++)
    if (self->repairs[i].index == index && now - self->repairs[i].at < window)
      return TRUE;
  return FALSE;
}

void
hub_rtc_slot_resend (HubRtcSlot *self, guint16 sequence, gint64 now)
{
  gint64 index = hub_rtp_unwrap (self->out_newest, sequence);
  guint8 lost = self->heard.fraction_lost;
  guint copies = lost >= LEAST_LOST && lost <= MOST_LOST ? 2 : 1;
  const HubRtpPacket *packet;

  if (self->track == NULL || self->waiting || self->rtx_ssrc == 0 || index < self->out_first
      || !hub_rtc_connection_is_open (self->connection) || is_on_the_way (self, index, now))
    return;
  packet = hub_rtc_track_find (self->track, index - self->out_first + self->first);
  if (packet == NULL || self->budget == 0)
    return;
  self->newest_repair = (self->newest_repair + 1) % HUB_RTC_REPAIRS;
  self->repairs[self->newest_repair].index = index;
  self->repairs[self->newest_repair].at = now;
  for (guint i = 0; i < copies && self->budget > 0; i++)
    put_repair (self, packet, sequence);
}

gboolean
hub_rtc_slot_report (HubRtcSlot *self, gint64 now, HubRtcpSender *out)
{
  const HubRtcTrack *track = self->track;
  gint64 passed;

  if (track == NULL || self->waiting || track->clock == 0)
    return FALSE;
  /* By our clock for everybody: speech and picture of one stay together, and those of two that
   * share a stream of the page do not pull at each other. */
  passed = (now - track->clock) * hub_codec_clock_rate (track->codec) / G_USEC_PER_SEC;
  out->ssrc = self->ssrc;
  out->ntp = hub_rtcp_ntp_from_us (now);
  out->rtp_time = track->clock_rtp_time + self->timestamp_shift + (guint32) passed;
  out->packets = (guint32) self->packets;
  out->bytes = (guint32) self->bytes;
  self->report_ntp = (guint32) (out->ntp >> 16);
  self->report_time = now;
  return TRUE;
}

void
hub_rtc_slot_take_report (HubRtcSlot *self, const HubRtpReport *report, gint64 now)
{
  gint64 rtt;

  self->heard = *report;
  self->heard_at = now;
  if (report->last_report == 0 || report->last_report != self->report_ntp)
    return;
  rtt = now - self->report_time - (gint64) report->delay * G_USEC_PER_SEC / 65536;
  if (rtt >= 0)
    self->rtt = rtt;
}
