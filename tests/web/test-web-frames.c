/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WebSocket frames that are written by hand. */
#include "web-fixture.h"

#include "hub-web-frames.h"
#include "hub-web-page.h"

#include <string.h>
#include <sys/socket.h>

static Fixture *fixture;

/* A page whose frames are written by hand. */
static GSocketConnection *
raw_page (Client *client, gboolean deaf)
{
  GSocketConnection *wire = wire_open (fixture);
  g_autofree char *text = g_strdup_printf (
      "GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: " TEST_ORIGIN
      "\r\nCookie: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
      hub_web_get_port (fixture->web), client->cookie);
  g_autofree char *answer = NULL;

  if (deaf)
    g_assert_true (g_socket_set_option (g_socket_connection_get_socket (wire), SOL_SOCKET,
                                        SO_RCVBUF, 4096, NULL));
  wire_send (wire, text);
  answer = wire_read (wire, 300, NULL);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 101"));
  return wire;
}

/* A frame with a mask of zeros. */
static void
send_frame (GSocketConnection *wire, guint8 first, const char *payload, gsize size)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  guint8 head[14] = { first };
  gsize n = 2;

  if (size < 126)
    head[1] = 0x80 | (guint8) size;
  else if (size < 65536)
    {
      head[1] = 0x80 | 126;
      head[2] = (guint8) (size >> 8);
      head[3] = (guint8) size;
      n = 4;
    }
  else
    {
      head[1] = 0x80 | 127;
      for (guint i = 0; i < 8; i++)
        head[2 + i] = (guint8) (((guint64) size) >> (56 - 8 * i));
      n = 10;
    }
  g_byte_array_append (frame, head, n + 4);
  g_byte_array_append (frame, (const guint8 *) payload, size);
  for (gsize at = 0; at < frame->len;)
    {
      gssize sent = g_socket_send (g_socket_connection_get_socket (wire), (char *) frame->data + at,
                                   frame->len - at, NULL, NULL);

      if (sent > 0)
        at += sent;
      else
        run_turn ();
    }
}

/* The code of the close frame that the server sent at last. */
static void
expect_raw_close (GSocketConnection *wire, guint code)
{
  GSocket *socket = g_socket_connection_get_socket (wire);
  guint8 frame[4] = { 0 };
  gsize got = 0;

  while (got < 4)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_receive (socket, (char *) frame + got, 4 - got, NULL, &error);

      if (n > 0)
        got += n;
      else
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          run_ms (2);
        }
    }
  g_assert_cmphex (frame[0], ==, 0x88);
  g_assert_cmpuint (frame[2] << 8 | frame[3], ==, code);
}

static void
test_oversize (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autofree char *large = g_strnfill (70000, ' ');
  g_autoptr (GSocketConnection) one = raw_page (desk, FALSE);
  g_autoptr (GSocketConnection) parts = raw_page (desk, FALSE);
  g_autoptr (GSocketConnection) fitting = raw_page (desk, FALSE);

  send_frame (one, 0x81, large, 70000);
  expect_raw_close (one, SOUP_WEBSOCKET_CLOSE_TOO_BIG);

  send_frame (parts, 0x01, large, 30000);
  send_frame (parts, 0x00, large, 30000);
  send_frame (parts, 0x00, large, 30000);
  expect_raw_close (parts, SOUP_WEBSOCKET_CLOSE_TOO_BIG);

  /* Fragments, and several messages, within the bound. */
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *answer = NULL;

      send_frame (fitting, 0x01, "{", 1);
      send_frame (fitting, 0x89, "ping", 4);
      send_frame (fitting, 0x00, large, 30000);
      send_frame (fitting, 0x80, large, 30000);
      answer = wire_read (fitting, 300, NULL);
      g_assert_true (memmem (answer, 6, "ping", 4) != NULL);
    }
}

static void
test_not_utf8 (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (GSocketConnection) wire = raw_page (desk, FALSE);

  send_frame (wire, 0x81, "\xff\xfe", 2);
  expect_raw_close (wire, SOUP_WEBSOCKET_CLOSE_BAD_DATA);
}

static guint
count_pages (void)
{
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_auto (Answer) metrics = ask (local, "GET", "/metrics", NULL, NULL);
  g_autofree char *text = g_strndup (g_bytes_get_data (metrics.bytes, NULL),
                                     g_bytes_get_size (metrics.bytes));
  const char *line = strstr (text, "\nkarez_live_pages ");

  return (guint) g_ascii_strtoull (line + strlen ("\nkarez_live_pages "), NULL, 10);
}

/* Much is sent to a page that does not read: it is cut, and the rest goes on. */
static void
test_deaf (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (GSocketConnection) wire = NULL;
  g_autofree char *filler = g_strnfill (50000, 'x');
  guint before, sent = 0;

  run_ms (200);
  before = count_pages ();
  wire = raw_page (desk, TRUE);
  send_frame (wire, 0x81, "{\"type\": \"hello\"}", 17);
  run_ms (100);
  g_assert_cmpuint (count_pages (), ==, before + 1);
  while (sent < 2000 && count_pages () > before)
    {
      for (guint i = 0; i < 10; i++, sent++)
        hub_web_broadcast (fixture->web, "board.read",
                           karez_json_object ("type", "s", "test", "x", "s", filler, NULL));
      run_ms (1);
    }
  /* The kernel takes some MB; what waits here is bounded. */
  g_assert_cmpuint (sent, <, 400);
}

