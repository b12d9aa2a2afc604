/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections that are slow, silent or too many. */
#include "web-fixture.h"

#include <string.h>
#include <sys/socket.h>

static Fixture *fixture;

static char *
head (const char *method, const char *path, const char *more)
{
  return g_strdup_printf ("%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s", method, path,
                          hub_web_get_port (fixture->web), more);
}

/* Drips @text, a byte each 30 ms, and says after how long the connection was cut. */
static guint
drip (const char *first, const char *text)
{
  GSocketConnection *wire = wire_open (fixture);
  gint64 begin = g_get_monotonic_time ();
  gboolean closed = FALSE;

  wire_send (wire, first);
  for (const char *c = text; *c != '\0' && !closed; c++)
    {
      char byte[2] = { *c, '\0' };
      g_autofree char *answer = NULL;

      wire_send (wire, byte);
      answer = wire_read (wire, 30, &closed);
    }
  g_object_unref (wire);
  g_assert_true (closed);
  return (guint) ((g_get_monotonic_time () - begin) / 1000);
}

static void
test_slow_head (void)
{
  g_autofree char *long_name = g_strnfill (300, 'x');
  g_autofree char *first = head ("GET", "/api/v1/hello", "X-");
  guint after = drip (first, long_name);

  g_assert_cmpuint (after, >=, 900);
  g_assert_cmpuint (after, <, 6000);
}

static void
test_slow_body (void)
{
  g_autofree char *body = g_strnfill (300, ' ');
  g_autofree char *first = head ("POST", "/api/v1/sign-in",
                                 "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
  guint after = drip (first, body);

  g_assert_cmpuint (after, >=, 1200);
  g_assert_cmpuint (after, <, 6000);
}

static void
test_silent (void)
{
  GSocketConnection *wire = wire_open (fixture);
  gboolean closed = FALSE;
  g_autofree char *answer = wire_read (wire, 6000, &closed);

  g_assert_true (closed);
  g_assert_cmpstr (answer, ==, "");
  g_object_unref (wire);
}

/* Kept alive between requests, but not for ever. */
static void
test_idle (void)
{
  GSocketConnection *wire = wire_open (fixture);
  g_autofree char *request = head ("GET", "/healthz", "\r\n");
  gboolean closed = TRUE;

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *answer = NULL;

      wire_send (wire, request);
      answer = wire_read (wire, 300, &closed);
      g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 200"));
      g_assert_false (closed);
    }
  {
    g_autofree char *rest = wire_read (wire, 6000, &closed);

    g_assert_cmpstr (rest, ==, "");
    g_assert_true (closed);
  }
  g_object_unref (wire);
}

static gint64
resident_kib (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "VmRSS:");
  return g_ascii_strtoll (line + 6, NULL, 10);
}

/* Sends a body of @size as fast as it is taken; returns what came back. */
static char *
upload (const char *first, gsize size, gsize *sent, gboolean *closed)
{
  GSocketConnection *wire = wire_open (fixture);
  GSocket *socket = g_socket_connection_get_socket (wire);
  g_autofree char *block = g_strnfill (65536, ' ');
  GString *all = g_string_new (NULL);
  gboolean broken = FALSE;

  wire_send (wire, first);
  *sent = 0;
  *closed = FALSE;
  while (*sent < size && !broken && !*closed)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_send (socket, block, MIN (65536, size - *sent), NULL, &error);

      if (n > 0)
        *sent += n;
      else
        broken = !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      {
        g_autofree char *part = wire_read (wire, 1, closed);

        g_string_append (all, part);
      }
    }
  if (!*closed)
    {
      g_autofree char *part = wire_read (wire, 4000, closed);

      g_string_append (all, part);
    }
  g_object_unref (wire);
  return g_string_free (all, FALSE);
}

static void
test_large_declared (void)
{
  g_autofree char *first = head (
      "POST", "/api/v1/sign-in",
      "Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n");
  gsize sent;
  gboolean closed;
  g_autofree char *answer = upload (first, 2000000, &sent, &closed);

  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 413"));
  g_assert_nonnull (strstr (answer, "/problems/request/size"));
  g_assert_true (closed);
}

