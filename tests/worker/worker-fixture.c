/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Supervisor and worker as two programs. */
#include "worker-fixture.h"

#include "hub-id.h"

static void
on_record (HubWorkerProxy *worker, guint64 sequence, JsonNode *record, WorkerFixture *f)
{
  g_ptr_array_add (f->records, json_node_ref (record));
  g_array_append_val (f->numbers, sequence);
  if (f->acknowledge)
    hub_worker_proxy_recorded (worker, sequence);
}

static void
on_send (HubWorkerProxy *worker, const char *participant, JsonNode *body, WorkerFixture *f)
{
  g_clear_pointer (&f->sent, json_node_unref);
  f->sent = json_node_ref (body);
  g_ptr_array_add (f->all_sent, json_node_ref (body));
}

static void
on_snapshot (HubWorkerProxy *worker, JsonNode *snapshot, WorkerFixture *f)
{
  g_clear_pointer (&f->snapshot, json_node_unref);
  f->snapshot = json_node_ref (snapshot);
}

static void
on_arrived (HubSupervisor *supervisor, HubWorkerProxy *worker, JsonNode *snapshot, gboolean adopted,
            WorkerFixture *f)
{
  f->arrived++;
  f->adopted += adopted;
  g_set_object (&f->worker, worker);
  on_snapshot (worker, snapshot, f);
  g_signal_connect (worker, "record", G_CALLBACK (on_record), f);
  g_signal_connect (worker, "send", G_CALLBACK (on_send), f);
  g_signal_connect (worker, "snapshot", G_CALLBACK (on_snapshot), f);
  g_signal_connect (worker, "state-changed", G_CALLBACK (on_snapshot), f);
}

static void
on_died (HubSupervisor *supervisor, const char *session, const char *reason, WorkerFixture *f)
{
  g_assert_cmpstr (session, ==, f->id);
  f->died++;
  g_free (f->reason);
  f->reason = g_strdup (reason);
  g_clear_object (&f->worker);
}

void
worker_start_hub (WorkerFixture *f, guint64 incarnation)
{
  HubSupervisorConfig config = { f->state_dir, f->state_dir, g_getenv ("KAREZ_TEST_WORKER"),
                                 "127.0.0.1",  NULL,         incarnation };
  g_autoptr (GError) error = NULL;

  f->supervisor = hub_supervisor_new (&config);
  g_signal_connect (f->supervisor, "arrived", G_CALLBACK (on_arrived), f);
  g_signal_connect (f->supervisor, "died", G_CALLBACK (on_died), f);
  g_assert_true (hub_supervisor_start (f->supervisor, &error));
  g_assert_no_error (error);
}

void
worker_end_hub (WorkerFixture *f)
{
  if (f->worker != NULL)
    g_signal_handlers_disconnect_by_data (f->worker, f);
  g_clear_object (&f->worker);
  if (f->supervisor != NULL)
    g_signal_handlers_disconnect_by_data (f->supervisor, f);
  g_clear_object (&f->supervisor);
}

void
worker_spawn (WorkerFixture *f)
{
  g_autofree char *module = module_path ("module-live");
  g_autoptr (GError) error = NULL;

  g_free (f->hash);
  f->hash = hub_supervisor_make_token (f->supervisor, f->id);
  g_assert_true (
      hub_supervisor_spawn (f->supervisor, f->id, "test", module, f->programs, FALSE, &error));
  g_assert_no_error (error);
}

gboolean
worker_has_worker (gpointer data)
{
  return ((WorkerFixture *) data)->worker != NULL;
}

gboolean
worker_has_died (gpointer data)
{
  return ((WorkerFixture *) data)->died > 0;
}

gboolean
worker_has_sent (gpointer data)
{
  return ((WorkerFixture *) data)->sent != NULL;
}

gboolean
worker_has_checkpoint (gpointer data)
{
  WorkerFixture *f = data;
  g_autofree char *directory = hub_supervisor_get_directory (f->supervisor, f->id);
  g_autofree char *path = g_build_filename (directory, "checkpoint", NULL);
  g_autofree char *image = NULL;
  gsize size = 0;

  /* The live half's state is the count, at the end. */
  return g_file_get_contents (path, &image, &size, NULL) && size && image[size - 1] == '7';
}

const char *
worker_state_of (WorkerFixture *f)
{
  return karez_json_text (json_node_get_object (f->snapshot), "state");
}

gboolean
worker_is_over (gpointer data)
{
  return g_str_equal (worker_state_of (data), "ended")
         || g_str_equal (worker_state_of (data), "failed");
}

