/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live halves of a guidance at two hospitals: marks, pointers, and a tracker that is lent. */
#include "guidance-modality.h"
#include "guidance-positions.h"

#include <karez-testing.h>
#include <math.h>

#define MARK(n) "01a20000-0000-7000-8000-0000000000" #n

typedef struct
{
  KarezTestWorker *workers[2]; /* the host's, where the patient is; the experts' */
  KarezParticipant *site, *expert, *other;
  GPtrArray *pages[3];
} Room;

static KarezParticipant *
add_person (Room *room, guint i, guint side, const char *id, const char *role)
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

static KarezTestProgram *
program_of (Room *room)
{
  return karez_test_worker_get_program (room->workers[0], "tracker");
}

static void
carry (Room *room)
{
  karez_test_rest ();
  karez_test_workers_carry (room->workers);
  karez_test_rest ();
}

static void
room_up (Room *room, gconstpointer data)
{
  karez_test_workers_new (room->workers);
  for (guint i = 0; i < 2; i++)
    karez_test_worker_start (room->workers[i], GUIDANCE_TYPE_MODALITY, NULL);
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  room->site = add_person (room, 0, 0, "01a20000-0000-7000-8000-00000000000a", "site");
  room->expert = add_person (room, 1, 1, "01a20000-0000-7000-8000-00000000000b", "expert");
  room->other = add_person (room, 2, 1, "01a20000-0000-7000-8000-00000000000c", "expert");
  for (guint i = 0; i < 2; i++)
    karez_test_worker_move (room->workers[i], KAREZ_TEST_MOVE_START);
  carry (room);
}

static void
room_down (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    g_object_unref (room->workers[i]);
  for (guint i = 0; i < 3; i++)
    g_ptr_array_unref (room->pages[i]);
  g_object_unref (room->site);
  g_object_unref (room->expert);
  g_object_unref (room->other);
}

/* What a page sends over a channel. */
static void
say (Room *room, KarezParticipant *who, const char *label, const char *text)
{
  karez_test_worker_send (room->workers[who == room->site ? 0 : 1], who, label, text);
  carry (room);
}

/* The newest message of a type that a page got over a channel. */
static JsonObject *
told (Room *room, guint page, const char *label, const char *type, JsonNode **node)
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

static guint
count (Room *room, guint page, const char *label)
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

static void
draw (Room *room, KarezParticipant *who, const char *id)
{
  g_autofree char *text = g_strdup_printf (
      "{\"type\": \"add\", \"id\": \"%s\", \"tool\": \"arrow\", \"capture\": 4005000000000000, "
      "\"points\": [[2500, 5000], [3000, 10000]]}",
      id);

  say (room, who, "marks", text);
}

static void
assert_rule (Room *room, guint page, const char *rule)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *refused = told (room, page, "marks", "refused", &node);

  g_assert_nonnull (refused);
  g_assert_cmpstr (karez_json_text (refused, "rule"), ==, rule);
  g_ptr_array_set_size (room->pages[page], 0);
}

/* What the tracker is told next. */
static void
expect (Room *room, const char *type, gint64 number)
{
  g_autoptr (GBytes) bytes = karez_test_program_take (program_of (room));
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  g_assert_nonnull (bytes);
  node = karez_json_parse (bytes, 0, NULL);
  object = json_node_get_object (node);
  g_assert_cmpstr (karez_json_text (object, "type"), ==, type);
  g_assert_cmpint (karez_json_integer (object, "number", 0), ==, number);
}

static void
expect_nothing (Room *room)
{
  g_assert_null (karez_test_program_take (program_of (room)));
}

static void
tracker_says (Room *room, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  karez_test_program_say (program_of (room), bytes);
  carry (room);
}

