/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A socket's streams as the server uses them, with or without TLS. */
#include "hub-web-wire.h"

#define CLOSE_SECONDS 1

static guint began_signal, refused_signal;

struct _HubWebWire
{
  GIOStream parent_instance;
  GSocket *socket;
  GIOStream *base; /* the socket's, or TLS over it */
  HubHttpInput *input;
};

G_DEFINE_FINAL_TYPE (HubWebWire, hub_web_wire, G_TYPE_IO_STREAM)

static GInputStream *
hub_web_wire_get_input (GIOStream *stream)
{
  return G_INPUT_STREAM (HUB_WEB_WIRE (stream)->input);
}

static GOutputStream *
hub_web_wire_get_output (GIOStream *stream)
{
  return g_io_stream_get_output_stream (HUB_WEB_WIRE (stream)->base);
}

/* TLS says farewell, which nobody waits for: a client that does not read is only cut. */
static gboolean
hub_web_wire_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  HubWebWire *self = HUB_WEB_WIRE (stream);

  if (hub_web_wire_get_tls (self) != NULL)
    {
      if (!(g_socket_condition_check (self->socket, G_IO_OUT) & G_IO_OUT))
        g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
      g_socket_set_timeout (self->socket, CLOSE_SECONDS);
    }
  return g_io_stream_close (self->base, cancellable, error);
}

/* Not in a thread, as GIO would: the input is the main thread's. */
static void
hub_web_wire_close_async (GIOStream *stream, int priority, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, hub_web_wire_close_async);
  g_task_set_priority (task, priority);
  if (hub_web_wire_close (stream, NULL, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
hub_web_wire_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_web_wire_close_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
hub_web_wire_finalize (GObject *object)
{
  HubWebWire *self = HUB_WEB_WIRE (object);

  G_OBJECT_CLASS (hub_web_wire_parent_class)->finalize (object);
  g_object_unref (self->input);
  g_object_unref (self->base);
  g_object_unref (self->socket);
}

static void
hub_web_wire_class_init (HubWebWireClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_web_wire_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = hub_web_wire_get_input;
  G_IO_STREAM_CLASS (klass)->get_output_stream = hub_web_wire_get_output;
  G_IO_STREAM_CLASS (klass)->close_fn = hub_web_wire_close;
  G_IO_STREAM_CLASS (klass)->close_async = hub_web_wire_close_async;
  G_IO_STREAM_CLASS (klass)->close_finish = hub_web_wire_close_finish;
  began_signal = g_signal_new ("began", HUB_TYPE_WEB_WIRE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 0);
  refused_signal = g_signal_new ("refused", HUB_TYPE_WEB_WIRE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
hub_web_wire_init (HubWebWire *self)
{
}

static void
on_began (HubHttpInput *input, HubWebWire *self)
{
  g_signal_emit (self, began_signal, 0);
}

static void
on_refused (HubHttpInput *input, const HubHttpFault *fault, HubWebWire *self)
{
  g_signal_emit (self, refused_signal, 0, fault);
}

HubWebWire *
hub_web_wire_new (GSocket *socket, GTlsCertificate *certificate)
{
  HubWebWire *self = g_object_new (HUB_TYPE_WEB_WIRE, NULL);
  g_autoptr (GSocketConnection) plain = g_socket_connection_factory_create_connection (socket);

  self->socket = g_object_ref (socket);
  if (certificate != NULL)
    {
      self->base = g_tls_server_connection_new (G_IO_STREAM (plain), certificate, NULL);
      g_object_set (self->base, "require-close-notify", FALSE, NULL);
    }
  else
    self->base = G_IO_STREAM (g_steal_pointer (&plain));
  self->input = hub_http_input_new (g_io_stream_get_input_stream (self->base));
  g_signal_connect_object (self->input, "began", G_CALLBACK (on_began), self, 0);
  g_signal_connect_object (self->input, "refused", G_CALLBACK (on_refused), self, 0);
  return self;
}

GSocket *
hub_web_wire_get_socket (HubWebWire *self)
{
  return self->socket;
}

GTlsConnection *
hub_web_wire_get_tls (HubWebWire *self)
{
  return G_IS_TLS_CONNECTION (self->base) ? G_TLS_CONNECTION (self->base) : NULL;
}

void
hub_web_wire_end_with (HubWebWire *self, GBytes *answer)
{
  GOutputStream *output = g_io_stream_get_output_stream (self->base);
  gsize size;
  const char *text = g_bytes_get_data (answer, &size);

  /* Some hundred bytes into an empty buffer: all or nothing, never blocking. */
  g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output), text, size, NULL,
                                              NULL);
  g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
}

void
hub_web_wire_set_idle (HubWebWire *self, gboolean idle)
{
  hub_http_input_set_idle (self->input, idle);
}

void
hub_web_wire_set_raw (HubWebWire *self)
{
  hub_http_input_set_raw (self->input);
}
