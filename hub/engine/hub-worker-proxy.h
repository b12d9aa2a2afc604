/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_WORKER_PROXY (hub_worker_proxy_get_type ())
/**
 * HubWorkerProxy:
 * One worker as its hub sees it, over their private connection. Every call carries the hub's
 * incarnation and a time limit; a document larger than 1 MiB is refused here, because an oversized
 * message would cost the connection. Main thread only.
 *
 * Signals: "state-changed" (JsonNode state: {"state", "sequence", "reason", "actor"}),
 * "send" (const char *participant, JsonNode *body), "record" (guint64 sequence, JsonNode record:
 * {"action", "actor", "body"}), "statistics" (JsonNode *statistics),
 * "snapshot" (JsonNode *snapshot): a heartbeat was answered,
 * "closed" (const char *reason): the connection closed, which says nothing about the process;
 * "lost" (const char *reason): three heartbeats failed. One of them comes, and once.
 */
G_DECLARE_FINAL_TYPE (HubWorkerProxy, hub_worker_proxy, HUB, WORKER_PROXY, GObject)

/* @pid: the process at the other end */
HubWorkerProxy *hub_worker_proxy_new (GDBusConnection *connection, const char *session,
                                      guint64 incarnation, int pid);
const char *hub_worker_proxy_get_session (HubWorkerProxy *self);
int hub_worker_proxy_get_pid (HubWorkerProxy *self);
/* Begins the heartbeat: every 500 ms, three missed are the end. */
void hub_worker_proxy_start_heartbeat (HubWorkerProxy *self);
void hub_worker_proxy_close (HubWorkerProxy *self);

/* Each ends by hub_worker_proxy_finish (). Documents: (transfer none). */
void hub_worker_proxy_prepare_async (HubWorkerProxy *self, JsonNode *session,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer data);
/* @seen, @ask: as Move of org.karez.Worker1 has them */
void hub_worker_proxy_move_async (HubWorkerProxy *self, const char *edge, const char *reason,
                                  KarezActor *actor, guint64 seen, guint64 ask,
                                  GAsyncReadyCallback callback, gpointer data);
/* What was said to it before is on record; so is what an older worker answered, which has no Keep.
 */
void hub_worker_proxy_keep_async (HubWorkerProxy *self, GAsyncReadyCallback callback,
                                  gpointer data);
void hub_worker_proxy_preflight_async (HubWorkerProxy *self, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer data);
void hub_worker_proxy_join_async (HubWorkerProxy *self, JsonNode *participant,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer data);
void hub_worker_proxy_leave_async (HubWorkerProxy *self, const char *participant,
                                   const char *reason, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
void hub_worker_proxy_revoke_async (HubWorkerProxy *self, const char *account,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer data);
void hub_worker_proxy_message_async (HubWorkerProxy *self, const char *participant, JsonNode *body,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer data);
void hub_worker_proxy_echo_async (HubWorkerProxy *self, JsonNode *offer, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
void hub_worker_proxy_get_endpoint_async (HubWorkerProxy *self, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer data);
void hub_worker_proxy_connect_async (HubWorkerProxy *self, JsonNode *endpoint,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer data);
void hub_worker_proxy_mirror_async (HubWorkerProxy *self, JsonNode *state,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer data);
void hub_worker_proxy_recorded (HubWorkerProxy *self, guint64 sequence);
void hub_worker_proxy_ping_async (HubWorkerProxy *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
/**
 * hub_worker_proxy_finish:
 *
 * Returns: (transfer full): what was answered: an endpoint, the answer to an offer, an array of
 *   checks, a snapshot, {"state", "sequence", "asked"} for a move, {} for the others; NULL with the
 * worker's own error, or %KAREZ_ERROR_UNAVAILABLE or %KAREZ_ERROR_TIMEOUT
 */
JsonNode *hub_worker_proxy_finish (HubWorkerProxy *self, GAsyncResult *result, GError **error);

G_END_DECLS
