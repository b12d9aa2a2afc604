/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounds and deadlines of connections. */
#include "hub-web-limits.h"

#include "hub-address.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-web-handshakes.h"
#include "hub-web-wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY "hub-web-connection"
/* So many of those that wait are taken in one turn of the main loop. */
#define AT_ONCE 16
#define RETRY_MS 200
#define FAREWELL_MS 3000

struct _HubWebLimits
{
  HubWebBounds bounds;
  HubWebProxies *proxies; /* not owned */
  SoupServer *server;
  GPtrArray *doors;        /* Door */
  GHashTable *connections; /* set of Connection */
  GHashTable *customers;   /* hub_address_customer() → how many */
  HubWebHandshakes *handshakes;
  HubWebLimitsFunc refuse;
  gpointer refuse_data;
  guint64 refused, refused_requests, cut;
  int silent; /* the other end of what libsoup believes to listen at */
};

/* A socket that is listened at. */
typedef struct
{
  HubWebLimits *limits;
  GSocket *socket;
  HubWebCertificate *certificate; /* not owned; NULL: without TLS */
  gboolean redirects;
  guint source;
} Door;

/* One TCP or Unix connection. Kept by its wire, and by the address that the messages know, which
 * may end in a thread of GIO's. */
typedef struct
{
  HubWebLimits *limits; /* NULL once they are gone, or it is */
  HubWebWire *wire;     /* not owned; NULL once it is gone */
  char *address;        /* NULL: the Unix socket */
  char *customer;       /* of the address */
  gboolean redirected, encrypted;
  guint deadline;
  const char *what;
  gint64 body_end, progress; /* monotonic µs, while a body comes */
} Connection;

static void
disarm (Connection *connection)
{
  g_clear_handle_id (&connection->deadline, g_source_remove);
}

static gboolean
on_deadline (gpointer data)
{
  Connection *connection = data;

  connection->deadline = 0;
  if (connection->limits != NULL)
    connection->limits->cut++;
  hub_debug ("web", connection->address, "cut a connection that took too long: %s",
             connection->what);
  g_socket_shutdown (hub_web_wire_get_socket (connection->wire), TRUE, TRUE, NULL);
  return G_SOURCE_REMOVE;
}

static void
arm (Connection *connection, guint ms, const char *what)
{
  disarm (connection);
  if (connection->wire == NULL)
    return;
  connection->what = what;
  connection->deadline = g_timeout_add (ms, on_deadline, connection);
}

static guint
count_of (HubWebLimits *self, const char *customer)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->customers, customer));
}

static void
set_count (HubWebLimits *self, const char *customer, guint count)
{
  if (count == 0)
    g_hash_table_remove (self->customers, customer);
  else
    g_hash_table_insert (self->customers, g_strdup (customer), GUINT_TO_POINTER (count));
}

static void
connection_clear (Connection *connection)
{
  disarm (connection);
  g_free (connection->address);
  g_free (connection->customer);
}

static void
connection_unref (gpointer connection)
{
  g_atomic_rc_box_release_full (connection, (GDestroyNotify) connection_clear);
}

/* The wire is gone, and with it the connection; a message may still ask where it came from. */
static void
on_wire_gone (gpointer data, GObject *wire)
{
  Connection *connection = data;
  HubWebLimits *self = connection->limits;

  disarm (connection);
  connection->wire = NULL;
  if (self != NULL)
    {
      g_hash_table_remove (self->connections, connection);
      if (connection->customer != NULL)
        set_count (self, connection->customer, count_of (self, connection->customer) - 1);
    }
  connection->limits = NULL;
  connection_unref (connection);
}

/* The socket's mode says so too. */
static gboolean
is_own_user (GSocket *socket)
{
  g_autoptr (GCredentials) credentials = g_socket_get_credentials (socket, NULL);
  uid_t uid = credentials != NULL ? g_credentials_get_unix_user (credentials, NULL) : (uid_t) -1;

  return uid == 0 || uid == geteuid ();
}

/* NULL for a connection that is gone already. */
static char *
address_of (GSocket *socket)
{
  g_autoptr (GSocketAddress) remote = g_socket_get_remote_address (socket, NULL);
  g_autofree char *text = NULL;

  if (!G_IS_INET_SOCKET_ADDRESS (remote))
    return NULL;
  text = g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));
  return hub_address_host (text);
}

static gboolean
may_come (HubWebLimits *self, GSocket *socket, const char *address, const char *customer)
{
  if (g_hash_table_size (self->connections) >= self->bounds.connections)
    return FALSE;
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX)
    return is_own_user (socket);
  return address != NULL
         && (hub_web_proxies_has (self->proxies, address)
             || count_of (self, customer) < self->bounds.connections_of_address);
}

