/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real pictures to send, of an IVF file. */
#include "rtc-clip.h"

#include <gio/gio.h>
#include <string.h>

/* A head of 32 bytes that begins with this, then for each frame its length in 4 bytes, its time in
 * 8, and itself; little endian. */
#define SIGNATURE "DKIF"
#define HEAD_BYTES 32u
#define FRAME_HEAD_BYTES 12u

static guint32
read_length (const guint8 *at)
{
  guint32 length;

  memcpy (&length, at, sizeof length);
  return GUINT32_FROM_LE (length);
}

/* Whether all of it was frames. */
static gboolean
read_frames (RtcClip *self, const guint8 *at, gsize left)
{
  while (left >= FRAME_HEAD_BYTES)
    {
      guint32 length = read_length (at);

      if (length == 0 || length > left - FRAME_HEAD_BYTES)
        return FALSE;
      g_ptr_array_add (self->frames, g_bytes_new (at + FRAME_HEAD_BYTES, length));
      at += FRAME_HEAD_BYTES + length;
      left -= FRAME_HEAD_BYTES + length;
    }
  return left == 0 && self->frames->len > 0;
}

RtcClip *
rtc_clip_read (const char *file, GError **error)
{
  g_autoptr (RtcClip) self = g_new0 (RtcClip, 1);
  g_autofree char *bytes = NULL;
  gsize length;

  self->frames = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  if (!g_file_get_contents (file, &bytes, &length, error))
    return NULL;
  if (length < HEAD_BYTES || memcmp (bytes, SIGNATURE, strlen (SIGNATURE)) != 0
      || !read_frames (self, (const guint8 *) bytes + HEAD_BYTES, length - HEAD_BYTES))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is no IVF file", file);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
rtc_clip_free (RtcClip *self)
{
  g_ptr_array_unref (self->frames);
  g_free (self);
}
