/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub as a whole: makes its parts in order, and hands each what it needs. */
#include "hub-daemon.h"

#include "hub-agenda-resources.h"
#include "hub-agenda-routes.h"
#include "hub-agenda.h"
#include "hub-audit.h"
#include "hub-bindings.h"
#include "hub-catalogue.h"
#include "hub-check.h"
#include "hub-daemon-stop.h"
#include "hub-disk.h"
#include "hub-file.h"
#include "hub-identity.h"
#include "hub-lock.h"
#include "hub-log.h"
#include "hub-names.h"
#include "hub-notify.h"
#include "hub-system.h"
#include "hub-web-authority.h"

/* How long a hub that starts waits between two looks for a database that is away. */
#define RETRY_MS 250
#define CONNECTIONS 9
#define QUEUE 512

enum
{
  STEP_CLAIM = KAREZ_STEP_CUSTOM, /* directories and lock: one hub for one state */
  STEP_WEB,                       /* from here on people are told what is missing */
  STEP_PLUGINS,                   /* their schemas must be known before the database opens */
  STEP_DATABASE,                  /* the private cluster */
  STEP_STORE,                     /* migrations and connections */
  STEP_REGISTER,                  /* who this database belongs to */
  STEP_PARTS,
  STEP_ENGINE, /* plugins, and sessions that went on */
  STEP_PEERS,  /* last: every topic has its handler */
  N_STEPS,
  STEP_WAIT, /* for a database that is away; then the step that needed it, again */
};

struct _HubDaemon
{
  KarezTransition parent_instance;

  HubConfig *config;
  HubLock *lock;
  HubIdentity *identity;
  JsonNode *names;
  HubCluster *cluster;
  HubStore *store;
  HubFeed *feed;
  HubWeb *web;
  HubAudit *audit;
  HubPeers *peers;
  HubAgenda *agenda;
  HubEngine *engine;
  HubSystem *system;
  guint again; /* the step that is done again; KAREZ_STEP_NONE: none */
  guint retry_id;
  gboolean ready;
};

G_DEFINE_FINAL_TYPE (HubDaemon, hub_daemon, KAREZ_TYPE_TRANSITION)

static guint signal_superseded;
static const char *
text (HubDaemon *self, const char *group, const char *key)
{
  return hub_config_text (self->config, group, key);
}

static JsonNode *
read_names (HubConfig *config)
{
  return karez_json_object ("en", "s", hub_config_name (config, "Hub", "Name", "en"), "zh_CN", "s",
                            hub_config_name (config, "Hub", "Name", "zh_CN"), "ug", "s",
                            hub_config_name (config, "Hub", "Name", "ug"), NULL);
}

static gboolean
on_retry (gpointer data)
{
  HubDaemon *self = data;

  self->retry_id = 0;
  karez_transition_advance (data);
  return G_SOURCE_REMOVE;
}

/* A database that is away, or has no room, is waited for; its steps may be done again. */
static gboolean
may_wait (HubDaemon *self, guint step, const GError *error)
{
  return step >= STEP_DATABASE && step <= STEP_REGISTER
         && (karez_error_is_unavailable (error) || hub_disk_is_full (text (self, "Hub", "State")));
}

/* Which line of the configuration it is that a part could not do. Returns: FALSE */
static gboolean
say_whose (HubDaemon *self, GError **error, const char *group, const char *key)
{
  g_autofree char *place = hub_config_print_place (self->config, group, key);

  g_prefix_error (error, "%s: ", place);
  return FALSE;
}

static gboolean
claim (HubDaemon *self, GError **error)
{
  const char *state = text (self, "Hub", "State");

  /* 0711: the database's user must get through to its own directory, and read nothing here. */
  if (!hub_file_make_directory (text (self, "Hub", "Runtime"), 0711, error))
    return say_whose (self, error, "Hub", "Runtime");
  if (hub_file_make_directory (state, 0711, error))
    self->lock = hub_lock_take (state, error);
  if (self->lock == NULL)
    return say_whose (self, error, "Hub", "State");
  self->identity = hub_identity_open (state, text (self, "Hub", "Id"), error);
  if (self->identity == NULL)
    return say_whose (self, error, "Hub", "State");
  /* It is opened last of all; who cannot have it need not begin. */
  return hub_check_port (self->config, "Peers", error) || say_whose (self, error, "Peers", "Port");
}

