/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WebSocket between two paired hubs that carries requests both ways. */
#include "hub-peer-channel.h"

#include "hub-catalogue.h"
#include "hub-hash.h"
#include "hub-log.h"
#include "hub-peer-bound.h"
#include "hub-peer-problem.h"

#include <string.h>

#define KEEPALIVE_SECONDS 20
#define GRACE_MS 30000 /* after its deadline an unanswered request ends the channel */
#define MAX_HEAD 1024
#define MAX_UNTAKEN 256
/* What the other end shows that it has read. */
#define PROBE_BYTES (4 * 1024 * 1024)
#define PROBE_MS 60000
#define MAX_UNREAD (48 * 1024 * 1024)

struct _HubPeerChannel
{
  GObject parent_instance;
  SoupWebsocketConnection *websocket;
  char *key;
  HubPeerServeFunc serve;
  gpointer data;
  gboolean closed;
  /* Bytes given to the WebSocket, and how many of them were read for certain, since something that
   * stands behind them was answered; the last thing that was asked stands behind @probed. */
  guint64 given, read, probed;
  GHashTable *asked; /* gint64 -> Ask, by us */
  gsize asked_bytes;
  GHashTable *untaken; /* gint64 -> size of our answer, by them */
  gsize untaken_bytes;
  guint serving;
};

G_DEFINE_FINAL_TYPE (HubPeerChannel, hub_peer_channel, G_TYPE_OBJECT)

enum
{
  SIGNAL_CLOSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* A request of ours; stays until it is answered, also after its deadline. */
typedef struct
{
  HubPeerChannel *channel; /* not counted */
  GTask *task;             /* NULL once it has returned */
  gint64 number;
  gsize bytes, max_answer;
  guint64 behind; /* what was given before it */
  guint timer;
  GCancellable *cancellable;
  gulong handler;
} Ask;

static void
ask_return (Ask *ask, GBytes *answer, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&ask->task);

  if (task == NULL)
    {
      g_clear_error (&error);
      return;
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_bytes_ref (answer), (GDestroyNotify) g_bytes_unref);
}

static void
ask_free (gpointer data)
{
  Ask *ask = data;

  if (ask->handler != 0)
    g_signal_handler_disconnect (ask->cancellable, ask->handler);
  g_clear_object (&ask->cancellable);
  g_clear_handle_id (&ask->timer, g_source_remove);
  ask_return (ask, NULL,
              karez_error_new (KAREZ_ERROR_UNAVAILABLE, "peers/unreachable", NULL,
                               N_ ("The connection to the other hub ended before it answered")));
  g_free (ask);
}

static void
finish_close (HubPeerChannel *self)
{
  g_autoptr (GHashTable) asked = NULL;

  if (self->closed)
    return;
  self->closed = TRUE;
  asked = g_steal_pointer (&self->asked);
  self->asked = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, ask_free);
  g_hash_table_remove_all (asked);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

void
hub_peer_channel_close (HubPeerChannel *self)
{
  g_return_if_fail (HUB_IS_PEER_CHANNEL (self));

  g_object_ref (self);
  if (soup_websocket_connection_get_state (self->websocket) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->websocket, SOUP_WEBSOCKET_CLOSE_GOING_AWAY, NULL);
  finish_close (self);
  g_object_unref (self);
}

static void
send_frame (HubPeerChannel *self, JsonNode *head, GBytes *body)
{
  g_autoptr (JsonNode) node = head;
  g_autofree char *line = karez_json_print (node);
  GByteArray *frame = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;

  if (soup_websocket_connection_get_state (self->websocket) == SOUP_WEBSOCKET_STATE_OPEN)
    {
      g_byte_array_append (frame, (const guint8 *) line, strlen (line));
      g_byte_array_append (frame, (const guint8 *) "\n", 1);
      if (body != NULL)
        g_byte_array_append (frame, g_bytes_get_data (body, NULL), g_bytes_get_size (body));
      bytes = g_bytes_new (frame->data, frame->len);
      self->given += frame->len;
      soup_websocket_connection_send_message (self->websocket, SOUP_WEBSOCKET_DATA_BINARY, bytes);
    }
  g_byte_array_unref (frame);
}

