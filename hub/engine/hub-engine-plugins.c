/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins over the hub's life: enabled in order, disabled and enabled again, and their routes. */
#include "hub-engine-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-plugin-marks.h"

static KarezStore *
own_store (HubEngine *self)
{
  return hub_store_get_scope (self->store, "engine");
}

/* Each plugin has its own scope of the store. */
static GHashTable *
services_for (HubEngine *self, HubPluginFile *file)
{
  GHashTable *services = g_hash_table_new (NULL, NULL);
  const char *schema = hub_plugin_file_get_schema (file);
  KarezStore *scope = schema != NULL ? hub_store_get_scope (self->store, schema) : NULL;
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, self->services);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (services, key, value);
  if (scope != NULL)
    g_hash_table_insert (services, GSIZE_TO_POINTER (KAREZ_TYPE_STORE), scope);
  return services;
}

static void
add_permissions (HubEngine *self, HubPluginFile *file)
{
  GHashTableIter iter;
  gpointer name, roles;
  const char *id = hub_plugin_file_get_id (file);
  g_autoptr (GError) unused = NULL;

  if (self->web == NULL)
    return;
  g_hash_table_iter_init (&iter, hub_plugin_file_get_permissions (file));
  while (g_hash_table_iter_next (&iter, &name, &roles))
    {
      g_autoptr (GError) error = NULL;

      /* It was allowed when the plugin was enabled before. */
      if (!hub_web_allow (self->web, name, roles, &error) && !karez_error_is_conflict (error))
        hub_warning ("plugins", id, "%s", error->message);
    }
  if (!hub_web_add_description (self->web, id, &unused))
    hub_warning ("plugins", id, "%s", unused->message);
}

static void
add_words (HubEngine *self, HubPlugin *plugin)
{
  const char *id = hub_plugin_get_id (plugin);
  GPtrArray *catalogues = hub_plugin_get_catalogues (plugin);
  JsonObject *words = json_object_new ();

  for (guint i = 0; i < catalogues->len; i++)
    {
      g_autofree char *address = hub_web_add_catalogue (self->web, id, catalogues->pdata[i]);

      json_object_set_string_member (words, hub_catalogue_get_language (catalogues->pdata[i]),
                                     address);
    }
  g_hash_table_insert (self->words, g_strdup (id), words);
}

/* Of each whose module is here, enabled or not. */
static void
add_web_files (HubEngine *self)
{
  GPtrArray *all = hub_plugin_list_get_all (self->plugins);

  for (guint i = 0; self->web != NULL && i < all->len; i++)
    {
      const char *id = hub_plugin_get_id (all->pdata[i]);

      if (!hub_plugin_is_open (all->pdata[i]))
        continue;
      g_hash_table_insert (self->bases, g_strdup (id), hub_web_add_plugin_files (self->web, id));
      add_words (self, all->pdata[i]);
    }
}

static void
enable (HubEngine *self, HubPlugin *plugin, GAsyncReadyCallback callback, gpointer data)
{
  HubPluginFile *file = hub_plugin_get_file (plugin);
  g_autoptr (GHashTable) services = services_for (self, file);
  g_autoptr (GHashTable)
      settings = self->settings != NULL
                     ? hub_config_plugin (self->settings, hub_plugin_get_id (plugin))
                     : NULL;

  add_permissions (self, file);
  hub_plugin_enable_async (plugin, self->hub, services, settings, NULL, callback, data);
}

/* All, in order. */

static void enable_next (GTask *task);

static void
on_enabled (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubEngine *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (!hub_plugin_enable_finish (HUB_PLUGIN (source), result, &error))
    hub_warning ("plugins", hub_plugin_get_id (HUB_PLUGIN (source)), "not enabled: %s",
                 error->message);
  self->at++;
  enable_next (task);
}

