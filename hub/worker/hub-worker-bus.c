/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker's side of the private bus. */
#include "hub-worker-bus-private.h"

#include "hub-bus-error.h"
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

void
hub_worker_bus_end_if_over (HubWorkerBus *self)
{
  if (!self->welcome || !hub_live_session_is_finished (self->session))
    return;
  hub_live_session_clean (self->session);
  end (self, "the session is over and kept");
}

void
hub_worker_bus_send_records (HubWorkerBus *self)
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

  if (strlen (text) > HUB_WORKER_MAX_MESSAGE * 4)
    hub_warning ("worker", self->id, "A message of %" G_GSIZE_FORMAT " bytes to a page is dropped.",
                 strlen (text));
  else if (self->welcome)
    hub_bus_worker1_emit_send (self->skeleton, participant, text);
}

static void
on_record (HubLiveSession *session, guint64 sequence, HubWorkerBus *self)
{
  hub_worker_bus_send_records (self);
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
  hub_worker_bus_send_records (self);
  hub_worker_bus_end_if_over (self);
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

  hub_worker_bus_end_if_over (self);
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
  hub_worker_bus_take_calls (self);
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
