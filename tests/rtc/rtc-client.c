/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of a room that does in C what a browser does. */
#include "hub-rtc-picture.h"
#include "rtc-client-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <stun/usages/ice.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64u
#define FIRST_CHECK_US (20 * 1000)
#define CHECK_US (500 * 1000)
/* RFC 8445, 7.3.1.1: whoever is told that both control has the smaller number. */
#define TIE G_MAXUINT64

static void
open_source (RtcSource *source, gboolean there)
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

/* @address: of this machine, with a port or without. */
static int
open_socket (const char *address, HubAddress *local)
{
  const int buffer = 4 * 1024 * 1024, on = 1;
  HubAddress wanted;
  int fd;

  g_assert_true (hub_address_parse (&wanted, address != NULL ? address : "127.0.0.1", FALSE));
  fd = socket (wanted.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &wanted.storage, wanted.length), ==, 0);
  local->length = sizeof local->storage;
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &local->storage, &local->length), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt (fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  return fd;
}

RtcClient *
rtc_client_new (const RtcClientConfig *config)
{
  RtcClient *self = g_new0 (RtcClient, 1);
  g_autoptr (GError) error = NULL;

  self->config = *config;
  self->fd = open_socket (config->address, &self->local);
  self->identity = hub_dtls_identity_new (&error);
  g_assert_no_error (error);
  g_assert_true (config->profiles == NULL
                 || hub_dtls_identity_set_profiles (self->identity, config->profiles));
  self->rtcp = hub_rtcp_new ();
  self->extensions = rtc_client_extensions;
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

void
rtc_client_retag (RtcClient *self)
{
  self->tag = (self->tag + 1) % self->n_sections;
}

void
rtc_client_renew (RtcClient *self, gboolean tell)
{
  if (tell)
    hub_dtls_close (self->dtls);
  g_clear_pointer (&self->dtls, hub_dtls_free);
  g_clear_pointer (&self->srtp, hub_srtp_free);
  close (self->fd);
  self->fd = open_socket (self->config.address, &self->local);
  self->answered = self->checked = FALSE;
  self->next_check = 0;
}

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

void
rtc_client_expect (RtcClient *self, const guint8 *fingerprint)
{
  if (self->dtls == NULL)
    self->dtls = hub_dtls_new (self->identity, TRUE, fingerprint, on_dtls_send, self);
}

/* Who offered controls: RFC 8445, 6.1.1. */
static void
send_check (RtcClient *self)
{
  guint8 buffer[512];
  StunMessage message;
  bool controls = !self->accepting;
  size_t length = stun_usage_ice_conncheck_create (
      &self->stun, &message, buffer, sizeof buffer, (const uint8_t *) self->username,
      strlen (self->username), (const uint8_t *) self->password, strlen (self->password), controls,
      controls, 1853824767, TIE, NULL, STUN_USAGE_ICE_COMPATIBILITY_RFC5245);

  rtc_client_send_raw (self, buffer, length);
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
    rtc_client_resend (self, &self->video, sequence);
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
show (RtcStream *stream, gint64 now)
{
  gint64 stood = stream->shown != 0 ? now - stream->shown : 0;

  stream->longest_freeze = MAX (stream->longest_freeze, stood);
  stream->freezes += stood >= RTC_FREEZE_US ? 1 : 0;
  stream->shown = now;
}

/* Whether it can be shown: all of it came, and all before it. A whole picture needs nothing of
 * what was before. */
static void
follow_pictures (RtcStream *stream, const HubRtp *packet, gint64 index, gint64 now)
{
  guint8 *came = stream->came;
  gboolean whole = hub_rtc_picture_begins (HUB_CODEC_VP8, packet->payload, packet->payload_length);

  stream->keys += whole ? 1 : 0;
  if (stream->followed == 0 || index - stream->followed >= RTC_STREAM_WINDOW)
    {
      memset (came, 0, sizeof stream->came);
      stream->followed = index - 1;
    }
  if (index <= stream->followed)
    return;
  while (whole && stream->followed < index - 1)
    came[++stream->followed % RTC_STREAM_WINDOW] = 0;
  came[index % RTC_STREAM_WINDOW] = packet->marker ? RTC_CAME | RTC_LAST : RTC_CAME;
  for (gint64 at = stream->followed + 1;; at++)
    {
      guint8 *one = &came[at % RTC_STREAM_WINDOW];

      if (*one == 0)
        return;
      if (*one & RTC_LAST)
        show (stream, now);
      *one = 0;
      stream->followed = at;
    }
}

/* A repair of what came meanwhile. */
static gboolean
came_before (const RtcStream *stream, const HubRtp *packet)
{
  const HubRtpReceiver *receiver = &stream->receiver;
  gint64 index = hub_rtp_unwrap (receiver->newest, packet->sequence);

  if (!receiver->started || index > receiver->newest)
    return FALSE;
  for (guint i = 0; i < receiver->n_missing; i++)
    if (receiver->missing[i].index == index)
      return FALSE;
  return TRUE;
}

static void
count (RtcStream *stream, const HubRtp *packet, gint64 now, gboolean repair)
{
  gint64 index, stamp;

  stream->copies += repair ? 1 : 0;
  if ((repair && came_before (stream, packet))
      || !hub_rtp_receiver_take (&stream->receiver, packet, now, repair, &index))
    return;
  stream->packets++;
  stream->repaired += repair ? 1 : 0;
  stream->bytes += packet->payload_length;
  if (stream->kind == HUB_MEDIA_VIDEO)
    follow_pictures (stream, packet, index, now);
  if (stream->last != 0)
    stream->longest_gap = MAX (stream->longest_gap, now - stream->last);
  stream->last = now;
  if (packet->payload_length <= RTC_CLIENT_SIGNATURE_AT)
    return;
  stream->signature = packet->payload[RTC_CLIENT_SIGNATURE_AT];
  stream->signed_by[stream->signature]++;
  if (repair)
    return;
  stamp = now - (gint64) hub_get64 (packet->payload + RTC_CLIENT_STAMP_AT);
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

static bool
find_password (StunAgent *agent, StunMessage *message, uint8_t *name, uint16_t length,
               uint8_t **password, size_t *password_length, void *data)
{
  *password = (uint8_t *) RTC_CLIENT_PASSWORD;
  *password_length = strlen (RTC_CLIENT_PASSWORD);
  return true;
}

/* A whole agent checks us, too. */
static void
answer_check (RtcClient *self, StunMessage *request, const HubAddress *source)
{
  guint8 reply[512];
  gsize length = sizeof reply;
  bool controls = !self->accepting;
  StunMessage message;

  stun_usage_ice_conncheck_create_reply (&self->stun, request, &message, reply, &length,
                                         &source->storage, source->length, &controls, TIE,
                                         STUN_USAGE_ICE_COMPATIBILITY_RFC5245);
  sendto (self->fd, reply, length, MSG_DONTWAIT, (const struct sockaddr *) &source->storage,
          source->length);
}

static void
take_stun (RtcClient *self, const guint8 *datagram, gsize length, const HubAddress *source)
{
  StunMessage message;

  if (stun_agent_validate (&self->stun, &message, datagram, length, find_password, NULL)
      != STUN_VALIDATION_SUCCESS)
    return;
  if (stun_message_get_class (&message) == STUN_REQUEST)
    answer_check (self, &message, source);
  if (stun_message_get_class (&message) != STUN_RESPONSE || self->checked)
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
take (RtcClient *self, guint8 *datagram, gsize length, const HubAddress *source, gint64 now)
{
  switch (hub_datagram_kind (datagram, length))
    {
    case HUB_DATAGRAM_STUN:
      take_stun (self, datagram, length, source);
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

/* When the kernel took it, on the monotonic clock: that this process had something else to do is
 * not the other side's delay. */
static gint64
arrival_of (struct msghdr *header, gint64 now)
{
  gint64 shift = now - g_get_real_time ();
  const struct cmsghdr *part = CMSG_FIRSTHDR (header);
  struct timespec stamp;
  gint64 arrival;

  if (part == NULL || part->cmsg_type != SCM_TIMESTAMPNS)
    return now;
  memcpy (&stamp, CMSG_DATA (part), sizeof stamp);
  arrival = stamp.tv_sec * G_USEC_PER_SEC + stamp.tv_nsec / 1000 + shift;
  return arrival <= now && now - arrival < G_USEC_PER_SEC ? arrival : now;
}

static int
receive_batch (RtcClient *self)
{
  static _Thread_local guint8 bytes[BATCH][HUB_RTP_MAX_PACKET + 4] __attribute__ ((aligned (8)));
  static _Thread_local guint8 controls[BATCH][CMSG_SPACE (sizeof (struct timespec))];
  static _Thread_local HubAddress sources[BATCH];
  struct mmsghdr messages[BATCH] = { 0 };
  struct iovec parts[BATCH];
  gint64 now;
  int n;

  for (guint i = 0; i < BATCH; i++)
    {
      parts[i] = (struct iovec){ bytes[i], sizeof bytes[i] };
      messages[i].msg_hdr = (struct msghdr){ .msg_name = &sources[i].storage,
                                             .msg_namelen = sizeof sources[i].storage,
                                             .msg_iov = &parts[i],
                                             .msg_iovlen = 1,
                                             .msg_control = controls[i],
                                             .msg_controllen = sizeof controls[i] };
    }
  n = recvmmsg (self->fd, messages, BATCH, MSG_DONTWAIT, NULL);
  now = g_get_monotonic_time ();
  for (int i = 0; i < n; i++)
    {
      sources[i].length = messages[i].msg_hdr.msg_namelen;
      take (self, bytes[i], messages[i].msg_len, &sources[i],
            arrival_of (&messages[i].msg_hdr, now));
    }
  return n;
}

static void
receive (RtcClient *self)
{
  while (receive_batch (self) == (int) BATCH)
    ;
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
    rtc_client_send_due (self, now);
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
  return self->dtls != NULL ? hub_dtls_get_state (self->dtls) : HUB_DTLS_HANDSHAKE;
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

const char *
rtc_client_get_cipher (const RtcClient *self)
{
  return self->dtls != NULL ? hub_dtls_get_profile (self->dtls) : NULL;
}
