/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A document that an expert shows at the patient's side. */
#include "guidance-showing.h"

#include "test-room.h"

#define FIRST "01a20000-0000-7000-8000-0000000000d1"
#define SECOND "01a20000-0000-7000-8000-0000000000d2"
#define PAGE(n) "\"01a20000-0000-7000-8000-0000000000e" #n "\""

static void
show (Room *room, KarezParticipant *who, const char *id, const char *title, const char *pages)
{
  g_autofree char *text = g_strdup_printf (
      "{\"type\": \"show\", \"id\": \"%s\", \"title\": \"%s\", \"pages\": %s}", id, title, pages);

  room_say (room, who, "document", text);
}

static void
act (Room *room, KarezParticipant *who, const char *type, const char *id, int page)
{
  g_autofree char *text = page < 0
                              ? g_strdup_printf ("{\"type\": \"%s\", \"id\": \"%s\"}", type, id)
                              : g_strdup_printf ("{\"type\": \"%s\", \"id\": \"%s\", \"page\": %d}",
                                                 type, id, page);

  room_say (room, who, "document", text);
}

/* Everybody was told so last. @id: (nullable): nothing is shown */
static void
assert_shown (Room *room, const char *id, gint64 page, gboolean seen)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (JsonNode) node = NULL;
      JsonObject *said = room_told (room, i, "document", "showing", &node);
      JsonNode *document = said != NULL ? json_object_get_member (said, "document") : NULL;
      JsonObject *object;

      g_assert_nonnull (document);
      g_assert_cmpint (JSON_NODE_HOLDS_NULL (document), ==, id == NULL);
      if (id == NULL)
        continue;
      object = json_node_get_object (document);
      g_assert_cmpstr (karez_json_text (object, "id"), ==, id);
      g_assert_cmpint (karez_json_integer (object, "page", -1), ==, page);
      g_assert_cmpint (karez_json_boolean (object, "seen"), ==, seen);
      g_assert_cmpstr (karez_json_text (object, "name"), ==, "expert");
      g_assert_cmpstr (karez_json_text (object, "hospital"), ==,
                       karez_participant_get_hospital (room->expert));
      g_assert_cmpint (ABS (karez_json_integer (object, "at", 0) - g_get_real_time () / 1000), <,
                       60000);
    }
}

static void
test_shown (Room *room, gconstpointer data)
{
  show (room, room->expert, FIRST, "Protocol", "[" PAGE (1) ", " PAGE (2) ", " PAGE (3) "]");
  assert_shown (room, FIRST, 0, FALSE);
  act (room, room->site, "see", FIRST, 0);
  assert_shown (room, FIRST, 0, TRUE);
  /* What is turned to is not seen yet. */
  act (room, room->site, "turn", FIRST, 2);
  assert_shown (room, FIRST, 2, FALSE);
  act (room, room->site, "see", FIRST, 0);
  assert_shown (room, FIRST, 2, FALSE);
  act (room, room->site, "see", FIRST, 2);
  act (room, room->other, "turn", FIRST, 2);
  assert_shown (room, FIRST, 2, TRUE);
  /* Said twice, it is one; another one takes its place. */
  show (room, room->expert, FIRST, "Protocol", "[" PAGE (1) "]");
  assert_shown (room, FIRST, 2, TRUE);
  show (room, room->expert, SECOND, "Wound", "[" PAGE (4) "]");
  assert_shown (room, SECOND, 0, FALSE);
  /* Too late for the former one. */
  act (room, room->site, "hide", FIRST, -1);
  act (room, room->site, "turn", FIRST, 1);
  assert_shown (room, SECOND, 0, FALSE);
  act (room, room->site, "hide", SECOND, -1);
  assert_shown (room, NULL, 0, FALSE);
  act (room, room->expert, "hide", SECOND, -1);
  assert_shown (room, NULL, 0, FALSE);
}

