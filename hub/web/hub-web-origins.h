/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HubWebOrigins:
 * Where the desk's pages are (RFC 6454): the origin that people know, and the one of HTTPS beside
 * it when the hub has such a port. Main thread only.
 */
typedef struct _HubWebOrigins HubWebOrigins;

/* @origin: "http://aral.localhost:8801" */
HubWebOrigins *hub_web_origins_new (const char *origin);
void hub_web_origins_free (HubWebOrigins *self);
/* Pages are at the same host by HTTPS, too. */
void hub_web_origins_add_secure (HubWebOrigins *self, guint16 port);
/* What this machine's own names are taken with; 0, as at first: they are no names of the hub. */
void hub_web_origins_set_port (HubWebOrigins *self, guint16 port);

/* The one of HTTPS beside the first. Returns: (transfer none) (nullable) */
const char *hub_web_origins_get_secure (HubWebOrigins *self);
/* @host: (nullable): of a request's head */
gboolean hub_web_origins_has_host (HubWebOrigins *self, const char *host);
/* Whether a page of @origin that asked @host (nullable) is the hub's own. @encrypted: whether it
 * asked by the hub's own TLS */
gboolean hub_web_origins_has_page (HubWebOrigins *self, const char *origin, const char *host,
                                   gboolean encrypted);
/* What pages open WebSockets to, each after a space, for a Content-Security-Policy.
 * Returns: (transfer full) */
char *hub_web_origins_list_sockets (HubWebOrigins *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebOrigins, hub_web_origins_free)

G_END_DECLS
