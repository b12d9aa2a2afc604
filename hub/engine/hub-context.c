/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one plugin may reach: the services that its key file was granted. */
#include "hub-context.h"

#include "hub-catalogue.h"
#include "hub-plugin-settings.h"
#include "hub-scoped-peers.h"
#include "hub-scoped-routes.h"

struct _HubContext
{
  GObject parent_instance;

  HubPluginFile *file;
  char *hub;
  GHashTable *services;
  HubScopedRoutes *routes;
  HubScopedPeers *peers;
  HubPluginSettings *settings;
};

static void context_iface_init (KarezContextInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (HubContext, hub_context, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_CONTEXT, context_iface_init))

static const char *
name_of (GType type)
{
  return type == KAREZ_TYPE_STORE      ? "store"
         : type == KAREZ_TYPE_AUDIT    ? "audit"
         : type == KAREZ_TYPE_AGENDA   ? "agenda"
         : type == KAREZ_TYPE_ROUTES   ? "routes"
         : type == KAREZ_TYPE_PEERS    ? "peers"
         : type == KAREZ_TYPE_SETTINGS ? "settings"
                                       : NULL;
}

static gpointer
get_service (KarezContext *context, GType type, GError **error)
{
  HubContext *self = HUB_CONTEXT (context);
  const char *name = name_of (type);
  gpointer service = NULL;

  if (!name || !hub_plugin_file_is_granted (self->file, name))
    {
      karez_error_set (error, KAREZ_ERROR_NOT_GRANTED, "plugin/grant",
                       N_ ("the service under Services= in [Grants]"),
                       N_ ("The plugin “%s” was not granted the service “%s”."),
                       hub_plugin_file_get_id (self->file), name ? name : g_type_name (type));
      return NULL;
    }
  service = type == KAREZ_TYPE_ROUTES  ? (gpointer) self->routes
            : type == KAREZ_TYPE_PEERS ? (gpointer) self->peers
            : type == KAREZ_TYPE_SETTINGS
                ? (gpointer) self->settings
                : g_hash_table_lookup (self->services, GSIZE_TO_POINTER (type));
  if (!service)
    karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "plugin/service", NULL,
                     N_ ("This hub does not offer the service “%s”."), name);
  return service;
}

static const char *
get_plugin_id (KarezContext *context)
{
  return hub_plugin_file_get_id (HUB_CONTEXT (context)->file);
}

static const char *
get_hub_id (KarezContext *context)
{
  return HUB_CONTEXT (context)->hub;
}

static void
context_iface_init (KarezContextInterface *iface)
{
  iface->get_service = get_service;
  iface->get_plugin_id = get_plugin_id;
  iface->get_hub_id = get_hub_id;
}

HubContext *
hub_context_new (HubPluginFile *file, HubRunner *runner, const char *hub, GHashTable *services,
                 GHashTable *settings)
{
  HubContext *self = g_object_new (HUB_TYPE_CONTEXT, NULL);
  gpointer routes = g_hash_table_lookup (services, GSIZE_TO_POINTER (KAREZ_TYPE_ROUTES));
  gpointer peers = g_hash_table_lookup (services, GSIZE_TO_POINTER (KAREZ_TYPE_PEERS));

  self->file = g_object_ref (file);
  self->hub = g_strdup (hub);
  self->services = g_hash_table_ref (services);
  if (routes)
    self->routes = hub_scoped_routes_new (routes, runner, hub_plugin_file_get_routes (file));
  if (peers)
    self->peers = hub_scoped_peers_new (peers, runner, hub_plugin_file_get_topics (file));
  self->settings = hub_plugin_settings_new (hub_plugin_file_get_settings (file), settings);
  return self;
}

void
hub_context_set_open (HubContext *self, gboolean open)
{
  if (self->routes)
    hub_scoped_routes_set_open (self->routes, open);
  if (self->peers)
    hub_scoped_peers_set_open (self->peers, open);
}

static void
hub_context_finalize (GObject *object)
{
  HubContext *self = HUB_CONTEXT (object);

  g_clear_object (&self->file);
  g_clear_object (&self->routes);
  g_clear_object (&self->peers);
  g_clear_object (&self->settings);
  g_hash_table_unref (self->services);
  g_free (self->hub);

  G_OBJECT_CLASS (hub_context_parent_class)->finalize (object);
}

static void
hub_context_class_init (HubContextClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_context_finalize;
}

static void
hub_context_init (HubContext *self)
{
}
