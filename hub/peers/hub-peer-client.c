/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests to another hub, over TLS with its pinned key. */
#include "hub-peer-client.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-names.h"
#include "hub-peer-bound.h"
#include "hub-peer-problem.h"

#include <string.h>

#define CHUNK (64 * 1024)
/* Less than the server's, so that a kept connection is rarely a dead one. */
#define IDLE_SECONDS 45
#define CHANNEL_TIMEOUT_MS 10000

struct _HubPeerClient
{
  GObject parent_instance;
  HubIdentity *identity;
  char *address;
  char *key;
  gboolean answered; /* whether the other hub has ever answered anything */
  gboolean closed;
  SoupSession *sessions[HUB_PEER_N_WAYS];
};

G_DEFINE_FINAL_TYPE (HubPeerClient, hub_peer_client, G_TYPE_OBJECT)

/* One request under way; its task holds it. */
typedef struct
{
  SoupMessage *message;
  SoupSession *session;
  GInputStream *stream;
  GByteArray *answer;
  gsize max_answer;
  GCancellable *inner;
  GCancellable *outer;
  gulong outer_handler;
  GSource *deadline;
  gboolean late;
  gboolean other_key;
} Exchange;

static void
exchange_free (gpointer data)
{
  Exchange *exchange = data;

  if (exchange->outer_handler != 0)
    g_cancellable_disconnect (exchange->outer, exchange->outer_handler);
  if (exchange->deadline != NULL)
    {
      g_source_destroy (exchange->deadline);
      g_source_unref (exchange->deadline);
    }
  g_clear_object (&exchange->outer);
  g_clear_object (&exchange->inner);
  g_clear_object (&exchange->stream);
  g_clear_object (&exchange->message);
  g_clear_object (&exchange->session);
  g_clear_pointer (&exchange->answer, g_byte_array_unref);
  g_free (exchange);
}

static void
hub_peer_client_dispose (GObject *object)
{
  HubPeerClient *self = HUB_PEER_CLIENT (object);

  hub_peer_client_close (self);
  g_clear_object (&self->identity);
  G_OBJECT_CLASS (hub_peer_client_parent_class)->dispose (object);
}

static void
hub_peer_client_finalize (GObject *object)
{
  HubPeerClient *self = HUB_PEER_CLIENT (object);

  g_free (self->address);
  g_free (self->key);
  G_OBJECT_CLASS (hub_peer_client_parent_class)->finalize (object);
}

static void
hub_peer_client_class_init (HubPeerClientClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_peer_client_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_peer_client_finalize;
}

static void
hub_peer_client_init (HubPeerClient *self)
{
}

/* Given to libsoup, an IP address is no name: GnuTLS refuses an IPv6 address as a server's name. */
static GSocketConnectable *
numeric_address (const char *address)
{
  g_autoptr (GSocketConnectable) parsed = g_network_address_parse (address, 0, NULL);
  GNetworkAddress *network = G_NETWORK_ADDRESS (parsed);

  if (network == NULL || !g_hostname_is_ip_address (g_network_address_get_hostname (network)))
    return NULL;
  return G_SOCKET_CONNECTABLE (g_inet_socket_address_new_from_string (
      g_network_address_get_hostname (network), g_network_address_get_port (network)));
}

HubPeerClient *
hub_peer_client_new (HubIdentity *identity, const char *address, const char *key)
{
  HubPeerClient *self = g_object_new (HUB_TYPE_PEER_CLIENT, NULL);
  g_autoptr (GSocketConnectable) numeric = numeric_address (address);

  self->identity = g_object_ref (identity);
  self->address = g_strdup (address);
  self->key = g_strdup (key);
  for (guint i = 0; i < HUB_PEER_N_WAYS; i++)
    {
      self->sessions[i] = soup_session_new_with_options (
          "max-conns", 8, "max-conns-per-host", 8, "timeout", 0, "idle-timeout", IDLE_SECONDS,
          "user-agent", "karez", "remote-connectable", numeric, NULL);
      soup_session_set_proxy_resolver (self->sessions[i], NULL);
      if (!soup_session_has_feature (self->sessions[i], SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER))
        soup_session_add_feature_by_type (self->sessions[i], SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER);
      if (soup_session_has_feature (self->sessions[i], SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE))
        soup_session_remove_feature_by_type (self->sessions[i],
                                             SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
      soup_session_add_feature_by_type (self->sessions[i], HUB_TYPE_PEER_BOUND);
    }
  return self;
}

/* A name or an IPv4 address, or an IPv6 address in brackets. */
static gboolean
is_host (const char *host, gsize length)
{
  g_autofree char *text = g_strndup (host, length);

  if (length > 2 && text[0] == '[' && text[length - 1] == ']')
    {
      text[length - 1] = '\0';
      return strchr (text, ':') != NULL && g_hostname_is_ip_address (text + 1);
    }
  return length > 0
         && strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
                == length
         && text[0] != '-' && text[0] != '.';
}

gboolean
hub_peer_client_check_address (const char *address, GError **error)
{
  const char *colon = strrchr (address, ':');

  if (colon == NULL || strlen (address) > 255 || !is_host (address, colon - address)
      || !g_ascii_string_to_unsigned (colon + 1, 10, 1, 65535, NULL, NULL))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/address",
                            N_ ("A host and a port, like hub.example.org:8843"),
                            N_ ("This is not the address of a hub: %s"), address);
  return TRUE;
}