/* The worker stands beside karezd where both are installed; a build tree names it. */
static char *
find_worker (void)
{
  const char *program = g_getenv ("KAREZ_WORKER");

  return g_strdup (program != NULL ? program : KAREZ_LIBEXECDIR "/karez-worker");
}

static void
make_engine (HubDaemon *self)
{
  static const char *const installed[] = { KAREZ_PLUGINDIR, NULL };
  g_auto (GStrv) paths = hub_config_list (self->config, "Plugins", "Path");
  g_autofree char *worker = find_worker ();
  g_autofree char *link = hub_bindings_of_links (self->config);
  g_autofree char *media = hub_bindings_of_media (self->config);
  HubEngineConfig config = {
    .hub = hub_identity_get_id (self->identity),
    .state_dir = text (self, "Hub", "State"),
    .runtime_dir = text (self, "Hub", "Runtime"),
    .plugin_paths = *paths != NULL ? (const char *const *) paths : installed,
    .worker = worker,
    .launcher = text (self, "Worker", "Launcher"),
    .worker_user = text (self, "Worker", "User"),
    .link_address = link,
    .media_address = media,
    .store = self->store,
    .web = self->web,
    .settings = self->config,
  };

  self->engine = hub_engine_new (&config);
}

static void
on_superseded (HubStore *store, gint64 incarnation, gpointer data)
{
  hub_warning ("daemon", NULL,
               "another karezd has taken over this hub's database (start %" G_GINT64_FORMAT
               ", this one is %" G_GINT64_FORMAT "): this one ends",
               incarnation, hub_store_get_incarnation (store));
  g_signal_emit (data, signal_superseded, 0);
}

static gboolean
open_web (HubDaemon *self, GError **error)
{
  const char *connection = text (self, "Database", "Connection");
  g_autofree char *sockets = g_build_filename (text (self, "Hub", "Runtime"),
                                               HUB_DIRECTORY_POSTGRES, NULL);
  g_autofree char *socket = g_build_filename (text (self, "Hub", "Runtime"), HUB_SOCKET_API, NULL);
  g_autofree char *authority = g_build_filename (text (self, "Hub", "State"),
                                                 HUB_WEB_AUTHORITY_DIRECTORY, NULL);
  g_autofree char *private = NULL;
  HubWebConfig config = {
    .hub = hub_identity_get_id (self->identity),
    .names = self->names,
    .version = KAREZ_PROGRAM_VERSION,
    .origin = text (self, "Web", "Origin"),
    .bind = text (self, "Web", "Listen"),
    .port = hub_config_port (self->config, "Web", "Port"),
    .socket = socket,
    .redirects = text (self, "Web", "RedirectPort") != NULL,
    .redirect_port = text (self, "Web", "RedirectPort") != NULL
                         ? hub_config_port (self->config, "Web", "RedirectPort")
                         : 0,
    .secure = text (self, "Web", "SecurePort") != NULL,
    .secure_port = text (self, "Web", "SecurePort") != NULL
                       ? hub_config_port (self->config, "Web", "SecurePort")
                       : 0,
    .transport_security = hub_config_seconds (self->config, "Web", "StrictTransportSecurity"),
    .authority = text (self, "Web", "Authority") != NULL ? authority : NULL,
    .certificate = text (self, "Web", "Certificate"),
    .key = text (self, "Web", "Key"),
    .proxies = text (self, "Web", "Proxies"),
    .desk = "/org/karez/desk/",
  };

  if (connection == NULL)
    {
      self->cluster = hub_cluster_new (text (self, "Hub", "State"), sockets);
      connection = private = hub_cluster_get_connection (self->cluster);
    }
  self->store = hub_store_new (connection, CONNECTIONS, QUEUE);
  g_signal_connect_object (self->store, "superseded", G_CALLBACK (on_superseded), self, 0);
  hub_audit_add_schema (self->store);
  hub_agenda_add_schema (self->store);
  hub_peers_add_schema (self->store);
  hub_web_add_schema (self->store);
  hub_engine_add_schema (self->store);
  self->web = hub_web_new (self->store, &config);
  make_engine (self);
  if (!hub_web_start (self->web, error))
    return say_whose (self, error, "Web", "Port");
  /* What else is missing may come later, and the desk says so. */
  hub_notify_tell ("READY=1\nSTATUS=Starting");
  return TRUE;
}

