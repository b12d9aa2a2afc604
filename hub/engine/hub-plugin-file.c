/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin's key file: each group and key, and what is accepted. */
#include "hub-plugin-file.h"

#include "hub-catalogue.h"
#include "hub-file.h"
#include "hub-key-file.h"
#include "hub-plugin-web.h"
#include "hub-role-table.h"
#include "hub-text.h"

#include <string.h>

#define MAX_FILE (64 * 1024)
#define MAX_LIST 32
#define MAX_VALUE 1000

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
  HubPluginWeb *web;
};

G_DEFINE_FINAL_TYPE (HubPluginFile, hub_plugin_file, G_TYPE_OBJECT)

typedef struct
{
  const char *group, *key;
  gboolean required;
} Known;

/* Everything a key file may say, but for the free keys of [Roles], [Permissions] and [Settings]. */
static const Known known[] = {
  { "Plugin", "Id", TRUE },         { "Plugin", "Name", TRUE },
  { "Plugin", "Version", TRUE },    { "Plugin", "Api", TRUE },
  { "Plugin", "Control", FALSE },   { "Plugin", "Live", FALSE },
  { "Plugin", "Provides", FALSE },  { "Plugin", "Requires", FALSE },
  { "Plugin", "Wants", FALSE },     { "Plugin", "OnRequest", FALSE },
  { "Modality", "Id", TRUE },       { "Modality", "Title", TRUE },
  { "Modality", "Host", TRUE },     { "Modality", "Roles", TRUE },
  { "Modality", "Default", FALSE }, { "Modality", "DurationMinutes", TRUE },
  { "Grants", "Schema", FALSE },    { "Grants", "Services", FALSE },
  { "Grants", "Routes", FALSE },    { "Grants", "PeerTopics", FALSE },
  { "Panel", "Script", FALSE },     { "Panel", "Style", FALSE },
  { "Panel", "Words", FALSE },      { "Panel", "Element", FALSE },
  { "Panel", "Lobby", FALSE },      { "Panel", "Compose", FALSE },
  { "Panel", "Booking", FALSE },    { "Page", "Script", FALSE },
  { "Page", "Element", FALSE },     { "Page", "Title", FALSE },
  { "Page", "After", FALSE },       { "Page", "Permission", FALSE },
};

static const char *const services[] = { "store", "audit",    "agenda", "routes",
                                        "peers", "settings", "media",  NULL };

static gboolean
is_free_group (const char *group)
{
  return g_str_equal (group, "Roles") || g_str_equal (group, "Permissions")
         || g_str_equal (group, "Settings");
}

/* As it stands in the table above: there are several pages. */
static const char *
kind_of_group (const char *group)
{
  return hub_plugin_web_is_page (group) ? "Page" : group;
}

static gboolean
is_known_group (const char *group)
{
  if (g_str_equal (group, "Page"))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].group, kind_of_group (group)))
      return TRUE;
  return is_free_group (group);
}

static gboolean
is_known_key (const char *group, const char *key)
{
  /* A title in other languages: Name[ug]. */
  g_autofree char *plain = g_strndup (key, strcspn (key, "["));

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].group, kind_of_group (group)) && g_str_equal (known[i].key, plain))
      return plain[strlen (plain)] == key[strlen (plain)] || g_str_equal (plain, "Name")
             || g_str_equal (plain, "Title");
  return is_free_group (group);
}

/* Lower-case letters, digits and the characters of @more; a letter first. */
static gboolean
is_name (const char *text, const char *more, gsize max)
{
  if (!text || !g_ascii_islower (*text) || strlen (text) > max)
    return FALSE;
  for (const char *at = text; *at; at++)
    if (!g_ascii_islower (*at) && !g_ascii_isdigit (*at) && !strchr (more, *at))
      return FALSE;
  return TRUE;
}

gboolean
hub_plugin_id_is_valid (const char *id)
{
  return is_name (id, "-", 32);
}

static gboolean
refuse (GError **error, const char *group, const char *key, const char *value, const char *accepted)
{
  g_autofree char *where = g_strdup_printf ("[%s] %s=%s", group, key, value);

  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/value", accepted,
                          N_ ("The key file says “%s”, which is not accepted."), where);
}

