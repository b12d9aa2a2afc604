/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One schema of the store as KarezStore, under its role. */
#include "hub-scope.h"

#include "hub-log.h"
#include "hub-pg-error.h"

#include <glib/gi18n.h>

#define DEADLINE_MS 20000

struct _HubScope
{
  GObject parent;
  HubScopeState *state;
};

static void hub_scope_store_init (KarezStoreInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HubScope, hub_scope, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_STORE, hub_scope_store_init))

typedef struct
{
  HubScopeState *state;
  HubPgPool *pool;
  HubPgBatch *batch;
  char *key;
  GVariant *params;
  guint index; /* of the statement in the batch */
  gboolean again;
  HubPgConnection *connection;
} Query;

static void on_acquired (GObject *source, GAsyncResult *result, gpointer data);

HubScope *
hub_scope_new (HubSchema *schema, void (*committed) (gpointer data), gpointer data)
{
  HubScope *self = g_object_new (HUB_TYPE_SCOPE, NULL);

  self->state = g_rc_box_new0 (HubScopeState);
  self->state->schema = hub_schema_ref (schema);
  self->state->committed = committed;
  self->state->data = data;
  return self;
}

HubSchema *
hub_scope_get_schema (HubScope *self)
{
  return self->state->schema;
}

void
hub_scope_open (HubScope *self, HubStatements *statements, HubPgPool *writers, HubPgPool *readers,
                HubPgPool *bulk)
{
  hub_scope_shut (self);
  self->state->statements = hub_statements_ref (statements);
  self->state->writers = g_object_ref (writers);
  self->state->readers = g_object_ref (readers);
  self->state->bulk = g_object_ref (bulk);
}

void
hub_scope_shut (HubScope *self)
{
  /* Transactions under way keep the old state; they give their connections back to the old pool. */
  HubScopeState *old = self->state;

  self->state = g_rc_box_new0 (HubScopeState);
  self->state->schema = hub_schema_ref (old->schema);
  self->state->committed = old->committed;
  self->state->data = old->data;
  old->data = NULL;
  hub_scope_state_unref (old);
}

void
hub_scope_detach (HubScope *self)
{
  self->state->data = NULL;
}

static void
free_query (gpointer data)
{
  Query *query = data;

  if (query->connection != NULL)
    hub_pg_pool_release (query->pool, g_steal_pointer (&query->connection));
  g_clear_pointer (&query->batch, hub_pg_batch_unref);
  g_clear_pointer (&query->params, g_variant_unref);
  g_clear_object (&query->pool);
  g_free (query->key);
  hub_scope_state_unref (query->state);
  g_free (query);
}

static gboolean
build (Query *query, GError **error)
{
  const char *role = query->state->schema->role;
  HubPgParams *params = hub_pg_params_new (query->params, error);

  if (params == NULL)
    return FALSE;
  g_clear_pointer (&query->batch, hub_pg_batch_unref);
  query->batch = hub_pg_batch_new (HUB_PG_SYNC);
  if (role != NULL)
    {
      g_autoptr (GVariant) name = g_variant_ref_sink (g_variant_new ("(s)", role));

      hub_pg_batch_add_text (query->batch, "begin read only");
      hub_pg_batch_add (query->batch, "karez.role_set", hub_pg_params_new (name, NULL));
    }
  query->index = hub_pg_batch_add (query->batch, query->key, params);
  if (role != NULL)
    hub_pg_batch_add_text (query->batch, "commit");
  return TRUE;
}

/* Reading has no effect: what broke on the way is asked once more, on another connection. */
static gboolean
ask_again (GTask *task, Query *query)
{
  if (query->again)
    return FALSE;
  query->again = TRUE;
  hub_pg_pool_release (query->pool, g_steal_pointer (&query->connection));
  hub_pg_pool_acquire_async (query->pool, g_task_get_cancellable (task), on_acquired,
                             g_object_ref (task));
  return TRUE;
}

