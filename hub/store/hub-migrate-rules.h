/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-schema.h"

#include <libpq-fe.h>

G_BEGIN_DECLS

/* "KAREZ": one lock for the migrations of one database. */
#define HUB_MIGRATE_LOCK "323218457946"

/* Blocking calls of the migration's own thread. */
gboolean hub_migrate_run (PGconn *pg, GError **error, const char *sql);
gboolean hub_migrate_runf (PGconn *pg, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
/* @values: (nullable): arguments, ended by NULL. Returns: (transfer full): to be PQclear()ed */
PGresult *hub_migrate_query (PGconn *pg, GError **error, const char *sql,
                             const char *const *values);
/* The first column of the first row. Returns: (transfer full) */
char *hub_migrate_ask (PGconn *pg, GError **error, const char *sql, const char *const *values);
/* Who else is connected to the database, by name, with commas; "" for nobody. Waits up to a second
 * for those who are about to go.
 * Returns: (transfer full) */
char *hub_migrate_list_others (PGconn *pg, GError **error);

/**
 * hub_migrate_attach:
 * Attaches karez.demand_event, deferred to the commit, to every table of @schema that
 * karez.table_rule does not call bookkeeping, and refuses a business table without a primary key of
 * one column.
 */
gboolean hub_migrate_attach (PGconn *pg, HubSchema *schema, GError **error);
/* Takes it off again: a migration's own changes stand in the log as "migration.apply". */
gboolean hub_migrate_detach (PGconn *pg, HubSchema *schema, GError **error);

/* How many lines of karez.table_rule a plugin's migration must not add to. */
char *hub_migrate_count_rules (PGconn *pg, HubSchema *schema, GError **error);
gboolean hub_migrate_check_rules (PGconn *pg, HubSchema *schema, const char *before,
                                  GError **error);

G_END_DECLS
