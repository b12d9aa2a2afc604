/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checklists of this hospital: files of a folder, read when they change. */
#include "guidance-library.h"

#include "guidance-checklist.h"

#include <dlfcn.h>
#include <glib/gi18n.h>
#include <string.h>

/* An editor writes a file in several steps. */
#define REST_MS 500
/* A folder of other things is not gone through. */
#define MAX_FILES 1000u

struct _GuidanceLibrary
{
  GObject parent_instance;

  GFile *folder;
  GFileMonitor *monitor;
  GPtrArray *lists; /* JsonNode */
  GCancellable *cancellable;
  guint timer;
  gboolean reading;
  gboolean again; /* it changed while it was read */
};

static guint changed_signal;

G_DEFINE_FINAL_TYPE (GuidanceLibrary, guidance_library, G_TYPE_OBJECT)

/* In a thread. */

static void
leave_out (const char *name, const GError *error)
{
  const char *rule = karez_error_get_rule (error), *accepted = karez_error_get_accepted (error);
  const char *pointer = karez_error_get_pointer (error);

  g_message ("%s%s%s is no checklist and is left out: %s: %s%s%s", name,
             pointer != NULL ? " at " : "", pointer != NULL ? pointer : "",
             rule != NULL ? rule : "file", error->message, accepted != NULL ? "; accepted: " : "",
             accepted != NULL ? accepted : "");
}

/* No more of it than is taken. */
static GBytes *
read_file (GFile *file, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileInputStream) stream = g_file_read (file, cancellable, error);

  return stream != NULL ? g_input_stream_read_bytes (
             G_INPUT_STREAM (stream), GUIDANCE_CHECKLIST_MAX_BYTES + 1, cancellable, error)
                        : NULL;
}

static gboolean
has_id (GPtrArray *lists, const char *id)
{
  for (guint i = 0; i < lists->len; i++)
    if (g_str_equal (karez_json_text (json_node_get_object (lists->pdata[i]), "id"), id))
      return TRUE;
  return FALSE;
}

static gboolean
add_list (GPtrArray *lists, JsonNode *node, GError **error)
{
  if (has_id (lists, karez_json_text (json_node_get_object (node), "id")))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/checklist-twice",
                            N_ ("an id of its own"), N_ ("Another file has this checklist’s id"));
  if (lists->len >= GUIDANCE_LIBRARY_MAX)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "guidance/checklist-count",
                            N_ ("at most 64 checklists"), N_ ("There are too many checklists"));
  g_ptr_array_add (lists, json_node_ref (node));
  return TRUE;
}