/* A database that another hub filled is not taken over by accident. */
static void
register_hub (HubDaemon *self)
{
  const char *id = hub_identity_get_id (self->identity);
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_HUB, id, "karezd", NULL, NULL, NULL);
  g_autoptr (KarezTransaction)
      transaction = karez_store_begin (hub_store_get_scope (self->store, "karez"), actor);
  g_autofree char *names = karez_json_print (self->names);

  karez_transaction_run_one (transaction, "daemon/other-hub",
                             N_ ("This database belongs to another hub"), "hub_put", "(ss)", id,
                             names);
  karez_transaction_event (transaction, "hub.start", "hub", id, NULL);
  karez_transaction_commit_async (transaction, NULL, karez_transition_answered,
                                  karez_transition_await (KAREZ_TRANSITION (self)));
}

/* Pages redraw what they show of a partner; which one, they ask for. */
static void
on_peer_changed (HubPeers *peers, const char *id, gpointer data)
{
  HubDaemon *self = data;

  if (self->engine != NULL && hub_peers_is_revoked (peers, id))
    hub_engine_partner_gone (self->engine, id);
  hub_web_broadcast (self->web, "peers.read",
                     karez_json_object ("type", "s", "peer", "id", "s", id, NULL));
}

static guint
count_parked (const char *plugin, gpointer peers)
{
  return hub_peer_parking_count (hub_peers_get_parking (peers), plugin);
}

static void
on_plugin_enabled (HubEngine *engine, const char *plugin, gpointer data)
{
  HubDaemon *self = data;

  hub_peers_deliver_parked (self->peers, plugin);
}

static void
on_completed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *session = data;
  g_autoptr (GError) error = NULL;

  if (!hub_agenda_complete_finish (HUB_AGENDA (source), result, &error))
    hub_warning ("agenda", session, "the booking of a session that is over stays open: %s",
                 error->message);
}

static void
on_session_over (HubEngine *engine, const char *session, KarezActor *actor, gpointer data)
{
  HubDaemon *self = data;

  hub_agenda_complete_async (self->agenda, session, actor, NULL, on_completed, g_strdup (session));
}

static void
on_event (HubFeed *feed, JsonNode *event, const char *cursor, HubDaemon *self)
{
  JsonObject *object = json_node_get_object (event);

  if (g_strcmp0 (karez_json_text (object, "schema"), "karez") == 0
      && g_strcmp0 (karez_json_text (object, "table"), "person") == 0)
    hub_agenda_people_changed (self->agenda);
}

static gboolean
make_parts (HubDaemon *self, GError **error)
{
  const char *id = hub_identity_get_id (self->identity);
  KarezRoutes *routes = KAREZ_ROUTES (self->web);

  self->feed = hub_feed_new (self->store);
  hub_web_set_feed (self->web, self->feed);
  self->audit = hub_audit_new (self->store);
  self->peers = hub_peers_new (self->store, self->identity, self->names,
                               hub_config_port (self->config, "Peers", "Port"),
                               text (self, "Peers", "Listen"));
  hub_peers_set_address (self->peers, text (self, "Peers", "Advertise"));
  g_signal_connect_object (self->peers, "changed", G_CALLBACK (on_peer_changed), self, 0);
  hub_peers_set_plugin_check (self->peers, hub_engine_owns_topic, self->engine);
  g_signal_connect_object (self->engine, "plugin-enabled", G_CALLBACK (on_plugin_enabled), self, 0);
  self->agenda = hub_agenda_new (self->store, KAREZ_PEERS (self->peers), KAREZ_AUDIT (self->audit),
                                 id);
  hub_agenda_set_modality_check (self->agenda, hub_engine_check_modality, self->engine);
  g_signal_connect_object (self->feed, "event", G_CALLBACK (on_event), self, 0);
  g_signal_connect_object (self->engine, "session-over", G_CALLBACK (on_session_over), self, 0);
  self->system = hub_system_new (self->store, self->web, self->cluster, text (self, "Hub", "State"),
                                 id);
  return hub_audit_add_routes (self->audit, routes, error)
         && hub_peers_add_routes (self->peers, routes, error)
         && hub_agenda_add_routes (self->agenda, routes, error)
         && hub_system_add_routes (self->system, routes, error);
}

