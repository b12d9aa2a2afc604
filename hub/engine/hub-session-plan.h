/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-info.h"
#include "hub-session-services.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSION_PLAN (hub_session_plan_get_type ())
/**
 * HubSessionPlan:
 * A booking that both hospitals have confirmed becomes a session: read, then recorded.
 */
G_DECLARE_FINAL_TYPE (HubSessionPlan, hub_session_plan, HUB, SESSION_PLAN, KarezTransition)

/* The source of @callback is the #HubSessionPlan. */
void hub_session_plan_async (HubSessionServices *services, const char *booking,
                             GAsyncReadyCallback callback, gpointer data);
/* %KAREZ_ERROR_CONFLICT, rule "session/confirmed" or "session/known": the session is over.
 * Returns: (transfer full) */
HubSessionInfo *hub_session_plan_finish (HubSessionPlan *self, GAsyncResult *result,
                                         GError **error);
const char *hub_session_plan_get_booking (HubSessionPlan *self);

G_END_DECLS
