/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dimensions of pictures, by headers that are whole, cut, damaged and hostile. */
#include "guidance-picture.h"

#include <string.h>

static GByteArray *
make_png (guint width, guint height)
{
  static const guint8 head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
  GByteArray *array = g_byte_array_new ();
  guint32 size[] = { GUINT32_TO_BE (width), GUINT32_TO_BE (height) };
  static const guint8 rest[] = { 8, 2, 0, 0, 0, 1, 2, 3, 4 };

  g_byte_array_append (array, head, sizeof head - 1);
  g_byte_array_append (array, (const guint8 *) size, sizeof size);
  g_byte_array_append (array, rest, sizeof rest);
  return array;
}

static void
add_segment (GByteArray *array, guint8 marker, guint length)
{
  guint8 head[] = { 0xff, marker, (guint8) ((length + 2) >> 8), (guint8) (length + 2) };
  g_autofree guint8 *zeros = g_malloc0 (length);

  g_byte_array_append (array, head, sizeof head);
  g_byte_array_append (array, zeros, length);
}

/* @frame: its marker; @before: bytes of segments before it */
static GByteArray *
make_jpeg (guint8 frame, guint width, guint height, guint before)
{
  GByteArray *array = g_byte_array_new ();
  guint8 bytes[] = { 0xff,
                     0xff,
                     frame,
                     0,
                     17,
                     8,
                     (guint8) (height >> 8),
                     (guint8) height,
                     (guint8) (width >> 8),
                     (guint8) width,
                     3,
                     1,
                     0x22,
                     0,
                     2,
                     0x11,
                     1,
                     3,
                     0x11,
                     1 };

  g_byte_array_append (array, (const guint8 *) "\xff\xd8", 2);
  for (guint left = before; left > 0; left -= MIN (left, 60000))
    add_segment (array, 0xe1, MIN (left, 60000));
  add_segment (array, 0xc4, 20); /* tables may stand before it */
  g_byte_array_append (array, bytes, sizeof bytes);
  return array;
}

static void
assert_size (const char *media_type, GByteArray *picture, guint width, guint height)
{
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (picture);
  guint w = 0, h = 0;
  g_autoptr (GError) error = NULL;

  g_assert_true (guidance_picture_measure (media_type, bytes, &w, &h, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (w, ==, width);
  g_assert_cmpuint (h, ==, height);
}

static void
assert_refused (const char *media_type, GByteArray *picture, const char *rule)
{
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (picture);
  guint w = 0, h = 0;
  g_autoptr (GError) error = NULL;

  g_assert_false (guidance_picture_measure (media_type, bytes, &w, &h, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
  g_assert_nonnull (karez_error_get_accepted (error));
}

static void
test_sizes (void)
{
  assert_size ("image/png", make_png (1, 1), 1, 1);
  assert_size ("image/png", make_png (6000, 4000), 6000, 4000);
  assert_size ("image/jpeg", make_jpeg (0xc0, 4032, 3024, 0), 4032, 3024);
  assert_size ("image/jpeg", make_jpeg (0xc2, 5664, 4248, 300000), 5664, 4248);
  assert_size ("image/jpeg", make_jpeg (0xcf, 65535, 1, 10), 65535, 1);
}

static void
test_large (void)
{
  assert_refused ("image/png", make_png (10000, 5000), "guidance/picture-pixels");
  assert_refused ("image/jpeg", make_jpeg (0xc0, 8660, 5774, 0), "guidance/picture-pixels");
  assert_refused ("image/png", make_png (G_MAXUINT32, G_MAXUINT32), "guidance/picture-pixels");
  assert_refused ("image/png", make_png (65536, 65536), "guidance/picture-pixels");
  assert_refused ("image/jpeg", make_jpeg (0xc0, 65535, 65535, 0), "guidance/picture-pixels");
}

static void
test_none (void)
{
  static const guint8 html[] = "<html>no picture</html>";
  static const guint8 ends[] = { 0xff, 0xd8, 0xff, 0xd9, 0xff, 0xd9 };
  static const guint8 zero_segment[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xc0 };
  static const guint8 short_frame[] = { 0xff, 0xd8, 0xff, 0xc0, 0, 3, 8, 0, 9, 0, 9, 1 };
  static const guint8 scan_first[] = { 0xff, 0xd8, 0xff, 0xda, 0, 3, 8, 0, 9, 0, 9, 1 };
  static const struct
  {
    const guint8 *bytes;
    guint length;
  } wrong[] = { { html, sizeof html },
                { ends, sizeof ends },
                { zero_segment, sizeof zero_segment },
                { short_frame, sizeof short_frame },
                { scan_first, sizeof scan_first } };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    for (guint j = 0; j < 2; j++)
      {
        GByteArray *array = g_byte_array_new ();

        g_byte_array_append (array, wrong[i].bytes, wrong[i].length);
        assert_refused (j == 0 ? "image/png" : "image/jpeg", array, "guidance/picture-type");
      }
  assert_refused ("image/jpeg", make_png (4, 4), "guidance/picture-type");
  assert_refused ("image/png", make_jpeg (0xc0, 4, 4, 0), "guidance/picture-type");
  assert_refused ("image/png", make_png (0, 4), "guidance/picture-type");
  assert_refused ("image/png", make_png (4, 0), "guidance/picture-type");
  assert_refused ("image/jpeg", make_jpeg (0xc0, 4, 0, 0), "guidance/picture-type");
}

/* Cut anywhere, it is none; and nothing is read beyond its end. */
static void
test_cut (void)
{
  for (guint j = 0; j < 2; j++)
    {
      g_autoptr (GByteArray) whole = j == 0 ? make_png (4, 4) : make_jpeg (0xc0, 4, 4, 10);
      guint needed = j == 0 ? 29 : whole->len - 10;

      for (guint length = 0; length < whole->len; length++)
        {
          g_autofree guint8 *copy = g_memdup2 (whole->data, length);
          g_autoptr (GBytes) bytes = g_bytes_new_static (copy, length);
          guint w, h;

          g_assert_cmpint (
              guidance_picture_measure (j == 0 ? "image/png" : "image/jpeg", bytes, &w, &h, NULL),
              ==, length >= needed);
        }
    }
}

/* Changed anywhere, it is refused or has dimensions within the bound. */
static void
test_changed (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < 100000; i++)
    {
      g_autoptr (GByteArray) array = i % 2 == 0 ? make_png (40, 30) : make_jpeg (0xc0, 40, 30, 10);
      g_autoptr (GBytes) bytes = NULL;
      guint w = 0, h = 0;

      for (guint n = (guint) g_rand_int_range (rand, 1, 6); n > 0; n--)
        array->data[g_rand_int_range (rand, 0, (gint32) array->len)] = (guint8) g_rand_int (rand);
      bytes = g_bytes_new (array->data, array->len);
      if (guidance_picture_measure (i % 2 == 0 ? "image/png" : "image/jpeg", bytes, &w, &h, NULL))
        g_assert_true (w > 0 && h > 0 && (guint64) w * h <= GUIDANCE_PICTURE_MAX_PIXELS);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/sizes", test_sizes);
  g_test_add_func ("/picture/large", test_large);
  g_test_add_func ("/picture/none", test_none);
  g_test_add_func ("/picture/cut", test_cut);
  g_test_add_func ("/picture/changed", test_changed);
  return g_test_run ();
}
