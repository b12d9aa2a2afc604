/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of a session's programs: its channel, its pulse, its restarts. */
#include "hub-program.h"

#include "hub-catalogue.h"
#include "hub-fds.h"
#include "hub-log.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

/* The pulse: a packet of one zero byte, which the program sends back. */
#define PULSE_MS 1000
#define PULSE_US (5 * G_USEC_PER_SEC)
/* The first one may take longer: libraries are loaded. */
#define FIRST_PULSE_US (15 * G_USEC_PER_SEC)
/* One that has closed its channel has that long to end. */
#define CLOSED_MS 500
/* What is read in one turn, and in a tenth of a second, and how long that may take of it: the rest
 * waits with who sends it. */
#define MAX_TURN 16u
#define WINDOW_MS 100
#define MAX_WINDOW 200u
#define MAX_WINDOW_US (25 * 1000)
/* Restarts. */
#define RESTARTS_US (60 * G_USEC_PER_SEC)
#define RESTART_MS 100u
#define MAX_RESTART_MS 3200u

struct _HubProgram
{
  GObject parent_instance;

  HubSpawner *spawner; /* NULL once it is over */
  guint index, number; /* the program's, and its process's */
  char *name, *subject;
  guint max_restarts;

  int fd; /* our end of the channel; -1 for none */
  gboolean running;
  const char *reason; /* why it was asked to end; NULL if it was not */
  gint64 alive;       /* when it answered last, or began */
  gint64 looked;      /* when that was looked at last */
  gboolean answered;
  guint n_read;                           /* in this window */
  gint64 time_read;                       /* what it took, in µs */
  guint readable, window, pulse, restart; /* sources */
  gint64 restarted[20];                   /* when; the newest at next */
  guint next, n_in_row;
};

static void program_iface_init (KarezProgramInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubProgram, hub_program, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PROGRAM, program_iface_init))

G_STATIC_ASSERT (KAREZ_PROGRAM_MAX_FDS <= HUB_FDS_MAX);

static const char pulse[1] = { 0 };

