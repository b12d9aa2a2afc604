/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whoever may join tries their way for picture and sound before: their page's offer goes to the
 * session's worker and the answer back, and nothing is recorded, since nobody is seen or heard. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-session-admission.h"

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

  if (answer != NULL)
    karez_request_respond (request, 200, answer);
  else
    karez_request_fail (request, error);
}

/* One offer, until its sender's invitation is known. */
typedef struct
{
  HubSessions *sessions;
  KarezRequest *request;
  guint begun; /* the number of the last loss of a right then */
} Echo;

static void
echo_free (Echo *echo)
{
  g_object_unref (echo->sessions);
  g_object_unref (echo->request);
  g_free (echo);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Echo, echo_free)

/* Returns: (transfer none): the worker that may be asked */
static HubWorkerProxy *
find_worker (Echo *echo, GError **error)
{
  KarezActor *actor = karez_request_get_actor (echo->request);
  HubSession *session = hub_sessions_get (echo->sessions,
                                          karez_request_get_path_part (echo->request, "id"));

  if (!hub_session_services_check_since (hub_sessions_get_services (echo->sessions), actor,
                                         echo->begun, error))
    return NULL;
  if (session != NULL
      && (hub_session_get_state (session) == KAREZ_STATE_PLANNED
          || hub_state_is_over (hub_session_get_state (session))))
    {
      karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/echo",
                       N_ ("a session with picture and sound that is ready or goes on"),
                       N_ ("The way for picture and sound cannot be tried now."));
      return NULL;
    }
  if (session != NULL)
    return hub_session_worker_get_running (hub_session_get_worker (session), error);
  karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                   N_ ("There is no such session, or it is over."));
  return NULL;
}

static void
on_admitted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Echo) echo = data;
  KarezRequest *request = echo->request;
  JsonObject *body = json_node_get_object (karez_request_get_body (request));
  g_autoptr (GError) error = NULL;
  HubWorkerProxy *proxy = hub_session_admission_ask_finish (KAREZ_STORE (source), result, &error)
                              ? find_worker (echo, &error)
                              : NULL;
  g_autoptr (JsonNode) offer = NULL;

  if (proxy == NULL)
    {
      karez_request_fail (request, error);
      return;
    }
  offer = karez_json_object ("actor", "n", karez_actor_to_json (karez_request_get_actor (request)),
                             "sdp", "s", karez_json_text (body, "sdp"), NULL);
  hub_worker_proxy_echo_async (proxy, offer, NULL, on_answered, g_object_ref (request));
}

void
hub_sessions_on_echo (KarezRequest *request, gpointer data)
{
  const char *id = hub_sessions_read_id (request);
  HubSessionServices *services = hub_sessions_get_services (data);
  Echo *echo = NULL;

  if (id == NULL || karez_request_check_body (request, echo_fields) == NULL)
    return;
  echo = g_new0 (Echo, 1);
  echo->sessions = g_object_ref (data);
  echo->request = g_object_ref (request);
  echo->begun = services->losses;
  hub_session_admission_ask_async (services->store, id, karez_request_get_actor (request),
                                   on_admitted, echo);
}
