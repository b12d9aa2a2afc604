/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Peers of two engines that hand each other calls at once. */
#include "engine-play.h"

#include "hub-id.h"

typedef struct
{
  GCallback func;
  gpointer data;
} Handler;

static void play_peers_iface_init (KarezPeersInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (PlayPeers, play_peers, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PEERS, play_peers_iface_init))

static gboolean
play_handle (KarezPeers *peers, const char *topic, GCallback func, gpointer data)
{
  Handler *handler = g_new0 (Handler, 1);

  handler->func = func;
  handler->data = data;
  g_hash_table_replace (PLAY_PEERS (peers)->handlers, g_strdup (topic), handler);
  return TRUE;
}
static gboolean
play_handle_call (KarezPeers *peers, const char *topic, KarezCallFunc func, gpointer data,
                  GDestroyNotify destroy, GError **error)
{
  return play_handle (peers, topic, G_CALLBACK (func), data);
}
static gboolean
play_handle_post (KarezPeers *peers, const char *topic, KarezPostFunc func, gpointer data,
                  GDestroyNotify destroy, GError **error)
{
  return play_handle (peers, topic, G_CALLBACK (func), data);
}

static void
on_play_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  JsonNode *node = g_task_propagate_pointer (G_TASK (result), &error);

  if (node != NULL)
    g_task_return_pointer (task, node, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static KarezMessage *
message_from (PlayPeers *sender, const char *topic, JsonNode *body, gint64 sequence)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PEER, sender->own, "Partner", NULL, NULL, sender->own);

  return karez_message_new (actor, topic, body, KAREZ_LANE_AGENDA, sequence);
}

/* A call that is under way. */
typedef struct
{
  PlayPeers *self; /* not owned: it has those that wait */
  GTask *task;
  char *topic;
  JsonNode *body;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;
  GSource *source = g_task_get_task_data (call->task);

  if (source != NULL)
    g_source_destroy (source);
  g_object_unref (call->task);
  json_node_unref (call->body);
  g_free (call->topic);
  g_free (call);
}

static void
deliver_call (PlayPeers *self, Call *call)
{
  Handler *handler = self->other != NULL ? g_hash_table_lookup (self->other->handlers, call->topic)
                                         : NULL;
  g_autoptr (KarezMessage) message = NULL;

  if (handler == NULL)
    {
      g_task_return_error (call->task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "peers/away", NULL,
                                                        "The partner is away."));
      return;
    }
  message = message_from (self, call->topic, call->body, 0);
  ((KarezCallFunc) handler->func) (
      message, g_task_new (self->other, NULL, on_play_answer, g_object_ref (call->task)),
      handler->data);
}

/* As a call of peers ends, though its answer is still on the way. */
static gboolean
on_call_cancelled (GCancellable *cancellable, gpointer data)
{
  Call *call = data;

  g_task_return_error_if_cancelled (call->task);
  g_ptr_array_remove (call->self->waiting, call);
  return G_SOURCE_REMOVE;
}

static void
keep_waiting (PlayPeers *self, Call *call, GCancellable *cancellable)
{
  g_autoptr (GSource) source = g_cancellable_source_new (cancellable);

  g_source_set_callback (source, G_SOURCE_FUNC (on_call_cancelled), call, NULL);
  g_task_set_task_data (call->task, g_source_ref (source), (GDestroyNotify) g_source_unref);
  g_source_attach (source, NULL);
  g_ptr_array_add (self->waiting, call);
}

