/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GSource on libpq's socket. */
#include "hub-pg-source.h"

typedef struct
{
  GSource parent;
  gpointer tag;
  gboolean writing;
} HubPgSource;

static gboolean
hub_pg_source_check (GSource *source)
{
  return g_source_query_unix_fd (source, ((HubPgSource *) source)->tag) != 0;
}

static gboolean
hub_pg_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  HubPgSource *self = (HubPgSource *) source;
  gint64 deadline = g_source_get_ready_time (source);
  gboolean late = deadline >= 0 && deadline <= g_source_get_time (source);

  if (late)
    g_source_set_ready_time (source, -1);
  return ((HubPgSourceFunc) (void (*) (void)) callback) (g_source_query_unix_fd (source, self->tag),
                                                         late, data);
}

GSource *
hub_pg_source_new (int fd)
{
  static GSourceFuncs funcs = { .check = hub_pg_source_check, .dispatch = hub_pg_source_dispatch };
  GSource *source = g_source_new (&funcs, sizeof (HubPgSource));
  HubPgSource *self = (HubPgSource *) source;

  g_source_set_static_name (source, "libpq");
  self->tag = g_source_add_unix_fd (source, fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  return source;
}

void
hub_pg_source_set_callback (GSource *source, HubPgSourceFunc func, gpointer data)
{
  g_source_set_callback (source, (GSourceFunc) (void (*) (void)) func, data, NULL);
}

void
hub_pg_source_set_writing (GSource *source, gboolean writing)
{
  HubPgSource *self = (HubPgSource *) source;

  if (self->writing == writing)
    return;
  self->writing = writing;
  g_source_modify_unix_fd (source, self->tag,
                           G_IO_IN | G_IO_HUP | G_IO_ERR | (writing ? G_IO_OUT : 0));
}

void
hub_pg_source_set_deadline (GSource *source, gint64 deadline)
{
  g_source_set_ready_time (source, deadline);
}
