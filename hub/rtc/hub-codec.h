/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  HUB_MEDIA_AUDIO,
  HUB_MEDIA_VIDEO,
  HUB_MEDIA_DATA, /* data channels, of which there is no track */
} HubMediaKind;

/* What is forwarded: RFC 7587, RFC 7741, RFC 6184 (constrained baseline, packetization mode 1). */
typedef enum
{
  HUB_CODEC_OPUS,
  HUB_CODEC_VP8,
  HUB_CODEC_H264,
} HubCodec;
#define HUB_N_CODECS 3u

HubMediaKind hub_codec_kind (HubCodec codec);
guint hub_codec_clock_rate (HubCodec codec);
/* "opus", "VP8", "H264". */
const char *hub_codec_name (HubCodec codec);
/* As a=rtpmap says it: "opus/48000/2". */
const char *hub_codec_rtpmap (HubCodec codec);
/* As a=fmtp says what we send and take; NULL for nothing. */
const char *hub_codec_fmtp (HubCodec codec);

G_END_DECLS
