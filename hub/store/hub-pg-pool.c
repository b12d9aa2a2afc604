/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections of one kind, leased one at a time, behind a bounded queue. */
#include "hub-pg-pool.h"

#include "hub-log.h"
#include "hub-pg-error.h"

#include <glib/gi18n.h>

#define WAIT_US (3 * G_USEC_PER_SEC)
#define FIRST_DELAY_MS 100
#define LAST_DELAY_MS 2000

struct _HubPgPool
{
  GObject parent;
  char *conninfo;
  HubPgSettings settings;
  guint size, max_queue;
  GQueue idle;    /* HubPgConnection */
  GQueue waiting; /* Waiter */
  guint n_open, n_connecting;
  guint delay_ms;
  guint retry, sweep; /* source ids */
  gboolean opened, closed;
  GTask *opening;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (HubPgPool, hub_pg_pool, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_AVAILABLE,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

typedef struct
{
  HubPgPool *pool; /* not counted: the task does */
  GTask *task;
  gint64 deadline;
  GSource *cancelled;
} Waiter;

static void fill (HubPgPool *self);

HubPgPool *
hub_pg_pool_new (const HubPgSettings *settings, guint size, guint max_queue)
{
  HubPgPool *self = g_object_new (HUB_TYPE_PG_POOL, NULL);

  self->conninfo = g_strdup (settings->conninfo);
  self->settings = *settings;
  self->settings.conninfo = self->conninfo;
  self->settings.statements = hub_statements_ref (settings->statements);
  self->size = MAX (size, 1);
  self->max_queue = max_queue;
  return self;
}

static void
free_waiter (Waiter *waiter)
{
  if (waiter->cancelled != NULL)
    {
      g_source_destroy (waiter->cancelled);
      g_source_unref (waiter->cancelled);
    }
  g_object_unref (waiter->task);
  g_free (waiter);
}

static GError *
new_wait_error (HubPgPool *self)
{
  if (self->closed)
    return hub_pg_lost ("the hub is stopping", FALSE);
  if (self->n_open == 0)
    return hub_pg_lost ("no connection", FALSE);
  return karez_error_new (KAREZ_ERROR_BUSY, "database/queue", N_ ("Try again in a few seconds."),
                          N_ ("Too much is waiting for the database."));
}

/* Gives connections to those who wait, oldest first. */
static void
serve (HubPgPool *self)
{
  while (!g_queue_is_empty (&self->waiting) && !g_queue_is_empty (&self->idle))
    {
      Waiter *waiter = g_queue_pop_head (&self->waiting);

      g_task_return_pointer (waiter->task, g_queue_pop_tail (&self->idle), g_object_unref);
      free_waiter (waiter);
    }
}

static gboolean
on_sweep (gpointer data)
{
  HubPgPool *self = data;
  gint64 now = g_get_monotonic_time ();
  Waiter *waiter;

  while ((waiter = g_queue_peek_head (&self->waiting)) != NULL && waiter->deadline <= now)
    {
      g_queue_pop_head (&self->waiting);
      g_task_return_error (waiter->task, new_wait_error (self));
      free_waiter (waiter);
    }
  if (!g_queue_is_empty (&self->waiting))
    return G_SOURCE_CONTINUE;
  self->sweep = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Waiter *waiter = data;

  g_queue_remove (&waiter->pool->waiting, waiter);
  g_task_return_error_if_cancelled (waiter->task);
  free_waiter (waiter);
  return G_SOURCE_REMOVE;
}

void
hub_pg_pool_acquire_async (HubPgPool *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  Waiter *waiter;

  g_task_set_source_tag (task, hub_pg_pool_acquire_async);
  /* A leased connection must not be lost between here and the callback. */
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (g_queue_is_empty (&self->waiting) && !g_queue_is_empty (&self->idle))
    {
      g_task_return_pointer (task, g_queue_pop_tail (&self->idle), g_object_unref);
      return;
    }
  if (self->closed || !self->opened || g_queue_get_length (&self->waiting) >= self->max_queue)
    {
      g_task_return_error (task, new_wait_error (self));
      return;
    }

  waiter = g_new0 (Waiter, 1);
  waiter->pool = self;
  waiter->task = g_steal_pointer (&task);
  waiter->deadline = g_get_monotonic_time () + WAIT_US;
  if (cancellable != NULL)
    {
      waiter->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_cancelled), waiter, NULL);
      g_source_attach (waiter->cancelled, NULL);
    }
  g_queue_push_tail (&self->waiting, waiter);
  if (self->sweep == 0)
    self->sweep = g_timeout_add (100, on_sweep, self);
}

