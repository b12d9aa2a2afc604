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

/* Asks twice and adds up what was answered; what is told late belongs to no step. */
typedef struct
{
  KarezTransition parent_instance;
  GTask *asked; /* the newest question, until it is answered */
  int sum;
  char *undone; /* why it was rolled back */
} Ask;

typedef struct
{
  KarezTransitionClass parent_class;
} AskClass;

static GType ask_get_type (void);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ask, g_object_unref)
G_DEFINE_FINAL_TYPE (Ask, ask, KAREZ_TYPE_TRANSITION)

static guint
ask_next_step (KarezTransition *transition, guint step, GError **error)
{
  return step == KAREZ_STEP_NONE ? STEP_A : step == STEP_A ? STEP_B : KAREZ_STEP_NONE;
}

static void
ask_execute_step (KarezTransition *transition, guint step)
{
  Ask *self = (Ask *) transition;

  if (step == KAREZ_STEP_ROLLBACK)
    {
      self->undone = g_strdup (karez_transition_get_error (transition)->message);
      karez_transition_advance (transition);
      return;
    }
  self->asked = g_task_new (NULL, NULL, karez_transition_answered,
                            karez_transition_await (transition));
}

static gboolean
ask_finish_step (KarezTransition *transition, guint step, GObject *source, GAsyncResult *result,
                 GError **error)
{
  Ask *self = (Ask *) transition;
  int number = (int) g_task_propagate_int (G_TASK (result), error);

  self->sum += number;
  return number >= 0;
}

static void
ask_finalize (GObject *object)
{
  g_free (((Ask *) object)->undone);
  G_OBJECT_CLASS (ask_parent_class)->finalize (object);
}

static void
ask_class_init (AskClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = ask_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = ask_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = ask_finish_step;
  G_OBJECT_CLASS (klass)->finalize = ask_finalize;
}

static void
ask_init (Ask *self)
{
}

static void
answer (Ask *self, int number)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->asked);

  if (number >= 0)
    g_task_return_int (task, number);
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "test/answer", NULL, "no"));
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_answers (void)
{
  g_autoptr (Ask) self = g_object_new (ask_get_type (), NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, on_done, &result);
  answer (self, 3);
  g_assert_null (result);
  g_assert_cmpuint (karez_transition_get_step (KAREZ_TRANSITION (self)), ==, STEP_B);
  answer (self, 4);
  g_assert_nonnull (result);
  g_assert_true (karez_transition_run_finish (KAREZ_TRANSITION (self), result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (self->sum, ==, 7);
  g_assert_cmpint (G_OBJECT (self)->ref_count, ==, 2); /* ours and the result's */
}

static void
test_refused (void)
{
  g_autoptr (Ask) self = g_object_new (ask_get_type (), NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, on_done, &result);
  answer (self, -1);
  g_assert_false (karez_transition_run_finish (KAREZ_TRANSITION (self), result, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_CONFLICT);
  g_assert_cmpstr (self->undone, ==, "no");
}

/* A step that went on by itself does not hear what it had asked for. */
static void
test_late (void)
{
  g_autoptr (Ask) self = g_object_new (ask_get_type (), NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GTask) late = NULL;
  g_autoptr (GTask) newer = NULL;

  karez_transition_run_async (KAREZ_TRANSITION (self), 0, NULL, on_done, &result);
  late = g_steal_pointer (&self->asked);
  karez_transition_advance (KAREZ_TRANSITION (self));
  newer = g_steal_pointer (&self->asked);
  self->asked = g_steal_pointer (&late);
  answer (self, 40);
  g_assert_cmpint (self->sum, ==, 0);
  g_assert_cmpuint (karez_transition_get_step (KAREZ_TRANSITION (self)), ==, STEP_B);
  self->asked = g_steal_pointer (&newer);
  answer (self, 2);
  g_assert_nonnull (result);
  g_assert_cmpint (self->sum, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transition/done", test_done);
  g_test_add_func ("/transition/rollback", test_rollback);
  g_test_add_func ("/transition/deadline", test_deadline);
  g_test_add_func ("/transition/cancel", test_cancel);
  g_test_add_func ("/transition/answers", test_answers);
  g_test_add_func ("/transition/refused", test_refused);
  g_test_add_func ("/transition/late", test_late);
  return g_test_run ();
}
