/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-web-sign-in.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define HUB_WEB_PAGE_MESSAGE (64 * 1024)
#define HUB_WEB_PAGE_QUEUE (1024 * 1024)

/* Close codes of ours; the desk knows them. */
#define HUB_WEB_PAGE_CLOSE_SIGNED_OUT 4401
#define HUB_WEB_PAGE_CLOSE_CHANGED 4403
#define HUB_WEB_PAGE_CLOSE_RATE 4429

#define HUB_TYPE_WEB_PAGE (hub_web_page_get_type ())
/**
 * HubWebPage:
 * One browser page's WebSocket, with everything bounded: a message (64 KiB, fragments together;
 * 1009), their rate (60 a second, 200 at once; 4429), that of frames of any kind (200 a second,
 * 1000 at once; 4429), what waits to be sent (1 MiB; cut), silence (no answer to a ping for 60 s;
 * cut), and the sign-in's end (4401). Main thread only.
 *
 * A page that is told to close is not heard any more, and nothing more is sent to it, from that
 * moment on: "closed" comes at once, the WebSocket's own farewell later.
 *
 * Signals: "message" (GBytes *text), "closed" (gboolean revoked: its sign-in has ended; once).
 */
G_DECLARE_FINAL_TYPE (HubWebPage, hub_web_page, HUB, WEB_PAGE, GObject)

/**
 * hub_web_page_new:
 * @stream: of the upgraded connection
 * @socket: (nullable): what is below it
 * @actor: who looks at the page
 * @sign_in: (nullable): none over the Unix socket
 * @language: of what is said to the page
 */
HubWebPage *hub_web_page_new (GIOStream *stream, GSocket *socket, GUri *uri, KarezActor *actor,
                              HubWebSignIn *sign_in, const char *language);
const char *hub_web_page_get_id (HubWebPage *self);
KarezActor *hub_web_page_get_actor (HubWebPage *self);
const char *hub_web_page_get_language (HubWebPage *self);
/* FALSE when the page is closed, or is cut because it does not read. */
gboolean hub_web_page_send (HubWebPage *self, const char *text);
/* Nothing if it is closed already. */
void hub_web_page_close (HubWebPage *self, gushort code, const char *reason);

G_END_DECLS
