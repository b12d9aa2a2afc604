/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The private cluster's files and its user. */
#include "hub-cluster-files.h"

#include "hub-cluster-programs.h"
#include "hub-file.h"
#include "hub-log.h"
#include "hub-names.h"
#include "hub-pg-connection.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULE_DIRECTORY "database/directory"
#define LOCK_WAIT_MS 90000
#define LEFTOVER_WAIT_MS 3000

HubClusterFiles *
hub_cluster_files_new (const char *state_dir, const char *socket_dir, const char *user)
{
  HubClusterFiles *self = g_new0 (HubClusterFiles, 1);

  self->state_dir = g_canonicalize_filename (state_dir, NULL);
  self->socket_dir = g_canonicalize_filename (socket_dir, NULL);
  self->data_dir = g_build_filename (self->state_dir, HUB_DIRECTORY_POSTGRES, NULL);
  self->log_dir = g_strconcat (self->data_dir, "-log", NULL);
  self->user = g_strdup (user);
  self->lock = -1;
  return self;
}

void
hub_cluster_files_free (HubClusterFiles *self)
{
  hub_cluster_files_unlock (self);
  g_free (self->state_dir);
  g_free (self->socket_dir);
  g_free (self->data_dir);
  g_free (self->log_dir);
  g_free (self->user);
  g_free (self->programs);
  g_free (self);
}

/* A value of a libpq connection string or of postgresql.conf, in its quotes. */
static char *
quote (const char *value, const char *escape)
{
  g_auto (GStrv) backslashes = g_strsplit (value, "\\", -1);
  g_autofree char *first = g_strjoinv ("\\\\", backslashes);
  g_auto (GStrv) quotes = g_strsplit (first, "'", -1);
  g_autofree char *second = g_strjoinv (escape, quotes);

  return g_strconcat ("'", second, "'", NULL);
}

char *
hub_cluster_files_get_connection (HubClusterFiles *self, const char *database)
{
  g_autofree char *host = quote (self->socket_dir, "\\'");

  return g_strdup_printf ("host=%s port=5432 dbname=%s user=hub", host, database);
}

