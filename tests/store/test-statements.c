/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of statements, good and bad. */
#include "hub-pg-params.h"
#include "hub-statements.h"

#include <string.h>

static gboolean
add (HubStatements *statements, const char *schema_name, const char *text, GError **error)
{
  g_autoptr (HubSchema) schema = hub_schema_new (schema_name, FALSE);

  return hub_schema_add (schema, "x.sql", text, error)
         && hub_statements_add (statements, schema, error);
}

static void
test_good (void)
{
  g_autoptr (HubStatements) statements = hub_statements_new ();
  g_autoptr (GError) error = NULL;
  const HubStatement *statement;

  g_assert_true (add (statements, "a",
                      "-- SPDX\n\n-- name: one\nselect 1;\n\n-- name:two \n-- why\nWITH x as (\n"
                      "select 2)\nselect * from x\n;\n",
                      &error));
  g_assert_no_error (error);
  g_assert_true (add (statements, "b", "-- name: one\nvalues (3)\n", &error));
  g_assert_cmpuint (hub_statements_list (statements)->len, ==, 3);
  statement = hub_statements_lookup (statements, "a", "one");
  g_assert_cmpstr (statement->key, ==, "a.one");
  g_assert_cmpstr (statement->sql, ==, "select 1");
  statement = hub_statements_lookup (statements, "a", "two");
  g_assert_cmpstr (statement->sql, ==, "-- why\nWITH x as (\nselect 2)\nselect * from x");
  g_assert_nonnull (hub_statements_lookup (statements, "b", "one"));
  g_assert_null (hub_statements_lookup (statements, "b", "two"));
}

static void
test_refused (void)
{
  const char *bad[] = {
    "select 1;\n",                                      /* no name */
    "-- name: one\n",                                   /* nothing */
    "-- name: One\nselect 1\n",                         /* not a name */
    "-- name: a b\nselect 1\n",                         /* two words */
    "-- name: one\nselect 1\n-- name: one\nselect 2\n", /* twice */
    "-- name: one\ncommit\n",                           /* ends the transaction */
    "-- name: one\ntruncate x\n",                       /* passes by the triggers */
    "-- name: one\nset role hub\n",                     /* another role */
    "-- name: one\nselection\n",
    "-- name: one\n-- only a comment\n",
    "-- name: a_name_that_is_much_longer_than_it_could_ever_be\nselect 1\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (HubStatements) statements = hub_statements_new ();
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_false (add (statements, "a", bad[i], &error));
      g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_FAILED);
      g_assert_cmpstr (karez_error_get_rule (error), ==, "database/statement");
    }
}

static void
test_migrations (void)
{
  g_autoptr (HubSchema) schema = hub_schema_new ("a", TRUE);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (schema->role, ==, "karez_plugin_a");
  g_assert_true (hub_schema_add (schema, "0001-a.sql", "select 1", &error));
  g_assert_false (hub_schema_add (schema, "0003-a.sql", "select 1", &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/migration");
  g_clear_error (&error);
  g_assert_false (hub_schema_add (schema, "2-a.sql", "select 1", &error));
  g_clear_error (&error);
  g_assert_true (hub_schema_add (schema, "0002-a.sql", "select 2", &error));
  g_assert_cmpstr (((HubMigration *) schema->migrations->pdata[1])->sha256, !=,
                   ((HubMigration *) schema->migrations->pdata[0])->sha256);
  g_assert_false (hub_schema_name_is_valid ("a;drop"));
  g_assert_false (hub_schema_name_is_valid (""));
  g_assert_false (hub_schema_name_is_valid ("1a"));
  g_assert_true (hub_schema_name_is_valid ("tele_icu2"));
}

static void
test_params (void)
{
  const char *words[] = { "a", "b\"\\", "", "NULL", "{}", NULL };
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_new (
      "(smsbixtdms^as@aymx)", "text", NULL, TRUE, -5, G_MININT64, G_MAXUINT64, 0.1, "x", words,
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, "\0\1", 2, 1), TRUE, (gint64) 9));
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPgParams) params = hub_pg_params_new (variant, &error);
  g_autoptr (GVariant) odd = g_variant_ref_sink (g_variant_new ("(s(ss))", "a", "b", "c"));
  const char *expected[] = { "text",
                             NULL,
                             "true",
                             "-5",
                             "-9223372036854775808",
                             "18446744073709551615",
                             "0.10000000000000001",
                             "x",
                             "{\"a\",\"b\\\"\\\\\",\"\",\"NULL\",\"{}\"}" };

  g_assert_no_error (error);
  g_assert_cmpint (params->count, ==, 11);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (params->values[i], ==, expected[i]);
  g_assert_cmpint (params->formats[9], ==, 1);
  g_assert_cmpmem (params->values[9], params->lengths[9], "\0\1", 2);
  g_assert_cmpstr (params->values[10], ==, "9");

  g_assert_null (hub_pg_params_new (odd, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/store/statements/good", test_good);
  g_test_add_func ("/store/statements/refused", test_refused);
  g_test_add_func ("/store/statements/migrations", test_migrations);
  g_test_add_func ("/store/statements/params", test_params);

  return g_test_run ();
}
