/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubMigrateReset:
 * What a plugin's schema holds: its tables, their rows, and the migrations that made them.
 */
typedef struct
{
  guint tables, migrations;
  gint64 rows;
} HubMigrateReset;

/**
 * hub_migrate_reset_look:
 * @schema: a plugin's
 *
 * What would be lost. %KAREZ_ERROR_NOT_FOUND, rule "plugin/no-schema", where the database has none
 * of that plugin; %KAREZ_ERROR_BUSY, rule "database/in-use", while somebody else is connected: a
 * hub that runs. Blocks.
 */
gboolean hub_migrate_reset_look (const char *conninfo, const char *schema, HubMigrateReset *found,
                                 GError **error);
/**
 * hub_migrate_reset:
 * @plugin: its id, for the record
 * @who: who does it: "karezctl (root)"
 *
 * Drops the schema of a plugin and forgets its migrations, so that the next start applies them as
 * they are then. In one transaction, with its event. Errors as above. Blocks.
 */
gboolean hub_migrate_reset (const char *conninfo, const char *schema, const char *plugin,
                            const char *who, GError **error);

G_END_DECLS
