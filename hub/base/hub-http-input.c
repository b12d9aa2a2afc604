/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream that passes HTTP on only after HubHttpScanner has taken it. */
#include "hub-http-input.h"

#define READ_BYTES 8192
/* What is handed on before somebody waits for more: libsoup reads as long as there is something,
 * and a body of small chunks takes it longer to read than its sender to write. */
#define TURN_BYTES (16 * 1024)

struct _HubHttpInput
{
  GFilterInputStream parent_instance;
  HubHttpScanner *scanner;
  GByteArray *held; /* read, and not yet by the server */
  gsize open;       /* how much of it the server may see */
  gsize given;      /* since somebody last waited */
  gboolean hungry;  /* of the rest nothing, before more is read */
  gboolean raw, refused, idle, told;
};

static void hub_http_input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HubHttpInput, hub_http_input, G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      hub_http_input_pollable_init))

static guint began_signal, refused_signal;

static gpointer
base_of (gpointer self)
{
  return g_filter_input_stream_get_base_stream (self);
}

/* The end of an idle connection, as told above. */
static gssize
tell_end (HubHttpInput *self, gssize n, void *buffer, gsize size)
{
  if (n != 0 || size == 0 || !self->idle || self->told)
    return n;
  self->told = TRUE;
  *(char *) buffer = 'X';
  return 1;
}

/* Whether there is something for the server. */
static gboolean
scan (HubHttpInput *self)
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
      g_signal_emit (self, refused_signal, 0, fault);
    }
  return self->open > 0;
}

static void
hold (HubHttpInput *self, const guint8 *bytes, gsize size)
{
  if (self->refused)
    return;
  if (self->idle && self->held->len == 0)
    g_signal_emit (self, began_signal, 0);
  g_byte_array_append (self->held, bytes, (guint) size);
  self->hungry = FALSE;
}

static gssize
hand_on (HubHttpInput *self, void *buffer, gsize size)
{
  gsize n = MIN (size, self->open);

  memcpy (buffer, self->held->data, n);
  g_byte_array_remove_range (self->held, 0, (guint) n);
  self->open -= n;
  self->given += n;
  return (gssize) n;
}

static gssize
read_base (HubHttpInput *self, void *buffer, gsize size, gboolean wait, GCancellable *cancellable,
           GError **error)
{
  if (wait)
    return g_input_stream_read (base_of (self), buffer, size, cancellable, error);
  return g_pollable_input_stream_read_nonblocking (base_of (self), buffer, size, NULL, error);
}

static gssize
read_scanned (HubHttpInput *self, void *buffer, gsize size, gboolean wait,
              GCancellable *cancellable, GError **error)
{
  guint8 bytes[READ_BYTES];

  if (!wait && self->given >= TURN_BYTES)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "not in this turn");
      return -1;
    }
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
hub_http_input_read (GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable,
                     GError **error)
{
  return read_scanned (HUB_HTTP_INPUT (stream), buffer, size, TRUE, cancellable, error);
}

static gssize
hub_http_input_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize size,
                                 GError **error)
{
  return read_scanned (HUB_HTTP_INPUT (stream), buffer, size, FALSE, NULL, error);
}

static gboolean
hub_http_input_can_poll (GPollableInputStream *stream)
{
  return g_pollable_input_stream_can_poll (base_of (stream));
}

static gboolean
hub_http_input_is_readable (GPollableInputStream *stream)
{
  return scan (HUB_HTTP_INPUT (stream)) || g_pollable_input_stream_is_readable (base_of (stream));
}

static GSource *
hub_http_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  HubHttpInput *self = HUB_HTTP_INPUT (stream);
  /* What the base holds itself would not wake it. */
  gboolean more = self->given >= TURN_BYTES || scan (self);
  g_autoptr (GSource) base = more ? g_timeout_source_new (0)
                                  : g_pollable_input_stream_create_source (base_of (self), NULL);

  self->given = 0;
  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
hub_http_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = hub_http_input_can_poll;
  iface->is_readable = hub_http_input_is_readable;
  iface->create_source = hub_http_input_create_source;
  iface->read_nonblocking = hub_http_input_read_nonblocking;
}

static void
hub_http_input_finalize (GObject *object)
{
  HubHttpInput *self = HUB_HTTP_INPUT (object);

  hub_http_scanner_free (self->scanner);
  g_byte_array_unref (self->held);
  G_OBJECT_CLASS (hub_http_input_parent_class)->finalize (object);
}

static void
hub_http_input_class_init (HubHttpInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_http_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = hub_http_input_read;
  began_signal = g_signal_new ("began", HUB_TYPE_HTTP_INPUT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 0);
  refused_signal = g_signal_new ("refused", HUB_TYPE_HTTP_INPUT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
hub_http_input_init (HubHttpInput *self)
{
  self->scanner = hub_http_scanner_new ();
  self->held = g_byte_array_new ();
}

HubHttpInput *
hub_http_input_new (GInputStream *base)
{
  return g_object_new (HUB_TYPE_HTTP_INPUT, "base-stream", base, NULL);
}

void
hub_http_input_set_idle (HubHttpInput *self, gboolean idle)
{
  self->idle = idle;
}

void
hub_http_input_set_raw (HubHttpInput *self)
{
  self->raw = TRUE;
  self->hungry = FALSE;
}

void
hub_http_input_drop (HubHttpInput *self)
{
  g_byte_array_unref (self->held);
  self->held = g_byte_array_new ();
  self->open = 0;
}