static void
play_call_async (KarezPeers *peers, const char *peer, const char *topic, JsonNode *body,
                 guint timeout_ms, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
{
  PlayPeers *self = PLAY_PEERS (peers);
  Call *call = g_new0 (Call, 1);

  call->self = self;
  call->task = g_task_new (self, cancellable, callback, data);
  call->topic = g_strdup (topic);
  call->body = body;
  if (g_strcmp0 (topic, self->silent) == 0)
    {
      keep_waiting (self, call, cancellable);
      return;
    }
  deliver_call (self, call);
  call_free (call);
}

void
play_peers_answer (PlayPeers *self)
{
  g_autoptr (GPtrArray) calls = g_steal_pointer (&self->waiting);

  self->silent = NULL;
  self->waiting = g_ptr_array_new_with_free_func (call_free);
  for (guint i = 0; i < calls->len; i++)
    {
      g_source_destroy (g_task_get_task_data (((Call *) calls->pdata[i])->task));
      deliver_call (self, calls->pdata[i]);
    }
}

void
play_peers_deliver (PlayPeers *self, const char *topic, JsonNode *body, gint64 sequence,
                    GAsyncReadyCallback callback, gpointer data)
{
  Handler *handler = g_hash_table_lookup (self->handlers, topic);
  g_autoptr (KarezMessage) message = message_from (self->other, topic, body, sequence);

  g_assert_nonnull (handler);
  ((KarezPostFunc) handler->func) (message, g_task_new (self, NULL, callback, data), handler->data);
}

static JsonNode *
play_call_finish (KarezPeers *peers, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
static void
play_peers_iface_init (KarezPeersInterface *iface)
{
  iface->call_async = play_call_async;
  iface->call_finish = play_call_finish;
  iface->handle_call = play_handle_call;
  iface->handle_post = play_handle_post;
}
static void
play_peers_finalize (GObject *object)
{
  PlayPeers *self = PLAY_PEERS (object);

  g_free (self->own);
  g_hash_table_unref (self->handlers);
  g_ptr_array_unref (self->waiting);
  G_OBJECT_CLASS (play_peers_parent_class)->finalize (object);
}
static void
play_peers_class_init (PlayPeersClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = play_peers_finalize;
}
static void
play_peers_init (PlayPeers *self)
{
  self->waiting = g_ptr_array_new_with_free_func (call_free);
  self->handlers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
play_get_async (KarezAgenda *agenda, const char *id, GCancellable *cancellable,
                GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (agenda, cancellable, callback, data);
  JsonNode *booking = PLAY_HALL (agenda)->booking;
  g_autofree char *json = booking != NULL ? json_to_string (booking, FALSE) : NULL;

  PLAY_HALL (agenda)->reads++;
  if (booking != NULL && g_str_equal (karez_json_text (json_node_get_object (booking), "id"), id))
    g_task_return_pointer (task, json_from_string (json, NULL), (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "agenda/unknown", NULL,
                                                "There is no such booking."));
}
static JsonNode *
play_get_finish (KarezAgenda *agenda, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
static void
play_agenda_init (KarezAgendaInterface *iface)
{
  iface->get_booking_async = play_get_async;
  iface->get_booking_finish = play_get_finish;
}
static void
play_append_async (KarezAudit *audit, KarezActor *actor, const char *action, KarezOutcome outcome,
                   const char *session, const char *patient, JsonNode *details,
                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (audit, cancellable, callback, data);
  g_autoptr (JsonNode) owned = details;

  PLAY_HALL (audit)->audited++;
  g_free (PLAY_HALL (audit)->action);
  PLAY_HALL (audit)->action = g_strdup (action);
  g_task_return_boolean (task, TRUE);
}
static gboolean
play_append_finish (KarezAudit *audit, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
static void
play_audit_init (KarezAuditInterface *iface)
{
  iface->append_async = play_append_async;
  iface->append_finish = play_append_finish;
}
typedef struct
{
  KarezRouteFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Route;

static void
route_free (gpointer data)
{
  Route *route = data;

  if (route->destroy != NULL)
    route->destroy (route->data);
  g_free (route);
}
static gboolean
play_add (KarezRoutes *routes, const char *method, const char *path, const char *permission,
          KarezRouteBody body, KarezRouteFunc func, gpointer data, GDestroyNotify destroy,
          GError **error)
{
  Route *route = g_new (Route, 1);

  *route = (Route){ func, data, destroy };
  g_hash_table_replace (PLAY_HALL (routes)->routes, g_strdup_printf ("%s %s", method, path), route);
  return TRUE;
}
static void
play_routes_init (KarezRoutesInterface *iface)
{
  iface->add = play_add;
}
G_DEFINE_FINAL_TYPE_WITH_CODE (PlayHall, play_hall, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_AGENDA, play_agenda_init)
                                   G_IMPLEMENT_INTERFACE (KAREZ_TYPE_AUDIT, play_audit_init)
                                       G_IMPLEMENT_INTERFACE (KAREZ_TYPE_ROUTES, play_routes_init))
static void
play_hall_finalize (GObject *object)
{
  g_clear_pointer (&PLAY_HALL (object)->booking, json_node_unref);
  g_hash_table_unref (PLAY_HALL (object)->routes);
  g_free (PLAY_HALL (object)->action);
  G_OBJECT_CLASS (play_hall_parent_class)->finalize (object);
}
static void
play_hall_class_init (PlayHallClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = play_hall_finalize;
}
static void
play_hall_init (PlayHall *self)
{
  self->routes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, route_free);
}
void
play_hall_forget_routes (PlayHall *self)
{
  g_hash_table_remove_all (self->routes);
}

G_DEFINE_FINAL_TYPE (PlayRequest, play_request, KAREZ_TYPE_REQUEST)

static KarezActor *
play_get_actor (KarezRequest *request)
{
  return PLAY_REQUEST (request)->actor;
}
static const char *
play_get_path_part (KarezRequest *request, const char *name)
{
  GStrv parts = PLAY_REQUEST (request)->parts;

  for (guint i = 0; parts != NULL && parts[i] != NULL; i += 2)
    if (g_str_equal (parts[i], name))
      return parts[i + 1];
  return NULL;
}
static JsonNode *
play_get_body (KarezRequest *request)
{
  return NULL;
}
static const char *
play_get_key (KarezRequest *request)
{
  return PLAY_REQUEST (request)->key;
}
static KarezTransaction *
play_begin (KarezRequest *request, KarezStore *store)
{
  KarezTransaction *transaction = karez_store_begin (store, PLAY_REQUEST (request)->actor);

  karez_transaction_set_request (transaction, PLAY_REQUEST (request)->key, "digest");
  return transaction;
}
static void
play_respond (KarezRequest *request, guint status, JsonNode *body)
{
  g_assert_cmpuint (PLAY_REQUEST (request)->status, ==, 0);
  PLAY_REQUEST (request)->status = status;
  PLAY_REQUEST (request)->answer = body;
}
static void
play_fail (KarezRequest *request, const GError *error)
{
  g_assert_cmpuint (PLAY_REQUEST (request)->status, ==, 0);
  PLAY_REQUEST (request)->status = 400;
  PLAY_REQUEST (request)->error = g_error_copy (error);
}
static void
play_request_finalize (GObject *object)
{
  PlayRequest *self = PLAY_REQUEST (object);

  karez_actor_unref (self->actor);
  g_strfreev (self->parts);
  g_free (self->key);
  g_clear_pointer (&self->answer, json_node_unref);
  g_clear_error (&self->error);
  G_OBJECT_CLASS (play_request_parent_class)->finalize (object);
}
static void
play_request_class_init (PlayRequestClass *klass)
{
  KarezRequestClass *request_class = KAREZ_REQUEST_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = play_request_finalize;
  request_class->get_actor = play_get_actor;
  request_class->get_path_part = play_get_path_part;
  request_class->get_body = play_get_body;
  request_class->get_idempotency_key = play_get_key;
  request_class->begin = play_begin;
  request_class->respond = play_respond;
  request_class->fail = play_fail;
}
static void
play_request_init (PlayRequest *self)
{
}

PlayRequest *
play_request_send (PlayHall *hall, KarezActor *actor, const char *route, const char *const *parts)
{
  PlayRequest *self = g_object_new (PLAY_TYPE_REQUEST, NULL);
  Route *found = g_hash_table_lookup (hall->routes, route);

  g_assert_nonnull (found);
  self->actor = karez_actor_ref (actor);
  self->parts = g_strdupv ((char **) parts);
  self->key = g_str_has_prefix (route, "GET ") ? NULL : hub_id_new ();
  found->func (KAREZ_REQUEST (self), found->data);
  return self;
}
