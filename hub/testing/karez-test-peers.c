/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Partners for a control half's test. */
#include "karez-test-peers.h"

#include "hub-catalogue.h"

typedef enum
{
  HANDLES_CALL,
  HANDLES_POST,
  SERVES_FEED,
} Kind;

typedef struct
{
  GCallback func;
  gpointer data;
  GDestroyNotify destroy;
} Handler;

struct _KarezTestPeers
{
  GObject parent_instance;

  GHashTable *states;   /* peer → KarezPeerState */
  GHashTable *handlers; /* "kind topic" → Handler */
  GHashTable *answers;  /* topic → JsonNode */
  GHashTable *asked;    /* topic → how often */
  GHashTable *applied;  /* peer → how many posts */
};

static void peers_iface_init (KarezPeersInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (KarezTestPeers, karez_test_peers, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PEERS, peers_iface_init))

static void
handler_free (gpointer data)
{
  Handler *handler = data;

  if (handler->destroy != NULL)
    handler->destroy (handler->data);
  g_free (handler);
}

static char *
make_key (Kind kind, const char *topic)
{
  return g_strdup_printf ("%d %s", kind, topic);
}

/* ── what the plugin asks ───────────────────────────────────────────────────────────────────── */

static void
ask (KarezTestPeers *self, const char *peer, const char *topic, GTask *task)
{
  JsonNode *answer = g_hash_table_lookup (self->answers, topic);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->asked, topic));

  g_hash_table_insert (self->asked, g_strdup (topic), GUINT_TO_POINTER (n + 1));
  if (!karez_peers_is_paired (KAREZ_PEERS (self), peer))
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/unknown", NULL,
                                                "There is no such partner"));
  else if (karez_peers_get_state (KAREZ_PEERS (self), peer) != KAREZ_PEER_UP || answer == NULL)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "peers/away", NULL,
                                                "The partner does not answer"));
  else
    g_task_return_pointer (task, json_node_copy (answer), (GDestroyNotify) json_node_unref);
}

static void
call_async (KarezPeers *peers, const char *peer, const char *topic, JsonNode *body,
            guint timeout_ms, GCancellable *cancellable, GAsyncReadyCallback callback,
            gpointer data)
{
  g_autoptr (GTask) task = g_task_new (peers, cancellable, callback, data);

  g_clear_pointer (&body, json_node_unref);
  ask (KAREZ_TEST_PEERS (peers), peer, topic, task);
}

static void
pull_async (KarezPeers *peers, const char *peer, const char *feed, const char *cursor, guint limit,
            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (peers, cancellable, callback, data);

  ask (KAREZ_TEST_PEERS (peers), peer, feed, task);
}

static JsonNode *
ask_finish (KarezPeers *peers, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ── what it handles ────────────────────────────────────────────────────────────────────────── */

static gboolean
add (KarezPeers *peers, Kind kind, const char *topic, GCallback func, gpointer data,
     GDestroyNotify destroy, GError **error)
{
  KarezTestPeers *self = KAREZ_TEST_PEERS (peers);
  g_autofree char *key = make_key (kind, topic);
  Handler *handler = NULL;

  if (g_hash_table_contains (self->handlers, key))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/topic-taken", NULL,
                            "The topic “%s” has a handler", topic);
  handler = g_new0 (Handler, 1);
  handler->func = func;
  handler->data = data;
  handler->destroy = destroy;
  g_hash_table_insert (self->handlers, g_steal_pointer (&key), handler);
  return TRUE;
}

static gboolean
handle_call (KarezPeers *peers, const char *topic, KarezCallFunc func, gpointer data,
             GDestroyNotify destroy, GError **error)
{
  return add (peers, HANDLES_CALL, topic, G_CALLBACK (func), data, destroy, error);
}

static gboolean
handle_post (KarezPeers *peers, const char *topic, KarezPostFunc func, gpointer data,
             GDestroyNotify destroy, GError **error)
{
  return add (peers, HANDLES_POST, topic, G_CALLBACK (func), data, destroy, error);
}

static gboolean
serve_feed (KarezPeers *peers, const char *feed, KarezFeedFunc func, gpointer data,
            GDestroyNotify destroy, GError **error)
{
  return add (peers, SERVES_FEED, feed, G_CALLBACK (func), data, destroy, error);
}

static Handler *
find (KarezTestPeers *self, Kind kind, const char *topic, GTask *task)
{
  g_autofree char *key = make_key (kind, topic);
  Handler *handler = g_hash_table_lookup (self->handlers, key);

  if (handler == NULL)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/topic", NULL,
                                                  "The topic “%s” has no handler", topic));
      g_object_unref (task);
    }
  return handler;
}

static KarezMessage *
make_message (KarezTestPeers *self, const char *peer, const char *topic, JsonNode *body,
              gint64 sequence)
{
  g_autoptr (KarezActor) actor = karez_actor_new (KAREZ_ACTOR_PEER, peer, peer, NULL, NULL, peer);
  g_autoptr (JsonNode) owned = body;

  return karez_message_new (actor, topic, owned, KAREZ_LANE_RECORDS, sequence);
}

