/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The database of a control half's test. */
#include "karez-test-store.h"

#include "hub-store.h"

#include <libpq-fe.h>

/* As few as the store takes: many tests run beside each other. */
#define CONNECTIONS 4
#define QUEUE 64

struct _KarezTestStore
{
  GObject parent_instance;

  HubStore *store;
  char *schema;
};

G_DEFINE_FINAL_TYPE (KarezTestStore, karez_test_store, G_TYPE_OBJECT)

static const char *
connection (void)
{
  return g_getenv ("KAREZ_TEST_DATABASE");
}

gboolean
karez_test_store_is_there (const char **why)
{
  if (connection () != NULL)
    return TRUE;
  *why = "KAREZ_TEST_DATABASE names no database: run the test by karez-testing-1's with_database";
  return FALSE;
}

/* Blocks, as a test may. Returns: (nullable): the first value of the first row */
static char *
ask (const char *sql, GError **error)
{
  PGconn *pg = PQconnectdb (connection ()); /* nocheck:blocked -- a test waits */
  PGresult *result = NULL;
  char *answer = NULL;

  if (PQstatus (pg) != CONNECTION_OK)
    {
      karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "test/database", NULL, "%s",
                       PQerrorMessage (pg));
      PQfinish (pg);
      return NULL;
    }
  /* nocheck:blocked -- a test waits */
  PQclear (PQexec (pg, "set client_min_messages = warning"));
  result = PQexec (pg, sql); /* nocheck:blocked -- a test waits */
  if (PQresultStatus (result) != PGRES_TUPLES_OK && PQresultStatus (result) != PGRES_COMMAND_OK)
    karez_error_set (error, KAREZ_ERROR_FAILED, "test/database", NULL, "%s", PQerrorMessage (pg));
  else
    answer = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  PQfinish (pg);
  return answer;
}

/* Stores that are not closed yet: who asked one of them for something may keep it for a while. */
static guint n_open;
#define PATIENCE_US (5 * G_USEC_PER_SEC)

static void
await_closed (void)
{
  gint64 end = g_get_monotonic_time () + PATIENCE_US;

  while (n_open > 0 && g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE)) /* nocheck:blocked -- a test turns its own loop */
      g_usleep (1000);                           /* nocheck:blocked -- a test waits */
}

/* Whoever names a hub's database by mistake keeps it. */
static gboolean
empty (const char *schema, GError **error)
{
  g_autofree char *tables = ask ("select to_regclass ('karez.hub') is not null", error);
  g_autofree char *hubs = NULL, *done = NULL, *drop = NULL;

  if (tables == NULL)
    return FALSE;
  if (g_str_equal (tables, "t"))
    {
      hubs = ask ("select count (*) from karez.hub", error);
      if (hubs == NULL)
        return FALSE;
      if (!g_str_equal (hubs, "0"))
        return karez_error_set (error, KAREZ_ERROR_CONFLICT, "test/database", "an empty database",
                                "KAREZ_TEST_DATABASE names the database of a hub");
    }
  drop = g_strdup_printf ("drop schema if exists karez, \"%s\" cascade", schema);
  done = ask (drop, error);
  return done != NULL;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

KarezTestStore *
karez_test_store_open (const char *schema, const char *resources, const char *topics,
                       GError **error)
{
  g_autoptr (KarezTestStore) self = g_object_new (KAREZ_TEST_TYPE_STORE, NULL);
  g_autoptr (GAsyncResult) result = NULL;

  /* It would ask for tables that this drops. */
  await_closed ();
  if (!empty (schema, error))
    return NULL;
  n_open++;
  self->schema = g_strdup (schema);
  self->store = hub_store_new (connection (), CONNECTIONS, QUEUE);
  hub_store_add_schema (self->store, schema, resources, TRUE);
  if (topics != NULL)
    hub_store_grant_topics (self->store, schema, topics);
  hub_store_open_async (self->store, NULL, on_opened, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
  if (!hub_store_open_finish (self->store, result, error))
    return NULL;
  if (hub_store_get_refusal (self->store, schema) != NULL)
    {
      g_propagate_error (error, g_error_copy (hub_store_get_refusal (self->store, schema)));
      return NULL;
    }
  return g_steal_pointer (&self);
}

KarezStore *
karez_test_store_get_scope (KarezTestStore *self)
{
  return hub_store_get_scope (self->store, self->schema);
}

static void
on_appended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_store_append_event_finish (HUB_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
karez_test_store_append_async (KarezTestStore *self, KarezActor *actor, const char *action,
                               KarezOutcome outcome, const char *session, const char *patient,
                               JsonNode *details, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  hub_store_append_event_async (self->store, actor, action, outcome, session, patient, details,
                                NULL, on_appended, task);
}

gboolean
karez_test_store_append_finish (KarezTestStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static JsonNode *
ask_json (const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = ask (sql, &error);
  JsonNode *node = NULL;

  g_assert_no_error (error);
  node = json_from_string (text, NULL);
  g_assert_nonnull (node);
  return node;
}

JsonNode *
karez_test_store_read_events (KarezTestStore *self)
{
  return ask_json (
      "select coalesce (json_agg (json_build_object ('action', action, 'actor', actor_name,"
      " 'outcome', outcome, 'table', subject_table, 'row', subject_row,"
      " 'session', session, 'patient', patient, 'details', details) order by at, id), '[]')"
      " from karez.event where action <> 'migration.apply'");
}

JsonNode *
karez_test_store_read_posts (KarezTestStore *self)
{
  return ask_json ("select coalesce (json_agg (json_build_object ('peer', peer, 'lane', lane,"
                   " 'topic', topic, 'body', body) order by created_at, sequence), '[]')"
                   " from karez.outbox");
}

/* What is under way ends, and lets go of it. */
static void
close_store (KarezTestStore *self)
{
  HubStore *store = g_steal_pointer (&self->store);

  if (store == NULL)
    return;
  hub_store_close (store);
  g_object_add_weak_pointer (G_OBJECT (store), (gpointer *) &store);
  g_object_unref (store);
  while (store != NULL)
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
  n_open--;
}

static void
karez_test_store_finalize (GObject *object)
{
  KarezTestStore *self = KAREZ_TEST_STORE (object);

  close_store (self);
  g_free (self->schema);

  G_OBJECT_CLASS (karez_test_store_parent_class)->finalize (object);
}

static void
karez_test_store_class_init (KarezTestStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_store_finalize;
}

static void
karez_test_store_init (KarezTestStore *self)
{
}
