/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transitions: their steps, deadline and rollback. */
#include <karez.h>

/* Walks A, B, C; fails or hangs where it is told; notes each step. */
enum
{
  STEP_A = KAREZ_STEP_CUSTOM,
  STEP_B,
  STEP_C,
};

typedef struct
{
  KarezTransition parent_instance;
  GString *walked;
  guint fail_at;
  guint hang_at;
} Walk;

typedef struct
{
  KarezTransitionClass parent_class;
} WalkClass;

static GType walk_get_type (void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Walk, g_object_unref)
G_DEFINE_FINAL_TYPE (Walk, walk, KAREZ_TYPE_TRANSITION)

static guint
walk_next_step (KarezTransition *transition, guint step, GError **error)
{
  return step == KAREZ_STEP_NONE ? STEP_A : step == STEP_C ? KAREZ_STEP_NONE : step + 1;
}

static gboolean
on_later (gpointer data)
{
  karez_transition_advance (data);
  return G_SOURCE_REMOVE;
}

static void
on_step_cancelled (GCancellable *cancellable, gpointer data)
{
  karez_transition_fail (data, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled"));
}

static void
walk_execute_step (KarezTransition *transition, guint step)
{
  Walk *self = (Walk *) transition;

  g_string_append_c (self->walked, step == KAREZ_STEP_ROLLBACK ? 'R' : 'A' + step - STEP_A);
  if (step == self->fail_at)
    karez_transition_fail (transition,
                           karez_error_new (KAREZ_ERROR_CONFLICT, "test/fail", NULL, "no"));
  else if (step == self->hang_at)
    g_signal_connect (karez_transition_get_cancellable (transition), "cancelled",
                      G_CALLBACK (on_step_cancelled), self);
  else if (step == STEP_B)
    g_idle_add (on_later, self);
  else
    karez_transition_advance (transition);
}

static void
walk_finalize (GObject *object)
{
  g_string_free (((Walk *) object)->walked, TRUE);
  G_OBJECT_CLASS (walk_parent_class)->finalize (object);
}

static void
walk_class_init (WalkClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = walk_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = walk_execute_step;
  G_OBJECT_CLASS (klass)->finalize = walk_finalize;
}

static void
walk_init (Walk *self)
{
  self->walked = g_string_new (NULL);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_assert_null (*(GAsyncResult **) data);
  *(GAsyncResult **) data = g_object_ref (result);
}

static void
check (guint fail_at, guint hang_at, guint deadline_ms, GCancellable *cancellable,
       const char *walked, GQuark domain, int code)
{
  g_autoptr (Walk) self = g_object_new (walk_get_type (), NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean done;

  self->fail_at = fail_at;
  self->hang_at = hang_at;
  karez_transition_run_async (KAREZ_TRANSITION (self), deadline_ms, cancellable, on_done, &result);
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  done = karez_transition_run_finish (KAREZ_TRANSITION (self), result, &error);
  g_assert_cmpstr (self->walked->str, ==, walked);
  if (domain == 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, domain, code);
  g_assert_cmpint (done, ==, domain == 0);
}

static void
test_done (void)
{
  check (0, 0, 5000, NULL, "ABC", 0, 0);
}

static void
test_rollback (void)
{
  check (STEP_B, 0, 0, NULL, "ABR", KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
  check (STEP_A, 0, 0, NULL, "AR", KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
}

static void
test_deadline (void)
{
  check (0, STEP_C, 20, NULL, "ABCR", KAREZ_ERROR, KAREZ_ERROR_TIMEOUT);
}

static void
test_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  check (0, STEP_A, 0, cancellable, "AR", G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transition/done", test_done);
  g_test_add_func ("/transition/rollback", test_rollback);
  g_test_add_func ("/transition/deadline", test_deadline);
  g_test_add_func ("/transition/cancel", test_cancel);
  return g_test_run ();
}