static JsonNode *
sign (gpointer data, const char *text, GError **error)
{
  return hub_peers_sign (data, text, error);
}

static gboolean
verify (gpointer data, const char *peer, const char *text, JsonNode *signature, GError **error)
{
  return hub_peers_verify (data, peer, text, signature, error);
}

static const HubSigner signer = { sign, verify };

static void
start_engine (HubDaemon *self)
{
  const HubEngineServices services = {
    .routes = KAREZ_ROUTES (self->web),
    .peers = KAREZ_PEERS (self->peers),
    .agenda = KAREZ_AGENDA (self->agenda),
    .audit = KAREZ_AUDIT (self->audit),
    .signer = &signer,
    .signer_data = self->peers,
    .parked = count_parked,
    .parked_data = self->peers,
  };

  hub_engine_start_async (self->engine, &services, NULL, karez_transition_answered,
                          karez_transition_await (KAREZ_TRANSITION (self)));
}

static void
say_ready (HubDaemon *self)
{
  self->ready = TRUE;
  hub_web_set_ready (self->web);
  hub_notify_tell ("STATUS=Ready");
  hub_notice ("daemon", hub_identity_get_id (self->identity), "ready at %s",
              text (self, "Web", "Origin"));
}

static guint
hub_daemon_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubDaemon *self = HUB_DAEMON (transition);

  if (step == KAREZ_STEP_NONE)
    return STEP_CLAIM;
  if (step == STEP_WAIT)
    return self->again;
  if (self->again != KAREZ_STEP_NONE)
    return STEP_WAIT;
  return step + 1 < N_STEPS ? step + 1 : KAREZ_STEP_NONE;
}

typedef gboolean (*Part) (HubDaemon *self, GError **error);

/* A step that is done when @part returns; it sets the error when it fails. */
static void
do_now (HubDaemon *self, Part part)
{
  GError *error = NULL;

  if (part (self, &error))
    karez_transition_advance (KAREZ_TRANSITION (self));
  else
    karez_transition_fail (KAREZ_TRANSITION (self), error);
}

static void
hub_daemon_execute_step (KarezTransition *transition, guint step)
{
  HubDaemon *self = HUB_DAEMON (transition);

  switch (step)
    {
    case STEP_CLAIM:
      do_now (self, claim);
      break;
    case STEP_WEB:
      do_now (self, open_web);
      break;
    case STEP_PLUGINS:
      hub_engine_load_async (self->engine, NULL, karez_transition_answered,
                             karez_transition_await (transition));
      break;
    case STEP_DATABASE:
      if (self->cluster != NULL)
        hub_cluster_start_async (self->cluster, NULL, karez_transition_answered,
                                 karez_transition_await (transition));
      else
        karez_transition_advance (transition);
      break;
    case STEP_STORE:
      hub_store_open_async (self->store, NULL, karez_transition_answered,
                            karez_transition_await (transition));
      break;
    case STEP_REGISTER:
      register_hub (self);
      break;
    case STEP_PARTS:
      do_now (self, make_parts);
      break;
    case STEP_ENGINE:
      start_engine (self);
      break;
    case STEP_PEERS:
      hub_peers_start_async (self->peers, NULL, karez_transition_answered,
                             karez_transition_await (transition));
      break;
    case STEP_WAIT:
      self->retry_id = g_timeout_add (RETRY_MS, on_retry, self);
      break;
    default: /* the rollback: the process ends, and the kernel takes back what it held */
      karez_transition_advance (transition);
      break;
    }
}

