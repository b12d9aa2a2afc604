/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Supervisor and worker, as two programs: what the hub's end, the worker's end and a hung worker
 * mean for a session. The link is not connected here. */
#include "engine-fixture.h"
#include "hub-id.h"
#include "hub-module.h"
#include "hub-supervisor.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <unistd.h>

typedef struct
{
  char *id, *hub, *partner, *state_dir;
  HubSupervisor *supervisor;
  HubWorkerProxy *worker;
  JsonNode *snapshot;
  char *hash;
  guint arrived, adopted, died;
  char *reason;
  GPtrArray *records; /* JsonNode */
  GArray *numbers;
  JsonNode *sent;
  gboolean acknowledge;
} Fixture;

static void
on_record (HubWorkerProxy *worker, guint64 sequence, JsonNode *record, Fixture *f)
{
  g_ptr_array_add (f->records, json_node_ref (record));
  g_array_append_val (f->numbers, sequence);
  if (f->acknowledge)
    hub_worker_proxy_recorded (worker, sequence);
}

static void
on_send (HubWorkerProxy *worker, const char *participant, JsonNode *body, Fixture *f)
{
  g_clear_pointer (&f->sent, json_node_unref);
  f->sent = json_node_ref (body);
}

static void
on_snapshot (HubWorkerProxy *worker, JsonNode *snapshot, Fixture *f)
{
  g_clear_pointer (&f->snapshot, json_node_unref);
  f->snapshot = json_node_ref (snapshot);
}

static void
on_arrived (HubSupervisor *supervisor, HubWorkerProxy *worker, JsonNode *snapshot, gboolean adopted,
            Fixture *f)
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
on_died (HubSupervisor *supervisor, const char *session, const char *reason, Fixture *f)
{
  g_assert_cmpstr (session, ==, f->id);
  f->died++;
  g_free (f->reason);
  f->reason = g_strdup (reason);
  g_clear_object (&f->worker);
}

static void
start_hub (Fixture *f, guint64 incarnation)
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

static void
end_hub (Fixture *f)
{
  if (f->worker)
    g_signal_handlers_disconnect_by_data (f->worker, f);
  g_clear_object (&f->worker);
  if (f->supervisor)
    g_signal_handlers_disconnect_by_data (f->supervisor, f);
  g_clear_object (&f->supervisor);
}

static void
spawn (Fixture *f)
{
  g_autofree char *module = module_path ("module-live");
  g_autoptr (GError) error = NULL;

  g_free (f->hash);
  f->hash = hub_supervisor_make_token (f->supervisor, f->id);
  g_assert_true (hub_supervisor_spawn (f->supervisor, f->id, "test", module, FALSE, &error));
  g_assert_no_error (error);
}

static gboolean
has_worker (gpointer data)
{
  return ((Fixture *) data)->worker != NULL;
}

static gboolean
has_died (gpointer data)
{
  return ((Fixture *) data)->died > 0;
}

static gboolean
has_sent (gpointer data)
{
  return ((Fixture *) data)->sent != NULL;
}

static gboolean
has_checkpoint (gpointer data)
{
  Fixture *f = data;
  g_autofree char *directory = hub_supervisor_get_directory (f->supervisor, f->id);
  g_autofree char *path = g_build_filename (directory, "checkpoint", NULL);
  g_autofree char *image = NULL;
  gsize size = 0;

  /* The live half's state is the count, at the end. */
  return g_file_get_contents (path, &image, &size, NULL) && size && image[size - 1] == '7';
}

static const char *
state_of (Fixture *f)
{
  return karez_json_text (json_node_get_object (f->snapshot), "state");
}

static gboolean
is_over (gpointer data)
{
  return g_str_equal (state_of (data), "ended") || g_str_equal (state_of (data), "failed");
}

static gboolean
prepare (Fixture *f, const char *reason, guint generation, GError **error)
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

static gboolean
join (Fixture *f, const char *participant, GError **error)
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

