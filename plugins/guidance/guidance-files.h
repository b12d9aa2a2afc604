/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define GUIDANCE_FEED_PARTS "guidance.parts"

#define GUIDANCE_TYPE_FILES (guidance_files_get_type ())
/**
 * GuidanceFiles:
 * The bytes of sessions' pictures: taken in parts, given, fetched from the other hospital. The
 * first part tells the dimensions, before anything is kept.
 */
G_DECLARE_FINAL_TYPE (GuidanceFiles, guidance_files, GUIDANCE, FILES, KarezFiles)

GuidanceFiles *guidance_files_new (void);

G_END_DECLS
