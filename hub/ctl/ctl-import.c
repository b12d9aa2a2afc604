/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Imports a table: every line is checked before the first one is sent. */
#include "ctl-import.h"

#include <unistd.h>

#define MAX_TOLD 50 /* lines of a file that is wrong in each */

typedef struct
{
  guint added, there, refused;
} Count;

static void
tell_line (const char *file, CtlCsv *csv, guint row, const GError *error)
{
  g_autofree char *where = g_strdup_printf ("%s:%u", file, ctl_csv_get_line (csv, row));

  ctl_tell_error (where, error);
  if (karez_error_get_pointer (error) != NULL)
    g_printerr (_ ("  where: %s\n"), karez_error_get_pointer (error));
}

/* Each thing stands in the file once. */
static gboolean
check_key (const CtlImport *import, CtlCsv *csv, guint row, GHashTable *keys, GError **error)
{
  const char *key = ctl_csv_get (csv, row, import->key);

  if (g_hash_table_add (keys, (gpointer) key))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "csv/twice", NULL,
                          N_ ("“%s” is in the file twice"), key);
}

CtlCsv *
ctl_import_read (const CtlImport *import, const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CtlCsv) csv = ctl_csv_read (file, import->columns, &error);
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  guint wrong = 0;

  if (csv == NULL)
    {
      ctl_tell_error (file, error);
      return NULL;
    }
  for (guint row = 0; row < ctl_csv_get_count (csv) && wrong < MAX_TOLD; row++)
    {
      g_autoptr (GError) found = NULL;
      g_autoptr (JsonNode) body = import->make (csv, row, import->data);

      if (check_key (import, csv, row, keys, &found) && import->check (body, &found))
        continue;
      tell_line (file, csv, row, found);
      wrong++;
    }
  return wrong == 0 ? g_steal_pointer (&csv) : NULL;
}

static CtlStatus
post (Ctl *ctl, const CtlImport *import, CtlCsv *csv, guint row, const char *file, Count *count)
{
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call_unless (
      ctl, "POST", import->path, import->make (csv, row, import->data), import->exists, &answer);

  count->added += status == CTL_OK && answer != NULL;
  count->there += status == CTL_OK && answer == NULL;
  if (status == CTL_OK)
    return CTL_OK;
  g_printerr ("  %s:%u: %s\n", file, ctl_csv_get_line (csv, row),
              ctl_csv_get (csv, row, import->key));
  count->refused++;
  /* Where the hub is away, or lets nobody in, the next line fares no better. */
  return status == CTL_REFUSED ? CTL_OK : status;
}

static void
tell_progress (guint done, guint all)
{
  g_autofree char *a = g_strdup_printf ("%u", done);
  g_autofree char *b = g_strdup_printf ("%u", all);

  if (!isatty (STDERR_FILENO))
    return;
  g_printerr ("\r");
  g_printerr (_ ("%s of %s"), a, b);
  if (done == all)
    g_printerr ("\n");
}

static void
tell_count (Ctl *ctl, const Count *count, gboolean check, gboolean known)
{
  g_autofree char *added = g_strdup_printf ("%u", count->added);
  g_autofree char *there = g_strdup_printf ("%u", count->there);
  g_autofree char *refused = g_strdup_printf ("%u", count->refused);
  g_autoptr (JsonNode) answer = karez_json_object (
      check ? "missing" : "added", "i", (gint64) count->added, "there", "i", (gint64) count->there,
      "refused", "i", (gint64) count->refused, NULL);

  if (ctl_json (ctl, answer))
    return;
  if (check && !known)
    g_print (_ ("Lines that can be read: %s; which are there already is found when they are "
                "added\n"),
             added);
  else if (check)
    g_print (_ ("%s can be added, %s are there already\n"), added, there);
  else
    g_print (_ ("%s added, %s there already, %s refused\n"), added, there, refused);
}

CtlStatus
ctl_import_run (Ctl *ctl, const CtlImport *import, CtlCsv *csv, GHashTable *known, const char *file)
{
  gboolean check = ctl_option_is_given (ctl, "check");
  CtlStatus status = CTL_OK;
  Count count = { 0 };
  guint n = ctl_csv_get_count (csv);

  for (guint row = 0; row < n && status == CTL_OK; row++)
    {
      if (known != NULL && g_hash_table_contains (known, ctl_csv_get (csv, row, import->key)))
        count.there++;
      else if (check)
        count.added++;
      else
        status = post (ctl, import, csv, row, file, &count);
      if (!check)
        tell_progress (row + 1, n);
    }
  tell_count (ctl, &count, check, known != NULL);
  return status == CTL_OK && count.refused > 0 ? CTL_REFUSED : status;
}
