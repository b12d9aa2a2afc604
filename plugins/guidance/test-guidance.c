/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live halves of a guidance at two hospitals: marks, pointers, and a tracker that is lent. */
#include "guidance-kept.h"
#include "guidance-positions.h"

#include "test-room.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

/* Everybody sees it; each clears their own. */
static void
test_marks (Room *room, gconstpointer data)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *mark;

  room_expect (room, "track", 0);
  room_draw (room, room->expert, MARK (01));
  room_draw (room, room->other, MARK (02));
  for (guint i = 0; i < 3; i++)
    {
      mark = json_object_get_object_member (room_told (room, i, "marks", "added", &node), "mark");
      g_assert_cmpstr (karez_json_text (mark, "id"), ==, MARK (02));
      g_assert_cmpint (karez_json_integer (mark, "number", 0), ==, 2);
      g_assert_cmpstr (karez_json_text (mark, "name"), ==, "expert");
    }
  room_expect (room, "mark", 1);
  room_expect (room, "mark", 2);
  /* Said twice, it is one. */
  room_draw (room, room->expert, MARK (01));
  room_expect_nothing (room);
  room_say (room, room->expert, "marks", "{\"type\": \"remove\", \"id\": \"" MARK (02) "\"}");
  room_assert_rule (room, 1, "marks", "guidance/not-own");
  room_say (room, room->expert, "marks", "{\"type\": \"remove\", \"id\": \"" MARK (09) "\"}");
  room_assert_rule (room, 1, "marks", "guidance/no-mark");
  room_draw (room, room->site, MARK (03));
  room_assert_rule (room, 0, "marks", "guidance/role");
  room_say (room, room->expert, "marks", "{\"type\": \"clear\"}");
  g_assert_cmpstr (
      json_array_get_string_element (
          json_object_get_array_member (room_told (room, 0, "marks", "removed", &node), "ids"), 0),
      ==, MARK (01));
  room_expect (room, "forget", 1);
  room_expect_nothing (room);
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

  room_expect (room, "track", 0);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      room_say (room, room->expert, "marks", wrong[i].text);
      room_assert_rule (room, 1, "marks", wrong[i].rule);
    }
  g_string_append (
      stroke, "{\"type\": \"add\", \"id\": \"" MARK (01) "\", \"tool\": \"pen\", "
                                                         "\"capture\": 1, \"points\": [[0, 0]");
  for (guint i = 0; i < GUIDANCE_MAX_POINTS; i++)
    g_string_append (stroke, ", [0, 0]");
  g_string_append (stroke, "]}");
  room_say (room, room->expert, "marks", stroke->str);
  room_assert_rule (room, 1, "marks", "guidance/points");
  for (guint i = 0; i < GUIDANCE_MAX_OWN; i++)
    {
      g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-0000000001%02u", i);

      room_draw (room, room->expert, id);
    }
  room_draw (room, room->expert, MARK (01));
  room_assert_rule (room, 1, "marks", "guidance/too-many-marks");
  room_draw (room, room->other, MARK (01));
  g_assert_nonnull (room_told (room, 2, "marks", "added", &node));
  for (guint i = 0; i < 2; i++)
    karez_test_worker_set_state (room->workers[i], KAREZ_STATE_HELD);
  room_draw (room, room->other, MARK (02));
  room_assert_rule (room, 2, "marks", "guidance/not-live");
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

  room_expect (room, "track", 0);
  room_draw (room, room->expert, MARK (01));
  room_expect (room, "mark", 1);
  for (guint i = 0; i < G_N_ELEMENTS (nonsense); i++)
    room_tracker_says (room, nonsense[i]);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (room_count (room, i, "positions"), ==, 0);
  room_tracker_says (room,
                     "{\"type\": \"marks\", \"rtp_time\": 90000, \"capture\": 4005000000000000, "
                     "\"marks\": [{\"number\": 1, \"shown\": true, \"x\": 0.5, \"y\": 0.25, "
                     "\"confidence\": 0.9, \"matrix\": [1, 0, 0.1, 0, 1, 0, 0, 0, 1]}]}");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (room_count (room, i, "positions"), ==, 1);
  room_tracker_says (
      room, "{\"type\": \"refused\", \"number\": 1, \"rule\": \"guidance/frame-too-old\"}");
  for (guint i = 0; i < 3; i++)
    {
      unfollowed = room_told (room, i, "marks", "unfollowed", &node);
      g_assert_cmpstr (karez_json_text (unfollowed, "id"), ==, MARK (01));
      g_assert_cmpstr (karez_json_text (unfollowed, "rule"), ==, "guidance/frame-too-old");
    }
}

