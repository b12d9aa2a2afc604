/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* KarezPeers: calls, posts and feeds, and the list of peers. */
#include "hub-peers-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"

#define MAX_CALLS 64 /* under way, for each peer */

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeers *self = g_task_get_source_object (task);
  HubPeersEntry *entry = g_hash_table_lookup (self->entries, hub_peer_get_id (HUB_PEER (source)));
  GError *error = NULL;
  g_autoptr (GBytes) answer = hub_peer_send_finish (HUB_PEER (source), result, &error);
  JsonNode *node = NULL;

  if (entry != NULL && entry->peer == HUB_PEER (source))
    entry->calls--;
  if (answer != NULL)
    node = karez_json_parse (answer, HUB_PEER_MAX_FEED, &error);
  if (node != NULL)
    g_task_return_pointer (task, node, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

/* Sends a call or a pull. @task: (transfer full) @body: (transfer full) (nullable) */
static void
ask (HubPeers *self, GTask *task, const char *peer, const char *kind, const char *name,
     JsonNode *body, HubPeerWay way, guint timeout_ms, gsize max_answer)
{
  g_autoptr (GTask) owned = task;
  g_autoptr (JsonNode) node = body != NULL ? body : json_node_new (JSON_NODE_NULL);
  g_autofree char *path = g_strconcat (kind, "/", name, NULL);
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);
  HubPeersEntry *entry = hub_peers_find (self, peer);
  GError *error = NULL;

  if (entry == NULL)
    error = hub_peers_not_paired (peer);
  else if (!hub_peer_topic_is_valid (name))
    error = karez_error_new (KAREZ_ERROR_INVALID, "peers/topic",
                             N_ ("1 to 64 of the characters a-z, 0-9, . and -"),
                             N_ ("This is not a topic: %s"), name);
  else if (timeout_ms < HUB_PEER_TIMEOUT_LEAST || timeout_ms > HUB_PEER_TIMEOUT_CALL)
    error = karez_error_new (KAREZ_ERROR_INVALID, "peers/timeout",
                             N_ ("100 to 30,000 milliseconds"),
                             N_ ("A call cannot wait so long, or so short a time"));
  else if (g_bytes_get_size (bytes) > HUB_PEER_MAX_CALL)
    error = karez_error_new (KAREZ_ERROR_TOO_LARGE, "peers/body-size", N_ ("At most 1 MiB"),
                             N_ ("The message is longer than is accepted"));
  else if (entry->calls >= MAX_CALLS)
    error = karez_error_new (KAREZ_ERROR_BUSY, "peers/calls", NULL,
                             N_ ("Too many calls to this hub wait for an answer"));
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  entry->calls++;
  hub_peer_send_async (entry->peer, way, path, bytes, timeout_ms, max_answer,
                       g_task_get_cancellable (task), on_answer, g_steal_pointer (&owned));
}

static void
hub_peers_call_async (KarezPeers *peers, const char *peer, const char *topic, JsonNode *body,
                      guint timeout_ms, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task = g_task_new (peers, cancellable, callback, data);

  g_task_set_source_tag (task, hub_peers_call_async);
  ask (HUB_PEERS (peers), task, peer, "call", topic, body, HUB_PEER_WAY_CALL, timeout_ms,
       HUB_PEER_MAX_CALL);
}

static JsonNode *
hub_peers_call_finish (KarezPeers *peers, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, peers), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_call_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
hub_peers_pull_async (KarezPeers *peers, const char *peer, const char *feed, const char *cursor,
                      guint limit, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data)
{
  GTask *task = g_task_new (peers, cancellable, callback, data);

  g_task_set_source_tag (task, hub_peers_pull_async);
  ask (HUB_PEERS (peers), task, peer, "feed", feed,
       karez_json_object ("cursor", "s", cursor, "limit", "i", (gint64) limit, NULL),
       HUB_PEER_WAY_BULK, HUB_PEER_TIMEOUT_CALL, HUB_PEER_MAX_FEED);
}

static JsonNode *
hub_peers_pull_finish (KarezPeers *peers, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, peers), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_pull_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
hub_peers_handle_call (KarezPeers *peers, const char *topic, KarezCallFunc func, gpointer data,
                       GDestroyNotify destroy, GError **error)
{
  return hub_peer_handlers_add_call (HUB_PEERS (peers)->handlers, topic, func, data, destroy,
                                     error);
}

