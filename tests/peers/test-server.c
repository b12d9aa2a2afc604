/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port for other hubs against those who stay too long or are too many. */
#include "hub-peer-client.h"
#include "hub-peer-server.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* The port for other hubs by itself: what comes and goes, and what stays too long. */

static void
keep (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static gboolean
on_over (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_over, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
knows (const char *key, gpointer data)
{
  return TRUE;
}

static guint served;

static void
serve (HubPeerRequest *request, gpointer data)
{
  served++;
  hub_peer_request_answer (request, json_node_new (JSON_NODE_NULL));
}

static void
take_channel (const char *key, const char *name, SoupWebsocketConnection *connection, gpointer data)
{
}

static const HubPeerServerHooks hooks = { knows, serve, take_channel };

typedef struct
{
  char *directory;
  HubIdentity *identity;
  HubPeerServer *server;
  char *address;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->directory = g_dir_make_tmp ("karez-server-XXXXXX", NULL);
  self->identity = hub_identity_open (self->directory, NULL, &error);
  g_assert_no_error (error);
  self->server = hub_peer_server_new (self->identity, &hooks, NULL);
  hub_peer_server_start (self->server, "127.0.0.1", 0, &error);
  g_assert_no_error (error);
  self->address = g_strdup_printf ("127.0.0.1:%u", hub_peer_server_get_port (self->server));
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autofree char *path = g_build_filename (self->directory, "identity.pem", NULL);

  hub_peer_server_stop (self->server);
  run_for (50);
  g_object_unref (self->server);
  g_object_unref (self->identity);
  g_unlink (path);
  g_rmdir (self->directory);
  g_free (self->directory);
  g_free (self->address);
}

static gboolean
ask (HubPeerClient *client, GError **error)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) answer = NULL;

  hub_peer_client_send_async (client, HUB_PEER_WAY_CALL, "call/x", body, 20000, 4096, NULL, keep,
                              &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  answer = hub_peer_client_send_finish (client, result, error);
  return answer != NULL;
}

static void
wait_for_count (Fixture *self, guint count)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (hub_peer_server_get_count (self->server) != count)
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("%u connections, not %u", hub_peer_server_get_count (self->server), count);
      run_for (10);
    }
}

/* A connection that ended is forgotten, whoever ended it. */
static void
test_forgotten (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 6; i++)
    {
      g_autoptr (HubPeerClient) client = hub_peer_client_new (
          self->identity, self->address, hub_identity_get_key_hash (self->identity));
      g_autoptr (GError) error = NULL;

      g_assert_true (ask (client, &error));
      g_assert_no_error (error);
      g_assert_true (ask (client, &error)); /* on the same connection */
      wait_for_count (self, 1);
      if (i % 2 == 0)
        hub_peer_client_close (client);
      else
        hub_peer_server_cut (self->server, hub_identity_get_key_hash (self->identity));
      wait_for_count (self, 0);
    }
}

/* Connections that say nothing: one host gets a few, and they end by themselves. */
static void
test_silent (Fixture *self, gconstpointer data)
{
  g_autoptr (GSocketClient) dialler = g_socket_client_new ();
  g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  guint16 port = hub_peer_server_get_port (self->server);

  for (guint i = 0; i < HUB_PEER_MAX_UNKNOWN_OF_CUSTOMER + 8; i++)
    {
      GSocketConnection *connection = g_socket_client_connect_to_host (dialler, "127.0.0.1", port,
                                                                       NULL, &error);

      g_assert_no_error (error);
      g_ptr_array_add (connections, connection);
      run_for (20);
    }
  run_for (500);
  g_assert_cmpuint (hub_peer_server_get_count (self->server), <=, HUB_PEER_MAX_UNKNOWN_OF_CUSTOMER);
  wait_for_count (self, 0); /* 10 s for a handshake */
}

static gboolean
on_accept (GTlsConnection *tls, GTlsCertificate *certificate, GTlsCertificateFlags flags,
           gpointer data)
{
  return TRUE;
}

/* A paired hub's connection, for bytes that HubPeerClient would not send. */
static GIOStream *
open_wire (Fixture *self)
{
  g_autoptr (GSocketClient) dialler = g_socket_client_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (
      dialler, "127.0.0.1", hub_peer_server_get_port (self->server), NULL, &error);
  g_autoptr (GAsyncResult) result = NULL;
  GIOStream *tls;

  g_assert_no_error (error);
  tls = g_tls_client_connection_new (G_IO_STREAM (connection), NULL, &error);
  g_assert_no_error (error);
  g_object_set (tls, "require-close-notify", FALSE, NULL);
  g_tls_connection_set_certificate (G_TLS_CONNECTION (tls),
                                    hub_identity_get_certificate (self->identity));
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (on_accept), NULL);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (tls), G_PRIORITY_DEFAULT, NULL, keep,
                                    &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_tls_connection_handshake_finish (G_TLS_CONNECTION (tls), result, &error));
  g_assert_no_error (error);
  return tls;
}

/* Sends @text and tells what comes until the end, or for @ms. */
static char *
exchange (GIOStream *wire, const char *text, guint ms, gboolean *ended)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (wire));
  gint64 deadline = g_get_monotonic_time () + ms * 1000;
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_pollable_output_stream_write_nonblocking (
                       G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (wire)), text,
                       strlen (text), NULL, &error),
                   ==, strlen (text));
  *ended = FALSE;
  while (!*ended && g_get_monotonic_time () < deadline)
    {
      char buffer[4096];
      g_autoptr (GError) none = NULL;
      gssize n = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL,
                                                           &none);

      if (n > 0)
        g_string_append_len (all, buffer, n);
      *ended = n == 0 || (n < 0 && !g_error_matches (none, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
      run_for (5);
    }
  return g_string_free (g_steal_pointer (&all), FALSE);
}

