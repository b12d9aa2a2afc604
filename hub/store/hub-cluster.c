/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's private PostgreSQL: made, adopted, started again. */
#include "hub-cluster.h"

#include "hub-cluster-files.h"
#include "hub-log.h"
#include "hub-pg-error.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define READY_WAIT_MS 600000
#define STOP_WAIT_S 60
#define FIRST_DELAY_MS 100
#define LAST_DELAY_MS 5000

struct _HubCluster
{
  GObject parent;
  char *state_dir, *socket_dir, *user;
  HubClusterFiles *files; /* of the thread while one runs */
  HubClusterState state;
  gboolean adopted, busy;
  int pid, pidfd;
  guint watch, retry, patience;
  guint delay_ms;
  GTask *starting, *stopping;
};

G_DEFINE_FINAL_TYPE (HubCluster, hub_cluster, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_STATE,
  PROP_USER,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

enum
{
  DIED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void run_thread (HubCluster *self);

GType
hub_cluster_state_get_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { HUB_CLUSTER_STOPPED, "HUB_CLUSTER_STOPPED", "stopped" },
    { HUB_CLUSTER_STARTING, "HUB_CLUSTER_STARTING", "starting" },
    { HUB_CLUSTER_RUNNING, "HUB_CLUSTER_RUNNING", "running" },
    { HUB_CLUSTER_RESTARTING, "HUB_CLUSTER_RESTARTING", "restarting" },
    { HUB_CLUSTER_STOPPING, "HUB_CLUSTER_STOPPING", "stopping" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("HubClusterState", values));
  return (GType) type;
}

HubCluster *
hub_cluster_new (const char *state_dir, const char *socket_dir)
{
  HubCluster *self = g_object_new (HUB_TYPE_CLUSTER, NULL);

  self->state_dir = g_strdup (state_dir);
  self->socket_dir = g_strdup (socket_dir);
  return self;
}

static HubClusterFiles *
get_files (HubCluster *self)
{
  if (self->files == NULL)
    self->files = hub_cluster_files_new (self->state_dir, self->socket_dir,
                                         self->user != NULL ? self->user : "postgres");
  return self->files;
}

char *
hub_cluster_get_connection (HubCluster *self)
{
  return hub_cluster_files_get_connection (get_files (self), "karez");
}

HubClusterState
hub_cluster_get_state (HubCluster *self)
{
  return self->state;
}

int
hub_cluster_get_pid (HubCluster *self)
{
  return self->pid;
}

gboolean
hub_cluster_was_adopted (HubCluster *self)
{
  return self->adopted;
}

static void
set_state (HubCluster *self, HubClusterState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

/* In the thread: a server on our data that is there already. FALSE when there is none (any more).
 */
static gboolean
adopt (HubClusterFiles *files, HubClusterServer *server)
{
  hub_cluster_files_find (files, server);
  for (int waited = 0; server->pid != 0 && waited < READY_WAIT_MS; waited += 100)
    {
      if (server->ready && strcmp (server->socket_dir, files->socket_dir) == 0)
        return TRUE;
      if (server->ready)
        {
          /* The runtime directory was moved: the socket must follow. */
          int fd = hub_pidfd_open (server->pid);

          if (fd >= 0)
            {
              hub_pidfd_signal (fd, SIGINT);
              hub_pidfd_wait (fd, STOP_WAIT_S * 1000);
              close (fd);
            }
        }
      g_usleep (100 * 1000);
      hub_cluster_files_find (files, server);
    }
  return FALSE;
}

static gboolean
start_once (HubClusterFiles *files, HubClusterServer *server, gboolean *adopted, GError **error)
{
  *adopted = adopt (files, server);
  if (!*adopted)
    {
      hub_cluster_files_end_leftovers (files);
      if (!hub_cluster_files_make (files, error) || !hub_cluster_files_write_settings (files, error)
          || !hub_cluster_files_launch (files, error))
        return FALSE;
      hub_cluster_files_find (files, server);
      if (server->pid == 0)
        return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "database/start", NULL,
                                N_ ("PostgreSQL does not start: %s"), "it ended at once");
    }
  return hub_cluster_files_make_database (files, error);
}

static gboolean
start_server (HubClusterFiles *files, HubClusterServer *server, gboolean *adopted, GError **error)
{
  if (!hub_cluster_files_prepare (files, error))
    return FALSE;
  /* The server that was found may be just ending. */
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) cause = NULL;

      if (start_once (files, server, adopted, &cause))
        return TRUE;
      if (!karez_error_is_unavailable (cause) || i == 2)
        {
          g_propagate_error (error, g_steal_pointer (&cause));
          return FALSE;
        }
      g_usleep (500 * 1000);
    }
  return FALSE;
}

