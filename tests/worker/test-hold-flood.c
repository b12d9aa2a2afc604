/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker of the other hospital that says whatever it likes by the link: what it holds is held,
 * and neither its own side's records nor anybody's safety suffer from how often it says so. */
#include "hub-id.h"
#include "live-fixture.h"

#define WORDS 1000
/* Of a burst, of what is counted, and of what happened before and after. */
#define MAX_RECORDS 25

/* The first of many holds holds, each is heard, and few are records; the next one that is needed is
 * taken like the first one. */
static void
test_holds (LiveFixture *f, gconstpointer data)
{
  guint64 before;
  gint64 counted = 0;
  guint holds;

  live_go_live (f);
  live_say_word (f, "hold", 1);
  live_until_heard (f, 1);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  before = hub_live_session_get_sequence (f->session);
  f->changes = 0;
  for (guint i = 2; i <= WORDS; i++)
    live_say_word (f, i % 3 ? "hold" : "panic", i);
  live_until_heard (f, WORDS);
  /* What was shown before any of them lifts none. */
  g_assert_cmpuint (hub_live_session_get_sequence (f->session), >=, before + WORDS - 1);
  g_assert_cmpuint (live_count_records (f, NULL, NULL), <, MAX_RECORDS);
  g_assert_cmpuint (f->changes, <, MAX_RECORDS + 20);
  /* Its own people are recorded all the same. */
  holds = live_count_records (f, "session.hold", NULL);
  live_move (f, "hold");
  g_assert_cmpuint (live_count_records (f, "session.hold", NULL), ==, holds + 1);

  live_move (f, "resume");
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_LIVE);
  live_say_word (f, "hold", WORDS + 1);
  live_until_heard (f, WORDS + 1);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  g_assert_cmpstr (live_moving_of (f), ==, "still");
  /* The rest of them is on record as a number. */
  holds = live_count_records (f, "session.hold", NULL)
          + live_count_records (f, "session.panic", NULL);
  g_assert_cmpuint (live_count_records (f, "session.hold-repeated", &counted), >=, 1);
  g_assert_cmpint (holds + counted, ==, WORDS + 2);
}

/* The same of what a worker tells whose other side has forgotten something. */
static void
test_states (LiveFixture *f, gconstpointer data)
{
  gint64 sequence;

  live_go_live (f);
  sequence = (gint64) hub_live_session_get_sequence (f->session);
  for (guint i = 0; i < WORDS; i++)
    live_say (f, karez_json_object ("state", "s", "ready", "sequence", "i", sequence += 3, NULL));
  live_say_word (f, "hold", 1);
  live_until_heard (f, 1);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  g_assert_cmpuint (hub_live_session_get_sequence (f->session), >, (guint64) sequence);
  g_assert_cmpuint (live_count_records (f, NULL, NULL), <, MAX_RECORDS);
}

/* Which must not leave a live half at work in a session that is held. */
static void
test_state_in_resume (LiveFixture *f, gconstpointer data)
{
  Await resume = { 0 };
  g_autoptr (GError) error = NULL;

  live_go_live (f);
  live_move (f, "hold");
  live_begin_move (f, "resume", &resume);
  turn_for (100);
  live_say (f, karez_json_object ("state", "s", "live", "sequence", "i",
                                  (gint64) hub_live_session_get_sequence (f->session) + 1, NULL));
  g_assert_false (hub_live_session_finish (f->session, await_result (&resume), &error));
  assert_rule (error, "session/overtaken");
  g_object_unref (resume.result);
  turn_for (500);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  g_assert_cmpstr (live_moving_of (f), ==, "still");
}

/* At a mirror: a host that renumbers one state for ever. */
static void
test_host (LiveFixture *f, gconstpointer data)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->partner, "Somebody", NULL, NULL, NULL);

  for (guint i = 2; i < WORDS; i++)
    {
      g_autofree char *reason = g_strdup_printf ("reason %u", i);

      live_say (f,
                karez_json_object ("state", "s", "held", "sequence", "i", (gint64) i, "reason", "s",
                                   reason, "actor", "n", karez_actor_to_json (actor), NULL));
    }
  for (guint i = 0; i < 1000 && hub_live_session_get_sequence (f->session) < WORDS - 1; i++)
    turn_for (5);
  g_assert_cmpuint (hub_live_session_get_sequence (f->session), ==, WORDS - 1);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  g_assert_cmpuint (live_count_records (f, NULL, NULL), <, MAX_RECORDS);
  g_assert_cmpuint (f->changes, <, MAX_RECORDS + 20);
}

