/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* The most that one document on the private bus may hold. */
#define HUB_BUS_MAX_BYTES (1024 * 1024)

/* Answers a call with @error: all that it takes to say it in a reader's language goes along. */
void hub_bus_return_error (GDBusMethodInvocation *invocation, const GError *error);
/* A call's error as it was at the other side; of the bus itself: UNAVAILABLE or TIMEOUT.
 * @error: (transfer full). Returns: (transfer full) */
GError *hub_bus_read_error (GError *error);

/* JSON text of the bus, bounded. Returns: (transfer full): NULL with @error set */
JsonNode *hub_bus_parse (const char *text, GError **error);

G_END_DECLS
