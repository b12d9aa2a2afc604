/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's programs: what they can and cannot do, and what becomes of their session. */
#include "worker-fixture.h"

#include "hub-id.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

#define MEMORY_MIB 96

typedef struct
{
  WorkerFixture *worker;
  const char *what, *text; /* that is waited for */
  guint from;
} Wait;

static char *participant;

/* Whether its page was told, since @from: "message" with this beginning of the text. */
static gboolean
was_told (gpointer data)
{
  Wait *wait = data;

  for (guint i = wait->from; i < wait->worker->all_sent->len; i++)
    {
      JsonObject *body = json_node_get_object (wait->worker->all_sent->pdata[i]);

      if (g_strcmp0 (karez_json_text (body, "program"), wait->what) == 0
          && g_str_has_prefix (karez_json_text (body, "text"), wait->text))
        return TRUE;
    }
  return FALSE;
}

static void
expect_from (WorkerFixture *f, guint from, const char *what, const char *text)
{
  Wait wait = { f, what, text, from };

  turn_until (was_told, &wait, 10, what);
}

/* FALSE with @error set where the live half refuses it. */
static gboolean
ask (WorkerFixture *f, const char *type, const char *name, const char *value, GError **error)
{
  g_autoptr (JsonNode) body = karez_json_object ("type", "s", type, name, "s", value, NULL);

  return worker_say_body (f, participant, body, error);
}

static void
must (WorkerFixture *f, const char *type, const char *name, const char *value)
{
  g_autoptr (GError) error = NULL;

  ask (f, type, name, value, &error);
  g_assert_no_error (error);
}

/* Sends it, and waits for what comes of it. */
static void
play (WorkerFixture *f, const char *text, const char *what, const char *answer)
{
  guint from = f->all_sent->len;

  must (f, "send to program", "text", text);
  expect_from (f, from, what, answer);
}

static void
begin (WorkerFixture *f)
{
  guint from = f->all_sent->len;

  must (f, "start program", "name", "trial");
  expect_from (f, from, "started", "");
}

static void
set_up (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  worker_set_up (f, data);
  g_free (participant);
  participant = hub_id_new ();
  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
}

static char *
read_log (WorkerFixture *f)
{
  g_autofree char *directory = hub_supervisor_get_directory (f->supervisor, f->id);
  g_autofree char *path = g_build_filename (directory, "worker.log", NULL);
  char *said = NULL;

  g_assert_true (g_file_get_contents (path, &said, NULL, NULL));
  return said;
}

/* The newest process of the program. */
static pid_t
find_process (WorkerFixture *f)
{
  g_autofree char *said = read_log (f);
  const char *at = g_strrstr (said, "trial: process ");

  g_assert_nonnull (at);
  return (pid_t) g_ascii_strtoll (at + strlen ("trial: process "), NULL, 10);
}

static gboolean
is_gone (gpointer data)
{
  return kill (*(pid_t *) data, 0) != 0 && errno == ESRCH;
}

static void
test_talks (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  pid_t process;

  g_assert_false (ask (f, "start program", "name", "none", &error));
  g_assert_true (karez_error_is_not_found (error));
  g_clear_error (&error);
  begin (f);
  play (f, "echo Tarim", "message", "Tarim");
  play (f, "nice", "message", "nice");
  play (f, "descriptor", "message", "written");
  g_assert_false (ask (f, "start program", "name", "trial", &error));
  g_assert_true (karez_error_is_conflict (error));
  g_clear_error (&error);
  must (f, "stop program", "name", "trial");
  g_assert_false (ask (f, "send to program", "text", "echo more", &error));
  g_assert_true (karez_error_is_unavailable (error));
  begin (f);
  play (f, "echo again", "message", "again");
  /* What is stopped while it waits for the one before it does not begin. */
  must (f, "stop program", "name", "trial");
  must (f, "start program", "name", "trial");
  must (f, "stop program", "name", "trial");
  process = find_process (f);
  turn_until (is_gone, &process, 5, "it ends");
  turn_for (500);
  g_assert_cmpint (find_process (f), ==, process);
}