static gboolean
refuse_text (GError **error, const char *path, const char *group, const char *key, gboolean name)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/text",
                          name ? N_ ("one line of UTF-8 of which something is seen")
                               : N_ ("text in UTF-8 without control characters"),
                          N_ ("In “%s”, “%s” of the group [%s] is no text that can be shown."),
                          path, key != NULL ? key : "", group != NULL ? group : "");
}

/* What is shown in one line among other words. */
static gboolean
is_shown (const char *group, const char *key)
{
  g_autofree char *plain = g_strndup (key, strcspn (key, "["));

  return (g_str_equal (group, "Plugin")
          && (g_str_equal (plain, "Name") || g_str_equal (plain, "Version")))
         || ((g_str_equal (group, "Modality") || hub_plugin_web_is_page (group))
             && g_str_equal (plain, "Title"));
}

/* Before anything is read, so that no other refusal shows it. */
static gboolean
check_texts (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (guint g = 0; groups[g]; g++)
    {
      g_auto (GStrv) names = g_key_file_get_keys (keys, groups[g], NULL, NULL);

      for (guint k = 0; names && names[k]; k++)
        {
          g_autofree char *value = g_key_file_get_string (keys, groups[g], names[k], NULL);
          gboolean name = is_shown (groups[g], names[k]);
          HubTextFault fault = !value ? HUB_TEXT_UTF8
                               : name && *value
                                   ? hub_text_check_name (value, strlen (value), NULL, NULL)
                                   : hub_text_check (value, strlen (value), NULL, NULL);

          if (fault != HUB_TEXT_RIGHT)
            return refuse_text (error, self->path, groups[g], names[k], name);
        }
    }
  return TRUE;
}

static gboolean
check_keys (GKeyFile *keys, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (guint g = 0; groups[g]; g++)
    {
      g_auto (GStrv) names = NULL;

      if (!is_known_group (groups[g]))
        return karez_error_set (
            error, KAREZ_ERROR_INVALID, "plugin/group",
            N_ ("Plugin, Modality, Roles, Grants, Permissions, Settings, Panel or "
                "Page NAME"),
            N_ ("The key file has an unknown group [%s]."), groups[g]);
      names = g_key_file_get_keys (keys, groups[g], NULL, error);
      if (!names)
        return FALSE;
      for (guint k = 0; names[k]; k++)
        if (!is_known_key (groups[g], names[k]))
          return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/key", NULL,
                                  N_ ("The key file has an unknown key “%s” in [%s]."), names[k],
                                  groups[g]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].required
        && (g_key_file_has_group (keys, known[i].group) || g_str_equal (known[i].group, "Plugin"))
        && !g_key_file_has_key (keys, known[i].group, known[i].key, NULL))
      return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                              N_ ("The key file lacks “%s” in [%s]."), known[i].key,
                              known[i].group);
  return TRUE;
}

static gboolean
read_text (GKeyFile *keys, const char *group, const char *key, char **value, GError **error)
{
  if (!g_key_file_has_key (keys, group, key, NULL))
    return TRUE;
  *value = g_key_file_get_string (keys, group, key, error);
  if (!*value)
    return FALSE;
  if (!**value || strlen (*value) > MAX_VALUE)
    return refuse (error, group, key, **value ? "…" : "", N_ ("1 to 1,000 bytes"));
  return TRUE;
}

static gboolean
read_boolean (GKeyFile *keys, const char *group, const char *key, gboolean *value, GError **error)
{
  g_autofree char *text = NULL;

  if (!read_text (keys, group, key, &text, error))
    return FALSE;
  if (text && !g_str_equal (text, "true") && !g_str_equal (text, "false"))
    return refuse (error, group, key, text, N_ ("true or false"));
  *value = g_strcmp0 (text, "true") == 0;
  return TRUE;
}

