/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One schema's migrations and statements, out of GResources. */
#include "hub-schema.h"

#include "hub-hash.h"

#include <string.h>

#define MAX_NAME 40

static void
free_migration (gpointer data)
{
  HubMigration *migration = data;

  g_free (migration->name);
  g_free (migration->text);
  g_free (migration->sha256);
  g_free (migration);
}

static void
free_source (gpointer data)
{
  HubSource *source = data;

  g_free (source->name);
  g_free (source->text);
  g_free (source);
}

gboolean
hub_schema_name_is_valid (const char *name)
{
  gsize length = strlen (name);

  return length > 0 && length <= MAX_NAME && g_ascii_islower (name[0])
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

HubSchema *
hub_schema_new (const char *name, gboolean plugin)
{
  HubSchema *self;

  g_return_val_if_fail (hub_schema_name_is_valid (name), NULL);

  self = g_rc_box_new0 (HubSchema);
  self->name = g_strdup (name);
  self->plugin = plugin;
  if (plugin)
    {
      self->role = g_strconcat ("karez_plugin_", name, NULL);
      self->owner = g_strconcat (self->role, "_owner", NULL);
    }
  self->migrations = g_ptr_array_new_with_free_func (free_migration);
  self->sources = g_ptr_array_new_with_free_func (free_source);
  return self;
}

HubSchema *
hub_schema_ref (HubSchema *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (HubSchema *self)
{
  g_free (self->name);
  g_free (self->role);
  g_free (self->owner);
  g_free (self->topics);
  g_free (self->restored);
  g_clear_error (&self->refusal);
  if (self->guard_destroy != NULL)
    self->guard_destroy (self->guard_data);
  g_ptr_array_unref (self->migrations);
  g_ptr_array_unref (self->sources);
}

void
hub_schema_unref (HubSchema *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) clear);
}

static gboolean
add_migration (HubSchema *self, const char *name, const char *text, GError **error)
{
  HubMigration *migration;
  guint number = self->migrations->len + 1;
  g_autofree char *prefix = g_strdup_printf ("%04u-", number);

  if (!g_str_has_prefix (name, prefix))
    return karez_error_set (error, KAREZ_ERROR_FAILED, "database/migration",
                            "Migrations are numbered from 0001 without a gap.",
                            "The migration %s of %s is not the next one.", name, self->name);

  migration = g_new0 (HubMigration, 1);
  migration->number = number;
  migration->name = g_strdup (name);
  migration->text = g_strdup (text);
  migration->sha256 = hub_hash_hex (text, strlen (text));
  g_ptr_array_add (self->migrations, migration);
  return TRUE;
}

gboolean
hub_schema_add (HubSchema *self, const char *name, const char *text, GError **error)
{
  HubSource *source;

  if (g_ascii_isdigit (name[0]))
    return add_migration (self, name, text, error);
  if (g_str_equal (name, "restored.sql"))
    {
      g_free (self->restored);
      self->restored = g_strdup (text);
      return TRUE;
    }

  source = g_new0 (HubSource, 1);
  source->name = g_strdup (name);
  source->text = g_strdup (text);
  g_ptr_array_add (self->sources, source);
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

gboolean
hub_schema_load (HubSchema *self, const char *resource_path, GError **error)
{
  g_auto (GStrv) names = NULL;

  names = g_resources_enumerate_children (resource_path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  if (names == NULL)
    {
      g_prefix_error (error, "schema %s: ", self->name);
      return FALSE;
    }

  /* The list's order is the files' order in a hash table. */
  qsort (names, g_strv_length (names), sizeof (char *), compare_names);
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = g_build_path ("/", resource_path, names[i], NULL);
      g_autoptr (GBytes) bytes = NULL;
      g_autofree char *text = NULL;

      if (!g_str_has_suffix (names[i], ".sql"))
        continue;
      bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
      if (bytes == NULL)
        return FALSE;
      text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      if (!hub_schema_add (self, names[i], text, error))
        return FALSE;
    }
  return TRUE;
}

typedef struct
{
  HubSchema *schema;
  char *call;
  GAsyncReadyCallback callback;
  gpointer data;
} Guarded;

static void
on_guarded (GObject *source, GAsyncResult *result, gpointer data)
{
  Guarded *guarded = data;
  HubSchema *schema = guarded->schema;

  schema->guard->enter (schema->guard_data, guarded->call);
  guarded->callback (source, result, guarded->data);
  schema->guard->leave (schema->guard_data);
  hub_schema_unref (schema);
  g_free (guarded->call);
  g_free (guarded);
}

void
hub_schema_note_mistake (HubSchema *self, const char *statement, const GError *error)
{
  if (self->guard != NULL)
    self->guard->mistake (self->guard_data, statement, error);
}

GTask *
hub_schema_task_new (HubSchema *self, gpointer source, const char *call, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  Guarded *guarded = NULL;

  if (self->guard == NULL || callback == NULL)
    return g_task_new (source, cancellable, callback, data);
  guarded = g_new (Guarded, 1);
  guarded->schema = hub_schema_ref (self);
  guarded->call = g_strdup (call);
  guarded->callback = callback;
  guarded->data = data;
  return g_task_new (source, cancellable, on_guarded, guarded);
}
