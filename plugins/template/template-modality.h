/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define TEMPLATE_TYPE_MODALITY (template_modality_get_type ())
G_DECLARE_FINAL_TYPE (TemplateModality, template_modality, TEMPLATE, MODALITY, KarezLiveHalf)

/**
 * TemplateModality:
 * The live half: one shared note for the participants of both hospitals. The host's worker puts the
 * edits in order; the other one hands its participants' edits over and applies what comes back.
 * README.md lists the messages.
 */

G_END_DECLS
