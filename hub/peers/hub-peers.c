/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paired hubs as a whole: implements KarezPeers. */
#include "hub-peers-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-peers-sql.h"

#define SWEEP_SECONDS 5
#define PULSE_MS 5000

G_DEFINE_FINAL_TYPE_WITH_CODE (HubPeers, hub_peers, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PEERS, hub_peers_iface_init))

static void
entry_free (gpointer data)
{
  HubPeersEntry *entry = data;

  g_signal_handlers_disconnect_by_data (entry->peer, entry);
  g_signal_handlers_disconnect_by_data (entry->heartbeat, entry);
  g_signal_handlers_disconnect_by_data (entry->outbox, entry);
  hub_peer_heartbeat_stop (entry->heartbeat);
  hub_peer_outbox_stop (entry->outbox);
  g_object_unref (entry->heartbeat);
  g_object_unref (entry->outbox);
  g_object_unref (entry->inbox);
  g_object_unref (entry->peer);
  g_free (entry);
}

HubPeersEntry *
hub_peers_find (HubPeers *self, const char *id)
{
  HubPeersEntry *entry = g_hash_table_lookup (self->entries, id);

  return entry != NULL && hub_peer_get_state (entry->peer) != HUB_PEER_STATE_REVOKED ? entry : NULL;
}

HubPeersEntry *
hub_peers_find_by_key (HubPeers *self, const char *key)
{
  GHashTableIter iter;
  HubPeersEntry *entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (g_str_equal (hub_peer_get_key (entry->peer), key)
        && hub_peer_get_state (entry->peer) != HUB_PEER_STATE_REVOKED)
      return entry;
  return NULL;
}

GError *
hub_peers_not_paired (const char *id)
{
  return karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/not-paired", N_ ("The id of a paired hub"),
                          N_ ("No hub with this id is paired: %s"), id);
}

/* Requests of other hubs */

static void
serve_call (HubPeers *self, HubPeersEntry *entry, HubPeerRequest *request, const char *topic)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) body = karez_json_parse (hub_peer_request_get_body (request), 0, &error);
  g_autoptr (KarezActor) actor = NULL;
  g_autoptr (KarezMessage) message = NULL;

  if (body == NULL)
    {
      hub_peer_request_fail (request, error);
      return;
    }
  actor = hub_peer_make_actor (entry->peer, hub_peer_request_get_address (request));
  message = karez_message_new (actor, topic, body, KAREZ_LANE_EMERGENCY, 0);
  hub_peer_handlers_run_call (self->handlers, message, request);
}

static void
serve (HubPeerRequest *request, gpointer data)
{
  HubPeers *self = data;
  const char *path = hub_peer_request_get_path (request);
  HubPeersEntry *entry = hub_peers_find_by_key (self, hub_peer_request_get_key (request));
  g_autoptr (GError) error = NULL;

  if (hub_peer_path_is_public (path))
    hub_pairings_serve (self->pairings, request);
  else if (entry == NULL)
    error = karez_error_new (KAREZ_ERROR_DENIED, "peers/not-paired",
                             N_ ("A pairing that both hospitals confirmed"),
                             N_ ("This hub is not paired with yours"));
  else if (g_str_equal (path, "hello"))
    hub_peer_heartbeat_serve (entry->heartbeat, request);
  else if (g_str_equal (path, "post"))
    hub_peer_inbox_serve (entry->inbox, request);
  else if (g_str_has_prefix (path, "call/"))
    serve_call (self, entry, request, path + strlen ("call/"));
  else if (g_str_has_prefix (path, "feed/"))
    hub_peer_handlers_run_feed (self->handlers, hub_peer_get_id (entry->peer),
                                path + strlen ("feed/"), request);
  else
    error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "peers/path", NULL,
                             N_ ("There is nothing here"));
  if (error != NULL)
    hub_peer_request_fail (request, error);
}

static gboolean
knows (const char *key, gpointer data)
{
  return hub_peers_find_by_key (data, key) != NULL;
}

static void
take_channel (const char *key, const char *name, SoupWebsocketConnection *websocket, gpointer data)
{
  HubPeers *self = data;
  HubPeersEntry *entry = hub_peers_find_by_key (self, key);
  g_autoptr (HubPeerChannel) channel = NULL;

  if (entry == NULL)
    {
      soup_websocket_connection_close (websocket, SOUP_WEBSOCKET_CLOSE_POLICY_VIOLATION, NULL);
      return;
    }
  channel = hub_peer_channel_new (websocket, key, serve, self);
  hub_peer_take_channel (entry->peer, name, channel);
  hub_peer_heartbeat_beat (entry->heartbeat);
}

