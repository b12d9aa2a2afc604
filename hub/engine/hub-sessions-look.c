/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checks of a session that is ready, looked at again because somebody asks. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"

typedef struct
{
  HubSessionWorker *worker;
  KarezRequest *request;
} Look;

static void
respond (KarezRequest *request, HubSessionWorker *worker)
{
  JsonNode *checks = hub_session_worker_get_checks (worker);

  karez_request_respond (
      request, 200,
      karez_json_object ("checks", "n", checks != NULL ? json_node_ref (checks) : NULL, NULL));
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Look *look = data;
  g_autoptr (HubSessionWorker) worker = look->worker;
  g_autoptr (KarezRequest) request = look->request;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) checks = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  hub_session_worker_end_look (worker, checks);
  if (checks != NULL)
    respond (request, worker);
  else
    karez_request_fail (request, error);
}

/* Returns: (transfer none) (nullable): where its checks can be looked at now */
static HubSessionWorker *
find_worker (HubSessions *self, const char *id, GError **error)
{
  HubSession *session = hub_sessions_get (self, id);
  HubSessionInfo *info = session != NULL ? hub_session_get_info (session) : NULL;

  if (info == NULL)
    karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                     N_ ("There is no such session, or it is over."));
  else if (!hub_session_info_is_hosted (info))
    karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/host", NULL,
                     N_ ("Only the hospital that hosts the session can do this."));
  else if (hub_session_info_get_state (info) != KAREZ_STATE_READY)
    karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/ready",
                     N_ ("a session that is ready and has not started"),
                     N_ ("The session’s checks cannot be looked at again now."));
  else
    return hub_session_get_worker (session);
  return NULL;
}

static void
on_preflight (KarezRequest *request, gpointer data)
{
  const char *id = hub_sessions_read_id (request);
  g_autoptr (GError) error = NULL;
  HubSessionWorker *worker = id != NULL ? find_worker (data, id, &error) : NULL;
  HubWorkerProxy *proxy = worker != NULL ? hub_session_worker_get_running (worker, &error) : NULL;
  Look *look = NULL;

  if (id == NULL)
    return;
  if (proxy != NULL && hub_session_worker_is_looked_at (worker))
    {
      respond (request, worker);
      return;
    }
  if (proxy == NULL || !hub_session_worker_begin_look (worker, &error))
    {
      karez_request_fail (request, error);
      return;
    }
  look = g_new0 (Look, 1);
  look->worker = g_object_ref (worker);
  look->request = g_object_ref (request);
  hub_worker_proxy_preflight_async (proxy, NULL, on_looked, look);
}

gboolean
hub_sessions_add_look_routes (HubSessions *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "POST", "/sessions/{id}/preflight", "session.control",
                           on_preflight, g_object_ref (self), g_object_unref, error);
}
