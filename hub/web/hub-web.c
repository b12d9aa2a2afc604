/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HTTP server as a whole: implements KarezRoutes. */
#include "hub-web-private.h"

#include "hub-address.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-names.h"
#include "hub-web-directory.h"
#include "hub-web-input.h"
#include "hub-web-listen.h"
#include "hub-web-range.h"
#include "hub-web-resources.h"
#include "hub-web-words.h"

#include <glib/gstdio.h>

/* So that signing in holds 46 MiB at most, whoever tries. */
#define HASHES_AT_ONCE 1
#define HASHES_WAITING 32

static guint closed_signal, revoked_signal, account_signal;

static void hub_web_routes_init (KarezRoutesInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HubWeb, hub_web, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_ROUTES, hub_web_routes_init))

/* What is no HTTP says no language either. */
static GBytes *
refuse_request (const HubHttpFault *fault, gpointer data)
{
  HubWeb *self = data;
  g_autoptr (GError) error = karez_error_new_parts (KAREZ_ERROR_INVALID, fault->rule,
                                                    fault->accepted, fault->message, NULL);

  hub_web_metrics_count_answer (self->metrics, fault->status);
  return hub_web_problem_answer (error, fault->status, self->languages,
                                 hub_web_languages_choose (self->languages, NULL, NULL));
}

/* Whose body it is, as far as is known before it comes. */
static HubWebBody *
begin_body (HubWeb *self, SoupServerMessage *message)
{
  g_autofree char *account = hub_web_sign_ins_recall_account (
      self->sign_ins, soup_server_message_get_request_headers (message));
  g_autofree char *address = hub_web_limits_find_client (message);
  g_autofree char *customer = hub_address_customer (address);

  return hub_web_body_new (self->bodies, account, customer);
}

static void
on_got_headers (SoupServerMessage *message, HubWeb *self)
{
  hub_web_range_take (message);
  hub_web_input_watch (message, begin_body (self, message), self->languages);
}

/* libsoup's early handlers are not called for a head that it refuses itself, and it would keep the
 * whole body of such a request; so the body is bounded from here. */
static void
on_request_started (SoupServer *server, SoupServerMessage *message, HubWeb *self)
{
  g_signal_connect_object (message, "got-headers", G_CALLBACK (on_got_headers), self, 0);
}

/* A sign-in is refused by whoever sees first that it is none: gate, form, guard or verifier. */
static void
on_request_done (SoupServer *server, SoupServerMessage *message, HubWeb *self)
{
  guint status = soup_server_message_get_status (message);
  GUri *uri = soup_server_message_get_uri (message);

  hub_web_metrics_count_answer (self->metrics, status);
  if (status / 100 == 4 && uri != NULL
      && g_strcmp0 (g_uri_get_path (uri), HUB_API_PREFIX "/sign-in") == 0)
    self->sign_ins_refused++;
}

static void
handle_hello (KarezRequest *request, gpointer data)
{
  HubWeb *self = data;
  g_auto (GStrv) ways = g_strsplit ("password", "|", -1);
  g_autofree char *now = hub_time_format (hub_clock_now ());

  karez_request_respond (
      request, 200,
      karez_json_object ("hub", "s", self->hub, "names", "n", json_node_copy (self->names),
                         "version", "s", self->version, "languages", "n", hub_web_languages_list (),
                         "sign_in", "as", ways, "password", "n",
                         karez_json_object ("min", "i", (gint64) HUB_WEB_PASSWORD_MIN, "max", "i",
                                            (gint64) HUB_WEB_PASSWORD_MAX, NULL),
                         "now", "s", now, NULL));
}

static gboolean
refuse_permission (HubWeb *self, const char *permission, GError **error)
{
  g_autofree char *near = hub_web_policy_find_near (self->policy, permission);

  if (near != NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "route/permission", near,
                            N_ ("Nobody has the permission “%s”; “%s” is near it"), permission,
                            near);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "route/permission",
                          N_ ("a line of the authorisation table"),
                          N_ ("Nobody has the permission “%s”"), permission);
}