/* Our side: asking. */

/* Nobody can answer it who has not read it. */
static gint64
new_number (HubPeerChannel *self)
{
  gint64 number;

  do
    {
      hub_random (&number, sizeof number);
      number &= (G_GINT64_CONSTANT (1) << 53) - 1;
    }
  while (number == 0 || g_hash_table_contains (self->asked, &number));
  return number;
}

static gboolean
on_ask_timer (gpointer data)
{
  Ask *ask = data;

  ask->timer = 0;
  if (ask->task == NULL)
    {
      hub_warning ("peers", NULL, "A channel is closed: the other hub does not answer on it.");
      hub_peer_channel_close (ask->channel);
      return G_SOURCE_REMOVE;
    }
  ask->timer = g_timeout_add (GRACE_MS, on_ask_timer, ask);
  ask_return (ask, NULL,
              karez_error_new (KAREZ_ERROR_TIMEOUT, "peers/deadline", NULL,
                               N_ ("The other hub did not answer in time")));
  return G_SOURCE_REMOVE;
}

static void
on_ask_cancelled (GCancellable *cancellable, gpointer data)
{
  Ask *ask = data;

  ask_return (ask, NULL,
              g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The request was cancelled"));
}

void
hub_peer_channel_send_async (HubPeerChannel *self, const char *path, GBytes *body, guint timeout_ms,
                             gsize max_answer, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  Ask *ask;

  g_return_if_fail (HUB_IS_PEER_CHANNEL (self) && path != NULL && body != NULL);

  task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (task, hub_peer_channel_send_async);
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!hub_peer_channel_is_open (self))
    {
      g_task_return_error (task,
                           karez_error_new (KAREZ_ERROR_UNAVAILABLE, "peers/unreachable", NULL,
                                            N_ ("There is no connection to the other hub")));
      return;
    }
  if (g_hash_table_size (self->asked) >= HUB_PEER_MAX_ASKED
      || self->asked_bytes + g_bytes_get_size (body) > HUB_PEER_MAX_ASKED_BYTES)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_BUSY, "peers/channel-full", NULL,
                                                  N_ ("Too many requests wait for the other hub")));
      return;
    }
  ask = g_new0 (Ask, 1);
  ask->channel = self;
  ask->task = g_steal_pointer (&task);
  ask->number = new_number (self);
  ask->behind = self->given;
  ask->bytes = g_bytes_get_size (body);
  ask->max_answer = max_answer;
  ask->timer = g_timeout_add (timeout_ms, on_ask_timer, ask);
  if (cancellable != NULL)
    {
      ask->cancellable = g_object_ref (cancellable);
      ask->handler = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_ask_cancelled),
                                       ask);
    }
  self->asked_bytes += ask->bytes;
  self->probed = self->given;
  g_hash_table_insert (self->asked, &ask->number, ask);
  send_frame (self,
              karez_json_object ("ask", "i", ask->number, "path", "s", path, "timeout", "i",
                                 (gint64) timeout_ms, NULL),
              body);
}

GBytes *
hub_peer_channel_send_finish (HubPeerChannel *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_channel_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
take_answer (HubPeerChannel *self, gint64 number, guint status, GBytes *body)
{
  Ask *ask = g_hash_table_lookup (self->asked, &number);

  if (ask == NULL)
    {
      hub_warning ("peers", NULL, "A channel is closed: an answer came that nobody asked for.");
      hub_peer_channel_close (self);
      return;
    }
  self->read = MAX (self->read, ask->behind);
  send_frame (self, karez_json_object ("taken", "i", number, NULL), NULL);
  g_hash_table_steal (self->asked, &number);
  self->asked_bytes -= ask->bytes;
  if (status != 200)
    ask_return (ask, NULL, hub_peer_problem_read (status, body));
  else if (g_bytes_get_size (body) > ask->max_answer)
    ask_return (ask, NULL,
                karez_error_new (KAREZ_ERROR_TOO_LARGE, "peers/answer-size", NULL,
                                 N_ ("The other hub's answer is longer than is accepted")));
  else
    ask_return (ask, body, NULL);
  ask_free (ask);
}

/* Their side: being asked. */

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GBytes)
      answer = hub_peer_channel_send_finish (HUB_PEER_CHANNEL (source), result, NULL);
}