static gboolean
is_held (gpointer data)
{
  return hub_live_session_get_state (((LiveFixture *) data)->session) == KAREZ_STATE_HELD;
}

static gboolean
is_somebody_there (gpointer data)
{
  return g_list_model_get_n_items (hub_live_people_get_list (((HubLiveSession *) data)->people))
         > 0;
}

/* It names people of this hospital, and of a third one, as being in the room: they are shown as its
 * own. What it says of an act is on record as a peer's word. */
static void
test_names (LiveFixture *f, gconstpointer data)
{
  g_autofree char *id = hub_id_new (), *who = hub_id_new ();
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, who, "Somebody here", NULL, "10.0.0.1", f->hub);
  g_autoptr (KarezParticipant) one = NULL;
  g_autoptr (JsonNode) record = NULL;
  JsonNode *people = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();
  JsonObject *recorded;
  KarezActor *seen;

  json_array_add_element (array, karez_json_object ("id", "s", id, "actor", "n",
                                                    karez_actor_to_json (actor), "role", "s",
                                                    "writer", "hospital", "s", f->hub, NULL));
  json_node_take_array (people, array);
  live_say (f, karez_json_object ("state", "s", "held", "sequence", "i", (gint64) 2, "actor", "n",
                                  karez_actor_to_json (actor), "participants", "n", people, NULL));
  turn_until (is_somebody_there, f->session, 5, "the participant is there");
  one = g_list_model_get_item (hub_live_people_get_list (f->session->people), 0);
  g_assert_false (karez_participant_is_local (one));
  g_assert_cmpstr (karez_participant_get_hospital (one), ==, f->partner);
  seen = karez_participant_get_actor (one);
  g_assert_cmpint (karez_actor_get_kind (seen), ==, KAREZ_ACTOR_PEER);
  g_assert_cmpstr (karez_actor_get_hub (seen), ==, f->partner);
  g_assert_cmpstr (karez_actor_get_address (seen), ==, NULL);
  hub_recorder_flush (f->session->recorder, NULL);
  for (guint64 at = hub_live_session_next_record (f->session, 1); at;
       at = hub_live_session_next_record (f->session, at + 1))
    {
      g_clear_pointer (&record, json_node_unref);
      record = hub_live_session_get_record (f->session, at);
    }
  recorded = json_object_get_object_member (json_node_get_object (record), "actor");
  g_assert_cmpstr (karez_json_text (recorded, "id"), ==, who);
  g_assert_cmpstr (karez_json_text (recorded, "kind"), ==, "peer");
}

static JsonNode *
list_nonsense (void)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, json_array_new ());
  json_array_add_string_element (json_node_get_array (node), "nobody");
  return node;
}

/* A hold counts although what comes with it is not accepted: that somebody's name cannot be shown
 * is no reason to go on. */
static void
test_spoiled_host (LiveFixture *f, gconstpointer data)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->partner, "Somebody", NULL, NULL, NULL);

  live_go_live (f);
  live_say (f, karez_json_object ("ask", "s", "hold", "number", "i", (gint64) 1, "actor", "n",
                                  karez_actor_to_json (actor), "participants", "n",
                                  list_nonsense (), "checks", "n", list_nonsense (), NULL));
  live_until_state (f, KAREZ_STATE_HELD);
  live_move (f, "resume");
  live_say (f, karez_json_object ("ask", "s", "hold", "number", "i", (gint64) 2, "actor", "n",
                                  karez_json_object ("kind", "s", "nobody", NULL), NULL));
  live_until_state (f, KAREZ_STATE_HELD);
  live_move (f, "resume");
  live_say (f, karez_json_object ("ask", "s", "hold", "number", "i", (gint64) 3, NULL));
  live_until_state (f, KAREZ_STATE_HELD);
}

static void
test_spoiled_mirror (LiveFixture *f, gconstpointer data)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->partner, "Somebody", NULL, NULL, NULL);

  for (gint64 sequence = 5; sequence < 9; sequence += 2)
    {
      live_say (f, karez_json_object ("state", "s", "live", "sequence", "i", sequence, "actor", "n",
                                      karez_actor_to_json (actor), NULL));
      live_until_state (f, KAREZ_STATE_LIVE);
      if (sequence == 5)
        live_say (f, karez_json_object ("state", "s", "held", "sequence", "i", sequence + 1,
                                        "actor", "n", karez_actor_to_json (actor), "participants",
                                        "n", list_nonsense (), NULL));
      else
        live_say (f,
                  karez_json_object ("state", "s", "held", "sequence", "i", sequence + 1, "actor",
                                     "n", karez_json_object ("kind", "s", "nobody", NULL), NULL));
      live_until_state (f, KAREZ_STATE_HELD);
    }
}

