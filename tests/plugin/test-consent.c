/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A modality's consent: what is allowed when, what is on record and told before, and what the other
 * worker may say. */
#include <karez-testing.h>

/* A half that gates two things, notes what it hears, and keeps something at the end. */
#define TEST_TYPE_GATE (test_gate_get_type ())
G_DECLARE_FINAL_TYPE (TestGate, test_gate, TEST, GATE, KarezLiveHalf)
struct _TestGate
{
  KarezLiveHalf parent;

  KarezConsent *consent;
  GString *heard; /* "+" or "-" for each change, and its own messages */
};

G_DEFINE_FINAL_TYPE (TestGate, test_gate, KAREZ_TYPE_LIVE_HALF)

static void
on_changed (KarezConsent *consent, TestGate *self)
{
  g_string_append (self->heard, karez_consent_is_allowed (consent) ? "+" : "-");
}

static gboolean
message (KarezLiveHalf *half, KarezParticipant *participant, JsonNode *body, GError **error)
{
  g_string_append_printf (TEST_GATE (half)->heard, "(%s)",
                          karez_json_text (json_node_get_object (body), "type"));
  return TRUE;
}

static gboolean
receive (KarezLiveHalf *half, JsonNode *body, GError **error)
{
  g_string_append_printf (TEST_GATE (half)->heard, "<%s>",
                          karez_json_text (json_node_get_object (body), "hi"));
  return TRUE;
}

static gboolean
stop (KarezLiveHalf *half, const char *reason, GError **error)
{
  karez_session_record (karez_live_half_get_session (half), "gate.keep", NULL,
                        karez_json_object ("why", "s", reason, NULL));
  return TRUE;
}

static JsonNode *
to_json (KarezLiveHalf *half)
{
  return karez_json_object ("own", "s", "kept", NULL);
}

static gboolean
from_json (KarezLiveHalf *half, JsonNode *state, GError **error)
{
  g_string_append_printf (TEST_GATE (half)->heard, "[%s]",
                          karez_json_text (json_node_get_object (state), "own"));
  return TRUE;
}

static void
test_gate_finalize (GObject *object)
{
  g_string_free (TEST_GATE (object)->heard, TRUE);
  G_OBJECT_CLASS (test_gate_parent_class)->finalize (object);
}

static void
test_gate_class_init (TestGateClass *klass)
{
  KarezLiveHalfClass *half_class = KAREZ_LIVE_HALF_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_gate_finalize;
  half_class->consent = KAREZ_CONSENT_MEDIA | KAREZ_CONSENT_MOTION;
  half_class->message = message;
  half_class->receive = receive;
  half_class->stop = stop;
  half_class->to_json = to_json;
  half_class->from_json = from_json;
}

static void
test_gate_init (TestGate *self)
{
  self->heard = g_string_new (NULL);
  self->consent = karez_live_half_get_consent (KAREZ_LIVE_HALF (self));
  g_signal_connect_object (self->consent, "changed", G_CALLBACK (on_changed), self, 0);
}

/* A half that gates nothing. */
#define TEST_TYPE_OPEN (test_open_get_type ())
G_DECLARE_FINAL_TYPE (TestOpen, test_open, TEST, OPEN, KarezLiveHalf)
struct _TestOpen
{
  KarezLiveHalf parent;

  guint heard;
};

G_DEFINE_FINAL_TYPE (TestOpen, test_open, KAREZ_TYPE_LIVE_HALF)

static gboolean
open_message (KarezLiveHalf *half, KarezParticipant *participant, JsonNode *body, GError **error)
{
  TEST_OPEN (half)->heard++;
  return TRUE;
}

static void
test_open_class_init (TestOpenClass *klass)
{
  KAREZ_LIVE_HALF_CLASS (klass)->message = open_message;
}

static void
test_open_init (TestOpen *self)
{
}

typedef struct
{
  KarezTestWorker *workers[2]; /* where the patient is; the other hospital */
  KarezParticipant *nurse, *observer, *surgeon;
  GPtrArray *pages[2];
} Room;

