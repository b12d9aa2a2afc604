/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brings the schemas up to what this version needs. */
#include "hub-migrate.h"

#include "hub-log.h"
#include "hub-migrate-rights.h"
#include "hub-migrate-rules.h"
#include "hub-pg-connection.h"
#include "hub-pg-error.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean
set_session (PGconn *pg, GError **error)
{
  return hub_migrate_run (pg, error, "set client_min_messages = warning")
         && hub_migrate_run (pg, error, "set search_path = ''")
         && hub_migrate_run (pg, error, "set timezone = 'UTC'")
         && hub_migrate_run (pg, error, "set lock_timeout = '60s'")
         && hub_migrate_run (pg, error, "set default_transaction_isolation = 'read committed'")
         && hub_migrate_run (pg, error, "select pg_advisory_lock (" HUB_MIGRATE_LOCK ")");
}

static gboolean
prepare_session (PGconn *pg, GError **error)
{
  return hub_migrate_run (pg, error, "create schema if not exists karez")
         && hub_migrate_run (pg, error,
                             "create table if not exists karez.migration ("
                             " schema text not null, number integer not null, name text not null,"
                             " sha256 text not null, version text not null,"
                             " applied_at timestamptz not null default clock_timestamp (),"
                             " primary key (schema, number))");
}

/* Roles belong to the whole cluster: another hub's database may have made them. */
static gboolean
ensure_roles (PGconn *pg, HubSchema *schema, GError **error)
{
  static const char *const text =
      "do $$ begin"
      "  if not exists (select from pg_roles where rolname = '%s') then"
      "    create role %s nologin;"
      "  end if;"
      "exception when duplicate_object or unique_violation then null; end $$";
  /* Since PostgreSQL 16 who made a role is a member that may not become it yet. */
  static const char *const member =
      "do $$ begin"
      "  if not pg_has_role ('%s', 'usage') or not pg_has_role ('%s',"
      "    case when current_setting ('server_version_num')::integer < 160000 then 'member'"
      "    else 'set' end) then"
      "    execute format ('grant %s to %%I', current_user);"
      "  end if; end $$";

  if (!schema->plugin)
    return hub_migrate_runf (pg, error, "create schema if not exists %s", schema->name);
  return hub_migrate_runf (pg, error, text, schema->owner, schema->owner)
         && hub_migrate_runf (pg, error, text, schema->role, schema->role)
         && hub_migrate_runf (pg, error, member, schema->owner, schema->owner, schema->owner)
         && hub_migrate_runf (pg, error, member, schema->role, schema->role, schema->role)
         && hub_migrate_runf (pg, error, "create schema if not exists %s authorization %s",
                              schema->name, schema->owner)
         && hub_migrate_runf (pg, error, "grant usage on schema karez to %s", schema->owner)
         && hub_migrate_runf (pg, error, "grant insert on karez.table_rule to %s", schema->owner)
         && hub_migrate_runf (pg, error, "grant usage on schema %s to %s", schema->name,
                              schema->role);
}

static gboolean
grant (PGconn *pg, HubSchema *schema, GError **error)
{
  return hub_migrate_runf (pg, error,
                           "grant select, insert, update, delete on all tables in schema %s to %s",
                           schema->name, schema->role)
         && hub_migrate_runf (pg, error, "grant usage on all sequences in schema %s to %s",
                              schema->name, schema->role);
}

static gboolean
fail (GError **error, HubSchema *schema, HubMigration *migration, GError *cause)
{
  g_autoptr (GError) owned = cause;
  g_autofree char *what = g_strconcat (schema->name, "/", migration->name, NULL);

  if (karez_error_is_unavailable (owned))
    {
      g_propagate_error (error, g_steal_pointer (&owned));
      return FALSE;
    }
  return karez_error_set (error, KAREZ_ERROR_FAILED, "database/migration", NULL,
                          N_ ("The migration %s cannot be applied: %s"), what, owned->message);
}

/* The file's text, under the owner's role for a plugin. It must leave the transaction as it is. */
static gboolean
run_file (PGconn *pg, HubSchema *schema, HubMigration *migration, GError **error)
{
  g_autofree char *before = NULL, *after = NULL;

  before = hub_migrate_ask (pg, error, "select pg_current_xact_id ()", NULL);
  if (before == NULL)
    return FALSE;
  if (schema->plugin && !hub_migrate_runf (pg, error, "set local role %s", schema->owner))
    return FALSE;
  if (!hub_migrate_run (pg, error, migration->text))
    return FALSE;
  if (PQtransactionStatus (pg) != PQTRANS_INTRANS)
    return karez_error_set (error, KAREZ_ERROR_FAILED, "database/migration", NULL,
                            "it ends its own transaction");
  if (schema->plugin && !hub_migrate_run (pg, error, "set local role none"))
    return FALSE;
  after = hub_migrate_ask (pg, error, "select pg_current_xact_id ()", NULL);
  if (after == NULL)
    return FALSE;
  if (strcmp (before, after) != 0)
    return karez_error_set (error, KAREZ_ERROR_FAILED, "database/migration", NULL,
                            "it ends its own transaction");
  return TRUE;
}

