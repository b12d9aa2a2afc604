/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control half in a hub: what a session keeps, who reads it, and the hospital's checklists. */
#include "test-room.h"

#define NOBODY "01a20000-0000-7000-8000-0000000000ee"

GType guidance_plugin_get_type (void);

static KarezTestHub *
open_hub (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "guidance.plugin", NULL);
  g_autoptr (GError) error = NULL;
  KarezTestHub *hub = karez_test_hub_new (path, &error);

  g_assert_no_error (error);
  karez_test_hub_set (hub, "Checklists", "checklists");
  karez_test_hub_enable (hub, guidance_plugin_get_type (), &error);
  g_assert_no_error (error);
  return hub;
}

static void
assert_answer (KarezTestHub *hub, const char *role, const char *path, guint status,
               const char *rule)
{
  g_autoptr (JsonNode) answer = NULL;

  g_assert_cmpuint (karez_test_hub_request (hub, role, "GET", path, NULL, &answer), ==, status);
  if (rule != NULL)
    g_assert_cmpstr (karez_json_text (json_node_get_object (answer), "rule"), ==, rule);
}

static guint
count_of (JsonNode *answer, const char *member)
{
  return json_array_get_length (
      json_object_get_array_member (json_node_get_object (answer), member));
}

/* What a live half records is kept, once, and read by who may. */
static void
test_kept (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  Room room;
  g_autofree char *path = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;

  room_up (&room, NULL);
  room_draw (&room, room.expert, MARK (01));
  path = g_strdup_printf ("/x/guidance/sessions/%s",
                          karez_session_get_id (KAREZ_SESSION (room.workers[1])));
  assert_answer (hub, "clinician", path, 404, "guidance/none");
  karez_test_worker_move (room.workers[1], KAREZ_TEST_MOVE_STOP);
  for (guint i = 0; i < 2; i++) /* a hub that was away is handed it again */
    karez_test_hub_keep (hub, room.workers[1], &error);
  g_assert_no_error (error);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "summary.keep"), ==, 1);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "participant.enter"), ==, 2);
  assert_answer (hub, "engineer", path, 403, NULL);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "guidance.read"), ==, 0);
  g_assert_cmpuint (karez_test_hub_request (hub, "clinician", "GET", path, NULL, &answer), ==, 200);
  g_assert_cmpuint (count_of (answer, "people"), ==, 3);
  g_assert_cmpuint (count_of (answer, "marks"), ==, 1);
  g_assert_cmpuint (count_of (answer, "checklists"), ==, 0);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "guidance.read"), ==, 1);
  assert_answer (hub, "clinician", "/x/guidance/sessions/x", 404, "guidance/none");
  assert_answer (hub, "clinician", "/x/guidance/sessions/" NOBODY, 404, "guidance/none");
  room_down (&room, NULL);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *action, *body;
  } wrong[] = {
    { "summary.keep", "{}" },
    { "summary.keep", "{\"people\":[],\"seconds\":-1,\"marks\":[],\"more_marks\":0,"
                      "\"checklists\":[]}" },
    { "participant.enter", "{\"participant\":\"" NOBODY "\",\"role\":\"surgeon\"}" },
    { "participant.enter", "{\"participant\":\"" NOBODY "\",\"role\":\"site\"}" },
    { "note.keep", "{}" },
  };
  g_autoptr (KarezTestHub) hub = open_hub ();

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (karez_test_hub_record (hub, NOBODY, 1, wrong[i].action, NULL,
                                             json_from_string (wrong[i].body, NULL), &error));
      g_assert_true (karez_error_is_invalid (error));
    }
  g_assert_cmpuint (karez_test_hub_count_events (hub, "summary.keep"), ==, 0);
}

static void
test_checklists (void)
{
  static const char path[] = "/x/guidance/checklists";
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autoptr (JsonNode) answer = NULL;

  for (guint i = 0; i < 100 && (answer == NULL || count_of (answer, "items") == 0); i++)
    {
      g_clear_pointer (&answer, json_node_unref);
      karez_test_hub_run_for (hub, 50);
      g_assert_cmpuint (karez_test_hub_request (hub, "clinician", "GET", path, NULL, &answer), ==,
                        200);
    }
  g_assert_cmpuint (count_of (answer, "items"), ==, 3);
  assert_answer (hub, "auditor", path, 403, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guidance/plugin/kept", test_kept);
  g_test_add_func ("/guidance/plugin/refused", test_refused);
  g_test_add_func ("/guidance/plugin/checklists", test_checklists);
  return g_test_run ();
}
