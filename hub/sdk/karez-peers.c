/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paired hubs, as a plugin sees them: calls, posts, feeds. */
#define KAREZ_INSIDE
#include "karez-peers.h"

struct _KarezMessage
{
  KarezActor *peer;
  char *topic;
  JsonNode *body;
  KarezLane lane;
  gint64 sequence, parked;
};

G_DEFINE_BOXED_TYPE (KarezMessage, karez_message, karez_message_ref, karez_message_unref)

KarezMessage *
karez_message_new (KarezActor *peer, const char *topic, JsonNode *body, KarezLane lane,
                   gint64 sequence)
{
  KarezMessage *self = g_rc_box_new0 (KarezMessage);

  self->peer = karez_actor_ref (peer);
  self->topic = g_strdup (topic);
  self->body = body != NULL ? json_node_ref (body) : json_node_new (JSON_NODE_NULL);
  self->lane = lane;
  self->sequence = sequence;
  return self;
}

KarezMessage *
karez_message_new_parked (KarezActor *peer, const char *topic, JsonNode *body, KarezLane lane,
                          gint64 sequence, gint64 number)
{
  KarezMessage *self = karez_message_new (peer, topic, body, lane, sequence);

  self->parked = number;
  return self;
}

gint64
karez_message_get_parked (KarezMessage *self)
{
  return self->parked;
}

KarezMessage *
karez_message_ref (KarezMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_rc_box_acquire (self);
}

static void
clear (KarezMessage *self)
{
  karez_actor_unref (self->peer);
  g_free (self->topic);
  json_node_unref (self->body);
}

void
karez_message_unref (KarezMessage *self)
{
  g_return_if_fail (self != NULL);

  g_rc_box_release_full (self, (GDestroyNotify) clear);
}

const char *
karez_message_get_peer (KarezMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return karez_actor_get_id (self->peer);
}

const char *
karez_message_get_topic (KarezMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->topic;
}

JsonNode *
karez_message_get_body (KarezMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->body;
}

KarezActor *
karez_message_get_actor (KarezMessage *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->peer;
}

KarezActor *
karez_message_get_person (KarezMessage *self, JsonNode *actor, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_autoptr (KarezActor) said = karez_actor_from_json (actor, error);

  if (said == NULL)
    return NULL;
  return karez_actor_new (KAREZ_ACTOR_PEER, karez_actor_get_id (said), karez_actor_get_name (said),
                          karez_actor_get_roles (said), NULL, karez_message_get_peer (self));
}

JsonObject *
karez_message_check (KarezMessage *self, const KarezJsonField *fields, GTask *task)
{
  GError *error = NULL;
  JsonObject *body = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (G_IS_TASK (task), NULL);

  body = karez_json_check (self->body, fields, &error);
  if (body == NULL)
    g_task_return_error (task, error);
  return body;
}

KarezTransaction *
karez_message_begin (KarezMessage *self, KarezStore *store, KarezActor *actor)
{
  KarezTransaction *transaction = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (KAREZ_IS_STORE (store), NULL);

  transaction = karez_store_begin (store, actor != NULL ? actor : self->peer);
  karez_transaction_applied (transaction, self);
  return transaction;
}

gint64
karez_message_get_sequence (KarezMessage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->sequence;
}

KarezLane
karez_message_get_lane (KarezMessage *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->lane;
}

G_DEFINE_INTERFACE (KarezPeers, karez_peers, G_TYPE_OBJECT)

static KarezPeerState
read_state (JsonObject *line)
{
  const char *name = karez_json_text (line, "state");

  return g_strcmp0 (name, "up") == 0        ? KAREZ_PEER_UP
         : g_strcmp0 (name, "down") == 0    ? KAREZ_PEER_DOWN
         : g_strcmp0 (name, "revoked") == 0 ? KAREZ_PEER_REVOKED
                                            : KAREZ_PEER_UNKNOWN;
}

static KarezPeerState
karez_peers_real_get_state (KarezPeers *self, const char *peer)
{
  g_autoptr (JsonNode) list = karez_peers_list (self);
  JsonArray *lines = json_node_get_array (list);

  for (guint i = 0; i < json_array_get_length (lines); i++)
    {
      JsonObject *line = json_array_get_object_element (lines, i);

      if (g_strcmp0 (karez_json_text (line, "id"), peer) == 0)
        return read_state (line);
    }
  return KAREZ_PEER_UNKNOWN;
}

