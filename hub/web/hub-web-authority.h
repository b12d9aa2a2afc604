/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Below the hub's state; there a directory for each host that Origin has named, so that going back
 * to one finds the root that people have. */
#define HUB_WEB_AUTHORITY_DIRECTORY "tls"
/* The root alone, for everybody; the root with its key, and the hub's certificate with its own. */
#define HUB_WEB_AUTHORITY_ROOT "authority.crt"
#define HUB_WEB_AUTHORITY_KEY "authority.pem"
#define HUB_WEB_AUTHORITY_CERTIFICATE "hub.pem"

/**
 * hub_web_authority_prepare:
 * @directory: of @host alone; made if it is not there
 * @host: what browsers call the hub: a name or an address
 * @now: Unix s
 *
 * An authority of the hub's own: a root for ten years, which can vouch for @host and for nothing
 * else, and a certificate for 397 days, which is replaced 30 days before its end. A root that is
 * there stays. Each file is written as a whole. Blocks on local files.
 */
gboolean hub_web_authority_prepare (const char *directory, const char *host, gint64 now,
                                    GError **error);

G_END_DECLS
