/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 8259 and nothing else. */

/* RFC 8259 and nothing else, whatever json-glib would take. */
#include <karez.h>

#include <string.h>
#include <time.h>

static JsonNode *
parse (const char *text, gsize length, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length);

  return karez_json_parse (bytes, 0, error);
}

/* A refusal names a place: by line and column, or that there is nothing. */
static void
assert_place (const GError *error)
{
  g_assert_nonnull (karez_error_get_rule (error));
  g_assert_nonnull (karez_error_get_accepted (error));
  if (g_strcmp0 (karez_error_get_rule (error), "json/empty") != 0)
    g_assert_true (g_regex_match_simple ("line \\d+, column \\d+", error->message, 0, 0));
}

static void
assert_refused (const char *text, gsize length, const char *rule)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, length, &error);

  if (node != NULL)
    g_error ("taken: %.*s", (int) MIN (length, 200), text);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
  assert_place (error);
}

typedef struct
{
  const char *name;
  const char *rule; /* NULL: accepted */
} Decision;

/* What RFC 8259 leaves open (i_) is decided here; so are the four documents that are JSON (y_) and
 * are not kept: a member twice, of which a reader would keep one, and U+0000, which neither a C
 * string nor PostgreSQL's text holds. */
static const Decision decisions[] = {
  { "y_object_duplicated_key.json", "json/duplicate" },
  { "y_object_duplicated_key_and_value.json", "json/duplicate" },
  { "y_object_escaped_null_in_key.json", "json/text" },
  { "y_string_null_escape.json", "json/text" },
  { "i_number_double_huge_neg_exp.json", "json/number" },
  { "i_number_huge_exp.json", "json/number" },
  { "i_number_neg_int_huge_exp.json", "json/number" },
  { "i_number_pos_double_huge_exp.json", "json/number" },
  { "i_number_real_neg_overflow.json", "json/number" },
  { "i_number_real_pos_overflow.json", "json/number" },
  { "i_number_real_underflow.json", "json/number" },
  { "i_number_too_big_neg_int.json", "json/number" },
  { "i_number_too_big_pos_int.json", "json/number" },
  { "i_number_very_big_negative_int.json", "json/number" },
  { "i_object_key_lone_2nd_surrogate.json", "json/text" },
  { "i_string_1st_surrogate_but_2nd_missing.json", "json/text" },
  { "i_string_1st_valid_surrogate_2nd_invalid.json", "json/text" },
  { "i_string_UTF-16LE_with_BOM.json", "json/utf-8" },
  { "i_string_UTF-8_invalid_sequence.json", "json/utf-8" },
  { "i_string_UTF8_surrogate_U+D800.json", "json/utf-8" },
  { "i_string_incomplete_surrogate_and_escape_valid.json", "json/text" },
  { "i_string_incomplete_surrogate_pair.json", "json/text" },
  { "i_string_incomplete_surrogates_escape_valid.json", "json/text" },
  { "i_string_invalid_lonely_surrogate.json", "json/text" },
  { "i_string_invalid_surrogate.json", "json/text" },
  { "i_string_invalid_utf-8.json", "json/utf-8" },
  { "i_string_inverted_surrogates_U+1D11E.json", "json/text" },
  { "i_string_iso_latin_1.json", "json/utf-8" },
  { "i_string_lone_second_surrogate.json", "json/text" },
  { "i_string_lone_utf8_continuation_byte.json", "json/utf-8" },
  { "i_string_not_in_unicode_range.json", "json/utf-8" },
  { "i_string_overlong_sequence_2_bytes.json", "json/utf-8" },
  { "i_string_overlong_sequence_6_bytes.json", "json/utf-8" },
  { "i_string_overlong_sequence_6_bytes_null.json", "json/utf-8" },
  { "i_string_truncated-utf-8.json", "json/utf-8" },
  { "i_string_utf16BE_no_BOM.json", "json/syntax" },
  { "i_string_utf16LE_no_BOM.json", "json/syntax" },
  { "i_structure_500_nested_arrays.json", "json/depth" },
  { "i_structure_UTF-8_BOM_empty_object.json", "json/syntax" },
};

