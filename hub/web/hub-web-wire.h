/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-http-scanner.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_TYPE_WEB_WIRE (hub_web_wire_get_type ())
/**
 * HubWebWire:
 * A socket's stream as the server reads it. Main thread only.
 *
 * What comes passes a HubHttpScanner first: libsoup 3.2 takes the last of two lengths and more that
 * is no HTTP. After a fault it reads nothing more, and the stream ends when the client closes.
 *
 * libsoup 3.2 does not let go of a kept-alive connection whose client leaves between two requests:
 * it keeps the descriptor and 2 kB until the server ends
 * (soup_server_message_io_http1_finished() without a completion). So the end of an idle connection
 * is read as one stray byte and then the end, which it takes for a broken request, and closes.
 *
 * Signals: "began", the first byte of a request came; "refused" (const HubHttpFault *), once.
 */
G_DECLARE_FINAL_TYPE (HubWebWire, hub_web_wire, HUB, WEB_WIRE, GIOStream)

/* Returns: (transfer full): closing it closes @socket */
HubWebWire *hub_web_wire_new (GSocket *socket);
GSocket *hub_web_wire_get_socket (HubWebWire *self);
/* Whether an answer was given and no byte of the next request has come. */
void hub_web_wire_set_idle (HubWebWire *self, gboolean idle);
/* What comes from here on is no HTTP, and nobody's to look at. */
void hub_web_wire_set_raw (HubWebWire *self);

G_END_DECLS
