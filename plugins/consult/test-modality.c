/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is seen and heard when, and what of the consent outlives a worker. */
#include "consult-modality.h"

#include <karez-testing.h>

/* Who is seen and heard when, and what is known of the consent after a worker's death. */

typedef struct
{
  KarezTestWorker *workers[2]; /* where the patient is; the other hospital */
  KarezParticipant *referrer, *observer, *consultant;
  GPtrArray *pages[2];
} Room;

static void
start_half (KarezTestWorker *worker, GBytes *saved)
{
  karez_test_worker_start (worker, CONSULT_TYPE_MODALITY, saved);
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
      start_half (room->workers[i], NULL);
    }
  room->referrer = karez_test_participant_new (0, "019ab3c4-0000-7000-8000-000000000001", "Ayşe",
                                               "referrer", TRUE, room->pages[0]);
  room->observer = karez_test_participant_new (0, "019ab3c4-0000-7000-8000-000000000002", "艾力",
                                               "observer", TRUE, NULL);
  room->consultant = karez_test_participant_new (1, "019ab3c4-0000-7000-8000-000000000003",
                                                 "王医生", "consultant", TRUE, room->pages[1]);
  karez_test_workers_set_up (room->workers, TRUE);
  karez_test_worker_join (room->workers[0], room->referrer);
  karez_test_worker_join (room->workers[0], room->observer);
  karez_test_worker_join (room->workers[1], room->consultant);
  for (guint i = 0; i < 2; i++)
    karez_test_worker_move (room->workers[i], KAREZ_TEST_MOVE_START);
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

  karez_test_worker_say (room->workers[0], room->referrer, json, &error);
  g_assert_no_error (error);
}

#define AGREE "{\"type\":\"consent.give\",\"basis\":\"patient\"}"
#define HURRY "{\"type\":\"consent.give\",\"basis\":\"emergency\"}"
#define WITHDRAW "{\"type\":\"consent.withdraw\"}"

/* What both hospitals pass on, and what each page was told of it. */
static void
assert_shown (Room *room, gboolean shown, const char *consent)
{
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *told = karez_test_page_last (room->pages[i], "consult.state");
      JsonObject *word = karez_test_page_last (room->pages[i], "consent.state");
      JsonObject *of = json_object_get_object_member (word, "consent");

      g_assert_cmpint (karez_test_worker_is_forwarding (room->workers[i]), ==, shown);
      g_assert_cmpint (json_object_get_boolean_member (told, "forwarding"), ==, shown);
      g_assert_cmpstr (json_object_get_string_member (of, "state"), ==, consent);
    }
}

static void
assert_recorded (Room *room, guint given, guint withdrawn)
{
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (karez_test_worker_count (room->workers[i], "consent.give"), ==, given);
      g_assert_cmpuint (karez_test_worker_count (room->workers[i], "consent.withdraw"), ==,
                        withdrawn);
    }
}

static void
test_consent (Room *room, gconstpointer data)
{
  assert_shown (room, FALSE, "none");
  say (room, AGREE);
  g_assert_true (karez_test_worker_is_forwarding (room->workers[0]));
  g_assert_false (karez_test_worker_is_forwarding (room->workers[1]));
  carry (room);
  assert_shown (room, TRUE, "given");
  say (room, WITHDRAW);
  g_assert_false (karez_test_worker_is_forwarding (room->workers[0]));
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

  g_assert_false (karez_test_worker_say (room->workers[side], who, json, &error));
  g_assert_error (error, KAREZ_ERROR, (gint) code);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
}

static void
test_refusals (Room *room, gconstpointer data)
{
  assert_refused (room, 0, room->observer, AGREE, KAREZ_ERROR_DENIED, "consent/speaker");
  assert_refused (room, 1, room->consultant, AGREE, KAREZ_ERROR_DENIED, "consent/speaker");
  assert_refused (room, 0, room->referrer, WITHDRAW, KAREZ_ERROR_CONFLICT, "consent/none");
  assert_refused (room, 0, room->referrer, "{\"type\":\"consent.give\"}", KAREZ_ERROR_INVALID,
                  "consent/basis");
  assert_refused (room, 0, room->referrer, "{\"type\":\"consent.withdraw\",\"basis\":\"patient\"}",
                  KAREZ_ERROR_INVALID, "consent/basis");
  say (room, AGREE);
  carry (room);
  assert_refused (room, 1, room->consultant, WITHDRAW, KAREZ_ERROR_DENIED, "consent/speaker");
  assert_shown (room, TRUE, "given");
  assert_recorded (room, 1, 0);
}

