/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker as its hub sees it, over their private D-Bus connection. */
#include "hub-worker-proxy.h"

#include "hub-bus-error.h"
#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-names.h"

#define PREPARE_MS 15000
#define PREFLIGHT_MS 12000
#define MOVE_MS 8000
#define CALL_MS 4000
#define PING_MS 500
#define PING_MISSES 3

struct _HubWorkerProxy
{
  GObject parent_instance;

  GDBusConnection *connection;
  char *session;
  guint64 incarnation;
  int pid;
  guint signal_id, ping_source;
  guint missed;
  gboolean lost;
};

G_DEFINE_FINAL_TYPE (HubWorkerProxy, hub_worker_proxy, G_TYPE_OBJECT)

enum
{
  STATE_CHANGED,
  SEND,
  RECORD,
  STATISTICS,
  SNAPSHOT,
  CLOSED,
  LOST,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
lose (HubWorkerProxy *self, guint signal, const char *reason)
{
  g_autoptr (HubWorkerProxy) alive = g_object_ref (self);

  if (self->lost)
    return;
  self->lost = TRUE;
  g_clear_handle_id (&self->ping_source, g_source_remove);
  g_signal_emit (self, signals[signal], 0, reason);
}

/* Calls. */

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant)
      reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  const char *name = g_task_get_name (task);
  const char *text = NULL;
  guint64 sequence = 0, asked = 0;
  JsonNode *node = NULL;

  if (reply == NULL)
    {
      gboolean older = g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);

      /* It was on record when that worker answered the move. */
      if (older && g_str_equal (name, "Keep"))
        {
          g_error_free (error);
          g_task_return_pointer (task, karez_json_object ("done", "b", TRUE, NULL),
                                 (GDestroyNotify) json_node_unref);
          return;
        }
      g_task_return_error (task, hub_bus_read_error (error));
      return;
    }
  if (g_str_equal (name, "Move"))
    {
      g_variant_get (reply, "(&stt)", &text, &sequence, &asked);
      node = karez_json_object ("state", "s", text, "sequence", "i", (gint64) sequence, "asked",
                                "i", (gint64) asked, NULL);
    }
  else if (g_variant_is_of_type (reply, G_VARIANT_TYPE ("(s)")))
    {
      g_variant_get (reply, "(&s)", &text);
      node = hub_bus_parse (text, &error);
    }
  else
    node = karez_json_object ("done", "b", TRUE, NULL);
  if (node != NULL)
    g_task_return_pointer (task, node, (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

static void
call (HubWorkerProxy *self, const char *method, GVariant *params, guint timeout_ms,
      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (GVariant) owned = g_variant_ref_sink (params);

  g_task_set_source_tag (task, hub_worker_proxy_finish);
  g_task_set_name (task, method);
  if (g_variant_get_size (owned) > HUB_BUS_MAX_BYTES)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_TOO_LARGE, "worker/size",
                                                N_ ("at most 1 MiB"),
                                                N_ ("This is too much for one message to the "
                                                    "session's worker.")));
  else
    g_dbus_connection_call (self->connection, NULL, HUB_WORKER_BUS_PATH, HUB_WORKER_BUS_NAME,
                            method, owned, NULL, G_DBUS_CALL_FLAGS_NONE, timeout_ms, cancellable,
                            on_answer, g_steal_pointer (&task));
}

JsonNode *
hub_worker_proxy_finish (HubWorkerProxy *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_worker_proxy_finish), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
call_document (HubWorkerProxy *self, const char *method, JsonNode *node, guint timeout_ms,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *text = karez_json_print (node);

  call (self, method, g_variant_new ("(ts)", self->incarnation, text), timeout_ms, cancellable,
        callback, data);
}

void
hub_worker_proxy_prepare_async (HubWorkerProxy *self, JsonNode *session, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data)
{
  call_document (self, "Prepare", session, PREPARE_MS, cancellable, callback, data);
}

void
hub_worker_proxy_move_async (HubWorkerProxy *self, const char *edge, const char *reason,
                             KarezActor *actor, guint64 seen, guint64 ask,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (JsonNode) node = karez_actor_to_json (actor);
  g_autofree char *text = karez_json_print (node);

  call (self, "Move",
        g_variant_new ("(tssstt)", self->incarnation, edge, reason != NULL ? reason : "", text,
                       seen, ask),
        MOVE_MS, NULL, callback, data);
}

void
hub_worker_proxy_keep_async (HubWorkerProxy *self, GAsyncReadyCallback callback, gpointer data)
{
  call (self, "Keep", g_variant_new ("(t)", self->incarnation), MOVE_MS, NULL, callback, data);
}

