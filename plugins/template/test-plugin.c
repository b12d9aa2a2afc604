/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control half in a hub: bookings, what is kept, and who may read it. */
#include "template-modality.h"

#include <karez-testing.h>

#define EDIT                                                                                       \
  "{\"type\":\"edit\",\"edit\":\"019ab3c4-0000-7000-8000-000000000001\",\"revision\":0,"           \
  "\"position\":0,\"remove\":0,\"insert\":\"Liver 14 cm. 脾脏正常。\"}"

GType template_plugin_get_type (void);

/* NULL, where there is no database: the test is skipped. */
static KarezTestHub *
open_hub (void)
{
  /* Beside the modules, as they were built. */
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "template.plugin", NULL);
  g_autoptr (GError) error = NULL;
  const char *why = NULL;
  KarezTestHub *hub = NULL;

  if (!karez_test_hub_has_database (&why))
    {
      g_test_skip (why);
      return NULL;
    }
  hub = karez_test_hub_new (path, &error);
  g_assert_no_error (error);
  karez_test_hub_set (hub, "MaxMinutes", "60");
  karez_test_hub_enable (hub, template_plugin_get_type (), &error);
  g_assert_no_error (error);
  return hub;
}

static void
test_bookings (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autoptr (JsonNode) shorter = karez_test_booking ("shared-note", 60);
  g_autoptr (JsonNode) longer = karez_test_booking ("shared-note", 61);
  g_autoptr (GError) error = NULL;

  if (hub == NULL)
    return;
  karez_test_hub_check_booking (hub, shorter, &error);
  g_assert_no_error (error);
  g_assert_false (karez_test_hub_check_booking (hub, longer, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "template/duration");
}

/* What a live half records at the end of its session is kept, once, and read by who may. */
static void
test_kept (void)
{
  g_autoptr (KarezTestHub) hub = open_hub ();
  KarezTestWorker *workers[2];
  g_autoptr (KarezParticipant)
      writer = karez_test_participant_new (0, "w", "Ayşe", "writer", TRUE, NULL);
  g_autofree char *path = NULL;
  g_autoptr (JsonNode) none = NULL, denied = NULL, note = NULL;
  g_autoptr (GError) error = NULL;

  if (hub == NULL)
    return;
  karez_test_workers_new (workers);
  karez_test_worker_start (workers[0], TEMPLATE_TYPE_MODALITY, NULL);
  karez_test_worker_join (workers[0], writer);
  karez_test_worker_say (workers[0], writer, EDIT, &error);
  g_assert_no_error (error);
  karez_test_worker_move (workers[0], KAREZ_TEST_MOVE_STOP);

  path = g_strdup_printf ("/x/template/sessions/%s/note",
                          karez_session_get_id (KAREZ_SESSION (workers[0])));
  g_assert_cmpuint (karez_test_hub_request (hub, "clinician", "GET", path, NULL, &none), ==, 404);
  g_assert_cmpstr (karez_json_text (json_node_get_object (none), "rule"), ==, "note/none");
  for (guint i = 0; i < 2; i++) /* a hub that was away is handed it again */
    karez_test_hub_keep (hub, workers[0], &error);
  g_assert_no_error (error);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "note.keep"), ==, 1);

  g_assert_cmpuint (karez_test_hub_request (hub, "engineer", "GET", path, NULL, &denied), ==, 403);
  g_assert_cmpuint (karez_test_hub_count_events (hub, "note.read"), ==, 0);
  g_assert_cmpuint (karez_test_hub_request (hub, "clinician", "GET", path, NULL, &note), ==, 200);
  g_assert_cmpstr (karez_json_text (json_node_get_object (note), "text"), ==,
                   "Liver 14 cm. 脾脏正常。");
  g_assert_cmpuint (karez_test_hub_count_events (hub, "note.read"), ==, 1);
  for (guint i = 0; i < 2; i++)
    g_object_unref (workers[i]);
}

static void
test_refused (void)
{
  static const char *const bodies[] = { "{}", "{\"type\":\"note\",\"revision\":0,\"text\":\"\","
                                              "\"authors\":[]}" };
  g_autoptr (KarezTestHub) hub = open_hub ();
  g_autofree char *session = g_uuid_string_random ();

  if (hub == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (karez_test_hub_record (hub, session, 1, "note.keep", NULL,
                                             json_from_string (bodies[i], NULL), &error));
      g_assert_true (karez_error_is_invalid (error));
    }
  g_assert_cmpuint (karez_test_hub_count_events (hub, "note.keep"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/template/plugin/bookings", test_bookings);
  g_test_add_func ("/template/plugin/kept", test_kept);
  g_test_add_func ("/template/plugin/refused", test_refused);
  return g_test_run ();
}
