/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One plugin's view of the paired hubs. */
#include "hub-scoped-peers.h"

#include "hub-catalogue.h"

typedef enum
{
  HANDLES_CALL,
  HANDLES_POST,
  SERVES_FEED,
} Kind;

/* A handler that was registered once stays with the peers: it keeps this. */
typedef struct
{
  HubRunner *runner;
  GCallback func; /* NULL: the plugin is disabled */
  gpointer data;
  GDestroyNotify destroy;
} Handler;

struct _HubScopedPeers
{
  GObject parent_instance;

  KarezPeers *peers;
  HubRunner *runner;
  char *prefix;
  GHashTable *known; /* "kind topic" → Handler */
  gulong changed;
  gboolean open; /* FALSE: the plugin is away */
};

static void peers_iface_init (KarezPeersInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubScopedPeers, hub_scoped_peers, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PEERS, peers_iface_init))

static void
handler_clear (Handler *handler)
{
  if (handler->destroy != NULL)
    handler->destroy (handler->data);
  handler->func = NULL;
  handler->data = NULL;
  handler->destroy = NULL;
}

static void
handler_free (gpointer data)
{
  Handler *handler = data;

  handler_clear (handler);
  g_object_unref (handler->runner);
}

static void
handler_unref (gpointer handler)
{
  g_rc_box_release_full (handler, handler_free);
}

/* Whether the plugin may answer; the task is answered if not. */
static gboolean
enter (Handler *handler, GTask *task, const char *call)
{
  if (handler->func == NULL)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "plugin/disabled", NULL,
                                                  N_ ("The plugin “%s” is disabled."),
                                                  hub_runner_get_plugin (handler->runner)));
      g_object_unref (task);
      return FALSE;
    }
  hub_runner_enter (handler->runner, call);
  return TRUE;
}

static void
on_call (KarezMessage *message, GTask *task, gpointer data)
{
  Handler *handler = data;

  if (!enter (handler, task, "call"))
    return;
  ((KarezCallFunc) handler->func) (message, task, handler->data);
  hub_runner_leave (handler->runner);
}

static void
on_post (KarezMessage *message, GTask *task, gpointer data)
{
  Handler *handler = data;

  if (!enter (handler, task, "post"))
    return;
  ((KarezPostFunc) handler->func) (message, task, handler->data);
  hub_runner_leave (handler->runner);
}

static void
on_feed (const char *peer, const char *cursor, guint limit, GTask *task, gpointer data)
{
  Handler *handler = data;

  if (!enter (handler, task, "feed"))
    return;
  ((KarezFeedFunc) handler->func) (peer, cursor, limit, task, handler->data);
  hub_runner_leave (handler->runner);
}

static gboolean
check_topic (HubScopedPeers *self, const char *topic, GError **error)
{
  if (self->prefix != NULL && g_str_has_prefix (topic, self->prefix)
      && topic[strlen (self->prefix)])
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_NOT_GRANTED, "plugin/grant", self->prefix,
                          N_ ("The plugin “%s” was not granted the topic “%s”."),
                          hub_runner_get_plugin (self->runner), topic);
}

static gboolean
register_below (HubScopedPeers *self, Kind kind, const char *topic, Handler *handler,
                GError **error)
{
  if (kind == HANDLES_CALL)
    return karez_peers_handle_call (self->peers, topic, on_call, handler, handler_unref, error);
  if (kind == HANDLES_POST)
    return karez_peers_handle_post (self->peers, topic, on_post, handler, handler_unref, error);
  return karez_peers_serve_feed (self->peers, topic, on_feed, handler, handler_unref, error);
}

static gboolean
add (HubScopedPeers *self, Kind kind, const char *topic, GCallback func, gpointer data,
     GDestroyNotify destroy, GError **error)
{
  g_autofree char *key = g_strdup_printf ("%d %s", kind, topic);
  Handler *handler = g_hash_table_lookup (self->known, key);

  if (!check_topic (self, topic, error))
    return FALSE;
  if (handler != NULL && handler->func != NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/taken", NULL,
                            N_ ("The topic “%s” is taken."), topic);
  if (handler == NULL)
    {
      handler = g_rc_box_new0 (Handler);
      handler->runner = g_object_ref (self->runner);
      if (!register_below (self, kind, topic, g_rc_box_acquire (handler), error))
        {
          /* Theirs too: what was not taken is not destroyed. */
          handler_unref (handler);
          handler_unref (handler);
          return FALSE;
        }
      g_hash_table_insert (self->known, g_steal_pointer (&key), handler);
    }
  handler->func = func;
  handler->data = data;
  handler->destroy = destroy;
  return TRUE;
}

static gboolean
handle_call (KarezPeers *peers, const char *topic, KarezCallFunc func, gpointer data,
             GDestroyNotify destroy, GError **error)
{
  return add (HUB_SCOPED_PEERS (peers), HANDLES_CALL, topic, G_CALLBACK (func), data, destroy,
              error);
}

