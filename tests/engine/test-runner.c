/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of plugins: deadlines, watchdog, errors. */
#include "engine-fixture.h"
#include "hub-runner.h"
#include "hub-plugin-marks.h"

#include <glib/gstdio.h>

/* A control half whose enable does what it was told. */
#define ODD_TYPE_PLUGIN (odd_plugin_get_type ())
G_DECLARE_FINAL_TYPE (OddPlugin, odd_plugin, ODD, PLUGIN, GObject)
struct _OddPlugin
{
  GObject parent_instance;
  const char *mood;
  GTask *pending;
  guint cancelled;
};
static void odd_iface_init (KarezPluginInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (OddPlugin, odd_plugin, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PLUGIN, odd_iface_init))

static void
on_inner_cancelled (GCancellable *cancellable, OddPlugin *self)
{
  self->cancelled++;
}

static void
odd_enable_async (KarezPlugin *plugin, KarezContext *context, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  OddPlugin *self = ODD_PLUGIN (plugin);
  GTask *task = g_task_new (plugin, NULL, callback, data);

  self->pending = task;
  if (g_str_equal (self->mood, "block"))
    for (;;)
      g_usleep (1000);
  if (g_str_equal (self->mood, "hang"))
    {
      g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_inner_cancelled), self);
      return;
    }
  if (g_str_equal (self->mood, "silent"))
    g_task_return_boolean (task, FALSE);
  else if (g_str_equal (self->mood, "refuse"))
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "odd/rule", "better input",
                                                "I will not: %s", "never"));
  else
    g_task_return_boolean (task, TRUE);
  g_clear_object (&self->pending);
}

static gboolean
odd_enable_finish (KarezPlugin *plugin, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
odd_check_booking_async (KarezPlugin *plugin, JsonNode *booking, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  odd_enable_async (plugin, NULL, cancellable, callback, data);
}

static void
odd_iface_init (KarezPluginInterface *iface)
{
  iface->enable_async = odd_enable_async;
  iface->enable_finish = odd_enable_finish;
  /* No finish: the programmer forgot it. */
  iface->check_booking_async = odd_check_booking_async;
}

static void
odd_plugin_class_init (OddPluginClass *klass)
{
}

static void
odd_plugin_init (OddPlugin *self)
{
}

/* A live half with nothing in it. */
#define BARE_TYPE_MODALITY (bare_modality_get_type ())
G_DECLARE_FINAL_TYPE (BareModality, bare_modality, BARE, MODALITY, GObject)
struct _BareModality
{
  GObject parent_instance;
};
static void
bare_iface_init (KarezModalityInterface *iface)
{
}
G_DEFINE_FINAL_TYPE_WITH_CODE (BareModality, bare_modality, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_MODALITY, bare_iface_init))
static void
bare_modality_class_init (BareModalityClass *klass)
{
}
static void
bare_modality_init (BareModality *self)
{
}

static gboolean
enable (OddPlugin *plugin, HubRunner *runner, GError **error)
{
  Await await = { 0 };
  gboolean done = FALSE;

  hub_runner_enable_async (runner, KAREZ_PLUGIN (plugin), NULL, NULL, await_done, &await);
  done = hub_runner_finish (runner, await_result (&await), error);
  g_object_unref (await.result);
  return done;
}

static void
test_moods (void)
{
  g_autoptr (HubRunner) runner = hub_runner_new ("odd", NULL);
  g_autoptr (OddPlugin) plugin = g_object_new (ODD_TYPE_PLUGIN, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = NULL;

  plugin->mood = "good";
  g_assert_true (enable (plugin, runner, &error));
  g_assert_no_error (error);
  plugin->mood = "silent";
  g_assert_false (enable (plugin, runner, &error));
  assert_rule (error, "plugin/no-error");
  g_assert_nonnull (strstr (error->message, "odd: enable returned failure without an error"));
  g_clear_error (&error);
  plugin->mood = "refuse";
  g_assert_false (enable (plugin, runner, &error));
  assert_rule (error, "odd/rule");
  g_assert_cmpstr (error->message, ==, "odd: enable: I will not: never");
  g_assert_cmpstr (karez_error_get_accepted (error), ==, "better input");
}

static void
test_hangs (void)
{
  g_autoptr (HubRunner) runner = hub_runner_new ("odd", NULL);
  g_autoptr (OddPlugin) plugin = g_object_new (ODD_TYPE_PLUGIN, NULL);
  g_autoptr (GError) error = NULL;

  plugin->mood = "hang";
  hub_runner_scale (runner, 10);
  g_assert_false (enable (plugin, runner, &error));
  assert_rule (error, "plugin/deadline");
  g_assert_true (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_TIMEOUT));
  g_assert_cmpuint (plugin->cancelled, ==, 1);
  /* Its late answer is dropped. */
  g_task_return_boolean (plugin->pending, TRUE);
  g_clear_object (&plugin->pending);
  turn_for (20);
}