/* Everybody sees it; each clears their own. */
static void
test_marks (Room *room, gconstpointer data)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *mark;

  expect (room, "track", 0);
  draw (room, room->expert, MARK (01));
  draw (room, room->other, MARK (02));
  for (guint i = 0; i < 3; i++)
    {
      mark = json_object_get_object_member (told (room, i, "marks", "added", &node), "mark");
      g_assert_cmpstr (karez_json_text (mark, "id"), ==, MARK (02));
      g_assert_cmpint (karez_json_integer (mark, "number", 0), ==, 2);
      g_assert_cmpstr (karez_json_text (mark, "name"), ==, "expert");
    }
  expect (room, "mark", 1);
  expect (room, "mark", 2);
  /* Said twice, it is one. */
  draw (room, room->expert, MARK (01));
  expect_nothing (room);
  say (room, room->expert, "marks", "{\"type\": \"remove\", \"id\": \"" MARK (02) "\"}");
  assert_rule (room, 1, "guidance/not-own");
  say (room, room->expert, "marks", "{\"type\": \"remove\", \"id\": \"" MARK (09) "\"}");
  assert_rule (room, 1, "guidance/no-mark");
  draw (room, room->site, MARK (03));
  assert_rule (room, 0, "guidance/role");
  say (room, room->expert, "marks", "{\"type\": \"clear\"}");
  g_assert_cmpstr (
      json_array_get_string_element (
          json_object_get_array_member (told (room, 0, "marks", "removed", &node), "ids"), 0),
      ==, MARK (01));
  expect (room, "forget", 1);
  expect_nothing (room);
}

/* What is no mark changes nothing, and who sent it is told why. */
static void
test_refused (Room *room, gconstpointer data)
{
  static const struct
  {
    const char *text, *rule;
  } wrong[] = {
    { "x", "json/syntax" },
    { "[]", "guidance/mark" },
    { "{\"type\": \"add\", \"id\": \"" MARK (
          01) "\", \"tool\": \"arrow\", \"capture\": 1, \"points\": [[0, 0]]}",
      "guidance/points" },
    { "{\"type\": \"add\", \"id\": \"" MARK (
          01) "\", \"tool\": \"arrow\", \"capture\": 1, \"points\": [[0, 0], [0, 10001]]}",
      "guidance/points" },
    { "{\"type\": \"add\", \"id\": \"" MARK (
          01) "\", \"tool\": \"arrow\", \"capture\": 1, \"points\": [[0, 0], [0, -1]]}",
      "guidance/points" },
    { "{\"type\": \"add\", \"id\": \"" MARK (
          01) "\", \"tool\": \"arrow\", \"capture\": 1, \"points\": [[0, 0], [0, 0.5]]}",
      "guidance/points" },
    { "{\"type\": \"add\", \"id\": \"" MARK (
          01) "\", \"tool\": \"arrow\", \"capture\": 1, \"points\": [[0, 0], [0, \"1\"]]}",
      "guidance/points" },
    { "{\"type\": \"add\", \"id\": \"" MARK (
          01) "\", \"tool\": \"arrow\", \"capture\": 1, \"points\": [[0, 0], 1]}",
      "guidance/points" },
    { "{\"type\": \"add\", \"id\": \"" MARK (
          01) "\", \"tool\": \"text\", \"capture\": 1, \"points\": [[0, 0]]}",
      "guidance/mark" },
    { "{\"type\": \"add\", \"id\": \"" MARK (01) "\", \"tool\": \"arrow\", \"capture\": 1, "
                                                 "\"points\": [[0, 0], [1, 1]], \"text\": \"x\"}",
      "guidance/mark" },
  };
  g_autoptr (GString) stroke = g_string_new (NULL);
  g_autoptr (JsonNode) node = NULL;

  expect (room, "track", 0);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      say (room, room->expert, "marks", wrong[i].text);
      assert_rule (room, 1, wrong[i].rule);
    }
  g_string_append (
      stroke, "{\"type\": \"add\", \"id\": \"" MARK (01) "\", \"tool\": \"pen\", "
                                                         "\"capture\": 1, \"points\": [[0, 0]");
  for (guint i = 0; i < GUIDANCE_MAX_POINTS; i++)
    g_string_append (stroke, ", [0, 0]");
  g_string_append (stroke, "]}");
  say (room, room->expert, "marks", stroke->str);
  assert_rule (room, 1, "guidance/points");
  for (guint i = 0; i < GUIDANCE_MAX_OWN; i++)
    {
      g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-0000000001%02u", i);

      draw (room, room->expert, id);
    }
  draw (room, room->expert, MARK (01));
  assert_rule (room, 1, "guidance/too-many-marks");
  draw (room, room->other, MARK (01));
  g_assert_nonnull (told (room, 2, "marks", "added", &node));
  for (guint i = 0; i < 2; i++)
    karez_test_worker_set_state (room->workers[i], KAREZ_STATE_HELD);
  draw (room, room->other, MARK (02));
  assert_rule (room, 2, "guidance/not-live");
}

