/* SPDX-License-Identifier: LGPL-2.1-or-later */
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

/* Nearly any bytes can be read so. What somebody wrote is mostly in the part that GB 2312 has,
 * while the accents of Western and Cyrillic encodings are not. */
static gboolean
is_gb18030_from (const guint8 *bytes, gsize length, gsize from)
{
  gsize pairs = 0, common = 0, i = from;

  while (i < length)
    {
      int n = gb_length (bytes + i, length - i);

      if (n == 0)
        return FALSE;
      if (n < 0)
        break;
      pairs += n == 2;
      common += n == 2 && bytes[i] >= 0xa1 && bytes[i] <= 0xf7 && bytes[i + 1] >= 0xa1;
      i += n;
    }
  return common * 2 >= pairs;
}

static gboolean
is_gb18030 (const guint8 *bytes, gsize length, gboolean begins)
{
  for (gsize from = 0; from <= (begins ? 0 : MIN (length, 3)); from++)
    if (is_gb18030_from (bytes, length, from))
      return TRUE;
  return FALSE;
}

const char *
consult_text_find_charset (const char *data, gsize length, gboolean begins, const char *known)
{
  const guint8 *bytes = (const guint8 *) data;

  if (known == NULL && begins && length >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe)
    known = "utf-16le";
  if (known == NULL && begins && length >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff)
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
  return is_gb18030 (bytes, length, begins) ? "gb18030" : NULL;
}
