/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a booking by the end of its session. */
#include "hub-agenda-private.h"
#include "hub-catalogue.h"

typedef struct
{
  KarezTransaction *transaction;
  char *booking;
} Completion;

static void
completion_free (gpointer data)
{
  Completion *completion = data;

  g_clear_object (&completion->transaction);
  g_free (completion->booking);
  g_free (completion);
}

static void
on_completion_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (JsonNode) booking = NULL;
  GError *error = NULL;

  booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  if (booking == NULL)
    g_task_return_error (task, error);
  else if (g_strcmp0 (karez_json_text (json_node_get_object (booking), "state"), "completed") == 0)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "agenda/state",
                                                N_ ("A booking that is confirmed"),
                                                N_ ("Only a confirmed booking is completed")));
}

static void
on_completed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubAgenda *self = g_task_get_source_object (task);
  Completion *completion = g_task_get_task_data (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (completion->transaction, result, &error))
    {
      hub_agenda_emit_changed (self, completion->booking);
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
  else if (g_strcmp0 (karez_error_get_rule (error), "agenda/state") == 0)
    {
      g_error_free (error);
      karez_agenda_get_booking_async (KAREZ_AGENDA (self), completion->booking,
                                      g_task_get_cancellable (task), on_completion_read, task);
    }
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

static void
on_complete_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Completion *completion = g_task_get_task_data (task);
  const char *from[] = { "confirmed", NULL };
  GError *error = NULL;
  g_autoptr (JsonNode)
      seen = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  JsonObject *booking;

  if (seen == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  booking = json_node_get_object (seen);
  karez_transaction_about (completion->transaction, completion->booking,
                           karez_json_text (booking, "patient"));
  karez_transaction_run_one (
      completion->transaction, "agenda/state", N_ ("The booking's state does not allow this"),
      "booking_move", "(ss^asmsmsss)", completion->booking, "completed", from, NULL, NULL,
      karez_json_text (booking, "requester"), karez_json_text (booking, "provider"));
  karez_transaction_run (completion->transaction, "claim_shorten", "(s)", completion->booking);
  karez_transaction_event (completion->transaction, "booking.complete", "booking",
                           completion->booking, NULL);
  karez_transaction_commit_async (completion->transaction, g_task_get_cancellable (task),
                                  on_completed, task);
}

void
hub_agenda_complete_async (HubAgenda *self, const char *booking, KarezActor *actor,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  Completion *completion = g_new0 (Completion, 1);

  g_task_set_source_tag (task, hub_agenda_complete_async);
  g_task_set_task_data (task, completion, completion_free);
  completion->transaction = karez_store_begin (hub_agenda_scope (self), actor);
  completion->booking = g_strdup (booking);
  karez_agenda_get_booking_async (KAREZ_AGENDA (self), booking, cancellable, on_complete_booking,
                                  task);
}

gboolean
hub_agenda_complete_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_agenda_complete_async), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