static void
test_refused (Room *room, gconstpointer data)
{
  static const struct
  {
    const char *text, *rule;
  } wrong[] = {
    { "x", "json/syntax" },
    { "[]", "guidance/document" },
    { "{\"type\": \"burn\", \"id\": \"" FIRST "\"}", "json/word" },
    { "{\"type\": \"show\", \"id\": \"" FIRST "\", \"title\": \"x\", \"pages\": []}",
      "json/length" },
    { "{\"type\": \"show\", \"id\": \"" FIRST "\", \"title\": \"\", \"pages\": [" PAGE (1) "]}",
      "json/length" },
    { "{\"type\": \"show\", \"id\": \"" FIRST "\", \"title\": \"x\", \"pages\": [1]}",
      "guidance/document" },
    { "{\"type\": \"show\", \"id\": \"" FIRST "\", \"title\": \"x\", \"pages\": [\"../x\"]}",
      "guidance/document" },
    { "{\"type\": \"show\", \"id\": \"" FIRST "\", \"title\": \"x\", \"pages\": [null, {}]}",
      "guidance/document" },
    { "{\"type\": \"show\", \"id\": \"" FIRST
      "\", \"title\": \"x\", \"pages\": [" PAGE (1) ", " PAGE (1) "]}",
      "guidance/document" },
    { "{\"type\": \"turn\", \"id\": \"" FIRST "\", \"page\": -1}", "json/range" },
  };
  g_autoptr (GString) many = g_string_new ("[");

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      room_say (room, room->expert, "document", wrong[i].text);
      room_assert_rule (room, 1, "document", wrong[i].rule);
    }
  for (guint i = 0; i <= GUIDANCE_SHOWING_MAX_PAGES; i++)
    g_string_append_printf (many, "%s\"01a20000-0000-7000-8000-0000000001%02u\"", i > 0 ? ", " : "",
                            i);
  g_string_append_c (many, ']');
  show (room, room->expert, FIRST, "x", many->str);
  room_assert_rule (room, 1, "document", "json/length");
  show (room, room->site, FIRST, "x", "[" PAGE (1) "]");
  room_assert_rule (room, 0, "document", "guidance/role");
  show (room, room->expert, FIRST, "x", "[" PAGE (1) "]");
  act (room, room->expert, "see", FIRST, 0);
  room_assert_rule (room, 1, "document", "guidance/role");
  act (room, room->expert, "turn", FIRST, 1);
  room_assert_rule (room, 1, "document", "guidance/no-page");
  act (room, room->site, "see", FIRST, 7);
  room_assert_rule (room, 0, "document", "guidance/no-page");
  for (guint i = 0; i < 2; i++)
    karez_test_worker_set_state (room->workers[i], KAREZ_STATE_HELD);
  show (room, room->expert, SECOND, "x", "[" PAGE (1) "]");
  room_assert_rule (room, 1, "document", "guidance/not-live");
  act (room, room->site, "hide", FIRST, -1);
  assert_shown (room, NULL, 0, FALSE);
}

/* What the other worker says is looked at, too. */
static void
test_state (void)
{
#define WHOLE(page, pages)                                                                         \
  "{\"revision\": 5, \"value\": {\"id\": \"" FIRST "\", \"title\": \"x\", \"pages\": [" pages      \
  "], \"page\": " page ", \"seen\": false, \"by\": \"" SECOND "\", \"at\": 5}}"
  static const struct
  {
    const char *text;
    gboolean taken;
  } states[] = {
    { WHOLE ("0", PAGE (1)), TRUE },
    { "{\"revision\": 6, \"value\": null}", TRUE },
    { WHOLE ("1", PAGE (1)), FALSE },
    { WHOLE ("0", "\"x\""), FALSE },
    { WHOLE ("0", PAGE (1) ", " PAGE (1)), FALSE },
    { WHOLE ("0", ""), FALSE },
    { "{\"revision\": 7, \"value\": 7}", FALSE },
    { "{\"revision\": 7, \"value\": {}}", FALSE },
    { "{\"revision\": 7}", FALSE },
    { "[]", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (GuidanceShowing) showing = guidance_showing_new (NULL);
      KarezReplicaClass *klass = KAREZ_REPLICA_GET_CLASS (showing);
      g_autoptr (JsonNode) node = json_from_string (states[i].text, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (klass->follow (KAREZ_REPLICA (showing), node, &error), ==, states[i].taken);
      g_assert_cmpint (error == NULL, ==, states[i].taken);
      g_clear_error (&error);
      g_assert_cmpint (karez_replica_get_revision (KAREZ_REPLICA (showing)) != 0, ==,
                       states[i].taken);
      g_assert_cmpint (klass->from_json (KAREZ_REPLICA (showing), node, &error), ==,
                       states[i].taken);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/showing/" name, Room, NULL, room_up, func, room_down)
  ADD ("shown", test_shown);
  ADD ("refused", test_refused);
  g_test_add_func ("/showing/state", test_state);
  return g_test_run ();
}
