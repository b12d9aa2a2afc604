/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-feed.h"
#include "hub-web-page.h"
#include "hub-web-policy.h"
#include "hub-web-problem.h"

G_BEGIN_DECLS

#define HUB_TYPE_WEB_LIVE (hub_web_live_get_type ())
/**
 * HubWebLive:
 * The pages on /api/v1/live: says hello, sends numbered events from where a page left off, and
 * carries sessions' messages. Main thread only.
 *
 * Signal "connection-closed" (const char *connection, gboolean revoked).
 */
G_DECLARE_FINAL_TYPE (HubWebLive, hub_web_live, HUB, WEB_LIVE, GObject)

/* As HubWebSessionFunc, without the server. */
typedef gboolean (*HubWebLiveFunc) (const char *connection, KarezActor *actor, JsonObject *message,
                                    gpointer data, GError **error);

/* @policy, @languages: outlive it */
HubWebLive *hub_web_live_new (HubStore *store, const char *hub, HubWebPolicy *policy,
                              HubWebLanguages *languages);
void hub_web_live_set_feed (HubWebLive *self, HubFeed *feed);
void hub_web_live_set_handler (HubWebLive *self, HubWebLiveFunc func, gpointer data);
/* Whether one more page of this account may come; %KAREZ_ERROR_BUSY otherwise. */
gboolean hub_web_live_check_room (HubWebLive *self, KarezActor *actor, GError **error);
void hub_web_live_add (HubWebLive *self, HubWebPage *page);
gboolean hub_web_live_send (HubWebLive *self, const char *connection, JsonNode *message);
void hub_web_live_send_problem (HubWebLive *self, const char *connection, const char *session,
                                const GError *error);
/* To every page whose person has @permission. */
void hub_web_live_broadcast (HubWebLive *self, const char *permission, JsonNode *message);
/* Closes all pages. */
void hub_web_live_close (HubWebLive *self, gushort code);
guint hub_web_live_get_count (HubWebLive *self);

G_END_DECLS