/* Writes @frame over and over, until @total bytes are on their way, the other end is gone or @ms
 * are over, and reads nothing; returns the longest turn of the main loop in milliseconds. */
static guint
flood (GSocketConnection *wire, const char *frame, gsize size, gsize total, guint ms)
{
  GSocket *socket = g_socket_connection_get_socket (wire);
  g_autoptr (GByteArray) many = g_byte_array_new ();
  gint64 begin = g_get_monotonic_time (), longest = 0;
  gsize at = 0, sent = 0;

  while (many->len < 64 * 1024)
    g_byte_array_append (many, (const guint8 *) frame, (guint) size);
  while (sent < total && g_get_monotonic_time () - begin < (gint64) ms * 1000)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_send (socket, (char *) many->data + at, many->len - at, NULL, &error);
      gint64 turn = g_get_monotonic_time ();

      if (n > 0)
        {
          sent += (gsize) n;
          at = (at + (gsize) n) % many->len;
          continue;
        }
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      g_main_context_iteration (NULL, FALSE);
      longest = MAX (longest, g_get_monotonic_time () - turn);
    }
  for (gint64 end = g_get_monotonic_time () + G_USEC_PER_SEC; g_get_monotonic_time () < end;)
    {
      gint64 turn = g_get_monotonic_time ();

      g_main_context_iteration (NULL, FALSE);
      longest = MAX (longest, g_get_monotonic_time () - turn);
    }
  return (guint) (longest / 1000);
}

/* Megabytes of the smallest frames, of each kind that can come in any number: the main loop is not
 * held up by them, and who sends them is let go. */
static void
test_small (void)
{
  static const struct
  {
    const char *frame;
    gsize size;
  } kinds[] = {
    { "\x89\x80\0\0\0\0", 6 }, /* pings */
    { "\x8a\x80\0\0\0\0", 6 }, /* pongs that nobody asked for */
    { "\x00\x80\0\0\0\0", 6 }, /* fragments of a message that never ends */
    { "\x81\x80\0\0\0\0", 6 }, /* messages */
  };
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  guint before;

  run_ms (200);
  before = count_pages ();
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      guint longest = G_MAXUINT;

      /* A turn that is long by itself is so each time; one that waited for a processor is not. */
      for (guint j = 0; j < 3 && longest >= 250; j++)
        {
          g_autoptr (GSocketConnection) wire = raw_page (desk, TRUE);

          send_frame (wire, 0x01, "{", 1);
          longest = MIN (longest, flood (wire, kinds[i].frame, kinds[i].size, 4 << 20, 4000));
        }
      g_assert_cmpuint (longest, <, 250);
      g_assert_cmpuint (count_pages (), ==, before);
    }
}

/* Few enough pings, whose pongs nobody reads, with a sign of life now and then. */
static void
test_unread_pongs (void)
{
  static const char payload[125] = { 0 };
  g_autoptr (HubWebMeter) meter = NULL;
  g_autoptr (GOutputStream) full = g_memory_output_stream_new (g_malloc (1), 1, NULL, g_free);
  g_autoptr (HubWebFrames) frames = NULL;
  guint8 ping = 0x89, pong = 0x8a;
  guint n = 0;

  /* As libsoup calls it, and as fast as a page may: a socket's own buffers would take minutes. */
  meter = hub_web_meter_new (full);
  frames = hub_web_frames_new (meter, HUB_WEB_PAGE_MESSAGE, 50000);
  for (gboolean refused = FALSE; !refused; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) in = NULL;
      g_autoptr (GBytes) out = NULL;

      g_assert_cmpuint (n, <, 1000);
      in = soup_websocket_extension_process_incoming_message (
          SOUP_WEBSOCKET_EXTENSION (frames), &ping, g_bytes_new_static (payload, sizeof payload),
          &error);
      refused = in == NULL;
      if (refused)
        g_assert_error (error, SOUP_WEBSOCKET_ERROR, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION);
      else
        out = soup_websocket_extension_process_outgoing_message (
            SOUP_WEBSOCKET_EXTENSION (frames), &pong, g_bytes_new_static (payload, sizeof payload),
            &error);
    }
  g_assert_cmpuint (n, ==, 50000 / 127 + 2);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_test_add_func ("/web/frames/oversize", test_oversize);
  g_test_add_func ("/web/frames/not-utf8", test_not_utf8);
  g_test_add_func ("/web/frames/deaf", test_deaf);
  g_test_add_func ("/web/frames/small", test_small);
  g_test_add_func ("/web/frames/unread-pongs", test_unread_pongs);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
