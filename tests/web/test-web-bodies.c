/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bodies that many connections send and do not end. */
#include "web-fixture.h"

#include <string.h>

#define BODY (1024 * 1024)
#define STALL_MS 4000

static Fixture *fixture;

/* Connections that have sent all of a body but its last byte. */
typedef struct
{
  GPtrArray *sockets;
  GArray *sent; /* guint, of each body */
} Crowd;

static void
crowd_clear (Crowd *crowd)
{
  g_ptr_array_unref (crowd->sockets);
  g_array_unref (crowd->sent);
  /* The hub sees it. */
  run_ms (200);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Crowd, crowd_clear)

#define CROWD_NEW                                                                                  \
  {                                                                                                \
    g_ptr_array_new_with_free_func (g_object_unref), g_array_new (FALSE, TRUE, sizeof (guint))     \
  }

static GSocket *
connect_from (const char *source)
{
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string (source, 0);
  g_autoptr (GSocketAddress)
      remote = g_inet_socket_address_new_from_string ("127.0.0.1", hub_web_get_port (fixture->web));
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                  &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, local, FALSE, &error));
  g_assert_true (g_socket_connect (socket, remote, NULL, &error));
  g_socket_set_blocking (socket, FALSE);
  return socket;
}

/* @more: further lines of the head */
static void
begin (Crowd *crowd, const char *source, const char *path, const char *more)
{
  GSocket *socket = connect_from (source);
  g_autofree char *head = g_strdup_printf (
      "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\n"
      "Content-Length: %d\r\n%s\r\n",
      path, hub_web_get_port (fixture->web), BODY, more);
  guint none = 0;

  g_socket_send (socket, head, strlen (head), NULL, NULL);
  g_ptr_array_add (crowd->sockets, socket);
  g_array_append_val (crowd->sent, none);
}

/* Until each has sent so much of its body as the hub takes. */
static void
pump (Crowd *crowd)
{
  g_autofree char *block = g_strnfill (65536, ' ');
  gboolean more = TRUE;
  guint quiet = 0;

  while (more && quiet < 50)
    {
      gboolean some = FALSE;

      more = FALSE;
      for (guint i = 0; i < crowd->sockets->len; i++)
        {
          guint *sent = &g_array_index (crowd->sent, guint, i);
          gssize n = *sent < BODY - 1 ? g_socket_send (crowd->sockets->pdata[i], block,
                                                       MIN (65536, BODY - 1 - *sent), NULL, NULL)
                                      : 0;

          *sent += n > 0 ? (guint) n : 0;
          some = some || n > 0;
          more = more || *sent < BODY - 1;
        }
      quiet = some ? 0 : quiet + 1;
      run_ms (2);
    }
  run_ms (100);
}

static gint64
resident_kib (void)
{
  g_autofree char *status = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  return g_ascii_strtoll (strstr (status, "VmRSS:") + 6, NULL, 10);
}

static guint64
metric (const char *name)
{
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_auto (Answer) metrics = ask (local, "GET", "/metrics", NULL, NULL);
  g_autofree char *text = g_strndup (g_bytes_get_data (metrics.bytes, NULL),
                                     g_bytes_get_size (metrics.bytes));
  g_autofree char *line = g_strdup_printf ("\n%s ", name);
  const char *at = strstr (text, line);

  g_assert_nonnull (at);
  return g_ascii_strtoull (at + strlen (line), NULL, 10);
}

/* A body of 100 KiB that is all sent, and blank: what is not refused for want of room is refused
 * for what it says. */
static Answer
ask_large (Client *client)
{
  g_autofree char *body = g_strnfill (100 * 1024, ' ');

  return ask (client, "POST", "/api/v1/sign-in", body, NULL);
}

static void
assert_refused (Client *client, guint status)
{
  g_auto (Answer) answer = ask_large (client);

  assert_problem (&answer, status, "request/bodies");
  g_assert_nonnull (answer_header (&answer, "Retry-After"));
}

static void
assert_taken (Client *client)
{
  g_auto (Answer) answer = ask_large (client);

  g_assert_no_error (answer.error);
  g_assert_cmpuint (answer.status, !=, 429);
  g_assert_cmpuint (answer.status, !=, 503);
}

/* As many connections as an address may have, each with a whole body but for a byte: the hub keeps
 * what the bound says. Others do not notice, nor does what is small. */
