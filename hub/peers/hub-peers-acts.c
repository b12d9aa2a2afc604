/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is recorded of pairings and peers, and what is revoked. */
#include "hub-peers-private.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-peer-restore.h"

/* Pairing */

typedef struct
{
  HubPeers *peers;
  HubPairing *pairing;
} Pin;

static void
on_pinned (GObject *source, GAsyncResult *result, gpointer data)
{
  Pin *pin = data;
  g_autoptr (HubPeers) self = pin->peers;
  g_autoptr (HubPairing) pairing = pin->pairing;
  const char *id = hub_pairing_get_other_hub (pairing);
  g_autoptr (GError) error = NULL;
  gboolean good = karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error);

  g_free (pin);
  if (good && !g_cancellable_is_cancelled (self->cancellable))
    {
      g_autoptr (HubPeer) peer = hub_peer_new (
          self->identity, id, hub_pairing_get_other_names (pairing),
          hub_pairing_get_other_key (pairing), hub_pairing_get_address (pairing));
      HubPeersEntry *old = g_hash_table_lookup (self->entries, id);

      if (old != NULL)
        hub_peers_cut_entry (self, old);
      hub_notice ("peers", id, "%s is paired.", hub_peer_get_name (peer));
      hub_peer_heartbeat_beat (hub_peers_add_entry (self, peer)->heartbeat);
      g_signal_emit_by_name (self, "changed", id);
    }
  hub_pairings_pinned (self->pairings, pairing, error);
}

static void
pin_pairing (HubPairing *pairing, KarezActor *actor, gpointer data)
{
  HubPeers *self = data;
  const char *id = hub_pairing_get_other_hub (pairing);
  g_autoptr (KarezTransaction) transaction = karez_store_begin (self->scope, actor);
  g_autofree char *names = karez_json_print (hub_pairing_get_other_names (pairing));
  Pin *pin = g_new0 (Pin, 1);

  pin->peers = g_object_ref (self);
  pin->pairing = g_object_ref (pairing);
  karez_transaction_run (transaction, "forget_greeting", "(s)", id);
  /* It was unpaired, and both administrators have compared the key that it has now. */
  karez_transaction_run (transaction, "forget_rekeyed", "(ss)", id,
                         hub_pairing_get_other_key (pairing));
  karez_transaction_run_one (transaction, "peers/known-otherwise",
                             N_ ("A hub with this id is paired under another key"), "pair_peer",
                             "(sssmss)", id, names, hub_pairing_get_other_key (pairing),
                             hub_pairing_get_address (pairing), karez_actor_get_id (actor));
  karez_transaction_event (transaction, "peer.pair", "peer", id,
                           karez_json_object ("pairing", "s", hub_pairing_get_id (pairing), "key",
                                              "s", hub_pairing_get_other_key (pairing), "address",
                                              "s", hub_pairing_get_address (pairing), NULL));
  karez_transaction_commit_async (transaction, self->cancellable, on_pinned, pin);
}

static gboolean
is_paired (const char *key, gpointer data)
{
  return hub_peers_find_by_key (data, key) != NULL;
}

/* Who is paired keeps its key. One that is not any more may come with another: its hospital has
 * lost it, or somebody else has it; the administrators are told (is_rekeyed). */
static gboolean
check_known (const char *key, const char *hub, gpointer data, GError **error)
{
  HubPeers *self = data;
  GHashTableIter iter;
  HubPeersEntry *entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    {
      gboolean same_id = g_str_equal (hub_peer_get_id (entry->peer), hub);
      gboolean same_key = g_str_equal (hub_peer_get_key (entry->peer), key);

      if (same_id && !same_key && hub_peer_get_state (entry->peer) != HUB_PEER_STATE_REVOKED)
        return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/known-otherwise",
                                N_ ("The end of that pairing, at both hospitals, once its hospital "
                                    "has said why its key is another"),
                                N_ ("A hub with this id is paired under another key"));
      if (same_key && !same_id)
        return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/known-otherwise",
                                N_ ("The id under which the hub is known"),
                                N_ ("A hub with this key is known under another id"));
    }
  return TRUE;
}

static gboolean
is_rekeyed (const char *key, const char *hub, gpointer data)
{
  HubPeers *self = data;
  HubPeersEntry *entry = g_hash_table_lookup (self->entries, hub);

  return entry != NULL && !g_str_equal (hub_peer_get_key (entry->peer), key);
}

static void
on_unpinned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!hub_peers_unpair_finish (HUB_PEERS (source), result, &error))
    hub_warning ("peers", NULL, "A pairing that the other hub could not write down stays: %s",
                 error->message);
}

