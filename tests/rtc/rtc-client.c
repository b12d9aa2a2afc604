/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rtc-client.h"

#include "hub-rtc-picture.h"
#include "hub-rtp-history.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gst/sdp/gstsdpmessage.h>
#include <netinet/in.h>
#include <stun/stunagent.h>
#include <stun/usages/ice.h>
#include <unistd.h>

#define AUDIO_TYPE 111
#define VIDEO_TYPE 96
#define RTX_TYPE 97
#define UFRAG "cLiE"
#define PASSWORD "abcdefghijklmnopqrstuvwx"

#define AUDIO_US (20 * 1000)
#define AUDIO_BYTES 80u
#define VIDEO_US (1000 * 1000 / 30)
#define VIDEO_PACKETS 6u
#define VIDEO_BYTES 1100u
/* Where the stamp is in a payload. */
#define STAMP_AT 16u
#define SIGNATURE_AT 24u
#define BATCH 64u
#define FIRST_CHECK_US (20 * 1000)
#define CHECK_US (500 * 1000)
#define REPORT_US (1000 * 1000)

/* What it sends of one kind. */
typedef struct
{
  gboolean there;
  guint32 ssrc, rtx_ssrc, timestamp;
  guint16 sequence, rtx_sequence;
  gint64 index;
  gint64 due;
  guint64 packets, bytes;
  HubRtpHistory *history;
} Source;

struct _RtcClient
{
  RtcClientConfig config;
  int fd;
  HubDtlsIdentity *identity;
  HubDtls *dtls;
  HubSrtp *srtp;
  HubRtcp *rtcp;
  StunAgent stun;
  HubAddress remote;
  char username[2 * HUB_SDP_MAX_UFRAG], password[64];
  gboolean answered, checked;
  gint64 next_check, next_report;
  HubRtpExtensionMap extensions;

  Source audio, video;
  guint16 transport_sequence;
  guint8 level;
  gboolean sending, want_key;
  guint64 asked_pictures, asked_packets, feedback;

  /* What it offers, in order; what it sends stands first. */
  HubMediaKind sections[RTC_CLIENT_MAX_SECTIONS];
  guint n_sections;
  RtcStream streams[RTC_CLIENT_MAX_SECTIONS];
  guint n_streams;
};

static const HubRtpExtensionMap own_extensions = {
  { [HUB_RTP_MID] = 4, [HUB_RTP_AUDIO_LEVEL] = 1, [HUB_RTP_TRANSPORT_SEQUENCE] = 3 }
};

/* Offer and answer. */

static void
open_source (Source *source, gboolean there)
{
  source->there = there;
  source->ssrc = g_random_int () | 1;
  source->rtx_ssrc = g_random_int () | 1;
  source->timestamp = g_random_int ();
  source->index = 65536 + g_random_int_range (0, 65536);
  source->history = hub_rtp_history_new (512);
}

static void
add_section (RtcClient *self, HubMediaKind kind)
{
  g_assert_cmpuint (self->n_sections, <, RTC_CLIENT_MAX_SECTIONS);
  self->sections[self->n_sections++] = kind;
}

void
rtc_client_want (RtcClient *self, guint audio, guint video)
{
  for (guint i = 0; i < audio; i++)
    add_section (self, HUB_MEDIA_AUDIO);
  for (guint i = 0; i < video; i++)
    add_section (self, HUB_MEDIA_VIDEO);
}

