/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Supervisor and worker, as two programs: what the hub's end, the worker's end and a hung worker
 * mean for a session. The link is not connected here. */
#include "hub-id.h"
#include "hub-module.h"
#include "worker-fixture.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <unistd.h>

static void
test_life (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();

  g_assert_cmpuint (f->adopted, ==, 0);
  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_no_error (error);
  g_assert_true (worker_join (f, participant, &error));
  turn_until (worker_has_sent, f, 5, "the state is sent at the join");
  g_assert_true (worker_say (f, participant, "add", &error));
  g_assert_true (worker_say (f, participant, "record", &error));
  /* What the live half refuses comes back with its rule, and with whose catalogue says it. */
  g_assert_false (worker_say (f, participant, "nonsense", &error));
  assert_rule (error, "test/type");
  g_assert_cmpstr (karez_error_get_domain (error), ==, "test");
  g_clear_error (&error);
  /* No link: the engine's own check holds the start back. */
  g_assert_false (worker_move (f, "start", &error));
  assert_rule (error, "session/preflight");
  g_clear_error (&error);
  g_assert_false (worker_move (f, "resume", &error));
  assert_rule (error, "session/edge");
  g_clear_error (&error);
  g_assert_false (worker_prepare (f, "", 1, &error));
  assert_rule (error, "session/prepared");
  g_clear_error (&error);
  g_assert_true (worker_move (f, "stop", &error));
  turn_until (worker_is_over, f, 5, "the session ends");
  turn_until (worker_has_died, f, 5, "a worker whose session is over and kept ends");
  /* ready, the page's record, stop, what the live half keeps at the end, end */
  g_assert_cmpuint (f->records->len, ==, 5);
  g_assert_cmpstr (worker_action_of (f, 0), ==, "session.ready");
  g_assert_cmpstr (worker_action_of (f, 1), ==, "count.note");
  g_assert_cmpstr (worker_action_of (f, 4), ==, "session.end");
  for (guint i = 0; i < f->numbers->len; i++)
    g_assert_cmpuint (g_array_index (f->numbers, guint64, i), ==, i + 1);
}

static void
test_hub_gone (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  int pid = 0;

  f->acknowledge = FALSE;
  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
  g_assert_true (worker_say (f, participant, "add", &error));
  pid = hub_worker_proxy_get_pid (f->worker);
  worker_end_hub (f);
  turn_for (300);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  /* The next hub knows no more than the token's hash. */
  g_ptr_array_set_size (f->records, 0);
  f->acknowledge = TRUE;
  worker_start_hub (f, 2);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (worker_has_worker, f, 3, "the worker comes to the new hub");
  g_assert_cmpuint (f->adopted, ==, 1);
  g_assert_cmpint (hub_worker_proxy_get_pid (f->worker), ==, pid);
  g_assert_cmpstr (worker_state_of (f), ==, "ready");
  /* What the first hub did not acknowledge comes again. */
  turn_for (200);
  g_assert_cmpuint (f->records->len, ==, 1);
  g_assert_cmpstr (worker_action_of (f, 0), ==, "session.ready");
  g_clear_pointer (&f->sent, json_node_unref);
  g_assert_true (worker_say (f, participant, "add", &error));
  turn_until (worker_has_sent, f, 5, "the page is answered");
  g_assert_cmpint (karez_json_integer (json_node_get_object (f->sent), "count", 0), ==, 2);
}

/* An older hub, say one that was thought dead, is not obeyed. */
static void
test_stale (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint before = 0;

  g_assert_true (worker_prepare (f, "", 1, &error));
  worker_end_hub (f);
  worker_start_hub (f, 5);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (worker_has_worker, f, 3, "the worker comes to the newer hub");
  /* Time for its answer to arrive. */
  turn_for (300);
  worker_end_hub (f);
  before = f->arrived;
  worker_start_hub (f, 4);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (worker_has_worker, f, 3, "the worker says hello to the older hub");
  g_assert_false (worker_move (f, "stop", &error));
  g_assert_true (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE)
                 || g_strcmp0 (karez_error_get_rule (error), "worker/stale") == 0);
  g_assert_cmpuint (f->arrived, >, before);
  worker_end_hub (f);
  worker_start_hub (f, 6);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (worker_has_worker, f, 3, "the worker comes to the newest hub");
  g_assert_cmpstr (worker_state_of (f), ==, "ready");
}

#define TURNS 60

/* What the hub asks one after another, without waiting for an answer, is done in that order: who
 * joins is in, and speaks, before they leave. */
