/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#include "hub-agenda.h"
#include "hub-audit.h"
#include "hub-cluster.h"
#include "hub-engine.h"
#include "hub-names.h"
#include "hub-peers.h"
#include "hub-schema.h"
#include "hub-web.h"

#include <libpq-fe.h>

/* The hub's own; a plugin's schema is migrated when the hub loads the plugin. */
static const struct
{
  const char *name, *resources;
  void (*add) (HubStore *store); /* makes the resources known */
} schemas[] = {
  { "karez", "/org/karez/store", NULL },
  { "audit", "/org/karez/audit/sql", hub_audit_add_schema },
  { "agenda", "/org/karez/agenda/sql", hub_agenda_add_schema },
  { "peers", "/org/karez/peers", hub_peers_add_schema },
  { "web", "/org/karez/web", hub_web_add_schema },
  { "engine", "/org/karez/engine/sql", hub_engine_add_schema },
};

typedef struct
{
  GMainLoop *loop;
  HubStore *store;
  gboolean done;
  GError *error;
} Wait;

static CtlStatus
refused (const GError *error)
{
  g_printerr ("karezctl: %s\n", error->message);
  if (karez_error_get_rule (error) != NULL)
    g_printerr (_ ("  rule: %s\n"), karez_error_get_rule (error));
  return karez_error_is_unavailable (error) ? CTL_DATABASE : CTL_REFUSED;
}

static void
on_cluster_started (GObject *source, GAsyncResult *result, gpointer data)
{
  Wait *wait = data;

  wait->done = hub_cluster_start_finish (HUB_CLUSTER (source), result, &wait->error);
  g_main_loop_quit (wait->loop);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  Wait *wait = data;

  wait->done = hub_store_open_finish (HUB_STORE (source), result, &wait->error);
  g_main_loop_quit (wait->loop);
}

/* What the configuration says, or the private cluster, which is started if it does not run. */
static char *
find_connection (Ctl *ctl, Wait *wait)
{
  const char *given = hub_config_text (ctl->config, "Database", "Connection");
  g_autofree char *sockets = NULL;
  g_autoptr (HubCluster) cluster = NULL;

  if (given != NULL)
    return g_strdup (given);
  sockets = g_build_filename (hub_config_text (ctl->config, "Hub", "Runtime"),
                              HUB_DIRECTORY_POSTGRES, NULL);
  cluster = hub_cluster_new (hub_config_text (ctl->config, "Hub", "State"), sockets);
  hub_cluster_start_async (cluster, NULL, on_cluster_started, wait);
  g_main_loop_run (wait->loop);
  return wait->done ? hub_cluster_get_connection (cluster) : NULL;
}

static const char *
migration_state (PGconn *pg, const char *schema, const HubMigration *migration)
{
  g_autofree char *number = g_strdup_printf ("%u", migration->number);
  const char *values[] = { schema, number };
  /* nocheck:blocked -- karezctl has nobody to keep waiting */
  PGresult *row = PQexecParams (pg,
                                "select sha256 from karez.migration"
                                " where schema = $1 and number = $2::integer",
                                2, NULL, values, NULL, NULL, 0);
  const char *state = N_ ("pending");

  /* Without the table nothing was applied yet. */
  if (PQresultStatus (row) == PGRES_TUPLES_OK && PQntuples (row) == 1)
    state = g_str_equal (PQgetvalue (row, 0, 0), migration->sha256) ? N_ ("applied")
                                                                    : N_ ("changed");
  PQclear (row);
  return state;
}

static gboolean
list_schema (PGconn *pg, guint i, JsonArray *items, gboolean *clean, GError **error)
{
  g_autoptr (HubSchema) schema = hub_schema_new (schemas[i].name, FALSE);

  if (!hub_schema_load (schema, schemas[i].resources, error))
    return FALSE;
  for (guint m = 0; m < schema->migrations->len; m++)
    {
      const HubMigration *migration = schema->migrations->pdata[m];
      const char *state = migration_state (pg, schemas[i].name, migration);

      if (!g_str_equal (state, "applied"))
        *clean = FALSE;
      json_array_add_element (items,
                              karez_json_object ("schema", "s", schemas[i].name, "name", "s",
                                                 migration->name, "state", "s", state, NULL));
    }
  return TRUE;
}

/* Ends with CTL_REFUSED when something is not applied. */
static CtlStatus
check (Ctl *ctl, const char *connection)
{
  static const char *const columns[] = { N_ ("SCHEMA"), "schema",     N_ ("MIGRATION"),
                                         "name",        N_ ("STATE"), "state",
                                         NULL };
  JsonNode *items = json_node_new (JSON_NODE_ARRAY);
  g_autoptr (JsonNode) list = NULL;
  g_autoptr (GError) error = NULL;
  gboolean clean = TRUE;
  /* nocheck:blocked -- karezctl has nobody to keep waiting */
  PGconn *pg = PQconnectdb (connection);

  json_node_take_array (items, json_array_new ());
  list = karez_json_object ("items", "n", items, NULL);
  if (PQstatus (pg) != CONNECTION_OK)
    {
      g_printerr ("karezctl: %s", PQerrorMessage (pg));
      PQfinish (pg);
      return CTL_DATABASE;
    }
  for (guint i = 0; error == NULL && i < G_N_ELEMENTS (schemas); i++)
    list_schema (pg, i, json_node_get_array (items), &clean, &error);
  PQfinish (pg);
  if (error != NULL)
    return refused (error);
  if (!ctl_json (ctl, list))
    ctl_table (ctl_items (list), columns);
  return clean ? CTL_OK : CTL_REFUSED;
}

static CtlStatus
migrate (Ctl *ctl, char **arguments)
{
  gboolean only_check = ctl_option_is_given (ctl, "check");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (HubStore) store = NULL;
  g_autofree char *connection = NULL;
  Wait wait = { .loop = loop };
  CtlStatus status = CTL_OK;

  if (!ctl_has_config (ctl))
    return CTL_REFUSED;
  connection = find_connection (ctl, &wait);
  if (connection != NULL)
    {
      store = hub_store_new (connection, 3, 1);
      for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
        if (schemas[i].add != NULL)
          schemas[i].add (store);
      if (!only_check)
        {
          hub_store_open_async (store, NULL, on_opened, &wait);
          g_main_loop_run (loop);
          hub_store_close (store);
        }
      if (wait.error == NULL)
        status = check (ctl, connection);
    }
  if (wait.error != NULL)
    status = refused (wait.error);
  g_clear_error (&wait.error);
  return status;
}

static const CtlOption options[] = {
  { "check", NULL, N_ ("Changes nothing, and ends with 1 if there is something to do") },
  { NULL },
};

const CtlVerb ctl_migrate_verbs[] = {
  { "", "", N_ ("Brings the database to this program's state, as the hub's start does"), options,
    migrate },
  { NULL },
};
