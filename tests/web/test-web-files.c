/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of files, and streams. */

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

  for (guint i = 1; i < 2000; i++)
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
  g_assert_true (g_str_has_prefix (got, "HTTP/1.1 "));
  g_assert_null (strstr (got, " 206 "));
}

/* The address of a plugin's files says what they are; a module finds what it imports beside it. */
static void
test_plugin_files (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_autofree char *base = hub_web_add_plugin_files (fixture->web, "good");
  g_autofree char *again = hub_web_add_plugin_files (fixture->web, "good");
  g_autofree char *other = hub_web_add_plugin_files (fixture->web, "more");
  g_autofree char *panel = g_strconcat (base, "panel.js", NULL);
  g_autofree char *part = g_strconcat (base, "parts/part.js", NULL);
  g_auto (Answer) plain = ask (client, "GET", panel, NULL, NULL);
  g_auto (Answer) gzip = ask (client, "GET", panel, NULL, "Accept-Encoding", "gzip", NULL);
  g_auto (Answer) beside = ask (client, "GET", part, NULL, NULL);
  g_auto (Answer) gone = ask (client, "GET", "/x/good/0123456789abcdef/panel.js", NULL, NULL);
  g_auto (Answer)
      page = ask (client, "GET", "/x/good/notes", NULL, "Accept", "text/html,*/*", NULL);

  g_assert_true (g_regex_match_simple ("^/x/good/[0-9a-f]{16}/$", base, 0, 0));
  g_assert_cmpstr (base, ==, again);
  /* One file of two differs, and not that which is named. */
  g_assert_true (g_regex_match_simple ("^/x/more/[0-9a-f]{16}/$", other, 0, 0));
  g_assert_cmpstr (base + strlen ("/x/good/"), !=, other + strlen ("/x/more/"));
  g_assert_cmpuint (plain.status, ==, 200);
  g_assert_cmpstr (answer_header (&plain, "Content-Type"), ==, "text/javascript; charset=utf-8");
  g_assert_nonnull (strstr (answer_header (&plain, "Cache-Control"), "immutable"));
  g_assert_cmpstr (answer_header (&gzip, "Content-Encoding"), ==, "gzip");
  g_assert_cmpuint (g_ascii_strtoull (answer_header (&gzip, "Content-Length"), NULL, 10), <,
                    g_bytes_get_size (plain.bytes) / 2);
  g_assert_cmpuint (beside.status, ==, 200);
  g_assert_cmpuint (gone.status, ==, 404);
  /* The desk draws a plugin's page. */
  g_assert_cmpstr (answer_header (&page, "Content-Type"), ==, "text/html; charset=utf-8");
}

/* The one inline script is the page's import map, by its hash; echo -n MAP | openssl dgst -sha256.
 */
static void
test_import_map (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) page = ask (client, "GET", "/map.html", NULL, NULL);
  const char *policy = answer_header (&page, "Content-Security-Policy");

  g_assert_nonnull (strstr (
      policy, "; script-src 'self' 'sha256-HMJhVkBkH66MfHCNIGN4ia/6fhc0KBwBcbl4p6MTKBo='; "));
  g_assert_null (strstr (policy, "unsafe"));
}

/* ── streams ────────────────────────────────────────────────────────────────────────────────── */

#define MIB (1024 * 1024)

/* How what is streamed is read. */
static struct
{
  goffset read, fail_at;
  gsize at_most;
  guint open; /* that are not destroyed */
} source;

static guint8
byte_at (goffset offset)
{
  return (offset * 31 + (offset >> 8)) & 0xff;
}

typedef struct
{
  goffset offset;
  gsize length;
  GTask *task;
} Part;

static gboolean
on_read (gpointer data)
{
  g_autofree Part *part = data;
  g_autoptr (GTask) task = part->task;
  guint8 *bytes = g_malloc (part->length);

  for (gsize i = 0; i < part->length; i++)
    bytes[i] = byte_at (part->offset + i);
  source.read += part->length;
  g_task_return_pointer (task, g_bytes_new_take (bytes, part->length),
                         (GDestroyNotify) g_bytes_unref);
  return G_SOURCE_REMOVE;
}

static void
read_part (goffset offset, gsize length, GTask *task, gpointer data)
{
  Part *part;

  g_assert_cmpint (length, <=, 128 * 1024);
  if (source.fail_at >= 0 && offset >= source.fail_at)
    {
      g_task_return_error (
          task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "test/away", NULL, "The store is away"));
      g_object_unref (task);
      return;
    }
  part = g_new0 (Part, 1);
  part->offset = offset;
  part->length = source.at_most > 0 ? MIN (length, source.at_most) : length;
  part->task = task;
  g_idle_add (on_read, part);
}

static void
on_destroy (gpointer data)
{
  source.open--;
}

static void
stream (KarezRequest *request, gpointer data)
{
  KarezStream about = { .media_type = "application/pdf",
                        .name = "报告.pdf",
                        .tag = "abc",
                        .size = g_ascii_strtoll (karez_request_get_path_part (request, "size"),
                                                 NULL, 10),
                        .shown = TRUE };

  source.open++;
  karez_request_respond_stream (request, &about, read_part, NULL, on_destroy);
}

