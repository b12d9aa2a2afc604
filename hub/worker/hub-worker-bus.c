/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker's side of the private bus. */
#include "hub-worker-bus.h"

#include "hub-bus-error.h"
#include "hub-bus.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-names.h"
#include "hub-session-machine.h"

#include <gio/gunixfdlist.h>

#define RECONNECT_MS 50
#define HELLO_MS 5000
/* A hub that says nothing for so long is not there, whatever its socket does. */
#define SILENCE_US (5 * G_USEC_PER_SEC)
#define ABANDONED_US (24 * G_TIME_SPAN_HOUR)
/* Records on their way at once. */
#define WINDOW 64
#define MAX_MESSAGE (64 * 1024)

struct _HubWorkerBus
{
  GObject parent_instance;

  HubLiveSession *session;
  HubConnector *connector;
  char *id, *token;
  GDBusConnection *connection;
  HubBusWorker1 *skeleton;
  guint64 incarnation; /* the newest seen */
  gboolean welcome;    /* Hello was answered on this connection */
  gboolean connecting;
  gboolean warned; /* that it cannot connect */
  gint64 heard_at;
  guint64 sent;      /* the last record sent on this connection */
  guint64 forgotten; /* the last that the hub has */
  guint tick_source, second_source;
  gboolean ended;
};

G_DEFINE_FINAL_TYPE (HubWorkerBus, hub_worker_bus, G_TYPE_OBJECT)

enum
{
  DONE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubWorkerBus) self = data;

  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_signal_emit (self, signals[DONE], 0);
}

static void
end (HubWorkerBus *self, const char *why)
{
  if (self->ended)
    return;
  self->ended = TRUE;
  hub_notice ("worker", self->id, "The worker ends: %s.", why);
  /* The hub is to have the answers of its calls before it sees the connection end. */
  if (self->connection != NULL)
    g_dbus_connection_flush (self->connection, NULL, on_flushed, g_object_ref (self));
  else
    g_signal_emit (self, signals[DONE], 0);
}

static void
end_if_over (HubWorkerBus *self)
{
  if (!self->welcome || !hub_live_session_is_finished (self->session))
    return;
  hub_live_session_clean (self->session);
  end (self, "the session is over and kept");
}

/* Refuses an older hub; a newer one has said so by its first call. Each handler begins with it: the
 * skeleton's own signal for this is emitted in a thread, and the calls that follow lose their
 * order.
 */
static gboolean
obey (HubWorkerBus *self, GDBusMethodInvocation *invocation, guint64 incarnation)
{
  if (incarnation < self->incarnation)
    {
      g_dbus_method_invocation_return_dbus_error (invocation, HUB_BUS_ERROR_STALE,
                                                  "a newer hub process has this worker");
      return FALSE;
    }
  self->incarnation = incarnation;
  self->heard_at = hub_clock_monotonic ();
  return TRUE;
}

static void
send_records (HubWorkerBus *self)
{
  guint64 next = hub_live_session_next_record (self->session, self->sent + 1);

  while (self->welcome && next && next <= self->forgotten + WINDOW)
    {
      g_autoptr (JsonNode) record = hub_live_session_get_record (self->session, next);
      JsonObject *object = record != NULL ? json_node_get_object (record) : NULL;
      g_autofree char *actor = object != NULL
                                   ? karez_json_print (json_object_get_member (object, "actor"))
                                   : NULL;
      g_autofree char *body = object != NULL
                                  ? karez_json_print (json_object_get_member (object, "body"))
                                  : NULL;

      if (object != NULL)
        hub_bus_worker1_emit_record (self->skeleton, next, karez_json_text (object, "action"),
                                     actor, body);
      self->sent = next;
      next = hub_live_session_next_record (self->session, next + 1);
    }
}

