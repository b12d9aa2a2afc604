/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames through an encoder and a decoder of GStreamer. */
#include "guidance-clip-private.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#define WIDE (2 * GUIDANCE_CLIP_WIDTH)
#define HIGH (2 * GUIDANCE_CLIP_HEIGHT)

static const char head[] = "appsrc name=from format=time "
                           "caps=video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! ";
static const char tail[] = " ! videoconvert n-threads=1 ! video/x-raw,format=I420 "
                           "! appsink name=to sync=false max-buffers=8";

/* One decoded frame, each four pixels as one. */
static gboolean
take (GstElement *sink, guint8 *frame)
{
  g_autoptr (GstSample)
      sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink), 10 * GST_SECOND);
  GstVideoInfo info;
  GstVideoFrame map;

  if (sample == NULL || !gst_video_info_from_caps (&info, gst_sample_get_caps (sample))
      || GST_VIDEO_INFO_WIDTH (&info) != WIDE || GST_VIDEO_INFO_HEIGHT (&info) != HIGH
      || !gst_video_frame_map (&map, &info, gst_sample_get_buffer (sample), GST_MAP_READ))
    return FALSE;
  const guint8 *grey = GST_VIDEO_FRAME_PLANE_DATA (&map, 0);
  int stride = GST_VIDEO_FRAME_PLANE_STRIDE (&map, 0);
  for (int y = 0; y < GUIDANCE_CLIP_HEIGHT; y++)
    for (int x = 0; x < GUIDANCE_CLIP_WIDTH; x++)
      {
        const guint8 *a = grey + 2 * y * stride + 2 * x, *b = a + stride;
        frame[y * GUIDANCE_CLIP_WIDTH + x] = (guint8) ((a[0] + a[1] + b[0] + b[1] + 2) / 4);
      }
  gst_video_frame_unmap (&map);
  return TRUE;
}

static gboolean
give (GstElement *source, guint n, GuidanceClipDraw draw, gpointer data)
{
  g_autofree guint8 *frame = g_malloc (WIDE * HIGH * 3 / 2);
  GstBuffer *buffer;

  draw (data, n, frame);
  for (guint i = WIDE * HIGH; i < WIDE * HIGH * 3 / 2; i++)
    frame[i] = 128;
  buffer = gst_buffer_new_wrapped (g_steal_pointer (&frame), WIDE * HIGH * 3 / 2);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (n, GST_SECOND, GUIDANCE_CLIP_RATE);
  GST_BUFFER_DURATION (buffer) = GST_SECOND / GUIDANCE_CLIP_RATE;
  return gst_app_src_push_buffer (GST_APP_SRC (source), buffer) == GST_FLOW_OK;
}

/* Both codecs give a frame for each, in order; a live encoder may only be one behind. */
static gboolean
run (GstElement *source, GstElement *sink, GuidanceClipDraw draw, gpointer data, guint8 *frames)
{
  const gsize size = GUIDANCE_CLIP_WIDTH * GUIDANCE_CLIP_HEIGHT;

  for (guint n = 0; n < GUIDANCE_CLIP_FRAMES; n++)
    {
      if (!give (source, n, draw, data))
        return FALSE;
      if (n >= 4 && !take (sink, frames + (n - 4) * size))
        return FALSE;
    }
  gst_app_src_end_of_stream (GST_APP_SRC (source));
  for (guint n = GUIDANCE_CLIP_FRAMES - 4; n < GUIDANCE_CLIP_FRAMES; n++)
    if (!take (sink, frames + n * size))
      return FALSE;
  return TRUE;
}

guint8 *
guidance_clip_code (GuidanceClipKind kind, GuidanceClipDraw draw, gpointer data)
{
  const char *codec =
      kind == GUIDANCE_CLIP_VP8
          ? "vp8enc deadline=1 cpu-used=8 threads=1 end-usage=cbr target-bitrate=300000 "
            "keyframe-max-dist=90 ! vp8dec"
          : "x264enc tune=zerolatency speed-preset=ultrafast threads=1 bitrate=300 key-int-max=90 "
            "vbv-buf-capacity=120 ! video/x-h264,profile=constrained-baseline ! avdec_h264 "
            "max-threads=1";
  g_autofree char *text = g_strconcat (head, codec, tail, NULL);
  g_autofree guint8 *frames = g_malloc ((gsize) GUIDANCE_CLIP_FRAMES * GUIDANCE_CLIP_WIDTH
                                        * GUIDANCE_CLIP_HEIGHT);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL, source = NULL, sink = NULL;

  if (!gst_init_check (NULL, NULL, NULL))
    return NULL;
  pipeline = gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (pipeline == NULL)
    return NULL;
  source = gst_bin_get_by_name (GST_BIN (pipeline), "from");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "to");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gboolean done = run (source, sink, draw, data, frames);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return done ? g_steal_pointer (&frames) : NULL;
}
