/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* The largest body that is read, and how much more is thrown away so that the sender can hear the
 * refusal, before the connection is cut. */
#define HUB_WEB_INPUT_MAX (1024 * 1024)
#define HUB_WEB_INPUT_DISCARD (4 * 1024 * 1024)

/**
 * HubWebInputFunc:
 * The body is too large: give the answer, with "Connection: close". Called once.
 *
 * Returns: (transfer full): the same answer as bytes for a connection that must be cut, head and
 * body
 */
typedef GBytes *(*HubWebInputFunc) (SoupServerMessage *message, gpointer data);

/* Collects the body of @message within the bound; libsoup's own copy is switched off. To be called
 * when the head is there. */
void hub_web_input_watch (SoupServerMessage *message, HubWebInputFunc refuse, gpointer data);
/* The body; empty if none. Returns: (transfer full) */
GBytes *hub_web_input_take (SoupServerMessage *message);

G_END_DECLS
