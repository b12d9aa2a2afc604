/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A request for a control half's test, without HTTP. */
#include "karez-test-request.h"

#include "hub-catalogue.h"

#define PASSWORD "password"
#define PART (128 * 1024)

struct _KarezTestRequest
{
  KarezRequest parent;

  HubWebPolicy *policy; /* not owned */
  KarezActor *actor;
  GHashTable *parts, *query;
  JsonNode *json;
  GBytes *bytes;
  char *key, *digest; /* of an act */
  guint status;       /* 0: not answered yet */
  JsonNode *answer;
  GBytes *answer_bytes;
};

G_DEFINE_FINAL_TYPE (KarezTestRequest, karez_test_request, KAREZ_TYPE_REQUEST)

static KarezActor *
get_actor (KarezRequest *request)
{
  return KAREZ_TEST_REQUEST (request)->actor;
}

static const char *
get_path_part (KarezRequest *request, const char *name)
{
  return g_hash_table_lookup (KAREZ_TEST_REQUEST (request)->parts, name);
}

static const char *
get_query (KarezRequest *request, const char *name)
{
  return g_hash_table_lookup (KAREZ_TEST_REQUEST (request)->query, name);
}

static JsonNode *
get_body (KarezRequest *request)
{
  return KAREZ_TEST_REQUEST (request)->json;
}

static GBytes *
get_bytes (KarezRequest *request)
{
  return KAREZ_TEST_REQUEST (request)->bytes;
}

static const char *
get_idempotency_key (KarezRequest *request)
{
  return KAREZ_TEST_REQUEST (request)->key;
}

static const char *
translate (KarezRequest *request, const char *msgid)
{
  return msgid;
}

static gboolean
may (KarezRequest *request, const char *permission)
{
  KarezTestRequest *self = KAREZ_TEST_REQUEST (request);

  return hub_web_policy_allows (self->policy, permission, self->actor);
}

static KarezTransaction *
begin (KarezRequest *request, KarezStore *store)
{
  KarezTestRequest *self = KAREZ_TEST_REQUEST (request);
  KarezTransaction *transaction = karez_store_begin (store, self->actor);

  if (self->key != NULL)
    karez_transaction_set_request (transaction, self->key, self->digest);
  return transaction;
}

/* An answer is given once. */
static void
answer (KarezRequest *request, guint status, JsonNode *json, GBytes *bytes)
{
  KarezTestRequest *self = KAREZ_TEST_REQUEST (request);

  g_assert_cmpuint (self->status, ==, 0);
  self->status = status;
  self->answer = json;
  self->answer_bytes = bytes;
}

static void
respond (KarezRequest *request, guint status, JsonNode *body)
{
  answer (request, body != NULL ? status : 204, body, NULL);
}

static void
respond_bytes (KarezRequest *request, const char *media_type, GBytes *bytes)
{
  answer (request, 200, NULL, g_bytes_ref (bytes));
}

/* As hub-web-problem.c has them. */
static guint
status_of (const GError *error)
{
  static const guint statuses[] = {
    [KAREZ_ERROR_FAILED] = 500,      [KAREZ_ERROR_INVALID] = 422,
    [KAREZ_ERROR_DENIED] = 403,      [KAREZ_ERROR_UNAUTHENTICATED] = 401,
    [KAREZ_ERROR_NOT_FOUND] = 404,   [KAREZ_ERROR_CONFLICT] = 409,
    [KAREZ_ERROR_TOO_LARGE] = 413,   [KAREZ_ERROR_BUSY] = 429,
    [KAREZ_ERROR_UNAVAILABLE] = 503, [KAREZ_ERROR_TIMEOUT] = 504,
    [KAREZ_ERROR_NOT_GRANTED] = 403,
  };

  if (error->domain != KAREZ_ERROR || (guint) error->code >= G_N_ELEMENTS (statuses)
      || statuses[error->code] == 0)
    return 500;
  return statuses[error->code];
}

static void
fail (KarezRequest *request, const GError *error)
{
  guint status = status_of (error);

  answer (request, status,
          karez_json_object ("status", "i", (gint64) status, "rule", "s",
                             karez_error_get_rule (error), "detail", "s", error->message,
                             "accepted", "s", karez_error_get_accepted (error), NULL),
          NULL);
}

static void
confirm_async (KarezRequest *request, const char *password, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (request, cancellable, callback, data);

  if (g_strcmp0 (password, PASSWORD) == 0)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task,
                         karez_error_new (KAREZ_ERROR_UNAUTHENTICATED, "sign-in/refused", PASSWORD,
                                          "The password is not the one of this account"));
}

