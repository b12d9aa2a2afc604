/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-vision.h"

G_BEGIN_DECLS

/* What the tracker is held against: Lucas-Kanade from frame to frame, of the points alone. */
void bench_peer_follow (const guint8 *before, const guint8 *now, guint width, guint height,
                        GuidancePoint *points, guint n);

G_END_DECLS
