/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON within bounds, and tables of members. */
#include <karez.h>

#include <string.h>

static JsonNode *
parse (const char *text, gsize length, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, length);

  return karez_json_parse (bytes, 0, error);
}

typedef struct
{
  const char *text;
  const char *rule;
} Refusal;

static void
test_refused (void)
{
  const Refusal refusals[] = {
    { "", "json/empty" },
    { " ", "json/empty" },
    { "{", "json/syntax" },
    { "nul", "json/syntax" },
    { "{\"a\":1,}", "json/syntax" },
    { "// hello\n{}", "json/syntax" },
    { "{\"a\":1,\"b\":{\"a\":2},\"a\":3}", "json/duplicate" },
    { "{\"a\":1,\"\\u0061\":3}", "json/duplicate" },
    { "{\"a\":\"\xff\"}", "json/utf-8" },
    { "{\"a\":\"\xed\xa0\x80\"}", "json/utf-8" },
    { "{\"a\":\"unfinished", "json/syntax" },
    { "{\"a\":\"\\", "json/syntax" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = parse (refusals[i].text, strlen (refusals[i].text), &error);

      g_assert_null (node);
      g_assert_cmpstr (karez_error_get_rule (error), ==, refusals[i].rule);
    }
}

static void
test_depth (void)
{
  for (guint depth = KAREZ_JSON_MAX_DEPTH; depth <= 100000; depth = depth * 2 + 1)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = NULL;

      for (guint i = 0; i < depth; i++)
        g_string_append_c (text, '[');
      for (guint i = 0; i < depth; i++)
        g_string_append_c (text, ']');
      node = parse (text->str, text->len, &error);
      if (depth == KAREZ_JSON_MAX_DEPTH)
        g_assert_no_error (error);
      else
        g_assert_cmpstr (karez_error_get_rule (error), ==, "json/depth");
    }
}

static void
test_size (void)
{
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);
  g_autofree char *text = g_malloc (KAREZ_JSON_MAX_BYTES + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;

  g_assert_null (karez_json_parse (nothing, 0, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "json/empty");
  g_clear_error (&error);

  memset (text, ' ', KAREZ_JSON_MAX_BYTES + 1);
  text[0] = '1';
  node = parse (text, KAREZ_JSON_MAX_BYTES, &error);
  g_assert_no_error (error);
  g_assert_null (parse (text, KAREZ_JSON_MAX_BYTES + 1, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "json/size");
}

/* A refusal and, where there is one, the bound that its message names. */
typedef struct
{
  const char *text, *rule, *bound;
} Bounded;

static const KarezJsonField fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "title", KAREZ_JSON_TEXT, TRUE, 1, 5 },
  { "urgency", KAREZ_JSON_ENUM, FALSE, 0, 0, "T0|T1" },
  { "at", KAREZ_JSON_TIME },
  { "count", KAREZ_JSON_INTEGER, FALSE, 1, 9 },
  { "open", KAREZ_JSON_BOOLEAN },
  { "who", KAREZ_JSON_ARRAY, FALSE, 1, 2 },
  { "more", KAREZ_JSON_OBJECT },
  { NULL },
};
#define ID "\"id\":\"01923b6e-7c1f-7d3a-9c55-2f6f0a7d1e11\""

