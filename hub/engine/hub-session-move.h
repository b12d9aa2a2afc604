/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-worker.h"

G_BEGIN_DECLS

/**
 * HubSessionStep:
 * @edge: "prepare", "start", "hold", "panic", "resume" or "stop"
 * @reason: (nullable)
 * @seen: the number of the state that a start or resume lifts; 0: the one that is known here now
 * @ask: the number that the other side's worker gave a word away from risk; 0: none
 *
 * What somebody asks of a session.
 */
typedef struct
{
  const char *edge, *reason;
  guint64 seen, ask;
} HubSessionStep;

#define HUB_TYPE_SESSION_MOVE (hub_session_move_get_type ())
/**
 * HubSessionMove:
 * A session is moved by somebody. Towards risk it is recorded durably, then done; away from risk it
 * is done, then recorded by what the worker says. A mirror asks the host; away from risk its own
 * side goes first. The rules are those of hub_sessions_move_async().
 */
G_DECLARE_FINAL_TYPE (HubSessionMove, hub_session_move, HUB, SESSION_MOVE, KarezTransition)

/* @transaction: (nullable): of the request, with its id; empty still. The source of @callback is
 * the #HubSessionMove. */
void hub_session_move_async (HubSessionServices *services, HubSessionInfo *info,
                             HubSessionWorker *worker, const HubSessionStep *step,
                             KarezActor *actor, KarezTransaction *transaction,
                             GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): {"id", "state", "sequence"} */
JsonNode *hub_session_move_finish (HubSessionMove *self, GAsyncResult *result, GError **error);

G_END_DECLS
