/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Roles, grants and triggers that each schema gets. */
#include "hub-migrate-rules.h"

#include "hub-pg-error.h"

#include <glib/gi18n.h>
#include <string.h>

/* Who has gone is still connected for a moment: tenths of a second. */
#define GONE_TRIES 10

/* A migration's failure is told as PostgreSQL says it: its reader wrote the file. */
static gboolean
set_error (GError **error, PGconn *pg, const PGresult *result)
{
  const char *primary = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);

  if (PQstatus (pg) != CONNECTION_OK || (result != NULL && hub_pg_is_fatal (result)))
    {
      g_propagate_error (error, hub_pg_lost ("the connection broke", FALSE));
      return FALSE;
    }
  return karez_error_set (error, KAREZ_ERROR_FAILED, "database/migration", NULL, "%s",
                          primary != NULL ? primary : PQerrorMessage (pg));
}

gboolean
hub_migrate_run (PGconn *pg, GError **error, const char *sql)
{
  PGresult *result = PQexec (pg, sql);
  ExecStatusType status = PQresultStatus (result);
  gboolean ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
                || status == PGRES_EMPTY_QUERY;

  if (!ok)
    set_error (error, pg, result);
  PQclear (result);
  return ok;
}

gboolean
hub_migrate_runf (PGconn *pg, GError **error, const char *format, ...)
{
  g_autofree char *sql = NULL;
  va_list args;

  va_start (args, format);
  sql = g_strdup_vprintf (format, args);
  va_end (args);
  return hub_migrate_run (pg, error, sql);
}

PGresult *
hub_migrate_query (PGconn *pg, GError **error, const char *sql, const char *const *values)
{
  int n = values != NULL ? (int) g_strv_length ((char **) values) : 0;
  PGresult *result = PQexecParams (pg, sql, n, NULL, values, NULL, NULL, 0);

  if (PQresultStatus (result) == PGRES_TUPLES_OK)
    return result;
  set_error (error, pg, result);
  PQclear (result);
  return NULL;
}

char *
hub_migrate_ask (PGconn *pg, GError **error, const char *sql, const char *const *values)
{
  PGresult *result = hub_migrate_query (pg, error, sql, values);
  char *answer;

  if (result == NULL)
    return NULL;
  answer = g_strdup (PQntuples (result) > 0 ? PQgetvalue (result, 0, 0) : "");
  PQclear (result);
  return answer;
}

static char *
list_others (PGconn *pg, GError **error)
{
  return hub_migrate_ask (
      pg, error,
      "select coalesce (string_agg (distinct coalesce (nullif (application_name, ''), usename),"
      "   ', '), '')"
      " from pg_stat_activity where datname = current_database () and pid <> pg_backend_pid ()"
      " and coalesce (backend_type, 'client backend') = 'client backend'",
      NULL);
}

char *
hub_migrate_list_others (PGconn *pg, GError **error)
{
  char *others = list_others (pg, error);

  for (guint i = 0; i < GONE_TRIES && others != NULL && *others != '\0'; i++)
    {
      g_autofree char *waited = hub_migrate_ask (
          pg, error, "select pg_stat_clear_snapshot (), pg_sleep (0.1)", NULL);

      g_free (others);
      others = waited != NULL ? list_others (pg, error) : NULL;
    }
  return others;
}

char *
hub_migrate_count_rules (PGconn *pg, HubSchema *schema, GError **error)
{
  const char *values[] = { schema->name, NULL };

  return hub_migrate_ask (pg, error,
                          "select count(*) from karez.table_rule"
                          " where table_schema <> $1 or rule <> 'part'",
                          values);
}

gboolean
hub_migrate_check_rules (PGconn *pg, HubSchema *schema, const char *before, GError **error)
{
  g_autofree char *after = hub_migrate_count_rules (pg, schema, error);

  if (after == NULL)
    return FALSE;
  if (strcmp (before, after) != 0)
    return karez_error_set (error, KAREZ_ERROR_FAILED, "database/migration",
                            N_ ("A plugin may only say which of its tables are part of another."),
                            "it takes a table out of the audit log");
  return TRUE;
}

/* One line for each table: relname, key column, rule, owner_table, owner_column, whether these two
 * are there. */
