/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes a plugin's schema away, for a migration that changes before its release. */
#include "hub-migrate-reset.h"

#include "hub-migrate-rules.h"
#include "hub-pg-connection.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean
check_alone (PGconn *pg, GError **error)
{
  g_autofree char *others = hub_migrate_list_others (pg, error);

  if (others == NULL)
    return FALSE;
  return *others == '\0'
         || karez_error_set (error, KAREZ_ERROR_BUSY, "database/in-use",
                             N_ ("a hub that is stopped: systemctl stop karezd"),
                             N_ ("Somebody is connected to the database: %s"), others);
}

/* One that the migration runner made for a plugin belongs to that plugin's role. */
static gboolean
check_schema (PGconn *pg, HubSchema *schema, GError **error)
{
  const char *values[] = { schema->name, NULL };
  g_autofree char *owner = hub_migrate_ask (pg, error,
                                            "select coalesce ((select pg_get_userbyid (nspowner) "
                                            "from pg_namespace where nspname = $1), '')",
                                            values);

  if (owner == NULL)
    return FALSE;
  return strcmp (owner, schema->owner) == 0
         || karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "plugin/no-schema",
                             N_ ("a plugin that has had a schema in this database"),
                             N_ ("No plugin has a schema “%s” in this database"), schema->name);
}

static gboolean
count_rows (PGconn *pg, HubSchema *schema, HubMigrateReset *found, GError **error)
{
  const char *values[] = { schema->name, NULL };
  PGresult *tables = hub_migrate_query (
      pg, error,
      "select format ('select count (*) from %I.%I', schemaname, tablename) from pg_tables"
      " where schemaname = $1",
      values);
  gboolean done = tables != NULL;

  found->tables = done ? (guint) PQntuples (tables) : 0;
  for (guint i = 0; done && i < found->tables; i++)
    {
      g_autofree char *n = hub_migrate_ask (pg, error, PQgetvalue (tables, (int) i, 0), NULL);

      done = n != NULL;
      found->rows += done ? g_ascii_strtoll (n, NULL, 10) : 0;
    }
  PQclear (tables);
  return done;
}

static gboolean
look (PGconn *pg, HubSchema *schema, HubMigrateReset *found, GError **error)
{
  const char *values[] = { schema->name, NULL };
  g_autofree char *migrations = NULL;

  *found = (HubMigrateReset){ 0 };
  if (!check_alone (pg, error) || !check_schema (pg, schema, error)
      || !count_rows (pg, schema, found, error))
    return FALSE;
  migrations = hub_migrate_ask (pg, error,
                                "select count (*) from karez.migration where schema = $1", values);
  if (migrations == NULL)
    return FALSE;
  found->migrations = (guint) g_ascii_strtoull (migrations, NULL, 10);
  return TRUE;
}

static gboolean
drop (PGconn *pg, HubSchema *schema, const char *plugin, const char *who,
      const HubMigrateReset *found, GError **error)
{
  const char *name[] = { schema->name, NULL };
  g_autoptr (JsonNode) details = karez_json_object (
      "plugin", "s", plugin, "schema", "s", schema->name, "tables", "i", (gint64) found->tables,
      "rows", "i", found->rows, "migrations", "i", (gint64) found->migrations, NULL);
  g_autofree char *text = karez_json_print (details);
  const char *event[] = { who, schema->name, text, NULL };
  g_autofree char *rules = NULL, *migrations = NULL, *recorded = NULL;

  if (!hub_migrate_runf (pg, error, "drop schema %s cascade", schema->name))
    return FALSE;
  rules = hub_migrate_ask (pg, error,
                           "with gone as (delete from karez.table_rule where table_schema = $1"
                           " returning 1) select count (*) from gone",
                           name);
  migrations = rules != NULL ? hub_migrate_ask (pg, error,
                                                "with gone as (delete from karez.migration"
                                                " where schema = $1 returning 1)"
                                                " select count (*) from gone",
                                                name)
                             : NULL;
  recorded = migrations != NULL
                 ? hub_migrate_ask (pg, error,
                                    "insert into karez.event (id, actor_kind, actor_id, actor_name,"
                                    " action, subject_schema, subject_table, subject_row, details)"
                                    " values (gen_random_uuid (), 'local', 'local', $1,"
                                    " 'plugin.reset', 'karez', 'migration', $2, $3::jsonb)"
                                    " returning id",
                                    event)
                 : NULL;
  return recorded != NULL;
}

gboolean
hub_migrate_reset_look (const char *conninfo, const char *schema, HubMigrateReset *found,
                        GError **error)
{
  g_autoptr (HubSchema) own = hub_schema_new (schema, TRUE);
  PGconn *pg = hub_pg_connect (conninfo, error);
  gboolean done = pg != NULL && hub_migrate_run (pg, error, "set search_path = ''")
                  && look (pg, own, found, error);

  PQfinish (pg);
  return done;
}

gboolean
hub_migrate_reset (const char *conninfo, const char *schema, const char *plugin, const char *who,
                   GError **error)
{
  g_autoptr (HubSchema) own = hub_schema_new (schema, TRUE);
  PGconn *pg = hub_pg_connect (conninfo, error);
  HubMigrateReset found;
  gboolean done = pg != NULL && hub_migrate_run (pg, error, "set client_min_messages = warning")
                  && hub_migrate_run (pg, error, "set search_path = ''")
                  && hub_migrate_run (pg, error, "set lock_timeout = '10s'")
                  /* As hub_migrate() locks: no hub begins meanwhile. */
                  && hub_migrate_run (pg, error, "select pg_advisory_lock (" HUB_MIGRATE_LOCK ")")
                  && hub_migrate_run (pg, error, "begin read write")
                  && look (pg, own, &found, error) && drop (pg, own, plugin, who, &found, error)
                  && hub_migrate_run (pg, error, "commit");

  PQfinish (pg); /* what was not committed is undone */
  return done;
}