/* The tracker says where they are, or that it cannot; nonsense of it goes nowhere. */
static void
test_positions (Room *room, gconstpointer data)
{
  static const char *const nonsense[] = {
    "x",
    "[]",
    "{\"type\": \"marks\"}",
    "{\"type\": \"marks\", \"rtp_time\": 1, \"marks\": [1]}",
    "{\"type\": \"marks\", \"rtp_time\": 1, \"marks\": [{\"number\": 0, \"shown\": false}]}",
    "{\"type\": \"marks\", \"rtp_time\": 1, \"marks\": [{\"number\": 1, \"shown\": true, \"x\": "
    "1e9, "
    "\"y\": 0, \"confidence\": 1, \"matrix\": [1, 0, 0, 0, 1, 0, 0, 0, 1]}]}",
    "{\"type\": \"marks\", \"rtp_time\": 1, \"marks\": [{\"number\": 1, \"shown\": true, \"x\": 0, "
    "\"y\": 0, \"confidence\": 1, \"matrix\": [1, 0, 0, 0, 1, 0, 0, 0, 0]}]}",
    "{\"type\": \"refused\", \"number\": 77, \"rule\": \"guidance/no-frame\"}",
  };
  g_autoptr (JsonNode) node = NULL;
  JsonObject *unfollowed;

  expect (room, "track", 0);
  draw (room, room->expert, MARK (01));
  expect (room, "mark", 1);
  for (guint i = 0; i < G_N_ELEMENTS (nonsense); i++)
    tracker_says (room, nonsense[i]);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (count (room, i, "positions"), ==, 0);
  tracker_says (room, "{\"type\": \"marks\", \"rtp_time\": 90000, \"capture\": 4005000000000000, "
                      "\"marks\": [{\"number\": 1, \"shown\": true, \"x\": 0.5, \"y\": 0.25, "
                      "\"confidence\": 0.9, \"matrix\": [1, 0, 0.1, 0, 1, 0, 0, 0, 1]}]}");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (count (room, i, "positions"), ==, 1);
  tracker_says (room,
                "{\"type\": \"refused\", \"number\": 1, \"rule\": \"guidance/frame-too-old\"}");
  for (guint i = 0; i < 3; i++)
    {
      unfollowed = told (room, i, "marks", "unfollowed", &node);
      g_assert_cmpstr (karez_json_text (unfollowed, "id"), ==, MARK (01));
      g_assert_cmpstr (karez_json_text (unfollowed, "rule"), ==, "guidance/frame-too-old");
    }
}

/* A tracker that ends: both hospitals are told, and the next one has everything. */
static void
test_tracker_ends (Room *room, gconstpointer data)
{
  g_autoptr (JsonNode) node = NULL;

  draw (room, room->expert, MARK (01));
  karez_test_program_end (program_of (room), TRUE);
  karez_test_workers_carry (room->workers);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (karez_json_text (told (room, i, "marks", "tracker", &node), "type"), ==,
                     "tracker");
  g_assert_false (karez_json_boolean (json_node_get_object (node), "running")
                  && karez_test_program_is_over (program_of (room)));
  carry (room);
  expect (room, "track", 0);
  expect (room, "mark", 1);
  expect_nothing (room);
  g_assert_true (karez_json_boolean (told (room, 2, "marks", "tracker", &node), "running"));
  /* The session goes on without any. */
  karez_test_program_end (program_of (room), FALSE);
  carry (room);
  g_assert_false (karez_json_boolean (told (room, 2, "marks", "tracker", &node), "running"));
  draw (room, room->other, MARK (02));
  g_assert_nonnull (told (room, 0, "marks", "added", &node));
}

