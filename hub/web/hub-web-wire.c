/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-web-wire.h"

#define HUB_TYPE_WEB_WIRE_INPUT (hub_web_wire_input_get_type ())
G_DECLARE_FINAL_TYPE (HubWebWireInput, hub_web_wire_input, HUB, WEB_WIRE_INPUT, GFilterInputStream)

#define READ_BYTES 8192

struct _HubWebWireInput
{
  GFilterInputStream parent_instance;
  HubWebWire *wire; /* not owned: it owns this, and ends it */
  HubHttpScanner *scanner;
  GByteArray *held; /* read, and not yet by the server */
  gsize open;       /* how much of it the server may see */
  gboolean hungry;  /* of the rest nothing, before more is read */
  gboolean raw, refused, idle, told;
};

static void hub_web_wire_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HubWebWireInput, hub_web_wire_input, G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      hub_web_wire_input_pollable_init))

static guint began_signal, refused_signal;

static gpointer
base_of (gpointer self)
{
  return g_filter_input_stream_get_base_stream (self);
}

/* The end of an idle connection, as told above. */
static gssize
tell_end (HubWebWireInput *self, gssize n, void *buffer, gsize size)
{
  if (n != 0 || size == 0 || !self->idle || self->told)
    return n;
  self->told = TRUE;
  *(char *) buffer = 'X';
  return 1;
}

/* Whether there is something for the server. */
static gboolean
scan (HubWebWireInput *self)
{
  const HubHttpFault *fault = NULL;

  if (self->open > 0 || self->held->len == 0)
    return self->open > 0;
  if (self->raw)
    self->open = self->held->len;
  else if (!self->hungry && !self->refused)
    self->open = hub_http_scanner_take (self->scanner, self->held->data, self->held->len, &fault);
  self->hungry = self->open == 0;
  if (fault != NULL)
    {
      self->refused = TRUE;
      g_signal_emit (self->wire, refused_signal, 0, fault);
    }
  return self->open > 0;
}

static void
hold (HubWebWireInput *self, const guint8 *bytes, gsize size)
{
  if (self->refused)
    return;
  if (self->idle && self->held->len == 0)
    g_signal_emit (self->wire, began_signal, 0);
  g_byte_array_append (self->held, bytes, (guint) size);
  self->hungry = FALSE;
}

static gssize
hand_on (HubWebWireInput *self, void *buffer, gsize size)
{
  gsize n = MIN (size, self->open);

  memcpy (buffer, self->held->data, n);
  g_byte_array_remove_range (self->held, 0, (guint) n);
  self->open -= n;
  return (gssize) n;
}

static gssize
read_base (HubWebWireInput *self, void *buffer, gsize size, gboolean wait,
           GCancellable *cancellable, GError **error)
{
  if (wait)
    return g_input_stream_read (base_of (self), buffer, size, cancellable, error);
  return g_pollable_input_stream_read_nonblocking (base_of (self), buffer, size, NULL, error);
}

static gssize
read_wire (HubWebWireInput *self, void *buffer, gsize size, gboolean wait,
           GCancellable *cancellable, GError **error)
{
  guint8 bytes[READ_BYTES];

  while (!scan (self))
    {
      gssize n = read_base (self, bytes, sizeof bytes, wait, cancellable, error);

      if (n <= 0)
        return tell_end (self, n, buffer, size);
      hold (self, bytes, (gsize) n);
    }
  return hand_on (self, buffer, size);
}

static gssize
hub_web_wire_input_read (GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable,
                         GError **error)
{
  return read_wire (HUB_WEB_WIRE_INPUT (stream), buffer, size, TRUE, cancellable, error);
}

static gssize
hub_web_wire_input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize size,
                                     GError **error)
{
  return read_wire (HUB_WEB_WIRE_INPUT (stream), buffer, size, FALSE, NULL, error);
}

static gboolean
hub_web_wire_input_can_poll (GPollableInputStream *stream)
{
  return g_pollable_input_stream_can_poll (base_of (stream));
}

static gboolean
hub_web_wire_input_is_readable (GPollableInputStream *stream)
{
  return scan (HUB_WEB_WIRE_INPUT (stream))
         || g_pollable_input_stream_is_readable (base_of (stream));
}

static GSource *
hub_web_wire_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base = scan (HUB_WEB_WIRE_INPUT (stream))
                                 ? g_timeout_source_new (0)
                                 : g_pollable_input_stream_create_source (base_of (stream), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
hub_web_wire_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = hub_web_wire_input_can_poll;
  iface->is_readable = hub_web_wire_input_is_readable;
  iface->create_source = hub_web_wire_input_create_source;
  iface->read_nonblocking = hub_web_wire_input_read_nonblocking;
}

static void
hub_web_wire_input_finalize (GObject *object)
{
  HubWebWireInput *self = HUB_WEB_WIRE_INPUT (object);

  hub_http_scanner_free (self->scanner);
  g_byte_array_unref (self->held);
  G_OBJECT_CLASS (hub_web_wire_input_parent_class)->finalize (object);
}

static void
hub_web_wire_input_class_init (HubWebWireInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_web_wire_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = hub_web_wire_input_read;
}

static void
hub_web_wire_input_init (HubWebWireInput *self)
{
  self->scanner = hub_http_scanner_new ();
  self->held = g_byte_array_new ();
}

struct _HubWebWire
{
  GIOStream parent_instance;
  GSocketConnection *base;
  HubWebWireInput *input;
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

HubWebWire *
hub_web_wire_new (GSocket *socket)
{
  HubWebWire *self = g_object_new (HUB_TYPE_WEB_WIRE, NULL);

  self->base = g_socket_connection_factory_create_connection (socket);
  self->input = g_object_new (HUB_TYPE_WEB_WIRE_INPUT, "base-stream",
                              g_io_stream_get_input_stream (G_IO_STREAM (self->base)), NULL);
  self->input->wire = self;
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
  self->input->idle = idle;
}

void
hub_web_wire_set_raw (HubWebWire *self)
{
  self->input->raw = TRUE;
  self->input->hungry = FALSE;
}
