/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/**
 * HubPgParams:
 * The arguments of one statement as libpq wants them. Text, but bytea goes as it is.
 */
typedef struct
{
  int count;
  char **values; /* NULL for NULL */
  int *lengths;
  int *formats;
} HubPgParams;

/**
 * hub_pg_params_new:
 * @variant: (nullable): a tuple of s, b, i, x, t, u, d, ay, as, and m before each
 *
 * Any other type is a programmer's error: %KAREZ_ERROR_FAILED, rule "database/parameter".
 */
HubPgParams *hub_pg_params_new (GVariant *variant, GError **error);
void hub_pg_params_free (HubPgParams *self);

/* The text form of a PostgreSQL array. Returns: (transfer full) */
char *hub_pg_array (const char *const *items);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubPgParams, hub_pg_params_free)

G_END_DECLS
