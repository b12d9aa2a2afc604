/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugins that were found, in the order in which they are enabled. */
#include "hub-plugin-list.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-module.h"
#include "hub-plugin-marks.h"

#define MAX_PLUGINS 256

struct _HubPluginList
{
  GObject parent_instance;

  GStrv paths;
  char *markers;
  HubProbe *probe;
  HubWatchdog *watchdog;
  GPtrArray *plugins;
};

G_DEFINE_FINAL_TYPE (HubPluginList, hub_plugin_list, G_TYPE_OBJECT)

static const char *const offered[] = { "service/store",
                                       "service/audit",
                                       "service/agenda",
                                       "service/routes",
                                       "service/peers",
                                       "service/settings",
                                       NULL };

/* Finding. */

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

static void
find_in (GPtrArray *found, const char *folder, guint depth)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL && found->len < MAX_PLUGINS)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_str_has_suffix (name, ".plugin") && g_file_test (path, G_FILE_TEST_IS_REGULAR))
        g_ptr_array_add (found, g_steal_pointer (&path));
      else if (depth && g_file_test (path, G_FILE_TEST_IS_DIR))
        find_in (found, path, depth - 1);
    }
}

/* A plugin on request is asked for by a path that is its own folder, not one of many. */
static gboolean
is_asked_for (HubPlugin *plugin, const char *path)
{
  HubPluginFile *file = hub_plugin_get_file (plugin);
  g_autofree char *there = NULL, *named = NULL;

  if (file == NULL || !hub_plugin_file_is_on_request (file))
    return TRUE;
  there = g_path_get_dirname (hub_plugin_file_get_path (file));
  named = g_canonicalize_filename (path, NULL);
  return g_str_equal (there, named);
}

static void
find_all (HubPluginList *self)
{
  for (guint i = 0; self->paths[i] != NULL; i++)
    {
      g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);

      find_in (found, self->paths[i], 1);
      g_ptr_array_sort (found, compare_names);
      for (guint f = 0; f < found->len; f++)
        {
          g_autoptr (HubPlugin) plugin = hub_plugin_new (found->pdata[f], self->watchdog);
          HubPlugin *other = hub_plugin_list_find (self, hub_plugin_get_id (plugin));
          g_autoptr (GError) error = NULL;

          if (!is_asked_for (plugin, self->paths[i]))
            {
              hub_info ("plugins", hub_plugin_get_id (plugin),
                        "not used: it is there on request, by its own folder in Path of [Plugins]");
              continue;
            }
          if (other != NULL && hub_plugin_get_file (plugin) != NULL)
            {
              karez_error_set (&error, KAREZ_ERROR_INVALID, "plugin/twice", NULL,
                               N_ ("A plugin of the same id was found before: %s."),
                               hub_plugin_get_path (other));
              hub_plugin_refuse (plugin, error);
            }
          g_ptr_array_add (self->plugins, g_steal_pointer (&plugin));
        }
    }
}

/* Order. */

static gboolean
provides (HubPlugin *plugin, const char *what)
{
  HubPluginFile *file = hub_plugin_get_file (plugin);

  return file != NULL && g_strv_contains (hub_plugin_file_get_provides (file), what);
}

static gboolean
is_usable (HubPlugin *plugin, gboolean enabled)
{
  HubPluginState state = hub_plugin_get_state (plugin);

  return state == HUB_PLUGIN_ENABLED || (!enabled && state == HUB_PLUGIN_FOUND);
}

gboolean
hub_plugin_list_check_needs (HubPluginList *self, HubPlugin *plugin, gboolean enabled,
                             GError **error)
{
  const char *const *needs = hub_plugin_file_get_requires (hub_plugin_get_file (plugin));

  for (guint i = 0; needs[i] != NULL; i++)
    {
      gboolean there = g_strv_contains (offered, needs[i]);

      for (guint p = 0; p < self->plugins->len && !there; p++)
        there = self->plugins->pdata[p] != plugin && provides (self->plugins->pdata[p], needs[i])
                && is_usable (self->plugins->pdata[p], enabled);
      if (!there)
        return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/requires", NULL,
                                N_ ("The plugin requires “%s”, which is not there."), needs[i]);
    }
  return TRUE;
}