static gboolean
read_answer (HubDaemon *self, guint step, GObject *source, GAsyncResult *result, GError **error)
{
  switch (step)
    {
    case STEP_PLUGINS:
      return hub_engine_load_finish (self->engine, result, error);
    case STEP_DATABASE:
      return hub_cluster_start_finish (self->cluster, result, error);
    case STEP_STORE:
      return hub_store_open_finish (self->store, result, error);
    case STEP_REGISTER:
      if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, error))
        return FALSE;
      hub_store_set_incarnation (
          self->store,
          karez_rows_integer (karez_transaction_get_rows (KAREZ_TRANSACTION (source), 0), 0,
                              "incarnation"));
      return TRUE;
    case STEP_ENGINE:
      if (!hub_engine_start_finish (self->engine, result, error))
        return FALSE;
      hub_agenda_people_changed (self->agenda);
      return TRUE;
    default: /* STEP_PEERS */
      if (!hub_peers_start_finish (self->peers, result, error))
        return FALSE;
      say_ready (self);
      return TRUE;
    }
}

static gboolean
hub_daemon_finish_step (KarezTransition *transition, guint step, GObject *source,
                        GAsyncResult *result, GError **error)
{
  HubDaemon *self = HUB_DAEMON (transition);
  g_autoptr (GError) fault = NULL;

  self->again = KAREZ_STEP_NONE;
  if (read_answer (self, step, source, result, &fault))
    return TRUE;
  if (may_wait (self, step, fault))
    {
      hub_warning ("daemon", NULL, "waiting for the database: %s", fault->message);
      hub_notify_tell ("STATUS=Waiting for the database");
      self->again = step;
      return TRUE;
    }
  /* What the kernel says of a socket; the rest is no line's fault. */
  if (step == STEP_PEERS && fault->domain == G_IO_ERROR)
    say_whose (self, &fault, "Peers", "Port");
  g_propagate_error (error, g_steal_pointer (&fault));
  return FALSE;
}

void
hub_daemon_start_async (HubDaemon *self, GAsyncReadyCallback callback, gpointer data)
{
  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, callback, data);
}

gboolean
hub_daemon_start_finish (HubDaemon *self, GAsyncResult *result, GError **error)
{
  return karez_transition_run_finish (KAREZ_TRANSITION (self), result, error);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;

  karez_transition_run_finish (KAREZ_TRANSITION (source), result, NULL);
  g_task_return_boolean (task, TRUE);
}

void
hub_daemon_stop_async (HubDaemon *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (KarezTransition) stop = NULL;
  HubDaemonParts parts = { self->engine, self->peers, self->web, self->store, NULL };

  g_task_set_source_tag (task, hub_daemon_stop_async);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  if (self->cluster != NULL && !self->ready && !hub_cluster_was_adopted (self->cluster))
    parts.cluster = self->cluster;
  stop = hub_daemon_stop_new (&parts);
  karez_transition_run_async (stop, 0, NULL, on_stopped, g_steal_pointer (&task));
}

gboolean
hub_daemon_stop_finish (HubDaemon *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_daemon_stop_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

HubDaemon *
hub_daemon_new (HubConfig *config)
{
  HubDaemon *self = g_object_new (HUB_TYPE_DAEMON, NULL);

  self->config = g_object_ref (config);
  self->names = read_names (config);
  return self;
}

static void
hub_daemon_dispose (GObject *object)
{
  HubDaemon *self = HUB_DAEMON (object);

  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_clear_object (&self->system);
  g_clear_object (&self->engine);
  g_clear_object (&self->agenda);
  g_clear_object (&self->peers);
  g_clear_object (&self->audit);
  g_clear_object (&self->web);
  g_clear_object (&self->feed);
  g_clear_object (&self->store);
  g_clear_object (&self->cluster);
  g_clear_object (&self->identity);
  g_clear_object (&self->config);
  g_clear_pointer (&self->names, json_node_unref);
  g_clear_pointer (&self->lock, hub_lock_free);

  G_OBJECT_CLASS (hub_daemon_parent_class)->dispose (object);
}

static void
hub_daemon_class_init (HubDaemonClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_daemon_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_daemon_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_daemon_finish_step;
  G_OBJECT_CLASS (klass)->dispose = hub_daemon_dispose;
  signal_superseded = g_signal_new ("superseded", HUB_TYPE_DAEMON, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 0);
}

static void
hub_daemon_init (HubDaemon *self)
{
}
