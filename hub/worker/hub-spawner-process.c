/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process beside a worker that starts its session's programs. */
#include "hub-confine-program.h"
#include "hub-log.h"
#include "hub-spawner-private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The channel's descriptor in a program. */
#define CHANNEL 3
#define FIRST_FREE 16
#define MAX_LINE 400
/* What a program may write to the log. */
#define MAX_LINES 60u
/* What is looked at again: the end of a process that somebody else watches by ptrace(), and output
 * of one that says too much. */
#define AGAIN_MS 20
/* Of one that writes more, 4 KiB are read in this time: reading costs something, too. */
#define QUIET_US (20 * 1000)
#define WINDOW_US (60 * G_USEC_PER_SEC)

typedef struct
{
  const HubPluginProgram *program;
  pid_t pid;    /* 0 for none */
  guint number; /* of the start that it is of */
  int pidfd, output;
  gboolean late; /* it has ended, and cannot be waited for yet */
  char line[MAX_LINE];
  gsize length;
  guint n_lines; /* in this window */
  gint64 quiet;  /* until when it is not read, as it says too much */
  gint64 window;

  guint next; /* the number of a start that waits for the end of this one; 0 for none */
  int next_channel;
} Child;

typedef struct
{
  int requests, null;
  const char *subject;
  GPtrArray *programs;
  Child children[HUB_PLUGIN_MAX_PROGRAMS];
} Spawner;

/* In the new process. */

/* What a program may know of where it runs. */
static GStrv
list_environment (void)
{
  static const char *const names[] = { "LANG",         "LC_ALL",
                                       "TZ",           "LD_LIBRARY_PATH",
                                       "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                       "LSAN_OPTIONS", "GST_DEBUG" };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, "PATH=/usr/bin:/bin");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = g_getenv (names[i]);
      g_autofree char *entry = value != NULL ? g_strdup_printf ("%s=%s", names[i], value) : NULL;

      if (entry != NULL)
        g_strv_builder_add (builder, entry);
    }
  return g_strv_builder_end (builder);
}

static gboolean
take_descriptors (int null, int output, int channel)
{
  /* None of them is where another one belongs. */
  int input = fcntl (null, F_DUPFD, FIRST_FREE), out = fcntl (output, F_DUPFD, FIRST_FREE),
      way = fcntl (channel, F_DUPFD, FIRST_FREE);

  return input >= 0 && out >= 0 && way >= 0 && dup2 (input, STDIN_FILENO) >= 0
         && dup2 (out, STDOUT_FILENO) >= 0 && dup2 (out, STDERR_FILENO) >= 0
         && dup2 (way, CHANNEL) >= 0 && close_range (CHANNEL + 1, ~0u, 0) == 0;
}

static void G_GNUC_NORETURN
become (const Spawner *self, const HubPluginProgram *program, int channel, int output, pid_t parent)
{
  char *arguments[] = { program->path, NULL };
  GStrv environment = list_environment ();
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  for (int i = 1; i < NSIG; i++)
    signal (i, SIG_DFL);
  setsid ();
  prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid () == parent && take_descriptors (self->null, output, channel)
      && hub_confine_program (program))
    execve (program->path, arguments, environment);
  dprintf (STDERR_FILENO, "cannot begin: %s\n", g_strerror (errno));
  _exit (127);
}

/* The log. */

static void
write_line (Spawner *self, Child *child)
{
  gint64 now = g_get_monotonic_time ();

  if (now - child->window >= WINDOW_US)
    {
      child->window = now;
      child->n_lines = 0;
    }
  child->n_lines++;
  if (child->length > 0 && child->n_lines <= MAX_LINES)
    hub_notice ("program", self->subject, "%s: %.*s", child->program->name, (int) child->length,
                child->line);
  else if (child->n_lines == MAX_LINES + 1)
    hub_warning ("program", self->subject, "%s: more lines of this minute are left out.",
                 child->program->name);
  child->length = 0;
}

