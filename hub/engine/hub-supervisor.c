/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts workers, listens for them, and starts them again. */
#include "hub-supervisor.h"

#include "hub-bus-error.h"
#include "hub-bus.h"
#include "hub-calls.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-file.h"
#include "hub-hash.h"
#include "hub-log.h"
#include "hub-names.h"
#include "hub-worker-process.h"

#include <glib/gstdio.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_BYTES 32
#define KEEP_LOGS_S (30 * 24 * 3600)

/* One session's worker, present or expected. */
typedef struct
{
  HubSupervisor *supervisor; /* not owned */
  char *session, *token, *hash;
  HubWorkerProxy *proxy;
  HubWorkerProcess *process;
  gboolean forgotten;
  gint64 restarts[HUB_RESTART_LIMIT];
} Worker;

struct _HubSupervisor
{
  GObject parent_instance;

  char *socket, *state_dir, *link_address, *media_address;
  guint64 incarnation;
  HubLauncher *launcher;
  GDBusServer *server;
  GHashTable *workers;     /* session → Worker */
  GHashTable *connections; /* GDBusConnection → HubBusHub1 skeleton, before and after Hello */
};

G_DEFINE_FINAL_TYPE (HubSupervisor, hub_supervisor, G_TYPE_OBJECT)

enum
{
  ARRIVED,
  DIED,
  FAULT,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
release_proxy (Worker *worker)
{
  if (worker->proxy == NULL)
    return;
  g_signal_handlers_disconnect_by_data (worker->proxy, worker);
  hub_worker_proxy_close (worker->proxy);
  g_clear_object (&worker->proxy);
}

static void
worker_free (gpointer data)
{
  Worker *worker = data;

  release_proxy (worker);
  g_signal_handlers_disconnect_by_data (worker->process, worker);
  hub_worker_process_release (worker->process);
  g_object_unref (worker->process);
  g_free (worker->session);
  g_free (worker->token);
  g_free (worker->hash);
  g_free (worker);
}

static void on_ended (HubWorkerProcess *process, const char *reason, Worker *worker);

static Worker *
get_or_make (HubSupervisor *self, const char *session)
{
  Worker *worker = g_hash_table_lookup (self->workers, session);

  if (worker != NULL)
    return worker;
  worker = g_new0 (Worker, 1);
  worker->supervisor = self;
  worker->session = g_strdup (session);
  worker->process = hub_worker_process_new (self->launcher);
  g_signal_connect (worker->process, "ended", G_CALLBACK (on_ended), worker);
  g_hash_table_insert (self->workers, g_strdup (session), worker);
  return worker;
}

static char *
hash_token (const char *token)
{
  guint8 hash[32];

  crypto_generichash (hash, sizeof hash, (const guint8 *) token, strlen (token), NULL, 0);
  return hub_hex (hash, sizeof hash);
}

/* Names the plugin whose code ran when the worker ended. Returns: (transfer full): what to tell */
static char *
find_culprit (Worker *worker, const char *reason)
{
  HubSupervisor *self = worker->supervisor;
  g_autofree char *directory = hub_supervisor_get_directory (self, worker->session);
  g_autofree char *path = g_build_filename (directory, HUB_CALLS_OF_SESSION, NULL);
  g_autofree char *plugin = NULL, *call = NULL;
  gboolean called = hub_calls_read (path, &plugin, &call);

  /* The next worker begins its own; what this one did is told once. */
  g_unlink (path);
  if (!called)
    return g_strdup (reason);
  g_signal_emit (self, signals[FAULT], 0, worker->session, plugin, call);
  return g_strdup_printf ("%s in “%s” of the plugin “%s”", reason, call, plugin);
}

/* The end of a worker, told once. */
static void
report_end (Worker *worker, const char *cause)
{
  HubSupervisor *self = worker->supervisor;
  g_autofree char *session = g_strdup (worker->session);
  g_autofree char *reason = NULL;
  gboolean forgotten = worker->forgotten;

  release_proxy (worker);
  hub_worker_process_end (worker->process);
  reason = find_culprit (worker, cause);
  hub_notice ("worker", session, "The worker is gone: %s.", reason);
  if (forgotten)
    g_hash_table_remove (self->workers, session);
  g_signal_emit (self, signals[DIED], 0, session, reason);
}

static void
on_ended (HubWorkerProcess *process, const char *reason, Worker *worker)
{
  report_end (worker, reason);
}

static void
on_lost (HubWorkerProxy *proxy, const char *reason, Worker *worker)
{
  report_end (worker, reason);
}

static void
on_closed (HubWorkerProxy *proxy, const char *reason, Worker *worker)
{
  if (!hub_worker_process_is_watched (worker->process))
    {
      report_end (worker, reason);
      return;
    }
  release_proxy (worker);
  hub_worker_process_await_return (worker->process);
}

/* Hello. */

static Worker *
admit (HubSupervisor *self, const char *session, const char *token, GError **error)
{
  Worker *worker = g_hash_table_lookup (self->workers, session);
  g_autofree char *hash = hash_token (token);

  if (worker != NULL && worker->hash != NULL && hub_equal_secret (worker->hash, hash))
    return worker;
  hub_notice ("worker", session, "A worker was refused: its token is not the newest.");
  karez_error_set (error, KAREZ_ERROR_DENIED, "worker/token", NULL,
                   N_ ("This worker's token is not the session's newest."));
  return NULL;
}

static gboolean
on_hello (HubBusHub1 *skeleton, GDBusMethodInvocation *invocation, const char *session,
          const char *token, const char *snapshot_text, HubSupervisor *self)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) snapshot = hub_bus_parse (snapshot_text, &error);
  Worker *worker = snapshot != NULL ? admit (self, session, token, &error) : NULL;
  g_autoptr (HubWorkerProxy) proxy = NULL;
  gboolean adopted = FALSE;
  int pid = 0;

  if (worker == NULL || !hub_worker_process_take_hello (worker->process, invocation, &error))
    {
      hub_bus_return_error (invocation, error);
      return TRUE;
    }
  /* The same worker again, on a new connection: the old one is of no use to it. */
  release_proxy (worker);
  pid = hub_worker_process_get_pid (worker->process);
  proxy = hub_worker_proxy_new (connection, session, self->incarnation, pid);
  worker->proxy = g_object_ref (proxy);
  adopted = worker->token == NULL;
  g_signal_connect (proxy, "closed", G_CALLBACK (on_closed), worker);
  g_signal_connect (proxy, "lost", G_CALLBACK (on_lost), worker);
  hub_bus_hub1_complete_hello (skeleton, invocation, self->incarnation);
  hub_notice ("worker", session, "The worker (process %d) %s.", pid,
              adopted ? "of an earlier hub was taken over" : "is there");
  hub_worker_proxy_start_heartbeat (proxy);
  g_signal_emit (self, signals[ARRIVED], 0, proxy, snapshot, adopted);
  return TRUE;
}

