/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "consult-hub.h"

G_BEGIN_DECLS

/* The feed of parts. Its cursor is "ATTACHMENT/PART", the part that is wanted; an item is
 * {"part", "bytes": base64}. */
#define CONSULT_TYPE_PULLER (consult_puller_get_type ())
/**
 * ConsultPuller:
 * Fetches the parts of announced files, of each hospital that is up one file at a time and a part
 * in turn, and looks again every 10 s. A file that cannot be fetched stands back for a while.
 */
G_DECLARE_FINAL_TYPE (ConsultPuller, consult_puller, CONSULT, PULLER, GObject)

ConsultPuller *consult_puller_new (ConsultHub *hub);
/* There is something to fetch. */
void consult_puller_wake (ConsultPuller *self);

G_END_DECLS