/* “taken” may be said of what was not read, while libsoup keeps whatever is not sent. So after some
 * MiB something is asked, and whoever does not come to answer it reads nothing. */
static gboolean
check_read (HubPeerChannel *self)
{
  g_autoptr (GBytes) nothing = g_bytes_new_static ("null", 4);

  if (self->given - self->read > MAX_UNREAD)
    {
      hub_warning ("peers", NULL, "A channel is closed: the other hub does not read.");
      hub_peer_channel_close (self);
      return FALSE;
    }
  if (self->given - self->probed > PROBE_BYTES)
    hub_peer_channel_send_async (self, "probe", nothing, PROBE_MS, HUB_PEER_MAX_SMALL, NULL,
                                 on_probed, NULL);
  return TRUE;
}

typedef struct
{
  HubPeerChannel *channel;
  gint64 number;
} Answer;

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_object_unref (answer->channel);
  g_free (answer);
}

static void
on_answer (guint status, GBytes *body, gpointer data)
{
  Answer *answer = data;
  HubPeerChannel *self = answer->channel;
  gint64 *number;

  self->serving--;
  if (self->closed)
    return;
  number = g_memdup2 (&answer->number, sizeof answer->number);
  if (!g_hash_table_insert (self->untaken, number, GSIZE_TO_POINTER (g_bytes_get_size (body))))
    {
      hub_peer_channel_close (self); /* the same number twice */
      return;
    }
  self->untaken_bytes += g_bytes_get_size (body);
  send_frame (
      self, karez_json_object ("answer", "i", answer->number, "status", "i", (gint64) status, NULL),
      body);
}

static void
take_ask (HubPeerChannel *self, gint64 number, const char *path, gint64 timeout, GBytes *body)
{
  g_autoptr (HubPeerRequest) request = NULL;
  g_autoptr (GError) error = NULL;
  Answer *answer;

  if (g_hash_table_size (self->untaken) > MAX_UNTAKEN)
    {
      hub_warning ("peers", NULL, "A channel is closed: the other hub does not take its answers.");
      hub_peer_channel_close (self);
      return;
    }
  if (!check_read (self))
    return;
  answer = g_new0 (Answer, 1);
  answer->channel = g_object_ref (self);
  answer->number = number;
  self->serving++;
  request = hub_peer_request_new (self->key, NULL, path, body, timeout, on_answer, answer,
                                  answer_free);
  if (self->serving > HUB_PEER_MAX_ASKED || self->untaken_bytes > HUB_PEER_MAX_ASKED_BYTES)
    error = karez_error_new (KAREZ_ERROR_BUSY, "peers/channel-full", NULL,
                             N_ ("Too many requests wait for this hub"));
  else if (g_bytes_get_size (body) > hub_peer_body_limit (path, TRUE))
    error = karez_error_new (KAREZ_ERROR_TOO_LARGE, "peers/body-size", NULL,
                             N_ ("The message is longer than is accepted"));
  if (error != NULL)
    hub_peer_request_fail (request, error);
  else
    self->serve (request, self->data);
}

static const KarezJsonField head_fields[] = {
  { "ask", KAREZ_JSON_INTEGER, FALSE, 1, G_MAXINT64, NULL },
  { "answer", KAREZ_JSON_INTEGER, FALSE, 1, G_MAXINT64, NULL },
  { "taken", KAREZ_JSON_INTEGER, FALSE, 1, G_MAXINT64, NULL },
  { "path", KAREZ_JSON_TEXT, FALSE, 1, 128, NULL },
  { "timeout", KAREZ_JSON_INTEGER, FALSE, HUB_PEER_TIMEOUT_LEAST, HUB_PEER_TIMEOUT_POST, NULL },
  { "status", KAREZ_JSON_INTEGER, FALSE, 200, 599, NULL },
  { NULL },
};