static void
room_up (Room *room, gconstpointer data)
{
  karez_test_workers_new (room->workers);
  for (guint i = 0; i < 2; i++)
    {
      room->pages[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
      karez_test_worker_start (room->workers[i], TEST_TYPE_GATE, NULL);
    }
  room->nurse = karez_test_participant_new (0, "019ab3c4-0000-7000-8000-000000000001", "Ayşe",
                                            "bedside", TRUE, room->pages[0]);
  room->observer = karez_test_participant_new (0, "019ab3c4-0000-7000-8000-000000000002", "艾力",
                                               "observer", TRUE, NULL);
  room->surgeon = karez_test_participant_new (1, "019ab3c4-0000-7000-8000-000000000003", "王医生",
                                              "surgeon", TRUE, room->pages[1]);
  karez_test_workers_set_up (room->workers, TRUE);
  karez_test_worker_join (room->workers[0], room->nurse);
  karez_test_worker_join (room->workers[0], room->observer);
  karez_test_worker_join (room->workers[1], room->surgeon);
  karez_test_workers_carry (room->workers);
}

static void
room_down (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      g_object_unref (room->workers[i]);
      g_ptr_array_unref (room->pages[i]);
    }
  g_object_unref (room->nurse);
  g_object_unref (room->observer);
  g_object_unref (room->surgeon);
}

static TestGate *
gate_of (Room *room, guint side)
{
  return TEST_GATE (karez_test_worker_get_half (room->workers[side]));
}

static gboolean
is_allowed (Room *room, guint side)
{
  return karez_consent_is_allowed (gate_of (room, side)->consent);
}

static void
say (Room *room, const char *json)
{
  g_autoptr (GError) error = NULL;

  karez_test_worker_say (room->workers[0], room->nurse, json, &error);
  g_assert_no_error (error);
}

#define GIVE "{\"type\":\"consent.give\",\"basis\":\"guardian\"}"
#define WITHDRAW "{\"type\":\"consent.withdraw\"}"
#define ID "019ab3c4-0000-7000-8000-000000000009"
#define WORD(state, more)                                                                          \
  "{\"consent\":{\"state\":\"" state "\",\"id\":\"" ID "\",\"by\":\"n\","                          \
  "\"at\":\"2026-01-01T00:00:00Z\"" more "}}"

/* What a page was told last. */
static void
assert_told (Room *room, guint side, const char *state, gboolean allowed)
{
  JsonObject *told = karez_test_page_last (room->pages[side], "consent.state");
  JsonObject *word = json_object_get_object_member (told, "consent");

  g_assert_cmpstr (karez_json_text (word, "state"), ==, state);
  g_assert_cmpint (karez_json_boolean (told, "allowed"), ==, allowed);
  g_assert_cmpint (karez_json_boolean (told, "may_consent"), ==, side == 0);
}

static guint
count (Room *room, guint side, const char *action)
{
  return karez_test_worker_count (room->workers[side], action);
}

static void
test_state (Room *room, gconstpointer data)
{
  KarezConsent *consent = gate_of (room, 0)->consent;
  g_autoptr (JsonNode) word = NULL, seen = NULL;
  g_autofree char *gates = NULL;
  KarezActor *actor = NULL;

  g_assert_cmpint (karez_consent_get_state (consent), ==, KAREZ_CONSENT_NONE);
  g_assert_false (karez_consent_is_allowed (consent));
  for (guint i = 0; i < 2; i++)
    assert_told (room, i, "none", FALSE);
  seen = karez_consent_describe (consent, room->observer);
  g_assert_false (karez_json_boolean (json_node_get_object (seen), "may_consent"));
  gates = karez_json_print (json_object_get_member (json_node_get_object (seen), "gates"));
  g_assert_cmpstr (gates, ==, "[\"media\",\"motion\"]");

  say (room, GIVE);
  g_assert_cmpint (karez_consent_get_state (consent), ==, KAREZ_CONSENT_GIVEN);
  word = karez_consent_get_word (consent);
  g_assert_cmpstr (karez_json_text (json_node_get_object (word), "basis"), ==, "guardian");
  g_assert_cmpstr (karez_json_text (json_node_get_object (word), "by"), ==, "Ayşe");
  /* Who said it is whose record it is; the other hospital's is the session's. */
  g_assert_cmpstr (karez_test_worker_get_record (room->workers[0], 0, &actor, NULL), ==,
                   "consent.give");
  g_assert_cmpstr (karez_actor_get_name (actor), ==, "Ayşe");
  karez_test_workers_carry (room->workers);
  g_assert_cmpstr (karez_test_worker_get_record (room->workers[1], 0, &actor, NULL), ==,
                   "consent.give");
  g_assert_null (actor);
  g_assert_cmpstr (
      karez_json_text (karez_test_worker_last (room->workers[1], "consent.give"), "id"), ==,
      karez_json_text (json_node_get_object (word), "id"));
  for (guint i = 0; i < 2; i++)
    {
      assert_told (room, i, "given", TRUE);
      g_assert_cmpstr (gate_of (room, i)->heard->str, ==, "+");
    }
}

