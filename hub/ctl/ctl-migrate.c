/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl migrate: brings the schemas up to this version. */
#include "ctl-database.h"

#include <libpq-fe.h>

typedef struct
{
  GMainLoop *loop;
  HubStore *store;
  gboolean done;
  GError *error;
} Wait;

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  Wait *wait = data;

  wait->done = hub_store_open_finish (HUB_STORE (source), result, &wait->error);
  g_main_loop_quit (wait->loop);
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

static void
list_schema (PGconn *pg, const HubSchema *schema, JsonArray *items, gboolean *clean)
{
  for (guint m = 0; m < schema->migrations->len; m++)
    {
      const HubMigration *migration = schema->migrations->pdata[m];
      const char *state = migration_state (pg, schema->name, migration);

      if (!g_str_equal (state, "applied"))
        *clean = FALSE;
      json_array_add_element (items,
                              karez_json_object ("schema", "s", schema->name, "name", "s",
                                                 migration->name, "state", "s", state, NULL));
    }
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
  g_autoptr (GPtrArray) schemas = ctl_load_schemas (&error);
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
  for (guint i = 0; schemas != NULL && i < schemas->len; i++)
    list_schema (pg, schemas->pdata[i], json_node_get_array (items), &clean);
  PQfinish (pg);
  if (error != NULL)
    return ctl_refuse (error);
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
    return ctl_without_config (ctl);
  if (ctl_become_hub (ctl, &wait.error))
    connection = ctl_find_connection (ctl, &wait.error);
  if (connection != NULL)
    {
      store = hub_store_new (connection, 3, 1);
      ctl_add_schemas (store);
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
    status = ctl_refuse (wait.error);
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
