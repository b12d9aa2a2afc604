/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RtcClip:
 * Real pictures to send: the frames of an IVF file, the first of which stands alone. See clip.mjs,
 * which makes one.
 */
typedef struct
{
  GPtrArray *frames; /* GBytes */
} RtcClip;

/* NULL with @error set for what is none. */
RtcClip *rtc_clip_read (const char *file, GError **error);
void rtc_clip_free (RtcClip *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RtcClip, rtc_clip_free)

G_END_DECLS
