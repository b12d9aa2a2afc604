/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One numbered stream of a link. */
#include "hub-link-stream.h"

static void
on_message (GBytes *message, gpointer data)
{
  HubLinkStream *self = data;

  self->message (self, message, self->owner);
}

HubLinkStream *
hub_link_stream_new (guint number, KarezLinkPolicy policy, HubLinkStreamFunc message,
                     gpointer owner)
{
  HubLinkStream *self = g_new0 (HubLinkStream, 1);

  self->number = number;
  self->policy = policy;
  self->deadline = G_MAXINT64;
  self->owner = owner;
  self->message = message;
  if (message != NULL)
    self->ordered = hub_link_ordered_new (on_message, self);
  return self;
}

void
hub_link_stream_free (HubLinkStream *self)
{
  g_clear_pointer (&self->ordered, hub_link_ordered_free);
  g_free (self);
}

void
hub_link_stream_restart (HubLinkStream *self, gboolean keep_waiting)
{
  self->deadline = G_MAXINT64;
  if (self->ordered != NULL && !keep_waiting)
    hub_link_ordered_reset (self->ordered);
}