static void
enable_next (GTask *task)
{
  HubEngine *self = g_task_get_source_object (task);
  GPtrArray *all = hub_plugin_list_get_all (self->plugins);

  for (; self->at < all->len; self->at++)
    {
      HubPlugin *plugin = all->pdata[self->at];
      g_autoptr (GError) error = NULL;

      if (hub_plugin_get_state (plugin) != HUB_PLUGIN_FOUND)
        continue;
      if (!hub_plugin_list_check_needs (self->plugins, plugin, TRUE, &error))
        {
          hub_plugin_set_state (plugin, HUB_PLUGIN_FAILED, error->message);
          continue;
        }
      enable (self, plugin, on_enabled, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
hub_engine_enable_all_async (HubEngine *self, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_engine_enable_all_async);
  add_web_files (self);
  self->at = 0;
  enable_next (task);
}

gboolean
hub_engine_enable_all_finish (HubEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void disable_next (GTask *task);

static void
on_disabled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!hub_plugin_disable_finish (HUB_PLUGIN (source), result, &error))
    hub_warning ("plugins", hub_plugin_get_id (HUB_PLUGIN (source)), "not disabled: %s",
                 error->message);
  disable_next (data);
}

/* The last enabled is disabled first. */
static void
disable_next (GTask *task)
{
  HubEngine *self = g_task_get_source_object (task);
  GPtrArray *all = hub_plugin_list_get_all (self->plugins);

  if (self->at > 0)
    {
      hub_plugin_disable_async (all->pdata[--self->at], on_disabled, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

void
hub_engine_disable_all_async (HubEngine *self, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_engine_enable_all_async);
  self->at = hub_plugin_list_get_all (self->plugins)->len;
  disable_next (task);
}

/* What is disabled. */

static void
on_verdicts_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
disable_rows (KarezTransaction *transaction, const char *id, const char *reason)
{
  karez_transaction_run (transaction, "plugin_disable", "(ss)", id, reason);
  karez_transaction_event (transaction, "plugin.disable", "plugin_state", id,
                           karez_json_object ("reason", "s", reason, NULL));
}

static void
on_states (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubEngine *self = g_task_get_source_object (task);
  GPtrArray *all = hub_plugin_list_get_all (self->plugins);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = 0;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      const char *id = karez_rows_text (rows, i, "id");
      HubPlugin *plugin = hub_plugin_list_find (self->plugins, id);

      g_hash_table_add (known, (gpointer) id);
      if (plugin != NULL && hub_plugin_get_state (plugin) == HUB_PLUGIN_FOUND)
        hub_plugin_set_state (plugin, HUB_PLUGIN_DISABLED, karez_rows_text (rows, i, "reason"));
    }
  /* The watchdog's verdicts come from its markers; now they are on record. */
  transaction = karez_store_begin (own_store (self), self->actor);
  for (guint i = 0; i < all->len; i++)
    {
      g_autofree char *verdict = hub_plugin_marks_verdict (self->markers,
                                                           hub_plugin_get_id (all->pdata[i]));

      if (verdict == NULL || g_hash_table_contains (known, hub_plugin_get_id (all->pdata[i])))
        continue;
      disable_rows (transaction, hub_plugin_get_id (all->pdata[i]), verdict);
      n++;
    }
  if (n)
    karez_transaction_commit_async (transaction, NULL, on_verdicts_kept, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

void
hub_engine_read_states_async (HubEngine *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_engine_read_states_async);
  karez_store_query_async (own_store (self), "plugin_states", NULL, NULL, on_states,
                           g_steal_pointer (&task));
}

gboolean
hub_engine_read_states_finish (HubEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Disabling and enabling, by an administrator. */

/* A plugin that is disabled, or enabled again. */
typedef struct
{
  HubPlugin *plugin;
  char *reason; /* of the first */
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_object_unref (change->plugin);
  g_free (change->reason);
  g_free (change);
}

static void
finish_with (GTask *task)
{
  Change *change = g_task_get_task_data (task);

  g_task_return_pointer (task, hub_plugin_to_json (change->plugin),
                         (GDestroyNotify) json_node_unref);
}

static void
on_plugin_disabled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  /* It is disabled either way: its routes are closed. */
  if (!hub_plugin_disable_finish (HUB_PLUGIN (source), result, &error))
    hub_warning ("plugins", hub_plugin_get_id (HUB_PLUGIN (source)), "%s", error->message);
  finish_with (task);
}

static void
on_disabling_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  hub_plugin_set_state (change->plugin, HUB_PLUGIN_DISABLED, change->reason);
  hub_plugin_disable_async (change->plugin, on_plugin_disabled, g_steal_pointer (&task));
}

static GTask *
begin (HubEngine *self, const char *id, const char *reason, GAsyncReadyCallback callback,
       gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  HubPlugin *plugin = hub_plugin_list_find (self->plugins, id);

  g_task_set_source_tag (task, hub_engine_disable_plugin_async);
  if (plugin != NULL)
    {
      Change *change = g_new0 (Change, 1);

      change->plugin = g_object_ref (plugin);
      change->reason = g_strdup (reason);
      g_task_set_task_data (task, change, change_free);
      return task;
    }
  g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "plugin/unknown", NULL,
                                              N_ ("There is no plugin “%s”."), id));
  g_object_unref (task);
  return NULL;
}