/* Whose scene is followed: who is at the patient's side, whoever comes and goes. */
static void
test_scene (Room *room, gconstpointer data)
{
  const char *site = karez_participant_get_id (room->site);
  g_autoptr (KarezParticipant) next = NULL;

  expect (room, "track", 0);
  g_assert_cmpint (karez_test_worker_find_tap (room->workers[0], site, "scene"), >=, 0);
  expect_nothing (room);
  g_ptr_array_unref (room->pages[2]);
  next = add_person (room, 2, 0, "01a20000-0000-7000-8000-00000000000d", "site");
  carry (room);
  expect_nothing (room);
  karez_test_worker_leave (room->workers[0], room->site);
  carry (room);
  expect (room, "track", 0);
  g_assert_cmpint (
      karez_test_worker_find_tap (room->workers[0], karez_participant_get_id (next), "scene"), >=,
      0);
}

/* A pointer is shown to everybody else, and only an expert's. */
static void
test_pointer (Room *room, gconstpointer data)
{
  static const char *const wrong[] = { "x",
                                       "[]",
                                       "{\"x\": 0.5}",
                                       "{\"x\": 2, \"y\": 0.5}",
                                       "{\"x\": \"0\", \"y\": 0.5}",
                                       "{\"x\": 0.5, \"y\": 0.5, \"participant\": \"x\"}" };
  g_autoptr (JsonNode) node = NULL;
  JsonObject *pointer;

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    say (room, room->expert, "pointer", wrong[i]);
  say (room, room->site, "pointer", "{\"x\": 0.5, \"y\": 0.5}");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (count (room, i, "pointer"), ==, 0);
  say (room, room->expert, "pointer", "{\"x\": 0.5, \"y\": 0.25}");
  g_assert_cmpuint (count (room, 1, "pointer"), ==, 0);
  for (guint i = 0; i < 3; i += 2)
    {
      pointer = told (room, i, "pointer", NULL, &node);
      g_assert_cmpstr (karez_json_text (pointer, "participant"), ==,
                       karez_participant_get_id (room->expert));
      g_assert_cmpfloat (json_object_get_double_member (pointer, "y"), ==, 0.25);
    }
  say (room, room->expert, "pointer", "{}");
  g_assert_false (json_object_has_member (told (room, 0, "pointer", NULL, &node), "x"));
}

/* Nothing is passed on, to the tracker neither, before the patient's consent and while it holds. */
static void
test_consent (Room *room, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (karez_test_worker_is_forwarding (room->workers[0]));
  g_assert_true (karez_test_worker_say (room->workers[0], room->site,
                                        "{\"type\": \"consent.give\", \"basis\": \"emergency\"}",
                                        &error));
  carry (room);
  for (guint i = 0; i < 2; i++)
    g_assert_true (karez_test_worker_is_forwarding (room->workers[i]));
  karez_test_worker_move (room->workers[0], KAREZ_TEST_MOVE_HOLD);
  g_assert_false (karez_test_worker_is_forwarding (room->workers[0]));
  karez_test_worker_move (room->workers[0], KAREZ_TEST_MOVE_RESUME);
  g_assert_true (karez_test_worker_is_forwarding (room->workers[0]));
  g_assert_true (karez_test_worker_say (room->workers[0], room->site,
                                        "{\"type\": \"consent.withdraw\"}", &error));
  g_assert_false (karez_test_worker_is_forwarding (room->workers[0]));
}

