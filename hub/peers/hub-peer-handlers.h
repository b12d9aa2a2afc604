/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-peer-request.h"

G_BEGIN_DECLS

/* A post that says nothing, in the place of one that its sender holds for now. */
#define HUB_PEER_TOPIC_HELD "peers.held"

#define HUB_TYPE_PEER_HANDLERS (hub_peer_handlers_get_type ())
/**
 * HubPeerHandlers:
 * Who answers which topic, and the deadline that everybody who answers is held to.
 */
G_DECLARE_FINAL_TYPE (HubPeerHandlers, hub_peer_handlers, HUB, PEER_HANDLERS, GObject)

HubPeerHandlers *hub_peer_handlers_new (void);
/* Whether @topic is spelled as a topic or a feed must be: [a-z0-9.-], 1 to 64 characters. */
gboolean hub_peer_topic_is_valid (const char *topic);
/* Whose a topic is: what stands before its first point, a plugin's id or a module's name. Returns:
 * (transfer full) */
char *hub_peer_topic_owner (const char *topic);

/* %KAREZ_ERROR_CONFLICT with rule "peers/topic-taken" when there is one already. */
gboolean hub_peer_handlers_add_call (HubPeerHandlers *self, const char *topic, KarezCallFunc func,
                                     gpointer data, GDestroyNotify destroy, GError **error);
gboolean hub_peer_handlers_add_post (HubPeerHandlers *self, const char *topic, KarezPostFunc func,
                                     gpointer data, GDestroyNotify destroy, GError **error);
gboolean hub_peer_handlers_add_feed (HubPeerHandlers *self, const char *feed, KarezFeedFunc func,
                                     gpointer data, GDestroyNotify destroy, GError **error);

/* Whether a topic is one of a plugin that is installed here. */
typedef gboolean (*HubPeerPluginFunc) (const char *topic, gpointer data);
void hub_peer_handlers_set_plugin_check (HubPeerHandlers *self, HubPeerPluginFunc func,
                                         gpointer data);
/**
 * hub_peer_handlers_must_park:
 * @error: (nullable): what the handler of @topic failed with; NULL: it was not asked yet
 *
 * Whether a message that cannot be applied now waits outside of its lane: nobody handles it, or a
 * plugin does, and says that it may later. What the hub itself handles waits in its lane.
 */
gboolean hub_peer_handlers_must_park (HubPeerHandlers *self, const char *topic,
                                      const GError *error);
/* Whether what failed with @error may be done later: nobody is there, busy, too slow, cancelled. */
gboolean hub_peer_handlers_may_help_later (const GError *error);
/* What a handler failed with that succeeded without a checkpoint. Returns: (transfer full) */
GError *hub_peer_handlers_no_checkpoint (const char *topic);

/* Runs the call's handler and answers @request within its timeout. */
void hub_peer_handlers_run_call (HubPeerHandlers *self, KarezMessage *message,
                                 HubPeerRequest *request);
/* @name: of the feed; the request's body is {"cursor", "limit"} */
void hub_peer_handlers_run_feed (HubPeerHandlers *self, const char *peer, const char *name,
                                 HubPeerRequest *request);
/* %KAREZ_ERROR_NOT_FOUND with rule "peers/no-handler", %KAREZ_ERROR_TIMEOUT after @timeout_ms. */
void hub_peer_handlers_run_post_async (HubPeerHandlers *self, KarezMessage *message,
                                       guint timeout_ms, GAsyncReadyCallback callback,
                                       gpointer data);
gboolean hub_peer_handlers_run_post_finish (HubPeerHandlers *self, GAsyncResult *result,
                                            GError **error);

G_END_DECLS