/* What is wrong at the other hospital stays wrong when its next word cannot be read. */
static void
test_spoiled_checks (LiveFixture *f, gconstpointer data)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  live_go_live (f);
  json_node_take_array (node, json_array_new ());
  json_array_add_element (json_node_get_array (node),
                          karez_json_object ("id", "s", "sound", "verdict", "s", "failed", NULL));
  live_say (f, karez_json_object ("checks", "n", node, NULL));
  live_until_state (f, KAREZ_STATE_DEGRADED);
  live_say (f, karez_json_object ("checks", "n", list_nonsense (), NULL));
  turn_for (200);
  hub_live_session_judge (f->session);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_DEGRADED);
}

/* A number that nobody there can have come to holds, and what is said after it as well. */
static void
test_huge_number (LiveFixture *f, gconstpointer data)
{
  static const gint64 numbers[] = { G_MAXINT64, 1, G_MAXINT64 - 1, G_GINT64_CONSTANT (1) << 40, 2 };

  live_go_live (f);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *who = hub_id_new ();
      g_autoptr (KarezActor)
          actor = karez_actor_new (KAREZ_ACTOR_PERSON, who, "Somebody", NULL, NULL, NULL);

      live_say (f, karez_json_object ("ask", "s", "hold", "number", "i", numbers[i], "actor", "n",
                                      karez_actor_to_json (actor), NULL));
      turn_until (is_held, f, 5, "it is held");
      live_move (f, "resume");
      g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_LIVE);
    }
}

/* At a mirror: a host's number that nothing could come after is not followed; the next one is. */
static void
test_huge_sequence (LiveFixture *f, gconstpointer data)
{
  live_say (f, karez_json_object ("state", "s", "ready", "sequence", "i", G_MAXINT64, NULL));
  live_say (f, karez_json_object ("state", "s", "held", "sequence", "i", (gint64) 2, NULL));
  turn_until (is_held, f, 5, "it is held");
  g_assert_cmpuint (hub_live_session_get_sequence (f->session), ==, 2);
}

static void
say_check (LiveFixture *f, const char *verdict)
{
  JsonNode *checks = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (checks, json_array_new ());
  json_array_add_element (
      json_node_get_array (checks),
      karez_json_object ("id", "s", "test.mood", "verdict", "s", verdict, NULL));
  live_say (f, karez_json_object ("checks", "n", checks, NULL));
}

/* A partner whose checks go to and fro: the session is degraded while one fails, and heals, but not
 * as often as somebody likes to say so. */
static void
test_moods (LiveFixture *f, gconstpointer data)
{
  live_go_live (f);
  for (guint i = 0; i < WORDS; i++)
    {
      say_check (f, "failed");
      say_check (f, "passed");
    }
  say_check (f, "failed");
  live_say_word (f, "hold", 1);
  live_until_heard (f, 1);
  g_assert_cmpuint (live_count_records (f, "session.degrade", NULL), >=, 1);
  g_assert_cmpuint (live_count_records (f, "session.degrade", NULL), <, MAX_RECORDS);
  g_assert_cmpuint (live_count_records (f, NULL, NULL), <, 3 * MAX_RECORDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add ("/hold-flood/holds", LiveFixture, "host", live_set_up, test_holds, live_tear_down);
  g_test_add ("/hold-flood/moods", LiveFixture, "host", live_set_up, test_moods, live_tear_down);
  g_test_add ("/hold-flood/states", LiveFixture, "host", live_set_up, test_states, live_tear_down);
  g_test_add ("/hold-flood/state-in-resume", LiveFixture, "host", live_set_up, test_state_in_resume,
              live_tear_down);
  g_test_add ("/hold-flood/host", LiveFixture, "mirror", live_set_up, test_host, live_tear_down);
  g_test_add ("/hold-flood/huge-number", LiveFixture, "host", live_set_up, test_huge_number,
              live_tear_down);
  g_test_add ("/hold-flood/huge-sequence", LiveFixture, "mirror", live_set_up, test_huge_sequence,
              live_tear_down);
  g_test_add ("/hold-flood/names", LiveFixture, "mirror", live_set_up, test_names, live_tear_down);
  g_test_add ("/hold-flood/spoiled-host", LiveFixture, "host", live_set_up, test_spoiled_host,
              live_tear_down);
  g_test_add ("/hold-flood/spoiled-mirror", LiveFixture, "mirror", live_set_up, test_spoiled_mirror,
              live_tear_down);
  g_test_add ("/hold-flood/spoiled-checks", LiveFixture, "host", live_set_up, test_spoiled_checks,
              live_tear_down);
  return g_test_run ();
}