gboolean
worker_prepare (WorkerFixture *f, const char *reason, guint generation, GError **error)
{
  g_autoptr (HubWorkerProxy) worker = g_object_ref (f->worker);
  g_autoptr (JsonNode) node = karez_json_object (
      "id", "s", f->id, "booking", "n", karez_json_object ("reason", "s", reason, NULL), "modality",
      "s", "counter", "hub", "s", f->hub, "partner", "s", f->partner, "host", "b", TRUE,
      "generation", "i", (gint64) generation, "restored", "b", (gboolean) (generation > 1), "state",
      "s", "preparing", "sequence", "i", (gint64) 1, NULL);
  Await await = { 0 };
  g_autoptr (JsonNode) answer = NULL;

  hub_worker_proxy_prepare_async (worker, node, NULL, await_done, &await);
  answer = hub_worker_proxy_finish (worker, await_result (&await), error);
  g_object_unref (await.result);
  return answer != NULL;
}

gboolean
worker_join (WorkerFixture *f, const char *participant, GError **error)
{
  g_autoptr (HubWorkerProxy) worker = g_object_ref (f->worker);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hub, "Somebody", NULL, NULL, NULL);
  g_autoptr (JsonNode)
      node = karez_json_object ("id", "s", participant, "actor", "n", karez_actor_to_json (actor),
                                "role", "s", "writer", "hospital", "s", f->hub, NULL);
  Await await = { 0 };
  g_autoptr (JsonNode) answer = NULL;

  hub_worker_proxy_join_async (worker, node, NULL, await_done, &await);
  answer = hub_worker_proxy_finish (worker, await_result (&await), error);
  g_object_unref (await.result);
  return answer != NULL;
}

gboolean
worker_say_body (WorkerFixture *f, const char *participant, JsonNode *body, GError **error)
{
  g_autoptr (HubWorkerProxy) worker = g_object_ref (f->worker);
  Await await = { 0 };
  g_autoptr (JsonNode) answer = NULL;

  hub_worker_proxy_message_async (worker, participant, body, NULL, await_done, &await);
  answer = hub_worker_proxy_finish (worker, await_result (&await), error);
  g_object_unref (await.result);
  return answer != NULL;
}

gboolean
worker_say (WorkerFixture *f, const char *participant, const char *type, GError **error)
{
  g_autoptr (JsonNode) body = karez_json_object ("type", "s", type, NULL);

  return worker_say_body (f, participant, body, error);
}

gboolean
worker_move (WorkerFixture *f, const char *edge, GError **error)
{
  g_autoptr (HubWorkerProxy) worker = g_object_ref (f->worker);
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hub, "Somebody", NULL, NULL, NULL);
  Await await = { 0 };
  g_autoptr (JsonNode) answer = NULL;

  hub_worker_proxy_move_async (
      worker, edge, NULL, actor,
      karez_json_integer (json_node_get_object (f->snapshot), "sequence", 0), 0, await_done,
      &await);
  answer = hub_worker_proxy_finish (worker, await_result (&await), error);
  g_object_unref (await.result);
  return answer != NULL;
}

void
worker_set_up (WorkerFixture *f, gconstpointer data)
{
  f->id = hub_id_new ();
  f->hub = hub_id_new ();
  f->partner = hub_id_new ();
  f->state_dir = g_build_filename (scratch (), f->id, NULL);
  f->records = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  f->numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  f->all_sent = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  f->programs = data;
  f->acknowledge = TRUE;
  g_assert_cmpint (g_mkdir_with_parents (f->state_dir, 0700), ==, 0);
  worker_start_hub (f, 1);
  worker_spawn (f);
  turn_until (worker_has_worker, f, 10, "the worker says hello");
}

void
worker_tear_down (WorkerFixture *f, gconstpointer data)
{
  if (f->supervisor != NULL)
    {
      hub_supervisor_kill (f->supervisor, f->id);
      f->died = 0;
      if (f->worker != NULL)
        turn_until (worker_has_died, f, 10, "the worker's end is seen");
    }
  worker_end_hub (f);
  g_free (f->id);
  g_free (f->hub);
  g_free (f->partner);
  g_free (f->state_dir);
  g_free (f->hash);
  g_free (f->reason);
  g_ptr_array_unref (f->records);
  g_array_unref (f->numbers);
  g_clear_pointer (&f->sent, json_node_unref);
  g_ptr_array_unref (f->all_sent);
  g_clear_pointer (&f->snapshot, json_node_unref);
}

const char *
worker_action_of (WorkerFixture *f, guint n)
{
  return karez_json_text (json_node_get_object (f->records->pdata[n]), "action");
}
