/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live half that tries to get out of its worker's confinement. */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct
{
  const char *where; /* before each name */
  JsonObject *about, *refused, *needed;
} Try;

static void
note (Try *self, JsonObject *into, const char *name, const char *of, long result)
{
  int code = errno;
  g_autofree char *key = g_strconcat (self->where, name, of, NULL);

  json_object_set_int_member (into, key, result < 0 ? code : 0);
}

/* The same of what gives a descriptor. */
static void
note_fd (Try *self, JsonObject *into, const char *name, const char *of, int fd)
{
  note (self, into, name, of, fd);
  if (fd >= 0)
    close (fd);
}

static void
try_foreign (Try *self, const char *path)
{
  note_fd (self, self->refused, "read ", path, open (path, O_RDONLY | O_CLOEXEC));
  note_fd (self, self->refused, "write ", path, open (path, O_WRONLY | O_APPEND | O_CLOEXEC));
}

static void
try_file (Try *self, const char *path)
{
  const char *directory = json_object_get_string_member (self->about, "directory");
  g_autofree char *here = g_build_filename (directory, "stolen", NULL);
  const struct timespec times[2] = { { 0 }, { 0 } };

  try_foreign (self, path);
  note_fd (self, self->refused, "empty ", path, open (path, O_RDONLY | O_TRUNC | O_CLOEXEC));
  note (self, self->refused, "truncate ", path, truncate (path, 0));
  note (self, self->refused, "chmod ", path, chmod (path, 0777));
  note (self, self->refused, "chown ", path, chown (path, getuid (), getgid ()));
  note (self, self->refused, "utimens ", path, utimensat (AT_FDCWD, path, times, 0));
  note (self, self->refused, "link ", path, link (path, here));
  note (self, self->refused, "rename ", path, rename (path, here));
  note (self, self->refused, "unlink ", path, unlink (path));
  note_fd (self, self->refused, "handle ", path,
           (int) syscall (SYS_name_to_handle_at, AT_FDCWD, path, NULL, NULL, 0));
}

static int
connect_to (const char *path, gboolean abstract)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  g_strlcpy (address.sun_path + abstract, path, sizeof address.sun_path - 1);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  close (fd);
  return -1;
}

static void
try_sockets (Try *self)
{
  int pair[2];

  note_fd (self, self->refused, "abstract socket", "", connect_to ("nobody", TRUE));
  note_fd (self, self->refused, "TCP", "", socket (AF_INET, SOCK_STREAM, 0));
  note_fd (self, self->refused, "TCP, IPv6", "", socket (AF_INET6, SOCK_STREAM, 0));
  note_fd (self, self->refused, "raw socket", "", socket (AF_INET, SOCK_RAW, IPPROTO_UDP));
  note_fd (self, self->refused, "packet socket", "", socket (AF_PACKET, SOCK_DGRAM, 0));
  note_fd (self, self->refused, "crypto socket", "", socket (AF_ALG, SOCK_SEQPACKET, 0));
  note_fd (self, self->refused, "audit socket", "", socket (AF_NETLINK, SOCK_RAW, 9));
  note (self, self->refused, "socket pair", "", socketpair (AF_UNIX, SOCK_STREAM, 0, pair));
}

static void
try_process (Try *self)
{
  pid_t victim = (pid_t) json_object_get_int_member (self->about, "victim");
  char byte = 0;
  struct iovec local = { &byte, 1 }, remote = { &byte, 1 };
  struct rlimit limit = { 64, 64 };
  cpu_set_t cpus;
  const struct sched_param ordinary = { 0 };
  int own;

  CPU_ZERO (&cpus);
  CPU_SET (0, &cpus);
  note (self, self->refused, "signal", "", kill (victim, 0));
  note (self, self->refused, "signal to all", "", kill (-1, 0));
  note (self, self->refused, "signal to a thread", "", syscall (SYS_tgkill, victim, victim, 0));
  note (self, self->refused, "trace", "", ptrace (PTRACE_SEIZE, victim, NULL, NULL));
  note (self, self->refused, "memory", "", process_vm_readv (victim, &local, 1, &remote, 1, 0));
  note_fd (self, self->refused, "pidfd", "", (int) syscall (SYS_pidfd_open, victim, 0));
  note (self, self->refused, "limits", "", prlimit (victim, RLIMIT_NOFILE, NULL, &limit));
  note (self, self->refused, "processors", "", sched_setaffinity (victim, sizeof cpus, &cpus));
  note (self, self->refused, "priority", "", setpriority (PRIO_PROCESS, (id_t) victim, 19));
  note (self, self->refused, "scheduling", "", sched_setscheduler (victim, SCHED_BATCH, &ordinary));
  note (self, self->needed, "own scheduling", "",
        sched_setscheduler (0, SCHED_OTHER | SCHED_RESET_ON_FORK, &ordinary));
  own = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC);
  note (self, self->refused, "signals of a descriptor", "", fcntl (own, F_SETOWN, victim));
  close (own);
}

