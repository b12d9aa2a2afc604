/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every schema of this version in one database. */
#include "store-test.h"

#include "hub-migrate.h"
#include "hub-pg-pool.h"

#include <string.h>

/* The hub's schemas in the order of their references; the plugins' follow. */
static const char *const order[] = { "store", "web", "agenda", "peers", "engine", NULL };

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list (const char *path, const char *suffix)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      if (g_str_has_suffix (name, suffix))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare);
  return names;
}

static void
add_schema (GPtrArray *schemas, HubStatements *statements, const char *path, const char *name,
            gboolean plugin)
{
  g_autoptr (GPtrArray) files = list (path, ".sql");
  HubSchema *schema;
  g_autoptr (GError) error = NULL;

  if (files->len == 0)
    return;
  schema = hub_schema_new (name, plugin);
  g_ptr_array_add (schemas, schema);
  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *file = g_build_filename (path, files->pdata[i], NULL);
      g_autofree char *text = NULL;

      g_assert_true (g_file_get_contents (file, &text, NULL, &error));
      hub_schema_add (schema, files->pdata[i], text, &error);
      g_assert_no_error (error);
    }
  hub_statements_add (statements, schema, &error);
  g_assert_no_error (error);
}

/* What is in the tree migrates from nothing and prepares: an error in SQL fails here. */
static void
test_all (void)
{
  const char *source = g_getenv ("G_TEST_SRCDIR");
  g_autofree char *root = g_str_has_suffix (source, "/tests") ? g_path_get_dirname (source)
                                                              : g_strdup (source);
  g_autofree char *plugins = g_build_filename (root, "plugins", NULL);
  g_autoptr (GPtrArray)
      schemas = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_schema_unref);
  g_autoptr (HubStatements) statements = hub_statements_new ();
  g_autoptr (GPtrArray) names = list (plugins, "");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (HubPgPool) pool = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *version = NULL;
  HubPgSettings settings = { test_database (), statements, FALSE, 10000 };
  TestWait wait = { 0 };
  PGconn *pg;

  test_reset ();
  for (guint i = 0; order[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (root, "hub", order[i], "sql", NULL);

      add_schema (schemas, statements, path, i == 0 ? "karez" : order[i], FALSE);
    }
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (plugins, names->pdata[i], "sql", NULL);

      if (hub_schema_name_is_valid (names->pdata[i]))
        add_schema (schemas, statements, path, names->pdata[i], TRUE);
    }
  g_assert_cmpuint (schemas->len, >=, G_N_ELEMENTS (order) - 1);

  hub_migrate (test_database (), schemas, &version, &error);
  g_assert_no_error (error);
  pool = hub_pg_pool_new (&settings, 1, 1);
  hub_pg_pool_open_async (pool, NULL, test_callback, &wait);
  result = test_wait (&wait);
  hub_pg_pool_open_finish (pool, result, &error);
  g_assert_no_error (error);
  g_test_message ("%u schemas, %u statements", schemas->len, hub_statements_list (statements)->len);
  g_assert_cmpuint (hub_statements_list (statements)->len, >, 10);
  hub_pg_pool_close (pool);

  /* And a second start finds nothing to do. */
  g_clear_pointer (&version, g_free);
  hub_migrate (test_database (), schemas, &version, &error);
  g_assert_no_error (error);

  pg = test_connect ();
  PQclear (PQexec (pg, "set client_min_messages = warning"));
  for (guint i = schemas->len; i > 0; i--)
    {
      HubSchema *schema = schemas->pdata[i - 1];
      g_autofree char *sql = g_strdup_printf ("drop schema %s cascade", schema->name);

      g_free (test_ask (pg, sql));
    }
  PQfinish (pg);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/store/schemas/all", test_all);

  return g_test_run ();
}
