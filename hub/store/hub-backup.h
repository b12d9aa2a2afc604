/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-backup-file.h"

#include <libpq-fe.h>

G_BEGIN_DECLS

/**
 * hub_backup_find_program:
 * @name: "pg_dump", "pg_restore" or "psql"
 * @server: PQserverVersion(): that major version's is taken, else the newest
 *
 * Blocks. %KAREZ_ERROR_FAILED, rule "backup/programs". Returns: (transfer full)
 */
char *hub_backup_find_program (const char *name, int server, GError **error);

/* For a program of PostgreSQL. @connection: (out) (transfer full): the argument that leads it to
 * @conninfo, without the password, which everybody could read there. Returns: (transfer full) */
GSubprocessLauncher *hub_backup_launcher (const char *conninfo, GSubprocessFlags flags,
                                          char **connection);

/**
 * hub_backup_make:
 * @conninfo: the hub's database; the hub may run
 * @identity: (nullable): the hub's identity.pem, to be in the backup
 * @writer: a new one, which the caller finishes with the manifest
 *
 * The hub's database as it was at one moment, with what a restore has to know. Blocks: for a
 * program, or a thread of its own. %KAREZ_ERROR_FAILED, rules "backup/empty" (no hub has used this
 * database), "backup/programs", "backup/dump" and "backup/write".
 *
 * Returns: (transfer full): the manifest
 */
JsonNode *hub_backup_make (const char *conninfo, GBytes *identity, HubBackupWriter *writer,
                           HubBackupProgress progress, gpointer data, GError **error);

G_END_DECLS
