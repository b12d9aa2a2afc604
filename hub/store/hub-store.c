/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's database as a whole: migrations, connections, scopes. */
#include "hub-store.h"

#include "hub-event.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-migrate.h"
#include "hub-pg-conninfo.h"
#include "hub-pg-error.h"
#include "hub-pg-listen.h"
#include "hub-pg-writer.h"
#include "hub-scope.h"
#include "hub-string.h"
#include "store-resources.h"

#include <glib/gi18n.h>

#include <string.h>

#define STATEMENT_TIMEOUT_MS 10000
/* So many connections read the bytes of files: what they do takes none from anything else. */
#define BULK_CONNECTIONS 2
#define RESOURCE "/org/karez/store"

typedef struct
{
  char *name, *resource_path;
  gboolean plugin;
} Declared;

struct _HubStore
{
  GObject parent;
  char *connection;
  guint max_connections, max_queue;
  GPtrArray *declared; /* Declared */
  GPtrArray *scopes;   /* HubScope, in the order of the schemas */
  HubPgPool *writers, *readers, *appenders, *bulk;
  HubPgWriter *writer;
  HubStatements *statements; /* since it was opened */
  gint64 incarnation;
  HubPgListen *listen;
  char *server_version;
  gboolean available;
};

G_DEFINE_FINAL_TYPE (HubStore, hub_store, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_AVAILABLE,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

enum
{
  COMMITTED,
  SUPERSEDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
free_declared (gpointer data)
{
  Declared *declared = data;

  g_free (declared->name);
  g_free (declared->resource_path);
  g_free (declared);
}

HubStore *
hub_store_new (const char *connection, guint max_connections, guint max_queue)
{
  HubStore *self = g_object_new (HUB_TYPE_STORE, NULL);

  self->connection = g_strdup (connection);
  self->max_connections = CLAMP (max_connections, 3, 100);
  self->max_queue = MAX (max_queue, 1);
  hub_store_sql_get_resource (); /* keeps the linker from leaving it out */
  hub_store_add_schema (self, "karez", RESOURCE, FALSE);
  return self;
}

static void
on_scope_committed (gpointer data)
{
  g_signal_emit (data, signals[COMMITTED], 0);
}

void
hub_store_add_schema (HubStore *self, const char *schema, const char *resource_path,
                      gboolean plugin)
{
  Declared *declared = g_new0 (Declared, 1);
  g_autoptr (HubSchema) empty = NULL;

  g_return_if_fail (hub_schema_name_is_valid (schema));
  g_return_if_fail (hub_store_get_scope (self, schema) == NULL);
  g_return_if_fail (self->writers == NULL);

  declared->name = g_strdup (schema);
  declared->resource_path = g_strdup (resource_path);
  declared->plugin = plugin;
  g_ptr_array_add (self->declared, declared);
  empty = hub_schema_new (schema, plugin);
  g_ptr_array_add (self->scopes, hub_scope_new (empty, on_scope_committed, self));
}

void
hub_store_grant_topics (HubStore *self, const char *schema, const char *topics)
{
  KarezStore *scope = hub_store_get_scope (self, schema);

  g_return_if_fail (scope != NULL);

  hub_set_string (&hub_scope_get_schema (HUB_SCOPE (scope))->topics, topics);
}

void
hub_store_set_guard (HubStore *self, const char *schema, const HubSchemaGuard *guard, gpointer data,
                     GDestroyNotify destroy)
{
  KarezStore *scope = hub_store_get_scope (self, schema);
  HubSchema *own;

  g_return_if_fail (scope != NULL);

  own = hub_scope_get_schema (HUB_SCOPE (scope));
  own->guard = guard;
  own->guard_data = data;
  own->guard_destroy = destroy;
}

KarezStore *
hub_store_get_scope (HubStore *self, const char *schema)
{
  for (guint i = 0; i < self->scopes->len; i++)
    {
      HubScope *scope = self->scopes->pdata[i];

      if (strcmp (hub_scope_get_schema (scope)->name, schema) == 0)
        return KAREZ_STORE (scope);
    }
  return NULL;
}

const GError *
hub_store_get_refusal (HubStore *self, const char *schema)
{
  return self->statements != NULL ? hub_statements_get_refusal (self->statements, schema) : NULL;
}

gboolean
hub_store_is_available (HubStore *self)
{
  return self->available;
}

gint64
hub_store_get_incarnation (HubStore *self)
{
  return self->incarnation;
}

void
hub_store_set_incarnation (HubStore *self, gint64 incarnation)
{
  self->incarnation = incarnation;
}

const char *
hub_store_get_server_version (HubStore *self)
{
  return self->server_version;
}

static void
update_available (HubStore *self)
{
  gboolean available = self->writers != NULL && hub_pg_pool_is_available (self->writers)
                       && hub_pg_pool_is_available (self->readers)
                       && hub_pg_pool_is_available (self->appenders);

  if (available == self->available)
    return;
  self->available = available;
  hub_notice ("store", NULL, available ? "The database is there." : "The database is away.");
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_AVAILABLE]);
}