static const Decision *
find_decision (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (decisions); i++)
    if (g_str_equal (decisions[i].name, name))
      return &decisions[i];
  return NULL;
}

static void
try_file (const char *name)
{
  g_autofree char *path = g_build_filename (JSON_TEST_SUITE, name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;
  const Decision *decision = find_decision (name);
  gsize length;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  node = parse (text, length, &error);
  if (decision != NULL ? decision->rule == NULL : name[0] == 'y')
    {
      if (node == NULL)
        g_error ("%s: %s", name, error->message);
      return;
    }
  if (name[0] == 'i' && decision == NULL)
    g_error ("%s: not decided", name);
  if (node != NULL)
    g_error ("%s: taken", name);
  if (decision != NULL && g_strcmp0 (karez_error_get_rule (error), decision->rule) != 0)
    g_error ("%s: %s instead of %s", name, karez_error_get_rule (error), decision->rule);
  assert_place (error);
}

/* The files of github.com/nst/JSONTestSuite, test_parsing. */
static void
test_suite (void)
{
  g_autoptr (GDir) directory = g_dir_open (JSON_TEST_SUITE, 0, NULL);
  const char *name;
  guint n = 0;

  if (directory == NULL)
    {
      g_test_skip ("there is no " JSON_TEST_SUITE);
      return;
    }
  for (; (name = g_dir_read_name (directory)) != NULL; n++)
    try_file (name);
  g_assert_cmpuint (n, >=, 318);
}

/* What json-glib takes beyond RFC 8259. */
static void
test_json_glib (void)
{
  const char *const refused[] = {
    "{'a':1}",
    "['a']",
    "[0x10]",
    "[01]",
    "[1.]",
    "[.5]",
    "[+1]",
    "[1,]",
    "[,1]",
    "{\"a\":1,}",
    "{a:1}",
    "[NaN]",
    "[1e]",
    "[-]",
    "[1 2]",
    "[tru]",
    "[True]",
    "/* */[]",
    "[] // end",
    "#\n[]",
    "[]]",
    "[] []",
    "{}{}",
    "1 2",
    "\f[]",
    "\v[]",
    "[\"\t\"]",
    "[\"\\x41\"]",
    "[\"\\'\"]",
    "[\"a]",
    "\xef\xbb\xbf[]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\" 1}",
    "[\"\\u12g4\"]",
    "[\"\\u+123\"]",
    "var a = 1;",
    "a",
    "(1)",
    "[1;2]",
    "-",
    "\"",
    "[\"\\",
    "[\"\\u",
    "[-01]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    assert_refused (refused[i], strlen (refused[i]), "json/syntax");
  assert_refused ("[1]\0", 4, "json/syntax");
  assert_refused ("[\"a\0b\"]", 7, "json/syntax");
  assert_refused ("{'a':1,'a':2}", 13, "json/syntax");
}

/* A quotation mark between apostrophes hid what followed from a scanner that knows no apostrophes;
 * the parser then recursed until the stack was used up. */
static void
test_hidden_depth (void)
{
  g_autoptr (GString) text = g_string_new ("[\"'\\\"'\", ");
  g_autoptr (GString) apostrophes = g_string_new ("[\"'\", '\"', ");

  for (guint i = 0; i < 400000; i++)
    {
      g_string_append_c (text, '[');
      g_string_append_c (apostrophes, '[');
    }
  g_string_append (apostrophes, "'\"']");
  assert_refused (text->str, text->len, "json/depth");
  assert_refused (apostrophes->str, apostrophes->len, "json/syntax");
}

static void
test_duplicates (void)
{
  g_autoptr (JsonNode) node = parse ("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"A\":1}", 35, NULL);

  g_assert_nonnull (node);
  assert_refused ("{\"a\":1,\"a\":2}", 13, "json/duplicate");
  assert_refused ("{\"a\":1,\"\\u0061\":2}", 18, "json/duplicate");
  assert_refused ("{\"\\ud83d\\ude00\":1,\"😀\":2}", 26, "json/duplicate");
  assert_refused ("{\"\\/\":1,\"/\":2}", 14, "json/duplicate");
}

typedef struct
{
  const char *text, *rule, *pointer, *place;
} Place;

static void
test_places (void)
{
  const Place places[] = {
    { "[1,\n 2,\n  x]", "json/syntax", NULL, "line 3, column 3" },
    { "[\"坎儿井\" 1]", "json/syntax", NULL, "line 1, column 8" },
    { "[\"坎\xff\"]", "json/utf-8", NULL, "line 1, column 4" },
    { "{\"a\":[0,{\"b/c\":\"x\\u0000y\"}]}", "json/text", "/a/1/b~1c", "line 1, column 18" },
    { "[\"a\",\"\\ud83d\"]", "json/text", "/1", "line 1, column 7" },
    { "[\"\\ude00\\ud83d\"]", "json/text", "/0", "line 1, column 3" },
    { "\"\\u0000\"", "json/text", "", "line 1, column 2" },
    { "{\"m\":{\"~\\u0000\":1}}", "json/text", "/m/~0\\u0000", "line 1, column 9" },
    { "{\"dose\":1e999}", "json/number", "/dose", "line 1, column 9" },
    { "{\"x\":{\"a\":1,\n\"a\":2}}", "json/duplicate", NULL, "line 2, column 2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = parse (places[i].text, strlen (places[i].text), &error);

      g_assert_null (node);
      g_assert_cmpstr (karez_error_get_rule (error), ==, places[i].rule);
      g_assert_cmpstr (karez_error_get_pointer (error), ==, places[i].pointer);
      if (strstr (error->message, places[i].place) == NULL)
        g_error ("%s: %s", places[i].text, error->message);
    }
}

/* A number is kept as it is or refused; -0 is 0. */
static void
test_numbers (void)
{
  const char *const refused[] = {
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551617",
    "1e400",
    "-1e309",
    "1e-400",
    "0.000001e-330",
  };
  const char *const kept[][2] = {
    { "9223372036854775807", "9223372036854775807" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "9007199254740993", "9007199254740993" },
    { "-0", "0" },
    { "0.0e-999", "0.0" },
    { "1e22", "1e+22" },
    { "1E5", "100000.0" },
    { "0.5", "0.5" },
    { "5e-324", "4.9406564584124654e-324" },
  };
  g_autofree char *long_one = g_strnfill (300, '1');

  long_one[1] = '.';
  assert_refused (long_one, 300, "json/number");
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    assert_refused (refused[i], strlen (refused[i]), "json/number");
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = parse (kept[i][0], strlen (kept[i][0]), &error);
      g_autofree char *text = node != NULL ? karez_json_print (node) : NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (text, ==, kept[i][1]);
    }
}

/* Printed is what was read, and JSON: json-glib writes 1e22 as "1e+22.0". */
static void
test_printed (void)
{
  const char *text =
      "{\"\":null,\"q\\\"\\\\\":\"\\u0001\\n\\u007f 坎\",\"n\":[1,-2.5,1e+22,1.0,true,"
      "false,{}],\"o\":{\"a\":[]}}";
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, strlen (text), &error);
  g_autofree char *once = karez_json_print (node);
  g_autoptr (JsonNode) again = parse (once, strlen (once), &error);

  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, again));
  g_assert_cmpstr (
      once, ==,
      "{\"\":null,\"q\\\"\\\\\":\"\\u0001\\u000a\x7f 坎\",\"n\":[1,-2.5,1e+22,1.0,true,"
      "false,{}],\"o\":{\"a\":[]}}");
}