/* What must not go well; what the worker may besides, and a program not. */
static void
check_refused (JsonObject *results, guint least, const char *const *but)
{
  g_autoptr (GList) names = json_object_get_members (results);

  g_assert_cmpuint (g_list_length (names), >=, least);
  for (GList *l = names; l != NULL; l = l->next)
    {
      gint64 code = json_object_get_int_member (results, l->data);
      const char *name = g_str_has_prefix (l->data, "in a thread: ")
                             ? (const char *) l->data + strlen ("in a thread: ")
                             : l->data;
      gboolean good = but != NULL && g_strv_contains (but, name);
      gboolean right = good ? code == 0 : code != 0;

      if (!right)
        g_test_message ("“%s”: %s", (char *) l->data, code ? g_strerror ((int) code) : "done");
      if (!right)
        g_test_fail ();
    }
}

static void
test_confined (WorkerFixture *f, gconstpointer data)
{
  static const char *const good[] = { "timer", "own scheduling", NULL };
  static const char *const pairs[] = { "socket pair", NULL };
  g_autofree char *directory = hub_supervisor_get_directory (f->supervisor, f->id);
  g_autofree char *hub = g_build_filename (f->state_dir, "workers.sock", NULL);
  g_autofree char *key = g_build_filename (f->state_dir, "identity.pem", NULL);
  g_autofree char *about = g_strdup_printf (
      "escape {\"victim\": %d, \"directory\": \"%s\", \"files\": [\"%s\"], "
      "\"foreign\": [\"/etc/passwd\", \"/etc/group\"], \"sockets\": [\"%s\"]}",
      (int) getpid (), directory, key, hub);
  g_autofree char *said = NULL;
  JsonObject *last;
  g_autoptr (JsonNode) node = NULL;

  g_assert_true (g_file_set_contents (key, "secret", -1, NULL));
  begin (f);
  play (f, about, "message", "{");
  last = json_node_get_object (f->all_sent->pdata[f->all_sent->len - 1]);
  node = json_from_string (karez_json_text (last, "text"), NULL);
  last = json_node_get_object (node);
  check_refused (json_object_get_object_member (last, "refused"), 90, pairs);
  check_refused (json_object_get_object_member (last, "needed"), 16, good);
  said = read_log (f);
  g_assert_nonnull (strstr (said, "Programs of the session are confined: their files by Landlock"));
}

/* It ends, and another process takes its place; not for ever. */
static void
test_ends (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint from = 0;

  begin (f);
  from = f->all_sent->len;
  play (f, "exit", "ended", "it ended with status 3");
  expect_from (f, from, "started", "");
  play (f, "echo back", "message", "back");
  from = f->all_sent->len;
  play (f, "abort", "ended", "it was ended by signal 6");
  expect_from (f, from, "started", "");
  from = f->all_sent->len;
  g_assert_cmpint (kill (find_process (f), SIGKILL), ==, 0);
  expect_from (f, from, "ended", "it was ended by signal 9");
  expect_from (f, from, "started", "");
  play (f, "exit", "ended for good", "it ended with status 3");
  g_assert_false (ask (f, "send to program", "text", "echo more", &error));
  g_assert_true (karez_error_is_unavailable (error));
  begin (f);
  play (f, "echo again", "message", "again");
}

static void
test_hangs (WorkerFixture *f, gconstpointer data)
{
  guint from = 0;

  begin (f);
  /* It has answered once. */
  turn_for (1500);
  from = f->all_sent->len;
  play (f, "hang", "ended", "it did not answer for 5 s");
  expect_from (f, from, "started", "");
}

/* What it sends is bounded, and the session goes on. */
static void
test_nonsense (WorkerFixture *f, gconstpointer data)
{
  gint64 began = 0;
  guint from = 0;

  begin (f);
  from = f->all_sent->len;
  play (f, "long", "ended", "it sent a message that is too long");
  expect_from (f, from, "started", "");
  from = f->all_sent->len;
  play (f, "close", "ended", "it closed its channel");
  expect_from (f, from, "started", "");
  play (f, "flood", "message", "flood");
  began = g_get_monotonic_time ();
  turn_for (1000);
  g_assert_cmpuint (f->all_sent->len, <, from + 3500);
  for (guint i = 0; i < 10; i++)
    must (f, "add", "text", "");
  g_assert_cmpint (g_get_monotonic_time () - began, <, 3 * G_USEC_PER_SEC);
  must (f, "stop program", "name", "trial");
}

