/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-live-half.h"

G_BEGIN_DECLS

/* What a live half does with its consent. */

/* @half: not owned */
KarezConsent *karez_consent_new (KarezLiveHalf *half, KarezConsentGates gates);
/* The half is gone. */
void karez_consent_detach (KarezConsent *self);
/* The half is prepared: a word of the checkpoint that is not on record yet is put there. */
void karez_consent_begin (KarezConsent *self);
void karez_consent_link_up (KarezConsent *self);
/* A page's message whose type begins with "consent.". */
gboolean karez_consent_take (KarezConsent *self, KarezParticipant *participant, JsonNode *body,
                             GError **error);
/* The session ends: what is in force is on record before what the half keeps of the session. */
void karez_consent_end (KarezConsent *self);

G_END_DECLS
