/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-live-half.h"

G_BEGIN_DECLS

/* What a live half does with its replicas. */

/* @half: not owned; NULL: it is gone */
void karez_replica_attach (KarezReplica *self, KarezLiveHalf *half, const char *name);
const char *karez_replica_get_name (KarezReplica *self);
/* The half is prepared. */
void karez_replica_begin (KarezReplica *self);
void karez_replica_link_up (KarezReplica *self);
/* @message: that names it */
gboolean karez_replica_receive (KarezReplica *self, JsonNode *message, GError **error);
gboolean karez_replica_restore (KarezReplica *self, JsonNode *state, GError **error);
/* The session ends. */
void karez_replica_tell_last (KarezReplica *self);
gboolean karez_replica_has_heard_last (KarezReplica *self);

G_END_DECLS