static void
on_written (HubPgWriter *writer, gpointer data)
{
  g_signal_emit (data, signals[COMMITTED], 0);
}

/* Everything that is read once; used by the migration's thread and then by every connection. */
typedef struct
{
  char *connection;
  GPtrArray *schemas; /* HubSchema */
  HubStatements *statements;
  HubPgPool *pools[4]; /* writers, readers, appenders, bulk */
  guint opened;
} Opening;

static void
free_opening (gpointer data)
{
  Opening *opening = data;

  for (guint i = 0; i < G_N_ELEMENTS (opening->pools); i++)
    {
      if (opening->pools[i] != NULL)
        hub_pg_pool_close (opening->pools[i]);
      g_clear_object (&opening->pools[i]);
    }
  g_ptr_array_unref (opening->schemas);
  hub_statements_unref (opening->statements);
  g_free (opening->connection);
  g_free (opening);
}

static gboolean
load_schemas (HubStore *self, Opening *opening, GError **error)
{
  for (guint i = 0; i < self->declared->len; i++)
    {
      Declared *declared = self->declared->pdata[i];
      HubSchema *schema = hub_schema_new (declared->name, declared->plugin);
      GError **refusal = schema->plugin ? &schema->refusal : error;

      g_ptr_array_add (opening->schemas, schema);
      if ((!hub_schema_load (schema, declared->resource_path, refusal)
           || !hub_statements_add (opening->statements, schema, refusal))
          && !schema->plugin)
        return FALSE;
    }
  return TRUE;
}

static void
leave_out_refused (Opening *opening)
{
  for (guint i = 0; i < opening->schemas->len; i++)
    {
      HubSchema *schema = opening->schemas->pdata[i];

      if (schema->refusal != NULL)
        hub_statements_refuse (opening->statements, schema->name, schema->refusal);
    }
}

/* Another karezd that took this database counted on. */

static void
on_incarnation (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubStore) self = data;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, NULL);
  gint64 newest = rows != NULL && karez_rows_get_count (rows) == 1
                      ? karez_rows_integer (rows, 0, "incarnation")
                      : 0;

  if (self->incarnation > 0 && newest > self->incarnation)
    g_signal_emit (self, signals[SUPERSEDED], 0, newest);
}

static void
on_notified (HubPgListen *listen, const char *payload, gpointer data)
{
  karez_store_query_async (hub_store_get_scope (data, "karez"), "hub_incarnation", NULL, NULL,
                           on_incarnation, g_object_ref (data));
}

static void
finish_open (HubStore *self, GTask *task)
{
  Opening *opening = g_task_get_task_data (task);

  if (g_task_return_error_if_cancelled (task))
    return;
  g_clear_pointer (&self->statements, hub_statements_unref);
  self->statements = hub_statements_ref (opening->statements);
  self->writers = g_steal_pointer (&opening->pools[0]);
  self->readers = g_steal_pointer (&opening->pools[1]);
  self->appenders = g_steal_pointer (&opening->pools[2]);
  self->bulk = g_steal_pointer (&opening->pools[3]);
  self->writer = hub_pg_writer_new (self->appenders, self->max_queue);
  g_signal_connect (self->writer, "written", G_CALLBACK (on_written), self);
  for (guint i = 0; i < self->scopes->len; i++)
    hub_scope_open (self->scopes->pdata[i], opening->statements, self->writers, self->readers,
                    self->bulk);
  g_signal_connect_swapped (self->writers, "notify::available", G_CALLBACK (update_available),
                            self);
  g_signal_connect_swapped (self->readers, "notify::available", G_CALLBACK (update_available),
                            self);
  g_signal_connect_swapped (self->appenders, "notify::available", G_CALLBACK (update_available),
                            self);
  self->listen = hub_pg_listen_new (self->connection, "karez_incarnation");
  g_signal_connect (self->listen, "notified", G_CALLBACK (on_notified), self);
  update_available (self);
  g_task_return_boolean (task, TRUE);
}