static void
test_memory (WorkerFixture *f, gconstpointer data)
{
  JsonObject *last;
  guint n = 0;

  if (SANITIZED)
    {
      g_test_skip ("a sanitizer's own memory would count");
      return;
    }
  begin (f);
  play (f, "eat", "message", "ate ");
  last = json_node_get_object (f->all_sent->pdata[f->all_sent->len - 1]);
  n = (guint) g_ascii_strtoull (karez_json_text (last, "text") + strlen ("ate "), NULL, 10);
  g_assert_cmpuint (n, <=, MEMORY_MIB);
  g_assert_cmpuint (n, >=, MEMORY_MIB / 2);
  g_assert_true (g_str_has_suffix (karez_json_text (last, "text"), "none shared"));
}

/* Of a thousand lines sixty are in the log, and one that says so. */
static gboolean
leaves_out (gpointer data)
{
  g_autofree char *said = read_log (data);
  g_auto (GStrv) lines = g_strsplit (said, "trial: line ", -1);

  g_assert_cmpuint (g_strv_length (lines), <=, 61);
  return g_strv_length (lines) == 61 && strstr (said, "more lines of this minute are left out");
}

static void
test_log (WorkerFixture *f, gconstpointer data)
{
  begin (f);
  must (f, "send to program", "text", "write");
  turn_until (leaves_out, f, 5, "what is too much is left out");
  play (f, "echo here", "message", "here");
}

static void
test_worker_dies (WorkerFixture *f, gconstpointer data)
{
  pid_t process;

  begin (f);
  process = find_process (f);
  g_assert_false (is_gone (&process));
  hub_supervisor_kill (f->supervisor, f->id);
  turn_until (worker_has_died, f, 5, "the worker's end is seen");
  turn_until (is_gone, &process, 5, "its program ends with it");
}

/* The session's end is theirs, and that of who starts them. */
static void
test_spawner_dies (WorkerFixture *f, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *status = NULL;
  g_autoptr (GError) error = NULL;
  const char *at = NULL;
  guint from = 0;
  pid_t process;

  begin (f);
  process = find_process (f);
  path = g_strdup_printf ("/proc/%d/status", (int) process);
  g_assert_true (g_file_get_contents (path, &status, NULL, NULL));
  at = strstr (status, "PPid:\t");
  from = f->all_sent->len;
  g_assert_cmpint (kill ((pid_t) g_ascii_strtoll (at + strlen ("PPid:\t"), NULL, 10), SIGKILL), ==,
                   0);
  expect_from (f, from, "ended for good", "the process that starts programs is gone");
  turn_until (is_gone, &process, 5, "the program ends with it");
  g_assert_false (ask (f, "start program", "name", "trial", &error));
  g_assert_true (karez_error_is_unavailable (error));
  must (f, "add", "text", "");
}

static void
test_session_ends (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  pid_t process;

  f->acknowledge = FALSE;
  begin (f);
  process = find_process (f);
  g_assert_true (worker_move (f, "stop", &error));
  turn_until (is_gone, &process, 5, "its program ends with the session");
  g_assert_false (ask (f, "start program", "name", "trial", &error));
  g_assert_nonnull (f->worker);
}

int
main (int argc, char **argv)
{
  g_autofree char *word = NULL;
  const char *programs[2] = { NULL, NULL };

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  word = g_strdup_printf ("trial:%d:7:3:%s", MEMORY_MIB, g_getenv ("KAREZ_TEST_PROGRAM"));
  programs[0] = word;
#define ADD(path, func) g_test_add (path, WorkerFixture, programs, set_up, func, worker_tear_down)
  ADD ("/programs/talks", test_talks);
  ADD ("/programs/confined", test_confined);
  ADD ("/programs/ends", test_ends);
  ADD ("/programs/hangs", test_hangs);
  ADD ("/programs/nonsense", test_nonsense);
  ADD ("/programs/memory", test_memory);
  ADD ("/programs/log", test_log);
  ADD ("/programs/worker-dies", test_worker_dies);
  ADD ("/programs/spawner-dies", test_spawner_dies);
  ADD ("/programs/session-ends", test_session_ends);
  return g_test_run ();
}