static void
test_strange (void)
{
  g_autoptr (Client) same = client_new (fixture, "127.0.0.1");
  g_autoptr (Client) other = client_new (fixture, "127.0.0.2");
  gint64 before, after;

  assert_taken (same);
  before = resident_kib ();
  {
    g_auto (Crowd) crowd = CROWD_NEW;

    for (guint i = 0; i < 190; i++)
      begin (&crowd, "127.0.0.1", "/api/v1/sign-in", "");
    pump (&crowd);
    after = resident_kib ();
    g_test_message ("190 bodies of 1 MiB: %" G_GINT64_FORMAT " KiB more", after - before);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
    g_assert_cmpint (after - before, <, 32 * 1024);
#endif
    g_assert_cmpuint (metric ("karez_http_bodies_bytes"), ==, 2 * BODY);
    g_assert_cmpuint (metric ("karez_http_bodies_refused_total"), ==, 188);
    assert_refused (same, 429);
    assert_taken (other);
    {
      g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
      g_auto (Answer) me = ask (desk, "GET", "/api/v1/me", NULL, NULL);

      g_assert_cmpuint (me.status, ==, 200);
      assert_taken (desk);
    }
  }
  assert_taken (same);
  g_assert_cmpuint (metric ("karez_http_bodies_bytes"), ==, 0);
}

static char *
signed_in_lines (Client *client)
{
  return g_strdup_printf ("Cookie: %s\r\nX-Karez-Token: %s\r\n", client->cookie, client->csrf);
}

/* One account, from wherever it comes. */
static void
test_account (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) engineer = client_signed_in (fixture, "127.0.0.1", "engineer");
  g_autofree char *lines = signed_in_lines (desk);
  g_auto (Crowd) crowd = CROWD_NEW;
  g_auto (Answer) me = ask (desk, "GET", "/api/v1/me", NULL, NULL);
  g_auto (Answer) other = ask (engineer, "GET", "/api/v1/me", NULL, NULL);

  for (guint i = 0; i < 12; i++)
    {
      g_autofree char *source = g_strdup_printf ("127.0.0.%u", 10 + i);

      begin (&crowd, source, "/api/v1/x/kept", lines);
    }
  pump (&crowd);
  g_assert_cmpuint (metric ("karez_http_bodies_bytes"), ==, 8 * BODY);
  assert_refused (desk, 429);
  assert_taken (engineer);
}

/* Behind a proxy who asks is counted, an IPv6 customer once. */
static void
test_proxy (void)
{
  g_autoptr (Client) same = client_new_behind_proxy (fixture, "2001:db8::ffff");
  g_autoptr (Client) other = client_new_behind_proxy (fixture, "2001:db8:0:1::1");
  g_auto (Crowd) crowd = CROWD_NEW;

  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *line = g_strdup_printf ("X-Forwarded-For: 2001:db8::%u\r\n", i + 1);

      begin (&crowd, TEST_PROXY, "/api/v1/sign-in", line);
    }
  pump (&crowd);
  g_assert_cmpuint (metric ("karez_http_bodies_bytes"), ==, 2 * BODY);
  assert_refused (same, 429);
  assert_taken (other);
}

/* Strangers from everywhere use up their room; whoever is signed in has another one. */
static void
test_all (void)
{
  g_autoptr (Client) late = client_new (fixture, "127.0.0.200");
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_auto (Crowd) crowd = CROWD_NEW;
  g_auto (Answer) me = ask (desk, "GET", "/api/v1/me", NULL, NULL);

  for (guint i = 0; i < 24; i++)
    {
      g_autofree char *source = g_strdup_printf ("127.0.0.%u", 10 + i / 2);

      begin (&crowd, source, "/api/v1/sign-in", "");
    }
  pump (&crowd);
  g_assert_cmpuint (metric ("karez_http_bodies_bytes"), ==, 16 * BODY);
  assert_refused (late, 503);
  assert_taken (desk);
}

static GPtrArray *kept;

static void
keep (KarezRequest *request, gpointer data)
{
  g_ptr_array_add (kept, g_object_ref (request));
}

