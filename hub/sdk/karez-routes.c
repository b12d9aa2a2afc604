/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes of the HTTP API, and their requests. */
#define KAREZ_INSIDE
#include "karez-routes.h"

#include "hub-catalogue.h"

#include <string.h>

G_DEFINE_ABSTRACT_TYPE (KarezRequest, karez_request, G_TYPE_OBJECT)

static void
karez_request_class_init (KarezRequestClass *klass)
{
}

static void
karez_request_init (KarezRequest *self)
{
}

KarezActor *
karez_request_get_actor (KarezRequest *self)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  return KAREZ_REQUEST_GET_CLASS (self)->get_actor (self);
}

gboolean
karez_request_may (KarezRequest *self, const char *permission)
{
  KarezRequestClass *klass = NULL;

  g_return_val_if_fail (KAREZ_IS_REQUEST (self), FALSE);

  klass = KAREZ_REQUEST_GET_CLASS (self);
  return klass->may != NULL && klass->may (self, permission);
}

const char *
karez_request_get_path_part (KarezRequest *self, const char *name)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  return KAREZ_REQUEST_GET_CLASS (self)->get_path_part (self, name);
}

const char *
karez_request_get_path_uuid (KarezRequest *self, const char *name, const char *rule)
{
  const char *id = NULL;
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);
  g_return_val_if_fail (rule != NULL, NULL);

  id = karez_request_get_path_part (self, name);
  /* In upper case it would be another text beside the same row. */
  if (id != NULL && g_uuid_string_is_valid (id) && strpbrk (id, "ABCDEF") == NULL)
    return id;
  error = karez_error_new (KAREZ_ERROR_NOT_FOUND, rule, N_ ("a UUID"),
                           N_ ("There is nothing under this id"));
  karez_request_fail (self, error);
  return NULL;
}

const char *
karez_request_get_query (KarezRequest *self, const char *name)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  return KAREZ_REQUEST_GET_CLASS (self)->get_query (self, name);
}

JsonNode *
karez_request_get_body (KarezRequest *self)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  return KAREZ_REQUEST_GET_CLASS (self)->get_body (self);
}

GBytes *
karez_request_get_bytes (KarezRequest *self)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  return KAREZ_REQUEST_GET_CLASS (self)->get_bytes (self);
}

JsonObject *
karez_request_check_body (KarezRequest *self, const KarezJsonField *fields)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  g_autoptr (GError) error = NULL;
  JsonObject *object = karez_json_check (karez_request_get_body (self), fields, &error);

  if (object == NULL)
    karez_request_fail (self, error);
  return object;
}

KarezTransaction *
karez_request_begin (KarezRequest *self, KarezStore *store)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  return KAREZ_REQUEST_GET_CLASS (self)->begin (self, store);
}

void
karez_request_respond (KarezRequest *self, guint status, JsonNode *body)
{
  g_return_if_fail (KAREZ_IS_REQUEST (self));

  KAREZ_REQUEST_GET_CLASS (self)->respond (self, status, body);
}

void
karez_request_respond_bytes (KarezRequest *self, const char *media_type, GBytes *bytes)
{
  g_return_if_fail (KAREZ_IS_REQUEST (self));

  KAREZ_REQUEST_GET_CLASS (self)->respond_bytes (self, media_type, bytes);
}

void
karez_request_respond_stream (KarezRequest *self, const KarezStream *stream, KarezStreamFunc func,
                              gpointer data, GDestroyNotify destroy)
{
  g_return_if_fail (KAREZ_IS_REQUEST (self));

  KAREZ_REQUEST_GET_CLASS (self)->respond_stream (self, stream, func, data, destroy);
}

void
karez_request_fail (KarezRequest *self, const GError *error)
{
  g_return_if_fail (KAREZ_IS_REQUEST (self));

  KAREZ_REQUEST_GET_CLASS (self)->fail (self, error);
}

const char *
karez_request_get_idempotency_key (KarezRequest *self)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  return KAREZ_REQUEST_GET_CLASS (self)->get_idempotency_key (self);
}

const char *
karez_request_translate (KarezRequest *self, const char *msgid)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), NULL);

  return KAREZ_REQUEST_GET_CLASS (self)->translate (self, msgid);
}

void
karez_request_confirm_async (KarezRequest *self, const char *password, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (KAREZ_IS_REQUEST (self));

  KAREZ_REQUEST_GET_CLASS (self)->confirm_async (self, password, cancellable, callback, data);
}

gboolean
karez_request_confirm_finish (KarezRequest *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_REQUEST (self), FALSE);

  return KAREZ_REQUEST_GET_CLASS (self)->confirm_finish (self, result, error);
}

G_DEFINE_INTERFACE (KarezRoutes, karez_routes, G_TYPE_OBJECT)

static void
karez_routes_default_init (KarezRoutesInterface *iface)
{
}

gboolean
karez_routes_add (KarezRoutes *self, const char *method, const char *path, const char *permission,
                  KarezRouteFunc func, gpointer data, GDestroyNotify destroy, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_ROUTES (self), FALSE);

  return KAREZ_ROUTES_GET_IFACE (self)->add (self, method, path, permission, KAREZ_ROUTE_JSON, func,
                                             data, destroy, error);
}

gboolean
karez_routes_add_bytes (KarezRoutes *self, const char *method, const char *path,
                        const char *permission, KarezRouteFunc func, gpointer data,
                        GDestroyNotify destroy, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_ROUTES (self), FALSE);

  return KAREZ_ROUTES_GET_IFACE (self)->add (self, method, path, permission, KAREZ_ROUTE_BYTES,
                                             func, data, destroy, error);
}
