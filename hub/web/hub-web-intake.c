/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream that hands on little in one turn of the main loop. */
#include "hub-web-intake.h"

struct _HubWebIntake
{
  GFilterInputStream parent_instance;
  gsize given; /* since somebody last waited */
  gboolean stopped;
};

static void hub_web_intake_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HubWebIntake, hub_web_intake, G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      hub_web_intake_pollable_init))

static GPollableInputStream *
base_of (gpointer self)
{
  return G_POLLABLE_INPUT_STREAM (g_filter_input_stream_get_base_stream (self));
}

static gssize
hub_web_intake_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize size,
                                 GError **error)
{
  HubWebIntake *self = HUB_WEB_INTAKE (stream);
  gssize n;

  if (self->stopped || self->given >= HUB_WEB_INTAKE_TURN)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "not in this turn");
      return -1;
    }
  n = g_pollable_input_stream_read_nonblocking (
      base_of (self), buffer, MIN (size, HUB_WEB_INTAKE_TURN - self->given), NULL, error);
  if (n > 0)
    self->given += (gsize) n;
  return n;
}

static gboolean
hub_web_intake_can_poll (GPollableInputStream *stream)
{
  return g_pollable_input_stream_can_poll (base_of (stream));
}

static gboolean
hub_web_intake_is_readable (GPollableInputStream *stream)
{
  return !HUB_WEB_INTAKE (stream)->stopped
         && g_pollable_input_stream_is_readable (base_of (stream));
}

/* Who asks for a source has read enough for now. One of a stream that was stopped is never ready.
 */
static GSource *
hub_web_intake_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  HubWebIntake *self = HUB_WEB_INTAKE (stream);
  g_autoptr (GSource) base = NULL;

  if (!self->stopped)
    base = self->given >= HUB_WEB_INTAKE_TURN
               ? g_timeout_source_new (0)
               : g_pollable_input_stream_create_source (base_of (stream), NULL);
  self->given = 0;
  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
hub_web_intake_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = hub_web_intake_can_poll;
  iface->is_readable = hub_web_intake_is_readable;
  iface->create_source = hub_web_intake_create_source;
  iface->read_nonblocking = hub_web_intake_read_nonblocking;
}

static void
hub_web_intake_class_init (HubWebIntakeClass *klass)
{
}

static void
hub_web_intake_init (HubWebIntake *self)
{
}

HubWebIntake *
hub_web_intake_new (GInputStream *base)
{
  return g_object_new (HUB_TYPE_WEB_INTAKE, "base-stream", base, NULL);
}

void
hub_web_intake_stop (HubWebIntake *self)
{
  self->stopped = TRUE;
}
