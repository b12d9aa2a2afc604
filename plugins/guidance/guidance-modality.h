/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define GUIDANCE_TYPE_MODALITY (guidance_modality_get_type ())
/**
 * GuidanceModality:
 * The live half of AR guidance. The hospital of the patient's side is the host: its worker has the
 * tracker.
 *
 * Sources: "scene", the picture that is drawn on, of whoever is there as "site"; "camera" and
 * "microphone" of everybody. Data channels, each message of JSON but those of "positions":
 *
 * "marks", reliable. A page sends a change of #GuidanceMarks, and is told, once the channel is
 * open,
 *   {"type": "begin", "tracker": whether one has the picture} and {"type": "added", "mark"} for
 * each that is there; then the steps of #GuidanceMarks; {"type": "refused", "id", "rule",
 * "message", "accepted"}: a change of its own; {"type": "tracker", "running"}; {"type":
 * "unfollowed", "id", "rule"}: a mark that stays lost, since its frame was never sent, or is too
 * old. "checklist", reliable. A page sends a change of #GuidanceReadback, and is told, once the
 * channel is open, {"type": "begin"}, after which no checklist is open, and the steps that led to
 * the one that is; then the steps of #GuidanceReadback. Each step has the "name" and "hospital" of
 * whose it is, and no revision; {"type": "refused", "id", "rule", "message", "accepted"}: a change
 * of its own. "pointer", each once at most. A page sends {"x", "y"}, in parts of the picture, or {}
 * when it points no more; the others are told the same with "participant". "positions", each once
 * at most, to pages: #GuidancePositions of a frame, in bytes.
 *
 * "still", reliable: a picture in full resolution, which goes by the hubs. An expert's page sends
 *   {"type": "ask", "id": a UUID}; the page of the site, whose scene is shown, is told {"type":
 *   "take", "id"}, and sends {"type": "coming", "id"} once it has taken the picture, or {"type":
 *   "failed", "id"}. Experts are told {"type": "asked", "id", "by": a participant} and those two;
 *   who asked in vain, or said nonsense, {"type": "refused", "id", "rule", "message", "accepted"}.
 *
 * "document", reliable: what is shown at the patient's side, #GuidanceShowing.
 *
 * It records "participant.enter" of each of this hospital's people, {"participant", "role"}, and
 * "summary.keep" at the end, guidance_history_to_record().
 */
G_DECLARE_FINAL_TYPE (GuidanceModality, guidance_modality, GUIDANCE, MODALITY, KarezLiveHalf)

G_END_DECLS