/* One that says the same without end is heard as often as there is something to say. */
static void
test_tracker_floods (Room *room, gconstpointer data)
{
  static const char *const said[] = {
    "{\"type\": \"marks\", \"rtp_time\": 1, \"marks\": [{\"number\": 1, \"shown\": false}]}",
    "{\"type\": \"refused\", \"number\": 1, \"rule\": \"guidance/no-frame\"}",
    "{\"type\": \"anew\"}",
  };
  guint told;

  room_draw (room, room->expert, MARK (01));
  told = room_count (room, 2, "marks");
  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (said[i % 3], strlen (said[i % 3]));

      karez_test_program_say (room_program (room), bytes);
    }
  room_carry (room);
  g_assert_cmpuint (room_count (room, 2, "marks"), ==, told + 1);
  g_assert_cmpuint (room_count (room, 0, "positions"), >=, 100);
  g_assert_cmpuint (room_count (room, 0, "positions"), <, 1000);
}

static void
end_tracker (Room *room)
{
  karez_test_program_end (room_program (room), TRUE);
  room_carry (room);
}

static gboolean
is_running (Room *room)
{
  g_autoptr (JsonNode) node = NULL;

  return karez_json_boolean (room_told (room, 2, "marks", "tracker", &node), "running");
}

/* A tracker that ends: both hospitals are told, and the other one, which has followed the picture,
 * has everything. */
static void
test_tracker_ends (Room *room, gconstpointer data)
{
  g_autoptr (JsonNode) node = NULL;

  room_draw (room, room->expert, MARK (01));
  room->tracker = "spare";
  room_expect (room, "track", 0);
  room_expect_nothing (room);
  room_tracker_says (room, "{\"type\": \"anew\"}");
  /* Only the other one is asked of marks. */
  room_tracker_says (room, "{\"type\": \"marks\", \"rtp_time\": 1, \"marks\": [{\"number\": 1, "
                           "\"shown\": false}]}");
  room_tracker_says (room,
                     "{\"type\": \"refused\", \"number\": 1, \"rule\": \"guidance/no-frame\"}");
  for (guint i = 0; i < 3; i++)
    {
      g_assert_cmpuint (room_count (room, i, "positions"), ==, 0);
      g_assert_null (room_told (room, i, "marks", "unfollowed", &node));
      g_ptr_array_set_size (room->pages[i], 0);
    }
  room->tracker = "tracker";
  end_tracker (room);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (room_count (room, i, "marks"), ==, 2); /* away, and there again */
  g_assert_true (is_running (room));
  room->tracker = "spare";
  g_assert_cmpuint (room_expect_kept (room, 1), ==, room->memory);
  room_expect (room, "mark", 1);
  room_expect_nothing (room);
  /* The next process of the other name is the spare one now. */
  room->tracker = "tracker";
  room_expect (room, "track", 0);
  room_expect_nothing (room);
  room->tracker = "spare";
  room_draw (room, room->other, MARK (02));
  room_expect (room, "mark", 2);
  /* Who has no picture yet takes its place, too; nothing can be drawn until it has. */
  end_tracker (room);
  g_assert_false (is_running (room));
  room->tracker = "tracker";
  room_expect_kept (room, 2);
  room_expect (room, "mark", 1);
  room_expect (room, "mark", 2);
  room_tracker_says (room, "{\"type\": \"anew\"}");
  g_assert_true (is_running (room));
}

