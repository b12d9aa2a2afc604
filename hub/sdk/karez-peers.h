/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-json.h"
#include "karez-store.h"
#include "karez-transaction.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_MESSAGE (karez_message_get_type ())

/**
 * KarezMessage:
 * Something that a paired hub sent: a call, or a post out of its outbox. The sender is whom the
 * TLS certificate says. Immutable and counted.
 *
 * Since: 1.0
 */
typedef struct _KarezMessage KarezMessage;

/**
 * karez_message_get_type:
 * Since: 1.0
 */
KAREZ_PUBLIC GType karez_message_get_type (void);
/**
 * karez_message_ref:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezMessage *karez_message_ref (KarezMessage *self);
/**
 * karez_message_unref:
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_message_unref (KarezMessage *self);
/**
 * karez_message_get_peer:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_message_get_peer (KarezMessage *self);
/**
 * karez_message_get_topic:
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_message_get_topic (KarezMessage *self);
/**
 * karez_message_get_body:
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_message_get_body (KarezMessage *self);
/**
 * karez_message_get_actor:
 *
 * The peer as an actor.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActor *karez_message_get_actor (KarezMessage *self);
/**
 * karez_message_get_person:
 * @actor: what the message says of who did it: karez_actor_to_json() there
 *
 * Somebody of the sending hospital; which hospital that is comes from the certificate alone.
 *
 * Returns: (transfer full): NULL with %KAREZ_ERROR_INVALID
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActor *karez_message_get_person (KarezMessage *self, JsonNode *actor,
                                                   GError **error);
/**
 * karez_message_check:
 * @fields: what the body must hold
 * @task: of the call or post
 *
 * The body held against a table; @task has been answered when this is NULL.
 *
 * Returns: (transfer none) (nullable):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC JsonObject *karez_message_check (KarezMessage *self, const KarezJsonField *fields,
                                              GTask *task);
/**
 * karez_message_begin:
 *
 * A transaction that applies the post: of @actor, or of the peer where that is NULL.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezTransaction *karez_message_begin (KarezMessage *self, KarezStore *store,
                                                    KarezActor *actor);
/**
 * karez_message_get_sequence:
 *
 * The post's place in its lane; 0 for a call.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gint64 karez_message_get_sequence (KarezMessage *self);
/**
 * karez_message_get_lane:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezLane karez_message_get_lane (KarezMessage *self);
KAREZ_PRIVATE KarezMessage *karez_message_new (KarezActor *peer, const char *topic, JsonNode *body,
                                               KarezLane lane, gint64 sequence);
/* One that waits in karez.inbox_parked under @number: what applies it deletes it there. */
KAREZ_PRIVATE KarezMessage *karez_message_new_parked (KarezActor *peer, const char *topic,
                                                      JsonNode *body, KarezLane lane,
                                                      gint64 sequence, gint64 number);
/* 0 for one that is not parked. */
KAREZ_PRIVATE gint64 karez_message_get_parked (KarezMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KarezMessage, karez_message_unref)

#define KAREZ_TYPE_PEERS (karez_peers_get_type ())
KAREZ_PUBLIC G_DECLARE_INTERFACE (KarezPeers, karez_peers, KAREZ, PEERS, GObject)

    /**
     * KarezCallFunc:
     * @message: (transfer none): the call
     * @task: (transfer full): return a JsonNode with json_node_unref(), or an error
     *
     * Answers a call. A call is idempotent: the peer may send it again.
     *
     * Since: 1.0
     */
    typedef void (*KarezCallFunc) (KarezMessage *message, GTask *task, gpointer data);

/**
 * KarezPostFunc:
 * @message: (transfer none): the post
 * @task: (transfer full): return TRUE once committed, or an error
 *
 * Applies a post in one transaction that holds karez_transaction_applied (@message): effect and
 * checkpoint are one, so that a repeated delivery has no second effect. %KAREZ_ERROR_UNAVAILABLE,
 * BUSY and TIMEOUT are tried again; any other error makes the message a dead letter, with an event,
 * so that one bad message does not stop its lane. A plugin's message that has to wait is parked in
 * the database, and those of the plugin behind it: its lane goes on, and they are delivered in
 * order.
 *
 * Since: 1.0
 */
typedef void (*KarezPostFunc) (KarezMessage *message, GTask *task, gpointer data);

/**
 * KarezFeedFunc:
 * @cursor: (nullable): where the reader stands; NULL is the beginning
 * @limit: most items wanted
 * @task: (transfer full): return a JsonNode {"items": […], "cursor": "…", "more": bool}
 *
 * Since: 1.0
 */
typedef void (*KarezFeedFunc) (const char *peer, const char *cursor, guint limit, GTask *task,
                               gpointer data);

