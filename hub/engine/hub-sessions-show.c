/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions as the API shows them: from memory while they are not over, else from their rows. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"

/* One less than the statement gives, which tells whether there are more. */
#define MAX_LISTED 500

static JsonNode *
people_from_rows (KarezRows *rows)
{
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      g_autoptr (JsonNode) actor = karez_rows_json (rows, i, "actor");
      JsonObject *object = actor != NULL && JSON_NODE_HOLDS_OBJECT (actor)
                               ? json_node_get_object (actor)
                               : NULL;

      json_array_add_element (
          array, karez_json_object ("id", "s", karez_rows_text (rows, i, "id"), "name", "s",
                                    object != NULL ? karez_json_text (object, "name") : NULL,
                                    "role", "s", karez_rows_text (rows, i, "role"), "hospital", "s",
                                    karez_rows_text (rows, i, "hospital"), "joined_at", "s",
                                    karez_rows_text (rows, i, "joined_at"), "left_at", "s",
                                    karez_rows_text (rows, i, "left_at"), NULL));
    }
  json_node_set_array (node, array);
  return node;
}

/* One that is over, or was never taken over. */
static HubSession *
session_from_row (HubSessions *self, KarezRows *rows, guint row)
{
  HubSessionServices *services = hub_sessions_get_services (self);
  g_autoptr (HubSessionInfo) info = hub_session_info_new_from_row (rows, row, services->hub);

  return hub_session_new (services, info, karez_rows_integer (rows, row, "generation"));
}

static void
on_people (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSession *session = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL)
    g_task_return_pointer (task, hub_session_to_json (session, people_from_rows (rows)),
                           (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

/* @session: (transfer full) */
static void
query_people (GTask *task, HubSession *session)
{
  HubSessions *self = g_task_get_source_object (task);

  g_task_set_task_data (task, session, g_object_unref);
  karez_store_query_async (hub_sessions_get_services (self)->store, "participants_of",
                           g_variant_new ("(s)", hub_session_get_id (session)), NULL, on_people,
                           g_object_ref (task));
}

static void
on_row (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && !karez_rows_get_count (rows))
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                     N_ ("There is no such session."));
  if (error != NULL)
    g_task_return_error (task, error);
  else
    query_people (task, session_from_row (self, rows, 0));
}

void
hub_sessions_show_async (HubSessions *self, const char *id, GAsyncReadyCallback callback,
                         gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubSession *session = hub_sessions_get (self, id);

  g_task_set_source_tag (task, hub_sessions_show_async);
  if (session != NULL)
    query_people (task, g_object_ref (session));
  else
    karez_store_query_async (hub_sessions_get_services (self)->store, "session_by_id",
                             g_variant_new ("(s)", id), NULL, on_row, g_steal_pointer (&task));
}

static void
on_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *items = NULL, *answer;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < MIN (karez_rows_get_count (rows), MAX_LISTED); i++)
    {
      HubSession *known = hub_sessions_get (self, karez_rows_text (rows, i, "id"));
      g_autoptr (HubSession) session = known != NULL ? g_object_ref (known)
                                                     : session_from_row (self, rows, i);

      json_array_add_element (array, hub_session_to_json (session, NULL));
    }
  items = json_node_new (JSON_NODE_ARRAY);
  json_node_set_array (items, array);
  answer = karez_json_object ("items", "n", items, NULL);
  if (karez_rows_get_count (rows) > MAX_LISTED)
    json_object_set_boolean_member (json_node_get_object (answer), "more", TRUE);
  g_task_return_pointer (task, answer, (GDestroyNotify) json_node_unref);
}

void
hub_sessions_list_async (HubSessions *self, const char *from, const char *to,
                         GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_sessions_show_async);
  karez_store_query_async (hub_sessions_get_services (self)->store, "sessions_between",
                           g_variant_new ("(ss)", from, to), NULL, on_rows,
                           g_steal_pointer (&task));
}

JsonNode *
hub_sessions_show_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
