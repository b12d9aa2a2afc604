/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clear header of every datagram of a link. */
#include "hub-link-header.h"

#define MAGIC0 0x4b
#define MAGIC1 0x5a
#define VERSION 1

void
hub_link_header_write (const HubLinkHeader *self, guint8 *out)
{
  out[0] = MAGIC0;
  out[1] = MAGIC1;
  out[2] = VERSION;
  out[3] = 0;
  hub_put32 (out + 4, self->stream);
  hub_put64 (out + 8, self->link);
  hub_put64 (out + 16, self->sequence);
  hub_put32 (out + 24, self->generation);
}

gboolean
hub_link_header_read (HubLinkHeader *self, const guint8 *datagram, gsize length)
{
  if (length < HUB_LINK_HEADER_BYTES + HUB_LINK_TAG_BYTES || length > HUB_LINK_MAX_WIRE)
    return FALSE;
  if (datagram[0] != MAGIC0 || datagram[1] != MAGIC1 || datagram[2] != VERSION || datagram[3] != 0)
    return FALSE;

  self->stream = hub_get32 (datagram + 4);
  self->link = hub_get64 (datagram + 8);
  self->sequence = hub_get64 (datagram + 16);
  self->generation = hub_get32 (datagram + 24);
  return self->stream <= HUB_LINK_MAX_STREAM && self->sequence > 0;
}
