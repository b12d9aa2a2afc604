/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-http-input.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_TYPE_PEER_STREAM (hub_peer_stream_get_type ())
/**
 * HubPeerStream:
 * A stream around another one that it lets go of when it is closed. libsoup 3.2.3 never frees a
 * server's connection: what it keeps is this shell, not the TLS session within. What comes is read
 * by a HubHttpInput.
 *
 * Signals: "closed" (no arguments), once, after the inner stream was closed; "refused" (const
 * HubHttpFault *), once.
 */
G_DECLARE_FINAL_TYPE (HubPeerStream, hub_peer_stream, HUB, PEER_STREAM, GIOStream)

GIOStream *hub_peer_stream_new (GIOStream *inner);
/* As hub_http_input_set_raw(). */
void hub_peer_stream_set_raw (HubPeerStream *self);

G_END_DECLS
