/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-live-half.h"

G_BEGIN_DECLS

/* karez-live-half-checkpoint.c. @replicas: of KarezReplica */

/* Returns: (transfer full) (nullable): NULL where there is nothing to keep */
GBytes *karez_live_half_make_checkpoint (KarezLiveHalf *self, GPtrArray *replicas);
gboolean karez_live_half_take_checkpoint (KarezLiveHalf *self, GPtrArray *replicas, GBytes *state,
                                          GError **error);

G_END_DECLS
