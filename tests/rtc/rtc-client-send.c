/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client sends: speech and pictures, repairs, reports. */
#include "rtc-client-private.h"

#define AUDIO_US (20 * 1000)
#define AUDIO_BYTES 80u
#define VIDEO_US (1000 * 1000 / 30)
#define VIDEO_PACKETS 6u
#define VIDEO_BYTES 1100u
#define REPORT_US (1000 * 1000)
/* How long to wait for what was asked for. */
#define SOON_US (10 * 1000)
#define AGAIN_US (60 * 1000)

static void
seal_and_send (RtcClient *self, guint8 *packet, gsize length)
{
  if (hub_srtp_protect (self->srtp, packet, &length))
    rtc_client_send_raw (self, packet, length);
}

static void
send_packet (RtcClient *self, RtcSource *source, HubRtp *header, const guint8 *payload,
             gsize length)
{
  guint8 out[HUB_RTP_MAX_PACKET + HUB_SRTP_MAX_TRAILER] __attribute__ ((aligned (8)));
  HubRtpExtensions extensions = { { 0 }, { { 0 } } };
  gsize size;

  if (header->payload_type == RTC_CLIENT_AUDIO_TYPE)
    {
      extensions.length[HUB_RTP_AUDIO_LEVEL] = 1;
      extensions.value[HUB_RTP_AUDIO_LEVEL][0] = self->level;
    }
  extensions.length[HUB_RTP_TRANSPORT_SEQUENCE] = 2;
  hub_put16 (extensions.value[HUB_RTP_TRANSPORT_SEQUENCE], self->transport_sequence++);
  header->ssrc = source->ssrc;
  header->sequence = (guint16) source->index;
  header->payload = payload;
  header->payload_length = length;
  hub_rtp_history_keep (source->history, source->index++, 0, header, &extensions);
  size = hub_rtp_write (header, &self->extensions, &extensions, out);
  memcpy (out + size, payload, length);
  seal_and_send (self, out, size + length);
  source->packets++;
  source->bytes += length;
}

/* Each packet says when it left. */
static void
sign (const RtcClient *self, guint8 *payload)
{
  hub_put64 (payload + RTC_CLIENT_STAMP_AT, (guint64) g_get_monotonic_time ());
  payload[RTC_CLIENT_SIGNATURE_AT] = self->config.signature;
}

static void
send_audio (RtcClient *self)
{
  guint8 payload[AUDIO_BYTES] = { 0x78 };
  HubRtp header = { .payload_type = RTC_CLIENT_AUDIO_TYPE, .timestamp = self->audio.timestamp };

  sign (self, payload);
  send_packet (self, &self->audio, &header, payload, sizeof payload);
  self->audio.timestamp += 960;
}

/* A picture that nobody can look at, but of the size of one. */
static void
send_pattern (RtcClient *self)
{
  guint8 payload[VIDEO_BYTES] = { 0 };

  for (guint i = 0; i < VIDEO_PACKETS; i++)
    {
      HubRtp header = { .payload_type = RTC_CLIENT_VIDEO_TYPE,
                        .timestamp = self->video.timestamp,
                        .marker = i == VIDEO_PACKETS - 1 };

      payload[0] = i == 0 ? 0x10 : 0x00;
      payload[1] = self->want_key && i == 0 ? 0x00 : 0x01;
      sign (self, payload);
      send_packet (self, &self->video, &header, payload, sizeof payload);
    }
}

/* RFC 7741, 4.2: one byte that says whether a frame begins here. */
static void
send_frame (RtcClient *self, const GPtrArray *frames)
{
  guint number = self->want_key ? 0 : self->next_frame;
  gsize length;
  const guint8 *frame = g_bytes_get_data (frames->pdata[number], &length);

  for (gsize done = 0; done < length;)
    {
      guint8 payload[1 + VIDEO_BYTES];
      gsize part = MIN (length - done, VIDEO_BYTES);
      HubRtp header = { .payload_type = RTC_CLIENT_VIDEO_TYPE,
                        .timestamp = self->video.timestamp,
                        .marker = done + part == length };

      payload[0] = done == 0 ? 0x10 : 0x00;
      memcpy (payload + 1, frame + done, part);
      send_packet (self, &self->video, &header, payload, 1 + part);
      done += part;
    }
  self->next_frame = (number + 1) % frames->len;
}

