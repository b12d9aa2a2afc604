/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dead letters: posts that are refused for good keep none behind them waiting. */
#include "hub-peer-parking-private.h"

#include "hub-log.h"

#define NO_ROOM_MS 1000

typedef struct
{
  KarezMessage *message;
  char *id, *body, *reason, *rule;
  gboolean kept;
} DeadLetter;

static void
dead_letter_free (gpointer data)
{
  DeadLetter *letter = data;

  karez_message_unref (letter->message);
  g_free (letter->id);
  g_free (letter->body);
  g_free (letter->reason);
  g_free (letter->rule);
  g_free (letter);
}

static gboolean
on_dead_letter_rested (gpointer data)
{
  g_task_return_boolean (data, TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_dead_letter (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  DeadLetter *letter = g_task_get_task_data (task);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_error (task, error);
  else if (letter->kept)
    g_task_return_boolean (task, TRUE);
  else
    g_timeout_add_full (G_PRIORITY_DEFAULT, NO_ROOM_MS, on_dead_letter_rested,
                        g_steal_pointer (&task), g_object_unref);
}

static void
write_dead_letter (GTask *task, DeadLetter *letter)
{
  HubPeerParking *self = g_task_get_source_object (task);
  KarezMessage *message = letter->message;
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->scope, self->actor);
  g_autofree char *row = hub_peer_parking_make_row (message);
  JsonNode *details = hub_peer_parking_describe (message, letter->id, letter->rule);

  json_object_set_boolean_member (json_node_get_object (details), "kept", letter->kept);
  if (letter->kept)
    karez_transaction_run (transaction, "dead_letter_add", "(sixsss)",
                           karez_message_get_peer (message), (int) karez_message_get_lane (message),
                           karez_message_get_sequence (message), karez_message_get_topic (message),
                           letter->body, letter->reason);
  karez_transaction_event (transaction, "message.dead-letter", "karez.inbox_dead_letter", row,
                           details);
  karez_transaction_applied (transaction, message);
  karez_transaction_commit_async (transaction, NULL, on_dead_letter, task);
}

static void
on_dead_letter_room (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeerParking *self = g_task_get_source_object (task);
  DeadLetter *letter = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autofree char *row = hub_peer_parking_make_row (letter->message);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  letter->kept = karez_rows_integer (rows, 0, "messages") < self->max_dead_letters
                 && karez_rows_integer (rows, 0, "bytes") < HUB_DEAD_LETTER_BYTES;
  hub_warning ("peers", karez_message_get_peer (letter->message),
               letter->kept
                   ? "Message %s of topic %s is the dead letter %s of karez.inbox_dead_letter: %s"
                   : "Message %s of topic %s, %s, is not kept: this hub has too many "
                     "dead letters: %s",
               letter->id, karez_message_get_topic (letter->message), row, letter->reason);
  write_dead_letter (task, letter);
}

void
hub_peer_parking_add_dead_letter_async (HubPeerParking *self, KarezMessage *message, const char *id,
                                        const char *body, const GError *why,
                                        GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  DeadLetter *letter = g_new0 (DeadLetter, 1);

  g_task_set_source_tag (task, hub_peer_parking_add_dead_letter_async);
  letter->message = karez_message_ref (message);
  letter->id = g_strdup (id);
  letter->body = g_strdup (body);
  letter->reason = g_strdup (why->message);
  letter->rule = g_strdup (karez_error_get_rule (why));
  g_task_set_task_data (task, letter, dead_letter_free);
  karez_store_query_async (self->scope, "dead_letter_room",
                           g_variant_new ("(s)", karez_message_get_peer (message)), NULL,
                           on_dead_letter_room, task);
}

gboolean
hub_peer_parking_add_dead_letter_finish (HubPeerParking *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_parking_add_dead_letter_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
