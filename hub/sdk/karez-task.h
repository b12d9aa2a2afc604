/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-transaction.h"

G_BEGIN_DECLS

/* The ends of asynchronous calls. */

/**
 * karez_task_answer:
 * @done: whether it worked
 * @error: (inout): what went wrong where it did not; taken
 *
 * Returns @done, or the error, by @task.
 *
 * Returns: @done
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_task_answer (GTask *task, gboolean done, GError **error);
/**
 * karez_task_finish:
 *
 * What @task, of @source and with the source tag @tag, was answered with: a `_finish` in one call.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_task_finish (gpointer source, GAsyncResult *result, gpointer tag,
                                         GError **error);
/**
 * karez_task_commit:
 * @task: (transfer full):
 *
 * Commits @transaction, which answers @task with TRUE, or with what refused it.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_task_commit (GTask *task, KarezTransaction *transaction);

G_END_DECLS
