/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-wire.h"

G_BEGIN_DECLS

/**
 * HubWebHandshakes:
 * TLS handshakes of browsers, each in a thread of the pool that everything shares, so a client has
 * one only after its whole first record is there, %HUB_WEB_HANDSHAKES_OF_CUSTOMER of an address at
 * once and %HUB_WEB_HANDSHAKES in all; who comes more often waits. The deadline is the caller's: a
 * shutdown() of the socket ends one. Main thread only.
 */
typedef struct _HubWebHandshakes HubWebHandshakes;

#define HUB_WEB_HANDSHAKES 32u
#define HUB_WEB_HANDSHAKES_OF_CUSTOMER 4u

HubWebHandshakes *hub_web_handshakes_new (void);
/* Ends those under way; their callbacks still come. */
void hub_web_handshakes_free (HubWebHandshakes *self);
/* @customer: (nullable): of hub_address_customer() */
void hub_web_handshakes_begin_async (HubWebHandshakes *self, HubWebWire *wire, const char *customer,
                                     GAsyncReadyCallback callback, gpointer data);
gboolean hub_web_handshakes_begin_finish (HubWebWire *wire, GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebHandshakes, hub_web_handshakes_free)

G_END_DECLS