static void
close_channel (HubProgram *self)
{
  self->running = FALSE;
  g_clear_handle_id (&self->readable, g_source_remove);
  g_clear_handle_id (&self->window, g_source_remove);
  g_clear_handle_id (&self->pulse, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

/* It ends at once; that is told when it has. */
static void
kill_it (HubProgram *self, const char *reason)
{
  if (self->reason != NULL)
    return;
  self->reason = reason;
  close_channel (self);
  hub_spawner_kill (self->spawner, self->index, self->number);
}

/* What it says. */

static gboolean on_readable (int fd, GIOCondition condition, gpointer data);

static void
watch (HubProgram *self)
{
  self->readable = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, self);
}

static gboolean
on_window (gpointer data)
{
  HubProgram *self = data;

  self->n_read = 0;
  self->time_read = 0;
  self->window = 0;
  if (self->readable == 0)
    watch (self);
  return G_SOURCE_REMOVE;
}

static gboolean
may_read (HubProgram *self)
{
  return self->n_read < MAX_WINDOW && self->time_read < MAX_WINDOW_US;
}

static void
take (HubProgram *self, const guint8 *data, gsize size)
{
  g_autoptr (GBytes) message = NULL;

  if (size == sizeof pulse && data[0] == pulse[0])
    {
      self->alive = g_get_monotonic_time ();
      self->answered = TRUE;
      return;
    }
  message = g_bytes_new (data, size);
  g_signal_emit_by_name (self, "message", message);
}

/* It did not end by that. */
static gboolean
on_closed (gpointer data)
{
  HubProgram *self = data;

  self->pulse = 0;
  kill_it (self, "it closed its channel");
  return G_SOURCE_REMOVE;
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (HubProgram) self = g_object_ref (data);
  g_autofree guint8 *packet = g_malloc (KAREZ_PROGRAM_MAX_SIZE + 1);
  gint64 began = g_get_monotonic_time ();

  for (guint i = 0; i < MAX_TURN && self->fd == fd && may_read (self); i++)
    {
      /* Descriptors that a program sends are not taken: the kernel closes them. */
      gssize n = recv (fd, packet, KAREZ_PROGRAM_MAX_SIZE + 1, MSG_DONTWAIT | MSG_TRUNC);

      if (n < 0)
        return G_SOURCE_CONTINUE;
      self->n_read++;
      if (n == 0)
        {
          self->readable = 0;
          close_channel (self);
          self->pulse = g_timeout_add (CLOSED_MS, on_closed, self);
          return G_SOURCE_REMOVE;
        }
      if (n <= KAREZ_PROGRAM_MAX_SIZE)
        take (self, packet, (gsize) n);
      else
        kill_it (self, "it sent a message that is too long");
      self->time_read += g_get_monotonic_time () - began;
      began = g_get_monotonic_time ();
    }
  if (self->fd != fd)
    return G_SOURCE_REMOVE;
  if (self->window == 0)
    self->window = g_timeout_add (WINDOW_MS, on_window, self);
  if (may_read (self))
    return G_SOURCE_CONTINUE;
  self->readable = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
on_pulse (gpointer data)
{
  HubProgram *self = data;
  gint64 now = g_get_monotonic_time ();
  gint64 silent;

  /* Nobody is silent while it was this process that did not look. */
  if (now - self->looked > 2 * PULSE_MS * 1000)
    self->alive = now;
  self->looked = now;
  silent = now - self->alive;
  if (silent > (self->answered ? PULSE_US : FIRST_PULSE_US))
    {
      self->pulse = 0;
      kill_it (self, self->answered ? "it did not answer for 5 s" : "it did not answer for 15 s");
      return G_SOURCE_REMOVE;
    }
  /* One that does not fit is answered by the one before it. */
  send (self->fd, pulse, sizeof pulse, MSG_NOSIGNAL | MSG_DONTWAIT);
  return G_SOURCE_CONTINUE;
}

/* Its life. */

static void
begin (HubProgram *self)
{
  int pair[2] = { -1, -1 };

  self->reason = NULL;
  self->answered = FALSE;
  self->n_read = 0;
  self->time_read = 0;
  /* Without it, the process is refused. */
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    hub_warning ("program", self->subject, "%s: no channel: %s", self->name, g_strerror (errno));
  self->fd = pair[0];
  self->number = hub_spawner_start (self->spawner, self->index, pair[1]);
  if (pair[1] >= 0)
    close (pair[1]);
}

static void
on_started (HubSpawner *spawner, guint number, int process, HubProgram *self)
{
  if (number != self->number || self->fd < 0)
    return;
  hub_notice ("program", self->subject, "%s: process %d began.", self->name, process);
  self->running = TRUE;
  self->alive = self->looked = g_get_monotonic_time ();
  watch (self);
  self->pulse = g_timeout_add (PULSE_MS, on_pulse, self);
  g_signal_emit_by_name (self, "started");
}

static gboolean
on_restart (gpointer data)
{
  HubProgram *self = data;

  self->restart = 0;
  begin (self);
  return G_SOURCE_REMOVE;
}

/* Whether another process may take its place: if not too often within a minute. */
static gboolean
may_restart (HubProgram *self)
{
  gint64 now = g_get_monotonic_time ();
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (self->restarted); i++)
    n += self->restarted[i] != 0 && now - self->restarted[i] < RESTARTS_US;
  if (!hub_spawner_is_there (self->spawner) || n >= self->max_restarts)
    return FALSE;
  self->n_in_row = n;
  self->restarted[self->next] = now;
  self->next = (self->next + 1) % G_N_ELEMENTS (self->restarted);
  return TRUE;
}

/* The first at once, those that follow it soon a little later each. */
static guint
delay_of (HubProgram *self)
{
  return self->n_in_row == 0 ? 0 : MIN (RESTART_MS << (self->n_in_row - 1), MAX_RESTART_MS);
}

static void
let_go (HubProgram *self)
{
  close_channel (self);
  g_clear_handle_id (&self->restart, g_source_remove);
  if (self->spawner != NULL)
    g_signal_handlers_disconnect_by_data (self->spawner, self);
  g_clear_object (&self->spawner);
}

static void
end (HubProgram *self, const char *reason)
{
  g_autoptr (HubProgram) guard = g_object_ref (self);
  g_autofree char *why = g_strdup (reason);
  gboolean again = may_restart (self);

  close_channel (self);
  if (again)
    hub_warning ("program", self->subject, "%s: %s. Another process takes its place.", self->name,
                 why);
  else
    hub_warning ("program", self->subject, "%s: %s. It is not started again.", self->name, why);
  if (again)
    self->restart = g_timeout_add (delay_of (self), on_restart, self);
  else
    let_go (self);
  g_signal_emit_by_name (self, "ended", why, again);
}

static void
on_ended (HubSpawner *spawner, guint number, const char *reason, HubProgram *self)
{
  if (number == self->number)
    end (self, self->reason != NULL ? self->reason : reason);
}

static void
on_lost (HubSpawner *spawner, HubProgram *self)
{
  end (self, "the process that starts programs is gone");
}

/* What the live half asks. */

static gboolean
is_running (KarezProgram *program)
{
  return HUB_PROGRAM (program)->running;
}

static gboolean
send_message (KarezProgram *program, GBytes *message, const int *fds, guint n_fds, GError **error)
{
  HubProgram *self = HUB_PROGRAM (program);
  gsize size = 0;
  gconstpointer bytes = g_bytes_get_data (message, &size);

  if (!self->running)
    return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "program/away", NULL,
                            N_ ("The program “%s” is not running."), self->name);
  if (hub_fds_send (self->fd, bytes, size, fds, n_fds, MSG_DONTWAIT) == (gssize) size)
    return TRUE;
  if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
    return karez_error_set (error, KAREZ_ERROR_BUSY, "program/busy", NULL,
                            N_ ("The program “%s” has not read what it was sent before."),
                            self->name);
  return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "program/away", NULL,
                          N_ ("The program “%s” is not running."), self->name);
}