static gboolean
say_body (Fixture *f, const char *participant, JsonNode *body, GError **error)
{
  g_autoptr (HubWorkerProxy) worker = g_object_ref (f->worker);
  Await await = { 0 };
  g_autoptr (JsonNode) answer = NULL;

  hub_worker_proxy_message_async (worker, participant, body, NULL, await_done, &await);
  answer = hub_worker_proxy_finish (worker, await_result (&await), error);
  g_object_unref (await.result);
  return answer != NULL;
}

static gboolean
say (Fixture *f, const char *participant, const char *type, GError **error)
{
  g_autoptr (JsonNode) body = karez_json_object ("type", "s", type, NULL);

  return say_body (f, participant, body, error);
}

static gboolean
move (Fixture *f, const char *edge, GError **error)
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

static void
set_up (Fixture *f, gconstpointer data)
{
  f->id = hub_id_new ();
  f->hub = hub_id_new ();
  f->partner = hub_id_new ();
  f->state_dir = g_build_filename (scratch (), f->id, NULL);
  f->records = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  f->numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  f->acknowledge = TRUE;
  g_assert_cmpint (g_mkdir_with_parents (f->state_dir, 0700), ==, 0);
  start_hub (f, 1);
  spawn (f);
  turn_until (has_worker, f, 10, "the worker says hello");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->supervisor)
    {
      hub_supervisor_kill (f->supervisor, f->id);
      f->died = 0;
      if (f->worker)
        turn_until (has_died, f, 10, "the worker's end is seen");
    }
  end_hub (f);
  g_free (f->id);
  g_free (f->hub);
  g_free (f->partner);
  g_free (f->state_dir);
  g_free (f->hash);
  g_free (f->reason);
  g_ptr_array_unref (f->records);
  g_array_unref (f->numbers);
  g_clear_pointer (&f->sent, json_node_unref);
  g_clear_pointer (&f->snapshot, json_node_unref);
}

static const char *
action_of (Fixture *f, guint n)
{
  return karez_json_text (json_node_get_object (f->records->pdata[n]), "action");
}

static void
test_life (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();

  g_assert_cmpuint (f->adopted, ==, 0);
  g_assert_true (prepare (f, "", 1, &error));
  g_assert_no_error (error);
  g_assert_true (join (f, participant, &error));
  turn_until (has_sent, f, 5, "the state is sent at the join");
  g_assert_true (say (f, participant, "add", &error));
  g_assert_true (say (f, participant, "record", &error));
  /* What the live half refuses comes back with its rule. */
  g_assert_false (say (f, participant, "nonsense", &error));
  assert_rule (error, "test/type");
  g_clear_error (&error);
  /* No link: the engine's own check holds the start back. */
  g_assert_false (move (f, "start", &error));
  assert_rule (error, "session/preflight");
  g_clear_error (&error);
  g_assert_false (move (f, "resume", &error));
  assert_rule (error, "session/edge");
  g_clear_error (&error);
  g_assert_false (prepare (f, "", 1, &error));
  assert_rule (error, "session/prepared");
  g_clear_error (&error);
  g_assert_true (move (f, "stop", &error));
  turn_until (is_over, f, 5, "the session ends");
  turn_until (has_died, f, 5, "a worker whose session is over and kept ends");
  /* ready, the page's record, stop, what the live half keeps at the end, end */
  g_assert_cmpuint (f->records->len, ==, 5);
  g_assert_cmpstr (action_of (f, 0), ==, "session.ready");
  g_assert_cmpstr (action_of (f, 1), ==, "count.note");
  g_assert_cmpstr (action_of (f, 4), ==, "session.end");
  for (guint i = 0; i < f->numbers->len; i++)
    g_assert_cmpuint (g_array_index (f->numbers, guint64, i), ==, i + 1);
}

