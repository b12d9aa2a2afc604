/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define GUIDANCE_TYPE_STILL (guidance_still_get_type ())
/**
 * GuidanceStill:
 * The data channel "still": experts ask the site's page for a picture in full resolution, and are
 * told what becomes of it. The picture itself goes by the hubs, under the id that it was asked by.
 */
G_DECLARE_FINAL_TYPE (GuidanceStill, guidance_still, GUIDANCE, STILL, GObject)

#define GUIDANCE_STILL_LABEL "still"
/* What the other worker says of it has a type that begins so. */
#define GUIDANCE_STILL_PREFIX "still."
#define GUIDANCE_STILL_MAX 40
#define GUIDANCE_STILL_APART G_USEC_PER_SEC

/* How many got through, and when the last one did. */
typedef struct
{
  guint n;
  gint64 last;
} GuidanceStillRate;

/* Whether another one gets through at @now, CLOCK_MONOTONIC in µs, which it then has: at most one
 * each %GUIDANCE_STILL_APART, and %GUIDANCE_STILL_MAX. */
gboolean guidance_still_may (GuidanceStillRate *rate, gint64 now);

/* @half: not owned */
GuidanceStill *guidance_still_new (KarezLiveHalf *half);
/* Declares the channel: in the modality's prepare. */
void guidance_still_declare (GuidanceStill *self, KarezMedia *media);
/* At the host: whose scene is shown, and who is asked. @participant: (nullable): nobody */
void guidance_still_set_site (GuidanceStill *self, const char *participant);
/* A page sent @message. */
void guidance_still_take (GuidanceStill *self, KarezParticipant *participant, GBytes *message);
/* The other worker sent @message. */
gboolean guidance_still_receive (GuidanceStill *self, JsonNode *message, GError **error);

G_END_DECLS
