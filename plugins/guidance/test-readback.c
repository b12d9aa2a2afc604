/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checklists of a session, asked and read back at two hospitals; and what is kept of it. */
#include "guidance-checklist.h"
#include "guidance-history.h"
#include "guidance-readback.h"

#include "test-room.h"

#define LIST "01a20000-0000-7000-8000-0000000000f1"
#define SECOND "01a20000-0000-7000-8000-0000000000f2"
#define WORDS(text) "{\"en\": \"" text "\", \"zh_CN\": \"" text "\", \"ug\": \"" text "\"}"

/* @items: how many; @size: about how long, in bytes */
static char *
open_text (const char *id, guint items, guint size)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *words = g_strnfill (MAX (size / items / 3, 8) - 7, 'x');

  g_string_append_printf (
      text,
      "{\"type\": \"open\", \"id\": \"%s\", \"checklist\": {\"id\": \"airway\", "
      "\"version\": \"1\", \"title\": " WORDS ("Airway") ", \"items\": [",
      id);
  for (guint i = 0; i < items; i++)
    g_string_append_printf (text, "%s{\"en\": \"%s\", \"zh_CN\": \"%s\", \"ug\": \"%s\"}",
                            i > 0 ? ", " : "", words, words, words);
  g_string_append (text, "]}}");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
open_list (Room *room, KarezParticipant *who, const char *id, guint items, guint size)
{
  g_autofree char *text = open_text (id, items, size);

  room_say (room, who, "checklist", text);
}

static void
act (Room *room, KarezParticipant *who, const char *type, const char *id, int item)
{
  g_autofree char *text = item < 0
                              ? g_strdup_printf ("{\"type\": \"%s\", \"id\": \"%s\"}", type, id)
                              : g_strdup_printf ("{\"type\": \"%s\", \"id\": \"%s\", \"item\": %d}",
                                                 type, id, item);

  room_say (room, who, "checklist", text);
}

/* Everybody was told of it, and whose it is. */
static void
assert_told (Room *room, const char *type, KarezParticipant *who, int item)
{
  g_autoptr (JsonNode) node = NULL;

  for (guint i = 0; i < 3; i++)
    {
      JsonObject *said = room_told (room, i, "checklist", type, &node);

      g_assert_nonnull (said);
      g_assert_cmpstr (karez_json_text (said, "by"), ==, karez_participant_get_id (who));
      g_assert_cmpstr (karez_json_text (said, "name"), ==, karez_participant_get_role (who));
      g_assert_cmpstr (karez_json_text (said, "hospital"), ==,
                       karez_participant_get_hospital (who));
      g_assert_cmpint (karez_json_integer (said, "item", -1), ==, item);
      g_assert_cmpint (ABS (karez_json_integer (said, "at", 0) - g_get_real_time () / 1000), <,
                       60000);
      g_ptr_array_set_size (room->pages[i], 0);
    }
}

static void
test_asked (Room *room, gconstpointer data)
{
  g_autoptr (JsonNode) node = NULL;

  open_list (room, room->expert, LIST, 3, 100);
  g_assert_cmpint (json_object_get_size (json_object_get_object_member (
                       room_told (room, 0, "checklist", "opened", &node), "checklist")),
                   ==, 4);
  assert_told (room, "opened", room->expert, -1);
  act (room, room->other, "ask", LIST, 2);
  assert_told (room, "asked", room->other, 2);
  act (room, room->site, "confirm", LIST, 2);
  assert_told (room, "confirmed", room->site, 2);
  /* Said again, only who said it is answered. */
  act (room, room->site, "confirm", LIST, 2);
  g_assert_cmpint (
      karez_json_integer (room_told (room, 0, "checklist", "confirmed", &node), "item", -1), ==, 2);
  g_assert_cmpuint (room_count (room, 1, "checklist"), ==, 0);
  act (room, room->expert, "close", LIST, -1);
  assert_told (room, "closed", room->expert, -1);
  open_list (room, room->other, SECOND, 1, 30);
  assert_told (room, "opened", room->other, -1);
}