static void
on_began (HubWebWire *wire, Connection *connection)
{
  if (connection->limits != NULL)
    arm (connection, connection->limits->bounds.header_ms, "head");
}

static void
on_refused (HubWebWire *wire, const HubHttpFault *fault, Connection *connection)
{
  HubWebLimits *self = connection->limits;
  g_autoptr (GBytes) answer = NULL;

  if (self == NULL)
    return;
  self->refused_requests++;
  hub_info ("web", connection->address, "refused a request: %s", fault->rule);
  answer = self->refuse (fault, self->refuse_data);
  hub_web_wire_end_with (wire, answer);
  arm (connection, FAREWELL_MS, "farewell");
}

/* From here on it is the server's. */
static void
hand_over (Connection *connection)
{
  /* What a Unix socket has instead of addresses makes libsoup fall over. */
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string ("127.0.0.1", 0);

  g_object_set_data_full (G_OBJECT (remote), KEY, g_atomic_rc_box_acquire (connection),
                          connection_unref);
  soup_server_accept_iostream (connection->limits->server, G_IO_STREAM (connection->wire), local,
                               remote, NULL);
}

static void
on_handshake (GObject *source, GAsyncResult *result, gpointer data)
{
  Connection *connection = data;
  g_autoptr (GError) error = NULL;

  disarm (connection);
  if (!hub_web_handshakes_begin_finish (HUB_WEB_WIRE (source), result, &error))
    {
      hub_info ("web", connection->address, "no TLS handshake: %s", error->message);
      g_socket_shutdown (hub_web_wire_get_socket (connection->wire), TRUE, TRUE, NULL);
    }
  else if (connection->limits != NULL)
    hand_over (connection);
  connection_unref (connection);
}

static void
take (HubWebLimits *self, GSocket *socket, const Door *door)
{
  HubWebCertificate *certificate = door->certificate;
  g_autofree char *address = address_of (socket);
  g_autofree char *customer = hub_address_customer (address);
  g_autoptr (HubWebWire) wire = NULL;
  Connection *connection;

  if (!may_come (self, socket, address, customer))
    {
      self->refused++;
      hub_info ("web", address, "refused a connection");
      g_socket_close (socket, NULL);
      return;
    }
  if (address != NULL)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  wire = hub_web_wire_new (socket,
                           certificate != NULL ? hub_web_certificate_get (certificate) : NULL);
  connection = g_atomic_rc_box_new0 (Connection);
  connection->limits = self;
  connection->wire = wire;
  connection->redirected = door->redirects;
  connection->encrypted = certificate != NULL;
  connection->address = g_steal_pointer (&address);
  connection->customer = g_steal_pointer (&customer);
  g_hash_table_add (self->connections, connection);
  if (connection->customer != NULL)
    set_count (self, connection->customer, count_of (self, connection->customer) + 1);
  g_object_weak_ref (G_OBJECT (wire), on_wire_gone, connection);
  g_signal_connect (wire, "began", G_CALLBACK (on_began), connection);
  g_signal_connect (wire, "refused", G_CALLBACK (on_refused), connection);
  g_object_set_data_full (G_OBJECT (socket), KEY, g_atomic_rc_box_acquire (connection),
                          connection_unref);
  if (certificate == NULL)
    {
      hand_over (connection);
      return;
    }
  arm (connection, self->bounds.header_ms, "TLS handshake");
  hub_web_handshakes_begin_async (self->handshakes, wire, connection->customer, on_handshake,
                                  g_atomic_rc_box_acquire (connection));
}

static void open_door (Door *door);

static gboolean
on_reopen (gpointer data)
{
  open_door (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_waiting (GSocket *listening, GIOCondition condition, gpointer data)
{
  Door *door = data;

  for (guint i = 0; i < AT_ONCE; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocket) socket = g_socket_accept (listening, NULL, &error);

      if (socket != NULL)
        take (door->limits, socket, door);
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      else
        {
          /* No descriptor is left, say: who waits goes on waiting, and the loop must not spin. */
          hub_info ("web", NULL, "accepting a connection: %s", error->message);
          door->source = g_timeout_add (RETRY_MS, on_reopen, door);
          return G_SOURCE_REMOVE;
        }
    }
  return G_SOURCE_CONTINUE;
}

static void
open_door (Door *door)
{
  g_autoptr (GSource) source = g_socket_create_source (door->socket, G_IO_IN, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_waiting), door, NULL);
  door->source = g_source_attach (source, NULL);
}

static void
door_free (gpointer data)
{
  Door *door = data;

  g_source_remove (door->source);
  g_socket_close (door->socket, NULL);
  g_object_unref (door->socket);
  g_free (door);
}

