/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-session-machine.h"

G_BEGIN_DECLS

#define HUB_SESSION_TOPIC_PREPARE "session.prepare"
#define HUB_SESSION_TOPIC_ENDPOINT "session.endpoint"
#define HUB_SESSION_TOPIC_MOVE "session.move"
#define HUB_SESSION_TOPIC_WORKER "session.worker"
#define HUB_SESSION_TOPIC_STATE "session.state"
#define HUB_SESSION_TOPIC_PERSON "session.participant"

#define HUB_TYPE_SESSION_INFO (hub_session_info_get_type ())
/**
 * HubSessionInfo:
 * Which session it is, and its state as this hub knows it. The state is the worker's, or the
 * host's; the database's row is its record. Main thread only.
 *
 * Signals: "changed": the state is another one; "over" (KarezActor *actor): that it ended or failed
 * is recorded, once; "gone": nothing comes of it any more.
 */
G_DECLARE_FINAL_TYPE (HubSessionInfo, hub_session_info, HUB, SESSION_INFO, GObject)

/* @hosted: by this hub; @booking: (transfer none) */
HubSessionInfo *hub_session_info_new (const char *id, const char *modality, const char *title,
                                      const char *host, const char *partner, gboolean hosted,
                                      JsonNode *booking);
/* As a statement of sessions gives it. @hub: this one */
HubSessionInfo *hub_session_info_new_from_row (KarezRows *rows, guint row, const char *hub);
const char *hub_session_info_get_id (HubSessionInfo *self);
const char *hub_session_info_get_modality (HubSessionInfo *self);
const char *hub_session_info_get_title (HubSessionInfo *self);
const char *hub_session_info_get_host (HubSessionInfo *self);
const char *hub_session_info_get_partner (HubSessionInfo *self);
gboolean hub_session_info_is_hosted (HubSessionInfo *self);
JsonNode *hub_session_info_get_booking (HubSessionInfo *self);
void hub_session_info_set_booking (HubSessionInfo *self, JsonNode *booking);

KarezState hub_session_info_get_state (HubSessionInfo *self);
guint64 hub_session_info_get_sequence (HubSessionInfo *self);
const char *hub_session_info_get_reason (HubSessionInfo *self);
gboolean hub_session_info_is_over (HubSessionInfo *self);
/* The state as a worker or a peer told it. FALSE if it is not newer. A mirror's own side is HELD
 * under the host's number until the host has heard of it. */
gboolean hub_session_info_take_state (HubSessionInfo *self, KarezState state, guint64 sequence,
                                      const char *reason);
/* The same from {"state", "sequence", "reason"}. */
gboolean hub_session_info_take (HubSessionInfo *self, JsonNode *told);
/* {"id", "state", "sequence"} */
JsonNode *hub_session_info_answer (HubSessionInfo *self);
/* What GET /sessions/{id} has of it. */
JsonNode *hub_session_info_to_json (HubSessionInfo *self);

/* Adds to @transaction what makes the row say @state; an event goes with it. */
void hub_session_info_put_state (HubSessionInfo *self, KarezTransaction *transaction,
                                 const char *action, KarezState state, guint64 sequence,
                                 const char *reason, gboolean tell_partner);

/* The end of a session without a worker is being recorded. */
gboolean hub_session_info_is_ending (HubSessionInfo *self);
void hub_session_info_set_ending (HubSessionInfo *self, gboolean ending);
/* That it is over is recorded: told once. */
void hub_session_info_tell_over (HubSessionInfo *self, KarezActor *actor);
/* Nothing comes of it any more, or the hub ends: what is under way changes nothing when it ends. */
void hub_session_info_close (HubSessionInfo *self);
gboolean hub_session_info_is_closed (HubSessionInfo *self);

G_END_DECLS