void
karez_test_peers_post (KarezTestPeers *self, const char *peer, const char *topic, JsonNode *body,
                       GAsyncReadyCallback callback, gpointer data)
{
  guint applied = GPOINTER_TO_UINT (g_hash_table_lookup (self->applied, peer));
  g_autoptr (KarezMessage) message = make_message (self, peer, topic, body, applied + 1);
  GTask *task = g_task_new (self, NULL, callback, data);
  Handler *handler = find (self, HANDLES_POST, topic, task);

  if (handler != NULL)
    ((KarezPostFunc) handler->func) (message, task, handler->data);
}

void
karez_test_peers_forget (KarezTestPeers *self)
{
  g_hash_table_remove_all (self->handlers);
}

void
karez_test_peers_applied (KarezTestPeers *self, const char *peer)
{
  guint applied = GPOINTER_TO_UINT (g_hash_table_lookup (self->applied, peer));

  g_hash_table_insert (self->applied, g_strdup (peer), GUINT_TO_POINTER (applied + 1));
}

void
karez_test_peers_call (KarezTestPeers *self, const char *peer, const char *topic, JsonNode *body,
                       GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (KarezMessage) message = make_message (
      self, peer, topic, body != NULL ? body : json_node_new (JSON_NODE_NULL), 0);
  GTask *task = g_task_new (self, NULL, callback, data);
  Handler *handler = find (self, HANDLES_CALL, topic, task);

  if (handler != NULL)
    ((KarezCallFunc) handler->func) (message, task, handler->data);
}

void
karez_test_peers_pull (KarezTestPeers *self, const char *peer, const char *feed, const char *cursor,
                       guint limit, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  Handler *handler = find (self, SERVES_FEED, feed, task);

  if (handler != NULL)
    ((KarezFeedFunc) handler->func) (peer, cursor, limit, task, handler->data);
}

/* ── how it stands with them ────────────────────────────────────────────────────────────────── */

static KarezPeerState
get_state (KarezPeers *peers, const char *peer)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (KAREZ_TEST_PEERS (peers)->states, peer));
}

static const char *
state_name (KarezPeerState state)
{
  return state == KAREZ_PEER_UP ? "up" : state == KAREZ_PEER_DOWN ? "down" : "revoked";
}

static JsonNode *
list (KarezPeers *peers)
{
  JsonNode *node = karez_json_array (NULL);
  GHashTableIter iter;
  gpointer peer, state;

  g_hash_table_iter_init (&iter, KAREZ_TEST_PEERS (peers)->states);
  while (g_hash_table_iter_next (&iter, &peer, &state))
    if (GPOINTER_TO_INT (state) != KAREZ_PEER_UNKNOWN)
      json_array_add_element (json_node_get_array (node),
                              karez_json_object ("id", "s", peer, "name", "s", peer, "state", "s",
                                                 state_name (GPOINTER_TO_INT (state)), NULL));
  return node;
}

static void
peers_iface_init (KarezPeersInterface *iface)
{
  iface->call_async = call_async;
  iface->call_finish = ask_finish;
  iface->pull_async = pull_async;
  iface->pull_finish = ask_finish;
  iface->handle_call = handle_call;
  iface->handle_post = handle_post;
  iface->serve_feed = serve_feed;
  iface->list = list;
  iface->get_state = get_state;
}

void
karez_test_peers_set (KarezTestPeers *self, const char *peer, KarezPeerState state)
{
  g_hash_table_insert (self->states, g_strdup (peer), GINT_TO_POINTER (state));
  g_signal_emit_by_name (self, "changed", peer);
}

void
karez_test_peers_answer (KarezTestPeers *self, const char *topic, JsonNode *answer)
{
  if (answer != NULL)
    g_hash_table_insert (self->answers, g_strdup (topic), answer);
  else
    g_hash_table_remove (self->answers, topic);
}

guint
karez_test_peers_count_asked (KarezTestPeers *self, const char *topic)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->asked, topic));
}

static void
karez_test_peers_finalize (GObject *object)
{
  KarezTestPeers *self = KAREZ_TEST_PEERS (object);

  g_hash_table_unref (self->states);
  g_hash_table_unref (self->handlers);
  g_hash_table_unref (self->answers);
  g_hash_table_unref (self->asked);
  g_hash_table_unref (self->applied);

  G_OBJECT_CLASS (karez_test_peers_parent_class)->finalize (object);
}

static void
karez_test_peers_class_init (KarezTestPeersClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_peers_finalize;
}

static void
karez_test_peers_init (KarezTestPeers *self)
{
  self->states = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->handlers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, handler_free);
  self->answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) json_node_unref);
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->applied = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

KarezTestPeers *
karez_test_peers_new (void)
{
  return g_object_new (KAREZ_TEST_TYPE_PEERS, NULL);
}
