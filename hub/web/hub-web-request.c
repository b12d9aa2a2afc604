/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One HTTP request and its one answer. */
#include "hub-web-request.h"

#include "hub-catalogue.h"
#include "hub-hash.h"
#include "hub-log.h"
#include "hub-web-limits.h"
#include "hub-web-query.h"
#include "hub-web-stream.h"

struct _HubWebRequest
{
  KarezRequest parent_instance;

  SoupServerMessage *message;
  GObject *owner;
  char *path, *address;
  GHashTable *query, *parts;
  GBytes *bytes;
  JsonNode *body;
  KarezActor *actor;
  GPtrArray *sign_ins; /* HubWebSignIn; the first is the actor's */
  char *key;
  KarezTransaction *transaction; /* the last one begun; tells whether this is a repetition */
  HubWebConfirmFunc confirm_func;
  gpointer confirm_data;
  HubWebDownloads *downloads; /* the owner's */
  HubWebLanguages *languages;
  HubWebPolicy *policy;
  guint deadline;
  gboolean answered, overdue, gone;
};

G_DEFINE_FINAL_TYPE (HubWebRequest, hub_web_request, KAREZ_TYPE_REQUEST)

const char *
hub_web_request_get_language (HubWebRequest *self)
{
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (self);

  return hub_web_languages_choose (self->languages, sign_in != NULL ? sign_in->language : NULL,
                                   hub_web_request_get_header (self, "Accept-Language"));
}

/* Hands the answer to libsoup. @bytes: (nullable) */
static void
answer (HubWebRequest *self, guint status, const char *media_type, GBytes *bytes)
{
  SoupMessageHeaders *headers;

  if (self->answered)
    {
      if (!self->overdue)
        hub_warning ("web", self->path, "a request was answered twice; the first answer stands");
      return;
    }
  self->answered = TRUE;
  g_clear_handle_id (&self->deadline, g_source_remove);
  if (self->gone)
    return;
  headers = soup_server_message_get_response_headers (self->message);
  if (bytes != NULL)
    {
      soup_message_headers_replace (headers, "Content-Type", media_type);
      soup_message_body_append_bytes (soup_server_message_get_response_body (self->message), bytes);
    }
  if (soup_message_headers_get_one (headers, "Cache-Control") == NULL)
    soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_server_message_set_status (self->message, status, NULL);
  soup_server_message_unpause (self->message);
}

static void
answer_json (HubWebRequest *self, guint status, const char *media_type, JsonNode *node)
{
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  answer (self, status, media_type, bytes);
}

/* The plugin whose route this is. Returns: (transfer full) (nullable) */
static char *
plugin_of (HubWebRequest *self)
{
  static const char begin[] = "/api/v1/x/";

  return g_str_has_prefix (self->path, begin)
             ? g_strndup (self->path + strlen (begin), strcspn (self->path + strlen (begin), "/"))
             : NULL;
}

void
hub_web_request_fail_with (HubWebRequest *self, guint status, const GError *error)
{
  g_autoptr (JsonNode) problem = NULL;
  g_autoptr (GError) said = g_error_copy (error);
  g_autofree char *plugin = plugin_of (self);

  /* 503 and 504 have a cause elsewhere, which is told there. */
  if (status == 500)
    hub_warning ("web", self->path, "answered 500: %s", error->message);
  else if (status > 500)
    hub_info ("web", self->path, "answered %u: %s", status, error->message);
  if (status == 429 || status == 503)
    {
      SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);

      if (soup_message_headers_get_one (headers, "Retry-After") == NULL)
        soup_message_headers_replace (headers, "Retry-After", "1");
    }
  hub_web_request_set_header (self, "Content-Language",
                              g_str_equal (hub_web_request_get_language (self), "zh_CN")
                                  ? "zh-CN"
                                  : hub_web_request_get_language (self));
  karez_error_set_domain (said, plugin);
  problem = hub_web_problem_new (said, status, self->languages,
                                 hub_web_request_get_language (self));
  answer_json (self, status, "application/problem+json", problem);
}

