/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The port for other hubs: mutual TLS 1.3, requests, channels. */
#include "hub-peer-server-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-names.h"
#include "hub-peer-bound.h"
#include "hub-peer-connection.h"
#include "hub-peer-problem.h"
#include "hub-peer-room.h"
#include "hub-peer-stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64
#define BODY_SECONDS 60   /* from the headers to the body's end, for a paired hub */
#define STRANGE_SECONDS 5 /* the same for anybody else */
#define IDLE_SECONDS 60   /* between requests */
#define STRANGE_IDLE_SECONDS 10
/* What is read of a body that was refused already, so that its sender gets to see why. */
#define MAX_DRAIN (8 * 1024 * 1024)
#define MAX_STRANGE_DRAIN (256 * 1024)
#define ACCEPT_AGAIN_MS 200

G_DEFINE_FINAL_TYPE (HubPeerServer, hub_peer_server, G_TYPE_OBJECT)

/* What is known of one request; belongs to its message. */
typedef struct
{
  SoupServerMessage *message; /* NULL once it is finished */
  GByteArray *body;
  gsize limit;
  gsize drained;
  gboolean too_large;
} Incoming;

gboolean
hub_peer_server_is_known (HubPeerConnection *connection)
{
  return connection->server != NULL && connection->key != NULL
         && connection->server->hooks->knows (connection->key, connection->server->data);
}

static void
incoming_free (gpointer data)
{
  Incoming *incoming = data;

  g_byte_array_unref (incoming->body);
  g_free (incoming);
}

static void
refuse (SoupServerMessage *message, const GError *error)
{
  guint status = 0;
  g_autoptr (GBytes) body = hub_peer_problem_write (error, &status);

  soup_server_message_set_response (message, "application/problem+json", SOUP_MEMORY_COPY,
                                    g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  soup_server_message_set_status (message, status, NULL);
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, gpointer data)
{
  Incoming *incoming = data;
  HubPeerConnection *connection = hub_peer_connection_find (message);
  gsize size = g_bytes_get_size (chunk);

  if (!incoming->too_large && incoming->body->len + size <= incoming->limit)
    {
      g_byte_array_append (incoming->body, g_bytes_get_data (chunk, NULL), size);
      return;
    }
  incoming->too_large = TRUE;
  incoming->drained += size;
  g_byte_array_set_size (incoming->body, 0);
  if (connection != NULL
      && incoming->drained
             > (hub_peer_server_is_known (connection) ? MAX_DRAIN : MAX_STRANGE_DRAIN))
    hub_peer_connection_end (connection);
}

/* "call/x" of "/peer/v1/call/x"; NULL for another path. */
static const char *
peer_path (const char *path)
{
  return g_str_has_prefix (path, HUB_PEER_PREFIX "/") ? path + strlen (HUB_PEER_PREFIX "/") : NULL;
}

/* Decides by the headers alone whether the body is wanted. */
static GError *
judge_headers (HubPeerConnection *connection, SoupServerMessage *message, const char *path)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const char *method = soup_server_message_get_method (message);
  const char *rest = peer_path (path);
  gboolean known, channel;

  if (connection == NULL || connection->key == NULL)
    return karez_error_new (KAREZ_ERROR_UNAUTHENTICATED, "peers/certificate", NULL,
                            N_ ("No certificate came with this connection"));
  known = hub_peer_server_is_known (connection);
  if (rest == NULL)
    return karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/path", NULL,
                            N_ ("There is nothing here"));
  if (!known && !hub_peer_path_is_public (rest))
    return karez_error_new (KAREZ_ERROR_DENIED, "peers/not-paired",
                            N_ ("A pairing that both hospitals confirmed"),
                            N_ ("This hub is not paired with yours"));
  channel = g_str_has_prefix (rest, "channel/");
  if (!g_str_equal (method, channel ? SOUP_METHOD_GET : SOUP_METHOD_POST))
    return karez_error_new (KAREZ_ERROR_INVALID, "peers/method", NULL,
                            N_ ("This cannot be asked for with %s"), method);
  if (channel && !g_str_equal (rest, "channel/urgent") && !g_str_equal (rest, "channel/bulk"))
    return karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/path", NULL,
                            N_ ("There is nothing here"));
  if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CONTENT_LENGTH
      && soup_message_headers_get_content_length (headers)
             > (goffset) hub_peer_body_limit (rest, known))
    return karez_error_new (KAREZ_ERROR_TOO_LARGE, "peers/body-size", NULL,
                            N_ ("The message is longer than is accepted"));
  return NULL;
}

