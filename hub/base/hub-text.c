/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which characters a text and a name may hold. */
#include "hub-text.h"

typedef struct
{
  gunichar first, last;
} Range;

/* Default_Ignorable_Code_Point of Unicode 15 (DerivedCoreProperties.txt), and the blank pattern of
 * Braille. What GLib's types name by themselves (Cf, Zs) is here where it is not of them. */
static const Range unseen[] = {
  { 0x00ad, 0x00ad },   { 0x034f, 0x034f },   { 0x061c, 0x061c }, { 0x115f, 0x1160 },
  { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },   { 0x200b, 0x200f }, { 0x202a, 0x202e },
  { 0x2060, 0x206f },   { 0x2800, 0x2800 },   { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
  { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },   { 0xfff0, 0xfff8 }, { 0x1bca0, 0x1bca3 },
  { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

static gboolean
is_seen (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SPACE_SEPARATOR:
    /* Marks without the letter that they belong to. */
    case G_UNICODE_NON_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
    case G_UNICODE_SPACING_MARK:
      return FALSE;
    default:
      for (gsize i = 0; i < G_N_ELEMENTS (unseen); i++)
        if (c >= unseen[i].first && c <= unseen[i].last)
          return FALSE;
      return TRUE;
    }
}

static gboolean
is_control (gunichar c)
{
  gboolean layout = c == '\t' || c == '\n' || c == '\r';
  gboolean no_character = (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;

  return no_character || (!layout && g_unichar_type (c) == G_UNICODE_CONTROL);
}

/* U+206A to U+206F are their deprecated relatives. */
static gboolean
is_direction (gunichar c)
{
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x206f);
}

static gboolean
is_break (gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

static HubTextFault
check (const char *text, gsize length, gboolean name, gsize *position, gunichar *character)
{
  const char *end;
  gboolean valid = g_utf8_validate_len (text, length, &end), seen = FALSE;
  HubTextFault fault = HUB_TEXT_RIGHT;
  gunichar c = 0;
  gsize n = 0;

  for (const char *at = text; fault == HUB_TEXT_RIGHT && at < end; at = g_utf8_next_char (at))
    {
      c = g_utf8_get_char (at);
      n++;
      seen = seen || is_seen (c);
      if (is_control (c))
        fault = HUB_TEXT_CONTROL;
      else if (name && is_break (c))
        fault = HUB_TEXT_LINE;
      else if (name && is_direction (c))
        fault = HUB_TEXT_DIRECTION;
    }
  if (fault == HUB_TEXT_RIGHT)
    {
      c = 0;
      n++;
      if (!valid)
        fault = HUB_TEXT_UTF8;
      else if (name && !seen)
        fault = HUB_TEXT_BLANK;
    }
  if (position != NULL)
    *position = n;
  if (character != NULL)
    *character = c;
  return fault;
}

HubTextFault
hub_text_check (const char *text, gsize length, gsize *position, gunichar *character)
{
  return check (text, length, FALSE, position, character);
}

HubTextFault
hub_text_check_name (const char *text, gsize length, gsize *position, gunichar *character)
{
  return check (text, length, TRUE, position, character);
}

gboolean
hub_text_is_blank (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (is_seen (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
}
