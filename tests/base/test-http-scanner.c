/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTTP requests, good and bad, in any pieces. */
#include "hub-http-scanner.h"

#include <string.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

typedef struct
{
  const char *name, *text, *rule; /* NULL: nothing is refused */
} Case;

static const Case cases[] = {
  { "plain", GET "\r\n", NULL },
  { "http-1.0", "GET / HTTP/1.0\r\n\r\n", NULL },
  { "empty-line-before", "\r\n" GET "\r\n", NULL },
  { "empty-value", GET "X-Empty:\r\n\r\n", NULL },
  { "ipv6", "GET / HTTP/1.1\r\nHost: [::1]:8801\r\n\r\n", NULL },
  { "escape", "GET /%E8%83%B8?x=%00 HTTP/1.1\r\nHost: a\r\n\r\n", NULL },
  { "tab", GET "X-Tab:\ta\tb\t\r\n\r\n", NULL },
  { "latin-1", GET "X-Name: caf\xe9\r\n\r\n", NULL },
  { "absolute", "GET http://a/x?y HTTP/1.1\r\nHost: A\r\n\r\n", NULL },
  { "asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", NULL },
  { "length", POST "Content-Length: 5\r\n\r\nhello", NULL },
  { "length-zeros", POST "Content-Length: 000005 \r\n\r\nhello", NULL },
  { "chunks", POST "Transfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", NULL },
  { "two", GET "\r\n" POST "Content-Length: 2\r\n\r\nok\r\n" GET "\r\n", NULL },
  { "repeated-list", GET "Accept: a\r\nAccept: b\r\nCookie: c\r\nCookie: d\r\n\r\n", NULL },

  { "length-twice", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "request/content-length" },
  { "length-twice-same", POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "request/content-length" },
  { "length-list", POST "Content-Length: 5, 5\r\n\r\nhello", "request/content-length" },
  { "length-plus", POST "Content-Length: +39\r\n\r\n", "request/content-length" },
  { "length-minus", POST "Content-Length: -1\r\n\r\n", "request/content-length" },
  { "length-hex", POST "Content-Length: 0x5\r\n\r\n", "request/content-length" },
  { "length-empty", POST "Content-Length:\r\n\r\n", "request/content-length" },
  { "length-inner-blank", POST "Content-Length: 1 0\r\n\r\n", "request/content-length" },
  { "length-huge", POST "Content-Length: 99999999999999999999\r\n\r\n", "request/content-length" },
  { "length-blank-colon", POST "Content-Length : 5\r\n\r\nhello", "request/field" },
  { "length-and-coding", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "request/transfer-encoding" },
  { "coding-and-length", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
    "request/transfer-encoding" },
  { "coding-twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "request/field-twice" },
  { "coding-gzip", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "request/transfer-encoding" },
  { "coding-identity", POST "Transfer-Encoding: identity\r\n\r\n", "request/transfer-encoding" },
  { "coding-vertical-tab", POST "Transfer-Encoding: \vchunked\r\n\r\n", "request/line" },
  { "coding-http-1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "request/transfer-encoding" },
  { "host-twice", GET "Host: b\r\n\r\n", "request/host" },
  { "host-missing", "GET / HTTP/1.1\r\n\r\n", "request/host" },
  { "host-of-target", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "request/host" },
  { "host-empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "request/host" },
  { "host-blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "request/host" },
  { "host-user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "request/host" },
  { "host-path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "request/host" },
  { "host-port", "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", "request/host" },
  { "host-bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "request/host" },
  { "origin-twice", GET "Origin: http://a\r\nOrigin: http://b\r\n\r\n", "request/field-twice" },
  { "key-twice", GET "Idempotency-Key: 1\r\nIdempotency-Key: 2\r\n\r\n", "request/field-twice" },
  { "folded", GET "X-Long: a\r\n b\r\n\r\n", "request/field" },
  { "no-colon", GET "X-None\r\n\r\n", "request/field" },
  { "no-name", GET ": x\r\n\r\n", "request/field" },
  { "name-blank", GET "X Y: x\r\n\r\n", "request/field" },
  { "name-paren", GET "X(): x\r\n\r\n", "request/field" },
  { "bare-lf", "GET / HTTP/1.1\nHost: a\n\n", "request/line" },
  { "bare-lf-field", GET "X: y\n\r\n", "request/line" },
  { "bare-cr", GET "X: y\rContent-Length: 5\r\n\r\n", "request/line" },
  { "double-cr", GET "X: y\r\r\n\r\n", "request/line" },
  { "control", GET "X: \x01\r\n\r\n", "request/line" },
  { "delete", GET "X: \x7f\r\n\r\n", "request/line" },
  { "empty-lines-before", "\r\n\r\n" GET "\r\n", "request/request-line" },
  { "blank-before", " GET / HTTP/1.1\r\n", "request/request-line" },
  { "http-0.9", "GET /\r\n", "request/request-line" },
  { "two-blanks", "GET  / HTTP/1.1\r\n", "request/request-line" },
  { "blank-in-target", "GET /a b HTTP/1.1\r\n", "request/request-line" },
  { "tab-in-line", "GET\t/\tHTTP/1.1\r\n", "request/request-line" },
  { "fragment", "GET /#x HTTP/1.1\r\n", "request/request-line" },
  { "utf-8-target", "GET /\xc3\xa9 HTTP/1.1\r\n", "request/request-line" },
  { "escape-none", "GET /% HTTP/1.1\r\n", "request/request-line" },
  { "escape-half", "GET /%e HTTP/1.1\r\n", "request/request-line" },
  { "escape-other", "GET /%zz HTTP/1.1\r\n", "request/request-line" },
  { "authority", "CONNECT a:443 HTTP/1.1\r\n", "request/request-line" },
  { "relative", "GET x HTTP/1.1\r\n", "request/request-line" },
  { "version-case", "GET / http/1.1\r\n", "request/request-line" },
  { "version-2", "PRI * HTTP/2.0\r\n", "request/request-line" },
  { "version-3", "GET / HTTP/3.0\r\n", "request/version" },
  { "version-1.2", "GET / HTTP/1.2\r\n", "request/version" },
  { "chunk-plus", POST "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
    "request/chunk" },
  { "chunk-0x", POST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", "request/chunk" },
  { "chunk-blank", POST "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n", "request/chunk" },
  { "chunk-empty", POST "Transfer-Encoding: chunked\r\n\r\n\r\n", "request/chunk" },
  { "chunk-huge", POST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "request/chunk" },
  { "chunk-long", POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n", "request/chunk" },
  { "chunk-lf", POST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", "request/line" },
  { "trailer-length", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n",
    "request/field" },
  { "garbage-behind", GET "\r\n\x16\x03\x01\r\n", "request/request-line" },
};

/* Gives the text in steps of so many bytes. Returns: the rule that refused, or NULL */
static const char *
rule_of (const char *text, gsize size, gsize step)
{
  g_autoptr (HubHttpScanner) scanner = hub_http_scanner_new ();
  gsize at = 0, end = 0;

  while (TRUE)
    {
      const HubHttpFault *fault;
      gsize n = hub_http_scanner_take (scanner, (const guint8 *) text + at, end - at, &fault);

      g_assert_cmpuint (n, <=, end - at);
      at += n;
      if (fault != NULL)
        {
          const HubHttpFault *again;

          g_assert_cmpuint (n, ==, 0);
          /* Nothing is taken any more. */
          g_assert_cmpuint (hub_http_scanner_take (scanner, (const guint8 *) GET "\r\n",
                                                   strlen (GET "\r\n"), &again),
                            ==, 0);
          return fault->rule;
        }
      if (n == 0 && end == size)
        {
          g_assert_cmpuint (at, ==, size);
          return NULL;
        }
      if (n == 0)
        end = MIN (size, end + step);
    }
}

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize step = 1; step <= 1000; step *= 10)
      {
        g_test_message ("%s, %" G_GSIZE_FORMAT " at once", cases[i].name, step);
        g_assert_cmpstr (rule_of (cases[i].text, strlen (cases[i].text), step), ==, cases[i].rule);
      }
}

/* A request's last byte is the last that is taken. */
static void
test_ends (void)
{
  static const char *const requests[] = {
    GET "\r\n", POST "Content-Length: 3\r\n\r\nabc",
    POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
  };

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autoptr (HubHttpScanner) scanner = hub_http_scanner_new ();
      g_autofree char *text = g_strconcat (requests[i], GET "\r\n", NULL);
      const HubHttpFault *fault;

      g_assert_cmpuint (hub_http_scanner_take (scanner, (guint8 *) text, strlen (text), &fault), ==,
                        strlen (requests[i]));
      g_assert_null (fault);
    }
}

static void
test_bounds (void)
{
  static const struct
  {
    const char *begin;
    gsize length;
    const char *end, *rule;
  } sizes[] = {
    { "GET /", HUB_HTTP_MAX_TARGET - 100, " HTTP/1.1\r\nHost: a\r\n\r\n", NULL },
    { "GET /", HUB_HTTP_MAX_TARGET, " HTTP/1.1\r\nHost: a\r\n\r\n", "request/target-size" },
    { GET "Cookie: ", HUB_HTTP_MAX_FIELD - 100, "\r\n\r\n", NULL },
    { GET "Cookie: ", HUB_HTTP_MAX_FIELD, "\r\n\r\n", "request/head-size" },
  };
  g_autoptr (GString) fields = g_string_new (GET);
  g_autoptr (GString) large = g_string_new (GET);
  g_autofree char *value = g_strnfill (20000, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *fill = g_strnfill (sizes[i].length, 'x');
      g_autofree char *text = g_strconcat (sizes[i].begin, fill, sizes[i].end, NULL);

      g_assert_cmpstr (rule_of (text, strlen (text), 1000), ==, sizes[i].rule);
    }
  for (guint i = 0; i < HUB_HTTP_MAX_FIELDS; i++)
    g_string_append (fields, "X: y\r\n");
  g_string_append (fields, "\r\n");
  g_assert_cmpstr (rule_of (fields->str, fields->len, 1000), ==, "request/head-size");
  for (guint i = 0; i < 4; i++)
    g_string_append_printf (large, "X: %s\r\n", value);
  g_string_append (large, "\r\n");
  g_assert_cmpstr (rule_of (large->str, large->len, 1000), ==, "request/head-size");
}

/* A NUL in place of each byte of a line. */
static void
test_nul (void)
{
  const char text[] = POST "X: y\r\nContent-Length: 1\r\n\r\n";

  for (gsize i = 0; i < sizeof text - 1; i++)
    {
      g_autofree char *copy = g_memdup2 (text, sizeof text - 1);

      if (copy[i] == '\r' || copy[i] == '\n')
        continue;
      copy[i] = '\0';
      g_assert_nonnull (rule_of (copy, sizeof text - 1, 1000));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-scanner/cases", test_cases);
  g_test_add_func ("/http-scanner/ends", test_ends);
  g_test_add_func ("/http-scanner/bounds", test_bounds);
  g_test_add_func ("/http-scanner/nul", test_nul);
  return g_test_run ();
}