static void
stop (KarezProgram *program)
{
  HubProgram *self = HUB_PROGRAM (program);

  if (self->spawner != NULL && self->restart == 0)
    hub_spawner_kill (self->spawner, self->index, self->number);
  let_go (self);
}

static void
program_iface_init (KarezProgramInterface *iface)
{
  iface->is_running = is_running;
  iface->send = send_message;
  iface->stop = stop;
}

gboolean
hub_program_is_over (HubProgram *self)
{
  return self->spawner == NULL;
}

HubProgram *
hub_program_new (HubSpawner *spawner, const HubPluginProgram *program, guint index,
                 const char *subject)
{
  HubProgram *self = g_object_new (HUB_TYPE_PROGRAM, NULL);

  self->spawner = g_object_ref (spawner);
  self->index = index;
  self->name = g_strdup (program->name);
  self->subject = g_strdup (subject);
  self->max_restarts = program->restarts;
  g_signal_connect (spawner, "started", G_CALLBACK (on_started), self);
  g_signal_connect (spawner, "ended", G_CALLBACK (on_ended), self);
  g_signal_connect (spawner, "lost", G_CALLBACK (on_lost), self);
  begin (self);
  return self;
}

static void
hub_program_dispose (GObject *object)
{
  stop (KAREZ_PROGRAM (object));
  G_OBJECT_CLASS (hub_program_parent_class)->dispose (object);
}

static void
hub_program_finalize (GObject *object)
{
  HubProgram *self = HUB_PROGRAM (object);

  g_free (self->name);
  g_free (self->subject);
  G_OBJECT_CLASS (hub_program_parent_class)->finalize (object);
}

static void
hub_program_class_init (HubProgramClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_program_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_program_finalize;
}

static void
hub_program_init (HubProgram *self)
{
  self->fd = -1;
}
