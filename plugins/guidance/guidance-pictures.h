/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Of one session. */
#define GUIDANCE_PICTURES_MAX 60

#define GUIDANCE_TYPE_PICTURES (guidance_pictures_get_type ())
/**
 * GuidancePictures:
 * Pictures of sessions: stills by who was there as "site", snapshots and pages of documents by who
 * was there as "expert".
 * Kept where they are sent, announced to the other hospital once they are whole, and fetched by it:
 * both have the same by SHA-256. One that could not be announced, since this hub ended in between
 * or the hospitals were not paired, is when a hospital is paired or up again, and each minute.
 */
G_DECLARE_FINAL_TYPE (GuidancePictures, guidance_pictures, GUIDANCE, PICTURES, GObject)

/* @half: whose pictures they are, which lets go of them when it is disabled */
GuidancePictures *guidance_pictures_new (KarezControlHalf *half);
/* Adds routes, handlers and the feed, and goes on with what had not come or gone. */
gboolean guidance_pictures_start (GuidancePictures *self, GError **error);

G_END_DECLS