static void
on_headers (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer data)
{
  HubPeerConnection *connection = hub_peer_connection_find (message);
  Incoming *incoming = g_new0 (Incoming, 1);
  g_autoptr (GError) error = NULL;
  gboolean known = connection != NULL && hub_peer_server_is_known (connection);

  incoming->body = g_byte_array_new ();
  g_object_set_data_full (G_OBJECT (message), "incoming", incoming, incoming_free);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), incoming);
  if (connection != NULL)
    hub_peer_connection_set_timer (connection, known ? BODY_SECONDS : STRANGE_SECONDS);
  error = judge_headers (connection, message, path);
  if (error != NULL)
    refuse (message, error);
  else
    incoming->limit = hub_peer_body_limit (peer_path (path), known);
}

/* The place where an answer goes; the message may end, or be dropped with its connection, before
 * the answer comes. */
typedef struct
{
  SoupServerMessage *message; /* weak */
} Reply;

static void
reply_forget (Reply *reply)
{
  if (reply->message == NULL)
    return;
  g_signal_handlers_disconnect_by_data (reply->message, reply);
  g_clear_weak_pointer (&reply->message);
}

static void
on_message_finished (SoupServerMessage *message, gpointer data)
{
  reply_forget (data);
}

static void
reply_free (gpointer data)
{
  reply_forget (data);
  g_free (data);
}

