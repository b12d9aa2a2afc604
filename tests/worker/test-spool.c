/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session wants kept survives the worker's end. */
#include "engine-fixture.h"
#include "hub-checkpoint.h"
#include "hub-spool.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

static char *
new_path (void)
{
  static guint n;
  g_autofree char *name = g_strdup_printf ("spool-%u", n++);

  return g_build_filename (scratch (), name, NULL);
}

static gboolean threaded; /* whether the spool's thread writes, or the flush */

static char *
start_path (gconstpointer with_thread)
{
  threaded = with_thread != NULL;
  return new_path ();
}

static GBytes *
record (guint n)
{
  g_autofree char *text = g_strdup_printf ("{\"record\":%u,\"padding\":\"%0*u\"}", n, 40, n);

  return g_bytes_new (text, strlen (text));
}

static HubSpool *
open_spool (const char *path)
{
  g_autoptr (GError) error = NULL;
  HubSpool *spool = hub_spool_open (path, &error);

  g_assert_no_error (error);
  if (threaded)
    hub_spool_start (spool);
  return spool;
}

static void
flush (HubSpool *spool)
{
  g_autoptr (GError) error = NULL;

  hub_spool_flush (spool, &error);
  g_assert_no_error (error);
}

static void
fill (HubSpool *spool, guint from, guint to)
{
  for (guint i = from; i <= to; i++)
    {
      g_autoptr (GBytes) bytes = record (i);
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (hub_spool_append (spool, bytes, &error), ==, i);
      g_assert_no_error (error);
    }
  flush (spool);
  g_assert_cmpuint (hub_spool_get_durable (spool), ==, to);
}

static void
check (HubSpool *spool, guint from, guint to)
{
  guint64 at = from;

  for (guint i = from; i <= to; i++)
    {
      g_autoptr (GBytes) bytes = record (i);

      at = hub_spool_next (spool, at);
      g_assert_cmpuint (at, ==, i);
      g_assert_true (g_bytes_equal (hub_spool_get (spool, at), bytes));
      at++;
    }
  g_assert_cmpuint (hub_spool_next (spool, at), ==, 0);
}

static void
test_keeps (gconstpointer with_thread)
{
  g_autofree char *path = start_path (with_thread);
  g_autoptr (HubSpool) spool = open_spool (path);

  fill (spool, 1, 20);
  g_clear_object (&spool);
  spool = open_spool (path);
  check (spool, 1, 20);
  hub_spool_forget (spool, 12);
  check (spool, 13, 20);
  fill (spool, 21, 21);
  hub_spool_forget (spool, 21);
  flush (spool);
  g_assert_cmpuint (hub_spool_get_waiting (spool), ==, 0);
  /* Numbers go on, whatever was forgotten. */
  fill (spool, 22, 23);
  g_clear_object (&spool);
  spool = open_spool (path);
  g_assert_cmpuint (hub_spool_get_last (spool), ==, 23);
  g_assert_cmpuint (hub_spool_get_damaged (spool), ==, 0);
}

static void
test_forgets (gconstpointer with_thread)
{
  g_autofree char *path = start_path (with_thread);
  g_autoptr (HubSpool) spool = open_spool (path);
  struct stat info;

  fill (spool, 1, 200);
  hub_spool_forget (spool, 200);
  flush (spool);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_size, <, 1000);
  fill (spool, 201, 202);
  g_clear_object (&spool);
  spool = open_spool (path);
  check (spool, 201, 202);
}

/* The process ended at any byte of the last append: what was appended before is whole. */
static void
test_truncated (gconstpointer with_thread)
{
  g_autofree char *path = start_path (with_thread);
  g_autofree char *image = NULL;
  gsize whole = 0, size = 0;
  struct stat info;
  g_autoptr (HubSpool) spool = open_spool (path);

  fill (spool, 1, 3);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  whole = info.st_size;
  fill (spool, 4, 4);
  g_clear_object (&spool);
  g_assert_true (g_file_get_contents (path, &image, &size, NULL));
  for (gsize cut = whole; cut < size; cut += 3)
    {
      g_assert_true (g_file_set_contents (path, image, cut, NULL));
      spool = open_spool (path);
      check (spool, 1, 3);
      g_assert_cmpuint (hub_spool_get_damaged (spool), ==, 0);
      fill (spool, 4, 4);
      g_clear_object (&spool);
      spool = open_spool (path);
      check (spool, 1, 4);
      g_clear_object (&spool);
    }
}

