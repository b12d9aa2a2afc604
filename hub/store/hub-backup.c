/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes a backup of the hub, by pg_dump. */
#include "hub-backup.h"

#include "hub-clock.h"
#include "hub-migrate-rules.h"
#include "hub-pg-connection.h"
#include "hub-schema.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEBIAN "/usr/lib/postgresql"
#define CHUNK (256 * 1024)
#define FORMAT 1

/* Of that major version, or the newest. */
static char *
find_in_debian (const char *name, int major)
{
  g_autoptr (GDir) dir = g_dir_open (DEBIAN, 0, NULL);
  const char *version;
  char *best = NULL;
  int found = 0;

  while (dir != NULL && (version = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (DEBIAN, version, "bin", name, NULL);
      int number = (int) g_ascii_strtoll (version, NULL, 10);

      if ((number <= found && number != major) || found == major
          || !g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        continue;
      found = number;
      g_free (best);
      best = g_steal_pointer (&path);
    }
  return best;
}

char *
hub_backup_find_program (const char *name, int server, GError **error)
{
  char *path = find_in_debian (name, server / 10000);

  if (path == NULL)
    path = g_find_program_in_path (name);
  if (path == NULL)
    karez_error_set (error, KAREZ_ERROR_FAILED, "backup/programs",
                     N_ ("Install the package postgresql-client of the server's version."),
                     N_ ("The program %s of PostgreSQL is not installed."), name);
  return path;
}

GSubprocessLauncher *
hub_backup_launcher (const char *conninfo, GSubprocessFlags flags, char **connection)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  PQconninfoOption *options = PQconninfoParse (conninfo, NULL);
  GString *text = g_string_new (NULL);

  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  /* Every user of the machine sees the arguments of a program. */
  for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
    {
      if (option->val == NULL)
        continue;
      if (strcmp (option->keyword, "password") == 0)
        g_subprocess_launcher_setenv (launcher, "PGPASSWORD", option->val, TRUE);
      else
        {
          g_autoptr (GString) value = g_string_new (option->val);

          g_string_replace (value, "\\", "\\\\", 0);
          g_string_replace (value, "'", "\\'", 0);
          g_string_append_printf (text, "%s='%s' ", option->keyword, value->str);
        }
    }
  PQconninfoFree (options);
  g_string_append (text, "application_name=karezctl");
  *connection = g_string_free (text, FALSE);
  return g_steal_pointer (&launcher);
}

/* The manifest */

static JsonNode *
ask_json (PGconn *pg, const char *sql, GError **error)
{
  g_autofree char *text = hub_migrate_ask (pg, error, sql, NULL);
  g_autoptr (GBytes) bytes = NULL;

  if (text == NULL)
    return NULL;
  bytes = g_bytes_new (text, strlen (text));
  return karez_json_parse (bytes, 0, error);
}

static gboolean
check_there (PGconn *pg, GError **error)
{
  g_autofree char *there = hub_migrate_ask (pg, error,
                                            "select to_regclass ('karez.hub') is not null", NULL);
  g_autofree char *used = NULL;

  if (there == NULL)
    return FALSE;
  if (there[0] == 't'
      && (used = hub_migrate_ask (pg, error, "select count(*) from karez.hub", NULL)) == NULL)
    return FALSE;
  if (g_strcmp0 (used, "1") == 0)
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_FAILED, "backup/empty", NULL,
                          N_ ("No hub has been started with this database yet"));
}

/* Without "identity" and "dump". */
static JsonNode *
make_manifest (PGconn *pg, GError **error)
{
  g_autofree char *now = hub_time_format (hub_clock_now ());
  g_autofree char *server = NULL;
  const char *version = PQparameterStatus (pg, "server_version");
  JsonNode *manifest;
  JsonObject *object;

  if (!check_there (pg, error))
    return NULL;
  manifest = ask_json (
      pg,
      "select json_build_object ('hub', h.id, 'names', h.names, 'incarnation', h.incarnation,"
      " 'schemas', (select json_agg (json_build_object ('name', s.name, 'plugin', s.plugin,"
      "   'migrations', (select coalesce (json_agg (json_build_object ('number', m.number,"
      "      'name', m.name, 'sha256', m.sha256) order by m.number), '[]'::json)"
      "     from karez.migration m where m.schema = s.name)) order by s.at, s.name)"
      "   from (select m.schema as name, min (m.applied_at) as at,"
      "           pg_get_userbyid (n.nspowner) = 'karez_plugin_' || m.schema || '_owner' as plugin"
      "         from karez.migration m join pg_namespace n on n.nspname = m.schema"
      "         group by m.schema, n.nspowner) s))"
      " from karez.hub h",
      error);
  if (manifest == NULL)
    return NULL;
  server = g_strndup (version, strcspn (version, " "));
  object = json_node_get_object (manifest);
  json_object_set_int_member (object, "format", FORMAT);
  json_object_set_string_member (object, "program", KAREZ_PROGRAM_VERSION);
  json_object_set_string_member (object, "server", server);
  json_object_set_string_member (object, "made_at", now);
  return manifest;
}

/* The dump */

static char *
read_memory (int fd)
{
  g_autofree char *text = g_malloc0 (4096);
  gssize n = pread (fd, text, 4095, 0);

  return n > 0 ? g_strdup (g_strstrip (text)) : g_strdup ("");
}