static gboolean
on_overdue (gpointer data)
{
  HubWebRequest *self = data;
  g_autoptr (GError) error = karez_error_new (
      KAREZ_ERROR_TIMEOUT, "request/deadline",
      N_ ("the same request again, with the same Idempotency-Key"),
      N_ ("The hub did not finish in time; whether it was done is not known"));

  self->deadline = 0;
  hub_web_request_fail_with (self, 504, error);
  self->overdue = TRUE;
  return G_SOURCE_REMOVE;
}

static void
on_gone (SoupServerMessage *message, HubWebRequest *self)
{
  self->gone = TRUE;
}

HubWebRequest *
hub_web_request_new (SoupServerMessage *message, GBytes *bytes, HubWebLanguages *languages,
                     guint answer_ms, GObject *owner)
{
  HubWebRequest *self = g_object_new (HUB_TYPE_WEB_REQUEST, NULL);
  char *address = hub_web_limits_find_client (message);

  self->message = g_object_ref (message);
  self->owner = g_object_ref (owner);
  self->path = g_strdup (g_uri_get_path (soup_server_message_get_uri (message)));
  self->address = address != NULL ? address : g_strdup ("local");
  self->bytes = g_bytes_ref (bytes);
  self->languages = languages;
  self->deadline = g_timeout_add (answer_ms, on_overdue, self);
  g_signal_connect_object (message, "finished", G_CALLBACK (on_gone), self, 0);
  g_signal_connect_object (message, "disconnected", G_CALLBACK (on_gone), self, 0);
  soup_server_message_pause (message);
  return self;
}

gboolean
hub_web_request_read_query (HubWebRequest *self, GError **error)
{
  g_clear_pointer (&self->query, g_hash_table_unref);
  self->query = hub_web_query_parse (g_uri_get_query (soup_server_message_get_uri (self->message)),
                                     error);
  return self->query != NULL;
}

void
hub_web_request_set_parts (HubWebRequest *self, GHashTable *parts)
{
  g_clear_pointer (&self->parts, g_hash_table_unref);
  self->parts = g_hash_table_ref (parts);
}

static gboolean
is_reading (SoupServerMessage *message)
{
  return g_str_equal (soup_server_message_get_method (message), "GET");
}

/* What was asked for is not told any more. What writes is stopped by its transaction's guard, or
 * was done, and is answered. */
static void
on_ended (GCancellable *ended, HubWebRequest *self)
{
  g_autoptr (GError) error = NULL;

  if (self->answered || !is_reading (self->message))
    return;
  error = karez_error_new (KAREZ_ERROR_UNAUTHENTICATED, "sign-in/none", N_ ("a new sign-in"),
                           N_ ("You are not signed in, or no longer"));
  karez_request_fail (KAREZ_REQUEST (self), error);
  self->overdue = TRUE;
}

/* Lives as long as the message: an answer that is under way stops, too. */
static void
on_ended_under_way (GCancellable *ended, SoupServerMessage *message)
{
  GSocket *socket = hub_web_limits_get_socket (message);
  guint status = soup_server_message_get_status (message);

  if (SOUP_STATUS_IS_SUCCESSFUL (status) && socket != NULL)
    g_socket_shutdown (socket, TRUE, TRUE, NULL);
}

static void
on_under_way_over (SoupServerMessage *message, GCancellable *ended)
{
  g_signal_handlers_disconnect_by_func (ended, on_ended_under_way, message);
}

static void
watch_sign_in (HubWebRequest *self)
{
  GCancellable *ended = hub_web_request_get_sign_in (self)->ended;

  /* While its other cookies were looked up. */
  if (g_cancellable_is_cancelled (ended))
    {
      on_ended (ended, self);
      return;
    }
  g_signal_connect_object (ended, "cancelled", G_CALLBACK (on_ended), self, 0);
  if (!is_reading (self->message))
    return;
  /* Which ends with it, and would not hear of its end if it went before. */
  g_object_set_data_full (G_OBJECT (self->message), "hub-web-sign-in",
                          hub_web_sign_in_ref (hub_web_request_get_sign_in (self)),
                          (GDestroyNotify) hub_web_sign_in_unref);
  g_signal_connect_object (ended, "cancelled", G_CALLBACK (on_ended_under_way), self->message, 0);
  g_signal_connect_object (self->message, "finished", G_CALLBACK (on_under_way_over), ended, 0);
  g_signal_connect_object (self->message, "disconnected", G_CALLBACK (on_under_way_over), ended, 0);
}