static void
test_hold (Room *room, gconstpointer data)
{
  say (room, AGREE);
  carry (room);
  for (guint i = 0; i < 2; i++)
    karez_test_worker_move (room->workers[i], KAREZ_TEST_MOVE_HOLD);
  assert_shown (room, FALSE, "given");
  /* A consent that is given again in a hold does not end the hold. */
  say (room, AGREE);
  carry (room);
  assert_shown (room, FALSE, "given");
  for (guint i = 0; i < 2; i++)
    karez_test_worker_move (room->workers[i], KAREZ_TEST_MOVE_RESUME);
  assert_shown (room, TRUE, "given");
}

/* A worker's place is taken by one that knows what the other hospital knows, and no less. @later:
 * there was time for the checkpoint of each second */
static void
restart (Room *room, guint side, gboolean later)
{
  KarezTestWorker *worker = room->workers[side];
  KarezParticipant *local = side == 0 ? room->referrer : room->consultant;
  g_autoptr (GBytes) last = later ? karez_test_worker_take_checkpoint (worker) : NULL;
  g_autoptr (GBytes) saved = karez_test_worker_die (worker);

  karez_test_workers_set_up (room->workers, FALSE);
  start_half (worker, later ? last : saved);
  karez_test_worker_join (worker, local);
  karez_test_worker_move (worker, KAREZ_TEST_MOVE_START);
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
      restart (room, side, TRUE);
      g_assert_false (karez_test_worker_is_forwarding (room->workers[side]));
      karez_test_workers_set_up (room->workers, TRUE);
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
      g_assert_nonnull (karez_test_worker_get_saved_at_send (room->workers[0]));
      saved = karez_json_parse (karez_test_worker_get_saved_at_send (room->workers[0]), 0, NULL);
      consent = json_object_get_object_member (json_node_get_object (saved), "consent");
      consent = json_object_get_object_member (consent, "word");
      g_assert_cmpstr (json_object_get_string_member (consent, "state"), ==, states[i]);
      carry (room);
    }
}

static void
test_dies_after_consent (Room *room, gconstpointer data)
{
  say (room, AGREE);
  restart (room, 0, TRUE);
  g_assert_true (karez_test_worker_is_forwarding (room->workers[0]));
  while (karez_test_worker_count_arriving (room->workers[1]) > 0)
    karez_test_worker_lose (room->workers[1]);
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  assert_shown (room, TRUE, "given");
  assert_recorded (room, 1, 0);
}

static void
assert_page (Room *room, const char *consent, gboolean forwarding)
{
  JsonObject *told = karez_test_page_last (room->pages[0], "consult.state");
  JsonObject *word = karez_test_page_last (room->pages[0], "consent.state");
  JsonObject *of = json_object_get_object_member (word, "consent");

  g_assert_cmpstr (json_object_get_string_member (of, "state"), ==, consent);
  g_assert_cmpint (json_object_get_boolean_member (told, "forwarding"), ==, forwarding);
}

/* The disk takes its time: nobody is seen before a consent is on it, and nobody is after one was
 * withdrawn. */
