/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One session of the database, in pipeline mode. */
#include "hub-pg-connection.h"

#include "hub-log.h"
#include "hub-pg-error.h"
#include "hub-pg-source.h"

#include <glib/gi18n.h>

#include <string.h>

#define PREPARE_DEADLINE_MS 20000
#define ROLL_BACK_DEADLINE_MS 10000

typedef struct
{
  HubPgBatch *batch;
  HubPgBatchFunc func;
  gpointer data;
  gint64 deadline;
} Request;

struct _HubPgConnection
{
  GObject parent;
  PGconn *pg;
  GSource *source;
  GQueue requests; /* Request, sent and not answered */
  GSource *failing;
  char *why; /* it is closed */
};

G_DEFINE_FINAL_TYPE (HubPgConnection, hub_pg_connection, G_TYPE_OBJECT)

enum
{
  CLOSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
free_request (Request *request)
{
  hub_pg_batch_unref (request->batch);
  g_free (request);
}

static void
finish_request (HubPgConnection *self, Request *request, const char *lost)
{
  request->func (self, request->batch, lost, request->data);
  free_request (request);
}

/* What is told of a libpq message: its first line. */
static char *
first_line (const char *message)
{
  g_auto (GStrv) lines = g_strsplit (message != NULL ? message : "", "\n", 2);

  return g_strdup (lines[0] != NULL && lines[0][0] != '\0' ? lines[0] : "no reason given");
}

static void
fail_requests (HubPgConnection *self)
{
  Request *request;

  while ((request = g_queue_pop_head (&self->requests)) != NULL)
    finish_request (self, request, self->why);
}

static gboolean
on_failing (gpointer data)
{
  g_autoptr (HubPgConnection) self = g_object_ref (data);

  g_clear_pointer (&self->failing, g_source_unref);
  fail_requests (self);
  return G_SOURCE_REMOVE;
}

/* Requests are answered out of the main loop, never inside of send(). */
static void
fail_later (HubPgConnection *self)
{
  if (self->failing != NULL)
    return;
  self->failing = g_idle_source_new ();
  g_source_set_priority (self->failing, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->failing, on_failing, g_object_ref (self), g_object_unref);
  g_source_attach (self->failing, NULL);
}

void
hub_pg_connection_close (HubPgConnection *self, const char *why)
{
  if (self->why != NULL)
    return;

  self->why = g_strdup (why);
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->pg, PQfinish);
  if (!g_queue_is_empty (&self->requests))
    fail_later (self);
  g_signal_emit (self, signals[CLOSED], 0);
}

static void
close_broken (HubPgConnection *self)
{
  g_autofree char *why = first_line (PQerrorMessage (self->pg));

  hub_pg_connection_close (self, why);
}

static void
update_source (HubPgConnection *self)
{
  Request *head = g_queue_peek_head (&self->requests);
  int pending = PQflush (self->pg);

  if (pending < 0)
    {
      close_broken (self);
      return;
    }
  hub_pg_source_set_writing (self->source, pending > 0);
  hub_pg_source_set_deadline (self->source, head != NULL ? head->deadline : -1);
}

/* libpq's own words: the server has said nothing to this. The connection is broken; or what came
 * before in the pipeline was refused, and in another batch only the end of the session is. */
static gboolean
is_no_answer (const PGresult *result, HubPgBatch *batch)
{
  const PGresult *refusal;

  if (PQresultStatus (result) == PGRES_PIPELINE_ABORTED)
    return hub_pg_batch_get_failed (batch, &refusal) < 0;
  return PQresultStatus (result) == PGRES_FATAL_ERROR && hub_pg_sqlstate (result)[0] == '\0';
}

/* Reads what has come; FALSE when nothing more is there. */
static gboolean
read_one (HubPgConnection *self)
{
  Request *head = g_queue_peek_head (&self->requests);
  PGresult *result;
  gboolean progress;

  if (head == NULL || PQisBusy (self->pg))
    return FALSE;
  result = PQgetResult (self->pg);
  if (result != NULL && is_no_answer (result, head->batch))
    {
      PQclear (result);
      close_broken (self);
      return FALSE;
    }
  if (hub_pg_batch_take (head->batch, result, &progress))
    {
      g_queue_pop_head (&self->requests);
      finish_request (self, head, NULL);
    }
  return progress && self->pg != NULL;
}

