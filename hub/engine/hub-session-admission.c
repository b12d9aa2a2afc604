/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether somebody is invited to a session, asked of the database. */
#include "hub-session-admission.h"

#include "hub-catalogue.h"

static const char uninvited[] = N_ ("This session is for those who are invited. Its desk, or "
                                    "somebody who is invited, can invite you.");

void
hub_session_admission_put (KarezTransaction *transaction, const char *id)
{
  KarezActor *actor = karez_transaction_get_actor (transaction);

  /* A program that speaks for many is nobody who could be named. */
  if (karez_actor_get_kind (actor) == KAREZ_ACTOR_PERSON)
    karez_transaction_run_one (transaction, "session/invited", uninvited, "invitation_admits",
                               "(ss)", id, karez_actor_get_id (actor));
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/invited", NULL, uninvited);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
hub_session_admission_ask_async (KarezStore *store, const char *id, KarezActor *actor,
                                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (store, NULL, callback, data);

  g_task_set_source_tag (task, hub_session_admission_ask_async);
  if (karez_actor_get_kind (actor) == KAREZ_ACTOR_PERSON)
    karez_store_query_async (store, "invitation_admits",
                             g_variant_new ("(ss)", id, karez_actor_get_id (actor)), NULL, on_rows,
                             g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

gboolean
hub_session_admission_ask_finish (KarezStore *store, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, store), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_session_admission_ask_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
