/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the database's role may make what is missing. */
#include "hub-migrate-rights.h"

#include "hub-migrate-rules.h"

#include <glib/gi18n.h>
#include <string.h>

#define EXTENSION "btree_gist"

/* What this role may do that does not depend on a schema. */
static const char own_sql[] =
    "select quote_ident (current_user) as me,"
    " quote_ident (current_database ()) as database,"
    " has_database_privilege (current_database (), 'create') as may_create,"
    " r.rolsuper as super, r.rolinherit as inherits, r.rolcreaterole as may_make_roles,"
    " current_setting ('server_version_num')::integer >= 160000 as sixteen,"
    " exists (select from pg_extension where extname = '" EXTENSION "') as extended,"
    " exists (select from pg_available_extensions where name = '" EXTENSION "') as available,"
    " coalesce (has_schema_privilege (to_regnamespace ('public')::oid, 'create'), false)"
    "   as may_extend"
    " from pg_roles r where r.rolname = current_user";

/* A role that can be used needs nothing. Since PostgreSQL 16 being a member does not mean that one
 * may become the role, and who may make roles may not take any that is there. */
static const char role_sql[] =
    "select quote_ident (wanted.name) as name,"
    " r.oid is not null as there,"
    " r.oid is not null and pg_has_role (r.oid, 'usage') and pg_has_role (r.oid,"
    "   case when current_setting ('server_version_num')::integer < 160000 then 'member'"
    "   else 'set' end) as usable,"
    " r.oid is not null and (current_setting ('server_version_num')::integer < 160000"
    "   or pg_has_role (r.oid, 'member with admin option')) as grantable"
    " from (select $1::text) as wanted (name) left join pg_roles r on r.rolname = wanted.name";

/* A schema is made, or belongs to whom this role can act for. */
static const char schema_sql[] =
    "select quote_ident (wanted.name) as name, n.oid is not null as there,"
    " n.oid is not null and pg_has_role (n.nspowner, 'usage') as ours,"
    " not exists (select from pg_class c where c.relnamespace = n.oid"
    "             and c.relkind in ('r', 'p', 'v', 'm') and not pg_has_role (c.relowner, 'usage'))"
    " and not exists (select from pg_proc p where p.pronamespace = n.oid"
    "                 and not pg_has_role (p.proowner, 'usage')) as all_ours"
    " from (select $1::text) as wanted (name) left join pg_namespace n on n.nspname = wanted.name";

/* A row of one of the questions above. */
typedef struct
{
  PGresult *result;
} Answer;

