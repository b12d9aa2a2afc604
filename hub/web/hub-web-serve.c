/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way of a request: files, what machines ask, and the routes, each after its host, origin and
 * rights were looked at. */
#include "hub-web-private.h"

#include "hub-catalogue.h"
#include "hub-names.h"
#include "hub-web-input.h"

/* A request on its way to its handler. */
typedef struct
{
  HubWeb *self;
  HubWebRequest *request;
  const HubWebRoute *route; /* NULL: the WebSocket */
} Admission;

static void
admission_free (Admission *admission)
{
  g_object_unref (admission->request);
  g_free (admission);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Admission, admission_free)

/* Answers when the body cannot be read. */
static gboolean
read_body (HubWebRequest *request, KarezRouteBody body)
{
  g_autoptr (GError) error = NULL;

  if (!hub_web_gate_is_writing (hub_web_request_get_message (request))
      || hub_web_request_read_body (request, body, &error))
    return TRUE;
  if (g_strcmp0 (karez_error_get_rule (error), "request/media-type") == 0)
    hub_web_request_fail_with (request, 415, error);
  else
    karez_request_fail (KAREZ_REQUEST (request), error);
  return FALSE;
}

static void
run_route (Admission *admission)
{
  HubWebRequest *request = admission->request;
  const HubWebRoute *route = admission->route;
  g_autoptr (GError) error = NULL;

  if (!hub_web_gate_admit (admission->self->gate, request, route->permission, &error))
    karez_request_fail (KAREZ_REQUEST (request), error);
  else if (read_body (request, route->body))
    route->func (KAREZ_REQUEST (request), route->data);
}

/* What a page will need; not the request, which holds the message that holds this. */
typedef struct
{
  HubWeb *self;
  KarezActor *actor;
  HubWebSignIn *sign_in;
  const char *language;
} Upgrade;

static void
upgrade_free (gpointer data, GClosure *closure)
{
  Upgrade *upgrade = data;

  g_object_unref (upgrade->self);
  karez_actor_unref (upgrade->actor);
  g_clear_pointer (&upgrade->sign_in, hub_web_sign_in_unref);
  g_free (upgrade);
}

/* The answer 101 is written: the connection is a page's from here on. */
static void
on_upgraded (SoupServerMessage *message, Upgrade *upgrade)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (HubWebPage) page = NULL;

  g_set_object (&socket, hub_web_limits_get_socket (message));
  stream = soup_server_message_steal_connection (message);
  if (stream == NULL)
    return;
  /* It ended while the answer was written. */
  if (upgrade->sign_in != NULL && g_cancellable_is_cancelled (upgrade->sign_in->ended))
    {
      hub_web_limits_release (socket, 0);
      g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
      return;
    }
  hub_web_limits_release (socket, 0);
  page = hub_web_page_new (stream, socket, soup_server_message_get_uri (message), upgrade->actor,
                           upgrade->sign_in, upgrade->language);
  hub_web_live_add (upgrade->self->live, page);
}

static void
upgrade (HubWeb *self, HubWebRequest *request)
{
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (request);
  Upgrade *upgrade = g_new0 (Upgrade, 1);

  upgrade->self = g_object_ref (self);
  upgrade->actor = karez_actor_ref (karez_request_get_actor (KAREZ_REQUEST (request)));
  upgrade->sign_in = sign_in != NULL ? hub_web_sign_in_ref (sign_in) : NULL;
  upgrade->language = hub_web_request_get_language (request);
  g_signal_connect_data (hub_web_request_get_message (request), "wrote-informational",
                         G_CALLBACK (on_upgraded), upgrade, upgrade_free, 0);
  hub_web_request_let_go (request);
}

static void
open_page (Admission *admission)
{
  HubWeb *self = admission->self;
  HubWebRequest *request = admission->request;
  SoupServerMessage *message = hub_web_request_get_message (request);
  g_autoptr (GError) error = NULL;

  if (!hub_web_gate_admit (self->gate, request, HUB_WEB_SIGNED_IN, &error)
      || !hub_web_live_check_room (self->live, karez_request_get_actor (KAREZ_REQUEST (request)),
                                   &error))
    karez_request_fail (KAREZ_REQUEST (request), error);
  else if (!soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL))
    {
      error = karez_error_new (KAREZ_ERROR_INVALID, "live/handshake",
                               N_ ("a WebSocket handshake after RFC 6455"),
                               N_ ("This is not the beginning of a WebSocket"));
      soup_message_body_truncate (soup_server_message_get_response_body (message));
      hub_web_request_fail_with (request, 400, error);
    }
  else
    upgrade (self, request);
}

