/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consult-hub.h"

G_BEGIN_DECLS

/* The feed of parts. Its cursor is "ATTACHMENT/PART", the part that is wanted; an item is
 * {"part", "bytes": base64}. */
#define CONSULT_FEED_PARTS "consult.parts"

/* Serves the feed of files' parts: of what was sent, to the hospital that it was sent to, unless
 * the booking was called off since. */
gboolean consult_parts_serve (ConsultHub *hub, GError **error);

G_END_DECLS
