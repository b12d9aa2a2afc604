/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guidance-positions.h"

G_BEGIN_DECLS

#define GUIDANCE_TYPE_TRACKING (guidance_tracking_get_type ())
/**
 * GuidanceTracking:
 * The host's trackers: two programs, what they are given to follow, and the marks of which one of
 * them is told. When that one ends, the other one, which has seen the same picture, takes its place
 * at once: it is told of the marks, and given what the former one has kept of them.
 *
 * Signals: "positions" (const GuidancePositions *): of one frame; "running" (gboolean): whether
 * there is a tracker that has a picture; "refused" (const GuidanceMark *, const char *rule): the
 * mark cannot be followed, since its frame was never sent, or is too old.
 */
G_DECLARE_FINAL_TYPE (GuidanceTracking, guidance_tracking, GUIDANCE, TRACKING, GObject)

/* @source: the label of what is followed. It begins with guidance_tracking_begin(). */
GuidanceTracking *guidance_tracking_new (KarezSession *session, KarezMedia *media,
                                         const char *source, GuidanceMarks *marks);
/* Starts the programs. FALSE with @error set where one cannot be; the session goes on, without any
 * with marks that are lost. */
gboolean guidance_tracking_begin (GuidanceTracking *self, GError **error);
void guidance_tracking_end (GuidanceTracking *self);
/* @participant: (nullable): whose picture is followed */
void guidance_tracking_follow (GuidanceTracking *self, const char *participant);
/* Returns: (nullable): whose that is */
const char *guidance_tracking_get_followed (GuidanceTracking *self);
/* A mark came or went. */
void guidance_tracking_add (GuidanceTracking *self, const GuidanceMark *mark);
void guidance_tracking_remove (GuidanceTracking *self, gint64 number);

G_END_DECLS
