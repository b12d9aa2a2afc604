/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-vision.h"

G_BEGIN_DECLS

/* Pictures with a motion that is known, for tests and measurements: a scene of noise, blobs and
 * vessels, seen by a moving camera. The same kind and seed give the same frames (but for those of a
 * codec, which are as its version makes them). One thread at a time. */
typedef struct _GuidanceClip GuidanceClip;

typedef enum
{
  GUIDANCE_CLIP_PAN,
  GUIDANCE_CLIP_ZOOM,
  GUIDANCE_CLIP_ROLL,
  GUIDANCE_CLIP_SHAKE,
  GUIDANCE_CLIP_PERSPECTIVE,
  GUIDANCE_CLIP_PARALLAX,
  GUIDANCE_CLIP_HAND,
  GUIDANCE_CLIP_TOOL,
  GUIDANCE_CLIP_COVER,
  GUIDANCE_CLIP_LEAVE,
  GUIDANCE_CLIP_CUT,
  GUIDANCE_CLIP_LIGHT,
  GUIDANCE_CLIP_LOW_LIGHT,
  GUIDANCE_CLIP_FLICKER,
  GUIDANCE_CLIP_DEFORM,
  GUIDANCE_CLIP_BLUR,
  GUIDANCE_CLIP_REPEAT,
  GUIDANCE_CLIP_MIX,
  GUIDANCE_CLIP_H264,
  GUIDANCE_CLIP_VP8,
  GUIDANCE_CLIP_KINDS
} GuidanceClipKind;

#define GUIDANCE_CLIP_WIDTH 320
#define GUIDANCE_CLIP_HEIGHT 180
#define GUIDANCE_CLIP_FRAMES 270
#define GUIDANCE_CLIP_RATE 30

const char *guidance_clip_get_name (GuidanceClipKind kind);

/* Those of a codec are encoded at 640×360 and 300 kbit/s, decoded and made smaller at once, which
 * takes seconds. Returns: (transfer full) (nullable): NULL where GStreamer has no such codec */
GuidanceClip *guidance_clip_new (GuidanceClipKind kind, guint32 seed);
void guidance_clip_free (GuidanceClip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GuidanceClip, guidance_clip_free)

/* Returns: (transfer none): rows of GUIDANCE_CLIP_WIDTH bytes; until the next call */
const guint8 *guidance_clip_get_frame (GuidanceClip *self, guint n);
/* Microseconds. */
gint64 guidance_clip_get_time (GuidanceClip *self, guint n);
/* Where on frame @n is what was at @at on frame @drawn. It is set to no number where there is no
 * such place, as after a cut. Returns: whether it is to be seen there */
gboolean guidance_clip_find (GuidanceClip *self, guint drawn, const GuidancePoint *at, guint n,
                             GuidancePoint *now);

G_END_DECLS
