/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-session.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_REPLICA (karez_replica_get_type ())
KAREZ_PUBLIC
G_DECLARE_DERIVABLE_TYPE (KarezReplica, karez_replica, KAREZ, REPLICA, GObject)

/* The largest state, as JSON. */
#define KAREZ_REPLICA_MAX_BYTES (192 * 1024)

/**
 * KarezReplicaClass:
 * @get_revision: how many changes it has seen
 * @to_json: the whole state: an object that holds the revision
 * @from_json: takes such a state in place of its own; FALSE changes nothing
 * @order: the host's part. Applies @change, which somebody of either hospital wants, and returns
 *   the steps that the others apply: (transfer full), of JsonNode. @repeated: (out): it was applied
 *   before; nothing was done, and the steps answer who said it again. NULL with @error refuses it.
 * @follow: everybody else's part: applies a step of @order. One that is in the state already
 *   succeeds without effect; FALSE where one is missing: the whole state is asked for.
 *
 * A state that the two workers of a session hold. The host's puts the changes in order and applies
 * them, the other one follows. Both are in the checkpoint of their live half
 * (karez_live_half_add_replica()), so that a worker that takes another one's place goes on with it;
 * a host that came back waits up to 3 s for the other side before it takes a change, and goes on
 * with the higher revision of the two. At any other time the other side's state changes nothing at
 * the host. Nobody is told of a change before it is in the checkpoint on disk,
 * where the disk takes anything; the end of a session waits for the host's last word.
 *
 * Changes and steps are JSON objects. Itself it holds one value of any kind, which
 * karez_replica_set() replaces. A subclass that is told of changes that meet, or whose state is
 * large, defines all five.
 *
 * Signals, on the worker's main thread:
 * "replaced": the state is another one as a whole;
 * "step" (JsonNode *step, const char *to): a step was applied. @to: (nullable): a participant's id
 *   where it was applied before, and answers who said the change again;
 * "refused" (const char *from, JsonNode *change, GError *error): @from is a local participant.
 *
 * Since: 1.1
 */
struct _KarezReplicaClass
{
  GObjectClass parent_class;

  gint64 (*get_revision) (KarezReplica *self);
  JsonNode *(*to_json) (KarezReplica *self);
  gboolean (*from_json) (KarezReplica *self, JsonNode *node, GError **error);
  GPtrArray *(*order) (KarezReplica *self, JsonNode *change, gboolean *repeated, GError **error);
  gboolean (*follow) (KarezReplica *self, JsonNode *step, GError **error);

  gpointer padding[8];
};

/**
 * karez_replica_new:
 * @value: (transfer full) (nullable): what it holds before anything was set
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezReplica *karez_replica_new (JsonNode *value);
/**
 * karez_replica_get:
 *
 * The value.
 *
 * Returns: (transfer none):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_replica_get (KarezReplica *self);
/**
 * karez_replica_set:
 * @value: (transfer full):
 *
 * Asks for another value, by either worker.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_replica_set (KarezReplica *self, JsonNode *value, GError **error);
/**
 * karez_replica_get_revision:
 *
 * How many changes it has seen.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gint64 karez_replica_get_revision (KarezReplica *self);
/**
 * karez_replica_to_json:
 *
 * The whole state.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonNode *karez_replica_to_json (KarezReplica *self);
/**
 * karez_replica_change:
 * @from: (nullable): the participant who wants it
 * @change: (transfer none): as the class has it
 *
 * Asks for a change. The host applies it now, the other worker hands it over, and keeps it for a
 * link that is down. FALSE where it could not be handed over; a change that the host refuses comes
 * by the signal "refused", at the worker that @from is in.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_replica_change (KarezReplica *self, const char *from, JsonNode *change,
                                            GError **error);
/**
 * karez_replica_get_from:
 *
 * Whose change is put in order: in the class's @order alone, at the host. Another hospital's worker
 * speaks for its own people only, which was looked at before.
 *
 * Returns: (transfer none) (nullable): a participant's id; NULL for a change of the half's own
 *
 * Since: 1.1
 */
KAREZ_PUBLIC const char *karez_replica_get_from (KarezReplica *self);
/**
 * karez_replica_is_settled:
 *
 * Whether the state is told now; FALSE while a host that came back waits for the other side.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_replica_is_settled (KarezReplica *self);

G_END_DECLS