static gboolean
handle_post (KarezPeers *peers, const char *topic, KarezPostFunc func, gpointer data,
             GDestroyNotify destroy, GError **error)
{
  return add (HUB_SCOPED_PEERS (peers), HANDLES_POST, topic, G_CALLBACK (func), data, destroy,
              error);
}

static gboolean
serve_feed (KarezPeers *peers, const char *feed, KarezFeedFunc func, gpointer data,
            GDestroyNotify destroy, GError **error)
{
  return add (HUB_SCOPED_PEERS (peers), SERVES_FEED, feed, G_CALLBACK (func), data, destroy, error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubScopedPeers *self = g_task_get_source_object (task);
  GError *error = NULL;
  gboolean pulled = g_str_equal (g_task_get_name (task), "pull");
  JsonNode *node = pulled ? karez_peers_pull_finish (KAREZ_PEERS (source), result, &error)
                          : karez_peers_call_finish (KAREZ_PEERS (source), result, &error);

  /* The plugin's callback runs in here. */
  hub_runner_enter (self->runner, "answer");
  if (node != NULL)
    g_task_return_pointer (task, node, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
  hub_runner_leave (self->runner);
}

static void
call_async (KarezPeers *peers, const char *peer, const char *topic, JsonNode *body,
            guint timeout_ms, GCancellable *cancellable, GAsyncReadyCallback callback,
            gpointer data)
{
  HubScopedPeers *self = HUB_SCOPED_PEERS (peers);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (JsonNode) owned = body;
  GError *error = NULL;

  g_task_set_source_tag (task, call_async);
  g_task_set_name (task, "call");
  if (!check_topic (self, topic, &error))
    g_task_return_error (task, error);
  else
    karez_peers_call_async (self->peers, peer, topic, g_steal_pointer (&owned), timeout_ms,
                            cancellable, on_answer, g_steal_pointer (&task));
}

static void
pull_async (KarezPeers *peers, const char *peer, const char *feed, const char *cursor, guint limit,
            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  HubScopedPeers *self = HUB_SCOPED_PEERS (peers);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, call_async);
  g_task_set_name (task, "pull");
  if (!check_topic (self, feed, &error))
    g_task_return_error (task, error);
  else
    karez_peers_pull_async (self->peers, peer, feed, cursor, limit, cancellable, on_answer,
                            g_steal_pointer (&task));
}

static JsonNode *
answer_finish (KarezPeers *peers, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, peers), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static JsonNode *
list (KarezPeers *peers)
{
  return karez_peers_list (HUB_SCOPED_PEERS (peers)->peers);
}

static KarezPeerState
get_state (KarezPeers *peers, const char *peer)
{
  return karez_peers_get_state (HUB_SCOPED_PEERS (peers)->peers, peer);
}

static void
on_changed (KarezPeers *peers, const char *peer, HubScopedPeers *self)
{
  if (!self->open)
    return;
  hub_runner_enter (self->runner, "peer-changed");
  g_signal_emit_by_name (self, "changed", peer);
  hub_runner_leave (self->runner);
}

static void
peers_iface_init (KarezPeersInterface *iface)
{
  iface->call_async = call_async;
  iface->call_finish = answer_finish;
  iface->pull_async = pull_async;
  iface->pull_finish = answer_finish;
  iface->handle_call = handle_call;
  iface->handle_post = handle_post;
  iface->serve_feed = serve_feed;
  iface->list = list;
  iface->get_state = get_state;
}

void
hub_scoped_peers_set_open (HubScopedPeers *self, gboolean open)
{
  GHashTableIter iter;
  gpointer handler;

  self->open = open;
  if (open)
    return;
  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &handler))
    handler_clear (handler);
}

HubScopedPeers *
hub_scoped_peers_new (KarezPeers *peers, HubRunner *runner, const char *prefix)
{
  HubScopedPeers *self = g_object_new (HUB_TYPE_SCOPED_PEERS, NULL);

  self->peers = g_object_ref (peers);
  self->open = TRUE;
  self->changed = g_signal_connect (peers, "changed", G_CALLBACK (on_changed), self);
  self->runner = g_object_ref (runner);
  self->prefix = g_strdup (prefix);
  return self;
}

static void
hub_scoped_peers_finalize (GObject *object)
{
  HubScopedPeers *self = HUB_SCOPED_PEERS (object);

  g_clear_signal_handler (&self->changed, self->peers);
  hub_scoped_peers_set_open (self, FALSE);
  g_hash_table_unref (self->known);
  g_clear_object (&self->peers);
  g_clear_object (&self->runner);
  g_free (self->prefix);

  G_OBJECT_CLASS (hub_scoped_peers_parent_class)->finalize (object);
}

static void
hub_scoped_peers_class_init (HubScopedPeersClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_scoped_peers_finalize;
}

static void
hub_scoped_peers_init (HubScopedPeers *self)
{
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, handler_unref);
}