static gboolean
on_source (GIOCondition condition, gboolean late, gpointer data)
{
  g_autoptr (HubPgConnection) self = g_object_ref (data);
  gboolean broken = !PQconsumeInput (self->pg);

  /* Even of a broken connection the answers that came before are read. */
  while (read_one (self))
    ;
  if (self->pg == NULL)
    return G_SOURCE_REMOVE;
  if (broken || PQstatus (self->pg) == CONNECTION_BAD)
    close_broken (self);
  else if (late)
    {
      Request *head = g_queue_peek_head (&self->requests);

      if (head != NULL && head->deadline <= g_get_monotonic_time ())
        hub_pg_connection_close (self, "no answer in time");
      else
        update_source (self);
    }
  else
    update_source (self);
  return self->pg != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
hub_pg_connection_send (HubPgConnection *self, HubPgBatch *batch, guint deadline_ms,
                        HubPgBatchFunc func, gpointer data)
{
  Request *request = g_new0 (Request, 1);

  request->batch = hub_pg_batch_ref (batch);
  request->func = func;
  request->data = data;
  request->deadline = g_get_monotonic_time () + (gint64) deadline_ms * 1000;
  g_queue_push_tail (&self->requests, request);

  if (self->pg == NULL)
    fail_later (self);
  else if (!hub_pg_batch_send (batch, self->pg))
    close_broken (self);
  else
    update_source (self);
}

static void
on_rolled_back (HubPgConnection *self, HubPgBatch *batch, const char *lost, gpointer data)
{
  const PGresult *result;

  /* A session whose state is not known is not used again. */
  if (lost == NULL && data != NULL && hub_pg_batch_get_failed (batch, &result) >= 0)
    hub_pg_connection_close (self, "the transaction could not be rolled back");
}

void
hub_pg_connection_roll_back (HubPgConnection *self, HubPgEnd after)
{
  if (after == HUB_PG_FLUSH)
    {
      g_autoptr (HubPgBatch) sync = hub_pg_batch_new (HUB_PG_SYNC);

      hub_pg_connection_send (self, sync, ROLL_BACK_DEADLINE_MS, on_rolled_back, NULL);
    }
  {
    g_autoptr (HubPgBatch) batch = hub_pg_batch_new (HUB_PG_SYNC);

    hub_pg_batch_add_text (batch, "rollback");
    hub_pg_connection_send (self, batch, ROLL_BACK_DEADLINE_MS, on_rolled_back, self);
  }
}

gboolean
hub_pg_connection_is_open (HubPgConnection *self)
{
  return self->pg != NULL;
}

int
hub_pg_connection_get_backend (HubPgConnection *self)
{
  return self->pg != NULL ? PQbackendPID (self->pg) : 0;
}

static void
on_notice (void *data, const PGresult *result)
{
  hub_debug ("store", PQresultErrorField (result, PG_DIAG_SQLSTATE), "%s",
             PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY));
}

PGconn *
hub_pg_connect (const char *conninfo, GError **error)
{
  /* What stands later wins, so all of this can be set in the configuration. */
  const char *names[] = {
    "connect_timeout",           "tcp_user_timeout", "keepalives_idle", "keepalives_interval",
    "fallback_application_name", "client_encoding",  "dbname",          NULL
  };
  const char *values[] = { "5", "10000", "10", "5", "karezd", "UTF8", conninfo, NULL };
  PGconn *pg = PQconnectdbParams (names, values, 1);

  if (PQstatus (pg) != CONNECTION_OK)
    {
      g_autofree char *why = first_line (PQerrorMessage (pg));

      PQfinish (pg);
      g_propagate_error (error, hub_pg_lost (why, FALSE));
      return NULL;
    }
  PQsetNoticeReceiver (pg, on_notice, NULL);
  return pg;
}

typedef struct
{
  char *conninfo;
  HubStatements *statements;
  gboolean read_only;
  guint statement_timeout_ms;
  HubPgConnection *connection;
  GPtrArray *sent; /* HubStatement, as they were then */
} Opening;

static void
free_opening (gpointer data)
{
  Opening *opening = data;

  g_free (opening->conninfo);
  hub_statements_unref (opening->statements);
  g_clear_object (&opening->connection);
  g_clear_pointer (&opening->sent, g_ptr_array_unref);
  g_free (opening);
}

static void
connect_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Opening *opening = data;
  GError *error = NULL;
  PGconn *pg = hub_pg_connect (opening->conninfo, &error);

  if (pg == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, pg, (GDestroyNotify) PQfinish);
}

static void prepare (HubPgConnection *self, GTask *task, gboolean again);

/* The error of the statement that the database does not understand; NULL when it was a plugin's,
 * which is left out from now on. */
static GError *
judge_statement (Opening *opening, const HubStatement *statement, const PGresult *result)
{
  g_autoptr (GError) error = karez_error_new (
      KAREZ_ERROR_FAILED, "database/statement",
      statement->plugin ? N_ ("The version of the plugin that fits its tables") : NULL,
      N_ ("The statement %s is not understood: %s"), statement->key,
      PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY));

  if (!statement->plugin)
    return g_steal_pointer (&error);
  hub_statements_refuse (opening->statements, statement->schema, error);
  return NULL;
}