static void
on_connection_closed (GDBusConnection *connection, gboolean vanished, GError *error,
                      HubSupervisor *self)
{
  g_hash_table_remove (self->connections, connection);
}

static void
drop_skeleton (gpointer skeleton)
{
  g_dbus_interface_skeleton_unexport (skeleton);
  g_object_unref (skeleton);
}

static gboolean
on_new_connection (GDBusServer *server, GDBusConnection *connection, HubSupervisor *self)
{
  g_autoptr (HubBusHub1) skeleton = hub_bus_hub1_skeleton_new ();
  g_autoptr (GError) error = NULL;

  g_signal_connect_object (skeleton, "handle-hello", G_CALLBACK (on_hello), self, 0);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (skeleton), connection,
                                         HUB_BUS_PATH, &error))
    {
      hub_warning ("worker", NULL, "%s", error->message);
      return FALSE;
    }
  g_signal_connect_object (connection, "closed", G_CALLBACK (on_connection_closed), self, 0);
  g_hash_table_insert (self->connections, g_object_ref (connection), g_steal_pointer (&skeleton));
  return TRUE;
}

/* What an ended session leaves is its log; that of a month ago tells nobody anything. */
static void
prune (const char *sessions)
{
  g_autoptr (GDir) dir = g_dir_open (sessions, 0, NULL);
  gint64 bound = hub_clock_now () / G_USEC_PER_SEC - KEEP_LOGS_S;
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (sessions, name, NULL);
      g_autofree char *log = g_build_filename (folder, "worker.log", NULL);
      g_autofree char *spool = g_build_filename (folder, "spool", NULL);
      struct stat info;

      if (g_stat (log, &info) == 0 && info.st_mtime < bound
          && !g_file_test (spool, G_FILE_TEST_EXISTS))
        {
          g_unlink (log);
          /* It stays while there is a dead letter in it. */
          g_rmdir (folder);
        }
    }
}

/* Who may say Hello at all; emitted in the connection's own thread. */

