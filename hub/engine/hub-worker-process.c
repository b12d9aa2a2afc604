/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process of one session's worker: started, watched by a pidfd, ended. */
#include "hub-worker-process.h"

#include "hub-catalogue.h"

#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <karez.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* A worker that was started must have said Hello by then. */
#define HELLO_S 10
#define RETURN_S 2

struct _HubWorkerProcess
{
  GObject parent_instance;

  HubLauncher *launcher;
  int pid, pidfd;
  int former;      /* a pidfd of what was there before and may not have ended yet */
  GSocket *answer; /* of the launcher, while it starts the process */
  guint answer_source, pidfd_source, hello_source;
};

G_DEFINE_FINAL_TYPE (HubWorkerProcess, hub_worker_process, G_TYPE_OBJECT)

enum
{
  ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* The number of a pidfd's process, by proc(5): 0 if it is none or has ended. */
static int
pid_of (int pidfd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fdinfo/%d", pidfd);
  g_autofree char *text = NULL;
  g_autofree char *number = NULL;
  const char *line = NULL;
  guint64 pid = 0;

  if (pidfd < 0 || !g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  line = strstr (text, "\nPid:\t");
  if (line == NULL)
    return 0;
  line += strlen ("\nPid:\t");
  number = g_strndup (line, strspn (line, G_CSET_DIGITS));
  g_ascii_string_to_unsigned (number, 10, 1, G_MAXINT, &pid, NULL);
  return (int) pid;
}

int
hub_worker_process_get_pid (HubWorkerProcess *self)
{
  return self->pid;
}

gboolean
hub_worker_process_is_watched (HubWorkerProcess *self)
{
  return self->pidfd >= 0;
}

void
hub_worker_process_release (HubWorkerProcess *self)
{
  g_clear_handle_id (&self->answer_source, g_source_remove);
  g_clear_object (&self->answer);
  g_clear_handle_id (&self->pidfd_source, g_source_remove);
  g_clear_handle_id (&self->hello_source, g_source_remove);
  close_fd (&self->pidfd);
  self->pid = 0;
}

void
hub_worker_process_kill (HubWorkerProcess *self)
{
  if (self->pidfd >= 0)
    hub_launcher_end (self->launcher, self->pidfd);
}

/* Whatever hung must not wake up beside its successor. One that this process may not signal itself
 * ends a little later: the successor waits for that. */
void
hub_worker_process_end (HubWorkerProcess *self)
{
  hub_worker_process_kill (self);
  if (self->pidfd >= 0)
    {
      close_fd (&self->former);
      self->former = g_steal_fd (&self->pidfd);
    }
  hub_worker_process_release (self);
}

/* Watching. */

static gboolean
on_process_end (int fd, GIOCondition condition, gpointer data)
{
  HubWorkerProcess *self = data;

  self->pidfd_source = 0;
  hub_worker_process_release (self);
  g_signal_emit (self, signals[ENDED], 0, "its process ended");
  return G_SOURCE_REMOVE;
}

static gboolean
on_no_hello (gpointer data)
{
  HubWorkerProcess *self = data;

  self->hello_source = 0;
  g_signal_emit (self, signals[ENDED], 0, "it did not say hello");
  return G_SOURCE_REMOVE;
}

/* @pidfd: taken */
static void
watch (HubWorkerProcess *self, int pidfd)
{
  int pid = pid_of (pidfd);

  if (self->pid == pid && self->pidfd >= 0)
    {
      close_fd (&pidfd);
      return;
    }
  hub_worker_process_release (self);
  self->pid = pid;
  self->pidfd = pidfd;
  /* Not our child after a restart of the hub, so no waitpid; readable means ended. */
  if (self->pidfd >= 0)
    self->pidfd_source = g_unix_fd_add (self->pidfd, G_IO_IN, on_process_end, self);
}

static void
await_hello (HubWorkerProcess *self, guint seconds)
{
  if (self->hello_source == 0)
    self->hello_source = g_timeout_add_seconds (seconds, on_no_hello, self);
}

void
hub_worker_process_await_return (HubWorkerProcess *self)
{
  await_hello (self, RETURN_S);
}

gboolean
hub_worker_process_take_hello (HubWorkerProcess *self, GDBusMethodInvocation *invocation,
                               GError **error)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (invocation);
  GUnixFDList *list = g_dbus_message_get_unix_fd_list (message);
  int pidfd = list != NULL && g_unix_fd_list_get_length (list) == 1
                  ? g_unix_fd_list_get (list, 0, NULL)
                  : -1;
  int pid = pid_of (pidfd);

  if (pid == 0 || (self->pid != 0 && self->pid != pid))
    {
      close_fd (&pidfd);
      return karez_error_set (error, KAREZ_ERROR_DENIED, "worker/process",
                              N_ ("a pidfd of the session's own process"),
                              N_ ("The worker does not say which process it is."));
    }
  g_clear_handle_id (&self->hello_source, g_source_remove);
  watch (self, pidfd);
  return TRUE;
}

/* Starting. */

static gboolean
on_answer (GSocket *socket, GIOCondition condition, gpointer data)
{
  HubWorkerProcess *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;
  int pidfd = hub_launcher_take_answer (socket, &error);

  self->answer_source = 0;
  if (pidfd >= 0)
    {
      watch (self, pidfd);
      await_hello (self, HELLO_S);
      return G_SOURCE_REMOVE;
    }
  reason = g_strdup_printf ("it was not started: %s", error->message);
  g_signal_emit (self, signals[ENDED], 0, reason);
  return G_SOURCE_REMOVE;
}

gboolean
hub_worker_process_start (HubWorkerProcess *self, HubOrder *order, GError **error)
{
  int pidfd = -1;

  hub_worker_process_end (self);
  order->former = self->former;
  if (!hub_launcher_start (self->launcher, order, &pidfd, &self->answer, error))
    return FALSE;
  close_fd (&self->former);
  /* It may have ended by now; its end is seen like any other. */
  if (pidfd >= 0)
    watch (self, pidfd);
  if (self->answer != NULL)
    {
      g_autoptr (GSource) source = g_socket_create_source (self->answer, G_IO_IN, NULL);

      g_source_set_callback (source, G_SOURCE_FUNC (on_answer), self, NULL);
      self->answer_source = g_source_attach (source, NULL);
    }
  await_hello (self, HELLO_S);
  return TRUE;
}

HubWorkerProcess *
hub_worker_process_new (HubLauncher *launcher)
{
  HubWorkerProcess *self = g_object_new (HUB_TYPE_WORKER_PROCESS, NULL);

  self->launcher = g_object_ref (launcher);
  return self;
}

static void
hub_worker_process_finalize (GObject *object)
{
  HubWorkerProcess *self = HUB_WORKER_PROCESS (object);

  hub_worker_process_release (self);
  close_fd (&self->former);
  g_clear_object (&self->launcher);

  G_OBJECT_CLASS (hub_worker_process_parent_class)->finalize (object);
}

static void
hub_worker_process_class_init (HubWorkerProcessClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_worker_process_finalize;

  signals[ENDED] = g_signal_new ("ended", HUB_TYPE_WORKER_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
hub_worker_process_init (HubWorkerProcess *self)
{
  self->pidfd = self->former = -1;
}
