/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The routes of a control half's test. */
#include "karez-test-routes.h"

#include "hub-catalogue.h"

#include <string.h>

typedef struct
{
  char *method, *permission;
  GStrv path; /* its parts */
  KarezRouteBody body;
  KarezRouteFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Route;

struct _KarezTestRoutes
{
  GObject parent_instance;

  HubWebPolicy *policy;
  GPtrArray *routes; /* of Route */
};

static void routes_iface_init (KarezRoutesInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (KarezTestRoutes, karez_test_routes, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_ROUTES, routes_iface_init))

static void
route_free (gpointer data)
{
  Route *route = data;

  if (route->destroy != NULL)
    route->destroy (route->data);
  g_free (route->method);
  g_free (route->permission);
  g_strfreev (route->path);
  g_free (route);
}

static gboolean
add_route (KarezRoutes *routes, const char *method, const char *path, const char *permission,
           KarezRouteBody body, KarezRouteFunc func, gpointer data, GDestroyNotify destroy,
           GError **error)
{
  KarezTestRoutes *self = KAREZ_TEST_ROUTES (routes);
  Route *route = NULL;

  if (!hub_web_policy_knows (self->policy, permission))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "route/permission",
                            N_ ("a line of the authorisation table"),
                            N_ ("Nobody has the permission “%s”"), permission);
  route = g_new0 (Route, 1);
  route->method = g_strdup (method);
  route->path = g_strsplit (path, "/", -1);
  route->permission = g_strdup (permission);
  route->body = body;
  route->func = func;
  route->data = data;
  route->destroy = destroy;
  g_ptr_array_add (self->routes, route);
  return TRUE;
}

static void
routes_iface_init (KarezRoutesInterface *iface)
{
  iface->add = add_route;
}

/* Returns: (transfer full) (nullable): what stands at each {name}, decoded */
static GHashTable *
match (Route *route, const char *method, GStrv path)
{
  g_autoptr (GHashTable) parts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  if (!g_str_equal (route->method, method) || g_strv_length (route->path) != g_strv_length (path))
    return NULL;
  for (guint i = 0; path[i] != NULL; i++)
    {
      const char *own = route->path[i];
      char *given = g_uri_unescape_string (path[i], NULL);

      if (*own == '{')
        g_hash_table_insert (parts, g_strndup (own + 1, strlen (own) - 2), given);
      else
        {
          gboolean same = g_strcmp0 (own, given) == 0;

          g_free (given);
          if (!same)
            return NULL;
        }
    }
  return g_steal_pointer (&parts);
}

static Route *
find_route (KarezTestRoutes *self, const char *method, const char *path, GHashTable **parts)
{
  g_auto (GStrv) split = g_strsplit (path, "/", -1);

  for (guint i = 0; i < self->routes->len; i++)
    {
      *parts = match (self->routes->pdata[i], method, split);
      if (*parts != NULL)
        return self->routes->pdata[i];
    }
  return NULL;
}

KarezTestRequest *
karez_test_routes_ask (KarezTestRoutes *self, KarezActor *actor, const char *method,
                       const char *path, const char *query, JsonNode *json, GBytes *bytes)
{
  g_autoptr (GHashTable) parts = NULL;
  Route *route = find_route (self, method, path, &parts);
  g_autoptr (GError) error = NULL;
  KarezTestRequest *request = NULL;

  if (parts == NULL)
    parts = g_hash_table_new (g_str_hash, g_str_equal);
  request = karez_test_request_new (self->policy, actor, method, path, parts, query, json, bytes);
  if (route == NULL)
    error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "route/unknown", NULL,
                             "The plugin has no such route");
  else if (!hub_web_policy_allows (self->policy, route->permission, actor))
    error = karez_error_new (KAREZ_ERROR_DENIED, "route/permission", NULL,
                             "This role has not the permission “%s”", route->permission);
  else if ((route->body == KAREZ_ROUTE_BYTES) != (bytes != NULL) && !g_str_equal (method, "GET"))
    error = karez_error_new (KAREZ_ERROR_INVALID, "request/type", NULL,
                             "The route takes another kind of body");
  if (error != NULL)
    karez_request_fail (KAREZ_REQUEST (request), error);
  else
    route->func (KAREZ_REQUEST (request), route->data);
  return request;
}

gboolean
karez_test_routes_is_role (const char *role)
{
  return role != NULL && hub_web_policy_is_role (role);
}

gboolean
karez_test_routes_add_permission (KarezTestRoutes *self, const char *permission,
                                  const char *const *roles, GError **error)
{
  return hub_web_policy_add (self->policy, permission, roles, error);
}

void
karez_test_routes_forget (KarezTestRoutes *self)
{
  g_ptr_array_set_size (self->routes, 0);
}

static void
karez_test_routes_finalize (GObject *object)
{
  g_ptr_array_unref (KAREZ_TEST_ROUTES (object)->routes);
  hub_web_policy_free (KAREZ_TEST_ROUTES (object)->policy);

  G_OBJECT_CLASS (karez_test_routes_parent_class)->finalize (object);
}

static void
karez_test_routes_class_init (KarezTestRoutesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_routes_finalize;
}

static void
karez_test_routes_init (KarezTestRoutes *self)
{
  self->policy = hub_web_policy_new ();
  self->routes = g_ptr_array_new_with_free_func (route_free);
}

KarezTestRoutes *
karez_test_routes_new (void)
{
  return g_object_new (KAREZ_TEST_TYPE_ROUTES, NULL);
}
