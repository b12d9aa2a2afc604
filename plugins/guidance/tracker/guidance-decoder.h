/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * GuidanceFrame:
 * @grey: @height rows of @width bytes, @stride bytes apart; until the signal's handler returns
 * @rtp_time: as its sender counts, 1/90000 s
 * @time: the same since the stream began, in microseconds; it only goes forward
 * @capture: when it was taken, by its sender's clock: NTP in microseconds; 0 while that is not
 * known
 * @anew: whether it is the first one of another stream
 * @newest: whether none that is newer is here already
 */
typedef struct
{
  const guint8 *grey;
  guint width, height;
  gsize stride;
  guint32 rtp_time;
  gint64 time, capture;
  gboolean anew, newest;
} GuidanceFrame;

#define GUIDANCE_TYPE_DECODER (guidance_decoder_get_type ())
/**
 * GuidanceDecoder:
 * Grey frames of what comes out of a tap (karez_media_tap()). In a session's program, main thread;
 * the decoding itself is in threads of GStreamer's.
 *
 * Signals: "frame" (const GuidanceFrame *): each in order, unless more than ten wait. "closed": the
 * tap has ended.
 */
G_DECLARE_FINAL_TYPE (GuidanceDecoder, guidance_decoder, GUIDANCE, DECODER, GObject)

/* Before anything else, once: GStreamer, with the elements that are needed and no registry.
 * %G_IO_ERROR. */
gboolean guidance_decoder_open_library (GError **error);
/* @tap: (transfer full): a descriptor */
GuidanceDecoder *guidance_decoder_new (int tap);
/* The time of the frame that was taken at @capture. FALSE while nothing is known of that clock. */
gboolean guidance_decoder_find_time (GuidanceDecoder *self, gint64 capture, gint64 *time);

G_END_DECLS
