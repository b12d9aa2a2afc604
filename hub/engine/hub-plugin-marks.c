/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of plugins that blocked or crashed a process, as files. */
#include "hub-plugin-marks.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-file.h"

#include <glib/gstdio.h>
#include <string.h>

#define DAY_US (24 * G_TIME_SPAN_HOUR)
#define MAX_TEXT 4096
#define DISABLED "disabled"

static const char *const kinds[] = { "blocked", "crashed" };

static gboolean
write_text (const char *path, const char *text, GError **error)
{
  g_autofree char *line = g_strdup_printf ("%s\n", text);
  g_autoptr (GBytes) bytes = g_bytes_new (line, strlen (line));

  return hub_file_write_durable (path, bytes, 0600, error);
}

/* The first line of what stands in @path; "?" if it cannot be read. */
static char *
read_text (const char *path)
{
  g_autoptr (GBytes) bytes = hub_file_read (path, MAX_TEXT, NULL);
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  g_autofree char *text = g_utf8_make_valid (size > 0 ? data : "?", size > 0 ? (gssize) size : 1);

  text[strcspn (text, "\n")] = '\0';
  return g_steal_pointer (&text);
}

gboolean
hub_plugin_marks_add (const char *directory, const char *plugin, HubMark mark, const char *call,
                      GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.%s-%" G_GINT64_FORMAT, directory, plugin,
                                           kinds[mark], hub_clock_now ());

  return write_text (path, call, error);
}

gboolean
hub_plugin_marks_disable (const char *directory, const char *plugin, const char *reason,
                          GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s." DISABLED, directory, plugin);

  return write_text (path, reason, error);
}

typedef struct
{
  guint n;
  gint64 at; /* of the last one */
  HubMark kind;
  char *call;
} Marks;

static void
marks_clear (Marks *marks)
{
  g_free (marks->call);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Marks, marks_clear)

/* Whether @name is a mark of @plugin. */
static gboolean
read_name (const char *name, const char *plugin, HubMark *kind, gint64 *at)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *prefix = g_strdup_printf ("%s.%s-", plugin, kinds[i]);

      *kind = i;
      if (g_str_has_prefix (name, prefix)
          && g_ascii_string_to_signed (name + strlen (prefix), 10, 0, G_MAXINT64, at, NULL))
        return TRUE;
    }
  return FALSE;
}

static void
look (const char *directory, const char *plugin, gboolean remove, Marks *marks)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      HubMark kind;
      gint64 at = 0;

      if (!read_name (name, plugin, &kind, &at))
        continue;
      if (remove || hub_clock_now () - at > DAY_US)
        {
          g_unlink (path);
          continue;
        }
      marks->n++;
      if (at < marks->at)
        continue;
      marks->at = at;
      marks->kind = kind;
      g_free (marks->call);
      marks->call = read_text (path);
    }
}

char *
hub_plugin_marks_verdict (const char *directory, const char *plugin)
{
  g_auto (Marks) marks = { 0 };
  g_autofree char *path = g_strdup_printf ("%s/%s." DISABLED, directory, plugin);
  g_autofree char *when = NULL;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return read_text (path);
  look (directory, plugin, FALSE, &marks);
  if (marks.n < 2)
    return NULL;
  when = hub_time_format (marks.at);
  return g_strdup_printf (marks.kind == HUB_MARK_CRASHED
                              ? "It crashed or blocked %u times within a day; last it crashed in "
                                "“%s” at %s."
                              : "It crashed or blocked %u times within a day; last it blocked in "
                                "“%s” at %s.",
                          marks.n, marks.call, when);
}

char *
hub_plugin_marks_last (const char *directory, const char *plugin)
{
  g_auto (Marks) marks = { 0 };
  g_autofree char *when = NULL;

  look (directory, plugin, FALSE, &marks);
  if (!marks.n)
    return NULL;
  when = hub_time_format (marks.at);
  return g_strdup_printf (marks.kind == HUB_MARK_CRASHED ? "It crashed in “%s” at %s."
                                                         : "It blocked in “%s” at %s.",
                          marks.call, when);
}

void
hub_plugin_marks_clear (const char *directory, const char *plugin)
{
  g_auto (Marks) marks = { 0 };
  g_autofree char *path = g_strdup_printf ("%s/%s." DISABLED, directory, plugin);

  g_unlink (path);
  look (directory, plugin, TRUE, &marks);
}
