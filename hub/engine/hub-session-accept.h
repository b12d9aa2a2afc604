/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-exchange.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSION_ACCEPT (hub_session_accept_get_type ())
/**
 * HubSessionAccept:
 * The host prepares a session and tells where its worker listens: this side's worker is started if
 * there is none, connected to it, and its own offer is the answer.
 */
G_DECLARE_FINAL_TYPE (HubSessionAccept, hub_session_accept, HUB, SESSION_ACCEPT, KarezTransition)

/* @actor: who asks. The source of @callback is the #HubSessionAccept. */
void hub_session_accept_async (HubSessionServices *services, HubSessionInfo *info,
                               HubSessionWorker *worker, HubSessionExchange *exchange,
                               KarezActor *actor, JsonObject *offer, GAsyncReadyCallback callback,
                               gpointer data);
/* Returns: (transfer full): {"endpoint", "signature"} */
JsonNode *hub_session_accept_finish (HubSessionAccept *self, GAsyncResult *result, GError **error);

G_END_DECLS