static gboolean
hub_peers_handle_post (KarezPeers *peers, const char *topic, KarezPostFunc func, gpointer data,
                       GDestroyNotify destroy, GError **error)
{
  return hub_peer_handlers_add_post (HUB_PEERS (peers)->handlers, topic, func, data, destroy,
                                     error);
}

static gboolean
hub_peers_serve_feed (KarezPeers *peers, const char *feed, KarezFeedFunc func, gpointer data,
                      GDestroyNotify destroy, GError **error)
{
  return hub_peer_handlers_add_feed (HUB_PEERS (peers)->handlers, feed, func, data, destroy, error);
}

/* NULL before it was measured, and while nobody measures. */
static JsonNode *
describe_clock (HubPeer *peer)
{
  gint64 offset, uncertainty;
  JsonNode *clock;

  if (hub_peer_get_state (peer) != HUB_PEER_STATE_UP
      || !hub_peer_get_clock (peer, &offset, &uncertainty))
    return NULL;
  clock = karez_json_object ("off", "b", hub_peer_is_clock_off (peer), NULL);
  json_object_set_double_member (json_node_get_object (clock), "offset_ms", offset / 1000.0);
  json_object_set_double_member (json_node_get_object (clock), "uncertainty_ms",
                                 uncertainty / 1000.0);
  return clock;
}

static JsonNode *
hub_peers_list (KarezPeers *peers)
{
  HubPeers *self = HUB_PEERS (peers);
  g_autoptr (GList)
      ids = g_list_sort (g_hash_table_get_keys (self->entries), (GCompareFunc) strcmp);
  JsonArray *items = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (GList *link = ids; link != NULL; link = link->next)
    {
      HubPeer *peer = ((HubPeersEntry *) g_hash_table_lookup (self->entries, link->data))->peer;
      g_autofree char *since = hub_time_format (hub_peer_get_since (peer));
      JsonNode *rtt = NULL;

      if (hub_peer_get_state (peer) == HUB_PEER_STATE_UP)
        {
          rtt = json_node_new (JSON_NODE_VALUE);
          json_node_set_double (rtt, hub_peer_get_rtt (peer) / 1000.0);
        }
      json_array_add_element (
          items,
          karez_json_object (
              "id", "s", hub_peer_get_id (peer), "name", "s", hub_peer_get_name (peer), "names",
              "n", json_node_copy (hub_peer_get_names (peer)), "state", "s",
              hub_peer_state_name (hub_peer_get_state (peer)), "address", "s",
              hub_peer_get_address (peer), "since", "s", since, "rtt_ms", "n", rtt, "key", "s",
              hub_peer_get_key (peer), "restored", "b", hub_peer_is_restored (peer), "clock", "n",
              describe_clock (peer), "trouble", "s", hub_peer_get_trouble (peer), NULL));
    }
  json_node_take_array (node, items);
  return node;
}

static KarezPeerState
hub_peers_get_state (KarezPeers *peers, const char *id)
{
  HubPeersEntry *entry = g_hash_table_lookup (HUB_PEERS (peers)->entries, id);

  if (entry == NULL)
    return KAREZ_PEER_UNKNOWN;
  switch (hub_peer_get_state (entry->peer))
    {
    case HUB_PEER_STATE_UP:
      return KAREZ_PEER_UP;
    case HUB_PEER_STATE_REVOKED:
      return KAREZ_PEER_REVOKED;
    default:
      return KAREZ_PEER_DOWN;
    }
}

void
hub_peers_iface_init (KarezPeersInterface *iface)
{
  iface->call_async = hub_peers_call_async;
  iface->call_finish = hub_peers_call_finish;
  iface->pull_async = hub_peers_pull_async;
  iface->pull_finish = hub_peers_pull_finish;
  iface->handle_call = hub_peers_handle_call;
  iface->handle_post = hub_peers_handle_post;
  iface->serve_feed = hub_peers_serve_feed;
  iface->list = hub_peers_list;
  iface->get_state = hub_peers_get_state;
}
