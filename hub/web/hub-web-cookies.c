/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and writes cookies (RFC 6265). */
#include "hub-web-cookies.h"

#include <string.h>

typedef struct
{
  const char *name;
  gsize min, max;
  guint count;
  GPtrArray *values;
} Search;

static void
add (Search *search, const char *value, gsize size)
{
  g_autofree char *text = NULL;

  while (size > 0 && g_ascii_isspace (value[size - 1]))
    size--;
  if (size >= 2 && value[0] == '"' && value[size - 1] == '"')
    {
      value++;
      size -= 2;
    }
  if (size < search->min || size > search->max || search->values->len >= search->count)
    return;
  text = g_strndup (value, size);
  if (!g_ptr_array_find_with_equal_func (search->values, text, g_str_equal, NULL))
    g_ptr_array_add (search->values, g_steal_pointer (&text));
}

/* Only ';' ends a cookie: quotes are part of its value (RFC 6265, 5.4). */
static void
read_header (Search *search, const char *header)
{
  gsize length = strlen (search->name);

  while (*header != '\0')
    {
      gsize size;

      header += strspn (header, "; \t");
      size = strcspn (header, ";");
      if (size > length && strncmp (header, search->name, length) == 0 && header[length] == '=')
        add (search, header + length + 1, size - length - 1);
      header += size;
    }
}

GPtrArray *
hub_web_cookies_list (SoupMessageHeaders *headers, const char *name, gsize min, gsize max,
                      guint count)
{
  Search search = { name, min, max, count, g_ptr_array_new_with_free_func (g_free) };
  SoupMessageHeadersIter iter;
  const char *header, *value;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &header, &value))
    if (g_ascii_strcasecmp (header, "Cookie") == 0)
      read_header (&search, value);
  return search.values;
}

char *
hub_web_cookies_write (const char *name, const char *value, guint max_age)
{
  return g_strdup_printf ("%s=%s; Path=/; Max-Age=%u; Secure; HttpOnly; SameSite=Strict", name,
                          value, max_age);
}
