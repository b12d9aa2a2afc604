/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads JSON by RFC 8259, within bounds. */
#define KAREZ_INSIDE
#include "karez-json-scan.h"

#include "hub-catalogue.h"

#include <math.h>
#include <string.h>

#define MAX_NUMBER 255 /* characters */
#define CONTAINER_VALUES 4

/* An object or an array that is open. */
typedef struct
{
  gboolean object;
  guint members;    /* begun in an object; in an array, the index of the element */
  gsize name, end;  /* where the member's name stands, without its quotes */
  GHashTable *seen; /* names of an object, decoded; made by the first */
} Level;

typedef struct
{
  const char *text;
  gsize length, at;
  Level open[KAREZ_JSON_MAX_DEPTH];
  guint depth;
  gsize values, max_values;
} Scanner;

static gboolean
is_high (guint unit)
{
  return unit >= 0xd800 && unit < 0xdc00;
}

static gboolean
is_low (guint unit)
{
  return unit >= 0xdc00 && unit < 0xe000;
}

/* The code unit of four hexadecimal digits at @at, or -1. */
static int
unit_at (const Scanner *self, gsize at)
{
  int unit = 0;

  if (self->length - at < 4)
    return -1;
  for (gsize end = at + 4; at < end; at++)
    {
      if (!g_ascii_isxdigit (self->text[at]))
        return -1;
      unit = unit * 16 + g_ascii_xdigit_value (self->text[at]);
    }
  return unit;
}

static char
unescape (char c)
{
  static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
  const char *found = strchr (from, c);

  return found != NULL ? to[found - from] : c;
}

/* A string that was scanned. Returns: (transfer full) */
static char *
decode (const Scanner *self, gsize start, gsize end)
{
  g_autoptr (GString) name = g_string_sized_new (end - start);

  for (gsize at = start; at < end;)
    {
      gunichar unit;

      if (self->text[at] != '\\')
        {
          g_string_append_c (name, self->text[at++]);
          continue;
        }
      if (self->text[at + 1] != 'u')
        {
          g_string_append_c (name, unescape (self->text[at + 1]));
          at += 2;
          continue;
        }
      unit = (gunichar) unit_at (self, at + 2);
      at += 6;
      if (is_high (unit))
        {
          unit = 0x10000 + ((unit - 0xd800) << 10) + ((guint) unit_at (self, at + 2) - 0xdc00);
          at += 6;
        }
      g_string_append_unichar (name, unit);
    }
  return g_string_free (g_steal_pointer (&name), FALSE);
}

/* The RFC 6901 pointer of where the scanner is. A name is told as it is spelled. */
static char *
pointer_here (const Scanner *self)
{
  g_autoptr (GString) pointer = g_string_new (NULL);

  for (guint i = 0; i < self->depth; i++)
    {
      const Level *level = &self->open[i];

      g_string_append_c (pointer, '/');
      if (!level->object)
        {
          g_string_append_printf (pointer, "%u", level->members);
          continue;
        }
      for (gsize at = level->name; at < level->end; at++)
        if (self->text[at] == '~')
          g_string_append (pointer, "~0");
        else if (self->text[at] == '/')
          g_string_append (pointer, "~1");
        else
          g_string_append_c (pointer, self->text[at]);
    }
  return g_string_free (g_steal_pointer (&pointer), FALSE);
}

/* @format takes the line and the column of @at. */
static gboolean
fail_at (const Scanner *self, gsize at, KarezError code, const char *rule, const char *accepted,
         const char *format, GError **error)
{
  gsize line = 1, column = 1;
  g_autofree char *line_text = NULL;
  g_autofree char *column_text = NULL;

  for (gsize i = 0; i < at; i++)
    if (self->text[i] == '\n')
      line++, column = 1;
    else if ((self->text[i] & 0xc0) != 0x80)
      column++;
  line_text = g_strdup_printf ("%" G_GSIZE_FORMAT, line);
  column_text = g_strdup_printf ("%" G_GSIZE_FORMAT, column);
  return karez_error_set (error, code, rule, accepted, format, line_text, column_text);
}

static gboolean
syntax_error (const Scanner *self, const char *accepted, GError **error)
{
  return fail_at (self, self->at, KAREZ_ERROR_INVALID, "json/syntax", accepted,
                  N_ ("The document is not JSON at line %s, column %s"), error);
}

/* As fail_at(), with the pointer of the value or member that is refused. */
static gboolean
refuse (const Scanner *self, gsize at, KarezError code, const char *rule, const char *accepted,
        const char *format, GError **error)
{
  g_autofree char *pointer = pointer_here (self);

  fail_at (self, at, code, rule, accepted, format, error);
  if (error != NULL)
    karez_error_set_pointer (*error, pointer);
  return FALSE;
}

static void
skip_space (Scanner *self)
{
  while (self->at < self->length && strchr (" \t\n\r", self->text[self->at]) != NULL
         && self->text[self->at] != '\0')
    self->at++;
}

