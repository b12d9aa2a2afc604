/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The group writer: many rows that stand for themselves, in one commit. */
#include "hub-pg-writer.h"

#include "hub-log.h"
#include "hub-pg-error.h"

#include <glib/gi18n.h>

#define KEEP_TRYING_US (5 * G_USEC_PER_SEC)
#define BATCH_DEADLINE_MS 15000

typedef struct
{
  GTask *task;
  char *key;
  GVariant *params;
  gint64 deadline;
  gboolean sent;
} Row;

struct _HubPgWriter
{
  GObject parent;
  HubPgPool *pool;
  guint max_queue;
  GQueue waiting;    /* Row */
  GPtrArray *flying; /* Row: the batch in flight */
  guint replayed;    /* of them, answered one by one */
  gboolean acquiring;
  HubPgConnection *connection;
  guint64 batches;
  guint sweep;
  gboolean closed;
};

G_DEFINE_FINAL_TYPE (HubPgWriter, hub_pg_writer, G_TYPE_OBJECT)

enum
{
  WRITTEN,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void start (HubPgWriter *self);

HubPgWriter *
hub_pg_writer_new (HubPgPool *pool, guint max_queue)
{
  HubPgWriter *self = g_object_new (HUB_TYPE_PG_WRITER, NULL);

  self->pool = g_object_ref (pool);
  self->max_queue = max_queue;
  return self;
}

static void
free_row (Row *row)
{
  g_object_unref (row->task);
  g_free (row->key);
  g_variant_unref (row->params);
  g_free (row);
}

static void
fail_row (Row *row, GError *error)
{
  g_task_return_error (row->task, error);
  free_row (row);
}

static gboolean
on_sweep (gpointer data)
{
  HubPgWriter *self = data;
  gint64 now = g_get_monotonic_time ();
  GList *next;

  for (GList *link = self->waiting.head; link != NULL; link = next)
    {
      Row *row = link->data;

      next = link->next;
      if (row->deadline > now)
        continue;
      g_queue_delete_link (&self->waiting, link);
      fail_row (row, hub_pg_lost ("no connection", row->sent));
    }
  start (self);
  if (!g_queue_is_empty (&self->waiting))
    return G_SOURCE_CONTINUE;
  self->sweep = 0;
  return G_SOURCE_REMOVE;
}

static void
let_go (HubPgWriter *self)
{
  if (self->connection != NULL)
    hub_pg_pool_release (self->pool, g_steal_pointer (&self->connection));
}

/* The rows that have no answer go back to the front, in their order, and wait for a connection. */
static void
put_back (HubPgWriter *self)
{
  for (guint i = 0; i < self->replayed; i++)
    free_row (self->flying->pdata[i]);
  if (self->replayed > 0)
    g_ptr_array_remove_range (self->flying, 0, self->replayed);
  self->replayed = 0;
  while (self->flying->len > 0)
    g_queue_push_head (&self->waiting,
                       g_ptr_array_steal_index (self->flying, self->flying->len - 1));
  if (self->sweep == 0)
    self->sweep = g_timeout_add (200, on_sweep, self);
}

static void
finish_batch (HubPgWriter *self)
{
  g_ptr_array_set_size (self->flying, 0);
  self->batches++;
  g_signal_emit (self, signals[WRITTEN], 0);
  if (g_queue_is_empty (&self->waiting))
    let_go (self);
  else
    start (self);
}

/* One row of a batch that was refused as a whole, now in a commit of its own. */
static void
on_row (HubPgConnection *connection, HubPgBatch *batch, const char *lost, gpointer data)
{
  g_autoptr (HubPgWriter) self = data;
  const PGresult *result;
  GError *error;
  Row *row;

  if (self->closed || self->flying->len == 0)
    return;
  row = self->flying->pdata[self->replayed];
  if (hub_pg_batch_get_failed (batch, &result) >= 0 && !hub_pg_is_fatal (result))
    {
      error = hub_pg_error (result);
      hub_warning ("store", row->key, "A row was refused: %s", error->message);
      g_task_return_error (row->task, error);
    }
  else if (lost != NULL)
    {
      /* This one and those behind it; each of their callbacks comes here and finds nothing. */
      put_back (self);
      let_go (self);
      start (self);
      return;
    }
  else
    g_task_return_boolean (row->task, TRUE);

  if (++self->replayed < self->flying->len)
    return;
  for (guint i = 0; i < self->flying->len; i++)
    free_row (self->flying->pdata[i]);
  self->replayed = 0;
  finish_batch (self);
}

static gboolean
add_row (HubPgBatch *batch, Row *row)
{
  g_autoptr (GError) error = NULL;
  HubPgParams *params = hub_pg_params_new (row->params, &error);

  if (params == NULL)
    {
      g_task_return_error (row->task, g_steal_pointer (&error));
      return FALSE;
    }
  hub_pg_batch_add (batch, row->key, params);
  return TRUE;
}

static void
replay (HubPgWriter *self)
{
  self->replayed = 0;
  for (guint i = 0; i < self->flying->len; i++)
    {
      g_autoptr (HubPgBatch) batch = hub_pg_batch_new (HUB_PG_SYNC);

      add_row (batch, self->flying->pdata[i]);
      hub_pg_connection_send (self->connection, batch, BATCH_DEADLINE_MS, on_row,
                              g_object_ref (self));
    }
}

static void
on_batch (HubPgConnection *connection, HubPgBatch *batch, const char *lost, gpointer data)
{
  g_autoptr (HubPgWriter) self = data;
  const PGresult *result;

  if (self->closed)
    return;
  if (lost != NULL)
    {
      put_back (self);
      let_go (self);
      start (self);
      return;
    }
  if (hub_pg_batch_get_failed (batch, &result) >= 0)
    {
      replay (self);
      return;
    }
  for (guint i = 0; i < self->flying->len; i++)
    {
      Row *row = self->flying->pdata[i];

      g_task_return_boolean (row->task, TRUE);
      free_row (row);
    }
  finish_batch (self);
}

static void
send_batch (HubPgWriter *self)
{
  g_autoptr (HubPgBatch) batch = hub_pg_batch_new (HUB_PG_SYNC);

  while (self->flying->len < HUB_PG_WRITER_BATCH && !g_queue_is_empty (&self->waiting))
    {
      Row *row = g_queue_pop_head (&self->waiting);

      if (!add_row (batch, row))
        {
          free_row (row);
          continue;
        }
      row->sent = TRUE;
      g_ptr_array_add (self->flying, row);
    }
  if (self->flying->len == 0)
    let_go (self);
  else
    hub_pg_connection_send (self->connection, batch, BATCH_DEADLINE_MS, on_batch,
                            g_object_ref (self));
}

static void
on_acquired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPgWriter) self = data;
  g_autoptr (GError) error = NULL;

  self->acquiring = FALSE;
  self->connection = hub_pg_pool_acquire_finish (self->pool, result, &error);
  if (self->connection != NULL && hub_pg_connection_is_open (self->connection) && !self->closed)
    send_batch (self);
  else
    let_go (self); /* the sweep tries again */
}

