/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Posts: order, lanes, answers that are lost, what is refused. */
#include "peers-test.h"

#include <string.h>

static void
test_order (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  GString *expected = g_string_new (NULL);
  g_autofree char *heard = NULL;

  test_handle_words (other);
  test_pair (one, other, NULL);
  for (guint i = 0; i < 150; i++) /* more than two batches */
    {
      g_autofree char *word = g_strdup_printf ("%u", i);

      g_free (test_post (one, other, KAREZ_LANE_RECORDS, "ward.word", word));
      g_string_append_printf (expected, "%s%u", i > 0 ? " " : "", i);
    }
  test_until (test_number (other, "select count(*) from ward.effect") == 150);
  heard = test_words (other, KAREZ_LANE_RECORDS);
  g_assert_cmpstr (heard, ==, expected->str);
  g_string_free (expected, TRUE);
  test_until (test_number (one, "select count(*) from karez.outbox") == 0);
  g_assert_cmpint (test_number (other, "select applied from karez.inbox where lane = 2"), ==, 150);
  test_hub_free (one);
  test_hub_free (other);
}

/* A handler that commits, and whose answer never arrives: the line is cut in between. */
typedef struct
{
  TestHub *hub;
  TestRelay *relay;
  guint calls, cuts;
  GTask *task;
} Unlucky;

static gboolean
on_cut_over (gpointer data)
{
  g_autoptr (GTask) task = data;

  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_unlucky_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  Unlucky *unlucky = data;
  GTask *task = g_steal_pointer (&unlucky->task);
  g_autoptr (GError) error = NULL;

  karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error);
  g_assert_no_error (error);
  if (unlucky->cuts++ < 2)
    test_relay_cut (unlucky->relay);
  /* The answer goes out when the line is dead for sure. */
  g_timeout_add (100, on_cut_over, task);
}

static void
on_unlucky (KarezMessage *message, GTask *task, gpointer data)
{
  Unlucky *unlucky = data;
  JsonObject *body = json_node_get_object (karez_message_get_body (message));
  g_autoptr (KarezTransaction) transaction = karez_store_begin (
      hub_store_get_scope (unlucky->hub->store, "ward"), karez_message_get_actor (message));

  unlucky->calls++;
  g_assert_null (unlucky->task);
  unlucky->task = task;
  karez_transaction_run (transaction, "effect_put", "(sis)", karez_json_text (body, "id"),
                         (int) karez_message_get_lane (message), karez_json_text (body, "word"));
  karez_transaction_event (transaction, "ward.hear", "effect", karez_json_text (body, "id"), NULL);
  karez_transaction_applied (transaction, message);
  karez_transaction_commit_async (transaction, NULL, on_unlucky_kept, unlucky);
}

static void
test_answer_lost (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestRelay *relay = test_relay (hub_peers_get_port (other->peers));
  g_autofree char *address = test_relay_address (relay);
  g_autofree char *heard = NULL;
  Unlucky unlucky = { other, relay, 0, 0, NULL };
  guint before;

  karez_peers_handle_post (KAREZ_PEERS (other->peers), "ward.word", on_unlucky, &unlucky, NULL,
                           NULL);
  test_pair (one, other, address);
  test_until_up (one, other);
  before = test_relay_count (relay);
  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *word = g_strdup_printf ("%u", i);

      g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", word));
    }
  test_until (test_number (one, "select count(*) from karez.outbox") == 0);
  heard = test_words (other, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, "0 1 2 3 4 5");
  g_assert_cmpuint (unlucky.cuts, >=, 2);
  g_assert_cmpuint (unlucky.calls, ==, 6);                /* each was applied once */
  g_assert_cmpuint (test_relay_count (relay), >, before); /* over another connection */
  g_assert_cmpint (test_events (other, "ward.hear"), ==, 6);
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 0);
  test_relay_free (relay);
  test_hub_free (one);
  test_hub_free (other);
}

/* A lane whose handler does not end. */
static void
on_stuck (KarezMessage *message, GTask *task, gpointer data)
{
  g_ptr_array_add (data, task); /* never answered in time */
}

