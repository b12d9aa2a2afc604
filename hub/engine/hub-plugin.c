/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One plugin: its key file, its state, its control half. */
#include "hub-plugin.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-crash.h"
#include "hub-log.h"
#include "hub-module.h"
#include "hub-plugin-catalogues.h"
#include "hub-string.h"

struct _HubPlugin
{
  GObject parent_instance;

  char *path, *id;
  HubPluginFile *file;
  GPtrArray *catalogues; /* of HubCatalogue */
  HubPluginState state;
  char *reason;
  GError *error;
  HubRunner *runner;
  GType type; /* of the control half, once its module is open */
  gboolean open;
  KarezPlugin *control;
  HubContext *context;
  guint mistakes; /* since the start; the last one: */
  char *statement, *rule;
  gint64 mistaken_at;
};

G_DEFINE_FINAL_TYPE (HubPlugin, hub_plugin, G_TYPE_OBJECT)

const char *
hub_plugin_state_name (HubPluginState state)
{
  static const char *const names[] = { "found", "refused", "disabled", "enabled", "failed" };

  return names[state];
}

HubPlugin *
hub_plugin_new (const char *path, HubWatchdog *watchdog)
{
  HubPlugin *self = g_object_new (HUB_TYPE_PLUGIN, NULL);
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GError) error = NULL;

  self->path = g_strdup (path);
  self->file = hub_plugin_file_load (path, &error);
  self->id = g_strdup (self->file != NULL ? hub_plugin_file_get_id (self->file) : name);
  self->runner = hub_runner_new (self->id, watchdog);
  if (self->file == NULL)
    hub_plugin_refuse (self, error);
  return self;
}

const char *
hub_plugin_get_id (HubPlugin *self)
{
  return self->id;
}

const char *
hub_plugin_get_path (HubPlugin *self)
{
  return self->path;
}

HubPluginFile *
hub_plugin_get_file (HubPlugin *self)
{
  return self->file;
}

HubPluginState
hub_plugin_get_state (HubPlugin *self)
{
  return self->state;
}

const char *
hub_plugin_get_reason (HubPlugin *self)
{
  return self->reason;
}

HubRunner *
hub_plugin_get_runner (HubPlugin *self)
{
  return self->runner;
}

KarezPlugin *
hub_plugin_get_control (HubPlugin *self)
{
  return self->state == HUB_PLUGIN_ENABLED ? self->control : NULL;
}

const GError *
hub_plugin_get_error (HubPlugin *self)
{
  return self->error;
}

GPtrArray *
hub_plugin_get_catalogues (HubPlugin *self)
{
  return self->catalogues;
}

gboolean
hub_plugin_is_open (HubPlugin *self)
{
  return self->open;
}

void
hub_plugin_set_state (HubPlugin *self, HubPluginState state, const char *reason)
{
  self->state = state;
  hub_set_string (&self->reason, reason);
  if (reason != NULL)
    hub_warning ("plugins", self->id, "%s: %s", hub_plugin_state_name (state), reason);
  else
    hub_info ("plugins", self->id, "%s", hub_plugin_state_name (state));
}

void
hub_plugin_refuse (HubPlugin *self, const GError *error)
{
  const char *rule = karez_error_get_rule (error);
  const char *accepted = karez_error_get_accepted (error);
  gboolean harmed = g_strcmp0 (rule, "plugin/crash") == 0 || g_strcmp0 (rule, "plugin/hang") == 0;
  g_autofree char *reason = accepted != NULL ? g_strdup_printf ("%s (%s)", error->message, accepted)
                                             : g_strdup (error->message);

  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  hub_plugin_set_state (self, harmed ? HUB_PLUGIN_DISABLED : HUB_PLUGIN_REFUSED, reason);
}

gboolean
hub_plugin_open (HubPlugin *self, GError **error)
{
  const char *path = hub_plugin_file_get_control (self->file);
  HubPluginWeb *web = hub_plugin_file_get_web (self->file);
  const KarezAbi *abi = NULL;
  g_autofree char *folder = g_path_get_dirname (hub_plugin_file_get_path (self->file));

  g_clear_pointer (&self->catalogues, g_ptr_array_unref);
  self->catalogues = hub_plugin_catalogues_load (folder, error);
  if (self->catalogues == NULL)
    return FALSE;
  if (path != NULL)
    {
      hub_runner_enter (self->runner, "load");
      abi = hub_module_open (path, HUB_SYMBOL_CONTROL, error);
      self->type = abi != NULL ? hub_module_get_type (abi, path, error) : G_TYPE_INVALID;
      hub_runner_leave (self->runner);
      if (self->type == G_TYPE_INVALID)
        return FALSE;
      hub_crash_add_module (self->id, abi);
      if (web != NULL && !hub_plugin_web_check_files (web, self->id, error))
        return FALSE;
    }
  self->open = TRUE;
  return TRUE;
}

