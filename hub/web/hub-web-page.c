/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One page's WebSocket, with its bounds. */
#include "hub-web-page.h"

#include "hub-clock.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-web-frames.h"
#include "hub-web-intake.h"
#include "hub-web-limits.h"
#include "hub-web-meter.h"
#include "hub-web-rate.h"

#define PING_S 20
#define SILENCE_US (60 * G_USEC_PER_SEC)
#define FAREWELL_MS 250

struct _HubWebPage
{
  GObject parent_instance;

  char *id, *language;
  KarezActor *actor;
  GIOStream *stream;
  GSocket *socket;
  HubWebIntake *intake;
  HubWebMeter *meter;
  SoupWebsocketConnection *connection;
  HubWebRate *rate;
  gint64 heard;
  guint watch, farewell;
  HubWebSignIn *sign_in; /* NULL over the Unix socket */
  gboolean closed;       /* told to close, or gone */
  gboolean failed;
};

enum
{
  MESSAGE,
  CLOSED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HubWebPage, hub_web_page, G_TYPE_OBJECT)

/* Without a word: for a page that does not read, or is not there. */
static void
cut (HubWebPage *self, const char *why)
{
  hub_info ("web", self->id, "cut a page: %s", why);
  if (self->socket != NULL)
    g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
}

static void
on_message (SoupWebsocketConnection *connection, SoupWebsocketDataType type, GBytes *bytes,
            HubWebPage *self)
{
  g_autoptr (HubWebPage) keep = g_object_ref (self);

  /* What was on its way when it was told to close. */
  if (self->closed)
    return;
  self->heard = hub_clock_monotonic ();
  if (type != SOUP_WEBSOCKET_DATA_TEXT)
    hub_web_page_close (self, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA, "text only");
  else if (!hub_web_rate_take (self->rate, "", self->heard, NULL))
    hub_web_page_close (self, HUB_WEB_PAGE_CLOSE_RATE, "too many messages");
  else
    g_signal_emit (keep, signals[MESSAGE], 0, bytes);
}

static void
on_pong (SoupWebsocketConnection *connection, GBytes *payload, HubWebPage *self)
{
  self->heard = hub_clock_monotonic ();
}

/* libsoup sends the close and would go on reading into its buffer until that is written. */
static void
on_error (SoupWebsocketConnection *connection, GError *error, HubWebPage *self)
{
  if (self->failed)
    return;
  self->failed = TRUE;
  hub_web_intake_stop (self->intake);
  hub_debug ("web", self->id, "a page's connection failed: %s", error->message);
  hub_web_limits_release (self->socket, FAREWELL_MS);
}

/* Nothing is heard of it from here on. */
static void
set_closed (HubWebPage *self, gboolean revoked)
{
  g_autoptr (HubWebPage) keep = g_object_ref (self);

  if (self->closed)
    return;
  self->closed = TRUE;
  g_clear_handle_id (&self->watch, g_source_remove);
  g_signal_emit (keep, signals[CLOSED], 0, revoked);
}

