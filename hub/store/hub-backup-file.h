/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* The members of a backup, which is a tar archive: any tar lists and unpacks it. */
#define HUB_BACKUP_MANIFEST "manifest.json"
#define HUB_BACKUP_IDENTITY "identity.pem"
#define HUB_BACKUP_DUMP "database.dump" /* of pg_dump, format "custom" */

/* How far it is; called about once a second. @total: 0 when it is not known */
typedef void (*HubBackupProgress) (guint64 done, guint64 total, gpointer data);

/**
 * HubBackupWriter:
 * Writes beside @path and takes its place when everything is on the disk: what was there before
 * stays until then, and is replaced only if it is a backup, too: else %KAREZ_ERROR_CONFLICT, rule
 * "backup/target". Only its user may read it. All calls block.
 */
typedef struct _HubBackupWriter HubBackupWriter;

HubBackupWriter *hub_backup_writer_new (const char *path, GError **error);
/* A member as a whole. */
gboolean hub_backup_writer_add (HubBackupWriter *self, const char *name, GBytes *bytes,
                                GError **error);
/* A member whose end is not known yet: begin, put, end. @sha256: (out) (transfer full) */
gboolean hub_backup_writer_begin (HubBackupWriter *self, const char *name, GError **error);
gboolean hub_backup_writer_put (HubBackupWriter *self, const void *bytes, gsize size,
                                GError **error);
gboolean hub_backup_writer_end (HubBackupWriter *self, guint64 *size, char **sha256,
                                GError **error);
/* Writes the manifest, to which the first member belongs, and puts the file in its place. */
gboolean hub_backup_writer_finish (HubBackupWriter *self, JsonNode *manifest, GError **error);
/* Without hub_backup_writer_finish() nothing is left. */
void hub_backup_writer_free (HubBackupWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubBackupWriter, hub_backup_writer_free)

/* A backup that was opened: its members are whole, and the dump is what the manifest says. */
typedef struct
{
  int fd;
  JsonNode *manifest;
  GBytes *identity; /* (nullable) */
  gint64 dump_at;   /* where the dump begins in the file */
  guint64 dump_size;
} HubBackupFile;

/**
 * hub_backup_file_open:
 *
 * %KAREZ_ERROR_INVALID, rule "backup/file" for what is no backup or not a whole one, rule
 * "backup/format" for one of a later program. Blocks: reads all of it.
 */
HubBackupFile *hub_backup_file_open (const char *path, HubBackupProgress progress, gpointer data,
                                     GError **error);
void hub_backup_file_free (HubBackupFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubBackupFile, hub_backup_file_free)

G_END_DECLS