void
hub_web_request_set_actor (HubWebRequest *self, KarezActor *actor, GPtrArray *sign_ins)
{
  g_clear_pointer (&self->actor, karez_actor_unref);
  g_clear_pointer (&self->sign_ins, g_ptr_array_unref);
  self->actor = actor != NULL ? karez_actor_ref (actor) : NULL;
  self->sign_ins = sign_ins != NULL ? g_ptr_array_ref (sign_ins) : NULL;
  if (sign_ins != NULL)
    watch_sign_in (self);
}

void
hub_web_request_set_key (HubWebRequest *self, const char *key)
{
  g_free (self->key);
  self->key = g_strdup (key);
}

gboolean
hub_web_request_read_body (HubWebRequest *self, KarezRouteBody body, GError **error)
{
  const char *wanted = body == KAREZ_ROUTE_BYTES ? "application/octet-stream" : "application/json";
  const char *type = soup_message_headers_get_content_type (
      soup_server_message_get_request_headers (self->message), NULL);

  if (g_bytes_get_size (self->bytes) == 0)
    return TRUE;
  if (type == NULL || g_ascii_strcasecmp (type, wanted) != 0)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "request/media-type", wanted,
                            N_ ("The body is of a media type that is not read here"));
  if (body == KAREZ_ROUTE_BYTES)
    return TRUE;
  self->body = karez_json_parse (self->bytes, 0, error);
  return self->body != NULL;
}

void
hub_web_request_set_policy (HubWebRequest *self, HubWebPolicy *policy)
{
  self->policy = policy;
}

void
hub_web_request_set_confirm (HubWebRequest *self, HubWebConfirmFunc func, gpointer data)
{
  self->confirm_func = func;
  self->confirm_data = data;
}

void
hub_web_request_set_downloads (HubWebRequest *self, HubWebDownloads *downloads)
{
  self->downloads = downloads;
}

SoupServerMessage *
hub_web_request_get_message (HubWebRequest *self)
{
  return self->message;
}

HubWebSignIn *
hub_web_request_get_sign_in (HubWebRequest *self)
{
  return self->sign_ins != NULL ? self->sign_ins->pdata[0] : NULL;
}

GPtrArray *
hub_web_request_get_sign_ins (HubWebRequest *self)
{
  return self->sign_ins;
}

SoupMessageHeaders *
hub_web_request_get_headers (HubWebRequest *self)
{
  return soup_server_message_get_request_headers (self->message);
}

const char *
hub_web_request_get_address (HubWebRequest *self)
{
  return self->address;
}

const char *
hub_web_request_get_header (HubWebRequest *self, const char *name)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers (self->message),
                                       name);
}

void
hub_web_request_set_header (HubWebRequest *self, const char *name, const char *value)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);

  if (value != NULL)
    soup_message_headers_replace (headers, name, value);
  else
    soup_message_headers_remove (headers, name);
}

void
hub_web_request_add_header (HubWebRequest *self, const char *name, const char *value)
{
  soup_message_headers_append (soup_server_message_get_response_headers (self->message), name,
                               value);
}

void
hub_web_request_let_go (HubWebRequest *self)
{
  self->answered = TRUE;
  g_clear_handle_id (&self->deadline, g_source_remove);
  if (!self->gone)
    soup_server_message_unpause (self->message);
}

gboolean
hub_web_request_is_answered (HubWebRequest *self)
{
  return self->answered;
}

static KarezActor *
get_actor (KarezRequest *request)
{
  return HUB_WEB_REQUEST (request)->actor;
}

static gboolean
may (KarezRequest *request, const char *permission)
{
  HubWebRequest *self = HUB_WEB_REQUEST (request);

  return hub_web_policy_allows (self->policy, permission, self->actor);
}