static void
on_enabled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPlugin *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (hub_runner_finish (HUB_RUNNER (source), result, &error))
    {
      hub_plugin_set_state (self, HUB_PLUGIN_ENABLED, NULL);
      g_task_return_boolean (task, TRUE);
      return;
    }
  /* It may have registered something before it failed. */
  hub_context_set_open (self->context, FALSE);
  hub_plugin_set_state (self, HUB_PLUGIN_FAILED, error->message);
  g_task_return_error (task, error);
}

void
hub_plugin_enable_async (HubPlugin *self, const char *hub, GHashTable *services,
                         GHashTable *settings, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_plugin_enable_async);
  if (!self->open)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "plugin/closed", NULL,
                                                  N_ ("The plugin is loaded at the hub's next "
                                                      "start.")));
      return;
    }
  if (self->type == 0)
    {
      hub_plugin_set_state (self, HUB_PLUGIN_ENABLED, NULL);
      g_task_return_boolean (task, TRUE);
      return;
    }
  if (self->context == NULL)
    self->context = hub_context_new (self->file, self->runner, hub, services, settings);
  hub_context_set_open (self->context, TRUE);
  g_clear_object (&self->control);
  hub_runner_enter (self->runner, "new");
  self->control = g_object_new (self->type, NULL);
  hub_runner_leave (self->runner);
  hub_runner_enable_async (self->runner, self->control, KAREZ_CONTEXT (self->context), cancellable,
                           on_enabled, g_steal_pointer (&task));
}

gboolean
hub_plugin_enable_finish (HubPlugin *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_disabled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPlugin *self = g_task_get_source_object (task);
  GError *error = NULL;

  g_clear_object (&self->control);
  if (hub_runner_finish (HUB_RUNNER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
hub_plugin_disable_async (HubPlugin *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_plugin_disable_async);
  if (self->context != NULL)
    hub_context_set_open (self->context, FALSE);
  if (self->control == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  hub_runner_disable_async (self->runner, self->control, NULL, on_disabled,
                            g_steal_pointer (&task));
}

gboolean
hub_plugin_disable_finish (HubPlugin *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
hub_plugin_note_mistake (HubPlugin *self, const char *statement, const GError *error)
{
  self->mistakes++;
  hub_set_string (&self->statement, statement);
  hub_set_string (&self->rule, karez_error_get_rule (error));
  self->mistaken_at = hub_clock_now ();
}

static JsonNode *
describe_mistakes (HubPlugin *self)
{
  g_autofree char *at = hub_time_format (self->mistaken_at);

  if (self->mistakes == 0)
    return NULL;
  return karez_json_object ("count", "i", (gint64) self->mistakes, "statement", "s",
                            self->statement, "rule", "s", self->rule, "at", "s", at, NULL);
}

JsonNode *
hub_plugin_to_json (HubPlugin *self)
{
  const HubModalityInfo *modality = self->file != NULL ? hub_plugin_file_get_modality (self->file)
                                                       : NULL;
  const char *name = self->file != NULL ? hub_plugin_file_get_name (self->file) : self->id;
  const char *const *grants = self->file != NULL ? hub_plugin_file_get_services (self->file) : NULL;

  return karez_json_object ("id", "s", self->id, "name", "s", name, "version", "s",
                            self->file != NULL ? hub_plugin_file_get_version (self->file) : NULL,
                            "state", "s", hub_plugin_state_name (self->state), "reason", "s",
                            self->reason, "rule", "s",
                            self->error != NULL ? karez_error_get_rule (self->error) : NULL,
                            "modality", "s", modality != NULL ? modality->id : NULL, "grants", "as",
                            grants != NULL ? (GStrv) grants : (GStrv) (const char *const[]){ NULL },
                            "mistakes", "n", describe_mistakes (self), NULL);
}

static void
hub_plugin_finalize (GObject *object)
{
  HubPlugin *self = HUB_PLUGIN (object);

  g_clear_object (&self->control);
  g_clear_object (&self->context);
  g_clear_object (&self->runner);
  g_clear_object (&self->file);
  g_clear_pointer (&self->catalogues, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self->path);
  g_free (self->id);
  g_free (self->reason);
  g_free (self->statement);
  g_free (self->rule);

  G_OBJECT_CLASS (hub_plugin_parent_class)->finalize (object);
}

static void
hub_plugin_class_init (HubPluginClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_plugin_finalize;
}

static void
hub_plugin_init (HubPlugin *self)
{
}