static void
test_order (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, f->hub, "Somebody", NULL, NULL, NULL);
  g_autoptr (JsonNode) body = karez_json_object ("type", "s", "add", NULL);
  Await asked[TURNS][3] = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_true (worker_prepare (f, "", 1, &error));
  for (guint i = 0; i < TURNS; i++)
    {
      g_autofree char *id = hub_id_new ();
      g_autoptr (JsonNode)
          node = karez_json_object ("id", "s", id, "actor", "n", karez_actor_to_json (actor),
                                    "role", "s", "writer", "hospital", "s", f->hub, NULL);

      hub_worker_proxy_join_async (f->worker, node, NULL, await_done, &asked[i][0]);
      hub_worker_proxy_message_async (f->worker, id, body, NULL, await_done, &asked[i][1]);
      hub_worker_proxy_leave_async (f->worker, id, "", NULL, await_done, &asked[i][2]);
    }
  for (guint i = 0; i < TURNS; i++)
    for (guint k = 0; k < 3; k++)
      {
        g_autoptr (JsonNode)
            answer = hub_worker_proxy_finish (f->worker, await_result (&asked[i][k]), &error);

        g_assert_no_error (error);
        g_assert_nonnull (answer);
        g_object_unref (asked[i][k].result);
      }
}

static void
test_wrong_token (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *newer = NULL;
  int pid = hub_worker_proxy_get_pid (f->worker);
  guint before = f->arrived;

  worker_end_hub (f);
  worker_start_hub (f, 2);
  /* The session has another worker by now. */
  newer = hub_supervisor_make_token (f->supervisor, f->id);
  for (guint i = 0; i < 50 && kill (pid, 0) == 0; i++)
    {
      g_autofree char *status = g_strdup_printf ("/proc/%d/stat", pid);
      g_autofree char *text = NULL;

      turn_for (100);
      /* Our own child: a zombie until somebody looks. */
      if (g_file_get_contents (status, &text, NULL, NULL) && strstr (text, ") Z ") != NULL)
        break;
      g_assert_cmpuint (i, <, 49);
    }
  g_assert_cmpuint (f->arrived, ==, before);
}

static void
test_worker_killed (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  gint64 before = 0;

  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
  for (guint i = 0; i < 7; i++)
    g_assert_true (worker_say (f, participant, "add", &error));
  /* A checkpoint is made each second; the disk may be slow. */
  turn_until (worker_has_checkpoint, f, 20, "a checkpoint with the count");
  before = g_get_monotonic_time ();
  g_assert_cmpint (kill (hub_worker_proxy_get_pid (f->worker), SIGKILL), ==, 0);
  turn_until (worker_has_died, f, 2, "the worker's end is seen");
  g_assert_cmpint (g_get_monotonic_time () - before, <, 500000);
  g_assert_true (hub_supervisor_may_restart (f->supervisor, f->id));
  worker_spawn (f);
  turn_until (worker_has_worker, f, 5, "the next worker says hello");
  g_assert_cmpuint (f->adopted, ==, 0);
  g_assert_true (worker_prepare (f, "", 2, &error));
  g_assert_no_error (error);
  g_clear_pointer (&f->sent, json_node_unref);
  g_assert_true (worker_join (f, participant, &error));
  turn_until (worker_has_sent, f, 5, "the page gets the state");
  g_assert_cmpint (karez_json_integer (json_node_get_object (f->sent), "count", 0), ==, 7);
  /* Three times in a minute, and no more. */
  g_assert_true (hub_supervisor_may_restart (f->supervisor, f->id));
  g_assert_true (hub_supervisor_may_restart (f->supervisor, f->id));
  g_assert_false (hub_supervisor_may_restart (f->supervisor, f->id));
}

static void
test_stopped (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int pid = hub_worker_proxy_get_pid (f->worker);

  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  turn_until (worker_has_died, f, 5, "a worker that does not answer is ended");
  g_assert_nonnull (strstr (f->reason, "heartbeat"));
}

static void
test_hung_handler (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();

  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
  g_assert_false (worker_say (f, participant, "hang", &error));
  turn_until (worker_has_died, f, 5, "a worker whose live half blocks is ended");
}

static void
test_prepare_fails (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (worker_prepare (f, "silent in prepare", 1, &error));
  assert_rule (error, "plugin/no-error");
  turn_until (worker_is_over, f, 5, "the session has failed");
  g_assert_cmpstr (worker_state_of (f), ==, "failed");
}

static void
test_prepare_hangs (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (worker_prepare (f, "hang in prepare", 1, &error));
  assert_rule (error, "plugin/deadline");
  turn_until (worker_is_over, f, 5, "the session has failed");
}

static void
test_prepare_crashes (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (worker_prepare (f, "crash in prepare", 1, &error));
  g_assert_true (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_UNAVAILABLE));
  turn_until (worker_has_died, f, 2, "the crash is seen");
}

