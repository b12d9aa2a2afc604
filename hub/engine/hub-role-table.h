/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Which accounts may take which role of a kind of session: the group [Roles] of a key file as
 * {"writer": ["clinician", "surgeon"], …}, one member for each role of the modality. */

/**
 * hub_role_table_read:
 * @keys: a key file
 * @roles: the modality's
 *
 * %KAREZ_ERROR_INVALID, rule "plugin/role", for a role that the modality does not have, one that
 * nobody can take, and one for an account's role that does not exist.
 *
 * Returns: (transfer full): the table
 */
JsonNode *hub_role_table_read (GKeyFile *keys, const char *const *roles, GError **error);
/* The same for one of the two hospitals: nobody there takes one of the roles @others. Returns:
 * (transfer full): @table with these empty */
JsonNode *hub_role_table_of_side (JsonNode *table, const char *const *others);
/* Whether somebody with @account_roles may take @role. %KAREZ_ERROR_DENIED, rule
 * "session/account-role", which names the account roles that may, or "session/role-hospital", which
 * names the roles that are for this hospital. */
gboolean hub_role_table_check (JsonNode *table, const char *role, const char *const *account_roles,
                               GError **error);
/* Every account role that may take any of the roles. Returns: (transfer full) */
GStrv hub_role_table_list (JsonNode *table);

/* Whether there is such a role of accounts. */
gboolean hub_account_role_is_known (const char *role);

G_END_DECLS
