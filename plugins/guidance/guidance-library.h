/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* How many checklists a hospital offers. */
#define GUIDANCE_LIBRARY_MAX 64u

#define GUIDANCE_TYPE_LIBRARY (guidance_library_get_type ())
/**
 * GuidanceLibrary:
 * The checklists of this hospital: the files "*.json" of a folder, read in a thread at the start,
 * and again when something there changes. What is no checklist is left out, and the log says which
 * file, which rule and what is accepted. A folder that is not there holds none.
 *
 * Signal "changed": they were read.
 */
G_DECLARE_FINAL_TYPE (GuidanceLibrary, guidance_library, GUIDANCE, LIBRARY, GObject)

/* @folder: a path; what is relative is beside this module */
GuidanceLibrary *guidance_library_new (const char *folder);
/* In the order of their files' names. Returns: (transfer full): an array of checklists */
JsonNode *guidance_library_to_json (GuidanceLibrary *self);

G_END_DECLS