static void
on_batch (HubPgConnection *connection, HubPgBatch *batch, const char *lost, gpointer data)
{
  g_autoptr (GTask) task = data;
  Query *query = g_task_get_task_data (task);
  const PGresult *result = NULL;
  int failed = hub_pg_batch_get_failed (batch, &result);
  GError *error;

  if ((lost != NULL || (failed >= 0 && hub_pg_is_fatal (result))) && ask_again (task, query))
    return;
  if (failed >= 0)
    {
      if (query->state->schema->role != NULL && hub_pg_connection_is_open (connection))
        hub_pg_connection_roll_back (connection, HUB_PG_SYNC);
      error = hub_pg_error_of (result, query->key);
      if (hub_pg_is_mistake (result))
        hub_schema_note_mistake (query->state->schema, query->key, error);
      g_task_return_error (task, error);
    }
  else if (lost != NULL)
    g_task_return_error (task, hub_pg_lost (lost, FALSE));
  else
    g_task_return_pointer (task, hub_pg_batch_take_rows (batch, query->index),
                           (GDestroyNotify) karez_rows_unref);
  hub_pg_pool_release (query->pool, g_steal_pointer (&query->connection));
}

static void
on_acquired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Query *query = g_task_get_task_data (task);
  GError *error = NULL;

  query->connection = hub_pg_pool_acquire_finish (query->pool, result, &error);
  if (query->connection == NULL || !build (query, &error))
    {
      if (query->connection != NULL)
        hub_schema_note_mistake (query->state->schema, query->key, error);
      g_task_return_error (task, error);
      return;
    }
  hub_pg_connection_send (query->connection, query->batch, DEADLINE_MS, on_batch,
                          g_steal_pointer (&task));
}

/* @pool: (nullable): NULL while the database is not open */
static void
ask (HubScope *self, HubPgPool *pool, const char *name, GVariant *params, GCancellable *cancellable,
     GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask)
      task = hub_schema_task_new (self->state->schema, self, name, cancellable, callback, data);
  Query *asked = g_new0 (Query, 1);
  const HubStatement *statement;
  GError *error;

  g_task_set_source_tag (task, ask);
  asked->state = hub_scope_state_ref (self->state);
  asked->params = params != NULL ? g_variant_ref_sink (params) : NULL;
  g_task_set_task_data (task, asked, free_query);
  if (pool == NULL)
    {
      g_task_return_error (task, hub_pg_lost ("the database is not open", FALSE));
      return;
    }
  asked->pool = g_object_ref (pool);
  statement = hub_statements_lookup (self->state->statements, self->state->schema->name, name);
  if (statement == NULL)
    {
      const GError *refusal = hub_statements_get_refusal (self->state->statements,
                                                          self->state->schema->name);

      if (refusal != NULL)
        {
          g_task_return_error (task, g_error_copy (refusal));
          return;
        }
      hub_critical ("store", name, "The statement is not there.");
      error = karez_error_new (KAREZ_ERROR_FAILED, "database/statement", NULL,
                               N_ ("The database failed (%s)."), name);
      hub_schema_note_mistake (self->state->schema, name, error);
      g_task_return_error (task, error);
      return;
    }
  asked->key = g_strdup (statement->key);
  hub_pg_pool_acquire_async (asked->pool, cancellable, on_acquired, g_steal_pointer (&task));
}

static void
hub_scope_query_async (KarezStore *store, const char *name, GVariant *params,
                       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  HubScope *self = HUB_SCOPE (store);

  ask (self, self->state->readers, name, params, cancellable, callback, data);
}

static void
hub_scope_query_bulk_async (KarezStore *store, const char *name, GVariant *params,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  HubScope *self = HUB_SCOPE (store);

  ask (self, self->state->bulk, name, params, cancellable, callback, data);
}

static KarezRows *
hub_scope_query_finish (KarezStore *store, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, store), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ask), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static KarezTransaction *
hub_scope_begin (KarezStore *store, KarezActor *actor)
{
  return hub_transaction_new (HUB_SCOPE (store)->state, actor);
}

static void
hub_scope_store_init (KarezStoreInterface *iface)
{
  iface->query_async = hub_scope_query_async;
  iface->query_bulk_async = hub_scope_query_bulk_async;
  iface->query_finish = hub_scope_query_finish;
  iface->begin = hub_scope_begin;
}

static void
hub_scope_finalize (GObject *object)
{
  hub_scope_state_unref (HUB_SCOPE (object)->state);

  G_OBJECT_CLASS (hub_scope_parent_class)->finalize (object);
}

static void
hub_scope_class_init (HubScopeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_scope_finalize;
}

static void
hub_scope_init (HubScope *self)
{
}
