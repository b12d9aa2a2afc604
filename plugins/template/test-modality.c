/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two live halves write one note. */
#include "template-modality.h"

#include <karez-testing.h>
#include "template-note.h"

typedef struct
{
  KarezTestWorker *workers[2]; /* the host's, the other one */
  KarezParticipant *writers[2], *readers[2];
  GPtrArray *pages[2]; /* what the writers' pages were sent: JsonNode */
} Room;

static void
start_half (KarezTestWorker *worker, GBytes *saved)
{
  karez_test_worker_start (worker, TEMPLATE_TYPE_MODALITY, saved);
}

static void
carry (Room *room)
{
  karez_test_workers_carry (room->workers);
}

static void
room_up (Room *room, gconstpointer data)
{
  karez_test_workers_new (room->workers);
  for (guint i = 0; i < 2; i++)
    {
      room->pages[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
      room->writers[i] = karez_test_participant_new (
          i, i == 0 ? "w0" : "w1", i == 0 ? "Ayşe" : "王医生", "writer", TRUE, room->pages[i]);
      room->readers[i] = karez_test_participant_new (i, "r", "Reader", "reader", TRUE, NULL);
      karez_test_worker_add (room->workers[i], room->writers[i]);
      start_half (room->workers[i], NULL);
    }
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
}

static void
room_down (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (room->workers[i]);
      g_object_unref (room->writers[i]);
      g_object_unref (room->readers[i]);
      g_ptr_array_unref (room->pages[i]);
    }
}

static void
type (Room *room, guint side, guint n, gint64 revision, gint64 position, const char *text)
{
  g_autofree char *json = g_strdup_printf (
      "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-%012u\",\"revision\":%" G_GINT64_FORMAT
      ",\"position\":%" G_GINT64_FORMAT ",\"remove\":0,\"insert\":\"%s\"}",
      n, revision, position, text);
  g_autoptr (GError) error = NULL;

  karez_test_worker_say (room->workers[side], room->writers[side], json, &error);
  g_assert_no_error (error);
}

static char *
text_of (KarezTestWorker *worker)
{
  g_autoptr (GBytes) saved = karez_test_worker_take_checkpoint (worker);
  g_autoptr (JsonNode) node = karez_json_parse (saved, 0, NULL);

  JsonObject *states = json_object_get_object_member (json_node_get_object (node), "replicas");

  return g_strdup (
      json_object_get_string_member (json_object_get_object_member (states, "note"), "text"));
}

static void
assert_text (Room *room, const char *expected)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *text = text_of (room->workers[i]);

      g_assert_cmpstr (text, ==, expected);
    }
}

static void
test_both_write (Room *room, gconstpointer data)
{
  JsonObject *edit;

  type (room, 0, 1, 0, 0, "血压 ");
  type (room, 1, 2, 0, 0, "120");
  carry (room);
  assert_text (room, "血压 120");
  for (guint i = 0; i < 2; i++)
    {
      edit = karez_test_page_last (room->pages[i], "edit");
      g_assert_cmpint (json_object_get_int_member (edit, "revision"), ==, 2);
      g_assert_cmpint (json_object_get_int_member (edit, "position"), ==, 3);
      g_assert_cmpstr (
          json_object_get_string_member (json_object_get_object_member (edit, "author"), "name"),
          ==, "王医生");
    }
  /* Said twice: answered, without effect, on either side. */
  g_ptr_array_set_size (room->pages[0], 0);
  g_ptr_array_set_size (room->pages[1], 0);
  type (room, 1, 2, 0, 0, "120");
  carry (room);
  assert_text (room, "血压 120");
  g_assert_nonnull (karez_test_page_last (room->pages[1], "edit"));
  g_assert_null (karez_test_page_last (room->pages[0], "edit"));
}

/* What the other side and the pages are told is on disk. */
static void
test_saved_before_told (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];
  g_autoptr (GBytes) at_send = NULL;
  g_autofree char *saved = NULL;

  type (room, 0, 1, 0, 0, "fever");
  g_assert_nonnull (karez_test_worker_get_saved_at_send (host));
  at_send = g_bytes_ref (karez_test_worker_get_saved_at_send (host));
  saved = g_strndup (g_bytes_get_data (at_send, NULL), g_bytes_get_size (at_send));
  g_assert_nonnull (strstr (saved, "fever"));
  /* It comes back alone, and goes on from there. */
  karez_test_workers_set_up (room->workers, FALSE);
  start_half (host, at_send);
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  type (room, 0, 2, 1, 5, " since Monday");
  carry (room);
  assert_text (room, "fever since Monday");
}

