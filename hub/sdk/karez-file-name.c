/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of files: what is shown, and under which name a browser saves. */
#define KAREZ_INSIDE
#include "karez-file-name.h"

#include "hub-catalogue.h"

#include <string.h>

#define MAX_BYTES 240
#define ZERO_WIDTH_NON_JOINER 0x200c
#define ZERO_WIDTH_JOINER 0x200d

/* Takes no place, or is none of Unicode's characters; joiners are not among them. */
static gboolean
is_hidden (gunichar c)
{
  static const gunichar fillers[] = { 0x034f, 0x115f, 0x1160, 0x2800, 0x3164, 0xffa0 };

  if (c == ZERO_WIDTH_NON_JOINER || c == ZERO_WIDTH_JOINER)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (fillers); i++)
    if (c == fillers[i])
      return TRUE;
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
      return TRUE;
    default:
      return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
    }
}

static gboolean
is_visible (gunichar c)
{
  return g_unichar_isgraph (c) && !g_unichar_ismark (c) && !is_hidden (c)
         && c != ZERO_WIDTH_NON_JOINER && c != ZERO_WIDTH_JOINER;
}

gboolean
karez_file_name_check (const char *name, GError **error)
{
  gboolean seen = FALSE, hidden = FALSE;

  g_return_val_if_fail (name != NULL, FALSE);

  if (g_utf8_validate (name, -1, NULL))
    for (const char *c = name; *c != '\0'; c = g_utf8_next_char (c))
      {
        seen |= is_visible (g_utf8_get_char (c));
        hidden |= is_hidden (g_utf8_get_char (c));
      }
  if (seen && !hidden)
    return TRUE;
  return karez_error_set (
      error, KAREZ_ERROR_INVALID, "file/name", N_ ("one line of characters that can be seen"),
      hidden ? N_ ("The file's name holds a line break or a character that cannot "
                   "be seen: rename the file")
             : N_ ("The file's name holds nothing that can be seen: rename the "
                   "file"));
}

static void
append_clean (GString *clean, gunichar c)
{
  if (g_unichar_isspace (c) && is_hidden (c))
    g_string_append_c (clean, ' ');
  else if (c < 0x80 && strchr ("/\\:*?\"<>|", c) != NULL && c != 0)
    g_string_append_c (clean, '_');
  else if (!is_hidden (c))
    g_string_append_unichar (clean, c);
}

/* Where @text begins and ends without dots and blanks around it. */
static void
trim (const char **begin, const char **end)
{
  while (*begin < *end && (**begin == '.' || !is_visible (g_utf8_get_char (*begin))))
    *begin = g_utf8_next_char (*begin);
  while (*begin < *end)
    {
      const char *last = g_utf8_prev_char (*end);

      if (*last != '.' && !g_unichar_isspace (g_utf8_get_char (last)))
        break;
      *end = last;
    }
}

static char *
trimmed (const char *text, gsize length)
{
  const char *begin = text, *end = text + length;

  trim (&begin, &end);
  return g_strndup (begin, end - begin);
}

/* Where the ending begins, at its dot, if it is one of @endings; else the end. */
static const char *
find_ending (const char *name, const char *endings)
{
  const char *dot = strrchr (name, '.');
  g_auto (GStrv) list = g_strsplit (endings, "|", -1);

  for (guint i = 0; dot != NULL && list[i] != NULL; i++)
    if (g_ascii_strcasecmp (dot + 1, list[i]) == 0)
      return dot;
  return name + strlen (name);
}

/* What Windows takes for a device, whatever follows the first dot. */
static gboolean
is_device (const char *name)
{
  static const char *const devices[] = { "con", "prn", "aux", "nul", "conin$", "conout$" };
  gsize length = strcspn (name, ".");
  g_autofree char *base = g_ascii_strdown (name, length);
  const char *rest = base + 3;

  g_strchomp (base);
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    if (g_str_equal (base, devices[i]))
      return TRUE;
  if (!g_str_has_prefix (base, "com") && !g_str_has_prefix (base, "lpt"))
    return FALSE;
  return (g_ascii_isdigit (*rest) && rest[1] == '\0') || g_str_equal (rest, "\302\271")
         || g_str_equal (rest, "\302\262") || g_str_equal (rest, "\302\263");
}

char *
karez_file_name_save (const char *name, const char *endings)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autoptr (GString) clean = g_string_new (NULL);
  g_autofree char *normal = NULL;
  g_autofree char *all = NULL;
  g_autofree char *usual = NULL;
  g_autofree char *ending = NULL;
  g_autofree char *stem = NULL;
  const char *at;
  gsize room;

  g_return_val_if_fail (name != NULL, NULL);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    append_clean (clean, g_utf8_get_char (c));
  normal = g_utf8_normalize (clean->str, clean->len, G_NORMALIZE_NFC);
  all = trimmed (normal, strlen (normal));
  at = find_ending (all, endings);
  usual = g_strdup_printf (".%.*s", (int) strcspn (endings, "|"), endings);
  ending = g_strdup (*at != '\0' ? at : usual);
  if (is_device (all))
    {
      g_autofree char *device = g_steal_pointer (&all);

      all = g_strconcat ("_", device, NULL);
      at = find_ending (all, endings);
    }
  room = MAX_BYTES - strlen (ending);
  if ((gsize) (at - all) > room)
    for (at = all + room; (*at & 0xc0) == 0x80; at--)
      ;
  stem = trimmed (all, at - all);
  return g_strconcat (*stem != '\0' ? stem : "file", ending, NULL);
}

char *
karez_file_name_disposition (const char *name, gboolean shown)
{
  g_return_val_if_fail (name != NULL, NULL);

  g_autoptr (GString) plain = g_string_new (NULL);
  g_autofree char *escaped = g_uri_escape_string (name, "!#$&+^`|", FALSE);
  const char *dot = strrchr (name, '.');
  gboolean readable = FALSE;

  /* A percent sign is decoded by some, a semicolon ends it for others. */
  for (const char *c = name; *c != '\0'; c++)
    {
      if ((*c & 0xc0) == 0x80)
        continue;
      g_string_append_c (plain, g_ascii_isprint (*c) && strchr ("\"\\%;", *c) == NULL ? *c : '_');
      readable |= g_ascii_isalnum (*c) && (dot == NULL || c < dot);
    }
  if (!readable)
    {
      const char *last = strrchr (plain->str, '.');
      g_autofree char *ending = g_strdup (last != NULL ? last : "");

      g_string_printf (plain, "file%s", ending);
    }
  return g_strdup_printf ("%s; filename=\"%s\"; filename*=UTF-8''%s",
                          shown ? "inline" : "attachment", plain->str, escaped);
}
