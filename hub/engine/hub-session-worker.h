/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-info.h"
#include "hub-session-services.h"

G_BEGIN_DECLS

/**
 * HubWorkerState:
 * @HUB_WORKER_NONE: none is needed
 * @HUB_WORKER_STARTING: started, not prepared
 * @HUB_WORKER_RUNNING: prepared
 * @HUB_WORKER_RESTARTING: it died; the next one is on its way
 * @HUB_WORKER_FAILED: it died too often
 */
typedef enum
{
  HUB_WORKER_NONE,
  HUB_WORKER_STARTING,
  HUB_WORKER_RUNNING,
  HUB_WORKER_RESTARTING,
  HUB_WORKER_FAILED,
} HubWorkerState;

/* "none", "starting", "running", "restarting", "failed" */
const char *hub_worker_state_name (HubWorkerState state);

#define HUB_TYPE_SESSION_WORKER (hub_session_worker_get_type ())
/**
 * HubSessionWorker:
 * A session's worker, whichever process it is now: its generation and token, whether it is there,
 * what it told last, what waits for it. #HubSessionStart starts one. Main thread only.
 *
 * Signals: "changed": its state; "connected" (HubWorkerProxy *proxy): before anything is asked of
 * it; "running": it is prepared; "lost": it is gone, its process too; "restart": the next one is
 * to be started; "finished": it is gone, and nothing of the session is left to be told;
 * "failed": none comes any more; "news": a check says something else.
 */
G_DECLARE_FINAL_TYPE (HubSessionWorker, hub_session_worker, HUB, SESSION_WORKER, GObject)

/* @generation: of the newest one; 0: there was none */
HubSessionWorker *hub_session_worker_new (HubSessionServices *services, HubSessionInfo *info,
                                          guint32 generation);
HubWorkerState hub_session_worker_get_state (HubSessionWorker *self);
guint32 hub_session_worker_get_generation (HubSessionWorker *self);
/* The process that is connected. Returns: (transfer none) (nullable) */
HubWorkerProxy *hub_session_worker_get_proxy (HubSessionWorker *self);
/* The same if it is prepared, too; else %KAREZ_ERROR_UNAVAILABLE, rule "worker/away". */
HubWorkerProxy *hub_session_worker_get_running (HubSessionWorker *self, GError **error);
/* What it told last. (transfer none) (nullable) */
JsonNode *hub_session_worker_get_checks (HubSessionWorker *self);
JsonNode *hub_session_worker_get_link (HubSessionWorker *self);
JsonNode *hub_session_worker_get_people (HubSessionWorker *self);
void hub_session_worker_set_checks (HubSessionWorker *self, JsonNode *checks);
/* A look at its checks that somebody asks for: one at a time (%KAREZ_ERROR_BUSY, rule
 * "session/checking"), and one in a second: until then what was found is as good. */
gboolean hub_session_worker_is_looked_at (HubSessionWorker *self);
gboolean hub_session_worker_begin_look (HubSessionWorker *self, GError **error);
/* @checks: (nullable): what was found */
void hub_session_worker_end_look (HubSessionWorker *self, JsonNode *checks);

/* Starting one, in this order; see #HubSessionStart. */

/* Looks up the plugin that brings it; %KAREZ_ERROR_UNAVAILABLE, or %KAREZ_ERROR_CONFLICT, rule
 * "session/edge", when one is being started already. */
gboolean hub_session_worker_choose (HubSessionWorker *self, GError **error);
/* Another generation, with a token of its own. */
void hub_session_worker_renew (HubSessionWorker *self);
/* Adds to @transaction that it is begun, for the next hub to know which one to take over. */
void hub_session_worker_put (HubSessionWorker *self, KarezTransaction *transaction);
/* It was not recorded: the generation is none. */
void hub_session_worker_take_back (HubSessionWorker *self);
gboolean hub_session_worker_spawn (HubSessionWorker *self, GError **error);
/* One is about to be started: who asks for another waits for it. */
void hub_session_worker_announce (HubSessionWorker *self);
/* No worker comes: those that wait for one hear it, and the next who asks begins anew. */
void hub_session_worker_give_up (HubSessionWorker *self, HubWorkerState state);

/* One of an earlier hub, whose token has the hash @token, may come back. */
void hub_session_worker_expect (HubSessionWorker *self, const char *token);
/* From the supervisor. */
void hub_session_worker_arrived (HubSessionWorker *self, HubWorkerProxy *proxy, JsonNode *snapshot);
void hub_session_worker_died (HubSessionWorker *self, const char *reason);

/**
 * hub_session_worker_wait_async:
 *
 * Until it is prepared, or none comes. Returns at the finish: whether it was given the word of
 * hub_session_worker_keep_word() with its preparation
 */
void hub_session_worker_wait_async (HubSessionWorker *self, GAsyncReadyCallback callback,
                                    gpointer data);
gboolean hub_session_worker_wait_finish (HubSessionWorker *self, GAsyncResult *result,
                                         GError **error);

/* A word away from risk that no worker has yet: the next one gets it before anything begins.
 * @may_keep: whether one is on its way, and not there. */
gboolean hub_session_worker_may_keep (HubSessionWorker *self);
void hub_session_worker_keep_word (HubSessionWorker *self, const char *edge, const char *reason,
                                   KarezActor *actor);
void hub_session_worker_drop_word (HubSessionWorker *self);
/* Its edge; NULL: there is none. Returns: (transfer none) */
const char *hub_session_worker_get_word (HubSessionWorker *self);

/* The session is closed, or the hub ends. */
void hub_session_worker_stop (HubSessionWorker *self);

G_END_DECLS
