/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-json.h"
#include "karez-transaction.h"
#include "karez-store.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_REQUEST (karez_request_get_type ())
KAREZ_PUBLIC
G_DECLARE_DERIVABLE_TYPE (KarezRequest, karez_request, KAREZ, REQUEST, GObject)

/**
 * KarezStream:
 * @media_type: "application/pdf", "text/plain; charset=gb18030"
 * @name: (nullable): under which a browser saves it: karez_file_name_save()
 * @tag: (nullable): the same as long as the bytes are the same, of visible ASCII without quotes; a
 *   download that broke off goes on by it
 * @size: of the whole, in bytes
 * @shown: whether a browser may show it in a page of its own, or only save it
 *
 * Bytes that are answered part by part, never whole in memory.
 *
 * Since: 1.0
 */
typedef struct
{
  const char *media_type, *name, *tag;
  goffset size;
  gboolean shown;
} KarezStream;

/**
 * KarezStreamFunc:
 * @offset: of the first byte
 * @length: 1 to 128 KiB, and within the whole
 * @task: (transfer full): returns #GBytes with g_bytes_unref(): 1 to @length bytes from @offset on;
 * its cancellable is cancelled when nobody wants them any more
 *
 * Reads a part of a stream. Main thread; called again once @task has returned and the client has
 * taken what came.
 *
 * Since: 1.0
 */
typedef void (*KarezStreamFunc) (goffset offset, gsize length, GTask *task, gpointer data);

/**
 * KarezRequestClass:
 * One HTTP request that was admitted: the actor is known and may use the route. Main thread only.
 * The handler keeps a reference until it has answered; a request that is dropped without an answer
 * becomes a 500 and a critical, so nobody waits for ever.
 *
 * Since: 1.0
 */
struct _KarezRequestClass
{
  GObjectClass parent_class;

  KarezActor *(*get_actor) (KarezRequest *self);
  const char *(*get_path_part) (KarezRequest *self, const char *name);
  const char *(*get_query) (KarezRequest *self, const char *name);
  JsonNode *(*get_body) (KarezRequest *self);
  KarezTransaction *(*begin) (KarezRequest *self, KarezStore *store);
  void (*respond) (KarezRequest *self, guint status, JsonNode *body);
  void (*respond_bytes) (KarezRequest *self, const char *media_type, GBytes *bytes);
  void (*fail) (KarezRequest *self, const GError *error);
  const char *(*get_idempotency_key) (KarezRequest *self);
  const char *(*translate) (KarezRequest *self, const char *msgid);
  GBytes *(*get_bytes) (KarezRequest *self);
  void (*confirm_async) (KarezRequest *self, const char *password, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer data);
  gboolean (*confirm_finish) (KarezRequest *self, GAsyncResult *result, GError **error);
  void (*respond_stream) (KarezRequest *self, const KarezStream *stream, KarezStreamFunc func,
                          gpointer data, GDestroyNotify destroy);
  gboolean (*may) (KarezRequest *self, const char *permission);

  gpointer padding[4];
};

/**
 * karez_request_get_actor:
 * Since: 1.0
 */
KAREZ_PUBLIC KarezActor *karez_request_get_actor (KarezRequest *self);
/**
 * karez_request_may:
 *
 * Whether the actor has a permission besides the route's: "patient.read", without which nothing
 * clinical is told.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_request_may (KarezRequest *self, const char *permission);
/**
 * karez_request_get_path_part:
 *
 * What stood at {name} in the route's path, decoded.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_request_get_path_part (KarezRequest *self, const char *name);
/**
 * karez_request_get_path_uuid:
 * @rule: by which anything else is refused
 *
 * The same where a row is named: a UUID in lower case, as the database writes it. What is none is
 * answered with %KAREZ_ERROR_NOT_FOUND.
 *
 * Returns: (nullable): NULL where an answer has been given
 *
 * Since: 1.1
 */
KAREZ_PUBLIC const char *karez_request_get_path_uuid (KarezRequest *self, const char *name,
                                                      const char *rule);
