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

/**
 * HubSessionMoveStep:
 * @HUB_MOVE_BOOKING: prepare: it must be confirmed
 * @HUB_MOVE_START: its worker is started, which records it
 * @HUB_MOVE_END: stop of what was not prepared
 * @HUB_MOVE_PREFLIGHT: start: no check of a fresh one may fail
 * @HUB_MOVE_RECORD: towards risk, before it is done
 * @HUB_MOVE_TELL: the worker moves
 * @HUB_MOVE_WAIT: for a worker that is on its way, and gets the word first
 * @HUB_MOVE_OWN: at a mirror, away from risk: this side first, at once
 * @HUB_MOVE_WORD: the same by its next worker
 * @HUB_MOVE_NOTE: at a mirror, towards risk: that it was asked is recorded before
 * @HUB_MOVE_ASK: the host
 * @HUB_MOVE_KEEP: until this side's worker has its word on record, or could not say so
 * @HUB_MOVE_CONCLUDE: the host has answered, or did not in time
 *
 * The steps of a #HubSessionMove: at the host, and at a mirror.
 */
typedef enum
{
  HUB_MOVE_BOOKING = KAREZ_STEP_CUSTOM,
  HUB_MOVE_START,
  HUB_MOVE_END,
  HUB_MOVE_PREFLIGHT,
  HUB_MOVE_RECORD,
  HUB_MOVE_TELL,
  HUB_MOVE_WAIT,
  HUB_MOVE_OWN,
  HUB_MOVE_WORD,
  HUB_MOVE_NOTE,
  HUB_MOVE_ASK,
  HUB_MOVE_KEEP,
  HUB_MOVE_CONCLUDE,
} HubSessionMoveStep;

#define HUB_TYPE_SESSION_MOVE (hub_session_move_get_type ())
/**
 * HubSessionMove:
 * A session is moved by somebody. Towards risk it is recorded durably, then done; away from risk it
 * is done, then recorded by what the worker says. A mirror asks the host; away from risk its own
 * side goes first. The rules are those of hub_sessions_move_async().
 */
G_DECLARE_FINAL_TYPE (HubSessionMove, hub_session_move, HUB, SESSION_MOVE, KarezTransition)

/* Which step comes first when somebody asks for @edge, %KAREZ_STEP_NONE if nothing is left to do: a
 * function of what is known here, without an effect. */
guint hub_session_move_choose (HubSessionInfo *info, HubSessionWorker *worker, const char *edge,
                               GError **error);
/* @transaction: (nullable): of the request, with its id; empty still. The source of @callback is
 * the #HubSessionMove. */
void hub_session_move_async (HubSessionServices *services, HubSessionInfo *info,
                             HubSessionWorker *worker, const HubSessionStep *step,
                             KarezActor *actor, KarezTransaction *transaction,
                             GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): {"id", "state", "sequence"} */
JsonNode *hub_session_move_finish (HubSessionMove *self, GAsyncResult *result, GError **error);

G_END_DECLS
