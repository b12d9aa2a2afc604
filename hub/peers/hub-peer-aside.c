/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Posts that are put aside: refused for good, they keep none behind them waiting. */
#include "hub-peer-parking-private.h"

#include "hub-log.h"

#define NO_ROOM_MS 1000

typedef struct
{
  KarezMessage *message;
  char *id, *body, *reason, *rule;
  gboolean kept;
} Aside;

static void
aside_free (gpointer data)
{
  Aside *aside = data;

  karez_message_unref (aside->message);
  g_free (aside->id);
  g_free (aside->body);
  g_free (aside->reason);
  g_free (aside->rule);
  g_free (aside);
}

static gboolean
on_aside_rested (gpointer data)
{
  g_task_return_boolean (data, TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_aside (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Aside *aside = g_task_get_task_data (task);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_error (task, error);
  else if (aside->kept)
    g_task_return_boolean (task, TRUE);
  else
    g_timeout_add_full (G_PRIORITY_DEFAULT, NO_ROOM_MS, on_aside_rested, g_steal_pointer (&task),
                        g_object_unref);
}

static void
write_aside (GTask *task, Aside *aside)
{
  HubPeerParking *self = g_task_get_source_object (task);
  KarezMessage *message = aside->message;
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->scope, self->actor);
  g_autofree char *row = hub_peer_parking_make_row (message);
  JsonNode *details = hub_peer_parking_describe (message, aside->id, aside->rule);

  json_object_set_boolean_member (json_node_get_object (details), "kept", aside->kept);
  if (aside->kept)
    karez_transaction_run (transaction, "aside_message", "(sixsss)",
                           karez_message_get_peer (message), (int) karez_message_get_lane (message),
                           karez_message_get_sequence (message), karez_message_get_topic (message),
                           aside->body, aside->reason);
  karez_transaction_event (transaction, "message.aside", "karez.inbox_aside", row, details);
  karez_transaction_applied (transaction, message);
  karez_transaction_commit_async (transaction, NULL, on_aside, task);
}

static void
on_aside_room (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeerParking *self = g_task_get_source_object (task);
  Aside *aside = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autofree char *row = hub_peer_parking_make_row (aside->message);

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  aside->kept = karez_rows_integer (rows, 0, "messages") < self->max_aside
                && karez_rows_integer (rows, 0, "bytes") < HUB_ASIDE_BYTES;
  hub_warning ("peers", karez_message_get_peer (aside->message),
               aside->kept ? "Message %s of topic %s is put aside as %s of karez.inbox_aside: %s"
                           : "Message %s of topic %s, %s, is not kept, since too many of this hub "
                             "are put aside: %s",
               aside->id, karez_message_get_topic (aside->message), row, aside->reason);
  write_aside (task, aside);
}

void
hub_peer_parking_put_aside_async (HubPeerParking *self, KarezMessage *message, const char *id,
                                  const char *body, const GError *why, GAsyncReadyCallback callback,
                                  gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  Aside *aside = g_new0 (Aside, 1);

  g_task_set_source_tag (task, hub_peer_parking_put_aside_async);
  aside->message = karez_message_ref (message);
  aside->id = g_strdup (id);
  aside->body = g_strdup (body);
  aside->reason = g_strdup (why->message);
  aside->rule = g_strdup (karez_error_get_rule (why));
  g_task_set_task_data (task, aside, aside_free);
  karez_store_query_async (self->scope, "aside_room",
                           g_variant_new ("(s)", karez_message_get_peer (message)), NULL,
                           on_aside_room, task);
}

gboolean
hub_peer_parking_put_aside_finish (HubPeerParking *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_parking_put_aside_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