/* What has come is held until it is answered. */
static void
test_waiting (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autofree char *lines = signed_in_lines (desk);
  g_autofree char *all = g_strconcat (
      lines, "Idempotency-Key: 01930000-0000-7000-8000-00000000f001\r\n", NULL);
  g_auto (Crowd) crowd = CROWD_NEW;
  g_auto (Answer) me = ask (desk, "GET", "/api/v1/me", NULL, NULL);

  kept = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < 8; i++)
    {
      begin (&crowd, "127.0.0.1", "/api/v1/x/kept", all);
      g_assert_cmpint (g_socket_send (crowd.sockets->pdata[i], "{", 1, NULL, NULL), ==, 1);
      g_array_index (crowd.sent, guint, i) = 1;
    }
  pump (&crowd);
  for (guint i = 0; i < 8; i++)
    g_assert_cmpint (g_socket_send (crowd.sockets->pdata[i], "}", 1, NULL, NULL), ==, 1);
  run_until (kept->len == 8);
  g_assert_cmpuint (metric ("karez_http_bodies_bytes"), ==, 8 * BODY);
  assert_refused (desk, 429);
  for (guint i = 0; i < 8; i++)
    karez_request_respond (kept->pdata[i], 204, NULL);
  g_clear_pointer (&kept, g_ptr_array_unref);
  run_ms (300);
  /* Though the connections are still there. */
  g_assert_cmpuint (metric ("karez_http_bodies_bytes"), ==, 0);
}

/* A body that stands still is not waited for until its last moment. */
static void
test_stalled (void)
{
  g_auto (Crowd) crowd = CROWD_NEW;
  gint64 begun = g_get_monotonic_time ();
  guint64 cut = metric ("karez_http_connections_cut_total");

  begin (&crowd, "127.0.0.1", "/api/v1/sign-in", "");
  pump (&crowd);
  g_assert_cmpuint (metric ("karez_http_bodies_bytes"), ==, BODY);
  while (metric ("karez_http_bodies_bytes") > 0)
    {
      g_assert_cmpint (g_get_monotonic_time () - begun, <, 4 * STALL_MS * 1000);
      run_ms (50);
    }
  g_assert_cmpint (g_get_monotonic_time () - begun, >=, STALL_MS * 1000);
  g_assert_cmpuint (metric ("karez_http_connections_cut_total"), ==, cut + 1);
}

/* A body of the smallest chunks, as fast as the hub takes it: nobody else waits for its end. */
static void
test_small_chunks (void)
{
  static const char chunk[] = "1\r\na\r\n";
  g_autoptr (GSocket) socket = connect_from ("127.0.0.31");
  g_autofree char *head = g_strdup_printf (
      "POST /api/v1/sign-in HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n",
      hub_web_get_port (fixture->web));
  g_autoptr (GByteArray) many = g_byte_array_new ();
  gint64 longest = 0;
  gsize at = 0;

  g_byte_array_append (many, (const guint8 *) head, (guint) strlen (head));
  for (guint i = 0; i < 500000; i++)
    g_byte_array_append (many, (const guint8 *) chunk, sizeof chunk - 1);
  while (at < many->len)
    {
      gssize n = g_socket_send (socket, (char *) many->data + at, many->len - at, NULL, NULL);
      gint64 turn = g_get_monotonic_time ();

      if (n > 0)
        at += (gsize) n;
      if (n > 0 && at < many->len)
        continue;
      g_main_context_iteration (NULL, FALSE);
      longest = MAX (longest, g_get_monotonic_time () - turn);
    }
  for (guint i = 0; i < 3000; i++)
    {
      gint64 turn = g_get_monotonic_time ();

      g_main_context_iteration (NULL, FALSE);
      longest = MAX (longest, g_get_monotonic_time () - turn);
    }
  g_assert_cmpint (longest, <, 100000);
}

int
main (int argc, char **argv)
{
  HubWebBounds bounds = HUB_WEB_BOUNDS_DEFAULT;
  int result;

  g_test_init (&argc, &argv, NULL);
  bounds.body_stall_ms = STALL_MS;
  fixture = fixture_new (&bounds);
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "POST", "/x/kept", "board.read",
                                   keep, NULL, NULL, NULL));
  g_test_add_func ("/web/bodies/strange", test_strange);
  g_test_add_func ("/web/bodies/account", test_account);
  g_test_add_func ("/web/bodies/proxy", test_proxy);
  g_test_add_func ("/web/bodies/all", test_all);
  g_test_add_func ("/web/bodies/waiting", test_waiting);
  g_test_add_func ("/web/bodies/stalled", test_stalled);
  g_test_add_func ("/web/bodies/small-chunks", test_small_chunks);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