/* What two programs read differently is refused here as it is at the desk's port, and what stands
 * behind it is nobody's request. */
static void
test_ambiguous (Fixture *self, gconstpointer data)
{
  static const char *const heads[] = {
    "Content-Length: 2\r\nContent-Length: 44\r\n\r\n{}",
    "Content-Length: 44\r\nContent-Length: 2\r\n\r\n{}",
    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Content-Length : 2\r\n\r\n{}",
    "Content-Length: +2\r\n\r\n{}",
    "Host: elsewhere\r\nContent-Length: 2\r\n\r\n{}",
    "X: y\nContent-Length: 2\r\n\r\n{}",
  };
  static const char begin[] = "POST /peer/v1/call/x HTTP/1.1\r\nHost: hub\r\n";
  g_autofree char *good = g_strconcat (begin, "Content-Length: 2\r\n\r\n{}", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      g_autoptr (GIOStream) wire = open_wire (self);
      g_autofree char *bad = g_strconcat (begin, heads[i], good, NULL);
      g_autofree char *first = NULL, *answer = NULL;
      gboolean ended;

      g_test_message ("%s", heads[i]);
      served = 0;
      first = exchange (wire, good, 300, &ended);
      g_assert_true (g_str_has_prefix (first, "HTTP/1.1 200"));
      g_assert_false (ended);
      g_assert_cmpuint (served, ==, 1);
      answer = exchange (wire, bad, 2000, &ended);
      g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 400"));
      g_assert_nonnull (strstr (answer, "request/"));
      g_assert_null (strstr (answer + 1, "HTTP/1.1"));
      g_assert_true (ended);
      g_assert_cmpuint (served, ==, 1);
    }
  wait_for_count (self, 0);
}

/* The family of a descriptor that connections can be made to; AF_UNSPEC for anything else. */
static int
listening_family (int fd)
{
  int listening = 0, family = AF_UNSPEC;
  socklen_t size = sizeof listening;

  if (getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening)
    return AF_UNSPEC;
  size = sizeof family;
  getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

/* Nobody comes past TLS: the port is the only place where this process can be connected to. */
static void
test_only_port (Fixture *self, gconstpointer data)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint ports = 0;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      int family = listening_family (atoi (name));

      g_assert_cmpint (family, !=, AF_UNIX);
      ports += family == AF_INET;
    }
  g_assert_cmpuint (ports, ==, 1);
}

static GSocket *
connect_from (Fixture *self, const char *source)
{
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string (source, 0);
  g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string (
      "127.0.0.1", hub_peer_server_get_port (self->server));
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                  &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, local, FALSE, &error));
  g_assert_true (g_socket_connect (socket, remote, NULL, &error));
  return socket;
}

/* Connections that say nothing, from more addresses than there is room for: a paired hub comes in
 * all the same, and neither does one address push out the others. */
static void
test_crowd (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (HubPeerClient) client = hub_peer_client_new (
      self->identity, self->address, hub_identity_get_key_hash (self->identity));
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < HUB_PEER_MAX_UNKNOWN + 44; i++)
    {
      g_autofree char *source = g_strdup_printf ("127.0.0.%u", 2 + i % 100);

      g_ptr_array_add (connections, connect_from (self, source));
      while (g_main_context_iteration (NULL, FALSE))
        continue;
    }
  run_for (300);
  ask (client, &error);
  g_assert_no_error (error);
  hub_peer_client_close (client);
}

/* By an IPv6 address, which cannot be the name of a server in TLS. */
static void
test_ipv6 (void)
{
  Fixture self = { 0 };
  g_autoptr (HubPeerClient) client = NULL;
  g_autoptr (GError) error = NULL;

  self.directory = g_dir_make_tmp ("karez-server-XXXXXX", NULL);
  self.identity = hub_identity_open (self.directory, NULL, &error);
  self.server = hub_peer_server_new (self.identity, &hooks, NULL);
  if (hub_peer_server_start (self.server, "::1", 0, &error))
    {
      self.address = g_strdup_printf ("[::1]:%u", hub_peer_server_get_port (self.server));
      client = hub_peer_client_new (self.identity, self.address,
                                    hub_identity_get_key_hash (self.identity));
      g_assert_true (ask (client, &error));
      g_assert_no_error (error);
      hub_peer_client_close (client);
    }
  else
    g_test_skip (error->message);
  tear_down (&self, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/peers/server/forgotten", Fixture, NULL, set_up, test_forgotten, tear_down);
  g_test_add ("/peers/server/silent", Fixture, NULL, set_up, test_silent, tear_down);
  g_test_add ("/peers/server/ambiguous", Fixture, NULL, set_up, test_ambiguous, tear_down);
  g_test_add ("/peers/server/only-port", Fixture, NULL, set_up, test_only_port, tear_down);
  g_test_add ("/peers/server/crowd", Fixture, NULL, set_up, test_crowd, tear_down);
  g_test_add_func ("/peers/server/ipv6", test_ipv6);
  return g_test_run ();
}