typedef struct
{
  HubClusterServer server;
  gboolean adopted;
} Started;

static void
free_started (gpointer data)
{
  Started *started = data;

  hub_cluster_server_clear (&started->server);
  g_free (started);
}

static void
start_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  HubClusterFiles *files = data;
  Started *started = g_new0 (Started, 1);
  GError *error = NULL;

  if (hub_cluster_files_lock (files, &error)
      && start_server (files, &started->server, &started->adopted, &error))
    g_task_return_pointer (task, started, free_started);
  else
    {
      free_started (started);
      g_task_return_error (task, error);
    }
  hub_cluster_files_unlock (files);
}

static gboolean
on_retry (gpointer data)
{
  HubCluster *self = data;

  self->retry = 0;
  run_thread (self);
  return G_SOURCE_REMOVE;
}

static void
retry_later (HubCluster *self)
{
  self->retry = g_timeout_add (self->delay_ms, on_retry, self);
  self->delay_ms = MIN (self->delay_ms * 2, LAST_DELAY_MS);
}

static void
forget_server (HubCluster *self)
{
  g_clear_handle_id (&self->watch, g_source_remove);
  g_clear_handle_id (&self->patience, g_source_remove);
  if (self->pidfd >= 0)
    close (self->pidfd);
  self->pidfd = -1;
  self->pid = 0;
}

static void
finish_stop (HubCluster *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stopping);

  forget_server (self);
  set_state (self, HUB_CLUSTER_STOPPED);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static gboolean
on_ended (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (HubCluster) self = g_object_ref (data);

  self->watch = 0;
  if (self->state == HUB_CLUSTER_STOPPING)
    {
      finish_stop (self);
      return G_SOURCE_REMOVE;
    }
  hub_warning ("store", "postgres", "The database server died; it is started again.");
  forget_server (self);
  self->delay_ms = FIRST_DELAY_MS;
  set_state (self, HUB_CLUSTER_RESTARTING);
  g_signal_emit (self, signals[DIED], 0);
  if (self->state == HUB_CLUSTER_RESTARTING && !self->busy)
    retry_later (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_patience (gpointer data)
{
  HubCluster *self = data;

  self->patience = 0;
  hub_warning ("store", "postgres", "The database server does not stop; it is cut off.");
  hub_pidfd_signal (self->pidfd, SIGQUIT);
  return G_SOURCE_REMOVE;
}

static void
stop_server (HubCluster *self)
{
  set_state (self, HUB_CLUSTER_STOPPING);
  if (self->pidfd < 0)
    {
      finish_stop (self);
      return;
    }
  hub_pidfd_signal (self->pidfd, SIGINT);
  self->patience = g_timeout_add_seconds (STOP_WAIT_S, on_patience, self);
}

static gboolean
watch_server (HubCluster *self, Started *started)
{
  self->pid = started->server.pid;
  self->adopted = started->adopted;
  self->pidfd = hub_pidfd_open (self->pid);
  if (self->pidfd < 0)
    {
      self->pid = 0;
      return FALSE;
    }
  self->watch = g_unix_fd_add (self->pidfd, G_IO_IN, on_ended, self);
  return TRUE;
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  HubCluster *self = HUB_CLUSTER (source);
  g_autoptr (GTask) task = g_steal_pointer (&self->starting);
  GError *error = NULL;
  Started *started = g_task_propagate_pointer (G_TASK (result), &error);

  self->busy = FALSE;
  if (started != NULL && !watch_server (self, started))
    error = hub_pg_lost ("it ended at once", FALSE);
  if (started != NULL)
    {
      hub_notice ("store", "postgres", "The database server %d %s.", started->server.pid,
                  started->adopted ? "was running" : "was started");
      free_started (started);
    }
  if (self->stopping != NULL)
    {
      /* It was asked to stop in the meantime. */
      if (task != NULL)
        g_task_return_error (task, error != NULL ? error : hub_pg_lost ("stopped", FALSE));
      else
        g_clear_error (&error);
      stop_server (self);
    }
  else if (error == NULL)
    {
      set_state (self, HUB_CLUSTER_RUNNING);
      if (task != NULL)
        g_task_return_boolean (task, TRUE);
    }
  else if (task != NULL)
    {
      set_state (self, HUB_CLUSTER_STOPPED);
      g_task_return_error (task, error);
    }
  else
    {
      hub_warning ("store", "postgres", "%s", error->message);
      g_error_free (error);
      retry_later (self);
    }
}

static void
run_thread (HubCluster *self)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_started, NULL);

  self->busy = TRUE;
  g_task_set_task_data (task, get_files (self), NULL);
  g_task_run_in_thread (task, start_in_thread);
}

