/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define CONSULT_TYPE_MODALITY (consult_modality_get_type ())
/**
 * ConsultModality:
 * The live half of a video consultation: people of two hospitals see and hear each other, once the
 * patient's consent is on record and while the session is live.
 */
G_DECLARE_FINAL_TYPE (ConsultModality, consult_modality, CONSULT, MODALITY, KarezLiveHalf)

G_END_DECLS