static void
reset_source (void)
{
  source.read = 0;
  source.fail_at = -1;
  source.at_most = 0;
}

static void
assert_bytes (Answer *answer, goffset first, gsize length)
{
  const guint8 *bytes = g_bytes_get_data (answer->bytes, NULL);

  g_assert_no_error (answer->error);
  g_assert_cmpuint (g_bytes_get_size (answer->bytes), ==, length);
  for (gsize i = 0; i < length; i++)
    if (bytes[i] != byte_at (first + i))
      g_error ("byte %" G_GSIZE_FORMAT " is not the file's", i);
}

static void
test_stream (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  const gsize sizes[] = { 1, 128 * 1024, 128 * 1024 + 1, 3 * MIB + 17 };

  reset_source ();
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/api/v1/x/stream/%" G_GSIZE_FORMAT, sizes[i]);
      g_autofree char *length = g_strdup_printf ("%" G_GSIZE_FORMAT, sizes[i]);
      g_auto (Answer) whole = ask (desk, "GET", path, NULL, NULL);
      g_auto (Answer) head = ask (desk, "HEAD", path, NULL, NULL);

      g_assert_cmpuint (whole.status, ==, 200);
      g_assert_cmpstr (answer_header (&whole, "Content-Length"), ==, length);
      assert_bytes (&whole, 0, sizes[i]);
      g_assert_cmpuint (head.status, ==, 200);
      g_assert_cmpstr (answer_header (&head, "Content-Length"), ==, length);
    }
  source.at_most = 1000;
  {
    g_auto (Answer) small = ask (desk, "GET", "/api/v1/x/stream/300000", NULL, NULL);
    g_auto (Answer) empty = ask (desk, "GET", "/api/v1/x/stream/0", NULL, NULL);

    assert_bytes (&small, 0, 300000);
    g_assert_cmpstr (answer_header (&small, "Content-Type"), ==, "application/pdf");
    g_assert_cmpstr (answer_header (&small, "Cache-Control"), ==, "no-store");
    g_assert_cmpstr (answer_header (&small, "X-Content-Type-Options"), ==, "nosniff");
    g_assert_cmpstr (answer_header (&small, "Content-Disposition"), ==,
                     "inline; filename=\"file.pdf\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.pdf");
    g_assert_cmpuint (empty.status, ==, 200);
    g_assert_cmpuint (g_bytes_get_size (empty.bytes), ==, 0);
  }
  run_until (source.open == 0);
}

static void
test_stream_range (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  const char *path = "/api/v1/x/stream/1000000";
  g_auto (Answer) part = ask (desk, "GET", path, NULL, "Range", "bytes=131000-400000", "If-Range",
                              "\"abc\"", NULL);
  g_auto (Answer) end = ask (desk, "GET", path, NULL, "Range", "bytes=999990-2000000", NULL);
  g_auto (Answer)
      changed = ask (desk, "GET", path, NULL, "Range", "bytes=0-9", "If-Range", "\"abd\"", NULL);
  g_auto (Answer) beyond = ask (desk, "GET", path, NULL, "Range", "bytes=1000000-", NULL);
  g_auto (Answer) known = ask (desk, "GET", path, NULL, "If-None-Match", "\"abc\"", NULL);

  g_assert_cmpuint (part.status, ==, 206);
  g_assert_cmpstr (answer_header (&part, "Content-Range"), ==, "bytes 131000-400000/1000000");
  assert_bytes (&part, 131000, 269001);
  g_assert_cmpuint (end.status, ==, 206);
  assert_bytes (&end, 999990, 10);
  g_assert_cmpuint (changed.status, ==, 200);
  assert_bytes (&changed, 0, 1000000);
  assert_problem (&beyond, 416, "request/range");
  g_assert_cmpstr (answer_header (&beyond, "Content-Range"), ==, "bytes */1000000");
  g_assert_cmpuint (known.status, ==, 304);
  run_until (source.open == 0);
}

/* Before the first byte it is said why; later nobody takes a part for the whole. */
static void
test_stream_fails (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");

  reset_source ();
  source.fail_at = 0;
  {
    g_auto (Answer)
        refused = ask (desk, "GET", "/api/v1/x/stream/1000000", NULL, "Range", "bytes=5-9", NULL);

    assert_problem (&refused, 503, "test/away");
    g_assert_null (answer_header (&refused, "Content-Range"));
    g_assert_null (answer_header (&refused, "Content-Disposition"));
  }
  source.fail_at = 500000;
  {
    g_auto (Answer) broken = ask (desk, "GET", "/api/v1/x/stream/1000000", NULL, NULL);

    g_assert_nonnull (broken.error);
  }
  run_until (source.open == 0);
  reset_source ();
}

/* Somebody who asks for a file and takes nothing of it. */
static GSocketConnection *
begin_slowly (Client *client, gsize size)
{
  GSocketConnection *wire = wire_open (fixture);
  g_autofree char *asked = g_strdup_printf ("GET /api/v1/x/stream/%" G_GSIZE_FORMAT
                                            " HTTP/1.1\r\nHost: aral.localhost:8801\r\n"
                                            "Cookie: %s\r\n\r\n",
                                            size, client->cookie);

  wire_send (wire, asked);
  return wire;
}