/* The disk takes its time: edits go on, and nobody hears of one before it is on it, in order. */
static void
test_slow_disk (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];
  GAsyncResult *result = NULL;
  g_autofree char *text = NULL;

  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_SLOW);
  type (room, 0, 1, 0, 0, "a");
  type (room, 0, 2, 1, 1, "b");
  g_assert_null (karez_test_page_last (room->pages[0], "edit"));
  g_assert_cmpuint (karez_test_worker_count_arriving (room->workers[1]), ==, 0);
  /* Who comes meanwhile does not hear more than who is there. */
  g_ptr_array_set_size (room->pages[0], 0);
  karez_test_worker_join (host, room->writers[0]);
  g_assert_null (karez_test_page_last (room->pages[0], "note"));
  karez_test_worker_sync (host);
  g_assert_cmpint (
      json_object_get_int_member (karez_test_page_last (room->pages[0], "edit"), "revision"), ==,
      1);
  g_assert_cmpuint (karez_test_worker_count_arriving (room->workers[1]), ==, 1);
  g_assert_null (karez_test_page_last (room->pages[0], "note"));
  karez_test_worker_sync (host);
  g_assert_cmpstr (
      json_object_get_string_member (karez_test_page_last (room->pages[0], "note"), "text"), ==,
      "ab");
  carry (room);
  assert_text (room, "ab");
  /* The end waits for what is on its way. */
  type (room, 0, 3, 2, 2, "c");
  karez_test_worker_begin (host, KAREZ_TEST_MOVE_STOP, &result);
  karez_test_rest ();
  g_assert_null (result);
  karez_test_worker_sync (host);
  karez_test_worker_end (host, KAREZ_TEST_MOVE_STOP, &result);
  carry (room);
  text = text_of (room->workers[1]);
  g_assert_cmpstr (text, ==, "abc");
}

/* One that takes nothing keeps nobody from writing. */
static void
test_full_disk (Room *room, gconstpointer data)
{
  karez_test_worker_set_disk (room->workers[0], KAREZ_TEST_DISK_FULL);
  type (room, 0, 1, 0, 0, "a");
  type (room, 1, 2, 0, 0, "b");
  carry (room);
  assert_text (room, "ab");
}

