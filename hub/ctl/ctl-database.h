/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hub's database, for commands that do not need the hub. */

#include "ctl.h"

#include "hub-store.h"

G_BEGIN_DECLS

/**
 * ctl_become_hub:
 *
 * As root: goes on as the owner of the hub's state directory, whom PostgreSQL knows and whose files
 * all must stay, and makes the runtime directory that a stopped hub may not have. ctl_become_root()
 * takes it back. As anybody else nothing is done.
 */
gboolean ctl_become_hub (Ctl *ctl, GError **error);
void ctl_become_root (void);
/* Tells why, with the rule and what would be accepted. */
CtlStatus ctl_refuse (const GError *error);
/* What the configuration says, or the private cluster, which is started if it does not run.
 * Returns: (transfer full) */
char *ctl_find_connection (Ctl *ctl, GError **error);
/* The hub's own; a plugin's schema is migrated when the hub loads the plugin. */
void ctl_add_schemas (HubStore *store);
/* Their migrations. Returns: (transfer full) (element-type HubSchema) */
GPtrArray *ctl_load_schemas (GError **error);

G_END_DECLS