static const char *
get_path_part (KarezRequest *request, const char *name)
{
  HubWebRequest *self = HUB_WEB_REQUEST (request);

  return self->parts != NULL ? g_hash_table_lookup (self->parts, name) : NULL;
}

static const char *
get_query (KarezRequest *request, const char *name)
{
  HubWebRequest *self = HUB_WEB_REQUEST (request);

  return self->query != NULL ? g_hash_table_lookup (self->query, name) : NULL;
}

static JsonNode *
get_body (KarezRequest *request)
{
  return HUB_WEB_REQUEST (request)->body;
}

static GBytes *
get_bytes (KarezRequest *request)
{
  return HUB_WEB_REQUEST (request)->bytes;
}

static void
confirm_async (KarezRequest *request, const char *password, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  HubWebRequest *self = HUB_WEB_REQUEST (request);
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, confirm_async);
  self->confirm_func (self, password, task, self->confirm_data);
}

static gboolean
confirm_finish (KarezRequest *request, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, confirm_async), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The body, with a mark in the place of what must not be guessed from a quick hash: its key is the
 * sign-in's, and is kept nowhere. karezctl has none, and its secrets no mark. */
static GBytes *
body_without_secrets (HubWebRequest *self)
{
  static const char *const secrets[] = { "password", "new_password", NULL };
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (self);
  g_autoptr (JsonObject) kept = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (self->body == NULL || !JSON_NODE_HOLDS_OBJECT (self->body))
    return g_bytes_ref (self->bytes);
  kept = json_object_new ();
  json_object_iter_init (&iter, json_node_get_object (self->body));
  while (json_object_iter_next (&iter, &name, &member))
    if (!g_strv_contains (secrets, name))
      json_object_set_member (kept, name, json_node_copy (member));
    else if (sign_in != NULL)
      {
        g_autofree char *secret = karez_json_print (member);
        g_autofree char *mark = g_compute_hmac_for_string (
            G_CHECKSUM_SHA256, (const guchar *) sign_in->csrf, strlen (sign_in->csrf), secret, -1);

        json_object_set_string_member (kept, name, mark);
      }
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, kept);
  return karez_json_to_bytes (node);
}

/* Method, path, actor and body: what makes two requests the same act. */
static char *
digest_of (HubWebRequest *self)
{
  g_autoptr (GBytes) body = body_without_secrets (self);
  gsize size;
  gconstpointer data = g_bytes_get_data (body, &size);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autofree char *head = g_strdup_printf (
      "%s\n%s\n%s\n", soup_server_message_get_method (self->message), self->path,
      self->actor != NULL ? karez_actor_get_id (self->actor) : "");

  g_byte_array_append (all, (const guint8 *) head, strlen (head));
  if (size > 0)
    g_byte_array_append (all, data, size);
  return hub_hash_hex (all->data, all->len);
}

static KarezTransaction *
begin (KarezRequest *request, KarezStore *store)
{
  HubWebRequest *self = HUB_WEB_REQUEST (request);
  HubWebSignIn *sign_in = hub_web_request_get_sign_in (self);
  KarezTransaction *transaction = karez_store_begin (store, self->actor);

  if (self->key != NULL)
    {
      g_autofree char *digest = digest_of (self);

      karez_transaction_set_request (transaction, self->key, digest);
    }
  if (sign_in != NULL)
    karez_transaction_set_guard (transaction, "web.sign_in_guard",
                                 g_variant_new ("(s^as)", sign_in->id, sign_in->roles));
  g_set_object (&self->transaction, transaction);
  return transaction;
}

/* A mistake in the handler; the log names the route. */
static void
fail_wrongly (HubWebRequest *self, const char *mistake)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, mistake);

  hub_web_request_fail_with (self, 500, error);
}