/* Handlers of org.karez.Worker1. */

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GDBusMethodInvocation) invocation = data;
  g_autoptr (GError) error = NULL;

  if (hub_live_session_finish (HUB_LIVE_SESSION (source), result, &error))
    g_dbus_method_invocation_return_value (g_object_ref (invocation), NULL);
  else
    hub_bus_return_error (g_object_ref (invocation), error);
}

/* The document @text, or the call is answered with what is wrong. */
static JsonNode *
read_document (GDBusMethodInvocation *invocation, const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = hub_bus_parse (text, &error);

  if (node == NULL)
    hub_bus_return_error (invocation, error);
  return node;
}

/* Answers the call with @document, or with @error. */
static void
return_document (GDBusMethodInvocation *invocation, JsonNode *document, GError *error)
{
  g_autofree char *text = document != NULL ? karez_json_print (document) : NULL;

  if (text != NULL)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", text));
  else
    hub_bus_return_error (invocation, error);
}

static gboolean
on_prepare (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
            const char *text, HubWorkerBus *self)
{
  g_autoptr (JsonNode) node = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  node = read_document (invocation, text);
  if (node != NULL)
    hub_live_session_prepare_async (self->session, node, on_done, g_object_ref (invocation));
  return TRUE;
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GDBusMethodInvocation) invocation = data;
  HubLiveSession *session = HUB_LIVE_SESSION (source);
  const HubLiveMoved *moved = hub_live_session_get_moved (session, result);
  g_autoptr (GError) error = NULL;

  if (!hub_live_session_finish (session, result, &error))
    {
      hub_bus_return_error (g_object_ref (invocation), error);
      return;
    }
  g_dbus_method_invocation_return_value (
      g_object_ref (invocation),
      g_variant_new ("(stt)", karez_state_name (moved->state), moved->sequence, moved->asked));
}

static gboolean
on_move (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
         const char *edge, const char *reason, const char *actor_text, guint64 seen, guint64 ask,
         HubWorkerBus *self)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (KarezActor) actor = NULL;
  g_autoptr (GError) error = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  node = read_document (invocation, actor_text);
  if (node == NULL)
    return TRUE;
  actor = karez_actor_from_json (node, &error);
  if (actor != NULL)
    hub_live_session_move_async (self->session, edge, *reason ? reason : NULL, actor, seen, ask,
                                 on_moved, g_object_ref (invocation));
  else
    hub_bus_return_error (invocation, error);
  return TRUE;
}

static gboolean
on_keep (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
         HubWorkerBus *self)
{
  if (!obey (self, invocation, incarnation))
    return TRUE;
  hub_live_session_keep_async (self->session, on_done, g_object_ref (invocation));
  return TRUE;
}

static void
on_preflight_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GDBusMethodInvocation) invocation = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode)
      checks = hub_live_session_preflight_finish (HUB_LIVE_SESSION (source), result, &error);

  return_document (g_object_ref (invocation), checks, error);
}

static gboolean
on_preflight (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
              HubWorkerBus *self)
{
  if (!obey (self, invocation, incarnation))
    return TRUE;
  hub_live_session_preflight_async (self->session, on_preflight_done, g_object_ref (invocation));
  return TRUE;
}

static gboolean
on_join (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
         const char *text, HubWorkerBus *self)
{
  g_autoptr (JsonNode) node = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  node = read_document (invocation, text);
  if (node != NULL)
    hub_live_session_join_async (self->session, node, on_done, g_object_ref (invocation));
  return TRUE;
}

static gboolean
on_leave (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
          const char *participant, const char *reason, HubWorkerBus *self)
{
  if (!obey (self, invocation, incarnation))
    return TRUE;
  hub_live_session_leave_async (self->session, participant, reason, on_done,
                                g_object_ref (invocation));
  return TRUE;
}

static gboolean
on_revoke (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
           const char *account, HubWorkerBus *self)
{
  if (!obey (self, invocation, incarnation))
    return TRUE;
  hub_live_session_revoke (self->session, account);
  hub_bus_worker1_complete_revoke (skeleton, invocation);
  return TRUE;
}