static gboolean
confirm_finish (KarezRequest *request, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── a stream, read as a client would that takes all of it ──────────────────────────────────── */

typedef struct
{
  KarezTestRequest *request;
  KarezStreamFunc func;
  gpointer data;
  GDestroyNotify destroy;
  goffset size;
  GByteArray *read;
} Stream;

static void
stream_free (Stream *stream)
{
  if (stream->destroy != NULL)
    stream->destroy (stream->data);
  g_byte_array_unref (stream->read);
  g_object_unref (stream->request);
  g_free (stream);
}

static void on_part (GObject *source, GAsyncResult *result, gpointer data);

static void
read_on (Stream *stream)
{
  gsize length = (gsize) MIN (PART, stream->size - (goffset) stream->read->len);

  if (length > 0)
    {
      stream->func ((goffset) stream->read->len, length,
                    g_task_new (stream->request, NULL, on_part, stream), stream->data);
      return;
    }
  answer (KAREZ_REQUEST (stream->request), 200, NULL,
          g_byte_array_free_to_bytes (g_byte_array_ref (stream->read)));
  stream_free (stream);
}

static void
on_part (GObject *source, GAsyncResult *result, gpointer data)
{
  Stream *stream = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) part = g_task_propagate_pointer (G_TASK (result), &error);

  if (part == NULL)
    {
      fail (KAREZ_REQUEST (stream->request), error);
      stream_free (stream);
      return;
    }
  g_assert_cmpuint (g_bytes_get_size (part), >, 0);
  g_assert_cmpint ((goffset) (stream->read->len + g_bytes_get_size (part)), <=, stream->size);
  g_byte_array_append (stream->read, g_bytes_get_data (part, NULL),
                       (guint) g_bytes_get_size (part));
  read_on (stream);
}

static void
respond_stream (KarezRequest *request, const KarezStream *given, KarezStreamFunc func,
                gpointer data, GDestroyNotify destroy)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->request = g_object_ref (KAREZ_TEST_REQUEST (request));
  stream->func = func;
  stream->data = data;
  stream->destroy = destroy;
  stream->size = given->size;
  stream->read = g_byte_array_new ();
  read_on (stream);
}

/* ── making one ─────────────────────────────────────────────────────────────────────────────── */

static void
karez_test_request_finalize (GObject *object)
{
  KarezTestRequest *self = KAREZ_TEST_REQUEST (object);

  g_clear_pointer (&self->actor, karez_actor_unref);
  g_clear_pointer (&self->parts, g_hash_table_unref);
  g_clear_pointer (&self->query, g_hash_table_unref);
  g_clear_pointer (&self->json, json_node_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->key);
  g_free (self->digest);
  g_clear_pointer (&self->answer, json_node_unref);
  g_clear_pointer (&self->answer_bytes, g_bytes_unref);

  G_OBJECT_CLASS (karez_test_request_parent_class)->finalize (object);
}

static void
karez_test_request_class_init (KarezTestRequestClass *klass)
{
  KarezRequestClass *request_class = KAREZ_REQUEST_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = karez_test_request_finalize;
  request_class->get_actor = get_actor;
  request_class->get_path_part = get_path_part;
  request_class->get_query = get_query;
  request_class->get_body = get_body;
  request_class->get_bytes = get_bytes;
  request_class->begin = begin;
  request_class->respond = respond;
  request_class->respond_bytes = respond_bytes;
  request_class->fail = fail;
  request_class->get_idempotency_key = get_idempotency_key;
  request_class->translate = translate;
  request_class->confirm_async = confirm_async;
  request_class->confirm_finish = confirm_finish;
  request_class->respond_stream = respond_stream;
  request_class->may = may;
}

static void
karez_test_request_init (KarezTestRequest *self)
{
}

KarezTestRequest *
karez_test_request_new (HubWebPolicy *policy, KarezActor *actor, const char *method,
                        const char *path, GHashTable *parts, const char *query, JsonNode *json,
                        GBytes *bytes)
{
  KarezTestRequest *self = g_object_new (KAREZ_TEST_TYPE_REQUEST, NULL);

  self->policy = policy;
  self->actor = karez_actor_ref (actor);
  self->parts = g_hash_table_ref (parts);
  self->query = g_uri_parse_params (query != NULL ? query : "", -1, "&", G_URI_PARAMS_WWW_FORM,
                                    NULL);
  if (self->query == NULL)
    self->query = g_hash_table_new (g_str_hash, g_str_equal);
  self->json = json != NULL ? json_node_ref (json) : NULL;
  self->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  if (!g_str_equal (method, "GET"))
    {
      self->key = g_uuid_string_random ();
      self->digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, path, -1);
    }
  return self;
}

gboolean
karez_test_request_is_answered (KarezTestRequest *self)
{
  return self->status != 0;
}

guint
karez_test_request_get_answer (KarezTestRequest *self, JsonNode **json, GBytes **bytes)
{
  *json = self->answer;
  *bytes = self->answer_bytes;
  return self->status;
}
