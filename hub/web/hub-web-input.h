/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-bodies.h"
#include "hub-web-problem.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The largest body that is read, and how much more is thrown away so that the sender can hear the
 * refusal, before the connection is cut. */
#define HUB_WEB_INPUT_MAX (1024 * 1024)
#define HUB_WEB_INPUT_DISCARD (4 * 1024 * 1024)

/**
 * hub_web_input_watch:
 * @room: (transfer full): where the body is counted, until the message is gone
 * @languages: outlives the message
 *
 * Collects the body of @message within the bounds, and refuses what is beyond them; libsoup's own
 * copy is switched off. To be called when the head is there.
 */
void hub_web_input_watch (SoupServerMessage *message, HubWebBody *room, HubWebLanguages *languages);
/* The body; empty if none. Returns: (transfer full) */
GBytes *hub_web_input_take (SoupServerMessage *message);

G_END_DECLS
