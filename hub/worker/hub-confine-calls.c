/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a worker and its programs may ask of the kernel: filters of seccomp. */
#include "hub-confine-private.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What packets need, most frequent first. The kernel remembers of these that they are always
 * allowed (since 5.11), and asks no filter. */
static const int frequent[] = {
  SCMP_SYS (sendmmsg),      SCMP_SYS (recvmmsg), SCMP_SYS (epoll_wait), SCMP_SYS (epoll_pwait),
  SCMP_SYS (clock_gettime), SCMP_SYS (ppoll),    SCMP_SYS (poll),       SCMP_SYS (read),
  SCMP_SYS (write),         SCMP_SYS (sendmsg),  SCMP_SYS (recvmsg),    SCMP_SYS (futex),
  SCMP_SYS (sendto),        SCMP_SYS (recvfrom),
};

/* What GLib, its threads, memory, timers, UDP sockets and the spool need, whatever the arguments.
 * Files are opened only as Landlock has it. */
static const int allowed[] = {
  /* descriptors */
  SCMP_SYS (close),
  SCMP_SYS (close_range),
  SCMP_SYS (dup),
  SCMP_SYS (dup2),
  SCMP_SYS (dup3),
  SCMP_SYS (epoll_create),
  SCMP_SYS (epoll_create1),
  SCMP_SYS (epoll_ctl),
  SCMP_SYS (epoll_pwait2),
  SCMP_SYS (eventfd),
  SCMP_SYS (eventfd2),
  SCMP_SYS (lseek),
  SCMP_SYS (memfd_create),
  SCMP_SYS (pipe),
  SCMP_SYS (pipe2),
  SCMP_SYS (pread64),
  SCMP_SYS (preadv),
  SCMP_SYS (preadv2),
  SCMP_SYS (pselect6),
  SCMP_SYS (pwrite64),
  SCMP_SYS (pwritev),
  SCMP_SYS (pwritev2),
  SCMP_SYS (readv),
  SCMP_SYS (select),
  SCMP_SYS (signalfd4),
  SCMP_SYS (timerfd_create),
  SCMP_SYS (timerfd_gettime),
  SCMP_SYS (timerfd_settime),
  SCMP_SYS (writev),
  /* files */
  SCMP_SYS (access),
  SCMP_SYS (faccessat),
  SCMP_SYS (faccessat2),
  SCMP_SYS (fadvise64),
  SCMP_SYS (fallocate),
  SCMP_SYS (fchmod),
  SCMP_SYS (fdatasync),
  SCMP_SYS (flock),
  SCMP_SYS (fstat),
  SCMP_SYS (fstatfs),
  SCMP_SYS (fsync),
  SCMP_SYS (ftruncate),
  SCMP_SYS (getcwd),
  SCMP_SYS (getdents),
  SCMP_SYS (getdents64),
  SCMP_SYS (lstat),
  SCMP_SYS (newfstatat),
  SCMP_SYS (open),
  SCMP_SYS (openat),
  SCMP_SYS (openat2),
  SCMP_SYS (readlink),
  SCMP_SYS (readlinkat),
  SCMP_SYS (rename),
  SCMP_SYS (renameat),
  SCMP_SYS (renameat2),
  SCMP_SYS (stat),
  SCMP_SYS (statfs),
  SCMP_SYS (statx),
  SCMP_SYS (sync_file_range),
  SCMP_SYS (umask),
  SCMP_SYS (unlink),
  SCMP_SYS (unlinkat),
  /* memory */
  SCMP_SYS (brk),
  SCMP_SYS (madvise),
  SCMP_SYS (membarrier),
  SCMP_SYS (mincore),
  SCMP_SYS (mlock),
  SCMP_SYS (mlock2),
  SCMP_SYS (mlockall),
  SCMP_SYS (mmap),
  SCMP_SYS (mprotect),
  SCMP_SYS (mremap),
  SCMP_SYS (msync),
  SCMP_SYS (munlock),
  SCMP_SYS (munlockall),
  SCMP_SYS (munmap),
  /* threads and their scheduling */
  SCMP_SYS (arch_prctl),
  SCMP_SYS (exit),
  SCMP_SYS (exit_group),
  SCMP_SYS (futex_waitv),
  SCMP_SYS (get_robust_list),
  SCMP_SYS (getcpu),
  SCMP_SYS (getpriority),
  SCMP_SYS (gettid),
  SCMP_SYS (restart_syscall),
  SCMP_SYS (rseq),
  SCMP_SYS (sched_get_priority_max),
  SCMP_SYS (sched_get_priority_min),
  SCMP_SYS (sched_getaffinity),
  SCMP_SYS (sched_getattr),
  SCMP_SYS (sched_getparam),
  SCMP_SYS (sched_getscheduler),

  SCMP_SYS (sched_yield),
  SCMP_SYS (set_robust_list),
  SCMP_SYS (set_tid_address),

  /* signals */
  SCMP_SYS (pause),
  SCMP_SYS (rt_sigaction),
  SCMP_SYS (rt_sigpending),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (rt_sigsuspend),
  SCMP_SYS (rt_sigtimedwait),
  SCMP_SYS (sigaltstack),
  SCMP_SYS (wait4),
  SCMP_SYS (waitid),
  /* time */
  SCMP_SYS (alarm),
  SCMP_SYS (clock_getres),
  SCMP_SYS (clock_nanosleep),
  SCMP_SYS (getitimer),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (nanosleep),
  SCMP_SYS (setitimer),
  SCMP_SYS (time),
  SCMP_SYS (timer_create),
  SCMP_SYS (timer_delete),
  SCMP_SYS (timer_getoverrun),
  SCMP_SYS (timer_gettime),
  SCMP_SYS (timer_settime),
  SCMP_SYS (times),
  /* what it is */
  SCMP_SYS (capget),
  SCMP_SYS (getegid),
  SCMP_SYS (geteuid),
  SCMP_SYS (getgid),
  SCMP_SYS (getgroups),
  SCMP_SYS (getpgrp),
  SCMP_SYS (getpid),
  SCMP_SYS (getpgid),
  SCMP_SYS (getppid),
  SCMP_SYS (getsid),
  SCMP_SYS (getrandom),
  SCMP_SYS (getresgid),
  SCMP_SYS (getresuid),
  SCMP_SYS (getrlimit),
  SCMP_SYS (getrusage),
  SCMP_SYS (getuid),
  SCMP_SYS (sysinfo),
  SCMP_SYS (uname),
  /* sockets that are there */
  SCMP_SYS (bind),
  SCMP_SYS (connect),
  SCMP_SYS (getpeername),
  SCMP_SYS (getsockname),
  SCMP_SYS (getsockopt),
  SCMP_SYS (setsockopt),
  SCMP_SYS (shutdown),
};

