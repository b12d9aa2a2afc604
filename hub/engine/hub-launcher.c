/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts and ends processes of workers: as children, or by systemd. */
#include "hub-launcher.h"

#include "hub-file.h"
#include "hub-launch.h"
#include "hub-log.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct _HubLauncher
{
  GObject parent_instance;

  char *program, *socket, *user;
  uid_t uid;
  gid_t gid;
};

G_DEFINE_FINAL_TYPE (HubLauncher, hub_launcher, G_TYPE_OBJECT)

static gboolean
fail (GError **error, const char *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

gboolean
hub_launcher_find_user (HubLauncher *self, GError **error)
{
  const struct passwd *entry = self->socket != NULL ? getpwnam (self->user) : NULL;

  self->uid = entry != NULL ? entry->pw_uid : geteuid ();
  self->gid = entry != NULL ? entry->pw_gid : getegid ();
  if (self->socket != NULL && entry == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no user “%s”", self->user);
  return self->socket == NULL || entry != NULL;
}

gboolean
hub_launcher_share_socket (HubLauncher *self, const char *path, GError **error)
{
  if (self->socket != NULL && chown (path, (uid_t) -1, self->gid) != 0)
    return fail (error, path);
  if (chmod (path, self->socket != NULL ? 0660 : 0600) != 0)
    return fail (error, path);
  return TRUE;
}

uid_t
hub_launcher_get_user (HubLauncher *self)
{
  return self->uid;
}

/* Starting. */

/* What has to be there when a worker begins. */
typedef struct
{
  int directory, log;
} Place;

static void
place_clear (Place *place)
{
  close_fd (&place->directory);
  close_fd (&place->log);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

/* Another user's worker has the directory by its group, and what is in it from one that was the
 * hub's child. The hub goes on to own it, so that it can remove everything. */
static gboolean
share_directory (HubLauncher *self, int directory)
{
  static const char *const kept[] = { "spool", "checkpoint" };

  if (fchown (directory, (uid_t) -1, self->gid) != 0 || fchmod (directory, 0770) != 0)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++)
    if (fchownat (directory, kept[i], (uid_t) -1, self->gid, AT_SYMLINK_NOFOLLOW) != 0
        && errno != ENOENT && errno != EPERM)
      return FALSE;
  return TRUE;
}

static gboolean
open_place (HubLauncher *self, const char *path, Place *place, GError **error)
{
  *place = (Place){ -1, -1 };
  if (!hub_file_make_directory (path, 0700, error))
    return FALSE;
  place->directory = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (place->directory >= 0 && (self->socket == NULL || share_directory (self, place->directory)))
    place->log = openat (place->directory, "worker.log",
                         O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  return place->log >= 0 || fail (error, path);
}

static GStrv
list_words (const char *const *before, const HubOrder *order, const char *directory)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_addv (builder, (const char **) before);
  g_strv_builder_add_many (
      builder, "--session", order->session, "--directory", directory, "--socket", order->socket,
      "--plugin", order->plugin, "--module", order->module, "--link-address", order->link_address,
      order->media_address != NULL ? "--media-address" : NULL, order->media_address, NULL);
  for (guint i = 0; order->programs != NULL && order->programs[i] != NULL; i++)
    g_strv_builder_add_many (builder, "--program", order->programs[i], NULL);
  return g_strv_builder_end (builder);
}

static void
own_session (gpointer data)
{
  setsid ();
}

/* The token on standard input: no other program can read it there. */
static int
token_fd (const char *token)
{
  int fd = memfd_create ("karez-token", MFD_CLOEXEC);

  if (fd >= 0
      && (write (fd, token, strlen (token)) != (gssize) strlen (token)
          || lseek (fd, 0, SEEK_SET) != 0))
    close_fd (&fd);
  return fd;
}

static gboolean
spawn (HubLauncher *self, const HubOrder *order, Place *place, int *pidfd, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  const char *const program[] = { self->program, NULL };
  g_auto (GStrv) words = list_words (program, order, order->directory);
  g_autoptr (GSubprocess) process = NULL;
  int input = token_fd (order->token), errors = fcntl (place->log, F_DUPFD_CLOEXEC, 3);
  const char *identifier = NULL;

  if (input < 0 || errors < 0)
    {
      fail (error, order->directory);
      close_fd (&input);
      close_fd (&errors);
      return FALSE;
    }
  /* A pipe would break when the hub dies; a file does not. */
  g_subprocess_launcher_take_stdin_fd (launcher, input);
  g_subprocess_launcher_take_stdout_fd (launcher, g_steal_fd (&place->log));
  g_subprocess_launcher_take_stderr_fd (launcher, errors);
  g_subprocess_launcher_set_child_setup (launcher, own_session, NULL, NULL);
  g_subprocess_launcher_unsetenv (launcher, "NOTIFY_SOCKET");
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) words, error);
  if (process == NULL)
    return FALSE;
  identifier = g_subprocess_get_identifier (process);
  *pidfd = identifier != NULL ? pidfd_open ((int) g_ascii_strtoll (identifier, NULL, 10), 0) : -1;
  return TRUE;
}