static GString *
repeat (const char *head, const char *middle, const char *tail)
{
  GString *text = g_string_new (head);

  while (text->len + strlen (middle) + strlen (tail) < KAREZ_JSON_MAX_BYTES)
    g_string_append (text, middle);
  return g_string_append (text, tail);
}

static void
test_counts (void)
{
  const char *const dense[] = { "{},", "[],", "0,", "{\"a\":0},", "\"\"," };

  for (guint i = 0; i < G_N_ELEMENTS (dense); i++)
    {
      g_autoptr (GString) text = repeat ("[", dense[i], "0]");

      assert_refused (text->str, text->len, "json/values");
    }
  for (guint n = 256; n < 258; n++)
    {
      g_autoptr (GString) text = g_string_new ("{\"0\":0");

      for (guint i = 1; i < n; i++)
        g_string_append_printf (text, ",\"%u\":0", i);
      g_string_append_c (text, '}');
      if (n == 256)
        json_node_unref (parse (text->str, text->len, NULL));
      else
        assert_refused (text->str, text->len, "json/members");
    }
}

/* An object of names whose g_str_hash() is one and the same: "ab" and "bA" in each of sixteen
 * places. */
static void
append_colliding (GString *text, guint n)
{
  g_string_append_c (text, '{');
  for (guint i = 0; i < n; i++)
    {
      g_string_append (text, i > 0 ? ",\"" : "\"");
      for (guint bit = 0; bit < 16; bit++)
        g_string_append (text, i >> bit & 1 ? "ab" : "bA");
      g_string_append (text, "\":0");
    }
  g_string_append_c (text, '}');
}

