/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-sessions.h"

G_BEGIN_DECLS

#define HUB_SESSION_TOPIC_PREPARE "session.prepare"
#define HUB_SESSION_TOPIC_ENDPOINT "session.endpoint"
#define HUB_SESSION_TOPIC_MOVE "session.move"
#define HUB_SESSION_TOPIC_WORKER "session.worker"
#define HUB_SESSION_TOPIC_STATE "session.state"
#define HUB_SESSION_TOPIC_PERSON "session.participant"

struct _HubSessions
{
  GObject parent_instance;

  char *hub;
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
  KarezActor *actor; /* this hub */
  GHashTable *sessions;
  GHashTable *planning; /* booking → GPtrArray of GTask: who waits for it to be planned */
  GHashTable *lost;     /* account → the number of its last loss of a right */
  guint losses;
  GCancellable *cancellable;
  GTask *starting;
  gboolean stopped;
};

/* hub-sessions.c */
KarezActor *hub_sessions_peer_actor (KarezMessage *message, JsonNode *actor);
void hub_sessions_tell_pages (HubSessions *self, HubSession *session);
void hub_sessions_take_over (HubSessions *self, HubSession *session);
/* That it is over is recorded: told once. */
void hub_sessions_over (HubSessions *self, HubSession *session, KarezActor *actor);
/* Nothing comes of it any more. */
void hub_sessions_drop (HubSessions *self, HubSession *session);
/* Plans @id from the agenda. finish: (transfer none): the session */
void hub_sessions_plan_async (HubSessions *self, const char *id, GAsyncReadyCallback callback,
                              gpointer data);
HubSession *hub_sessions_plan_finish (HubSessions *self, GAsyncResult *result, GError **error);

/* hub-sessions-worker.c */
void hub_sessions_watch_workers (HubSessions *self);
/* Records generation and token, durably, then starts the worker. @transaction: (nullable): with
 * what else belongs to the act */
void hub_sessions_begin_worker (HubSessions *self, HubSession *session,
                                KarezTransaction *transaction, GAsyncReadyCallback callback,
                                gpointer data);
gboolean hub_sessions_begin_worker_finish (HubSessions *self, GAsyncResult *result, GError **error);
/* Over, and no worker has anything left to tell: forgets it. */
void hub_sessions_close (HubSessions *self, HubSession *session);
void hub_sessions_worker_died (HubSessions *self, HubSession *session, const char *reason);

/* hub-sessions-link.c */
/* Connects this side's worker to what @offer says and tells where it listens itself. Both are
 * {"endpoint", "signature"}. */
void hub_sessions_connect_async (HubSessions *self, HubSession *session, JsonObject *offer,
                                 GAsyncReadyCallback callback, gpointer data);
JsonNode *hub_sessions_connect_finish (HubSessions *self, GAsyncResult *result, GError **error);
void hub_sessions_exchange (HubSessions *self, HubSession *session);

/* hub-sessions-records.c */
void hub_sessions_take_record (HubSessions *self, HubSession *session, guint64 sequence,
                               JsonNode *record);
/* Adds to @transaction what makes the row say @state; an event goes with it. */
void hub_sessions_put_state (HubSessions *self, HubSession *session, KarezTransaction *transaction,
                             const char *action, KarezState state, guint64 sequence,
                             const char *reason, gboolean tell_partner);

typedef void (*HubSessionsFill) (HubSession *session, KarezTransaction *transaction, gpointer data);
/**
 * hub_sessions_record_async:
 * @given: (nullable): the request's, empty; of this hub itself without it
 * @fill: says what is recorded; called for each try
 *
 * Records what was done already, away from risk: tried until it is durable, or refused for good.
 */
void hub_sessions_record_async (HubSessions *self, HubSession *session, KarezTransaction *given,
                                HubSessionsFill fill, gpointer data, GDestroyNotify destroy,
                                GAsyncReadyCallback callback, gpointer user_data);
gboolean hub_sessions_record_finish (HubSessions *self, GAsyncResult *result, GError **error);

/* hub-sessions-peers.c */
gboolean hub_sessions_add_topics (HubSessions *self, GError **error);
void hub_sessions_tell_partner (HubSessions *self, HubSession *session);

/* The mirror's side ends without its host, which may not be spoken to. */
void hub_sessions_abandon (HubSessions *self, HubSession *session, const char *reason);

/* hub-sessions-rights.c */
/* The number of the last loss of a right; to be kept by what is going to wait. */
guint hub_sessions_now (HubSessions *self);
/* Whether @actor lost a right since @then: %KAREZ_ERROR_DENIED, rule "session/revoked". */
gboolean hub_sessions_check_since (HubSessions *self, KarezActor *actor, guint then,
                                   GError **error);
/* An invitation was taken back, durably. */
void hub_sessions_uninvited (HubSessions *self, const char *id, const char *account);

/* hub-sessions-people.c */
/* The table of who may take which role of the session; NULL with @error set when no plugin offers
 * this kind of session now. */
JsonNode *hub_sessions_role_table (HubSessions *self, HubSession *session, GError **error);
/* Without having asked for it: done, then recorded. Frees @person. */
void hub_sessions_put_out (HubSessions *self, HubSession *session, HubSessionPerson *person,
                           const char *reason);
/* Puts a person out whose page does not come. */
void hub_sessions_await_page (HubSession *session, HubSessionPerson *person);
void hub_sessions_rejoin (HubSessions *self, HubSession *session);
void hub_sessions_forward (HubSessions *self, HubSession *session, const char *participant,
                           JsonNode *body);

/* hub-sessions-invitations.c */
/* Adds to @transaction that its actor is invited to the session, or it fails: rule
 * "session/invited". */
void hub_sessions_put_admission (KarezTransaction *transaction, const char *id);
/* The same by a read alone, before an act. */
void hub_sessions_admit_async (HubSessions *self, const char *id, KarezActor *actor,
                               GAsyncReadyCallback callback, gpointer data);
gboolean hub_sessions_admit_finish (HubSessions *self, GAsyncResult *result, GError **error);
gboolean hub_sessions_add_invitation_routes (HubSessions *self, KarezRoutes *routes,
                                             GError **error);

/* hub-sessions-echo.c */
void hub_sessions_on_echo (KarezRequest *request, gpointer data);

/* hub-sessions-aside.c */
/* Keeps on disk a record that cannot be kept where it belongs because of @why, and tells the pages
 * of its session. Returns: (transfer full): the file; NULL when it is not on disk */
char *hub_sessions_keep_aside (HubSessions *self, HubSession *session, HubSessionRecord *record,
                               const GError *why, GError **error);
gboolean hub_sessions_add_aside_routes (HubSessions *self, KarezRoutes *routes, GError **error);

/* hub-sessions-routes.c */
/* The session's id in the path; NULL: the request is answered. */
const char *hub_sessions_read_id (KarezRequest *request);

/* hub-sessions-show.c */
JsonNode *hub_sessions_people_from_rows (KarezRows *rows);

/* A GTask's data that keeps a session. */
static inline HubSession *
hub_task_session (gpointer task)
{
  return g_object_get_data (G_OBJECT (task), "session");
}

static inline void
hub_task_set_session (gpointer task, HubSession *session)
{
  g_object_set_data_full (G_OBJECT (task), "session", g_object_ref (session), g_object_unref);
}

G_END_DECLS