static void
on_closed (SoupWebsocketConnection *connection, HubWebPage *self)
{
  g_autoptr (HubWebPage) keep = g_object_ref (self);

  set_closed (self, FALSE);
  g_clear_handle_id (&self->farewell, g_source_remove);
  /* Closing the wrapped streams did not close what they stand on. */
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

/* It has had its time to read why. */
static gboolean
on_farewell (gpointer data)
{
  HubWebPage *self = data;

  self->farewell = 0;
  cut (self, "it was told to close");
  return G_SOURCE_REMOVE;
}

static void
close_now (HubWebPage *self, gushort code, const char *reason, gboolean revoked)
{
  g_autoptr (HubWebPage) keep = g_object_ref (self);

  if (self->closed)
    return;
  if (soup_websocket_connection_get_state (self->connection) == SOUP_WEBSOCKET_STATE_OPEN)
    soup_websocket_connection_close (self->connection, code, reason);
  /* The source keeps it until then: whoever had it lets it go now. */
  self->farewell = g_timeout_add_full (G_PRIORITY_DEFAULT, FAREWELL_MS, on_farewell,
                                       g_object_ref (self), g_object_unref);
  set_closed (self, revoked);
}

static void
on_ended (GCancellable *ended, HubWebPage *self)
{
  if (self->sign_in->expires <= hub_clock_now ())
    close_now (self, HUB_WEB_PAGE_CLOSE_SIGNED_OUT, "the sign-in has ended", TRUE);
  else
    close_now (self, HUB_WEB_PAGE_CLOSE_CHANGED, "the rights have changed", self->sign_in->over);
}

static gboolean
on_watch (gpointer data)
{
  HubWebPage *self = data;

  if (hub_clock_monotonic () - self->heard <= SILENCE_US)
    return G_SOURCE_CONTINUE;
  self->watch = 0;
  cut (self, "it does not answer");
  return G_SOURCE_REMOVE;
}

HubWebPage *
hub_web_page_new (GIOStream *stream, GSocket *socket, GUri *uri, KarezActor *actor,
                  HubWebSignIn *sign_in, const char *language)
{
  HubWebPage *self = g_object_new (HUB_TYPE_WEB_PAGE, NULL);
  GList *extensions;
  g_autoptr (GIOStream) metered = NULL;

  self->stream = g_object_ref (stream);
  self->socket = socket != NULL ? g_object_ref (socket) : NULL;
  self->actor = karez_actor_ref (actor);
  self->language = g_strdup (language);
  self->meter = hub_web_meter_new (g_io_stream_get_output_stream (stream));
  self->intake = hub_web_intake_new (g_io_stream_get_input_stream (stream));
  metered = g_simple_io_stream_new (G_INPUT_STREAM (self->intake), G_OUTPUT_STREAM (self->meter));
  extensions = g_list_append (
      NULL, hub_web_frames_new (self->meter, HUB_WEB_PAGE_MESSAGE, HUB_WEB_PAGE_QUEUE));
  /* Takes the list. */
  self->connection = soup_websocket_connection_new (metered, uri, SOUP_WEBSOCKET_CONNECTION_SERVER,
                                                    NULL, NULL, extensions);
  /* A frame within this ends with our 1009; a larger one with the connection. */
  soup_websocket_connection_set_max_incoming_payload_size (self->connection,
                                                           4 * HUB_WEB_PAGE_MESSAGE);
  soup_websocket_connection_set_keepalive_interval (self->connection, PING_S);
  g_signal_connect_object (self->connection, "message", G_CALLBACK (on_message), self, 0);
  g_signal_connect_object (self->connection, "pong", G_CALLBACK (on_pong), self, 0);
  g_signal_connect_object (self->connection, "error", G_CALLBACK (on_error), self, 0);
  g_signal_connect_object (self->connection, "closed", G_CALLBACK (on_closed), self, 0);

  self->heard = hub_clock_monotonic ();
  self->watch = g_timeout_add_seconds (5, on_watch, self);
  if (sign_in == NULL)
    return self;
  self->sign_in = hub_web_sign_in_ref (sign_in);
  g_signal_connect_object (sign_in->ended, "cancelled", G_CALLBACK (on_ended), self, 0);
  return self;
}

const char *
hub_web_page_get_id (HubWebPage *self)
{
  return self->id;
}

KarezActor *
hub_web_page_get_actor (HubWebPage *self)
{
  return self->actor;
}

const char *
hub_web_page_get_language (HubWebPage *self)
{
  return self->language;
}

gboolean
hub_web_page_send (HubWebPage *self, const char *text)
{
  if (self->closed
      || soup_websocket_connection_get_state (self->connection) != SOUP_WEBSOCKET_STATE_OPEN)
    return FALSE;
  if (hub_web_meter_get_waiting (self->meter) + strlen (text) > HUB_WEB_PAGE_QUEUE)
    {
      cut (self, "it does not read");
      return FALSE;
    }
  soup_websocket_connection_send_text (self->connection, text);
  return TRUE;
}

void
hub_web_page_close (HubWebPage *self, gushort code, const char *reason)
{
  close_now (self, code, reason, FALSE);
}

static void
hub_web_page_dispose (GObject *object)
{
  HubWebPage *self = HUB_WEB_PAGE (object);

  g_clear_handle_id (&self->watch, g_source_remove);
  if (self->connection != NULL && self->socket != NULL)
    g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  g_clear_object (&self->connection);
  g_clear_object (&self->intake);
  g_clear_object (&self->meter);
  g_clear_object (&self->stream);
  g_clear_object (&self->socket);
  G_OBJECT_CLASS (hub_web_page_parent_class)->dispose (object);
}

static void
hub_web_page_finalize (GObject *object)
{
  HubWebPage *self = HUB_WEB_PAGE (object);

  g_free (self->id);
  g_free (self->language);
  g_clear_pointer (&self->actor, karez_actor_unref);
  g_clear_pointer (&self->sign_in, hub_web_sign_in_unref);
  hub_web_rate_free (self->rate);
  G_OBJECT_CLASS (hub_web_page_parent_class)->finalize (object);
}

static void
hub_web_page_class_init (HubWebPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = hub_web_page_dispose;
  object_class->finalize = hub_web_page_finalize;
  signals[MESSAGE] = g_signal_new ("message", HUB_TYPE_WEB_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 1, G_TYPE_BYTES);
  signals[CLOSED] = g_signal_new ("closed", HUB_TYPE_WEB_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
hub_web_page_init (HubWebPage *self)
{
  self->id = hub_id_new ();
  self->rate = hub_web_rate_new (60, 200, 1);
}
