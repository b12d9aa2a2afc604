/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures the group writer beside a commit for each row. */

/* store.group_writer: events a second through the group writer, beside a commit for each row on
 * one connection, on the same private cluster with fsync, in alternating rounds. */

#include "hub-cluster.h"
#include "hub-id.h"
#include "hub-store.h"

#include <glib/gstdio.h>
#include <libpq-fe.h>
#include <stdlib.h>

#define ROUNDS 7
#define ROUND_US (700 * 1000)
#define CALLERS 64

typedef struct
{
  HubStore *store;
  KarezActor *actor;
  gint64 end;
  guint rows;
  guint under_way;
} Round;

static void append (Round *round);

static void
on_appended (GObject *source, GAsyncResult *result, gpointer data)
{
  Round *round = data;
  g_autoptr (GError) error = NULL;

  if (!hub_store_append_event_finish (round->store, result, &error))
    g_error ("an event was refused: %s", error->message);
  round->rows++;
  round->under_way--;
  if (g_get_monotonic_time () < round->end)
    append (round);
}

static void
append (Round *round)
{
  round->under_way++;
  hub_store_append_event_async (round->store, round->actor, "bench.write", 0, NULL, NULL, NULL,
                                NULL, on_appended, round);
}

static double
group_writer (HubStore *store, KarezActor *actor)
{
  gint64 begin = g_get_monotonic_time ();
  Round round = { store, actor, begin + ROUND_US, 0, 0 };

  for (guint i = 0; i < CALLERS; i++)
    append (&round);
  while (round.under_way > 0)
    g_main_context_iteration (NULL, TRUE);
  return round.rows * 1e6 / (g_get_monotonic_time () - begin);
}

static double
commit_each (PGconn *connection)
{
  gint64 begin = g_get_monotonic_time ();
  guint rows = 0;

  for (; g_get_monotonic_time () < begin + ROUND_US; rows++)
    {
      g_autofree char *id = hub_id_new ();
      const char *values[] = { id };
      PGresult *result = PQexecPrepared (connection, "write", 1, values, NULL, NULL, 0);

      if (PQresultStatus (result) != PGRES_COMMAND_OK)
        g_error ("%s", PQerrorMessage (connection));
      PQclear (result);
    }
  return rows * 1e6 / (g_get_monotonic_time () - begin);
}

static PGconn *
connect_peer (const char *where)
{
  PGconn *connection = PQconnectdb (where);
  PGresult *result;

  if (PQstatus (connection) != CONNECTION_OK)
    g_error ("%s", PQerrorMessage (connection));
  result = PQprepare (connection, "write",
                      "insert into karez.event (id, actor_kind, actor_id, actor_name, action)"
                      " values ($1, 'hub', 'bench', 'bench', 'bench.write')",
                      1, NULL);
  if (PQresultStatus (result) != PGRES_COMMAND_OK)
    g_error ("%s", PQerrorMessage (connection));
  PQclear (result);
  return connection;
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("karez-bench-XXXXXX", NULL);
  g_autofree char *sockets = g_build_filename (directory, "run", NULL);
  g_autoptr (HubCluster) cluster = NULL;
  g_autoptr (HubStore) store = NULL;
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_HUB, "bench", "bench", NULL, NULL, NULL);
  g_autofree char *where = NULL;
  g_autoptr (GAsyncResult) started = NULL, opened = NULL, stopped = NULL;
  double ours[ROUNDS], theirs[ROUNDS];
  PGconn *peer;

  g_chmod (directory, 0755);
  cluster = hub_cluster_new (directory, sockets);
  hub_cluster_start_async (cluster, NULL, keep_result, &started);
  if (!hub_cluster_start_finish (cluster, wait_for (&started), &error))
    g_error ("%s", error->message);
  where = hub_cluster_get_connection (cluster);
  store = hub_store_new (where, 4, 256);
  hub_store_open_async (store, NULL, keep_result, &opened);
  if (!hub_store_open_finish (store, wait_for (&opened), &error))
    g_error ("%s", error->message);
  peer = connect_peer (where);

  for (guint i = 0; i < ROUNDS; i++)
    {
      ours[i] = group_writer (store, actor);
      theirs[i] = commit_each (peer);
    }
  qsort (ours, ROUNDS, sizeof *ours, compare);
  qsort (theirs, ROUNDS, sizeof *theirs, compare);
  g_print ("{\"name\": \"store.group_writer\", \"value\": %.0f, \"unit\": \"rows/s\", "
           "\"peer\": \"a commit for each row\", \"peer_value\": %.0f, "
           "\"n\": %d, \"note\": \"%d callers, fsync on, medians of alternating rounds\"}\n",
           ours[ROUNDS / 2], theirs[ROUNDS / 2], ROUNDS, CALLERS);

  PQfinish (peer);
  hub_store_close (store);
  hub_cluster_stop_async (cluster, NULL, keep_result, &stopped);
  if (!hub_cluster_stop_finish (cluster, wait_for (&stopped), &error))
    g_error ("%s", error->message);
  return EXIT_SUCCESS;
}
