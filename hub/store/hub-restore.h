/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-backup-file.h"

G_BEGIN_DECLS

/* What a database holds that a backup is to be restored into. */
typedef struct
{
  char *hub;        /* (nullable): whose it is; NULL: of nobody yet */
  gint64 events;    /* that would be lost */
  char *last_event; /* (nullable): when the last one was, RFC 3339 */
} HubRestoreTarget;

void hub_restore_target_clear (HubRestoreTarget *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HubRestoreTarget, hub_restore_target_clear)

/**
 * hub_restore_check:
 * @known: (element-type HubSchema): the program's own schemas, loaded
 * @replace: whether what is in the database may be lost
 * @target: (out): filled also when it is refused with "restore/not-empty"
 *
 * Whether @file can be restored into the database, before anything is touched: rules
 * "restore/newer" and "restore/changed" (the program is not the backup's, or a later one),
 * "restore/not-empty", "restore/in-use", "database/rights", "database/version". Blocks.
 */
gboolean hub_restore_check (HubBackupFile *file, const char *conninfo, GPtrArray *known,
                            gboolean replace, HubRestoreTarget *target, GError **error);

/**
 * hub_restore_run:
 * @known: (element-type HubSchema): the program's own schemas, loaded
 *
 * Replaces the hub's schemas by those of the backup, in one transaction: whatever ends it before
 * leaves the database as it was. In the same one the database says that it was restored
 * (HubPeerGreeting), and each schema does what it has to do then ("restored.sql"). Blocks.
 * %KAREZ_ERROR_FAILED, rules "backup/programs" and "restore/failed".
 */
gboolean hub_restore_run (HubBackupFile *file, const char *conninfo, GPtrArray *known,
                          HubBackupProgress progress, gpointer data, GError **error);

G_END_DECLS