static gboolean
hub_web_add (KarezRoutes *routes, const char *method, const char *path, const char *permission,
             KarezRouteBody body, KarezRouteFunc func, gpointer data, GDestroyNotify destroy,
             GError **error)
{
  HubWeb *self = HUB_WEB (routes);

  if (!hub_web_policy_knows (self->policy, permission))
    return refuse_permission (self, permission, error);
  return hub_web_router_add (self->router, method, path, permission, body, func, data, destroy,
                             error);
}

static void
hub_web_routes_init (KarezRoutesInterface *iface)
{
  iface->add = hub_web_add;
}

static void
on_rights_changed (const char *account, const char *const *roles, gboolean ended, gpointer data)
{
  g_autoptr (KarezActor) actor = NULL;

  if (roles != NULL)
    actor = karez_actor_new (KAREZ_ACTOR_PERSON, account, "", roles, NULL, NULL);
  g_signal_emit (data, account_signal, 0, account, actor, ended);
}

static void
on_connection_closed (HubWebLive *live, const char *connection, gboolean revoked, HubWeb *self)
{
  if (revoked)
    g_signal_emit (self, revoked_signal, 0, connection);
  g_signal_emit (self, closed_signal, 0, connection);
}

static gboolean
on_session_message (const char *connection, KarezActor *actor, JsonObject *message, gpointer data,
                    GError **error)
{
  HubWeb *self = data;

  return self->session_func (self, connection, actor, message, self->session_data, error);
}

/* What another process of this hospital did to an account. */
static void
on_event (HubFeed *feed, JsonNode *event, const char *cursor, HubWeb *self)
{
  JsonObject *object = json_node_get_object (event);
  const char *action = json_object_get_string_member_with_default (object, "action", "");
  const char *row = json_object_get_string_member_with_default (object, "row", NULL);

  if (row == NULL)
    return;
  if (g_str_equal (action, "account.change") || g_str_equal (action, "account.sign-out")
      || g_str_equal (action, "account.password"))
    hub_web_sign_ins_forget (self->sign_ins, row, TRUE);
  else if (g_str_equal (action, "account.language"))
    hub_web_sign_ins_forget (self->sign_ins, row, FALSE);
}

static double
count_pages (gpointer data)
{
  return hub_web_live_get_count (HUB_WEB (data)->live);
}

static double
count_downloads (gpointer data)
{
  return hub_web_downloads_get_count (HUB_WEB (data)->downloads);
}

static double
count_refused_sign_ins (gpointer data)
{
  return (double) HUB_WEB (data)->sign_ins_refused;
}

static double
count_refused_passwords (gpointer data)
{
  return (double) hub_web_account_get_refused (HUB_WEB (data)->account);
}

static void
add_metrics (HubWeb *self)
{
  hub_web_limits_add_metrics (self->limits, self->metrics);
  hub_web_bodies_add_metrics (self->bodies, self->metrics);
  hub_web_add_metric (self, "karez_live_pages", "Open live pages.", count_pages, self);
  hub_web_add_metric (self, "karez_downloads", "Files that are being downloaded.", count_downloads,
                      self);
  hub_web_add_metric (self, "karez_sign_ins_refused_total", "Sign-ins refused.",
                      count_refused_sign_ins, self);
  hub_web_add_metric (self, "karez_confirmations_refused_total",
                      "Passwords refused of who is signed in.", count_refused_passwords, self);
}

static void
handle_root (KarezRequest *request, gpointer data)
{
  HubWeb *self = data;
  g_autofree char *address = NULL;
  HubWebRootFile *file = hub_web_tls_get_root (self->tls);
  const HubWebRoot *root = NULL;
  g_autoptr (GError) error = NULL;

  if (file == NULL)
    error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "system/root", N_ ("[Web] Authority=own"),
                             N_ ("This hub has no authority of its own"));
  else
    root = hub_web_root_file_get (file, &error);
  if (root == NULL)
    {
      karez_request_fail (request, error);
      return;
    }
  address = hub_web_root_make_address (self->origin, self->redirects ? self->redirect_port : 0);
  karez_request_respond (request, 200, hub_web_root_describe (root, address));
}