static void
answer_clear (Answer *self)
{
  g_clear_pointer (&self->result, PQclear);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static const char *
text_of (Answer *self, const char *column)
{
  return PQgetvalue (self->result, 0, PQfnumber (self->result, column));
}

static gboolean
is (Answer *self, const char *column)
{
  return text_of (self, column)[0] == 't';
}

static gboolean
ask (PGconn *pg, Answer *answer, const char *sql, const char *about, GError **error)
{
  const char *values[] = { about, NULL };

  answer_clear (answer);
  answer->result = hub_migrate_query (pg, error, sql, about != NULL ? values : NULL);
  return answer->result != NULL;
}

/* Adds a statement that is not among them yet. */
static void G_GNUC_PRINTF (2, 3) add (GString *missing, const char *format, ...)
{
  g_autofree char *statement = NULL;
  va_list args;

  va_start (args, format);
  statement = g_strdup_vprintf (format, args);
  va_end (args);
  if (strstr (missing->str, statement) == NULL)
    g_string_append_printf (missing, "%s%s", missing->len > 0 ? "\n" : "", statement);
}

static void
add_all (GString *missing, const char *statements)
{
  g_auto (GStrv) lines = g_strsplit (statements, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    add (missing, "%s", lines[i]);
}

/* Adds what has to be run so that @role can be used. */
static gboolean
look_at_role (PGconn *pg, Answer *own, const char *role, GString *missing, GError **error)
{
  g_auto (Answer) answer = { 0 };

  if (!ask (pg, &answer, role_sql, role, error))
    return FALSE;
  if (is (own, "super"))
    return TRUE;
  if (!is (own, "inherits"))
    add (missing, "ALTER ROLE %s INHERIT;", text_of (own, "me"));
  if (is (&answer, "usable"))
    return TRUE;
  if (is (own, "may_make_roles") && (!is (&answer, "there") || is (&answer, "grantable")))
    return TRUE;
  if (!is (&answer, "there"))
    add (missing, "CREATE ROLE %s NOLOGIN;", text_of (&answer, "name"));
  add (missing, "GRANT %s TO %s%s;", text_of (&answer, "name"), text_of (own, "me"),
       is (own, "sixteen") ? " WITH INHERIT TRUE, SET TRUE" : "");
  return TRUE;
}

/* What is in a schema, as after a dump that somebody else has restored. */
static void
add_contents (GString *missing, const char *schema, const char *owner)
{
  add (missing,
       "DO $$ DECLARE o text; BEGIN FOR o IN SELECT format ('TABLE %%s', c.oid::regclass) FROM "
       "pg_class c WHERE c.relnamespace = '%s'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') "
       "UNION ALL SELECT format ('ROUTINE %%s', p.oid::regprocedure) FROM pg_proc p WHERE "
       "p.pronamespace = '%s'::regnamespace LOOP EXECUTE format ('ALTER %%s OWNER TO %s', o); "
       "END LOOP; END $$;",
       schema, schema, owner);
}

static gboolean
look_at_schema (PGconn *pg, Answer *own, HubSchema *schema, GString *missing, GError **error)
{
  g_auto (Answer) answer = { 0 };

  if (!ask (pg, &answer, schema_sql, schema->name, error))
    return FALSE;
  if (!is (&answer, "there") && !is (own, "may_create"))
    add (missing, "GRANT CREATE ON DATABASE %s TO %s;", text_of (own, "database"),
         text_of (own, "me"));
  /* A plugin's belongs to its role, which is looked at by itself. */
  if (is (&answer, "there") && !is (&answer, "ours") && !schema->plugin)
    add (missing, "ALTER SCHEMA %s OWNER TO %s;", text_of (&answer, "name"), text_of (own, "me"));
  if (is (&answer, "there") && !is (&answer, "all_ours") && !schema->plugin)
    add_contents (missing, text_of (&answer, "name"), text_of (own, "me"));
  return TRUE;
}

static void
look_at_extension (Answer *own, GString *missing)
{
  if (!is (own, "extended") && !is (own, "super")
      && !(is (own, "available") && is (own, "may_create") && is (own, "may_extend")))
    add (missing, "CREATE EXTENSION " EXTENSION " SCHEMA public;");
}

static GError *
new_refusal (Answer *own, const char *missing)
{
  return karez_error_new (
      KAREZ_ERROR_FAILED, "database/rights", NULL,
      N_ ("PostgreSQL lets the role %s not make what is needed in the database %s; nothing was "
          "changed. A superuser, connected to that database, has to run:\n%s"),
      text_of (own, "me"), text_of (own, "database"), missing);
}

/* Whether a plugin was here before: what it needs must not stop a hub that ran without it. */
static gboolean
had_plugins (PGconn *pg, GPtrArray *schemas, gboolean *had, GError **error)
{
  *had = FALSE;
  for (guint i = 0; i < schemas->len && !*had; i++)
    {
      HubSchema *schema = schemas->pdata[i];
      g_auto (Answer) answer = { 0 };

      if (!schema->plugin)
        continue;
      if (!ask (pg, &answer, schema_sql, schema->name, error))
        return FALSE;
      *had = is (&answer, "there");
    }
  return TRUE;
}

static gboolean
look_at_plugins (PGconn *pg, Answer *own, GPtrArray *schemas, GString *missing, GError **error)
{
  gboolean had;

  if (!had_plugins (pg, schemas, &had, error))
    return FALSE;
  for (guint i = 0; i < schemas->len; i++)
    {
      HubSchema *schema = schemas->pdata[i];
      g_autoptr (GString) of_plugin = g_string_new (NULL);

      if (!schema->plugin || schema->refusal != NULL)
        continue;
      if (!look_at_schema (pg, own, schema, of_plugin, error)
          || !look_at_role (pg, own, schema->owner, of_plugin, error)
          || !look_at_role (pg, own, schema->role, of_plugin, error))
        return FALSE;
      if (of_plugin->len > 0 && had)
        schema->refusal = new_refusal (own, of_plugin->str);
      else if (of_plugin->len > 0)
        add_all (missing, of_plugin->str);
    }
  return TRUE;
}

gboolean
hub_migrate_check_rights (PGconn *pg, GPtrArray *schemas, GError **error)
{
  g_autoptr (GString) missing = g_string_new (NULL);
  g_auto (Answer) own = { 0 };

  if (!ask (pg, &own, own_sql, NULL, error))
    return FALSE;
  for (guint i = 0; i < schemas->len; i++)
    {
      HubSchema *schema = schemas->pdata[i];

      if (!schema->plugin && !look_at_schema (pg, &own, schema, missing, error))
        return FALSE;
    }
  look_at_extension (&own, missing);
  if (!look_at_plugins (pg, &own, schemas, missing, error))
    return FALSE;
  if (missing->len == 0)
    return TRUE;
  g_propagate_error (error, new_refusal (&own, missing->str));
  return FALSE;
}
