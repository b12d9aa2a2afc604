/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-web-wire.h"

static guint began_signal, refused_signal;

struct _HubWebWire
{
  GIOStream parent_instance;
  GSocketConnection *base;
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
  return g_io_stream_get_output_stream (G_IO_STREAM (HUB_WEB_WIRE (stream)->base));
}

static gboolean
hub_web_wire_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (G_IO_STREAM (HUB_WEB_WIRE (stream)->base), cancellable, error);
}

static void
hub_web_wire_finalize (GObject *object)
{
  HubWebWire *self = HUB_WEB_WIRE (object);

  G_OBJECT_CLASS (hub_web_wire_parent_class)->finalize (object);
  g_object_unref (self->input);
  g_object_unref (self->base);
}

static void
hub_web_wire_class_init (HubWebWireClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_web_wire_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = hub_web_wire_get_input;
  G_IO_STREAM_CLASS (klass)->get_output_stream = hub_web_wire_get_output;
  G_IO_STREAM_CLASS (klass)->close_fn = hub_web_wire_close;
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
hub_web_wire_new (GSocket *socket)
{
  HubWebWire *self = g_object_new (HUB_TYPE_WEB_WIRE, NULL);

  self->base = g_socket_connection_factory_create_connection (socket);
  self->input = hub_http_input_new (g_io_stream_get_input_stream (G_IO_STREAM (self->base)));
  g_signal_connect_object (self->input, "began", G_CALLBACK (on_began), self, 0);
  g_signal_connect_object (self->input, "refused", G_CALLBACK (on_refused), self, 0);
  return self;
}

GSocket *
hub_web_wire_get_socket (HubWebWire *self)
{
  return g_socket_connection_get_socket (self->base);
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