static const HubPeerServerHooks server_hooks = { knows, serve, take_channel };

/* Deliveries */

static void look_for_waiting (HubPeers *self);

static void
on_waiting (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeers) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  self->looking = FALSE;
  for (guint i = 0; rows != NULL && i < karez_rows_get_count (rows); i++)
    {
      HubPeersEntry *entry = hub_peers_find (self, karez_rows_text (rows, i, "peer"));

      if (entry != NULL)
        hub_peer_outbox_wake (entry->outbox, karez_rows_integer (rows, i, "lane"));
    }
  if (self->look_again)
    look_for_waiting (self);
}

/* One look for all peers, and one more if something was committed meanwhile. */
static void
look_for_waiting (HubPeers *self)
{
  self->look_again = self->looking;
  if (self->looking || g_cancellable_is_cancelled (self->cancellable))
    return;
  self->looking = TRUE;
  karez_store_query_async (self->scope, "outbox_waiting", NULL, self->cancellable, on_waiting,
                           g_object_ref (self));
}

static void
on_committed (HubStore *store, gpointer data)
{
  look_for_waiting (data);
}

static void
on_held_streams (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeers) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  for (guint i = 0; rows != NULL && i < karez_rows_get_count (rows); i++)
    {
      HubPeersEntry *entry = hub_peers_find (self, karez_rows_text (rows, i, "peer"));

      if (entry != NULL && karez_rows_integer (rows, i, "resting") > 0)
        hub_peer_outbox_release (entry->outbox, karez_rows_integer (rows, i, "lane"),
                                 karez_rows_text (rows, i, "owner"));
    }
}

static const KarezJsonField held_fields[] = { { NULL } };

