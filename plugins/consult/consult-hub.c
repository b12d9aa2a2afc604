/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this plugin was granted of its hub. */
#include "consult-hub.h"

#include <glib/gi18n.h>

ConsultHub *
consult_hub_new (KarezContext *context, GError **error)
{
  KarezStore *store = karez_context_get_store (context, error);
  KarezAudit *audit = store != NULL ? karez_context_get_audit (context, error) : NULL;
  KarezAgenda *agenda = audit != NULL ? karez_context_get_agenda (context, error) : NULL;
  KarezPeers *peers = agenda != NULL ? karez_context_get_peers (context, error) : NULL;
  ConsultHub *self;

  if (peers == NULL)
    return NULL;
  self = g_rc_box_new0 (ConsultHub);
  self->id = g_strdup (karez_context_get_hub_id (context));
  self->store = g_object_ref (store);
  self->audit = g_object_ref (audit);
  self->agenda = g_object_ref (agenda);
  self->peers = g_object_ref (peers);
  return self;
}

ConsultHub *
consult_hub_ref (ConsultHub *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  ConsultHub *self = data;

  g_free (self->id);
  g_object_unref (self->store);
  g_object_unref (self->audit);
  g_object_unref (self->agenda);
  g_object_unref (self->peers);
}

void
consult_hub_unref (ConsultHub *self)
{
  g_rc_box_release_full (self, clear);
}

KarezTransaction *
consult_hub_begin (ConsultHub *self)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_HUB, "consult", "Video consultation", NULL, NULL, NULL);

  return karez_store_begin (self->store, actor);
}

gboolean
consult_hub_post (ConsultHub *self, KarezTransaction *transaction, const char *peer, KarezLane lane,
                  const char *topic, JsonNode *body)
{
  if (!karez_peers_is_paired (self->peers, peer))
    {
      json_node_unref (body);
      return FALSE;
    }
  karez_transaction_post (transaction, peer, lane, topic, body);
  return TRUE;
}

const char *
consult_booking_text (JsonNode *booking, const char *name)
{
  return karez_json_text (json_node_get_object (booking), name);
}

gboolean
consult_booking_check_open (JsonNode *booking, GError **error)
{
  static const char *const open[] = { "requested", "confirmed", NULL };

  return g_strv_contains (open, consult_booking_text (booking, "state"))
         || karez_error_set (error, KAREZ_ERROR_CONFLICT, "consult/over",
                             N_ ("a booking that is requested or confirmed"),
                             N_ ("This consultation is over or was called off"));
}

gboolean
consult_booking_was_called_off (JsonNode *booking)
{
  static const char *const ends[] = { "declined", "cancelled", NULL };

  return g_strv_contains (ends, consult_booking_text (booking, "state"));
}

KarezLane
consult_booking_lane (JsonNode *booking)
{
  return g_str_equal (consult_booking_text (booking, "urgency"), "T0") ? KAREZ_LANE_EMERGENCY
                                                                       : KAREZ_LANE_AGENDA;
}

/* A post on its way into the database. */
typedef struct
{
  ConsultHub *hub;
  KarezMessage *message;
  KarezActor *person;
  ConsultSide side;
  ConsultPostFunc fill;
  ConsultAppliedFunc applied;
  gpointer data;
} Arrival;

static void
arrival_free (gpointer data)
{
  Arrival *self = data;

  consult_hub_unref (self->hub);
  karez_message_unref (self->message);
  g_clear_pointer (&self->person, karez_actor_unref);
  g_free (self);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Arrival *arrival = g_task_get_task_data (task);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (arrival->applied != NULL)
    arrival->applied (arrival->data);
  g_task_return_boolean (task, TRUE);
}

static gboolean
check_side (const Arrival *arrival, JsonNode *booking, GError **error)
{
  gboolean asks = arrival->side == CONSULT_FROM_REQUESTER;
  const char *requester = consult_booking_text (booking, "requester");
  const char *provider = consult_booking_text (booking, "provider");
  const char *peer = karez_message_get_peer (arrival->message);

  if (g_str_equal (asks ? requester : provider, peer)
      && g_str_equal (asks ? provider : requester, arrival->hub->id))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "consult/side",
                          asks ? N_ ("a message of the hospital that asks")
                               : N_ ("a message of the hospital that was asked"),
                          N_ ("The other hospital has no such part in this consultation"));
}

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Arrival *arrival = g_task_get_task_data (task);
  JsonObject *body = json_node_get_object (karez_message_get_body (arrival->message));
  GError *error = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);

  if (booking != NULL && check_side (arrival, booking, &error))
    {
      transaction = karez_message_begin (arrival->message, arrival->hub->store, arrival->person);
      karez_transaction_about (transaction, consult_booking_text (booking, "id"),
                               consult_booking_text (booking, "patient"));
      arrival->fill (arrival->hub, transaction, body, arrival->person, booking, &error);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    karez_transaction_commit_async (transaction, NULL, on_applied, g_steal_pointer (&task));
}

void
consult_hub_apply (ConsultHub *self, KarezMessage *message, const KarezJsonField *fields,
                   ConsultSide side, ConsultPostFunc fill, ConsultAppliedFunc applied,
                   gpointer data, GTask *task)
{
  g_autoptr (GTask) owned = task;
  Arrival *arrival = g_new0 (Arrival, 1);
  GError *error = NULL;
  JsonObject *body = karez_json_check (karez_message_get_body (message), fields, &error);

  arrival->hub = consult_hub_ref (self);
  arrival->message = karez_message_ref (message);
  arrival->side = side;
  arrival->fill = fill;
  arrival->applied = applied;
  arrival->data = data;
  if (body != NULL)
    arrival->person = karez_message_get_person (message, json_object_get_member (body, "actor"),
                                                &error);
  g_task_set_task_data (task, arrival, arrival_free);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    karez_agenda_get_booking_async (self->agenda, karez_json_text (body, "booking"), NULL,
                                    on_booking, g_steal_pointer (&owned));
}
