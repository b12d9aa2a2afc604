/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-http-input.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_TYPE_WEB_WIRE (hub_web_wire_get_type ())
/**
 * HubWebWire:
 * A socket's stream as the server reads it, by a HubHttpInput, with or without TLS below. Nothing
 * of it waits for the client. Main thread only.
 *
 * Signals: "began", the first byte of a request came; "refused" (const HubHttpFault *), once.
 */
G_DECLARE_FINAL_TYPE (HubWebWire, hub_web_wire, HUB, WEB_WIRE, GIOStream)

/* @certificate: (nullable): for TLS, whose handshake is the caller's.
 * Returns: (transfer full): closing it closes @socket */
HubWebWire *hub_web_wire_new (GSocket *socket, GTlsCertificate *certificate);
GSocket *hub_web_wire_get_socket (HubWebWire *self);
/* Returns: (transfer none) (nullable) */
GTlsConnection *hub_web_wire_get_tls (HubWebWire *self);
/* The last that is said to a client; what it says is still read. */
void hub_web_wire_end_with (HubWebWire *self, GBytes *answer);
/* As those of the HubHttpInput. */
void hub_web_wire_set_idle (HubWebWire *self, gboolean idle);
void hub_web_wire_set_raw (HubWebWire *self);

G_END_DECLS