static void
test_hub_gone (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  int pid = 0;

  f->acknowledge = FALSE;
  g_assert_true (prepare (f, "", 1, &error));
  g_assert_true (join (f, participant, &error));
  g_assert_true (say (f, participant, "add", &error));
  pid = hub_worker_proxy_get_pid (f->worker);
  end_hub (f);
  turn_for (300);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  /* The next hub knows no more than the token's hash. */
  g_ptr_array_set_size (f->records, 0);
  f->acknowledge = TRUE;
  start_hub (f, 2);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (has_worker, f, 3, "the worker comes to the new hub");
  g_assert_cmpuint (f->adopted, ==, 1);
  g_assert_cmpint (hub_worker_proxy_get_pid (f->worker), ==, pid);
  g_assert_cmpstr (state_of (f), ==, "ready");
  /* What the first hub did not acknowledge comes again. */
  turn_for (200);
  g_assert_cmpuint (f->records->len, ==, 1);
  g_assert_cmpstr (action_of (f, 0), ==, "session.ready");
  g_clear_pointer (&f->sent, json_node_unref);
  g_assert_true (say (f, participant, "add", &error));
  turn_until (has_sent, f, 5, "the page is answered");
  g_assert_cmpint (karez_json_integer (json_node_get_object (f->sent), "count", 0), ==, 2);
}

/* An older hub, say one that was thought dead, is not obeyed. */
static void
test_stale (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint before = 0;

  g_assert_true (prepare (f, "", 1, &error));
  end_hub (f);
  start_hub (f, 5);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (has_worker, f, 3, "the worker comes to the newer hub");
  /* Time for its answer to arrive. */
  turn_for (300);
  end_hub (f);
  before = f->arrived;
  start_hub (f, 4);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (has_worker, f, 3, "the worker says hello to the older hub");
  g_assert_false (move (f, "stop", &error));
  g_assert_true (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE)
                 || g_strcmp0 (karez_error_get_rule (error), "worker/stale") == 0);
  g_assert_cmpuint (f->arrived, >, before);
  end_hub (f);
  start_hub (f, 6);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (has_worker, f, 3, "the worker comes to the newest hub");
  g_assert_cmpstr (state_of (f), ==, "ready");
}

static void
test_wrong_token (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *newer = NULL;
  int pid = hub_worker_proxy_get_pid (f->worker);
  guint before = f->arrived;

  end_hub (f);
  start_hub (f, 2);
  /* The session has another worker by now. */
  newer = hub_supervisor_make_token (f->supervisor, f->id);
  for (guint i = 0; i < 50 && kill (pid, 0) == 0; i++)
    {
      g_autofree char *status = g_strdup_printf ("/proc/%d/stat", pid);
      g_autofree char *text = NULL;

      turn_for (100);
      /* Our own child: a zombie until somebody looks. */
      if (g_file_get_contents (status, &text, NULL, NULL) && strstr (text, ") Z "))
        break;
      g_assert_cmpuint (i, <, 49);
    }
  g_assert_cmpuint (f->arrived, ==, before);
}

static void
test_worker_killed (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  gint64 before = 0;

  g_assert_true (prepare (f, "", 1, &error));
  g_assert_true (join (f, participant, &error));
  for (guint i = 0; i < 7; i++)
    g_assert_true (say (f, participant, "add", &error));
  /* A checkpoint is made each second; the disk may be slow. */
  turn_until (has_checkpoint, f, 20, "a checkpoint with the count");
  before = g_get_monotonic_time ();
  g_assert_cmpint (kill (hub_worker_proxy_get_pid (f->worker), SIGKILL), ==, 0);
  turn_until (has_died, f, 2, "the worker's end is seen");
  g_assert_cmpint (g_get_monotonic_time () - before, <, 500000);
  g_assert_true (hub_supervisor_may_restart (f->supervisor, f->id));
  spawn (f);
  turn_until (has_worker, f, 5, "the next worker says hello");
  g_assert_cmpuint (f->adopted, ==, 0);
  g_assert_true (prepare (f, "", 2, &error));
  g_assert_no_error (error);
  g_clear_pointer (&f->sent, json_node_unref);
  g_assert_true (join (f, participant, &error));
  turn_until (has_sent, f, 5, "the page gets the state");
  g_assert_cmpint (karez_json_integer (json_node_get_object (f->sent), "count", 0), ==, 7);
  /* Three times in a minute, and no more. */
  g_assert_true (hub_supervisor_may_restart (f->supervisor, f->id));
  g_assert_true (hub_supervisor_may_restart (f->supervisor, f->id));
  g_assert_false (hub_supervisor_may_restart (f->supervisor, f->id));
}

