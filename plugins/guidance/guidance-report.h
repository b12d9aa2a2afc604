/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Of each of its two texts, in characters; of what goes with them, in bytes. */
#define GUIDANCE_REPORT_MAX 8000
#define GUIDANCE_REPORT_MAX_SUMMARY (768 * 1024)

/**
 * GuidanceReport:
 * @course: what was seen and done; @recommendation: what is to follow, or empty
 * @amends: (nullable): the version that it was written over; @amendment: (nullable): why
 * @pictures: JSON: [{"id", "kind", "caption", "taken_at", "sha256"}]
 * @summary: JSON: {"people", "seconds", "marks", "more_marks", "checklists"}, as the hospital had
 * it where it was signed
 * @signer: the person's id there
 *
 * One version of a signed report. Strings are owned.
 */
typedef struct
{
  char *id, *session, *hub;
  gint64 version; /* from 1 */
  char *amends, *amendment, *course, *recommendation, *pictures, *summary;
  char *signer, *signed_by, *signed_at;
} GuidanceReport;

void guidance_report_clear (GuidanceReport *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (GuidanceReport, guidance_report_clear)

/* JSON in the same characters wherever it was kept in between: without white space, members in the
 * order of their names. Returns: (transfer full) */
char *guidance_report_print (JsonNode *node);
/* karez_text_digest() over the members in their order, the version in decimal; what is not there as
 * empty. Both hospitals can say by it that they hold the same. Returns: (transfer full) */
char *guidance_report_digest (const GuidanceReport *self);

/* As it travels: {"booking", "report": {…, "digest"}, "actor"} */
JsonNode *guidance_report_to_message (const GuidanceReport *self, KarezActor *actor);
/**
 * guidance_report_from_message:
 * @self: (out caller-allocates): cleared by the caller, also after an error
 * @hub: who sent it
 *
 * %KAREZ_ERROR_INVALID, also when the digest is not that of the report: rule "guidance/digest".
 */
gboolean guidance_report_from_message (GuidanceReport *self, JsonObject *body, const char *hub,
                                       GError **error);

/* Adds the row and its event, @action. A version that is there already is a conflict, rule
 * "guidance/version". */
void guidance_report_keep (const GuidanceReport *self, KarezTransaction *transaction,
                           const char *action);

G_END_DECLS