/* Recorded and on disk, then allowed, and then told: at either hospital. */
static void
test_given (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    karez_test_worker_set_disk (room->workers[i], KAREZ_TEST_DISK_SLOW);
  say (room, GIVE);
  g_assert_cmpuint (count (room, 0, "consent.give"), ==, 1);
  g_assert_false (is_allowed (room, 0));
  assert_told (room, 0, "none", FALSE);
  karez_test_worker_sync (room->workers[0]);
  g_assert_true (is_allowed (room, 0));
  assert_told (room, 0, "given", TRUE);
  karez_test_workers_carry (room->workers);
  g_assert_cmpuint (count (room, 1, "consent.give"), ==, 1);
  g_assert_false (is_allowed (room, 1));
  assert_told (room, 1, "none", FALSE);
  karez_test_worker_sync (room->workers[1]);
  g_assert_true (is_allowed (room, 1));
  assert_told (room, 1, "given", TRUE);
}

/* Closed at once, in the checkpoint, on record, told: at either hospital. */
static void
test_withdrawn (Room *room, gconstpointer data)
{
  say (room, GIVE);
  karez_test_workers_carry (room->workers);
  for (guint i = 0; i < 2; i++)
    {
      KarezTestWorker *worker = room->workers[i];

      karez_test_worker_set_disk (worker, KAREZ_TEST_DISK_SLOW);
      if (i == 0)
        say (room, WITHDRAW);
      else
        karez_test_workers_carry (room->workers);
      g_assert_false (is_allowed (room, i));
      assert_told (room, i, "given", FALSE);
      g_assert_cmpuint (count (room, i, "consent.withdraw"), ==, 0);
      karez_test_worker_sync (worker);
      g_assert_cmpuint (count (room, i, "consent.withdraw"), ==, 1);
      assert_told (room, i, "given", FALSE);
      if (i == 0)
        g_assert_cmpuint (karez_test_worker_count_arriving (room->workers[1]), ==, 0);
      karez_test_worker_sync (worker);
      assert_told (room, i, "withdrawn", FALSE);
      g_assert_cmpint (karez_consent_get_state (gate_of (room, i)->consent), ==,
                       KAREZ_CONSENT_WITHDRAWN);
    }
}

static void
test_full_disk (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];
  gint64 begun = g_get_monotonic_time ();

  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_FULL);
  say (room, GIVE);
  g_assert_false (is_allowed (room, 0));
  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_QUICK);
  while (!is_allowed (room, 0))
    g_main_context_iteration (NULL, TRUE); /* nocheck:blocked -- a test turns its own loop */
  g_assert_cmpint (g_get_monotonic_time () - begun, >, G_USEC_PER_SEC / 2);
  g_assert_cmpuint (count (room, 0, "consent.give"), ==, 1);
  /* A withdrawal waits for no disk, and is told all the same. */
  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_FULL);
  say (room, WITHDRAW);
  karez_test_workers_carry (room->workers);
  for (guint i = 0; i < 2; i++)
    {
      assert_told (room, i, "withdrawn", FALSE);
      g_assert_cmpuint (count (room, i, "consent.withdraw"), ==, 1);
    }
}