const char *
hub_peer_client_get_key (HubPeerClient *self)
{
  g_return_val_if_fail (HUB_IS_PEER_CLIENT (self), NULL);

  return self->key;
}

void
hub_peer_client_close (HubPeerClient *self)
{
  g_return_if_fail (HUB_IS_PEER_CLIENT (self));

  self->closed = TRUE;
  for (guint i = 0; i < HUB_PEER_N_WAYS; i++)
    if (self->sessions[i] != NULL)
      {
        soup_session_abort (self->sessions[i]);
        /* What is just becoming idle stays open as long as the session. */
        g_clear_object (&self->sessions[i]);
      }
}

static gboolean
on_accept_certificate (SoupMessage *message, GTlsCertificate *certificate,
                       GTlsCertificateFlags flags, gpointer data)
{
  GTask *task = data;
  HubPeerClient *self = g_task_get_source_object (task);
  Exchange *exchange = g_task_get_task_data (task);
  g_autofree char *hash = hub_identity_hash_certificate (certificate);

  if (hash != NULL && self->key == NULL)
    self->key = g_strdup (hash);
  exchange->other_key = g_strcmp0 (hash, self->key) != 0 || hash == NULL;
  return !exchange->other_key;
}

static gboolean
on_deadline (gpointer data)
{
  GTask *task = data;
  Exchange *exchange = g_task_get_task_data (task);

  exchange->late = TRUE;
  g_cancellable_cancel (exchange->inner);
  return G_SOURCE_REMOVE;
}

static void
on_outer_cancelled (GCancellable *outer, gpointer inner)
{
  g_cancellable_cancel (inner);
}

/* Turns what libsoup, GIO or TLS said into what people can act on. */
static void
fail_exchange (GTask *task, GError *error)
{
  HubPeerClient *self = g_task_get_source_object (task);
  Exchange *exchange = g_task_get_task_data (task);
  g_autoptr (GError) cause = error;

  if (g_cancellable_is_cancelled (exchange->outer))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The request was cancelled");
  else if (exchange->late)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_TIMEOUT, "peers/deadline", NULL,
                                                N_ ("The hub at %s did not answer in time"),
                                                self->address));
  else if (exchange->other_key)
    g_task_return_error (
        task, karez_error_new (
                  KAREZ_ERROR_UNAVAILABLE, "peers/other-key",
                  N_ ("The hub with the key that was compared when the hubs were paired"),
                  N_ ("Another hub answers at %s: its key is not the paired one"), self->address));
  else if (!self->answered
           && (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
               || g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED)))
    g_task_return_error (
        task,
        karez_error_new (KAREZ_ERROR_UNAVAILABLE, "peers/not-known",
                         N_ ("A pairing that both hospitals confirmed"),
                         N_ ("The hub at %s closed the connection: it does not know this hub"),
                         self->address));
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "peers/unreachable", NULL,
                                                N_ ("The hub at %s cannot be reached: %s"),
                                                self->address, cause->message));
  g_object_unref (task);
}

static void
finish_exchange (GTask *task)
{
  HubPeerClient *self = g_task_get_source_object (task);
  Exchange *exchange = g_task_get_task_data (task);
  guint status = soup_message_get_status (exchange->message);
  GBytes *body = g_byte_array_free_to_bytes (g_steal_pointer (&exchange->answer));

  self->answered = TRUE;
  if (status == SOUP_STATUS_OK)
    g_task_return_pointer (task, body, (GDestroyNotify) g_bytes_unref);
  else
    {
      g_task_return_error (task, hub_peer_problem_read (status, body));
      g_bytes_unref (body);
    }
  g_object_unref (task);
}

static void
on_chunk (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GBytes)
      chunk = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);

  if (chunk == NULL)
    {
      fail_exchange (task, error);
      return;
    }
  if (g_bytes_get_size (chunk) == 0)
    {
      finish_exchange (task);
      return;
    }
  if (exchange->answer->len + g_bytes_get_size (chunk) > exchange->max_answer)
    {
      /* Ends the connection: the rest is not read. */
      g_cancellable_cancel (exchange->inner);
      g_task_return_error (
          task, karez_error_new (KAREZ_ERROR_TOO_LARGE, "peers/answer-size", NULL,
                                 N_ ("The other hub's answer is longer than is accepted")));
      g_object_unref (task);
      return;
    }
  g_byte_array_append (exchange->answer, g_bytes_get_data (chunk, NULL), g_bytes_get_size (chunk));
  g_input_stream_read_bytes_async (exchange->stream, CHUNK, G_PRIORITY_DEFAULT, exchange->inner,
                                   on_chunk, task);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;

  exchange->stream = soup_session_send_finish (SOUP_SESSION (source), result, &error);
  if (exchange->stream == NULL)
    {
      fail_exchange (task, error);
      return;
    }
  if (soup_message_get_tls_protocol_version (exchange->message) != G_TLS_PROTOCOL_VERSION_TLS_1_3)
    {
      fail_exchange (
          task, g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_MISC, "TLS is not of version 1.3"));
      return;
    }
  g_input_stream_read_bytes_async (exchange->stream, CHUNK, G_PRIORITY_DEFAULT, exchange->inner,
                                   on_chunk, task);
}