/* FALSE once nothing is there. */
static gboolean
read_output (Spawner *self, Child *child)
{
  char bytes[4096];
  gssize n = read (child->output, bytes, sizeof bytes);

  if (child->n_lines > MAX_LINES)
    child->quiet = g_get_monotonic_time () + QUIET_US;
  for (gssize i = 0; i < n; i++)
    if (bytes[i] == '\n')
      write_line (self, child);
    else if (child->length < MAX_LINE)
      child->line[child->length++] = bytes[i];
  return n > 0;
}

/* Programs. */

static void
tell (Spawner *self, HubSpawnerWhat what, guint program, guint number, int value)
{
  const HubSpawnerPacket packet = { what, program, number, value };
  gssize n;

  do
    n = send (self->requests, &packet, sizeof packet, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n != sizeof packet)
    _exit (0);
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* Returns 0, or the error's number. */
static int
make_process (Spawner *self, Child *child, int channel)
{
  pid_t own = getpid ();
  int pipe_ends[2] = { -1, -1 };

  if (channel < 0)
    return EBADF;
  if (pipe2 (pipe_ends, O_CLOEXEC) < 0)
    return errno;
  child->pid = fork ();
  if (child->pid == 0)
    become (self, child->program, channel, pipe_ends[1], own);
  close (pipe_ends[1]);
  child->output = pipe_ends[0];
  child->pidfd = child->pid > 0 ? pidfd_open (child->pid, 0) : -1;
  if (child->pidfd >= 0 && fcntl (child->output, F_SETFL, O_NONBLOCK) == 0)
    return 0;
  if (child->pid > 0)
    {
      kill (child->pid, SIGKILL);
      waitpid (child->pid, NULL, 0);
    }
  close_fd (&child->output);
  close_fd (&child->pidfd);
  child->pid = 0;
  return ECHILD;
}

static void
start (Spawner *self, guint index, guint number, int channel)
{
  Child *child = &self->children[index];
  int code = make_process (self, child, channel);

  child->number = number;
  tell (self, code == 0 ? HUB_SPAWNER_STARTED : HUB_SPAWNER_REFUSED, index, number,
        code == 0 ? child->pid : code);
}

/* There is one process of each program: what comes next waits for it. */
static void
put_off (Spawner *self, guint index, guint number, int channel)
{
  Child *child = &self->children[index];

  if (child->next != 0)
    tell (self, HUB_SPAWNER_REFUSED, index, child->next, ECANCELED);
  close_fd (&child->next_channel);
  child->next = number;
  child->next_channel = fcntl (channel, F_DUPFD_CLOEXEC, 0);
  kill (child->pid, SIGKILL);
}

/* FALSE if it cannot be waited for yet. */
static gboolean
end (Spawner *self, guint index)
{
  Child *child = &self->children[index];
  int status = 0;

  if (waitpid (child->pid, &status, WNOHANG) == 0)
    return FALSE;
  while (read_output (self, child))
    continue;
  if (child->length > 0)
    write_line (self, child);
  close_fd (&child->output);
  close_fd (&child->pidfd);
  child->pid = 0;
  tell (self, HUB_SPAWNER_ENDED, index, child->number, status);
  if (child->next != 0)
    start (self, index, child->next, child->next_channel);
  child->next = 0;
  close_fd (&child->next_channel);
  return TRUE;
}

/* Nobody waits for it any more. */
static void
drop_next (Spawner *self, guint index)
{
  Child *child = &self->children[index];

  if (child->next != 0)
    tell (self, HUB_SPAWNER_REFUSED, index, child->next, ECANCELED);
  close_fd (&child->next_channel);
  child->next = 0;
}

/* Requests. */

/* @fd: (out): -1 for none */
static gssize
receive (int requests, HubSpawnerPacket *packet, int *fd)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control;
  struct iovec data = { packet, sizeof *packet };
  struct msghdr message = { .msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space };
  gssize n = recvmsg (requests, &message, MSG_CMSG_CLOEXEC);

  *fd = -1;
  if (n >= 0 && message.msg_controllen >= CMSG_LEN (sizeof (int))
      && control.header.cmsg_type == SCM_RIGHTS)
    {
      guint n_fds = (guint) ((control.header.cmsg_len - CMSG_LEN (0)) / sizeof (int));

      memcpy (fd, CMSG_DATA (&control.header), sizeof *fd);
      /* There is room for more than was asked for. */
      for (guint i = 1; i < n_fds; i++)
        {
          int other;

          memcpy (&other, CMSG_DATA (&control.header) + i * sizeof other, sizeof other);
          close (other);
        }
    }
  return n;
}

