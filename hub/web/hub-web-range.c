/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Range header (RFC 9110, 14.2). */
#include "hub-web-range.h"

#include <string.h>

#define RANGE_KEY "hub-web-range"
#define IF_RANGE_KEY "hub-web-if-range"

/* A run of digits at @text, G_MAXINT64 for what is larger; FALSE if there is none. */
static gboolean
read_number (const char **text, goffset *number)
{
  const char *c = *text;
  goffset value = 0;

  for (; g_ascii_isdigit (*c); c++)
    value = value > (G_MAXINT64 - 9) / 10 ? G_MAXINT64 : value * 10 + (*c - '0');
  if (c == *text)
    return FALSE;
  *text = c;
  *number = value;
  return TRUE;
}

/* FALSE for what is no single range of bytes. @first is -1 for a suffix, @last then its length;
 * @last is G_MAXINT64 when it is open. */
static gboolean
read_range (const char *text, goffset *first, goffset *last)
{
  gboolean begins, ends;

  if (g_ascii_strncasecmp (text, "bytes=", 6) != 0)
    return FALSE;
  text += 6;
  *first = -1;
  *last = G_MAXINT64;
  begins = read_number (&text, first);
  if (*text++ != '-')
    return FALSE;
  ends = read_number (&text, last);
  return *text == '\0' && (begins || ends) && (!begins || *first <= *last);
}

HubWebRange
hub_web_range_parse (const char *header, goffset size, goffset *first, goffset *length)
{
  goffset from, last;

  *first = 0;
  *length = size;
  if (header == NULL || !read_range (header, &from, &last))
    return HUB_WEB_RANGE_WHOLE;
  if (from < 0 && last > 0)
    {
      /* The end of nothing can be had, but no Content-Range can say so. */
      if (size == 0)
        return HUB_WEB_RANGE_WHOLE;
      *length = MIN (last, size);
      *first = size - *length;
      return HUB_WEB_RANGE_PART;
    }
  if (from < 0 || from >= size)
    return HUB_WEB_RANGE_UNSATISFIABLE;
  *first = from;
  *length = MIN (last, size - 1) - from + 1;
  return HUB_WEB_RANGE_PART;
}

void
hub_web_range_take (SoupServerMessage *message)
{
  static const struct
  {
    const char *name, *key;
  } taken[] = { { "Range", RANGE_KEY }, { "If-Range", IF_RANGE_KEY } };
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  for (guint i = 0; i < G_N_ELEMENTS (taken); i++)
    {
      /* Two of them are joined by a comma, and so are no single range. */
      const char *value = soup_message_headers_get_list (headers, taken[i].name);

      g_object_set_data_full (G_OBJECT (message), taken[i].key, g_strdup (value), g_free);
      soup_message_headers_remove (headers, taken[i].name);
    }
}

gboolean
hub_web_range_is_known (SoupServerMessage *message, const char *etag)
{
  const char *list = soup_message_headers_get_list (
      soup_server_message_get_request_headers (message), "If-None-Match");
  g_auto (GStrv) tags = NULL;

  if (list == NULL || etag == NULL || strlen (list) > 1024)
    return FALSE;
  tags = g_strsplit (list, ",", -1);
  for (guint i = 0; tags[i] != NULL; i++)
    {
      const char *tag = g_strstrip (tags[i]);

      if (g_str_has_prefix (tag, "W/"))
        tag += 2;
      if (g_str_equal (tag, etag) || g_str_equal (tag, "*"))
        return TRUE;
    }
  return FALSE;
}

HubWebRange
hub_web_range_choose (SoupServerMessage *message, const char *etag, goffset size, goffset *first,
                      goffset *length)
{
  static const guint statuses[] = { 200, 206, 416 };
  const char *condition = g_object_get_data (G_OBJECT (message), IF_RANGE_KEY);
  const char *header = g_object_get_data (G_OBJECT (message), RANGE_KEY);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autofree char *said = NULL;
  HubWebRange range;

  if (!g_str_equal (soup_server_message_get_method (message), "GET")
      || (condition != NULL && g_strcmp0 (condition, etag) != 0))
    header = NULL;
  range = hub_web_range_parse (header, size, first, length);
  soup_message_headers_replace (headers, "Accept-Ranges", "bytes");
  soup_server_message_set_status (message, statuses[range], NULL);
  if (range == HUB_WEB_RANGE_PART)
    said = g_strdup_printf ("bytes %" G_GOFFSET_FORMAT "-%" G_GOFFSET_FORMAT "/%" G_GOFFSET_FORMAT,
                            *first, *first + *length - 1, size);
  else if (range == HUB_WEB_RANGE_UNSATISFIABLE)
    said = g_strdup_printf ("bytes */%" G_GOFFSET_FORMAT, size);
  if (said != NULL)
    soup_message_headers_replace (headers, "Content-Range", said);
  return range;
}