static void
free_task (gpointer data)
{
  GTask *task = data;

  g_task_return_boolean (task, FALSE);
  g_object_unref (task);
}

static void
check_lanes (gboolean one_sided)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  GPtrArray *stuck = g_ptr_array_new_with_free_func (free_task);
  TestHub *from = one_sided ? other : one, *to = one_sided ? one : other;
  gint64 began;

  test_handle_words (to);
  karez_peers_handle_post (KAREZ_PEERS (to->peers), "ward.stuck", on_stuck, stuck, NULL, NULL);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  g_free (test_post (from, to, KAREZ_LANE_AGENDA, "ward.stuck", "never"));
  test_until (stuck->len == 1);
  g_free (test_post (from, to, KAREZ_LANE_AGENDA, "ward.word", "waits"));
  began = g_get_monotonic_time ();
  g_free (test_post (from, to, KAREZ_LANE_EMERGENCY, "ward.word", "now"));
  g_free (test_post (from, to, KAREZ_LANE_BULK, "ward.word", "too"));
  test_until (test_number (to, "select count(*) from ward.effect") == 2);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 5 * G_USEC_PER_SEC);
  g_assert_cmpint (test_number (to, "select count(*) from ward.effect where lane = 1"), ==, 0);
  g_assert_cmpint (test_number (from, "select count(*) from karez.outbox where lane = 1"), ==, 2);
  /* A refusal that no repetition can help makes the message a dead letter, and the lane goes on. */
  g_ptr_array_set_size (stuck, 0);
  test_until (test_number (to, "select count(*) from ward.effect where lane = 1") == 1);
  g_assert_cmpint (
      test_number (to, "select count(*) from karez.inbox_dead_letter where topic = 'ward.stuck'"),
      ==, 1);
  g_assert_cmpint (test_events (to, "message.dead-letter"), ==, 1);
  test_until (test_number (from, "select count(*) from karez.outbox") == 0);
  test_hub_free (one);
  test_hub_free (other);
  g_ptr_array_unref (stuck);
}

static void
test_lanes (void)
{
  check_lanes (FALSE);
}

static void
test_lanes_by_channel (void)
{
  check_lanes (TRUE);
}

/* Away for a while is no dead letter. */
static void
on_moody (KarezMessage *message, GTask *task, gpointer data)
{
  static const KarezError moods[] = { KAREZ_ERROR_UNAVAILABLE, KAREZ_ERROR_BUSY,
                                      KAREZ_ERROR_TIMEOUT };
  guint *calls = data;

  if (*calls < G_N_ELEMENTS (moods))
    g_task_return_error (task, karez_error_new (moods[(*calls)++], "ward/moody", NULL, "Not now"));
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "ward/never", NULL, "Never"));
  g_object_unref (task);
}

static void
test_dead_letters (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  guint calls = 0;
  g_autofree char *reason = NULL;

  test_handle_words (other);
  karez_peers_handle_post (KAREZ_PEERS (other->peers), "ward.moody", on_moody, &calls, NULL, NULL);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.moody", "x"));
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.nobody", "y"));
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "z"));
  test_until (test_number (other, "select count(*) from ward.effect") == 1);
  g_assert_cmpuint (calls, ==, 3);
  reason = test_ask (
      other, "select string_agg(reason, '|' order by sequence) from karez.inbox_dead_letter");
  g_assert_cmpstr (reason, ==, "Never");
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 1);
  /* What nobody here knows may be of a plugin that is not installed now. */
  g_free (reason);
  reason = test_ask (other, "select reason from karez.inbox_parked where topic = 'ward.nobody'");
  g_assert_nonnull (strstr (reason, "ward.nobody"));
  g_assert_cmpint (test_number (other, "select applied from karez.inbox where lane = 1"), ==, 3);
  test_hub_free (one);
  test_hub_free (other);
}

static void
on_never (KarezMessage *message, GTask *task, gpointer data)
{
  g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "ward/never", NULL, "Never"));
  g_object_unref (task);
}

/* A hub whose messages are all refused does not fill the disk of the other one, nor stop its own
 * lane; what is not kept is on record. */
