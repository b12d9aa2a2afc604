/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The group writer. */
#include "store-test.h"

#include "hub-pg-writer.h"

typedef struct
{
  HubStore *store;
  PGconn *pg;
  KarezActor *actor;
  guint kept, refused, busy;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  test_reset ();
  f->store = test_store (4, 400);
  f->pg = test_connect ();
  f->actor = test_actor ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  PQfinish (f->pg);
  karez_actor_unref (f->actor);
  test_store_free (f->store);
}

static void
on_appended (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *f = data;
  g_autoptr (GError) error = NULL;

  if (hub_store_append_event_finish (HUB_STORE (source), result, &error))
    f->kept++;
  else if (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_BUSY))
    f->busy++;
  else
    {
      /* A check of karez.event, or a value that is no UUID. */
      g_assert_true (karez_error_is_conflict (error) || karez_error_is_invalid (error));
      f->refused++;
    }
}

static void
append (Fixture *f, const char *action, const char *session)
{
  hub_store_append_event_async (f->store, f->actor, action, 4, session, NULL,
                                karez_json_object ("n", "i", (gint64) 1, NULL), NULL, on_appended,
                                f);
}

#define EVENTS "select count(*) from karez.event where action <> 'migration.apply'"

static void
test_many (Fixture *f, gconstpointer data)
{
  gint64 transactions;

  for (guint i = 0; i < 300; i++)
    append (f, "sign-in.refused", NULL);
  test_run_until (f->kept == 300);
  g_assert_cmpint (test_count (f->pg, EVENTS), ==, 300);
  g_assert_cmpint (test_count (f->pg, "select sum (outcome) from karez.event"), ==, 1200);
  transactions = test_count (f->pg, "select count (distinct xid) from karez.event"
                                    " where action <> 'migration.apply'");
  /* The first alone, then what waited meanwhile. */
  g_assert_cmpint (transactions, <=, 4);
}

/* One bad row in the middle of a batch: it fails, its neighbours are kept. */
static void
test_bad_row (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 60; i++)
    append (f, i == 20 ? "Not An Action" : "thing.read", i == 40 ? "not a uuid" : NULL);
  test_run_until (f->kept + f->refused == 60);
  g_assert_cmpuint (f->refused, ==, 2);
  g_assert_cmpint (test_count (f->pg, EVENTS), ==, 58);
  append (f, "thing.read", NULL);
  test_run_until (f->kept == 59);
}

static void
test_full (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 1000; i++)
    append (f, "thing.read", NULL);
  test_run_until (f->kept + f->busy == 1000);
  g_assert_cmpuint (f->busy, >, 0);
  g_assert_cmpuint (f->kept, >=, 400);
  g_assert_cmpint (test_count (f->pg, EVENTS), ==, f->kept);
}

/* The connection breaks again and again under load: each row is kept, and once. */
static void
test_kill (Fixture *f, gconstpointer data)
{
  for (guint round = 0; round < 4; round++)
    {
      for (guint i = 0; i < 50; i++)
        append (f, "thing.read", NULL);
      test_run_for (3 * round);
      test_kill_backends (f->pg);
      test_run_for (200);
    }
  test_run_until (f->kept == 200);
  g_assert_cmpint (test_count (f->pg, EVENTS), ==, 200);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  ADD ("/store/writer/many", test_many);
  ADD ("/store/writer/bad-row", test_bad_row);
  ADD ("/store/writer/full", test_full);
  ADD ("/store/writer/kill", test_kill);

  return g_test_run ();
}