/* @accepts: tells whether one element is right */
static gboolean
read_list (GKeyFile *keys, const char *group, const char *key, GStrv *value,
           gboolean (*accepts) (const char *), const char *accepted, GError **error)
{
  gsize n = 0;

  g_clear_pointer (value, g_strfreev);
  if (!g_key_file_has_key (keys, group, key, NULL))
    {
      *value = g_new0 (char *, 1);
      return TRUE;
    }
  *value = g_key_file_get_string_list (keys, group, key, &n, error);
  if (!*value)
    return FALSE;
  if (n > MAX_LIST)
    return refuse (error, group, key, "…", N_ ("at most 32 elements"));
  for (gsize i = 0; i < n; i++)
    if (!accepts ((*value)[i]))
      return refuse (error, group, key, (*value)[i], accepted);
  return TRUE;
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
    return refuse (error, "Plugin", "Api", api, N_ ("two numbers: 1.0"));
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

  if (!name)
    return TRUE;
  if (!is_name (name, "-_", 64))
    return refuse (error, "Plugin", key, name,
                   N_ ("the module's name beside the key file, without “lib” and “.so”"));
  plain = g_strdup_printf ("%s/%s.so", directory, name);
  prefixed = g_strdup_printf ("%s/lib%s.so", directory, name);
  at = g_file_test (plain, G_FILE_TEST_IS_REGULAR)      ? plain
       : g_file_test (prefixed, G_FILE_TEST_IS_REGULAR) ? prefixed
                                                        : NULL;
  if (!at)
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

  if (!read_text (keys, "Plugin", "Id", &self->id, error)
      || !read_text (keys, "Plugin", "Name", &self->name, error)
      || !read_text (keys, "Plugin", "Version", &self->version, error)
      || !read_text (keys, "Plugin", "Api", &api, error)
      || !read_text (keys, "Plugin", "Control", &self->control, error)
      || !read_text (keys, "Plugin", "Live", &self->live, error)
      || !read_list (keys, "Plugin", "Provides", &self->provides, is_capability, capability, error)
      || !read_list (keys, "Plugin", "Requires", &self->requires, is_capability, capability, error)
      || !read_list (keys, "Plugin", "Wants", &self->wants, is_capability, capability, error)
      || !read_boolean (keys, "Plugin", "OnRequest", &self->on_request, error))
    return FALSE;
  if (!check_api (api, error))
    return FALSE;
  if (!hub_plugin_id_is_valid (self->id))
    return refuse (error, "Plugin", "Id", self->id,
                   N_ ("up to 32 lower-case letters, digits and “-”, a letter first"));
  if (!self->control && !self->live)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                            N_ ("The key file names neither “%s” nor “%s”."), "Control", "Live");
  return find_module (self, "Control", &self->control, error)
         && find_module (self, "Live", &self->live, error);
}

static gboolean
read_modality (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_autofree char *host = NULL, *duration = NULL, *provided = NULL;
  guint64 minutes = 0;

  if (!g_key_file_has_group (keys, "Modality"))
    return !self->live
           || karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                               N_ ("A plugin with a live half needs the group [%s]."), "Modality");
  if (!read_text (keys, "Modality", "Id", &self->modality.id, error)
      || !read_text (keys, "Modality", "Title", &self->modality.title, error)
      || !read_text (keys, "Modality", "Host", &host, error)
      || !read_text (keys, "Modality", "DurationMinutes", &duration, error)
      || !read_list (keys, "Modality", "Roles", &self->modality.roles, is_role,
                     N_ ("names in lower case"), error)
      || !read_boolean (keys, "Modality", "Default", &self->modality.is_default, error))
    return FALSE;
  if (!self->live)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                            N_ ("A plugin with the group [%s] needs a live half."), "Modality");
  if (!is_name (self->modality.id, "-", 64))
    return refuse (error, "Modality", "Id", self->modality.id, N_ ("a name in lower case"));
  if (!g_str_equal (host, "requester") && !g_str_equal (host, "patient"))
    return refuse (error, "Modality", "Host", host, N_ ("requester or patient"));
  if (!*self->modality.roles)
    return refuse (error, "Modality", "Roles", "", N_ ("at least one role"));
  if (!g_ascii_string_to_unsigned (duration, 10, 1, 24 * 60, &minutes, NULL))
    return refuse (error, "Modality", "DurationMinutes", duration, N_ ("1 to 1,440"));
  self->modality.takers = hub_role_table_read (keys, (const char *const *) self->modality.roles,
                                               error);
  if (!self->modality.takers)
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
  if (!value && hub_plugin_file_is_granted (self, service))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                            N_ ("The service “%s” needs “%s” in [Grants]."), service, key);
  return TRUE;
}

