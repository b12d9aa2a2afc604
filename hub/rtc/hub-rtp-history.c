/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-rtp-history.h"

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
  self->packets = g_new0 (HubRtpPacket, size);
  return self;
}

void
hub_rtp_history_free (HubRtpHistory *self)
{
  g_free (self->packets);
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