/* Whether @plugin must wait for one that is not placed yet. */
static gboolean
waits (HubPluginList *self, HubPlugin *plugin, GPtrArray *placed, gboolean also_wants)
{
  HubPluginFile *file = hub_plugin_get_file (plugin);
  const char *const *lists[] = { hub_plugin_file_get_requires (file),
                                 also_wants ? hub_plugin_file_get_wants (file) : NULL };

  for (guint l = 0; l < G_N_ELEMENTS (lists); l++)
    for (guint i = 0; lists[l] != NULL && lists[l][i] != NULL; i++)
      for (guint p = 0; p < self->plugins->len; p++)
        {
          HubPlugin *other = self->plugins->pdata[p];

          if (other != plugin && is_usable (other, FALSE) && provides (other, lists[l][i])
              && !g_ptr_array_find (placed, other, NULL))
            return TRUE;
        }
  return FALSE;
}

static gboolean
place_next (HubPluginList *self, GPtrArray *placed, gboolean also_wants)
{
  for (guint i = 0; i < self->plugins->len; i++)
    {
      HubPlugin *plugin = self->plugins->pdata[i];

      if (is_usable (plugin, FALSE) && !g_ptr_array_find (placed, plugin, NULL)
          && !waits (self, plugin, placed, also_wants))
        {
          g_ptr_array_add (placed, g_object_ref (plugin));
          return TRUE;
        }
    }
  return FALSE;
}

/* Refuses, until nothing changes, what requires something that is not there. */
static void
refuse_needy (HubPluginList *self)
{
  gboolean changed = TRUE;

  while (changed)
    {
      changed = FALSE;
      for (guint i = 0; i < self->plugins->len; i++)
        {
          g_autoptr (GError) error = NULL;

          if (!is_usable (self->plugins->pdata[i], FALSE)
              || hub_plugin_list_check_needs (self, self->plugins->pdata[i], FALSE, &error))
            continue;
          hub_plugin_refuse (self->plugins->pdata[i], error);
          changed = TRUE;
        }
    }
}

static void
sort_out (HubPluginList *self)
{
  g_autoptr (GPtrArray) placed = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) cycle = karez_error_new (KAREZ_ERROR_INVALID, "plugin/cycle", NULL,
                                              N_ ("The plugin requires what requires it."));

  refuse_needy (self);
  /* A wish gives way where it would make a circle; a need cannot. */
  while (place_next (self, placed, TRUE) || place_next (self, placed, FALSE))
    ;
  for (guint i = 0; i < self->plugins->len; i++)
    {
      HubPlugin *plugin = self->plugins->pdata[i];

      if (g_ptr_array_find (placed, plugin, NULL))
        continue;
      if (is_usable (plugin, FALSE))
        hub_plugin_refuse (plugin, cycle);
      g_ptr_array_add (placed, g_object_ref (plugin));
    }
  g_ptr_array_unref (self->plugins);
  self->plugins = g_steal_pointer (&placed);
}

/* Probing: each half of each plugin, one after another. */

typedef struct
{
  guint at;
  gboolean live;
} Load;

static void load_next (GTask *task);

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPluginList *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);
  HubPlugin *plugin = self->plugins->pdata[load->at];
  g_autoptr (GError) error = NULL;

  if (!hub_probe_look_finish (HUB_PROBE (source), result, &error))
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          g_task_return_error (task, g_steal_pointer (&error));
          g_object_unref (task);
          return;
        }
      hub_plugin_refuse (plugin, error);
    }
  load->at += load->live;
  load->live = !load->live;
  load_next (task);
}

static void
open_all (HubPluginList *self)
{
  /* What a refused one would have provided is missing now. */
  refuse_needy (self);
  for (guint i = 0; i < self->plugins->len; i++)
    {
      g_autoptr (GError) error = NULL;

      if (hub_plugin_get_state (self->plugins->pdata[i]) == HUB_PLUGIN_FOUND
          && !hub_plugin_open (self->plugins->pdata[i], &error))
        hub_plugin_refuse (self->plugins->pdata[i], error);
    }
  refuse_needy (self);
}

