/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-link.h"
#include "hub-rtc.h"

G_BEGIN_DECLS

/* The engine's ordered stream on which the two workers agree on media. */
#define HUB_STREAM_MEDIA 2u

#define HUB_TYPE_LIVE_BRIDGE (hub_live_bridge_get_type ())
/**
 * HubLiveBridge:
 * Joins the media of the two workers of a session: it tells the other one where this one's media
 * is and what is sent here, by the link, and takes what that one tells. Main thread.
 */
G_DECLARE_FINAL_TYPE (HubLiveBridge, hub_live_bridge, HUB, LIVE_BRIDGE, GObject)

/**
 * hub_live_bridge_new:
 * @media, @link: (transfer none)
 * @people: (transfer none): #KarezParticipant; who is in the session, of both hospitals: of the
 * other one only their media are taken
 *
 * The rest is as hub_link_new() takes it. NULL with @error set.
 */
HubLiveBridge *hub_live_bridge_new (HubRtc *media, HubLink *link, GListModel *people,
                                    const char *session, gboolean host, guint32 generation,
                                    const char *bind_address, GError **error);

G_END_DECLS
