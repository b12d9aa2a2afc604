/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An administrator acknowledges that a hub of a pair was restored from a backup. */
#include "hub-peer-restore.h"

#include "hub-catalogue.h"
#include "hub-log.h"

/* No pair of hubs ever sends so many messages; what counts on from there must not come to the end
 * of a bigint, which would refuse whatever is posted to all hubs. */
#define MAX_SEQUENCE (G_GINT64_CONSTANT (1) << 53)

typedef struct
{
  HubPeerHeartbeat *heartbeat;
  KarezTransaction *transaction;
} Restore;

static void
restore_free (gpointer data)
{
  Restore *restore = data;

  g_object_unref (restore->heartbeat);
  g_object_unref (restore->transaction);
  g_free (restore);
}

static void
on_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubPeer *peer = g_task_get_source_object (task);
  Restore *restore = g_task_get_task_data (task);
  GError *error = NULL;

  if (!karez_transaction_commit_finish (restore->transaction, result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  hub_notice ("peers", hub_peer_get_id (peer), "The restored database was acknowledged.");
  hub_peer_heartbeat_forget (restore->heartbeat);
  hub_peer_set_restored (peer, FALSE);
  hub_peer_heartbeat_beat (restore->heartbeat);
  g_task_return_boolean (task, TRUE);
}

static void
settle_lane (KarezTransaction *transaction, const char *peer, int lane, const HubPeerLane *theirs)
{
  karez_transaction_run (transaction, "restore_lock_head", "(si)", peer, lane);
  karez_transaction_run (transaction, "restore_shift_held", "(six)", peer, lane, theirs->applied);
  karez_transaction_run (transaction, "restore_shift_outbox", "(six)", peer, lane, theirs->applied);
  karez_transaction_run (transaction, "restore_settle_outbox", "(si)", peer, lane);
  karez_transaction_run (transaction, "restore_head", "(six)", peer, lane, theirs->applied);
  karez_transaction_run (transaction, "restore_inbox", "(six)", peer, lane, theirs->acknowledged);
}

static gboolean
check_lanes (HubPeer *peer, const HubPeerLane *lanes, GError **error)
{
  for (guint i = 0; i < KAREZ_N_LANES; i++)
    {
      gint64 most = MAX (lanes[i].applied, lanes[i].acknowledged);
      g_autofree char *count = g_strdup_printf ("%" G_GINT64_FORMAT, most);

      if (most > MAX_SEQUENCE)
        return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/sequence",
                                N_ ("A count of at most 9,007,199,254,740,992: its hospital has to "
                                    "repair its database, or the pairing has to be ended"),
                                N_ ("%s counts %s messages, which nobody can have sent"),
                                hub_peer_get_name (peer), count);
    }
  return TRUE;
}

static void
on_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubPeer *peer = g_task_get_source_object (task);
  Restore *restore = g_task_get_task_data (task);
  HubPeerLane lanes[KAREZ_N_LANES];
  JsonArray *figures = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  gint64 incarnation = 0;
  GError *error = NULL;

  json_node_take_array (node, figures);
  if (!hub_peer_heartbeat_ask_finish (restore->heartbeat, result, lanes, &incarnation, &error)
      || !check_lanes (peer, lanes, &error))
    {
      json_node_unref (node);
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  karez_transaction_run_one (restore->transaction, "peers/not-restored",
                             N_ ("No restored database was noticed for this hub"), "clear_restored",
                             "(s)", hub_peer_get_id (peer));
  for (int i = 0; i < KAREZ_N_LANES; i++)
    {
      settle_lane (restore->transaction, hub_peer_get_id (peer), i, &lanes[i]);
      json_array_add_element (figures,
                              karez_json_object ("applied", "i", lanes[i].applied, "acknowledged",
                                                 "i", lanes[i].acknowledged, NULL));
    }
  karez_transaction_run (restore->transaction, "forget_greeting", "(s)", hub_peer_get_id (peer));
  karez_transaction_event (
      restore->transaction, "peer.restore-acknowledge", "peer", hub_peer_get_id (peer),
      karez_json_object ("incarnation", "i", incarnation, "lanes", "n", node, NULL));
  karez_transaction_commit_async (restore->transaction, g_task_get_cancellable (task), on_committed,
                                  task);
}

void
hub_peer_restore_async (HubPeer *peer, HubPeerHeartbeat *heartbeat, KarezTransaction *transaction,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (peer, cancellable, callback, data);
  Restore *restore = g_new0 (Restore, 1);

  g_task_set_source_tag (task, hub_peer_restore_async);
  restore->heartbeat = g_object_ref (heartbeat);
  restore->transaction = g_object_ref (transaction);
  g_task_set_task_data (task, restore, restore_free);
  if (!hub_peer_is_restored (peer))
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "peers/not-restored", NULL,
                                                  N_ ("No restored database was noticed for %s"),
                                                  hub_peer_get_name (peer)));
      g_object_unref (task);
      return;
    }
  hub_peer_heartbeat_ask_async (heartbeat, cancellable, on_asked, task);
}

gboolean
hub_peer_restore_finish (HubPeer *peer, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, peer), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_peer_restore_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