/* Prepares a message with our certificate, our pin and a deadline; the task owns all of it. */
static Exchange *
begin_exchange (HubPeerClient *self, GTask *task, HubPeerWay way, const char *method,
                const char *path, guint timeout_ms)
{
  Exchange *exchange = g_new0 (Exchange, 1);
  GCancellable *outer = g_task_get_cancellable (task);
  g_autofree char *uri = g_strconcat ("https://", self->address, HUB_PEER_PREFIX "/", path, NULL);
  g_autofree char *timeout = g_strdup_printf ("%u", timeout_ms);

  g_task_set_task_data (task, exchange, exchange_free);
  g_task_set_check_cancellable (task, FALSE);
  exchange->session = g_object_ref (self->sessions[way]);
  exchange->inner = g_cancellable_new ();
  exchange->answer = g_byte_array_new ();
  exchange->message = soup_message_new (method, uri);
  soup_message_add_flags (exchange->message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT);
  soup_message_set_tls_client_certificate (exchange->message,
                                           hub_identity_get_certificate (self->identity));
  soup_message_headers_append (soup_message_get_request_headers (exchange->message),
                               "Karez-Timeout", timeout);
  g_signal_connect_object (exchange->message, "accept-certificate",
                           G_CALLBACK (on_accept_certificate), task, 0);
  if (outer != NULL)
    {
      exchange->outer = g_object_ref (outer);
      exchange->outer_handler = g_cancellable_connect (
          outer, G_CALLBACK (on_outer_cancelled), g_object_ref (exchange->inner), g_object_unref);
    }
  exchange->deadline = g_timeout_source_new (timeout_ms);
  g_source_set_callback (exchange->deadline, on_deadline, task, NULL);
  g_source_attach (exchange->deadline, g_main_context_get_thread_default ());
  return exchange;
}

static gboolean
refuse_closed (HubPeerClient *self, GTask *task)
{
  if (!self->closed)
    return FALSE;
  g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "peers/unreachable", NULL,
                                              N_ ("The connection to %s was cut"), self->address));
  g_object_unref (task);
  return TRUE;
}

void
hub_peer_client_send_async (HubPeerClient *self, HubPeerWay way, const char *path, GBytes *body,
                            guint timeout_ms, gsize max_answer, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  Exchange *exchange;

  g_return_if_fail (HUB_IS_PEER_CLIENT (self) && path != NULL && body != NULL);

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, hub_peer_client_send_async);
  if (refuse_closed (self, task))
    return;
  exchange = begin_exchange (self, task, way, SOUP_METHOD_POST, path, timeout_ms);
  exchange->max_answer = max_answer;
  soup_message_set_request_body_from_bytes (
      exchange->message, g_str_equal (path, "post") ? "application/x-ndjson" : "application/json",
      body);
  soup_session_send_async (exchange->session, exchange->message, G_PRIORITY_DEFAULT,
                           exchange->inner, on_sent, task);
}

GBytes *
hub_peer_client_send_finish (HubPeerClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_client_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_channel (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeerClient *self = g_task_get_source_object (task);
  Exchange *exchange = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (SoupWebsocketConnection)
      connection = soup_session_websocket_connect_finish (SOUP_SESSION (source), result, &error);

  if (connection == NULL)
    {
      fail_exchange (task, error);
      return;
    }
  if (soup_message_get_tls_protocol_version (exchange->message) != G_TLS_PROTOCOL_VERSION_TLS_1_3
      || !hub_peer_bound_is_used (connection))
    {
      soup_websocket_connection_close (connection, SOUP_WEBSOCKET_CLOSE_PROTOCOL_ERROR, NULL);
      fail_exchange (task,
                     g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_MISC,
                                          "the channel is not TLS 1.3 with bounded messages"));
      return;
    }
  self->answered = TRUE;
  g_task_return_pointer (task, g_steal_pointer (&connection), g_object_unref);
  g_object_unref (task);
}

void
hub_peer_client_open_channel_async (HubPeerClient *self, const char *name,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer data)
{
  GTask *task;
  Exchange *exchange;
  g_autofree char *path = g_strconcat ("channel/", name, NULL);

  g_return_if_fail (HUB_IS_PEER_CLIENT (self));

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, hub_peer_client_open_channel_async);
  if (refuse_closed (self, task))
    return;
  exchange = begin_exchange (self, task, HUB_PEER_WAY_CALL, SOUP_METHOD_GET, path,
                             CHANNEL_TIMEOUT_MS);
  soup_session_websocket_connect_async (exchange->session, exchange->message, NULL, NULL,
                                        G_PRIORITY_DEFAULT, exchange->inner, on_channel, task);
}

SoupWebsocketConnection *
hub_peer_client_open_channel_finish (HubPeerClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_client_open_channel_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
