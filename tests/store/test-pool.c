/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool: leases, a server that dies, a full queue. */
#include "store-test.h"

#include "hub-id.h"
#include "hub-pg-pool.h"

#include <string.h>

typedef struct
{
  HubStore *store;
  PGconn *pg;
  guint changes; /* of "available" */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  test_reset ();
  f->store = test_store (5, 4);
  f->pg = test_connect ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  PQfinish (f->pg);
  test_store_free (f->store);
}

/* Until both readers are up and ask at the same time, and once more: then what the store itself
 * asked when it was opened has been answered, too. */
static void
warm_up (Fixture *f)
{
  KarezStore *scope = hub_store_get_scope (f->store, "clinic");
  gint64 most = 0;
  guint rounds = 0;

  while (rounds < 2)
    {
      TestWait waits[2] = { 0 };

      for (guint i = 0; i < 2; i++)
        karez_store_query_async (scope, "sleep", g_variant_new ("(d)", 0.3), NULL, test_callback,
                                 &waits[i]);
      while (waits[0].result == NULL || waits[1].result == NULL)
        {
          test_run_for (20);
          most = MAX (most, test_count (f->pg, "select count(*) from pg_stat_activity where"
                                               " wait_event = 'PgSleep'"
                                               " and datname = current_database ()"));
        }
      for (guint i = 0; i < 2; i++)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (KarezRows) rows = karez_store_query_finish (scope, waits[i].result, &error);

          g_assert_no_error (error);
          g_object_unref (waits[i].result);
        }
      rounds += most >= 2 ? 1 : 0;
    }
}

/* Two readers and a queue of four: the seventh question is refused at once. */
static void
test_queue (Fixture *f, gconstpointer data)
{
  KarezStore *scope = hub_store_get_scope (f->store, "clinic");
  TestWait waits[7] = { 0 };
  gint64 begin;

  warm_up (f);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    karez_store_query_async (scope, "sleep", g_variant_new ("(d)", 0.3), NULL, test_callback,
                             &waits[i]);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr (GAsyncResult) result = test_wait (&waits[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (KarezRows) rows = karez_store_query_finish (scope, result, &error);

      /* A machine that stalls for the 3 s that a question may wait is no fault of the queue. */
      if (i < 6 && g_get_monotonic_time () - begin < 3 * G_USEC_PER_SEC)
        g_assert_no_error (error);
      if (rows != NULL)
        {
          g_assert_cmpuint (i, <, 6);
          continue;
        }
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_BUSY);
      g_assert_cmpstr (karez_error_get_rule (error), ==, "database/queue");
      g_assert_nonnull (karez_error_get_accepted (error));
    }
}

static void
test_cancel_waiting (Fixture *f, gconstpointer data)
{
  KarezStore *scope = hub_store_get_scope (f->store, "clinic");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestWait busy[2] = { 0 }, wait = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 before;

  warm_up (f);
  before = g_get_monotonic_time ();
  for (guint i = 0; i < 2; i++)
    karez_store_query_async (scope, "sleep", g_variant_new ("(d)", 1.0), NULL, test_callback,
                             &busy[i]);
  karez_store_query_async (scope, "sleep", g_variant_new ("(d)", 0.0), cancellable, test_callback,
                           &wait);
  test_run_for (20);
  g_cancellable_cancel (cancellable);
  result = test_wait (&wait);
  g_assert_null (karez_store_query_finish (scope, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - before, <, 900 * 1000);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) other = test_wait (&busy[i]);
      g_autoptr (KarezRows) rows = karez_store_query_finish (scope, other, &error);
    }
}

/* However many bytes of files are read, nothing else waits for it. */
static void
test_bulk_takes_no_reader (Fixture *f, gconstpointer data)
{
  KarezStore *scope = hub_store_get_scope (f->store, "clinic");
  TestWait bulk[4] = { 0 }, wait = { 0 };
  gint64 begin;

  warm_up (f);
  for (guint i = 0; i < G_N_ELEMENTS (bulk); i++)
    karez_store_query_bulk_async (scope, "sleep", g_variant_new ("(d)", 1.0), NULL, test_callback,
                                  &bulk[i]);
  begin = g_get_monotonic_time ();
  karez_store_query_async (scope, "sleep", g_variant_new ("(d)", 0.0), NULL, test_callback, &wait);
  for (gsize i = 0; i <= G_N_ELEMENTS (bulk); i++)
    {
      g_autoptr (GAsyncResult) result = test_wait (i == 0 ? &wait : &bulk[i - 1]);
      g_autoptr (GError) error = NULL;
      g_autoptr (KarezRows) rows = karez_store_query_finish (scope, result, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (karez_rows_get_count (rows), ==, 1);
      if (i == 0)
        g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC * 9 / 10);
    }
}