/* Withdrawn while a consent waits for the disk to take it: nothing is tried again for that one. */
static void
test_withdrawn_waiting (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];
  gint64 end = g_get_monotonic_time () + 1500 * G_TIME_SPAN_MILLISECOND;

  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_FULL);
  say (room, GIVE);
  say (room, WITHDRAW);
  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_QUICK);
  while (g_get_monotonic_time () < end)
    {
      karez_test_rest ();
      g_assert_false (is_allowed (room, 0));
      g_usleep (1000);
    }
  assert_told (room, 0, "withdrawn", FALSE);
  g_assert_cmpuint (count (room, 0, "consent.give"), ==, 1);
  g_assert_cmpuint (count (room, 0, "consent.withdraw"), ==, 1);
}

static void
restart (Room *room, guint side)
{
  g_autoptr (GBytes) saved = karez_test_worker_die (room->workers[side]);

  karez_test_workers_set_up (room->workers, FALSE);
  karez_test_worker_start (room->workers[side], TEST_TYPE_GATE, saved);
  karez_test_worker_join (room->workers[side], side == 0 ? room->nurse : room->surgeon);
}

/* The last but one record and the last are of one word. @count: of records before the last */
static void
assert_same_word (KarezTestWorker *worker, guint count)
{
  JsonNode *first = NULL, *second = NULL;

  g_assert_cmpuint (karez_test_worker_count (worker, NULL), ==, count + 1);
  karez_test_worker_get_record (worker, count - 1, NULL, &first);
  karez_test_worker_get_record (worker, count, NULL, &second);
  g_assert_true (json_node_equal (first, second));
}

/* Whatever was on its way to the disk when a worker died, the next one knows no older word than the
 * other hospital, and one that is not on record yet is put there under the same id. */
static void
test_next_worker (Room *room, gconstpointer data)
{
  static const char *const said[] = { GIVE, WITHDRAW };

  for (guint i = 0; i < 2; i++)
    for (guint saves = 0; saves < 3; saves++)
      {
        KarezTestWorker *host = room->workers[0];
        gboolean known = i == 0 ? saves > 0 : saves == 0;
        guint words;

        if (is_allowed (room, 0) != (i == 1))
          say (room, i == 0 ? WITHDRAW : GIVE);
        karez_test_workers_carry (room->workers);
        karez_test_worker_set_disk (host, KAREZ_TEST_DISK_SLOW);
        say (room, said[i]);
        for (guint n = 0; n < saves && karez_test_worker_count_saves (host) > 0; n++)
          karez_test_worker_sync (host);
        words = karez_test_worker_count (host, NULL);
        restart (room, 0);
        g_assert_cmpint (is_allowed (room, 0), ==, known);
        if (i == 1 && saves == 2)
          assert_same_word (host, words);
        karez_test_workers_set_up (room->workers, TRUE);
        karez_test_workers_carry (room->workers);
        for (guint side = 0; side < 2; side++)
          g_assert_cmpint (is_allowed (room, side), ==, known);
      }
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
  assert_refused (room, 0, room->observer, GIVE, KAREZ_ERROR_DENIED, "consent/speaker");
  assert_refused (room, 1, room->surgeon, GIVE, KAREZ_ERROR_DENIED, "consent/speaker");
  assert_refused (room, 0, room->nurse, WITHDRAW, KAREZ_ERROR_CONFLICT, "consent/none");
  assert_refused (room, 0, room->nurse, "{\"type\":\"consent.give\"}", KAREZ_ERROR_INVALID,
                  "consent/basis");
  assert_refused (room, 0, room->nurse, "{\"type\":\"consent.withdraw\",\"basis\":\"patient\"}",
                  KAREZ_ERROR_INVALID, "consent/basis");
  assert_refused (room, 0, room->nurse, "{\"type\":\"consent.give\",\"basis\":\"because\"}",
                  KAREZ_ERROR_INVALID, "json/word");
  assert_refused (room, 0, room->nurse, "{\"type\":\"consent.lend\"}", KAREZ_ERROR_INVALID,
                  "json/word");
  assert_refused (room, 0, room->nurse,
                  "{\"type\":\"consent.give\",\"basis\":\"patient\",\"by\":\"x\"}",
                  KAREZ_ERROR_INVALID, "json/unknown");
  say (room, GIVE);
  karez_test_workers_carry (room->workers);
  assert_refused (room, 1, room->surgeon, WITHDRAW, KAREZ_ERROR_DENIED, "consent/speaker");
  assert_refused (room, 0, room->observer, WITHDRAW, KAREZ_ERROR_DENIED, "consent/speaker");
  g_assert_true (is_allowed (room, 0));
  g_assert_cmpuint (count (room, 0, NULL), ==, 1);
}

