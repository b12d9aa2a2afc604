/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* KarezTransaction, carried out over a connection in pipeline mode. */
#include "hub-transaction.h"

#include "hub-event.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-pg-error.h"

#include <glib/gi18n.h>

#define DEADLINE_MS 20000
#define MAX_ATTEMPTS 4 /* the first and three more */

typedef struct
{
  char *key;
  GVariant *params;
  KarezExpect expect;
} Statement;

#define MAX_DETAILS (64 * 1024) /* of an event of a plugin */

struct _HubTransaction
{
  KarezTransaction parent;
  HubScopeState *scope;
  GPtrArray *statements; /* Statement */
  GPtrArray *rows;       /* KarezRows, after the commit */
  GStrv event_ids, post_ids;
  char *unknown; /* a statement that is not there */
  gboolean started;

  HubPgConnection *connection;
  guint attempts;
  guint first; /* the batch's number of the first statement */
  int commit;  /* of COMMIT; -1 while it is not sent */
};

G_DEFINE_FINAL_TYPE (HubTransaction, hub_transaction, KAREZ_TYPE_TRANSACTION)

static void attempt (HubTransaction *self, GTask *task);
static void on_acquired (GObject *source, GAsyncResult *result, gpointer data);

HubScopeState *
hub_scope_state_ref (HubScopeState *self)
{
  return g_rc_box_acquire (self);
}

static void
clear_scope (HubScopeState *self)
{
  hub_schema_unref (self->schema);
  g_clear_pointer (&self->statements, hub_statements_unref);
  g_clear_object (&self->writers);
  g_clear_object (&self->readers);
  g_clear_object (&self->bulk);
}

void
hub_scope_state_unref (HubScopeState *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) clear_scope);
}

static void
free_statement (gpointer data)
{
  Statement *statement = data;

  g_free (statement->key);
  g_clear_pointer (&statement->params, g_variant_unref);
  g_free (statement);
}

KarezTransaction *
hub_transaction_new (HubScopeState *scope, KarezActor *actor)
{
  HubTransaction *self = g_object_new (HUB_TYPE_TRANSACTION, "actor", actor, NULL);

  self->scope = hub_scope_state_ref (scope);
  return KAREZ_TRANSACTION (self);
}

static void
hub_transaction_run (KarezTransaction *transaction, const char *name, GVariant *params,
                     KarezExpect expect)
{
  HubTransaction *self = HUB_TRANSACTION (transaction);
  Statement *statement = g_new0 (Statement, 1);

  statement->key = g_strconcat (self->scope->schema->name, ".", name, NULL);
  statement->params = params != NULL ? g_variant_ref (params) : NULL;
  statement->expect = expect;
  g_ptr_array_add (self->statements, statement);
  if (self->scope->statements == NULL
      || hub_statements_lookup (self->scope->statements, self->scope->schema->name, name) != NULL)
    return;
  g_free (self->unknown);
  self->unknown = g_strdup (statement->key);
}

static gboolean
add (HubPgBatch *batch, const char *key, GVariant *variant, GError **error)
{
  g_autoptr (GVariant) owned = variant != NULL ? g_variant_ref_sink (variant) : NULL;
  HubPgParams *params = hub_pg_params_new (owned, error);

  if (params == NULL)
    return FALSE;
  hub_pg_batch_add (batch, key, params);
  return TRUE;
}

/* What ends a repetition before anything of it is done. */
static gboolean
add_guards (HubTransaction *self, HubPgBatch *batch, GError **error)
{
  KarezTransaction *transaction = KAREZ_TRANSACTION (self);
  KarezMessage *message = karez_transaction_get_applied (transaction);
  const char *digest = NULL, *origin = NULL;
  gint64 sequence = 0;
  const char *request = karez_transaction_get_request (transaction, &digest);
  const char *session = karez_transaction_get_recorded (transaction, &origin, &sequence);

  if (request != NULL
      && !add (batch, "karez.guard_request",
               g_variant_new ("(sss)", request, digest != NULL ? digest : "",
                              karez_actor_get_id (karez_transaction_get_actor (transaction))),
               error))
    return FALSE;
  if (message != NULL && karez_message_get_parked (message) > 0)
    {
      if (!add (batch, "karez.guard_parked",
                g_variant_new ("(x)", karez_message_get_parked (message)), error))
        return FALSE;
    }
  else if (message != NULL && karez_message_get_sequence (message) > 0
           && !add (batch, "karez.guard_message",
                    g_variant_new ("(six)", karez_message_get_peer (message),
                                   karez_message_get_lane (message),
                                   karez_message_get_sequence (message)),
                    error))
    return FALSE;
  return session == NULL
         || add (batch, "karez.guard_record", g_variant_new ("(ssx)", session, origin, sequence),
                 error);
}