static void
add_own_routes (HubWeb *self)
{
  g_autoptr (GError) error = NULL;
  KarezRoutes *routes = KAREZ_ROUTES (self);

  if (!karez_routes_add (routes, "GET", "/hello", HUB_WEB_ANYONE, handle_hello, self, NULL, &error)
      || !karez_routes_add (routes, "GET", "/system/root", "system.read", handle_root, self, NULL,
                            &error)
      || !hub_web_account_add_routes (self->account, routes, &error)
      || !hub_web_people_add_routes (self->people, routes, &error)
      || !hub_web_directory_add_routes (self->store, self->hub, routes, &error)
      || !hub_web_document_add_route (self->document, routes, &error))
    g_error ("the hub's own routes: %s", error->message);
}

static void
make_server (HubWeb *self)
{
  self->server = soup_server_new ("raw-paths", TRUE, NULL);
  self->limits = hub_web_limits_new (self->server, &self->bounds, self->proxies, refuse_request,
                                     self);
  soup_server_add_handler (self->server, NULL, hub_web_serve, self, NULL);
  g_signal_connect (self->server, "request-started", G_CALLBACK (on_request_started), self);
  g_signal_connect (self->server, "request-finished", G_CALLBACK (on_request_done), self);
  g_signal_connect (self->server, "request-aborted", G_CALLBACK (on_request_done), self);
}

void
hub_web_add_schema (HubStore *store)
{
  hub_web_register_resource ();
  hub_store_add_schema (store, "web", "/org/karez/web/", FALSE);
}

HubWeb *
hub_web_new (HubStore *store, const HubWebConfig *config)
{
  static const HubWebBounds standard = HUB_WEB_BOUNDS_DEFAULT;
  HubWeb *self;

  g_return_val_if_fail (config->origin != NULL && strstr (config->origin, "://") != NULL, NULL);

  self = g_object_new (HUB_TYPE_WEB, NULL);
  self->store = g_object_ref (store);
  self->hub = g_strdup (config->hub);
  self->names = json_node_copy (config->names);
  self->version = g_strdup (config->version);
  self->origin = g_strdup (config->origin);
  self->bind = g_strdup (config->bind);
  self->port = config->port;
  self->redirect_port = config->redirect_port;
  self->redirects = config->redirects;
  self->secure_port = config->secure_port;
  self->secure = config->secure;
  self->origins = hub_web_origins_new (self->origin);
  self->transport_security = g_str_has_prefix (config->origin, "https:")
                                 ? config->transport_security
                                 : 0;
  self->socket = g_strdup (config->socket);
  self->tls = hub_web_tls_new (self->origin, config->authority, config->certificate, config->key);
  self->bounds = config->bounds != NULL ? *config->bounds : standard;
  self->proxies = hub_web_proxies_new (config->proxies);
  self->bodies = hub_web_bodies_new (&self->bounds);

  self->router = hub_web_router_new ();
  self->policy = hub_web_policy_new ();
  self->languages = hub_web_languages_new ();
  self->files = hub_web_static_new (self->origins);
  self->metrics = hub_web_metrics_new ();
  self->sign_ins = hub_web_sign_ins_new (hub_store_get_scope (store, "web"), self->hub,
                                         self->bounds.believe_ms);
  self->gate = hub_web_gate_new (store, self->policy, self->sign_ins, self->origins, &self->bounds);
  self->passwords = hub_web_passwords_new (HASHES_AT_ONCE, HASHES_WAITING);
  self->browsers = hub_web_browsers_new (self->hub);
  self->account = hub_web_account_new (store, self->sign_ins, self->passwords, self->browsers,
                                       self->policy, self->hub, self->names);
  self->people = hub_web_people_new (store, self->sign_ins, self->passwords, self->policy,
                                     self->hub, self->names);
  self->downloads = hub_web_downloads_new ();
  self->document = hub_web_document_new ();
  self->live = hub_web_live_new (store, self->hub, self->policy, self->languages);
  hub_web_sign_ins_set_listener (self->sign_ins, on_rights_changed, self);
  g_signal_connect_object (self->live, "connection-closed", G_CALLBACK (on_connection_closed), self,
                           0);
  if (config->desk != NULL)
    hub_web_static_add (self->files, "/", config->desk);
  make_server (self);
  add_metrics (self);
  add_own_routes (self);
  return self;
}

