/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures a call between hub and worker. */

/* bus.call_p50_us: one call from a hub to a real worker and back on their private connection
 * (Ping, which answers with the session's snapshot), one after the other, on an idle main loop. */

#include "hub-id.h"
#include "hub-supervisor.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>

#define CALLS 4000

typedef struct
{
  GMainLoop *loop;
  HubWorkerProxy *worker;
  GArray *took; /* gint64, µs */
  gint64 begin;
} Bench;

static void ping (Bench *bench);

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Bench *bench = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) snapshot = hub_worker_proxy_finish (bench->worker, result, &error);
  gint64 took = g_get_monotonic_time () - bench->begin;

  if (snapshot == NULL)
    g_error ("the worker does not answer: %s", error->message);
  g_array_append_val (bench->took, took);
  if (bench->took->len < CALLS)
    ping (bench);
  else
    g_main_loop_quit (bench->loop);
}

static void
ping (Bench *bench)
{
  bench->begin = g_get_monotonic_time ();
  hub_worker_proxy_ping_async (bench->worker, NULL, on_answer, bench);
}

static void
on_arrived (HubSupervisor *supervisor, HubWorkerProxy *worker, JsonNode *snapshot, gboolean adopted,
            Bench *bench)
{
  bench->worker = g_object_ref (worker);
  ping (bench);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

int
main (int argc, char **argv)
{
  g_autofree char *directory = g_dir_make_tmp ("karez-bus-XXXXXX", NULL);
  g_autofree char *session = hub_id_new ();
  g_autofree char *hash = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HubSupervisor) supervisor = NULL;
  HubSupervisorConfig config = { directory,   directory, argc == 3 ? argv[1] : NULL,
                                 "127.0.0.1", NULL,      1 };
  Bench bench = { 0 };

  if (argc != 3)
    {
      g_printerr ("bench-bus KAREZ-WORKER MODULE\n");
      return 2;
    }
  bench.loop = g_main_loop_new (NULL, FALSE);
  bench.took = g_array_new (FALSE, FALSE, sizeof (gint64));
  supervisor = hub_supervisor_new (&config);
  g_signal_connect (supervisor, "arrived", G_CALLBACK (on_arrived), &bench);
  if (!hub_supervisor_start (supervisor, &error))
    g_error ("%s", error->message);
  hash = hub_supervisor_make_token (supervisor, session);
  if (!hub_supervisor_spawn (supervisor, session, "template", argv[2], NULL, FALSE, &error))
    g_error ("%s", error->message);
  g_main_loop_run (bench.loop);

  g_array_sort (bench.took, compare);
  g_print (
      "{\"name\": \"bus.call_p50_us\", \"value\": %" G_GINT64_FORMAT
      ", \"unit\": \"us\", \"n\": %d, \"note\": \"hub to worker and back, p99 %" G_GINT64_FORMAT
      " us\"}\n",
      g_array_index (bench.took, gint64, CALLS / 2), CALLS,
      g_array_index (bench.took, gint64, CALLS / 100 * 99));
  kill (hub_worker_proxy_get_pid (bench.worker), SIGKILL);
  return EXIT_SUCCESS;
}
