/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSIONS (hub_sessions_get_type ())
/**
 * HubSessions:
 * This hub's sessions: planned from confirmed bookings, moved by people of both hospitals, run by
 * workers, recorded in the database. Towards risk a move is recorded durably, then done; away from
 * risk it is done, then recorded. The worker's state is the truth; the row follows by its records.
 * Main thread only.
 *
 * Signal "over" (const char *session, KarezActor *actor): it ended or failed, and that is recorded.
 */
G_DECLARE_FINAL_TYPE (HubSessions, hub_sessions, HUB, SESSIONS, GObject)

/**
 * HubSessionsConfig:
 * @store: the schema "engine"
 * @pages: (nullable): with @pages_data
 * Everything is kept alive but @pages_data and @signer_data.
 */
typedef struct
{
  const char *hub;
  KarezStore *store;
  KarezPeers *peers;
  KarezAgenda *agenda;
  KarezAudit *audit;
  HubPluginList *plugins;
  HubSupervisor *supervisor;
  const HubPages *pages;
  gpointer pages_data;
  const HubSigner *signer;
  gpointer signer_data;
} HubSessionsConfig;

HubSessions *hub_sessions_new (const HubSessionsConfig *config);
/**
 * hub_sessions_start_async:
 * Reads what is not over, expects its workers, listens for them, registers the topics "session.*",
 * and plans what was confirmed while nobody looked. A worker that does not come back in 3 s is
 * started again.
 */
void hub_sessions_start_async (HubSessions *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
gboolean hub_sessions_start_finish (HubSessions *self, GAsyncResult *result, GError **error);
/* Lets every session go on without this hub. */
void hub_sessions_stop (HubSessions *self);

/* A session that is not over. Returns: (transfer none) (nullable) */
HubSession *hub_sessions_get (HubSessions *self, const char *id);

/**
 * hub_sessions_move_async:
 * @transaction: (nullable): of the request, with its id; empty still
 *
 * Moves a session, or asks its host to. Hold, panic and stop need no database, win over every step
 * that is under way, and wait for a worker that is being replaced. %KAREZ_ERROR_NOT_FOUND, rule
 * "session/unknown"; %KAREZ_ERROR_CONFLICT, "session/edge", "session/preflight" or
 * "session/overtaken": it was held after @seen; %KAREZ_ERROR_UNAVAILABLE.
 */
void hub_sessions_move_async (HubSessions *self, const char *id, const HubSessionStep *step,
                              KarezActor *actor, KarezTransaction *transaction,
                              GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): {"id", "state", "sequence"} */
JsonNode *hub_sessions_move_finish (HubSessions *self, GAsyncResult *result, GError **error);

/**
 * hub_sessions_join_async:
 * @replace: takes the place that the same person has in another window
 * @former: (nullable): the place that the same page had
 *
 * Joins the request's actor. A person has one place in a session at their hospital: where a page
 * has it that is not away, %KAREZ_ERROR_CONFLICT, rule "session/elsewhere", unless @replace. The
 * page before is told by {"type": "replaced", "participant"}. Where the booking names people of
 * this hospital, others need an invitation, but in an emergency (T0): %KAREZ_ERROR_CONFLICT,
 * "session/invited".
 *
 * Returns at the finish: {"participant"}
 */
void hub_sessions_join_async (HubSessions *self, const char *id, const char *role, gboolean replace,
                              const char *former, KarezTransaction *transaction,
                              GAsyncReadyCallback callback, gpointer data);
JsonNode *hub_sessions_join_finish (HubSessions *self, GAsyncResult *result, GError **error);
/* @participant may be of this hospital only. */
void hub_sessions_leave_async (HubSessions *self, const char *id, const char *participant,
                               KarezTransaction *transaction, GAsyncReadyCallback callback,
                               gpointer data);
gboolean hub_sessions_leave_finish (HubSessions *self, GAsyncResult *result, GError **error);

/* What a page says: "join", "message" or "leave", as HubWebSessionFunc has it. */
gboolean hub_sessions_page (HubSessions *self, const char *connection, KarezActor *actor,
                            JsonObject *message, GError **error);
void hub_sessions_page_closed (HubSessions *self, const char *connection);
/* A page whose person may not be here any more: their place ends at once. */
void hub_sessions_page_revoked (HubSessions *self, const char *connection);
/* What an account may do may have changed. @actor: (nullable): with its roles now; NULL when it may
 * not be in sessions. @ended: whether something that it could be by, a sign-in, has ended */
void hub_sessions_account_changed (HubSessions *self, const char *account, KarezActor *actor,
                                   gboolean ended);
/* The pairing with @partner has ended, and so do the sessions with it. */
void hub_sessions_partner_gone (HubSessions *self, const char *partner);

/* One session as the API shows it, over or not. Returns at the finish: (transfer full) */
void hub_sessions_show_async (HubSessions *self, const char *id, GAsyncReadyCallback callback,
                              gpointer data);
/* {"items": […]}. @from and @to: RFC 3339 */
void hub_sessions_list_async (HubSessions *self, const char *from, const char *to,
                              GAsyncReadyCallback callback, gpointer data);
JsonNode *hub_sessions_show_finish (HubSessions *self, GAsyncResult *result, GError **error);

/* The routes of sessions, modalities, plugins and workers. */
gboolean hub_sessions_add_routes (HubSessions *self, KarezRoutes *routes, GError **error);

G_END_DECLS