static void
on_held_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* The message of this place comes later: only the checkpoint moves. */
static void
on_held (KarezMessage *message, GTask *task, gpointer data)
{
  HubPeers *self = data;
  g_autoptr (KarezTransaction) transaction = NULL;
  GError *error = NULL;

  if (karez_json_check (karez_message_get_body (message), held_fields, &error) == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  transaction = karez_store_begin (self->scope, karez_message_get_actor (message));
  karez_transaction_applied (transaction, message);
  karez_transaction_commit_async (transaction, NULL, on_held_applied, task);
}

/* Parking */

static HubPeer *
find_paired (const char *id, gpointer data)
{
  HubPeersEntry *entry = hub_peers_find (data, id);

  return entry != NULL ? entry->peer : NULL;
}

void
hub_peers_set_plugin_check (HubPeers *self, HubPeerPluginFunc func, gpointer data)
{
  g_return_if_fail (HUB_IS_PEERS (self));

  hub_peer_handlers_set_plugin_check (self->handlers, func, data);
}

void
hub_peers_deliver_parked (HubPeers *self, const char *plugin)
{
  g_return_if_fail (HUB_IS_PEERS (self));

  hub_peer_parking_deliver (self->parking, plugin);
}

HubPeerParking *
hub_peers_get_parking (HubPeers *self)
{
  g_return_val_if_fail (HUB_IS_PEERS (self), NULL);

  return self->parking;
}

/* Entries */

static void
on_changed (HubPeer *peer, gpointer data)
{
  HubPeersEntry *entry = data;

  g_signal_emit_by_name (entry->peers, "changed", hub_peer_get_id (peer));
  /* Up again, or acknowledged: what waited for a retry goes at once. */
  if (hub_peer_may_deliver (peer))
    hub_peer_outbox_wake_now (entry->outbox);
}

static void
on_suspicious (HubPeerOutbox *outbox, gpointer data)
{
  HubPeersEntry *entry = data;

  hub_peer_heartbeat_beat (entry->heartbeat);
}

HubPeersEntry *
hub_peers_add_entry (HubPeers *self, HubPeer *peer)
{
  HubPeersEntry *entry = g_new0 (HubPeersEntry, 1);

  entry->peers = self;
  entry->peer = g_object_ref (peer);
  entry->heartbeat = hub_peer_heartbeat_new (peer, self->scope, self->actor,
                                             hub_identity_get_id (self->identity), self->pulse_ms);
  entry->outbox = hub_peer_outbox_new (peer, self->scope, self->actor);
  entry->inbox = hub_peer_inbox_new (peer, self->scope, self->handlers, self->parking);
  hub_peer_set_serve (peer, serve, self);
  g_signal_connect (peer, "changed", G_CALLBACK (on_changed), entry);
  g_signal_connect (entry->outbox, "suspicious", G_CALLBACK (on_suspicious), entry);
  g_hash_table_replace (self->entries, g_strdup (hub_peer_get_id (peer)), entry);
  return entry;
}

void
hub_peers_drop_entry (HubPeers *self, const char *id)
{
  HubPeersEntry *entry = g_hash_table_lookup (self->entries, id);

  if (entry == NULL || entry->revoking
      || hub_peer_get_state (entry->peer) != HUB_PEER_STATE_REVOKED)
    return;
  g_hash_table_remove (self->entries, id);
  g_signal_emit_by_name (self, "changed", id);
}

void
hub_peers_cut_entry (HubPeers *self, HubPeersEntry *entry)
{
  hub_peer_heartbeat_stop (entry->heartbeat);
  hub_peer_outbox_stop (entry->outbox);
  hub_peer_revoke (entry->peer);
  hub_peer_server_cut (self->server, hub_peer_get_key (entry->peer));
}

void
hub_peers_apply_row (HubPeers *self, KarezRows *rows, guint row)
{
  const char *id = karez_rows_text (rows, row, "id");
  /* A row from before the database refused it is nobody's. */
  gboolean own = g_str_equal (id, hub_identity_get_id (self->identity))
                 || g_str_equal (karez_rows_text (rows, row, "key"),
                                 hub_identity_get_key_hash (self->identity));
  gboolean paired = !own && g_str_equal (karez_rows_text (rows, row, "state"), "paired");
  gboolean restored = karez_rows_boolean (rows, row, "restored");
  HubPeersEntry *entry = g_hash_table_lookup (self->entries, id);
  gboolean was_paired = entry != NULL && hub_peer_get_state (entry->peer) != HUB_PEER_STATE_REVOKED;

  if (entry == NULL || (paired && !was_paired && !entry->revoking))
    {
      g_autoptr (JsonNode) names = karez_rows_json (rows, row, "names");
      g_autoptr (HubPeer)
          peer = hub_peer_new (self->identity, id, names, karez_rows_text (rows, row, "key"),
                               karez_rows_text (rows, row, "address"));

      entry = hub_peers_add_entry (self, peer);
      hub_peer_set_restored (peer, restored);
      if (paired)
        hub_peer_heartbeat_beat (entry->heartbeat);
      else
        hub_peers_cut_entry (self, entry);
      g_signal_emit_by_name (self, "changed", id);
      return;
    }
  if (was_paired && !paired)
    hub_peers_cut_entry (self, entry);
  else if (was_paired && restored != hub_peer_is_restored (entry->peer)
           && hub_peer_heartbeat_is_recorded (entry->heartbeat))
    {
      hub_peer_heartbeat_forget (entry->heartbeat);
      hub_peer_set_restored (entry->peer, restored);
    }
}

static gboolean
is_listed (KarezRows *rows, const char *id)
{
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    if (g_str_equal (karez_rows_text (rows, i, "id"), id))
      return TRUE;
  return FALSE;
}

/* One that was forgotten; one that is paired may be newer than the list. */
static void
drop_unlisted (HubPeers *self, KarezRows *rows)
{
  g_autoptr (GList) ids = g_hash_table_get_keys (self->entries);

  for (GList *link = ids; link != NULL; link = link->next)
    if (!is_listed (rows, link->data))
      {
        g_autofree char *id = g_strdup (link->data);

        hub_peers_drop_entry (self, id);
      }
}

static void
on_swept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubPeers) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL || g_cancellable_is_cancelled (self->cancellable))
    return;
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    hub_peers_apply_row (self, rows, i);
  drop_unlisted (self, rows);
}

static gboolean
on_sweep (gpointer data)
{
  HubPeers *self = data;

  karez_store_query_async (self->scope, "peer_list", NULL, self->cancellable, on_swept,
                           g_object_ref (self));
  look_for_waiting (self);
  karez_store_query_async (self->scope, "outbox_held_streams", NULL, self->cancellable,
                           on_held_streams, g_object_ref (self));
  hub_peer_parking_deliver (self->parking, NULL);
  return G_SOURCE_CONTINUE;
}

void
hub_peers_begin (HubPeers *self)
{
  self->sweep = g_timeout_add_seconds (SWEEP_SECONDS, on_sweep, self);
  g_signal_connect (self->store, "committed", G_CALLBACK (on_committed), self);
}

/* Life */

static void
hub_peers_dispose (GObject *object)
{
  HubPeers *self = HUB_PEERS (object);

  hub_peers_stop (self);
  g_clear_object (&self->pairings);
  g_clear_object (&self->server);
  g_clear_object (&self->parking);
  g_clear_object (&self->handlers);
  g_clear_object (&self->store);
  g_clear_object (&self->scope);
  g_clear_object (&self->identity);
  g_clear_pointer (&self->names, json_node_unref);
  g_clear_pointer (&self->actor, karez_actor_unref);
  G_OBJECT_CLASS (hub_peers_parent_class)->dispose (object);
}