static void
test_refused (Room *room, gconstpointer data)
{
  static const struct
  {
    const char *text, *rule;
  } wrong[] = {
    { "x", "json/syntax" },
    { "[]", "guidance/checklist" },
    { "{\"type\": \"erase\", \"id\": \"" LIST "\"}", "json/word" },
    { "{\"type\": \"open\", \"id\": \"" LIST "\"}", "json/missing" },
    { "{\"type\": \"open\", \"id\": \"" LIST "\", \"checklist\": {}}", "json/missing" },
    { "{\"type\": \"ask\", \"id\": \"" LIST "\", \"item\": -1}", "json/range" },
    { "{\"type\": \"ask\", \"id\": \"" LIST "\", \"item\": 0}", "guidance/no-checklist" },
    { "{\"type\": \"close\", \"id\": \"" LIST "\"}", "guidance/no-checklist" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      room_say (room, room->expert, "checklist", wrong[i].text);
      room_assert_rule (room, 1, "checklist", wrong[i].rule);
    }
  open_list (room, room->site, LIST, 1, 30);
  room_assert_rule (room, 0, "checklist", "guidance/role");
  open_list (room, room->expert, LIST, 3, 100);
  open_list (room, room->other, SECOND, 3, 100);
  room_assert_rule (room, 2, "checklist", "guidance/checklist-open");
  act (room, room->site, "ask", LIST, 0);
  room_assert_rule (room, 0, "checklist", "guidance/role");
  act (room, room->site, "close", LIST, -1);
  room_assert_rule (room, 0, "checklist", "guidance/role");
  act (room, room->site, "confirm", LIST, 0);
  room_assert_rule (room, 0, "checklist", "guidance/not-asked");
  act (room, room->expert, "ask", LIST, 3);
  room_assert_rule (room, 1, "checklist", "guidance/no-item");
  act (room, room->expert, "ask", LIST, 0);
  act (room, room->expert, "confirm", LIST, 0);
  room_assert_rule (room, 1, "checklist", "guidance/role");
  for (guint i = 0; i < 2; i++)
    karez_test_worker_set_state (room->workers[i], KAREZ_STATE_HELD);
  act (room, room->expert, "ask", LIST, 1);
  room_assert_rule (room, 1, "checklist", "guidance/not-live");
}

/* What one session opens is bounded, in number and in length. */
static void
test_room (Room *room, gconstpointer data)
{
  guint opened = 0;

  for (guint i = 0; i < GUIDANCE_READBACK_MAX_LISTS + 1; i++)
    {
      g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-0000000001%02u", i);

      open_list (room, room->expert, id, 1, 30);
      act (room, room->expert, "close", id, -1);
    }
  room_assert_rule (room, 1, "checklist", "guidance/no-checklist");
  open_list (room, room->expert, LIST, 1, 30);
  room_assert_rule (room, 1, "checklist", "guidance/checklist-room");
  room_down (room, NULL);
  room_up (room, NULL);
  for (guint i = 0; i < GUIDANCE_READBACK_MAX_LISTS; i++)
    {
      g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-0000000001%02u", i);
      g_autoptr (JsonNode) node = NULL;

      open_list (room, room->expert, id, 40, 27000);
      opened += room_told (room, 1, "checklist", "opened", &node) != NULL;
      g_ptr_array_set_size (room->pages[1], 0);
      act (room, room->expert, "close", id, -1);
    }
  g_assert_cmpuint (opened, ==, 3);
  open_list (room, room->expert, LIST, 40, 27000);
  room_assert_rule (room, 1, "checklist", "guidance/checklist-room");
}

/* A page whose channel opens is told what there is. */
static void
test_late (Room *room, gconstpointer data)
{
  KarezMedia *media = karez_session_get_media (KAREZ_SESSION (room->workers[0]), NULL);
  static const char *const said[] = { "begin", "opened", "asked", "asked", "confirmed" };

  open_list (room, room->expert, LIST, 3, 100);
  act (room, room->expert, "ask", LIST, 0);
  act (room, room->expert, "ask", LIST, 1);
  act (room, room->site, "confirm", LIST, 1);
  g_ptr_array_set_size (room->pages[0], 0);
  g_signal_emit_by_name (media, "channel", room->site, "checklist", TRUE);
  g_assert_cmpuint (room_count (room, 0, "checklist"), ==, G_N_ELEMENTS (said));
  for (guint i = 0; i < G_N_ELEMENTS (said); i++)
    {
      JsonObject *message = json_node_get_object (room->pages[0]->pdata[i]);
      g_autoptr (JsonNode) inner = json_from_string (karez_json_text (message, "text"), NULL);

      g_assert_cmpstr (karez_json_text (json_node_get_object (inner), "type"), ==, said[i]);
    }
  act (room, room->expert, "close", LIST, -1);
  g_ptr_array_set_size (room->pages[0], 0);
  g_signal_emit_by_name (media, "channel", room->site, "checklist", TRUE);
  g_assert_cmpuint (room_count (room, 0, "checklist"), ==, 1);
}

/* A host that dies: the checklist is in its checkpoint, and so is what was kept of the session;
 * what the other side missed meanwhile, it is told. */
static void
test_restarted (Room *room, gconstpointer data)
{
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObject *summary, *list, *item;

  room_draw (room, room->expert, MARK (01));
  open_list (room, room->expert, LIST, 2, 60);
  act (room, room->expert, "ask", LIST, 0);
  karez_test_worker_send (room->workers[0], room->site, "checklist",
                          "{\"type\": \"confirm\", \"id\": \"" LIST "\", \"item\": 0}");
  karez_test_rest ();
  g_assert_null (room_told (room, 1, "checklist", "confirmed", &node));
  /* What the host told the other side is lost with it. */
  while (karez_test_worker_count_arriving (room->workers[1]) > 0)
    karez_test_worker_lose (room->workers[1]);
  saved = karez_test_worker_die (room->workers[0]);
  karez_test_worker_start (room->workers[0], GUIDANCE_TYPE_MODALITY, saved);
  karez_test_workers_set_up (room->workers, FALSE);
  karez_test_workers_set_up (room->workers, TRUE);
  room_carry (room);
  karez_test_worker_join (room->workers[0], room->site);
  room_carry (room);
  g_assert_nonnull (room_told (room, 1, "checklist", "confirmed", &node));
  for (guint i = 0; i < 2; i++)
    {
      karez_test_worker_move (room->workers[i], KAREZ_TEST_MOVE_STOP);
      room_carry (room);
      summary = karez_test_worker_last (room->workers[i], "summary.keep");
      g_assert_cmpuint (json_array_get_length (json_object_get_array_member (summary, "people")),
                        ==, 3);
      g_assert_cmpuint (json_array_get_length (json_object_get_array_member (summary, "marks")), ==,
                        1);
      list = json_array_get_object_element (json_object_get_array_member (summary, "checklists"),
                                            0);
      item = json_array_get_object_element (json_object_get_array_member (list, "items"), 0);
      g_assert_cmpstr (karez_json_text (item, "confirmed_by"), ==,
                       karez_participant_get_id (room->site));
      g_assert_false (json_object_has_member (list, "closed_at"));
    }
  /* The restored one does not say again who came. */
  g_assert_cmpuint (karez_test_worker_count (room->workers[0], "participant.enter"), ==, 1);
}

static JsonObject *
stop (Room *room, guint side)
{
  karez_test_worker_move (room->workers[side], KAREZ_TEST_MOVE_STOP);
  room_carry (room);
  return karez_test_worker_last (room->workers[side], "summary.keep");
}

/* Who was there, and each mark with who drew it, when, and when it went. */
static void
test_summary (Room *room, gconstpointer data)
{
  g_autoptr (JsonNode) body = NULL;
  JsonArray *marks;
  JsonObject *mark;

  room_draw (room, room->expert, MARK (01));
  room_draw (room, room->other, MARK (02));
  room_say (room, room->expert, "marks", "{\"type\": \"clear\"}");
  /* At both hospitals it is the same, by the host's clock. */
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *summary = stop (room, i);
      g_autoptr (JsonNode) node = karez_json_array (
          json_array_ref (json_object_get_array_member (summary, "marks")));

      marks = json_node_get_array (node);
      g_assert_cmpuint (json_array_get_length (marks), ==, 2);
      mark = json_array_get_object_element (marks, 0);
      g_assert_cmpstr (karez_json_text (mark, "by"), ==, karez_participant_get_id (room->expert));
      g_assert_cmpstr (karez_json_text (mark, "removed_by"), ==,
                       karez_participant_get_id (room->expert));
      g_assert_cmpint (karez_json_integer (mark, "capture", 0), ==, 4005000000000000);
      g_assert_true (json_object_has_member (mark, "removed_at"));
      g_assert_false (
          json_object_has_member (json_array_get_object_element (marks, 1), "removed_at"));
      if (body == NULL)
        body = g_steal_pointer (&node);
      else
        g_assert_true (json_node_equal (body, node));
    }
  g_assert_cmpuint (karez_test_worker_count (room->workers[0], "participant.enter"), ==, 1);
  g_assert_cmpuint (karez_test_worker_count (room->workers[1], "participant.enter"), ==, 2);
}