static void
obey (Spawner *self)
{
  HubSpawnerPacket packet = { 0 };
  int channel = -1;
  gssize n = receive (self->requests, &packet, &channel);

  /* Its programs end with it. */
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
    _exit (0);
  if (n == sizeof packet && packet.program < self->programs->len)
    {
      Child *child = &self->children[packet.program];

      if (packet.what == HUB_SPAWNER_START && child->pid == 0)
        start (self, packet.program, packet.number, channel);
      else if (packet.what == HUB_SPAWNER_START)
        put_off (self, packet.program, packet.number, channel);
      else if (packet.what == HUB_SPAWNER_KILL && child->pid != 0 && child->number == packet.number)
        kill (child->pid, SIGKILL);
      else if (packet.what == HUB_SPAWNER_KILL && child->next == packet.number)
        drop_next (self, packet.program);
    }
  close_fd (&channel);
}

/* What is looked at: of each program its end and its output. Returns: for how long, in ms; -1:
 * until something happens */
static int
list_watched (Spawner *self, struct pollfd *ends, struct pollfd *outputs)
{
  gint64 now = g_get_monotonic_time ();
  int wait = -1;

  for (guint i = 0; i < self->programs->len; i++)
    {
      const Child *child = &self->children[i];
      gboolean quiet = child->quiet > now;

      ends[i] = (struct pollfd){ child->late ? -1 : child->pidfd, POLLIN, 0 };
      outputs[i] = (struct pollfd){ quiet ? -1 : child->output, POLLIN, 0 };
      if (child->late || (quiet && child->output >= 0))
        wait = AGAIN_MS;
    }
  return wait;
}

static void
turn (Spawner *self)
{
  struct pollfd fds[1 + 2 * HUB_PLUGIN_MAX_PROGRAMS] = { { self->requests, POLLIN, 0 } };
  guint n = self->programs->len;
  struct pollfd *ends = fds + 1, *outputs = ends + n;
  int wait = list_watched (self, ends, outputs);

  /* nocheck:blocked -- a process of its own, which only waits */
  if (poll (fds, 1 + 2 * n, wait) < 0)
    return;
  for (guint i = 0; i < n; i++)
    {
      /* Whoever closes its output is not looked at any more until it ends. */
      if (outputs[i].revents != 0 && !read_output (self, &self->children[i]))
        close_fd (&self->children[i].output);
      if (ends[i].revents != 0 || self->children[i].late)
        self->children[i].late = !end (self, i);
    }
  if (fds[0].revents != 0)
    obey (self);
}

static void
become_first_victim (void)
{
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  if (fd >= 0 && write (fd, "500", 3) != 3)
    hub_warning ("program", NULL, "The score of programs for want of memory is not set: %s",
                 g_strerror (errno));
  close_fd (&fd);
}

void
hub_spawner_serve (int requests, GPtrArray *programs, const char *subject)
{
  Spawner self = { .requests = requests, .subject = subject, .programs = programs };

  self.null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  for (guint i = 0; i < G_N_ELEMENTS (self.children); i++)
    {
      self.children[i].pidfd = self.children[i].output = self.children[i].next_channel = -1;
      if (i < programs->len)
        self.children[i].program = g_ptr_array_index (programs, i);
    }
  signal (SIGINT, SIG_IGN);
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  prctl (PR_SET_NAME, "karez-programs", 0, 0, 0);
  /* Memory that is short is taken from programs first, not from whom the worker's own score
   * (OOMScoreAdjust=) puts behind it. */
  become_first_victim ();
  hub_confine_spawner (programs, subject);
  for (;;)
    turn (&self);
}
