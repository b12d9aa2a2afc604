/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RTP packets (RFC 3550) and their header extensions (RFC 8285): read and written. */
#include "hub-rtp.h"

#define VERSION 2u
#define PROFILE_ONE_BYTE 0xbedeu
#define PROFILE_TWO_BYTES 0x1000u /* the low four bits are the application's */

static const char *const uris[HUB_RTP_N_EXTENSIONS] = {
  [HUB_RTP_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
  [HUB_RTP_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  [HUB_RTP_ORIENTATION] = "urn:3gpp:video-orientation",
  [HUB_RTP_TRANSPORT_SEQUENCE] =
      "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  [HUB_RTP_CAPTURE_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
};

const char *
hub_rtp_extension_uri (HubRtpExtension extension)
{
  g_return_val_if_fail (extension < HUB_RTP_N_EXTENSIONS, NULL);
  return uris[extension];
}

gboolean
hub_rtp_extension_from_uri (const char *uri, HubRtpExtension *extension)
{
  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    if (g_str_equal (uri, uris[i]))
      {
        *extension = (HubRtpExtension) i;
        return TRUE;
      }
  return FALSE;
}

HubDatagramKind
hub_datagram_kind (const guint8 *datagram, gsize length)
{
  if (length < HUB_RTP_HEADER_BYTES)
    return HUB_DATAGRAM_UNKNOWN;
  if (datagram[0] < 4)
    return HUB_DATAGRAM_STUN;
  if (datagram[0] >= 20 && datagram[0] < 64)
    return HUB_DATAGRAM_DTLS;
  if (datagram[0] < 128 || datagram[0] >= 192)
    return HUB_DATAGRAM_UNKNOWN;
  /* RFC 5761, 4: the packet types of RTCP. */
  return datagram[1] >= 192 && datagram[1] <= 223 ? HUB_DATAGRAM_RTCP : HUB_DATAGRAM_RTP;
}

/* Steps over the extension block at @offset. FALSE if it reaches beyond the end. */
static gboolean
parse_block (HubRtp *self, const guint8 *packet, gsize length, gsize *offset)
{
  if (*offset + 4 > length)
    return FALSE;
  self->profile = hub_get16 (packet + *offset);
  self->extensions_length = 4u * hub_get16 (packet + *offset + 2);
  *offset += 4;
  if (*offset + self->extensions_length > length)
    return FALSE;
  self->extensions = packet + *offset;
  *offset += self->extensions_length;
  return TRUE;
}

gboolean
hub_rtp_parse (HubRtp *self, const guint8 *packet, gsize length)
{
  gsize offset;

  memset (self, 0, sizeof *self);
  if (length < HUB_RTP_HEADER_BYTES || packet[0] >> 6 != VERSION)
    return FALSE;
  offset = HUB_RTP_HEADER_BYTES + 4u * (packet[0] & 0x0f);
  if (offset > length)
    return FALSE;
  if (packet[0] & 0x10 && !parse_block (self, packet, length, &offset))
    return FALSE;
  self->marker = packet[1] >> 7;
  self->payload_type = packet[1] & 0x7f;
  self->sequence = hub_get16 (packet + 2);
  self->timestamp = hub_get32 (packet + 4);
  self->ssrc = hub_get32 (packet + 8);
  self->payload = packet + offset;
  self->payload_length = length - offset;
  return TRUE;
}

gboolean
hub_rtp_strip_padding (HubRtp *self, const guint8 *packet)
{
  guint8 padding;

  if (!(packet[0] & 0x20))
    return TRUE;
  if (self->payload_length == 0)
    return FALSE;
  padding = self->payload[self->payload_length - 1];
  if (padding == 0 || padding > self->payload_length)
    return FALSE;
  self->payload_length -= padding;
  return TRUE;
}

static void
keep (const HubRtpExtensionMap *map, guint id, const guint8 *value, gsize length,
      HubRtpExtensions *out)
{
  if (id == 0 || length == 0 || length > HUB_RTP_MAX_EXTENSION_BYTES)
    return;
  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    if (map->ids[i] == id)
      {
        out->length[i] = (guint8) length;
        memcpy (out->value[i], value, length);
        return;
      }
}

void
hub_rtp_read_extensions (const HubRtp *self, const HubRtpExtensionMap *map, HubRtpExtensions *out)
{
  const guint8 *at = self->extensions, *end = at + self->extensions_length;
  gboolean two_bytes = (self->profile & 0xfff0) == PROFILE_TWO_BYTES;

  memset (out->length, 0, sizeof out->length);
  if (self->extensions_length == 0 || (self->profile != PROFILE_ONE_BYTE && !two_bytes))
    return;
  while (at < end)
    {
      guint id = two_bytes ? at[0] : at[0] >> 4;
      gsize length;

      if (at[0] == 0)
        {
          at++;
          continue;
        }
      if (two_bytes && at + 1 >= end)
        return;
      /* RFC 8285, 4.2: 15 ends the block, and so does a 0 that has a length. */
      if (!two_bytes && (id == 15 || id == 0))
        return;
      length = two_bytes ? at[1] : (gsize) (at[0] & 0x0f) + 1;
      at += two_bytes ? 2 : 1;
      if (length > (gsize) (end - at))
        return;
      keep (map, id, at, length, out);
      at += length;
    }
}

/* Returns the block's length, 0 for none. */
static gsize
write_block (const HubRtpExtensionMap *map, const HubRtpExtensions *extensions, guint8 *out)
{
  gsize length = 4;

  for (guint i = 0; i < HUB_RTP_N_EXTENSIONS; i++)
    {
      if (extensions->length[i] == 0 || map->ids[i] == 0)
        continue;
      out[length++] = (guint8) (map->ids[i] << 4 | (extensions->length[i] - 1));
      memcpy (out + length, extensions->value[i], extensions->length[i]);
      length += extensions->length[i];
    }
  if (length == 4)
    return 0;
  while (length % 4 != 0)
    out[length++] = 0;
  hub_put16 (out, PROFILE_ONE_BYTE);
  hub_put16 (out + 2, (guint16) (length / 4 - 1));
  return length;
}

gsize
hub_rtp_write (const HubRtp *self, const HubRtpExtensionMap *map,
               const HubRtpExtensions *extensions, guint8 *out)
{
  gsize block = write_block (map, extensions, out + HUB_RTP_HEADER_BYTES);

  out[0] = (guint8) (VERSION << 6 | (block > 0 ? 0x10 : 0));
  out[1] = (guint8) ((self->marker ? 0x80 : 0) | self->payload_type);
  hub_put16 (out + 2, self->sequence);
  hub_put32 (out + 4, self->timestamp);
  hub_put32 (out + 8, self->ssrc);
  return HUB_RTP_HEADER_BYTES + block;
}