void
hub_worker_proxy_preflight_async (HubWorkerProxy *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data)
{
  call (self, "Preflight", g_variant_new ("(t)", self->incarnation), PREFLIGHT_MS, cancellable,
        callback, data);
}

void
hub_worker_proxy_join_async (HubWorkerProxy *self, JsonNode *participant, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  call_document (self, "Join", participant, CALL_MS, cancellable, callback, data);
}

void
hub_worker_proxy_leave_async (HubWorkerProxy *self, const char *participant, const char *reason,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data)
{
  call (self, "Leave",
        g_variant_new ("(tss)", self->incarnation, participant, reason != NULL ? reason : ""),
        CALL_MS, cancellable, callback, data);
}

void
hub_worker_proxy_revoke_async (HubWorkerProxy *self, const char *account, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  call (self, "Revoke", g_variant_new ("(ts)", self->incarnation, account), CALL_MS, cancellable,
        callback, data);
}

void
hub_worker_proxy_message_async (HubWorkerProxy *self, const char *participant, JsonNode *body,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer data)
{
  g_autofree char *text = karez_json_print (body);

  call (self, "Message", g_variant_new ("(tss)", self->incarnation, participant, text), CALL_MS,
        cancellable, callback, data);
}

void
hub_worker_proxy_echo_async (HubWorkerProxy *self, JsonNode *offer, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  call_document (self, "Echo", offer, CALL_MS, cancellable, callback, data);
}

void
hub_worker_proxy_get_endpoint_async (HubWorkerProxy *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer data)
{
  call (self, "GetEndpoint", g_variant_new ("(t)", self->incarnation), CALL_MS, cancellable,
        callback, data);
}

void
hub_worker_proxy_connect_async (HubWorkerProxy *self, JsonNode *endpoint, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data)
{
  call_document (self, "Connect", endpoint, CALL_MS, cancellable, callback, data);
}

void
hub_worker_proxy_mirror_async (HubWorkerProxy *self, JsonNode *state, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  call_document (self, "Mirror", state, CALL_MS, cancellable, callback, data);
}

void
hub_worker_proxy_recorded (HubWorkerProxy *self, guint64 sequence)
{
  call (self, "Recorded", g_variant_new ("(tt)", self->incarnation, sequence), CALL_MS, NULL, NULL,
        NULL);
}

void
hub_worker_proxy_ping_async (HubWorkerProxy *self, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  call (self, "Ping", g_variant_new ("(t)", self->incarnation), PING_MS, cancellable, callback,
        data);
}

/* The heartbeat. */

static void
on_pong (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubWorkerProxy) self = HUB_WORKER_PROXY (g_object_ref (source));
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) snapshot = hub_worker_proxy_finish (self, result, &error);

  if (self->lost)
    return;
  if (snapshot != NULL)
    {
      self->missed = 0;
      g_signal_emit (self, signals[SNAPSHOT], 0, snapshot);
      return;
    }
  if (g_strcmp0 (karez_error_get_rule (error), "worker/stale") == 0)
    {
      hub_warning ("worker", self->session, "The worker obeys a newer hub; this one lets it go.");
      hub_worker_proxy_close (self);
      return;
    }
  hub_warning ("worker", self->session, "A heartbeat failed: %s", error->message);
  if (++self->missed >= PING_MISSES)
    lose (self, LOST, "it did not answer three heartbeats");
}

static gboolean
on_ping_due (gpointer data)
{
  hub_worker_proxy_ping_async (data, NULL, on_pong, NULL);
  return G_SOURCE_CONTINUE;
}

void
hub_worker_proxy_start_heartbeat (HubWorkerProxy *self)
{
  if (!self->ping_source && !self->lost)
    self->ping_source = g_timeout_add (PING_MS, on_ping_due, self);
}

/* What the worker tells. */

static void
tell_record (HubWorkerProxy *self, GVariant *params)
{
  guint64 sequence = 0;
  const char *action, *actor_text, *body_text;
  g_autoptr (JsonNode) actor = NULL;
  g_autoptr (JsonNode) body = NULL;
  g_autoptr (JsonNode) record = NULL;

  g_variant_get (params, "(t&s&s&s)", &sequence, &action, &actor_text, &body_text);
  actor = hub_bus_parse (actor_text, NULL);
  body = hub_bus_parse (body_text, NULL);
  record = karez_json_object ("action", "s", action, "actor", "n", g_steal_pointer (&actor), "body",
                              "n", g_steal_pointer (&body), NULL);
  g_signal_emit (self, signals[RECORD], 0, sequence, record);
}