static void
add_door (HubWebLimits *self, GSocket *listening, HubWebCertificate *certificate,
          gboolean redirects)
{
  Door *door = g_new0 (Door, 1);

  door->limits = self;
  door->socket = g_object_ref (listening);
  door->certificate = certificate;
  door->redirects = redirects;
  g_socket_set_blocking (listening, FALSE);
  open_door (door);
  g_ptr_array_add (self->doors, door);
}

void
hub_web_limits_accept (HubWebLimits *self, GSocket *listening, HubWebCertificate *certificate)
{
  add_door (self, listening, certificate, FALSE);
}

void
hub_web_limits_accept_redirected (HubWebLimits *self, GSocket *listening)
{
  add_door (self, listening, NULL, TRUE);
}

void
hub_web_limits_stop (HubWebLimits *self)
{
  g_ptr_array_set_size (self->doors, 0);
}

static Connection *
connection_of (SoupServerMessage *message)
{
  GSocketAddress *remote = soup_server_message_get_remote_address (message);

  return remote != NULL ? g_object_get_data (G_OBJECT (remote), KEY) : NULL;
}

/* A body has a time by which it must have come, and must not stand still until then. */
static gboolean
on_body_time (gpointer data)
{
  Connection *connection = data;
  gint64 now = hub_clock_monotonic ();
  gint64 stalled = connection->progress + 1000 * (gint64) connection->limits->bounds.body_stall_ms;
  gint64 end = MIN (connection->body_end, stalled);

  if (now >= end)
    return on_deadline (connection);
  connection->deadline = g_timeout_add ((guint) ((end - now + 999) / 1000), on_body_time,
                                        connection);
  return G_SOURCE_REMOVE;
}

static void
on_got_chunk (SoupServerMessage *message, GBytes *chunk, HubWebLimits *self)
{
  connection_of (message)->progress = hub_clock_monotonic ();
}

static void
on_got_headers (SoupServerMessage *message, HubWebLimits *self)
{
  Connection *connection = connection_of (message);

  disarm (connection);
  if (connection->wire == NULL)
    return;
  connection->what = "body";
  connection->progress = hub_clock_monotonic ();
  connection->body_end = connection->progress + 1000 * (gint64) self->bounds.body_ms;
  connection->deadline = g_timeout_add (MIN (self->bounds.body_ms, self->bounds.body_stall_ms),
                                        on_body_time, connection);
}

static void
on_wrote_headers (SoupServerMessage *message, HubWebLimits *self)
{
  arm (connection_of (message), self->bounds.write_ms, "answer");
}

static void
on_request_started (SoupServer *server, SoupServerMessage *message, HubWebLimits *self)
{
  Connection *connection = connection_of (message);

  if (connection->wire == NULL)
    return;
  hub_web_wire_set_idle (connection->wire, FALSE);
  arm (connection, self->bounds.header_ms, "head");
  g_signal_connect (message, "got-headers", G_CALLBACK (on_got_headers), self);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_got_chunk), self);
  g_signal_connect (message, "wrote-headers", G_CALLBACK (on_wrote_headers), self);
}

static void
on_request_read (SoupServer *server, SoupServerMessage *message, HubWebLimits *self)
{
  disarm (connection_of (message));
}

static void
on_request_done (SoupServer *server, SoupServerMessage *message, HubWebLimits *self)
{
  Connection *connection = connection_of (message);

  if (connection->wire == NULL)
    return;
  hub_web_wire_set_idle (connection->wire, TRUE);
  arm (connection, self->bounds.idle_ms, "next request");
}

/* libsoup keeps a connection alive only while it listens at something itself: half a pair of
 * sockets, whose other half never speaks. */
static void
pretend_to_listen (HubWebLimits *self)
{
  int pair[2];
  g_autoptr (GSocket) half = NULL;
  g_autoptr (GError) error = NULL;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    g_error ("a pair of sockets: %s", g_strerror (errno));
  self->silent = pair[1];
  half = g_socket_new_from_fd (pair[0], &error);
  if (half == NULL || !soup_server_listen_socket (self->server, half, 0, &error))
    g_error ("a pair of sockets: %s", error->message);
}