RtcClient *
rtc_client_new (const RtcClientConfig *config)
{
  struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  const int buffer = 4 * 1024 * 1024;
  RtcClient *self = g_new0 (RtcClient, 1);
  g_autoptr (GError) error = NULL;

  self->config = *config;
  self->fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_cmpint (self->fd, >=, 0);
  g_assert_cmpint (bind (self->fd, (struct sockaddr *) &any, sizeof any), ==, 0);
  setsockopt (self->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  self->identity = hub_dtls_identity_new (&error);
  g_assert_no_error (error);
  self->rtcp = hub_rtcp_new ();
  self->extensions = own_extensions;
  self->level = 127;
  self->sending = self->want_key = TRUE;
  open_source (&self->audio, config->audio);
  open_source (&self->video, config->video);
  if (config->audio)
    add_section (self, HUB_MEDIA_AUDIO);
  if (config->video)
    add_section (self, HUB_MEDIA_VIDEO);
  rtc_client_want (self, config->receive_audio, config->receive_video);
  stun_agent_init (&self->stun, STUN_ALL_KNOWN_ATTRIBUTES, STUN_COMPATIBILITY_RFC5389,
                   STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
  return self;
}

void
rtc_client_free (RtcClient *self)
{
  g_clear_pointer (&self->dtls, hub_dtls_free);
  g_clear_pointer (&self->srtp, hub_srtp_free);
  hub_dtls_identity_free (self->identity);
  hub_rtcp_free (self->rtcp);
  hub_rtp_history_free (self->audio.history);
  hub_rtp_history_free (self->video.history);
  for (guint i = 0; i < self->n_streams; i++)
    g_array_unref (self->streams[i].latencies);
  close (self->fd);
  g_free (self);
}

static void
offer_section (RtcClient *self, GString *out, guint mid, HubMediaKind kind, const Source *source)
{
  g_autofree char *fingerprint = hub_dtls_fingerprint_print (
      hub_dtls_identity_get_fingerprint (self->identity));

  g_string_append_printf (out, "m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\n",
                          kind == HUB_MEDIA_AUDIO ? "audio" : "video",
                          kind == HUB_MEDIA_AUDIO ? "111" : "96 97");
  g_string_append_printf (out,
                          "a=ice-ufrag:" UFRAG "\r\na=ice-pwd:" PASSWORD
                          "\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=mid:%u\r\n",
                          self->config.fingerprint != NULL ? self->config.fingerprint : fingerprint,
                          mid);
  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    if (own_extensions.ids[i] != 0)
      g_string_append_printf (out, "a=extmap:%u %s\r\n", own_extensions.ids[i],
                              hub_rtp_extension_uri ((HubRtpExtension) i));
  g_string_append_printf (out, "a=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n",
                          source != NULL ? "sendonly" : "recvonly");
  g_string_append (out, kind == HUB_MEDIA_AUDIO
                            ? "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
                            : "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n"
                              "a=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\n"
                              "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
  if (source != NULL && kind == HUB_MEDIA_VIDEO)
    g_string_append_printf (out, "a=ssrc-group:FID %u %u\r\n", source->ssrc, source->rtx_ssrc);
  if (source != NULL)
    g_string_append_printf (out, "a=ssrc:%u cname:client\r\n", source->ssrc);
}

char *
rtc_client_offer (RtcClient *self)
{
  guint n_sources = (self->config.audio ? 1 : 0) + (self->config.video ? 1 : 0);
  GString *out = g_string_new ("v=0\r\no=- 4711 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
                               "a=group:BUNDLE");

  for (guint i = 0; i < self->n_sections; i++)
    g_string_append_printf (out, " %u", i);
  g_string_append (out, "\r\n");
  for (guint i = 0; i < self->n_sections; i++)
    {
      HubMediaKind kind = self->sections[i];
      const Source *source = kind == HUB_MEDIA_AUDIO ? &self->audio : &self->video;

      offer_section (self, out, i, kind, i < n_sources ? source : NULL);
    }
  return g_string_free (out, FALSE);
}

static void
take_section (RtcClient *self, const GstSDPMedia *media)
{
  const char *ssrc = gst_sdp_media_get_attribute_val (media, "ssrc");
  const char *group = gst_sdp_media_get_attribute_val (media, "ssrc-group");
  RtcStream *stream = &self->streams[self->n_streams];

  if (ssrc == NULL || gst_sdp_media_get_port (media) == 0
      || rtc_client_get_stream (self, gst_sdp_media_get_attribute_val (media, "mid")) != NULL)
    return;
  g_strlcpy (stream->mid, gst_sdp_media_get_attribute_val (media, "mid"), sizeof stream->mid);
  stream->kind = g_str_equal (gst_sdp_media_get_media (media), "audio") ? HUB_MEDIA_AUDIO
                                                                        : HUB_MEDIA_VIDEO;
  stream->ssrc = (guint32) g_ascii_strtoull (ssrc, NULL, 10);
  if (group != NULL)
    {
      char *end;

      stream->ssrc = (guint32) g_ascii_strtoull (group + strlen ("FID "), &end, 10);
      stream->rtx_ssrc = (guint32) g_ascii_strtoull (end, NULL, 10);
    }
  hub_rtp_receiver_init (&stream->receiver, stream->kind == HUB_MEDIA_AUDIO ? 48000 : 90000);
  stream->latencies = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->n_streams++;
}

static void on_dtls_send (const guint8 *datagram, gsize length, gpointer data);

/* "1 1 udp 2130706431 127.0.0.1 40000 typ host". */
static gboolean
read_candidate (const char *text, HubAddress *out)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 8);
  g_autofree char *address = NULL;

  if (g_strv_length (words) < 6)
    return FALSE;
  address = g_strdup_printf (strchr (words[4], ':') != NULL ? "[%s]:%s" : "%s:%s", words[4],
                             words[5]);
  return hub_address_parse (out, address, TRUE);
}

gboolean
rtc_client_take_answer (RtcClient *self, const char *answer, const HubAddress *to)
{
  GstSDPMessage *message;
  const GstSDPMedia *first;
  const char *fingerprint, *candidate, *ufrag;
  guint8 expected[HUB_DTLS_FINGERPRINT_BYTES];
  gboolean read;

  gst_sdp_message_new (&message);
  gst_sdp_message_parse_buffer ((const guint8 *) answer, (guint) strlen (answer), message);
  first = gst_sdp_message_get_media (message, 0);
  fingerprint = gst_sdp_media_get_attribute_val (first, "fingerprint");
  candidate = gst_sdp_media_get_attribute_val (first, "candidate");
  ufrag = gst_sdp_media_get_attribute_val (first, "ice-ufrag");
  if (fingerprint == NULL)
    fingerprint = gst_sdp_message_get_attribute_val (message, "fingerprint");
  g_snprintf (self->username, sizeof self->username, "%s:" UFRAG, ufrag);
  g_strlcpy (self->password, gst_sdp_media_get_attribute_val (first, "ice-pwd"),
             sizeof self->password);
  read = fingerprint != NULL && hub_dtls_fingerprint_parse (fingerprint + 8, expected)
         && candidate != NULL && read_candidate (candidate, &self->remote);
  if (to != NULL)
    self->remote = *to;
  for (guint i = 0; i < gst_sdp_message_medias_len (message) && read; i++)
    take_section (self, gst_sdp_message_get_media (message, i));
  if (read && self->dtls == NULL)
    self->dtls = hub_dtls_new (self->identity, TRUE, expected, on_dtls_send, self);
  self->answered = read;
  gst_sdp_message_free (message);
  return read;
}

/* Sending. */

void
rtc_client_send_raw (RtcClient *self, const guint8 *bytes, gsize length)
{
  sendto (self->fd, bytes, length, MSG_DONTWAIT, (struct sockaddr *) &self->remote.storage,
          self->remote.length);
}

static void
on_dtls_send (const guint8 *datagram, gsize length, gpointer data)
{
  rtc_client_send_raw (data, datagram, length);
}

static void
send_check (RtcClient *self)
{
  guint8 buffer[512];
  StunMessage message;
  size_t length = stun_usage_ice_conncheck_create (
      &self->stun, &message, buffer, sizeof buffer, (const uint8_t *) self->username,
      strlen (self->username), (const uint8_t *) self->password, strlen (self->password), true,
      true, 1853824767, 42, NULL, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);

  rtc_client_send_raw (self, buffer, length);
}

static void
seal_and_send (RtcClient *self, guint8 *packet, gsize length)
{
  if (hub_srtp_protect (self->srtp, packet, &length))
    rtc_client_send_raw (self, packet, length);
}

static void
send_packet (RtcClient *self, Source *source, HubRtp *header, const guint8 *payload, gsize length)
{
  guint8 out[HUB_RTP_MAX_PACKET + HUB_SRTP_MAX_TRAILER] __attribute__ ((aligned (8)));
  HubRtpExtensions extensions = { { 0 }, { { 0 } } };
  gsize size;

  if (header->payload_type == AUDIO_TYPE)
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

static void
send_audio (RtcClient *self, gint64 now)
{
  guint8 payload[AUDIO_BYTES] = { 0x78 };
  HubRtp header = { .payload_type = AUDIO_TYPE, .timestamp = self->audio.timestamp };

  hub_put64 (payload + STAMP_AT, (guint64) now);
  payload[SIGNATURE_AT] = self->config.signature;
  send_packet (self, &self->audio, &header, payload, sizeof payload);
  self->audio.timestamp += 960;
}

static void
send_picture (RtcClient *self, gint64 now)
{
  guint8 payload[VIDEO_BYTES] = { 0 };

  for (guint i = 0; i < VIDEO_PACKETS; i++)
    {
      HubRtp header = { .payload_type = VIDEO_TYPE,
                        .timestamp = self->video.timestamp,
                        .marker = i == VIDEO_PACKETS - 1 };

      payload[0] = i == 0 ? 0x10 : 0x00;
      payload[1] = self->want_key && i == 0 ? 0x00 : 0x01;
      hub_put64 (payload + STAMP_AT, (guint64) now);
      payload[SIGNATURE_AT] = self->config.signature;
      send_packet (self, &self->video, &header, payload, sizeof payload);
    }
  self->want_key = FALSE;
  self->video.timestamp += 3000;
}

static void
resend (RtcClient *self, Source *source, guint16 sequence)
{
  guint8 out[HUB_RTP_MAX_PACKET + HUB_SRTP_MAX_TRAILER] __attribute__ ((aligned (8)));
  gint64 index = hub_rtp_unwrap (source->index, sequence);
  const HubRtpPacket *packet = hub_rtp_history_find (source->history, index);
  HubRtp header = { .payload_type = RTX_TYPE, .ssrc = source->rtx_ssrc };
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
report_source (RtcClient *self, const Source *source, gint64 now)
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
      HubRtpReport report;

      if (!self->streams[i].receiver.started)
        continue;
      hub_rtp_receiver_report (&self->streams[i].receiver, now, &report);
      hub_rtcp_add_report (self->rtcp, self->audio.ssrc, self->streams[i].ssrc, &report);
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
      guint n = stream->rtx_ssrc != 0 ? hub_rtp_receiver_ask (&stream->receiver, now, 60 * 1000,
                                                              missing, G_N_ELEMENTS (missing))
                                      : 0;

      if (n > 0)
        hub_rtcp_add_missing (self->rtcp, self->audio.ssrc, stream->ssrc, missing, n);
    }
  send_compound (self);
}

static void
send_due (RtcClient *self, gint64 now)
{
  if (self->audio.there && self->sending && now >= self->audio.due)
    {
      send_audio (self, now);
      self->audio.due = MAX (self->audio.due + AUDIO_US, now - AUDIO_US);
    }
  if (self->video.there && self->sending && now >= self->video.due)
    {
      send_picture (self, now);
      self->video.due = MAX (self->video.due + VIDEO_US, now - VIDEO_US);
    }
  if (now >= self->next_report)
    {
      send_reports (self, now);
      self->next_report = now + REPORT_US;
    }
  ask_missing (self, now);
}

/* Receiving. */

static void
on_sender (const HubRtcpSender *report, gpointer data)
{
  RtcClient *self = data;

  for (guint i = 0; i < self->n_streams; i++)
    if (self->streams[i].ssrc == report->ssrc)
      {
        self->streams[i].reports++;
        hub_rtp_receiver_take_sender_report (&self->streams[i].receiver, report->ntp,
                                             g_get_monotonic_time ());
      }
}

static void
on_missing (guint32 ssrc, guint16 sequence, gpointer data)
{
  RtcClient *self = data;

  self->asked_packets++;
  if (ssrc == self->video.ssrc)
    resend (self, &self->video, sequence);
}

static void
on_picture (guint32 ssrc, gpointer data)
{
  RtcClient *self = data;

  self->asked_pictures++;
  if (ssrc == self->video.ssrc)
    self->want_key = TRUE;
}

static void
on_feedback (const guint8 *information, gsize length, gpointer data)
{
  RtcClient *self = data;

  self->feedback++;
}

static const HubRtcpHandlers handlers = {
  .sender = on_sender,
  .missing = on_missing,
  .picture = on_picture,
  .feedback = on_feedback,
};

static void
count (RtcStream *stream, const HubRtp *packet, gint64 now, gboolean repair)
{
  gint64 index, stamp;

  if (!hub_rtp_receiver_take (&stream->receiver, packet, now, repair, &index))
    return;
  stream->packets++;
  stream->repaired += repair ? 1 : 0;
  stream->bytes += packet->payload_length;
  if (stream->kind == HUB_MEDIA_VIDEO
      && hub_rtc_picture_begins (HUB_CODEC_VP8, packet->payload, packet->payload_length))
    stream->keys++;
  if (stream->last != 0)
    stream->longest_gap = MAX (stream->longest_gap, now - stream->last);
  stream->last = now;
  if (packet->payload_length <= SIGNATURE_AT)
    return;
  stream->signature = packet->payload[SIGNATURE_AT];
  stream->signed_by[stream->signature]++;
  if (repair)
    return;
  stamp = now - (gint64) hub_get64 (packet->payload + STAMP_AT);
  g_array_append_val (stream->latencies, stamp);
}

static void
take_rtp (RtcClient *self, guint8 *datagram, gsize length, gint64 now)
{
  HubRtp packet;

  if (!hub_srtp_unprotect (self->srtp, datagram, &length)
      || !hub_rtp_parse (&packet, datagram, length))
    return;
  for (guint i = 0; i < self->n_streams; i++)
    {
      RtcStream *stream = &self->streams[i];

      if (packet.ssrc == stream->ssrc)
        count (stream, &packet, now, FALSE);
      else if (packet.ssrc == stream->rtx_ssrc && packet.payload_length > 2)
        {
          packet.sequence = hub_get16 (packet.payload);
          packet.payload += 2;
          packet.payload_length -= 2;
          count (stream, &packet, now, TRUE);
        }
    }
}

static void
take_stun (RtcClient *self, const guint8 *datagram, gsize length)
{
  StunMessage message;

  if (stun_agent_validate (&self->stun, &message, datagram, length, NULL, NULL)
          != STUN_VALIDATION_SUCCESS
      || stun_message_get_class (&message) != STUN_RESPONSE || self->checked)
    return;
  self->checked = TRUE;
  hub_dtls_start (self->dtls);
}

/* The keys are there before the next datagram is looked at. */
static void
take_dtls (RtcClient *self, const guint8 *datagram, gsize length, gint64 now)
{
  hub_dtls_take (self->dtls, datagram, length);
  if (self->srtp != NULL || hub_dtls_get_state (self->dtls) != HUB_DTLS_DONE)
    return;
  self->srtp = hub_dtls_make_srtp (self->dtls, NULL);
  self->audio.due = self->video.due = now;
}

static void
take (RtcClient *self, guint8 *datagram, gsize length, gint64 now)
{
  switch (hub_datagram_kind (datagram, length))
    {
    case HUB_DATAGRAM_STUN:
      take_stun (self, datagram, length);
      return;
    case HUB_DATAGRAM_DTLS:
      take_dtls (self, datagram, length, now);
      return;
    case HUB_DATAGRAM_RTP:
      if (self->srtp != NULL)
        take_rtp (self, datagram, length, now);
      return;
    case HUB_DATAGRAM_RTCP:
      if (self->srtp != NULL && hub_srtp_unprotect_rtcp (self->srtp, datagram, &length))
        hub_rtcp_read (self->rtcp, datagram, length, &handlers, self);
      return;
    default:
      return;
    }
}

static void
receive (RtcClient *self)
{
  static _Thread_local guint8 bytes[BATCH][HUB_RTP_MAX_PACKET + 4] __attribute__ ((aligned (8)));
  struct mmsghdr messages[BATCH] = { 0 };
  struct iovec parts[BATCH];
  int n;

  do
    {
      gint64 now;

      for (guint i = 0; i < BATCH; i++)
        {
          parts[i] = (struct iovec){ bytes[i], sizeof bytes[i] };
          messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
        }
      n = recvmmsg (self->fd, messages, BATCH, MSG_DONTWAIT, NULL);
      now = g_get_monotonic_time ();
      for (int i = 0; i < n; i++)
        take (self, bytes[i], messages[i].msg_len, now);
    }
  while (n == (int) BATCH);
}

void
rtc_client_serve (RtcClient *self, gint64 now)
{
  if (!self->answered)
    return;
  receive (self);
  if (now >= self->next_check)
    {
      send_check (self);
      self->next_check = now + (self->checked ? CHECK_US : FIRST_CHECK_US);
    }
  if (!self->checked)
    return;
  hub_dtls_tick (self->dtls);
  if (self->srtp != NULL && hub_dtls_get_state (self->dtls) == HUB_DTLS_DONE)
    send_due (self, now);
}

/* What is known of it. */

int
rtc_client_get_fd (const RtcClient *self)
{
  return self->fd;
}

gboolean
rtc_client_is_open (const RtcClient *self)
{
  return self->srtp != NULL;
}

HubDtlsState
rtc_client_get_dtls (const RtcClient *self)
{
  return self->dtls != NULL ? hub_dtls_get_state (self->dtls) : HUB_DTLS_SHAKING;
}

RtcStream *
rtc_client_get_stream (RtcClient *self, const char *mid)
{
  for (guint i = 0; i < self->n_streams; i++)
    if (g_str_equal (self->streams[i].mid, mid))
      return &self->streams[i];
  return NULL;
}

RtcStream *
rtc_client_get_streams (RtcClient *self, guint *n)
{
  *n = self->n_streams;
  return self->streams;
}

void
rtc_client_set_level (RtcClient *self, guint8 level)
{
  self->level = level;
}

void
rtc_client_set_signature (RtcClient *self, guint8 signature)
{
  self->config.signature = signature;
}

void
rtc_client_set_sending (RtcClient *self, gboolean on)
{
  self->sending = on;
}

guint64
rtc_client_get_sent (const RtcClient *self)
{
  return self->audio.packets + self->video.packets;
}

guint64
rtc_client_get_asked_pictures (const RtcClient *self)
{
  return self->asked_pictures;
}

guint64
rtc_client_get_asked_packets (const RtcClient *self)
{
  return self->asked_packets;
}

guint64
rtc_client_get_feedback (const RtcClient *self)
{
  return self->feedback;
}
