/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* Bounds of the peer API, in bytes. */
#define HUB_PEER_MAX_POST (4 * 1024 * 1024)
#define HUB_PEER_MAX_CALL (1024 * 1024)
#define HUB_PEER_MAX_FEED (4 * 1024 * 1024) /* an answer */
#define HUB_PEER_MAX_SMALL (64 * 1024)      /* hello, and the answer to a post */
#define HUB_PEER_MAX_PAIRING (16 * 1024)

/* Deadlines of one request, in milliseconds. */
#define HUB_PEER_TIMEOUT_LEAST 100
#define HUB_PEER_TIMEOUT_CALL 30000
#define HUB_PEER_TIMEOUT_POST 60000

/* What a request competes with for a connection: a lower way never waits for a higher one. */
typedef enum
{
  HUB_PEER_WAY_URGENT, /* hello, lanes 0 and 1 */
  HUB_PEER_WAY_BULK,   /* lanes 2 and 3, feeds */
  HUB_PEER_WAY_CALL,   /* calls, pairing */
} HubPeerWay;
#define HUB_PEER_N_WAYS 3

#define HUB_TYPE_PEER_REQUEST (hub_peer_request_get_type ())
/**
 * HubPeerRequest:
 * Something another hub asked of this one, by HTTP or by a channel. Counted; one that is dropped
 * without an answer is answered with 500. Main thread only.
 */
typedef struct _HubPeerRequest HubPeerRequest;

/* @body: (transfer none): a JSON document. Called once. */
typedef void (*HubPeerAnswerFunc) (guint status, GBytes *body, gpointer data);
/* @request: (transfer none) */
typedef void (*HubPeerServeFunc) (HubPeerRequest *request, gpointer data);

GType hub_peer_request_get_type (void);
/**
 * hub_peer_request_new:
 * @key: hash of the key that the TLS connection was made with
 * @address: (nullable): where it came from
 * @path: what follows /peer/v1/
 * @timeout_ms: how long the sender waits
 */
HubPeerRequest *hub_peer_request_new (const char *key, const char *address, const char *path,
                                      GBytes *body, guint timeout_ms, HubPeerAnswerFunc func,
                                      gpointer data, GDestroyNotify destroy);
HubPeerRequest *hub_peer_request_ref (HubPeerRequest *self);
void hub_peer_request_unref (HubPeerRequest *self);
const char *hub_peer_request_get_key (HubPeerRequest *self);
const char *hub_peer_request_get_address (HubPeerRequest *self);
const char *hub_peer_request_get_path (HubPeerRequest *self);
GBytes *hub_peer_request_get_body (HubPeerRequest *self);
guint hub_peer_request_get_timeout (HubPeerRequest *self);
/* @body: (transfer full) */
void hub_peer_request_answer (HubPeerRequest *self, JsonNode *body);
void hub_peer_request_fail (HubPeerRequest *self, const GError *error);
/* The body as an object held against a table; an answer has been given when this is NULL.
 * @node: (out) (transfer full): what the object belongs to */
JsonObject *hub_peer_request_check (HubPeerRequest *self, const KarezJsonField *fields,
                                    JsonNode **node);

/* The longest body that @path accepts from a paired hub, or from somebody else. */
gsize hub_peer_body_limit (const char *path, gboolean known);
/* Whether somebody who is not paired may ask for @path. */
gboolean hub_peer_path_is_public (const char *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubPeerRequest, hub_peer_request_unref)

G_END_DECLS