static void
take_frame (HubPeerChannel *self, JsonObject *head, GBytes *body)
{
  gint64 ask = karez_json_integer (head, "ask", 0);
  gint64 answer = karez_json_integer (head, "answer", 0);
  gint64 taken = karez_json_integer (head, "taken", 0);
  const char *path = karez_json_text (head, "path");

  if (ask > 0 && path != NULL)
    take_ask (self, ask, path, karez_json_integer (head, "timeout", HUB_PEER_TIMEOUT_CALL), body);
  else if (answer > 0)
    take_answer (self, answer, karez_json_integer (head, "status", 500), body);
  else if (taken > 0)
    {
      self->untaken_bytes -= GPOINTER_TO_SIZE (g_hash_table_lookup (self->untaken, &taken));
      g_hash_table_remove (self->untaken, &taken);
    }
}

static void
on_message (SoupWebsocketConnection *websocket, int type, GBytes *message, gpointer data)
{
  HubPeerChannel *self = data;
  gsize size;
  const char *text = g_bytes_get_data (message, &size);
  const char *end = size > 0 ? memchr (text, '\n', MIN (size, MAX_HEAD)) : NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *head = NULL;

  if (self->closed)
    return;
  g_object_ref (self);
  if (end != NULL)
    {
      g_autoptr (GBytes) line = g_bytes_new_from_bytes (message, 0, end - text);

      node = karez_json_parse (line, MAX_HEAD, NULL);
    }
  if (node != NULL)
    head = karez_json_check (node, head_fields, NULL);
  if (head != NULL)
    {
      g_autoptr (GBytes)
          body = g_bytes_new_from_bytes (message, end + 1 - text, size - (end + 1 - text));

      take_frame (self, head, body);
    }
  else
    {
      hub_warning ("peers", NULL, "A channel is closed: a message on it cannot be read.");
      hub_peer_channel_close (self);
    }
  g_object_unref (self);
}

static void
on_closed (SoupWebsocketConnection *websocket, gpointer data)
{
  HubPeerChannel *self = data;

  g_object_ref (self);
  finish_close (self);
  g_object_unref (self);
}

gboolean
hub_peer_channel_is_open (HubPeerChannel *self)
{
  g_return_val_if_fail (HUB_IS_PEER_CHANNEL (self), FALSE);

  return !self->closed
         && soup_websocket_connection_get_state (self->websocket) == SOUP_WEBSOCKET_STATE_OPEN;
}

static void
hub_peer_channel_dispose (GObject *object)
{
  HubPeerChannel *self = HUB_PEER_CHANNEL (object);

  if (self->websocket != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->websocket, self);
      hub_peer_channel_close (self);
      g_clear_object (&self->websocket);
    }
  G_OBJECT_CLASS (hub_peer_channel_parent_class)->dispose (object);
}

static void
hub_peer_channel_finalize (GObject *object)
{
  HubPeerChannel *self = HUB_PEER_CHANNEL (object);

  g_free (self->key);
  g_hash_table_unref (self->asked);
  g_hash_table_unref (self->untaken);
  G_OBJECT_CLASS (hub_peer_channel_parent_class)->finalize (object);
}

static void
hub_peer_channel_class_init (HubPeerChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_peer_channel_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_peer_channel_finalize;
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", HUB_TYPE_PEER_CHANNEL, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hub_peer_channel_init (HubPeerChannel *self)
{
  self->asked = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, ask_free);
  self->untaken = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

HubPeerChannel *
hub_peer_channel_new (SoupWebsocketConnection *websocket, const char *key, HubPeerServeFunc serve,
                      gpointer data)
{
  HubPeerChannel *self = g_object_new (HUB_TYPE_PEER_CHANNEL, NULL);

  self->websocket = g_object_ref (websocket);
  self->key = g_strdup (key);
  self->serve = serve;
  self->data = data;
  soup_websocket_connection_set_max_incoming_payload_size (websocket, HUB_PEER_MAX_FRAME);
  soup_websocket_connection_set_keepalive_interval (websocket, KEEPALIVE_SECONDS);
  g_signal_connect (websocket, "message", G_CALLBACK (on_message), self);
  g_signal_connect (websocket, "closed", G_CALLBACK (on_closed), self);
  return self;
}