static guint
count_downloads (void)
{
  g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
  g_auto (Answer) metrics = ask (client, "GET", "/metrics", NULL, NULL);
  g_autofree char *text = g_strndup (g_bytes_get_data (metrics.bytes, NULL),
                                     g_bytes_get_size (metrics.bytes));
  const char *line = strstr (text, "\nkarez_downloads ");

  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen ("\nkarez_downloads "), NULL, 10);
}

/* What is read is what the client takes: the rest is not in memory; and who takes nothing leaves.
 */
static void
test_stream_slow (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (GSocketConnection) wire = NULL;
  goffset read;

  reset_source ();
  wire = begin_slowly (desk, 500 * MIB);
  run_ms (500);
  read = source.read;
  g_assert_cmpint (read, >=, 128 * 1024);
  g_assert_cmpint (read, <, 32 * MIB); /* what the kernel's buffers hold */
  g_assert_cmpuint (count_downloads (), ==, 1);
  run_until (source.open == 0);
  g_assert_cmpint (source.read - read, <=, 4 * MIB);
  g_assert_cmpuint (count_downloads (), ==, 0);
}

/* One account's files take a bounded number of places, and nobody else's. */
static void
test_stream_places (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autoptr (GPtrArray) slow = g_ptr_array_new_with_free_func (g_object_unref);

  reset_source ();
  for (guint i = 0; i < 24; i++)
    g_ptr_array_add (slow, begin_slowly (desk, 500 * MIB));
  run_until (count_downloads () == 6);
  {
    g_auto (Answer) other = ask (auditor, "GET", "/api/v1/x/stream/1000000", NULL, NULL);

    assert_bytes (&other, 0, 1000000);
  }
  g_assert_cmpuint (count_downloads (), ==, 6);
  for (guint i = 24; i < 6 + 32; i++)
    g_ptr_array_add (slow, begin_slowly (desk, 500 * MIB));
  run_until (source.open == 6 + 32);
  {
    g_auto (Answer) more = ask (desk, "GET", "/api/v1/x/stream/1", NULL, NULL);

    assert_problem (&more, 429, "download/account");
    g_assert_nonnull (answer_header (&more, "Retry-After"));
  }
  g_ptr_array_set_size (slow, 0);
  run_until (source.open == 0);
  {
    g_auto (Answer) again = ask (desk, "GET", "/api/v1/x/stream/10", NULL, NULL);

    assert_bytes (&again, 0, 10);
  }
}

/* Who may not read any more gets no further byte, and what waits is refused. */
static void
test_stream_cancelled (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autoptr (GPtrArray) slow = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GSocketConnection) other = NULL;
  goffset read;

  reset_source ();
  for (guint i = 0; i < 8; i++)
    g_ptr_array_add (slow, begin_slowly (desk, 500 * MIB));
  other = begin_slowly (auditor, 500 * MIB);
  run_until (count_downloads () == 7);
  {
    g_auto (Answer) out = ask (desk, "POST", "/api/v1/sign-out", NULL, NULL);

    g_assert_cmpuint (out.status, ==, 204);
  }
  run_until (count_downloads () == 1);
  run_until (source.open == 1);
  run_ms (300); /* until the other's buffers are full */
  read = source.read;
  for (guint i = 0; i < slow->len; i++)
    {
      gboolean closed = FALSE;
      g_autofree char *got = wire_read (slow->pdata[i], 300, &closed);

      g_assert_true (closed || strstr (got, "sign-in/none") != NULL);
    }
  g_assert_cmpint (source.read, ==, read);
  g_clear_object (&other);
  run_until (source.open == 0);
}

int
main (int argc, char **argv)
{
  HubWebBounds bounds = HUB_WEB_BOUNDS_DEFAULT;
  int result;

  g_test_init (&argc, &argv, NULL);
  bounds.write_ms = bounds.stall_ms = 1500;
  fixture = fixture_new (&bounds);
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "GET", "/x/stream/{size}",
                                   "board.read", stream, NULL, NULL, NULL));
  g_test_add_func ("/web/files/ranges", test_ranges);
  g_test_add_func ("/web/files/range-conditions", test_range_conditions);
  g_test_add_func ("/web/files/range-of-gzip", test_range_of_gzip);
  g_test_add_func ("/web/files/range-flood", test_range_flood);
  g_test_add_func ("/web/files/plugin", test_plugin_files);
  g_test_add_func ("/web/files/import-map", test_import_map);
  g_test_add_func ("/web/files/stream", test_stream);
  g_test_add_func ("/web/files/stream-range", test_stream_range);
  g_test_add_func ("/web/files/stream-fails", test_stream_fails);
  g_test_add_func ("/web/files/stream-slow", test_stream_slow);
  g_test_add_func ("/web/files/stream-places", test_stream_places);
  g_test_add_func ("/web/files/stream-cancelled", test_stream_cancelled);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