static void
on_prepared (HubPgConnection *self, HubPgBatch *batch, const char *lost, gpointer data)
{
  g_autoptr (GTask) task = data;
  Opening *opening = g_task_get_task_data (task);
  const PGresult *result;
  guint first = hub_pg_batch_get_count (batch) - opening->sent->len;
  int failed = hub_pg_batch_get_failed (batch, &result);
  GError *error = NULL;

  if (failed >= (int) first && !hub_pg_is_fatal (result))
    {
      error = judge_statement (opening, opening->sent->pdata[failed - first], result);
      if (error == NULL)
        {
          prepare (self, g_steal_pointer (&task), TRUE);
          return;
        }
      g_task_return_error (task, error);
    }
  else if (failed >= 0)
    g_task_return_error (task, hub_pg_error (result));
  else if (lost != NULL)
    g_task_return_error (task, hub_pg_lost (lost, FALSE));
  else
    {
      g_task_return_pointer (task, g_steal_pointer (&opening->connection), g_object_unref);
      return;
    }
  hub_pg_connection_close (self, "it could not be set up");
}

/* Settings first, then every statement, in one pipeline. @again: some may be prepared already */
static void
prepare (HubPgConnection *self, GTask *task, gboolean again)
{
  Opening *opening = g_task_get_task_data (task);
  g_autoptr (HubPgBatch) batch = hub_pg_batch_new (HUB_PG_SYNC);
  g_autofree char *settings = g_strdup_printf (
      "select set_config ('statement_timeout', '%ums', false),"
      " set_config ('lock_timeout', '%ums', false),"
      " set_config ('idle_in_transaction_session_timeout', '%ums', false),"
      " set_config ('default_transaction_read_only', '%s', false),"
      " set_config ('default_transaction_isolation', 'read committed', false),"
      " set_config ('search_path', '', false), set_config ('timezone', 'UTC', false),"
      " set_config ('datestyle', 'ISO', false), set_config ('bytea_output', 'hex', false),"
      " set_config ('client_min_messages', 'warning', false)",
      opening->statement_timeout_ms, opening->statement_timeout_ms / 2,
      opening->statement_timeout_ms * 2, opening->read_only ? "on" : "off");

  g_clear_pointer (&opening->sent, g_ptr_array_unref);
  opening->sent = g_ptr_array_copy (hub_statements_list (opening->statements), NULL, NULL);
  if (again)
    hub_pg_batch_add_text (batch, "deallocate all");
  hub_pg_batch_add_text (batch, settings);
  for (guint i = 0; i < opening->sent->len; i++)
    hub_pg_batch_add_prepare (batch, opening->sent->pdata[i]);
  hub_pg_connection_send (self, batch, PREPARE_DEADLINE_MS, on_prepared, task);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Opening *opening = g_task_get_task_data (task);
  GError *error = NULL;
  PGconn *pg = g_task_propagate_pointer (G_TASK (result), &error);
  HubPgConnection *self;

  if (pg == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self = opening->connection = g_object_new (HUB_TYPE_PG_CONNECTION, NULL);
  self->pg = pg;
  self->source = hub_pg_source_new (PQsocket (pg));
  hub_pg_source_set_callback (self->source, on_source, self);
  g_source_attach (self->source, NULL);
  if (PQsetnonblocking (pg, 1) != 0 || !PQenterPipelineMode (pg))
    {
      g_task_return_error (task, hub_pg_lost ("no pipeline mode", FALSE));
      hub_pg_connection_close (self, "no pipeline mode");
      return;
    }
  prepare (self, g_steal_pointer (&task), FALSE);
}

void
hub_pg_connection_open_async (const HubPgSettings *settings, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (GTask) connecting = NULL;
  Opening *opening = g_new0 (Opening, 1);

  g_task_set_source_tag (task, hub_pg_connection_open_async);
  opening->conninfo = g_strdup (settings->conninfo);
  opening->statements = hub_statements_ref (settings->statements);
  opening->read_only = settings->read_only;
  opening->statement_timeout_ms = settings->statement_timeout_ms;
  g_task_set_task_data (task, opening, free_opening);

  connecting = g_task_new (NULL, cancellable, on_connected, task);
  g_task_set_task_data (connecting, opening, NULL);
  g_task_run_in_thread (connecting, connect_in_thread);
}

HubPgConnection *
hub_pg_connection_open_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_pg_connection_open_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
hub_pg_connection_finalize (GObject *object)
{
  HubPgConnection *self = HUB_PG_CONNECTION (object);

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->pg, PQfinish);
  g_queue_clear_full (&self->requests, (GDestroyNotify) free_request);
  g_clear_pointer (&self->why, g_free);

  G_OBJECT_CLASS (hub_pg_connection_parent_class)->finalize (object);
}

static void
hub_pg_connection_class_init (HubPgConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_pg_connection_finalize;

  signals[CLOSED] = g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
}

static void
hub_pg_connection_init (HubPgConnection *self)
{
  g_queue_init (&self->requests);
}