void
hub_engine_disable_plugin_async (HubEngine *self, const char *id, const char *reason,
                                 KarezTransaction *transaction, GAsyncReadyCallback callback,
                                 gpointer data)
{
  GTask *task = begin (self, id, reason, callback, data);

  if (task == NULL)
    return;
  disable_rows (transaction, id, reason);
  karez_transaction_commit_async (transaction, NULL, on_disabling_kept, task);
}

static void
on_back (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;

  if (hub_plugin_enable_finish (HUB_PLUGIN (source), result, &error))
    hub_engine_tell_enabled (g_task_get_source_object (task), HUB_PLUGIN (source));
  else
    hub_warning ("plugins", hub_plugin_get_id (HUB_PLUGIN (source)), "%s", error->message);
  finish_with (task);
}

static void
on_enabling_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubEngine *self = g_task_get_source_object (task);
  HubPlugin *plugin = ((Change *) g_task_get_task_data (task))->plugin;
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  hub_plugin_marks_clear (self->markers, hub_plugin_get_id (plugin));
  if (hub_plugin_get_state (plugin) != HUB_PLUGIN_DISABLED)
    finish_with (task);
  else if (hub_plugin_is_open (plugin))
    enable (self, plugin, on_back, g_steal_pointer (&task));
  else
    {
      hub_plugin_set_state (plugin, HUB_PLUGIN_DISABLED,
                            N_ ("It is loaded at the hub's next start."));
      finish_with (task);
    }
}

void
hub_engine_enable_plugin_async (HubEngine *self, const char *id, KarezTransaction *transaction,
                                GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = begin (self, id, NULL, callback, data);

  if (task == NULL)
    return;
  karez_transaction_run (transaction, "plugin_enable", "(s)", id);
  karez_transaction_event (transaction, "plugin.enable", "plugin_state", id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_enabling_kept, task);
}

JsonNode *
hub_engine_disable_plugin_finish (HubEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Routes. */

static const KarezJsonField disable_fields[] = {
  { "reason", KAREZ_JSON_TEXT, TRUE, 1, 500 },
  { NULL },
};

static void
on_list (KarezRequest *request, gpointer data)
{
  HubEngine *self = data;
  GPtrArray *all = hub_plugin_list_get_all (self->plugins);
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *items = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < all->len; i++)
    {
      JsonNode *item = hub_plugin_to_json (all->pdata[i]);
      const char *id = hub_plugin_get_id (all->pdata[i]);
      g_autofree char *last = hub_plugin_marks_last (self->markers, id);

      json_object_set_int_member (json_node_get_object (item), "parked",
                                  self->parked != NULL ? self->parked (id, self->parked_data) : 0);
      if (last != NULL)
        json_object_set_string_member (json_node_get_object (item), "last_fault", last);
      json_array_add_element (array, item);
    }
  json_node_set_array (items, array);
  karez_request_respond (request, 200, karez_json_object ("items", "n", items, NULL));
}

