/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Restores a backup into an empty database. */
#include "hub-restore.h"

#include "hub-backup.h"
#include "hub-clock.h"
#include "hub-migrate-rights.h"
#include "hub-migrate-rules.h"
#include "hub-pg-connection.h"
#include "hub-schema.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK (256 * 1024)

void
hub_restore_target_clear (HubRestoreTarget *self)
{
  g_clear_pointer (&self->hub, g_free);
  g_clear_pointer (&self->last_event, g_free);
}

static JsonArray *
schemas_of (HubBackupFile *file)
{
  return json_object_get_array_member (json_node_get_object (file->manifest), "schemas");
}

/* Looking */

static const HubSchema *
find_known (GPtrArray *known, const char *name)
{
  for (guint i = 0; i < known->len; i++)
    if (g_str_equal (((HubSchema *) known->pdata[i])->name, name))
      return known->pdata[i];
  return NULL;
}

static gboolean
check_migrations (HubBackupFile *file, const HubSchema *known, JsonArray *migrations,
                  GError **error)
{
  const char *program = karez_json_text (json_node_get_object (file->manifest), "program");

  for (guint i = 0; i < json_array_get_length (migrations); i++)
    {
      JsonObject *migration = json_array_get_object_element (migrations, i);
      gint64 number = karez_json_integer (migration, "number", 0);
      g_autofree char *what = g_strconcat (known->name, "/", karez_json_text (migration, "name"),
                                           NULL);

      if (number > known->migrations->len)
        return karez_error_set (error, KAREZ_ERROR_FAILED, "restore/newer",
                                N_ ("The version of the program that made the backup, or a later "
                                    "one"),
                                N_ ("The backup is newer than this program: it has the migration "
                                    "%s of version %s."),
                                what, program);
      if (!g_str_equal (((HubMigration *) known->migrations->pdata[number - 1])->sha256,
                        karez_json_text (migration, "sha256")))
        return karez_error_set (error, KAREZ_ERROR_FAILED, "restore/changed", NULL,
                                N_ ("The migration %s is not the one that the backup was made "
                                    "with."),
                                what);
    }
  return TRUE;
}

