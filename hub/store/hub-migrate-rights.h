/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-schema.h"

#include <libpq-fe.h>

G_BEGIN_DECLS

/**
 * hub_migrate_check_rights:
 * @schemas: (element-type HubSchema)
 *
 * Whether the role that this connection has may make what is missing for @schemas, asked before
 * anything is made: schemas, the extension btree_gist and, for a plugin, its two roles. An ordinary
 * owner of a database may make all but roles: they belong to the whole of PostgreSQL. Blocks.
 *
 * %KAREZ_ERROR_FAILED with rule "database/rights" names the statements that a superuser has to run.
 * What only a plugin misses refuses that plugin alone (HubSchema.refusal), unless no plugin has had
 * a schema in this database yet: then nothing is made at all.
 */
gboolean hub_migrate_check_rights (PGconn *pg, GPtrArray *schemas, GError **error);

G_END_DECLS
