/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker of the other hospital that says whatever it likes by the link: what it holds is held,
 * and neither its own side's records nor anybody's safety suffer from how often it says so. */
#include "engine-fixture.h"
#include "hub-id.h"
#include "hub-live-session-private.h"

#include <glib/gstdio.h>

#define WORDS 1000
/* Of a burst, of what is counted, and of what happened before and after. */
#define MAX_RECORDS 25

typedef struct
{
  char *id, *hub, *partner, *directory;
  HubLiveSession *session;
  HubLink *link; /* the other worker's end */
  guint64 heard; /* as the session says by it */
  guint changes;
  gboolean prepared;
} Fixture;

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ((Fixture *) data)->prepared = hub_live_session_finish (HUB_LIVE_SESSION (source), result,
                                                          &error);
  g_assert_no_error (error);
}

static void
on_message (KarezLink *link, guint stream, GBytes *payload, gpointer data)
{
  g_autoptr (JsonNode) node = karez_json_parse (payload, 0, NULL);

  /* Its checks come by themselves. */
  if (json_object_has_member (json_node_get_object (node), "heard"))
    ((Fixture *) data)->heard = karez_json_integer (json_node_get_object (node), "heard", 0);
}

static void
on_state (HubLiveSession *session, Fixture *f)
{
  f->changes++;
}

static gboolean
is_ready (gpointer data)
{
  Fixture *f = data;

  return f->prepared && karez_link_is_up (KAREZ_LINK (f->link))
         && karez_link_is_up (KAREZ_LINK (f->session->link));
}

static void
connect_both (Fixture *f)
{
  g_autoptr (JsonNode) ours = hub_live_session_get_endpoint (f->session, NULL);
  g_autoptr (JsonNode) theirs = hub_link_get_endpoint (f->link);
  g_autoptr (GError) error = NULL;

  hub_live_session_connect (f->session, theirs, &error);
  g_assert_no_error (error);
  hub_link_connect (f->link, ours, &error);
  g_assert_no_error (error);
}

/* @data: "host" or "mirror", which is what this side is */
static void
set_up (Fixture *f, gconstpointer data)
{
  gboolean host = g_str_equal (data, "host");
  g_autofree char *module = module_path ("module-live");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;

  f->id = hub_id_new ();
  f->hub = hub_id_new ();
  f->partner = hub_id_new ();
  f->directory = g_build_filename (scratch (), f->id, NULL);
  g_assert_cmpint (g_mkdir_with_parents (f->directory, 0700), ==, 0);
  {
    HubLiveSessionConfig config = { f->id, f->directory, "test", module, "127.0.0.1", NULL };

    f->session = hub_live_session_new (&config, &error);
  }
  g_assert_no_error (error);
  g_signal_connect (f->session, "state-changed", G_CALLBACK (on_state), f);
  node = karez_json_object ("id", "s", f->id, "booking", "n",
                            karez_json_object ("reason", "s", "slow", NULL), "modality", "s",
                            "counter", "hub", "s", f->hub, "partner", "s", f->partner, "host", "b",
                            host, "generation", "i", (gint64) 1, "restored", "b", FALSE, "state",
                            "s", "preparing", "sequence", "i", (gint64) 1, NULL);
  hub_live_session_prepare_async (f->session, node, on_prepared, f);
  f->link = hub_link_new (f->id, !host, 1, "127.0.0.1", &error);
  g_assert_no_error (error);
  karez_link_open (KAREZ_LINK (f->link), HUB_STREAM_STATE, KAREZ_LINK_ALL, TRUE, &error);
  g_assert_no_error (error);
  g_signal_connect (f->link, "message", G_CALLBACK (on_message), f);
  connect_both (f);
  turn_until (is_ready, f, 10, "the link is up");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_signal_handlers_disconnect_by_data (f->session, f);
  if (f->session->driver)
    hub_live_driver_set_target (f->session->driver, HUB_PHASE_NONE, NULL);
  g_object_run_dispose (G_OBJECT (f->session));
  /* What the live half had under way ends in this time. */
  turn_for (400);
  g_object_unref (f->session);
  g_object_unref (f->link);
  g_free (f->id);
  g_free (f->hub);
  g_free (f->partner);
  g_free (f->directory);
}

static void
say (Fixture *f, JsonNode *body)
{
  g_autoptr (JsonNode) owned = body;
  char *text = karez_json_print (owned);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));
  g_autoptr (GError) error = NULL;

  /* As fast as the link takes it. */
  while (!karez_link_send (KAREZ_LINK (f->link), HUB_STREAM_STATE, bytes, &error))
    {
      g_assert_true (karez_error_is_busy (error));
      g_clear_error (&error);
      turn_for (1);
    }
}

