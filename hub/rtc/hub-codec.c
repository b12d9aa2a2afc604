/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The codecs that are forwarded, as SDP names them. */
#include "hub-codec.h"

static const struct
{
  const char *name;
  HubMediaKind kind;
  guint clock_rate;
  const char *rtpmap, *fmtp;
} codecs[HUB_N_CODECS] = {
  [HUB_CODEC_OPUS] = { "opus", HUB_MEDIA_AUDIO, 48000, "opus/48000/2",
                       "minptime=10;useinbandfec=1" },
  [HUB_CODEC_VP8] = { "VP8", HUB_MEDIA_VIDEO, 90000, "VP8/90000", NULL },
  [HUB_CODEC_H264] = { "H264", HUB_MEDIA_VIDEO, 90000, "H264/90000",
                       "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" },
};

HubMediaKind
hub_codec_kind (HubCodec codec)
{
  return codecs[codec].kind;
}

guint
hub_codec_clock_rate (HubCodec codec)
{
  return codecs[codec].clock_rate;
}

const char *
hub_codec_name (HubCodec codec)
{
  return codecs[codec].name;
}

const char *
hub_codec_rtpmap (HubCodec codec)
{
  return codecs[codec].rtpmap;
}

const char *
hub_codec_fmtp (HubCodec codec)
{
  return codecs[codec].fmtp;
}
