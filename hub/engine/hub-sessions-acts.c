/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of a session by its id: to move, to let somebody in, to let them go. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-session-join.h"

typedef struct
{
  HubSessionStep step;
  KarezActor *actor;
  KarezTransaction *transaction;
} Asked;

static void
asked_free (gpointer data)
{
  Asked *asked = data;

  g_free ((char *) asked->step.edge);
  g_free ((char *) asked->step.reason);
  karez_actor_unref (asked->actor);
  g_clear_object (&asked->transaction);
  g_free (asked);
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *answer = hub_session_move_finish (HUB_SESSION_MOVE (source), result, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static void
on_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Asked *asked = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (HubSession) session = hub_sessions_plan_finish (HUB_SESSIONS (source), result, &error);

  if (session != NULL)
    hub_session_move (session, &asked->step, asked->actor, asked->transaction, on_moved,
                      g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

void
hub_sessions_move_async (HubSessions *self, const char *id, const HubSessionStep *step,
                         KarezActor *actor, KarezTransaction *transaction,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSession *session = hub_sessions_get (self, id);
  Asked *asked = NULL;

  g_task_set_source_tag (task, hub_sessions_move_async);
  if (session != NULL)
    {
      hub_session_move (session, step, actor, transaction, on_moved, g_steal_pointer (&task));
      return;
    }
  asked = g_new0 (Asked, 1);
  asked->step = *step;
  asked->step.edge = g_strdup (step->edge);
  asked->step.reason = g_strdup (step->reason);
  asked->actor = karez_actor_ref (actor);
  g_set_object (&asked->transaction, transaction);
  g_task_set_task_data (task, asked, asked_free);
  /* The booking may be confirmed and not planned yet. */
  hub_sessions_plan_async (self, id, on_known, g_steal_pointer (&task));
}

JsonNode *
hub_sessions_move_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_sessions_move_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *answer = hub_session_join_finish (HUB_SESSION_JOIN (source), result, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

void
hub_sessions_join_async (HubSessions *self, const char *id, const char *role, gboolean replace,
                         const char *former, KarezTransaction *transaction,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSession *session = hub_sessions_get (self, id);

  g_task_set_source_tag (task, hub_sessions_join_async);
  if (session != NULL)
    hub_session_join (session, role, replace, former, transaction, on_joined,
                      g_steal_pointer (&task));
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                                                N_ ("There is no such session, or it is over.")));
}

JsonNode *
hub_sessions_join_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_sessions_join_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_left (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_session_people_leave_finish (HUB_SESSION_PEOPLE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
hub_sessions_leave_async (HubSessions *self, const char *id, const char *participant,
                          KarezTransaction *transaction, GAsyncReadyCallback callback,
                          gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSession *session = hub_sessions_get (self, id);

  g_task_set_source_tag (task, hub_sessions_leave_async);
  if (session != NULL)
    hub_session_people_leave_async (hub_session_get_people (session), participant, transaction,
                                    on_left, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

gboolean
hub_sessions_leave_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_sessions_leave_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