static void
test_fields_refused (void)
{
  const Bounded refusals[] = {
    { "[]", "json/object" },
    { "{\"title\":\"a\"}", "json/missing" },
    { "{" ID ",\"title\":null}", "json/missing" },
    { "{" ID ",\"title\":\"a\",\"extra\":1}", "json/unknown" },
    { "{\"id\":\"x\",\"title\":\"a\"}", "json/uuid" },
    { "{\"id\":7,\"title\":\"a\"}", "json/type" },
    { "{" ID ",\"title\":\"\"}", "json/length", "fewer than 1 characters" },
    { "{" ID ",\"title\":\"坎儿井坎儿井\"}", "json/length", "more than 5 characters" },
    { "{" ID ",\"title\":\"a\",\"urgency\":\"T9\"}", "json/word" },
    { "{" ID ",\"title\":\"a\",\"at\":\"noon\"}", "json/time" },
    { "{" ID ",\"title\":\"a\",\"count\":0}", "json/range", "less than 1" },
    { "{" ID ",\"title\":\"a\",\"count\":10}", "json/range", "more than 9" },
    { "{" ID ",\"title\":\"a\",\"count\":1.5}", "json/type" },
    { "{" ID ",\"title\":\"a\",\"open\":1}", "json/type" },
    { "{" ID ",\"title\":\"a\",\"who\":[]}", "json/length", "fewer than 1 elements" },
    { "{" ID ",\"title\":\"a\",\"who\":[1,2,3]}", "json/length", "more than 2 elements" },
    { "{" ID ",\"title\":\"a\",\"more\":[]}", "json/type" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = parse (refusals[i].text, strlen (refusals[i].text), &error);

      g_assert_no_error (error);
      g_assert_null (karez_json_check (node, fields, &error));
      g_assert_cmpstr (karez_error_get_rule (error), ==, refusals[i].rule);
      if (refusals[i].bound != NULL)
        g_assert_true (g_str_has_suffix (error->message, refusals[i].bound));
      if (i > 0)
        g_assert_nonnull (karez_error_get_pointer (error));
    }
}

static void
test_fields (void)
{
  g_autoptr (GError) error = NULL;
  const char *text = "{" ID ",\"title\":\"坎儿井\",\"urgency\":\"T0\",\"open\":true,\"count\":9,"
                     "\"at\":\"2026-11-24T14:30:00+08:00\",\"who\":[\"a\",1],\"more\":{}}";
  g_autoptr (JsonNode) node = parse (text, strlen (text), &error);
  JsonObject *object = karez_json_check (node, fields, &error);
  g_auto (GStrv) who = NULL;
  gint64 at = 0;

  g_assert_no_error (error);
  g_assert_cmpstr (karez_json_text (object, "title"), ==, "坎儿井");
  g_assert_cmpint (karez_json_integer (object, "count", 0), ==, 9);
  g_assert_cmpint (karez_json_integer (object, "absent", 4), ==, 4);
  g_assert_true (karez_json_boolean (object, "open"));
  g_assert_true (karez_json_time (object, "at", &at));
  g_assert_cmpint (at / G_USEC_PER_SEC % 86400, ==, 6 * 3600 + 30 * 60);
  who = karez_json_texts (object, "who");
  g_assert_cmpuint (g_strv_length (who), ==, 1);
}

static void
test_actor (void)
{
  const char *const roles[] = { "desk", "auditor", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, "7", "古丽", roles, "::1",
                                                  "01923b6e-7c1f-7d3a-9c55-2f6f0a7d1e11");
  g_autoptr (JsonNode) node = karez_actor_to_json (actor);
  g_autoptr (KarezActor) back = karez_actor_from_json (node, &error);
  g_autoptr (JsonNode) other = karez_json_object ("kind", "s", "king", NULL);

  g_assert_no_error (error);
  g_assert_cmpstr (karez_actor_get_name (back), ==, "古丽");
  g_assert_cmpint (karez_actor_get_kind (back), ==, KAREZ_ACTOR_PERSON);
  g_assert_true (karez_actor_has_role (back, "auditor"));
  g_assert_false (karez_actor_has_role (back, "surgeon"));
  g_assert_cmpstr (karez_actor_get_hub (back), ==, karez_actor_get_hub (actor));
  g_assert_null (karez_actor_from_json (other, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "json/word");
}

static void
test_number (void)
{
  g_autoptr (JsonNode) node = json_from_string ("[1, -0.5, \"1\", true, null, [1], {}]", NULL);
  JsonArray *array = json_node_get_array (node);
  double number = 7;

  for (guint i = 2; i < json_array_get_length (array); i++)
    g_assert_false (karez_json_number (json_array_get_element (array, i), &number));
  g_assert_false (karez_json_number (NULL, &number));
  g_assert_cmpfloat (number, ==, 7);
  g_assert_true (karez_json_number (json_array_get_element (array, 0), &number));
  g_assert_cmpfloat (number, ==, 1);
  g_assert_true (karez_json_number (json_array_get_element (array, 1), &number));
  g_assert_cmpfloat (number, ==, -0.5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/refused", test_refused);
  g_test_add_func ("/json/depth", test_depth);
  g_test_add_func ("/json/size", test_size);
  g_test_add_func ("/json/fields/refused", test_fields_refused);
  g_test_add_func ("/json/fields", test_fields);
  g_test_add_func ("/json/actor", test_actor);
  g_test_add_func ("/json/number", test_number);
  return g_test_run ();
}