static void
try_kernel (Try *self)
{
  const char *directory = json_object_get_string_member (self->about, "directory");
  union bpf_attr program = { 0 };
  struct io_uring_params ring = { 0 };
  struct perf_event_attr event = { .size = sizeof event };
  char shell[] = "sh", option[] = "-c", line[] = "exit 0";
  char *arguments[] = { shell, option, line, NULL }, *environment[] = { NULL };
  pid_t child;

  note (self, self->refused, "mount", "", mount ("none", directory, "tmpfs", 0, NULL));
  umount2 (directory, MNT_DETACH);
  note (self, self->refused, "namespace", "", unshare (CLONE_NEWUSER));
  note (self, self->refused, "root", "", chroot ("/"));
  note (self, self->refused, "user", "", setuid (getuid ()));
#if !defined(__SANITIZE_ADDRESS__) /* LeakSanitizer needs that */
  note (self, self->refused, "dumpable", "", prctl (PR_SET_DUMPABLE, 1, 0, 0, 0));
#endif
  note_fd (self, self->refused, "BPF", "",
           (int) syscall (SYS_bpf, BPF_MAP_CREATE, &program, sizeof program));
  note_fd (self, self->refused, "io_uring", "", (int) syscall (SYS_io_uring_setup, 4, &ring));
  note_fd (self, self->refused, "userfaultfd", "", (int) syscall (SYS_userfaultfd, O_CLOEXEC));
  note_fd (self, self->refused, "perf", "",
           (int) syscall (SYS_perf_event_open, &event, 0, -1, -1, 0));
  note (self, self->refused, "keys", "", syscall (SYS_keyctl, 0, -3, 1));
  child = (pid_t) syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
  if (child == 0)
    _exit (0);
  note (self, self->refused, "process", "", child);
  note (self, self->refused, "program", "", execve ("/bin/sh", arguments, environment));
}

/* Memory for a program, whose size stays what it is. */
static int
make_memory (void)
{
  int fd = memfd_create ("escape", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  if (fd >= 0 && ftruncate (fd, 4096) == 0
      && fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* What a session cannot do without. */
static void
try_needed (Try *self)
{
  const char *directory = json_object_get_string_member (self->about, "directory");
  g_autofree char *first = g_build_filename (directory, "first", NULL);
  g_autofree char *second = g_build_filename (directory, "second", NULL);
  struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  struct ifaddrs *interfaces = NULL;
  int udp = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  note_fd (self, self->needed, "create a file", "",
           open (first, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  note (self, self->needed, "replace a file", "", rename (first, second));
  note_fd (self, self->needed, "read a file", "", open (second, O_RDONLY | O_CLOEXEC));
  note (self, self->needed, "remove a file", "", unlink (second));
  note_fd (self, self->needed, "list files", "", open (directory, O_RDONLY | O_DIRECTORY));
  note (self, self->needed, "bind UDP", "", bind (udp, (struct sockaddr *) &here, sizeof here));
  note_fd (self, self->needed, "UDP", "", udp);
  note (self, self->needed, "list addresses", "", getifaddrs (&interfaces));
  freeifaddrs (interfaces);
  note_fd (self, self->needed, "sealed memory", "", make_memory ());
  note_fd (self, self->needed, "timer", "", timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC));
}

static gpointer
try_all (gpointer data)
{
  Try *self = data;
  JsonArray *files = json_object_get_array_member (self->about, "files");
  JsonArray *foreign = json_object_get_array_member (self->about, "foreign");
  JsonArray *sockets = json_object_get_array_member (self->about, "sockets");

  try_needed (self);
  for (guint i = 0; i < json_array_get_length (files); i++)
    try_file (self, json_array_get_string_element (files, i));
  for (guint i = 0; i < json_array_get_length (foreign); i++)
    try_foreign (self, json_array_get_string_element (foreign, i));
  for (guint i = 0; i < json_array_get_length (sockets); i++)
    {
      const char *path = json_array_get_string_element (sockets, i);

      note_fd (self, self->refused, "connect ", path, connect_to (path, FALSE));
    }
  try_sockets (self);
  try_process (self);
  try_kernel (self);
  return NULL;
}

JsonObject *
escape_try (JsonObject *about)
{
  JsonObject *result = json_object_new ();
  Try here = { "", about, json_object_new (), json_object_new () };
  Try there = { "in a thread: ", about, here.refused, here.needed };

  try_all (&here);
  g_thread_join (g_thread_new ("escape", try_all, &there));
  json_object_set_object_member (result, "refused", here.refused);
  json_object_set_object_member (result, "needed", here.needed);
  return result;
}