static gboolean
read_grants (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_autofree char *prefix = g_strdup_printf ("/x/%s/", self->id);
  g_autofree char *topic = g_strdup_printf ("%s.", self->id);

  if (!read_text (keys, "Grants", "Schema", &self->schema, error)
      || !read_text (keys, "Grants", "Routes", &self->routes, error)
      || !read_text (keys, "Grants", "PeerTopics", &self->topics, error)
      || !read_list (keys, "Grants", "Services", &self->services, is_service,
                     N_ ("store, audit, agenda, routes, peers, settings, media"), error))
    return FALSE;
  if (self->schema
      && (!is_name (self->schema, "_", 32)
          || g_strv_contains ((const char *const[]){ "karez", "web", "agenda", "peers", "engine",
                                                     "audit", "public", NULL },
                              self->schema)
          || g_str_has_prefix (self->schema, "pg_")))
    return refuse (error, "Grants", "Schema", self->schema,
                   N_ ("a schema of the plugin's own, lower-case letters, digits and “_”"));
  if (self->routes && !g_str_equal (self->routes, prefix))
    return refuse (error, "Grants", "Routes", self->routes, N_ ("/x/ID/ with the plugin's id"));
  if (self->topics && !g_str_equal (self->topics, topic))
    return refuse (error, "Grants", "PeerTopics", self->topics, N_ ("ID. with the plugin's id"));
  return need_grant (self, "store", "Schema", self->schema, error)
         && need_grant (self, "routes", "Routes", self->routes, error)
         && need_grant (self, "peers", "PeerTopics", self->topics, error);
}

static gboolean
read_permissions (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, "Permissions", NULL, NULL);

  for (guint i = 0; names && names[i]; i++)
    {
      g_auto (GStrv) allowed = NULL;
      gboolean ours = g_str_has_prefix (names[i], self->id) && names[i][strlen (self->id)] == '.';

      if (!ours || !is_name (names[i], "-.", 64))
        return refuse (error, "Permissions", names[i], "…",
                       N_ ("a permission that begins with the plugin's id and a point"));
      if (!read_list (keys, "Permissions", names[i], &allowed, hub_account_role_is_known,
                      N_ ("desk, clinician, surgeon, bedside, engineer, administrator, auditor"),
                      error))
        return FALSE;
      g_hash_table_insert (self->permissions, g_strdup (names[i]), g_steal_pointer (&allowed));
    }
  return TRUE;
}

static gboolean
read_settings (HubPluginFile *self, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, "Settings", NULL, NULL);

  for (guint i = 0; names && names[i]; i++)
    {
      char *value = g_key_file_get_string (keys, "Settings", names[i], error);

      if (!value)
        return FALSE;
      g_hash_table_insert (self->settings, g_strdup (names[i]), value);
    }
  return TRUE;
}

HubPluginFile *
hub_plugin_file_load (const char *path, GError **error)
{
  g_autoptr (HubPluginFile) self = g_object_new (HUB_TYPE_PLUGIN_FILE, NULL);
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) bytes = hub_file_read (path, MAX_FILE, &local);
  g_autofree char *group = NULL;
  g_autofree char *key = NULL;

  self->path = g_canonicalize_filename (path, NULL);
  if (bytes
      && hub_key_file_has_nul (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &group,
                               &key))
    {
      refuse_text (error, self->path, group, key, FALSE);
      return NULL;
    }
  if (!bytes || !g_key_file_load_from_bytes (keys, bytes, G_KEY_FILE_KEEP_TRANSLATIONS, &local))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/file",
                       N_ ("a key file of at most 64 KiB"), N_ ("“%s” cannot be read: %s"), path,
                       local->message);
      return NULL;
    }
  if (!check_texts (self, keys, error) || !check_keys (keys, error)
      || !read_plugin (self, keys, error) || !read_modality (self, keys, error)
      || !read_grants (self, keys, error) || !read_permissions (self, keys, error)
      || !read_settings (self, keys, error)
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
  return self->modality.id ? &self->modality : NULL;
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
  g_clear_pointer (&self->modality.takers, json_node_unref);
  g_free (self->schema);
  g_free (self->routes);
  g_free (self->topics);
  g_hash_table_unref (self->permissions);
  g_hash_table_unref (self->settings);
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
