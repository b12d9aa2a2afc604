/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PostgreSQL's programs: found and run. */
#include "hub-cluster-programs.h"

#include "hub-cluster-files.h"

#include <glib/gi18n.h>
#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OLDEST 15
#define DEBIAN "/usr/lib/postgresql"

typedef struct
{
  uid_t uid;
  gid_t gid;
  const gid_t *groups;
  int n_groups;
} Identity;

/* Between fork and exec: only system calls. */
static void
become (gpointer data)
{
  Identity *identity = data;

  if (geteuid () == 0 && identity->uid != 0
      && (setgroups (identity->n_groups, identity->groups) != 0
          || setresgid (identity->gid, identity->gid, identity->gid) != 0
          || setresuid (identity->uid, identity->uid, identity->uid) != 0))
    _exit (126);
  umask (077);
}

gboolean
hub_cluster_run_program (uid_t uid, gid_t gid, const gid_t *groups, int n_groups,
                         const char *const *argv, const char *rule, GError **error)
{
  Identity identity = { uid, gid, groups, n_groups };
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *output = NULL;

  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_set_child_setup (launcher, become, &identity, NULL);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  /* What an administrator's shell has set must not lead elsewhere. */
  g_subprocess_launcher_unsetenv (launcher, "PGDATA");
  g_subprocess_launcher_unsetenv (launcher, "PGHOST");
  g_subprocess_launcher_unsetenv (launcher, "PGPORT");
  g_subprocess_launcher_unsetenv (launcher, "PGUSER");
  g_subprocess_launcher_unsetenv (launcher, "PGDATABASE");
  process = g_subprocess_launcher_spawnv (launcher, argv, error);
  if (process == NULL || !g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, error))
    return FALSE;
  if (g_subprocess_get_successful (process))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_FAILED, rule, NULL, N_ ("%s failed: %s"), argv[0],
                          output != NULL ? g_strstrip (output) : "");
}

/* The newest of those that are installed, or that of @wanted; 0 when there is none. */
static int
find_installed (int wanted)
{
  g_autoptr (GDir) dir = g_dir_open (DEBIAN, 0, NULL);
  const char *name;
  int best = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *initdb = g_build_filename (DEBIAN, name, "bin", "initdb", NULL);
      int major = (int) g_ascii_strtoll (name, NULL, 10);

      if (major > best && (wanted == 0 ? major >= OLDEST : major == wanted)
          && g_file_test (initdb, G_FILE_TEST_IS_EXECUTABLE))
        best = major;
    }
  return best;
}

/* Programs in PATH, as in a Flatpak; @major: what they are. */
static char *
find_in_path (int *major)
{
  g_autofree char *postgres = g_find_program_in_path ("postgres");
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *output = NULL;
  const char *digits;

  if (postgres == NULL)
    return NULL;
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, postgres, "--version", NULL);
  if (process == NULL || !g_subprocess_communicate_utf8 (process, NULL, NULL, &output, NULL, NULL)
      || output == NULL)
    return NULL;
  digits = strpbrk (output, "0123456789");
  *major = digits != NULL ? (int) g_ascii_strtoll (digits, NULL, 10) : 0;
  return g_path_get_dirname (postgres);
}

char *
hub_cluster_find_programs (const char *data_dir, GError **error)
{
  g_autofree char *path = g_build_filename (data_dir, "PG_VERSION", NULL);
  g_autofree char *text = NULL, *found = NULL;
  int wanted = 0, major, in_path = 0;

  if (g_file_get_contents (path, &text, NULL, NULL))
    wanted = (int) g_ascii_strtoll (text, NULL, 10);
  major = find_installed (wanted);
  if (major > 0 && major >= OLDEST)
    return g_strdup_printf (DEBIAN "/%d/bin", major);
  found = find_in_path (&in_path);
  if (found != NULL && in_path >= OLDEST && (wanted == 0 || wanted == in_path))
    return g_steal_pointer (&found);

  if (wanted > 0)
    {
      g_autofree char *name = g_strdup_printf ("%d", wanted);

      karez_error_set (error, KAREZ_ERROR_FAILED, "database/version",
                       N_ ("Install that version of PostgreSQL and start again, or move the data "
                           "to an installed one, 15 or later, with pg_upgrade."),
                       N_ ("The database in %s is of PostgreSQL %s, which is not installed."),
                       data_dir, name);
      return NULL;
    }
  karez_error_set (error, KAREZ_ERROR_FAILED, "database/programs",
                   N_ ("Install PostgreSQL 15 or later, or give a connection to one."),
                   N_ ("PostgreSQL is not installed."));
  return NULL;
}

int
hub_pidfd_open (int pid)
{
  return (int) syscall (SYS_pidfd_open, pid, 0);
}

int
hub_pidfd_signal (int fd, int signal_number)
{
  return (int) syscall (SYS_pidfd_send_signal, fd, signal_number, NULL, 0);
}

gboolean
hub_pidfd_wait (int fd, int timeout_ms)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

  return poll (&poll_fd, 1, timeout_ms) == 1;
}
