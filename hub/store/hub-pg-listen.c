/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session of the database that does nothing but LISTEN. */
#include "hub-pg-listen.h"

#include "hub-log.h"
#include "hub-pg-connection.h"
#include "hub-pg-error.h"
#include "hub-pg-source.h"

#define FIRST_DELAY_MS 1000
#define LAST_DELAY_MS 10000

struct _HubPgListen
{
  GObject parent;
  char *conninfo, *statement;
  PGconn *pg;
  GSource *source;
  guint retry, delay_ms;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (HubPgListen, hub_pg_listen, G_TYPE_OBJECT)

enum
{
  NOTIFIED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void open_session (HubPgListen *self);

static void
close_session (HubPgListen *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->pg, PQfinish);
}

static gboolean
on_retry (gpointer data)
{
  HubPgListen *self = data;

  self->retry = 0;
  open_session (self);
  return G_SOURCE_REMOVE;
}

static void
retry_later (HubPgListen *self)
{
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  self->retry = g_timeout_add (self->delay_ms, on_retry, self);
  self->delay_ms = MIN (self->delay_ms * 2, LAST_DELAY_MS);
}

static gboolean
on_readable (GIOCondition condition, gboolean late, gpointer data)
{
  g_autoptr (HubPgListen) self = g_object_ref (data);
  PGnotify *notify;

  if (!PQconsumeInput (self->pg))
    {
      close_session (self);
      retry_later (self);
      return G_SOURCE_REMOVE;
    }
  /* A listener may stop it. */
  while (self->pg != NULL && (notify = PQnotifies (self->pg)) != NULL)
    {
      g_signal_emit (self, signals[NOTIFIED], 0, notify->extra);
      PQfreemem (notify);
    }
  return self->pg != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
connect_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  HubPgListen *self = source;
  GError *error = NULL;
  PGconn *pg = hub_pg_connect (self->conninfo, &error);
  PGresult *result = pg != NULL ? PQexec (pg, self->statement) : NULL;

  if (pg != NULL && PQstatus (pg) == CONNECTION_BAD)
    error = hub_pg_lost ("the connection broke", FALSE);
  else if (pg != NULL && PQresultStatus (result) != PGRES_COMMAND_OK)
    error = hub_pg_error (result);
  PQclear (result);
  if (error == NULL)
    {
      g_task_return_pointer (task, pg, (GDestroyNotify) PQfinish);
      return;
    }
  PQfinish (pg);
  g_task_return_error (task, error);
}

static void
on_connected (GObject *object, GAsyncResult *result, gpointer data)
{
  HubPgListen *self = HUB_PG_LISTEN (object);
  g_autoptr (GError) error = NULL;

  self->pg = g_task_propagate_pointer (G_TASK (result), &error);
  if (self->pg == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        hub_info ("store", "listen", "%s", error->message);
      retry_later (self);
      return;
    }
  self->delay_ms = FIRST_DELAY_MS;
  self->source = hub_pg_source_new (PQsocket (self->pg));
  hub_pg_source_set_callback (self->source, on_readable, self);
  g_source_attach (self->source, NULL);
  g_signal_emit (self, signals[NOTIFIED], 0, NULL);
}

static void
open_session (HubPgListen *self)
{
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, on_connected, NULL);

  g_task_set_source_tag (task, open_session);
  g_task_run_in_thread (task, connect_in_thread);
}

HubPgListen *
hub_pg_listen_new (const char *conninfo, const char *channel)
{
  HubPgListen *self = g_object_new (HUB_TYPE_PG_LISTEN, NULL);

  self->conninfo = g_strdup (conninfo);
  self->statement = g_strdup_printf ("listen %s", channel);
  open_session (self);
  return self;
}

void
hub_pg_listen_stop (HubPgListen *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->retry, g_source_remove);
  close_session (self);
}

static void
hub_pg_listen_finalize (GObject *object)
{
  HubPgListen *self = HUB_PG_LISTEN (object);

  hub_pg_listen_stop (self);
  g_object_unref (self->cancellable);
  g_free (self->conninfo);
  g_free (self->statement);

  G_OBJECT_CLASS (hub_pg_listen_parent_class)->finalize (object);
}

static void
hub_pg_listen_class_init (HubPgListenClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_pg_listen_finalize;

  signals[NOTIFIED] = g_signal_new ("notified", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
hub_pg_listen_init (HubPgListen *self)
{
  self->cancellable = g_cancellable_new ();
  self->delay_ms = FIRST_DELAY_MS;
}
