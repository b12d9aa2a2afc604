/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guidance at two hospitals, with a site and two experts, for tests. */
#include "test-room.h"

#include <sys/stat.h>

KarezParticipant *
room_add (Room *room, guint i, guint side, const char *id, const char *role)
{
  KarezParticipant *here, *there;

  room->pages[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  here = karez_test_participant_new (side, id, role, role, TRUE, room->pages[i]);
  there = karez_test_participant_new (side, id, role, role, FALSE, NULL);
  karez_test_worker_join (room->workers[side], here);
  karez_test_worker_join (room->workers[1 - side], there);
  g_object_unref (there);
  return here;
}

KarezTestProgram *
room_program (Room *room)
{
  return karez_test_worker_get_program (room->workers[0], room->tracker);
}

void
room_carry (Room *room)
{
  karez_test_rest ();
  karez_test_workers_carry (room->workers);
  karez_test_rest ();
}

void
room_up (Room *room, gconstpointer data)
{
  room->tracker = "tracker";
  karez_test_workers_new (room->workers);
  for (guint i = 0; i < 2; i++)
    karez_test_worker_start (room->workers[i], GUIDANCE_TYPE_MODALITY, NULL);
  karez_test_workers_set_up (room->workers, TRUE);
  room_carry (room);
  /* Before anything else. */
  room->memory = room_expect_kept (room, 0);
  room->site = room_add (room, 0, 0, "01a20000-0000-7000-8000-00000000000a", "site");
  room->expert = room_add (room, 1, 1, "01a20000-0000-7000-8000-00000000000b", "expert");
  room->other = room_add (room, 2, 1, "01a20000-0000-7000-8000-00000000000c", "expert");
  for (guint i = 0; i < 2; i++)
    karez_test_worker_move (room->workers[i], KAREZ_TEST_MOVE_START);
  room_tracker_says (room, "{\"type\": \"anew\"}");
}

void
room_down (Room *room, gconstpointer data)
{
  /* What is being saved refers to its worker. */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) saved = karez_test_worker_die (room->workers[i]);

      g_object_unref (room->workers[i]);
    }
  for (guint i = 0; i < 3; i++)
    g_ptr_array_unref (room->pages[i]);
  g_object_unref (room->site);
  g_object_unref (room->expert);
  g_object_unref (room->other);
}

/* What a page sends over a channel. */
void
room_say (Room *room, KarezParticipant *who, const char *label, const char *text)
{
  karez_test_worker_send (room->workers[who == room->site ? 0 : 1], who, label, text);
  room_carry (room);
}

/* The newest message of a type that a page got over a channel. */
JsonObject *
room_told (Room *room, guint page, const char *label, const char *type, JsonNode **node)
{
  g_clear_pointer (node, json_node_unref);
  for (guint i = room->pages[page]->len; i > 0; i--)
    {
      JsonObject *body = json_node_get_object (room->pages[page]->pdata[i - 1]);
      g_autoptr (JsonNode) inner = NULL;

      if (g_strcmp0 (karez_json_text (body, "type"), "channel") != 0
          || g_strcmp0 (karez_json_text (body, "label"), label) != 0)
        continue;
      inner = json_from_string (karez_json_text (body, "text"), NULL);
      if (type != NULL
          && (inner == NULL
              || g_strcmp0 (karez_json_text (json_node_get_object (inner), "type"), type) != 0))
        continue;
      *node = g_steal_pointer (&inner);
      return *node != NULL ? json_node_get_object (*node) : body;
    }
  return NULL;
}

guint
room_count (Room *room, guint page, const char *label)
{
  guint n = 0;

  for (guint i = 0; i < room->pages[page]->len; i++)
    {
      JsonObject *body = json_node_get_object (room->pages[page]->pdata[i]);

      n += g_strcmp0 (karez_json_text (body, "type"), "channel") == 0
           && g_strcmp0 (karez_json_text (body, "label"), label) == 0;
    }
  return n;
}

void
room_draw (Room *room, KarezParticipant *who, const char *id)
{
  g_autofree char *text = g_strdup_printf (
      "{\"type\": \"add\", \"id\": \"%s\", \"tool\": \"arrow\", \"capture\": 4005000000000000, "
      "\"points\": [[2500, 5000], [3000, 10000]]}",
      id);

  room_say (room, who, "marks", text);
}

void
room_assert_rule (Room *room, guint page, const char *label, const char *rule)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *refused = room_told (room, page, label, "refused", &node);

  g_assert_nonnull (refused);
  g_assert_cmpstr (karez_json_text (refused, "rule"), ==, rule);
  g_ptr_array_set_size (room->pages[page], 0);
}

/* What the tracker is told next. */
static JsonNode *
take_next (Room *room)
{
  g_autoptr (GBytes) bytes = karez_test_program_take (room_program (room));

  g_assert_nonnull (bytes);
  return karez_json_parse (bytes, 0, NULL);
}

void
room_expect (Room *room, const char *type, gint64 number)
{
  g_autoptr (JsonNode) node = take_next (room);
  JsonObject *object = json_node_get_object (node);

  g_assert_cmpstr (karez_json_text (object, "type"), ==, type);
  g_assert_cmpint (karez_json_integer (object, "number", 0), ==, number);
}

ino_t
room_expect_kept (Room *room, guint n_marks)
{
  g_autoptr (JsonNode) node = take_next (room);
  JsonObject *object = json_node_get_object (node);
  struct stat is = { 0 };

  g_assert_cmpstr (karez_json_text (object, "type"), ==, "keep");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "marks")), ==,
                    n_marks);
  g_assert_cmpint (fstat (karez_test_program_get_fd (room_program (room), 0), &is), ==, 0);
  g_assert_cmpint (karez_test_program_get_fd (room_program (room), 1), ==, -1);
  return is.st_ino;
}

void
room_expect_nothing (Room *room)
{
  g_assert_null (karez_test_program_take (room_program (room)));
}

void
room_tracker_says (Room *room, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  karez_test_program_say (room_program (room), bytes);
  room_carry (room);
}