static gboolean
add_statements (HubTransaction *self, HubPgBatch *batch, GError **error)
{
  const char *role = self->scope->schema->role;

  if (role != NULL && !add (batch, "karez.role_set", g_variant_new ("(s)", role), error))
    return FALSE;
  self->first = hub_pg_batch_get_count (batch);
  for (guint i = 0; i < self->statements->len; i++)
    {
      Statement *statement = self->statements->pdata[i];

      if (!add (batch, statement->key, statement->params, error))
        return FALSE;
    }
  return role == NULL || add (batch, "karez.role_set", g_variant_new ("(s)", "none"), error);
}

/* A plugin puts on record what happens in its own tables, in few words: what stands in the log
 * about the hub's is the hub's. */
static gboolean
check_event (HubSchema *schema, const KarezTransactionEvent *event, GError **error)
{
  const char *table = event->table != NULL ? event->table : "";
  const char *dot = strchr (table, '.');
  g_autofree char *details = NULL;

  if (!schema->plugin)
    return TRUE;
  if (dot != NULL
      && (strlen (schema->name) != (gsize) (dot - table)
          || !g_str_has_prefix (table, schema->name)))
    return karez_error_set (error, KAREZ_ERROR_NOT_GRANTED, "plugin/grant", schema->name,
                            N_ ("The plugin “%s” cannot put on record what happens in “%s”."),
                            schema->name, table);
  details = event->details != NULL ? karez_json_print (event->details) : NULL;
  if (details != NULL && strlen (details) > MAX_DETAILS)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "audit/details", N_ ("At most 64 KiB"),
                            N_ ("The details of the event “%s” are too long for the log."),
                            event->action);
  return TRUE;
}

static gboolean
add_events (HubTransaction *self, HubPgBatch *batch, GError **error)
{
  KarezTransaction *transaction = KAREZ_TRANSACTION (self);
  GPtrArray *events = karez_transaction_get_events (transaction);
  const char *request = karez_transaction_get_request (transaction, NULL);

  for (guint i = 0; i < events->len; i++)
    {
      HubEvent event = { 0 };

      if (!check_event (self->scope->schema, events->pdata[i], error))
        return FALSE;
      event.id = self->event_ids[i];
      event.actor = karez_transaction_get_actor (transaction);
      event.schema = self->scope->schema->name;
      event.request = request;
      hub_event_from_transaction (&event, events->pdata[i]);
      if (!add (batch, "karez.event_put", hub_event_params (&event), error))
        return FALSE;
    }
  return TRUE;
}

static int
compare_posts (gconstpointer a, gconstpointer b)
{
  const KarezTransactionPost *one = *(const KarezTransactionPost *const *) a;
  const KarezTransactionPost *other = *(const KarezTransactionPost *const *) b;
  int order = g_strcmp0 (one->peer, other->peer);

  return order != 0 ? order : (int) one->lane - (int) other->lane;
}

/* A plugin speaks to its own kind only, and nobody sends what no peer would take. */
static gboolean
check_post (HubSchema *schema, const char *topic, const char *body, GError **error)
{
  if (schema->plugin && (schema->topics == NULL || !g_str_has_prefix (topic, schema->topics)))
    return karez_error_set (error, KAREZ_ERROR_NOT_GRANTED, "plugin/grant", schema->topics,
                            N_ ("The plugin “%s” was not granted the topic “%s”."), schema->name,
                            topic);
  if (strlen (body) > KAREZ_JSON_MAX_BYTES)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "peers/body-size", N_ ("At most 1 MiB"),
                            N_ ("The message is longer than is accepted"));
  return TRUE;
}

/* Last before the commit and in one order of lanes everywhere: their heads are locked until it. */
static gboolean
add_posts (HubTransaction *self, HubPgBatch *batch, GError **error)
{
  g_autoptr (GPtrArray) posts = g_ptr_array_new ();

  g_ptr_array_extend (posts, karez_transaction_get_posts (KAREZ_TRANSACTION (self)), NULL, NULL);

  /* GLib's sort is stable: within a lane the order stays. */
  g_ptr_array_sort (posts, compare_posts);
  for (guint i = 0; i < posts->len; i++)
    {
      KarezTransactionPost *post = posts->pdata[i];
      g_autofree char *body = post->body != NULL ? karez_json_print (post->body) : g_strdup ("{}");

      if (!check_post (self->scope->schema, post->topic, body, error)
          || !add (batch, "karez.outbox_put",
                   g_variant_new ("(sisss)", post->peer, (int) post->lane, self->post_ids[i],
                                  post->topic, body),
                   error))
        return FALSE;
    }
  return TRUE;
}

