/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-worker.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSION_EXCHANGE (hub_session_exchange_get_type ())
/**
 * HubSessionExchange:
 * A session's link: each side's worker is told where the other's listens, by what their hubs have
 * signed. An offer is {"endpoint", "signature"}.
 */
G_DECLARE_FINAL_TYPE (HubSessionExchange, hub_session_exchange, HUB, SESSION_EXCHANGE, GObject)

HubSessionExchange *hub_session_exchange_new (HubSessionServices *services, HubSessionInfo *info,
                                              HubSessionWorker *worker);
/* Offers what this side's worker has to the partner's hub, again until it is taken. */
void hub_session_exchange_begin (HubSessionExchange *self);
/* The worker is gone: the next one begins anew. */
void hub_session_exchange_stop (HubSessionExchange *self);
/* Connects this side's worker to what @offer says and tells where it listens itself. */
void hub_session_exchange_answer_async (HubSessionExchange *self, JsonObject *offer,
                                        GAsyncReadyCallback callback, gpointer data);
JsonNode *hub_session_exchange_answer_finish (GAsyncResult *result, GError **error);

G_END_DECLS
