/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-http-scanner.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_TYPE_HTTP_INPUT (hub_http_input_get_type ())
/**
 * HubHttpInput:
 * What comes over a connection as a server reads it: it passes a HubHttpScanner first, since
 * libsoup 3.2 takes the last of two lengths and more that is no HTTP. After a fault it reads
 * nothing more, and the stream ends when the client closes. One thread.
 *
 * Signals: "began", the first byte of a request came after hub_http_input_set_idle(); "refused"
 * (const HubHttpFault *), once.
 */
G_DECLARE_FINAL_TYPE (HubHttpInput, hub_http_input, HUB, HTTP_INPUT, GFilterInputStream)

/* @base: pollable */
HubHttpInput *hub_http_input_new (GInputStream *base);
/**
 * hub_http_input_set_idle:
 * @idle: whether an answer was given and no byte of the next request has come
 *
 * libsoup 3.2 does not let go of a kept-alive connection whose client leaves between two requests:
 * it keeps the descriptor and 2 kB until the server ends
 * (soup_server_message_io_http1_finished() without a completion). So the end of an idle connection
 * is read as one stray byte and then the end, which it takes for a broken request, and closes.
 */
void hub_http_input_set_idle (HubHttpInput *self, gboolean idle);
/* What comes from here on is no HTTP, and nobody's to look at. */
void hub_http_input_set_raw (HubHttpInput *self);
/* Forgets what was read and nobody took. */
void hub_http_input_drop (HubHttpInput *self);

G_END_DECLS
