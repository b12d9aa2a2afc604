/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-marks.h"
#include "guidance-readback.h"

G_BEGIN_DECLS

/* What is kept of a session: so many people, and so many marks; more are counted. */
#define GUIDANCE_HISTORY_MAX_PEOPLE 100u
#define GUIDANCE_HISTORY_MAX_MARKS 500u

/**
 * GuidanceHistory:
 * What was in a session: who was there, for how long the scene was shown, which marks were drawn
 * and when they went. Each worker has its own; it is in the checkpoint, and recorded at the end.
 */
typedef struct _GuidanceHistory GuidanceHistory;

GuidanceHistory *guidance_history_new (void);
void guidance_history_free (GuidanceHistory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GuidanceHistory, guidance_history_free)

/* Returns: whether they were not there before */
gboolean guidance_history_add (GuidanceHistory *self, KarezParticipant *participant);
/* @hospital: (out) (nullable) (transfer none). Returns: (nullable): the name of an account */
const char *guidance_history_find (GuidanceHistory *self, const char *person,
                                   const char **hospital);
void guidance_history_set_shown (GuidanceHistory *self, gboolean shown);
/* Takes in what marks there are; those that are gone, went @at: ms since 1970. Also after a
 * restart, and where steps were missed. */
void guidance_history_follow (GuidanceHistory *self, GuidanceMarks *marks, gint64 at);

JsonNode *guidance_history_to_json (GuidanceHistory *self);
gboolean guidance_history_from_json (GuidanceHistory *self, JsonNode *node, GError **error);
/**
 * guidance_history_to_record:
 *
 * The record "summary.keep": {"people": [{"participant", "person", "name", "role", "hospital"}],
 * "seconds", "marks": [{"id", "by", "tool", "text", "capture", "drawn_at", "removed_at",
 * "removed_by"}], "more_marks", "checklists": [{"id", "checklist", "opened_by", "opened_at",
 * "items":
 * [{"asked_by", "asked_at", "confirmed_by", "confirmed_at"}], "closed_by", "closed_at"}]}: people
 * by their accounts, times in RFC 3339.
 */
JsonNode *guidance_history_to_record (GuidanceHistory *self, GuidanceReadback *readback);

G_END_DECLS