static void
go_on (Admission *admission)
{
  if (hub_web_request_is_answered (admission->request))
    return;
  if (admission->route != NULL)
    run_route (admission);
  else
    open_page (admission);
}

static void
on_identified (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Admission) admission = data;
  const HubWebRoute *route = admission->route;
  g_autoptr (GError) error = NULL;

  /* Who needs to be nobody can go on without the database. */
  if (!hub_web_gate_identify_finish (admission->self->gate, result, &error)
      && (route == NULL || !g_str_equal (route->permission, HUB_WEB_ANYONE)))
    karez_request_fail (KAREZ_REQUEST (admission->request), error);
  else
    go_on (admission);
}

static void
identify (HubWeb *self, HubWebRequest *request, const HubWebRoute *route)
{
  Admission *admission = g_new0 (Admission, 1);

  admission->self = self;
  admission->request = g_object_ref (request);
  admission->route = route;
  hub_web_gate_identify_async (self->gate, request,
                               route != NULL && hub_web_policy_is_away (route->permission),
                               on_identified, admission);
}

static void
fail_starting (HubWebRequest *request)
{
  g_autoptr (GError) error = karez_error_new (KAREZ_ERROR_UNAVAILABLE, "hub/starting", NULL,
                                              N_ ("The hub is starting"));

  karez_request_fail (KAREZ_REQUEST (request), error);
}

static void
no_route (HubWeb *self, HubWebRequest *request, const char *allowed)
{
  g_autoptr (GError) error = NULL;

  /* Its routes come one part after another, a plugin's last of all. */
  if (allowed == NULL && !self->ready)
    {
      fail_starting (request);
      return;
    }
  if (allowed == NULL)
    {
      error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "request/path", NULL,
                               N_ ("There is nothing at this address"));
      karez_request_fail (KAREZ_REQUEST (request), error);
      return;
    }
  error = karez_error_new (KAREZ_ERROR_INVALID, "request/method", allowed,
                           N_ ("What is at this address cannot be asked for by this method"));
  hub_web_request_set_header (request, "Allow", allowed);
  hub_web_request_fail_with (request, 405, error);
}

static void
handle_api (HubWeb *self, HubWebRequest *request, const char *path)
{
  SoupServerMessage *message = hub_web_request_get_message (request);
  const char *method = soup_server_message_get_method (message);
  g_autoptr (GHashTable) parts = NULL;
  g_autofree char *allowed = NULL;
  g_autoptr (GError) error = NULL;
  gboolean live = g_str_equal (path, "/live");
  const HubWebRoute *route = live ? NULL
                                  : hub_web_router_find (self->router, method, path, &parts,
                                                         &allowed);

  if (live && !g_str_equal (method, "GET"))
    no_route (self, request, "GET");
  else if (!live && route == NULL)
    no_route (self, request, allowed);
  else if ((live || hub_web_gate_is_writing (message))
           && !hub_web_gate_check_origin (self->gate, message, live, &error))
    karez_request_fail (KAREZ_REQUEST (request), error);
  else if (!hub_web_request_read_query (request, &error))
    karez_request_fail (KAREZ_REQUEST (request), error);
  else
    {
      if (parts != NULL)
        hub_web_request_set_parts (request, parts);
      identify (self, request, route);
    }
}

static void
respond_text (HubWebRequest *request, const char *media_type, char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  karez_request_respond_bytes (KAREZ_REQUEST (request), media_type, bytes);
}

