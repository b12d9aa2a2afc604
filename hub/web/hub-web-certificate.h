/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-pair.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * HubWebCertificate:
 * The certificate that browsers are shown: read again when its files change, so that one that is
 * renewed is in use a second later, for connections that begin then. What is worse than the one
 * in use is not taken, and told. Main thread only; blocks on local files.
 */
typedef struct _HubWebCertificate HubWebCertificate;

/* @origin: what browsers call the hub. Returns: (transfer full): NULL when there is nothing to
 * begin with; one that browsers will warn of is something, and told */
HubWebCertificate *hub_web_certificate_new (const char *certificate, const char *key,
                                            const char *origin, GError **error);
void hub_web_certificate_free (HubWebCertificate *self);
/* The one in use. Returns: (transfer none) */
GTlsCertificate *hub_web_certificate_get (HubWebCertificate *self);
/* Looks at the files now. It is done by itself every second. */
void hub_web_certificate_look (HubWebCertificate *self);
/* {"state", "expires_at", "refused"}: of the one in use; the last, if its files are another that is
 * not taken, says what is wrong with that. Returns: (transfer full) */
JsonNode *hub_web_certificate_describe (HubWebCertificate *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebCertificate, hub_web_certificate_free)

G_END_DECLS