static gboolean
copy (GInputStream *from, HubBackupWriter *to, HubBackupProgress progress, gpointer data,
      GError **error)
{
  g_autofree char *chunk = g_malloc (CHUNK);
  gint64 told = hub_clock_monotonic ();
  guint64 done = 0;
  gssize n;

  while ((n = g_input_stream_read (from, chunk, CHUNK, NULL, error)) > 0)
    {
      if (!hub_backup_writer_put (to, chunk, (gsize) n, error))
        return FALSE;
      done += (guint64) n;
      if (progress != NULL && hub_clock_monotonic () - told > G_USEC_PER_SEC)
        {
          progress (done, 0, data);
          told = hub_clock_monotonic ();
        }
    }
  return n == 0;
}

static GPtrArray *
make_arguments (const char *program, const char *connection, const char *snapshot,
                JsonArray *schemas)
{
  GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (arguments, g_strdup (program));
  /* Owners and rights are of this cluster: a restore makes them anew. */
  g_ptr_array_add (arguments, g_strdup ("--format=custom"));
  g_ptr_array_add (arguments, g_strdup ("--no-owner"));
  g_ptr_array_add (arguments, g_strdup ("--no-privileges"));
  g_ptr_array_add (arguments, g_strdup ("--no-comments"));
  g_ptr_array_add (arguments, g_strdup ("--no-password"));
  g_ptr_array_add (arguments, g_strdup ("--lock-wait-timeout=60s"));
  g_ptr_array_add (arguments, g_strconcat ("--snapshot=", snapshot, NULL));
  for (guint i = 0; i < json_array_get_length (schemas); i++)
    g_ptr_array_add (
        arguments,
        g_strconcat ("--schema=",
                     karez_json_text (json_array_get_object_element (schemas, i), "name"), NULL));
  g_ptr_array_add (arguments, g_strconcat ("--dbname=", connection, NULL));
  g_ptr_array_add (arguments, NULL);
  return arguments;
}

static gboolean
dump (PGconn *pg, const char *conninfo, const char *snapshot, JsonArray *schemas,
      HubBackupWriter *to, HubBackupProgress progress, gpointer data, GError **error)
{
  g_autofree char *connection = NULL, *said = NULL;
  g_autofree char *program = hub_backup_find_program ("pg_dump", PQserverVersion (pg), error);
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GPtrArray) arguments = NULL;
  int memory;
  gboolean good;

  if (program == NULL)
    return FALSE;
  launcher = hub_backup_launcher (conninfo, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &connection);
  memory = memfd_create ("pg_dump", MFD_CLOEXEC);
  g_subprocess_launcher_take_stderr_fd (launcher, dup (memory));
  arguments = make_arguments (program, connection, snapshot, schemas);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) arguments->pdata, error);
  good = process != NULL
         && copy (g_subprocess_get_stdout_pipe (process), to, progress, data, error);
  if (process != NULL)
    {
      if (!good)
        g_subprocess_force_exit (process);
      /* nocheck:blocked -- who calls has a thread or a program of its own */
      g_subprocess_wait (process, NULL, NULL);
    }
  said = read_memory (memory);
  close (memory);
  if (good && !g_subprocess_get_successful (process))
    return karez_error_set (error, KAREZ_ERROR_FAILED, "backup/dump", NULL,
                            N_ ("The database could not be copied: %s"), said);
  return good;
}

static JsonNode *
fill (PGconn *pg, const char *conninfo, GBytes *identity, HubBackupWriter *writer,
      HubBackupProgress progress, gpointer data, GError **error)
{
  g_autofree char *snapshot = hub_migrate_ask (pg, error, "select pg_export_snapshot ()", NULL);
  g_autoptr (JsonNode) manifest = snapshot != NULL ? make_manifest (pg, error) : NULL;
  g_autofree char *sha256 = NULL;
  JsonObject *object;
  guint64 size;

  if (manifest == NULL)
    return NULL;
  object = json_node_get_object (manifest);
  json_object_set_boolean_member (object, "identity", identity != NULL);
  if ((identity != NULL && !hub_backup_writer_add (writer, HUB_BACKUP_IDENTITY, identity, error))
      || !hub_backup_writer_begin (writer, HUB_BACKUP_DUMP, error)
      || !dump (pg, conninfo, snapshot, json_object_get_array_member (object, "schemas"), writer,
                progress, data, error)
      || !hub_backup_writer_end (writer, &size, &sha256, error))
    return NULL;
  json_object_set_member (
      object, "dump", karez_json_object ("bytes", "i", (gint64) size, "sha256", "s", sha256, NULL));
  return g_steal_pointer (&manifest);
}

JsonNode *
hub_backup_make (const char *conninfo, GBytes *identity, HubBackupWriter *writer,
                 HubBackupProgress progress, gpointer data, GError **error)
{
  PGconn *pg = hub_pg_connect (conninfo, error);
  JsonNode *manifest = NULL;

  if (pg == NULL)
    return NULL;
  /* Manifest and dump see the same moment. */
  if (hub_migrate_run (pg, error, "begin isolation level repeatable read read only"))
    manifest = fill (pg, conninfo, identity, writer, progress, data, error);
  PQfinish (pg);
  return manifest;
}
