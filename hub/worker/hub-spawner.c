/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker's end of the process that starts its session's programs. */
#include "hub-spawner.h"

#include "hub-fds.h"
#include "hub-log.h"
#include "hub-spawner-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptor of the process where the worker asks. */
#define REQUESTS 3

struct _HubSpawner
{
  GObject parent_instance;

  GPtrArray *programs;
  char *subject;
  int fd;       /* -1 for none */
  guint number; /* of the newest start */
  guint source, deaf;
};

G_DEFINE_FINAL_TYPE (HubSpawner, hub_spawner, G_TYPE_OBJECT)

enum
{
  STARTED,
  ENDED,
  LOST,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void G_GNUC_NORETURN
begin (int fd, GPtrArray *programs, const char *subject)
{
  int null = open ("/dev/null", O_RDONLY);

  /* The token was on standard input; standard output and error are the session's log. */
  if (null >= 0)
    dup2 (null, STDIN_FILENO);
  if (fd != REQUESTS)
    dup2 (fd, REQUESTS);
  close_range (REQUESTS + 1, ~0u, 0);
  fcntl (REQUESTS, F_SETFD, FD_CLOEXEC);
  hub_spawner_serve (REQUESTS, programs, subject);
}

static gboolean
fail (GError **error)
{
  int code = errno;

  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
  return FALSE;
}

/* What became of a process, in English. Returns: (transfer full) */
static char *
say_end (const HubSpawnerPacket *packet)
{
  if (packet->what == HUB_SPAWNER_REFUSED)
    return g_strdup_printf ("it cannot be started: %s", g_strerror (packet->value));
  if (WIFSIGNALED (packet->value))
    return g_strdup_printf ("it was ended by signal %d (%s)", WTERMSIG (packet->value),
                            strsignal (WTERMSIG (packet->value)));
  return g_strdup_printf ("it ended with status %d", WEXITSTATUS (packet->value));
}

static void
lose (HubSpawner *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  if (self->fd < 0)
    return;
  close (self->fd);
  self->fd = -1;
  hub_warning ("program", self->subject,
               "The process that starts programs is gone; none can be started any more.");
  g_signal_emit (self, signals[LOST], 0);
}

static void
take (HubSpawner *self, const HubSpawnerPacket *packet)
{
  g_autofree char *reason = NULL;

  if (packet->what == HUB_SPAWNER_STARTED)
    {
      g_signal_emit (self, signals[STARTED], 0, packet->number, packet->value);
      return;
    }
  reason = say_end (packet);
  g_signal_emit (self, signals[ENDED], 0, packet->number, reason);
}

static gboolean
on_told (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (HubSpawner) self = g_object_ref (data);
  HubSpawnerPacket packet = { 0 };
  gssize n = recv (fd, &packet, sizeof packet, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n == sizeof packet && packet.program < self->programs->len)
    {
      take (self, &packet);
      return G_SOURCE_CONTINUE;
    }
  self->source = 0;
  lose (self);
  return G_SOURCE_REMOVE;
}

HubSpawner *
hub_spawner_new (GPtrArray *programs, const char *subject, char *arguments, gsize size,
                 GError **error)
{
  g_autoptr (HubSpawner) self = g_object_new (HUB_TYPE_SPAWNER, NULL);
  int pair[2] = { -1, -1 };
  pid_t child;

  self->programs = programs;
  self->subject = g_strdup (subject);
  if (programs->len == 0)
    return g_steal_pointer (&self);
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    {
      fail (error);
      return NULL;
    }
  child = fork ();
  if (child == 0)
    {
      if (arguments != NULL)
        memset (arguments, 0, size);
      begin (pair[1], programs, subject);
    }
  close (pair[1]);
  self->fd = pair[0];
  if (child < 0)
    {
      fail (error);
      return NULL;
    }
  self->source = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_told, self);
  return g_steal_pointer (&self);
}

const HubPluginProgram *
hub_spawner_find (HubSpawner *self, const char *name, guint *index)
{
  for (guint i = 0; i < self->programs->len; i++)
    {
      const HubPluginProgram *program = g_ptr_array_index (self->programs, i);

      if (g_str_equal (program->name, name))
        {
          *index = i;
          return program;
        }
    }
  return NULL;
}

gboolean
hub_spawner_is_there (HubSpawner *self)
{
  return self->fd >= 0;
}

static gboolean
on_deaf (gpointer data)
{
  HubSpawner *self = data;

  self->deaf = 0;
  lose (self);
  return G_SOURCE_REMOVE;
}

/* @fd: -1 for none. A process that does not take it is given up, and its programs with it: they
 * would go on unwatched. */
static void
ask (HubSpawner *self, HubSpawnerWhat what, guint index, guint number, int fd)
{
  const HubSpawnerPacket packet = { what, index, number, 0 };

  if (self->fd >= 0 && self->deaf == 0
      && hub_fds_send (self->fd, &packet, sizeof packet, &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT)
             != sizeof packet)
    self->deaf = g_idle_add (on_deaf, self);
}

guint
hub_spawner_start (HubSpawner *self, guint index, int channel)
{
  self->number = MAX (self->number + 1, 1);
  ask (self, HUB_SPAWNER_START, index, self->number, channel);
  return self->number;
}

void
hub_spawner_kill (HubSpawner *self, guint index, guint number)
{
  ask (self, HUB_SPAWNER_KILL, index, number, -1);
}

static void
hub_spawner_finalize (GObject *object)
{
  HubSpawner *self = HUB_SPAWNER (object);

  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_handle_id (&self->deaf, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->programs, g_ptr_array_unref);
  g_free (self->subject);
  G_OBJECT_CLASS (hub_spawner_parent_class)->finalize (object);
}

static void
hub_spawner_class_init (HubSpawnerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_spawner_finalize;
  signals[STARTED] = g_signal_new ("started", HUB_TYPE_SPAWNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_INT);
  signals[ENDED] = g_signal_new ("ended", HUB_TYPE_SPAWNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
  signals[LOST] = g_signal_new ("lost", HUB_TYPE_SPAWNER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
}

static void
hub_spawner_init (HubSpawner *self)
{
  self->fd = -1;
}