/* What is known and never right, said so; any other call does not exist. */
static const int forbidden[] = {
  SCMP_SYS (accept),
  SCMP_SYS (accept4),
  SCMP_SYS (add_key),
  SCMP_SYS (bpf),
  SCMP_SYS (chdir),
  SCMP_SYS (chmod),
  SCMP_SYS (chown),
  SCMP_SYS (chroot),
  SCMP_SYS (delete_module),
  SCMP_SYS (execve),
  SCMP_SYS (execveat),
  SCMP_SYS (fanotify_init),
  SCMP_SYS (fchdir),
  SCMP_SYS (fchmodat),
  SCMP_SYS (fchown),
  SCMP_SYS (fchownat),
  SCMP_SYS (finit_module),
  SCMP_SYS (fork),
  SCMP_SYS (fsetxattr),
  SCMP_SYS (fsmount),
  SCMP_SYS (fsopen),
  SCMP_SYS (init_module),
  SCMP_SYS (inotify_init),
  SCMP_SYS (inotify_init1),
  SCMP_SYS (io_setup),
  SCMP_SYS (io_uring_enter),
  SCMP_SYS (io_uring_register),
  SCMP_SYS (io_uring_setup),
  SCMP_SYS (ioperm),
  SCMP_SYS (iopl),
  SCMP_SYS (kcmp),
  SCMP_SYS (kexec_load),
  SCMP_SYS (keyctl),
  SCMP_SYS (lchown),
  SCMP_SYS (link),
  SCMP_SYS (linkat),
  SCMP_SYS (listen),
  SCMP_SYS (lsetxattr),
  SCMP_SYS (mkdir),
  SCMP_SYS (mkdirat),
  SCMP_SYS (mknod),
  SCMP_SYS (mknodat),
  SCMP_SYS (mount),
  SCMP_SYS (mount_setattr),
  SCMP_SYS (move_mount),
  SCMP_SYS (name_to_handle_at),
  SCMP_SYS (open_by_handle_at),
  SCMP_SYS (open_tree),
  SCMP_SYS (perf_event_open),
  SCMP_SYS (personality),
  SCMP_SYS (pidfd_getfd),
  SCMP_SYS (pidfd_open),
  SCMP_SYS (pidfd_send_signal),
  SCMP_SYS (pivot_root),
  SCMP_SYS (process_madvise),
  SCMP_SYS (process_vm_readv),
  SCMP_SYS (process_vm_writev),
  SCMP_SYS (quotactl),
  SCMP_SYS (reboot),
  SCMP_SYS (request_key),
  SCMP_SYS (rmdir),
  SCMP_SYS (rt_sigqueueinfo),
  SCMP_SYS (rt_tgsigqueueinfo),
  SCMP_SYS (seccomp),
  SCMP_SYS (setdomainname),
  SCMP_SYS (setfsgid),
  SCMP_SYS (setfsuid),
  SCMP_SYS (setgid),
  SCMP_SYS (setgroups),
  SCMP_SYS (sethostname),
  SCMP_SYS (setns),
  SCMP_SYS (setpgid),
  SCMP_SYS (setregid),
  SCMP_SYS (setresgid),
  SCMP_SYS (setresuid),
  SCMP_SYS (setreuid),
  SCMP_SYS (setrlimit),
  SCMP_SYS (setsid),
  SCMP_SYS (settimeofday),
  SCMP_SYS (setuid),
  SCMP_SYS (setxattr),
  SCMP_SYS (swapoff),
  SCMP_SYS (swapon),
  SCMP_SYS (symlink),
  SCMP_SYS (symlinkat),
  SCMP_SYS (tkill),
  SCMP_SYS (truncate),
  SCMP_SYS (umount2),
  SCMP_SYS (unshare),
  SCMP_SYS (userfaultfd),
  SCMP_SYS (utime),
  SCMP_SYS (utimensat),
  SCMP_SYS (utimes),
  SCMP_SYS (vfork),
#if !HUB_CONFINE_SANITIZED
  SCMP_SYS (ptrace),
#endif
};