static GSocket *
connect_to_launcher (HubLauncher *self, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->socket);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_SEQPACKET,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  return g_socket_connect (socket, address, NULL, error) ? g_steal_pointer (&socket) : NULL;
}

static GSocket *
ask (HubLauncher *self, const HubOrder *order, const Place *place, GError **error)
{
  g_autoptr (GSocket) socket = connect_to_launcher (self, error);
  const char *const before[] = { HUB_LAUNCH_START, order->token, NULL };
  g_auto (GStrv) words = list_words (before, order, ".");
  const int fds[] = { place->directory, place->log, order->former };

  if (socket == NULL
      || !hub_launch_send (socket, (const char *const *) words, fds, order->former >= 0 ? 3 : 2,
                           error))
    return NULL;
  return g_steal_pointer (&socket);
}

gboolean
hub_launcher_start (HubLauncher *self, const HubOrder *order, int *pidfd, GSocket **answer,
                    GError **error)
{
  g_auto (Place) place = { -1, -1 };

  *pidfd = -1;
  *answer = NULL;
  if (!open_place (self, order->directory, &place, error))
    return FALSE;
  if (self->socket == NULL)
    return spawn (self, order, &place, pidfd, error);
  *answer = ask (self, order, &place, error);
  return *answer != NULL;
}

int
hub_launcher_take_answer (GSocket *answer, GError **error)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_auto (GStrv) words = hub_launch_receive (answer, &fds, error);

  if (words == NULL)
    return -1;
  if (!g_str_equal (words[0], HUB_LAUNCH_STARTED) || g_unix_fd_list_get_length (fds) != 1)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the answer has no process");
      return -1;
    }
  return g_unix_fd_list_get (fds, 0, error);
}

void
hub_launcher_end (HubLauncher *self, int pidfd)
{
  static const char *const words[] = { HUB_LAUNCH_END, NULL };
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;

  if (pidfd_send_signal (pidfd, SIGKILL, NULL, 0) == 0 || errno != EPERM)
    return;
  socket = self->socket != NULL ? connect_to_launcher (self, &error) : NULL;
  if (socket == NULL || !hub_launch_send (socket, words, &pidfd, 1, &error))
    hub_warning ("worker", NULL, "A worker of another user cannot be ended: %s",
                 error != NULL ? error->message : "there is no launcher");
}

HubLauncher *
hub_launcher_new (const char *program, const char *socket, const char *user)
{
  HubLauncher *self = g_object_new (HUB_TYPE_LAUNCHER, NULL);

  self->program = g_strdup (program);
  self->socket = g_strdup (socket);
  self->user = g_strdup (user);
  return self;
}

static void
hub_launcher_finalize (GObject *object)
{
  HubLauncher *self = HUB_LAUNCHER (object);

  g_free (self->program);
  g_free (self->socket);
  g_free (self->user);
  G_OBJECT_CLASS (hub_launcher_parent_class)->finalize (object);
}

static void
hub_launcher_class_init (HubLauncherClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_launcher_finalize;
}

static void
hub_launcher_init (HubLauncher *self)
{
  self->uid = geteuid ();
  self->gid = getegid ();
}
