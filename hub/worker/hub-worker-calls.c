/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the hub asks of its worker by the private bus. */
#include "hub-worker-bus-private.h"

#include "hub-bus-error.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-names.h"

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
  if (strlen (text) > HUB_WORKER_MAX_MESSAGE)
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
  hub_worker_bus_send_records (self);
  hub_worker_bus_end_if_over (self);
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

void
hub_worker_bus_take_calls (HubWorkerBus *self)
{
  g_object_connect (
      self->skeleton, "signal::handle-prepare", on_prepare, self, "signal::handle-move", on_move,
      self, "signal::handle-keep", on_keep, self, "signal::handle-preflight", on_preflight, self,
      "signal::handle-join", on_join, self, "signal::handle-leave", on_leave, self,
      "signal::handle-revoke", on_revoke, self, "signal::handle-message", on_message, self,
      "signal::handle-echo", on_echo, self, "signal::handle-get-endpoint", on_get_endpoint, self,
      "signal::handle-connect", on_connect, self, "signal::handle-mirror", on_mirror, self,
      "signal::handle-recorded", on_recorded, self, "signal::handle-ping", on_ping, self, NULL);
}
