/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-exchange.h"
#include "hub-session-move.h"
#include "hub-session-people.h"

G_BEGIN_DECLS

#define HUB_TYPE_SESSION (hub_session_get_type ())
/**
 * HubSession:
 * One session that is not over, as this hub knows it: its worker, its link, its records, its
 * people, each an object of its own; what one of them tells is passed on to the others here. Main
 * thread only.
 *
 * Signals: "over" (KarezActor *actor): it ended or failed, and that is recorded; "closed": nothing
 * comes of it any more.
 */
G_DECLARE_FINAL_TYPE (HubSession, hub_session, HUB, SESSION, GObject)

/* @generation: of its newest worker; 0: there was none */
HubSession *hub_session_new (HubSessionServices *services, HubSessionInfo *info,
                             guint32 generation);
/* Each (transfer none). */
HubSessionInfo *hub_session_get_info (HubSession *self);
HubSessionWorker *hub_session_get_worker (HubSession *self);
HubSessionPeople *hub_session_get_people (HubSession *self);
HubSessionExchange *hub_session_get_exchange (HubSession *self);
const char *hub_session_get_id (HubSession *self);
KarezState hub_session_get_state (HubSession *self);

/* Which accounts of this hospital may take which role of it, or of the other one where @theirs;
 * %KAREZ_ERROR_UNAVAILABLE. Returns: (transfer none) */
JsonNode *hub_session_find_takers (HubSession *self, gboolean theirs, GError **error);

/* Ends by hub_session_move_finish (), whose object is the source of @callback. */
void hub_session_move (HubSession *self, const HubSessionStep *step, KarezActor *actor,
                       KarezTransaction *transaction, GAsyncReadyCallback callback, gpointer data);
/* The hub itself asks for @stop. */
void hub_session_stop (HubSession *self, const HubSessionStep *stop, GAsyncReadyCallback callback,
                       gpointer data);
/* Ends by hub_session_join_finish (). */
void hub_session_join (HubSession *self, const char *role, gboolean replace, const char *former,
                       KarezTransaction *transaction, GAsyncReadyCallback callback, gpointer data);
/* The host has prepared it; ends by hub_session_accept_finish (). */
void hub_session_accept (HubSession *self, KarezActor *actor, JsonObject *offer,
                         GAsyncReadyCallback callback, gpointer data);
/* What a page says: "join", "message", "leave", "hold", "panic" or "stop". */
gboolean hub_session_page (HubSession *self, const char *connection, KarezActor *actor,
                           JsonObject *message, GError **error);

/* What the partner's hub said of its worker. */
void hub_session_take_partner_worker (HubSession *self, const char *worker);
/* The host's record {"state", "sequence", "reason"}, which this hub has applied. */
void hub_session_follow (HubSession *self, JsonNode *state, KarezActor *actor);
/* The mirror's side ends without its host, which may not be spoken to. */
void hub_session_abandon (HubSession *self, const char *reason);
/* The hub ends, and the session goes on without it. */
void hub_session_leave_alone (HubSession *self);

/* How it is, to every page that may read the board. */
void hub_session_tell_pages (HubSession *self);
/* As GET /sessions/{id} has it. @participants: (transfer full) (nullable) */
JsonNode *hub_session_to_json (HubSession *self, JsonNode *participants);

G_END_DECLS