static gboolean
has_something (HubEngine *self, HubPluginFile *file)
{
  JsonObject *words = g_hash_table_lookup (self->words, hub_plugin_file_get_id (file));

  return hub_plugin_file_get_web (file) != NULL || json_object_get_size (words) > 0;
}

/* What is disabled is told too: its events stay in the audit log, and their words are its own. */
static void
on_web (KarezRequest *request, gpointer data)
{
  HubEngine *self = data;
  GPtrArray *all = hub_plugin_list_get_all (self->plugins);
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *items = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < all->len; i++)
    {
      const char *id = hub_plugin_get_id (all->pdata[i]);
      const char *base = g_hash_table_lookup (self->bases, id);
      HubPluginFile *file = base != NULL ? hub_plugin_get_file (all->pdata[i]) : NULL;
      const HubModalityInfo *modality = file != NULL ? hub_plugin_file_get_modality (file) : NULL;
      JsonObject *item;

      if (file == NULL || hub_plugin_list_find (self->plugins, id) != all->pdata[i]
          || !has_something (self, file))
        continue;
      item = hub_plugin_web_to_json (hub_plugin_file_get_web (file), base);
      json_object_set_object_member (item, "catalogues",
                                     json_object_ref (g_hash_table_lookup (self->words, id)));
      json_object_set_string_member (item, "plugin", id);
      json_object_set_boolean_member (item, "enabled",
                                      hub_plugin_get_state (all->pdata[i]) == HUB_PLUGIN_ENABLED);
      if (modality != NULL)
        json_object_set_string_member (item, "modality", modality->id);
      if (hub_plugin_file_get_schema (file) != NULL)
        json_object_set_string_member (item, "schema", hub_plugin_file_get_schema (file));
      json_array_add_object_element (array, item);
    }
  json_node_set_array (items, array);
  karez_request_respond (request, 200, karez_json_object ("items", "n", items, NULL));
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *node = hub_engine_disable_plugin_finish (HUB_ENGINE (source), result, &error);

  if (node != NULL)
    karez_request_respond (request, 200, node);
  else
    karez_request_fail (request, error);
}

static void
on_disable (KarezRequest *request, gpointer data)
{
  HubEngine *self = data;
  JsonObject *object = karez_request_check_body (request, disable_fields);
  g_autoptr (KarezTransaction) transaction = NULL;

  if (object == NULL)
    return;
  transaction = karez_request_begin (request, own_store (self));
  hub_engine_disable_plugin_async (self, karez_request_get_path_part (request, "id"),
                                   karez_json_text (object, "reason"), transaction, on_answered,
                                   g_object_ref (request));
}

static void
on_enable (KarezRequest *request, gpointer data)
{
  HubEngine *self = data;
  g_autoptr (KarezTransaction) transaction = karez_request_begin (request, own_store (self));

  hub_engine_enable_plugin_async (self, karez_request_get_path_part (request, "id"), transaction,
                                  on_answered, g_object_ref (request));
}

gboolean
hub_engine_add_plugin_routes (HubEngine *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/plugins", "plugins.read", on_list, self, NULL, error)
         && karez_routes_add (routes, "GET", "/plugins/web", "board.read", on_web, self, NULL,
                              error)
         && karez_routes_add (routes, "POST", "/plugins/{id}/disable", "plugins.write", on_disable,
                              self, NULL, error)
         && karez_routes_add (routes, "POST", "/plugins/{id}/enable", "plugins.write", on_enable,
                              self, NULL, error);
}