void
hub_cluster_start_async (HubCluster *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_return_if_fail (self->state == HUB_CLUSTER_STOPPED && self->starting == NULL);

  g_task_set_source_tag (task, hub_cluster_start_async);
  self->starting = task;
  set_state (self, HUB_CLUSTER_STARTING);
  run_thread (self);
}

gboolean
hub_cluster_start_finish (HubCluster *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_cluster_start_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
hub_cluster_stop_async (HubCluster *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_cluster_stop_async);
  if (self->stopping != NULL || self->state == HUB_CLUSTER_STOPPED)
    {
      gboolean stopped = self->stopping == NULL;

      if (stopped)
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "database/stopping", NULL,
                                                    N_ ("It is stopping already.")));
      g_object_unref (task);
      return;
    }
  self->stopping = task;
  g_clear_handle_id (&self->retry, g_source_remove);
  if (!self->busy)
    stop_server (self);
}

gboolean
hub_cluster_stop_finish (HubCluster *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_cluster_stop_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
hub_cluster_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HubCluster *self = HUB_CLUSTER (object);

  if (id == PROP_STATE)
    g_value_set_enum (value, self->state);
  else if (id == PROP_USER)
    g_value_set_string (value, self->user);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hub_cluster_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_USER)
    HUB_CLUSTER (object)->user = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hub_cluster_finalize (GObject *object)
{
  HubCluster *self = HUB_CLUSTER (object);

  g_clear_handle_id (&self->retry, g_source_remove);
  forget_server (self);
  g_clear_pointer (&self->files, hub_cluster_files_free);
  g_free (self->state_dir);
  g_free (self->socket_dir);
  g_free (self->user);

  G_OBJECT_CLASS (hub_cluster_parent_class)->finalize (object);
}

static void
hub_cluster_class_init (HubClusterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = hub_cluster_get_property;
  object_class->set_property = hub_cluster_set_property;
  object_class->finalize = hub_cluster_finalize;

  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, HUB_TYPE_CLUSTER_STATE,
                                              HUB_CLUSTER_STOPPED,
                                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_USER] = g_param_spec_string ("user", NULL, NULL, "postgres",
                                               G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY
                                                   | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[DIED] = g_signal_new ("died", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
}

static void
hub_cluster_init (HubCluster *self)
{
  self->pidfd = -1;
}
