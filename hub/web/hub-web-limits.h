/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-http-scanner.h"
#include "hub-web-certificate.h"
#include "hub-web-metrics.h"
#include "hub-web-proxies.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * HubWebBounds:
 * @connections: most at once
 * @connections_of_address: most at once from one address; neither for the Unix socket, which has
 *   none, nor for a proxy
 * @header_ms: from the connection, or a request's first byte, to the end of its head; from the
 *   connection to the end of the TLS handshake, too
 * @body_ms: from there to the end of its body
 * @body_stall_ms: within a body, how long nothing of it may come
 * @answer_ms: from there until the answer must be given
 * @write_ms: from there until the client must have taken it
 * @stall_ms: of an answer that comes in parts: from one part until the client must have taken the
 * next
 * @idle_ms: between two requests
 * @requests_per_second: of one account, or of one address when nobody is signed in
 * @burst: how many may come at once after a pause
 * @believe_ms: how long a sign-in counts before it is looked up again
 * @bodies_of_account: bytes of requests' bodies that one account may have on the way or waiting for
 * an answer
 * @bodies_of_customer: all accounts together of one IPv4 address or IPv6 /64
 * @bodies: all accounts together
 * @strange_bodies_of_customer: the same of those who are not signed in
 * @strange_bodies: all of those together
 *
 * What one client may take from the others. HUB_WEB_BOUNDS_DEFAULT is made for some hundred people.
 */
typedef struct
{
  guint connections, connections_of_address;
  guint header_ms, body_ms, body_stall_ms, answer_ms, write_ms, stall_ms, idle_ms;
  double requests_per_second, burst;
  guint believe_ms;
  gsize bodies_of_account, bodies_of_customer, bodies;
  gsize strange_bodies_of_customer, strange_bodies;
} HubWebBounds;

#define HUB_WEB_BOUNDS_DEFAULT                                                                     \
  {                                                                                                \
    .connections = 2000, .connections_of_address = 200, .header_ms = 10000, .body_ms = 30000,      \
    .body_stall_ms = 10000, .answer_ms = 45000, .write_ms = 60000, .stall_ms = 20000,              \
    .idle_ms = 75000, .requests_per_second = 100, .burst = 300, .believe_ms = 30000,               \
    .bodies_of_account = 8 << 20, .bodies_of_customer = 32 << 20, .bodies = 128 << 20,             \
    .strange_bodies_of_customer = 2 << 20, .strange_bodies = 16 << 20                              \
  }

/**
 * HubWebLimits:
 * Accepts the connections of a SoupServer, which has no bound and no deadline of its own: counts
 * them, and cuts what is slow or too many. A deadline is a point in time, so dripping bytes does
 * not move it. Main thread only.
 */
typedef struct _HubWebLimits HubWebLimits;

/* A whole answer for a request that the server does not see, head and body, with "Connection:
 * close". Returns: (transfer full) */
typedef GBytes *(*HubWebLimitsFunc) (const HubHttpFault *fault, gpointer data);

/* @proxies: must outlive it */
HubWebLimits *hub_web_limits_new (SoupServer *server, const HubWebBounds *bounds,
                                  HubWebProxies *proxies, HubWebLimitsFunc refuse, gpointer data);
/* Ends accepting. The server must have let go of its connections. */
void hub_web_limits_free (HubWebLimits *self);
/* Accepts from @listening on. May be called for several. @certificate: (nullable): for TLS; must
 * outlive it */
void hub_web_limits_accept (HubWebLimits *self, GSocket *listening, HubWebCertificate *certificate);
/* The same without TLS, for requests that are only shown the way to it. */
void hub_web_limits_accept_redirected (HubWebLimits *self, GSocket *listening);
/* Closes what was given to hub_web_limits_accept(). */
void hub_web_limits_stop (HubWebLimits *self);
guint hub_web_limits_get_connections (HubWebLimits *self);
/* How many were refused or cut since the start; requests refused before the server saw them. */
guint64 hub_web_limits_get_refused (HubWebLimits *self);
guint64 hub_web_limits_get_refused_requests (HubWebLimits *self);
guint64 hub_web_limits_get_cut (HubWebLimits *self);
/* The counts above, among @metrics, which must not be printed once this is freed. */
void hub_web_limits_add_metrics (HubWebLimits *self, HubWebMetrics *metrics);

/* Where a message came from: "192.0.2.1", or NULL for the Unix socket. Returns: (transfer full) */
char *hub_web_limits_find_client (SoupServerMessage *message);
/* The Unix socket, with root or the hub's own user at the other end. */
gboolean hub_web_limits_is_local (SoupServerMessage *message);
/* Whether it came by TLS of the hub's own. */
gboolean hub_web_limits_is_encrypted (SoupServerMessage *message);
/* Whether it came by hub_web_limits_accept_redirected(). */
gboolean hub_web_limits_is_redirected (SoupServerMessage *message);
/* soup_server_message_get_socket() knows no socket that it did not accept. Returns: (nullable) */
GSocket *hub_web_limits_get_socket (SoupServerMessage *message);
/* Another part of the answer is given to the client, which has so long to take it. */
void hub_web_limits_extend (SoupServerMessage *message);
/* The connection goes on as something else than HTTP: no deadline, or one last. @last_ms: 0 for
 * none */
void hub_web_limits_release (GSocket *socket, guint last_ms);
/* The last that is said to a client, and the end of it. */
void hub_web_limits_end_with (GSocket *socket, GBytes *answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubWebLimits, hub_web_limits_free)

G_END_DECLS
