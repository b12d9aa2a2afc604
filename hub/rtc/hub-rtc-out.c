/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-rtc-out.h"

#include <errno.h>

struct _HubRtcOut
{
  int fd;
  guint n;
  guint64 lost;
  struct mmsghdr messages[HUB_RTC_BATCH];
  struct iovec parts[HUB_RTC_BATCH];
  HubAddress addresses[HUB_RTC_BATCH];
  guint8 bytes[HUB_RTC_BATCH][HUB_RTC_OUT_BYTES] __attribute__ ((aligned (8)));
};

HubRtcOut *
hub_rtc_out_new (int fd)
{
  HubRtcOut *self = g_new0 (HubRtcOut, 1);

  self->fd = fd;
  for (guint i = 0; i < HUB_RTC_BATCH; i++)
    {
      self->parts[i].iov_base = self->bytes[i];
      self->messages[i].msg_hdr.msg_iov = &self->parts[i];
      self->messages[i].msg_hdr.msg_iovlen = 1;
    }
  return self;
}

void
hub_rtc_out_free (HubRtcOut *self)
{
  g_free (self);
}

guint8 *
hub_rtc_out_next (HubRtcOut *self)
{
  if (self->n == HUB_RTC_BATCH)
    hub_rtc_out_flush (self);
  return self->bytes[self->n];
}

void
hub_rtc_out_push (HubRtcOut *self, gsize length, const HubAddress *to)
{
  struct msghdr *header = &self->messages[self->n].msg_hdr;

  self->parts[self->n].iov_len = length;
  header->msg_name = (void *) &to->storage;
  header->msg_namelen = to->length;
  self->n++;
}

void
hub_rtc_out_copy (HubRtcOut *self, const guint8 *datagram, gsize length, const HubAddress *to)
{
  guint8 *out = hub_rtc_out_next (self);

  g_return_if_fail (length <= HUB_RTC_OUT_BYTES);
  memcpy (out, datagram, length);
  /* The address may be one of a datagram that came, and is gone before the flush. */
  self->addresses[self->n] = *to;
  hub_rtc_out_push (self, length, &self->addresses[self->n]);
}

void
hub_rtc_out_flush (HubRtcOut *self)
{
  guint done = 0;

  while (done < self->n)
    {
      int sent = sendmmsg (self->fd, self->messages + done, self->n - done, MSG_DONTWAIT);

      if (sent < 0 && errno == EINTR)
        continue;
      if (sent < 0)
        {
          /* The one at the front cannot go; those behind it may. */
          self->lost++;
          done++;
        }
      else
        done += (guint) sent;
    }
  self->n = 0;
}

guint64
hub_rtc_out_get_lost (const HubRtcOut *self)
{
  return self->lost;
}