static void
test_dead_letters_full (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  gint64 begin;

  test_handle_words (other);
  karez_peers_handle_post (KAREZ_PEERS (other->peers), "ward.never", on_never, NULL, NULL, NULL);
  hub_peer_parking_set_dead_letter_room (hub_peers_get_parking (other->peers), 2);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 4; i++)
    g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.never", "x"));
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "z"));
  test_until (test_number (other, "select count(*) from ward.effect") == 1);
  g_assert_cmpint (test_number (other, "select count(*) from karez.inbox_dead_letter"), ==, 2);
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 4);
  g_assert_cmpint (test_number (other, "select count(*) from karez.event where action = "
                                       "'message.dead-letter' and details ->> 'kept' = 'false'"),
                   ==, 2);
  /* A second for each that is not kept. */
  g_assert_cmpint (g_get_monotonic_time () - begin, >, 2 * G_USEC_PER_SEC);
  test_hub_free (one);
  test_hub_free (other);
}

/* A plugin: its topics are "note.…", and it is there or away. */
typedef struct
{
  TestHub *hub;
  const char *mode; /* "there", "away", "slow", "refuses", "forgets" */
  guint calls;
  GPtrArray *tasks; /* of "slow" */
} Plugin;

static gboolean
is_plugins (const char *topic, gpointer data)
{
  return g_str_has_prefix (topic, "note.");
}

static void
on_note_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_note (KarezMessage *message, GTask *task, gpointer data)
{
  Plugin *plugin = data;
  JsonObject *body = json_node_get_object (karez_message_get_body (message));
  g_autoptr (KarezTransaction) transaction = NULL;

  plugin->calls++;
  if (g_str_equal (plugin->mode, "away"))
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "plugin/disabled", NULL,
                                                "The plugin is disabled."));
  else if (g_str_equal (plugin->mode, "refuses"))
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "note/never", NULL, "Never"));
  else if (g_str_equal (plugin->mode, "forgets"))
    g_task_return_boolean (task, TRUE);
  else if (g_str_equal (plugin->mode, "slow"))
    {
      g_ptr_array_add (plugin->tasks, task);
      return;
    }
  else
    {
      transaction = karez_store_begin (hub_store_get_scope (plugin->hub->store, "ward"),
                                       karez_message_get_actor (message));
      karez_transaction_run (transaction, "effect_put", "(sis)", karez_json_text (body, "id"),
                             (int) karez_message_get_lane (message),
                             karez_json_text (body, "word"));
      karez_transaction_event (transaction, "ward.hear", "effect", karez_json_text (body, "id"),
                               NULL);
      karez_transaction_applied (transaction, message);
      karez_transaction_commit_async (transaction, NULL, on_note_kept, task);
      return;
    }
  g_object_unref (task);
}

static void
plugin_join (Plugin *plugin, TestHub *hub)
{
  plugin->hub = hub;
  hub_peers_set_plugin_check (hub->peers, is_plugins, NULL);
  karez_peers_handle_post (KAREZ_PEERS (hub->peers), "note.word", on_note, plugin, NULL, NULL);
}

#define PARKED "select count(*) from karez.inbox_parked"

static void
post_note (TestHub *one, TestHub *other, const char *word)
{
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "note.word", word));
}