static void
test_slow_disk (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];

  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_SLOW);
  say (room, AGREE);
  g_assert_false (karez_test_worker_is_forwarding (host));
  assert_page (room, "none", FALSE);
  g_assert_cmpuint (karez_test_worker_count_arriving (room->workers[1]), ==, 0);
  g_assert_cmpuint (karez_test_worker_count (host, "consent.give"), ==, 1);
  karez_test_worker_sync (host);
  g_assert_true (karez_test_worker_is_forwarding (host));
  assert_page (room, "given", TRUE);
  /* As this version says it, and as a former one did. */
  g_assert_cmpuint (karez_test_worker_count_arriving (room->workers[1]), ==, 2);
  carry (room);

  say (room, WITHDRAW);
  g_assert_false (karez_test_worker_is_forwarding (host));
  assert_page (room, "given", FALSE);
  g_assert_cmpuint (karez_test_worker_count_arriving (room->workers[1]), ==, 0);
  /* In the checkpoint before it is on record, or the next worker might know less. */
  g_assert_cmpuint (karez_test_worker_count (host, "consent.withdraw"), ==, 0);
  karez_test_worker_sync (host);
  g_assert_cmpuint (karez_test_worker_count (host, "consent.withdraw"), ==, 1);
  assert_page (room, "given", FALSE);
  karez_test_worker_sync (host);
  assert_page (room, "withdrawn", FALSE);
  carry (room);
  assert_shown (room, FALSE, "withdrawn");
  assert_recorded (room, 1, 1);
}

/* Words that come quicker than the disk: each is on record, in order, and the newest counts. */
static void
test_slow_disk_words (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];

  say (room, AGREE);
  carry (room);
  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_SLOW);
  say (room, WITHDRAW);
  say (room, HURRY);
  /* What was withdrawn is not seen by the consent before. */
  g_assert_false (karez_test_worker_is_forwarding (host));
  while (karez_test_worker_count_saves (host) > 0)
    {
      g_assert_false (karez_test_worker_is_forwarding (host));
      karez_test_worker_sync (host);
    }
  carry (room);
  assert_shown (room, TRUE, "given");
  g_assert_cmpstr (karez_test_worker_get_record (host, 1, NULL, NULL), ==, "consent.withdraw");
  g_assert_cmpstr (karez_test_worker_get_record (host, 2, NULL, NULL), ==, "consent.give");
  /* A new consent takes nothing away from the one before. */
  say (room, AGREE);
  g_assert_true (karez_test_worker_is_forwarding (host));
  /* The session ends meanwhile: what was withdrawn is on record before its summary. */
  say (room, WITHDRAW);
  karez_test_worker_move (host, KAREZ_TEST_MOVE_STOP);
  g_assert_cmpuint (karez_test_worker_count (host, "consent.withdraw"), ==, 2);
  g_assert_cmpstr (
      karez_test_worker_get_record (host, karez_test_worker_count (host, NULL) - 1, NULL, NULL), ==,
      "summary.keep");
  while (karez_test_worker_count_saves (host) > 0)
    karez_test_worker_sync (host);
  g_assert_false (karez_test_worker_is_forwarding (host));
}

/* Says something at the host, whose disk then takes @n saves before its worker dies. */
static void
die_while_saving (Room *room, const char *json, guint n)
{
  KarezTestWorker *host = room->workers[0];

  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_SLOW);
  say (room, json);
  for (guint i = 0; i < n; i++)
    karez_test_worker_sync (host);
  restart (room, 0, FALSE);
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
}

static void
test_dies_giving (Room *room, gconstpointer data)
{
  /* Nobody was told; nothing is in force. */
  die_while_saving (room, AGREE, 0);
  assert_shown (room, FALSE, "none");
  die_while_saving (room, AGREE, 1);
  assert_shown (room, TRUE, "given");
  g_assert_nonnull (karez_test_worker_last (room->workers[0], "consent.give"));
}

static void
test_dies_withdrawing (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];
  JsonNode *body = NULL;

  say (room, AGREE);
  carry (room);
  /* Neither the page nor the other hospital had been told. */
  die_while_saving (room, WITHDRAW, 0);
  assert_shown (room, TRUE, "given");
  g_assert_cmpuint (karez_test_worker_count (host, "consent.withdraw"), ==, 0);
  /* In the checkpoint, and not on record: the next worker records it. */
  die_while_saving (room, WITHDRAW, 1);
  assert_shown (room, FALSE, "withdrawn");
  g_assert_cmpuint (karez_test_worker_count (host, "consent.withdraw"), ==, 1);
  say (room, AGREE);
  carry (room);
  /* On record, and perhaps again: under the same id, by which it is kept once. */
  die_while_saving (room, WITHDRAW, 2);
  assert_shown (room, FALSE, "withdrawn");
  g_assert_cmpuint (karez_test_worker_count (host, "consent.withdraw"), ==, 3);
  karez_test_worker_get_record (host, karez_test_worker_count (host, NULL) - 2, NULL, &body);
  g_assert_cmpstr (karez_json_text (json_node_get_object (body), "id"), ==,
                   karez_json_text (karez_test_worker_last (host, "consent.withdraw"), "id"));
}