/* What stands here, or NUL at the end; a NUL in the text is refused wherever it stands. */
static char
peek (const Scanner *self)
{
  return self->at < self->length ? self->text[self->at] : '\0';
}

/* Reads past \uXXXX, and past the second half of a pair. */
static gboolean
scan_unit (Scanner *self, gboolean name, GError **error)
{
  gsize start = self->at;
  int unit = unit_at (self, start + 2), next;

  if (unit < 0)
    return syntax_error (self, N_ ("four hexadecimal digits after \\u"), error);
  self->at += 6;
  if (is_high ((guint) unit) && self->length - self->at >= 2 && self->text[self->at] == '\\'
      && self->text[self->at + 1] == 'u')
    {
      next = unit_at (self, self->at + 2);
      if (next >= 0 && is_low ((guint) next))
        {
          self->at += 6;
          return TRUE;
        }
    }
  if (unit != 0 && !is_high ((guint) unit) && !is_low ((guint) unit))
    return TRUE;
  if (name)
    self->open[self->depth - 1].end = self->at;
  return refuse (self, start, KAREZ_ERROR_INVALID, "json/text",
                 N_ ("text without U+0000 and without half of a surrogate pair"),
                 N_ ("There is a character that cannot be kept at line %s, column %s"), error);
}

static gboolean
scan_escape (Scanner *self, gboolean name, GError **error)
{
  char c = self->length - self->at > 1 ? self->text[self->at + 1] : '\0';

  if (c == 'u')
    return scan_unit (self, name, error);
  if (c == '\0' || strchr ("\"\\/bfnrt", c) == NULL)
    return syntax_error (self, N_ ("one of \" \\ / b f n r t u after a backslash"), error);
  self->at += 2;
  return TRUE;
}

/* @name: whether it is the name of the innermost object's member */
static gboolean
scan_string (Scanner *self, gboolean name, GError **error)
{
  self->at++;
  if (name)
    self->open[self->depth - 1].name = self->open[self->depth - 1].end = self->at;
  while (peek (self) != '"')
    {
      if (self->at >= self->length)
        return syntax_error (self, N_ ("a quotation mark at the end of a text"), error);
      if ((guchar) self->text[self->at] < 0x20)
        return syntax_error (self, N_ ("control characters in the form \\n or \\u000a"), error);
      if (self->text[self->at] != '\\')
        self->at++;
      else if (!scan_escape (self, name, error))
        return FALSE;
    }
  if (name)
    self->open[self->depth - 1].end = self->at;
  self->at++;
  return TRUE;
}

static gboolean
add_name (Scanner *self, Level *level, GError **error)
{
  g_autofree char *name = decode (self, level->name, level->end);

  if (++level->members > KAREZ_JSON_MAX_MEMBERS)
    return refuse (self, level->name, KAREZ_ERROR_TOO_LARGE, "json/members",
                   N_ ("at most 256 members in an object"),
                   N_ ("An object has too many members at line %s, column %s"), error);
  if (level->seen == NULL)
    level->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!g_hash_table_add (level->seen, g_steal_pointer (&name)))
    return fail_at (self, level->name, KAREZ_ERROR_INVALID, "json/duplicate",
                    N_ ("each member once"),
                    N_ ("A member comes a second time at line %s, column %s"), error);
  return TRUE;
}

/* A member up to its colon. */
static gboolean
scan_name (Scanner *self, GError **error)
{
  skip_space (self);
  if (peek (self) != '"')
    return syntax_error (self, N_ ("the name of a member, between quotation marks"), error);
  if (!scan_string (self, TRUE, error) || !add_name (self, &self->open[self->depth - 1], error))
    return FALSE;
  skip_space (self);
  if (peek (self) != ':')
    return syntax_error (self, N_ ("a colon after the name of a member"), error);
  self->at++;
  return TRUE;
}

static gboolean
scan_digits (Scanner *self, GError **error)
{
  if (!g_ascii_isdigit (peek (self)))
    return syntax_error (self, N_ ("a number such as -12, 0.5 or 1e-3"), error);
  while (g_ascii_isdigit (peek (self)))
    self->at++;
  return TRUE;
}

/* Whether a number is kept as it is: json-glib takes one without fraction and exponent modulo
 * 2^64, and any other as a double. */
static gboolean
is_kept (const char *number)
{
  double value;

  if (strpbrk (number, ".eE") == NULL)
    return g_ascii_string_to_signed (number, 10, G_MININT64, G_MAXINT64, NULL, NULL);
  value = g_ascii_strtod (number, NULL);
  return isfinite (value)
         && (value != 0 || strcspn (number, "123456789") >= strcspn (number, "eE"));
}

