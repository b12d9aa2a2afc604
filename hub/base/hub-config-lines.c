/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of a key file with their numbers, which GKeyFile forgets. */
#include "hub-config-lines.h"

#include <glib/gi18n.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static void
line_free (gpointer data)
{
  HubConfigLine *self = data;

  g_free (self->group);
  g_free (self->key);
  g_free (self->value);
  g_free (self);
}

static void
refuse (HubConfigLine *line, const char *fault, const char *accepted)
{
  line->fault = fault;
  line->accepted = accepted;
}

/* "[Web]": what stands after the bracket must be blank, as GKeyFile has it. */
static void
read_group (HubConfigLine *line, const char *text, char **group)
{
  const char *end = strchr (text, ']');

  if (end == NULL || end == text + 1 || text[1] == '[' || *(end + 1 + strspn (end + 1, " \t")))
    {
      refuse (line, N_ ("this line begins a group and does not end it"),
              N_ ("[GROUP] on a line of its own"));
      /* Nobody knows whose the keys below it are. */
      g_free (*group);
      *group = g_strdup ("");
      return;
    }
  g_free (*group);
  *group = g_strndup (text + 1, end - text - 1);
  line->group = g_strdup (*group);
}

static void
read_pair (HubConfigLine *line, const char *text, const char *group)
{
  const char *equals = strchr (text, '=');

  line->group = g_strdup (group);
  if (equals != NULL)
    {
      line->key = g_strchomp (g_strndup (text, equals - text));
      line->value = g_strdup (equals + 1 + strspn (equals + 1, " \t"));
    }
  if (equals == NULL || *line->key == '\0')
    {
      g_clear_pointer (&line->key, g_free);
      refuse (line, N_ ("this line is neither a group nor a key with a value"),
              N_ ("[GROUP], KEY=VALUE, or # and a comment"));
    }
  else if (group == NULL)
    refuse (line, N_ ("this key stands before the first group"),
            N_ ("[GROUP] on a line before it"));
}

static HubConfigLine *
read_line (const char *bytes, gsize length, guint number, char **group)
{
  g_autofree char *text = g_strndup (bytes, length);
  const char *begin = text + strspn (text, " \t");
  HubConfigLine *line;

  if (*begin == '#' || (*begin == '\0' && memchr (bytes, '\0', length) == NULL))
    return NULL;
  line = g_new0 (HubConfigLine, 1);
  line->number = number;
  if (*begin == '[')
    read_group (line, begin, group);
  else
    read_pair (line, begin, *group);
  if (memchr (bytes, '\0', length) != NULL)
    refuse (line, N_ ("this line holds a U+0000"), N_ ("text without U+0000, in UTF-8"));
  return line;
}

GPtrArray *
hub_config_lines_scan (const char *text, gsize length)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (line_free);
  const char *end = text + length;
  g_autofree char *group = NULL;
  guint number = 0;

  if (length >= strlen (BYTE_ORDER_MARK) && memcmp (text, BYTE_ORDER_MARK, 3) == 0)
    text += strlen (BYTE_ORDER_MARK);
  while (text < end)
    {
      const char *stop = memchr (text, '\n', end - text);
      gsize size = (stop != NULL ? stop : end) - text;
      gsize cut = size > 0 && text[size - 1] == '\r' ? size - 1 : size;
      HubConfigLine *line = read_line (text, cut, ++number, &group);

      if (line != NULL)
        g_ptr_array_add (lines, line);
      text += size + (stop != NULL ? 1 : 0);
    }
  return lines;
}
