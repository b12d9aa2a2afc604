/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-clip.h"

G_BEGIN_DECLS

/* The side of a scene in pixels of a frame; it goes on at the other side. */
#define GUIDANCE_CLIP_SCENE 1024

/* Returns: (transfer full): its rows. @repeat: the same spots over and over */
guint8 *guidance_clip_scene (GRand *rand, gboolean repeat);

/* Frames of 640×360 through an encoder and a decoder, each made half as large.
 * Returns: (transfer full) (nullable): GUIDANCE_CLIP_FRAMES frames */
typedef void (*GuidanceClipDraw) (gpointer data, guint n, guint8 *grey);
guint8 *guidance_clip_code (GuidanceClipKind kind, GuidanceClipDraw draw, gpointer data);

G_END_DECLS