/* Pages are told of it before any is sent. */
static void
accept_secure (HubWeb *self, GSocket *secure)
{
  hub_web_origins_add_secure (self->origins, self->secure_port);
  hub_web_static_write_policy (self->files);
  hub_web_limits_accept (self->limits, secure, hub_web_tls_get_certificate (self->tls));
  hub_notice ("web", NULL, "the desk is at %s too", hub_web_origins_get_secure (self->origins));
}

gboolean
hub_web_start (HubWeb *self, GError **error)
{
  g_autoptr (GSocket) tcp = NULL;
  g_autoptr (GSocket) local = NULL;
  g_autoptr (GSocket) plain = NULL;
  g_autoptr (GSocket) secure = NULL;
  HubWebCertificate *certificate;

  g_return_val_if_fail (!self->started, FALSE);

  if (!hub_web_tls_open (self->tls, error))
    return FALSE;
  certificate = hub_web_tls_get_certificate (self->tls);
  tcp = hub_web_listen_tcp (self->bind, &self->port, error);
  if (tcp == NULL)
    return FALSE;
  plain = self->redirects ? hub_web_listen_tcp (self->bind, &self->redirect_port, error) : NULL;
  if (self->redirects && plain == NULL)
    return FALSE;
  secure = self->secure ? hub_web_listen_tcp (self->bind, &self->secure_port, error) : NULL;
  if (self->secure && secure == NULL)
    return FALSE;
  local = self->socket != NULL ? hub_web_listen_unix (self->socket, error) : NULL;
  if (self->socket != NULL && local == NULL)
    return FALSE;
  self->started = TRUE;
  hub_web_origins_set_port (self->origins, self->port);
  hub_web_limits_accept (self->limits, tcp, self->secure ? NULL : certificate);
  if (secure != NULL)
    accept_secure (self, secure);
  if (plain != NULL)
    hub_web_limits_accept_redirected (self->limits, plain);
  if (local != NULL)
    hub_web_limits_accept (self->limits, local, NULL);
  hub_notice ("web", NULL, "the desk is at %s, listening at %s port %u", self->origin, self->bind,
              self->port);
  return TRUE;
}

void
hub_web_stop (HubWeb *self)
{
  if (!self->started)
    return;
  self->started = FALSE;
  hub_web_limits_stop (self->limits);
  hub_web_live_close (self->live, SOUP_WEBSOCKET_CLOSE_GOING_AWAY);
  soup_server_disconnect (self->server);
  if (self->socket != NULL)
    g_unlink (self->socket);
}

void
hub_web_set_ready (HubWeb *self)
{
  self->ready = TRUE;
}

guint16
hub_web_get_port (HubWeb *self)
{
  return self->port;
}

guint16
hub_web_get_redirect_port (HubWeb *self)
{
  return self->redirect_port;
}

guint16
hub_web_get_secure_port (HubWeb *self)
{
  return self->secure_port;
}

gboolean
hub_web_has_authority (HubWeb *self)
{
  return hub_web_tls_has_authority (self->tls);
}

HubWebCertificate *
hub_web_get_certificate (HubWeb *self)
{
  return hub_web_tls_get_certificate (self->tls);
}

gboolean
hub_web_allow (HubWeb *self, const char *permission, const char *const *roles, GError **error)
{
  return hub_web_policy_add (self->policy, permission, roles, error);
}

gboolean
hub_web_allows (HubWeb *self, const char *permission, KarezActor *actor)
{
  return hub_web_policy_allows (self->policy, permission, actor);
}

gboolean
hub_web_add_description (HubWeb *self, const char *plugin, GError **error)
{
  return hub_web_document_add (self->document, plugin, error);
}

char *
hub_web_add_plugin_files (HubWeb *self, const char *plugin)
{
  return hub_web_static_add_plugin (self->files, plugin);
}

