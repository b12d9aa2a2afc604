/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "template-note.h"

G_BEGIN_DECLS

#define TEMPLATE_TYPE_SHARED (template_shared_get_type ())
G_DECLARE_FINAL_TYPE (TemplateShared, template_shared, TEMPLATE, SHARED, KarezReplica)

/**
 * TemplateShared:
 * The note as both workers hold it: a change is an edit, a step one of its parts.
 */
/* Returns: (transfer none) */
const TemplateNote *template_shared_get_note (TemplateShared *self);

G_END_DECLS