/* What is the half's own comes to it, and a half without a consent has all messages. */
static void
test_own_messages (Room *room, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  say (room, "{\"type\":\"gate.open\"}");
  say (room, "{\"type\":\"consented\"}");
  karez_test_worker_receive (room->workers[0], "{\"hi\":\"there\"}");
  g_assert_cmpstr (gate_of (room, 0)->heard->str, ==, "(gate.open)(consented)<there>");
  karez_test_worker_start (room->workers[0], TEST_TYPE_OPEN, NULL);
  say (room, GIVE);
  g_assert_cmpuint (TEST_OPEN (karez_test_worker_get_half (room->workers[0]))->heard, ==, 1);
  g_assert_null (karez_live_half_get_consent (
      KAREZ_LIVE_HALF (karez_test_worker_get_half (room->workers[0]))));
}

/* What a broken or wicked other side might send changes nothing; nor does it command the host. */
static void
test_hostile (Room *room, gconstpointer data)
{
  static const char *const nonsense[] = {
    "",
    "[]",
    "{\"consent\":null}",
    "{\"consent\":7}",
    "{\"consent\":[]}",
    "{\"consent\":{}}",
    "{\"consent\":{\"state\":\"given\"}}",
    "{\"consent\":{\"state\":\"none\",\"id\":\"" ID "\"}}",
    WORD ("given", ""),
    WORD ("given", ",\"basis\":\"because\""),
    WORD ("given", ",\"basis\":\"patient\",\"more\":1"),
    WORD ("withdrawn", ",\"basis\":\"patient\""),
    "{\"type\":\"x\","
    "\"consent\":{\"state\":\"none\"}}",
    "{\"consent\":{\"state\":\"given\",\"basis\":\"patient\",\"id\":\"x\",\"by\":\"n\","
    "\"at\":\"2026-01-01T00:00:00Z\"}}",
    "{\"consent\":{\"state\":\"given\",\"basis\":\"patient\",\"id\":\"" ID "\",\"by\":\"\","
    "\"at\":\"2026-01-01T00:00:00Z\"}}",
    "{\"consent\":{\"state\":\"given\",\"basis\":\"patient\",\"id\":\"" ID "\",\"by\":\"n\","
    "\"at\":\"today\"}}",
  };

  for (guint i = 0; i < 2; i++)
    for (guint j = 0; j < G_N_ELEMENTS (nonsense); j++)
      karez_test_worker_receive (room->workers[i], nonsense[j]);
  karez_test_worker_receive (room->workers[0], WORD ("given", ",\"basis\":\"patient\""));
  karez_test_workers_carry (room->workers);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (is_allowed (room, i));
      g_assert_cmpuint (count (room, i, NULL), ==, 0);
      g_assert_cmpstr (gate_of (room, i)->heard->str, ==, "");
    }
  karez_test_worker_receive (room->workers[1], WORD ("given", ",\"basis\":\"patient\""));
  karez_test_rest ();
  g_assert_true (is_allowed (room, 1));
  /* The host says that there is none, whatever the other one believes. */
  karez_test_worker_receive (room->workers[1], "{\"consent\":{\"state\":\"none\"}}");
  g_assert_false (is_allowed (room, 1));
  g_assert_cmpuint (count (room, 1, NULL), ==, 1);
}

static void
tell (Room *room, const char *state, guint number)
{
  g_autofree char *word = g_strdup_printf (
      "{\"consent\":{\"state\":\"%s\"%s,\"id\":\"019ab3c4-0000-7000-8000-%012x\","
      "\"by\":\"n\",\"at\":\"2026-01-01T00:00:00Z\"}}",
      state, g_str_equal (state, "given") ? ",\"basis\":\"patient\"" : "", number);

  karez_test_worker_receive (room->workers[1], word);
  karez_test_rest ();
}