static gboolean
check_schemas (HubBackupFile *file, GPtrArray *known, GError **error)
{
  JsonArray *schemas = schemas_of (file);

  for (guint i = 0; i < json_array_get_length (schemas); i++)
    {
      JsonObject *schema = json_array_get_object_element (schemas, i);
      const char *name = karez_json_text (schema, "name");
      const HubSchema *ours = find_known (known, name);

      if (!hub_schema_name_is_valid (name))
        return karez_error_set (error, KAREZ_ERROR_INVALID, "backup/file", NULL,
                                N_ ("The backup names a schema that cannot be one: %s"), name);
      if (ours == NULL && !karez_json_boolean (schema, "plugin"))
        return karez_error_set (error, KAREZ_ERROR_FAILED, "restore/newer",
                                N_ ("The version of the program that made the backup, or a later "
                                    "one"),
                                N_ ("The backup has a part that this program does not know: %s"),
                                name);
      if (ours != NULL
          && !check_migrations (file, ours, json_object_get_array_member (schema, "migrations"),
                                error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_rights (HubBackupFile *file, PGconn *pg, GError **error)
{
  g_autoptr (GPtrArray)
      schemas = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_schema_unref);
  JsonArray *listed = schemas_of (file);

  for (guint i = 0; i < json_array_get_length (listed); i++)
    {
      JsonObject *schema = json_array_get_object_element (listed, i);

      g_ptr_array_add (schemas, hub_schema_new (karez_json_text (schema, "name"),
                                                karez_json_boolean (schema, "plugin")));
    }
  if (!hub_migrate_check_rights (pg, schemas, error))
    return FALSE;
  for (guint i = 0; i < schemas->len; i++)
    {
      HubSchema *schema = schemas->pdata[i];

      if (schema->refusal != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&schema->refusal));
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_alone (PGconn *pg, GError **error)
{
  g_autofree char *others = hub_migrate_list_others (pg, error);

  if (others == NULL)
    return FALSE;
  return others[0] == '\0'
         || karez_error_set (error, KAREZ_ERROR_BUSY, "restore/in-use",
                             N_ ("A database that nobody is connected to; stop the hub first"),
                             N_ ("Somebody uses this database: %s"), others);
}

static gboolean
look_at_target (PGconn *pg, HubRestoreTarget *target, GError **error)
{
  g_autofree char *there = hub_migrate_ask (pg, error,
                                            "select to_regclass ('karez.hub') is not null", NULL);
  g_autofree char *events = NULL;

  if (there == NULL)
    return FALSE;
  if (there[0] != 't')
    return TRUE;
  target->hub = hub_migrate_ask (pg, error, "select id from karez.hub", NULL);
  events = hub_migrate_ask (pg, error, "select count(*) from karez.event", NULL);
  target->last_event = hub_migrate_ask (
      pg, error,
      "select to_char (max (at) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
      " from karez.event",
      NULL);
  if (target->hub == NULL || events == NULL || target->last_event == NULL)
    return FALSE;
  target->events = g_ascii_strtoll (events, NULL, 10);
  if (target->hub[0] == '\0')
    g_clear_pointer (&target->hub, g_free);
  return TRUE;
}

static gboolean
check_target (HubBackupFile *file, PGconn *pg, gboolean replace, HubRestoreTarget *target,
              GError **error)
{
  if (PQserverVersion (pg) < 150000)
    return karez_error_set (error, KAREZ_ERROR_FAILED, "database/version",
                            N_ ("PostgreSQL 15 or later."), N_ ("The database is PostgreSQL %s."),
                            PQparameterStatus (pg, "server_version"));
  if (!look_at_target (pg, target, error) || !check_alone (pg, error))
    return FALSE;
  if (target->hub != NULL && !replace)
    return karez_error_set (
        error, KAREZ_ERROR_CONFLICT, "restore/not-empty", N_ ("An empty database, or --replace"),
        N_ ("The database holds the data of hub %s, until %s"), target->hub, target->last_event);
  return check_rights (file, pg, error);
}

gboolean
hub_restore_check (HubBackupFile *file, const char *conninfo, GPtrArray *known, gboolean replace,
                   HubRestoreTarget *target, GError **error)
{
  PGconn *pg;
  gboolean good;

  if (!check_schemas (file, known, error) || (pg = hub_pg_connect (conninfo, error)) == NULL)
    return FALSE;
  good = check_target (file, pg, replace, target, error);
  PQfinish (pg);
  return good;
}

/* Restoring: psql is fed with what comes before, what pg_restore makes of the dump, and what comes
 * after. Without the last line of it nothing is committed. */

static const char before_sql[] =
    "set client_min_messages = warning;\n"
    "set lock_timeout = '60s';\n"
    "begin;\n"
    "select pg_advisory_xact_lock (323218457946) \\g /dev/null\n"
    "do $$ declare name text; names text[]; begin\n"
    "  if to_regclass ('karez.migration') is not null then\n"
    "    names := array (select distinct m.schema from karez.migration m);\n"
    "  end if;\n"
    "  foreach name in array coalesce (names, '{}') loop\n"
    "    execute format ('drop schema if exists %I cascade', name);\n"
    "  end loop;\n"
    "end $$;\n"
    "create extension if not exists btree_gist with schema public;\n";

static const char role_sql[] = "do $$ begin\n"
                               "  if not exists (select from pg_roles where rolname = '%s') then\n"
                               "    create role %s nologin;\n"
                               "  end if;\n"
                               "  if not pg_has_role ('%s', 'usage') then\n"
                               "    execute format ('grant %s to %%I', current_user);\n"
                               "  end if;\n"
                               "end $$;\n";

/* A plugin's migrations run as the owner of all that is in its schema. */
static const char owner_sql[] =
    "alter schema %s owner to karez_plugin_%s_owner;\n"
    "do $$ declare command text; begin\n"
    "  for command in\n"
    "    select format ('alter %%s %%s owner to karez_plugin_%s_owner',\n"
    "                   case c.relkind when 'v' then 'view' when 'm' then 'materialized view'\n"
    "                   when 'S' then 'sequence' when 'f' then 'foreign table' else 'table' end,\n"
    "                   c.oid::regclass)\n"
    "    from pg_class c where c.relnamespace = '%s'::regnamespace\n"
    "    and (c.relkind in ('r', 'p', 'v', 'm', 'f') or (c.relkind = 'S' and not exists (\n"
    "         select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass\n"
    "         and d.deptype in ('a', 'i'))))\n"
    "    union all\n"
    "    select format ('alter routine %%s owner to karez_plugin_%s_owner',\n"
    "                   p.oid::regprocedure)\n"
    "    from pg_proc p where p.pronamespace = '%s'::regnamespace and p.prokind <> 'a'\n"
    "    union all\n"
    "    select format ('alter type %%s owner to karez_plugin_%s_owner', t.oid::regtype)\n"
    "    from pg_type t left join pg_class c on c.oid = t.typrelid\n"
    "    where t.typnamespace = '%s'::regnamespace and t.typtype in ('c', 'd', 'e', 'r')\n"
    "    and (c.oid is null or c.relkind = 'c')\n"
    "  loop\n"
    "    execute command;\n"
    "  end loop;\n"
    "end $$;\n";

/* Numbers of transactions are of a cluster: none of those that were may be one that is to come, or
 * its events would cover acts of today. */
static const char after_sql[] =
    "set search_path = '';\n"
    "set timezone = 'UTC';\n"
    "alter table karez.hub add column if not exists restored uuid;\n" /* of an older program */
    "alter table karez.event disable trigger event_is_final;\n"
    "update karez.event set xid = '1'::xid8;\n"
    "alter table karez.event enable trigger event_is_final;\n"
    "insert into karez.event (id, actor_kind, actor_id, actor_name, action, subject_schema,\n"
    "  subject_table, subject_row, details)\n"
    "select gen_random_uuid (), 'local', 'karezctl', 'karezctl', 'database.restore', 'karez',\n"
    "  'hub', h.id, '%s'::jsonb from karez.hub h;\n"
    "update karez.hub set restored = gen_random_uuid ();\n";

typedef struct
{
  HubBackupFile *file;
  GOutputStream *to;
  HubBackupProgress progress;
  gpointer data;
  GSubprocess *restorer;
} Feed;

/* In a thread of its own: pg_restore reads while psql does. */
static gpointer
feed_dump (gpointer data)
{
  Feed *feed = data;
  g_autofree char *chunk = g_malloc (CHUNK);
  gint64 told = hub_clock_monotonic ();

  for (guint64 done = 0; done < feed->file->dump_size;)
    {
      gsize wanted = (gsize) MIN (feed->file->dump_size - done, CHUNK);
      gssize n = pread (feed->file->fd, chunk, wanted, feed->file->dump_at + (gint64) done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0 || !g_output_stream_write_all (feed->to, chunk, (gsize) n, NULL, NULL, NULL))
        break;
      done += (guint64) n;
      if (feed->progress != NULL && hub_clock_monotonic () - told > G_USEC_PER_SEC)
        {
          feed->progress (done, feed->file->dump_size, feed->data);
          told = hub_clock_monotonic ();
        }
    }
  g_output_stream_close (feed->to, NULL, NULL);
  return NULL;
}

static char *
make_before (HubBackupFile *file)
{
  GString *text = g_string_new (before_sql);
  JsonArray *schemas = schemas_of (file);

  for (guint i = 0; i < json_array_get_length (schemas); i++)
    {
      JsonObject *listed = json_array_get_object_element (schemas, i);
      g_autoptr (HubSchema) schema = hub_schema_new (karez_json_text (listed, "name"),
                                                     karez_json_boolean (listed, "plugin"));

      g_string_append_printf (text, "drop schema if exists %s cascade;\n", schema->name);
      if (!schema->plugin)
        continue;
      g_string_append_printf (text, role_sql, schema->owner, schema->owner, schema->owner,
                              schema->owner);
      g_string_append_printf (text, role_sql, schema->role, schema->role, schema->role,
                              schema->role);
    }
  return g_string_free (text, FALSE);
}

static gboolean
has_schema (JsonArray *schemas, const char *name)
{
  for (guint i = 0; i < json_array_get_length (schemas); i++)
    if (g_str_equal (karez_json_text (json_array_get_object_element (schemas, i), "name"), name))
      return TRUE;
  return FALSE;
}

static char *
make_after (HubBackupFile *file, GPtrArray *known)
{
  GString *text = g_string_new ("\n");
  JsonObject *manifest = json_node_get_object (file->manifest);
  JsonArray *schemas = schemas_of (file);
  g_autoptr (JsonNode)
      details = karez_json_object ("made_at", "s", karez_json_text (manifest, "made_at"), "program",
                                   "s", karez_json_text (manifest, "program"), NULL);
  g_autofree char *json = karez_json_print (details);
  g_autoptr (GString) quoted = g_string_new (json);

  for (guint i = 0; i < json_array_get_length (schemas); i++)
    {
      JsonObject *schema = json_array_get_object_element (schemas, i);
      const char *name = karez_json_text (schema, "name");

      if (karez_json_boolean (schema, "plugin"))
        g_string_append_printf (text, owner_sql, name, name, name, name, name, name, name, name);
    }
  g_string_replace (quoted, "'", "''", 0);
  g_string_append_printf (text, after_sql, quoted->str);
  for (guint i = 0; i < known->len; i++)
    {
      HubSchema *schema = known->pdata[i];

      if (schema->restored != NULL && has_schema (schemas, schema->name))
        g_string_append (text, schema->restored);
    }
  g_string_append (text, "commit;\n");
  return g_string_free (text, FALSE);
}

static gboolean
feed_psql (Feed *feed, GPtrArray *known, GOutputStream *psql, GError **error)
{
  g_autofree char *before = make_before (feed->file);
  g_autofree char *after = make_after (feed->file, known);
  GThread *thread;
  gboolean good;

  if (!g_output_stream_write_all (psql, before, strlen (before), NULL, NULL, error))
    return FALSE;
  thread = g_thread_new ("restore", feed_dump, feed);
  good = g_output_stream_splice (psql, g_subprocess_get_stdout_pipe (feed->restorer),
                                 G_OUTPUT_STREAM_SPLICE_NONE, NULL, error)
         >= 0;
  if (!good)
    g_subprocess_force_exit (feed->restorer);
  g_thread_join (thread);
  /* nocheck:blocked -- who calls has a thread or a program of its own */
  g_subprocess_wait (feed->restorer, NULL, NULL);
  /* The last word, without which psql's connection ends in a roll-back. */
  return good && g_subprocess_get_successful (feed->restorer)
         && g_output_stream_write_all (psql, after, strlen (after), NULL, NULL, error);
}

static GSubprocess *
start (const char *name, int server, const char *conninfo, int memory, GError **error)
{
  g_autofree char *program = hub_backup_find_program (name, server, error);
  g_autofree char *connection = NULL;
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  gboolean psql = g_str_equal (name, "psql");

  if (program == NULL)
    return NULL;
  launcher = hub_backup_launcher (
      conninfo,
      G_SUBPROCESS_FLAGS_STDIN_PIPE
          | (psql ? G_SUBPROCESS_FLAGS_STDOUT_SILENCE : G_SUBPROCESS_FLAGS_STDOUT_PIPE),
      &connection);
  g_subprocess_launcher_take_stderr_fd (launcher, dup (memory));
  if (psql)
    return g_subprocess_launcher_spawn (launcher, error, program, "-X", "-q", "-A", "-t", "-w",
                                        "-v", "ON_ERROR_STOP=1", "-d", connection, "-f", "-", NULL);
  return g_subprocess_launcher_spawn (launcher, error, program, "--no-owner", "--no-privileges",
                                      "--no-comments", "--format=custom", "--file=-", NULL);
}

static char *
read_memory (int fd)
{
  g_autofree char *text = g_malloc0 (4096);
  gssize n = pread (fd, text, 4095, 0);

  return n > 0 ? g_utf8_make_valid (g_strstrip (text), -1) : g_strdup ("");
}

gboolean
hub_restore_run (HubBackupFile *file, const char *conninfo, GPtrArray *known,
                 HubBackupProgress progress, gpointer data, GError **error)
{
  PGconn *pg = hub_pg_connect (conninfo, error);
  int memory, server;
  g_autoptr (GSubprocess) restorer = NULL, psql = NULL;
  Feed feed = { .file = file, .progress = progress, .data = data };
  /* Either program may end before it has read all: that is an error to tell, and no end of ours. */
  struct sigaction ignored = { .sa_handler = SIG_IGN }, before;
  g_autoptr (GError) local = NULL;
  g_autofree char *said = NULL;
  gboolean good;

  if (pg == NULL)
    return FALSE;
  server = PQserverVersion (pg);
  PQfinish (pg);
  memory = memfd_create ("restore", MFD_CLOEXEC);
  restorer = start ("pg_restore", server, conninfo, memory, error);
  psql = restorer != NULL ? start ("psql", server, conninfo, memory, error) : NULL;
  if (psql == NULL)
    {
      if (restorer != NULL)
        g_subprocess_force_exit (restorer);
      close (memory);
      return FALSE;
    }
  feed.restorer = restorer;
  feed.to = g_subprocess_get_stdin_pipe (restorer);
  sigaction (SIGPIPE, &ignored, &before);
  good = feed_psql (&feed, known, g_subprocess_get_stdin_pipe (psql), &local);
  g_output_stream_close (g_subprocess_get_stdin_pipe (psql), NULL, NULL);
  sigaction (SIGPIPE, &before, NULL);
  /* nocheck:blocked -- who calls has a thread or a program of its own */
  g_subprocess_wait (psql, NULL, NULL);
  good = good && g_subprocess_get_successful (psql);
  said = read_memory (memory);
  close (memory);
  if (good)
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_FAILED, "restore/failed", NULL,
                          N_ ("The backup was not restored, and the database is as it was: %s"),
                          said[0] != '\0' ? said
                          : local != NULL ? local->message
                                          : "");
}