/* What waits for a plugin holds up nobody else, outlives the hub, and is heard once, in order. */
static void
test_parked (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  Plugin plugin = { other, "away", 0, NULL };
  guint16 port;
  g_autoptr (JsonNode) list = NULL;
  g_autofree char *heard = NULL;
  JsonObject *item;

  test_handle_words (other);
  plugin_join (&plugin, other);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  post_note (one, other, "a");
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "passes"));
  post_note (one, other, "b");
  test_until (test_number (other, "select count(*) from ward.effect") == 1);
  test_until (test_number (one, "select count(*) from karez.outbox") == 0);
  test_until (test_number (other, PARKED) == 2);
  g_assert_cmpint (test_events (other, "message.park"), ==, 2);
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 0);
  list = hub_peer_parking_list (hub_peers_get_parking (other->peers));
  g_assert_cmpuint (json_array_get_length (json_node_get_array (list)), ==, 1);
  item = json_array_get_object_element (json_node_get_array (list), 0);
  g_assert_cmpstr (karez_json_text (item, "plugin"), ==, "note");
  g_assert_cmpstr (karez_json_text (item, "peer"), ==, test_hub_id (one));
  g_assert_cmpint (karez_json_integer (item, "messages", 0), ==, 2);
  g_assert_nonnull (strstr (karez_json_text (item, "reason"), "disabled"));

  port = hub_peers_get_port (other->peers);
  test_hub_stop (other);
  test_hub_start (other, port);
  test_handle_words (other);
  plugin_join (&plugin, other);
  test_until_up (one, other);
  post_note (one, other, "c");
  test_until (test_number (other, PARKED) == 3);

  plugin.mode = "there";
  hub_peers_deliver_parked (other->peers, "note");
  post_note (one, other, "d");
  test_until (test_number (other, "select count(*) from ward.effect") == 5);
  test_until (test_number (other, PARKED) == 0);
  heard = test_words (other, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, "passes a b c d");
  g_assert_cmpint (test_events (other, "ward.hear"), ==, 5);
  test_hub_free (one);
  test_hub_free (other);
}

/* A plugin that does not answer holds up its lane once and briefly; what it does too late, beside
 * its message that is parked meanwhile, has no second effect. */
static void
test_parked_slow (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  Plugin plugin = { other, "slow", 0, g_ptr_array_new_with_free_func (free_task) };

  test_handle_words (other);
  plugin_join (&plugin, other);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  post_note (one, other, "a");
  post_note (one, other, "b");
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "passes"));
  test_until (test_number (other, "select count(*) from ward.effect") == 1);
  g_assert_cmpuint (plugin.calls, ==, 1);
  plugin.mode = "there";
  g_ptr_array_set_size (plugin.tasks, 0);
  test_until (test_number (other, "select count(*) from ward.effect") == 3);
  test_until (test_number (other, PARKED) == 0);
  g_assert_cmpint (test_events (other, "ward.hear"), ==, 3);
  test_hub_free (one);
  test_hub_free (other);
  g_ptr_array_unref (plugin.tasks);
}

/* A parked message that the plugin refuses for good is a dead letter, those behind it are heard;
 * tried again, it is heard too. */
static void
test_parked_refused (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  Plugin plugin = { other, "away", 0, NULL };
  g_autoptr (KarezTransaction) transaction = NULL;
  gint64 sequence;

  plugin_join (&plugin, other);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  post_note (one, other, "a");
  test_until (test_number (other, PARKED) == 1);
  plugin.mode = "refuses";
  hub_peers_deliver_parked (other->peers, "note");
  test_until (test_number (other, "select count(*) from karez.inbox_dead_letter") == 1);
  g_assert_cmpint (test_number (other, PARKED), ==, 0);
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 1);
  plugin.mode = "there";
  sequence = test_number (other, "select sequence from karez.inbox_dead_letter");
  transaction = test_hub_begin (other, "peers");
  hub_peers_retry_dead_letter_async (other->peers, transaction, test_hub_id (one),
                                     KAREZ_LANE_AGENDA, sequence, NULL, NULL);
  test_until (test_number (other, "select count(*) from ward.effect") == 1);
  test_until (test_number (other, PARKED) == 0);
  g_assert_cmpint (test_number (other, "select count(*) from karez.inbox_dead_letter"), ==, 0);
  g_assert_cmpint (test_events (other, "message.retry"), ==, 1);
  test_hub_free (one);
  test_hub_free (other);
}

#define LAST "select last from karez.outbox_head where lane = 1"
#define HELD "select count(*) from karez.outbox_held"

static void
set_room (TestHub *hub, guint messages, gint64 bytes)
{
  hub_peer_parking_set_room (hub_peers_get_parking (hub->peers), messages, bytes);
}

/* Beyond the room for one plugin only its own messages wait, at their sender; the rest of the lane
 * goes on. They are heard once and in order, over a restart of either hub. */