/* Another person, for another reason, each time. */
static void
say_word (Fixture *f, const char *word, guint number)
{
  g_autofree char *name = g_strdup_printf ("Somebody %u", number);
  g_autofree char *who = hub_id_new ();
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, who, name, NULL, NULL, NULL);

  say (f, karez_json_object ("ask", "s", word, "number", "i", (gint64) number, "reason", "s", name,
                             "actor", "n", karez_actor_to_json (actor), NULL));
}

typedef struct
{
  Fixture *f;
  guint64 number;
} Heard;

static gboolean
has_heard (gpointer data)
{
  Heard *heard = data;

  return heard->f->heard >= heard->number;
}

static void
until_heard (Fixture *f, guint64 number)
{
  Heard heard = { f, number };

  turn_until (has_heard, &heard, 30, "the other side was heard");
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (JsonNode)
      checks = hub_live_session_preflight_finish (HUB_LIVE_SESSION (source), result, NULL);

  *(gboolean *) data = TRUE;
}

static gboolean
is_true (gpointer data)
{
  return *(gboolean *) data;
}

static void
begin_move (Fixture *f, const char *edge, Await *await)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hub, "Somebody", NULL, NULL, NULL);

  hub_live_session_move_async (f->session, edge, NULL, actor,
                               hub_live_session_get_sequence (f->session), 0, await_done, await);
}

static void
move (Fixture *f, const char *edge)
{
  Await await = { 0 };
  g_autoptr (GError) error = NULL;

  begin_move (f, edge, &await);
  hub_live_session_finish (f->session, await_result (&await), &error);
  g_assert_no_error (error);
  g_object_unref (await.result);
}

static void
go_live (Fixture *f)
{
  gboolean looked = FALSE;

  hub_live_session_preflight_async (f->session, on_looked, &looked);
  turn_until (is_true, &looked, 5, "the preflight");
  move (f, "start");
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_LIVE);
}

/* Records of the whole session, those of an @action (nullable), and what they count. */
static guint
count_records (Fixture *f, const char *action, gint64 *counted)
{
  guint n = 0;

  for (guint64 at = hub_live_session_next_record (f->session, 1); at;
       at = hub_live_session_next_record (f->session, at + 1))
    {
      g_autoptr (JsonNode) record = hub_live_session_get_record (f->session, at);
      JsonObject *object = json_node_get_object (record);

      if (action && g_strcmp0 (karez_json_text (object, "action"), action) != 0)
        continue;
      n++;
      if (counted)
        *counted += karez_json_integer (json_object_get_object_member (object, "body"), "count", 0);
    }
  return n;
}

static const char *
moving_of (Fixture *f)
{
  KarezCheck *check = g_hash_table_lookup (f->session->checks, "test.moving");

  return check ? karez_check_get_measured (check) : "";
}

/* The first of many holds holds, each is heard, and few are records; the next one that is needed is
 * taken like the first one. */
static void
test_holds (Fixture *f, gconstpointer data)
{
  guint64 before;
  gint64 counted = 0;
  guint holds;

  go_live (f);
  say_word (f, "hold", 1);
  until_heard (f, 1);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  before = hub_live_session_get_sequence (f->session);
  f->changes = 0;
  for (guint i = 2; i <= WORDS; i++)
    say_word (f, i % 3 ? "hold" : "panic", i);
  until_heard (f, WORDS);
  /* What was shown before any of them lifts none. */
  g_assert_cmpuint (hub_live_session_get_sequence (f->session), >=, before + WORDS - 1);
  g_assert_cmpuint (count_records (f, NULL, NULL), <, MAX_RECORDS);
  g_assert_cmpuint (f->changes, <, MAX_RECORDS + 20);
  /* Its own people are recorded all the same. */
  holds = count_records (f, "session.hold", NULL);
  move (f, "hold");
  g_assert_cmpuint (count_records (f, "session.hold", NULL), ==, holds + 1);

  move (f, "resume");
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_LIVE);
  say_word (f, "hold", WORDS + 1);
  until_heard (f, WORDS + 1);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  g_assert_cmpstr (moving_of (f), ==, "still");
  /* The rest of them is on record as a number. */
  holds = count_records (f, "session.hold", NULL) + count_records (f, "session.panic", NULL);
  g_assert_cmpuint (count_records (f, "session.hold-repeated", &counted), >=, 1);
  g_assert_cmpint (holds + counted, ==, WORDS + 2);
}

/* The same of what a worker tells whose other side has forgotten something. */
static void
test_states (Fixture *f, gconstpointer data)
{
  gint64 sequence;

  go_live (f);
  sequence = (gint64) hub_live_session_get_sequence (f->session);
  for (guint i = 0; i < WORDS; i++)
    say (f, karez_json_object ("state", "s", "ready", "sequence", "i", sequence += 3, NULL));
  say_word (f, "hold", 1);
  until_heard (f, 1);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  g_assert_cmpuint (hub_live_session_get_sequence (f->session), >, (guint64) sequence);
  g_assert_cmpuint (count_records (f, NULL, NULL), <, MAX_RECORDS);
}

