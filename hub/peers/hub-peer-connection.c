/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the peers' port knows of one connection. */
#include "hub-peer-connection.h"

#include "hub-address.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-peer-problem.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define CONNECTION_KEY "hub-peer-connection"
#define FAREWELL_SECONDS 3

static gboolean
on_gone (gpointer data)
{
  HubPeerConnection *self = data;

  if (self->table != NULL)
    g_hash_table_remove (self->table, self);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_object_unref (self->socket);
  g_free (self->key);
  g_free (self->host);
  g_free (self->customer);
  g_free (self);
  return G_SOURCE_REMOVE;
}

/* GIO closes streams in threads of its own, and the last word on the address may be theirs; the
 * table is the main thread's. */
static void
connection_gone (gpointer data)
{
  HubPeerConnection *self = data;

  if (g_thread_self () == self->thread)
    on_gone (self);
  else
    g_idle_add_full (G_PRIORITY_HIGH, on_gone, self, NULL);
}

HubPeerConnection *
hub_peer_connection_new (struct _HubPeerServer *server, GHashTable *table,
                         GSocketConnection *stream, GSocketAddress **address)
{
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (stream, NULL);
  HubPeerConnection *self;
  GInetAddress *host;

  if (remote == NULL)
    return NULL;
  host = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote));
  self = g_new0 (HubPeerConnection, 1);
  self->server = server;
  self->thread = g_thread_self ();
  self->table = table;
  self->socket = g_object_ref (g_socket_connection_get_socket (stream));
  /* An answer goes in two records; the second one is not to wait 40 ms for the other side's ACK. */
  g_socket_set_option (self->socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  self->host = g_inet_address_to_string (host);
  self->customer = hub_address_customer (self->host);
  self->since = hub_clock_monotonic ();
  /* An object of our own: the socket keeps the other one, and would keep itself alive. */
  *address = g_inet_socket_address_new (
      host, g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (remote)));
  g_object_set_data_full (G_OBJECT (*address), CONNECTION_KEY, self, connection_gone);
  g_hash_table_add (table, self);
  return self;
}

HubPeerConnection *
hub_peer_connection_of (GSocketAddress *address)
{
  return g_object_get_data (G_OBJECT (address), CONNECTION_KEY);
}

HubPeerConnection *
hub_peer_connection_find (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return address != NULL ? hub_peer_connection_of (address) : NULL;
}

void
hub_peer_connection_forget (GSocketAddress *address)
{
  g_object_set_data (G_OBJECT (address), CONNECTION_KEY, NULL);
}

static gboolean
on_timer (gpointer data)
{
  HubPeerConnection *self = data;

  self->timer = 0;
  hub_info ("peers", self->host, "A connection was cut: it was too slow or idle.");
  hub_peer_connection_end (self);
  return G_SOURCE_REMOVE;
}

void
hub_peer_connection_set_timer (HubPeerConnection *self, guint seconds)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (seconds > 0 && !self->is_channel)
    self->timer = g_timeout_add_seconds (seconds, on_timer, self);
}

void
hub_peer_connection_refuse (HubPeerConnection *self, const HubHttpFault *fault)
{
  g_autoptr (GError) error = karez_error_new_parts (KAREZ_ERROR_INVALID, fault->rule,
                                                    fault->accepted, fault->message, NULL);
  guint status = 0;
  g_autoptr (GBytes) body = hub_peer_problem_write (error, &status);
  g_autofree char *answer = NULL;

  hub_info ("peers", self->host, "A request was refused: %s", fault->rule);
  if (self->stream == NULL)
    return;
  answer = g_strdup_printf ("HTTP/1.1 %u %s\r\nContent-Type: application/problem+json\r\n"
                            "Content-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n%.*s",
                            fault->status, soup_status_get_phrase (fault->status),
                            g_bytes_get_size (body), (int) g_bytes_get_size (body),
                            (const char *) g_bytes_get_data (body, NULL));
  /* Some hundred bytes into an empty buffer: all or nothing. */
  g_pollable_output_stream_write_nonblocking (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream)), answer,
      strlen (answer), NULL, NULL);
  g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
  hub_peer_connection_set_timer (self, FAREWELL_SECONDS);
}

void
hub_peer_connection_end (HubPeerConnection *self)
{
  self->doomed = TRUE;
  g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
}

gboolean
hub_peer_connection_has_ended (HubPeerConnection *self)
{
  char byte;
  gssize got = recv (g_socket_get_fd (self->socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}
