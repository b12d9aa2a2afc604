/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work in several asynchronous steps, with one place to undo. */
#define KAREZ_INSIDE
#include "karez-transition.h"

#include "hub-catalogue.h"
#include "hub-log.h"

typedef struct
{
  GTask *task;
  GCancellable *cancellable; /* of the step under way */
  gulong cancelled_id;
  guint step;
  guint executed; /* how often a step was begun: which one an answer belongs to */
  guint deadline_id;
  GError *error; /* the first failure; set while rolling back */
} KarezTransitionPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KarezTransition, karez_transition, G_TYPE_OBJECT)

static KarezTransitionPrivate *
get_private (KarezTransition *self)
{
  return karez_transition_get_instance_private (self);
}

/* Not g_cancellable_disconnect(): a step may end inside of the "cancelled" handler, where that
 * one would wait for itself. */
static void
ignore_cancel (KarezTransitionPrivate *priv, GTask *task)
{
  if (priv->cancelled_id != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), priv->cancelled_id);
  priv->cancelled_id = 0;
}

static void
finish (KarezTransition *self)
{
  KarezTransitionPrivate *priv = get_private (self);
  g_autoptr (GTask) task = g_steal_pointer (&priv->task);

  g_clear_handle_id (&priv->deadline_id, g_source_remove);
  ignore_cancel (priv, task);
  priv->step = KAREZ_STEP_NONE;
  if (priv->error != NULL)
    g_task_return_error (task, g_steal_pointer (&priv->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
execute (KarezTransition *self, guint step)
{
  KarezTransitionPrivate *priv = get_private (self);

  priv->step = step;
  priv->executed++;
  KAREZ_TRANSITION_GET_CLASS (self)->execute_step (self, step);
}

void
karez_transition_advance (KarezTransition *self)
{
  KarezTransitionPrivate *priv = get_private (self);
  g_autoptr (GError) error = NULL;
  guint next;

  g_return_if_fail (priv->task != NULL);

  if (priv->step == KAREZ_STEP_ROLLBACK)
    {
      finish (self);
      return;
    }
  next = KAREZ_TRANSITION_GET_CLASS (self)->next_step (self, priv->step, &error);
  if (error != NULL)
    karez_transition_fail (self, g_steal_pointer (&error));
  else if (next == KAREZ_STEP_NONE)
    finish (self);
  else
    execute (self, next);
}

void
karez_transition_fail (KarezTransition *self, GError *error)
{
  KarezTransitionPrivate *priv = get_private (self);

  g_return_if_fail (priv->task != NULL);
  g_return_if_fail (error != NULL);

  if (priv->step == KAREZ_STEP_ROLLBACK)
    {
      hub_warning ("transition", G_OBJECT_TYPE_NAME (self), "the rollback failed: %s",
                   error->message);
      g_error_free (error);
      finish (self);
      return;
    }
  /* What timed out fails with "cancelled"; the deadline is the reason to tell. */
  if (priv->error == NULL)
    priv->error = error;
  else
    g_error_free (error);
  g_clear_handle_id (&priv->deadline_id, g_source_remove);
  ignore_cancel (priv, priv->task);
  g_clear_object (&priv->cancellable);
  priv->cancellable = g_cancellable_new ();
  execute (self, KAREZ_STEP_ROLLBACK);
}

/* What an asynchronous call of a step carries. */
typedef struct
{
  KarezTransition *transition;
  guint executed;
} Awaited;

gpointer
karez_transition_await (KarezTransition *self)
{
  Awaited *awaited = g_new0 (Awaited, 1);

  g_return_val_if_fail (KAREZ_IS_TRANSITION (self), NULL);

  awaited->transition = g_object_ref (self);
  awaited->executed = get_private (self)->executed;
  return awaited;
}

/* nocheck:sdk-guard -- a task may have no source */
void
karez_transition_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Awaited *awaited = data;
  g_autoptr (KarezTransition) self = awaited->transition;
  KarezTransitionPrivate *priv = get_private (self);
  GError *error = NULL;

  if (priv->task == NULL || priv->executed != awaited->executed)
    return;
  if (KAREZ_TRANSITION_GET_CLASS (self)->finish_step (self, priv->step, source, result, &error))
    karez_transition_advance (self);
  else
    karez_transition_fail (self, error);
}

static gboolean
on_deadline (gpointer data)
{
  KarezTransition *self = data;
  KarezTransitionPrivate *priv = get_private (self);

  priv->deadline_id = 0;
  priv->error = karez_error_new (KAREZ_ERROR_TIMEOUT, "transition/deadline", NULL,
                                 N_ ("The work was not done within its deadline"));
  g_cancellable_cancel (priv->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  g_cancellable_cancel (get_private (data)->cancellable);
}

void
karez_transition_run_async (KarezTransition *self, guint deadline_ms, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data)
{
  KarezTransitionPrivate *priv = get_private (self);

  g_return_if_fail (priv->task == NULL);

  priv->task = g_task_new (self, cancellable, callback, data);
  g_task_set_source_tag (priv->task, karez_transition_run_async);
  /* What was done before the cancel is what the caller must hear of. */
  g_task_set_check_cancellable (priv->task, FALSE);
  priv->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    priv->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  if (deadline_ms > 0)
    priv->deadline_id = g_timeout_add (deadline_ms, on_deadline, self);
  karez_transition_advance (self);
}

gboolean
karez_transition_run_finish (KarezTransition *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, karez_transition_run_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

GCancellable *
karez_transition_get_cancellable (KarezTransition *self)
{
  g_return_val_if_fail (KAREZ_IS_TRANSITION (self), NULL);

  return get_private (self)->cancellable;
}

const GError *
karez_transition_get_error (KarezTransition *self)
{
  g_return_val_if_fail (KAREZ_IS_TRANSITION (self), NULL);

  return get_private (self)->error;
}

guint
karez_transition_get_step (KarezTransition *self)
{
  g_return_val_if_fail (KAREZ_IS_TRANSITION (self), 0);

  return get_private (self)->step;
}

static void
karez_transition_finalize (GObject *object)
{
  KarezTransitionPrivate *priv = get_private (KAREZ_TRANSITION (object));

  g_clear_object (&priv->cancellable);
  g_clear_error (&priv->error);

  G_OBJECT_CLASS (karez_transition_parent_class)->finalize (object);
}

static void
karez_transition_class_init (KarezTransitionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_transition_finalize;
}

static void
karez_transition_init (KarezTransition *self)
{
}
