/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* A picture's bytes, and its dots: cameras “of 24 megapixels” have up to a twentieth more. */
#define GUIDANCE_PICTURE_MAX_BYTES (12 * 1024 * 1024)
#define GUIDANCE_PICTURE_MAX_PIXELS (24 * 1024 * 1024)
#define GUIDANCE_PICTURE_TYPES "image/jpeg|image/png"

/**
 * guidance_picture_measure:
 * @media_type: one of %GUIDANCE_PICTURE_TYPES
 * @bytes: its beginning: the first part
 * @width, @height: (out): in dots
 *
 * Reads the dimensions from the header of a JPEG (ITU-T T.81, B.2: its frame header) or a PNG (RFC
 * 2083, 4.1.1), and nothing of what follows it. %KAREZ_ERROR_INVALID, "guidance/picture-type": it
 * is none, or its header is damaged or not within @bytes; %KAREZ_ERROR_TOO_LARGE,
 * "guidance/picture-pixels": it has more than %GUIDANCE_PICTURE_MAX_PIXELS.
 */
gboolean guidance_picture_measure (const char *media_type, GBytes *bytes, guint *width,
                                   guint *height, GError **error);
/* "jpg|jpeg", "png" */
const char *guidance_picture_endings (const char *media_type);

G_END_DECLS