static void
tell_state (HubWorkerProxy *self, GVariant *params)
{
  guint64 sequence = 0;
  const char *state, *reason, *actor_text;
  g_autoptr (JsonNode) node = NULL;

  g_variant_get (params, "(&st&s&s)", &state, &sequence, &reason, &actor_text);
  node = karez_json_object ("state", "s", state, "sequence", "i", (gint64) sequence, "reason", "s",
                            *reason ? reason : NULL, "actor", "n", hub_bus_parse (actor_text, NULL),
                            NULL);
  g_signal_emit (self, signals[STATE_CHANGED], 0, node);
}

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *name, GVariant *params, gpointer data)
{
  g_autoptr (HubWorkerProxy) self = g_object_ref (data);
  const char *participant = NULL, *text = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (self->lost)
    return;
  if (g_str_equal (name, "Record") && g_variant_is_of_type (params, G_VARIANT_TYPE ("(tsss)")))
    tell_record (self, params);
  else if (g_str_equal (name, "StateChanged")
           && g_variant_is_of_type (params, G_VARIANT_TYPE ("(stss)")))
    tell_state (self, params);
  else if (g_str_equal (name, "Send") && g_variant_is_of_type (params, G_VARIANT_TYPE ("(ss)")))
    {
      g_variant_get (params, "(&s&s)", &participant, &text);
      node = hub_bus_parse (text, NULL);
      if (node != NULL)
        g_signal_emit (self, signals[SEND], 0, participant, node);
    }
  else if (g_str_equal (name, "Statistics")
           && g_variant_is_of_type (params, G_VARIANT_TYPE ("(s)")))
    {
      g_variant_get (params, "(&s)", &text);
      node = hub_bus_parse (text, NULL);
      if (node != NULL)
        g_signal_emit (self, signals[STATISTICS], 0, node);
    }
}

static void
on_closed (GDBusConnection *connection, gboolean vanished, GError *error, HubWorkerProxy *self)
{
  lose (self, CLOSED, "its connection closed");
}

HubWorkerProxy *
hub_worker_proxy_new (GDBusConnection *connection, const char *session, guint64 incarnation,
                      int pid)
{
  HubWorkerProxy *self = g_object_new (HUB_TYPE_WORKER_PROXY, NULL);

  self->connection = g_object_ref (connection);
  self->session = g_strdup (session);
  self->incarnation = incarnation;
  self->pid = pid;
  self->signal_id = g_dbus_connection_signal_subscribe (
      connection, NULL, HUB_WORKER_BUS_NAME, NULL, HUB_WORKER_BUS_PATH, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), self);
  return self;
}

const char *
hub_worker_proxy_get_session (HubWorkerProxy *self)
{
  return self->session;
}

int
hub_worker_proxy_get_pid (HubWorkerProxy *self)
{
  return self->pid;
}

void
hub_worker_proxy_close (HubWorkerProxy *self)
{
  self->lost = TRUE;
  g_clear_handle_id (&self->ping_source, g_source_remove);
  if (!g_dbus_connection_is_closed (self->connection))
    g_dbus_connection_close (self->connection, NULL, NULL, NULL);
}

static void
hub_worker_proxy_dispose (GObject *object)
{
  HubWorkerProxy *self = HUB_WORKER_PROXY (object);

  g_clear_handle_id (&self->ping_source, g_source_remove);
  if (self->connection != NULL)
    {
      if (self->signal_id)
        g_dbus_connection_signal_unsubscribe (self->connection, self->signal_id);
      self->signal_id = 0;
      g_signal_handlers_disconnect_by_data (self->connection, self);
    }
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (hub_worker_proxy_parent_class)->dispose (object);
}

static void
hub_worker_proxy_finalize (GObject *object)
{
  g_free (HUB_WORKER_PROXY (object)->session);

  G_OBJECT_CLASS (hub_worker_proxy_parent_class)->finalize (object);
}

static void
hub_worker_proxy_class_init (HubWorkerProxyClass *klass)
{
  GType type = HUB_TYPE_WORKER_PROXY;
  GType node = JSON_TYPE_NODE | G_SIGNAL_TYPE_STATIC_SCOPE;

  G_OBJECT_CLASS (klass)->dispose = hub_worker_proxy_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_worker_proxy_finalize;

  signals[STATE_CHANGED] = g_signal_new ("state-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, node);
  signals[SEND] = g_signal_new ("send", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                2, G_TYPE_STRING, node);
  signals[RECORD] = g_signal_new ("record", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 2, G_TYPE_UINT64, node);
  signals[STATISTICS] = g_signal_new ("statistics", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                      G_TYPE_NONE, 1, node);
  signals[SNAPSHOT] = g_signal_new ("snapshot", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                    G_TYPE_NONE, 1, node);
  signals[CLOSED] = g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[LOST] = g_signal_new ("lost", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                1, G_TYPE_STRING);
}

static void
hub_worker_proxy_init (HubWorkerProxy *self)
{
}
