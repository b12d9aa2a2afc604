/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-people.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSION_JOIN (hub_session_join_get_type ())
/**
 * HubSessionJoin:
 * Somebody of this hospital comes into a session: recorded durably, then done, when the page binds
 * itself. The rules are those of hub_sessions_join_async().
 */
G_DECLARE_FINAL_TYPE (HubSessionJoin, hub_session_join, HUB, SESSION_JOIN, KarezTransition)

/* The source of @callback is the #HubSessionJoin. */
void hub_session_join_async (HubSessionServices *services, HubSessionInfo *info,
                             HubSessionPeople *people, const char *role, gboolean replace,
                             const char *former, KarezTransaction *transaction,
                             GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): {"participant"} */
JsonNode *hub_session_join_finish (HubSessionJoin *self, GAsyncResult *result, GError **error);

G_END_DECLS
