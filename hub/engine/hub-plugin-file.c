/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin's key file: what its values mean, and which are accepted. */
#include "hub-plugin-file.h"

#include "hub-catalogue.h"
#include "hub-plugin-keys.h"
#include "hub-plugin-web.h"
#include "hub-role-table.h"

#include <string.h>

struct _HubPluginFile
{
  GObject parent_instance;

  char *path;
  char *id, *name, *version, *control, *live;
  GStrv provides, requires, wants, services;
  gboolean on_request;
  HubModalityInfo modality;
  char *schema, *routes, *topics;
  GHashTable *permissions, *settings;
  GPtrArray *programs;
  HubPluginWeb *web;
};

G_DEFINE_FINAL_TYPE (HubPluginFile, hub_plugin_file, G_TYPE_OBJECT)

static const char *const services[] = { "store", "audit",    "agenda", "routes",
                                        "peers", "settings", "media",  NULL };

/* Lower-case letters, digits and the characters of @more; a letter first. */
static gboolean
is_name (const char *text, const char *more, gsize max)
{
  if (text == NULL || !g_ascii_islower (*text) || strlen (text) > max)
    return FALSE;
  for (const char *at = text; *at; at++)
    if (!g_ascii_islower (*at) && !g_ascii_isdigit (*at) && strchr (more, *at) == NULL)
      return FALSE;
  return TRUE;
}

gboolean
hub_plugin_id_is_valid (const char *id)
{
  return is_name (id, "-", 32);
}

static gboolean
is_capability (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 3);

  return g_strv_length (parts) == 2 && is_name (parts[0], "-", 32) && is_name (parts[1], "-", 64);
}

static gboolean
is_service (const char *text)
{
  return g_strv_contains (services, text);
}

static gboolean
is_role (const char *text)
{
  return is_name (text, "-", 32);
}

static gboolean
check_api (const char *api, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (api, ".", 3);
  guint64 major = 0, minor = 0;
  g_autofree char *ours = g_strdup_printf ("%d.%d", KAREZ_API_MAJOR, KAREZ_API_MINOR);

  if (g_strv_length (parts) != 2 || !g_ascii_string_to_unsigned (parts[0], 10, 0, 999, &major, NULL)
      || !g_ascii_string_to_unsigned (parts[1], 10, 0, 999, &minor, NULL))
    return hub_plugin_keys_refuse (error, "Plugin", "Api", api, N_ ("two numbers: 1.0"));
  if (major != KAREZ_API_MAJOR || minor > KAREZ_API_MINOR)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/api", NULL,
                            N_ ("The plugin asks for the interface %s; this hub offers %s."), api,
                            ours);
  return TRUE;
}

/* The module's file beside the key file: NAME.so, or libNAME.so. */
static gboolean
find_module (HubPluginFile *self, const char *key, char **value, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autofree char *name = g_steal_pointer (value);
  g_autofree char *plain = NULL, *prefixed = NULL;
  const char *at = NULL;

  if (name == NULL)
    return TRUE;
  if (!is_name (name, "-_", 64))
    return hub_plugin_keys_refuse (
        error, "Plugin", key, name,
        N_ ("the module's name beside the key file, without “lib” and “.so”"));
  plain = g_strdup_printf ("%s/%s.so", directory, name);
  prefixed = g_strdup_printf ("%s/lib%s.so", directory, name);
  at = g_file_test (plain, G_FILE_TEST_IS_REGULAR)      ? plain
       : g_file_test (prefixed, G_FILE_TEST_IS_REGULAR) ? prefixed
                                                        : NULL;
  if (at == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/module", NULL,
                            N_ ("The module “%s” is not beside the key file."), plain);
  *value = g_canonicalize_filename (at, NULL);
  return TRUE;
}