/* What machines ask, by whatever name they know the hub. */
static gboolean
handle_watch (HubWeb *self, HubWebRequest *request, const char *path)
{
  g_autoptr (GError) error = NULL;

  if (g_str_equal (path, "/healthz"))
    karez_request_respond (KAREZ_REQUEST (request), 200,
                           karez_json_object ("state", "s", "alive", NULL));
  else if (g_str_equal (path, "/readyz") && !self->ready)
    fail_starting (request);
  else if (g_str_equal (path, "/readyz") && hub_store_is_available (self->store))
    karez_request_respond (KAREZ_REQUEST (request), 200,
                           karez_json_object ("state", "s", "ready", NULL));
  else if (g_str_equal (path, "/readyz"))
    {
      error = karez_error_new (KAREZ_ERROR_UNAVAILABLE, "database/away", NULL,
                               N_ ("The hub's database does not answer"));
      karez_request_fail (KAREZ_REQUEST (request), error);
    }
  else if (g_str_equal (path, "/metrics"))
    respond_text (request, "text/plain; version=0.0.4; charset=utf-8",
                  hub_web_metrics_print (self->metrics));
  else
    return FALSE;
  return TRUE;
}

/* Nothing is said here but where HTTPS is: what somebody meant to keep to themselves must not be
 * sent this way twice. */
static void
redirect (HubWeb *self, SoupServerMessage *message, GBytes *bytes)
{
  GUri *uri = soup_server_message_get_uri (message);
  const char *query = g_uri_get_query (uri);
  g_autofree char *place = g_strconcat (self->origin, g_uri_get_path (uri),
                                        query != NULL ? "?" : NULL, query, NULL);
  g_autoptr (HubWebRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  if (!hub_web_gate_is_writing (message))
    {
      soup_server_message_set_redirect (message, SOUP_STATUS_PERMANENT_REDIRECT, place);
      return;
    }
  request = hub_web_request_new (message, bytes, self->languages, self->bounds.answer_ms,
                                 G_OBJECT (self));
  error = karez_error_new (KAREZ_ERROR_DENIED, "request/https", self->origin,
                           N_ ("Only HTTPS is answered"));
  hub_web_request_fail_with (request, 403, error);
}

/* The root of the hub's own authority, at each port and by whatever name: whoever asks for it does
 * not trust the hub yet. */
static gboolean
serve_root (HubWeb *self, SoupServerMessage *message, const char *path)
{
  HubWebRootFile *file = hub_web_tls_get_root (self->tls);
  const HubWebRoot *root;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  if (file == NULL || hub_web_gate_is_writing (message) || !g_str_equal (path, HUB_WEB_ROOT_PATH))
    return FALSE;
  root = hub_web_root_file_get (file, NULL);
  if (root == NULL)
    return FALSE; /* GET /system/root tells an administrator why */
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_message_headers_replace (headers, "Content-Disposition",
                                "attachment; filename=\"karez-root.crt\"");
  soup_message_headers_set_content_type (headers, HUB_WEB_ROOT_MEDIA_TYPE, NULL);
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), root->der);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  return TRUE;
}

void
hub_web_serve (SoupServer *server, SoupServerMessage *message, const char *decoded,
               GHashTable *query, gpointer web)
{
  HubWeb *self = web;
  const char *path = g_uri_get_path (soup_server_message_get_uri (message));
  g_autoptr (GBytes) bytes = hub_web_input_take (message);
  g_autoptr (HubWebRequest) request = NULL;
  g_autoptr (GError) error = NULL;

  hub_web_static_protect (message,
                          hub_web_limits_is_redirected (message) ? 0 : self->transport_security);
  if (serve_root (self, message, path))
    return;
  if (hub_web_limits_is_redirected (message))
    {
      redirect (self, message, bytes);
      return;
    }
  /* Files need nobody's name and wait for nothing. */
  if (!hub_web_gate_is_writing (message) && hub_web_gate_check_host (self->gate, message, NULL)
      && hub_web_static_answer (self->files, message, path))
    return;

  request = hub_web_request_new (message, bytes, self->languages, self->bounds.answer_ms,
                                 G_OBJECT (self));
  hub_web_request_set_policy (request, self->policy);
  hub_web_request_set_confirm (request, hub_web_account_confirm, self->account);
  hub_web_request_set_downloads (request, self->downloads);
  if (!hub_web_gate_is_writing (message) && handle_watch (self, request, path))
    return;
  if (!hub_web_gate_check_host (self->gate, message, &error))
    hub_web_request_fail_with (request, 421, error);
  else if (g_str_has_prefix (path, HUB_API_PREFIX "/"))
    handle_api (self, request, path + strlen (HUB_API_PREFIX));
  else
    no_route (self, request, NULL);
}