static void
test_large_expected (void)
{
  g_autofree char *first = head ("POST", "/api/v1/sign-in",
                                 "Content-Type: application/json\r\nContent-Length: 300000000\r\n"
                                 "Expect: 100-continue\r\n\r\n");
  gsize sent;
  gboolean closed;
  g_autofree char *answer = upload (first, 0, &sent, &closed);

  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 413"));
}

/* 300 MB that nobody asked for: cut after some, with the answer, and without keeping it. */
static void
upload_endless (const char *more)
{
  g_autofree char *first = head ("POST", "/api/v1/sign-in", more);
  gint64 before = resident_kib ();
  gsize sent;
  gboolean closed;
  g_autofree char *answer = upload (first, 300000000, &sent, &closed);

  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 413"));
  g_assert_nonnull (strstr (answer, "/problems/request/size"));
  g_assert_true (closed);
  g_assert_cmpint (resident_kib () - before, <, 30000);
}

static void
test_large_endless (void)
{
  upload_endless ("Content-Type: application/json\r\nContent-Length: 300000000\r\n\r\n");
}

static void
test_large_chunked (void)
{
  /* One chunk of 300 MB. */
  upload_endless (
      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n11e1a300\r\n");
}

/* libsoup refuses this head by itself, and would keep the body. */
static void
test_large_behind_bad_head (void)
{
  g_autofree char *first = g_strdup ("POST https://x/ HTTP/1.1\r\nHost: x\r\n"
                                     "Content-Length: 300000000\r\n\r\n");
  gint64 before = resident_kib ();
  gsize sent;
  gboolean closed;
  g_autofree char *answer = upload (first, 300000000, &sent, &closed);

  g_assert_true (closed);
  g_assert_cmpuint (sent, <, 300000000);
  g_assert_cmpint (resident_kib () - before, <, 30000);
}

static void
test_garbage (void)
{
  static const char *const heads[] = {
    "\x16\x03\x01\x02\x01\x01\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: foo\r\n\r\n",
    "POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nCookie: ;;;=;__Host-karez-01930000\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      GSocketConnection *wire = wire_open (fixture);
      g_autofree char *answer = NULL;

      wire_send (wire, heads[i]);
      answer = wire_read (wire, 100, NULL);
      g_assert_false (g_str_has_prefix (answer, "HTTP/1.1 2"));
      g_object_unref (wire);
    }
  run_ms (100);
  {
    g_autoptr (Client) client = client_new (fixture, "127.0.0.1");
    g_auto (Answer) answer = ask (client, "GET", "/healthz", NULL, NULL);

    g_assert_no_error (answer.error);
    g_assert_cmpuint (answer.status, ==, 200);
  }
}

/* Two programs that read these differently let the end of one request run as another one: the
 * connection ends with a refusal, and the second request is nobody's. */
static void
test_ambiguous (void)
{
  static const char *const requests[] = {
    "Content-Length: 2\r\nContent-Length: 44\r\n\r\n{}",
    "Content-Length : 2\r\n\r\n{}",
    "Content-Length: +2\r\n\r\n{}",
    "Content-Length: 2, 2\r\n\r\n{}",
    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Host: elsewhere.example\r\nContent-Length: 2\r\n\r\n{}",
    "X-Long: a\r\n Content-Length: 44\r\nContent-Length: 2\r\n\r\n{}",
    "X: y\nContent-Length: 2\r\n\r\n{}",
    "Content-Length: 2\r\nOrigin: " TEST_ORIGIN "\r\nOrigin: null\r\n\r\n{}",
  };
  g_autofree char *good = head ("GET", "/healthz", "\r\n");

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      g_autofree char *request = head ("POST", "/api/v1/sign-in", requests[i]);
      g_autofree char *all = g_strconcat (request, good, NULL);
      GSocketConnection *wire = wire_open (fixture);
      g_autofree char *first = NULL;
      g_autofree char *answer = NULL;
      gboolean closed = FALSE;

      g_test_message ("%s", requests[i]);
      /* On a kept connection, too. */
      wire_send (wire, good);
      first = wire_read (wire, 100, &closed);
      g_assert_true (g_str_has_prefix (first, "HTTP/1.1 200"));
      wire_send (wire, all);
      answer = wire_read (wire, 1000, &closed);
      g_assert_true (closed);
      g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 400"));
      g_assert_nonnull (strstr (answer, "application/problem+json"));
      g_assert_nonnull (strstr (answer, "\"rule\":\"request/"));
      g_assert_null (strstr (answer + 1, "HTTP/1.1"));
      g_object_unref (wire);
    }
}

