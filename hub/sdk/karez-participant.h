/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-actor.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_PARTICIPANT (karez_participant_get_type ())
KAREZ_PUBLIC
G_DECLARE_FINAL_TYPE (KarezParticipant, karez_participant, KAREZ, PARTICIPANT, GObject)

/**
 * KarezParticipant:
 * Somebody in a session, at this hospital (local) or at the partner's. In the worker, main thread.
 * Properties: id, actor, role (of the session, not of the account), hospital, local.
 *
 * Since: 1.0
 */
/**
 * karez_participant_get_id:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_participant_get_id (KarezParticipant *self);
/**
 * karez_participant_get_actor:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActor *karez_participant_get_actor (KarezParticipant *self);
/**
 * karez_participant_get_role:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_participant_get_role (KarezParticipant *self);
/**
 * karez_participant_get_hospital:
 *
 * The hub's id.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_participant_get_hospital (KarezParticipant *self);
/**
 * karez_participant_is_local:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_participant_is_local (KarezParticipant *self);
/**
 * karez_participant_send:
 * @body: (transfer full):
 *
 * Sends to this participant's page, at most 64 KiB; lost when the page is away, so send state again
 * when it joins. Local participants only.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_participant_send (KarezParticipant *self, JsonNode *body);

/* For the engine. Signal "send" (JsonNode *body) carries what is to go out. */
KAREZ_PRIVATE KarezParticipant *karez_participant_new (const char *id, KarezActor *actor,
                                                       const char *role, const char *hospital,
                                                       gboolean local);

G_END_DECLS
