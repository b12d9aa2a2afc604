/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process beside the worker that connects to the hub for it. */
#include "hub-connector.h"

#include "hub-fds.h"

#include <errno.h>
#include <glib-unix.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The one descriptor of the process, where the worker asks. */
#define REQUESTS 3

struct _HubConnector
{
  GObject parent_instance;

  int fd, process;
  guint source;
  GTask *task; /* that waits for an answer */
};

G_DEFINE_FINAL_TYPE (HubConnector, hub_connector, G_TYPE_OBJECT)

/* The process. */

static int
connect_to (const struct sockaddr_un *address)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd >= 0 && connect (fd, (const struct sockaddr *) address, sizeof *address) == 0)
    return fd;
  if (fd >= 0)
    {
      int code = errno;

      close (fd);
      errno = code;
    }
  return -1;
}

/* The error's number, 0 for none, with the connection. FALSE once nobody is there to take it. */
static gboolean
answer (int fd, int code)
{
  return hub_fds_send (REQUESTS, &code, sizeof code, &fd, fd >= 0 ? 1 : 0, 0) == sizeof code;
}

/* It can do nothing else. Where the kernel has no filters, the worker's log says so. */
static void
confine (void)
{
  static const int calls[] = {
    SCMP_SYS (close),        SCMP_SYS (connect), SCMP_SYS (exit_group), SCMP_SYS (read),
    SCMP_SYS (rt_sigreturn), SCMP_SYS (sendmsg), SCMP_SYS (socket),     SCMP_SYS (restart_syscall),
  };
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_KILL_PROCESS);

  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  for (guint i = 0; filter != NULL && i < G_N_ELEMENTS (calls); i++)
    seccomp_rule_add (filter, SCMP_ACT_ALLOW, calls[i], 0);
  if (filter != NULL)
    seccomp_load (filter);
}

static void G_GNUC_NORETURN
serve (int fd, const struct sockaddr_un *address)
{
  gboolean going = TRUE;
  char request;
  gssize n;

  dup2 (fd, REQUESTS);
  for (int i = 0; i < REQUESTS; i++)
    close (i);
  close_range (REQUESTS + 1, ~0u, 0);
  /* It ends when its worker does, and not before. */
  signal (SIGINT, SIG_IGN);
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  prctl (PR_SET_NAME, "karez-connect", 0, 0, 0);
  confine ();
  while (going)
    {
      n = read (REQUESTS, &request, 1);
      going = n == 1 || (n < 0 && errno == EINTR);
      if (n == 1)
        {
          int connection = connect_to (address);

          going = answer (connection, connection < 0 ? errno : 0);
          if (connection >= 0)
            close (connection);
        }
    }
  _exit (0);
}

/* The worker. */

static gboolean
fail (GError **error, int code)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
  return FALSE;
}

HubConnector *
hub_connector_new (const char *socket, char *arguments, gsize size, GError **error)
{
  g_autoptr (HubConnector) self = g_object_new (HUB_TYPE_CONNECTOR, NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int pair[2] = { -1, -1 };
  pid_t child;

  if (strlen (socket) >= sizeof address.sun_path)
    {
      fail (error, ENAMETOOLONG);
      return NULL;
    }
  g_strlcpy (address.sun_path, socket, sizeof address.sun_path);
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    {
      fail (error, errno);
      return NULL;
    }
  child = fork ();
  if (child == 0)
    {
      if (arguments != NULL)
        memset (arguments, 0, size);
      serve (pair[1], &address);
    }
  close (pair[1]);
  self->fd = pair[0];
  self->process = child > 0 ? pidfd_open (getpid (), 0) : -1;
  if (self->process < 0)
    {
      fail (error, errno);
      return NULL;
    }
  return g_unix_set_fd_nonblocking (self->fd, TRUE, error) ? g_steal_pointer (&self) : NULL;
}

/* @fd: (inout): the connection, -1 for none. Returns the error's number. */
static int
receive (HubConnector *self, int *fd)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control;
  int code = 0;
  struct iovec data = { &code, sizeof code };
  struct msghdr message = { .msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space };
  gssize n = recvmsg (self->fd, &message, MSG_CMSG_CLOEXEC);

  if (n < 0)
    return errno;
  if (n != sizeof code)
    return ECONNRESET;
  if (message.msg_controllen >= CMSG_LEN (sizeof (int)) && control.header.cmsg_type == SCM_RIGHTS)
    memcpy (fd, CMSG_DATA (&control.header), sizeof *fd);
  return code == 0 && *fd < 0 ? ECONNRESET : code;
}

static gboolean
on_answer (int fd, GIOCondition condition, gpointer data)
{
  HubConnector *self = data;
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  g_autoptr (GSocket) socket = NULL;
  GError *error = NULL;
  int connection = -1;
  int code = receive (self, &connection);

  self->source = 0;
  if (code != 0)
    fail (&error, code);
  else
    socket = g_socket_new_from_fd (connection, &error);
  if (socket == NULL && connection >= 0)
    close (connection);
  if (socket != NULL)
    g_task_return_pointer (task, g_socket_connection_factory_create_connection (socket),
                           g_object_unref);
  else
    g_task_return_error (task, error);
  return G_SOURCE_REMOVE;
}

void
hub_connector_connect_async (HubConnector *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, hub_connector_connect_async);
  if (self->task != NULL)
    fail (&error, EINPROGRESS);
  else if (send (self->fd, "", 1, MSG_NOSIGNAL) != 1)
    fail (&error, errno);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  self->task = g_steal_pointer (&task);
  self->source = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_answer, self);
}

GSocketConnection *
hub_connector_connect_finish (HubConnector *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_connector_connect_async)
                            && g_task_is_valid (result, self),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

int
hub_connector_get_process (HubConnector *self)
{
  return self->process;
}

static void
hub_connector_finalize (GObject *object)
{
  HubConnector *self = HUB_CONNECTOR (object);

  g_clear_handle_id (&self->source, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  if (self->process >= 0)
    close (self->process);
  G_OBJECT_CLASS (hub_connector_parent_class)->finalize (object);
}

static void
hub_connector_class_init (HubConnectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_connector_finalize;
}

static void
hub_connector_init (HubConnector *self)
{
  self->fd = self->process = -1;
}