static gboolean
read_plugin (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  const char *capability = N_ ("KIND/NAME in lower case: modality/shared-note");
  g_autofree char *api = NULL;

  if (!hub_plugin_keys_read_text (keys, "Plugin", "Id", &self->id, error)
      || !hub_plugin_keys_read_text (keys, "Plugin", "Name", &self->name, error)
      || !hub_plugin_keys_read_text (keys, "Plugin", "Version", &self->version, error)
      || !hub_plugin_keys_read_text (keys, "Plugin", "Api", &api, error)
      || !hub_plugin_keys_read_text (keys, "Plugin", "Control", &self->control, error)
      || !hub_plugin_keys_read_text (keys, "Plugin", "Live", &self->live, error)
      || !hub_plugin_keys_read_list (keys, "Plugin", "Provides", &self->provides, is_capability,
                                     capability, error)
      || !hub_plugin_keys_read_list (keys, "Plugin", "Requires", &self->requires, is_capability,
                                     capability, error)
      || !hub_plugin_keys_read_list (keys, "Plugin", "Wants", &self->wants, is_capability,
                                     capability, error)
      || !hub_plugin_keys_read_boolean (keys, "Plugin", "OnRequest", &self->on_request, error))
    return FALSE;
  if (!check_api (api, error))
    return FALSE;
  if (!hub_plugin_id_is_valid (self->id))
    return hub_plugin_keys_refuse (
        error, "Plugin", "Id", self->id,
        N_ ("up to 32 lower-case letters, digits and “-”, a letter first"));
  if (self->control == NULL && self->live == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                            N_ ("The key file names neither “%s” nor “%s”."), "Control", "Live");
  return find_module (self, "Control", &self->control, error)
         && find_module (self, "Live", &self->live, error);
}

/* Each is a role of the modality and not of the other hospital as well, and some are left there. */
static gboolean
check_side (HubPluginFile *self, const char *key, GStrv own, GStrv other, GError **error)
{
  for (guint i = 0; own[i] != NULL; i++)
    if (!g_strv_contains ((const char *const *) self->modality.roles, own[i])
        || g_strv_contains ((const char *const *) other, own[i]))
      return hub_plugin_keys_refuse (error, "Modality", key, own[i],
                                     N_ ("a role of Roles= that is bound to one hospital only"));
  for (guint i = 0; self->modality.roles[i] != NULL; i++)
    if (!g_strv_contains ((const char *const *) own, self->modality.roles[i]))
      return TRUE;
  return hub_plugin_keys_refuse (error, "Modality", key, "…",
                                 N_ ("at least one role that people of the other hospital take"));
}

static gboolean
read_sides (HubPluginFile *self, GError **error)
{
  HubModalityInfo *modality = &self->modality;

  if (!check_side (self, "HostRoles", modality->host_roles, modality->mirror_roles, error)
      || !check_side (self, "MirrorRoles", modality->mirror_roles, modality->host_roles, error))
    return FALSE;
  modality->host_takers = hub_role_table_of_side (modality->takers,
                                                  (const char *const *) modality->mirror_roles);
  modality->mirror_takers = hub_role_table_of_side (modality->takers,
                                                    (const char *const *) modality->host_roles);
  return TRUE;
}

static gboolean
read_modality (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_autofree char *host = NULL, *duration = NULL, *provided = NULL;
  guint64 minutes = 0;

  if (!g_key_file_has_group (keys, "Modality"))
    return self->live == NULL
           || karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                               N_ ("A plugin with a live half needs the group [%s]."), "Modality");
  if (!hub_plugin_keys_read_text (keys, "Modality", "Id", &self->modality.id, error)
      || !hub_plugin_keys_read_text (keys, "Modality", "Title", &self->modality.title, error)
      || !hub_plugin_keys_read_text (keys, "Modality", "Host", &host, error)
      || !hub_plugin_keys_read_text (keys, "Modality", "DurationMinutes", &duration, error)
      || !hub_plugin_keys_read_list (keys, "Modality", "Roles", &self->modality.roles, is_role,
                                     N_ ("names in lower case"), error)
      || !hub_plugin_keys_read_list (keys, "Modality", "HostRoles", &self->modality.host_roles,
                                     is_role, N_ ("names in lower case"), error)
      || !hub_plugin_keys_read_list (keys, "Modality", "MirrorRoles", &self->modality.mirror_roles,
                                     is_role, N_ ("names in lower case"), error)
      || !hub_plugin_keys_read_boolean (keys, "Modality", "Default", &self->modality.is_default,
                                        error))
    return FALSE;
  if (self->live == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                            N_ ("A plugin with the group [%s] needs a live half."), "Modality");
  if (!is_name (self->modality.id, "-", 64))
    return hub_plugin_keys_refuse (error, "Modality", "Id", self->modality.id,
                                   N_ ("a name in lower case"));
  if (!g_str_equal (host, "requester") && !g_str_equal (host, "patient"))
    return hub_plugin_keys_refuse (error, "Modality", "Host", host, N_ ("requester or patient"));
  if (*self->modality.roles == NULL)
    return hub_plugin_keys_refuse (error, "Modality", "Roles", "", N_ ("at least one role"));
  if (!g_ascii_string_to_unsigned (duration, 10, 1, 24 * 60, &minutes, NULL))
    return hub_plugin_keys_refuse (error, "Modality", "DurationMinutes", duration,
                                   N_ ("1 to 1,440"));
  self->modality.takers = hub_role_table_read (keys, (const char *const *) self->modality.roles,
                                               error);
  if (self->modality.takers == NULL || !read_sides (self, error))
    return FALSE;
  self->modality.host_is_requester = g_str_equal (host, "requester");
  self->modality.duration = minutes;
  provided = g_strdup_printf ("modality/%s", self->modality.id);
  if (!g_strv_contains ((const char *const *) self->provides, provided))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                            N_ ("Provides= in [Plugin] must name “%s”."), provided);
  return TRUE;
}