/* Allowed if one argument is so. */
static const struct
{
  int call;
  struct scmp_arg_cmp only;
} conditional[] = {
  { SCMP_SYS (prctl), SCMP_A0_32 (SCMP_CMP_EQ, PR_SET_NAME) },
  { SCMP_SYS (prctl), SCMP_A0_32 (SCMP_CMP_EQ, PR_GET_NAME) },
  { SCMP_SYS (prctl), SCMP_A0_32 (SCMP_CMP_EQ, PR_GET_DUMPABLE) },
  { SCMP_SYS (prctl), SCMP_A0_32 (SCMP_CMP_EQ, PR_SET_VMA) },
  { SCMP_SYS (ioctl), SCMP_A1_32 (SCMP_CMP_EQ, TCGETS) },
  { SCMP_SYS (ioctl), SCMP_A1_32 (SCMP_CMP_EQ, FIONREAD) },
  { SCMP_SYS (ioctl), SCMP_A1_32 (SCMP_CMP_EQ, FIONBIO) },
  { SCMP_SYS (ioctl), SCMP_A1_32 (SCMP_CMP_EQ, FIOCLEX) },
  /* Not F_SETOWN and F_SETSIG, which make the kernel send signals to other processes. */
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_DUPFD) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_DUPFD_CLOEXEC) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_GETFD) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_SETFD) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_GETFL) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_SETFL) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_GETLK) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_SETLK) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_SETLKW) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_ADD_SEALS) },
  { SCMP_SYS (fcntl), SCMP_A1_32 (SCMP_CMP_EQ, F_GET_SEALS) },
  /* A thread, as all older ways to make one; clone3() does not exist, and libc goes on to this. */
  { SCMP_SYS (clone),
    SCMP_A0_64 (SCMP_CMP_MASKED_EQ,
                CLONE_THREAD | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
                    | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
                CLONE_THREAD) },
#if HUB_CONFINE_SANITIZED
  /* LeakSanitizer looks at all threads from a process beside them, as a debugger does: its own,
   * for Landlock lets it look at no other one. */
  { SCMP_SYS (clone),
    SCMP_A0_64 (SCMP_CMP_MASKED_EQ, CLONE_VM | CLONE_UNTRACED, CLONE_VM | CLONE_UNTRACED) },
  { SCMP_SYS (prctl), SCMP_A0_32 (SCMP_CMP_EQ, PR_SET_DUMPABLE) },
  { SCMP_SYS (prctl), SCMP_A0_32 (SCMP_CMP_EQ, PR_SET_PTRACER) },
  { SCMP_SYS (ptrace), SCMP_A0_64 (SCMP_CMP_GE, 0) },
