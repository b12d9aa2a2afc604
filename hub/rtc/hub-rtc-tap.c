/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One track's packets for a program, in batches. */
#include "hub-rtc-tap.h"

#include "hub-rtc-picture.h"

#include <errno.h>
#include <karez.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Requests that are read in one turn: they all say the same. */
#define MAX_REQUESTS 16
#define ALIGN(size) (((size) + KAREZ_TAP_ALIGN - 1) & ~(gsize) (KAREZ_TAP_ALIGN - 1))

G_STATIC_ASSERT (sizeof (KarezTapPacket) % KAREZ_TAP_ALIGN == 0);
G_STATIC_ASSERT ((int) HUB_CODEC_OPUS == (int) KAREZ_CODEC_OPUS);
G_STATIC_ASSERT ((int) HUB_CODEC_VP8 == (int) KAREZ_CODEC_VP8);
G_STATIC_ASSERT ((int) HUB_CODEC_H264 == (int) KAREZ_CODEC_H264);

HubRtcTap *
hub_rtc_tap_new (guint number, int fd)
{
  HubRtcTap *self = g_new (HubRtcTap, 1);

  self->next = NULL;
  self->track = NULL;
  self->number = number;
  self->fd = fd;
  self->waiting = self->gap = FALSE;
  self->length = 0;
  return self;
}

void
hub_rtc_tap_free (HubRtcTap *self)
{
  hub_rtc_tap_feed (self, NULL);
  close (self->fd);
  g_free (self);
}

void
hub_rtc_tap_feed (HubRtcTap *self, HubRtcTrack *track)
{
  if (self->track != NULL)
    for (HubRtcTap **at = &self->track->taps; *at != NULL; at = &(*at)->next)
      if (*at == self)
        {
          *at = self->next;
          break;
        }
  self->track = track;
  self->next = NULL;
  self->waiting = track != NULL && hub_codec_kind (track->codec) == HUB_MEDIA_VIDEO;
  if (track == NULL)
    return;
  self->next = track->taps;
  track->taps = self;
}

void
hub_rtc_tap_leave_out (HubRtcTap *self)
{
  self->gap = TRUE;
  self->waiting = self->track != NULL && hub_codec_kind (self->track->codec) == HUB_MEDIA_VIDEO;
}

void
hub_rtc_tap_flush (HubRtcTap *self)
{
  if (self->length > 0
      && send (self->fd, self->bytes, self->length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    {
      /* Whoever does not read any more has ended it: hub_rtc_tap_serve(). */
      if (errno == EPIPE)
        shutdown (self->fd, SHUT_RDWR);
      hub_rtc_tap_leave_out (self);
    }
  self->length = 0;
}

/* RFC 3550, 5.1, and what is said of it. Returns how long it is. */
static gsize
write_packet (HubRtcTap *self, const HubRtpPacket *packet, guint8 *out)
{
  static const HubRtpExtensionMap none = { 0 };
  const HubRtpExtensions *extensions = &packet->extensions;
  const HubRtp fields = { .payload_type = KAREZ_TAP_PAYLOAD_TYPE,
                          .marker = packet->marker,
                          .sequence = (guint16) packet->index,
                          .timestamp = packet->timestamp,
                          .ssrc = self->track->number };
  KarezTapPacket head = { .codec = (guint8) self->track->codec,
                          .flags = self->gap ? KAREZ_TAP_GAP : 0,
                          .track = self->track->number,
                          .arrival = packet->arrival };
  gsize length = hub_rtp_write (&fields, &none, extensions, out + sizeof head);

  memcpy (out + sizeof head + length, packet->payload, packet->length);
  length += packet->length;
  head.size = (guint16) length;
  if (extensions->length[HUB_RTP_CAPTURE_TIME] >= 8)
    {
      memcpy (&head.capture, extensions->value[HUB_RTP_CAPTURE_TIME], sizeof head.capture);
      head.capture = GUINT64_FROM_BE (head.capture);
    }
  memcpy (out, &head, sizeof head);
  length += sizeof head;
  /* What is between two packets is nobody else's memory. */
  memset (out + length, 0, ALIGN (length) - length);
  return ALIGN (length);
}

void
hub_rtc_tap_put (HubRtcTap *self, const HubRtpPacket *packet)
{
  /* First: what is left out by it makes this packet wait, too. */
  if (self->length + sizeof (KarezTapPacket) + HUB_RTP_MAX_HEADER + HUB_RTP_MAX_PACKET
      > sizeof self->bytes)
    hub_rtc_tap_flush (self);
  if (self->waiting
      && !hub_rtc_picture_begins (self->track->codec, packet->payload, packet->length))
    return;
  self->waiting = FALSE;
  self->length += write_packet (self, packet, self->bytes + self->length);
  self->gap = FALSE;
}

gboolean
hub_rtc_tap_wants_picture (HubRtcTap *self)
{
  struct pollfd room = { self->fd, POLLOUT, 0 };

  /* nocheck:blocked -- it does not wait */
  return self->waiting && poll (&room, 1, 0) == 1 && (room.revents & POLLOUT);
}

gboolean
hub_rtc_tap_serve (HubRtcTap *self)
{
  guint8 request;

  for (guint i = 0; i < MAX_REQUESTS; i++)
    {
      gssize n = recv (self->fd, &request, sizeof request, MSG_DONTWAIT);

      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return FALSE;
      if (n < 0)
        return TRUE;
      if (self->track != NULL && hub_codec_kind (self->track->codec) == HUB_MEDIA_VIDEO)
        self->track->picture_wanted = TRUE;
    }
  return TRUE;
}