/* Which must not leave a live half at work in a session that is held. */
static void
test_state_in_resume (Fixture *f, gconstpointer data)
{
  Await resume = { 0 };
  g_autoptr (GError) error = NULL;

  go_live (f);
  move (f, "hold");
  begin_move (f, "resume", &resume);
  turn_for (100);
  say (f, karez_json_object ("state", "s", "live", "sequence", "i",
                             (gint64) hub_live_session_get_sequence (f->session) + 1, NULL));
  g_assert_false (hub_live_session_finish (f->session, await_result (&resume), &error));
  assert_rule (error, "session/overtaken");
  g_object_unref (resume.result);
  turn_for (500);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  g_assert_cmpstr (moving_of (f), ==, "still");
}

/* At a mirror: a host that renumbers one state for ever. */
static void
test_host (Fixture *f, gconstpointer data)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->partner, "Somebody", NULL, NULL, NULL);

  for (guint i = 2; i < WORDS; i++)
    {
      g_autofree char *reason = g_strdup_printf ("reason %u", i);

      say (f, karez_json_object ("state", "s", "held", "sequence", "i", (gint64) i, "reason", "s",
                                 reason, "actor", "n", karez_actor_to_json (actor), NULL));
    }
  for (guint i = 0; i < 1000 && hub_live_session_get_sequence (f->session) < WORDS - 1; i++)
    turn_for (5);
  g_assert_cmpuint (hub_live_session_get_sequence (f->session), ==, WORDS - 1);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_HELD);
  g_assert_cmpuint (count_records (f, NULL, NULL), <, MAX_RECORDS);
  g_assert_cmpuint (f->changes, <, MAX_RECORDS + 20);
}

static gboolean
is_held (gpointer data)
{
  return hub_live_session_get_state (((Fixture *) data)->session) == KAREZ_STATE_HELD;
}

static gboolean
is_somebody_there (gpointer data)
{
  return g_list_model_get_n_items (G_LIST_MODEL (((HubLiveSession *) data)->participants)) > 0;
}

/* It names people of this hospital, and of a third one, as being in the room: they are shown as its
 * own. What it says of an act is on record as a peer's word. */
static void
test_names (Fixture *f, gconstpointer data)
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
  say (f, karez_json_object ("state", "s", "held", "sequence", "i", (gint64) 2, "actor", "n",
                             karez_actor_to_json (actor), "participants", "n", people, NULL));
  turn_until (is_somebody_there, f->session, 5, "the participant is there");
  one = g_list_model_get_item (G_LIST_MODEL (f->session->participants), 0);
  g_assert_false (karez_participant_is_local (one));
  g_assert_cmpstr (karez_participant_get_hospital (one), ==, f->partner);
  seen = karez_participant_get_actor (one);
  g_assert_cmpint (karez_actor_get_kind (seen), ==, KAREZ_ACTOR_PEER);
  g_assert_cmpstr (karez_actor_get_hub (seen), ==, f->partner);
  g_assert_cmpstr (karez_actor_get_address (seen), ==, NULL);
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

static void
until_state (Fixture *f, KarezState state)
{
  for (guint i = 0; i < 400 && hub_live_session_get_state (f->session) != state; i++)
    turn_for (5);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, state);
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
test_spoiled_host (Fixture *f, gconstpointer data)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->partner, "Somebody", NULL, NULL, NULL);

  go_live (f);
  say (f, karez_json_object ("ask", "s", "hold", "number", "i", (gint64) 1, "actor", "n",
                             karez_actor_to_json (actor), "participants", "n", list_nonsense (),
                             "checks", "n", list_nonsense (), NULL));
  until_state (f, KAREZ_STATE_HELD);
  move (f, "resume");
  say (f, karez_json_object ("ask", "s", "hold", "number", "i", (gint64) 2, "actor", "n",
                             karez_json_object ("kind", "s", "nobody", NULL), NULL));
  until_state (f, KAREZ_STATE_HELD);
  move (f, "resume");
  say (f, karez_json_object ("ask", "s", "hold", "number", "i", (gint64) 3, NULL));
  until_state (f, KAREZ_STATE_HELD);
}

static void
test_spoiled_mirror (Fixture *f, gconstpointer data)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->partner, "Somebody", NULL, NULL, NULL);

  for (gint64 sequence = 5; sequence < 9; sequence += 2)
    {
      say (f, karez_json_object ("state", "s", "live", "sequence", "i", sequence, "actor", "n",
                                 karez_actor_to_json (actor), NULL));
      until_state (f, KAREZ_STATE_LIVE);
      if (sequence == 5)
        say (f, karez_json_object ("state", "s", "held", "sequence", "i", sequence + 1, "actor",
                                   "n", karez_actor_to_json (actor), "participants", "n",
                                   list_nonsense (), NULL));
      else
        say (f, karez_json_object ("state", "s", "held", "sequence", "i", sequence + 1, "actor",
                                   "n", karez_json_object ("kind", "s", "nobody", NULL), NULL));
      until_state (f, KAREZ_STATE_HELD);
    }
}