#endif
};

/* Of these the first argument is a process, and has to be this one: 0, or its number. */
static const int of_self[] = { SCMP_SYS (prlimit64), SCMP_SYS (sched_setaffinity),
                               SCMP_SYS (sched_setattr), SCMP_SYS (sched_setparam),
                               SCMP_SYS (sched_setscheduler) };
static const int of_number[] = { SCMP_SYS (kill), SCMP_SYS (tgkill) };

#define REFUSED SCMP_ACT_ERRNO (EPERM)

/* A session's program has other rules for these: add_program_calls(). */
static gboolean
is_of_program (int call)
{
  static const int calls[] = {
    SCMP_SYS (mmap),   SCMP_SYS (memfd_create), SCMP_SYS (execve), SCMP_SYS (open),
    SCMP_SYS (openat), SCMP_SYS (openat2),      SCMP_SYS (fchmod), SCMP_SYS (flock),
  };

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    if (calls[i] == call)
      return TRUE;
  return FALSE;
}

/* A lock is memory of the kernel's, of which nobody keeps count. */
static gboolean
is_lock (int call, scmp_datum_t value)
{
  return call == SCMP_SYS (fcntl) && (value == F_SETLK || value == F_SETLKW);
}

static gboolean
add_all (scmp_filter_ctx filter, guint32 action, const int *calls, gsize n, gboolean program)
{
  for (gsize i = 0; i < n; i++)
    if (!(program && is_of_program (calls[i]))
        && seccomp_rule_add (filter, action, calls[i], 0) < 0)
      return FALSE;
  return TRUE;
}

/* Allowed if the first argument is @value, refused if it is another one. */
static gboolean
add_only (scmp_filter_ctx filter, const int *calls, gsize n, scmp_datum_t value)
{
  for (gsize i = 0; i < n; i++)
    if (seccomp_rule_add (filter, SCMP_ACT_ALLOW, calls[i], 1, SCMP_A0_32 (SCMP_CMP_EQ, value)) < 0
        || seccomp_rule_add (filter, REFUSED, calls[i], 1, SCMP_A0_32 (SCMP_CMP_NE, value)) < 0)
      return FALSE;
  return TRUE;
}

/* UDP, and what getifaddrs() asks by. */
static gboolean
add_sockets (scmp_filter_ctx filter)
{
  static const scmp_datum_t refused[] = { AF_UNIX, AF_PACKET, AF_ALG, AF_VSOCK, AF_BLUETOOTH };
  static const scmp_datum_t internet[] = { AF_INET, AF_INET6 };
  const int call = SCMP_SYS (socket);

  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    if (seccomp_rule_add (filter, REFUSED, call, 1, SCMP_A0_32 (SCMP_CMP_EQ, refused[i])) < 0)
      return FALSE;
  /* A pair connects to nobody else: a program's channel. */
  for (scmp_datum_t type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++)
    if (seccomp_rule_add (filter, type == SOCK_SEQPACKET ? SCMP_ACT_ALLOW : REFUSED,
                          SCMP_SYS (socketpair), 2, SCMP_A0_32 (SCMP_CMP_EQ, AF_UNIX),
                          SCMP_A1_32 (SCMP_CMP_MASKED_EQ, 0xf, type))
        < 0)
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (internet); i++)
    for (scmp_datum_t type = SOCK_STREAM; type <= SOCK_RAW; type++)
      if (seccomp_rule_add (filter, type == SOCK_DGRAM ? SCMP_ACT_ALLOW : REFUSED, call, 2,
                            SCMP_A0_32 (SCMP_CMP_EQ, internet[i]),
                            SCMP_A1_32 (SCMP_CMP_MASKED_EQ, 0xf, type))
          < 0)
        return FALSE;
  return seccomp_rule_add (filter, SCMP_ACT_ALLOW, call, 2, SCMP_A0_32 (SCMP_CMP_EQ, AF_NETLINK),
                           SCMP_A2_32 (SCMP_CMP_EQ, NETLINK_ROUTE))
         == 0;
}

/* No sockets but pairs, by which GStreamer wakes its threads. Memory is its own, which its limit
 * counts (RLIMIT_DATA), or a file's. It begins by execve(), of what Landlock lets it execute. */
