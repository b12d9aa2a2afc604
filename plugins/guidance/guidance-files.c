/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of sessions' pictures, and what they are held against. */
#include "guidance-files.h"

#include "guidance-picture.h"

struct _GuidanceFiles
{
  KarezFiles parent;
};

G_DEFINE_FINAL_TYPE (GuidanceFiles, guidance_files, KAREZ_TYPE_FILES)

/* The note of a first part: "WIDTHxHEIGHT". */
static gboolean
check (KarezFiles *files, KarezFile *file, guint part, GBytes *bytes, GError **error)
{
  guint width, height;

  g_clear_pointer (&file->note, g_free);
  if (part > 0)
    return TRUE;
  if (!guidance_picture_measure (file->media_type, bytes, &width, &height, error))
    return FALSE;
  file->note = g_strdup_printf ("%ux%u", width, height);
  return TRUE;
}

static void
note (KarezFiles *files, const KarezFile *file, KarezTransaction *transaction)
{
  g_auto (GStrv) size = g_strsplit (file->note != NULL ? file->note : "", "x", 2);

  if (g_strv_length (size) == 2)
    karez_transaction_run (transaction, "picture_measure", "(sxx)", file->id,
                           g_ascii_strtoll (size[0], NULL, 10),
                           g_ascii_strtoll (size[1], NULL, 10));
}

GuidanceFiles *
guidance_files_new (void)
{
  return g_object_new (GUIDANCE_TYPE_FILES, NULL);
}

static void
guidance_files_class_init (GuidanceFilesClass *klass)
{
  static const KarezFileStatements statements = {
    .keep = "picture_part_keep",
    .same = "picture_part_same",
    .close = "picture_close",
    .progress = "picture_progress",
    .discard = "picture_part_discard",
    .remove = "picture_discard",
    .spoil = "picture_spoil",
    .stopped = "pictures_stopped",
    .abandon = "picture_abandon",
    .coming = "pictures_coming",
    .sent = "picture_booking",
    .part = "picture_part_by_number",
    .piece = "picture_piece",
  };
  KarezFilesClass *files_class = KAREZ_FILES_CLASS (klass);

  files_class->plugin = "guidance";
  files_class->noun = "picture";
  files_class->feed = GUIDANCE_FEED_PARTS;
  files_class->statements = &statements;
  files_class->check = check;
  files_class->note = note;
}

static void
guidance_files_init (GuidanceFiles *self)
{
}