static gboolean
need_grant (HubPluginFile *self, const char *service, const char *key, const char *value,
            GError **error)
{
  if (value == NULL && hub_plugin_file_is_granted (self, service))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                            N_ ("The service “%s” needs “%s” in [Grants]."), service, key);
  return TRUE;
}

static gboolean
read_grants (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_autofree char *prefix = g_strdup_printf ("/x/%s/", self->id);
  g_autofree char *topic = g_strdup_printf ("%s.", self->id);

  if (!hub_plugin_keys_read_text (keys, "Grants", "Schema", &self->schema, error)
      || !hub_plugin_keys_read_text (keys, "Grants", "Routes", &self->routes, error)
      || !hub_plugin_keys_read_text (keys, "Grants", "PeerTopics", &self->topics, error)
      || !hub_plugin_keys_read_list (keys, "Grants", "Services", &self->services, is_service,
                                     N_ ("store, audit, agenda, routes, peers, settings, media"),
                                     error))
    return FALSE;
  if (self->schema != NULL
      && (!is_name (self->schema, "_", 32)
          || g_strv_contains ((const char *const[]){ "karez", "web", "agenda", "peers", "engine",
                                                     "audit", "public", NULL },
                              self->schema)
          || g_str_has_prefix (self->schema, "pg_")))
    return hub_plugin_keys_refuse (
        error, "Grants", "Schema", self->schema,
        N_ ("a schema of the plugin's own, lower-case letters, digits and “_”"));
  if (self->routes != NULL && !g_str_equal (self->routes, prefix))
    return hub_plugin_keys_refuse (error, "Grants", "Routes", self->routes,
                                   N_ ("/x/ID/ with the plugin's id"));
  if (self->topics != NULL && !g_str_equal (self->topics, topic))
    return hub_plugin_keys_refuse (error, "Grants", "PeerTopics", self->topics,
                                   N_ ("ID. with the plugin's id"));
  return need_grant (self, "store", "Schema", self->schema, error)
         && need_grant (self, "routes", "Routes", self->routes, error)
         && need_grant (self, "peers", "PeerTopics", self->topics, error);
}

static gboolean
read_permissions (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, "Permissions", NULL, NULL);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_auto (GStrv) allowed = NULL;
      gboolean ours = g_str_has_prefix (names[i], self->id) && names[i][strlen (self->id)] == '.';

      if (!ours || !is_name (names[i], "-.", 64))
        return hub_plugin_keys_refuse (
            error, "Permissions", names[i], "…",
            N_ ("a permission that begins with the plugin's id and a point"));
      if (!hub_plugin_keys_read_list (
              keys, "Permissions", names[i], &allowed, hub_account_role_is_known,
              N_ ("desk, clinician, surgeon, bedside, engineer, administrator, auditor"), error))
        return FALSE;
      g_hash_table_insert (self->permissions, g_strdup (names[i]), g_steal_pointer (&allowed));
    }
  return TRUE;
}

static gboolean
read_settings (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, "Settings", NULL, NULL);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      char *value = g_key_file_get_string (keys, "Settings", names[i], error);

      if (value == NULL)
        return FALSE;
      g_hash_table_insert (self->settings, g_strdup (names[i]), value);
    }
  return TRUE;
}

static gboolean
read_programs (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  self->programs = hub_plugin_programs_read (keys, folder, error);
  if (self->programs == NULL)
    return FALSE;
  return self->programs->len == 0 || self->live != NULL
         || karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                             N_ ("A plugin with the group [%s] needs a live half."),
                             "Program NAME");
}

