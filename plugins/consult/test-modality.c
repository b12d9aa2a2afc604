/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consult-modality.h"

#include "fake-worker.h"

/* Who is seen and heard when, and what is known of the consent after a worker's death. */

typedef struct
{
  FakeWorker *workers[2]; /* where the patient is; the other hospital */
  KarezParticipant *referrer, *observer, *consultant;
  GPtrArray *pages[2];
} Room;

static void
start_half (FakeWorker *worker, GBytes *saved)
{
  fake_worker_start (worker, CONSULT_TYPE_MODALITY, saved);
}

static void
carry (Room *room)
{
  fake_workers_carry (room->workers);
}

static void
room_up (Room *room, gconstpointer data)
{
  fake_workers_new (room->workers);
  for (guint i = 0; i < 2; i++)
    {
      room->pages[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
      start_half (room->workers[i], NULL);
    }
  room->referrer = fake_participant_new (0, "019ab3c4-0000-7000-8000-000000000001", "Ayşe",
                                         "referrer", TRUE, room->pages[0]);
  room->observer = fake_participant_new (0, "019ab3c4-0000-7000-8000-000000000002", "艾力",
                                         "observer", TRUE, NULL);
  room->consultant = fake_participant_new (1, "019ab3c4-0000-7000-8000-000000000003", "王医生",
                                           "consultant", TRUE, room->pages[1]);
  fake_workers_set_up (room->workers, TRUE);
  fake_worker_join (room->workers[0], room->referrer);
  fake_worker_join (room->workers[0], room->observer);
  fake_worker_join (room->workers[1], room->consultant);
  for (guint i = 0; i < 2; i++)
    fake_worker_move (room->workers[i], FAKE_MOVE_START);
  carry (room);
}

static void
room_down (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (room->workers[i]);
      g_ptr_array_unref (room->pages[i]);
    }
  g_object_unref (room->referrer);
  g_object_unref (room->observer);
  g_object_unref (room->consultant);
}

static void
say (Room *room, const char *json)
{
  g_autoptr (GError) error = NULL;

  fake_worker_say (room->workers[0], room->referrer, json, &error);
  g_assert_no_error (error);
}

#define AGREE "{\"type\":\"consult.consent\",\"basis\":\"patient\"}"
#define HURRY "{\"type\":\"consult.consent\",\"basis\":\"emergency\"}"
#define WITHDRAW "{\"type\":\"consult.withdraw\"}"

/* What both hospitals pass on, and what each page was told of it. */
static void
assert_shown (Room *room, gboolean shown, const char *consent)
{
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *told = fake_page_last (room->pages[i], "consult.state");
      JsonObject *of = json_object_get_object_member (told, "consent");

      g_assert_cmpint (room->workers[i]->forwarding, ==, shown);
      g_assert_cmpint (json_object_get_boolean_member (told, "forwarding"), ==, shown);
      g_assert_cmpstr (json_object_get_string_member (of, "state"), ==, consent);
    }
}

static void
assert_recorded (Room *room, guint given, guint withdrawn)
{
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (fake_worker_count (room->workers[i], "consent.give"), ==, given);
      g_assert_cmpuint (fake_worker_count (room->workers[i], "consent.withdraw"), ==, withdrawn);
    }
}

static void
test_consent (Room *room, gconstpointer data)
{
  assert_shown (room, FALSE, "none");
  say (room, AGREE);
  g_assert_true (room->workers[0]->forwarding);
  g_assert_false (room->workers[1]->forwarding);
  carry (room);
  assert_shown (room, TRUE, "given");
  say (room, WITHDRAW);
  g_assert_false (room->workers[0]->forwarding);
  carry (room);
  assert_shown (room, FALSE, "withdrawn");
  say (room, HURRY);
  carry (room);
  assert_shown (room, TRUE, "given");
  say (room, AGREE);
  carry (room);
  assert_shown (room, TRUE, "given");
  assert_recorded (room, 3, 1);
}

static void
assert_refused (Room *room, guint side, KarezParticipant *who, const char *json, KarezError code,
                const char *rule)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (fake_worker_say (room->workers[side], who, json, &error));
  g_assert_error (error, KAREZ_ERROR, (gint) code);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
}

static void
test_refusals (Room *room, gconstpointer data)
{
  assert_refused (room, 0, room->observer, AGREE, KAREZ_ERROR_DENIED, "consult/consent");
  assert_refused (room, 1, room->consultant, AGREE, KAREZ_ERROR_DENIED, "consult/consent");
  assert_refused (room, 0, room->referrer, WITHDRAW, KAREZ_ERROR_CONFLICT, "consult/consent");
  assert_refused (room, 0, room->referrer, "{\"type\":\"consult.consent\"}", KAREZ_ERROR_INVALID,
                  "consult/basis");
  assert_refused (room, 0, room->referrer, "{\"type\":\"consult.withdraw\",\"basis\":\"patient\"}",
                  KAREZ_ERROR_INVALID, "consult/basis");
  say (room, AGREE);
  carry (room);
  assert_refused (room, 1, room->consultant, WITHDRAW, KAREZ_ERROR_DENIED, "consult/consent");
  assert_shown (room, TRUE, "given");
  assert_recorded (room, 1, 0);
}