static gboolean
on_message (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
            const char *participant, const char *text, HubWorkerBus *self)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  if (strlen (text) > MAX_MESSAGE)
    {
      karez_error_set (&error, KAREZ_ERROR_TOO_LARGE, "session/message", N_ ("at most 64 KiB"),
                       N_ ("The message is too long."));
      hub_bus_return_error (invocation, error);
      return TRUE;
    }
  node = read_document (invocation, text);
  if (node != NULL)
    hub_live_session_message_async (self->session, participant, node, on_done,
                                    g_object_ref (invocation));
  return TRUE;
}

static gboolean
on_echo (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
         const char *text, HubWorkerBus *self)
{
  g_autoptr (JsonNode) offer = NULL;
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GError) error = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  offer = read_document (invocation, text);
  if (offer == NULL)
    return TRUE;
  answer = hub_live_session_echo (self->session, offer, &error);
  return_document (invocation, answer, error);
  return TRUE;
}

static gboolean
on_get_endpoint (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
                 HubWorkerBus *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) endpoint = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  endpoint = hub_live_session_get_endpoint (self->session, &error);
  return_document (invocation, endpoint, error);
  return TRUE;
}

static gboolean
on_connect (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
            const char *text, HubWorkerBus *self)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  node = read_document (invocation, text);
  if (node == NULL)
    return TRUE;
  if (hub_live_session_connect (self->session, node, &error))
    hub_bus_worker1_complete_connect (skeleton, invocation);
  else
    hub_bus_return_error (invocation, error);
  return TRUE;
}

static gboolean
on_mirror (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
           const char *text, HubWorkerBus *self)
{
  g_autoptr (JsonNode) node = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  node = read_document (invocation, text);
  if (node != NULL)
    hub_live_session_mirror_async (self->session, node, on_done, g_object_ref (invocation));
  return TRUE;
}

static gboolean
on_recorded (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
             guint64 sequence, HubWorkerBus *self)
{
  if (!obey (self, invocation, incarnation))
    return TRUE;
  hub_live_session_forget_records (self->session, sequence);
  self->forgotten = MAX (self->forgotten, sequence);
  hub_bus_worker1_complete_recorded (skeleton, invocation);
  send_records (self);
  end_if_over (self);
  return TRUE;
}

static gboolean
on_ping (HubBusWorker1 *skeleton, GDBusMethodInvocation *invocation, guint64 incarnation,
         HubWorkerBus *self)
{
  g_autoptr (JsonNode) snapshot = NULL;

  if (!obey (self, invocation, incarnation))
    return TRUE;
  snapshot = hub_live_session_get_snapshot (self->session);
  return_document (invocation, snapshot, NULL);
  return TRUE;
}

/* What the session tells. */

static void
on_state_changed (HubLiveSession *session, HubWorkerBus *self)
{
  const char *reason = hub_live_session_get_reason (session);
  g_autoptr (JsonNode) actor = karez_actor_to_json (hub_live_session_get_actor (session));
  g_autofree char *text = karez_json_print (actor);

  if (self->welcome)
    hub_bus_worker1_emit_state_changed (
        self->skeleton, karez_state_name (hub_live_session_get_state (session)),
        hub_live_session_get_sequence (session), reason != NULL ? reason : "", text);
}

static void
on_send (HubLiveSession *session, const char *participant, JsonNode *body, HubWorkerBus *self)
{
  g_autofree char *text = karez_json_print (body);

  if (strlen (text) > MAX_MESSAGE * 4)
    hub_warning ("worker", self->id, "A message of %" G_GSIZE_FORMAT " bytes to a page is dropped.",
                 strlen (text));
  else if (self->welcome)
    hub_bus_worker1_emit_send (self->skeleton, participant, text);
}