HubPluginFile *
hub_plugin_file_load (const char *path, GError **error)
{
  g_autoptr (HubPluginFile) self = g_object_new (HUB_TYPE_PLUGIN_FILE, NULL);
  g_autoptr (GKeyFile) keys = NULL;

  self->path = g_canonicalize_filename (path, NULL);
  keys = hub_plugin_keys_load (self->path, error);
  if (keys == NULL || !read_plugin (self, keys, error) || !read_modality (self, keys, error)
      || !read_grants (self, keys, error) || !read_permissions (self, keys, error)
      || !read_settings (self, keys, error) || !read_programs (self, keys, error)
      || !hub_plugin_web_read (keys, self->id, self->modality.id != NULL, self->control != NULL,
                               self->permissions, &self->web, error))
    return NULL;
  return g_steal_pointer (&self);
}

const char *
hub_plugin_file_get_path (HubPluginFile *self)
{
  return self->path;
}

const char *
hub_plugin_file_get_id (HubPluginFile *self)
{
  return self->id;
}

gboolean
hub_plugin_file_is_on_request (HubPluginFile *self)
{
  return self->on_request;
}

const char *
hub_plugin_file_get_name (HubPluginFile *self)
{
  return self->name;
}

const char *
hub_plugin_file_get_version (HubPluginFile *self)
{
  return self->version;
}

const char *
hub_plugin_file_get_control (HubPluginFile *self)
{
  return self->control;
}

const char *
hub_plugin_file_get_live (HubPluginFile *self)
{
  return self->live;
}

const char *const *
hub_plugin_file_get_provides (HubPluginFile *self)
{
  return (const char *const *) self->provides;
}

const char *const *
hub_plugin_file_get_requires (HubPluginFile *self)
{
  return (const char *const *) self->requires;
}

const char *const *
hub_plugin_file_get_wants (HubPluginFile *self)
{
  return (const char *const *) self->wants;
}

const HubModalityInfo *
hub_plugin_file_get_modality (HubPluginFile *self)
{
  return self->modality.id != NULL ? &self->modality : NULL;
}

gboolean
hub_plugin_file_is_granted (HubPluginFile *self, const char *service)
{
  return g_strv_contains ((const char *const *) self->services, service);
}

const char *const *
hub_plugin_file_get_services (HubPluginFile *self)
{
  return (const char *const *) self->services;
}

const char *
hub_plugin_file_get_schema (HubPluginFile *self)
{
  return self->schema;
}

const char *
hub_plugin_file_get_routes (HubPluginFile *self)
{
  return self->routes;
}

const char *
hub_plugin_file_get_topics (HubPluginFile *self)
{
  return self->topics;
}

GHashTable *
hub_plugin_file_get_permissions (HubPluginFile *self)
{
  return self->permissions;
}

GHashTable *
hub_plugin_file_get_settings (HubPluginFile *self)
{
  return self->settings;
}

GPtrArray *
hub_plugin_file_get_programs (HubPluginFile *self)
{
  return self->programs;
}

HubPluginWeb *
hub_plugin_file_get_web (HubPluginFile *self)
{
  return self->web;
}

static void
hub_plugin_file_finalize (GObject *object)
{
  HubPluginFile *self = HUB_PLUGIN_FILE (object);

  g_free (self->path);
  g_free (self->id);
  g_free (self->name);
  g_free (self->version);
  g_free (self->control);
  g_free (self->live);
  g_strfreev (self->provides);
  g_strfreev (self->requires);
  g_strfreev (self->wants);
  g_strfreev (self->services);
  g_free (self->modality.id);
  g_free (self->modality.title);
  g_strfreev (self->modality.roles);
  g_strfreev (self->modality.host_roles);
  g_strfreev (self->modality.mirror_roles);
  g_clear_pointer (&self->modality.takers, json_node_unref);
  g_clear_pointer (&self->modality.host_takers, json_node_unref);
  g_clear_pointer (&self->modality.mirror_takers, json_node_unref);
  g_free (self->schema);
  g_free (self->routes);
  g_free (self->topics);
  g_hash_table_unref (self->permissions);
  g_hash_table_unref (self->settings);
  g_clear_pointer (&self->programs, g_ptr_array_unref);
  g_clear_pointer (&self->web, hub_plugin_web_free);

  G_OBJECT_CLASS (hub_plugin_file_parent_class)->finalize (object);
}

static void
hub_plugin_file_class_init (HubPluginFileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_plugin_file_finalize;
}

static void
hub_plugin_file_init (HubPluginFile *self)
{
  self->permissions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                             (GDestroyNotify) g_strfreev);
  self->settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}