static void
unpin_pairing (HubPairing *pairing, gpointer data)
{
  HubPeers *self = data;
  HubPeersEntry *entry = hub_peers_find_by_key (self, hub_pairing_get_other_key (pairing));
  g_autoptr (KarezTransaction) transaction = NULL;

  if (entry == NULL)
    return;
  transaction = karez_store_begin (self->scope, self->actor);
  hub_peers_unpair_async (self, transaction, hub_peer_get_id (entry->peer), on_unpinned, NULL);
}

const HubPairingsHooks hub_peers_pairings_hooks = { is_paired, check_known, is_rekeyed, pin_pairing,
                                                    unpin_pairing };

/* What administrators do */

static void
on_unpaired (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeers *self = g_task_get_source_object (task);
  HubPeersEntry *entry = g_hash_table_lookup (self->entries, g_task_get_task_data (task));
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      if (entry != NULL)
        entry->revoking = FALSE;
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

gboolean
hub_peers_is_revoked (HubPeers *self, const char *peer)
{
  HubPeersEntry *entry = g_hash_table_lookup (self->entries, peer);

  return entry != NULL && hub_peer_get_state (entry->peer) == HUB_PEER_STATE_REVOKED;
}

void
hub_peers_unpair_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                        GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  HubPeersEntry *entry;

  g_return_if_fail (HUB_IS_PEERS (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, hub_peers_unpair_async);
  g_task_set_task_data (task, g_strdup (peer), g_free);
  entry = g_hash_table_lookup (self->entries, peer);
  if (entry == NULL
      || (hub_peer_get_state (entry->peer) == HUB_PEER_STATE_REVOKED && !entry->revoking))
    {
      g_task_return_error (task, hub_peers_not_paired (peer));
      g_object_unref (task);
      return;
    }
  entry->revoking = TRUE;
  hub_peers_cut_entry (self, entry);
  karez_transaction_run_one (transaction, "peers/not-paired",
                             N_ ("This hub is not paired any more"), "unpair_peer", "(ss)", peer,
                             karez_actor_get_id (karez_transaction_get_actor (transaction)));
  karez_transaction_event (transaction, "peer.unpair", "peer", peer,
                           karez_json_object ("key", "s", hub_peer_get_key (entry->peer), NULL));
  karez_transaction_commit_async (transaction, NULL, on_unpaired, task);
}

gboolean
hub_peers_unpair_finish (HubPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_unpair_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeers *self = g_task_get_source_object (task);
  const char *peer = g_task_get_task_data (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      hub_peers_drop_entry (self, peer);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

void
hub_peers_forget_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                        GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  HubPeersEntry *entry;

  g_return_if_fail (HUB_IS_PEERS (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, hub_peers_forget_async);
  g_task_set_task_data (task, g_strdup (peer), g_free);
  entry = g_hash_table_lookup (self->entries, peer);
  if (entry == NULL)
    {
      g_task_return_error (task, hub_peers_not_paired (peer));
      g_object_unref (task);
      return;
    }
  karez_transaction_run (transaction, "forget_greeting", "(s)", peer);
  karez_transaction_run_one (transaction, "peers/still-paired",
                             N_ ("This hub is still paired; end the pairing first"), "forget_peer",
                             "(s)", peer);
  karez_transaction_event (transaction, "peer.forget", "peer", peer,
                           karez_json_object ("key", "s", hub_peer_get_key (entry->peer), NULL));
  karez_transaction_commit_async (transaction, NULL, on_forgotten, task);
}

gboolean
hub_peers_forget_finish (HubPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_forget_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

typedef struct
{
  char *peer, *address;
} Move;

static void
move_free (gpointer data)
{
  Move *move = data;

  g_free (move->peer);
  g_free (move->address);
  g_free (move);
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeers *self = g_task_get_source_object (task);
  Move *move = g_task_get_task_data (task);
  HubPeersEntry *entry = hub_peers_find (self, move->peer);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (entry != NULL)
    {
      hub_peer_set_address (entry->peer, move->address);
      hub_peer_heartbeat_beat (entry->heartbeat);
      g_signal_emit_by_name (self, "changed", move->peer);
    }
  g_task_return_boolean (task, TRUE);
}

void
hub_peers_move_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                      const char *address, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = NULL;
  HubPeersEntry *entry;
  GError *error = NULL;
  Move *move;

  g_return_if_fail (HUB_IS_PEERS (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, hub_peers_move_async);
  entry = hub_peers_find (self, peer);
  if (entry == NULL)
    error = hub_peers_not_paired (peer);
  if (entry == NULL || !hub_peer_client_check_address (address, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  move = g_new0 (Move, 1);
  move->peer = g_strdup (peer);
  move->address = g_strdup (address);
  g_task_set_task_data (task, move, move_free);
  karez_transaction_run_one (transaction, "peers/not-paired",
                             N_ ("This hub is not paired any more"), "move_peer", "(ss)", peer,
                             address);
  karez_transaction_event (transaction, "peer.move", "peer", peer,
                           karez_json_object ("address", "s", address, "before", "s",
                                              hub_peer_get_address (entry->peer), NULL));
  karez_transaction_commit_async (transaction, NULL, on_moved, g_steal_pointer (&task));
}

gboolean
hub_peers_move_finish (HubPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_move_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_acknowledged (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_peer_restore_finish (HUB_PEER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
hub_peers_acknowledge_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                             GAsyncReadyCallback callback, gpointer data)
{
  GTask *task;
  HubPeersEntry *entry;

  g_return_if_fail (HUB_IS_PEERS (self));

  task = g_task_new (self, NULL, callback, data);
  g_task_set_source_tag (task, hub_peers_acknowledge_async);
  entry = hub_peers_find (self, peer);
  if (entry != NULL)
    hub_peer_restore_async (entry->peer, entry->heartbeat, transaction, self->cancellable,
                            on_acknowledged, task);
  else
    {
      g_task_return_error (task, hub_peers_not_paired (peer));
      g_object_unref (task);
    }
}

gboolean
hub_peers_acknowledge_finish (HubPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_acknowledge_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* What is parked */

typedef struct
{
  KarezTransaction *transaction;
  char *plugin;
} Retry;

static void
retry_free (gpointer data)
{
  Retry *retry = data;

  g_object_unref (retry->transaction);
  g_free (retry->plugin);
  g_free (retry);
}

static void
on_retry_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Retry *retry = g_task_get_task_data (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      hub_peers_deliver_parked (g_task_get_source_object (task), retry->plugin);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

static void
on_heads (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Retry *retry = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/parked", NULL,
                             N_ ("No message waits here for the plugin “%s”"), retry->plugin);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      const char *peer = karez_rows_text (rows, i, "peer");
      gint64 lane = karez_rows_integer (rows, i, "lane");
      gint64 sequence = karez_rows_integer (rows, i, "sequence");
      g_autofree char *row = g_strdup_printf ("%s/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, peer,
                                              lane, sequence);

      karez_transaction_event (retry->transaction, "message.deliver", "karez.inbox_parked", row,
                               karez_json_object ("plugin", "s", retry->plugin, "peer", "s", peer,
                                                  "lane", "i", lane, "sequence", "i", sequence,
                                                  "message", "s", karez_rows_text (rows, i, "id"),
                                                  "topic", "s", karez_rows_text (rows, i, "topic"),
                                                  "messages", "i",
                                                  karez_rows_integer (rows, i, "messages"), NULL));
    }
  karez_transaction_commit_async (retry->transaction, NULL, on_retry_recorded,
                                  g_steal_pointer (&task));
}

void
hub_peers_retry_parked_async (HubPeers *self, KarezTransaction *transaction, const char *plugin,
                              GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  Retry *retry = g_new0 (Retry, 1);

  g_return_if_fail (HUB_IS_PEERS (self));

  g_task_set_source_tag (task, hub_peers_retry_parked_async);
  retry->transaction = g_object_ref (transaction);
  retry->plugin = g_strdup (plugin);
  g_task_set_task_data (task, retry, retry_free);
  karez_store_query_async (self->scope, "parked_heads", g_variant_new ("(s)", plugin), NULL,
                           on_heads, task);
}

gboolean
hub_peers_retry_parked_finish (HubPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_retry_parked_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Dead letters */

static void
on_retried (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeers *self = g_task_get_source_object (task);
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (!karez_transaction_is_repeated (transaction))
    {
      KarezRows *rows = karez_transaction_get_rows (transaction, 0);

      hub_peer_parking_add (self->parking, g_task_get_task_data (task),
                            GPOINTER_TO_INT (g_object_get_data (G_OBJECT (task), "lane")),
                            karez_rows_text (rows, 0, "topic"),
                            karez_rows_integer (rows, 0, "bytes"));
    }
  g_task_return_boolean (task, TRUE);
}

void
hub_peers_retry_dead_letter_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                                   int lane, gint64 sequence, GAsyncReadyCallback callback,
                                   gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  g_autofree char *row = g_strdup_printf ("%s/%d/%" G_GINT64_FORMAT, peer, lane, sequence);

  g_return_if_fail (HUB_IS_PEERS (self));

  g_task_set_source_tag (task, hub_peers_retry_dead_letter_async);
  g_task_set_task_data (task, g_strdup (peer), g_free);
  g_object_set_data (G_OBJECT (task), "lane", GINT_TO_POINTER (lane));
  karez_transaction_run_one (transaction, "peers/dead-letter",
                             N_ ("This message is no dead letter any more"), "dead_letter_retry",
                             "(six)", peer, lane, sequence);
  karez_transaction_event (transaction, "message.retry", "karez.inbox_dead_letter", row, NULL);
  karez_transaction_commit_async (transaction, NULL, on_retried, task);
}

gboolean
hub_peers_retry_dead_letter_finish (HubPeers *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peers_retry_dead_letter_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
