/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hub's engine with a database, plugins and pages. */
#include "engine-fixture.h"

#include <glib/gstdio.h>
#include <stdlib.h>

static char *folder;

void
await_done (GObject *source, GAsyncResult *result, gpointer data)
{
  ((Await *) data)->result = g_object_ref (result);
}

GAsyncResult *
await_result (Await *await)
{
  gint64 end = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  while (await->result == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_main_context_iteration (NULL, TRUE);
    }
  return await->result;
}

static gboolean
wake (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

void
turn_until (gboolean (*check) (gpointer data), gpointer data, guint seconds, const char *what)
{
#ifdef __SANITIZE_ADDRESS__
  seconds *= 4; /* a sanitizer costs a multiple */
#endif
  gint64 end = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  guint source = g_timeout_add (10, wake, NULL);

  for (;;)
    {
      gint64 begin = g_get_monotonic_time ();
      gint64 rest;

      if (check (data))
        break;
      rest = g_get_monotonic_time ();
      if (rest > end)
        g_error ("it did not happen within %u s: %s", seconds, what);
      /* Looking takes less of the time than what is looked for. */
      rest += 3 * (rest - begin);
      do
        g_main_context_iteration (NULL, TRUE);
      while (g_get_monotonic_time () < rest);
    }
  g_source_remove (source);
}

void
turn_for (guint ms)
{
  gint64 end = g_get_monotonic_time () + ms * 1000;
  guint source = g_timeout_add (10, wake, NULL);

  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *below = g_build_filename (path, name, NULL);

      if (g_file_test (below, G_FILE_TEST_IS_DIR) && !g_file_test (below, G_FILE_TEST_IS_SYMLINK))
        remove_tree (below);
      else
        g_unlink (below);
    }
  g_rmdir (path);
}

static void
remove_folder (void)
{
  remove_tree (folder);
  g_free (folder);
}

const char *
scratch (void)
{
  if (folder == NULL)
    {
      folder = g_dir_make_tmp ("karez-engine-XXXXXX", NULL);
      atexit (remove_folder);
    }
  return folder;
}

char *
scratch_file (const char *name, const char *text)
{
  char *path = g_build_filename (scratch (), name, NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  g_mkdir_with_parents (directory, 0700);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

char *
module_path (const char *name)
{
  g_autofree char *file = g_strconcat (name, ".so", NULL);

  return g_build_filename (g_getenv ("KAREZ_TEST_MODULES"), file, NULL);
}

void
assert_rule (const GError *error, const char *rule)
{
  g_assert_nonnull (error);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
  g_assert_cmpuint (strlen (error->message), >, 10);
}
