/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Migrations, and databases of an older version. */
#include "store-test.h"

#include "hub-migrate.h"

#include <string.h>

#define NOTES "create table notes.note (id uuid primary key, text text)"

typedef struct
{
  PGconn *pg;
  GPtrArray *schemas;
  HubSchema *notes;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  HubSchema *base = hub_schema_new ("karez", FALSE);

  test_reset ();
  f->pg = test_connect ();
  PQclear (PQexec (f->pg, "set client_min_messages = warning"));
  hub_schema_load (base, "/org/karez/store", &error);
  g_assert_no_error (error);
  f->notes = hub_schema_new ("notes", TRUE);
  f->schemas = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_schema_unref);
  g_ptr_array_add (f->schemas, base);
  g_ptr_array_add (f->schemas, f->notes);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  PQfinish (f->pg);
  g_ptr_array_unref (f->schemas);
}

static gboolean
migrate (Fixture *f, GError **error)
{
  g_autofree char *version = NULL;

  return hub_migrate (test_database (), f->schemas, &version, error);
}

static void
add (Fixture *f, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;

  hub_schema_add (f->notes, name, text, &error);
  g_assert_no_error (error);
}

/* The next start of the program brings other files. */
static void
replace (Fixture *f)
{
  f->notes = hub_schema_new ("notes", TRUE);
  g_ptr_array_remove_index (f->schemas, 1);
  g_ptr_array_add (f->schemas, f->notes);
}

/* The plugin's schema is left out, and the hub goes on. */
static void
assert_refused (Fixture *f, const char *rule, const char *says)
{
  const GError *refusal = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (migrate (f, &error));
  g_assert_no_error (error);
  refusal = f->notes->refusal;
  g_assert_error (refusal, KAREZ_ERROR, KAREZ_ERROR_FAILED);
  g_assert_cmpstr (karez_error_get_rule (refusal), ==, rule);
  g_test_message ("%s", refusal->message);
  g_assert_nonnull (strstr (refusal->message, says));
}

/* What a plugin's migration leaves in the session does not reach the next plugin. */
static void
test_next_plugin (Fixture *f, gconstpointer data)
{
  static const char *const bad[] = { "set search_path = notes; set role none; select 1 / 0",
                                     NOTES "; commit; begin", "rollback",
                                     "select pg_advisory_unlock_all (); select * from nowhere" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      HubSchema *next = hub_schema_new ("next", TRUE);

      replace (f);
      add (f, "0001-bad.sql", bad[i]);
      hub_schema_add (next, "0001-next.sql", "create table next.thing (id uuid primary key)", NULL);
      g_ptr_array_add (f->schemas, next);
      g_assert_true (migrate (f, NULL));
      g_assert_nonnull (f->notes->refusal);
      g_assert_no_error (next->refusal);
      g_assert_cmpint (test_count (f->pg, "select count(*) from pg_trigger t join pg_class c on"
                                          " c.oid = t.tgrelid where c.relname = 'thing'"
                                          " and t.tgname = 'karez_demand_event'"),
                       ==, 1);
      g_ptr_array_remove_index (f->schemas, 2);
      g_free (test_ask (f->pg, "drop schema next cascade"));
      g_free (test_ask (f->pg, "drop schema if exists notes cascade"));
      g_free (test_ask (f->pg, "delete from karez.migration where schema = 'next'"));
    }
}

/* Besides the hub's own. */
static gint64
count_applied (Fixture *f)
{
  return test_count (f->pg, "select count(*) from karez.migration where schema <> 'karez'");
}

static void
test_forward (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *columns = NULL;

  add (f, "0001-notes.sql", NOTES);
  g_assert_true (migrate (f, &error));
  g_assert_no_error (error);
  g_assert_cmpint (count_applied (f), ==, 1);
  g_assert_cmpint (test_count (f->pg, "select count(*) from karez.event"
                                      " where action = 'migration.apply'"),
                   ==, test_count (f->pg, "select count(*) from karez.migration"));

  /* Again nothing happens. */
  g_free (test_ask (f->pg, "insert into karez.hub values (true, gen_random_uuid (), '{}', 4)"));
  g_assert_true (migrate (f, &error));
  g_assert_cmpint (test_count (f->pg, "select incarnation from karez.hub"), ==, 4);
  g_assert_cmpint (count_applied (f), ==, 1);

  /* Rows are there; a migration may change them, and the trigger is there again after it. */
  g_free (test_ask (f->pg, "with n as (insert into notes.note values"
                           " ('0197e5f0-0000-7000-8000-000000000001', 'x') returning id)"
                           " insert into karez.event (id, actor_kind, actor_id, actor_name, action,"
                           " subject_schema, subject_table, subject_row) select gen_random_uuid (),"
                           " 'hub', 'x', 'x', 'note.put', 'notes', 'note', id from n"));
  add (f, "0002-more.sql",
       "alter table notes.note add more text; update notes.note set more = text;"
       "create table notes.line (note uuid not null references notes.note, n integer,"
       " primary key (note, n));"
       "insert into karez.table_rule values ('notes', 'line', 'part', 'note', 'note', 'w');");
  g_assert_true (migrate (f, &error));
  g_assert_no_error (error);
  columns = test_ask (f->pg, "select more from notes.note");
  g_assert_cmpstr (columns, ==, "x");
  g_assert_cmpint (test_count (f->pg, "select count(*) from pg_trigger t join pg_class c"
                                      " on c.oid = t.tgrelid where t.tgname = 'karez_demand_event'"
                                      " and c.relnamespace = 'notes'::regnamespace"
                                      " and t.tgdeferrable and t.tginitdeferred"
                                      " and t.tgconstraint <> 0"),
                   ==, 2);
  {
    g_autofree char *state = test_refused (f->pg, "update notes.note set more = 'y'");

    g_assert_cmpstr (state, ==, "KZ001");
  }
}