/* What comes in one piece is answered one by one. */
static void
test_pipelined (void)
{
  g_autofree char *one = head ("GET", "/healthz", "\r\n");
  g_autofree char *last = head ("GET", "/healthz", "Connection: close\r\n\r\n");
  g_autofree char *all = g_strconcat (one, one, "\r\n", one, last, NULL);
  GSocketConnection *wire = wire_open (fixture);
  g_autofree char *answer = NULL;
  g_auto (GStrv) parts = NULL;
  gboolean closed = FALSE;

  wire_send (wire, all);
  answer = wire_read (wire, 3000, &closed);
  parts = g_strsplit (answer, "HTTP/1.1 200", -1);
  g_assert_true (closed);
  g_assert_cmpuint (g_strv_length (parts), ==, 5);
  g_object_unref (wire);
}

static void
test_many_connections (void)
{
  g_autoptr (GPtrArray) wires = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *request = head ("GET", "/healthz", "\r\n");
  g_autofree char *refused = NULL;
  g_autofree char *after = NULL;
  gboolean closed = FALSE;
  GSocketConnection *late;

  run_ms (1500); /* what was left open before is gone */
  for (guint i = 0; i < 12; i++)
    g_ptr_array_add (wires, wire_open (fixture));
  run_ms (30);
  wire_send (wires->pdata[11], request);
  refused = wire_read (wires->pdata[11], 200, &closed);
  g_assert_true (closed);
  g_assert_cmpstr (refused, ==, "");
  {
    /* From another address, or by the Unix socket, it goes on. */
    g_autoptr (Client) other = client_new (fixture, "127.0.0.2");
    g_autoptr (Client) local = client_new (fixture, NULL);
    g_auto (Answer) by_other = ask (other, "GET", "/healthz", NULL, NULL);
    g_auto (Answer) by_local = ask (local, "GET", "/healthz", NULL, NULL);

    g_assert_cmpuint (by_other.status, ==, 200);
    g_assert_cmpuint (by_local.status, ==, 200);
  }
  {
    /* A proxy brings many. */
    g_autoptr (GPtrArray) brought = g_ptr_array_new_with_free_func ((GDestroyNotify) client_free);

    for (guint i = 0; i < 12; i++)
      {
        Client *one = client_new (fixture, TEST_PROXY);
        g_auto (Answer) answer = ask (one, "GET", "/healthz", NULL, NULL);

        g_ptr_array_add (brought, one);
        g_assert_cmpuint (answer.status, ==, 200);
      }
  }
  g_ptr_array_set_size (wires, 0);
  run_ms (100);
  late = wire_open (fixture);
  wire_send (late, request);
  after = wire_read (late, 200, NULL);
  g_assert_true (g_str_has_prefix (after, "HTTP/1.1 200"));
  g_object_unref (late);
}

static guint
open_descriptors (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (directory) != NULL)
    n++;
  return n;
}

/* Clients that leave between two requests, which libsoup by itself never notices. */
static void
test_left_idle (void)
{
  g_autofree char *request = head ("GET", "/healthz", "\r\n");
  guint before;

  run_ms (1500);
  before = open_descriptors ();
  for (guint i = 0; i < 200; i++)
    {
      GSocketConnection *wire = wire_open (fixture);
      gsize got = 0;

      wire_send (wire, request);
      for (guint tries = 0; got == 0 && tries < 500; tries++)
        {
          g_autofree char *answer = wire_read (wire, 5, NULL);

          got = strlen (answer);
        }
      g_assert_cmpuint (got, >, 0);
      g_object_unref (wire);
    }
  run_ms (200);
  g_assert_cmpuint (open_descriptors (), <=, before + 1);
  {
    g_autoptr (Client) local = client_new (fixture, NULL);
    g_auto (Answer) metrics = ask (local, "GET", "/metrics", NULL, NULL);
    g_autofree char *text = g_strndup (g_bytes_get_data (metrics.bytes, NULL),
                                       g_bytes_get_size (metrics.bytes));

    g_assert_nonnull (strstr (text, "\nkarez_http_connections 1\n"));
  }
}