static void
on_answer (guint status, GBytes *body, gpointer data)
{
  Reply *reply = data;
  SoupServerMessage *message = reply->message;
  HubPeerConnection *connection;

  if (message == NULL)
    return;
  connection = hub_peer_connection_find (message);
  if (connection != NULL)
    hub_peer_connection_set_timer (connection, BODY_SECONDS); /* the answer must be taken, too */
  soup_server_message_set_response (
      message, status == 200 ? "application/json" : "application/problem+json", SOUP_MEMORY_COPY,
      g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_unpause (message);
}

static guint
read_timeout (SoupServerMessage *message)
{
  const char *text = soup_message_headers_get_one (
      soup_server_message_get_request_headers (message), "Karez-Timeout");
  guint64 timeout;

  if (text == NULL
      || !g_ascii_string_to_unsigned (text, 10, HUB_PEER_TIMEOUT_LEAST, HUB_PEER_TIMEOUT_POST,
                                      &timeout, NULL))
    return HUB_PEER_TIMEOUT_CALL;
  return timeout;
}

static void
on_body (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
         gpointer data)
{
  HubPeerServer *self = data;
  HubPeerConnection *connection = hub_peer_connection_find (message);
  Incoming *incoming = g_object_get_data (G_OBJECT (message), "incoming");
  g_autoptr (HubPeerRequest) request = NULL;
  g_autoptr (GBytes) body = NULL;
  Reply *reply;

  if (g_str_has_prefix (path, HUB_PEER_PREFIX "/channel/"))
    return; /* libsoup goes on with the handshake of the WebSocket */
  hub_peer_connection_set_timer (connection, 0);
  if (incoming->too_large)
    {
      g_autoptr (GError) error = karez_error_new (KAREZ_ERROR_TOO_LARGE, "peers/body-size", NULL,
                                                  N_ ("The message is longer than is accepted"));

      refuse (message, error);
      return;
    }
  body = g_byte_array_free_to_bytes (g_steal_pointer (&incoming->body));
  incoming->body = g_byte_array_new ();
  reply = g_new0 (Reply, 1);
  g_set_weak_pointer (&reply->message, message);
  g_signal_connect (message, "finished", G_CALLBACK (on_message_finished), reply);
  soup_server_message_pause (message);
  request = hub_peer_request_new (connection->key, connection->host, peer_path (path), body,
                                  read_timeout (message), on_answer, reply, reply_free);
  self->hooks->serve (request, self->data);
}

static void
on_websocket (SoupServer *server, SoupServerMessage *message, const char *path,
              SoupWebsocketConnection *websocket, gpointer data)
{
  HubPeerServer *self = data;
  HubPeerConnection *connection = hub_peer_connection_find (message);

  if (connection != NULL && connection->stream != NULL)
    hub_peer_stream_set_raw (HUB_PEER_STREAM (connection->stream));
  if (connection == NULL || !hub_peer_server_is_known (connection)
      || !hub_peer_bound_is_used (websocket))
    {
      soup_websocket_connection_close (websocket, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, NULL);
      return;
    }
  connection->is_channel = TRUE;
  hub_peer_connection_set_timer (connection, 0);
  self->hooks->channel (connection->key, path + strlen (HUB_PEER_PREFIX "/channel/"), websocket,
                        self->data);
}

static void
on_request_started (SoupServer *server, SoupServerMessage *message, gpointer data)
{
  HubPeerConnection *connection = hub_peer_connection_find (message);

  if (connection == NULL)
    return;
  connection->idle = FALSE;
  hub_peer_connection_set_timer (connection, HUB_PEER_HEAD_SECONDS);
}

static void
on_request_finished (SoupServer *server, SoupServerMessage *message, gpointer data)
{
  HubPeerConnection *connection = hub_peer_connection_find (message);

  if (connection == NULL)
    return;
  connection->idle = TRUE;
  hub_peer_connection_set_timer (
      connection, hub_peer_server_is_known (connection) ? IDLE_SECONDS : STRANGE_IDLE_SECONDS);
}

/* libsoup 3.2.3 does not see that an idle connection has ended: it would keep the descriptor. */
static gboolean
on_sweep (gpointer data)
{
  HubPeerServer *self = data;
  g_autoptr (GList) connections = g_hash_table_get_keys (self->connections);

  for (GList *link = connections; link != NULL; link = link->next)
    {
      HubPeerConnection *connection = link->data;

      if (connection->stream != NULL
          && (connection->doomed
              || (connection->idle && hub_peer_connection_has_ended (connection))))
        g_io_stream_close_async (g_steal_pointer (&connection->stream), G_PRIORITY_DEFAULT, NULL,
                                 NULL, NULL);
    }
  return G_SOURCE_CONTINUE;
}

/* Accepting */

static void accept_next (HubPeerServer *self);

static gboolean
on_accept_again (gpointer data)
{
  accept_next (data);
  return G_SOURCE_REMOVE;
}

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeerServer) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection)
      stream = g_socket_listener_accept_finish (G_SOCKET_LISTENER (source), result, NULL, &error);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (stream == NULL)
    {
      /* No file descriptors, perhaps: it does not get better by trying at once. */
      hub_warning ("peers", NULL, "A connection could not be accepted: %s", error->message);
      g_timeout_add_full (G_PRIORITY_DEFAULT, ACCEPT_AGAIN_MS, on_accept_again, g_object_ref (self),
                          g_object_unref);
      return;
    }
  hub_peer_server_make_handshake (self, stream);
  accept_next (self);
}

static void
accept_next (HubPeerServer *self)
{
  if (!g_cancellable_is_cancelled (self->cancellable))
    g_socket_listener_accept_async (self->listener, self->cancellable, on_accepted,
                                    g_object_ref (self));
}

/* libsoup keeps connections alive only while it listens somewhere: at half a pair of sockets, whose
 * other half never speaks, so that nobody can connect to it. */
static gboolean
pretend_to_listen (HubPeerServer *self, GError **error)
{
  int pair[2];
  g_autoptr (GSocket) half = NULL;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "a pair of sockets: %s",
                   g_strerror (errno));
      return FALSE;
    }
  self->silent = pair[1];
  half = g_socket_new_from_fd (pair[0], error);
  if (half == NULL)
    close (pair[0]);
  return half != NULL && soup_server_listen_socket (self->server, half, 0, error);
}

static void
hub_peer_server_dispose (GObject *object)
{
  HubPeerServer *self = HUB_PEER_SERVER (object);

  hub_peer_server_stop (self);
  g_clear_object (&self->identity);
  G_OBJECT_CLASS (hub_peer_server_parent_class)->dispose (object);
}

static void
hub_peer_server_finalize (GObject *object)
{
  HubPeerServer *self = HUB_PEER_SERVER (object);

  g_hash_table_unref (self->connections);
  if (self->silent >= 0)
    close (self->silent);
  g_object_unref (self->listener);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (hub_peer_server_parent_class)->finalize (object);
}

static void
hub_peer_server_class_init (HubPeerServerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_peer_server_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_peer_server_finalize;
}