static void
test_stopped (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int pid = hub_worker_proxy_get_pid (f->worker);

  g_assert_true (prepare (f, "", 1, &error));
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  turn_until (has_died, f, 5, "a worker that does not answer is ended");
  g_assert_nonnull (strstr (f->reason, "heartbeat"));
}

static void
test_hung_handler (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();

  g_assert_true (prepare (f, "", 1, &error));
  g_assert_true (join (f, participant, &error));
  g_assert_false (say (f, participant, "hang", &error));
  turn_until (has_died, f, 5, "a worker whose live half blocks is ended");
}

static void
test_prepare_fails (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (prepare (f, "silent in prepare", 1, &error));
  assert_rule (error, "plugin/no-error");
  turn_until (is_over, f, 5, "the session has failed");
  g_assert_cmpstr (state_of (f), ==, "failed");
}

static void
test_prepare_hangs (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (prepare (f, "hang in prepare", 1, &error));
  assert_rule (error, "plugin/deadline");
  turn_until (is_over, f, 5, "the session has failed");
}

static void
test_prepare_crashes (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (prepare (f, "crash in prepare", 1, &error));
  g_assert_true (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE));
  turn_until (has_died, f, 2, "the crash is seen");
}

static void
test_too_large (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  g_autofree char *huge = g_strnfill (1024 * 1024 + 1, 'x');
  g_autofree char *large = g_strnfill (100 * 1024, 'x');

  g_assert_true (prepare (f, "", 1, &error));
  g_assert_true (join (f, participant, &error));
  g_assert_false (say (f, participant, huge, &error));
  assert_rule (error, "worker/size");
  g_clear_error (&error);
  g_assert_false (say (f, participant, large, &error));
  assert_rule (error, "session/message");
  g_clear_error (&error);
  /* The connection has survived both. */
  g_assert_true (say (f, participant, "add", &error));
}

/* Somebody who broke into the worker. */

static JsonNode *
texts (const char *const *items)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; items[i] != NULL; i++)
    json_array_add_string_element (array, items[i]);
  json_node_take_array (node, array);
  return node;
}

static GSocketListener *
listen_at (const char *path)
{
  GSocketListener *listener = g_socket_listener_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GError) error = NULL;

  g_socket_listener_add_address (listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                 NULL, NULL, &error);
  g_assert_no_error (error);
  return listener;
}

/* @refused: each must have failed, and not for another reason than that it is not allowed */
static void
check_results (JsonObject *results, gboolean refused)
{
  g_autoptr (GList) names = json_object_get_members (results);

  g_assert_cmpuint (g_list_length (names), >=, refused ? 100 : 16);
  for (GList *l = names; l != NULL; l = l->next)
    {
      gint64 code = json_object_get_int_member (results, l->data);
      gboolean right = refused ? code == EPERM || code == EACCES || code == ENOSYS : code == 0;

      /* A refused rename or link says that it would be one across borders. */
      if (refused && code == EXDEV)
        right = g_str_has_prefix (l->data, "rename") || strstr (l->data, ": rename") != NULL;
      if (!right)
        g_test_message ("“%s”: %s", (char *) l->data, code ? g_strerror ((int) code) : "done");
      if (!right)
        g_test_fail ();
    }
}

