/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The encoding of a text file, where it can only be one. */
#include "consult-text.h"

#include <string.h>

/* DOS ended a file by 0x1a. */
static gboolean
is_forbidden (guint c)
{
  return c < 0x20 && (c == 0 || strchr ("\t\n\v\f\r\x1a", (int) c) == NULL);
}

static gboolean
has_forbidden (const guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (is_forbidden (bytes[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_ascii (const guint8 *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (bytes[i] >= 0x80)
      return FALSE;
  return TRUE;
}

static gboolean
is_utf8 (const guint8 *bytes, gsize length, gboolean begins)
{
  const char *end;
  gsize skip = 0, rest;

  while (!begins && skip < MIN (length, 3) && (bytes[skip] & 0xc0) == 0x80)
    skip++;
  if (g_utf8_validate_len ((const char *) bytes + skip, length - skip, &end))
    return TRUE;
  rest = (const char *) bytes + length - end;
  return rest < 4 && g_utf8_get_char_validated (end, rest) == (gunichar) -2;
}

/* Surrogates come in pairs, but for a half at an edge of the part. */
static gboolean
is_utf16 (const guint8 *bytes, gsize length, gboolean little)
{
  gboolean high = FALSE;

  if (length % 2 != 0)
    return FALSE;
  for (gsize i = 0; i < length; i += 2)
    {
      guint unit = bytes[i + (little ? 1 : 0)] << 8 | bytes[i + (little ? 0 : 1)];
      gboolean low = unit >= 0xdc00 && unit <= 0xdfff;

      if (is_forbidden (unit) || unit >= 0xfffe || (i > 0 && low != high))
        return FALSE;
      high = unit >= 0xd800 && unit <= 0xdbff;
    }
  return TRUE;
}

/* How many bytes the character at @bytes has by GB 18030's form; 0 if it has none, -1 if it is cut.
 */
static int
gb_length (const guint8 *bytes, gsize length)
{
  if (bytes[0] < 0x80)
    return 1;
  if (bytes[0] == 0x80 || bytes[0] == 0xff)
    return 0;
  if (length < 2)
    return -1;
  if ((bytes[1] >= 0x40 && bytes[1] <= 0x7e) || (bytes[1] >= 0x80 && bytes[1] <= 0xfe))
    return 2;
  if (bytes[1] < 0x30 || bytes[1] > 0x39)
    return 0;
  if (length < 4)
    return -1;
  return bytes[2] >= 0x81 && bytes[2] <= 0xfe && bytes[3] >= 0x30 && bytes[3] <= 0x39 ? 4 : 0;
}

/* What characters of two bytes there are, by where GB 2312 has them. */
typedef struct
{
  gsize pairs, signs, letters; /* of all: signs and Greek, and letters */
  gsize common, late;          /* of the letters: of its first level, and those after C8 */
  gboolean undefined;          /* one where it has none */
} GbCount;

static void
count_pair (GbCount *self, guint8 first, guint8 second)
{
  gboolean inside = second >= 0xa1;

  self->pairs++;
  self->signs += inside && ((first >= 0xa1 && first <= 0xa3) || first == 0xa6);
  self->letters += inside && first >= 0xb0 && first <= 0xf7;
  self->common += inside && first >= 0xb0 && first <= 0xd7;
  self->late += inside && first > 0xc8 && first <= 0xd7;
  self->undefined = self->undefined
                    || (inside && ((first >= 0xaa && first <= 0xaf) || first >= 0xf8));
}

static gboolean
count_gb18030 (const guint8 *bytes, gsize length, gsize from, GbCount *count)
{
  int n = 0;

  for (gsize i = from; i < length && n >= 0; i += n)
    {
      n = gb_length (bytes + i, length - i);
      if (n == 0)
        return FALSE;
      if (n == 2)
        count_pair (count, bytes[i], bytes[i + 1]);
    }
  return TRUE;
}

/* Nearly any bytes can be read so, and would show other words. Of Chinese texts in GB 2312's part
 * of it nearly all characters are signs and its 3,755 common letters; of texts in Big5 hardly four
 * in a row are. Korean texts in EUC have no letters after C8, and Japanese ones have kana. */
static gboolean
is_surely_gb18030 (const guint8 *bytes, gsize length)
{
  GbCount count = { 0 };

  return count_gb18030 (bytes, length, 0, &count) && !count.undefined
         && (count.signs + count.letters) * 20 >= count.pairs * 19
         && count.common * 4 >= (count.pairs - count.signs) * 3 && count.common >= 4
         && count.late > 0;
}

/* A part of what began so. */
static gboolean
is_gb18030 (const guint8 *bytes, gsize length, gboolean begins)
{
  for (gsize from = 0; from <= (begins ? 0 : MIN (length, 3)); from++)
    {
      GbCount count = { 0 };

      if (count_gb18030 (bytes, length, from, &count)
          && (count.signs + count.letters) * 2 >= count.pairs)
        return TRUE;
    }
  return FALSE;
}

/* Of the writing that people here use. */
static gboolean
is_usual (guint unit)
{
  static const guint ranges[][2] = {
    { 0x20, 0x17f },    { 0x391, 0x3c9 },   { 0x400, 0x45f },   { 0x600, 0x6ff },
    { 0x2010, 0x203a }, { 0x2100, 0x22ff }, { 0x3000, 0x301f }, { 0x4e00, 0x9fff },
    { 0xfb50, 0xfdff }, { 0xfe70, 0xfefc }, { 0xff00, 0xffef },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ranges); i++)
    if (unit >= ranges[i][0] && unit <= ranges[i][1])
      return TRUE;
  return unit == '\t' || unit == '\n' || unit == '\r';
}

/* Without its mark the ends of lines tell the order of bytes: U+0A00 is no character. What has no
 * line could be read both ways. */
static gboolean
is_surely_utf16 (const guint8 *bytes, gsize length, gboolean little)
{
  gsize usual = 0, lines = 0;

  if (!is_utf16 (bytes, length, little))
    return FALSE;
  for (gsize i = 0; i < length; i += 2)
    {
      guint unit = bytes[i + (little ? 1 : 0)] << 8 | bytes[i + (little ? 0 : 1)];

      if ((unit < 0xd800 || unit > 0xdfff) && !g_unichar_isdefined (unit))
        return FALSE;
      usual += is_usual (unit);
      lines += unit == '\n';
    }
  return lines > 0 && usual * 20 >= length / 2 * 19;
}

const char *
consult_text_find_charset (const char *data, gsize length, gboolean begins, const char *known)
{
  const guint8 *bytes = (const guint8 *) data;

  if (known == NULL && begins && length >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe)
    known = "utf-16le";
  if (known == NULL && begins && length >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff)
    known = "utf-16be";
  if (known == NULL && begins && is_surely_utf16 (bytes, length, TRUE))
    known = "utf-16le";
  if (known == NULL && begins && is_surely_utf16 (bytes, length, FALSE))
    known = "utf-16be";
  if (g_strcmp0 (known, "utf-16le") == 0)
    return is_utf16 (bytes, length, TRUE) ? "utf-16le" : NULL;
  if (g_strcmp0 (known, "utf-16be") == 0)
    return is_utf16 (bytes, length, FALSE) ? "utf-16be" : NULL;
  if (has_forbidden (bytes, length))
    return NULL;
  if (g_strcmp0 (known, "gb18030") == 0)
    return is_gb18030 (bytes, length, begins) ? "gb18030" : NULL;
  if (g_strcmp0 (known, "utf-8") == 0)
    return is_utf8 (bytes, length, begins) ? "utf-8" : NULL;
  if (is_ascii (bytes, length))
    return "us-ascii";
  if (is_utf8 (bytes, length, begins))
    return "utf-8";
  return is_surely_gb18030 (bytes, length) ? "gb18030" : NULL;
}
