/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-catalogue.h"
#include "hub-feed.h"
#include "hub-store.h"
#include "hub-web-limits.h"
#include "hub-web-metrics.h"

G_BEGIN_DECLS

/**
 * HubWebConfig:
 * @hub: this hub's id
 * @names: {"en", "zh_CN", "ug"}
 * @version: as /hello says it
 * @origin: where people's browsers find it: "http://aral.localhost:8801". A WebSocket and a writing
 *   request of another origin are refused, and so is a Host that is neither this one nor a name
 *   of this machine
 * @bind: a numeric address: "127.0.0.1"
 * @port: 0 lets the kernel choose
 * @redirects: whether HTTP is answered with the way to @origin, at @redirect_port of @bind; 0 lets
 *   the kernel choose
 * @secure: whether TLS is beside an @origin of HTTP, at @secure_port of @bind, and not at @port; 0
 *   lets the kernel choose
 * @transport_security: for how many seconds browsers are to call it by HTTPS alone (RFC 6797); 0
 *   takes an @origin of HTTP, too
 * @socket: (nullable): path of the Unix socket for karezctl
 * @authority: (nullable): directory of authorities of its own, for TLS; instead of:
 * @certificate, @key: (nullable): both or none: PEM files for TLS
 * @proxies: (nullable): as hub_web_proxies_new() takes them
 * @desk: (nullable): GResource folder of the desk's files, ended by "/"
 * @bounds: (nullable): %HUB_WEB_BOUNDS_DEFAULT
 */
typedef struct
{
  const char *hub;
  JsonNode *names;
  const char *version;
  const char *origin;
  const char *bind;
  guint16 port, redirect_port, secure_port;
  gboolean redirects, secure;
  guint transport_security;
  const char *socket;
  const char *authority, *certificate, *key;
  const char *proxies;
  const char *desk;
  const HubWebBounds *bounds;
} HubWebConfig;

#define HUB_TYPE_WEB (hub_web_get_type ())
/**
 * HubWeb:
 * The HTTP server: the JSON API, the live WebSocket, the desk's files. Implements KarezRoutes.
 * Main thread only.
 *
 * Signal "connection-closed" (const char *connection): a page went away.
 * Signal "connection-revoked" (const char *connection): the same, just before it, of a page that
 *   does not come back: its sign-in is over.
 * Signal "account-changed" (const char *account, KarezActor *actor, gboolean ended): what an
 * account may do may have changed; @actor has its roles now, and is NULL when none of its sign-ins
 * is in force. @ended: whether one ended that something was done by. Pages that it concerns are
 * closed before.
 */
G_DECLARE_FINAL_TYPE (HubWeb, hub_web, HUB, WEB, GObject)

/* Adds the schema "web", before hub_store_open_async(). */
void hub_web_add_schema (HubStore *store);

/* @store: opened or not; requests before it is get 503. Returns: (transfer full) */
HubWeb *hub_web_new (HubStore *store, const HubWebConfig *config);
/* Listens. Errors of %G_IO_ERROR name the address or path. */
gboolean hub_web_start (HubWeb *self, GError **error);
/* Everything behind the routes has started: from now on /readyz follows the database alone. */
void hub_web_set_ready (HubWeb *self);
/* Ends listening and all connections; pages are told that the hub goes away. */
void hub_web_stop (HubWeb *self);
/* The port it listens on. */
guint16 hub_web_get_port (HubWeb *self);
/* The other one, where HTTP is redirected from; 0 for none. */
guint16 hub_web_get_redirect_port (HubWeb *self);
/* That of HTTPS beside HTTP; 0 for none. */
guint16 hub_web_get_secure_port (HubWeb *self);
/* What browsers are shown. Returns: (transfer none) (nullable): NULL without TLS of its own */
HubWebCertificate *hub_web_get_certificate (HubWeb *self);
/* Whether its certificate is by an authority of the hub's own. */
gboolean hub_web_has_authority (HubWeb *self);

/* A line of the authorisation table for a plugin's permission. */
gboolean hub_web_allow (HubWeb *self, const char *permission, const char *const *roles,
                        GError **error);
/* Whether @actor has @permission. */
gboolean hub_web_allows (HubWeb *self, const char *permission, KarezActor *actor);
/* What @plugin says of its own routes (hub_web_document_add()). */
gboolean hub_web_add_description (HubWeb *self, const char *plugin, GError **error);
/* What @plugin brings to the desk. Returns: (transfer full): where it is, "/x/ID/HASH/"
 * (hub_web_static_add_plugin()) */
char *hub_web_add_plugin_files (HubWeb *self, const char *plugin);
/* @plugin's own catalogue, for its errors and for the desk. Returns: (transfer full): where the
 * desk finds it */
char *hub_web_add_catalogue (HubWeb *self, const char *plugin, HubCatalogue *catalogue);
/* A line of /metrics; @name ends in "_total" for a counter. */
void hub_web_add_metric (HubWeb *self, const char *name, const char *help, HubWebMetricFunc func,
                         gpointer data);

/* The events that pages follow. */
void hub_web_set_feed (HubWeb *self, HubFeed *feed);

/**
 * HubWebSessionFunc:
 * @connection: the page
 * @actor: who looks at it, with the permission session.join
 * @message: checked: "join" {session, participant}, "message" {session, body} or "leave" {session}
 *
 * A page speaks in a session. Returns: FALSE with @error set to refuse; the page is told
 */
typedef gboolean (*HubWebSessionFunc) (HubWeb *web, const char *connection, KarezActor *actor,
                                       JsonObject *message, gpointer data, GError **error);
void hub_web_set_session_handler (HubWeb *self, HubWebSessionFunc func, gpointer data);
/* To one page. @message: (transfer full). Returns: FALSE when the page is away */
gboolean hub_web_send (HubWeb *self, const char *connection, JsonNode *message);
/* A refusal that was found later. @session: (nullable) */
void hub_web_send_problem (HubWeb *self, const char *connection, const char *session,
                           const GError *error);
/* To every page whose person has @permission. @message: (transfer full) */
void hub_web_broadcast (HubWeb *self, const char *permission, JsonNode *message);

G_END_DECLS