static void
read_list (GFile *folder, const char *name, GPtrArray *lists, GCancellable *cancellable)
{
  g_autoptr (GFile) file = g_file_get_child (folder, name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = read_file (file, cancellable, &error);
  g_autoptr (JsonNode) node = bytes != NULL ? guidance_checklist_parse (bytes, &error) : NULL;

  if (node == NULL || !add_list (lists, node, &error))
    leave_out (name, error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Names of what can be read without waiting: a pipe would make the thread wait for ever. */
static GPtrArray *
list_names (GFile *folder, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileEnumerator) files = g_file_enumerate_children (
      folder, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
      G_FILE_QUERY_INFO_NONE, cancellable, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GFileInfo *info = NULL;

  if (files == NULL)
    return NULL;
  for (guint n = 0; n < MAX_FILES; n++)
    {
      if (!g_file_enumerator_iterate (files, &info, NULL, cancellable, error))
        return NULL;
      if (info == NULL)
        break;
      if (g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR
          && g_file_info_get_name (info)[0] != '.'
          && g_str_has_suffix (g_file_info_get_name (info), ".json"))
        g_ptr_array_add (names, g_strdup (g_file_info_get_name (info)));
    }
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

static void
read_folder (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GFile *folder = data;
  GError *error = NULL;
  g_autoptr (GPtrArray) names = list_names (folder, cancellable, &error);
  g_autoptr (GPtrArray) lists = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);

  if (names == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < names->len && !g_cancellable_is_cancelled (cancellable); i++)
    read_list (folder, names->pdata[i], lists, cancellable);
  g_task_return_pointer (task, g_steal_pointer (&lists), (GDestroyNotify) g_ptr_array_unref);
}

/* On the main thread. */

static void begin_reading (GuidanceLibrary *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  GuidanceLibrary *self = GUIDANCE_LIBRARY (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lists = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *path = g_file_get_path (self->folder);

  self->reading = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* What cannot be read now may be again: those that were there stay. One that is gone holds none.
   */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_ptr_array_set_size (self->lists, 0);
  if (error != NULL)
    g_message ("%s: no checklists: %s", path, error->message);
  else
    {
      g_ptr_array_unref (self->lists);
      self->lists = g_steal_pointer (&lists);
      g_message ("%s: %u checklists", path, self->lists->len);
    }
  if (self->again)
    begin_reading (self);
  else
    g_signal_emit (self, changed_signal, 0);
}

static void
begin_reading (GuidanceLibrary *self)
{
  g_autoptr (GTask) task = NULL;

  self->again = self->reading;
  if (self->reading)
    return;
  self->reading = TRUE;
  task = g_task_new (self, self->cancellable, on_read, NULL);
  g_task_set_source_tag (task, begin_reading);
  g_task_set_task_data (task, g_object_ref (self->folder), g_object_unref);
  g_task_run_in_thread (task, read_folder);
}

static gboolean
on_rested (gpointer data)
{
  GuidanceLibrary *self = data;

  self->timer = 0;
  begin_reading (self);
  return G_SOURCE_REMOVE;
}

static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
            GuidanceLibrary *self)
{
  if (self->timer == 0)
    self->timer = g_timeout_add (REST_MS, on_rested, self);
}

JsonNode *
guidance_library_to_json (GuidanceLibrary *self)
{
  JsonArray *array = json_array_sized_new (self->lists->len);

  for (guint i = 0; i < self->lists->len; i++)
    json_array_add_element (array, json_node_ref (self->lists->pdata[i]));
  return karez_json_array (array);
}

/* Where the examples are that came with the plugin. */
static char *
find_folder (const char *folder)
{
  Dl_info info;
  g_autofree char *beside = NULL;

  if (g_path_is_absolute (folder) || dladdr ((gpointer) guidance_library_new, &info) == 0)
    return g_strdup (folder);
  beside = g_path_get_dirname (info.dli_fname);
  return g_build_filename (beside, folder, NULL);
}

GuidanceLibrary *
guidance_library_new (const char *folder)
{
  GuidanceLibrary *self = g_object_new (GUIDANCE_TYPE_LIBRARY, NULL);
  g_autofree char *path = find_folder (folder);
  g_autoptr (GError) error = NULL;

  self->folder = g_file_new_for_path (path);
  self->monitor = g_file_monitor_directory (self->folder, G_FILE_MONITOR_WATCH_MOVES,
                                            self->cancellable, &error);
  if (self->monitor == NULL)
    g_message ("%s: changes are seen at the next start: %s", path, error->message);
  else
    g_signal_connect_object (self->monitor, "changed", G_CALLBACK (on_changed), self, 0);
  begin_reading (self);
  return self;
}

static void
guidance_library_dispose (GObject *object)
{
  GuidanceLibrary *self = GUIDANCE_LIBRARY (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_object (&self->monitor);
  G_OBJECT_CLASS (guidance_library_parent_class)->dispose (object);
}

static void
guidance_library_finalize (GObject *object)
{
  GuidanceLibrary *self = GUIDANCE_LIBRARY (object);

  g_clear_object (&self->folder);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->lists);
  G_OBJECT_CLASS (guidance_library_parent_class)->finalize (object);
}

static void
guidance_library_class_init (GuidanceLibraryClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = guidance_library_dispose;
  G_OBJECT_CLASS (klass)->finalize = guidance_library_finalize;
  changed_signal = g_signal_new ("changed", GUIDANCE_TYPE_LIBRARY, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}

static void
guidance_library_init (GuidanceLibrary *self)
{
  self->cancellable = g_cancellable_new ();
  self->lists = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
}