HubPgConnection *
hub_pg_pool_acquire_finish (HubPgPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_pg_pool_acquire_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
hub_pg_pool_release (HubPgPool *self, HubPgConnection *connection)
{
  if (self->closed)
    hub_pg_connection_close (connection, "the hub is stopping");
  if (!hub_pg_connection_is_open (connection))
    {
      g_object_unref (connection);
      return;
    }
  g_queue_push_tail (&self->idle, connection);
  serve (self);
}

gboolean
hub_pg_pool_is_available (HubPgPool *self)
{
  return self->n_open > 0;
}

static gboolean
on_retry (gpointer data)
{
  HubPgPool *self = data;

  self->retry = 0;
  fill (self);
  return G_SOURCE_REMOVE;
}

static void
retry_later (HubPgPool *self)
{
  if (self->closed || self->retry != 0)
    return;
  self->retry = g_timeout_add (self->delay_ms, on_retry, self);
  self->delay_ms = MIN (self->delay_ms * 2, LAST_DELAY_MS);
}

static void
on_closed (HubPgConnection *connection, gpointer data)
{
  HubPgPool *self = data;
  GList *link = g_queue_find (&self->idle, connection);

  g_signal_handlers_disconnect_by_data (connection, self);
  self->n_open--;
  if (link != NULL)
    {
      g_queue_delete_link (&self->idle, link);
      g_object_unref (connection);
    }
  if (self->closed)
    return;
  if (self->n_open == 0)
    {
      hub_warning ("store", self->settings.read_only ? "readers" : "writers",
                   "The database went away.");
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AVAILABLE]);
    }
  retry_later (self);
}

static void
finish_opening (HubPgPool *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->opening);

  if (task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    {
      self->opened = TRUE;
      g_task_return_boolean (task, TRUE);
    }
}

static void
on_open (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPgPool) self = data;
  GError *error = NULL;
  HubPgConnection *connection = hub_pg_connection_open_finish (result, &error);

  self->n_connecting--;
  if (connection == NULL)
    {
      if (self->opening == NULL && !self->closed)
        {
          hub_info ("store", self->settings.read_only ? "readers" : "writers", "%s",
                    error->message);
          retry_later (self);
        }
      finish_opening (self, error);
      return;
    }
  if (self->closed)
    {
      hub_pg_connection_close (connection, "the hub is stopping");
      g_object_unref (connection);
      return;
    }

  self->delay_ms = FIRST_DELAY_MS;
  self->n_open++;
  g_signal_connect_object (connection, "closed", G_CALLBACK (on_closed), self, 0);
  g_queue_push_tail (&self->idle, connection);
  finish_opening (self, NULL);
  if (self->n_open == 1)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AVAILABLE]);
  serve (self);
  fill (self);
}

static void
connect_one (HubPgPool *self)
{
  self->n_connecting++;
  hub_pg_connection_open_async (&self->settings, self->cancellable, on_open, g_object_ref (self));
}

/* While nothing is up, one connection knocks for all. */
static void
fill (HubPgPool *self)
{
  if (self->closed)
    return;
  if (self->n_open == 0)
    {
      if (self->n_connecting == 0)
        connect_one (self);
      return;
    }
  while (self->n_open + self->n_connecting < self->size)
    connect_one (self);
}

void
hub_pg_pool_open_async (HubPgPool *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_return_if_fail (self->opening == NULL && !self->closed);

  g_task_set_source_tag (task, hub_pg_pool_open_async);
  self->opening = task;
  fill (self);
}

gboolean
hub_pg_pool_open_finish (HubPgPool *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_pg_pool_open_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
hub_pg_pool_close (HubPgPool *self)
{
  HubPgConnection *connection;
  Waiter *waiter;

  if (self->closed)
    return;
  self->closed = TRUE;
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_handle_id (&self->sweep, g_source_remove);
  while ((waiter = g_queue_pop_head (&self->waiting)) != NULL)
    {
      g_task_return_error (waiter->task, new_wait_error (self));
      free_waiter (waiter);
    }
  while ((connection = g_queue_pop_head (&self->idle)) != NULL)
    {
      g_signal_handlers_disconnect_by_data (connection, self);
      self->n_open--;
      hub_pg_connection_close (connection, "the hub is stopping");
      g_object_unref (connection);
    }
}

static void
hub_pg_pool_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_AVAILABLE)
    g_value_set_boolean (value, HUB_PG_POOL (object)->n_open > 0);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hub_pg_pool_finalize (GObject *object)
{
  HubPgPool *self = HUB_PG_POOL (object);

  hub_pg_pool_close (self);
  hub_statements_unref (self->settings.statements);
  g_object_unref (self->cancellable);
  g_free (self->conninfo);

  G_OBJECT_CLASS (hub_pg_pool_parent_class)->finalize (object);
}

static void
hub_pg_pool_class_init (HubPgPoolClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = hub_pg_pool_get_property;
  object_class->finalize = hub_pg_pool_finalize;

  properties[PROP_AVAILABLE] = g_param_spec_boolean ("available", NULL, NULL, FALSE,
                                                     G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
hub_pg_pool_init (HubPgPool *self)
{
  g_queue_init (&self->idle);
  g_queue_init (&self->waiting);
  self->delay_ms = FIRST_DELAY_MS;
  self->cancellable = g_cancellable_new ();
}
