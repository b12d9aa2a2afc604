/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-work.h"

G_BEGIN_DECLS

#define GUIDANCE_TOPIC_REPORT "guidance.report"

#define GUIDANCE_TYPE_REPORTS (guidance_reports_get_type ())
/**
 * GuidanceReports:
 * Reports of sessions: drafted, signed by who was there at the patient's side or as expert, sent to
 * the other hospital, amended by another version.
 */
G_DECLARE_FINAL_TYPE (GuidanceReports, guidance_reports, GUIDANCE, REPORTS, GObject)

/* @half: whose they are, which lets go of them when it is disabled */
GuidanceReports *guidance_reports_new (KarezControlHalf *half);
/* Adds routes and the handler. */
gboolean guidance_reports_start (GuidanceReports *self, GError **error);

/* What follows is for guidance-signing.c. */

/* Goes on with reports_by_session, or answers. */
void guidance_reports_look_up (GuidanceReports *self, KarezRequest *request,
                               void (*go_on) (GuidanceWork *work));
/* Whether who asks may write the report of this session. */
gboolean guidance_reports_check_writer (GuidanceWork *work, GError **error);
/* Of what is kept of the draft: texts and pictures. Returns: (transfer full) */
char *guidance_reports_digest_of_draft (KarezRows *rows);
/* It was changed in another window. Returns: (transfer full) */
GError *guidance_reports_revision_error (void);
/* A #KarezRouteFunc. @data: GuidanceReports */
void guidance_reports_sign (KarezRequest *request, gpointer data);

G_END_DECLS