static void
try_to_escape (Fixture *f, const char *participant)
{
  g_autofree char *directory = hub_supervisor_get_directory (f->supervisor, f->id);
  g_autofree char *key = g_build_filename (f->state_dir, "identity.pem", NULL);
  g_autofree char *inside = g_build_filename (f->state_dir, "sessions", "another", NULL);
  g_autofree char *hub = g_build_filename (f->state_dir, "workers.sock", NULL);
  g_autofree char *database = g_build_filename (f->state_dir, ".s.PGSQL.5432", NULL);
  g_autofree char *control = g_build_filename (f->state_dir, "control.sock", NULL);
  g_autoptr (GSocketListener) listens = listen_at (database), listens_too = listen_at (control);
  const char *const files[] = { key, inside, NULL };
  const char *const foreign[] = { "/etc/passwd", "/etc/group", NULL };
  const char *const sockets[] = { hub, database, control, NULL };
  g_autoptr (JsonNode)
      body = karez_json_object ("type", "s", "escape", "victim", "i", (gint64) getpid (),
                                "directory", "s", directory, "files", "n", texts (files), "foreign",
                                "n", texts (foreign), "sockets", "n", texts (sockets), NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *secret = NULL;

  g_assert_true (g_file_set_contents (key, "secret", -1, NULL));
  g_assert_true (g_file_set_contents (inside, "another session's", -1, NULL));
  g_clear_pointer (&f->sent, json_node_unref);
  g_assert_true (say_body (f, participant, body, &error));
  g_assert_no_error (error);
  turn_until (has_sent, f, 5, "what came of it is told");
  check_results (json_object_get_object_member (json_node_get_object (f->sent), "refused"), TRUE);
  check_results (json_object_get_object_member (json_node_get_object (f->sent), "needed"), FALSE);
  g_assert_true (g_file_get_contents (key, &secret, NULL, NULL));
  g_assert_cmpstr (secret, ==, "secret");
}

static gboolean
has_record (gpointer data)
{
  Fixture *f = data;

  return f->records->len > 0 && g_str_equal (action_of (f, f->records->len - 1), "count.note");
}

/* Nothing of the hub's is in reach, and the session goes on: with another hub, too, to which the
 * worker can connect no other way than by its connector. */
static void
test_confined (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  g_autofree char *directory = hub_supervisor_get_directory (f->supervisor, f->id);
  g_autofree char *log = g_build_filename (directory, "worker.log", NULL);
  g_autofree char *said = NULL;

  f->acknowledge = FALSE;
  g_assert_true (prepare (f, "", 1, &error));
  g_assert_true (join (f, participant, &error));
  try_to_escape (f, participant);
  g_assert_true (say (f, participant, "record", &error));
  end_hub (f);
  g_ptr_array_set_size (f->records, 0);
  start_hub (f, 2);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (has_worker, f, 3, "the worker comes to the new hub");
  g_assert_cmpuint (f->adopted, ==, 1);
  turn_until (has_record, f, 3, "what the former hub did not acknowledge comes again");
  g_clear_pointer (&f->sent, json_node_unref);
  g_assert_true (say (f, participant, "add", &error));
  turn_until (has_sent, f, 3, "the session goes on");
  g_assert_true (g_file_get_contents (log, &said, NULL, NULL));
  g_assert_nonnull (strstr (said, "The worker is confined: its files by Landlock"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/worker/life", test_life);
  ADD ("/worker/hub-gone", test_hub_gone);
  ADD ("/worker/stale", test_stale);
  ADD ("/worker/wrong-token", test_wrong_token);
  ADD ("/worker/killed", test_worker_killed);
  ADD ("/worker/stopped", test_stopped);
  ADD ("/worker/hung-handler", test_hung_handler);
  ADD ("/worker/prepare-fails", test_prepare_fails);
  ADD ("/worker/prepare-hangs", test_prepare_hangs);
  ADD ("/worker/prepare-crashes", test_prepare_crashes);
  ADD ("/worker/too-large", test_too_large);
  ADD ("/worker/confined", test_confined);
  return g_test_run ();
}