HubWebLimits *
hub_web_limits_new (SoupServer *server, const HubWebBounds *bounds, HubWebProxies *proxies,
                    HubWebLimitsFunc refuse, gpointer data)
{
  HubWebLimits *self = g_new0 (HubWebLimits, 1);

  self->bounds = *bounds;
  self->proxies = proxies;
  self->handshakes = hub_web_handshakes_new ();
  self->refuse = refuse;
  self->refuse_data = data;
  self->server = g_object_ref (server);
  self->doors = g_ptr_array_new_with_free_func (door_free);
  self->connections = g_hash_table_new (NULL, NULL);
  self->customers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  pretend_to_listen (self);
  g_signal_connect (server, "request-started", G_CALLBACK (on_request_started), self);
  g_signal_connect (server, "request-read", G_CALLBACK (on_request_read), self);
  g_signal_connect (server, "request-finished", G_CALLBACK (on_request_done), self);
  g_signal_connect (server, "request-aborted", G_CALLBACK (on_request_done), self);
  return self;
}

void
hub_web_limits_free (HubWebLimits *self)
{
  GHashTableIter iter;
  gpointer connection;

  hub_web_limits_stop (self);
  hub_web_handshakes_free (self->handshakes);
  g_ptr_array_unref (self->doors);
  g_signal_handlers_disconnect_by_data (self->server, self);
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    {
      disarm (connection);
      ((Connection *) connection)->limits = NULL;
    }
  g_hash_table_unref (self->connections);
  g_hash_table_unref (self->customers);
  g_object_unref (self->server);
  close (self->silent);
  g_free (self);
}

guint
hub_web_limits_get_connections (HubWebLimits *self)
{
  return g_hash_table_size (self->connections);
}

guint64
hub_web_limits_get_refused (HubWebLimits *self)
{
  return self->refused;
}

guint64
hub_web_limits_get_refused_requests (HubWebLimits *self)
{
  return self->refused_requests;
}

guint64
hub_web_limits_get_cut (HubWebLimits *self)
{
  return self->cut;
}

char *
hub_web_limits_find_client (SoupServerMessage *message)
{
  const Connection *connection = connection_of (message);
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  if (connection->address == NULL || connection->limits == NULL)
    return g_strdup (connection->address);
  return hub_web_proxies_find_client (connection->limits->proxies, connection->address,
                                      soup_message_headers_get_list (headers, "X-Forwarded-For"));
}

gboolean
hub_web_limits_is_local (SoupServerMessage *message)
{
  return connection_of (message)->address == NULL;
}

gboolean
hub_web_limits_is_encrypted (SoupServerMessage *message)
{
  return connection_of (message)->encrypted;
}

gboolean
hub_web_limits_is_redirected (SoupServerMessage *message)
{
  return connection_of (message)->redirected;
}

GSocket *
hub_web_limits_get_socket (SoupServerMessage *message)
{
  Connection *connection = connection_of (message);

  return connection->wire != NULL ? hub_web_wire_get_socket (connection->wire) : NULL;
}

void
hub_web_limits_extend (SoupServerMessage *message)
{
  Connection *connection = connection_of (message);

  if (connection->limits != NULL)
    arm (connection, connection->limits->bounds.stall_ms, "part of an answer");
}

void
hub_web_limits_release (GSocket *socket, guint last_ms)
{
  Connection *connection = socket != NULL ? g_object_get_data (G_OBJECT (socket), KEY) : NULL;

  if (connection == NULL)
    return;
  disarm (connection);
  if (connection->wire != NULL)
    hub_web_wire_set_raw (connection->wire);
  if (last_ms > 0)
    arm (connection, last_ms, "farewell");
}

void
hub_web_limits_end_with (GSocket *socket, GBytes *answer)
{
  Connection *connection = socket != NULL ? g_object_get_data (G_OBJECT (socket), KEY) : NULL;

  if (connection != NULL && connection->wire != NULL)
    hub_web_wire_end_with (connection->wire, answer);
}

static double
count_connections (gpointer data)
{
  return hub_web_limits_get_connections (data);
}

static double
count_refused_connections (gpointer data)
{
  return (double) hub_web_limits_get_refused (data);
}

static double
count_refused_requests (gpointer data)
{
  return (double) hub_web_limits_get_refused_requests (data);
}

static double
count_cut_connections (gpointer data)
{
  return (double) hub_web_limits_get_cut (data);
}

void
hub_web_limits_add_metrics (HubWebLimits *self, HubWebMetrics *metrics)
{
  hub_web_metrics_add (metrics, "karez_http_connections", "Open connections.", count_connections,
                       self);
  hub_web_metrics_add (metrics, "karez_http_connections_refused_total",
                       "Connections refused because too many were open.", count_refused_connections,
                       self);
  hub_web_metrics_add (metrics, "karez_http_requests_refused_total",
                       "Requests refused because they were no HTTP.", count_refused_requests, self);
  hub_web_metrics_add (metrics, "karez_http_connections_cut_total",
                       "Connections cut because they took too long.", count_cut_connections, self);
}