static void
test_cancelled (void)
{
  g_autoptr (HubRunner) runner = hub_runner_new ("odd", NULL);
  g_autoptr (OddPlugin) plugin = g_object_new (ODD_TYPE_PLUGIN, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Await await = { 0 };

  plugin->mood = "hang";
  hub_runner_enable_async (runner, KAREZ_PLUGIN (plugin), NULL, cancellable, await_done, &await);
  g_cancellable_cancel (cancellable);
  g_assert_null (await.result);
  g_assert_false (hub_runner_finish (runner, await_result (&await), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (plugin->cancelled, ==, 1);
  g_task_return_boolean (plugin->pending, TRUE);
  g_clear_object (&plugin->pending);
  g_object_unref (await.result);
  turn_for (20);
}

static void
test_no_finish (void)
{
  g_autoptr (HubRunner) runner = hub_runner_new ("odd", NULL);
  g_autoptr (OddPlugin) plugin = g_object_new (ODD_TYPE_PLUGIN, NULL);
  g_autoptr (JsonNode) booking = karez_json_object ("id", "s", "x", NULL);
  g_autoptr (GError) error = NULL;
  Await await = { 0 };

  plugin->mood = "good";
  hub_runner_check_booking_async (runner, KAREZ_PLUGIN (plugin), booking, NULL, await_done, &await);
  g_assert_false (hub_runner_finish (runner, await_result (&await), &error));
  assert_rule (error, "plugin/no-error");
  g_object_unref (await.result);
}

/* A vfunc that is not there succeeds, later. */
static void
test_bare (void)
{
  g_autoptr (HubRunner) runner = hub_runner_new ("bare", NULL);
  g_autoptr (BareModality) bare = g_object_new (BARE_TYPE_MODALITY, NULL);
  KarezModality *modality = KAREZ_MODALITY (bare);
  g_autoptr (GListModel) checks = NULL;
  g_autoptr (GError) error = NULL;
  Await start = { 0 }, preflight = { 0 };

  hub_runner_start_async (runner, modality, NULL, await_done, &start);
  g_assert_null (start.result);
  g_assert_true (hub_runner_finish (runner, await_result (&start), NULL));
  hub_runner_preflight_async (runner, modality, NULL, await_done, &preflight);
  checks = hub_runner_preflight_finish (runner, await_result (&preflight), NULL);
  g_assert_cmpuint (g_list_model_get_n_items (checks), ==, 0);
  hub_runner_panic (runner, modality, "why not");
  g_assert_null (hub_runner_checkpoint (runner, modality));
  g_assert_true (hub_runner_restore (runner, modality, NULL, NULL));
  g_assert_false (hub_runner_message (runner, modality, NULL, NULL, &error));
  assert_rule (error, "session/message");
  g_object_unref (start.result);
  g_object_unref (preflight.result);
}

/* The watchdog, in a process of its own: it ends it. */
static void
block (const char *markers)
{
  g_autoptr (HubWatchdog) watchdog = hub_watchdog_new (markers, 300);
  g_autoptr (HubRunner) runner = hub_runner_new ("odd", watchdog);
  g_autoptr (OddPlugin) plugin = g_object_new (ODD_TYPE_PLUGIN, NULL);

  plugin->mood = "block";
  enable (plugin, runner, NULL);
}

static void
test_watchdog (void)
{
  const char *markers = g_getenv ("KAREZ_TEST_MARKERS");
  g_autofree char *verdict = NULL;

  if (g_test_subprocess ())
    {
      block (markers);
      return;
    }
  markers = scratch ();
  g_setenv ("KAREZ_TEST_MARKERS", markers, TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (hub_plugin_marks_verdict (markers, "odd"));
      g_test_trap_subprocess ("/runner/watchdog", 10 * G_USEC_PER_SEC, 0);
      g_test_trap_assert_failed ();
      g_test_trap_assert_stderr ("*odd*held the main thread*enable*");
    }
  verdict = hub_plugin_marks_verdict (markers, "odd");
  g_assert_nonnull (verdict);
  g_assert_nonnull (strstr (verdict, "2 times"));
  g_assert_nonnull (strstr (verdict, "enable"));
  g_assert_null (hub_plugin_marks_verdict (markers, "other"));
  g_assert_null (hub_plugin_marks_verdict (markers, "od"));
  hub_plugin_marks_clear (markers, "odd");
  g_assert_null (hub_plugin_marks_verdict (markers, "odd"));
}

/* Markers of yesterday do not count. */
static void
test_old_markers (void)
{
  g_autofree char *one = scratch_file ("late.blocked-1000000", "enable\n");
  g_autofree char *two = scratch_file ("late.blocked-2000000", "enable\n");

  g_assert_null (hub_plugin_marks_verdict (scratch (), "late"));
  g_assert_false (g_file_test (one, G_FILE_TEST_EXISTS));
}

/* A call that comes back in time is forgotten, however often; waiting in between is no crime. */
static void
test_patient (void)
{
  g_autoptr (HubWatchdog) watchdog = hub_watchdog_new (scratch (), 200);

  for (guint i = 0; i < 5; i++)
    {
      hub_watchdog_enter (watchdog, "quick", "outer");
      g_usleep (120000);
      hub_watchdog_enter (watchdog, "inner", "inner");
      g_usleep (120000);
      hub_watchdog_leave (watchdog);
      hub_watchdog_leave (watchdog);
    }
  g_usleep (300000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/runner/moods", test_moods);
  g_test_add_func ("/runner/hangs", test_hangs);
  g_test_add_func ("/runner/cancelled", test_cancelled);
  g_test_add_func ("/runner/no-finish", test_no_finish);
  g_test_add_func ("/runner/bare", test_bare);
  g_test_add_func ("/runner/watchdog", test_watchdog);
  g_test_add_func ("/runner/old-markers", test_old_markers);
  g_test_add_func ("/runner/patient", test_patient);
  return g_test_run ();
}