static gboolean
add_program_calls (scmp_filter_ctx filter)
{
  /* RLIMIT_DATA does not count what grows downwards either. */
  const scmp_datum_t kinds = MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN;
  const scmp_datum_t writes = O_ACCMODE | O_CREAT | O_TRUNC;
  static const scmp_datum_t allowed_kinds[] = { 0, MAP_SHARED, MAP_ANONYMOUS };

  for (guint i = 0; i < G_N_ELEMENTS (allowed_kinds); i++)
    if (seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (mmap), 1,
                          SCMP_A3_64 (SCMP_CMP_MASKED_EQ, kinds, allowed_kinds[i]))
        < 0)
      return FALSE;
  for (scmp_datum_t grows = 0; grows <= MAP_GROWSDOWN; grows += MAP_GROWSDOWN)
    for (scmp_datum_t kind = 0; kind <= 3; kind++)
      {
        const scmp_datum_t flags = (kind & 1 ? MAP_SHARED : 0) | (kind & 2 ? MAP_ANONYMOUS : 0)
                                   | grows;

        if ((grows != 0 || kind == 3)
            && seccomp_rule_add (filter, REFUSED, SCMP_SYS (mmap), 1,
                                 SCMP_A3_64 (SCMP_CMP_MASKED_EQ, kinds, flags))
                   < 0)
          return FALSE;
      }
  /* Of datagrams (SOCK_RAW is one here) each end reaches any socket's path. */
  for (scmp_datum_t type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++)
    if (seccomp_rule_add (filter,
                          type == SOCK_STREAM || type == SOCK_SEQPACKET ? SCMP_ACT_ALLOW : REFUSED,
                          SCMP_SYS (socketpair), 2, SCMP_A0_32 (SCMP_CMP_EQ, AF_UNIX),
                          SCMP_A1_32 (SCMP_CMP_MASKED_EQ, 0xf, type))
        < 0)
      return FALSE;
  /* Landlock of before ABI 3 does not know of truncation. Any other is ENOSYS. */
  return seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (open), 1,
                           SCMP_A1_32 (SCMP_CMP_MASKED_EQ, writes, O_RDONLY))
             == 0
         && seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (openat), 1,
                              SCMP_A2_32 (SCMP_CMP_MASKED_EQ, writes, O_RDONLY))
                == 0
         && seccomp_rule_add (filter, REFUSED, SCMP_SYS (fchmod), 0) == 0
         && seccomp_rule_add (filter, REFUSED, SCMP_SYS (flock), 0) == 0
         && seccomp_rule_add (filter, REFUSED, SCMP_SYS (memfd_create), 0) == 0
         && seccomp_rule_add (filter, REFUSED, SCMP_SYS (socket), 0) == 0
         && seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (execve), 0) == 0;
}

static gboolean
add_rules (scmp_filter_ctx filter, gboolean program)
{
  for (guint i = 0; i < G_N_ELEMENTS (frequent); i++)
    seccomp_syscall_priority (filter, frequent[i], (guint8) (G_MAXUINT8 - i));
  for (guint i = 0; i < G_N_ELEMENTS (conditional); i++)
    if (!(program && is_lock (conditional[i].call, conditional[i].only.datum_a))
        && seccomp_rule_add_array (filter, SCMP_ACT_ALLOW, conditional[i].call, 1,
                                   &conditional[i].only)
               < 0)
      return FALSE;
  return add_all (filter, SCMP_ACT_ALLOW, frequent, G_N_ELEMENTS (frequent), program)
         && add_all (filter, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS (allowed), program)
         && add_all (filter, REFUSED, forbidden, G_N_ELEMENTS (forbidden), program)
         && add_only (filter, of_self, G_N_ELEMENTS (of_self), 0)
         && add_only (filter, of_number, G_N_ELEMENTS (of_number), (scmp_datum_t) getpid ())
         && (program ? add_program_calls (filter) : add_sockets (filter))
         && seccomp_rule_add (filter, SCMP_ACT_ALLOW, SCMP_SYS (setpriority), 2,
                              SCMP_A0_32 (SCMP_CMP_EQ, 0), SCMP_A1_32 (SCMP_CMP_EQ, 0))
                == 0;
}

gboolean
hub_confine_restrict_calls (gboolean program)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ERRNO (ENOSYS));
  gboolean done;

  if (filter == NULL)
    return FALSE;
  /* All threads; in the worker without the mitigations that older kernels bind to a filter, since
   * no foreign program runs there; and as a tree, for what the kernel does not remember. */
  done = seccomp_attr_set (filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0
         && (program || seccomp_attr_set (filter, SCMP_FLTATR_CTL_SSB, 1) == 0)
         && seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0
         && add_rules (filter, program) && seccomp_load (filter) == 0;
  seccomp_release (filter);
  return done;
}
