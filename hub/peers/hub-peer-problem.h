/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* How an error travels between hubs: {"code", "rule", "detail", "accepted", "pointer", "format",
 * "arguments"}; the last two are what karez_error_translate() needs. */

/* The document of an error and its HTTP status. Returns: (transfer full) */
GBytes *hub_peer_problem_write (const GError *error, guint *status);
/* The error of a document; one that cannot be read becomes what its status says.
 * Returns: (transfer full) */
GError *hub_peer_problem_read (guint status, GBytes *body);

G_END_DECLS