static void
check_full (guint messages, gint64 bytes)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  Plugin plugin = { other, "away", 0, NULL };
  guint16 port;
  gint64 last;
  g_autofree char *heard = NULL;

  test_handle_words (other);
  plugin_join (&plugin, other);
  set_room (other, messages, bytes);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  post_note (one, other, "a");
  post_note (one, other, "b");
  test_until (test_number (other, PARKED) == 2);
  post_note (one, other, "c");
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "passes"));
  post_note (one, other, "d");
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "too"));
  test_until (test_number (other, "select count(*) from ward.effect") == 2);
  test_until (test_number (one, HELD) == 2);
  test_until (test_number (one, "select count(*) from karez.outbox") == 0);
  g_assert_cmpint (test_number (other, PARKED), ==, 2);
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 0);

  /* It is asked again, and what comes meanwhile stays behind. */
  last = test_number (one, LAST);
  test_until (test_number (one, LAST) > last);
  test_until (test_number (one, HELD " where sequence is null") == 2);
  post_note (one, other, "e");
  test_until (test_number (one, HELD) == 3);
  test_until (test_number (one, "select count(*) from karez.outbox") == 0);

  test_hub_stop (one);
  port = hub_peers_get_port (other->peers);
  test_hub_stop (other);
  test_hub_start (other, port);
  test_handle_words (other);
  plugin_join (&plugin, other);
  set_room (other, messages, bytes);
  test_hub_start (one, 0);
  test_until_up (one, other);
  post_note (one, other, "f");
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "last"));
  test_until (test_number (other, "select count(*) from ward.effect") == 3);
  test_until (test_number (one, HELD) == 4);
  g_assert_cmpint (test_number (other, PARKED), ==, 2);

  plugin.mode = "there";
  hub_peers_deliver_parked (other->peers, "note");
  test_until (test_number (other, "select count(*) from ward.effect") == 9);
  test_until (test_number (one, HELD) == 0);
  test_until (test_number (one, "select count(*) from karez.outbox") == 0);
  heard = test_words (other, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, "passes too last a b c d e f");
  g_assert_cmpint (test_number (other, PARKED), ==, 0);
  g_assert_cmpint (test_events (other, "ward.hear"), ==, 9);
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 0);
  /* Neither hub believes that the other one was restored. */
  g_assert_false (test_restored (one, other));
  g_assert_false (test_restored (other, one));
  test_hub_free (one);
  test_hub_free (other);
}

static void
test_full_messages (void)
{
  check_full (2, HUB_PARKING_BYTES);
}

static void
test_full_bytes (void)
{
  /* Of one body, a little more: the second is taken, the third is not. */
  check_full (HUB_PARKING_MESSAGES, 70);
}

/* A plugin that has room for some of what is held takes that, and the rest keeps its order. */
static void
test_full_again (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  Plugin plugin = { other, "away", 0, NULL };
  GString *expected = g_string_new (NULL);
  g_autofree char *heard = NULL;

  plugin_join (&plugin, other);
  set_room (other, 1, HUB_PARKING_BYTES);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  for (guint i = 0; i < 150; i++)
    {
      g_autofree char *word = g_strdup_printf ("%u", i);

      post_note (one, other, word);
      g_string_append_printf (expected, "%s%u", i > 0 ? " " : "", i);
    }
  test_until (test_number (one, HELD) == 149);
  set_room (other, 40, HUB_PARKING_BYTES);
  test_until (test_number (other, PARKED) == 40);
  /* There is room for a newer one, but not before those that are held. */
  set_room (other, 60, HUB_PARKING_BYTES);
  post_note (one, other, "newer");
  test_until (test_number (one, "select count(*) from karez.outbox") == 0);
  g_string_append (expected, " newer");
  plugin.mode = "there";
  hub_peers_deliver_parked (other->peers, "note");
  test_until (test_number (other, "select count(*) from ward.effect") == 151);
  heard = test_words (other, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, expected->str);
  test_until (test_number (one, HELD) == 0);
  g_assert_cmpint (test_events (other, "ward.hear"), ==, 151);
  g_string_free (expected, TRUE);
  test_hub_free (one);
  test_hub_free (other);
}

