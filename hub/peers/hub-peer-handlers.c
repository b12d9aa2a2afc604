/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who answers which topic of a peer, with a deadline. */
#include "hub-peer-handlers.h"

#include "hub-catalogue.h"
#include "hub-log.h"

#include <string.h>

#define FEED_MOST 1000

typedef enum
{
  KIND_CALL,
  KIND_POST,
  KIND_FEED,
  N_KINDS
} Kind;

struct _HubPeerHandlers
{
  GObject parent_instance;
  GHashTable *handlers[N_KINDS]; /* name -> Handler */
  HubPeerPluginFunc is_plugins;
  gpointer plugins_data;
};

G_DEFINE_FINAL_TYPE (HubPeerHandlers, hub_peer_handlers, G_TYPE_OBJECT)

typedef struct
{
  int references;
  GCallback func;
  gpointer data;
  GDestroyNotify destroy;
} Handler;

static void
handler_unref (gpointer data)
{
  Handler *handler = data;

  if (--handler->references > 0)
    return;
  if (handler->destroy != NULL)
    handler->destroy (handler->data);
  g_free (handler);
}

/* One handler at work. Whoever comes first, its end or the deadline, answers. */
typedef struct
{
  int references;
  Handler *handler;
  GTask *outer; /* NULL once it has returned */
  GCancellable *cancellable;
  guint timer;
  Kind kind;
} Run;

static void
run_unref (Run *run)
{
  if (--run->references > 0)
    return;
  g_clear_handle_id (&run->timer, g_source_remove);
  g_clear_object (&run->outer);
  g_object_unref (run->cancellable);
  handler_unref (run->handler);
  g_free (run);
}

static void
hub_peer_handlers_finalize (GObject *object)
{
  HubPeerHandlers *self = HUB_PEER_HANDLERS (object);

  for (guint i = 0; i < N_KINDS; i++)
    g_hash_table_unref (self->handlers[i]);
  G_OBJECT_CLASS (hub_peer_handlers_parent_class)->finalize (object);
}

static void
hub_peer_handlers_class_init (HubPeerHandlersClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_peer_handlers_finalize;
}

static void
hub_peer_handlers_init (HubPeerHandlers *self)
{
  for (guint i = 0; i < N_KINDS; i++)
    self->handlers[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, handler_unref);
}

HubPeerHandlers *
hub_peer_handlers_new (void)
{
  return g_object_new (HUB_TYPE_PEER_HANDLERS, NULL);
}

gboolean
hub_peer_topic_is_valid (const char *topic)
{
  gsize length = strlen (topic);

  return length >= 1 && length <= 64
         && strspn (topic, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length;
}

char *
hub_peer_topic_owner (const char *topic)
{
  return g_strndup (topic, strcspn (topic, "."));
}

static gboolean
add (HubPeerHandlers *self, Kind kind, const char *name, GCallback func, gpointer data,
     GDestroyNotify destroy, GError **error)
{
  Handler *handler;

  if (!hub_peer_topic_is_valid (name))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/topic",
                            N_ ("1 to 64 of the characters a-z, 0-9, . and -"),
                            N_ ("This is not a topic: %s"), name);
  if (g_hash_table_contains (self->handlers[kind], name))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/topic-taken", NULL,
                            N_ ("The topic has a handler already: %s"), name);
  handler = g_new0 (Handler, 1);
  handler->references = 1;
  handler->func = func;
  handler->data = data;
  handler->destroy = destroy;
  g_hash_table_insert (self->handlers[kind], g_strdup (name), handler);
  return TRUE;
}

gboolean
hub_peer_handlers_add_call (HubPeerHandlers *self, const char *topic, KarezCallFunc func,
                            gpointer data, GDestroyNotify destroy, GError **error)
{
  return add (self, KIND_CALL, topic, G_CALLBACK (func), data, destroy, error);
}

gboolean
hub_peer_handlers_add_post (HubPeerHandlers *self, const char *topic, KarezPostFunc func,
                            gpointer data, GDestroyNotify destroy, GError **error)
{
  return add (self, KIND_POST, topic, G_CALLBACK (func), data, destroy, error);
}

gboolean
hub_peer_handlers_add_feed (HubPeerHandlers *self, const char *feed, KarezFeedFunc func,
                            gpointer data, GDestroyNotify destroy, GError **error)
{
  return add (self, KIND_FEED, feed, G_CALLBACK (func), data, destroy, error);
}

void
hub_peer_handlers_set_plugin_check (HubPeerHandlers *self, HubPeerPluginFunc func, gpointer data)
{
  self->is_plugins = func;
  self->plugins_data = data;
}

static gboolean
is_nobody (const GError *error)
{
  return g_strcmp0 (karez_error_get_rule (error), "peers/no-handler") == 0;
}