/**
 * KarezPeerState:
 * @KAREZ_PEER_UNKNOWN: no hub of this id was ever paired, or it was forgotten
 * @KAREZ_PEER_DOWN: paired; it does not answer now
 * @KAREZ_PEER_UP: paired; it can be asked now
 * @KAREZ_PEER_REVOKED: the pairing has ended
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_PEER_UNKNOWN,
  KAREZ_PEER_DOWN,
  KAREZ_PEER_UP,
  KAREZ_PEER_REVOKED,
} KarezPeerState;

/**
 * KarezPeersInterface:
 * The paired hubs. Main thread only.
 *
 * @get_state: where it is NULL, what @list says counts
 *
 * Signal "changed" (const char *peer): its state, or its pairing, is another one. The hub reads its
 * pairings after its plugins are enabled: each is told by this signal. Since: 1.1
 */
struct _KarezPeersInterface
{
  GTypeInterface parent;

  void (*call_async) (KarezPeers *self, const char *peer, const char *topic, JsonNode *body,
                      guint timeout_ms, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data);
  JsonNode *(*call_finish) (KarezPeers *self, GAsyncResult *result, GError **error);
  void (*pull_async) (KarezPeers *self, const char *peer, const char *feed, const char *cursor,
                      guint limit, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data);
  JsonNode *(*pull_finish) (KarezPeers *self, GAsyncResult *result, GError **error);
  gboolean (*handle_call) (KarezPeers *self, const char *topic, KarezCallFunc func, gpointer data,
                           GDestroyNotify destroy, GError **error);
  gboolean (*handle_post) (KarezPeers *self, const char *topic, KarezPostFunc func, gpointer data,
                           GDestroyNotify destroy, GError **error);
  gboolean (*serve_feed) (KarezPeers *self, const char *feed, KarezFeedFunc func, gpointer data,
                          GDestroyNotify destroy, GError **error);
  JsonNode *(*list) (KarezPeers *self);
  KarezPeerState (*get_state) (KarezPeers *self, const char *peer);

  gpointer padding[7];
};

/**
 * karez_peers_call_async:
 * @peer: a paired hub's id
 * @topic: what it has a handler for
 * @body: (transfer full) (nullable): the question
 * @timeout_ms: the deadline, 100 to 30,000
 *
 * Asks a peer now; nothing is queued. %KAREZ_ERROR_NOT_FOUND if it is not paired,
 * %KAREZ_ERROR_UNAVAILABLE if it cannot be reached, %KAREZ_ERROR_TIMEOUT if it does not answer;
 * the peer's own refusal comes with its rule and message.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_peers_call_async (KarezPeers *self, const char *peer, const char *topic,
                                          JsonNode *body, guint timeout_ms,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer data);
/**
 * karez_peers_call_finish:
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_peers_call_finish (KarezPeers *self, GAsyncResult *result,
                                                GError **error);
/**
 * karez_peers_pull_async:
 *
 * Reads on in a peer's feed; the reader keeps the cursor with what it applied.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_peers_pull_async (KarezPeers *self, const char *peer, const char *feed,
                                          const char *cursor, guint limit,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer data);
/**
 * karez_peers_pull_finish:
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_peers_pull_finish (KarezPeers *self, GAsyncResult *result,
                                                GError **error);
/**
 * karez_peers_handle_call:
 *
 * Handlers. A topic has one; a plugin's topics begin with its granted prefix.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_peers_handle_call (KarezPeers *self, const char *topic,
                                               KarezCallFunc func, gpointer data,
                                               GDestroyNotify destroy, GError **error);
/**
 * karez_peers_handle_post:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_peers_handle_post (KarezPeers *self, const char *topic,
                                               KarezPostFunc func, gpointer data,
                                               GDestroyNotify destroy, GError **error);
/**
 * karez_peers_serve_feed:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_peers_serve_feed (KarezPeers *self, const char *feed,
                                              KarezFeedFunc func, gpointer data,
                                              GDestroyNotify destroy, GError **error);
/**
 * karez_peers_list:
 *
 * The paired hubs: [{"id", "name", "state": "up"|"down"|"revoked", "since", "rtt_ms"}].
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_peers_list (KarezPeers *self);
/**
 * karez_peers_get_state:
 *
 * How it stands with one hub.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezPeerState karez_peers_get_state (KarezPeers *self, const char *peer);
/**
 * karez_peers_is_paired:
 *
 * Whether posts to it are taken: it is up or down.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_peers_is_paired (KarezPeers *self, const char *peer);
/**
 * karez_peers_find:
 *
 * The ids of the hubs in @state.
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC GStrv karez_peers_find (KarezPeers *self, KarezPeerState state);
/**
 * karez_peers_post:
 * @transaction: to which the message is added (karez_transaction_post())
 * @body: (transfer full)
 *
 * Returns: FALSE if @peer is not paired; nothing is posted then, so that @transaction, where it
 * says that it was, must not be committed
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_peers_post (KarezPeers *self, KarezTransaction *transaction,
                                        const char *peer, KarezLane lane, const char *topic,
                                        JsonNode *body) G_GNUC_WARN_UNUSED_RESULT;

/**
 * karez_transaction_applied:
 *
 * Makes @self the transaction that applies @message.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_transaction_applied (KarezTransaction *self, KarezMessage *message);
KAREZ_PRIVATE KarezMessage *karez_transaction_get_applied (KarezTransaction *self);

G_END_DECLS
