/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-error.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_TRANSITION (karez_transition_get_type ())
KAREZ_PUBLIC
G_DECLARE_DERIVABLE_TYPE (KarezTransition, karez_transition, KAREZ, TRANSITION, GObject)

/* Steps: these two, and the subclass's own from KAREZ_STEP_CUSTOM on. */
#define KAREZ_STEP_NONE 0u
#define KAREZ_STEP_ROLLBACK 1u
#define KAREZ_STEP_CUSTOM 2u

/**
 * KarezTransitionClass:
 * @next_step: what comes after @step; %KAREZ_STEP_NONE ends with success. A function of step and
 *   state only, so that a test can walk it without input or output. On an error it sets @error.
 * @execute_step: begins @step, and ends it by karez_transition_advance() or _fail(), at once or
 *   later. %KAREZ_STEP_ROLLBACK is executed once after a failure: undo what was done; it ends by
 *   karez_transition_advance() too.
 * @finish_step: reads what the asynchronous call of @step answered, by that call's finish function,
 *   and keeps what later steps need. FALSE with @error set fails the transition. Only for steps
 *   that pass karez_transition_answered() to what they call.
 *
 * Work in several asynchronous steps with one place to undo. A transition is itself the
 * GAsyncResult's source. Main thread only. A step that makes one asynchronous call reads
 *
 *   case STEP_COMMIT:
 *     karez_transaction_commit_async (self->transaction, NULL, karez_transition_answered,
 *                                     karez_transition_await (transition));
 *     break;
 *
 * in @execute_step, and karez_transaction_commit_finish() stands in @finish_step.
 *
 * Since: 1.0
 */
struct _KarezTransitionClass
{
  GObjectClass parent_class;
  guint (*next_step) (KarezTransition *self, guint step, GError **error);
  void (*execute_step) (KarezTransition *self, guint step);
  gboolean (*finish_step) (KarezTransition *self, guint step, GObject *source, GAsyncResult *result,
                           GError **error);
  gpointer padding[3];
};

/**
 * karez_transition_run_async:
 *
 * Runs it once. @deadline_ms: 0 for none; when it passes, the step's cancellable is cancelled and
 * the transition fails with %KAREZ_ERROR_TIMEOUT. Keeps itself alive until @callback has run.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transition_run_async (KarezTransition *self, guint deadline_ms,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer data);
/**
 * karez_transition_run_finish:
 *
 * The first failure; a failure of the rollback is logged.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_transition_run_finish (KarezTransition *self, GAsyncResult *result,
                                                   GError **error);
/**
 * karez_transition_advance:
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transition_advance (KarezTransition *self);
/**
 * karez_transition_fail:
 * @error: (transfer full):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transition_fail (KarezTransition *self, GError *error);
/**
 * karez_transition_answered:
 * @data: (transfer full): what karez_transition_await() gave in the step that made the call
 *
 * The callback of a step's asynchronous call: reads the answer by @finish_step, then advances or
 * fails. An answer to a step that is not under way any more is dropped. Since: 1.1
 */
KAREZ_PUBLIC void karez_transition_answered (GObject *source, GAsyncResult *result, gpointer data);
/**
 * karez_transition_await:
 *
 * The data for it; keeps the transition alive.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gpointer karez_transition_await (KarezTransition *self);
/**
 * karez_transition_get_error:
 *
 * The failure, while it is rolled back.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC const GError *karez_transition_get_error (KarezTransition *self);
/**
 * karez_transition_get_cancellable:
 *
 * What the steps pass to what they call.
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC GCancellable *karez_transition_get_cancellable (KarezTransition *self);
/**
 * karez_transition_get_step:
 * Since: 1.0
 */
KAREZ_PUBLIC guint karez_transition_get_step (KarezTransition *self);

G_END_DECLS