static void
load_next (GTask *task)
{
  HubPluginList *self = g_task_get_source_object (task);
  Load *load = g_task_get_task_data (task);

  for (; load->at < self->plugins->len; load->at += load->live, load->live = !load->live)
    {
      HubPlugin *plugin = self->plugins->pdata[load->at];
      HubPluginFile *file = hub_plugin_get_file (plugin);
      const char *module = file == NULL || hub_plugin_get_state (plugin) != HUB_PLUGIN_FOUND ? NULL
                           : load->live ? hub_plugin_file_get_live (file)
                                        : hub_plugin_file_get_control (file);

      if (module == NULL)
        continue;
      hub_probe_look_async (self->probe, module, load->live ? HUB_SYMBOL_LIVE : HUB_SYMBOL_CONTROL,
                            g_task_get_cancellable (task), on_probed, task);
      return;
    }
  open_all (self);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
disable_by_markers (HubPluginList *self)
{
  for (guint i = 0; i < self->plugins->len; i++)
    {
      HubPlugin *plugin = self->plugins->pdata[i];
      g_autofree char *verdict = hub_plugin_marks_verdict (self->markers,
                                                           hub_plugin_get_id (plugin));

      if (verdict != NULL && hub_plugin_get_state (plugin) == HUB_PLUGIN_FOUND)
        hub_plugin_set_state (plugin, HUB_PLUGIN_DISABLED, verdict);
    }
}

void
hub_plugin_list_load_async (HubPluginList *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_plugin_list_load_async);
  g_task_set_task_data (task, g_new0 (Load, 1), g_free);
  find_all (self);
  disable_by_markers (self);
  sort_out (self);
  load_next (task);
}

gboolean
hub_plugin_list_load_finish (HubPluginList *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

GPtrArray *
hub_plugin_list_get_all (HubPluginList *self)
{
  return self->plugins;
}

HubPlugin *
hub_plugin_list_find (HubPluginList *self, const char *id)
{
  for (guint i = 0; i < self->plugins->len; i++)
    if (g_str_equal (hub_plugin_get_id (self->plugins->pdata[i]), id)
        && hub_plugin_get_file (self->plugins->pdata[i]) != NULL)
      return self->plugins->pdata[i];
  return NULL;
}

HubPlugin *
hub_plugin_list_find_modality (HubPluginList *self, const char *id)
{
  for (guint i = 0; i < self->plugins->len; i++)
    {
      HubPlugin *plugin = self->plugins->pdata[i];
      HubPluginFile *file = hub_plugin_get_file (plugin);
      const HubModalityInfo *modality = file != NULL ? hub_plugin_file_get_modality (file) : NULL;

      if (modality != NULL && g_str_equal (modality->id, id)
          && hub_plugin_get_state (plugin) == HUB_PLUGIN_ENABLED)
        return plugin;
    }
  return NULL;
}

HubPluginList *
hub_plugin_list_new (const char *const *paths, const char *markers, HubProbe *probe,
                     HubWatchdog *watchdog)
{
  HubPluginList *self = g_object_new (HUB_TYPE_PLUGIN_LIST, NULL);

  self->paths = g_strdupv ((GStrv) paths);
  self->markers = g_strdup (markers);
  self->probe = g_object_ref (probe);
  g_set_object (&self->watchdog, watchdog);
  return self;
}

static void
hub_plugin_list_finalize (GObject *object)
{
  HubPluginList *self = HUB_PLUGIN_LIST (object);

  g_strfreev (self->paths);
  g_free (self->markers);
  g_clear_object (&self->probe);
  g_clear_object (&self->watchdog);
  g_ptr_array_unref (self->plugins);

  G_OBJECT_CLASS (hub_plugin_list_parent_class)->finalize (object);
}

static void
hub_plugin_list_class_init (HubPluginListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_plugin_list_finalize;
}

static void
hub_plugin_list_init (HubPluginList *self)
{
  self->plugins = g_ptr_array_new_with_free_func (g_object_unref);
}