static void
test_refusals (Room *room, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  JsonObject *refused;

  g_assert_false (
      karez_test_worker_say (room->workers[0], room->readers[0],
                             "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\","
                             "\"revision\":0,\"position\":0,\"remove\":0,\"insert\":\"x\"}",
                             &error));
  g_assert_true (karez_error_is_denied (error));
  g_clear_error (&error);
  g_assert_false (
      karez_test_worker_say (room->workers[0], room->writers[0], "{\"type\":\"what\"}", &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  g_assert_false (karez_test_worker_say (room->workers[0], room->writers[0], "{}", &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  g_assert_false (karez_test_worker_say (room->workers[1], room->writers[1],
                                         "{\"type\":\"cursor\",\"position\":-5}", &error));
  g_assert_true (karez_error_is_invalid (error));

  /* The host refuses the other side's edit; its author is told, with the rule. */
  type (room, 1, 3, 0, 5, "outside");
  carry (room);
  refused = karez_test_page_last (room->pages[1], "refused");
  g_assert_cmpstr (json_object_get_string_member (refused, "rule"), ==, "note/position");
  g_assert_null (karez_test_page_last (room->pages[0], "refused"));
  karez_test_worker_set_state (room->workers[0], KAREZ_STATE_HELD);
  type (room, 0, 4, 0, 0, "held");
  refused = karez_test_page_last (room->pages[0], "refused");
  g_assert_cmpstr (json_object_get_string_member (refused, "rule"), ==, "note/not-live");
  assert_text (room, "");
}

static void
test_lost_link (Room *room, gconstpointer data)
{
  type (room, 0, 1, 0, 0, "a");
  carry (room);
  karez_test_workers_set_up (room->workers, FALSE);
  g_assert_false (
      json_object_get_boolean_member (karez_test_page_last (room->pages[1], "link"), "up"));
  type (room, 0, 2, 1, 1, "b");
  type (room, 1, 3, 1, 1, "c");
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  assert_text (room, "abc");
  g_assert_true (
      json_object_get_boolean_member (karez_test_page_last (room->pages[1], "link"), "up"));
}

/* An edit that never came: the other side asks for the whole note. */
static void
test_missing (Room *room, gconstpointer data)
{
  type (room, 0, 1, 0, 0, "a");
  karez_test_worker_lose (room->workers[1]);
  type (room, 0, 2, 1, 1, "b");
  carry (room);
  assert_text (room, "ab");
  g_assert_cmpstr (
      json_object_get_string_member (karez_test_page_last (room->pages[1], "note"), "text"), ==,
      "ab");
}

/* The host's worker comes back with an older checkpoint; the other side knows more. */
static void
test_host_restarts (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];
  g_autoptr (GBytes) saved = NULL;

  type (room, 0, 1, 0, 0, "a");
  saved = karez_test_worker_take_checkpoint (host);
  type (room, 1, 2, 1, 1, "b");
  carry (room);
  karez_test_workers_set_up (room->workers, FALSE);
  start_half (host, saved);
  /* Somebody writes before the other side was heard: it waits. */
  type (room, 0, 3, 2, 2, "c");
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  assert_text (room, "abc");
  /* What the other side's page was not sure of is not in twice. */
  type (room, 1, 2, 1, 1, "b");
  carry (room);
  assert_text (room, "abc");
}

static void
test_other_restarts (Room *room, gconstpointer data)
{
  KarezTestWorker *other = room->workers[1];
  g_autoptr (GBytes) saved = NULL;

  type (room, 0, 1, 0, 0, "a");
  carry (room);
  saved = karez_test_worker_take_checkpoint (other);
  type (room, 0, 2, 1, 1, "b");
  carry (room);
  karez_test_workers_set_up (room->workers, FALSE);
  start_half (other, saved);
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  assert_text (room, "ab");
}

static void
test_stop (Room *room, gconstpointer data)
{
  GAsyncResult *results[2] = { NULL, NULL };

  type (room, 0, 1, 0, 0, "a");
  carry (room);
  type (room, 0, 2, 1, 1, "b");
  for (guint i = 0; i < 2; i++)
    karez_test_worker_set_state (room->workers[i], KAREZ_STATE_STOPPING);
  /* The other side is asked first, and lacks the last edit: it waits for the host's word. */
  karez_test_worker_begin (room->workers[1], KAREZ_TEST_MOVE_STOP, &results[1]);
  g_assert_cmpuint (karez_test_worker_count (room->workers[1], NULL), ==, 0);
  karez_test_worker_begin (room->workers[0], KAREZ_TEST_MOVE_STOP, &results[0]);
  carry (room);
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *kept;

      karez_test_worker_end (room->workers[i], KAREZ_TEST_MOVE_STOP, &results[i]);
      g_assert_cmpuint (karez_test_worker_count (room->workers[i], "note.keep"), ==, 1);
      kept = karez_test_worker_last (room->workers[i], "note.keep");
      g_assert_cmpstr (json_object_get_string_member (kept, "text"), ==, "ab");
      g_assert_cmpint (json_object_get_int_member (kept, "revision"), ==, 2);
    }
}

/* Without the host's word it keeps what it has, and the session ends. */
static void
test_stop_alone (Room *room, gconstpointer data)
{
  type (room, 0, 1, 0, 0, "a");
  carry (room);
  karez_test_worker_move (room->workers[1], KAREZ_TEST_MOVE_STOP);
  g_assert_cmpuint (karez_test_worker_count (room->workers[1], "note.keep"), ==, 1);
}

/* What a broken other side might send changes nothing. */
static void
test_nonsense (Room *room, gconstpointer data)
{
  static const char *const nonsense[] = {
    "",
    "x",
    "[]",
    "{}",
    "{\"replica\":7}",
    "{\"replica\":\"note\"}",
    "{\"replica\":\"note\",\"type\":\"what\"}",
    "{\"replica\":\"note\",\"type\":\"state\"}",
    "{\"replica\":\"note\",\"type\":\"hello\",\"state\":[]}",
    "{\"replica\":\"note\",\"type\":\"hello\",\"state\":{}}",
    "{\"replica\":\"note\",\"type\":\"hello\",\"state\":{\"type\":\"note\",\"revision\":9,"
    "\"text\":\"\\u0007\",\"authors\":[],\"edits\":[]}}",
    "{\"replica\":\"note\",\"type\":\"change\"}",
    "{\"replica\":\"note\",\"type\":\"change\",\"change\":7}",
    "{\"replica\":\"note\",\"type\":\"change\",\"change\":{\"type\":\"edit\",\"edit\":7}}",
    "{\"replica\":\"note\",\"type\":\"change\",\"change\":{},\"from\":\"w0\"}",
    "{\"replica\":\"note\",\"type\":\"step\",\"step\":{\"type\":\"edit\",\"edit\":7}}",
    "{\"replica\":\"note\",\"type\":\"step\",\"step\":null}",
    "{\"replica\":\"note\",\"type\":\"refused\",\"from\":\"w1\"}",
    "{\"type\":\"cursor\",\"participant\":\"w1\",\"name\":\"n\",\"position\":99999999}"
  };

  type (room, 0, 1, 0, 0, "a");
  carry (room);
  for (guint i = 0; i < 2; i++)
    for (guint j = 0; j < G_N_ELEMENTS (nonsense); j++)
      karez_test_worker_receive (room->workers[i], nonsense[j]);
  carry (room);
  assert_text (room, "a");
}

#define ADD(name, func)                                                                            \
  g_test_add ("/template/modality/" name, Room, NULL, room_up, func, room_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("both-write", test_both_write);
  ADD ("saved-before-told", test_saved_before_told);
  ADD ("slow-disk", test_slow_disk);
  ADD ("full-disk", test_full_disk);
  ADD ("refusals", test_refusals);
  ADD ("lost-link", test_lost_link);
  ADD ("missing", test_missing);
  ADD ("host-restarts", test_host_restarts);
  ADD ("other-restarts", test_other_restarts);
  ADD ("stop", test_stop);
  ADD ("stop-alone", test_stop_alone);
  ADD ("nonsense", test_nonsense);
  return g_test_run ();
}