/* The spare one ends: nobody is told, and its next process follows the picture. */
static void
test_spare_ends (Room *room, gconstpointer data)
{
  guint told = room_count (room, 2, "marks");

  room_expect (room, "track", 0);
  room->tracker = "spare";
  room_tracker_says (room, "{\"type\": \"anew\"}");
  end_tracker (room);
  g_assert_cmpuint (room_count (room, 2, "marks"), ==, told);
  room_expect (room, "track", 0);
  room_expect_nothing (room);
  room->tracker = "tracker";
  room_expect_nothing (room);
}

/* Both end: the session goes on without any, and whichever comes first has everything. */
static void
test_trackers_end (Room *room, gconstpointer data)
{
  g_autoptr (JsonNode) node = NULL;
  KarezTestProgram *spare;

  room_draw (room, room->expert, MARK (01));
  room->tracker = "spare";
  spare = room_program (room);
  room->tracker = "tracker";
  karez_test_program_end (spare, FALSE);
  karez_test_program_end (room_program (room), TRUE);
  karez_test_workers_carry (room->workers);
  g_assert_false (is_running (room));
  room_carry (room);
  room_expect (room, "track", 0);
  room_expect_kept (room, 1);
  room_expect (room, "mark", 1);
  room_expect_nothing (room);
  g_assert_false (is_running (room));
  room_tracker_says (room, "{\"type\": \"anew\"}");
  g_assert_true (is_running (room));
  karez_test_program_end (room_program (room), FALSE);
  room_carry (room);
  g_assert_false (is_running (room));
  room_draw (room, room->other, MARK (02));
  g_assert_nonnull (room_told (room, 0, "marks", "added", &node));
}

static gboolean
on_waited (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_for_retry (Room *room)
{
  gboolean waited = FALSE;

  g_timeout_add (50, on_waited, &waited);
  while (!waited)
    /* nocheck:blocked -- a test waits */
    g_main_context_iteration (NULL, TRUE);
  room_carry (room);
}

/* One that takes another one's place is told everything, also what finds no room while it is at a
 * frame; and nothing of that is left for the process after it. */
static void
test_no_room (Room *room, gconstpointer data)
{
  KarezTestProgram *spare;

  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *id = g_strdup_printf ("01a20000-0000-7000-8000-0000000001%02u", i);

      room_draw (room, room->expert, id);
    }
  room->tracker = "spare";
  spare = room_program (room);
  room_expect (room, "track", 0);
  karez_test_program_set_room (spare, 3);
  room->tracker = "tracker";
  end_tracker (room);
  room->tracker = "spare";
  /* In order, whatever comes in between. */
  room_draw (room, room->other, MARK (09));
  room_expect_kept (room, 8);
  room_expect (room, "mark", 1);
  room_expect (room, "mark", 2);
  room_expect_nothing (room);
  room_say (room, room->other, "marks", "{\"type\": \"clear\"}");
  for (gint64 number = 3; number < 9; number++)
    {
      wait_for_retry (room);
      room_expect (room, "mark", number);
    }
  wait_for_retry (room);
  room_expect (room, "mark", 9);
  room_expect (room, "forget", 9);
  room_expect_nothing (room);
  /* Descriptors wait, too. */
  karez_test_program_set_room (spare, 1);
  room_draw (room, room->other, MARK (10));
  karez_test_worker_leave (room->workers[0], room->site);
  g_ptr_array_unref (room->pages[0]);
  g_object_unref (room->site);
  room->site = room_add (room, 0, 0, "01a20000-0000-7000-8000-00000000000d", "site");
  room_carry (room);
  room_expect (room, "mark", 11);
  wait_for_retry (room);
  room_expect (room, "track", 0);
  g_assert_cmpint (karez_test_program_get_fd (spare, 0), >=, 0);
  room_draw (room, room->other, MARK (11));
  room_draw (room, room->other, MARK (12));
  end_tracker (room);
  karez_test_program_set_room (spare, 0);
  wait_for_retry (room);
  room_expect (room, "track", 0);
  room_expect_nothing (room);
}