static const char tables_sql[] =
    "select c.relname,"
    " (select a.attname from pg_index i"
    "  join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]"
    "  where i.indrelid = c.oid and i.indisprimary and i.indnkeyatts = 1),"
    " r.rule, r.owner_table, r.owner_column,"
    " exists (select from pg_class o where o.relnamespace = c.relnamespace"
    "         and o.relname = r.owner_table and o.relkind in ('r', 'p')"
    "         and not exists (select from karez.table_rule b where b.table_schema = $1"
    "                         and b.table_name = r.owner_table and b.rule = 'bookkeeping'))"
    " and exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0"
    "             and a.attname = r.owner_column)"
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " left join karez.table_rule r on r.table_schema = n.nspname and r.table_name = c.relname"
    " where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition"
    " order by c.relname";

static gboolean
create_triggers (PGconn *pg, HubSchema *schema, const char *table, const char *subject,
                 const char *key, GError **error)
{
  char *name = PQescapeIdentifier (pg, table, strlen (table));
  char *subject_literal = PQescapeLiteral (pg, subject, strlen (subject));
  char *key_literal = PQescapeLiteral (pg, key, strlen (key));
  gboolean ok = hub_migrate_runf (pg, error,
                                  "create constraint trigger karez_demand_event"
                                  " after insert or update or delete on %s.%s"
                                  " deferrable initially deferred"
                                  " for each row execute function karez.demand_event (%s, %s)",
                                  schema->name, name, subject_literal, key_literal)
                && hub_migrate_runf (pg, error,
                                     "create trigger karez_refuse_truncate before truncate on %s.%s"
                                     " for each statement"
                                     " execute function karez.refuse_truncate ()",
                                     schema->name, name);

  PQfreemem (name);
  PQfreemem (subject_literal);
  PQfreemem (key_literal);
  return ok;
}

static gboolean
drop_triggers (PGconn *pg, HubSchema *schema, const char *table, GError **error)
{
  char *name = PQescapeIdentifier (pg, table, strlen (table));
  gboolean ok = hub_migrate_runf (pg, error, "drop trigger if exists karez_demand_event on %s.%s",
                                  schema->name, name)
                && hub_migrate_runf (pg, error,
                                     "drop trigger if exists karez_refuse_truncate on %s.%s",
                                     schema->name, name);

  PQfreemem (name);
  return ok;
}

static gboolean
attach_one (PGconn *pg, HubSchema *schema, PGresult *tables, int i, GError **error)
{
  const char *table = PQgetvalue (tables, i, 0);
  const char *rule = PQgetvalue (tables, i, 2);
  g_autofree char *what = g_strconcat (schema->name, ".", table, NULL);

  if (strcmp (rule, "bookkeeping") == 0)
    return TRUE;
  if (strcmp (rule, "part") == 0)
    {
      if (PQgetvalue (tables, i, 5)[0] != 't')
        return karez_error_set (error, KAREZ_ERROR_FAILED, "database/migration", NULL,
                                "the rule of %s names a table or a column that is not there", what);
      return create_triggers (pg, schema, table, PQgetvalue (tables, i, 3),
                              PQgetvalue (tables, i, 4), error);
    }
  if (PQgetisnull (tables, i, 1))
    return karez_error_set (error, KAREZ_ERROR_FAILED, "database/migration",
                            N_ ("A table whose rows have events needs a primary key of one "
                                "column."),
                            "the table %s has no primary key of one column", what);
  return create_triggers (pg, schema, table, table, PQgetvalue (tables, i, 1), error);
}

gboolean
hub_migrate_attach (PGconn *pg, HubSchema *schema, GError **error)
{
  const char *values[] = { schema->name, NULL };
  PGresult *tables = hub_migrate_query (pg, error, tables_sql, values);
  gboolean ok = tables != NULL;

  for (int i = 0; ok && i < PQntuples (tables); i++)
    ok = attach_one (pg, schema, tables, i, error);
  PQclear (tables);
  return ok;
}

gboolean
hub_migrate_detach (PGconn *pg, HubSchema *schema, GError **error)
{
  const char *values[] = { schema->name, NULL };
  PGresult *tables = hub_migrate_query (pg, error,
                                        "select distinct c.relname from pg_trigger t"
                                        " join pg_class c on c.oid = t.tgrelid"
                                        " join pg_namespace n on n.oid = c.relnamespace"
                                        " where n.nspname = $1 and not c.relispartition"
                                        " and t.tgname = 'karez_demand_event'",
                                        values);
  gboolean ok = tables != NULL;

  for (int i = 0; ok && i < PQntuples (tables); i++)
    ok = drop_triggers (pg, schema, PQgetvalue (tables, i, 0), error);
  PQclear (tables);
  return ok;
}
