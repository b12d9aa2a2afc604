/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-info.h"
#include "hub-session-services.h"

G_BEGIN_DECLS

/* Says what is recorded; called for each try. */
typedef void (*HubSessionFill) (HubSessionInfo *info, KarezTransaction *transaction, gpointer data);

#define HUB_TYPE_SESSION_RECORDING (hub_session_recording_get_type ())
/**
 * HubSessionRecording:
 * Records what was done already, away from risk: tried until it is durable, or refused for good.
 */
G_DECLARE_FINAL_TYPE (HubSessionRecording, hub_session_recording, HUB, SESSION_RECORDING,
                      KarezTransition)

/**
 * hub_session_record_async:
 * @given: (nullable): the request's, empty; of this hub itself without it
 * @callback: (nullable)
 *
 * Its source is the #HubSessionRecording; ends by karez_transition_run_finish().
 */
void hub_session_record_async (HubSessionServices *services, HubSessionInfo *info,
                               KarezTransaction *given, HubSessionFill fill, gpointer data,
                               GDestroyNotify destroy, GAsyncReadyCallback callback,
                               gpointer user_data);
/* Whether the same may be committed later. */
gboolean hub_session_may_help_later (const GError *error);

G_END_DECLS