/* One bit of the middle is wrong: that record is missed and counted, no other is. */
static void
test_flipped (gconstpointer with_thread)
{
  g_autofree char *path = start_path (with_thread);
  g_autofree char *image = NULL;
  gsize size = 0, first = 0, second = 0;
  struct stat info;
  g_autoptr (HubSpool) spool = open_spool (path);

  fill (spool, 1, 1);
  g_stat (path, &info);
  first = info.st_size;
  fill (spool, 2, 2);
  g_stat (path, &info);
  second = info.st_size;
  fill (spool, 3, 4);
  g_clear_object (&spool);
  g_assert_true (g_file_get_contents (path, &image, &size, NULL));
  for (gsize at = first; at < second; at += 3)
    {
      g_autofree char *bad = g_memdup2 (image, size);

      bad[at] ^= 1 << (at % 8);
      g_assert_true (g_file_set_contents (path, bad, size, NULL));
      spool = open_spool (path);
      g_assert_cmpuint (hub_spool_get_damaged (spool), ==, 1);
      g_assert_cmpuint (hub_spool_next (spool, 1), ==, 1);
      g_assert_cmpuint (hub_spool_next (spool, 2), ==, 3);
      g_assert_cmpuint (hub_spool_next (spool, 4), ==, 4);
      fill (spool, 5, 5);
      g_clear_object (&spool);
      /* The damage is moved away once. */
      spool = open_spool (path);
      g_assert_cmpuint (hub_spool_get_last (spool), ==, 5);
      g_clear_object (&spool);
    }
}