static void
on_pool_open (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubStore *self = g_task_get_source_object (task);
  Opening *opening = g_task_get_task_data (task);
  GError *error = NULL;

  if (!hub_pg_pool_open_finish (HUB_PG_POOL (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (++opening->opened < G_N_ELEMENTS (opening->pools))
    hub_pg_pool_open_async (opening->pools[opening->opened], g_task_get_cancellable (task),
                            on_pool_open, g_object_ref (task));
  else
    finish_open (self, task);
}

static void
migrate_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Opening *opening = data;
  GError *error = NULL;
  char *version = NULL;

  if (hub_migrate (opening->connection, opening->schemas, &version, &error))
    g_task_return_pointer (task, version, g_free);
  else
    g_task_return_error (task, error);
}

static void
on_migrated (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubStore *self = HUB_STORE (source);
  Opening *opening = g_task_get_task_data (task);
  HubPgSettings settings = { 0 };
  GError *error = NULL;
  char *version = g_task_propagate_pointer (G_TASK (result), &error);
  guint n_writers = (self->max_connections - 1) / 2;

  if (version == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_free (self->server_version);
  self->server_version = version;
  leave_out_refused (opening);
  settings.conninfo = self->connection;
  settings.statements = opening->statements;
  settings.statement_timeout_ms = STATEMENT_TIMEOUT_MS;
  opening->pools[0] = hub_pg_pool_new (&settings, n_writers, self->max_queue);
  opening->pools[2] = hub_pg_pool_new (&settings, 1, 1);
  settings.read_only = TRUE;
  opening->pools[1] = hub_pg_pool_new (&settings, self->max_connections - 1 - n_writers,
                                       self->max_queue);
  opening->pools[3] = hub_pg_pool_new (&settings, BULK_CONNECTIONS, self->max_queue);
  hub_pg_pool_open_async (opening->pools[0], g_task_get_cancellable (task), on_pool_open,
                          g_object_ref (task));
}

void
hub_store_open_async (HubStore *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (GTask) migration = NULL;
  Opening *opening = g_new0 (Opening, 1);
  GError *error = NULL;

  g_return_if_fail (self->writers == NULL);

  g_task_set_source_tag (task, hub_store_open_async);
  opening->connection = g_strdup (self->connection);
  opening->schemas = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_schema_unref);
  opening->statements = hub_statements_new ();
  g_task_set_task_data (task, opening, free_opening);
  /* What libpq cannot read never comes by waiting. */
  if (!hub_pg_conninfo_check (self->connection, &error) || !load_schemas (self, opening, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  migration = g_task_new (self, cancellable, on_migrated, g_steal_pointer (&task));
  g_task_set_task_data (migration, opening, NULL);
  g_task_run_in_thread (migration, migrate_in_thread);
}

gboolean
hub_store_open_finish (HubStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_store_open_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
close_pool (HubStore *self, HubPgPool **pool)
{
  if (*pool == NULL)
    return;
  g_signal_handlers_disconnect_by_data (*pool, self);
  hub_pg_pool_close (*pool);
  g_clear_object (pool);
}

void
hub_store_close (HubStore *self)
{
  for (guint i = 0; i < self->scopes->len; i++)
    hub_scope_shut (self->scopes->pdata[i]);
  if (self->writer != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->writer, self);
      hub_pg_writer_close (self->writer);
      g_clear_object (&self->writer);
    }
  if (self->listen != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->listen, self);
      hub_pg_listen_stop (self->listen);
      g_clear_object (&self->listen);
    }
  close_pool (self, &self->writers);
  close_pool (self, &self->readers);
  close_pool (self, &self->appenders);
  close_pool (self, &self->bulk);
  update_available (self);
}

static void
on_put (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_pg_writer_put_finish (HUB_PG_WRITER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
hub_store_append_event_async (HubStore *self, KarezActor *actor, const char *action, int outcome,
                              const char *session, const char *patient, JsonNode *details,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (JsonNode) owned = details;
  g_autofree char *id = hub_id_new ();
  HubEvent event = { 0 };

  g_task_set_source_tag (task, hub_store_append_event_async);
  g_task_set_check_cancellable (task, FALSE);
  if (self->writer == NULL)
    {
      g_task_return_error (task, hub_pg_lost ("the database is not open", FALSE));
      return;
    }
  event.id = id;
  event.actor = actor;
  event.action = action;
  event.outcome = outcome;
  event.session = session;
  event.patient = patient;
  event.details = owned;
  hub_pg_writer_put_async (self->writer, "karez.event_put", hub_event_params (&event), cancellable,
                           on_put, g_steal_pointer (&task));
}

gboolean
hub_store_append_event_finish (HubStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_store_append_event_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
hub_store_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_AVAILABLE)
    g_value_set_boolean (value, HUB_STORE (object)->available);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hub_store_finalize (GObject *object)
{
  HubStore *self = HUB_STORE (object);

  hub_store_close (self);
  for (guint i = 0; i < self->scopes->len; i++)
    hub_scope_detach (self->scopes->pdata[i]);
  g_ptr_array_unref (self->scopes);
  g_ptr_array_unref (self->declared);
  g_clear_pointer (&self->statements, hub_statements_unref);
  g_free (self->connection);
  g_free (self->server_version);

  G_OBJECT_CLASS (hub_store_parent_class)->finalize (object);
}

static void
hub_store_class_init (HubStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = hub_store_get_property;
  object_class->finalize = hub_store_finalize;

  properties[PROP_AVAILABLE] = g_param_spec_boolean ("available", NULL, NULL, FALSE,
                                                     G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[SUPERSEDED] = g_signal_new ("superseded", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT64);
  signals[COMMITTED] = g_signal_new ("committed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hub_store_init (HubStore *self)
{
  self->declared = g_ptr_array_new_with_free_func (free_declared);
  self->scopes = g_ptr_array_new_with_free_func (g_object_unref);
}
