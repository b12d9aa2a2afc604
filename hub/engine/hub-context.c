/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one plugin may reach: the services that its key file was granted. */
#include "hub-context.h"

#include "hub-catalogue.h"
#include "hub-plugin-settings.h"
#include "hub-provided.h"
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
  HubRunner *runner;
  HubProvided *provided; /* NULL: this hub has no such services */
  gboolean open;
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

  if (name == NULL || !hub_plugin_file_is_granted (self->file, name))
    {
      karez_error_set (error, KAREZ_ERROR_NOT_GRANTED, "plugin/grant",
                       N_ ("the service under Services= in [Grants]"),
                       N_ ("The plugin “%s” was not granted the service “%s”."),
                       hub_plugin_file_get_id (self->file),
                       name != NULL ? name : g_type_name (type));
      return NULL;
    }
  service = type == KAREZ_TYPE_ROUTES  ? (gpointer) self->routes
            : type == KAREZ_TYPE_PEERS ? (gpointer) self->peers
            : type == KAREZ_TYPE_SETTINGS
                ? (gpointer) self->settings
                : g_hash_table_lookup (self->services, GSIZE_TO_POINTER (type));
  if (service == NULL)
    karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "plugin/service", NULL,
                     N_ ("This hub does not offer the service “%s”."), name);
  return service;
}

static gboolean
is_named (const char *const *capabilities, const char *name)
{
  g_autofree char *capability = g_strconcat ("service/", name, NULL);

  return g_strv_contains (capabilities, capability);
}

static gboolean
provide (KarezContext *context, const char *name, GType type, guint version, gpointer service,
         GError **error)
{
  HubContext *self = HUB_CONTEXT (context);

  if (self->provided == NULL || !is_named (hub_plugin_file_get_provides (self->file), name))
    return karez_error_set (
        error, KAREZ_ERROR_NOT_GRANTED, "plugin/grant",
        N_ ("the NAME alone of a service that the key file provides: Provides=service/NAME"),
        N_ ("The plugin “%s” does not provide the service “%s”."),
        hub_plugin_file_get_id (self->file), name);
  return hub_provided_add (self->provided, hub_plugin_file_get_id (self->file), name, type, version,
                           service, error);
}

static gpointer
find_provided (KarezContext *context, const char *name, GType type, guint version, GError **error)
{
  HubContext *self = HUB_CONTEXT (context);

  if (self->provided != NULL
      && (is_named (hub_plugin_file_get_requires (self->file), name)
          || is_named (hub_plugin_file_get_wants (self->file), name)))
    return hub_provided_find (self->provided, name, type, version, error);
  karez_error_set (
      error, KAREZ_ERROR_NOT_GRANTED, "plugin/grant",
      N_ ("the NAME alone of a service/NAME that the key file has under Requires= or Wants="),
      N_ ("The plugin “%s” was not granted the service “%s”."), hub_plugin_file_get_id (self->file),
      name);
  return NULL;
}

static void
on_provided_changed (HubProvided *provided, const char *name, HubContext *self)
{
  if (!self->open
      || (!is_named (hub_plugin_file_get_requires (self->file), name)
          && !is_named (hub_plugin_file_get_wants (self->file), name)))
    return;
  hub_runner_enter (self->runner, "service-changed");
  g_signal_emit_by_name (self, "service-changed", name);
  hub_runner_leave (self->runner);
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
  iface->provide = provide;
  iface->find_provided = find_provided;
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
  self->runner = g_object_ref (runner);
  self->open = TRUE;
  self->provided = g_hash_table_lookup (services, GSIZE_TO_POINTER (HUB_TYPE_PROVIDED));
  if (self->provided != NULL)
    {
      g_object_ref (self->provided);
      g_signal_connect_object (self->provided, "changed", G_CALLBACK (on_provided_changed), self,
                               0);
    }
  if (routes != NULL)
    self->routes = hub_scoped_routes_new (routes, runner, hub_plugin_file_get_routes (file));
  if (peers != NULL)
    self->peers = hub_scoped_peers_new (peers, runner, hub_plugin_file_get_topics (file));
  self->settings = hub_plugin_settings_new (hub_plugin_file_get_settings (file), settings);
  return self;
}

void
hub_context_set_open (HubContext *self, gboolean open)
{
  self->open = open;
  if (self->provided != NULL && !open)
    hub_provided_drop (self->provided, hub_plugin_file_get_id (self->file));
  if (self->routes != NULL)
    hub_scoped_routes_set_open (self->routes, open);
  if (self->peers != NULL)
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
  g_clear_object (&self->provided);
  g_clear_object (&self->runner);
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
