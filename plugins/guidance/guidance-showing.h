/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-history.h"

G_BEGIN_DECLS

/* Of one document. */
#define GUIDANCE_SHOWING_MAX_PAGES 20u

#define GUIDANCE_SHOWING_LABEL "document"

#define GUIDANCE_TYPE_SHOWING (guidance_showing_get_type ())
/**
 * GuidanceShowing:
 * The document that is shown at the patient's side, as both workers hold it, and the data channel
 * "document" between it and this hospital's pages. There is one at a time; its pages are pictures
 * of the session (%GUIDANCE_PICTURE_TYPES), which go by the hubs. A change is one of
 *
 *   {"type": "show", "id", "title", "pages": [UUID, …]}: an expert's; in place of any other
 *   {"type": "turn", "id", "page"}: an expert's or the site's; from 0
 *   {"type": "see", "id", "page"}: the site's page has it on its screen
 *   {"type": "hide", "id"}: an expert's or the site's
 *
 * of a participant. Pages are told the whole of it, when their channel opens and after each change:
 *
 *   {"type": "showing", "document": null or {"id", "title", "pages", "page", "seen", "by", "at",
 *     "name", "hospital"}}
 *
 * with whose it is, and since when, in ms since 1970 by the host's clock. It begins while the
 * session is live, and is turned and ended at any time. What ends or turns a
 * document that is not shown any more changes nothing. %KAREZ_ERROR_DENIED, "guidance/role";
 * %KAREZ_ERROR_CONFLICT, "guidance/not-live", "guidance/away"; %KAREZ_ERROR_NOT_FOUND,
 * "guidance/no-page"; %KAREZ_ERROR_INVALID, "guidance/document".
 */
G_DECLARE_FINAL_TYPE (GuidanceShowing, guidance_showing, GUIDANCE, SHOWING, KarezReplica)

/* @history: not owned: whose names are told */
GuidanceShowing *guidance_showing_new (GuidanceHistory *history);
/* Declares the channel: in the modality's prepare. */
void guidance_showing_declare (GuidanceShowing *self, KarezMedia *media);
/* A page's channel is open: it is told what there is. */
void guidance_showing_begin (GuidanceShowing *self, KarezParticipant *participant);
/* A page sent @message. */
void guidance_showing_take (GuidanceShowing *self, KarezParticipant *participant, GBytes *message);

G_END_DECLS