static gboolean
on_mechanism (GDBusAuthObserver *observer, const char *mechanism, gpointer data)
{
  return g_str_equal (mechanism, "EXTERNAL");
}

static gboolean
on_authorize (GDBusAuthObserver *observer, GIOStream *stream, GCredentials *credentials,
              gpointer workers)
{
  uid_t user = credentials != NULL ? g_credentials_get_unix_user (credentials, NULL) : (uid_t) -1;

  return user != (uid_t) -1 && (user == geteuid () || user == GPOINTER_TO_UINT (workers));
}

static gboolean
listen_for_workers (HubSupervisor *self, GError **error)
{
  g_autofree char *path = g_dbus_address_escape_value (self->socket);
  g_autofree char *address = g_strdup_printf ("unix:path=%s", path);
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GDBusAuthObserver) observer = g_dbus_auth_observer_new ();

  g_signal_connect (observer, "allow-mechanism", G_CALLBACK (on_mechanism), NULL);
  g_signal_connect (observer, "authorize-authenticated-peer", G_CALLBACK (on_authorize),
                    GUINT_TO_POINTER (hub_launcher_get_user (self->launcher)));
  g_unlink (self->socket);
  self->server = g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_NONE, guid, observer, NULL,
                                         error);
  return self->server != NULL && hub_launcher_share_socket (self->launcher, self->socket, error);
}

gboolean
hub_supervisor_start (HubSupervisor *self, GError **error)
{
  g_autofree char *sessions = g_build_filename (self->state_dir, "sessions", NULL);
  g_autoptr (GError) local = NULL;

  if (!hub_file_make_directory (sessions, 0700, &local))
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "worker/socket", NULL,
                            N_ ("The hub cannot keep sessions: %s"), local->message);
  prune (sessions);
  if (!hub_launcher_find_user (self->launcher, &local) || !listen_for_workers (self, &local))
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "worker/socket", NULL,
                            N_ ("The hub cannot listen for its workers: %s"), local->message);
  g_signal_connect_object (self->server, "new-connection", G_CALLBACK (on_new_connection), self, 0);
  g_dbus_server_start (self->server);
  return TRUE;
}

void
hub_supervisor_stop (HubSupervisor *self)
{
  GHashTableIter iter;
  gpointer connection, worker;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &worker))
    {
      release_proxy (worker);
      hub_worker_process_release (((Worker *) worker)->process);
    }
  g_hash_table_iter_init (&iter, self->connections);
  while (g_hash_table_iter_next (&iter, &connection, NULL))
    {
      g_signal_handlers_disconnect_by_func (connection, on_connection_closed, self);
      g_dbus_connection_close (connection, NULL, NULL, NULL);
    }
  g_hash_table_remove_all (self->connections);
  if (self->server != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->server, self);
      g_dbus_server_stop (self->server);
    }
  g_clear_object (&self->server);
}

char *
hub_supervisor_make_token (HubSupervisor *self, const char *session)
{
  Worker *worker = get_or_make (self, session);
  guint8 bytes[TOKEN_BYTES];

  hub_random (bytes, sizeof bytes);
  g_free (worker->token);
  g_free (worker->hash);
  worker->token = hub_base64url (bytes, sizeof bytes);
  worker->hash = hash_token (worker->token);
  worker->forgotten = FALSE;
  return g_strdup (worker->hash);
}

void
hub_supervisor_expect (HubSupervisor *self, const char *session, const char *hash)
{
  Worker *worker = get_or_make (self, session);

  g_clear_pointer (&worker->token, g_free);
  g_free (worker->hash);
  worker->hash = g_strdup (hash);
}

void
hub_supervisor_forget (HubSupervisor *self, const char *session)
{
  Worker *worker = g_hash_table_lookup (self->workers, session);

  if (worker == NULL)
    return;
  worker->forgotten = TRUE;
  if (!hub_worker_process_get_pid (worker->process))
    g_hash_table_remove (self->workers, session);
}

/* Spawning. */

