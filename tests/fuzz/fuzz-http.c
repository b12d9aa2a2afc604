/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws requests at the HTTP scanner, beside libsoup's. */

/* Requests as they come over a connection. What passes is read alike by libsoup: the same method,
 * Host and length; and where the pieces end changes nothing. */
#include "fuzz.h"

#include "hub-http-scanner.h"

#include <libsoup/soup.h>

typedef struct
{
  GByteArray *taken;
  const HubHttpFault *fault;
  gsize ends; /* of the first request */
} Reading;

/* @first: how many bytes come first; then each time as many as there are */
static Reading
read_all (const guint8 *data, gsize size, gsize first)
{
  g_autoptr (HubHttpScanner) scanner = hub_http_scanner_new ();
  Reading reading = { g_byte_array_new (), NULL, 0 };
  gsize at = 0, there = MIN (first, size);

  while (reading.fault == NULL)
    {
      gsize n = hub_http_scanner_take (scanner, data + at, there - at, &reading.fault);

      g_assert_cmpuint (n, <=, there - at);
      g_byte_array_append (reading.taken, data + at, (guint) n);
      at += n;
      if (n > 0)
        continue;
      if (there == size)
        break;
      there = size;
    }
  return reading;
}

static guint
count (SoupMessageHeaders *headers, const char *wanted)
{
  SoupMessageHeadersIter iter;
  const char *name, *value;
  guint n = 0;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    n += g_ascii_strcasecmp (name, wanted) == 0;
  return n;
}

/* @head: what was taken, from the request line to the empty line */
static void
compare_with_libsoup (const char *head, gsize length)
{
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_REQUEST);
  g_autofree char *method = NULL;
  g_autofree char *path = NULL;
  SoupHTTPVersion version;
  guint status = soup_headers_parse_request (head, (int) length - 2, headers, &method, &path,
                                             &version);
  const char *size = soup_message_headers_get_one (headers, "Content-Length");

  /* It refuses the Expect that it does not know. */
  if (status == SOUP_STATUS_EXPECTATION_FAILED)
    return;
  g_assert_cmpuint (status, ==, SOUP_STATUS_OK);
  g_assert_true (g_str_has_prefix (head, method));
  g_assert_cmpuint (count (headers, "Host"), <=, 1);
  g_assert_cmpuint (count (headers, "Content-Length"), <=, 1);
  g_assert_cmpuint (count (headers, "Transfer-Encoding"), <=, 1);
  g_assert_true (version == SOUP_HTTP_1_0 || count (headers, "Host") == 1);
  g_assert_true (size == NULL
                 || soup_message_headers_get_one (headers, "Transfer-Encoding") == NULL);
  for (const char *c = size; c != NULL && *c != '\0'; c++)
    g_assert_true (g_ascii_isdigit (*c));
  if (soup_message_headers_get_one (headers, "Transfer-Encoding") != NULL)
    g_assert_cmpint (soup_message_headers_get_encoding (headers), ==, SOUP_ENCODING_CHUNKED);
}

static void
one (const guint8 *data, gsize size)
{
  Reading whole = read_all (data, size, size);
  Reading split = read_all (data, size, size > 0 ? data[0] + data[size - 1] : 0);
  const char *text = (const char *) whole.taken->data;
  const char *begin = whole.taken->len >= 2 && memcmp (text, "\r\n", 2) == 0 ? text + 2 : text;
  const char *end = whole.taken->len > 0 ? g_strstr_len (
                        begin, (gssize) (text + whole.taken->len - begin), "\r\n\r\n")
                                         : NULL;

  g_assert_true (whole.fault == split.fault);
  if (whole.fault == NULL)
    g_assert_cmpmem (whole.taken->data, whole.taken->len, split.taken->data, split.taken->len);
  if (end != NULL)
    compare_with_libsoup (begin, (gsize) (end + 4 - begin));
  g_byte_array_unref (whole.taken);
  g_byte_array_unref (split.taken);
}

int
main (int argc, char **argv)
{
  return fuzz_main (argc, argv, "http", one);
}
