/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl-database.h"

#include "hub-agenda.h"
#include "hub-audit.h"
#include "hub-cluster.h"
#include "hub-engine.h"
#include "hub-names.h"
#include "hub-peers.h"
#include "hub-pg-conninfo.h"
#include "hub-web.h"

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
  gboolean done;
  GError **error;
} Wait;

CtlStatus
ctl_refuse (const GError *error)
{
  g_printerr ("karezctl: %s\n", error->message);
  if (karez_error_get_rule (error) != NULL)
    g_printerr (_ ("  rule: %s\n"), karez_error_get_rule (error));
  if (karez_error_get_accepted (error) != NULL)
    g_printerr (_ ("  accepted: %s\n"), _ (karez_error_get_accepted (error)));
  return karez_error_is_unavailable (error) ? CTL_DATABASE : CTL_REFUSED;
}

static void
on_cluster_started (GObject *source, GAsyncResult *result, gpointer data)
{
  Wait *wait = data;

  wait->done = hub_cluster_start_finish (HUB_CLUSTER (source), result, wait->error);
  g_main_loop_quit (wait->loop);
}

char *
ctl_find_connection (Ctl *ctl, GError **error)
{
  g_autoptr (GMainLoop) loop = NULL;
  g_autofree char *sockets = NULL;
  g_autoptr (HubCluster) cluster = NULL;
  Wait wait = { .error = error };
  const char *given;

  if (ctl->config == NULL)
    {
      g_propagate_error (error, g_error_copy (ctl->config_error));
      return NULL;
    }
  given = hub_config_text (ctl->config, "Database", "Connection");
  if (given != NULL)
    return hub_pg_conninfo_check (given, error) ? g_strdup (given) : NULL;
  sockets = g_build_filename (hub_config_text (ctl->config, "Hub", "Runtime"),
                              HUB_DIRECTORY_POSTGRES, NULL);
  cluster = hub_cluster_new (hub_config_text (ctl->config, "Hub", "State"), sockets);
  wait.loop = loop = g_main_loop_new (NULL, FALSE);
  hub_cluster_start_async (cluster, NULL, on_cluster_started, &wait);
  g_main_loop_run (loop);
  return wait.done ? hub_cluster_get_connection (cluster) : NULL;
}

void
ctl_add_schemas (HubStore *store)
{
  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    if (schemas[i].add != NULL)
      schemas[i].add (store);
}

GPtrArray *
ctl_load_schemas (GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_schema_unref);
  /* Makes the resources known. */
  g_autoptr (HubStore) store = hub_store_new ("", 3, 1);

  ctl_add_schemas (store);
  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    {
      HubSchema *schema = hub_schema_new (schemas[i].name, FALSE);

      g_ptr_array_add (list, schema);
      if (!hub_schema_load (schema, schemas[i].resources, error))
        return NULL;
    }
  return g_steal_pointer (&list);
}