static void
test_rubbish (gconstpointer with_thread)
{
  g_autofree char *path = start_path (with_thread);
  g_autoptr (HubSpool) spool = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
      large = g_bytes_new_take (g_malloc0 (HUB_SPOOL_MAX_RECORD + 1), HUB_SPOOL_MAX_RECORD + 1);

  g_assert_true (g_file_set_contents (path, "no spool at all, KAZS or not", -1, NULL));
  spool = open_spool (path);
  g_assert_cmpuint (hub_spool_get_waiting (spool), ==, 0);
  g_assert_cmpuint (hub_spool_append (spool, large, &error), ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  fill (spool, 1, 2);
}

static void
test_no_directory (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (hub_spool_open ("/nonexistent/spool", &error));
  g_assert_nonnull (error);
}

static void
test_checkpoint (void)
{
  g_autofree char *path = new_path ();
  g_autofree char *image = NULL;
  g_autoptr (HubCheckpoint) checkpoint = hub_checkpoint_new (path);
  g_autoptr (JsonNode) head = karez_json_object ("state", "s", "live", NULL);
  g_autoptr (GBytes) state = g_bytes_new_static ("abc", 3);
  g_autoptr (GError) error = NULL;
  JsonNode *read_head = NULL;
  GBytes *read_state = NULL;
  gsize size = 0;

  g_assert_false (hub_checkpoint_read (checkpoint, &read_head, &read_state, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (hub_checkpoint_write_now (checkpoint, head, state, &error));
  g_assert_true (hub_checkpoint_read (checkpoint, &read_head, &read_state, &error));
  g_assert_cmpstr (karez_json_text (json_node_get_object (read_head), "state"), ==, "live");
  g_assert_true (g_bytes_equal (state, read_state));
  json_node_unref (read_head);
  g_bytes_unref (read_state);
  g_assert_true (g_file_get_contents (path, &image, &size, NULL));
  for (gsize at = 0; at < size; at++)
    {
      g_autofree char *bad = g_memdup2 (image, size);

      bad[at] ^= 0x10;
      g_assert_true (g_file_set_contents (path, bad, size, NULL));
      g_assert_false (hub_checkpoint_read (checkpoint, &read_head, &read_state, NULL));
      g_assert_true (g_file_set_contents (path, image, at, NULL));
      g_assert_false (hub_checkpoint_read (checkpoint, &read_head, &read_state, NULL));
    }
}

static char *
read_state (const char *path)
{
  g_autoptr (HubCheckpoint) checkpoint = hub_checkpoint_new (path);
  g_autoptr (JsonNode) head = NULL;
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (hub_checkpoint_read (checkpoint, &head, &state, &error));
  g_assert_no_error (error);
  return g_strndup (g_bytes_get_data (state, NULL), g_bytes_get_size (state));
}

/* What is written now stays, however many older ones are on their way; what comes later replaces
 * it. */
static void
test_overtaken (void)
{
  g_autofree char *path = new_path ();
  g_autoptr (HubCheckpoint) checkpoint = hub_checkpoint_new (path);
  g_autoptr (JsonNode) head = karez_json_object ("state", "s", "live", NULL);
  g_autoptr (GBytes) old = g_bytes_new_static ("old", 3);
  g_autoptr (GBytes) waits = g_bytes_new_static ("waits", 5);
  g_autoptr (GBytes) now = g_bytes_new_static ("now", 3);
  g_autoptr (GBytes) later = g_bytes_new_static ("later", 5);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *at_once = NULL, *in_the_end = NULL, *after = NULL;
      gint64 until = g_get_monotonic_time () + 20 * G_TIME_SPAN_MILLISECOND;

      hub_checkpoint_write (checkpoint, head, old);
      hub_checkpoint_write (checkpoint, head, waits);
      g_assert_true (hub_checkpoint_write_now (checkpoint, head, now, &error));
      at_once = read_state (path);
      g_assert_cmpstr (at_once, ==, "now");
      while (g_get_monotonic_time () < until)
        g_main_context_iteration (NULL, FALSE);
      in_the_end = read_state (path);
      g_assert_cmpstr (in_the_end, ==, "now");
      hub_checkpoint_write (checkpoint, head, later);
      for (after = read_state (path); g_str_equal (after, "now"); after = read_state (path))
        {
          g_main_context_iteration (NULL, FALSE);
          g_free (after);
        }
      g_assert_cmpstr (after, ==, "later");
    }
}

/* What is on its way when a session is over does not come back. */
static void
test_removed (void)
{
  g_autofree char *path = new_path ();
  g_autofree char *temporary = g_strconcat (path, ".new", NULL);
  g_autoptr (JsonNode) head = karez_json_object ("state", "s", "ended", NULL);

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (HubCheckpoint) checkpoint = hub_checkpoint_new (path);
      g_autoptr (GBytes) state = g_bytes_new (&i, sizeof i);

      hub_checkpoint_write (checkpoint, head, state);
      /* At every moment of the writing. */
      g_usleep (i * 5);
      hub_checkpoint_write (checkpoint, head, NULL);
      hub_checkpoint_remove (checkpoint);
      hub_checkpoint_write (checkpoint, head, NULL);
      hub_checkpoint_close (checkpoint);
      turn_for (5);
      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
      g_assert_false (g_file_test (temporary, G_FILE_TEST_EXISTS));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
#define ADD(name, func)                                                                            \
  g_test_add_data_func ("/spool/" name, NULL, func);                                               \
  g_test_add_data_func ("/spool/thread/" name, "thread", func)
  ADD ("keeps", test_keeps);
  ADD ("forgets", test_forgets);
  ADD ("truncated", test_truncated);
  ADD ("flipped", test_flipped);
  ADD ("rubbish", test_rubbish);
  g_test_add_func ("/spool/no-directory", test_no_directory);
  g_test_add_func ("/checkpoint", test_checkpoint);
  g_test_add_func ("/checkpoint/overtaken", test_overtaken);
  g_test_add_func ("/checkpoint/removed", test_removed);
  return g_test_run ();
}
