/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session's link: both hubs' signed offers of where their workers listen. */
#include "hub-session-exchange.h"

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

static const KarezJsonField offer_fields[] = {
  { "endpoint", KAREZ_JSON_OBJECT, TRUE },
  { "signature", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

struct _HubSessionExchange
{
  GObject parent_instance;

  HubSessionServices *services;
  HubSessionInfo *info;
  HubSessionWorker *worker;
  GCancellable *running; /* NULL: none is under way */
  guint source, delay_s;
};

G_DEFINE_FINAL_TYPE (HubSessionExchange, hub_session_exchange, G_TYPE_OBJECT)

/* Offers. */

/* What is signed: an endpoint belongs to one session, one generation and one way. Its members stand
 * in it one a line; see data/api/peer.md. */
static char *
endpoint_text (HubSessionInfo *info, const char *from, const char *to, JsonNode *endpoint,
               GError **error)
{
  JsonObject *object = karez_json_check (endpoint, endpoint_fields, error);
  g_auto (GStrv) addresses = NULL;
  g_autofree char *joined = NULL;

  if (object == NULL)
    return NULL;
  addresses = karez_json_texts (object, "addresses");
  joined = g_strjoinv (" ", addresses);
  return g_strdup_printf ("karez link endpoint v1\n%s\n%s\n%s\n%" G_GINT64_FORMAT "\n%s\n%s",
                          hub_session_info_get_id (info), from, to,
                          karez_json_integer (object, "generation", 0),
                          karez_json_text (object, "key"), joined);
}

static JsonNode *
make_offer (HubSessionExchange *self, JsonNode *endpoint, GError **error)
{
  HubSessionServices *services = self->services;
  g_autofree char *text = endpoint_text (
      self->info, services->hub, hub_session_info_get_partner (self->info), endpoint, error);
  JsonNode *signature = text != NULL ? services->signer->sign (services->signer_data, text, error)
                                     : NULL;

  if (signature == NULL)
    return NULL;
  return karez_json_object ("endpoint", "n", json_node_ref (endpoint), "signature", "n", signature,
                            NULL);
}

static gboolean
check_offer (HubSessionExchange *self, JsonObject *offer, GError **error)
{
  HubSessionServices *services = self->services;
  const char *partner = hub_session_info_get_partner (self->info);
  g_autofree char *text = endpoint_text (self->info, partner, services->hub,
                                         json_object_get_member (offer, "endpoint"), error);

  return text != NULL
         && services->signer->verify (services->signer_data, partner, text,
                                      json_object_get_member (offer, "signature"), error);
}

/* One exchange, of whichever hub begins it. */

enum
{
  STEP_OWN = KAREZ_STEP_CUSTOM, /* where this side's worker listens, signed */
  STEP_ASK,                     /* the partner's hub, if it has not asked itself */
  STEP_CONNECT,                 /* this side's worker to what the partner's hub has signed */
};

struct _HubSessionHandshake
{
  KarezTransition parent_instance;

  HubSessionExchange *exchange;
  HubWorkerProxy *proxy;
  JsonNode *own;      /* our offer */
  JsonObject *theirs; /* their offer; NULL: they are still to be asked */
};

#define HUB_TYPE_SESSION_HANDSHAKE (hub_session_handshake_get_type ())
G_DECLARE_FINAL_TYPE (HubSessionHandshake, hub_session_handshake, HUB, SESSION_HANDSHAKE,
                      KarezTransition)
G_DEFINE_FINAL_TYPE (HubSessionHandshake, hub_session_handshake, KAREZ_TYPE_TRANSITION)

static guint
hub_session_handshake_next_step (KarezTransition *transition, guint step, GError **error)
{
  HubSessionHandshake *self = HUB_SESSION_HANDSHAKE (transition);

  switch (step)
    {
    case KAREZ_STEP_NONE:
      return STEP_OWN;
    case STEP_OWN:
      return self->theirs != NULL ? STEP_CONNECT : STEP_ASK;
    case STEP_ASK:
      return STEP_CONNECT;
    default:
      return KAREZ_STEP_NONE;
    }
}

/* Nothing is told about a link to whoever has not signed their own end of it. */
static void
get_own (HubSessionHandshake *self)
{
  KarezTransition *transition = KAREZ_TRANSITION (self);
  GError *error = NULL;

  if (self->theirs == NULL || check_offer (self->exchange, self->theirs, &error))
    g_set_object (&self->proxy, hub_session_worker_get_running (self->exchange->worker, &error));
  if (error != NULL)
    karez_transition_fail (transition, error);
  else
    hub_worker_proxy_get_endpoint_async (self->proxy, karez_transition_get_cancellable (transition),
                                         karez_transition_answered,
                                         karez_transition_await (transition));
}

/* What the partner was told is where this worker listens, and no other one. */
static void
connect_theirs (HubSessionHandshake *self)
{
  KarezTransition *transition = KAREZ_TRANSITION (self);
  GError *error = NULL;

  if (hub_session_worker_get_proxy (self->exchange->worker) == self->proxy)
    hub_worker_proxy_connect_async (self->proxy, json_object_get_member (self->theirs, "endpoint"),
                                    NULL, karez_transition_answered,
                                    karez_transition_await (transition));
  else
    {
      karez_error_set (&error, KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                       N_ ("The session's worker is not there now."));
      karez_transition_fail (transition, error);
    }
}

static void
ask (HubSessionHandshake *self)
{
  HubSessionInfo *info = self->exchange->info;
  JsonNode *body = json_node_copy (self->own);
  JsonObject *object = json_node_get_object (body);

  json_object_set_string_member (object, "session", hub_session_info_get_id (info));
  json_object_set_string_member (object, "state",
                                 karez_state_name (hub_session_info_get_state (info)));
  json_object_set_int_member (object, "sequence", (gint64) hub_session_info_get_sequence (info));
  karez_peers_call_async (
      self->exchange->services->peers, hub_session_info_get_partner (info),
      hub_session_info_is_hosted (info) ? HUB_SESSION_TOPIC_PREPARE : HUB_SESSION_TOPIC_ENDPOINT,
      body, CALL_PEER_MS, karez_transition_get_cancellable (KAREZ_TRANSITION (self)),
      karez_transition_answered, karez_transition_await (KAREZ_TRANSITION (self)));
}

static void
hub_session_handshake_execute_step (KarezTransition *transition, guint step)
{
  HubSessionHandshake *self = HUB_SESSION_HANDSHAKE (transition);

  switch (step)
    {
    case STEP_OWN:
      get_own (self);
      break;
    case STEP_ASK:
      ask (self);
      break;
    case STEP_CONNECT:
      connect_theirs (self);
      break;
    default: /* a worker that knows another endpoint now hears of the next one */
      karez_transition_advance (transition);
      break;
    }
}

static gboolean
hub_session_handshake_finish_step (KarezTransition *transition, guint step, GObject *source,
                                   GAsyncResult *result, GError **error)
{
  HubSessionHandshake *self = HUB_SESSION_HANDSHAKE (transition);
  g_autoptr (GError) local = NULL;
  g_autoptr (JsonNode) answer = step == STEP_ASK
                                    ? karez_peers_call_finish (KAREZ_PEERS (source), result, &local)
                                    : hub_worker_proxy_finish (self->proxy, result, &local);

  /* A generation that is older than what the worker knows is no fault of the one that asked now. */
  if (step == STEP_CONNECT && g_strcmp0 (karez_error_get_rule (local), "link/generation") == 0)
    return TRUE;
  if (answer == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (step == STEP_OWN)
    return (self->own = make_offer (self->exchange, answer, error)) != NULL;
  if (step == STEP_ASK)
    {
      JsonObject *offer = karez_json_check (answer, offer_fields, error);

      self->theirs = offer != NULL ? json_object_ref (offer) : NULL;
      return offer != NULL && check_offer (self->exchange, offer, error);
    }
  return TRUE;
}

static void
make_handshake (HubSessionExchange *self, JsonObject *theirs, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (HubSessionHandshake) handshake = g_object_new (HUB_TYPE_SESSION_HANDSHAKE, NULL);

  handshake->exchange = g_object_ref (self);
  handshake->theirs = theirs != NULL ? json_object_ref (theirs) : NULL;
  karez_transition_run_async (KAREZ_TRANSITION (handshake), 0, cancellable, callback, data);
}

static void
hub_session_handshake_finalize (GObject *object)
{
  HubSessionHandshake *self = HUB_SESSION_HANDSHAKE (object);

  g_clear_object (&self->exchange);
  g_clear_object (&self->proxy);
  g_clear_pointer (&self->own, json_node_unref);
  g_clear_pointer (&self->theirs, json_object_unref);

  G_OBJECT_CLASS (hub_session_handshake_parent_class)->finalize (object);
}

static void
hub_session_handshake_class_init (HubSessionHandshakeClass *klass)
{
  KAREZ_TRANSITION_CLASS (klass)->next_step = hub_session_handshake_next_step;
  KAREZ_TRANSITION_CLASS (klass)->execute_step = hub_session_handshake_execute_step;
  KAREZ_TRANSITION_CLASS (klass)->finish_step = hub_session_handshake_finish_step;
  G_OBJECT_CLASS (klass)->finalize = hub_session_handshake_finalize;
}

static void
hub_session_handshake_init (HubSessionHandshake *self)
{
}

/* Asked, and asking until it is done. */

void
hub_session_exchange_answer_async (HubSessionExchange *self, JsonObject *offer,
                                   GAsyncReadyCallback callback, gpointer data)
{
  make_handshake (self, offer, NULL, callback, data);
}

JsonNode *
hub_session_exchange_answer_finish (GAsyncResult *result, GError **error)
{
  g_autoptr (HubSessionHandshake)
      handshake = HUB_SESSION_HANDSHAKE (g_async_result_get_source_object (result));

  if (!karez_transition_run_finish (KAREZ_TRANSITION (handshake), result, error))
    return NULL;
  return g_steal_pointer (&handshake->own);
}

static gboolean
on_due (gpointer data)
{
  HubSessionExchange *self = data;

  self->source = 0;
  hub_session_exchange_begin (self);
  return G_SOURCE_REMOVE;
}

static void
on_exchanged (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubSessionExchange) self = data;
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->running);
  if (karez_transition_run_finish (KAREZ_TRANSITION (source), result, &error))
    self->delay_s = 0;
  if (error == NULL || hub_session_info_is_closed (self->info)
      || hub_session_info_is_over (self->info))
    return;
  hub_info ("sessions", hub_session_info_get_id (self->info),
            "The partner's worker is not joined yet: %s", error->message);
  self->delay_s = MIN (self->delay_s + 1, MAX_DELAY_S);
  if (self->source == 0)
    self->source = g_timeout_add_seconds (self->delay_s, on_due, self);
}

void
hub_session_exchange_begin (HubSessionExchange *self)
{
  if (self->running != NULL || hub_session_worker_get_running (self->worker, NULL) == NULL
      || hub_session_info_is_over (self->info) || hub_session_info_is_closed (self->info))
    return;
  self->running = g_cancellable_new ();
  make_handshake (self, NULL, self->running, on_exchanged, g_object_ref (self));
}

void
hub_session_exchange_stop (HubSessionExchange *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  if (self->running != NULL)
    g_cancellable_cancel (self->running);
}

HubSessionExchange *
hub_session_exchange_new (HubSessionServices *services, HubSessionInfo *info,
                          HubSessionWorker *worker)
{
  HubSessionExchange *self = g_object_new (HUB_TYPE_SESSION_EXCHANGE, NULL);

  self->services = hub_session_services_ref (services);
  self->info = g_object_ref (info);
  self->worker = g_object_ref (worker);
  return self;
}

static void
hub_session_exchange_finalize (GObject *object)
{
  HubSessionExchange *self = HUB_SESSION_EXCHANGE (object);

  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_object (&self->running);
  g_clear_object (&self->worker);
  g_clear_object (&self->info);
  g_clear_pointer (&self->services, hub_session_services_unref);

  G_OBJECT_CLASS (hub_session_exchange_parent_class)->finalize (object);
}

static void
hub_session_exchange_class_init (HubSessionExchangeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_session_exchange_finalize;
}

static void
hub_session_exchange_init (HubSessionExchange *self)
{
}
