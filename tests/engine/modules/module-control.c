/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A control half that does what its setting "Behaviour" says. */
#include <karez.h>
#include <stdlib.h>

#define TEST_TYPE_PLUGIN (test_plugin_get_type ())
G_DECLARE_FINAL_TYPE (TestPlugin, test_plugin, TEST, PLUGIN, GObject)

struct _TestPlugin
{
  GObject parent_instance;
  KarezContext *context;
};

static void plugin_iface_init (KarezPluginInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TestPlugin, test_plugin, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PLUGIN, plugin_iface_init))

static void
on_route (KarezRequest *request, gpointer data)
{
  karez_request_respond (request, 200, karez_json_object ("from", "s", "plugin", NULL));
}

static gpointer
crash_in_thread (gpointer data)
{
  abort ();
}

/* The function that is called is none: there is no frame to begin at. */
static gboolean
call_nothing (gpointer data)
{
  void (*volatile nothing) (void) = NULL;

  nothing ();
  return G_SOURCE_REMOVE;
}

static gboolean
hold_thread (gpointer data)
{
  for (;;)
    g_usleep (G_USEC_PER_SEC);
  return G_SOURCE_REMOVE;
}

/* In a library that the plugin called. */
static gboolean
crash_in_library (gpointer data)
{
  g_error ("%s", (const char *) data);
  return G_SOURCE_REMOVE;
}

static void
on_harm (KarezRequest *request, gpointer data)
{
  if (g_str_equal (data, "crash"))
    abort ();
  if (g_str_equal (data, "timer"))
    g_timeout_add (10, call_nothing, NULL);
  if (g_str_equal (data, "stall"))
    g_timeout_add (10, hold_thread, NULL);
  if (g_str_equal (data, "idle"))
    g_idle_add (crash_in_library, data);
  /* It crashes while the plugin is being called, elsewhere. */
  if (g_str_equal (data, "thread"))
    {
      g_thread_unref (g_thread_new ("own", crash_in_thread, NULL));
      g_usleep (G_USEC_PER_SEC / 5);
    }
  if (!g_str_equal (data, "block"))
    {
      karez_request_respond (request, 204, NULL);
      return;
    }
  for (;;)
    g_usleep (G_USEC_PER_SEC);
}

static gboolean
behave (TestPlugin *self, KarezContext *context, GError **error)
{
  KarezSettings *settings = karez_context_get_settings (context, error);
  g_autofree char *behaviour = settings != NULL ? karez_settings_get (settings, "Behaviour", error)
                                                : NULL;
  KarezRoutes *routes = NULL;

  if (behaviour == NULL)
    return FALSE;
  if (g_str_equal (behaviour, "outside"))
    {
      routes = karez_context_get_routes (context, error);
      return routes != NULL
             && karez_routes_add (routes, "GET", "/people/secret", "board.read", on_route, NULL,
                                  NULL, error);
    }
  if (g_str_equal (behaviour, "harmful"))
    {
      static const char *const harms[] = { "crash", "block", "timer", "idle", "stall", "thread" };

      routes = karez_context_get_routes (context, error);
      for (guint i = 0; routes != NULL && i < G_N_ELEMENTS (harms); i++)
        {
          g_autofree char *path = g_strconcat ("/x/good/", harms[i], NULL);

          if (!karez_routes_add (routes, "GET", path, "board.read", on_harm, (gpointer) harms[i],
                                 NULL, error))
            return FALSE;
        }
      return routes != NULL;
    }
  if (g_str_equal (behaviour, "crash in enable"))
    abort ();
  if (g_str_equal (behaviour, "ungranted"))
    return karez_context_get_agenda (context, error) != NULL;
  if (g_str_equal (behaviour, "silent"))
    return FALSE;
  routes = karez_context_get_routes (context, error);
  return routes != NULL
         && karez_routes_add (routes, "GET", "/x/good/hello", "board.read", on_route, NULL, NULL,
                              error);
}

static void
enable_async (KarezPlugin *plugin, KarezContext *context, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);
  GError *error = NULL;

  if (behave ((TestPlugin *) plugin, context, &error))
    g_task_return_boolean (task, TRUE);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, FALSE);
}

static gboolean
enable_finish (KarezPlugin *plugin, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Keeps everything, but for what the test's environment has it refuse. */
static void
record_async (KarezPlugin *plugin, const KarezRecord *record, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);

  if (g_strcmp0 (g_getenv ("KAREZ_TEST_REFUSED_RECORD"), record->action) == 0)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "good/refused", NULL,
                                                "There is no room for this."));
  else
    g_task_return_boolean (task, TRUE);
}

static void
plugin_iface_init (KarezPluginInterface *iface)
{
  iface->record_async = record_async;
  iface->record_finish = enable_finish;
  iface->enable_async = enable_async;
  iface->enable_finish = enable_finish;
}

static void
test_plugin_class_init (TestPluginClass *klass)
{
}

static void
test_plugin_init (TestPlugin *self)
{
}

KAREZ_PLUGIN_MODULE (test_plugin)