static gboolean
scan_number (Scanner *self, GError **error)
{
  gsize start = self->at;
  char number[MAX_NUMBER + 1] = "";

  if (peek (self) == '-')
    self->at++;
  if (peek (self) == '0')
    self->at++;
  else if (!scan_digits (self, error))
    return FALSE;
  if (peek (self) == '.')
    {
      self->at++;
      if (!scan_digits (self, error))
        return FALSE;
    }
  if (peek (self) == 'e' || peek (self) == 'E')
    {
      self->at++;
      if (peek (self) == '+' || peek (self) == '-')
        self->at++;
      if (!scan_digits (self, error))
        return FALSE;
    }
  if (self->at - start <= MAX_NUMBER)
    memcpy (number, self->text + start, self->at - start);
  return (*number != '\0' && is_kept (number))
         || refuse (self, start, KAREZ_ERROR_INVALID, "json/number",
                    N_ ("whole numbers of 64 bits, others of double precision"),
                    N_ ("There is a number that cannot be kept at line %s, column %s"), error);
}

static gboolean
scan_literal (Scanner *self, GError **error)
{
  static const char *const literals[] = { "true", "false", "null" };

  for (guint i = 0; i < G_N_ELEMENTS (literals); i++)
    {
      gsize length = strlen (literals[i]);

      if (self->length - self->at >= length
          && memcmp (self->text + self->at, literals[i], length) == 0)
        {
          self->at += length;
          return TRUE;
        }
    }
  return syntax_error (self, N_ ("a value: an object, array, text, number, true, false or null"),
                       error);
}

static gboolean
count_value (Scanner *self, gsize n, GError **error)
{
  self->values += n;
  return self->values <= self->max_values
         || refuse (self, self->at, KAREZ_ERROR_TOO_LARGE, "json/values",
                    N_ ("fewer objects, arrays and other values in a document"),
                    N_ ("The document has too many values, counted to line %s, column %s"), error);
}

static gboolean
open_level (Scanner *self, GError **error)
{
  gboolean object = peek (self) == '{';

  if (!count_value (self, CONTAINER_VALUES, error))
    return FALSE;
  if (self->depth == KAREZ_JSON_MAX_DEPTH)
    return fail_at (self, self->at, KAREZ_ERROR_TOO_LARGE, "json/depth",
                    N_ ("at most 32 objects and arrays within each other"),
                    N_ ("The document is nested too deeply at line %s, column %s"), error);
  self->open[self->depth++] = (Level){ .object = object };
  self->at++;
  skip_space (self);
  return TRUE;
}

static gboolean
is_closing (const Scanner *self)
{
  return self->depth > 0 && peek (self) == (self->open[self->depth - 1].object ? '}' : ']');
}

static void
close_level (Scanner *self)
{
  g_clear_pointer (&self->open[--self->depth].seen, g_hash_table_unref);
}

/* Up to the end of a text, number or literal, or to the first that the innermost of what was
 * opened holds. */
static gboolean
scan_value (Scanner *self, GError **error)
{
  char c;

  for (;;)
    {
      skip_space (self);
      c = peek (self);
      if (c != '{' && c != '[')
        break;
      if (!open_level (self, error))
        return FALSE;
      if (is_closing (self))
        return TRUE;
      if (c == '{' && !scan_name (self, error))
        return FALSE;
    }
  if (!count_value (self, 1, error))
    return FALSE;
  if (c == '"')
    return scan_string (self, FALSE, error);
  return c == '-' || g_ascii_isdigit (c) ? scan_number (self, error) : scan_literal (self, error);
}

/* What follows a value, up to where the next one begins or to the end. */
static gboolean
scan_separator (Scanner *self, GError **error)
{
  Level *level;

  for (skip_space (self); is_closing (self); skip_space (self))
    {
      close_level (self);
      self->at++;
    }
  if (self->depth == 0)
    return self->at == self->length
           || syntax_error (self, N_ ("one value and nothing after it"), error);
  level = &self->open[self->depth - 1];
  if (peek (self) != ',')
    return syntax_error (self,
                         level->object ? N_ ("a comma or } after a member")
                                       : N_ ("a comma or ] after an element"),
                         error);
  self->at++;
  if (level->object)
    return scan_name (self, error);
  level->members++;
  return TRUE;
}

static gboolean
scan (Scanner *self, GError **error)
{
  const char *invalid;

  /* A NUL is for the scanner to refuse, which reads nothing beyond it. */
  if (!g_utf8_validate_len (self->text, self->length, &invalid) && *invalid != '\0')
    return fail_at (self, (gsize) (invalid - self->text), KAREZ_ERROR_INVALID, "json/utf-8",
                    N_ ("text in UTF-8"),
                    N_ ("The document is not valid UTF-8 at line %s, column %s"), error);
  if (self->length >= 3 && memcmp (self->text, "\xef\xbb\xbf", 3) == 0)
    return syntax_error (self, N_ ("JSON without a byte order mark"), error);
  skip_space (self);
  if (self->at == self->length)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "json/empty", N_ ("JSON after RFC 8259"),
                            N_ ("The document is empty"));
  do
    if (!scan_value (self, error) || !scan_separator (self, error))
      return FALSE;
  while (self->depth > 0);
  return TRUE;
}

gboolean
karez_json_scan (const char *text, gsize length, gsize max_values, GError **error)
{
  Scanner self = { .text = text, .length = length, .max_values = max_values };
  gboolean right = scan (&self, error);

  while (self.depth > 0)
    close_level (&self);
  return right;
}