static void
test_hold (Room *room, gconstpointer data)
{
  say (room, AGREE);
  carry (room);
  for (guint i = 0; i < 2; i++)
    fake_worker_move (room->workers[i], FAKE_MOVE_HOLD);
  assert_shown (room, FALSE, "given");
  /* A consent that is given again in a hold does not end the hold. */
  say (room, AGREE);
  carry (room);
  assert_shown (room, FALSE, "given");
  for (guint i = 0; i < 2; i++)
    fake_worker_move (room->workers[i], FAKE_MOVE_RESUME);
  assert_shown (room, TRUE, "given");
}

/* A worker's place is taken by one that knows what the other hospital knows, and no less. */
static void
restart (Room *room, guint side)
{
  FakeWorker *worker = room->workers[side];
  KarezParticipant *local = side == 0 ? room->referrer : room->consultant;
  g_autoptr (GBytes) saved = worker->saved ? g_bytes_ref (worker->saved) : NULL;

  fake_workers_set_up (room->workers, FALSE);
  worker->forwarding = FALSE;
  g_list_store_remove_all (worker->participants);
  start_half (worker, saved);
  fake_worker_join (worker, local);
  fake_worker_move (worker, FAKE_MOVE_START);
}

static void
test_dies_after_withdrawal (Room *room, gconstpointer data)
{
  for (guint side = 0; side < 2; side++)
    {
      say (room, AGREE);
      carry (room);
      say (room, WITHDRAW);
      carry (room);
      restart (room, side);
      g_assert_false (room->workers[side]->forwarding);
      fake_workers_set_up (room->workers, TRUE);
      carry (room);
      assert_shown (room, FALSE, "withdrawn");
      assert_recorded (room, side + 1, side + 1);
    }
}

/* What the other hospital was told is on disk before it left. */
static void
test_saved_before_told (Room *room, gconstpointer data)
{
  static const char *const said[] = { AGREE, WITHDRAW };
  static const char *const states[] = { "given", "withdrawn" };

  for (guint i = 0; i < G_N_ELEMENTS (said); i++)
    {
      g_autoptr (JsonNode) saved = NULL;
      JsonObject *consent;

      say (room, said[i]);
      g_assert_nonnull (room->workers[0]->saved_at_send);
      saved = karez_json_parse (room->workers[0]->saved_at_send, 0, NULL);
      consent = json_object_get_object_member (json_node_get_object (saved), "consent");
      g_assert_cmpstr (json_object_get_string_member (consent, "state"), ==, states[i]);
      carry (room);
    }
}

static void
test_dies_after_consent (Room *room, gconstpointer data)
{
  say (room, AGREE);
  restart (room, 0);
  g_assert_true (room->workers[0]->forwarding);
  g_queue_clear_full (&room->workers[1]->on_the_way, (GDestroyNotify) g_bytes_unref);
  fake_workers_set_up (room->workers, TRUE);
  carry (room);
  assert_shown (room, TRUE, "given");
  assert_recorded (room, 1, 0);
}

static void
test_stop (Room *room, gconstpointer data)
{
  say (room, AGREE);
  carry (room);
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *summary;

      fake_worker_move (room->workers[i], FAKE_MOVE_STOP);
      g_assert_false (room->workers[i]->forwarding);
      summary = fake_worker_last (room->workers[i], "summary.keep");
      g_assert_cmpuint (json_array_get_length (json_object_get_array_member (summary, "people")),
                        ==, i == 0 ? 2 : 1);
    }
  g_assert_cmpuint (fake_worker_count (room->workers[1], "consultant.enter"), ==, 1);
  g_assert_cmpuint (fake_worker_count (room->workers[0], "consultant.enter"), ==, 0);
}

/* What a broken other side might send changes nothing; nor does it command the host. */
static void
test_nonsense (Room *room, gconstpointer data)
{
  static const char *const nonsense[] = {
    "",
    "[]",
    "{}",
    "{\"state\":\"given\"}",
    "{\"state\":\"given\",\"basis\":\"patient\",\"id\":\"x\",\"by\":\"n\","
    "\"at\":\"2026-01-01T00:00:00Z\"}",
    "{\"state\":\"given\",\"basis\":\"because\","
    "\"id\":\"019ab3c4-0000-7000-8000-000000000009\",\"by\":\"n\",\"at\":\"2026-01-01T00:00:00Z\"}",
    "{\"state\":\"withdrawn\",\"basis\":\"patient\","
    "\"id\":\"019ab3c4-0000-7000-8000-000000000009\",\"by\":\"n\",\"at\":\"2026-01-01T00:00:00Z\"}",
  };

  for (guint i = 0; i < 2; i++)
    for (guint j = 0; j < G_N_ELEMENTS (nonsense); j++)
      fake_worker_receive (room->workers[i], nonsense[j]);
  fake_worker_receive (room->workers[0],
                       "{\"state\":\"given\",\"basis\":\"patient\","
                       "\"id\":\"019ab3c4-0000-7000-8000-000000000009\",\"by\":\"n\","
                       "\"at\":\"2026-01-01T00:00:00Z\"}");
  carry (room);
  assert_shown (room, FALSE, "none");
  assert_recorded (room, 0, 0);
}

#define ADD(name, func) g_test_add ("/consult/modality/" name, Room, NULL, room_up, func, room_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("consent", test_consent);
  ADD ("refusals", test_refusals);
  ADD ("hold", test_hold);
  ADD ("dies-after-withdrawal", test_dies_after_withdrawal);
  ADD ("saved-before-told", test_saved_before_told);
  ADD ("dies-after-consent", test_dies_after_consent);
  ADD ("stop", test_stop);
  ADD ("nonsense", test_nonsense);
  return g_test_run ();
}
