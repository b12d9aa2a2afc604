/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of requests' files: what they are held against, and how a page gets them. */
#include "consult-files.h"

#include "consult-file.h"

struct _ConsultFiles
{
  KarezFiles parent;
};

G_DEFINE_FINAL_TYPE (ConsultFiles, consult_files, KAREZ_TYPE_FILES)

/* What a text's parts have told of its encoding is noted with the file. */
static gboolean
check (KarezFiles *files, KarezFile *file, guint part, GBytes *bytes, GError **error)
{
  const char *charset = g_intern_string (file->note);

  if (!consult_file_check_part (file->media_type, part, bytes, &charset, error))
    return FALSE;
  g_free (file->note);
  file->note = g_strdup (charset);
  return TRUE;
}

static void
note (KarezFiles *files, const KarezFile *file, KarezTransaction *transaction)
{
  if (file->note != NULL)
    karez_transaction_run (transaction, "attachment_charset", "(ss)", file->id, file->note);
}

/* Browsers guess no encoding, and would show another. */
static char *
say_type (const KarezFile *file)
{
  if (!g_str_has_prefix (file->media_type, "text/"))
    return g_strdup (file->media_type);
  return g_strdup_printf ("%s; charset=%s", file->media_type,
                          file->note == NULL || g_str_equal (file->note, "us-ascii") ? "utf-8"
                                                                                     : file->note);
}

void
consult_files_show (ConsultFiles *self, KarezRequest *request, KarezRows *rows, const char *patient)
{
  g_autoptr (KarezFile) file = karez_file_new (rows, 0);
  g_autofree char *content_type = say_type (file);
  g_autofree char *name = karez_file_name_save (karez_rows_text (rows, 0, "name"),
                                                consult_file_endings (file->media_type));
  KarezStream stream = { .media_type = content_type,
                         .name = name,
                         .shown = consult_file_is_shown (file->media_type) };

  karez_files_give (KAREZ_FILES (self), request, file, &stream, patient);
}

gboolean
consult_files_begin (ConsultFiles *self, ConsultHub *hub, GError **error)
{
  return karez_files_begin (KAREZ_FILES (self), hub->context, hub->store, hub->actor, error);
}

ConsultFiles *
consult_files_new (void)
{
  return g_object_new (CONSULT_TYPE_FILES, NULL);
}

static void
consult_files_class_init (ConsultFilesClass *klass)
{
  static const KarezFileStatements statements = {
    .keep = "part_keep",
    .same = "part_same",
    .close = "attachment_close",
    .progress = "attachment_progress",
    .discard = "part_discard",
    .remove = "attachment_discard",
    .spoil = "attachment_break",
    .stopped = "attachments_stopped",
    .abandon = "attachment_abandon",
    .coming = "attachments_coming",
    .sent = "attachment_booking",
    .part = "part_by_number",
    .piece = "part_piece",
  };
  KarezFilesClass *files_class = KAREZ_FILES_CLASS (klass);

  files_class->plugin = "consult";
  files_class->noun = "attachment";
  files_class->feed = CONSULT_FEED_PARTS;
  files_class->statements = &statements;
  files_class->check = check;
  files_class->note = note;
}

static void
consult_files_init (ConsultFiles *self)
{
}
