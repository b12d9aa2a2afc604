/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The private cluster: made, killed, adopted. */
#include "store-test.h"

#include "hub-cluster.h"
#include "hub-id.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *base, *state, *run;
  guint died;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strdup_printf ("karez-cluster-%d-XXXXXX", (int) getpid ());

  f->base = g_dir_make_tmp (name, &error);
  g_assert_no_error (error);
  g_chmod (f->base, 0711);
  f->state = g_build_filename (f->base, "it's state", NULL);
  f->run = g_build_filename (f->base, "run", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", "--", f->base, NULL };

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free (f->base);
  g_free (f->state);
  g_free (f->run);
}

static void
on_died (HubCluster *cluster, gpointer data)
{
  ((Fixture *) data)->died++;
}

static gboolean
start (HubCluster *cluster, GError **error)
{
  TestWait wait = { 0 };
  g_autoptr (GAsyncResult) result = NULL;

  hub_cluster_start_async (cluster, NULL, test_callback, &wait);
  result = test_wait (&wait);
  return hub_cluster_start_finish (cluster, result, error);
}

static void
stop (HubCluster *cluster)
{
  TestWait wait = { 0 };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  hub_cluster_stop_async (cluster, NULL, test_callback, &wait);
  result = test_wait (&wait);
  hub_cluster_stop_finish (cluster, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (hub_cluster_get_state (cluster), ==, HUB_CLUSTER_STOPPED);
}

static char *
ask (HubCluster *cluster, const char *sql)
{
  g_autofree char *connection = hub_cluster_get_connection (cluster);
  PGconn *pg = PQconnectdb (connection);
  char *answer;

  if (PQstatus (pg) != CONNECTION_OK)
    g_error ("%s", PQerrorMessage (pg));
  answer = test_ask (pg, sql);
  PQfinish (pg);
  return answer;
}

static gboolean
is_gone (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cwd", pid);
  g_autofree char *link = g_file_read_link (path, NULL);

  return link == NULL;
}

/* The session of the server is its own, and its parent is not this process. */
static void
assert_independent (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  int parent = 0, group = 0, session = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpint (sscanf (strrchr (text, ')') + 1, " %*c %d %d %d", &parent, &group, &session), ==,
                   3);
  g_assert_cmpint (parent, !=, getpid ());
  g_assert_cmpint (session, !=, getsid (0));
}

static void
test_life (Fixture *f, gconstpointer data)
{
  g_autoptr (HubCluster) first = hub_cluster_new (f->state, f->run);
  g_autoptr (HubCluster) second = hub_cluster_new (f->state, f->run);
  g_autoptr (HubCluster) third = NULL;
  g_autofree char *other = g_build_filename (f->base, "other", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *answer = NULL, *settings = NULL, *kept = NULL;
  int pid;

  g_assert_true (start (first, &error));
  g_assert_no_error (error);
  g_assert_false (hub_cluster_was_adopted (first));
  g_assert_cmpint (hub_cluster_get_state (first), ==, HUB_CLUSTER_RUNNING);
  pid = hub_cluster_get_pid (first);
  assert_independent (pid);
  settings = ask (first, "select string_agg (setting, ' ' order by name) from pg_settings where"
                         " name in ('data_checksums', 'fsync', 'synchronous_commit',"
                         " 'full_page_writes', 'listen_addresses')");
  g_assert_cmpstr (settings, ==, "on on on  on");
  g_free (ask (first, "create table kept as select 42 as n"));
  if (geteuid () == 0)
    {
      g_autofree char *data_dir = g_build_filename (f->state, "postgres", NULL);
      struct stat info;

      g_assert_cmpint (stat (data_dir, &info), ==, 0);
      g_assert_cmpint (info.st_uid, ==, getpwnam ("postgres")->pw_uid);
      g_assert_cmpint (info.st_mode & 0777, ==, 0700);
    }

  /* The hub ends; the server goes on, and the next hub takes it over as it is. */
  g_clear_object (&first);
  g_assert_false (is_gone (pid));
  g_assert_true (start (second, &error));
  g_assert_no_error (error);
  g_assert_true (hub_cluster_was_adopted (second));
  g_assert_cmpint (hub_cluster_get_pid (second), ==, pid);
  answer = ask (second, "select n from kept");
  g_assert_cmpstr (answer, ==, "42");
  stop (second);
  g_assert_true (is_gone (pid));
  stop (second);

  /* Again, with the socket somewhere else while it runs. */
  g_assert_true (start (second, &error));
  g_assert_no_error (error);
  pid = hub_cluster_get_pid (second);
  g_clear_object (&second);
  third = hub_cluster_new (f->state, other);
  g_assert_true (start (third, &error));
  g_assert_no_error (error);
  g_assert_cmpint (hub_cluster_get_pid (third), !=, pid);
  kept = ask (third, "select n from kept");
  g_assert_cmpstr (kept, ==, "42");
  stop (third);
}

/* kill -9 of the server while a backend is busy: it comes back by itself, with every committed row,
 * and a store on it recovers too. */
static void
test_death (Fixture *f, gconstpointer data)
{
  g_autoptr (HubCluster) cluster = hub_cluster_new (f->state, f->run);
  g_autoptr (HubStore) store = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (KarezRows) rows = NULL;
  g_autofree char *connection = NULL, *answer = NULL;
  TestWait wait = { 0 };
  PGconn *busy;
  int pid;

  g_signal_connect (cluster, "died", G_CALLBACK (on_died), f);
  g_assert_true (start (cluster, &error));
  g_assert_no_error (error);
  pid = hub_cluster_get_pid (cluster);
  connection = hub_cluster_get_connection (cluster);
  store = hub_store_new (connection, 4, 10);
  hub_store_open_async (store, NULL, test_callback, &wait);
  result = test_wait (&wait);
  g_assert_true (hub_store_open_finish (store, result, &error));
  g_assert_no_error (error);
  g_free (ask (cluster, "create table kept as select g from generate_series (1, 1000) g"));

  busy = PQconnectdb (connection);
  g_assert_true (PQsendQuery (busy, "select count(*) from generate_series (1, 2000000000)"));
  test_run_for (200);
  kill (pid, SIGKILL);
  test_run_until (f->died == 1);
  g_assert_cmpint (hub_cluster_get_state (cluster), ==, HUB_CLUSTER_RESTARTING);
  test_run_until (hub_cluster_get_state (cluster) == HUB_CLUSTER_RUNNING);
  g_assert_cmpint (hub_cluster_get_pid (cluster), !=, pid);
  PQfinish (busy);
  answer = ask (cluster, "select count(*) from kept");
  g_assert_cmpstr (answer, ==, "1000");

  test_run_until (hub_store_is_available (store));
  rows = test_query (store, "karez", "database_state", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (karez_rows_integer (rows, 0, "size_bytes"), >, 1000000);
  hub_store_close (store);
  test_run_for (50);

  /* Dead when no hub looks, with its pid file left: the next start recovers. */
  pid = hub_cluster_get_pid (cluster);
  g_clear_object (&cluster);
  kill (pid, SIGKILL);
  cluster = hub_cluster_new (f->state, f->run);
  start (cluster, &error);
  g_assert_no_error (error);
  g_assert_false (hub_cluster_was_adopted (cluster));
  stop (cluster);
}

static void
put (HubStore *store, const char *request, const char *id, double seconds, TestWait *wait,
     KarezTransaction **transaction)
{
  g_autoptr (KarezActor) actor = test_actor ();

  *transaction = karez_store_begin (hub_store_get_scope (store, "clinic"), actor);
  karez_transaction_set_request (*transaction, request, "aa");
  karez_transaction_run (*transaction, "thing_put", "(ssim@ay)", id, id, 0, NULL);
  karez_transaction_event (*transaction, "thing.put", "thing", id, NULL);
  karez_transaction_run (*transaction, "sleep", "(d)", seconds);
  karez_transaction_commit_async (*transaction, NULL, test_callback, wait);
}

/* A backend dies without a word while a commit is under way: the outcome is not known, the caller
 * is told so, and the same request again is done once. */
static void
test_unknown (Fixture *f, gconstpointer data)
{
  g_autoptr (HubCluster) cluster = hub_cluster_new (f->state, f->run);
  g_autofree char *connection = NULL, *count = NULL, *pid = NULL;
  g_autofree char *request = hub_id_new ();
  g_autofree char *id = hub_id_new ();
  g_autoptr (KarezTransaction) first = NULL, second = NULL, third = NULL;
  g_autoptr (GAsyncResult) opened = NULL, result = NULL, again = NULL, once_more = NULL;
  TestWait open = { 0 }, waits[3] = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (HubStore) store = NULL;

  start (cluster, &error);
  g_assert_no_error (error);
  connection = hub_cluster_get_connection (cluster);
  store = hub_store_new (connection, 4, 10);
  hub_store_add_schema (store, "clinic", "/org/karez/test/clinic", FALSE);
  hub_store_open_async (store, NULL, test_callback, &open);
  opened = test_wait (&open);
  hub_store_open_finish (store, opened, &error);
  g_assert_no_error (error);

  put (store, request, id, 5.0, &waits[0], &first);
  while (TRUE)
    {
      g_free (pid);
      pid = ask (cluster, "select pid from pg_stat_activity where wait_event = 'PgSleep'");
      if (pid[0] != '\0')
        break;
      test_run_for (20);
    }
  kill ((int) g_ascii_strtoll (pid, NULL, 10), SIGKILL);
  result = test_wait (&waits[0]);
  g_assert_false (karez_transaction_commit_finish (first, result, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_TIMEOUT);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/unknown");
  g_clear_error (&error);

  /* The server recovers by itself; nobody started it again. */
  g_assert_cmpuint (f->died, ==, 0);
  test_run_until (!hub_store_is_available (store));
  test_run_until (hub_store_is_available (store));
  put (store, request, id, 0.0, &waits[1], &second);
  again = test_wait (&waits[1]);
  karez_transaction_commit_finish (second, again, &error);
  g_assert_no_error (error);
  g_assert_false (karez_transaction_is_repeated (second));
  put (store, request, id, 0.0, &waits[2], &third);
  once_more = test_wait (&waits[2]);
  karez_transaction_commit_finish (third, once_more, &error);
  g_assert_no_error (error);
  g_assert_true (karez_transaction_is_repeated (third));
  count = ask (cluster, "select count(*) from clinic.thing");
  g_assert_cmpstr (count, ==, "1");
  hub_store_close (store);
  test_run_for (50);
  stop (cluster);
}

static void
test_version (Fixture *f, gconstpointer data)
{
  g_autoptr (HubCluster) cluster = hub_cluster_new (f->state, f->run);
  g_autofree char *data_dir = g_build_filename (f->state, "postgres", NULL);
  g_autofree char *file = g_build_filename (data_dir, "PG_VERSION", NULL);
  g_autoptr (GError) error = NULL;

  g_mkdir_with_parents (data_dir, 0755);
  g_assert_true (g_file_set_contents (file, "14\n", -1, &error));
  g_assert_false (start (cluster, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_FAILED);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/version");
  g_assert_nonnull (strstr (error->message, "14"));
  g_assert_nonnull (strstr (karez_error_get_accepted (error), "pg_upgrade"));
  g_assert_cmpint (hub_cluster_get_state (cluster), ==, HUB_CLUSTER_STOPPED);
}

static void
test_directories (Fixture *f, gconstpointer data)
{
  g_autofree char *closed = g_build_filename (f->base, "closed", NULL);
  g_autofree char *below = g_build_filename (closed, "state", NULL);
  g_autofree char *deep = g_build_filename (f->base, "a-path-that-is-much-too-long-for-a-socket",
                                            "and-goes-on-for-a-while-until-it-is", NULL);
  g_autoptr (HubCluster) hidden = hub_cluster_new (below, f->run);
  g_autoptr (HubCluster) too_long = hub_cluster_new (f->state, deep);
  g_autoptr (GError) error = NULL;

  g_assert_false (start (too_long, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/directory");
  g_assert_nonnull (strstr (karez_error_get_accepted (error), "93"));
  g_clear_error (&error);
  if (geteuid () != 0)
    {
      g_test_skip ("only root runs it as another user");
      return;
    }
  g_assert_cmpint (g_mkdir (closed, 0700), ==, 0);
  g_assert_false (start (hidden, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/directory");
  g_assert_nonnull (strstr (error->message, "closed"));
}

/* What somebody left in the way of initdb is refused and stays. */
static void
test_in_the_way (Fixture *f, gconstpointer data)
{
  g_autoptr (HubCluster) cluster = hub_cluster_new (f->state, f->run);
  g_autofree char *file = g_build_filename (f->state, "postgres", "precious", NULL);
  g_autofree char *data_dir = g_path_get_dirname (file);
  g_autoptr (GError) error = NULL;

  g_mkdir_with_parents (data_dir, 0755);
  g_assert_true (g_file_set_contents (file, "x", -1, &error));
  g_assert_false (start (cluster, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "database/directory");
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
}

/* Outlives this program: a test that fails must not leave a server, which is made to outlive us. */
static void
leave_guard (void)
{
  g_autofree char *base = g_strdup_printf ("%s/karez-cluster-%d", g_get_tmp_dir (),
                                           (int) getpid ());
  const char *argv[] = { "setsid",
                         "sh",
                         "-c",
                         "exec >/dev/null 2>&1; cat; for f in \"$0\"-*/*/postgres/postmaster.pid;"
                         " do kill -QUIT \"$(head -n 1 \"$f\")\"; sleep 1; done; rm -rf \"$0\"-*",
                         base,
                         NULL };
  g_autoptr (GError) error = NULL;
  int never_written;

  g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                            &never_written, NULL, NULL, &error);
  g_assert_no_error (error);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  leave_guard ();
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);

  ADD ("/store/cluster/life", test_life);
  ADD ("/store/cluster/death", test_death);
  ADD ("/store/cluster/unknown", test_unknown);
  ADD ("/store/cluster/version", test_version);
  ADD ("/store/cluster/directories", test_directories);
  ADD ("/store/cluster/in-the-way", test_in_the_way);

  return g_test_run ();
}