gboolean
hub_peer_handlers_may_help_later (const GError *error)
{
  return karez_error_is_unavailable (error) || karez_error_is_busy (error)
         || karez_error_is_timeout (error) || is_nobody (error)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

gboolean
hub_peer_handlers_must_park (HubPeerHandlers *self, const char *topic, const GError *error)
{
  if (error != NULL && !hub_peer_handlers_may_help_later (error))
    return FALSE;
  return !g_hash_table_contains (self->handlers[KIND_POST], topic)
         || (self->is_plugins != NULL && self->is_plugins (topic, self->plugins_data));
}

GError *
hub_peer_handlers_no_checkpoint (const char *topic)
{
  hub_critical ("peers", topic,
                "The handler finished a message without karez_transaction_applied().");
  return karez_error_new (KAREZ_ERROR_FAILED, "peers/no-checkpoint", NULL,
                          N_ ("The handler of %s did not record that it applied the message"),
                          topic);
}

static gboolean
on_deadline (gpointer data)
{
  Run *run = data;
  g_autoptr (GTask) outer = g_steal_pointer (&run->outer);

  run->timer = 0;
  g_cancellable_cancel (run->cancellable);
  if (outer != NULL)
    g_task_return_error (outer, karez_error_new (KAREZ_ERROR_TIMEOUT, "peers/handler-deadline",
                                                 NULL, N_ ("The hub did not finish this in time")));
  return G_SOURCE_REMOVE;
}

static void
on_handled (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  g_autoptr (GTask) outer = g_steal_pointer (&run->outer);
  GError *error = NULL;
  JsonNode *answer = NULL;

  g_clear_handle_id (&run->timer, g_source_remove);
  if (run->kind == KIND_POST)
    {
      if (g_task_propagate_boolean (G_TASK (result), &error))
        answer = json_node_new (JSON_NODE_NULL);
    }
  else
    {
      answer = g_task_propagate_pointer (G_TASK (result), &error);
      if (answer == NULL && error == NULL)
        answer = json_node_new (JSON_NODE_NULL);
    }
  if (answer == NULL && error == NULL)
    error = karez_error_new (KAREZ_ERROR_FAILED, "peers/handler", NULL,
                             N_ ("The handler failed without saying why"));
  if (outer == NULL) /* too late */
    {
      g_clear_pointer (&answer, json_node_unref);
      g_clear_error (&error);
    }
  else if (answer != NULL)
    g_task_return_pointer (outer, answer, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (outer, error);
  run_unref (run);
}

/* Begins a run of @name's handler. Returns: the task to give to it, or NULL after an error was
 * returned on @outer (transfer full). */
static GTask *
begin_run (HubPeerHandlers *self, Kind kind, const char *name, guint timeout_ms, GTask *outer,
           Handler **handler)
{
  Run *run;

  *handler = g_hash_table_lookup (self->handlers[kind], name);
  if (*handler == NULL)
    {
      g_task_return_error (outer,
                           karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/no-handler", NULL,
                                            N_ ("This hub has nothing that answers to %s"), name));
      g_object_unref (outer);
      return NULL;
    }
  run = g_new0 (Run, 1);
  run->references = 1;
  run->handler = *handler;
  run->handler->references++;
  run->outer = outer;
  run->cancellable = g_cancellable_new ();
  run->kind = kind;
  run->timer = g_timeout_add (timeout_ms, on_deadline, run);
  return g_task_new (NULL, run->cancellable, on_handled, run);
}

/* Answers a request with what its handler returned. */
static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeerRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *answer = g_task_propagate_pointer (G_TASK (result), &error);

  if (answer != NULL)
    hub_peer_request_answer (request, answer);
  else
    hub_peer_request_fail (request, error);
}

void
hub_peer_handlers_run_call (HubPeerHandlers *self, KarezMessage *message, HubPeerRequest *request)
{
  guint timeout = MIN (hub_peer_request_get_timeout (request), HUB_PEER_TIMEOUT_CALL);
  GTask *outer = g_task_new (self, NULL, on_answer, hub_peer_request_ref (request));
  Handler *handler;
  GTask *task;

  task = begin_run (self, KIND_CALL, karez_message_get_topic (message), timeout, outer, &handler);
  if (task != NULL)
    ((KarezCallFunc) handler->func) (message, task, handler->data);
}

static const KarezJsonField feed_fields[] = {
  { "cursor", KAREZ_JSON_TEXT, FALSE, 1, 500, NULL },
  { "limit", KAREZ_JSON_INTEGER, TRUE, 1, FEED_MOST, NULL },
  { NULL },
};

void
hub_peer_handlers_run_feed (HubPeerHandlers *self, const char *peer, const char *name,
                            HubPeerRequest *request)
{
  guint timeout = MIN (hub_peer_request_get_timeout (request), HUB_PEER_TIMEOUT_CALL);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object = hub_peer_request_check (request, feed_fields, &node);
  Handler *handler;
  GTask *outer, *task;

  if (object == NULL)
    return;
  outer = g_task_new (self, NULL, on_answer, hub_peer_request_ref (request));
  task = begin_run (self, KIND_FEED, name, timeout, outer, &handler);
  if (task != NULL)
    ((KarezFeedFunc) handler->func) (peer, karez_json_text (object, "cursor"),
                                     karez_json_integer (object, "limit", 1), task, handler->data);
}

void
hub_peer_handlers_run_post_async (HubPeerHandlers *self, KarezMessage *message, guint timeout_ms,
                                  GAsyncReadyCallback callback, gpointer data)
{
  GTask *outer = g_task_new (self, NULL, callback, data);
  Handler *handler;
  GTask *task;

  g_task_set_source_tag (outer, hub_peer_handlers_run_post_async);
  task = begin_run (self, KIND_POST, karez_message_get_topic (message), timeout_ms, outer,
                    &handler);
  if (task != NULL)
    ((KarezPostFunc) handler->func) (message, task, handler->data);
}

gboolean
hub_peer_handlers_run_post_finish (HubPeerHandlers *self, GAsyncResult *result, GError **error)
{
  g_autoptr (JsonNode) node = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_handlers_run_post_async), FALSE);

  node = g_task_propagate_pointer (G_TASK (result), error);
  return node != NULL;
}
