/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The feed of events loses nothing. */
#include "store-test.h"

#include "hub-id.h"
#include "hub-statements.h"

#include <string.h>
#include <unistd.h>

typedef struct
{
  HubStore *store;
  HubFeed *feed;
  PGconn *pg;
  GHashTable *seen;
  guint n;
  char *last;
} Fixture;

/* "XID.UUID" of later transactions sorts by number. */
static int
compare_cursors (const char *a, const char *b)
{
  guint64 x = g_ascii_strtoull (a, NULL, 10), y = g_ascii_strtoull (b, NULL, 10);

  return x != y ? (x < y ? -1 : 1) : strcmp (strchr (a, '.'), strchr (b, '.'));
}

static void
on_event (HubFeed *feed, JsonNode *event, const char *cursor, gpointer data)
{
  Fixture *f = data;
  const char *id = json_object_get_string_member (json_node_get_object (event), "id");

  g_assert_true (g_hash_table_add (f->seen, g_strdup (id)));
  if (f->last != NULL)
    g_assert_cmpint (compare_cursors (f->last, cursor), <, 0);
  g_free (f->last);
  f->last = g_strdup (cursor);
  f->n++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  test_reset ();
  f->store = test_store (8, 500);
  f->pg = test_connect ();
  f->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  f->feed = hub_feed_new (f->store);
  g_signal_connect (f->feed, "event", G_CALLBACK (on_event), f);
  test_run_until (hub_feed_get_cursor (f->feed) != NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  hub_feed_stop (f->feed);
  test_run_for (50);
  g_object_unref (f->feed);
  PQfinish (f->pg);
  g_hash_table_unref (f->seen);
  g_free (f->last);
  test_store_free (f->store);
}

static GPtrArray *
read_feed (Fixture *f, const char *cursor, guint limit, char **next, GError **error)
{
  TestWait wait = { 0 };
  g_autoptr (GAsyncResult) result = NULL;

  hub_feed_read_async (f->feed, cursor, limit, NULL, test_callback, &wait);
  result = test_wait (&wait);
  return hub_feed_read_finish (f->feed, result, next, error);
}

static void
test_read (Fixture *f, gconstpointer data)
{
  g_autofree char *now = NULL, *next = NULL, *end = NULL, *still = NULL;
  g_autofree char *id = hub_id_new ();
  g_autofree char *other = hub_id_new ();
  g_autoptr (GPtrArray) none = NULL, one = NULL, two = NULL, three = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *event;

  none = read_feed (f, NULL, 10, &now, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_true (test_put_thing (f->store, id, "one", &error));
  g_assert_true (test_put_thing (f->store, other, "two", &error));
  test_run_until (f->n == 2);

  one = read_feed (f, now, 1, &next, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (one->len, ==, 1);
  event = json_node_get_object (one->pdata[0]);
  g_assert_cmpstr (json_object_get_string_member (event, "action"), ==, "thing.put");
  g_assert_cmpstr (json_object_get_string_member (event, "schema"), ==, "clinic");
  g_assert_cmpstr (json_object_get_string_member (event, "row"), ==, id);
  g_assert_cmpstr (
      json_object_get_string_member (json_object_get_object_member (event, "actor"), "name"), ==,
      "爱丽丝");
  g_assert_cmpuint (strlen (json_object_get_string_member (event, "at")), ==,
                    strlen ("2026-11-24T06:26:00.000Z"));
  two = read_feed (f, next, 10, &end, &error);
  g_assert_cmpuint (two->len, ==, 1);
  three = read_feed (f, end, 10, &still, &error);
  g_assert_cmpuint (three->len, ==, 0);
  g_assert_cmpstr (still, ==, end);
  g_assert_cmpstr (end, ==, f->last);
}

static void
test_bad_cursors (Fixture *f, gconstpointer data)
{
  const char *bad[] = { "",
                        "x",
                        "12",
                        "12.",
                        "-1.00000000-0000-0000-0000-000000000000",
                        "0.00000000-0000-0000-0000-000000000000",
                        "1.00000000-0000-0000-0000-00000000000g",
                        "99999999999999999999.00000000-0000-0000-0000-000000000000",
                        "1.00000000-0000-0000-0000-000000000000 or true" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_null (read_feed (f, bad[i], 10, NULL, &error));
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_INVALID);
      g_assert_cmpstr (karez_error_get_rule (error), ==, "events/cursor");
      g_clear_error (&error);
    }
  g_assert_null (
      read_feed (f, "4000000000000.00000000-0000-0000-0000-000000000000", 10, NULL, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "events/cursor-ahead");
}

typedef struct
{
  guint writer;
} Writer;

/* A writer beside the hub: transactions of random length, so that ids and xids commit out of
 * order. */
static gpointer
write_in_thread (gpointer data)
{
  PGconn *pg = test_connect ();
  GRand *rand = g_rand_new_with_seed (GPOINTER_TO_UINT (data));

  for (guint i = 0; i < 60; i++)
    {
      g_autofree char *sql = g_strdup_printf (
          "begin; insert into karez.event (id, actor_kind, actor_id, actor_name, action)"
          " values (gen_random_uuid (), 'hub', 'w', 'w', 'thing.write');"
          " select pg_sleep (%f); %s",
          g_rand_double_range (rand, 0, 0.03), g_rand_boolean (rand) ? "commit" : "rollback");
      PGresult *result = PQexec (pg, sql);

      g_assert_true (PQresultStatus (result) == PGRES_COMMAND_OK);
      PQclear (result);
    }
  g_rand_free (rand);
  PQfinish (pg);
  return NULL;
}

/* What an "id > last" reader loses: no row is missed, none comes twice, and the order never turns
 * back. */
static void
test_concurrent (Fixture *f, gconstpointer data)
{
  GThread *threads[6];
  gint64 expected;

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("writer", write_in_thread, GUINT_TO_POINTER (i + 1));
  for (guint i = 0; i < 30; i++)
    {
      g_autofree char *id = hub_id_new ();
      g_autoptr (GError) error = NULL;

      test_put_thing (f->store, id, id, &error);
      g_assert_no_error (error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  expected = test_count (f->pg, "select count(*) from karez.event"
                                " where action in ('thing.write', 'thing.put')");
  g_assert_cmpint (expected, >, 100);
  test_run_until (f->n >= expected);
  test_run_for (1200);
  g_assert_cmpuint (f->n, ==, expected);
}

/* An event shows soon after its commit, and a break of the database loses none. */
static void
test_wakes (Fixture *f, gconstpointer data)
{
  g_autofree char *id = hub_id_new ();
  g_autofree char *other = hub_id_new ();
  g_autoptr (GError) error = NULL;
  gint64 before;

  g_assert_true (test_put_thing (f->store, id, "one", &error));
  before = g_get_monotonic_time ();
  test_run_until (f->n == 1);
  g_assert_cmpint (g_get_monotonic_time () - before, <, 500 * 1000);

  test_kill_backends (f->pg);
  test_run_for (50);
  test_run_until (hub_store_is_available (f->store));
  test_put_thing (f->store, other, "two", &error);
  g_assert_no_error (error);
  test_run_until (f->n == 2);
}

static PGconn *
connect_with (const char *more)
{
  g_autofree char *conninfo = g_strconcat (test_database (), more, NULL);
  PGconn *pg = PQconnectdb (conninfo);

  g_assert_cmpint (PQstatus (pg), ==, CONNECTION_OK);
  return pg;
}

/* One that is not the newest of its cluster. */
static gint64
begin_writing (Fixture *f, PGconn *pg)
{
  gint64 xid;

  g_free (test_ask (pg, "begin"));
  xid = test_count (pg, "select pg_current_xact_id ()");
  g_assert_cmpint (test_count (f->pg, "select pg_current_xact_id ()"), >, xid);
  return xid;
}

/* A transaction that is open holds events back in its own database, in no other. */
static void
test_open_transaction (Fixture *f, gconstpointer data)
{
  PGconn *elsewhere = connect_with (" dbname=postgres"), *here = connect_with ("");
  g_autofree char *one = hub_id_new ();
  g_autofree char *two = hub_id_new ();
  g_autoptr (GError) error = NULL;

  begin_writing (f, elsewhere);
  g_assert_true (test_put_thing (f->store, one, "one", &error));
  test_run_until (f->n == 1);

  begin_writing (f, here);
  g_assert_true (test_put_thing (f->store, two, "two", &error));
  test_run_for (1500);
  g_assert_cmpuint (f->n, ==, 1);
  g_free (test_ask (here, "insert into karez.event (id, actor_kind, actor_id, actor_name, action)"
                          " values (gen_random_uuid (), 'hub', 'w', 'w', 'thing.write')"));
  g_free (test_ask (here, "commit"));
  test_run_until (f->n == 3);
  PQfinish (here);
  PQfinish (elsewhere);
}

/* Where somebody is connected whose transactions the hub may not see, those of the whole cluster
 * count. */
static void
test_hidden_transaction (Fixture *f, gconstpointer data)
{
  g_autoptr (HubSchema) schema = hub_schema_new ("karez", FALSE);
  g_autoptr (HubStatements) statements = hub_statements_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strdup_printf ("karez_test_%d", (int) getpid ());
  g_autofree char *make = g_strdup_printf ("create role %s_hub in role hub; create role %s login",
                                           name, name);
  g_autofree char *become = g_strdup_printf ("set role %s_hub", name);
  g_autofree char *unmake = g_strdup_printf ("drop role %s_hub; drop role %s", name, name);
  g_autofree char *user = g_strdup_printf (" user=%s", name);
  const char *horizon;
  PGconn *elsewhere, *hidden;
  gint64 xid;

  g_assert_true (hub_schema_load (schema, "/org/karez/store", &error));
  g_assert_true (hub_statements_add (statements, schema, &error));
  horizon = hub_statements_lookup (statements, "karez", "event_horizon")->sql;
  g_free (test_ask (f->pg, make));
  elsewhere = connect_with (" dbname=postgres");
  xid = begin_writing (f, elsewhere);
  g_free (test_ask (f->pg, become));
  g_assert_cmpint (test_count (f->pg, horizon), >, xid);
  hidden = connect_with (user);
  g_assert_cmpint (test_count (f->pg, horizon), <=, xid);
  g_free (test_ask (f->pg, "reset role"));
  g_assert_cmpint (test_count (f->pg, horizon), >, xid);
  xid = begin_writing (f, hidden);
  g_assert_cmpint (test_count (f->pg, horizon), ==, xid);
  PQfinish (hidden);
  PQfinish (elsewhere);
  g_free (test_ask (f->pg, unmake));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  ADD ("/store/feed/read", test_read);
  ADD ("/store/feed/bad-cursors", test_bad_cursors);
  ADD ("/store/feed/concurrent", test_concurrent);
  ADD ("/store/feed/wakes", test_wakes);
  ADD ("/store/feed/open-transaction", test_open_transaction);
  ADD ("/store/feed/hidden-transaction", test_hidden_transaction);

  return g_test_run ();
}
