/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live half of a plugin. */
#define KAREZ_INSIDE
#include "karez-modality.h"

G_DEFINE_INTERFACE (KarezModality, karez_modality, G_TYPE_OBJECT)

static void
karez_modality_default_init (KarezModalityInterface *iface)
{
}