/* Inside of a transaction. */
static gboolean
apply_file (PGconn *pg, HubSchema *schema, HubMigration *migration, GError **error)
{
  g_autofree char *number = g_strdup_printf ("%u", migration->number);
  const char *values[] = { schema->name,          number, migration->name, migration->sha256,
                           KAREZ_PROGRAM_VERSION, NULL };
  g_autofree char *rules = NULL, *done = NULL;

  if (schema->plugin && (rules = hub_migrate_count_rules (pg, schema, error)) == NULL)
    return FALSE;
  if (!hub_migrate_detach (pg, schema, error) || !run_file (pg, schema, migration, error))
    return FALSE;
  if (schema->plugin && !hub_migrate_check_rules (pg, schema, rules, error))
    return FALSE;
  if (!hub_migrate_attach (pg, schema, error))
    return FALSE;
  if (schema->plugin && !grant (pg, schema, error))
    return FALSE;
  done = hub_migrate_ask (pg, error,
                          "with done as ("
                          " insert into karez.migration (schema, number, name, sha256, version)"
                          " values ($1, $2::integer, $3, $4, $5) returning *)"
                          " insert into karez.event (id, actor_kind, actor_id, actor_name, action,"
                          "  subject_schema, subject_table, subject_row, details)"
                          " select gen_random_uuid (), 'hub', 'store', 'store', 'migration.apply',"
                          "  'karez', 'migration', schema || '/' || name,"
                          "  jsonb_build_object ('sha256', sha256, 'version', version)"
                          " from done returning id",
                          values);
  return done != NULL;
}

static gboolean
apply (PGconn *pg, HubSchema *schema, HubMigration *migration, GError **error)
{
  GError *cause = NULL;

  if (hub_migrate_run (pg, &cause, "begin read write") && apply_file (pg, schema, migration, &cause)
      && hub_migrate_run (pg, &cause, "commit"))
    {
      hub_notice ("store", schema->name, "The migration %s was applied.", migration->name);
      return TRUE;
    }
  if (PQtransactionStatus (pg) != PQTRANS_IDLE)
    hub_migrate_run (pg, NULL, "rollback");
  return fail (error, schema, migration, cause);
}

static gboolean
compare (HubSchema *schema, PGresult *applied, GError **error)
{
  guint known = schema->migrations->len;

  for (int i = 0; i < PQntuples (applied); i++)
    {
      guint number = (guint) g_ascii_strtoull (PQgetvalue (applied, i, 0), NULL, 10);
      const char *name = PQgetvalue (applied, i, 1);
      g_autofree char *what = g_strconcat (schema->name, "/", name, NULL);
      HubMigration *migration;

      if (number > known)
        return karez_error_set (error, KAREZ_ERROR_FAILED, "database/newer",
                                N_ ("Run the newer version, or restore the backup that was made "
                                    "before it."),
                                N_ ("The database is newer than this program: it has the migration "
                                    "%s of version %s."),
                                what, PQgetvalue (applied, i, 3));
      migration = schema->migrations->pdata[number - 1];
      if (number != (guint) i + 1 || strcmp (migration->sha256, PQgetvalue (applied, i, 2)) != 0)
        return karez_error_set (
            error, KAREZ_ERROR_FAILED, "database/migration-changed",
            schema->plugin ? N_ ("Migrations are never changed; a new one is added. Before "
                                 "its release: karezctl plugin reset")
                           : N_ ("Migrations are never changed; a new one is added."),
            N_ ("The migration %s is not the one that was applied to this "
                "database."),
            what);
    }
  return TRUE;
}

static gboolean
migrate_schema (PGconn *pg, HubSchema *schema, GError **error)
{
  const char *values[] = { schema->name, NULL };
  PGresult *applied = hub_migrate_query (pg, error,
                                         "select number, name, sha256, version from karez.migration"
                                         " where schema = $1 order by number",
                                         values);
  gboolean ok = applied != NULL && compare (schema, applied, error);
  guint done = ok ? (guint) PQntuples (applied) : 0;

  PQclear (applied);
  if (!ok || !ensure_roles (pg, schema, error))
    return FALSE;
  for (guint i = done; i < schema->migrations->len; i++)
    {
      if (!apply (pg, schema, schema->migrations->pdata[i], error))
        return FALSE;
    }
  /* Into a new cluster a dump brings no rights. */
  return !schema->plugin || grant (pg, schema, error);
}

/* What a plugin's migration does wrong is the plugin's loss, and it leaves nothing in the session:
 * the others are migrated, and the hub starts without it. */
static gboolean
migrate_plugin (PGconn *pg, HubSchema *schema, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (schema->refusal != NULL || migrate_schema (pg, schema, &cause))
    return TRUE;
  if (PQstatus (pg) != CONNECTION_OK || karez_error_is_unavailable (cause))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  schema->refusal = g_steal_pointer (&cause);
  return hub_migrate_run (pg, error, "discard all") && set_session (pg, error);
}

/* "15.20" of "15.20 (Debian 15.20-0+deb12u1)". */
static char *
server_number (PGconn *pg)
{
  const char *version = PQparameterStatus (pg, "server_version");

  return version != NULL ? g_strndup (version, strcspn (version, " ")) : g_strdup ("");
}

gboolean
hub_migrate (const char *conninfo, GPtrArray *schemas, char **server_version, GError **error)
{
  PGconn *pg = hub_pg_connect (conninfo, error);
  gboolean ok;

  if (pg == NULL)
    return FALSE;
  if (PQserverVersion (pg) < 150000)
    {
      karez_error_set (error, KAREZ_ERROR_FAILED, "database/version",
                       N_ ("PostgreSQL 15 or later."), N_ ("The database is PostgreSQL %s."),
                       PQparameterStatus (pg, "server_version"));
      PQfinish (pg);
      return FALSE;
    }

  ok = set_session (pg, error) && hub_migrate_check_rights (pg, schemas, error)
       && prepare_session (pg, error);
  for (guint i = 0; ok && i < schemas->len; i++)
    {
      HubSchema *schema = schemas->pdata[i];

      ok = schema->plugin ? migrate_plugin (pg, schema, error) : migrate_schema (pg, schema, error);
    }
  if (ok)
    *server_version = server_number (pg);
  PQfinish (pg); /* and with it the lock */
  return ok;
}