/* Whether who asked may still, as late as can be. */
static gboolean
add_last_guard (HubTransaction *self, HubPgBatch *batch, GError **error)
{
  GVariant *params;
  const char *guard = karez_transaction_get_guard (KAREZ_TRANSACTION (self), &params);

  return guard == NULL || add (batch, guard, params, error);
}

static gboolean
has_expectation (HubTransaction *self)
{
  for (guint i = 0; i < self->statements->len; i++)
    {
      if (((Statement *) self->statements->pdata[i])->expect == KAREZ_EXPECT_ONE)
        return TRUE;
    }
  return FALSE;
}

static HubPgBatch *
build (HubTransaction *self, GError **error)
{
  HubPgEnd end = has_expectation (self) ? HUB_PG_FLUSH : HUB_PG_SYNC;
  g_autoptr (HubPgBatch) batch = hub_pg_batch_new (end);

  hub_pg_batch_add_text (batch, "begin read write");
  if (!add_guards (self, batch, error) || !add_statements (self, batch, error)
      || !add_events (self, batch, error) || !add_posts (self, batch, error)
      || !add_last_guard (self, batch, error))
    return NULL;
  self->commit = end == HUB_PG_SYNC ? (int) hub_pg_batch_add_text (batch, "commit") : -1;
  return g_steal_pointer (&batch);
}

static void
let_go (HubTransaction *self)
{
  if (self->connection != NULL)
    hub_pg_pool_release (self->scope->writers, g_steal_pointer (&self->connection));
}

static void
fail (HubTransaction *self, GTask *task, GError *error)
{
  let_go (self);
  g_task_return_error (task, error);
}

static void
succeed (HubTransaction *self, GTask *task)
{
  let_go (self);
  if (karez_transaction_get_events (KAREZ_TRANSACTION (self))->len > 0
      && !karez_transaction_is_repeated (KAREZ_TRANSACTION (self)) && self->scope->data != NULL)
    self->scope->committed (self->scope->data);
  g_task_return_boolean (task, TRUE);
}

static gboolean
on_try_again (gpointer data)
{
  GTask *task = data;
  HubTransaction *self = g_task_get_source_object (task);

  if (hub_pg_connection_is_open (self->connection))
    attempt (self, task);
  else
    fail (self, task, hub_pg_lost ("the connection broke", FALSE));
  return G_SOURCE_REMOVE;
}

/* The first statement whose expectation was not met, as an error. @failed: what the database
 * refused, -1 for nothing: it may be the consequence of what came before it. */
static GError *
find_unmet (HubTransaction *self, HubPgBatch *batch, int failed)
{
  for (guint i = 0; i < self->statements->len && (failed < 0 || self->first + i < (guint) failed);
       i++)
    {
      Statement *statement = self->statements->pdata[i];
      const PGresult *result = hub_pg_batch_get_result (batch, self->first + i);
      const char *rule, *message = NULL;
      guint64 n;

      if (statement->expect != KAREZ_EXPECT_ONE)
        continue;
      n = PQresultStatus (result) == PGRES_TUPLES_OK
              ? (guint64) PQntuples (result)
              : g_ascii_strtoull (PQcmdTuples ((PGresult *) result), NULL, 10);
      if (n == 1)
        continue;
      rule = karez_transaction_get_expectation (KAREZ_TRANSACTION (self), i, &message);
      return hub_pg_refusal (KAREZ_ERROR_CONFLICT, rule,
                             message != NULL ? message : N_ ("This is not possible any more."));
    }
  return NULL;
}

/* What was refused, for the log: a statement, or what the commit checks. */
static const char *
name_of (HubTransaction *self, HubPgBatch *batch, int failed)
{
  if (failed >= (int) self->first && (guint) failed < self->first + self->statements->len)
    return ((Statement *) self->statements->pdata[failed - self->first])->key;
  return self->statements->len > 0 ? ((Statement *) self->statements->pdata[0])->key
                                   : self->scope->schema->name;
}

