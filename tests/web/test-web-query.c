/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parameters of an address. */

/* Parameters of an address: none is cut, altered or left out. */
#include "hub-web-query.h"

static void
test_refused (void)
{
  const char *const refused[] = {
    "a=1%00b", "%00",   "a=%ff",     "%ed%a0%80=1", "a=%1b",          "a=%c2%85",
    "a=1&a=2", "a&%61", "a=1&%61=2", "a=%4",        "a=%zz",          "a=%",
    "%=1",     "=&=",   "a=%e5%9d",  "a=%ef%bf%bf", "a=%f4%90%80%80",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (hub_web_query_parse (refused[i], &error));
      g_assert_cmpstr (karez_error_get_rule (error), ==, "request/query");
      g_assert_nonnull (karez_error_get_accepted (error));
    }
}

static void
test_taken (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) none = hub_web_query_parse (NULL, &error);
  g_autoptr (GHashTable)
      some = hub_web_query_parse ("a=1&&b=%20+%2B&n=%E5%9D%8E&c=d=e&f&=g", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (none), ==, 0);
  g_assert_cmpuint (g_hash_table_size (some), ==, 6);
  g_assert_cmpstr (g_hash_table_lookup (some, "b"), ==, "  +");
  g_assert_cmpstr (g_hash_table_lookup (some, "n"), ==, "坎");
  g_assert_cmpstr (g_hash_table_lookup (some, "c"), ==, "d=e");
  g_assert_cmpstr (g_hash_table_lookup (some, "f"), ==, "");
  g_assert_cmpstr (g_hash_table_lookup (some, ""), ==, "g");
}

static void
test_count (void)
{
  g_autoptr (GString) query = g_string_new ("p=");

  for (guint i = 1; i < HUB_WEB_QUERY_MAX; i++)
    g_string_append_printf (query, "&p%u", i);
  g_hash_table_unref (hub_web_query_parse (query->str, NULL));
  g_string_append (query, "&q");
  g_assert_null (hub_web_query_parse (query->str, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/web-query/refused", test_refused);
  g_test_add_func ("/web-query/taken", test_taken);
  g_test_add_func ("/web-query/count", test_count);
  return g_test_run ();
}