/* Marks beyond what is kept are counted. */
static void
test_many (Room *room, gconstpointer data)
{
  JsonObject *summary;

  for (guint i = 0; i < GUIDANCE_HISTORY_MAX_MARKS + 7; i++)
    {
      g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-000000001%03u", i);

      room_draw (room, room->expert, id);
      if (i % 30 == 29)
        room_say (room, room->expert, "marks", "{\"type\": \"clear\"}");
      g_ptr_array_set_size (room->pages[0], 0);
    }
  summary = stop (room, 1);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (summary, "marks")), ==,
                    GUIDANCE_HISTORY_MAX_MARKS);
  g_assert_cmpint (karez_json_integer (summary, "more_marks", 0), ==, 7);
}

/* For how long the scene was shown: with consent, and while nothing holds. */
static void
test_shown (Room *room, gconstpointer data)
{
  g_assert_true (karez_test_worker_say (room->workers[0], room->site,
                                        "{\"type\": \"consent.give\", \"basis\": \"emergency\"}",
                                        NULL));
  room_carry (room);
  g_usleep (1100 * 1000); /* nocheck:blocked -- the time that is counted */
  karez_test_worker_move (room->workers[0], KAREZ_TEST_MOVE_HOLD);
  g_usleep (1100 * 1000); /* nocheck:blocked -- the time that is not */
  g_assert_cmpint (karez_json_integer (stop (room, 0), "seconds", -1), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/guidance/" name, Room, NULL, room_up, func, room_down)
  ADD ("asked", test_asked);
  ADD ("refused", test_refused);
  ADD ("room", test_room);
  ADD ("late", test_late);
  ADD ("restarted", test_restarted);
  ADD ("summary", test_summary);
  ADD ("many", test_many);
  ADD ("shown", test_shown);
  return g_test_run ();
}
