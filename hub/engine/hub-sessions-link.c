/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links: each side's worker is told where the other's listens. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"

#define CALL_PEER_MS 25000
#define MAX_DELAY_S 5

static const KarezJsonField endpoint_fields[] = {
  { "key", KAREZ_JSON_TEXT, TRUE, 1, 64 },
  { "addresses", KAREZ_JSON_ARRAY, TRUE, 1, 16 },
  { "generation", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXUINT32 },
  { NULL },
};

/* What is signed: an endpoint belongs to one session, one generation and one way. Its members stand
 * in it one a line; see data/api/peer.md. */
static char *
endpoint_text (HubSession *session, const char *from, const char *to, JsonNode *endpoint,
               GError **error)
{
  JsonObject *object = karez_json_check (endpoint, endpoint_fields, error);
  g_auto (GStrv) addresses = NULL;
  g_autofree char *joined = NULL;

  if (!object)
    return NULL;
  addresses = karez_json_texts (object, "addresses");
  joined = g_strjoinv (" ", addresses);
  return g_strdup_printf ("karez link endpoint v1\n%s\n%s\n%s\n%" G_GINT64_FORMAT "\n%s\n%s",
                          session->id, from, to, karez_json_integer (object, "generation", 0),
                          karez_json_text (object, "key"), joined);
}

/* {"endpoint", "signature"} */
static JsonNode *
make_offer (HubSessions *self, HubSession *session, JsonNode *endpoint, GError **error)
{
  g_autofree char *text = endpoint_text (session, self->hub, session->partner, endpoint, error);
  JsonNode *signature = text ? self->signer->sign (self->signer_data, text, error) : NULL;

  if (!signature)
    return NULL;
  return karez_json_object ("endpoint", "n", json_node_ref (endpoint), "signature", "n", signature,
                            NULL);
}

static gboolean
check_offer (HubSessions *self, HubSession *session, JsonObject *offer, GError **error)
{
  g_autofree char *text = endpoint_text (session, session->partner, self->hub,
                                         json_object_get_member (offer, "endpoint"), error);

  return text
         && self->signer->verify (self->signer_data, session->partner, text,
                                  json_object_get_member (offer, "signature"), error);
}

/* Being asked: our own offer is the answer. */

typedef struct
{
  HubSession *session;
  JsonNode *theirs, *own;
} Connecting;

static void
connecting_free (gpointer data)
{
  Connecting *connecting = data;

  g_object_unref (connecting->session);
  json_node_unref (connecting->theirs);
  g_clear_pointer (&connecting->own, json_node_unref);
  g_free (connecting);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Connecting *connecting = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  /* A generation that is older than what the worker knows is no fault of the one that asked now. */
  if (!answer && g_strcmp0 (karez_error_get_rule (error), "link/generation") != 0)
    {
      g_task_return_error (task, error);
      return;
    }
  g_clear_error (&error);
  g_task_return_pointer (task, g_steal_pointer (&connecting->own),
                         (GDestroyNotify) json_node_unref);
}

static void
on_own_endpoint (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubSessions *self = g_task_get_source_object (task);
  Connecting *connecting = g_task_get_task_data (task);
  HubWorkerProxy *proxy = HUB_WORKER_PROXY (source);
  GError *error = NULL;
  g_autoptr (JsonNode) own = hub_worker_proxy_finish (proxy, result, &error);

  if (own)
    connecting->own = make_offer (self, connecting->session, own, &error);
  if (!connecting->own)
    {
      g_task_return_error (task, error);
      return;
    }
  hub_worker_proxy_connect_async (proxy, connecting->theirs, NULL, on_connected,
                                  g_steal_pointer (&task));
}

void
hub_sessions_connect_async (HubSessions *self, HubSession *session, JsonObject *offer,
                            GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  HubWorkerProxy *proxy = hub_supervisor_get_worker (self->supervisor, session->id);
  Connecting *connecting = g_new0 (Connecting, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, hub_sessions_connect_async);
  connecting->session = g_object_ref (session);
  connecting->theirs = json_node_ref (json_object_get_member (offer, "endpoint"));
  g_task_set_task_data (task, connecting, connecting_free);
  if (!check_offer (self, session, offer, &error))
    g_task_return_error (task, error);
  else if (!proxy || session->worker != HUB_WORKER_RUNNING)
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

static const KarezJsonField offer_fields[] = {
  { "endpoint", KAREZ_JSON_OBJECT, TRUE },
  { "signature", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

static void
on_partner_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = karez_peers_call_finish (KAREZ_PEERS (source), result, &error);
  JsonObject *offer = answer ? karez_json_check (answer, offer_fields, &error) : NULL;
  HubWorkerProxy *proxy = self ? hub_supervisor_get_worker (self->supervisor, session->id) : NULL;

  if (!error && !proxy)
    karez_error_set (&error, KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                     N_ ("The session's worker is not there now."));
  if (error || !check_offer (self, session, offer, &error))
    {
      end_exchange (session, error);
      return;
    }
  hub_worker_proxy_connect_async (proxy, json_object_get_member (offer, "endpoint"), NULL,
                                  on_theirs_taken, g_steal_pointer (&session));
}

static void
on_endpoint (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSession) session = data;
  HubSessions *self = g_object_get_data (G_OBJECT (session), "sessions");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode)
      endpoint = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);
  JsonNode *body = endpoint && self ? make_offer (self, session, endpoint, &error) : NULL;
  JsonObject *object;

  if (!body)
    {
      end_exchange (session, error);
      return;
    }
  object = json_node_get_object (body);
  json_object_set_string_member (object, "session", session->id);
  json_object_set_string_member (object, "state", karez_state_name (session->state));
  json_object_set_int_member (object, "sequence", (gint64) session->sequence);
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