static void
on_record (HubLiveSession *session, guint64 sequence, HubWorkerBus *self)
{
  send_records (self);
}

/* The connection. */

static void
drop_connection (HubWorkerBus *self)
{
  self->welcome = FALSE;
  if (self->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->connection, self);
      g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
      g_dbus_connection_close (self->connection, NULL, NULL, NULL);
    }
  g_clear_object (&self->connection);
}

static void
on_closed (GDBusConnection *connection, gboolean vanished, GError *error, HubWorkerBus *self)
{
  hub_notice ("worker", self->id, "The hub is away; the session goes on.");
  hub_live_session_hub_away (self->session);
  drop_connection (self);
}

static void
on_hello (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubWorkerBus) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), NULL, result, &error);
  guint64 incarnation = 0;

  if (G_DBUS_CONNECTION (source) != self->connection)
    return;
  if (reply == NULL)
    {
      gboolean refused = g_dbus_error_is_remote_error (error);
      g_autoptr (GError) said = hub_bus_read_error (g_steal_pointer (&error));

      drop_connection (self);
      /* Only a refusal by rule ends the worker; a hub that is not ready yet is asked again. */
      if (refused && karez_error_is_denied (said))
        end (self, "the hub has another worker for this session");
      return;
    }
  g_variant_get (reply, "(t)", &incarnation);
  if (incarnation < self->incarnation)
    {
      hub_warning ("worker", self->id, "A hub of an older incarnation answered; it is not obeyed.");
      drop_connection (self);
      return;
    }
  self->incarnation = incarnation;
  self->heard_at = hub_clock_monotonic ();
  self->welcome = TRUE;
  self->sent = self->forgotten;
  send_records (self);
  end_if_over (self);
}

static void
on_authenticated (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubWorkerBus) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) process = g_unix_fd_list_new ();
  g_autoptr (JsonNode) snapshot = NULL;
  g_autofree char *text = NULL;

  self->connecting = FALSE;
  self->connection = g_dbus_connection_new_finish (result, &error);
  if (self->connection == NULL)
    return;
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton),
                                         self->connection, HUB_WORKER_BUS_PATH, &error))
    {
      hub_warning ("worker", self->id, "%s", error->message);
      drop_connection (self);
      return;
    }
  g_dbus_connection_start_message_processing (self->connection);
  snapshot = hub_live_session_get_snapshot (self->session);
  text = karez_json_print (snapshot);
  self->heard_at = hub_clock_monotonic ();
  g_unix_fd_list_append (process, hub_connector_get_process (self->connector), NULL);
  g_dbus_connection_call_with_unix_fd_list (
      self->connection, NULL, HUB_BUS_PATH, HUB_BUS_NAME, "Hello",
      g_variant_new ("(sss)", self->id, self->token, text), G_VARIANT_TYPE ("(t)"),
      G_DBUS_CALL_FLAGS_NONE, HELLO_MS, process, NULL, on_hello, g_object_ref (self));
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubWorkerBus) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection)
      stream = hub_connector_connect_finish (HUB_CONNECTOR (source), result, &error);

  if (stream != NULL)
    g_dbus_connection_new (G_IO_STREAM (stream), NULL,
                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                               | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                           NULL, NULL, on_authenticated, g_object_ref (self));
  else
    self->connecting = FALSE;
  /* A hub that is not there is nothing to tell of; anything else is, and once. */
  if (error == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) || self->warned)
    return;
  self->warned = TRUE;
  hub_warning ("worker", self->id, "The worker cannot connect to its hub: %s", error->message);
}

