/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-certificate.h"
#include "hub-web-root.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define HUB_TYPE_WEB_TLS (hub_web_tls_get_type ())
/**
 * HubWebTls:
 * What the hub speaks TLS with: a certificate that is given to it, or one by an authority of its
 * own, which is renewed in time. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubWebTls, hub_web_tls, HUB, WEB_TLS, GObject)

/**
 * hub_web_tls_new:
 * @origin: whose host it is for
 * @authority: (nullable): directory of authorities of its own, one for each host; instead of:
 * @certificate, @key: (nullable): both or none: PEM files
 *
 * Returns: (transfer full): without any, one that gives no certificate
 */
HubWebTls *hub_web_tls_new (const char *origin, const char *authority, const char *certificate,
                            const char *key);
/* Makes what is missing, reads it, and looks after it from now on. Blocks on local files. */
gboolean hub_web_tls_open (HubWebTls *self, GError **error);
/* Returns: (transfer none) (nullable): NULL without TLS, or before it is open */
HubWebCertificate *hub_web_tls_get_certificate (HubWebTls *self);
gboolean hub_web_tls_has_authority (HubWebTls *self);
/* Returns: (transfer none) (nullable): the own authority's; NULL without, or before it is open */
HubWebRootFile *hub_web_tls_get_root (HubWebTls *self);

G_END_DECLS