gboolean
hub_cluster_files_lock (HubClusterFiles *self, GError **error)
{
  g_autofree char *path = g_strconcat (self->data_dir, ".lock", NULL);

  if (!hub_file_make_directory (self->state_dir, 0711, error))
    return FALSE;
  self->lock = hub_file_open_lock (path);
  if (self->lock < 0)
    return karez_error_set (error, KAREZ_ERROR_FAILED, RULE_DIRECTORY, NULL,
                            N_ ("%s cannot be opened: %s"), path, g_strerror (errno));
  for (int waited = 0; waited < LOCK_WAIT_MS; waited += 100)
    {
      if (flock (self->lock, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
      g_usleep (100 * 1000);
    }
  hub_cluster_files_unlock (self);
  return karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "database/start", NULL,
                          N_ ("Another process is starting the database in %s."), self->state_dir);
}

void
hub_cluster_files_unlock (HubClusterFiles *self)
{
  if (self->lock >= 0)
    close (self->lock);
  self->lock = -1;
}

static gboolean
find_user (HubClusterFiles *self, GError **error)
{
  char buffer[4096];
  struct passwd entry, *found = NULL;

  if (geteuid () == 0)
    getpwnam_r (self->user, &entry, buffer, sizeof buffer, &found);
  else
    getpwuid_r (geteuid (), &entry, buffer, sizeof buffer, &found);
  if (found == NULL || found->pw_uid == 0)
    return karez_error_set (error, KAREZ_ERROR_FAILED, "database/user",
                            N_ ("PostgreSQL runs as a user that is not root."),
                            N_ ("There is no user %s to run PostgreSQL."), self->user);
  g_free (self->user);
  self->user = g_strdup (found->pw_name);
  self->uid = found->pw_uid;
  self->gid = found->pw_gid;
  self->n_groups = G_N_ELEMENTS (self->groups);
  if (getgrouplist (self->user, self->gid, self->groups, &self->n_groups) < 0)
    self->n_groups = G_N_ELEMENTS (self->groups);
  return TRUE;
}

/* Whether the server's user gets through a directory. */
static gboolean
lets_through (HubClusterFiles *self, const struct stat *info)
{
  if (info->st_uid == self->uid)
    return (info->st_mode & S_IXUSR) != 0;
  for (int i = 0; i < self->n_groups; i++)
    {
      if (info->st_gid == self->groups[i])
        return (info->st_mode & S_IXGRP) != 0;
    }
  return (info->st_mode & S_IXOTH) != 0;
}

static gboolean
check_way (HubClusterFiles *self, const char *path, GError **error)
{
  g_autofree char *at = g_path_get_dirname (path);
  struct stat info;

  while (TRUE)
    {
      char *above;

      if (stat (at, &info) != 0 || !lets_through (self, &info))
        return karez_error_set (error, KAREZ_ERROR_FAILED, RULE_DIRECTORY,
                                N_ ("A directory that the database's user may pass (chmod o+x)."),
                                N_ ("The directory %s does not let the user %s through."), at,
                                self->user);
      if (strcmp (at, "/") == 0)
        return TRUE;
      above = g_path_get_dirname (at);
      g_free (at);
      at = above;
    }
}

/* A directory of the server's user, 0700. */
static gboolean
make_own_directory (HubClusterFiles *self, const char *path, GError **error)
{
  struct stat info;

  if (!hub_file_make_directory (path, 0700, error))
    return FALSE;
  if (stat (path, &info) == 0 && info.st_uid != self->uid && geteuid () == 0
      && chown (path, self->uid, self->gid) == 0)
    info.st_uid = self->uid;
  if (info.st_uid != self->uid || chmod (path, 0700) != 0)
    return karez_error_set (error, KAREZ_ERROR_FAILED, RULE_DIRECTORY, NULL,
                            N_ ("The directory %s does not belong to the user %s."), path,
                            self->user);
  return check_way (self, path, error);
}

static gboolean
prepare_directories (HubClusterFiles *self, GError **error)
{
  struct stat info;

  if (strlen (self->socket_dir) > 107 - strlen ("/.s.PGSQL.5432"))
    return karez_error_set (error, KAREZ_ERROR_FAILED, RULE_DIRECTORY,
                            N_ ("A path of at most 93 bytes."),
                            N_ ("The path %s is too long for a socket."), self->socket_dir);
  /* Root's own state directory is made passable, nothing above it. */
  if (stat (self->state_dir, &info) == 0 && info.st_uid == geteuid ()
      && !lets_through (self, &info))
    chmod (self->state_dir, (info.st_mode & 07777) | S_IXOTH);
  return make_own_directory (self, self->log_dir, error)
         && make_own_directory (self, self->socket_dir, error);
}

gboolean
hub_cluster_files_prepare (HubClusterFiles *self, GError **error)
{
  if (!find_user (self, error))
    return FALSE;
  g_free (self->programs);
  self->programs = hub_cluster_find_programs (self->data_dir, error);
  return self->programs != NULL && prepare_directories (self, error);
}

static gboolean
run (HubClusterFiles *self, const char *const *argv, const char *rule, GError **error)
{
  return hub_cluster_run_program (self->uid, self->gid, self->groups, self->n_groups, argv, rule,
                                  error);
}

gboolean
hub_cluster_files_make (HubClusterFiles *self, GError **error)
{
  g_autofree char *version = g_build_filename (self->data_dir, "PG_VERSION", NULL);
  g_autofree char *fresh = g_strconcat (self->data_dir, ".new", NULL);
  g_autofree char *initdb = g_build_filename (self->programs, "initdb", NULL);
  const char *const clean[] = { "/bin/rm", "-rf", "--", fresh, NULL };
  const char *const argv[] = { initdb,
                               "-D",
                               fresh,
                               "-U",
                               "hub",
                               "--auth-local=peer",
                               "--auth-host=reject",
                               "--encoding=UTF8",
                               "--locale=C.UTF-8",
                               "--data-checksums",
                               NULL };
  int fd;

  if (g_file_test (version, G_FILE_TEST_EXISTS))
    return check_way (self, version, error);

  hub_notice ("store", self->data_dir, "A new database is made.");
  if (!hub_cluster_run_program (geteuid (), getegid (), NULL, 0, clean, RULE_DIRECTORY, error)
      || !make_own_directory (self, fresh, error) || !run (self, argv, "database/start", error))
    return FALSE;
  if (g_rename (fresh, self->data_dir) != 0)
    return karez_error_set (
        error, KAREZ_ERROR_FAILED, RULE_DIRECTORY, N_ ("An empty directory, or none."),
        N_ ("The directory %s is in the way: %s"), self->data_dir, g_strerror (errno));
  fd = open (self->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0)
    {
      fsync (fd);
      close (fd);
    }
  return TRUE;
}

static gboolean
write_file (HubClusterFiles *self, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (self->data_dir, name, NULL);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  if (!hub_file_write_durable (path, bytes, 0600, error))
    return FALSE;
  if (geteuid () == 0 && chown (path, self->uid, self->gid) != 0)
    return karez_error_set (error, KAREZ_ERROR_FAILED, RULE_DIRECTORY, NULL,
                            N_ ("%s cannot be opened: %s"), path, g_strerror (errno));
  return TRUE;
}

gboolean
hub_cluster_files_write_settings (HubClusterFiles *self, GError **error)
{
  g_autofree char *socket_dir = quote (self->socket_dir, "''");
  g_autofree char *log_dir = quote (self->log_dir, "''");
  g_autofree char *settings = g_strdup_printf (
      "# Written by karezd at each start. What ALTER SYSTEM sets stays.\n"
      "listen_addresses = ''\n"
      "unix_socket_directories = %s\n"
      "unix_socket_permissions = 0700\n"
      "port = 5432\n"
      "max_connections = 120\n"
      "shared_buffers = 64MB\n"
      "work_mem = 8MB\n"
      "fsync = on\n"
      "synchronous_commit = on\n"
      "full_page_writes = on\n"
      "wal_level = replica\n"
      "max_wal_senders = 3\n"
      "max_wal_size = 256MB\n"
      "max_worker_processes = 4\n"
      "max_parallel_workers_per_gather = 0\n"
      "autovacuum_max_workers = 1\n"
      "huge_pages = off\n"
      "jit = off\n"
      "timezone = 'UTC'\n"
      "log_timezone = 'UTC'\n"
      /* A week of logs, without the values of rows. */
      "logging_collector = on\n"
      "log_directory = %s\n"
      "log_filename = 'postgres-%%a.log'\n"
      "log_rotation_age = 1d\n"
      "log_rotation_size = 0\n"
      "log_truncate_on_rotation = on\n"
      "log_error_verbosity = terse\n"
      "log_min_error_statement = panic\n",
      socket_dir, log_dir);
  char buffer[4096];
  struct passwd entry, *own = NULL;
  g_autofree char *ident = NULL;

  getpwuid_r (geteuid (), &entry, buffer, sizeof buffer, &own);
  ident = g_strdup_printf ("hub %s hub\nhub %s hub\n", own != NULL ? own->pw_name : "root",
                           self->user);
  return write_file (self, "postgresql.conf", settings, error)
         && write_file (self, "pg_hba.conf", "local all all peer map=hub\n", error)
         && write_file (self, "pg_ident.conf", ident, error);
}

/* A process that works in the data directory. */
static gboolean
works_here (HubClusterFiles *self, int pid)
{
  g_autofree char *link = g_strdup_printf ("/proc/%d/cwd", pid);
  g_autofree char *cwd = g_file_read_link (link, NULL);
  struct stat one, other;

  if (cwd == NULL || stat (cwd, &one) != 0 || stat (self->data_dir, &other) != 0)
    return FALSE;
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

void
hub_cluster_server_clear (HubClusterServer *server)
{
  g_clear_pointer (&server->socket_dir, g_free);
  server->pid = 0;
  server->ready = FALSE;
}

void
hub_cluster_files_find (HubClusterFiles *self, HubClusterServer *server)
{
  g_autofree char *path = g_build_filename (self->data_dir, "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  guint n;
  int pid;

  hub_cluster_server_clear (server);
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  /* pid, data directory, start, port, socket directory, address, shared memory, status */
  lines = g_strsplit (text, "\n", -1);
  n = g_strv_length (lines);
  pid = (int) g_ascii_strtoll (lines[0], NULL, 10);
  /* The file outlives its server, and its pid may be somebody else's by now. */
  if (pid <= 1 || !works_here (self, pid))
    return;
  server->pid = pid;
  server->socket_dir = g_strdup (n > 4 ? g_strstrip (lines[4]) : "");
  server->ready = n > 7 && strcmp (g_strstrip (lines[7]), "ready") == 0;
}

gboolean
hub_cluster_files_launch (HubClusterFiles *self, GError **error)
{
  g_autofree char *pg_ctl = g_build_filename (self->programs, "pg_ctl", NULL);
  g_autofree char *log = g_build_filename (self->log_dir, "start.log", NULL);
  const char *const argv[] = { pg_ctl, "start", "-D",  self->data_dir, "-l", log,
                               "-w",   "-t",    "600", "-s",           NULL };
  g_autofree char *text = NULL;
  gsize size;

  g_unlink (log);
  if (run (self, argv, "database/start", error))
    return TRUE;
  /* pg_ctl only says where the reason stands. */
  if (g_file_get_contents (log, &text, &size, NULL) && size > 0)
    hub_warning ("store", self->data_dir, "PostgreSQL does not start: %.2000s", text);
  return FALSE;
}

static GArray *
list_leftovers (HubClusterFiles *self)
{
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (proc != NULL && (name = g_dir_read_name (proc)) != NULL)
    {
      int pid = (int) g_ascii_strtoll (name, NULL, 10);
      g_autofree char *path = g_strdup_printf ("/proc/%d/comm", pid);
      g_autofree char *comm = NULL;

      if (pid > 1 && works_here (self, pid) && g_file_get_contents (path, &comm, NULL, NULL)
          && g_str_has_prefix (comm, "postgres"))
        g_array_append_val (pids, pid);
    }
  return pids;
}

static void
end_processes (HubClusterFiles *self)
{
  for (int waited = 0; waited < LEFTOVER_WAIT_MS * 2; waited += 100)
    {
      g_autoptr (GArray) pids = list_leftovers (self);

      if (pids->len == 0)
        return;
      /* Idle ones see that their server is gone; a busy one has to be told. */
      for (guint i = 0; waited >= LEFTOVER_WAIT_MS && i < pids->len; i++)
        {
          int pid = g_array_index (pids, int, i);
          int fd = hub_pidfd_open (pid);

          if (fd >= 0 && works_here (self, pid))
            {
              hub_warning ("store", self->data_dir, "The left-over backend %d is ended.", pid);
              hub_pidfd_signal (fd, SIGKILL);
            }
          if (fd >= 0)
            close (fd);
        }
      g_usleep (100 * 1000);
    }
}

void
hub_cluster_files_end_leftovers (HubClusterFiles *self)
{
  g_autofree char *path = g_build_filename (self->data_dir, "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  int pid;

  end_processes (self);
  /* PostgreSQL takes any process of that number for its server, a dead one too that nobody has
   * waited for yet. We know better: nothing works on this data. */
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  pid = (int) g_ascii_strtoll (text, NULL, 10);
  for (int waited = 0; pid > 1 && kill (pid, 0) == 0 && waited < LEFTOVER_WAIT_MS; waited += 50)
    g_usleep (50 * 1000);
  if (pid > 1 && kill (pid, 0) == 0 && !works_here (self, pid))
    {
      g_autoptr (GArray) pids = list_leftovers (self);

      if (pids->len == 0)
        g_unlink (path);
    }
}

gboolean
hub_cluster_files_make_database (HubClusterFiles *self, GError **error)
{
  g_autofree char *connection = hub_cluster_files_get_connection (self, "postgres");
  PGconn *pg = hub_pg_connect (connection, error);
  PGresult *found;
  gboolean ok;

  if (pg == NULL)
    return FALSE;
  found = PQexec (pg, "select from pg_database where datname = 'karez'");
  ok = PQresultStatus (found) == PGRES_TUPLES_OK;
  if (ok && PQntuples (found) == 0)
    {
      PGresult *made = PQexec (pg, "create database karez");

      ok = PQresultStatus (made) == PGRES_COMMAND_OK;
      PQclear (made);
    }
  if (!ok)
    karez_error_set (error, KAREZ_ERROR_FAILED, "database/start", NULL,
                     N_ ("PostgreSQL does not start: %s"), PQerrorMessage (pg));
  PQclear (found);
  PQfinish (pg);
  return ok;
}
