/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The largest record, and how much may wait for a hub that is away. */
#define HUB_SPOOL_MAX_RECORD (1024 * 1024)
#define HUB_SPOOL_MAX_WAITING (256 * 1024 * 1024)

/**
 * HubSpoolFile:
 * The file of a spool: checksummed records, appended, and left out once they are forgotten. Every
 * call blocks, and is made by one thread at a time.
 */
typedef struct _HubSpoolFile HubSpoolFile;

typedef struct
{
  guint64 sequence;
  GBytes *payload;
} HubSpoolRecord;

HubSpoolRecord *hub_spool_record_new (guint64 sequence, GBytes *payload);
void hub_spool_record_free (gpointer record);
/* Its bytes on disk. */
gsize hub_spool_record_get_size (GBytes *payload);

/**
 * hub_spool_file_open:
 * @path: made if it is not there
 * @damaged: (out): how many records were passed over
 *
 * A record that was being written when its process ended is cut off. Of a file that is damaged in
 * the middle a copy is kept beside, as @path.damaged-TIME.
 */
HubSpoolFile *hub_spool_file_open (const char *path, guint *damaged, GError **error);
void hub_spool_file_free (HubSpoolFile *self);

/* The records in it, by their numbers. Returns: (transfer none) (element-type HubSpoolRecord) */
const GQueue *hub_spool_file_get_kept (HubSpoolFile *self);
/* The number of the last record ever written. */
guint64 hub_spool_file_get_last (HubSpoolFile *self);
/* Writes all of @batch (HubSpoolRecord), which is empty then, and synchronises; or none of it. */
gboolean hub_spool_file_append (HubSpoolFile *self, GQueue *batch, GError **error);
/* Those up to @sequence need not be there any more. Returns whether there were any. */
gboolean hub_spool_file_forget (HubSpoolFile *self, guint64 sequence);
/* Writes a new file without what was forgotten, if that is worth it: all of them together write no
 * more than what was recorded. What is not compacted is only there again after a restart. */
void hub_spool_file_compact (HubSpoolFile *self);
void hub_spool_file_remove (HubSpoolFile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubSpoolFile, hub_spool_file_free)

G_END_DECLS
