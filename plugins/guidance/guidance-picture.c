/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large a picture is, by its header. */
#include "guidance-picture.h"

#include <glib/gi18n.h>

#include <string.h>

#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"

static guint
read_16 (const guint8 *bytes)
{
  return (guint) (bytes[0] << 8 | bytes[1]);
}

static guint
read_32 (const guint8 *bytes)
{
  return read_16 (bytes) << 16 | read_16 (bytes + 2);
}

static gboolean
measure_png (const guint8 *bytes, gsize length, guint *width, guint *height)
{
  const gsize head = sizeof PNG_HEAD - 1;

  if (length < head + 13 || memcmp (bytes, PNG_HEAD, head) != 0)
    return FALSE;
  *width = read_32 (bytes + head);
  *height = read_32 (bytes + head + 4);
  return TRUE;
}

/* A frame header: of any process but those that are no frame (DHT, JPG, DAC). */
static gboolean
is_frame (guint8 marker)
{
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Markers without a segment: TEM, RST, SOI; the scan's data and the end come after the frame. */
static gboolean
is_wrong_here (guint8 marker)
{
  return marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xda);
}

static gboolean
measure_jpeg (const guint8 *bytes, gsize length, guint *width, guint *height)
{
  gsize at = 2;

  if (length < 4 || memcmp (bytes, "\xff\xd8\xff", 3) != 0)
    return FALSE;
  while (at + 4 <= length && bytes[at] == 0xff)
    {
      guint8 marker = bytes[at + 1];
      guint size;

      if (marker == 0xff) /* a fill byte */
        {
          at++;
          continue;
        }
      size = read_16 (bytes + at + 2);
      if (is_wrong_here (marker) || size < 2)
        return FALSE;
      if (is_frame (marker))
        {
          if (size < 8 || at + 9 > length)
            return FALSE;
          *height = read_16 (bytes + at + 5);
          *width = read_16 (bytes + at + 7);
          return TRUE;
        }
      at += 2 + (gsize) size;
    }
  return FALSE;
}

gboolean
guidance_picture_measure (const char *media_type, GBytes *bytes, guint *width, guint *height,
                          GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  gboolean known = g_str_equal (media_type, "image/png")
                       ? measure_png (data, length, width, height)
                       : measure_jpeg (data, length, width, height);

  if (!known || *width == 0 || *height == 0)
    return karez_error_set (
        error, KAREZ_ERROR_INVALID, "guidance/picture-type", GUIDANCE_PICTURE_TYPES,
        N_ ("The picture is not what it says it is (%s), or is damaged"), media_type);
  if ((guint64) *width * *height > GUIDANCE_PICTURE_MAX_PIXELS)
    {
      g_autofree char *size = g_strdup_printf ("%u × %u", *width, *height);

      return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "guidance/picture-pixels",
                              N_ ("a picture of at most 24 megapixels"),
                              N_ ("The picture has too many dots: %s"), size);
    }
  return TRUE;
}

const char *
guidance_picture_endings (const char *media_type)
{
  return g_str_equal (media_type, "image/png") ? "png" : "jpg|jpeg";
}
