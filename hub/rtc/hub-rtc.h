/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-media-port.h"

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_RTC (hub_rtc_get_type ())
G_DECLARE_FINAL_TYPE (HubRtc, hub_rtc, HUB, RTC, GObject)

/**
 * HubRtc:
 * The #KarezMedia of one session: it agrees with the pages on what they send and are shown, and has
 * a media thread that does it. On the thread that made it, whose default main context it runs in.
 */

/* Opens what libraries read from files, once, for a process that cannot open any later. Without it,
 * hub_rtc_new() does. */
gboolean hub_rtc_open_libraries (GError **error);
/**
 * hub_rtc_new:
 * @addresses: as hub_rtc_loop_new() takes them: where pages reach this process
 *
 * Returns: (transfer full): NULL with @error set
 */
HubRtc *hub_rtc_new (const char *addresses, GError **error);
/**
 * hub_rtc_set_port:
 * @port: (transfer full): the way to the other hospital's media, for the media thread
 *
 * Once. What is sent here crosses to the other hospital once somebody there wants it; signal
 * "tell" (JsonNode *message) says what the other worker is to be told, in order and whole, for its
 * hub_rtc_take_remote().
 */
void hub_rtc_set_port (HubRtc *self, HubMediaPort *port);
/* The message of "tell" as it is now, for another worker that comes. Returns: (transfer full) */
JsonNode *hub_rtc_describe (HubRtc *self);
/* The same of what is wanted of there. Returns: (transfer full) (nullable): NULL if nothing is to
 * be told */
JsonNode *hub_rtc_describe_demand (HubRtc *self);
/* What the other worker told. %KAREZ_ERROR_INVALID, and nothing is changed. */
gboolean hub_rtc_take_remote (HubRtc *self, JsonNode *message, GError **error);
/**
 * hub_rtc_set_remote_people:
 * @participants: the other hospital's people who are in the session as this side knows it, all of
 * them; nobody at first
 *
 * What the other worker says that anybody else sends is neither shown nor passed on, and while
 * there is nobody nothing crosses to it.
 */
void hub_rtc_set_remote_people (HubRtc *self, const char *const *participants);
/* The other worker went: nobody of that hospital is seen or heard until another one tells. */
void hub_rtc_forget_remote (HubRtc *self);
/* How long a page may try its way, and how many at once. */
#define HUB_RTC_ECHO_S 20u
#define HUB_RTC_MAX_ECHOES 8u

/**
 * hub_rtc_echo:
 * @participant: who tries; no part of the room, and sent nothing
 * @sdp: an offer that sends a voice, a picture, or both, and has a place for each
 *
 * A page tries its way to this process before it joins: what it sends comes back to it and goes to
 * nobody else, whether the room forwards or not. It ends after %HUB_RTC_ECHO_S, or when the page
 * closes its connection, or when the same person tries again. %KAREZ_ERROR_INVALID as for a page's
 * offer, or "rtc/places"; %KAREZ_ERROR_BUSY "rtc/echoes" for more than %HUB_RTC_MAX_ECHOES at once.
 *
 * Returns: (transfer full): the answer, SDP; NULL with @error set
 */
char *hub_rtc_echo (HubRtc *self, KarezParticipant *participant, const char *sdp, GError **error);
/* Ends the echoes of a person: an actor's id. */
void hub_rtc_drop_echoes (HubRtc *self, const char *person);
/* The hub is away: no page can say that it is seen again, so each is sent pictures. */
void hub_rtc_show_all (HubRtc *self);
/* Does something on the media thread, after what was asked for before. @data is freed there. */
void hub_rtc_call (HubRtc *self, void (*call) (gpointer data), gpointer data,
                   GDestroyNotify free_data);

G_END_DECLS