static void
test_changed (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  add (f, "0001-notes.sql", NOTES);
  g_assert_true (migrate (f, &error));
  replace (f);
  add (f, "0001-notes.sql", NOTES " ");
  assert_refused (f, "database/migration-changed", "notes/0001-notes.sql");
}

static void
test_newer (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  add (f, "0001-notes.sql", NOTES);
  add (f, "0002-more.sql", "alter table notes.note add more text");
  g_assert_true (migrate (f, &error));
  replace (f);
  add (f, "0001-notes.sql", NOTES);
  assert_refused (f, "database/newer", "notes/0002-more.sql");
}

/* One transaction a file: what failed left nothing, and what was before it stays. */
static void
test_whole (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  add (f, "0001-notes.sql", NOTES);
  add (f, "0002-bad.sql", "create table notes.half (id uuid primary key); select * from nowhere");
  assert_refused (f, "database/migration", "notes/0002-bad.sql");
  g_assert_cmpint (count_applied (f), ==, 1);
  g_assert_cmpint (test_count (f->pg, "select count(*) from pg_class where relname = 'half'"), ==,
                   0);
  replace (f);
  add (f, "0001-notes.sql", NOTES);
  add (f, "0002-good.sql", "create table notes.half (id uuid primary key)");
  g_assert_true (migrate (f, &error));
  g_assert_no_error (error);
}

static void
test_rules (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *text, *says;
  } bad[] = {
    { "create table notes.a (x integer, y integer, primary key (x, y))", "notes.a" },
    { "create table notes.a (x integer)", "notes.a" },
    { NOTES "; insert into karez.table_rule values"
            " ('notes', 'note', 'bookkeeping', null, null, 'w')",
      "takes a table out" },
    { NOTES "; insert into karez.table_rule values"
            " ('karez', 'person', 'part', 'note', 'id', 'w')",
      "takes a table out" },
    { NOTES "; insert into karez.table_rule values"
            " ('notes', 'note', 'part', 'nowhere', 'id', 'w')",
      "not there" },
    { "delete from karez.table_rule", "permission denied" },
    { "create table karez.mine (id uuid primary key)", "permission denied" },
    { "select * from karez.person", "permission denied" },
    { "alter table karez.event disable trigger all", "owner" },
    { NOTES "; commit; begin", "its own transaction" },
    { "rollback", "its own transaction" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      replace (f);
      add (f, "0001-bad.sql", bad[i].text);
      assert_refused (f, "database/migration", bad[i].says);
      g_free (test_ask (f->pg, "drop schema if exists notes cascade"));
    }
}

static gpointer
migrate_in_thread (gpointer data)
{
  g_autoptr (GPtrArray) schemas = g_ptr_array_new ();
  g_autoptr (HubSchema) base = hub_schema_new ("karez", FALSE);
  g_autoptr (HubSchema) notes = hub_schema_new ("notes", TRUE);
  g_autofree char *version = NULL;
  GError *error = NULL;

  hub_schema_load (base, "/org/karez/store", &error);
  hub_schema_add (notes, "0001-notes.sql", NOTES, &error);
  g_ptr_array_add (schemas, base);
  g_ptr_array_add (schemas, notes);
  hub_migrate (test_database (), schemas, &version, &error);
  return error;
}

/* Several hubs of one database start at once. */
static void
test_together (Fixture *f, gconstpointer data)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("migrate", migrate_in_thread, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autoptr (GError) error = g_thread_join (threads[i]);

      g_assert_no_error (error);
    }
  g_assert_cmpint (count_applied (f), ==, 1);
}

static void
test_away (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *version = NULL;

  g_assert_false (hub_migrate ("host=/nowhere dbname=x", f->schemas, &version, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_autoptr (HubStore) keeps_the_resource = hub_store_new ("", 3, 1);

  g_test_init (&argc, &argv, NULL);

  ADD ("/store/migrate/forward", test_forward);
  ADD ("/store/migrate/next-plugin", test_next_plugin);
  ADD ("/store/migrate/changed", test_changed);
  ADD ("/store/migrate/newer", test_newer);
  ADD ("/store/migrate/whole", test_whole);
  ADD ("/store/migrate/rules", test_rules);
  ADD ("/store/migrate/together", test_together);
  ADD ("/store/migrate/away", test_away);

  return g_test_run ();
}
