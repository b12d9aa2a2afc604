/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * hub_id_new:
 *
 * A UUID of version 7 (RFC 9562): milliseconds first, so that rows made later sort later, also
 * those of one millisecond in one process. Thread-safe.
 *
 * Returns: (transfer full): the canonical form, 36 characters
 */
char *hub_id_new (void);
/* Whether @text is a UUID in the canonical form, in lower case. */
gboolean hub_id_is_valid (const char *text);

G_END_DECLS