static void
respond (KarezRequest *request, guint status, JsonNode *body)
{
  HubWebRequest *self = HUB_WEB_REQUEST (request);
  g_autoptr (JsonNode) node = body;

  if (status < 200 || status > 599)
    {
      g_autofree char *mistake = g_strdup_printf ("the handler gave the status %u, which is none "
                                                  "from 200 to 599",
                                                  status);

      fail_wrongly (self, mistake);
      return;
    }

  if (self->transaction != NULL && karez_transaction_is_repeated (self->transaction)
      && status < 300)
    {
      /* What was made by the first one is not known here, so only that it was is said. */
      g_clear_pointer (&node, json_node_unref);
      node = karez_json_object ("repeated", "b", TRUE, NULL);
      status = 200;
    }
  if (node != NULL)
    answer_json (self, status, "application/json", node);
  else
    answer (self, status == 200 ? 204 : status, NULL, NULL);
}

static void
respond_bytes (KarezRequest *request, const char *media_type, GBytes *bytes)
{
  answer (HUB_WEB_REQUEST (request), 200, media_type, bytes);
}

static void
respond_stream (KarezRequest *request, const KarezStream *stream, KarezStreamFunc func,
                gpointer data, GDestroyNotify destroy)
{
  HubWebRequest *self = HUB_WEB_REQUEST (request);

  hub_web_stream_answer (self, self->downloads, stream, func, data, destroy);
}

static void
fail (KarezRequest *request, const GError *error)
{
  if (error == NULL)
    fail_wrongly (HUB_WEB_REQUEST (request), "the handler failed without an error");
  else
    hub_web_request_fail_with (HUB_WEB_REQUEST (request), hub_web_problem_status (error), error);
}

static const char *
get_idempotency_key (KarezRequest *request)
{
  return HUB_WEB_REQUEST (request)->key;
}

static const char *
translate (KarezRequest *request, const char *msgid)
{
  HubWebRequest *self = HUB_WEB_REQUEST (request);
  g_autofree char *plugin = plugin_of (self);

  return hub_web_languages_say (self->languages, hub_web_request_get_language (self), plugin,
                                msgid);
}

static void
hub_web_request_dispose (GObject *object)
{
  HubWebRequest *self = HUB_WEB_REQUEST (object);

  if (!self->answered && self->message != NULL)
    {
      g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED,
                                                      "the handler dropped the request");

      hub_critical ("web", self->path, "a request was dropped without an answer");
      hub_web_request_fail_with (self, 500, error);
    }
  g_clear_handle_id (&self->deadline, g_source_remove);
  g_clear_object (&self->message);
  g_clear_object (&self->transaction);
  /* Last: the languages is the owner's. */
  g_clear_object (&self->owner);
  G_OBJECT_CLASS (hub_web_request_parent_class)->dispose (object);
}

static void
hub_web_request_finalize (GObject *object)
{
  HubWebRequest *self = HUB_WEB_REQUEST (object);

  g_free (self->path);
  g_free (self->address);
  g_free (self->key);
  g_clear_pointer (&self->query, g_hash_table_unref);
  g_clear_pointer (&self->parts, g_hash_table_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->body, json_node_unref);
  g_clear_pointer (&self->actor, karez_actor_unref);
  g_clear_pointer (&self->sign_ins, g_ptr_array_unref);
  G_OBJECT_CLASS (hub_web_request_parent_class)->finalize (object);
}

static void
hub_web_request_class_init (HubWebRequestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  KarezRequestClass *request_class = KAREZ_REQUEST_CLASS (klass);

  object_class->dispose = hub_web_request_dispose;
  object_class->finalize = hub_web_request_finalize;
  request_class->get_actor = get_actor;
  request_class->get_path_part = get_path_part;
  request_class->get_query = get_query;
  request_class->get_body = get_body;
  request_class->begin = begin;
  request_class->respond = respond;
  request_class->respond_bytes = respond_bytes;
  request_class->respond_stream = respond_stream;
  request_class->fail = fail;
  request_class->get_idempotency_key = get_idempotency_key;
  request_class->translate = translate;
  request_class->get_bytes = get_bytes;
  request_class->confirm_async = confirm_async;
  request_class->confirm_finish = confirm_finish;
  request_class->may = may;
}

static void
hub_web_request_init (HubWebRequest *self)
{
}
