/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define HUB_TYPE_WEB_FRAMES (hub_web_frames_get_type ())
/**
 * HubWebFrames:
 * Bounds a whole WebSocket message, fragments together: libsoup's own bound is for each frame. Sits
 * on a connection as an extension that nobody negotiated. An oversized message closes it with 1009.
 */
G_DECLARE_FINAL_TYPE (HubWebFrames, hub_web_frames, HUB, WEB_FRAMES, SoupWebsocketExtension)

/* @max: bytes of one message */
HubWebFrames *hub_web_frames_new (gsize max);

G_END_DECLS
