/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consult-hub.h"

G_BEGIN_DECLS

#define CONSULT_TYPE_OPINIONS (consult_opinions_get_type ())
/**
 * ConsultOpinions:
 * Opinions: a draft of each consultant's, kept as it is typed; signed with the password asked
 * again, and returned to the hospital that asked in the same transaction; never changed, amended by
 * the next version; who read it there is told back.
 */
G_DECLARE_FINAL_TYPE (ConsultOpinions, consult_opinions, CONSULT, OPINIONS, GObject)

ConsultOpinions *consult_opinions_new (ConsultHub *hub);
/* Adds routes and handlers. */
gboolean consult_opinions_start (ConsultOpinions *self, KarezRoutes *routes, GError **error);

G_END_DECLS
