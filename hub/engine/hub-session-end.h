/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-info.h"
#include "hub-session-services.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSION_END (hub_session_end_get_type ())
/**
 * HubSessionEnd:
 * The host's hub ends a session that has no worker, or none any more. Nothing goes on in it, so it
 * is told when it is recorded. It ends by karez_transition_run_finish().
 */
G_DECLARE_FINAL_TYPE (HubSessionEnd, hub_session_end, HUB, SESSION_END, KarezTransition)

/* One that somebody stops before it was prepared. @transaction: of who asks, begun for this act */
void hub_session_end_planned_async (HubSessionServices *services, HubSessionInfo *info,
                                    KarezTransaction *transaction, const char *reason,
                                    GAsyncReadyCallback callback, gpointer data);
/* One whose worker is gone for good: tried until it is recorded. */
void hub_session_end_lost_async (HubSessionServices *services, HubSessionInfo *info,
                                 GAsyncReadyCallback callback, gpointer data);

G_END_DECLS
