/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One plugin's view of the hub's routes. */
#include "hub-scoped-routes.h"

#include "hub-catalogue.h"

#include <string.h>

/* A route that was added once stays with the web server: it keeps this. */
typedef struct
{
  HubRunner *runner;
  KarezRouteFunc func; /* NULL: the plugin is disabled */
  gpointer data;
  GDestroyNotify destroy;
} Route;

struct _HubScopedRoutes
{
  GObject parent_instance;

  KarezRoutes *routes;
  HubRunner *runner;
  char *prefix;
  GHashTable *known; /* "METHOD path" → Route */
};

static void routes_iface_init (KarezRoutesInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubScopedRoutes, hub_scoped_routes, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_ROUTES, routes_iface_init))

static void
route_clear (Route *route)
{
  if (route->destroy != NULL)
    route->destroy (route->data);
  route->func = NULL;
  route->data = NULL;
  route->destroy = NULL;
}

static void
route_free (gpointer data)
{
  Route *route = data;

  route_clear (route);
  g_object_unref (route->runner);
}

static void
route_unref (gpointer route)
{
  g_rc_box_release_full (route, route_free);
}

static void
on_request (KarezRequest *request, gpointer data)
{
  Route *route = data;
  g_autoptr (GError) error = NULL;

  if (route->func == NULL)
    {
      karez_error_set (&error, KAREZ_ERROR_UNAVAILABLE, "plugin/disabled", NULL,
                       N_ ("The plugin “%s” is disabled."), hub_runner_get_plugin (route->runner));
      karez_request_fail (request, error);
      return;
    }
  hub_runner_enter (route->runner, "route");
  route->func (request, route->data);
  hub_runner_leave (route->runner);
}

static gboolean
add (KarezRoutes *routes, const char *method, const char *path, const char *permission,
     KarezRouteBody body, KarezRouteFunc func, gpointer data, GDestroyNotify destroy,
     GError **error)
{
  HubScopedRoutes *self = HUB_SCOPED_ROUTES (routes);
  g_autofree char *key = g_strdup_printf ("%s %s", method, path);
  Route *route = g_hash_table_lookup (self->known, key);

  if (self->prefix == NULL || !g_str_has_prefix (path, self->prefix) || strstr (path, "..") != NULL)
    return karez_error_set (error, KAREZ_ERROR_NOT_GRANTED, "plugin/grant", self->prefix,
                            N_ ("The plugin “%s” was not granted the route “%s”."),
                            hub_runner_get_plugin (self->runner), path);
  if (route != NULL && route->func != NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "routes/taken", NULL,
                            N_ ("The route “%s” is taken."), key);
  if (route == NULL)
    {
      route = g_rc_box_new0 (Route);
      route->runner = g_object_ref (self->runner);
      if (!KAREZ_ROUTES_GET_IFACE (self->routes)
               ->add (self->routes, method, path, permission, body, on_request,
                      g_rc_box_acquire (route), route_unref, error))
        {
          /* Theirs too: what was not taken is not destroyed. */
          route_unref (route);
          route_unref (route);
          return FALSE;
        }
      g_hash_table_insert (self->known, g_steal_pointer (&key), route);
    }
  route->func = func;
  route->data = data;
  route->destroy = destroy;
  return TRUE;
}

static void
routes_iface_init (KarezRoutesInterface *iface)
{
  iface->add = add;
}

void
hub_scoped_routes_set_open (HubScopedRoutes *self, gboolean open)
{
  GHashTableIter iter;
  gpointer route;

  if (open)
    return;
  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, NULL, &route))
    route_clear (route);
}

HubScopedRoutes *
hub_scoped_routes_new (KarezRoutes *routes, HubRunner *runner, const char *prefix)
{
  HubScopedRoutes *self = g_object_new (HUB_TYPE_SCOPED_ROUTES, NULL);

  self->routes = g_object_ref (routes);
  self->runner = g_object_ref (runner);
  self->prefix = g_strdup (prefix);
  return self;
}

static void
hub_scoped_routes_finalize (GObject *object)
{
  HubScopedRoutes *self = HUB_SCOPED_ROUTES (object);

  hub_scoped_routes_set_open (self, FALSE);
  g_hash_table_unref (self->known);
  g_clear_object (&self->routes);
  g_clear_object (&self->runner);
  g_free (self->prefix);

  G_OBJECT_CLASS (hub_scoped_routes_parent_class)->finalize (object);
}

static void
hub_scoped_routes_class_init (HubScopedRoutesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_scoped_routes_finalize;
}

static void
hub_scoped_routes_init (HubScopedRoutes *self)
{
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, route_unref);
}
