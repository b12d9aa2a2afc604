/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links: each side's worker is told where the other's listens. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"

#define CALL_PEER_MS 25000
#define MAX_DELAY_S 5

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);
  JsonNode *endpoint = g_task_get_task_data (task);

  /* A generation that is older than what the worker knows is no fault of the one that asked now. */
  if (!answer && g_strcmp0 (karez_error_get_rule (error), "link/generation") != 0)
    {
      g_task_return_error (task, error);
      return;
    }
  g_clear_error (&error);
  g_task_return_pointer (task, karez_json_object ("endpoint", "n", json_node_ref (endpoint), NULL),
                         (GDestroyNotify) json_node_unref);
}

static void
on_own_endpoint (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubWorkerProxy *proxy = HUB_WORKER_PROXY (source);
  GError *error = NULL;
  g_autoptr (JsonNode) own = hub_worker_proxy_finish (proxy, result, &error);
  g_autoptr (JsonNode) theirs = NULL;

  if (!own)
    {
      g_task_return_error (task, error);
      return;
    }
  theirs = json_node_ref (g_task_get_task_data (task));
  g_task_set_task_data (task, g_steal_pointer (&own), (GDestroyNotify) json_node_unref);
  hub_worker_proxy_connect_async (proxy, theirs, NULL, on_connected, g_steal_pointer (&task));
}

void
hub_sessions_connect_async (HubSessions *self, HubSession *session, JsonNode *endpoint,
                            GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);

  g_task_set_source_tag (task, hub_sessions_connect_async);
  g_task_set_task_data (task, json_node_ref (endpoint), (GDestroyNotify) json_node_unref);
  if (!proxy || session->worker != HUB_WORKER_RUNNING)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                                                N_ ("The session's worker is not there now.")));
  else
    hub_worker_proxy_get_endpoint_async (proxy, NULL, on_own_endpoint, g_steal_pointer (&task));
}

JsonNode *
hub_sessions_connect_finish (HubSessions *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
on_exchange_due (gpointer data)
{
  HubSession *session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");

  session->exchange_source = 0;
  if (self)
    hub_sessions_exchange (self, session);
  return G_SOURCE_REMOVE;
}

static void
end_exchange (HubSession *session, const GError *error)
{
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");

  session->exchanging = FALSE;
  session->exchanged = error == NULL;
  if (!error)
    session->exchange_delay_s = 0;
  if (!error || !self || hub_state_is_over (session->state))
    return;
  hub_info ("sessions", session->id, "The partner's worker is not joined yet: %s", error->message);
  session->exchange_delay_s = MIN (session->exchange_delay_s + 1, MAX_DELAY_S);
  if (!session->exchange_source)
    session->exchange_source = g_timeout_add_seconds (session->exchange_delay_s, on_exchange_due,
                                                      session);
}

static void
on_theirs_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (!answer && g_strcmp0 (karez_error_get_rule (error), "link/generation") == 0)
    g_clear_error (&error);
  end_exchange (session, error);
}

static void
on_partner_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = karez_peers_call_finish (KAREZ_PEERS (source), result, &error);
  JsonObject *object = answer && JSON_NODE_HOLDS_OBJECT (answer) ? json_node_get_object (answer)
                                                                 : NULL;
  JsonNode *endpoint = object ? json_object_get_member (object, "endpoint") : NULL;
  HubWorkerProxy *proxy = self ? hub_supervisor_get_worker (self->supervisor, session->id) : NULL;

  if (!error && (!endpoint || !JSON_NODE_HOLDS_OBJECT (endpoint)))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "session/endpoint", NULL,
                     N_ ("The partner's answer names no endpoint."));
  if (!error && !proxy)
    karez_error_set (&error, KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                     N_ ("The session's worker is not there now."));
  if (error)
    {
      end_exchange (session, error);
      return;
    }
  hub_worker_proxy_connect_async (proxy, endpoint, NULL, on_theirs_taken,
                                  g_steal_pointer (&session));
}

static void
on_endpoint (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode)
      endpoint = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);
  JsonNode *body = NULL;

  if (!endpoint || !self)
    {
      end_exchange (session, error);
      return;
    }
  body = karez_json_object (
      "session", "s", session->id, "endpoint", "n", g_steal_pointer (&endpoint), "state", "s",
      karez_state_name (session->state), "sequence", "i", (gint64) session->sequence, NULL);
  karez_peers_call_async (self->peers, session->partner,
                          session->hosted ? HUB_SESSION_TOPIC_PREPARE : HUB_SESSION_TOPIC_ENDPOINT,
                          body, CALL_PEER_MS, self->cancellable, on_partner_answered,
                          g_object_ref (session));
}

void
hub_sessions_exchange (HubSessions *self, HubSession *session)
{
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);

  if (session->exchanging || !proxy || session->worker != HUB_WORKER_RUNNING
      || hub_state_is_over (session->state))
    return;
  session->exchanging = TRUE;
  hub_worker_proxy_get_endpoint_async (proxy, self->cancellable, on_endpoint,
                                       g_object_ref (session));
}