static gboolean
on_tick (gpointer data)
{
  HubWorkerBus *self = data;
  gint64 silence = hub_clock_monotonic () - self->heard_at;

  if (self->connection != NULL && silence > SILENCE_US)
    {
      hub_warning ("worker", self->id, "The hub says nothing; the worker looks for another.");
      drop_connection (self);
    }
  if (self->connection == NULL && silence > ABANDONED_US
      && !hub_state_is_live (hub_live_session_get_state (self->session)))
    end (self, "no hub came for a day");
  if (self->connection != NULL || self->connecting || self->ended)
    return G_SOURCE_CONTINUE;
  self->connecting = TRUE;
  hub_connector_connect_async (self->connector, on_connected, g_object_ref (self));
  return G_SOURCE_CONTINUE;
}

static gboolean
on_second (gpointer data)
{
  HubWorkerBus *self = data;
  g_autoptr (JsonNode) statistics = NULL;
  g_autofree char *text = NULL;

  end_if_over (self);
  if (!self->welcome || !hub_live_session_has_local (self->session))
    return G_SOURCE_CONTINUE;
  statistics = hub_live_session_get_statistics (self->session);
  text = karez_json_print (statistics);
  hub_bus_worker1_emit_statistics (self->skeleton, text);
  return G_SOURCE_CONTINUE;
}

HubWorkerBus *
hub_worker_bus_new (HubLiveSession *session, const char *id, HubConnector *connector,
                    const char *token)
{
  HubWorkerBus *self = g_object_new (HUB_TYPE_WORKER_BUS, NULL);

  self->session = g_object_ref (session);
  self->id = g_strdup (id);
  self->connector = g_object_ref (connector);
  self->token = g_strdup (token);
  self->heard_at = hub_clock_monotonic ();
  self->skeleton = hub_bus_worker1_skeleton_new ();
  g_object_connect (
      self->skeleton, "signal::handle-prepare", on_prepare, self, "signal::handle-move", on_move,
      self, "signal::handle-keep", on_keep, self, "signal::handle-preflight", on_preflight, self,
      "signal::handle-join", on_join, self, "signal::handle-leave", on_leave, self,
      "signal::handle-revoke", on_revoke, self, "signal::handle-message", on_message, self,
      "signal::handle-echo", on_echo, self, "signal::handle-get-endpoint", on_get_endpoint, self,
      "signal::handle-connect", on_connect, self, "signal::handle-mirror", on_mirror, self,
      "signal::handle-recorded", on_recorded, self, "signal::handle-ping", on_ping, self, NULL);
  g_object_connect (session, "signal::state-changed", on_state_changed, self, "signal::send",
                    on_send, self, "signal::recorded", on_record, self, NULL);
  return self;
}

void
hub_worker_bus_start (HubWorkerBus *self)
{
  self->tick_source = g_timeout_add (RECONNECT_MS, on_tick, self);
  self->second_source = g_timeout_add_seconds (1, on_second, self);
  on_tick (self);
}

static void
hub_worker_bus_dispose (GObject *object)
{
  HubWorkerBus *self = HUB_WORKER_BUS (object);

  g_clear_handle_id (&self->tick_source, g_source_remove);
  g_clear_handle_id (&self->second_source, g_source_remove);
  drop_connection (self);
  if (self->skeleton != NULL)
    g_signal_handlers_disconnect_by_data (self->skeleton, self);
  if (self->session != NULL)
    g_signal_handlers_disconnect_by_data (self->session, self);
  g_clear_object (&self->skeleton);
  g_clear_object (&self->session);
  g_clear_object (&self->connector);

  G_OBJECT_CLASS (hub_worker_bus_parent_class)->dispose (object);
}

static void
hub_worker_bus_finalize (GObject *object)
{
  HubWorkerBus *self = HUB_WORKER_BUS (object);

  g_free (self->id);
  g_free (self->token);

  G_OBJECT_CLASS (hub_worker_bus_parent_class)->finalize (object);
}

static void
hub_worker_bus_class_init (HubWorkerBusClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_worker_bus_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_worker_bus_finalize;

  signals[DONE] = g_signal_new ("done", HUB_TYPE_WORKER_BUS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
}

static void
hub_worker_bus_init (HubWorkerBus *self)
{
}
