/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins, sessions and workers as a whole. */
#include "hub-engine-private.h"

#include "engine-resources.h"
#include "hub-catalogue.h"
#include "hub-crash.h"
#include "hub-file.h"
#include "hub-log.h"
#include "hub-plugin-marks.h"
#include "hub-provided.h"

G_DEFINE_FINAL_TYPE (HubEngine, hub_engine, G_TYPE_OBJECT)

enum
{
  SESSION_OVER,
  PLUGIN_ENABLED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

void
hub_engine_add_schema (HubStore *store)
{
  static gsize registered;

  if (g_once_init_enter (&registered))
    {
      hub_engine_sql_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  hub_store_add_schema (store, "engine", "/org/karez/engine/sql", FALSE);
}

HubEngine *
hub_engine_new (const HubEngineConfig *config)
{
  HubEngine *self = g_object_new (HUB_TYPE_ENGINE, NULL);
  g_autofree char *cache = NULL;

  self->hub = g_strdup (config->hub);
  self->state_dir = g_strdup (config->state_dir);
  self->runtime_dir = g_strdup (config->runtime_dir);
  self->worker = g_strdup (config->worker);
  self->launcher = g_strdup (config->launcher);
  self->worker_user = g_strdup (config->worker_user);
  self->link_address = g_strdup (config->link_address);
  self->media_address = g_strdup (config->media_address);
  self->markers = g_build_filename (config->state_dir, "plugins", NULL);
  self->store = g_object_ref (config->store);
  g_set_object (&self->web, config->web);
  g_set_object (&self->settings, config->settings);
  self->actor = karez_actor_new (KAREZ_ACTOR_HUB, "engine", "karezd", NULL, NULL, NULL);
  cache = g_build_filename (self->markers, "probes.json", NULL);
  self->watchdog = hub_watchdog_new (self->markers, HUB_WATCHDOG_MS);
  self->probe = hub_probe_new (self->worker, cache, HUB_PROBE_MS);
  self->plugins = hub_plugin_list_new (config->plugin_paths, self->markers, self->probe,
                                       self->watchdog);
  return self;
}

/* Loading. */

static void
enter_plugin (gpointer plugin, const char *call)
{
  hub_runner_enter (hub_plugin_get_runner (plugin), call);
}

static void
leave_plugin (gpointer plugin)
{
  hub_runner_leave (hub_plugin_get_runner (plugin));
}

static void
note_mistake (gpointer plugin, const char *statement, const GError *error)
{
  hub_plugin_note_mistake (plugin, statement, error);
}

static const HubSchemaGuard guard = { enter_plugin, leave_plugin, note_mistake };

static void
add_plugin_schemas (HubEngine *self)
{
  GPtrArray *all = hub_plugin_list_get_all (self->plugins);

  for (guint i = 0; i < all->len; i++)
    {
      HubPlugin *plugin = all->pdata[i];
      HubPluginFile *file = hub_plugin_get_file (plugin);
      const char *schema = file != NULL ? hub_plugin_file_get_schema (file) : NULL;
      g_autofree char *folder = g_strdup_printf ("/org/karez/plugins/%s/sql",
                                                 hub_plugin_get_id (plugin));
      g_auto (GStrv) files = g_resources_enumerate_children (folder, 0, NULL);
      g_autoptr (GError) error = NULL;

      if (hub_plugin_get_state (plugin) != HUB_PLUGIN_FOUND || schema == NULL)
        continue;
      if (files != NULL && hub_store_get_scope (self->store, schema) == NULL)
        {
          hub_store_add_schema (self->store, schema, folder, TRUE);
          hub_store_grant_topics (self->store, schema, hub_plugin_file_get_topics (file));
          hub_store_set_guard (self->store, schema, &guard, g_object_ref (plugin), g_object_unref);
          continue;
        }
      if (files != NULL)
        karez_error_set (&error, KAREZ_ERROR_INVALID, "plugin/schema", NULL,
                         N_ ("Another plugin has the schema “%s”."), schema);
      else
        karez_error_set (&error, KAREZ_ERROR_INVALID, "plugin/schema", folder,
                         N_ ("The module brings no migrations for its schema “%s”."), schema);
      hub_plugin_refuse (plugin, error);
    }
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubEngine *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!hub_plugin_list_load_finish (HUB_PLUGIN_LIST (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  add_plugin_schemas (self);
  g_task_return_boolean (task, TRUE);
}

/* What the hub before this one was doing when it ended, and from now on what this one does. */
static gboolean
begin_calls (HubEngine *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->runtime_dir, "karezd.calls", NULL);
  g_autofree char *plugin = NULL, *call = NULL;
  HubCalls *calls = NULL;

  if (hub_calls_read (path, &plugin, &call))
    {
      hub_warning ("plugins", plugin, "The hub ended while it was in “%s” of the plugin “%s”.",
                   call, plugin);
      if (!hub_plugin_id_is_valid (plugin)
          || !hub_plugin_marks_add (self->markers, plugin, HUB_MARK_CRASHED, call, error))
        return FALSE;
    }
  calls = hub_calls_new (path, error);
  if (calls != NULL)
    {
      hub_watchdog_set_calls (self->watchdog, calls);
      hub_crash_watch (calls);
    }
  return calls != NULL;
}

void
hub_engine_load_async (HubEngine *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, hub_engine_load_async);
  if (!hub_file_make_directory (self->markers, 0700, &error) || !begin_calls (self, &error))
    g_task_return_error (task, error);
  else
    hub_plugin_list_load_async (self->plugins, cancellable, on_loaded, g_steal_pointer (&task));
}

gboolean
hub_engine_load_finish (HubEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The web server's pages. */

static gboolean
send_page (gpointer data, const char *connection, JsonNode *message)
{
  return hub_web_send (data, connection, message);
}

static void
send_problem (gpointer data, const char *connection, const char *session, const GError *error)
{
  hub_web_send_problem (data, connection, session, error);
}

static void
broadcast (gpointer data, const char *permission, JsonNode *message)
{
  hub_web_broadcast (data, permission, message);
}

static const HubPages web_pages = { send_page, send_problem, broadcast };

static gboolean
on_page (HubWeb *web, const char *connection, KarezActor *actor, JsonObject *message, gpointer data,
         GError **error)
{
  HubEngine *self = data;

  return hub_sessions_page (self->sessions, connection, actor, message, error);
}

static void
on_page_closed (HubWeb *web, const char *connection, HubEngine *self)
{
  hub_sessions_page_closed (self->sessions, connection);
}

static void
on_page_revoked (HubWeb *web, const char *connection, HubEngine *self)
{
  hub_sessions_page_revoked (self->sessions, connection);
}

static void
on_account_changed (HubWeb *web, const char *account, KarezActor *actor, gboolean ended,
                    HubEngine *self)
{
  if (actor != NULL && !hub_web_allows (web, "session.join", actor))
    actor = NULL;
  hub_sessions_account_changed (self->sessions, account, actor, ended);
}

/* Starting: states, plugins, sessions. */

void
hub_engine_tell_enabled (HubEngine *self, HubPlugin *plugin)
{
  g_signal_emit (self, signals[PLUGIN_ENABLED], 0, hub_plugin_get_id (plugin));
}

static void
on_session_over (HubSessions *sessions, const char *session, KarezActor *actor, HubEngine *self)
{
  g_signal_emit (self, signals[SESSION_OVER], 0, session, actor);
}

/* What the store had to leave out, the hub goes on without. */
static void
refuse_left_out (HubEngine *self)
{
  GPtrArray *all = hub_plugin_list_get_all (self->plugins);

  for (guint i = 0; i < all->len; i++)
    {
      HubPluginFile *file = hub_plugin_get_file (all->pdata[i]);
      const char *schema = file != NULL ? hub_plugin_file_get_schema (file) : NULL;
      const GError *refusal = schema != NULL ? hub_store_get_refusal (self->store, schema) : NULL;

      if (refusal != NULL && hub_plugin_get_state (all->pdata[i]) == HUB_PLUGIN_FOUND)
        hub_plugin_refuse (all->pdata[i], refusal);
    }
}

static void
on_faulty_disabled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode)
      node = hub_engine_disable_plugin_finish (HUB_ENGINE (source), result, &error);

  if (node == NULL)
    hub_warning ("plugins", NULL, "It could not be disabled: %s", error->message);
}

/* A live half crashed or blocked its worker. One session's, started again, counts once; what
 * happens to two is the plugin's. */
static void
on_fault (HubSupervisor *supervisor, const char *session, const char *plugin, const char *call,
          HubEngine *self)
{
  HubSession *of = self->sessions != NULL ? hub_sessions_get (self->sessions, session) : NULL;
  HubPlugin *own = of != NULL ? hub_plugin_list_find_modality (
                       self->plugins, hub_session_info_get_modality (hub_session_get_info (of)))
                              : NULL;
  g_autofree char *where = g_strdup_printf ("%s, session %s", call, session);
  g_autofree char *verdict = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (GError) error = NULL;

  hub_warning ("plugins", plugin, "The worker of session %s ended while it was in “%s” of “%s”.",
               session, call, plugin);
  /* A worker wrote this, and it speaks for its own plugin only. */
  if (own == NULL || !g_str_equal (hub_plugin_get_id (own), plugin)
      || !g_hash_table_add (self->faulty, g_strdup (session)))
    return;
  if (!hub_plugin_marks_add (self->markers, plugin, HUB_MARK_CRASHED, where, &error))
    {
      hub_warning ("plugins", plugin, "The mark could not be kept: %s", error->message);
      return;
    }
  verdict = hub_plugin_marks_verdict (self->markers, plugin);
  if (verdict == NULL
      || hub_plugin_get_state (hub_plugin_list_find (self->plugins, plugin)) != HUB_PLUGIN_ENABLED)
    return;
  transaction = karez_store_begin (hub_store_get_scope (self->store, "engine"), self->actor);
  hub_engine_disable_plugin_async (self, plugin, verdict, transaction, on_faulty_disabled, NULL);
}

static void
make_sessions (HubEngine *self, const HubEngineServices *services)
{
  HubSupervisorConfig supervised = { .runtime_dir = self->runtime_dir,
                                     .state_dir = self->state_dir,
                                     .worker = self->worker,
                                     .link_address = self->link_address,
                                     .media_address = self->media_address,
                                     .incarnation = (guint64) hub_store_get_incarnation (
                                         self->store),
                                     .launcher = self->launcher,
                                     .user = self->worker_user };
  HubSessionsConfig config = { .hub = self->hub,
                               .store = hub_store_get_scope (self->store, "engine"),
                               .peers = services->peers,
                               .agenda = services->agenda,
                               .audit = services->audit,
                               .plugins = self->plugins,
                               .pages = services->pages,
                               .pages_data = services->pages_data,
                               .signer = services->signer,
                               .signer_data = services->signer_data };

  self->supervisor = hub_supervisor_new (&supervised);
  g_signal_connect_object (self->supervisor, "fault", G_CALLBACK (on_fault), self, 0);
  config.supervisor = self->supervisor;
  if (config.pages == NULL && self->web != NULL)
    {
      config.pages = &web_pages;
      config.pages_data = self->web;
    }
  self->sessions = hub_sessions_new (&config);
  g_signal_connect_object (self->sessions, "over", G_CALLBACK (on_session_over), self, 0);
  if (self->web == NULL)
    return;
  hub_web_set_session_handler (self->web, on_page, self);
  g_signal_connect_object (self->web, "connection-closed", G_CALLBACK (on_page_closed), self, 0);
  g_signal_connect_object (self->web, "connection-revoked", G_CALLBACK (on_page_revoked), self, 0);
  g_signal_connect_object (self->web, "account-changed", G_CALLBACK (on_account_changed), self, 0);
}

static void
on_sessions (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_sessions_start_finish (HUB_SESSIONS (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_enabled (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubEngine *self = HUB_ENGINE (source);
  GError *error = NULL;

  if (hub_engine_enable_all_finish (self, result, &error))
    hub_sessions_start_async (self->sessions, g_task_get_cancellable (task), on_sessions,
                              g_object_ref (task));
  else
    g_task_return_error (task, error);
}

static void
on_states (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubEngine *self = HUB_ENGINE (source);
  GError *error = NULL;

  if (hub_engine_read_states_finish (self, result, &error))
    hub_engine_enable_all_async (self, on_enabled, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

void
hub_engine_start_async (HubEngine *self, const HubEngineServices *services,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, hub_engine_start_async);
  g_hash_table_insert (self->services, GSIZE_TO_POINTER (KAREZ_TYPE_ROUTES),
                       g_object_ref (services->routes));
  g_hash_table_insert (self->services, GSIZE_TO_POINTER (KAREZ_TYPE_PEERS),
                       g_object_ref (services->peers));
  g_hash_table_insert (self->services, GSIZE_TO_POINTER (KAREZ_TYPE_AGENDA),
                       g_object_ref (services->agenda));
  g_hash_table_insert (self->services, GSIZE_TO_POINTER (KAREZ_TYPE_AUDIT),
                       g_object_ref (services->audit));
  self->parked = services->parked;
  self->parked_data = services->parked_data;
  refuse_left_out (self);
  make_sessions (self, services);
  if (!hub_sessions_add_routes (self->sessions, services->routes, &error)
      || !hub_engine_add_plugin_routes (self, services->routes, &error))
    g_task_return_error (task, error);
  else
    hub_engine_read_states_async (self, on_states, g_steal_pointer (&task));
}

gboolean
hub_engine_start_finish (HubEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
hub_engine_stop_async (HubEngine *self, GAsyncReadyCallback callback, gpointer data)
{
  if (self->sessions != NULL)
    hub_sessions_stop (self->sessions);
  hub_engine_disable_all_async (self, callback, data);
}

gboolean
hub_engine_stop_finish (HubEngine *self, GAsyncResult *result, GError **error)
{
  return hub_engine_enable_all_finish (self, result, error);
}

/* What the agenda asks. */

/* A booking that its plugin looks at. */
typedef struct
{
  GTask *task;
  const char *side; /* a literal: whose hub hosts the session */
} Checking;

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Checking *checking = data;
  g_autoptr (GTask) task = checking->task;
  GError *error = NULL;

  if (hub_runner_finish (HUB_RUNNER (source), result, &error))
    g_task_return_pointer (task, g_strdup (checking->side), g_free);
  else
    g_task_return_error (task, error);
}

void
hub_engine_check_modality (JsonNode *booking, GTask *given, gpointer engine)
{
  HubEngine *self = HUB_ENGINE (engine);
  g_autoptr (GTask) task = given;
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (booking) ? json_node_get_object (booking) : NULL;
  const char *modality = object != NULL ? karez_json_text (object, "modality") : NULL;
  HubPlugin *plugin = modality != NULL ? hub_plugin_list_find_modality (self->plugins, modality)
                                       : NULL;
  const HubModalityInfo *info = plugin != NULL
                                    ? hub_plugin_file_get_modality (hub_plugin_get_file (plugin))
                                    : NULL;
  const char *side = info != NULL && info->host_is_requester ? "requester" : "patient";

  if (info == NULL)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "agenda/modality", NULL,
                                                N_ ("This hub offers no kind of session “%s”."),
                                                modality != NULL ? modality : ""));
  else if (hub_plugin_get_control (plugin) == NULL)
    g_task_return_pointer (task, g_strdup (side), g_free);
  else
    {
      Checking *checking = g_new0 (Checking, 1);

      checking->task = g_object_ref (task);
      checking->side = side;
      hub_runner_check_booking_async (hub_plugin_get_runner (plugin),
                                      hub_plugin_get_control (plugin), booking,
                                      g_task_get_cancellable (task), on_checked, checking);
    }
}

gboolean
hub_engine_owns_topic (const char *topic, gpointer engine)
{
  GPtrArray *all = hub_plugin_list_get_all (HUB_ENGINE (engine)->plugins);

  for (guint i = 0; i < all->len; i++)
    {
      HubPluginFile *file = hub_plugin_get_file (all->pdata[i]);
      const char *topics = file != NULL ? hub_plugin_file_get_topics (file) : NULL;

      if (topics != NULL && g_str_has_prefix (topic, topics))
        return TRUE;
    }
  return FALSE;
}

void
hub_engine_partner_gone (HubEngine *self, const char *partner)
{
  if (self->sessions != NULL)
    hub_sessions_partner_gone (self->sessions, partner);
}

HubPluginList *
hub_engine_get_plugins (HubEngine *self)
{
  return self->plugins;
}

HubSessions *
hub_engine_get_sessions (HubEngine *self)
{
  return self->sessions;
}

static void
hub_engine_finalize (GObject *object)
{
  HubEngine *self = HUB_ENGINE (object);

  if (self->sessions != NULL)
    hub_sessions_stop (self->sessions);
  if (self->web != NULL)
    hub_web_set_session_handler (self->web, NULL, NULL);
  g_clear_object (&self->sessions);
  g_clear_object (&self->supervisor);
  g_clear_object (&self->plugins);
  g_clear_object (&self->probe);
  g_clear_object (&self->watchdog);
  g_clear_object (&self->web);
  g_clear_object (&self->settings);
  g_clear_object (&self->store);
  g_hash_table_unref (self->services);
  g_hash_table_unref (self->faulty);
  g_hash_table_unref (self->bases);
  g_hash_table_unref (self->words);
  karez_actor_unref (self->actor);
  g_free (self->hub);
  g_free (self->state_dir);
  g_free (self->runtime_dir);
  g_free (self->markers);
  g_free (self->worker);
  g_free (self->launcher);
  g_free (self->worker_user);
  g_free (self->link_address);
  g_free (self->media_address);

  G_OBJECT_CLASS (hub_engine_parent_class)->finalize (object);
}

static void
hub_engine_class_init (HubEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_engine_finalize;

  signals[PLUGIN_ENABLED] = g_signal_new ("plugin-enabled", HUB_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SESSION_OVER] = g_signal_new ("session-over", HUB_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                                        KAREZ_TYPE_ACTOR);
}

static void
hub_engine_init (HubEngine *self)
{
  self->services = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  g_hash_table_insert (self->services, GSIZE_TO_POINTER (HUB_TYPE_PROVIDED), hub_provided_new ());
  self->bases = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                       (GDestroyNotify) json_object_unref);
  self->faulty = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
