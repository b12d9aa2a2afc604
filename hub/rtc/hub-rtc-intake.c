/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program's own stream, as packets that come in. */
#include "hub-rtc-intake.h"

#include <errno.h>
#include <karez.h>
#include <sys/socket.h>
#include <unistd.h>

/* Before the first packet, and what each has besides. */
#define RTP_HEADER 12u

HubRtcIntake *
hub_rtc_intake_new (guint number, int fd, HubRtcTrack *track)
{
  HubRtcIntake *self = g_new0 (HubRtcIntake, 1);

  self->number = number;
  self->fd = fd;
  self->track = track;
  self->budget = HUB_RTC_INTAKE_PACKETS;
  return self;
}

void
hub_rtc_intake_free (HubRtcIntake *self)
{
  hub_rtc_track_free (self->track);
  close (self->fd);
  g_free (self);
}

/* What is no packet of RTP, or too long for a way, is left out. */
static void
take (HubRtcIntake *self, const KarezTapPacket *head, const guint8 *bytes, gint64 now,
      HubRtcIntakeFunc func, gpointer data)
{
  HubRtpExtensions extensions = { { 0 } };
  guint64 capture = GUINT64_TO_BE (head->capture);
  HubRtp packet;

  if (head->size > HUB_RTP_MAX_PACKET - HUB_RTP_MAX_HEADER
      || hub_datagram_kind (bytes, head->size) != HUB_DATAGRAM_RTP
      || !hub_rtp_parse (&packet, bytes, head->size) || !hub_rtp_strip_padding (&packet, bytes)
      || packet.payload_length == 0)
    return;
  if (head->capture != 0)
    {
      extensions.length[HUB_RTP_CAPTURE_TIME] = sizeof capture;
      memcpy (extensions.value[HUB_RTP_CAPTURE_TIME], &capture, sizeof capture);
    }
  func (self->track, &packet, &extensions, now, data);
}

static void
take_message (HubRtcIntake *self, const guint8 *message, gsize size, gint64 now,
              HubRtcIntakeFunc func, gpointer data)
{
  gsize at = 0;

  while (self->budget > 0 && at < size && size - at > sizeof (KarezTapPacket))
    {
      KarezTapPacket head;

      memcpy (&head, message + at, sizeof head);
      at += sizeof head;
      self->budget--;
      if (head.size < RTP_HEADER || head.size > size - at)
        return;
      take (self, &head, message + at, now, func, data);
      at += (head.size + KAREZ_TAP_ALIGN - 1) / KAREZ_TAP_ALIGN * KAREZ_TAP_ALIGN;
    }
}

gboolean
hub_rtc_intake_serve (HubRtcIntake *self, gint64 now, HubRtcIntakeFunc func, gpointer data)
{
  guint8 message[KAREZ_TAP_MAX_SIZE] __attribute__ ((aligned (KAREZ_TAP_ALIGN)));

  while (self->budget > 0)
    {
      gssize n = recv (self->fd, message, sizeof message, MSG_DONTWAIT);

      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return FALSE;
      if (n < 0)
        return TRUE;
      /* An empty message is one, too. */
      self->budget--;
      take_message (self, message, (gsize) n, now, func, data);
    }
  return TRUE;
}

void
hub_rtc_intake_ask (HubRtcIntake *self)
{
  const guint8 wanted = 1;

  send (self->fd, &wanted, sizeof wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
}
