/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consult-requests.h"

G_BEGIN_DECLS

#define CONSULT_TYPE_ATTACHMENTS (consult_attachments_get_type ())
/**
 * ConsultAttachments:
 * Files of requests. Added here in parts; announced to the other hospital once they are whole;
 * pulled by it part by part, so that a cut costs one part, and held there against the SHA-256 that
 * was announced.
 */
G_DECLARE_FINAL_TYPE (ConsultAttachments, consult_attachments, CONSULT, ATTACHMENTS, GObject)

/* @requests: sends what became whole */
ConsultAttachments *consult_attachments_new (ConsultHub *hub, ConsultRequests *requests);
/* Adds routes, handlers and the feed, and goes on with what had not come. */
gboolean consult_attachments_start (ConsultAttachments *self, KarezRoutes *routes, GError **error);

G_END_DECLS