/* Who sends more to a plugin than is taken in a second keeps the rest, which holds up nobody else,
 * and is heard once and in order when its time has come. */
static void
test_pace (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  Plugin plugin = { other, "there", 0, NULL };
  g_autofree char *first = NULL, *heard = NULL;

  test_handle_words (other);
  plugin_join (&plugin, other);
  hub_peer_parking_set_pace (hub_peers_get_parking (other->peers), 4);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  for (guint i = 0; i < 12; i++)
    {
      g_autofree char *word = g_strdup_printf ("%u", i);

      post_note (one, other, word);
    }
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "passes"));
  test_until (test_number (other, "select count(*) from ward.effect where word = 'passes'") == 1);
  test_until (test_number (one, HELD) > 0);
  first = test_words (other, KAREZ_LANE_AGENDA);
  g_assert_null (strstr (first, "11"));
  g_assert_cmpint (test_number (other, PARKED), ==, 0);

  hub_peer_parking_set_pace (hub_peers_get_parking (other->peers), HUB_PACE_MESSAGES);
  test_until (test_number (one, HELD) == 0);
  test_until (test_number (other, "select count(*) from ward.effect") == 13);
  heard = test_ask (other, "select string_agg(word, ' ' order by number) from ward.effect where "
                           "word <> 'passes'");
  g_assert_cmpstr (heard, ==, "0 1 2 3 4 5 6 7 8 9 10 11");
  g_assert_cmpint (test_events (other, "ward.hear"), ==, 13);
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 0);
  g_assert_false (test_restored (one, other));
  test_hub_free (one);
  test_hub_free (other);
}

/* A post that is written by hand: gaps, disorder, rubbish, deep bodies. */
static JsonNode *
raw_post (HubPeerClient *client, const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) answer = NULL;

  hub_peer_client_send_async (client, HUB_PEER_WAY_URGENT, "post", bytes, 8000, 65536, NULL,
                              test_keep, &result);
  test_until (result != NULL);
  answer = hub_peer_client_send_finish (client, result, error);
  return answer != NULL ? karez_json_parse (answer, 0, error) : NULL;
}

static gint64
applied (HubPeerClient *client, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = raw_post (client, text, &error);

  g_assert_no_error (error);
  return karez_json_integer (json_node_get_object (node), "applied", -1);
}

#define ITEM(sequence, body)                                                                       \
  "{\"sequence\":" sequence ",\"id\":\"0197e5f0-0000-7000-8000-00000000000" sequence               \
  "\",\"topic\":\"ward.word\"}\n" body "\n"
#define WORD(sequence, word)                                                                       \
  ITEM (sequence,                                                                                  \
        "{\"id\":\"0197e5f0-0000-7000-8000-00000000000" sequence "\",\"word\":\"" word "\"}")

