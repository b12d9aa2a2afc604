/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of a request, as a page reads it: part after part. */
#include "consult-attachment-stream.h"

#include "consult-file.h"

#include <glib/gi18n.h>

GError *
consult_attachment_none_error (void)
{
  return karez_error_new (KAREZ_ERROR_NOT_FOUND, "consult/no-attachment",
                          N_ ("a file of a request"), N_ ("There is no such file"));
}

/* A file while it is read. */
typedef struct
{
  KarezStore *store;
  char *id;
} File;

static void
file_free (gpointer data)
{
  File *file = data;

  g_object_unref (file->store);
  g_free (file->id);
  g_free (file);
}

static void
on_piece (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  GBytes *bytes = rows != NULL && karez_rows_get_count (rows) > 0
                      ? karez_rows_bytes (rows, 0, "bytes")
                      : NULL;

  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify) g_bytes_unref);
  else
    /* It may have been removed since it was found. */
    g_task_return_error (task, error != NULL ? error : consult_attachment_none_error ());
}

/* What there is of it in one part. */
static void
read_piece (goffset offset, gsize length, GTask *task, gpointer data)
{
  const File *file = data;
  gint32 part = offset / CONSULT_FILE_PART_BYTES;
  gint32 begin = offset % CONSULT_FILE_PART_BYTES;

  karez_store_query_bulk_async (
      file->store, "part_piece",
      g_variant_new ("(siii)", file->id, part, begin,
                     (gint32) MIN (length, (gsize) CONSULT_FILE_PART_BYTES - begin)),
      g_task_get_cancellable (task), on_piece, task);
}

/* Browsers guess no encoding, and would show another. */
static char *
say_type (const char *media_type, const char *charset)
{
  if (!g_str_has_prefix (media_type, "text/"))
    return g_strdup (media_type);
  return g_strdup_printf ("%s; charset=%s", media_type,
                          charset == NULL || g_str_equal (charset, "us-ascii") ? "utf-8" : charset);
}

void
consult_attachment_show (ConsultHub *hub, KarezRequest *request, KarezRows *rows,
                         const char *patient)
{
  const char *id = karez_rows_text (rows, 0, "id");
  const char *media_type = karez_rows_text (rows, 0, "media_type");
  g_autofree char *content_type = say_type (media_type, karez_rows_text (rows, 0, "charset"));
  g_autofree char *name = karez_file_name_save (karez_rows_text (rows, 0, "name"),
                                                consult_file_endings (media_type));
  KarezStream stream = { .media_type = content_type,
                         .name = name,
                         .tag = karez_rows_text (rows, 0, "sha256"),
                         .size = karez_rows_integer (rows, 0, "size"),
                         .shown = consult_file_is_shown (media_type) };
  g_autoptr (GError) error = NULL;
  File *file;

  if (!g_str_equal (karez_rows_text (rows, 0, "state"), "whole"))
    {
      karez_error_set (&error, KAREZ_ERROR_CONFLICT, "consult/attachment-coming",
                       N_ ("a file that is here whole"), N_ ("The file is not here whole"));
      karez_request_fail (request, error);
      return;
    }
  file = g_new0 (File, 1);
  file->store = g_object_ref (hub->store);
  file->id = g_strdup (id);
  karez_request_respond_read_stream (
      request, hub->audit, "attachment.read", karez_rows_text (rows, 0, "request"), patient,
      karez_json_object ("attachment", "s", id, NULL), &stream, read_piece, file, file_free);
}