static void
test_too_large (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  g_autofree char *huge = g_strnfill (1024 * 1024 + 1, 'x');
  g_autofree char *large = g_strnfill (100 * 1024, 'x');

  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
  g_assert_false (worker_say (f, participant, huge, &error));
  assert_rule (error, "worker/size");
  g_clear_error (&error);
  g_assert_false (worker_say (f, participant, large, &error));
  assert_rule (error, "session/message");
  g_clear_error (&error);
  /* The connection has survived both. */
  g_assert_true (worker_say (f, participant, "add", &error));
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
try_to_escape (WorkerFixture *f, const char *participant)
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
  g_assert_true (worker_say_body (f, participant, body, &error));
  g_assert_no_error (error);
  turn_until (worker_has_sent, f, 5, "what came of it is told");
  check_results (json_object_get_object_member (json_node_get_object (f->sent), "refused"), TRUE);
  check_results (json_object_get_object_member (json_node_get_object (f->sent), "needed"), FALSE);
  g_assert_true (g_file_get_contents (key, &secret, NULL, NULL));
  g_assert_cmpstr (secret, ==, "secret");
}

static gboolean
has_record (gpointer data)
{
  WorkerFixture *f = data;

  return f->records->len > 0
         && g_str_equal (worker_action_of (f, f->records->len - 1), "count.note");
}

/* Nothing of the hub's is in reach, and the session goes on: with another hub, too, to which the
 * worker can connect no other way than by its connector. */
static void
test_confined (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  g_autofree char *directory = hub_supervisor_get_directory (f->supervisor, f->id);
  g_autofree char *log = g_build_filename (directory, "worker.log", NULL);
  g_autofree char *said = NULL;

  f->acknowledge = FALSE;
  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
  try_to_escape (f, participant);
  g_assert_true (worker_say (f, participant, "record", &error));
  worker_end_hub (f);
  g_ptr_array_set_size (f->records, 0);
  worker_start_hub (f, 2);
  hub_supervisor_expect (f->supervisor, f->id, f->hash);
  turn_until (worker_has_worker, f, 3, "the worker comes to the new hub");
  g_assert_cmpuint (f->adopted, ==, 1);
  turn_until (has_record, f, 3, "what the former hub did not acknowledge comes again");
  g_clear_pointer (&f->sent, json_node_unref);
  g_assert_true (worker_say (f, participant, "add", &error));
  turn_until (worker_has_sent, f, 3, "the session goes on");
  g_assert_true (g_file_get_contents (log, &said, NULL, NULL));
  g_assert_nonnull (strstr (said, "The worker is confined: its files by Landlock"));
}

static gboolean
has_end (gpointer data)
{
  WorkerFixture *f = data;

  return f->records->len > 0
         && g_str_equal (worker_action_of (f, f->records->len - 1), "session.state");
}

/* The hub heard of the end by a worker that died before it was on disk: the next one records it. */
static void
test_end_kept (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) node = karez_json_object (
      "id", "s", f->id, "booking", "n", karez_json_object ("reason", "s", "", NULL), "modality",
      "s", "counter", "hub", "s", f->hub, "partner", "s", f->partner, "host", "b", TRUE,
      "generation", "i", (gint64) 2, "restored", "b", TRUE, "state", "s", "ended", "sequence", "i",
      (gint64) 9, NULL);
  g_autoptr (HubWorkerProxy) worker = g_object_ref (f->worker);
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *body;
  Await await = { 0 };

  hub_worker_proxy_prepare_async (worker, node, NULL, await_done, &await);
  answer = hub_worker_proxy_finish (worker, await_result (&await), &error);
  g_assert_no_error (error);
  g_object_unref (await.result);
  turn_until (has_end, f, 5, "the end is recorded");
  body = json_object_get_object_member (
      json_node_get_object (f->records->pdata[f->records->len - 1]), "body");
  g_assert_cmpstr (karez_json_text (body, "state"), ==, "ended");
  g_assert_cmpint (karez_json_integer (body, "sequence", 0), ==, 9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, func)                                                                            \
  g_test_add (path, WorkerFixture, NULL, worker_set_up, func, worker_tear_down)
  ADD ("/worker/life", test_life);
  ADD ("/worker/hub-gone", test_hub_gone);
  ADD ("/worker/stale", test_stale);
  ADD ("/worker/order", test_order);
  ADD ("/worker/wrong-token", test_wrong_token);
  ADD ("/worker/killed", test_worker_killed);
  ADD ("/worker/stopped", test_stopped);
  ADD ("/worker/hung-handler", test_hung_handler);
  ADD ("/worker/prepare-fails", test_prepare_fails);
  ADD ("/worker/prepare-hangs", test_prepare_hangs);
  ADD ("/worker/prepare-crashes", test_prepare_crashes);
  ADD ("/worker/too-large", test_too_large);
  ADD ("/worker/confined", test_confined);
  ADD ("/worker/end-kept", test_end_kept);
  return g_test_run ();
}
