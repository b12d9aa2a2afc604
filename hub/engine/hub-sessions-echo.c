/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whoever may join tries their way for picture and sound before: their page's offer goes to the
 * session's worker and the answer back, and nothing is recorded, since nobody is seen or heard. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"

static const KarezJsonField echo_fields[] = {
  { "sdp", KAREZ_JSON_TEXT, TRUE, 1, 65536 },
  { NULL },
};

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *answer = hub_worker_proxy_finish (HUB_WORKER_PROXY (source), result, &error);

  if (answer)
    karez_request_respond (request, 200, answer);
  else
    karez_request_fail (request, error);
}

static void
ask_worker (HubSessions *self, KarezRequest *request)
{
  HubSession *session = hub_sessions_get (self, karez_request_get_path_part (request, "id"));
  HubWorkerProxy *proxy = session ? hub_supervisor_get_worker (self->supervisor, session->id)
                                  : NULL;
  JsonObject *body = json_node_get_object (karez_request_get_body (request));
  guint begun = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (request), "begun"));
  g_autoptr (JsonNode) offer = NULL;
  g_autoptr (GError) error = NULL;

  if (!hub_sessions_check_since (self, karez_request_get_actor (request), begun, &error))
    ;
  else if (!session)
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                     N_ ("There is no such session, or it is over."));
  else if (session->state == KAREZ_STATE_PLANNED || hub_state_is_over (session->state))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/echo",
                     N_ ("a session with picture and sound that is ready or goes on"),
                     N_ ("The way for picture and sound cannot be tried now."));
  else if (!proxy || session->worker != HUB_WORKER_RUNNING)
    karez_error_set (&error, KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                     N_ ("The session's worker is not there now."));
  if (error)
    {
      karez_request_fail (request, error);
      return;
    }
  offer = karez_json_object ("actor", "n", karez_actor_to_json (karez_request_get_actor (request)),
                             "sdp", "s", karez_json_text (body, "sdp"), NULL);
  hub_worker_proxy_echo_async (proxy, offer, NULL, on_answered, g_object_ref (request));
}

static void
on_admitted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  HubSessions *self = HUB_SESSIONS (source);

  if (hub_sessions_admit_finish (self, result, &error))
    ask_worker (self, request);
  else
    karez_request_fail (request, error);
}

void
hub_sessions_on_echo (KarezRequest *request, gpointer data)
{
  const char *id = hub_sessions_read_id (request);

  if (!id || !karez_request_check_body (request, echo_fields))
    return;
  g_object_set_data (G_OBJECT (request), "begun", GUINT_TO_POINTER (hub_sessions_now (data)));
  hub_sessions_admit_async (data, id, karez_request_get_actor (request), on_admitted,
                            g_object_ref (request));
}