static void
test_full_disk (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];

  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_FULL);
  say (room, AGREE);
  g_assert_false (karez_test_worker_is_forwarding (host));
  /* There is room again, and it is tried once a second. */
  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_QUICK);
  while (!karez_test_worker_is_forwarding (host))
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
  carry (room);
  assert_shown (room, TRUE, "given");
  assert_recorded (room, 1, 0);
  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_FULL);
  say (room, WITHDRAW);
  carry (room);
  assert_shown (room, FALSE, "withdrawn");
  assert_recorded (room, 1, 1);
}

static void
test_stop (Room *room, gconstpointer data)
{
  say (room, AGREE);
  carry (room);
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *summary;

      karez_test_worker_move (room->workers[i], KAREZ_TEST_MOVE_STOP);
      g_assert_false (karez_test_worker_is_forwarding (room->workers[i]));
      summary = karez_test_worker_last (room->workers[i], "summary.keep");
      g_assert_cmpuint (json_array_get_length (json_object_get_array_member (summary, "people")),
                        ==, i == 0 ? 2 : 1);
    }
  g_assert_cmpuint (karez_test_worker_count (room->workers[1], "consultant.enter"), ==, 1);
  g_assert_cmpuint (karez_test_worker_count (room->workers[0], "consultant.enter"), ==, 0);
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

  /* As a former version tells it, and as this one does. */
  for (guint i = 0; i < 2; i++)
    for (guint j = 0; j < G_N_ELEMENTS (nonsense); j++)
      {
        g_autofree char *now = g_strconcat ("{\"consent\":", nonsense[j], "}", NULL);

        karez_test_worker_receive (room->workers[i], nonsense[j]);
        karez_test_worker_receive (room->workers[i], now);
      }
  karez_test_worker_receive (room->workers[0],
                             "{\"state\":\"given\",\"basis\":\"patient\","
                             "\"id\":\"019ab3c4-0000-7000-8000-000000000009\",\"by\":\"n\","
                             "\"at\":\"2026-01-01T00:00:00Z\"}");
  carry (room);
  assert_shown (room, FALSE, "none");
  assert_recorded (room, 0, 0);
}

/* A worker of version 0.1: it knows the word alone. */
#define TEST_TYPE_FORMER (test_former_get_type ())
G_DECLARE_FINAL_TYPE (TestFormer, test_former, TEST, FORMER, KarezLiveHalf)
struct _TestFormer
{
  KarezLiveHalf parent;

  GString *states;
};

G_DEFINE_FINAL_TYPE (TestFormer, test_former, KAREZ_TYPE_LIVE_HALF)

static gboolean
former_receive (KarezLiveHalf *half, JsonNode *message, GError **error)
{
  static const KarezJsonField fields[] = {
    { "state", KAREZ_JSON_ENUM, TRUE, 0, 0, "none|given|withdrawn" },
    { "basis", KAREZ_JSON_ENUM, FALSE, 0, 0, "patient|guardian|emergency" },
    { "id", KAREZ_JSON_UUID, FALSE },
    { "by", KAREZ_JSON_NAME, FALSE, 1, 400 },
    { "at", KAREZ_JSON_TIME, FALSE },
    { NULL },
  };
  JsonObject *object = karez_json_check (message, fields, error);

  if (object != NULL)
    g_string_append_printf (TEST_FORMER (half)->states, "%s ", karez_json_text (object, "state"));
  return object != NULL;
}

static void
test_former_finalize (GObject *object)
{
  g_string_free (TEST_FORMER (object)->states, TRUE);
  G_OBJECT_CLASS (test_former_parent_class)->finalize (object);
}

static void
test_former_class_init (TestFormerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_former_finalize;
  KAREZ_LIVE_HALF_CLASS (klass)->stream = KAREZ_LINK_FIRST_STREAM;
  KAREZ_LIVE_HALF_CLASS (klass)->receive = former_receive;
}

static void
test_former_init (TestFormer *self)
{
  self->states = g_string_new (NULL);
}