/* Neither a page nor the other hospital fills a disk with words; what is in force can be withdrawn.
 */
static void
test_too_many (Room *room, gconstpointer data)
{
  for (guint i = 0; i < 999; i++)
    say (room, GIVE);
  say (room, GIVE);
  assert_refused (room, 0, room->nurse, GIVE, KAREZ_ERROR_TOO_LARGE, "consent/many");
  /* The next worker has counted them, too. */
  restart (room, 0);
  assert_refused (room, 0, room->nurse, GIVE, KAREZ_ERROR_TOO_LARGE, "consent/many");
  g_assert_true (is_allowed (room, 0));
  say (room, WITHDRAW);
  g_assert_false (is_allowed (room, 0));
  assert_refused (room, 0, room->nurse, GIVE, KAREZ_ERROR_TOO_LARGE, "consent/many");
  /* Those, and the last one once more by the next worker. */
  g_assert_cmpuint (count (room, 0, NULL), ==, 1002);

  for (guint i = 1; i <= 2000; i++)
    {
      tell (room, i % 3 == 0 ? "given" : "withdrawn", i);
      if (i % 7 == 0)
        karez_test_worker_receive (room->workers[1], "{\"consent\":{\"state\":\"none\"}}");
    }
  g_assert_cmpuint (count (room, 1, NULL), <=, 1001);
  g_assert_cmpuint (count (room, 1, NULL), >=, 1000);
  g_assert_false (is_allowed (room, 1));
}

/* What was withdrawn at the last moment is on record before what the half keeps. */
static void
test_stop (Room *room, gconstpointer data)
{
  KarezTestWorker *host = room->workers[0];

  say (room, GIVE);
  karez_test_worker_set_disk (host, KAREZ_TEST_DISK_SLOW);
  say (room, WITHDRAW);
  karez_test_worker_move (host, KAREZ_TEST_MOVE_STOP);
  g_assert_cmpstr (karez_test_worker_get_record (host, 1, NULL, NULL), ==, "consent.withdraw");
  g_assert_cmpstr (karez_test_worker_get_record (host, 2, NULL, NULL), ==, "gate.keep");
  while (karez_test_worker_count_saves (host) > 0)
    karez_test_worker_sync (host);
  g_assert_cmpuint (count (room, 0, "consent.withdraw"), ==, 1);
}

/* What the half keeps of its own stands beside the consent, and did alone before it had one. */
static void
test_checkpoint (Room *room, gconstpointer data)
{
  static const char former[] = "{\"own\":\"former\"}";
  g_autoptr (GBytes) old = g_bytes_new_static (former, sizeof former - 1);
  g_autoptr (GBytes) kept = NULL;

  say (room, GIVE);
  kept = karez_test_worker_take_checkpoint (room->workers[0]);
  karez_test_worker_start (room->workers[0], TEST_TYPE_GATE, kept);
  g_assert_cmpstr (gate_of (room, 0)->heard->str, ==, "[kept]");
  g_assert_true (is_allowed (room, 0));
  karez_test_worker_start (room->workers[0], TEST_TYPE_GATE, old);
  g_assert_cmpstr (gate_of (room, 0)->heard->str, ==, "[former]");
  g_assert_false (is_allowed (room, 0));
}

#define ADD(name, func) g_test_add ("/consent/" name, Room, NULL, room_up, func, room_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("state", test_state);
  ADD ("given", test_given);
  ADD ("withdrawn", test_withdrawn);
  ADD ("full-disk", test_full_disk);
  ADD ("withdrawn-waiting", test_withdrawn_waiting);
  ADD ("next-worker", test_next_worker);
  ADD ("refusals", test_refusals);
  ADD ("own-messages", test_own_messages);
  ADD ("hostile", test_hostile);
  ADD ("too-many", test_too_many);
  ADD ("stop", test_stop);
  ADD ("checkpoint", test_checkpoint);
  return g_test_run ();
}