char *
hub_web_add_catalogue (HubWeb *self, const char *plugin, HubCatalogue *catalogue)
{
  g_autoptr (GBytes) words = hub_web_words_new (catalogue);

  hub_web_languages_add (self->languages, plugin, catalogue);
  return hub_web_static_add_words (self->files, plugin, hub_catalogue_get_language (catalogue),
                                   words);
}

void
hub_web_add_metric (HubWeb *self, const char *name, const char *help, HubWebMetricFunc func,
                    gpointer data)
{
  hub_web_metrics_add (self->metrics, name, help, func, data);
}

void
hub_web_set_feed (HubWeb *self, HubFeed *feed)
{
  if (self->feed != NULL)
    g_signal_handlers_disconnect_by_data (self->feed, self);
  if (g_set_object (&self->feed, feed) && feed != NULL)
    g_signal_connect_object (feed, "event", G_CALLBACK (on_event), self, 0);
  hub_web_live_set_feed (self->live, feed);
}

void
hub_web_set_session_handler (HubWeb *self, HubWebSessionFunc func, gpointer data)
{
  self->session_func = func;
  self->session_data = data;
  hub_web_live_set_handler (self->live, func != NULL ? on_session_message : NULL, self);
}

gboolean
hub_web_send (HubWeb *self, const char *connection, JsonNode *message)
{
  g_autoptr (JsonNode) own = message;

  return hub_web_live_send (self->live, connection, own);
}

void
hub_web_send_problem (HubWeb *self, const char *connection, const char *session,
                      const GError *error)
{
  hub_web_live_send_problem (self->live, connection, session, error);
}

void
hub_web_broadcast (HubWeb *self, const char *permission, JsonNode *message)
{
  g_autoptr (JsonNode) own = message;

  hub_web_live_broadcast (self->live, permission, own);
}

static void
hub_web_dispose (GObject *object)
{
  HubWeb *self = HUB_WEB (object);

  if (self->server != NULL)
    hub_web_stop (self);
  if (self->live != NULL)
    hub_web_set_feed (self, NULL);
  G_OBJECT_CLASS (hub_web_parent_class)->dispose (object);
}

static void
hub_web_finalize (GObject *object)
{
  HubWeb *self = HUB_WEB (object);

  hub_web_sign_ins_set_listener (self->sign_ins, NULL, NULL);
  g_object_unref (self->live);
  g_signal_handlers_disconnect_by_data (self->server, self);
  hub_web_limits_free (self->limits);
  g_object_unref (self->tls);
  hub_web_bodies_unref (self->bodies);
  hub_web_proxies_free (self->proxies);
  g_object_unref (self->server);
  hub_web_router_free (self->router);
  hub_web_account_free (self->account);
  hub_web_people_free (self->people);
  hub_web_passwords_free (self->passwords);
  hub_web_browsers_free (self->browsers);
  hub_web_downloads_free (self->downloads);
  hub_web_document_free (self->document);
  hub_web_gate_free (self->gate);
  hub_web_sign_ins_free (self->sign_ins);
  hub_web_metrics_free (self->metrics);
  hub_web_static_free (self->files);
  hub_web_origins_free (self->origins);
  hub_web_languages_free (self->languages);
  hub_web_policy_free (self->policy);
  g_object_unref (self->store);
  json_node_unref (self->names);
  g_free (self->hub);
  g_free (self->version);
  g_free (self->origin);
  g_free (self->bind);
  g_free (self->socket);
  G_OBJECT_CLASS (hub_web_parent_class)->finalize (object);
}

static void
hub_web_class_init (HubWebClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = hub_web_dispose;
  object_class->finalize = hub_web_finalize;
  closed_signal = g_signal_new ("connection-closed", HUB_TYPE_WEB, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  revoked_signal = g_signal_new ("connection-revoked", HUB_TYPE_WEB, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  account_signal = g_signal_new ("account-changed", HUB_TYPE_WEB, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 3, G_TYPE_STRING, KAREZ_TYPE_ACTOR,
                                 G_TYPE_BOOLEAN);
}

static void
hub_web_init (HubWeb *self)
{
}
