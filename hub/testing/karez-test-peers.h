/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define KAREZ_TEST_TYPE_PEERS (karez_test_peers_get_type ())
/**
 * KarezTestPeers:
 * Partners that a test plays. The handlers that are called here, answer by a task.
 */
G_DECLARE_FINAL_TYPE (KarezTestPeers, karez_test_peers, KAREZ_TEST, PEERS, GObject)

KarezTestPeers *karez_test_peers_new (void);
/* The plugin is gone: nobody handles anything. */
void karez_test_peers_forget (KarezTestPeers *self);
void karez_test_peers_set (KarezTestPeers *self, const char *peer, KarezPeerState state);
/* @answer: (transfer full) (nullable) */
void karez_test_peers_answer (KarezTestPeers *self, const char *topic, JsonNode *answer);
guint karez_test_peers_count_asked (KarezTestPeers *self, const char *topic);

/* @body: (transfer full). Each is answered like the handler's task: a boolean, and JsonNodes.
 * %KAREZ_ERROR_NOT_FOUND without a handler. */
void karez_test_peers_post (KarezTestPeers *self, const char *peer, const char *topic,
                            JsonNode *body, GAsyncReadyCallback callback, gpointer data);
void karez_test_peers_call (KarezTestPeers *self, const char *peer, const char *topic,
                            JsonNode *body, GAsyncReadyCallback callback, gpointer data);
void karez_test_peers_pull (KarezTestPeers *self, const char *peer, const char *feed,
                            const char *cursor, guint limit, GAsyncReadyCallback callback,
                            gpointer data);
/* The post was applied: the next one has the next number. */
void karez_test_peers_applied (KarezTestPeers *self, const char *peer);

G_END_DECLS
