/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-meter.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define HUB_TYPE_WEB_FRAMES (hub_web_frames_get_type ())
/**
 * HubWebFrames:
 * Bounds what a WebSocket's other end may send, frame by frame. Sits on a connection as an
 * extension that nobody negotiated, and ends it with a code when there is too much of something:
 *
 * - a whole message, fragments together, since libsoup's own bound is for each frame: 1009;
 * - frames of any kind, 200 a second and 1000 at once: 4429, as for messages;
 * - pings by who does not read the pongs, which libsoup keeps for it: 1008.
 *
 * It counts in @meter what the connection is given to send, with the frames' heads.
 */
G_DECLARE_FINAL_TYPE (HubWebFrames, hub_web_frames, HUB, WEB_FRAMES, SoupWebsocketExtension)

/* @max: bytes of one message; @queue: bytes that wait to be sent */
HubWebFrames *hub_web_frames_new (HubWebMeter *meter, gsize max, gsize queue);

G_END_DECLS