/* The next batch, unless one is in flight. */
static void
start (HubPgWriter *self)
{
  if (self->closed || self->acquiring || self->flying->len > 0 || g_queue_is_empty (&self->waiting))
    return;
  if (self->connection != NULL)
    {
      send_batch (self);
      return;
    }
  self->acquiring = TRUE;
  hub_pg_pool_acquire_async (self->pool, NULL, on_acquired, g_object_ref (self));
}

void
hub_pg_writer_put_async (HubPgWriter *self, const char *key, GVariant *params,
                         GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (params);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  Row *row;

  g_task_set_source_tag (task, hub_pg_writer_put_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  /* Once it waits it will be written: a cancelled task would say something else. */
  g_task_set_check_cancellable (task, FALSE);
  if (self->closed)
    {
      g_task_return_error (task, hub_pg_lost ("the hub is stopping", FALSE));
      return;
    }
  if (g_queue_get_length (&self->waiting) >= self->max_queue)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_BUSY, "database/queue",
                                                  N_ ("Try again in a few seconds."),
                                                  N_ ("Too much is waiting for the database.")));
      return;
    }

  row = g_new0 (Row, 1);
  row->task = g_steal_pointer (&task);
  row->key = g_strdup (key);
  row->params = g_steal_pointer (&owned);
  row->deadline = g_get_monotonic_time () + KEEP_TRYING_US;
  g_queue_push_tail (&self->waiting, row);
  if (self->sweep == 0)
    self->sweep = g_timeout_add (200, on_sweep, self);
  start (self);
}

gboolean
hub_pg_writer_put_finish (HubPgWriter *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_pg_writer_put_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

guint64
hub_pg_writer_get_batches (HubPgWriter *self)
{
  return self->batches;
}

void
hub_pg_writer_close (HubPgWriter *self)
{
  Row *row;

  if (self->closed)
    return;
  self->closed = TRUE;
  g_clear_handle_id (&self->sweep, g_source_remove);
  put_back (self);
  g_clear_handle_id (&self->sweep, g_source_remove);
  while ((row = g_queue_pop_head (&self->waiting)) != NULL)
    fail_row (row, hub_pg_lost ("the hub is stopping", row->sent));
  let_go (self);
}

static void
hub_pg_writer_finalize (GObject *object)
{
  HubPgWriter *self = HUB_PG_WRITER (object);

  hub_pg_writer_close (self);
  g_ptr_array_unref (self->flying);
  g_clear_object (&self->pool);

  G_OBJECT_CLASS (hub_pg_writer_parent_class)->finalize (object);
}

static void
hub_pg_writer_class_init (HubPgWriterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_pg_writer_finalize;

  signals[WRITTEN] = g_signal_new ("written", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
hub_pg_writer_init (HubPgWriter *self)
{
  g_queue_init (&self->waiting);
  self->flying = g_ptr_array_new ();
}