/* The database's answer was no. */
static void
on_refused (HubTransaction *self, GTask *task, HubPgBatch *batch, int failed,
            const PGresult *result)
{
  if (hub_pg_is_fatal (result) && failed == 0 && self->commit != 0 && self->attempts < MAX_ATTEMPTS)
    {
      /* The session had ended before BEGIN came: nothing was done, another one may do it. */
      let_go (self);
      hub_pg_pool_acquire_async (self->scope->writers, NULL, on_acquired, g_object_ref (task));
      return;
    }
  if (hub_pg_is_fatal (result))
    {
      /* In COMMIT itself nobody can tell on which side of it the session ended. */
      fail (self, task, hub_pg_lost (hub_pg_sqlstate (result), failed == self->commit));
      return;
    }

  if (failed == 0 && self->commit != 0)
    {
      /* BEGIN READ WRITE: the server became a standby, the next connection looks for the other. */
      hub_pg_connection_close (self->connection, "the server may only read");
      fail (self, task, hub_pg_lost ("the server may only read", FALSE));
      return;
    }
  hub_pg_connection_roll_back (self->connection, hub_pg_batch_get_end (batch));
  if (hub_pg_sqlstate_is (result, HUB_SQLSTATE_REPEATED))
    {
      karez_transaction_set_repeated (KAREZ_TRANSACTION (self));
      succeed (self, task);
    }
  else if (hub_pg_is_retryable (result) && self->attempts < MAX_ATTEMPTS)
    {
      hub_info ("store", hub_pg_sqlstate (result), "A transaction is tried again.");
      /* Not all at the same moment again. */
      g_timeout_add_full (G_PRIORITY_DEFAULT, g_random_int_range (5, 50) * self->attempts,
                          on_try_again, g_object_ref (task), g_object_unref);
    }
  else
    {
      GError *error = find_unmet (self, batch, failed);

      if (error == NULL)
        {
          error = hub_pg_error_of (result, name_of (self, batch, failed));
          if (hub_pg_is_mistake (result))
            hub_schema_note_mistake (self->scope->schema, name_of (self, batch, failed), error);
        }
      fail (self, task, error);
    }
}

static void
take_rows (HubTransaction *self, HubPgBatch *batch)
{
  g_ptr_array_set_size (self->rows, 0);
  for (guint i = 0; i < self->statements->len; i++)
    g_ptr_array_add (self->rows, hub_pg_batch_take_rows (batch, self->first + i));
}

static void
on_committed (HubPgConnection *connection, HubPgBatch *batch, const char *lost, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubTransaction *self = g_task_get_source_object (task);
  const PGresult *result;
  int failed = hub_pg_batch_get_failed (batch, &result);

  if (failed >= 0)
    on_refused (self, task, batch, failed, result);
  else if (lost != NULL)
    fail (self, task, hub_pg_lost (lost, TRUE));
  else
    succeed (self, task);
}

static void
commit_now (HubTransaction *self, GTask *task)
{
  g_autoptr (HubPgBatch) batch = hub_pg_batch_new (HUB_PG_SYNC);

  self->commit = (int) hub_pg_batch_add_text (batch, "commit");
  hub_pg_connection_send (self->connection, batch, DEADLINE_MS, on_committed, g_object_ref (task));
}

static void
on_batch (HubPgConnection *connection, HubPgBatch *batch, const char *lost, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubTransaction *self = g_task_get_source_object (task);
  const PGresult *result;
  int failed = hub_pg_batch_get_failed (batch, &result);
  GError *error;

  if (failed >= 0)
    on_refused (self, task, batch, failed, result);
  else if (lost != NULL)
    fail (self, task, hub_pg_lost (lost, self->commit >= 0));
  else if (hub_pg_batch_get_end (batch) == HUB_PG_SYNC)
    {
      take_rows (self, batch);
      succeed (self, task);
    }
  else if ((error = find_unmet (self, batch, -1)) != NULL)
    {
      hub_pg_connection_roll_back (self->connection, HUB_PG_SYNC);
      fail (self, task, error);
    }
  else
    {
      take_rows (self, batch);
      commit_now (self, task);
    }
}

static void
attempt (HubTransaction *self, GTask *task)
{
  GError *error = NULL;
  g_autoptr (HubPgBatch) batch = NULL;

  batch = build (self, &error);
  if (batch == NULL)
    {
      hub_schema_note_mistake (self->scope->schema, name_of (self, NULL, -1), error);
      fail (self, task, error);
      return;
    }
  self->attempts++;
  hub_pg_connection_send (self->connection, batch, DEADLINE_MS, on_batch, g_object_ref (task));
}