/**
 * karez_request_get_query:
 *
 * A member of the query string, or NULL.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_request_get_query (KarezRequest *self, const char *name);
/**
 * karez_request_get_body:
 *
 * The body, parsed; NULL when there is none.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_request_get_body (KarezRequest *self);
/**
 * karez_request_get_bytes:
 *
 * The body of a route added by karez_routes_add_bytes().
 *
 * Returns: (transfer none):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC GBytes *karez_request_get_bytes (KarezRequest *self);
/**
 * karez_request_check_body:
 *
 * The body held against a table; an answer has been given when this is NULL.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonObject *karez_request_check_body (KarezRequest *self,
                                                   const KarezJsonField *fields);
/**
 * karez_request_begin:
 *
 * A transaction of the request's actor that carries the request's Idempotency-Key.
 *
 * Returns: (transfer full):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC KarezTransaction *karez_request_begin (KarezRequest *self, KarezStore *store);
/**
 * karez_request_respond:
 * @body: (transfer full) (nullable):
 *
 * Answers. 204 when there is none.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_respond (KarezRequest *self, guint status, JsonNode *body);
/**
 * karez_request_respond_bytes:
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_respond_bytes (KarezRequest *self, const char *media_type,
                                               GBytes *bytes);
/**
 * karez_request_respond_stream:
 * @stream: copied
 * @destroy: (nullable): of @data, once no part is asked for any more
 *
 * Answers with bytes that @func reads part by part, as the client takes them; all of them or the
 * range that was asked for. Each account has some streams at a time, others wait their turn; one
 * that waits too long is answered with %KAREZ_ERROR_BUSY, rule "download/account". A client that
 * takes nothing is cut off. What fails before the first byte is answered as by
 * karez_request_fail(); what fails later ends the connection, so that nobody takes a part for the
 * whole.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_respond_stream (KarezRequest *self, const KarezStream *stream,
                                                KarezStreamFunc func, gpointer data,
                                                GDestroyNotify destroy);
/**
 * karez_request_fail:
 *
 * Answers with a problem document (RFC 9457) made of @error.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_fail (KarezRequest *self, const GError *error);
/**
 * karez_request_get_idempotency_key:
 *
 * The client's id of a writing request, a UUID; NULL for a reading one.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_request_get_idempotency_key (KarezRequest *self);
/**
 * karez_request_confirm_async:
 * @password: what the person typed just now
 *
 * Asks again who it is, for an act that a signed-in page alone is not enough for: a signature, an
 * export. %KAREZ_ERROR_UNAUTHENTICATED, rule "sign-in/refused", which is recorded;
 * %KAREZ_ERROR_BUSY, rule "sign-in/rate", after too many; %KAREZ_ERROR_CONFLICT, rule
 * "sign-in/local", for karezctl, which has no account. One at a time for each request.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_request_confirm_async (KarezRequest *self, const char *password,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer data);
/**
 * karez_request_confirm_finish:
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_request_confirm_finish (KarezRequest *self, GAsyncResult *result,
                                                    GError **error);
/**
 * karez_request_translate:
 *
 * @msgid in the reader's language.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC const char *karez_request_translate (KarezRequest *self, const char *msgid);

#define KAREZ_TYPE_ROUTES (karez_routes_get_type ())
KAREZ_PUBLIC G_DECLARE_INTERFACE (KarezRoutes, karez_routes, KAREZ, ROUTES, GObject)

    /* @request: (transfer none): answered now, or later by whoever holds a reference */
    typedef void (*KarezRouteFunc) (KarezRequest *request, gpointer data);

/**
 * KarezRouteBody:
 * What a route's requests bring: application/json, or application/octet-stream as it is.
 *
 * Since: 1.0
 */
typedef enum
{
  KAREZ_ROUTE_JSON,
  KAREZ_ROUTE_BYTES,
} KarezRouteBody;

/**
 * KarezRoutesInterface:
 * What answers below /api/v1/x/. Main thread only.
 *
 * Since: 1.0
 */
struct _KarezRoutesInterface
{
  GTypeInterface parent;
  gboolean (*add) (KarezRoutes *self, const char *method, const char *path, const char *permission,
                   KarezRouteBody body, KarezRouteFunc func, gpointer data, GDestroyNotify destroy,
                   GError **error);
  gpointer padding[8];
};

/**
 * karez_routes_add:
 * @method: GET, POST, PUT or DELETE; all but GET need an Idempotency-Key and the CSRF token
 * @path: below /api/v1, with {name} for a part: "/x/template/sessions/{session}/note"
 * @permission: a line of the authorisation table: "booking.write"
 *
 * %KAREZ_ERROR_NOT_GRANTED outside the plugin's prefix, %KAREZ_ERROR_CONFLICT if the route is
 * taken, %KAREZ_ERROR_INVALID for a permission that nobody has.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_routes_add (KarezRoutes *self, const char *method, const char *path,
                                        const char *permission, KarezRouteFunc func, gpointer data,
                                        GDestroyNotify destroy, GError **error);
/**
 * karez_routes_add_bytes:
 *
 * The same, and requests bring bytes, at most 1 MiB: karez_request_get_bytes().
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_routes_add_bytes (KarezRoutes *self, const char *method,
                                              const char *path, const char *permission,
                                              KarezRouteFunc func, gpointer data,
                                              GDestroyNotify destroy, GError **error);

G_END_DECLS