/* Hospitals take a new version on different days: the word is understood in both directions. */
static void
test_former_partner (Room *room, gconstpointer data)
{
  static const char *const told[] = {
    "{\"state\":\"given\",\"basis\":\"patient\","
    "\"id\":\"019ab3c4-0000-7000-8000-000000000009\",\"by\":\"n\",\"at\":\"2026-01-01T00:00:00Z\"}",
    "{\"state\":\"withdrawn\",\"id\":\"019ab3c4-0000-7000-8000-00000000000a\",\"by\":\"n\","
    "\"at\":\"2026-01-01T00:00:00Z\"}",
  };
  TestFormer *former = NULL;

  for (guint i = 0; i < 2; i++)
    {
      karez_test_worker_receive (room->workers[1], told[i]);
      karez_test_rest ();
      g_assert_cmpint (karez_test_worker_is_forwarding (room->workers[1]), ==, i == 0);
    }
  g_assert_cmpuint (karez_test_worker_count (room->workers[1], "consent.give"), ==, 1);
  g_assert_cmpuint (karez_test_worker_count (room->workers[1], "consent.withdraw"), ==, 1);

  karez_test_workers_set_up (room->workers, FALSE);
  karez_test_worker_start (room->workers[1], TEST_TYPE_FORMER, NULL);
  former = TEST_FORMER (karez_test_worker_get_half (room->workers[1]));
  say (room, AGREE);
  carry (room);
  g_string_truncate (former->states, 0);
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  g_assert_cmpstr (former->states->str, ==, "given ");
  karez_test_worker_set_disk (room->workers[0], KAREZ_TEST_DISK_SLOW);
  say (room, WITHDRAW);
  /* Nothing older is told while the newer word is on its way to the disk. */
  g_string_truncate (former->states, 0);
  karez_test_workers_set_up (room->workers, FALSE);
  karez_test_workers_set_up (room->workers, TRUE);
  carry (room);
  g_assert_cmpstr (former->states->str, ==, "");
  while (karez_test_worker_count_saves (room->workers[0]) > 0)
    karez_test_worker_sync (room->workers[0]);
  carry (room);
  g_assert_cmpstr (former->states->str, ==, "withdrawn ");
}

/* A worker that died before its hospital took this version: its checkpoint is understood. */
static void
test_former_checkpoint (Room *room, gconstpointer data)
{
  static const struct
  {
    const char *more;
    guint recorded;
  } cases[] = { { "", 0 }, { "\"on_record\":true,", 0 }, { "\"on_record\":false,", 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      KarezTestWorker *host = room->workers[0];
      guint before = karez_test_worker_count (host, "consent.give");
      g_autofree char *text = g_strdup_printf (
          "{\"consent\":{\"state\":\"given\",\"basis\":\"guardian\","
          "\"id\":\"019ab3c4-0000-7000-8000-000000000009\",\"by\":\"n\","
          "\"at\":\"2026-01-01T00:00:00Z\"},%s\"shown\":5000000,\"people\":[]}",
          cases[i].more);
      g_autoptr (GBytes) saved = g_bytes_new (text, strlen (text));

      start_half (host, saved);
      karez_test_worker_move (host, KAREZ_TEST_MOVE_START);
      g_assert_true (karez_test_worker_is_forwarding (host));
      g_assert_cmpuint (karez_test_worker_count (host, "consent.give"), ==,
                        before + cases[i].recorded);
      karez_test_worker_move (host, KAREZ_TEST_MOVE_STOP);
      g_assert_cmpint (
          karez_json_integer (karez_test_worker_last (host, "summary.keep"), "seconds", -1), ==, 5);
    }
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
  ADD ("slow-disk", test_slow_disk);
  ADD ("slow-disk-words", test_slow_disk_words);
  ADD ("dies-giving", test_dies_giving);
  ADD ("dies-withdrawing", test_dies_withdrawing);
  ADD ("full-disk", test_full_disk);
  ADD ("stop", test_stop);
  ADD ("nonsense", test_nonsense);
  ADD ("former-partner", test_former_partner);
  ADD ("former-checkpoint", test_former_checkpoint);
  return g_test_run ();
}