static void
karez_peers_default_init (KarezPeersInterface *iface)
{
  iface->get_state = karez_peers_real_get_state;
  g_signal_new ("changed", KAREZ_TYPE_PEERS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                G_TYPE_STRING);
}

void
karez_peers_call_async (KarezPeers *self, const char *peer, const char *topic, JsonNode *body,
                        guint timeout_ms, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  g_return_if_fail (KAREZ_IS_PEERS (self));

  KAREZ_PEERS_GET_IFACE (self)->call_async (self, peer, topic, body, timeout_ms, cancellable,
                                            callback, data);
}

JsonNode *
karez_peers_call_finish (KarezPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_PEERS (self), NULL);

  return KAREZ_PEERS_GET_IFACE (self)->call_finish (self, result, error);
}

void
karez_peers_pull_async (KarezPeers *self, const char *peer, const char *feed, const char *cursor,
                        guint limit, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  g_return_if_fail (KAREZ_IS_PEERS (self));

  KAREZ_PEERS_GET_IFACE (self)->pull_async (self, peer, feed, cursor, limit, cancellable, callback,
                                            data);
}

JsonNode *
karez_peers_pull_finish (KarezPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_PEERS (self), NULL);

  return KAREZ_PEERS_GET_IFACE (self)->pull_finish (self, result, error);
}

gboolean
karez_peers_handle_call (KarezPeers *self, const char *topic, KarezCallFunc func, gpointer data,
                         GDestroyNotify destroy, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_PEERS (self), FALSE);

  return KAREZ_PEERS_GET_IFACE (self)->handle_call (self, topic, func, data, destroy, error);
}

gboolean
karez_peers_handle_post (KarezPeers *self, const char *topic, KarezPostFunc func, gpointer data,
                         GDestroyNotify destroy, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_PEERS (self), FALSE);

  return KAREZ_PEERS_GET_IFACE (self)->handle_post (self, topic, func, data, destroy, error);
}

gboolean
karez_peers_serve_feed (KarezPeers *self, const char *feed, KarezFeedFunc func, gpointer data,
                        GDestroyNotify destroy, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_PEERS (self), FALSE);

  return KAREZ_PEERS_GET_IFACE (self)->serve_feed (self, feed, func, data, destroy, error);
}

JsonNode *
karez_peers_list (KarezPeers *self)
{
  g_return_val_if_fail (KAREZ_IS_PEERS (self), NULL);

  return KAREZ_PEERS_GET_IFACE (self)->list (self);
}

KarezPeerState
karez_peers_get_state (KarezPeers *self, const char *peer)
{
  g_return_val_if_fail (KAREZ_IS_PEERS (self), KAREZ_PEER_UNKNOWN);
  g_return_val_if_fail (peer != NULL, KAREZ_PEER_UNKNOWN);

  return KAREZ_PEERS_GET_IFACE (self)->get_state (self, peer);
}

gboolean
karez_peers_is_paired (KarezPeers *self, const char *peer)
{
  KarezPeerState state = karez_peers_get_state (self, peer);

  g_return_val_if_fail (KAREZ_IS_PEERS (self), FALSE);

  return state == KAREZ_PEER_UP || state == KAREZ_PEER_DOWN;
}

gboolean
karez_peers_post (KarezPeers *self, KarezTransaction *transaction, const char *peer, KarezLane lane,
                  const char *topic, JsonNode *body)
{
  g_return_val_if_fail (KAREZ_IS_PEERS (self), FALSE);
  g_return_val_if_fail (KAREZ_IS_TRANSACTION (transaction), FALSE);
  g_return_val_if_fail (body != NULL, FALSE);

  if (!karez_peers_is_paired (self, peer))
    {
      json_node_unref (body);
      return FALSE;
    }
  karez_transaction_post (transaction, peer, lane, topic, body);
  return TRUE;
}

GStrv
karez_peers_find (KarezPeers *self, KarezPeerState state)
{
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();
  g_autoptr (JsonNode) list = NULL;
  JsonArray *lines;

  g_return_val_if_fail (KAREZ_IS_PEERS (self), NULL);

  list = karez_peers_list (self);
  lines = json_node_get_array (list);
  for (guint i = 0; i < json_array_get_length (lines); i++)
    {
      JsonObject *line = json_array_get_object_element (lines, i);

      if (read_state (line) == state)
        g_strv_builder_add (found, karez_json_text (line, "id"));
    }
  return g_strv_builder_end (found);
}