/* Of what the tracker has now. */
static GuidanceKept *
open_kept (Room *room)
{
  g_autoptr (GError) error = NULL;
  GuidanceKept *kept = guidance_kept_new (karez_test_program_get_fd (room_program (room), 0),
                                          &error);

  g_assert_no_error (error);
  return kept;
}

/* What a tracker keeps is given to the next one, before it is told of the marks; but not what two
 * of them have ended with. */
static void
test_kept (Room *room, gconstpointer data)
{
  g_autofree guint8 *grey = g_malloc0 (GUIDANCE_KEPT_PICTURE);
  GuidanceKeptPicture picture = { .number = 2, .width = 180, .height = 320, .capture = 5 };
  g_autoptr (GuidanceKept) kept = NULL, clean = NULL, next = NULL;
  ino_t memory;
  int fd;

  room_draw (room, room->expert, MARK (01));
  room_draw (room, room->expert, MARK (02));
  end_tracker (room);
  room->tracker = "spare";
  room_expect (room, "track", 0);
  g_assert_cmpuint (room_expect_kept (room, 2), ==, room->memory);
  fd = karez_test_program_get_fd (room_program (room), 0);
  g_assert_cmpint (ftruncate (fd, 0), ==, -1);
  g_assert_cmpint (ftruncate (fd, 1 << 30), ==, -1);
  g_assert_cmpint (fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE), ==, -1);
  g_assert_cmpint (errno, ==, EPERM);
  kept = open_kept (room);
  g_assert_true (guidance_kept_write (kept, GUIDANCE_KEPT_DRAWN, &picture, grey));
  room_expect (room, "mark", 1);
  room_expect (room, "mark", 2);
  /* The second end within seconds. */
  end_tracker (room);
  room->tracker = "tracker";
  room_expect (room, "track", 0);
  memory = room_expect_kept (room, 2);
  g_assert_cmpuint (memory, !=, room->memory);
  clean = open_kept (room);
  g_assert_false (guidance_kept_read (clean, GUIDANCE_KEPT_DRAWN, &picture, grey));
  g_assert_true (guidance_kept_write (clean, GUIDANCE_KEPT_DRAWN, &picture, grey));
  /* The first end with that one. */
  end_tracker (room);
  room->tracker = "spare";
  room_expect (room, "track", 0);
  g_assert_cmpuint (room_expect_kept (room, 2), ==, memory);
  next = open_kept (room);
  g_assert_true (guidance_kept_read (next, GUIDANCE_KEPT_DRAWN, &picture, grey));
}

/* Twice within five seconds; or twice in a row without a word, since what hangs ends late. */
static void
test_suspect (void)
{
  static const struct
  {
    guint seconds[3];
    gboolean worked[3], suspect[3];
  } cases[] = {
    { { 100, 104, 105 }, { TRUE, TRUE, TRUE }, { FALSE, TRUE, TRUE } },
    { { 100, 105, 110 }, { TRUE, TRUE, TRUE }, { FALSE, FALSE, FALSE } },
    { { 100, 104, 120 }, { FALSE, TRUE, FALSE }, { FALSE, TRUE, FALSE } },
    { { 100, 106, 200 }, { TRUE, FALSE, FALSE }, { FALSE, FALSE, TRUE } },
    { { 100, 200, 300 }, { FALSE, TRUE, FALSE }, { FALSE, FALSE, FALSE } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GuidanceKeptEnds ends = { 0 };

      for (guint j = 0; j < G_N_ELEMENTS (cases[i].seconds); j++)
        g_assert_cmpint (guidance_kept_is_suspect (&ends,
                                                   cases[i].seconds[j] * (gint64) G_USEC_PER_SEC,
                                                   cases[i].worked[j]),
                         ==, cases[i].suspect[j]);
    }
}

/* -1 where nobody was. The page of an expert. */
static int
tracker_told (Room *room)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *told = room_told (room, 1, "marks", "tracker", &node);

  return told != NULL ? karez_json_boolean (told, "running") : -1;
}

