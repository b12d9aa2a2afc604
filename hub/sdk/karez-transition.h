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
 *
 * Work in several asynchronous steps with one place to undo. A transition is itself the
 * GAsyncResult's source. Main thread only.
 */
struct _KarezTransitionClass
{
  GObjectClass parent_class;
  guint (*next_step) (KarezTransition *self, guint step, GError **error);
  void (*execute_step) (KarezTransition *self, guint step);
  gpointer padding[4];
};

/* Runs it once. @deadline_ms: 0 for none; when it passes, the step's cancellable is cancelled and
 * the transition fails with %KAREZ_ERROR_TIMEOUT. Keeps itself alive until @callback has run. */
KAREZ_PUBLIC void karez_transition_run_async (KarezTransition *self, guint deadline_ms,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer data);
/* The first failure; a failure of the rollback is logged. */
KAREZ_PUBLIC gboolean karez_transition_run_finish (KarezTransition *self, GAsyncResult *result,
                                                   GError **error);
KAREZ_PUBLIC void karez_transition_advance (KarezTransition *self);
/* @error: (transfer full) */
KAREZ_PUBLIC void karez_transition_fail (KarezTransition *self, GError *error);
/* What the steps pass to what they call. Returns: (transfer none) */
KAREZ_PUBLIC GCancellable *karez_transition_get_cancellable (KarezTransition *self);
KAREZ_PUBLIC guint karez_transition_get_step (KarezTransition *self);

G_END_DECLS