static void
test_bad_posts (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  g_autofree char *address = test_hub_address (other);
  g_autoptr (HubPeerClient) client = hub_peer_client_new (
      one->identity, address, hub_identity_get_key_hash (other->identity));
  static const char *const rubbish[] = {
    "",
    "\n",
    "{}",
    "{\"lane\":9}\n",
    "{\"lane\":1}\n",
    "{\"lane\":1}\n{\"sequence\":1}\n{}\n",
    "{\"lane\":1}\n" WORD ("1", "a") WORD ("3", "c"), /* a gap inside */
    "{\"lane\":1}\n" WORD ("2", "b") WORD ("1", "a"),
    "{\"lane\":1}\n{\"sequence\":0,\"id\":\"0197e5f0-0000-7000-8000-000000000001\",\"topic\":\"x\"}"
    "\n{}\n",
    "{\"lane\":1}\n{\"sequence\":1,\"id\":\"0197e5f0-0000-7000-8000-000000000001\",\"topic\":\"x\"}"
    "\n",
  };
  g_autofree char *deep = g_strnfill (40, '[');
  g_autofree char *nested = NULL;
  g_autoptr (GError) error = NULL;

  test_handle_words (other);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  /* Its greetings would tell what it posted, which is not what is written here. */
  test_hub_stop (one);
  for (guint i = 0; i < G_N_ELEMENTS (rubbish); i++)
    {
      g_assert_null (raw_post (client, rubbish[i], &error));
      g_assert_true (karez_error_is_invalid (error));
      g_clear_error (&error);
    }
  g_assert_cmpint (test_number (other, "select count(*) from ward.effect"), ==, 0);
  /* Sent ahead of what is waited for: nothing is applied. */
  g_assert_cmpint (applied (client, "{\"lane\":1}\n" WORD ("2", "b")), ==, 0);
  /* The same twice, and overlapping. */
  g_assert_cmpint (applied (client, "{\"lane\":1}\n" WORD ("1", "a")), ==, 1);
  g_assert_cmpint (applied (client, "{\"lane\":1}\n" WORD ("1", "a")), ==, 1);
  g_assert_cmpint (applied (client, "{\"lane\":1}\n" WORD ("1", "a") WORD ("2", "b")), ==, 2);
  g_assert_cmpint (test_number (other, "select count(*) from ward.effect"), ==, 2);
  /* A body that cannot be read is a dead letter; what follows is applied. */
  nested = g_strconcat ("{\"lane\":1}\n", ITEM ("3", "{\"a\":"), WORD ("4", "d"), NULL);
  g_assert_cmpint (applied (client, nested), ==, 4);
  g_free (nested);
  nested = g_strconcat (
      "{\"lane\":1}\n{\"sequence\":5,\"id\":\"0197e5f0-0000-7000-8000-000000000005\","
      "\"topic\":\"ward.word\"}\n",
      deep, "\n", ITEM ("6", "{\"id\":\"\\u0000\",\"word\":\"\\u0000\"}"), NULL);
  g_assert_cmpint (applied (client, nested), ==, 6);
  g_assert_no_error (error);
  g_assert_cmpint (test_number (other, "select count(*) from karez.inbox_dead_letter"), ==, 3);
  g_assert_cmpint (test_events (other, "message.dead-letter"), ==, 3);
  test_hub_free (one);
  test_hub_free (other);
}

/* What was posted while the peer was away arrives when it is back, also over a restart of ours. */
static void
test_outage (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  guint16 port = hub_peers_get_port (other->peers);
  g_autofree char *heard = NULL;

  test_pair (one, other, NULL);
  test_until_up (one, other);
  test_hub_stop (other);
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "first"));
  test_hub_stop (one);
  test_hub_start (one, 0);
  test_hub_start (other, port);
  test_handle_words (other);
  g_free (test_post (one, other, KAREZ_LANE_AGENDA, "ward.word", "second"));
  test_until (test_number (other, "select count(*) from ward.effect") == 2);
  heard = test_words (other, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, "first second");
  g_assert_false (test_restored (one, other));
  g_assert_false (test_restored (other, one));
  test_hub_free (other);
  test_hub_free (one);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these tests bring about. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/peers/posts/order", test_order);
  g_test_add_func ("/peers/posts/answer-lost", test_answer_lost);
  g_test_add_func ("/peers/posts/lanes", test_lanes);
  g_test_add_func ("/peers/posts/lanes-by-channel", test_lanes_by_channel);
  g_test_add_func ("/peers/posts/dead-letters", test_dead_letters);
  g_test_add_func ("/peers/posts/dead-letters-full", test_dead_letters_full);
  g_test_add_func ("/peers/posts/parked", test_parked);
  g_test_add_func ("/peers/posts/parked-slow", test_parked_slow);
  g_test_add_func ("/peers/posts/parked-refused", test_parked_refused);
  g_test_add_func ("/peers/posts/full-messages", test_full_messages);
  g_test_add_func ("/peers/posts/full-bytes", test_full_bytes);
  g_test_add_func ("/peers/posts/full-again", test_full_again);
  g_test_add_func ("/peers/posts/pace", test_pace);
  g_test_add_func ("/peers/posts/bad-posts", test_bad_posts);
  g_test_add_func ("/peers/posts/outage", test_outage);
  return g_test_run ();
}