/* What is wrong at the other hospital stays wrong when its next word cannot be read. */
static void
test_spoiled_checks (Fixture *f, gconstpointer data)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  go_live (f);
  json_node_take_array (node, json_array_new ());
  json_array_add_element (json_node_get_array (node),
                          karez_json_object ("id", "s", "sound", "verdict", "s", "failed", NULL));
  say (f, karez_json_object ("checks", "n", node, NULL));
  until_state (f, KAREZ_STATE_DEGRADED);
  say (f, karez_json_object ("checks", "n", list_nonsense (), NULL));
  turn_for (200);
  hub_live_session_judge (f->session);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_DEGRADED);
}

/* A number that nobody there can have come to holds, and what is said after it as well. */
static void
test_huge_number (Fixture *f, gconstpointer data)
{
  static const gint64 numbers[] = { G_MAXINT64, 1, G_MAXINT64 - 1, G_GINT64_CONSTANT (1) << 40, 2 };

  go_live (f);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *who = hub_id_new ();
      g_autoptr (KarezActor)
          actor = karez_actor_new (KAREZ_ACTOR_PERSON, who, "Somebody", NULL, NULL, NULL);

      say (f, karez_json_object ("ask", "s", "hold", "number", "i", numbers[i], "actor", "n",
                                 karez_actor_to_json (actor), NULL));
      turn_until (is_held, f, 5, "it is held");
      move (f, "resume");
      g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_LIVE);
    }
}

/* At a mirror: a host's number that nothing could come after is not followed; the next one is. */
static void
test_huge_sequence (Fixture *f, gconstpointer data)
{
  say (f, karez_json_object ("state", "s", "ready", "sequence", "i", G_MAXINT64, NULL));
  say (f, karez_json_object ("state", "s", "held", "sequence", "i", (gint64) 2, NULL));
  turn_until (is_held, f, 5, "it is held");
  g_assert_cmpuint (hub_live_session_get_sequence (f->session), ==, 2);
}

static void
say_check (Fixture *f, const char *verdict)
{
  JsonNode *checks = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (checks, json_array_new ());
  json_array_add_element (
      json_node_get_array (checks),
      karez_json_object ("id", "s", "test.mood", "verdict", "s", verdict, NULL));
  say (f, karez_json_object ("checks", "n", checks, NULL));
}

/* A partner whose checks go to and fro: the session is degraded while one fails, and heals, but not
 * as often as somebody likes to say so. */
static void
test_moods (Fixture *f, gconstpointer data)
{
  go_live (f);
  for (guint i = 0; i < WORDS; i++)
    {
      say_check (f, "failed");
      say_check (f, "passed");
    }
  say_check (f, "failed");
  say_word (f, "hold", 1);
  until_heard (f, 1);
  g_assert_cmpuint (count_records (f, "session.degrade", NULL), >=, 1);
  g_assert_cmpuint (count_records (f, "session.degrade", NULL), <, MAX_RECORDS);
  g_assert_cmpuint (count_records (f, NULL, NULL), <, 3 * MAX_RECORDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add ("/hold-flood/holds", Fixture, "host", set_up, test_holds, tear_down);
  g_test_add ("/hold-flood/moods", Fixture, "host", set_up, test_moods, tear_down);
  g_test_add ("/hold-flood/states", Fixture, "host", set_up, test_states, tear_down);
  g_test_add ("/hold-flood/state-in-resume", Fixture, "host", set_up, test_state_in_resume,
              tear_down);
  g_test_add ("/hold-flood/host", Fixture, "mirror", set_up, test_host, tear_down);
  g_test_add ("/hold-flood/huge-number", Fixture, "host", set_up, test_huge_number, tear_down);
  g_test_add ("/hold-flood/huge-sequence", Fixture, "mirror", set_up, test_huge_sequence,
              tear_down);
  g_test_add ("/hold-flood/names", Fixture, "mirror", set_up, test_names, tear_down);
  g_test_add ("/hold-flood/spoiled-host", Fixture, "host", set_up, test_spoiled_host, tear_down);
  g_test_add ("/hold-flood/spoiled-mirror", Fixture, "mirror", set_up, test_spoiled_mirror,
              tear_down);
  g_test_add ("/hold-flood/spoiled-checks", Fixture, "host", set_up, test_spoiled_checks,
              tear_down);
  return g_test_run ();
}