static void
hub_peer_server_init (HubPeerServer *self)
{
  self->silent = -1;
  self->connections = g_hash_table_new (NULL, NULL);
  self->listener = g_socket_listener_new ();
  self->cancellable = g_cancellable_new ();
}

HubPeerServer *
hub_peer_server_new (HubIdentity *identity, const HubPeerServerHooks *hooks, gpointer data)
{
  HubPeerServer *self = g_object_new (HUB_TYPE_PEER_SERVER, NULL);
  static const char *const channels[] = { HUB_PEER_PREFIX "/channel/urgent",
                                          HUB_PEER_PREFIX "/channel/bulk" };

  self->identity = g_object_ref (identity);
  self->hooks = hooks;
  self->data = data;
  self->server = soup_server_new (NULL, NULL);
  soup_server_remove_websocket_extension (self->server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  soup_server_add_websocket_extension (self->server, HUB_TYPE_PEER_BOUND);
  soup_server_add_early_handler (self->server, NULL, on_headers, self, NULL);
  soup_server_add_handler (self->server, NULL, on_body, self, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
    {
      /* The more special path hides the handlers above. */
      soup_server_add_early_handler (self->server, channels[i], on_headers, self, NULL);
      soup_server_add_websocket_handler (self->server, channels[i], NULL, NULL, on_websocket, self,
                                         NULL);
    }
  g_signal_connect (self->server, "request-started", G_CALLBACK (on_request_started), self);
  g_signal_connect (self->server, "request-finished", G_CALLBACK (on_request_finished), self);
  g_signal_connect (self->server, "request-aborted", G_CALLBACK (on_request_finished), self);
  return self;
}

gboolean
hub_peer_server_start (HubPeerServer *self, const char *bind_address, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket) socket = NULL;

  g_return_val_if_fail (HUB_IS_PEER_SERVER (self), FALSE);

  if (!hub_identity_check_priority (error))
    return FALSE;
  address = g_inet_socket_address_new_from_string (bind_address, port);
  if (address == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/bind-address",
                            N_ ("A numeric IP address, like 0.0.0.0"),
                            N_ ("The hub cannot listen on this address: %s"), bind_address);
  socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                         G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL)
    return FALSE;
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return FALSE;
  bound = g_socket_get_local_address (socket, error);
  if (bound == NULL || !pretend_to_listen (self, error)
      || !g_socket_listener_add_socket (self->listener, socket, NULL, error))
    return FALSE;
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->sweep = g_timeout_add_seconds (1, on_sweep, self);
  accept_next (self);
  return TRUE;
}

guint16
hub_peer_server_get_port (HubPeerServer *self)
{
  g_return_val_if_fail (HUB_IS_PEER_SERVER (self), 0);

  return self->port;
}

guint
hub_peer_server_get_count (HubPeerServer *self)
{
  g_return_val_if_fail (HUB_IS_PEER_SERVER (self), 0);

  return g_hash_table_size (self->connections);
}

/* Shuts the sockets of @key, or all for NULL. */
static void
cut (HubPeerServer *self, const char *key)
{
  g_autoptr (GList) connections = g_hash_table_get_keys (self->connections);

  for (GList *link = connections; link != NULL; link = link->next)
    {
      HubPeerConnection *connection = link->data;

      if (key == NULL || g_strcmp0 (connection->key, key) == 0)
        hub_peer_connection_end (connection);
    }
}

void
hub_peer_server_cut (HubPeerServer *self, const char *key)
{
  g_return_if_fail (HUB_IS_PEER_SERVER (self) && key != NULL);

  cut (self, key);
}

void
hub_peer_server_stop (HubPeerServer *self)
{
  GHashTableIter iter;
  HubPeerConnection *connection;

  g_return_if_fail (HUB_IS_PEER_SERVER (self));

  if (self->server == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->sweep, g_source_remove);
  g_socket_listener_close (self->listener);
  cut (self, NULL);
  soup_server_disconnect (self->server);
  g_signal_handlers_disconnect_by_data (self->server, self);
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, (gpointer *) &connection, NULL))
    {
      connection->server = NULL;
      connection->table = NULL;
      g_clear_handle_id (&connection->timer, g_source_remove);
    }
  g_hash_table_remove_all (self->connections);
  g_clear_object (&self->server);
}
