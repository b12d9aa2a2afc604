/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-history.h"

G_BEGIN_DECLS

#define GUIDANCE_TYPE_ASKING (guidance_asking_get_type ())
/**
 * GuidanceAsking:
 * The data channel "checklist" between this hospital's pages and the session's checklists.
 */
G_DECLARE_FINAL_TYPE (GuidanceAsking, guidance_asking, GUIDANCE, ASKING, GObject)

#define GUIDANCE_ASKING_LABEL "checklist"

/* @half: not owned; @history: not owned: whose names are told */
GuidanceAsking *guidance_asking_new (KarezLiveHalf *half, GuidanceReadback *readback,
                                     GuidanceHistory *history);
/* Declares the channel: in the modality's prepare. */
void guidance_asking_declare (GuidanceAsking *self, KarezMedia *media);
/* A page's channel is open: it is told what there is. */
void guidance_asking_begin (GuidanceAsking *self, KarezParticipant *participant);
/* A page sent @message. */
void guidance_asking_take (GuidanceAsking *self, KarezParticipant *participant, GBytes *message);

G_END_DECLS
