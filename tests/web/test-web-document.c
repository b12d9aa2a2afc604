/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The description of the API: the hub's, and what plugins bring of their own. */
#include "web-fixture.h"

static Fixture *fixture;

static JsonNode *
get_document (Client *client)
{
  g_auto (Answer) answer = ask (client, "GET", "/api/v1/openapi.json", NULL, NULL);

  g_assert_cmpuint (answer.status, ==, 200);
  g_assert_nonnull (answer.body);
  return json_node_ref (answer.body);
}

static JsonObject *
member (JsonNode *document, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, ".", -1);
  JsonObject *object = json_node_get_object (document);

  for (guint i = 0; names[i] != NULL; i++)
    object = json_object_get_object_member (object, names[i]);
  return object;
}

static void
test_added (void)
{
  g_autoptr (Client) anyone = client_new (fixture, "127.0.0.1");
  g_autoptr (JsonNode) before = get_document (anyone), after = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (json_object_has_member (member (before, "paths"), "/x/good/things"));
  for (guint i = 0; i < 2; i++)
    {
      hub_web_add_description (fixture->web, "good", &error);
      g_assert_no_error (error);
    }
  hub_web_add_description (fixture->web, "silent", &error);
  g_assert_no_error (error);
  after = get_document (anyone);
  g_assert_true (json_object_has_member (member (after, "paths"), "/hello"));
  g_assert_true (json_object_has_member (member (after, "paths"), "/x/good/things"));
  g_assert_true (json_object_has_member (member (after, "components.schemas"), "GoodThing"));
  g_assert_cmpuint (
      json_array_get_length (json_object_get_array_member (json_node_get_object (after), "tags")),
      ==, 2);
}

/* None of it is added, and what is there stays. */
static void
test_refused (void)
{
  static const struct
  {
    const char *plugin, *rule;
  } refused[] = {
    { "foreign", "plugin/description" },
    { "taken", "plugin/description" },
    { "shape", "plugin/description" },
    { "more", "json/unknown" },
    { "cut", "json/syntax" },
  };
  g_autoptr (Client) anyone = client_new (fixture, "127.0.0.1");
  g_autoptr (JsonNode) before = get_document (anyone);
  g_autofree char *said = karez_json_print (before);

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) after = NULL;
      g_autofree char *text = NULL;

      g_test_message ("%s", refused[i].plugin);
      g_assert_false (hub_web_add_description (fixture->web, refused[i].plugin, &error));
      g_assert_cmpstr (karez_error_get_rule (error), ==, refused[i].rule);
      after = get_document (anyone);
      text = karez_json_print (after);
      g_assert_cmpstr (text, ==, said);
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_test_add_func ("/web/document/added", test_added);
  g_test_add_func ("/web/document/refused", test_refused);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
