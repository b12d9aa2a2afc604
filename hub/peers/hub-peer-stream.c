/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream around another one that it lets go of when it is closed. */
#include "hub-peer-stream.h"

struct _HubPeerStream
{
  GIOStream parent_instance;
  GIOStream *inner; /* NULL once it is closed */
  HubHttpInput *input;
  GOutputStream *output;
};

G_DEFINE_FINAL_TYPE (HubPeerStream, hub_peer_stream, G_TYPE_IO_STREAM)

enum
{
  SIGNAL_CLOSED,
  SIGNAL_REFUSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static GInputStream *
hub_peer_stream_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (HUB_PEER_STREAM (stream)->input);
}

static GOutputStream *
hub_peer_stream_get_output_stream (GIOStream *stream)
{
  return HUB_PEER_STREAM (stream)->output;
}

static gboolean
hub_peer_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  HubPeerStream *self = HUB_PEER_STREAM (stream);
  g_autoptr (GIOStream) inner = g_steal_pointer (&self->inner);
  gboolean good = inner == NULL || g_io_stream_close (inner, cancellable, error);

  hub_http_input_drop (self->input);
  if (inner != NULL)
    g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
  return good;
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_io_stream_close_finish (G_IO_STREAM (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  g_signal_emit (g_task_get_source_object (task), signals[SIGNAL_CLOSED], 0);
}

static void
hub_peer_stream_close_async (GIOStream *stream, int priority, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  HubPeerStream *self = HUB_PEER_STREAM (stream);
  g_autoptr (GIOStream) inner = g_steal_pointer (&self->inner);
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, data);

  hub_http_input_drop (self->input);
  g_task_set_source_tag (task, hub_peer_stream_close_async);
  if (inner == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_io_stream_close_async (inner, priority, cancellable, on_closed, g_steal_pointer (&task));
}

static gboolean
hub_peer_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
hub_peer_stream_finalize (GObject *object)
{
  HubPeerStream *self = HUB_PEER_STREAM (object);

  g_clear_object (&self->inner);
  g_clear_object (&self->input);
  g_clear_object (&self->output);
  G_OBJECT_CLASS (hub_peer_stream_parent_class)->finalize (object);
}

static void
hub_peer_stream_class_init (HubPeerStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = hub_peer_stream_finalize;
  stream_class->get_input_stream = hub_peer_stream_get_input_stream;
  stream_class->get_output_stream = hub_peer_stream_get_output_stream;
  stream_class->close_fn = hub_peer_stream_close;
  stream_class->close_async = hub_peer_stream_close_async;
  stream_class->close_finish = hub_peer_stream_close_finish;
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", HUB_TYPE_PEER_STREAM, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_REFUSED] = g_signal_new ("refused", HUB_TYPE_PEER_STREAM, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
on_refused (HubHttpInput *input, const HubHttpFault *fault, HubPeerStream *self)
{
  g_signal_emit (self, signals[SIGNAL_REFUSED], 0, fault);
}

static void
hub_peer_stream_init (HubPeerStream *self)
{
}

GIOStream *
hub_peer_stream_new (GIOStream *inner)
{
  HubPeerStream *self = g_object_new (HUB_TYPE_PEER_STREAM, NULL);

  self->inner = g_object_ref (inner);
  self->input = hub_http_input_new (g_io_stream_get_input_stream (inner));
  g_signal_connect_object (self->input, "refused", G_CALLBACK (on_refused), self, 0);
  self->output = g_object_ref (g_io_stream_get_output_stream (inner));
  return G_IO_STREAM (self);
}

void
hub_peer_stream_set_raw (HubPeerStream *self)
{
  hub_http_input_set_raw (self->input);
}
