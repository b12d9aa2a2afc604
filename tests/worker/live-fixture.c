/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live session in this process, and the other end of its link. */
#include "live-fixture.h"

#include "hub-id.h"

#include <glib/gstdio.h>

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ((LiveFixture *) data)->prepared = hub_live_session_finish (HUB_LIVE_SESSION (source), result,
                                                              &error);
  g_assert_no_error (error);
}

static void
on_message (KarezLink *link, guint stream, GBytes *payload, gpointer data)
{
  g_autoptr (JsonNode) node = karez_json_parse (payload, 0, NULL);

  /* Its checks come by themselves. */
  if (json_object_has_member (json_node_get_object (node), "heard"))
    ((LiveFixture *) data)->heard = karez_json_integer (json_node_get_object (node), "heard", 0);
}

static void
on_state (HubLiveSession *session, LiveFixture *f)
{
  f->changes++;
}

static gboolean
is_ready (gpointer data)
{
  LiveFixture *f = data;

  return f->prepared && karez_link_is_up (KAREZ_LINK (f->link))
         && karez_link_is_up (KAREZ_LINK (f->session->link));
}

static void
connect_both (LiveFixture *f)
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
void
live_set_up (LiveFixture *f, gconstpointer data)
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
    HubLiveSessionConfig config = { f->id, f->directory, "test", module, "127.0.0.1", NULL, NULL };

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

void
live_tear_down (LiveFixture *f, gconstpointer data)
{
  g_signal_handlers_disconnect_by_data (f->session, f);
  if (f->session->driver != NULL)
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

void
live_say (LiveFixture *f, JsonNode *body)
{
  g_autoptr (JsonNode) owned = body;
  g_autoptr (GBytes) bytes = karez_json_to_bytes (owned);
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
void
live_say_word (LiveFixture *f, const char *word, guint number)
{
  g_autofree char *name = g_strdup_printf ("Somebody %u", number);
  g_autofree char *who = hub_id_new ();
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, who, name, NULL, NULL, NULL);

  live_say (f, karez_json_object ("ask", "s", word, "number", "i", (gint64) number, "reason", "s",
                                  name, "actor", "n", karez_actor_to_json (actor), NULL));
}

typedef struct
{
  LiveFixture *f;
  guint64 number;
} Heard;

static gboolean
has_heard (gpointer data)
{
  Heard *heard = data;

  return heard->f->heard >= heard->number;
}

void
live_until_heard (LiveFixture *f, guint64 number)
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

void
live_begin_move (LiveFixture *f, const char *edge, Await *await)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hub, "Somebody", NULL, NULL, NULL);

  hub_live_session_move_async (f->session, edge, NULL, actor,
                               hub_live_session_get_sequence (f->session), 0, await_done, await);
}

void
live_move (LiveFixture *f, const char *edge)
{
  Await await = { 0 };
  g_autoptr (GError) error = NULL;

  live_begin_move (f, edge, &await);
  hub_live_session_finish (f->session, await_result (&await), &error);
  g_assert_no_error (error);
  g_object_unref (await.result);
}

void
live_go_live (LiveFixture *f)
{
  gboolean looked = FALSE;

  hub_live_session_preflight_async (f->session, on_looked, &looked);
  turn_until (is_true, &looked, 5, "the preflight");
  live_move (f, "start");
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, KAREZ_STATE_LIVE);
}

/* Records of the whole session, those of an @action (nullable), and what they count. */
guint
live_count_records (LiveFixture *f, const char *action, gint64 *counted)
{
  guint n = 0;

  hub_recorder_flush (f->session->recorder, NULL);
  for (guint64 at = hub_live_session_next_record (f->session, 1); at;
       at = hub_live_session_next_record (f->session, at + 1))
    {
      g_autoptr (JsonNode) record = hub_live_session_get_record (f->session, at);
      JsonObject *object = json_node_get_object (record);

      if (action != NULL && g_strcmp0 (karez_json_text (object, "action"), action) != 0)
        continue;
      n++;
      if (counted != NULL)
        *counted += karez_json_integer (json_object_get_object_member (object, "body"), "count", 0);
    }
  return n;
}

const char *
live_moving_of (LiveFixture *f)
{
  KarezCheck *check = hub_live_checks_find (f->session->checks, "test.moving");

  return check != NULL ? karez_check_get_measured (check) : "";
}

void
live_until_state (LiveFixture *f, KarezState state)
{
  for (guint i = 0; i < 400 && hub_live_session_get_state (f->session) != state; i++)
    turn_for (5);
  g_assert_cmpint (hub_live_session_get_state (f->session), ==, state);
}
