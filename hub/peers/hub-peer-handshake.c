/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handshake of another hub that connects: its key is known before anything is read of it. */
#include "hub-peer-server-private.h"

#include "hub-log.h"
#include "hub-peer-connection.h"
#include "hub-peer-room.h"
#include "hub-peer-stream.h"
#include "hub-tls-hello.h"

/* A handshake under way. */
typedef struct
{
  HubPeerServer *server;
  GIOStream *stream;
  GSocketAddress *local, *remote; /* @remote carries the HubPeerConnection */
} Handshake;

static void
handshake_free (Handshake *handshake)
{
  g_object_unref (handshake->server);
  g_object_unref (handshake->stream);
  g_clear_object (&handshake->local);
  g_object_unref (handshake->remote);
  g_free (handshake);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Handshake, handshake_free)

static gboolean
on_accept_certificate (GTlsConnection *tls, GTlsCertificate *certificate,
                       GTlsCertificateFlags flags, gpointer data)
{
  HubPeerConnection *connection = data;

  g_free (connection->key);
  connection->key = hub_identity_hash_certificate (certificate);
  /* Who it is decides later what may be asked for: an unknown hub can ask to be paired. */
  return connection->key != NULL && connection->server != NULL
         && hub_peer_room_for_key (connection->server->connections, connection->key);
}

static void
on_stream_closed (HubPeerStream *stream, gpointer data)
{
  hub_peer_connection_forget (data);
}

static void
on_stream_refused (HubPeerStream *stream, const HubHttpFault *fault, gpointer data)
{
  HubPeerConnection *connection = hub_peer_connection_of (data);

  if (connection != NULL)
    hub_peer_connection_refuse (connection, fault);
}

/* Gives a connection whose key is known to libsoup. */
static gboolean
hand_over (Handshake *handshake, HubPeerConnection *connection)
{
  g_autoptr (GIOStream) stream = hub_peer_stream_new (handshake->stream);

  g_signal_connect_data (stream, "closed", G_CALLBACK (on_stream_closed),
                         g_object_ref (handshake->remote), (GClosureNotify) (void *) g_object_unref,
                         0);
  g_signal_connect_data (stream, "refused", G_CALLBACK (on_stream_refused),
                         g_object_ref (handshake->remote), (GClosureNotify) (void *) g_object_unref,
                         0);
  connection->stream = stream;
  return soup_server_accept_iostream (handshake->server->server, stream, handshake->local,
                                      handshake->remote, NULL);
}

/* Ends a connection that libsoup does not have. */
static void
abandon (Handshake *handshake)
{
  HubPeerConnection *connection = hub_peer_connection_of (handshake->remote);

  g_socket_shutdown (connection->socket, TRUE, TRUE, NULL);
  g_io_stream_close_async (handshake->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static void
on_handshake (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Handshake) handshake = data;
  GTlsConnection *tls = G_TLS_CONNECTION (source);
  HubPeerConnection *connection = hub_peer_connection_of (handshake->remote);
  g_autoptr (GError) error = NULL;

  g_signal_handlers_disconnect_by_data (tls, connection);
  if (!g_tls_connection_handshake_finish (tls, result, &error))
    hub_info ("peers", connection->host, "No handshake: %s", error->message);
  else if (connection->key != NULL && connection->server != NULL
           && g_tls_connection_get_protocol_version (tls) == G_TLS_PROTOCOL_VERSION_TLS_1_3
           && hand_over (handshake, connection))
    return;
  abandon (handshake);
}

static void
on_hello (GObject *source, GAsyncResult *result, gpointer data)
{
  Handshake *handshake = data;
  HubPeerConnection *connection = hub_peer_connection_of (handshake->remote);
  GTlsConnection *tls = G_TLS_CONNECTION (handshake->stream);
  g_autoptr (GError) error = NULL;

  if (hub_tls_hello_wait_finish (G_SOCKET (source), result, &error) && connection->server != NULL)
    {
      g_signal_connect (tls, "accept-certificate", G_CALLBACK (on_accept_certificate), connection);
      g_tls_connection_handshake_async (tls, G_PRIORITY_DEFAULT, handshake->server->cancellable,
                                        on_handshake, handshake);
      return;
    }
  hub_info ("peers", connection->host, "No handshake: %s",
            error != NULL ? error->message : "the hub ends");
  abandon (handshake);
  handshake_free (handshake);
}

void
hub_peer_server_make_handshake (HubPeerServer *self, GSocketConnection *stream)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GIOStream) tls = g_tls_server_connection_new (
      G_IO_STREAM (stream), hub_identity_get_certificate (self->identity), NULL);
  HubPeerConnection *connection = hub_peer_connection_new (self, self->connections, stream,
                                                           &address);
  Handshake *handshake;

  if (tls == NULL || connection == NULL)
    return;
  if (!hub_peer_room_for_unknown (self->connections, connection))
    {
      hub_info ("peers", connection->host, "A connection was refused: there are too many.");
      return;
    }
  g_object_set (tls, "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, "require-close-notify",
                FALSE, NULL);
  handshake = g_new0 (Handshake, 1);
  handshake->server = g_object_ref (self);
  handshake->stream = g_object_ref (tls);
  handshake->local = g_socket_connection_get_local_address (stream, NULL);
  handshake->remote = g_steal_pointer (&address);
  hub_peer_connection_set_timer (connection, HUB_PEER_HEAD_SECONDS);
  hub_tls_hello_wait_async (connection->socket, G_TLS_PROTOCOL_VERSION_TLS_1_3, self->cancellable,
                            on_hello, handshake);
}