static void
send_picture (RtcClient *self)
{
  if (self->config.clip != NULL)
    send_frame (self, self->config.clip->frames);
  else
    send_pattern (self);
  self->want_key = FALSE;
  self->video.timestamp += 3000;
}

void
rtc_client_resend (RtcClient *self, RtcSource *source, guint16 sequence)
{
  guint8 out[HUB_RTP_MAX_PACKET + HUB_SRTP_MAX_TRAILER] __attribute__ ((aligned (8)));
  gint64 index = hub_rtp_unwrap (source->index, sequence);
  const HubRtpPacket *packet = hub_rtp_history_find (source->history, index);
  HubRtp header = { .payload_type = RTC_CLIENT_RTX_TYPE, .ssrc = source->rtx_ssrc };
  gsize size;

  if (packet == NULL)
    return;
  header.sequence = source->rtx_sequence++;
  header.timestamp = packet->timestamp;
  header.marker = packet->marker;
  size = hub_rtp_write (&header, &self->extensions, &packet->extensions, out);
  hub_put16 (out + size, sequence);
  memcpy (out + size + 2, packet->payload, packet->length);
  seal_and_send (self, out, size + 2 + packet->length);
}

static void
send_compound (RtcClient *self)
{
  guint8 out[HUB_RTP_MAX_PACKET] __attribute__ ((aligned (8)));
  gsize length;
  const guint8 *compound = hub_rtcp_end (self->rtcp, &length);

  if (length == 0)
    return;
  memcpy (out, compound, length);
  if (hub_srtp_protect_rtcp (self->srtp, out, &length))
    rtc_client_send_raw (self, out, length);
}

static void
report_source (RtcClient *self, const RtcSource *source, gint64 now)
{
  HubRtcpSender sender = { .ssrc = source->ssrc,
                           .ntp = hub_rtcp_ntp_from_us (now),
                           .rtp_time = source->timestamp,
                           .packets = (guint32) source->packets,
                           .bytes = (guint32) source->bytes };

  if (source->there)
    hub_rtcp_add_sender (self->rtcp, &sender);
}

static void
send_reports (RtcClient *self, gint64 now)
{
  hub_rtcp_begin (self->rtcp);
  report_source (self, &self->audio, now);
  report_source (self, &self->video, now);
  for (guint i = 0; i < self->n_streams; i++)
    {
      RtcStream *stream = &self->streams[i];
      HubRtpReport report;

      if (!stream->receiver.started)
        continue;
      hub_rtp_receiver_report (&stream->receiver, now, &report);
      hub_rtcp_add_report (self->rtcp, self->audio.ssrc, stream->ssrc, &report);
    }
  send_compound (self);
}

static void
ask_missing (RtcClient *self, gint64 now)
{
  guint16 missing[HUB_RTP_MAX_MISSING];

  hub_rtcp_begin (self->rtcp);
  for (guint i = 0; i < self->n_streams && !self->config.no_repair; i++)
    {
      RtcStream *stream = &self->streams[i];
      guint n = stream->rtx_ssrc != 0 ? hub_rtp_receiver_ask (
                    &stream->receiver, now, SOON_US, AGAIN_US, missing, G_N_ELEMENTS (missing))
                                      : 0;

      if (n > 0)
        hub_rtcp_add_missing (self->rtcp, self->audio.ssrc, stream->ssrc, missing, n);
    }
  send_compound (self);
}

void
rtc_client_send_due (RtcClient *self, gint64 now)
{
  if (self->audio.there && self->sending && now >= self->audio.due)
    {
      send_audio (self);
      self->audio.due = MAX (self->audio.due + AUDIO_US, now - AUDIO_US);
    }
  if (self->video.there && self->sending && now >= self->video.due)
    {
      send_picture (self);
      self->video.due = MAX (self->video.due + VIDEO_US, now - VIDEO_US);
    }
  if (now >= self->next_report)
    {
      send_reports (self, now);
      self->next_report = now + REPORT_US;
    }
  ask_missing (self, now);
}
