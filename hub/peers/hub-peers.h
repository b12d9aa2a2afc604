/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-identity.h"
#include "hub-pairings.h"
#include "hub-peer-parking.h"
#include "hub-store.h"

G_BEGIN_DECLS

#define HUB_TYPE_PEERS (hub_peers_get_type ())
/**
 * HubPeers:
 * The paired hubs and all that goes between them and this one: implements KarezPeers. Main thread
 * only.
 *
 * Signal "changed" of KarezPeers: also when one was noticed to be restored, or moved.
 */
G_DECLARE_FINAL_TYPE (HubPeers, hub_peers, HUB, PEERS, GObject)

/* Adds the schema "peers" to a store that is not yet open. */
void hub_peers_add_schema (HubStore *store);

/**
 * hub_peers_new:
 * @store: with the schema "peers"; opened before hub_peers_start_async()
 * @names: (transfer none): this hub's: {"en", "zh_CN", "ug"}
 * @port: to listen on; 0 lets the kernel choose
 * @bind_address: numeric: "0.0.0.0"
 */
HubPeers *hub_peers_new (HubStore *store, HubIdentity *identity, JsonNode *names, guint16 port,
                         const char *bind_address);
/* Where others can dial this hub, host:port; NULL, as at first, if they cannot: then this hub dials
 * and keeps channels. Told when a pairing begins. */
void hub_peers_set_address (HubPeers *self, const char *address);

/* How often peers are greeted: 5 s; a test has less time. Before the start. */
void hub_peers_set_pulse (HubPeers *self, guint pulse_ms);

/**
 * hub_peers_start_async:
 * Reads who is paired, listens, tests by a handshake with itself that TLS works, and begins to
 * greet. %KAREZ_ERROR_FAILED with rule "peers/identity-mismatch" when the database is another
 * hub's, "peers/self-test" when TLS does not work; no answer in time is a warning.
 */
void hub_peers_start_async (HubPeers *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer data);
gboolean hub_peers_start_finish (HubPeers *self, GAsyncResult *result, GError **error);
/* Cuts every connection. */
void hub_peers_stop (HubPeers *self);
/* The port in use; 0 before the start. */
guint16 hub_peers_get_port (HubPeers *self);

/* The pinned key's hash; NULL for a hub that is not paired. */
const char *hub_peers_get_key (HubPeers *self, const char *peer);
/* As hub_identity_sign(), by this hub. */
JsonNode *hub_peers_sign (HubPeers *self, const char *text, GError **error);
/* As hub_identity_verify(), with the pinned key of @peer; "peers/not-paired" without one. */
gboolean hub_peers_verify (HubPeers *self, const char *peer, const char *text, JsonNode *signature,
                           GError **error);
/* Tells which topics are plugins': see hub_peer_handlers_must_park(). */
void hub_peers_set_plugin_check (HubPeers *self, HubPeerPluginFunc func, gpointer data);
/* @plugin is back: what is parked for it is delivered now. */
void hub_peers_deliver_parked (HubPeers *self, const char *plugin);
/* The same, because somebody asked for it: an event for each peer and lane. "peers/parked" when
 * nothing is parked for it. @transaction: the request's, still empty */
void hub_peers_retry_parked_async (HubPeers *self, KarezTransaction *transaction,
                                   const char *plugin, GAsyncReadyCallback callback, gpointer data);
gboolean hub_peers_retry_parked_finish (HubPeers *self, GAsyncResult *result, GError **error);
/* Delivers once more the dead letter of @peer, @lane and @sequence: "peers/dead-letter" when it is
 * not there. @transaction: the request's, still empty */
void hub_peers_retry_dead_letter_async (HubPeers *self, KarezTransaction *transaction,
                                        const char *peer, int lane, gint64 sequence,
                                        GAsyncReadyCallback callback, gpointer data);
gboolean hub_peers_retry_dead_letter_finish (HubPeers *self, GAsyncResult *result, GError **error);
/* Returns: (transfer none) */
HubPeerParking *hub_peers_get_parking (HubPeers *self);
/* Returns: (transfer none) */
HubPairings *hub_peers_get_pairings (HubPeers *self);
HubStore *hub_peers_get_store (HubPeers *self);

/* Ends a pairing: connections are cut and calls fail at once; then it is recorded.
 * @transaction: the request's, still empty */
/* Whether the pairing with a hub that is known has ended, or is ending. */
gboolean hub_peers_is_revoked (HubPeers *self, const char *peer);
void hub_peers_unpair_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                             GAsyncReadyCallback callback, gpointer data);
gboolean hub_peers_unpair_finish (HubPeers *self, GAsyncResult *result, GError **error);

/* Forgets a hub that is not paired any more, so that its id may be paired under another key: it
 * lost its identity, or was set up anew. Its rows in other tables stay. "peers/still-paired" while
 * it is paired. @transaction: the request's, still empty */
void hub_peers_forget_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                             GAsyncReadyCallback callback, gpointer data);
gboolean hub_peers_forget_finish (HubPeers *self, GAsyncResult *result, GError **error);

/* A paired hub is dialled at another @address, host:port, from now on. @transaction: the request's,
 * still empty */
void hub_peers_move_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                           const char *address, GAsyncReadyCallback callback, gpointer data);
gboolean hub_peers_move_finish (HubPeers *self, GAsyncResult *result, GError **error);

/* See hub_peer_restore_async(). */
void hub_peers_acknowledge_async (HubPeers *self, KarezTransaction *transaction, const char *peer,
                                  GAsyncReadyCallback callback, gpointer data);
gboolean hub_peers_acknowledge_finish (HubPeers *self, GAsyncResult *result, GError **error);

/* The routes /peers and /pairings. */
gboolean hub_peers_add_routes (HubPeers *self, KarezRoutes *routes, GError **error);

G_END_DECLS
