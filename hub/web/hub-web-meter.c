/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream that counts what its base stream took. */
#include "hub-web-meter.h"

struct _HubWebMeter
{
  GFilterOutputStream parent_instance;
  guint64 given, written;
};

static void hub_web_meter_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HubWebMeter, hub_web_meter, G_TYPE_FILTER_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      hub_web_meter_pollable_init))

static GOutputStream *
base_of (gpointer self)
{
  return g_filter_output_stream_get_base_stream (self);
}

static gssize
hub_web_meter_write (GOutputStream *stream, const void *data, gsize size, GCancellable *cancellable,
                     GError **error)
{
  gssize n = g_output_stream_write (base_of (stream), data, size, cancellable, error);

  if (n > 0)
    HUB_WEB_METER (stream)->written += n;
  return n;
}

static gssize
hub_web_meter_write_nonblocking (GPollableOutputStream *stream, const void *data, gsize size,
                                 GError **error)
{
  gssize n = g_pollable_output_stream_write_nonblocking (
      G_POLLABLE_OUTPUT_STREAM (base_of (stream)), data, size, NULL, error);

  if (n > 0)
    HUB_WEB_METER (stream)->written += n;
  return n;
}

static gboolean
hub_web_meter_can_poll (GPollableOutputStream *stream)
{
  return g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (base_of (stream)));
}

static gboolean
hub_web_meter_is_writable (GPollableOutputStream *stream)
{
  return g_pollable_output_stream_is_writable (G_POLLABLE_OUTPUT_STREAM (base_of (stream)));
}

static GSource *
hub_web_meter_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base = g_pollable_output_stream_create_source (
      G_POLLABLE_OUTPUT_STREAM (base_of (stream)), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
hub_web_meter_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->can_poll = hub_web_meter_can_poll;
  iface->is_writable = hub_web_meter_is_writable;
  iface->create_source = hub_web_meter_create_source;
  iface->write_nonblocking = hub_web_meter_write_nonblocking;
}

static void
hub_web_meter_class_init (HubWebMeterClass *klass)
{
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = hub_web_meter_write;
}

static void
hub_web_meter_init (HubWebMeter *self)
{
}

HubWebMeter *
hub_web_meter_new (GOutputStream *base)
{
  return g_object_new (HUB_TYPE_WEB_METER, "base-stream", base, NULL);
}

void
hub_web_meter_give (HubWebMeter *self, gsize size)
{
  self->given += size;
}

guint64
hub_web_meter_get_waiting (HubWebMeter *self)
{
  return self->given - MIN (self->given, self->written);
}