/* Whose scene is followed: who is at the patient's side, whoever comes and goes. */
static void
test_scene (Room *room, gconstpointer data)
{
  const char *site = karez_participant_get_id (room->site);
  g_autoptr (KarezParticipant) next = NULL;

  room_expect (room, "track", 0);
  g_assert_cmpint (karez_test_worker_find_tap (room->workers[0], site, "scene"), >=, 0);
  room_expect_nothing (room);
  g_ptr_array_unref (room->pages[2]);
  next = room_add (room, 2, 0, "01a20000-0000-7000-8000-00000000000d", "site");
  room_carry (room);
  room_expect_nothing (room);
  karez_test_worker_leave (room->workers[0], room->site);
  room_carry (room);
  room_expect (room, "track", 0);
  /* What was seen of the former one is no picture of this one's, or of nobody's. */
  g_assert_cmpint (tracker_told (room), ==, FALSE);
  room_tracker_says (room, "{\"type\": \"anew\"}");
  g_assert_cmpint (tracker_told (room), ==, TRUE);
  karez_test_worker_leave (room->workers[0], next);
  room_carry (room);
  room_expect_nothing (room);
  g_assert_cmpint (tracker_told (room), ==, FALSE);
  karez_test_worker_join (room->workers[0], next);
  room_carry (room);
  room_expect (room, "track", 0);
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
    room_say (room, room->expert, "pointer", wrong[i]);
  room_say (room, room->site, "pointer", "{\"x\": 0.5, \"y\": 0.5}");
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (room_count (room, i, "pointer"), ==, 0);
  room_say (room, room->expert, "pointer", "{\"x\": 0.5, \"y\": 0.25}");
  g_assert_cmpuint (room_count (room, 1, "pointer"), ==, 0);
  for (guint i = 0; i < 3; i += 2)
    {
      pointer = room_told (room, i, "pointer", NULL, &node);
      g_assert_cmpstr (karez_json_text (pointer, "participant"), ==,
                       karez_participant_get_id (room->expert));
      g_assert_cmpfloat (json_object_get_double_member (pointer, "y"), ==, 0.25);
    }
  room_say (room, room->expert, "pointer", "{}");
  g_assert_false (json_object_has_member (room_told (room, 0, "pointer", NULL, &node), "x"));
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
  room_carry (room);
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

  room_draw (room, room->expert, MARK (01));
  saved = karez_test_worker_die (room->workers[0]);
  karez_test_worker_start (room->workers[0], GUIDANCE_TYPE_MODALITY, saved);
  karez_test_workers_set_up (room->workers, FALSE);
  karez_test_workers_set_up (room->workers, TRUE);
  room_carry (room);
  g_assert_cmpuint (room_expect_kept (room, 1), !=, room->memory);
  room_expect (room, "mark", 1);
  karez_test_worker_join (room->workers[0], room->site);
  room_carry (room);
  room_expect (room, "track", 0);
  room_draw (room, room->other, MARK (02));
  room_assert_rule (room, 2, "marks", "guidance/away");
  there = karez_test_participant_new (1, karez_participant_get_id (room->other), "expert", "expert",
                                      FALSE, NULL);
  karez_test_worker_join (room->workers[0], there);
  room_draw (room, room->other, MARK (02));
  room_expect (room, "mark", 2);
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
  ADD ("tracker-floods", test_tracker_floods);
  ADD ("tracker-ends", test_tracker_ends);
  ADD ("spare-ends", test_spare_ends);
  ADD ("trackers-end", test_trackers_end);
  ADD ("no-room", test_no_room);
  ADD ("kept", test_kept);
  ADD ("scene", test_scene);
  ADD ("pointer", test_pointer);
  ADD ("consent", test_consent);
  ADD ("restarted", test_restarted);
  g_test_add_func ("/guidance/suspect", test_suspect);
  g_test_add_func ("/guidance/bytes", test_bytes);
  return g_test_run ();
}