/* A handler that never answers. */
static GPtrArray *kept;

static void
keep (KarezRequest *request, gpointer data)
{
  g_ptr_array_add (kept, g_object_ref (request));
}

static void
test_no_answer (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  gint64 begin = g_get_monotonic_time ();

  kept = g_ptr_array_new_with_free_func (g_object_unref);
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "GET", "/x/keep", "board.read",
                                   keep, NULL, NULL, NULL));
  {
    g_auto (Answer) answer = ask (desk, "GET", "/api/v1/x/keep", NULL, NULL);

    assert_problem (&answer, 504, "request/deadline");
    g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
  }
  /* Too late, and said to nobody. */
  karez_request_respond (kept->pdata[0], 200, NULL);
  g_clear_pointer (&kept, g_ptr_array_unref);
}

static void
answer_much (KarezRequest *request, gpointer data)
{
  g_autofree char *much = g_strnfill (512 * 1024, ' ');
  g_autoptr (GBytes) bytes = g_bytes_new (much, 512 * 1024);

  karez_request_respond_bytes (request, "text/plain", bytes);
}

/* Somebody who asks for much and reads nothing. */
static void
test_unread_answers (void)
{
  GSocketConnection *wire = wire_open (fixture);
  GSocket *socket = g_socket_connection_get_socket (wire);
  g_autofree char *request = head ("GET", "/api/v1/x/much", "\r\n");
  gint64 begin = g_get_monotonic_time ();
  gboolean broken = FALSE;

  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "GET", "/x/much", "anyone",
                                   answer_much, NULL, NULL, NULL));
  g_assert_true (g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, 4096, NULL));
  while (!broken)
    {
      g_autoptr (GError) error = NULL;

      for (guint i = 0; i < 20 && error == NULL; i++)
        g_socket_send (socket, request, strlen (request), NULL, &error);
      broken = error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 60 * G_USEC_PER_SEC);
      run_ms (1);
    }
  g_object_unref (wire);
}

int
main (int argc, char **argv)
{
  HubWebBounds bounds = { .connections = 50,
                          .connections_of_address = 10,
                          .header_ms = 1000,
                          .body_ms = 1300,
                          .body_stall_ms = 1300,
                          .answer_ms = 2000,
                          .write_ms = 1000,
                          .idle_ms = 1000,
                          .requests_per_second = 1000,
                          .burst = 1000,
                          .strange_bodies_of_customer = 8 << 20,
                          .strange_bodies = 8 << 20 };
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (&bounds);
  g_test_add_func ("/web/limits/slow-head", test_slow_head);
  g_test_add_func ("/web/limits/slow-body", test_slow_body);
  g_test_add_func ("/web/limits/silent", test_silent);
  g_test_add_func ("/web/limits/idle", test_idle);
  g_test_add_func ("/web/limits/large/declared", test_large_declared);
  g_test_add_func ("/web/limits/large/expected", test_large_expected);
  g_test_add_func ("/web/limits/large/endless", test_large_endless);
  g_test_add_func ("/web/limits/large/chunked", test_large_chunked);
  g_test_add_func ("/web/limits/large/behind-bad-head", test_large_behind_bad_head);
  g_test_add_func ("/web/limits/garbage", test_garbage);
  g_test_add_func ("/web/limits/ambiguous", test_ambiguous);
  g_test_add_func ("/web/limits/pipelined", test_pipelined);
  g_test_add_func ("/web/limits/many-connections", test_many_connections);
  g_test_add_func ("/web/limits/left-idle", test_left_idle);
  g_test_add_func ("/web/limits/no-answer", test_no_answer);
  g_test_add_func ("/web/limits/unread-answers", test_unread_answers);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
