/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Posts about a booking, on their way into the database. */
#define KAREZ_INSIDE
#include "karez-arrival.h"

#include "hub-catalogue.h"

typedef struct
{
  const KarezArrival *arrival;
  KarezContext *context;
  KarezStore *store;
  GObject *owner;
  KarezMessage *message;
  KarezActor *person;
} Applying;

static void
applying_free (gpointer data)
{
  Applying *self = data;

  g_object_unref (self->context);
  g_object_unref (self->store);
  g_object_unref (self->owner);
  karez_message_unref (self->message);
  g_clear_pointer (&self->person, karez_actor_unref);
  g_free (self);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Applying *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->arrival->applied != NULL)
    self->arrival->applied (self->owner);
  g_task_return_boolean (task, TRUE);
}

static const char *
booking_text (JsonNode *booking, const char *name)
{
  return karez_json_text (json_node_get_object (booking), name);
}

static gboolean
check_side (const Applying *self, JsonNode *booking, GError **error)
{
  const char *requester = booking_text (booking, "requester");
  const char *provider = booking_text (booking, "provider");
  const char *peer = karez_message_get_peer (self->message);
  const char *hub = karez_context_get_hub_id (self->context);
  KarezSide side = self->arrival->side;
  gboolean asked = g_strcmp0 (requester, peer) == 0 && g_strcmp0 (provider, hub) == 0;
  gboolean answered = g_strcmp0 (provider, peer) == 0 && g_strcmp0 (requester, hub) == 0;
  g_autofree char *rule = NULL;

  if ((asked && side != KAREZ_SIDE_PROVIDER) || (answered && side != KAREZ_SIDE_REQUESTER))
    return TRUE;
  rule = g_strconcat (karez_context_get_plugin_id (self->context), "/side", NULL);
  return karez_error_set (error, KAREZ_ERROR_DENIED, rule,
                          side == KAREZ_SIDE_REQUESTER ? N_ ("a message of the hospital that asks")
                          : side == KAREZ_SIDE_PROVIDER
                              ? N_ ("a message of the hospital that was asked")
                              : N_ ("a message of the booking’s other hospital"),
                          N_ ("The other hospital has no such part in this booking"));
}

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Applying *self = g_task_get_task_data (task);
  JsonObject *body = json_node_get_object (karez_message_get_body (self->message));
  GError *error = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (JsonNode)
      booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);

  if (booking != NULL && check_side (self, booking, &error))
    {
      transaction = karez_message_begin (self->message, self->store, self->person);
      karez_transaction_about (transaction, booking_text (booking, "id"),
                               booking_text (booking, "patient"));
      self->arrival->fill (self->owner, transaction, body, self->person, booking, &error);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    karez_transaction_commit_async (transaction, NULL, on_applied, g_steal_pointer (&task));
}

void
karez_message_apply (KarezMessage *self, const KarezArrival *arrival, KarezContext *context,
                     KarezStore *store, gpointer owner, GTask *task)
{
  g_autoptr (GTask) owned = task;
  Applying *applying = NULL;
  KarezAgenda *agenda = NULL;
  JsonObject *body = NULL;
  GError *error = NULL;

  g_return_if_fail (self != NULL);
  g_return_if_fail (arrival != NULL && arrival->fill != NULL);
  g_return_if_fail (KAREZ_IS_CONTEXT (context));
  g_return_if_fail (KAREZ_IS_STORE (store));
  g_return_if_fail (G_IS_OBJECT (owner));

  applying = g_new0 (Applying, 1);
  applying->arrival = arrival;
  applying->context = g_object_ref (context);
  applying->store = g_object_ref (store);
  applying->owner = g_object_ref (owner);
  applying->message = karez_message_ref (self);
  g_task_set_task_data (task, applying, applying_free);
  body = karez_json_check (karez_message_get_body (self), arrival->fields, &error);
  if (body != NULL)
    applying->person = karez_message_get_person (self, json_object_get_member (body, "actor"),
                                                 &error);
  agenda = error == NULL ? karez_context_get_agenda (context, &error) : NULL;
  if (agenda == NULL)
    g_task_return_error (task, error);
  else
    karez_agenda_get_booking_async (agenda, karez_json_text (body, "booking"), NULL, on_booking,
                                    g_steal_pointer (&owned));
}
