/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The newest packets of a stream, to send again. */
#include "hub-rtp-history.h"

#include <errno.h>
#include <sys/mman.h>

struct _HubRtpHistory
{
  guint size;
  HubRtpPacket *packets;
};

HubRtpHistory *
hub_rtp_history_new (guint size)
{
  HubRtpHistory *self = g_new0 (HubRtpHistory, 1);

  g_assert (size > 0 && (size & (size - 1)) == 0);
  self->size = size;
  /* Not of malloc(), which gives out again what was touched, and so fills it with zeros, once
   * somebody has left. */
  self->packets = mmap (NULL, size * sizeof *self->packets, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (self->packets == MAP_FAILED)
    g_error ("There is no memory for a stream's packets: %s", g_strerror (errno));
  return self;
}

void
hub_rtp_history_free (HubRtpHistory *self)
{
  munmap (self->packets, self->size * sizeof *self->packets);
  g_free (self);
}

static HubRtpPacket *
place (const HubRtpHistory *self, gint64 index)
{
  return &self->packets[(guint64) index & (self->size - 1)];
}

const HubRtpPacket *
hub_rtp_history_find (const HubRtpHistory *self, gint64 index)
{
  const HubRtpPacket *packet = place (self, index);

  return index > 0 && packet->index == index ? packet : NULL;
}

const HubRtpPacket *
hub_rtp_history_keep (HubRtpHistory *self, gint64 index, gint64 arrival, const HubRtp *packet,
                      const HubRtpExtensions *extensions)
{
  HubRtpPacket *kept = place (self, index);

  g_assert (index > 0 && packet->payload_length <= sizeof kept->payload);
  if (kept->index > index)
    return NULL;
  kept->index = index;
  kept->arrival = arrival;
  kept->timestamp = packet->timestamp;
  kept->marker = packet->marker;
  kept->extensions = *extensions;
  kept->length = (guint16) packet->payload_length;
  memcpy (kept->payload, packet->payload, packet->payload_length);
  return kept;
}