gboolean
hub_supervisor_spawn (HubSupervisor *self, const char *session, const char *plugin,
                      const char *module, const char *const *programs, gboolean media,
                      GError **error)
{
  Worker *worker = g_hash_table_lookup (self->workers, session);
  g_autofree char *directory = hub_supervisor_get_directory (self, session);
  HubOrder order = { .session = session,
                     .directory = directory,
                     .socket = self->socket,
                     .plugin = plugin,
                     .module = module,
                     .programs = programs,
                     .link_address = self->link_address,
                     .media_address = media ? self->media_address : NULL };
  g_autoptr (GError) local = NULL;

  g_return_val_if_fail (worker != NULL && worker->token != NULL, FALSE);

  /* One that still runs has an old token. */
  release_proxy (worker);
  order.token = worker->token;
  if (hub_worker_process_start (worker->process, &order, &local))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "worker/start", NULL,
                          N_ ("The session's worker cannot be started: %s"), local->message);
}

gboolean
hub_supervisor_may_restart (HubSupervisor *self, const char *session)
{
  Worker *worker = get_or_make (self, session);
  gint64 now = hub_clock_monotonic ();
  guint oldest = 0;

  for (guint i = 1; i < HUB_RESTART_LIMIT; i++)
    if (worker->restarts[i] < worker->restarts[oldest])
      oldest = i;
  if (worker->restarts[oldest] && now - worker->restarts[oldest] < HUB_RESTART_WINDOW_US)
    return FALSE;
  worker->restarts[oldest] = now;
  return TRUE;
}

void
hub_supervisor_kill (HubSupervisor *self, const char *session)
{
  Worker *worker = g_hash_table_lookup (self->workers, session);

  if (worker != NULL)
    hub_worker_process_kill (worker->process);
}

HubWorkerProxy *
hub_supervisor_get_worker (HubSupervisor *self, const char *session)
{
  Worker *worker = g_hash_table_lookup (self->workers, session);

  return worker != NULL ? worker->proxy : NULL;
}

char *
hub_supervisor_get_directory (HubSupervisor *self, const char *session)
{
  return g_build_filename (self->state_dir, "sessions", session, NULL);
}

JsonNode *
hub_supervisor_list (HubSupervisor *self)
{
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Worker *worker = value;
      gint64 restarts = 0;

      for (guint i = 0; i < HUB_RESTART_LIMIT; i++)
        if (worker->restarts[i]
            && hub_clock_monotonic () - worker->restarts[i] < HUB_RESTART_WINDOW_US)
          restarts++;
      json_array_add_element (
          array, karez_json_object ("session", "s", worker->session, "pid", "i",
                                    (gint64) hub_worker_process_get_pid (worker->process),
                                    "connected", "b", (gboolean) (worker->proxy != NULL),
                                    "restarts", "i", restarts, NULL));
    }
  json_node_set_array (node, array);
  return node;
}

HubSupervisor *
hub_supervisor_new (const HubSupervisorConfig *config)
{
  HubSupervisor *self = g_object_new (HUB_TYPE_SUPERVISOR, NULL);

  self->socket = g_build_filename (config->runtime_dir, HUB_SOCKET_WORKERS, NULL);
  self->state_dir = g_strdup (config->state_dir);
  self->launcher = hub_launcher_new (config->worker, config->launcher, config->user);
  self->link_address = g_strdup (config->link_address);
  self->media_address = g_strdup (config->media_address);
  self->incarnation = config->incarnation;
  return self;
}

static void
hub_supervisor_dispose (GObject *object)
{
  HubSupervisor *self = HUB_SUPERVISOR (object);

  hub_supervisor_stop (self);
  g_hash_table_remove_all (self->workers);

  G_OBJECT_CLASS (hub_supervisor_parent_class)->dispose (object);
}

static void
hub_supervisor_finalize (GObject *object)
{
  HubSupervisor *self = HUB_SUPERVISOR (object);

  g_free (self->socket);
  g_free (self->state_dir);
  g_free (self->link_address);
  g_free (self->media_address);
  g_hash_table_unref (self->workers);
  g_hash_table_unref (self->connections);
  g_clear_object (&self->launcher);

  G_OBJECT_CLASS (hub_supervisor_parent_class)->finalize (object);
}

static void
hub_supervisor_class_init (HubSupervisorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_supervisor_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_supervisor_finalize;

  signals[ARRIVED] = g_signal_new ("arrived", HUB_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 3, HUB_TYPE_WORKER_PROXY,
                                   JSON_TYPE_NODE | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_BOOLEAN);
  signals[FAULT] = g_signal_new ("fault", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING,
                                 G_TYPE_STRING);
  signals[DIED] = g_signal_new ("died", HUB_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void
hub_supervisor_init (HubSupervisor *self)
{
  self->workers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, worker_free);
  self->connections = g_hash_table_new_full (NULL, NULL, g_object_unref, drop_skeleton);
}
