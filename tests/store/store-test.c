/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A database of a test. */
#include "store-test.h"

static gboolean
on_late (gpointer data)
{
  g_error ("nothing came for 60 s");
  return G_SOURCE_REMOVE;
}

void
test_callback (GObject *source, GAsyncResult *result, gpointer data)
{
  ((TestWait *) data)->result = g_object_ref (result);
}

GAsyncResult *
test_wait (TestWait *wait)
{
  guint late = g_timeout_add_seconds (60, on_late, NULL);

  while (wait->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
  return wait->result;
}

static gboolean
on_over (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

void
test_run_for (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_over, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

const char *
test_database (void)
{
  const char *database = g_getenv ("KAREZ_TEST_DATABASE");

  g_assert_nonnull (database);
  return database;
}

void
test_reset (void)
{
  PGconn *pg = test_connect ();

  PQclear (PQexec (pg, "set client_min_messages = warning"));
  /* The last test's backends may still be rolling back. */
  g_free (test_ask (pg, "select count (pg_terminate_backend (pid, 10000)) from pg_stat_activity"
                        " where datname = current_database () and pid <> pg_backend_pid ()"));
  g_free (test_ask (pg, "drop schema if exists notes, clinic, karez cascade"));
  PQfinish (pg);
}

HubStore *
test_store (guint connections, guint queue)
{
  HubStore *store = hub_store_new (test_database (), connections, queue);
  TestWait wait = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  hub_store_add_schema (store, "clinic", "/org/karez/test/clinic", FALSE);
  hub_store_add_schema (store, "notes", "/org/karez/test/notes", TRUE);
  hub_store_grant_topics (store, "notes", "notes.");
  hub_store_open_async (store, NULL, test_callback, &wait);
  result = test_wait (&wait);
  hub_store_open_finish (store, result, &error);
  g_assert_no_error (error);
  g_assert_true (hub_store_is_available (store));
  return store;
}

void
test_store_free (HubStore *store)
{
  hub_store_close (store);
  g_object_add_weak_pointer (G_OBJECT (store), (gpointer *) &store);
  g_object_unref (store);
  test_run_until (store == NULL);
}

KarezActor *
test_actor (void)
{
  static const char *const roles[] = { "desk", "a \"quoted\\ role", NULL };

  return karez_actor_new (KAREZ_ACTOR_PERSON, "0197e5f0-0000-7000-8000-000000000001", "爱丽丝",
                          roles, "192.0.2.1", NULL);
}

PGconn *
test_connect (void)
{
  PGconn *pg = PQconnectdb (test_database ());

  g_assert_cmpint (PQstatus (pg), ==, CONNECTION_OK);
  return pg;
}

char *
test_ask (PGconn *pg, const char *sql)
{
  PGresult *result = PQexec (pg, sql);
  char *answer;

  if (PQresultStatus (result) != PGRES_TUPLES_OK && PQresultStatus (result) != PGRES_COMMAND_OK)
    g_error ("%s: %s", sql, PQerrorMessage (pg));
  answer = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  return answer;
}

gint64
test_count (PGconn *pg, const char *sql)
{
  g_autofree char *answer = test_ask (pg, sql);

  return g_ascii_strtoll (answer, NULL, 10);
}

char *
test_refused (PGconn *pg, const char *sql)
{
  PGresult *result = PQexec (pg, sql);
  char *state;

  g_assert_cmpint (PQresultStatus (result), ==, PGRES_FATAL_ERROR);
  state = g_strdup (PQresultErrorField (result, PG_DIAG_SQLSTATE));
  PQclear (result);
  if (PQtransactionStatus (pg) != PQTRANS_IDLE)
    PQclear (PQexec (pg, "rollback"));
  return state;
}

int
test_kill_backends (PGconn *pg)
{
  return (int) test_count (pg, "select count (pg_terminate_backend (pid)) from pg_stat_activity"
                               " where datname = current_database () and pid <> pg_backend_pid ()");
}

KarezRows *
test_query (HubStore *store, const char *schema, const char *name, GVariant *params, GError **error)
{
  KarezStore *scope = hub_store_get_scope (store, schema);
  TestWait wait = { 0 };
  g_autoptr (GAsyncResult) result = NULL;

  karez_store_query_async (scope, name, params, NULL, test_callback, &wait);
  result = test_wait (&wait);
  return karez_store_query_finish (scope, result, error);
}

gboolean
test_commit (KarezTransaction *transaction, GError **error)
{
  TestWait wait = { 0 };
  g_autoptr (GAsyncResult) result = NULL;

  karez_transaction_commit_async (transaction, NULL, test_callback, &wait);
  result = test_wait (&wait);
  return karez_transaction_commit_finish (transaction, result, error);
}

gboolean
test_put_thing (HubStore *store, const char *id, const char *name, GError **error)
{
  g_autoptr (KarezActor) actor = test_actor ();
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (store, "clinic"), actor);

  karez_transaction_run (transaction, "thing_put", "(ssim@ay)", id, name, 0, NULL);
  karez_transaction_event (transaction, "thing.put", "thing", id, NULL);
  return test_commit (transaction, error);
}
