/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * hub_pg_conninfo_fault:
 * @conninfo: what somebody wrote as [Database] Connection
 *
 * Whether libpq can read it. libpq's own words quote what it could not read, which may be a piece
 * of a password, so they are not said: only the name of an option that is none, where there is no
 * password.
 *
 * Returns: (transfer full): NULL if it can; else the name, or ""
 */
char *hub_pg_conninfo_fault (const char *conninfo);
/* The same as %KAREZ_ERROR_INVALID, rule "database/connection". */
gboolean hub_pg_conninfo_check (const char *conninfo, GError **error);

/* The same without its passwords, as "host=… user=…". Returns: (transfer full) */
char *hub_pg_conninfo_conceal (const char *conninfo);

G_END_DECLS
