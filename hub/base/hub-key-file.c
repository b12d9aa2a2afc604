/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds U+0000 in a key file, at which GKeyFile ends a value. */
#include "hub-key-file.h"

#include <string.h>

/* The part of a line that ends before @ends, without blanks around it; NULL if there is none. What
 * cannot be read of it is shown as such. */
static char *
part_of (const char *line, gsize length, char ends)
{
  const char *end = memchr (line, ends, length);
  g_autofree char *part = end != NULL ? g_utf8_make_valid (line, end - line) : NULL;

  return part != NULL && *g_strstrip (part) != '\0' ? g_steal_pointer (&part) : NULL;
}

gboolean
hub_key_file_has_nul (const char *text, gsize length, char **group, char **key)
{
  const char *end = text + length;
  const char *line = text;

  *group = *key = NULL;
  if (memchr (text, '\0', length) == NULL)
    return FALSE;
  while (line < end)
    {
      const char *stop = memchr (line, '\n', end - line);
      gsize size = (stop != NULL ? stop : end) - line;

      if (*line == '[')
        {
          g_free (*group);
          *group = part_of (line + 1, size - 1, ']');
        }
      if (memchr (line, '\0', size) != NULL)
        {
          if (*line != '[' && *line != '#')
            *key = part_of (line, size, '=');
          return TRUE;
        }
      line += size + 1;
    }
  return TRUE;
}