static void
on_acquired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubTransaction *self = g_task_get_source_object (task);
  GError *error = NULL;

  self->connection = hub_pg_pool_acquire_finish (HUB_PG_POOL (source), result, &error);
  if (self->connection == NULL)
    g_task_return_error (task, error);
  else if (hub_pg_connection_is_open (self->connection))
    attempt (self, task);
  else
    {
      /* It broke on its way here. */
      let_go (self);
      hub_pg_pool_acquire_async (HUB_PG_POOL (source), NULL, on_acquired, g_object_ref (task));
    }
}

static GStrv
make_ids (guint n)
{
  GStrv ids = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    ids[i] = hub_id_new ();
  return ids;
}

static void
hub_transaction_commit_async (KarezTransaction *transaction, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  HubTransaction *self = HUB_TRANSACTION (transaction);
  const char *call = self->statements->len > 0 ? ((Statement *) self->statements->pdata[0])->key
                                               : "commit";
  g_autoptr (GTask)
      task = hub_schema_task_new (self->scope->schema, self, call, cancellable, callback, data);
  const GError *refusal = NULL;
  GError *error;

  g_task_set_source_tag (task, hub_transaction_commit_async);
  /* What was sent is told as it ended, whoever lost interest. */
  g_task_set_check_cancellable (task, FALSE);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (self->scope->statements != NULL)
    refusal = hub_statements_get_refusal (self->scope->statements, self->scope->schema->name);
  if (refusal != NULL)
    {
      g_task_return_error (task, g_error_copy (refusal));
      return;
    }
  if (self->started || self->unknown != NULL)
    {
      hub_critical ("store", self->unknown, "A transaction was %s.",
                    self->started ? "committed twice" : "given a statement that is not there");
      error = karez_error_new (KAREZ_ERROR_FAILED, "database/statement", NULL,
                               N_ ("The database failed (%s)."),
                               self->started ? "used twice" : self->unknown);
      hub_schema_note_mistake (self->scope->schema, self->started ? call : self->unknown, error);
      g_task_return_error (task, error);
      return;
    }
  if (self->scope->writers == NULL)
    {
      g_task_return_error (task, hub_pg_lost ("the database is not open", FALSE));
      return;
    }

  self->started = TRUE;
  self->event_ids = make_ids (karez_transaction_get_events (transaction)->len);
  self->post_ids = make_ids (karez_transaction_get_posts (transaction)->len);
  hub_pg_pool_acquire_async (self->scope->writers, cancellable, on_acquired,
                             g_steal_pointer (&task));
}

static gboolean
hub_transaction_commit_finish (KarezTransaction *transaction, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, transaction), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_transaction_commit_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static KarezRows *
hub_transaction_get_rows (KarezTransaction *transaction, guint index)
{
  HubTransaction *self = HUB_TRANSACTION (transaction);

  return index < self->rows->len ? self->rows->pdata[index] : NULL;
}

static void
clear_rows (gpointer data)
{
  if (data != NULL)
    karez_rows_unref (data);
}

static void
hub_transaction_finalize (GObject *object)
{
  HubTransaction *self = HUB_TRANSACTION (object);

  g_clear_object (&self->connection);
  g_ptr_array_unref (self->statements);
  g_ptr_array_unref (self->rows);
  g_clear_pointer (&self->event_ids, g_strfreev);
  g_clear_pointer (&self->post_ids, g_strfreev);
  g_clear_pointer (&self->unknown, g_free);
  hub_scope_state_unref (self->scope);

  G_OBJECT_CLASS (hub_transaction_parent_class)->finalize (object);
}

static void
hub_transaction_class_init (HubTransactionClass *klass)
{
  KarezTransactionClass *transaction_class = KAREZ_TRANSACTION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = hub_transaction_finalize;
  transaction_class->run = hub_transaction_run;
  transaction_class->commit_async = hub_transaction_commit_async;
  transaction_class->commit_finish = hub_transaction_commit_finish;
  transaction_class->get_rows = hub_transaction_get_rows;
}

static void
hub_transaction_init (HubTransaction *self)
{
  self->statements = g_ptr_array_new_with_free_func (free_statement);
  self->rows = g_ptr_array_new_with_free_func (clear_rows);
  self->commit = -1;
}
