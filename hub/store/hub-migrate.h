/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-schema.h"

G_BEGIN_DECLS

/**
 * hub_migrate:
 * @conninfo: a libpq connection string; what its role needs is looked at first
 *   (hub_migrate_check_rights())
 * @schemas: (element-type HubSchema): in the order of their references; the first is "karez"
 * @server_version: (out) (transfer full): "15.20"
 *
 * Brings every schema to the program's state, forward only: one sequence for each schema, one
 * transaction a file, all under one advisory lock, so that several hubs may start at once. Attaches
 * the trigger that demands an event to every table. Blocks: for a thread of its own.
 *
 * Rules of %KAREZ_ERROR_FAILED: "database/migration" (a file failed or breaks a rule),
 * "database/migration-changed" (a file is not the one that was applied), "database/newer" (the
 * database has migrations that the program does not know). %KAREZ_ERROR_UNAVAILABLE.
 */
gboolean hub_migrate (const char *conninfo, GPtrArray *schemas, char **server_version,
                      GError **error);

G_END_DECLS
