/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker whose disk takes 300 ms for each sync: it has slow-disk.c as LD_PRELOAD. */
#include "hub-id.h"
#include "worker-fixture.h"

#include <signal.h>

#define SYNC_MS 300
/* Less than one sync by far; the machine has stalls of its own. */
#define HELD_UP_MS 200

static void
set_up_slow (WorkerFixture *f, gconstpointer data)
{
  g_setenv ("LD_PRELOAD", g_getenv ("KAREZ_TEST_SLOW_DISK"), TRUE);
  g_setenv ("KAREZ_TEST_SYNC_MS", G_STRINGIFY (SYNC_MS), TRUE);
  worker_set_up (f, NULL);
  g_unsetenv ("LD_PRELOAD");
  g_unsetenv ("KAREZ_TEST_SYNC_MS");
}

/* One message whose answer is awaited elsewhere. */
static void
begin_saying (WorkerFixture *f, const char *participant, const char *type, Await *await)
{
  g_autoptr (JsonNode) body = karez_json_object ("type", "s", type, NULL);

  hub_worker_proxy_message_async (f->worker, participant, body, NULL, await_done, await);
}

static void
end_saying (WorkerFixture *f, Await *await)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (f->worker, await_result (await), &error);

  g_assert_no_error (error);
  g_clear_object (&await->result);
}

static gboolean
is_said (gpointer data)
{
  return ((Await *) data)->result != NULL;
}

static gboolean
has_file (WorkerFixture *f, const char *name)
{
  g_autofree char *directory = hub_supervisor_get_directory (f->supervisor, f->id);
  g_autofree char *path = g_build_filename (directory, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* While records are written pages are answered, one after another; who recorded something is when
 * it is on disk. */
static void
test_slow_disk (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  gint64 longest = 0, shortest = G_MAXINT64, before;
  guint n_answers = 0;

  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
  turn_for (2 * SYNC_MS);
  for (guint i = 0; i < 5; i++)
    {
      Await recorded = { 0 };
      gint64 began = g_get_monotonic_time ();

      begin_saying (f, participant, "record", &recorded);
      while (!is_said (&recorded))
        {
          Await added = { 0 };

          before = g_get_monotonic_time ();
          begin_saying (f, participant, "add", &added);
          end_saying (f, &added);
          longest = MAX (longest, g_get_monotonic_time () - before);
          n_answers++;
        }
      shortest = MIN (shortest, g_get_monotonic_time () - began);
      end_saying (f, &recorded);
    }
  g_test_message ("%u answers, the latest after %.1f ms; a record takes %.1f ms", n_answers,
                  longest / 1000.0, shortest / 1000.0);
  g_assert_cmpint (longest, <, HELD_UP_MS * 1000);
  g_assert_cmpint (shortest, >, (SYNC_MS - 20) * 1000);
  g_assert_cmpuint (n_answers, >, 50);
  turn_for (100);
  /* ready, and one of each turn, in order */
  g_assert_cmpuint (f->records->len, ==, 6);
  for (guint i = 0; i < f->numbers->len; i++)
    g_assert_cmpuint (g_array_index (f->numbers, guint64, i), ==, i + 1);
  /* The end of it: stop, what is kept, end; its files are gone before its connection is. */
  before = g_get_monotonic_time ();
  g_assert_true (worker_move (f, "stop", &error));
  g_assert_cmpint (g_get_monotonic_time () - before, >, (SYNC_MS - 20) * 1000);
  turn_until (worker_has_died, f, 10, "the worker ends");
  g_assert_false (has_file (f, "spool"));
  g_assert_false (has_file (f, "checkpoint"));
  g_assert_cmpuint (f->records->len, ==, 9);
}

/* Those of the next worker, which sends what no hub has acknowledged. */
static guint
count_notes_again (WorkerFixture *f)
{
  guint n = 0;

  g_ptr_array_set_size (f->records, 0);
  f->died = 0;
  worker_spawn (f);
  turn_until (worker_has_worker, f, 5, "the next worker says hello");
  turn_for (300);
  for (guint i = 0; i < f->records->len; i++)
    n += g_str_equal (worker_action_of (f, i), "count.note");
  return n;
}

/* Many record something, and the worker is killed: whoever was answered is on record, and whatever
 * the hub was given. */
static void
test_slow_disk_killed (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  guint every_ms = GPOINTER_TO_UINT (data), answered = 0, given, found;
  Await recorded[8] = { 0 };

  f->acknowledge = FALSE;
  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
  for (guint i = 0; i < G_N_ELEMENTS (recorded); i++)
    {
      begin_saying (f, participant, "record", &recorded[i]);
      turn_for (every_ms);
    }
  g_assert_cmpint (kill (hub_worker_proxy_get_pid (f->worker), SIGKILL), ==, 0);
  turn_until (worker_has_died, f, 5, "the worker's end is seen");
  for (guint i = 0; i < G_N_ELEMENTS (recorded); i++)
    {
      await_result (&recorded[i]);
      answered += !g_task_had_error (G_TASK (recorded[i].result));
      g_object_unref (recorded[i].result);
    }
  given = f->records->len - 1;
  found = count_notes_again (f);
  g_test_message ("%u were answered, %u given to the hub, %u are on record", answered, given,
                  found);
  g_assert_cmpuint (answered, >, 0);
  g_assert_cmpuint (found, >=, answered);
  g_assert_cmpuint (found, >=, given);
}

/* Told to end, the worker writes what it has before it does. */
static void
test_slow_disk_terminated (WorkerFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *participant = hub_id_new ();
  Await recorded = { 0 };

  f->acknowledge = FALSE;
  g_assert_true (worker_prepare (f, "", 1, &error));
  g_assert_true (worker_join (f, participant, &error));
  turn_for (2 * SYNC_MS);
  begin_saying (f, participant, "record", &recorded);
  turn_for (30);
  g_assert_false (is_said (&recorded));
  g_assert_cmpint (kill (hub_worker_proxy_get_pid (f->worker), SIGTERM), ==, 0);
  turn_until (worker_has_died, f, 10, "the worker's end is seen");
  await_result (&recorded);
  g_object_unref (recorded.result);
  g_assert_cmpuint (count_notes_again (f), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(path, data, func)                                                                      \
  g_test_add ("/worker-disk/" path, WorkerFixture, data, set_up_slow, func, worker_tear_down)
/* A sanitizer's library must be loaded before any other. */
#ifndef __SANITIZE_ADDRESS__
  ADD ("pages", NULL, test_slow_disk);
  ADD ("killed", GUINT_TO_POINTER (110), test_slow_disk_killed);
  ADD ("killed-late", GUINT_TO_POINTER (170), test_slow_disk_killed);
  ADD ("terminated", NULL, test_slow_disk_terminated);
#endif
  return g_test_run ();
}