/* Milliseconds. A sanitizer costs a multiple. */
#ifdef __SANITIZE_ADDRESS__
#define LONGEST 6000
#else
#define LONGEST 1500
#endif

/* The longest time of the processor for a document, be it accepted or refused. */
static void
assert_quick (const GString *text, const char *rule)
{
  g_autoptr (GError) error = NULL;
  clock_t start = clock ();
  g_autoptr (JsonNode) node = parse (text->str, text->len, &error);
  guint ms = (guint) ((clock () - start) / (CLOCKS_PER_SEC / 1000));

  g_test_message ("%" G_GSIZE_FORMAT " bytes: %u ms", text->len, ms);
  g_assert_cmpuint (ms, <, LONGEST);
  if (rule == NULL)
    g_assert_no_error (error);
  else
    g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
}

static void
test_time (void)
{
  g_autoptr (GString) text = g_string_new ("[0");
  g_autoptr (GString) one = g_string_new (NULL);
  g_autoptr (GString) strings = repeat ("[\"", "\\ud83d\\ude00\\n", "\"]");
  g_autoptr (GString) spaces = repeat ("[", " ", "]");

  while (text->len < KAREZ_JSON_MAX_BYTES - 16000)
    {
      g_string_append_c (text, ',');
      append_colliding (text, 256);
    }
  g_string_append_c (text, ']');
  assert_quick (text, NULL);
  assert_quick (strings, NULL);
  assert_quick (spaces, NULL);
  /* Without the bound of an object's members, this one takes ten seconds. */
  append_colliding (one, KAREZ_JSON_MAX_BYTES / 40);
  assert_quick (one, "json/members");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/strict/suite", test_suite);
  g_test_add_func ("/json/strict/json-glib", test_json_glib);
  g_test_add_func ("/json/strict/hidden-depth", test_hidden_depth);
  g_test_add_func ("/json/strict/duplicates", test_duplicates);
  g_test_add_func ("/json/strict/places", test_places);
  g_test_add_func ("/json/strict/numbers", test_numbers);
  g_test_add_func ("/json/strict/printed", test_printed);
  g_test_add_func ("/json/strict/counts", test_counts);
  g_test_add_func ("/json/strict/time", test_time);
  return g_test_run ();
}