/* A worker that dies: the marks are in its checkpoint, and its tracker is told them. */
static void
test_restarted (Room *room, gconstpointer data)
{
  g_autoptr (GBytes) saved = NULL;
  g_autoptr (KarezParticipant) there = NULL;

  draw (room, room->expert, MARK (01));
  saved = karez_test_worker_die (room->workers[0]);
  karez_test_worker_start (room->workers[0], GUIDANCE_TYPE_MODALITY, saved);
  karez_test_workers_set_up (room->workers, FALSE);
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  expect (room, "mark", 1);
  karez_test_worker_join (room->workers[0], room->site);
  carry (room);
  expect (room, "track", 0);
  draw (room, room->other, MARK (02));
  assert_rule (room, 2, "guidance/away");
  there = karez_test_participant_new (1, karez_participant_get_id (room->other), "expert", "expert",
                                      FALSE, NULL);
  karez_test_worker_join (room->workers[0], there);
  draw (room, room->other, MARK (02));
  expect (room, "mark", 2);
}

/* Positions as bytes: what goes in comes out, and nothing else is taken. */
static void
test_bytes (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  GuidancePositions positions = { .rtp_time = 4294967295u, .capture = 4005000000123456, .n = 64 };
  GuidancePositions back = { 0 };
  g_autoptr (GPtrArray) messages = NULL;
  guint n = 0;

  for (guint i = 0; i < positions.n; i++)
    {
      GuidancePosition *one = &positions.all[i];

      *one = (GuidancePosition){ .number = i + 1, .shown = i % 3 != 0 };
      if (!one->shown)
        continue;
      one->confidence = 0.8;
      one->x = i / 64.0;
      one->y = -0.25;
      for (guint j = 0; j < 9; j++)
        one->matrix[j] = j == 8 ? 1 : j / 8.0;
    }
  messages = guidance_positions_pack (&positions, KAREZ_LINK_MAX_DATAGRAM);
  g_assert_cmpuint (messages->len, ==, 3);
  for (guint i = 0; i < messages->len; i++)
    {
      gsize size = g_bytes_get_size (messages->pdata[i]);
      g_autofree guint8 *bytes = g_memdup2 (g_bytes_get_data (messages->pdata[i], NULL), size);

      g_assert_cmpuint (size, <=, KAREZ_LINK_MAX_DATAGRAM);
      g_assert_true (guidance_positions_unpack (&back, messages->pdata[i], NULL));
      g_assert_cmpuint (back.rtp_time, ==, positions.rtp_time);
      g_assert_cmpint (back.capture, ==, positions.capture);
      for (guint j = 0; j < back.n; j++, n++)
        {
          g_assert_cmpuint (back.all[j].number, ==, positions.all[n].number);
          g_assert_cmpint (back.all[j].shown, ==, positions.all[n].shown);
          g_assert_cmpfloat_with_epsilon (back.all[j].x, positions.all[n].x, 1e-6);
          g_assert_cmpfloat_with_epsilon (back.all[j].matrix[7], positions.all[n].matrix[7], 1e-6);
        }
      for (guint j = 0; j < 3000; j++)
        {
          g_autoptr (GBytes) changed = NULL;
          g_autoptr (GError) error = NULL;

          bytes[g_rand_int_range (rand, 0, (gint32) size)] = (guint8) g_rand_int (rand);
          changed = g_bytes_new (bytes, (gsize) g_rand_int_range (rand, 0, 9) == 0
                                            ? (gsize) g_rand_int_range (rand, 0, (gint32) size)
                                            : size);
          if (!guidance_positions_unpack (&back, changed, &error))
            g_assert_cmpstr (karez_error_get_rule (error), ==, "guidance/positions");
          else
            for (guint k = 0; k < back.n; k++)
              g_assert_true (isfinite (back.all[k].x) && isfinite (back.all[k].matrix[0]));
        }
    }
  g_assert_cmpuint (n, ==, positions.n);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/guidance/" name, Room, NULL, room_up, func, room_down)
  ADD ("marks", test_marks);
  ADD ("refused", test_refused);
  ADD ("positions", test_positions);
  ADD ("tracker-ends", test_tracker_ends);
  ADD ("scene", test_scene);
  ADD ("pointer", test_pointer);
  ADD ("consent", test_consent);
  ADD ("restarted", test_restarted);
  g_test_add_func ("/guidance/bytes", test_bytes);
  return g_test_run ();
}
