/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is answered with bytes: ranges of the desk's files, and what a route streams. */
#include "web-fixture.h"

#include <string.h>

#define INDEX_SIZE 35

static Fixture *fixture;

typedef struct
{
  const char *range;
  guint status;
  const char *content_range;
  gsize length;
} RangeCase;

static const RangeCase range_cases[] = {
  { "bytes=0-9", 206, "bytes 0-9/35", 10 },
  { "bytes=30-2000", 206, "bytes 30-34/35", 5 },
  { "bytes=0-99999999999999999999999", 206, "bytes 0-34/35", 35 },
  { "bytes=30-", 206, "bytes 30-34/35", 5 },
  { "bytes=-5", 206, "bytes 30-34/35", 5 },
  { "bytes=-2000", 206, "bytes 0-34/35", 35 },
  { "Bytes=34-34", 206, "bytes 34-34/35", 1 },
  { "bytes=35-", 416, "bytes */35", 0 },
  { "bytes=99999999999999999999999-", 416, "bytes */35", 0 },
  { "bytes=-0", 416, "bytes */35", 0 },
  { "bytes=0-0,2-3", 200, NULL, INDEX_SIZE },
  { "bytes=5-2", 200, NULL, INDEX_SIZE },
  { "bytes=-", 200, NULL, INDEX_SIZE },
  { "bytes=", 200, NULL, INDEX_SIZE },
  { "bytes=0x1-2", 200, NULL, INDEX_SIZE },
  { "bytes=+1-2", 200, NULL, INDEX_SIZE },
  { "bytes=--5", 200, NULL, INDEX_SIZE },
  { "bytes= 0-1", 200, NULL, INDEX_SIZE },
  { "lines=0-1", 200, NULL, INDEX_SIZE },
};

static void
test_ranges (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) whole = ask (client, "GET", "/index.html", NULL, NULL);
  const char *all = g_bytes_get_data (whole.bytes, NULL);

  g_assert_cmpuint (g_bytes_get_size (whole.bytes), ==, INDEX_SIZE);
  g_assert_cmpstr (answer_header (&whole, "Accept-Ranges"), ==, "bytes");
  for (gsize i = 0; i < G_N_ELEMENTS (range_cases); i++)
    {
      const RangeCase *it = &range_cases[i];
      g_auto (Answer) part = ask (client, "GET", "/index.html", NULL, "Range", it->range, NULL);
      g_auto (Answer) head = ask (client, "HEAD", "/index.html", NULL, "Range", it->range, NULL);
      guint first = 0;

      g_test_message ("%s", it->range);
      g_assert_no_error (part.error);
      g_assert_cmpuint (part.status, ==, it->status);
      g_assert_cmpstr (answer_header (&part, "Content-Range"), ==, it->content_range);
      g_assert_cmpuint (g_bytes_get_size (part.bytes), ==, it->length);
      if (it->status == 206)
        first = g_ascii_strtoull (it->content_range + strlen ("bytes "), NULL, 10);
      g_assert_cmpmem (g_bytes_get_data (part.bytes, NULL), it->length, all + first, it->length);
      g_assert_cmpuint (head.status, ==, 200);
      g_assert_cmpstr (answer_header (&head, "Content-Length"), ==, "35");
    }
}

static void
test_range_conditions (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) whole = ask (client, "GET", "/index.html", NULL, NULL);
  const char *etag = answer_header (&whole, "ETag");
  g_autofree char *weak = g_strconcat ("W/", etag, NULL);
  g_auto (Answer)
      same = ask (client, "GET", "/index.html", NULL, "Range", "bytes=0-9", "If-Range", etag, NULL);
  const char *const others[] = { "\"another\"", weak, "Sun, 29 Nov 2026 15:00:00 GMT", "" };
  g_auto (Answer) known = ask (client, "GET", "/index.html", NULL, "Range", "bytes=0-9",
                               "If-None-Match", etag, NULL);

  g_assert_cmpuint (same.status, ==, 206);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_auto (Answer) other = ask (client, "GET", "/index.html", NULL, "Range", "bytes=0-9",
                                   "If-Range", others[i], NULL);

      g_assert_cmpuint (other.status, ==, 200);
      g_assert_cmpuint (g_bytes_get_size (other.bytes), ==, INDEX_SIZE);
    }
  g_assert_cmpuint (known.status, ==, 304);
  g_assert_null (answer_header (&known, "Content-Range"));
}

/* A part is one of the variant that was chosen, under its own tag. */
static void
test_range_of_gzip (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  const char *path = "/assets/desk-K3Q7ZL5A.js";
  g_auto (Answer) plain = ask (client, "GET", path, NULL, "Accept-Encoding", "identity", NULL);
  /* The session would decode what says that it is compressed. */
  GSocketConnection *wire = wire_open (fixture);
  g_autofree char *asked = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: aral.localhost:8801\r\n"
                                            "Accept-Encoding: gzip\r\nRange: bytes=0-1\r\n"
                                            "Connection: close\r\n\r\n",
                                            path);
  g_autofree char *got = NULL;
  const char *body;

  wire_send (wire, asked);
  got = wire_read (wire, 5000, NULL);
  g_object_unref (wire);
  g_assert_true (g_str_has_prefix (got, "HTTP/1.1 206 "));
  g_assert_nonnull (strstr (got, "Content-Encoding: gzip"));
  g_assert_nonnull (strstr (got, "Content-Range: bytes 0-1/"));
  g_assert_null (strstr (got, answer_header (&plain, "ETag")));
  body = strstr (got, "\r\n\r\n") + 4;
  g_assert_cmpstr (body, ==, "\x1f\x8b");
}

/* Thousands of ranges, in one header or in many, cost what the file costs. */
static void
test_range_flood (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_autoptr (GString) many = g_string_new ("bytes=0-0");
  GSocketConnection *wire = wire_open (fixture);
  g_autofree char *got = NULL;

  for (guint i = 1; i < 15000; i++)
    g_string_append (many, ",-1");
  {
    g_auto (Answer) answer = ask (client, "GET", "/index.html", NULL, "Range", many->str, NULL);

    g_assert_cmpuint (answer.status, ==, 200);
    g_assert_cmpuint (g_bytes_get_size (answer.bytes), ==, INDEX_SIZE);
  }
  wire_send (wire, "GET /index.html HTTP/1.1\r\nHost: aral.localhost:8801\r\n"
                   "Range: bytes=0-1\r\nRange: bytes=3-4\r\nConnection: close\r\n\r\n");
  got = wire_read (wire, 5000, NULL);
  g_object_unref (wire);
  g_assert_true (g_str_has_prefix (got, "HTTP/1.1 200 "));
  g_assert_nonnull (strstr (got, "Content-Length: 35"));
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_test_add_func ("/web/files/ranges", test_ranges);
  g_test_add_func ("/web/files/range-conditions", test_range_conditions);
  g_test_add_func ("/web/files/range-of-gzip", test_range_of_gzip);
  g_test_add_func ("/web/files/range-flood", test_range_flood);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