static void
hub_peers_finalize (GObject *object)
{
  HubPeers *self = HUB_PEERS (object);

  g_hash_table_unref (self->entries);
  g_object_unref (self->cancellable);
  g_free (self->bind_address);
  G_OBJECT_CLASS (hub_peers_parent_class)->finalize (object);
}

static void
hub_peers_class_init (HubPeersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_peers_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_peers_finalize;
}

static void
hub_peers_init (HubPeers *self)
{
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  self->handlers = hub_peer_handlers_new ();
  self->cancellable = g_cancellable_new ();
  self->pulse_ms = PULSE_MS;
}

void
hub_peers_add_schema (HubStore *store)
{
  /* Keeps the linker from leaving the statements out of the program. */
  g_assert (hub_peers_sql_get_resource () != NULL);
  hub_store_add_schema (store, "peers", "/org/karez/peers", FALSE);
}

HubPeers *
hub_peers_new (HubStore *store, HubIdentity *identity, JsonNode *names, guint16 port,
               const char *bind_address)
{
  HubPeers *self = g_object_new (HUB_TYPE_PEERS, NULL);

  self->store = g_object_ref (store);
  self->scope = g_object_ref (hub_store_get_scope (store, "peers"));
  self->identity = g_object_ref (identity);
  self->names = json_node_ref (names);
  self->port = port;
  self->bind_address = g_strdup (bind_address);
  self->actor = karez_actor_new (KAREZ_ACTOR_HUB, "peers", "peers", NULL, NULL, NULL);
  self->parking = hub_peer_parking_new (self->scope, self->actor, self->handlers, find_paired,
                                        self);
  self->server = hub_peer_server_new (identity, &server_hooks, self);
  self->pairings = hub_pairings_new (identity, self->scope, self->actor, names,
                                     &hub_peers_pairings_hooks, self);
  karez_peers_handle_post (KAREZ_PEERS (self), HUB_PEER_TOPIC_HELD, on_held, self, NULL, NULL);
  return self;
}

void
hub_peers_set_address (HubPeers *self, const char *address)
{
  g_return_if_fail (HUB_IS_PEERS (self));

  hub_pairings_set_address (self->pairings, address);
}

void
hub_peers_set_pulse (HubPeers *self, guint pulse_ms)
{
  g_return_if_fail (HUB_IS_PEERS (self));

  self->pulse_ms = pulse_ms;
}

void
hub_peers_stop (HubPeers *self)
{
  GHashTableIter iter;
  HubPeersEntry *entry;

  g_return_if_fail (HUB_IS_PEERS (self));

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->sweep, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->store, self);
  hub_pairings_stop (self->pairings);
  hub_peer_parking_stop (self->parking);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    {
      g_signal_handlers_disconnect_by_data (entry->peer, entry);
      hub_peer_heartbeat_stop (entry->heartbeat);
      hub_peer_outbox_stop (entry->outbox);
      hub_peer_close (entry->peer);
    }
  hub_peer_server_stop (self->server);
}

guint16
hub_peers_get_port (HubPeers *self)
{
  g_return_val_if_fail (HUB_IS_PEERS (self), 0);

  return hub_peer_server_get_port (self->server);
}

const char *
hub_peers_get_key (HubPeers *self, const char *peer)
{
  HubPeersEntry *entry;

  g_return_val_if_fail (HUB_IS_PEERS (self) && peer != NULL, NULL);

  entry = hub_peers_find (self, peer);
  return entry != NULL ? hub_peer_get_key (entry->peer) : NULL;
}

JsonNode *
hub_peers_sign (HubPeers *self, const char *text, GError **error)
{
  g_return_val_if_fail (HUB_IS_PEERS (self), NULL);

  return hub_identity_sign (self->identity, text, error);
}

gboolean
hub_peers_verify (HubPeers *self, const char *peer, const char *text, JsonNode *signature,
                  GError **error)
{
  const char *key = hub_peers_get_key (self, peer);

  if (key == NULL)
    return karez_error_set (error, KAREZ_ERROR_DENIED, "peers/not-paired", NULL,
                            N_ ("This hub is not paired with yours"));
  return hub_identity_verify (key, text, signature, error);
}

HubPairings *
hub_peers_get_pairings (HubPeers *self)
{
  g_return_val_if_fail (HUB_IS_PEERS (self), NULL);

  return self->pairings;
}

HubStore *
hub_peers_get_store (HubPeers *self)
{
  g_return_val_if_fail (HUB_IS_PEERS (self), NULL);

  return self->store;
}
