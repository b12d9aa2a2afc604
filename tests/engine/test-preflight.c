/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checks of a session that is ready: fresh before anybody starts, and looked at again when its
 * live half or somebody at the desk asks. */
#include "engine-pair.h"

#include "hub-id.h"

static const char *const clinician[] = { "clinician", NULL };

/* What the check of the live half says at one hospital; "" if there is none. Returns: (transfer
 * full) */
static char *
plug_at (Pair *pair, guint i)
{
  HubSession *session = pair_session_of (pair, i);
  JsonNode *checks = hub_session_worker_get_checks (hub_session_get_worker (session));
  guint n = checks != NULL ? json_array_get_length (json_node_get_array (checks)) : 0;

  for (guint c = 0; c < n; c++)
    {
      JsonObject *check = json_array_get_object_element (json_node_get_array (checks), c);

      if (g_str_has_suffix (karez_json_text (check, "id"), "test.plug"))
        return g_strdup (karez_json_text (check, "verdict"));
    }
  return g_strdup ("");
}

static gboolean
is_plugged (gpointer data)
{
  g_autofree char *plug = plug_at (data, 0);

  return g_str_equal (plug, "passed");
}

static gboolean
is_unplugged_at_both (gpointer data)
{
  g_autofree char *ours = plug_at (data, 0), *theirs = plug_at (data, 1);

  return g_str_equal (ours, "failed") && g_str_equal (theirs, "failed");
}

static void
get_ready (Pair *pair)
{
  pair_move_well (pair, 0, "prepare");
  pair_wait_for (pair, KAREZ_STATE_READY, 10);
  /* Nobody has asked for a start. */
  turn_until (is_plugged, pair, 5, "the host shows what its first preflight found");
}

static void
end (Pair *pair)
{
  pair_move_well (pair, 0, "stop");
  turn_until (pair_rows_say_over, pair, 30, "both rows say over");
}

/* A device is pulled out and put in: the live half asks for a look. */
static void
test_asked_by_half (Pair *pair, gconstpointer data)
{
  g_autofree char *one = NULL;

  get_ready (pair);
  one = pair_join (pair, 0, "page-0");
  pair_hear (pair, 0, "page-0", "\"count\":0");
  pair_say (pair, 0, "page-0", "unplug and ask");
  turn_until (is_unplugged_at_both, pair, 4, "both show that it is out");
  pair_say (pair, 0, "page-0", "plug and ask");
  turn_until (is_plugged, pair, 3, "the host shows that it is in");
  end (pair);
}

static PlayRequest *
ask (Pair *pair, guint i)
{
  const char *const parts[] = { "id", pair->session, NULL };
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PERSON, pair->hubs[i].id, "Somebody",
                                                  clinician, NULL, NULL);

  return play_request_send (pair->hubs[i].hall, actor, "POST /sessions/{id}/preflight", parts);
}

static gboolean
is_answered (gpointer data)
{
  return ((PlayRequest *) data)->status != 0;
}

static gboolean
says (PlayRequest *request, const char *text)
{
  g_autofree char *answer = request->answer != NULL ? karez_json_print (request->answer)
                                                    : g_strdup ("");

  return strstr (answer, text) != NULL;
}

#define PLUG "{\"id\":\"test.plug\",\"verdict\":\""

/* What no live half tells of is seen by who presses “Check again”, at once. */
static void
test_asked_by_desk (Pair *pair, gconstpointer data)
{
  g_autofree char *one = NULL;
  g_autoptr (PlayRequest) first = NULL, second = NULL, third = NULL, theirs = NULL, late = NULL;

  get_ready (pair);
  one = pair_join (pair, 0, "page-0");
  pair_hear (pair, 0, "page-0", "\"count\":0");
  pair_say (pair, 0, "page-0", "unplug");
  turn_for (300);
  first = ask (pair, 0);
  second = ask (pair, 0);
  /* One look at a time. */
  g_assert_cmpuint (second->status, ==, 400);
  assert_rule (second->error, "session/checking");
  turn_until (is_answered, first, 3, "the answer");
  g_assert_cmpuint (first->status, ==, 200);
  g_assert_true (says (first, PLUG "failed\""));
  /* And one in a second: what was found is as good. */
  pair_say (pair, 0, "page-0", "plug");
  third = ask (pair, 0);
  g_assert_cmpuint (third->status, ==, 200);
  g_assert_true (says (third, PLUG "failed\""));

  theirs = ask (pair, 1);
  g_assert_cmpuint (theirs->status, ==, 400);
  assert_rule (theirs->error, "session/host");
  turn_until (is_plugged, pair, 5, "what failed is looked at again by itself");
  pair_move_well (pair, 0, "start");
  pair_wait_for (pair, KAREZ_STATE_LIVE, 10);
  late = ask (pair, 0);
  g_assert_cmpuint (late->status, ==, 400);
  assert_rule (late->error, "session/ready");
  end (pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add (path, Pair, "plug", pair_set_up, func, pair_tear_down)
  ADD ("/preflight/live-half", test_asked_by_half);
  ADD ("/preflight/desk", test_asked_by_desk);
  return g_test_run ();
}
