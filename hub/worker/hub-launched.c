/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker does that systemd started: takes the hub's order. */
#include "hub-launched.h"

#include "hub-launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* The hub's patience ends after 10 s. */
#define HUB_S 5
#define END_MS 5000

static gboolean
fail (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

/* Returns when it is gone: two processes must not write one spool. */
static gboolean
end_process (int pidfd, GError **error)
{
  struct pollfd ended = { .fd = pidfd, .events = POLLIN };
  int n;

  /* One of the hub's user may not be, and has been by the hub. */
  pidfd_send_signal (pidfd, SIGKILL, NULL, 0);
  do
    /* nocheck:blocked -- there is no loop yet, and nothing to do before this */
    n = poll (&ended, 1, END_MS);
  while (n < 0 && errno == EINTR);
  if (n == 0)
    errno = ETIMEDOUT;
  return n > 0 || fail (error, "the process does not end");
}

static gboolean
tell_process (GSocket *socket, GError **error)
{
  static const char *const words[] = { HUB_LAUNCH_STARTED, NULL };
  int pidfd = pidfd_open (getpid (), 0);
  gboolean told = pidfd >= 0 ? hub_launch_send (socket, words, &pidfd, 1, error)
                             : fail (error, "no pidfd of this process");

  if (pidfd >= 0)
    close (pidfd);
  return told;
}

/* @fds: the directory, the log, and perhaps the process before */
static gboolean
take_place (const int *fds, int n_fds, GError **error)
{
  if (n_fds == 3 && !end_process (fds[2], error))
    return FALSE;
  if (fchdir (fds[0]) != 0)
    return fail (error, "the session's directory");
  if (dup2 (fds[1], STDOUT_FILENO) < 0 || dup2 (fds[1], STDERR_FILENO) < 0)
    return fail (error, "the session's log");
  /* The hub reads what this user keeps, as a member of its group. */
  umask (0007);
  return TRUE;
}

/* Standard input, of which nothing is left for others. */
static GSocket *
take_input (GError **error)
{
  int connection = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  GSocket *socket = NULL;

  if (connection < 0 || null < 0 || dup2 (null, STDIN_FILENO) < 0)
    fail (error, "standard input");
  else
    socket = g_socket_new_from_fd (connection, error);
  if (socket == NULL && connection >= 0)
    close (connection);
  if (null >= 0)
    close (null);
  return socket;
}

GStrv
hub_launched_take (char **token, GError **error)
{
  g_autoptr (GSocket) socket = take_input (error);
  g_autoptr (GUnixFDList) list = NULL;
  g_auto (GStrv) words = NULL;
  const int *fds = NULL;
  int n_fds = 0;

  if (socket == NULL)
    return NULL;
  g_socket_set_timeout (socket, HUB_S);
  words = hub_launch_receive (socket, &list, error);
  if (words == NULL)
    return NULL;
  fds = g_unix_fd_list_peek_fds (list, &n_fds);
  if (g_str_equal (words[0], HUB_LAUNCH_END) && words[1] == NULL && n_fds == 1)
    return end_process (fds[0], error) ? g_new0 (char *, 1) : NULL;
  if (!g_str_equal (words[0], HUB_LAUNCH_START) || g_strv_length (words) < 3 || n_fds < 2
      || n_fds > 3)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "the hub's order is unknown");
      return NULL;
    }
  /* The hub knows the process before it hears anything else of it. */
  if (!tell_process (socket, error) || !take_place (fds, n_fds, error))
    return NULL;
  *token = g_steal_pointer (&words[1]);
  words[1] = g_strdup (g_get_prgname ());
  return g_strdupv (words + 1);
}
