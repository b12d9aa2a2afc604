/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a packet begins a picture that needs no other one. */
#include "hub-rtc-picture.h"

#define NAL_IDR 5
#define NAL_SPS 7
#define NAL_STAP_A 24
#define NAL_FU_A 28

static gboolean
vp8_begins (const guint8 *payload, gsize length)
{
  gsize offset = 1;

  /* The start of the first partition. */
  if (length < 2 || !(payload[0] & 0x10) || (payload[0] & 0x07) != 0)
    return FALSE;
  if (payload[0] & 0x80)
    {
      guint8 extended = payload[1];

      offset++;
      if (extended & 0x80)
        {
          if (offset >= length)
            return FALSE;
          offset += payload[offset] & 0x80 ? 2 : 1;
        }
      offset += extended & 0x40 ? 1 : 0;
      offset += extended & 0x30 ? 1 : 0;
    }
  return offset < length && !(payload[offset] & 0x01);
}

static gboolean
is_whole_picture (guint8 byte)
{
  return (byte & 0x1f) == NAL_SPS || (byte & 0x1f) == NAL_IDR;
}

static gboolean
h264_begins (const guint8 *payload, gsize length)
{
  if (length < 2)
    return FALSE;
  switch (payload[0] & 0x1f)
    {
    case NAL_STAP_A:
      return length >= 4 && is_whole_picture (payload[3]);
    case NAL_FU_A:
      return (payload[1] & 0x80) && is_whole_picture (payload[1]);
    default:
      return is_whole_picture (payload[0]);
    }
}

gboolean
hub_rtc_picture_begins (HubCodec codec, const guint8 *payload, gsize length)
{
  switch (codec)
    {
    case HUB_CODEC_VP8:
      return vp8_begins (payload, length);
    case HUB_CODEC_H264:
      return h264_begins (payload, length);
    case HUB_CODEC_OPUS:
      return TRUE;
    }
  return FALSE;
}
