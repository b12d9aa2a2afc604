/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a text and a name may hold. */

/* What a text and a name may hold, wherever it comes from. */
#include <karez.h>

#include <string.h>

typedef struct
{
  const char *text;
  gssize length;
  const char *rule; /* NULL: accepted */
} Case;

static void
try_cases (const Case *cases, gsize n, gboolean (*check) (const char *, gssize, GError **))
{
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean right = check (cases[i].text, cases[i].length, &error);

      if (right != (cases[i].rule == NULL)
          || g_strcmp0 (karez_error_get_rule (error), cases[i].rule) != 0)
        g_error ("case %" G_GSIZE_FORMAT ": %s instead of %s", i, karez_error_get_rule (error),
                 cases[i].rule);
      g_assert_true (right || karez_error_get_accepted (error) != NULL);
    }
}

static void
test_lines (void)
{
  const Case cases[] = {
    { "", -1, NULL },
    { "Dose 5 mg\n\tnot 50\r\n", -1, NULL },
    { "\xe2\x80\xae"
      "abc"
      "\xe2\x81\xa6",
      -1, NULL },                                 /* isolated where it is shown */
    { "\xf3\xa0\x80\x81\xee\x80\x80", -1, NULL }, /* tags, private use */
    { "5 mg\0 is wrong", 14, "text/utf-8" },
    { "\xed\xa0\xbd", -1, "text/utf-8" },
    { "\xff", -1, "text/utf-8" },
    { "a\x01", -1, "text/control" },
    { "\x1b[31m", -1, "text/control" },
    { "\x7f", -1, "text/control" },
    { "\xc2\x85", -1, "text/control" },
    { "\xef\xbf\xbe", -1, "text/control" },
    { "\xef\xb7\x90", -1, "text/control" },
  };

  try_cases (cases, G_N_ELEMENTS (cases), karez_text_check);
}

static void
test_names (void)
{
  const Case cases[] = {
    { "Dr. Gulnar Aziz", -1, NULL },
    { "坎儿井", -1, NULL },
    { "گۈلنار", -1, NULL },
    { "می‌خواهم", -1, NULL }, /* with a zero width non-joiner */
    { "\xe2\x80\x8e"
      "Ana\xe2\x80\x8f",
      -1, NULL },
    { "👩‍⚕️", -1, NULL },
    { "\xee\x80\x80", -1, NULL }, /* a rare character of GB18030's private use */
    { "e\xcc\x81", -1, NULL },
    { "", -1, "text/blank" },
    { " ", -1, "text/blank" },
    { "\xc2\xa0\xe3\x80\x80\xe2\x80\xaf", -1, "text/blank" },
    { "\xe2\x80\x8b\xe2\x80\x8d\xef\xbb\xbf\xe2\x81\xa0\xc2\xad", -1, "text/blank" },
    { "\xe3\x85\xa4", -1, "text/blank" }, /* Hangul filler */
    { "\xef\xbe\xa0\xe1\x85\x9f\xe1\x85\xa0", -1, "text/blank" },
    { "\xe2\xa0\x80", -1, "text/blank" },     /* Braille blank */
    { "\xcd\x8f\xcc\x81", -1, "text/blank" }, /* marks alone */
    { "\xf3\xa0\x81\xa1", -1, "text/blank" }, /* a tag */
    { "\xf0\x9d\x85\xb3\xef\xb8\x8f", -1, "text/blank" },
    { "\xe2\x80\x8e\xd8\x9c", -1, "text/blank" },
    { "a\nb", -1, "text/line" },
    { "a\tb", -1, "text/line" },
    { "a\rb", -1, "text/line" },
    { "a\xe2\x80\xa8"
      "b",
      -1, "text/line" },
    { "scan\xe2\x80\xae"
      "gpj.exe",
      -1, "text/direction" },
    { "\xe2\x81\xa7"
      "a\xe2\x81\xa9",
      -1, "text/direction" },
    { "a\xe2\x81\xae", -1, "text/direction" },
    { "a\xc2\x90", -1, "text/control" },
    { "a\0b", 3, "text/utf-8" },
  };

  try_cases (cases, G_N_ELEMENTS (cases), karez_text_check_name);
}

static const KarezJsonField fields[] = {
  { "name", KAREZ_JSON_NAME, FALSE, 1, 20 },
  { "alias", KAREZ_JSON_NAME, FALSE, 0, 20 },
  { "text", KAREZ_JSON_TEXT, FALSE, 1, 100 },
  { "more", KAREZ_JSON_TEXT, FALSE, 0, 100 },
  { "list", KAREZ_JSON_ARRAY, FALSE, 0, 10 },
  { "tree", KAREZ_JSON_OBJECT, FALSE },
  { NULL },
};

/* A member of a table, and what no table describes. */
static void
test_fields (void)
{
  const char *const cases[][3] = {
    { "{\"name\":\"\\u3164\"}", "text/blank", "/name" },
    { "{\"name\":\"a\\u202eb\"}", "text/direction", "/name" },
    { "{\"name\":\"a\\nb\"}", "text/line", "/name" },
    { "{\"alias\":\" \"}", "text/blank", "/alias" },
    { "{\"text\":\" \\n\\u200b\"}", "text/blank", "/text" },
    { "{\"text\":\"a\\u0008\"}", "text/control", "/text" },
    { "{\"list\":[\"a\",[\"\\u001f\"]]}", "text/control", "/list/1/0" },
    { "{\"tree\":{\"a/b\":{\"~\":\"\\u0001\"}}}", "text/control", "/tree/a~1b/~0" },
    { "{\"tree\":{\"\\u0001\":1}}", "text/control", "/tree/\x01" },
    { "{\"alias\":\"\",\"name\":\"Ana\",\"text\":\"a\\r\\n\\tb\",\"more\":\" "
      "\\u202e\",\"list\":[\"\"],"
      "\"tree\":{\"\":\"\"}}",
      NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (cases[i][0], strlen (cases[i][0]));
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = karez_json_parse (bytes, 0, &error);
      JsonObject *object;

      g_assert_no_error (error);
      object = karez_json_check (node, fields, &error);
      g_assert_cmpstr (karez_error_get_rule (error), ==, cases[i][1]);
      g_assert_cmpstr (karez_error_get_pointer (error), ==, cases[i][2]);
      g_assert_true ((object == NULL) == (cases[i][1] != NULL));
    }
}

/* Bytes that are no UTF-8 do not make a document that its reader refuses whole. */
static void
test_printed (void)
{
  g_autoptr (JsonNode) node = karez_json_object ("a", "s", "5 \xff mg", NULL);
  g_autofree char *text = karez_json_print (node);

  g_assert_cmpstr (text, ==, "{\"a\":\"5 \xef\xbf\xbd mg\"}");
}

/* What is signed is named by it: no two lists of texts have the same. */
static void
test_digest (void)
{
  const char *const texts[] = { "a", "bc", NULL };
  const char *const moved[] = { "ab", "c", NULL };
  g_autofree char *digest = karez_text_digest (texts, 3);
  g_autofree char *other = karez_text_digest (moved, 3);

  /* Of "1:a2:bc0:" */
  g_assert_cmpstr (digest, ==, "8dce64c00e38a60883eba490464eab934171da7e12d47498fd99c5239f9663be");
  g_assert_cmpstr (other, !=, digest);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/lines", test_lines);
  g_test_add_func ("/text/names", test_names);
  g_test_add_func ("/text/fields", test_fields);
  g_test_add_func ("/text/printed", test_printed);
  g_test_add_func ("/text/digest", test_digest);
  return g_test_run ();
}
