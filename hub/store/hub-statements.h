/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-schema.h"

G_BEGIN_DECLS

typedef struct
{
  char *key; /* "schema.name": the prepared statement's name on each connection */
  char *sql;
  char *schema;
  gboolean plugin;
} HubStatement;

/**
 * HubStatements:
 * The named statements of every schema. Counted, from any thread; used on the main thread.
 */
typedef struct _HubStatements HubStatements;

HubStatements *hub_statements_new (void);
HubStatements *hub_statements_ref (HubStatements *self);
void hub_statements_unref (HubStatements *self);
/**
 * hub_statements_add:
 * Reads the schema's texts. Each statement begins with a line "-- name: note_by_id" and is one
 * select, insert, update, delete, values or with; whatever else stands in a file is refused:
 * %KAREZ_ERROR_FAILED, rule "database/statement".
 */
gboolean hub_statements_add (HubStatements *self, HubSchema *schema, GError **error);
/* Returns: (transfer none) (nullable) */
const HubStatement *hub_statements_lookup (HubStatements *self, const char *schema,
                                           const char *name);
/* In the order of the files. Returns: (transfer none) (element-type HubStatement) */
GPtrArray *hub_statements_list (HubStatements *self);
/* Leaves out everything of a plugin's @schema, because of @why: one plugin's mistake must not keep
 * a connection from being made. What the list held lives as long as @self. */
void hub_statements_refuse (HubStatements *self, const char *schema, const GError *why);
/* Why @schema was left out. Returns: (transfer none) (nullable) */
const GError *hub_statements_get_refusal (HubStatements *self, const char *schema);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubStatements, hub_statements_unref)

G_END_DECLS