static void
test_reader_cannot_write (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (test_query (f->store, "clinic", "read_writes", NULL, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_FAILED);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/read-only");
}

static void
count_changes (HubStore *store, GParamSpec *pspec, gpointer data)
{
  (*(guint *) data)++;
}

/* The backend of a running transaction is ended: nothing of it is kept, the caller is told that
 * nothing was done, and the store comes back by itself. */
static void
test_kill (Fixture *f, gconstpointer data)
{
  g_autoptr (KarezActor) actor = test_actor ();
  g_autofree char *id = hub_id_new ();
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (f->store, "clinic"), actor);
  TestWait wait = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (f->store, "notify::available", G_CALLBACK (count_changes), &f->changes);
  karez_transaction_run (transaction, "thing_put", "(ssim@ay)", id, "x", 0, NULL);
  karez_transaction_event (transaction, "thing.put", "thing", id, NULL);
  karez_transaction_run (transaction, "sleep", "(d)", 5.0);
  karez_transaction_commit_async (transaction, NULL, test_callback, &wait);
  test_run_until (test_count (f->pg, "select count(*) from pg_stat_activity"
                                     " where wait_event = 'PgSleep'"
                                     " and datname = current_database ()")
                  == 1);
  g_assert_cmpint (test_kill_backends (f->pg), >=, 3);
  result = test_wait (&wait);
  g_assert_false (karez_transaction_commit_finish (transaction, result, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  test_run_until (!hub_store_is_available (f->store) || f->changes > 0);

  test_run_until (hub_store_is_available (f->store));
  g_assert_cmpuint (f->changes, >=, 2);
  g_assert_cmpint (test_count (f->pg, "select count(*) from clinic.thing"), ==, 0);
  g_assert_true (test_put_thing (f->store, id, "again", &error));
  g_assert_no_error (error);
  /* All seven connections come back. */
  test_run_until (test_count (f->pg, "select count(*) from pg_stat_activity"
                                     " where datname = current_database ()")
                  == 8);
}

/* A server that does not answer any more: the commit's outcome is not known. */
static void
test_connection_cut (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *id = hub_id_new ();

  /* While nothing is under way: the next act waits for the new connection. */
  g_assert_cmpint (test_kill_backends (f->pg), >=, 3);
  test_run_for (30);
  g_assert_true (test_put_thing (f->store, id, "after", &error));
  g_assert_no_error (error);
}

static void
test_not_open (Fixture *f, gconstpointer data)
{
  g_autoptr (HubStore) store = hub_store_new ("host=/nowhere dbname=x", 3, 4);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TestWait wait = { 0 };

  g_assert_null (test_query (store, "karez", "event_horizon", NULL, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE);
  g_clear_error (&error);
  hub_store_open_async (store, NULL, test_callback, &wait);
  result = test_wait (&wait);
  g_assert_false (hub_store_open_finish (store, result, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE);
  g_assert_false (hub_store_is_available (store));
}

/* What still waits when the store is closed is answered. */
static void
test_close (Fixture *f, gconstpointer data)
{
  KarezStore *scope = hub_store_get_scope (f->store, "clinic");
  TestWait waits[4] = { 0 };

  warm_up (f);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    karez_store_query_async (scope, "sleep", g_variant_new ("(d)", 0.5), NULL, test_callback,
                             &waits[i]);
  test_run_for (50);
  hub_store_close (f->store);
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      g_autoptr (GAsyncResult) result = test_wait (&waits[i]);
      g_autoptr (GError) error = NULL;
      g_autoptr (KarezRows) rows = karez_store_query_finish (scope, result, &error);

      if (i >= 2)
        g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE);
      else
        g_assert_no_error (error);
    }
  /* And it can be opened again. */
  {
    TestWait wait = { 0 };
    g_autoptr (GAsyncResult) result = NULL;
    g_autoptr (GError) error = NULL;

    hub_store_open_async (f->store, NULL, test_callback, &wait);
    result = test_wait (&wait);
    g_assert_true (hub_store_open_finish (f->store, result, &error));
    g_assert_no_error (error);
  }
}

/* Each statement of the store and of the tests is prepared by opening; one that is not understood
 * is named. */
static void
test_bad_statement (Fixture *f, gconstpointer data)
{
  g_autoptr (HubStatements) statements = hub_statements_new ();
  g_autoptr (HubSchema) schema = hub_schema_new ("clinic", FALSE);
  HubPgSettings settings = { test_database (), statements, FALSE, 1000 };
  g_autoptr (HubPgPool) pool = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TestWait wait = { 0 };

  hub_schema_add (schema, "x.sql",
                  "-- name: good\nselect 1\n-- name: bad\nselect nothing from clinic.thing\n",
                  &error);
  hub_statements_add (statements, schema, &error);
  g_assert_no_error (error);
  pool = hub_pg_pool_new (&settings, 1, 1);
  hub_pg_pool_open_async (pool, NULL, test_callback, &wait);
  result = test_wait (&wait);
  g_assert_false (hub_pg_pool_open_finish (pool, result, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_FAILED);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/statement");
  g_assert_nonnull (strstr (error->message, "clinic.bad"));
}

static void
on_lost (HubPgConnection *connection, HubPgBatch *batch, const char *lost, gpointer data)
{
  *(char **) data = g_strdup (lost);
}

/* A batch without an answer closes the connection at its deadline. */
static void
test_deadline (Fixture *f, gconstpointer data)
{
  g_autoptr (HubStatements) statements = hub_statements_new ();
  HubPgSettings settings = { test_database (), statements, TRUE, 10000 };
  g_autoptr (HubPgBatch) batch = hub_pg_batch_new (HUB_PG_SYNC);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *lost = NULL;
  HubPgConnection *connection;
  TestWait wait = { 0 };

  hub_pg_connection_open_async (&settings, NULL, test_callback, &wait);
  result = test_wait (&wait);
  connection = hub_pg_connection_open_finish (result, &error);
  g_assert_no_error (error);
  hub_pg_batch_add_text (batch, "select pg_sleep (3)");
  hub_pg_connection_send (connection, batch, 200, on_lost, &lost);
  test_run_until (lost != NULL);
  g_assert_cmpstr (lost, ==, "no answer in time");
  g_assert_false (hub_pg_connection_is_open (connection));
  g_object_unref (connection);
}

static void
on_ended (HubPgConnection *connection, HubPgBatch *batch, const char *lost, gpointer data)
{
  g_autoptr (HubPgBatch) next = hub_pg_batch_new (HUB_PG_FLUSH);
  const PGresult *refusal;

  g_assert_cmpint (hub_pg_batch_get_failed (batch, &refusal), ==, 0);
  hub_pg_batch_add_text (next, "select 1");
  hub_pg_connection_send (connection, next, 5000, on_lost, data);
}

/* Who asks in a session that has just ended has no answer, and no empty one either. */
static void
test_after_the_end (Fixture *f, gconstpointer data)
{
  g_autoptr (HubStatements) statements = hub_statements_new ();
  HubPgSettings settings = { test_database (), statements, TRUE, 10000 };

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (HubPgBatch) batch = hub_pg_batch_new (HUB_PG_FLUSH);
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *lost = NULL;
      g_autoptr (HubPgConnection) connection = NULL;
      TestWait wait = { 0 };

      hub_pg_connection_open_async (&settings, NULL, test_callback, &wait);
      result = test_wait (&wait);
      connection = hub_pg_connection_open_finish (result, &error);
      g_assert_no_error (error);
      hub_pg_batch_add_text (batch, "select pg_terminate_backend (pg_backend_pid ())");
      hub_pg_connection_send (connection, batch, 5000, on_ended, &lost);
      test_run_until (!hub_pg_connection_is_open (connection) && lost != NULL);
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Losing the database is a warning, and what these tests are about. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  ADD ("/store/pool/queue", test_queue);
  ADD ("/store/pool/cancel-waiting", test_cancel_waiting);
  ADD ("/store/pool/bulk-takes-no-reader", test_bulk_takes_no_reader);
  ADD ("/store/pool/reader-cannot-write", test_reader_cannot_write);
  ADD ("/store/pool/kill", test_kill);
  ADD ("/store/pool/connection-cut", test_connection_cut);
  ADD ("/store/pool/not-open", test_not_open);
  ADD ("/store/pool/close", test_close);
  ADD ("/store/pool/bad-statement", test_bad_statement);
  ADD ("/store/pool/deadline", test_deadline);
  ADD ("/store/pool/after-the-end", test_after_the_end);

  return g_test_run ();
}
