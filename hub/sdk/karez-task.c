/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ends of asynchronous calls. */
#define KAREZ_INSIDE
#include "karez-task.h"

gboolean
karez_task_answer (GTask *task, gboolean done, GError **error)
{
  g_return_val_if_fail (G_IS_TASK (task), FALSE);
  g_return_val_if_fail (error != NULL, FALSE);

  if (done)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (error));
  return done;
}

gboolean
karez_task_finish (gpointer source, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, source), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  gboolean done = karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error);

  karez_task_answer (task, done, &error);
}

void
karez_task_commit (GTask *task, KarezTransaction *transaction)
{
  g_return_if_fail (G_IS_TASK (task));
  g_return_if_fail (KAREZ_IS_TRANSACTION (transaction));

  karez_transaction_commit_async (transaction, g_task_get_cancellable (task), on_committed, task);
}
