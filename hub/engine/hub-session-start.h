/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-worker.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSION_START (hub_session_start_get_type ())
/**
 * HubSessionStart:
 * Starts a session's worker, the first or the next: its generation and token are recorded durably,
 * then its process is started. What is under way and does not wait for a database that is away.
 * It ends by karez_transition_run_finish() when the process is started; %G_IO_ERROR_CANCELLED when
 * the session or the hub ended meanwhile.
 */
G_DECLARE_FINAL_TYPE (HubSessionStart, hub_session_start, HUB, SESSION_START, KarezTransition)

/* @given: (nullable): with what else belongs to the act */
void hub_session_start_async (HubSessionServices *services, HubSessionInfo *info,
                              HubSessionWorker *worker, KarezTransaction *given,
                              GAsyncReadyCallback callback, gpointer data);

G_END_DECLS
