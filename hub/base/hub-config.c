/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-config.h"
#include "hub-id.h"
#include "hub-key-file.h"
#include "hub-text.h"

#include <string.h>

#define MAX_FILE (64 * 1024)
#define DEFAULT_FILE "/etc/karez/karez.conf"
#define PLUGIN_PREFIX "Plugin "

static const HubConfigKey keys[] = {
  { "Hub", "Id", HUB_CONFIG_UUID, NULL, "The hub's id; made at the first start when not given" },
  { "Hub", "Name", HUB_CONFIG_NAME, "Karez", "The hospital's name, also Name[zh_CN], Name[ug]" },
  { "Hub", "State", HUB_CONFIG_PATH, "/var/lib/karez", "Keys, database and spools" },
  { "Hub", "Runtime", HUB_CONFIG_PATH, "/run/karez", "Sockets" },
  { "Web", "Listen", HUB_CONFIG_ADDRESS, "127.0.0.1", "Where browsers reach the desk" },
  { "Web", "Port", HUB_CONFIG_PORT, "8443", "0 lets the kernel choose" },
  { "Web", "Origin", HUB_CONFIG_ORIGIN, NULL, "What browsers call the desk" },
  { "Web", "Proxies", HUB_CONFIG_ADDRESSES, "127.0.0.1,::1",
    "Proxies whose X-Forwarded-For is believed" },
  { "Peers", "Listen", HUB_CONFIG_ADDRESS, "::", "Where other hubs reach this one" },
  { "Peers", "Port", HUB_CONFIG_PORT, "8444", "0 lets the kernel choose" },
  { "Peers", "Advertise", HUB_CONFIG_ENDPOINT, NULL,
    "Where other hubs dial this one; not set: this hub dials" },
  { "Database", "Connection", HUB_CONFIG_TEXT, NULL,
    "A libpq connection string; not set: a private cluster under State" },
  { "Plugins", "Path", HUB_CONFIG_PATHS, NULL, "Folders of plugins; not set: the installed ones" },
  { "Link", "Address", HUB_CONFIG_ADDRESSES, NULL,
    "What sessions' links use, one for each path; not set: that of the way to the outside" },
  { "Media", "Address", HUB_CONFIG_ADDRESSES, NULL,
    "Where browsers reach the media of sessions; not set: the link's addresses" },
  { "Worker", "Launcher", HUB_CONFIG_PATH, NULL,
    "The socket where sessions' workers are started under another user; not set: the hub starts "
    "them" },
  { "Worker", "User", HUB_CONFIG_TEXT, "karez-worker", "That user" },
  { NULL },
};

typedef struct
{
  char *value; /* NULL: not set */
  char *origin;
} Item;

struct _HubConfig
{
  GObject parent_instance;
  GKeyFile *file;
  char *path; /* NULL: no file was read */
  Item items[G_N_ELEMENTS (keys)];
};

G_DEFINE_FINAL_TYPE (HubConfig, hub_config, G_TYPE_OBJECT)

GQuark
hub_config_error_quark (void)
{
  return g_quark_from_static_string ("hub-config-error-quark");
}

static void
hub_config_finalize (GObject *object)
{
  HubConfig *self = HUB_CONFIG (object);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_free (self->items[i].value);
      g_free (self->items[i].origin);
    }
  g_key_file_unref (self->file);
  g_free (self->path);
  G_OBJECT_CLASS (hub_config_parent_class)->finalize (object);
}

static void
hub_config_class_init (HubConfigClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_config_finalize;
}

static void
hub_config_init (HubConfig *self)
{
  self->file = g_key_file_new ();
}

const HubConfigKey *
hub_config_keys (void)
{
  return keys;
}

static int
find (const char *group, const char *key)
{
  for (guint i = 0; keys[i].group != NULL; i++)
    if (strcmp (keys[i].group, group) == 0 && strcmp (keys[i].key, key) == 0)
      return i;
  return -1;
}

static gboolean
known_group (const char *group)
{
  for (guint i = 0; keys[i].group != NULL; i++)
    if (strcmp (keys[i].group, group) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_port (const char *text, gint64 least)
{
  guint64 number;

  return g_ascii_string_to_unsigned (text, 10, least, G_MAXUINT16, &number, NULL);
}

static gboolean
is_endpoint (const char *text)
{
  const char *colon = strrchr (text, ':');

  if (colon == NULL || colon == text || strpbrk (text, " \t/@") != NULL)
    return FALSE;
  return is_port (colon + 1, 1);
}

static gboolean
is_origin (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);

  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return FALSE;
  return (g_str_equal (g_uri_get_scheme (uri), "http")
          || g_str_equal (g_uri_get_scheme (uri), "https"))
         && *g_uri_get_path (uri) == '\0' && g_uri_get_query (uri) == NULL
         && g_uri_get_fragment (uri) == NULL && g_uri_get_userinfo (uri) == NULL;
}

static gboolean
are_paths (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", 32);
  guint n = 0;

  for (guint i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0')
      {
        if (!g_path_is_absolute (parts[i]) || strchr (parts[i], ';') != NULL)
          return FALSE;
        n++;
      }
  return n > 0;
}

/* As many as a link has paths and a room has sockets. */
static gboolean
are_addresses (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", 5);

  for (guint i = 0; parts[i] != NULL; i++)
    if (i == 4 || !g_hostname_is_ip_address (g_strstrip (parts[i])))
      return FALSE;
  return parts[0] != NULL;
}

/* What would be accepted, or NULL if @value is. */
static const char *
refusal (const HubConfigKey *key, const char *value)
{
  switch (key->type)
    {
    case HUB_CONFIG_TEXT:
      return *value != '\0' && hub_text_check (value, strlen (value), NULL, NULL) == HUB_TEXT_RIGHT
                 ? NULL
                 : "a text that is not empty, without control characters";
    case HUB_CONFIG_NAME:
      return hub_text_check_name (value, strlen (value), NULL, NULL) == HUB_TEXT_RIGHT
                     && g_utf8_strlen (value, -1) <= 200
                 ? NULL
                 : "a name of one line, 1 to 200 characters, that is seen";
    case HUB_CONFIG_UUID:
      return hub_id_is_valid (value) ? NULL : "a UUID in lower case";
    case HUB_CONFIG_PATH:
      return g_path_is_absolute (value) ? NULL : "an absolute path";
    case HUB_CONFIG_PATHS:
      return are_paths (value) ? NULL : "absolute paths, split by ';'";
    case HUB_CONFIG_PORT:
      return is_port (value, 0) ? NULL : "a whole number from 0 to 65535";
    case HUB_CONFIG_ADDRESS:
      return g_hostname_is_ip_address (value) ? NULL : "a numeric IP address";
    case HUB_CONFIG_ADDRESSES:
      return are_addresses (value) ? NULL : "one to four numeric IP addresses, split by ','";
    case HUB_CONFIG_ENDPOINT:
      return is_endpoint (value) ? NULL : "HOST:PORT";
    case HUB_CONFIG_ORIGIN:
      return is_origin (value) ? NULL : "http://HOST[:PORT] or https://HOST[:PORT]";
    }
  g_return_val_if_reached ("nothing");
}

static void
set_item (HubConfig *self, guint index, const char *value, const char *origin)
{
  g_free (self->items[index].value);
  g_free (self->items[index].origin);
  self->items[index].value = g_strdup (value);
  self->items[index].origin = g_strdup (origin);
}

/* "Name[ug]" is the key "Name" when that may be translated. */
static int
find_with_language (const char *group, const char *key)
{
  const char *bracket = strchr (key, '[');
  g_autofree char *plain = bracket != NULL ? g_strndup (key, bracket - key) : g_strdup (key);
  int index = find (group, plain);

  if (index < 0 || bracket == NULL)
    return index;
  if (keys[index].type != HUB_CONFIG_NAME)
    return -1;
  return g_str_equal (bracket, "[en]") || g_str_equal (bracket, "[zh_CN]")
                 || g_str_equal (bracket, "[ug]")
             ? index
             : -1;
}

static void
check_key (HubConfig *self, const char *group, const char *key, GString *faults,
           HubConfigError *code)
{
  g_autofree char *value = g_key_file_get_string (self->file, group, key, NULL);
  int index = find_with_language (group, key);
  const char *accepted;

  if (index < 0)
    {
      *code = HUB_CONFIG_ERROR_UNKNOWN;
      g_string_append_printf (faults, "\n%s.%s: there is no such key", group, key);
    }
  else if ((accepted = value != NULL ? refusal (&keys[index], value) : "UTF-8") != NULL)
    g_string_append_printf (faults, "\n%s.%s: accepted is %s", group, key, accepted);
  else if (strchr (key, '[') == NULL)
    set_item (self, index, value, self->path);
}

/* What a plugin's settings mean is its own; that they are text is not. */
static void
check_plugin (HubConfig *self, const char *group, GString *faults)
{
  g_auto (GStrv) names = g_key_file_get_keys (self->file, group, NULL, NULL);

  for (guint k = 0; names != NULL && names[k] != NULL; k++)
    {
      g_autofree char *value = g_key_file_get_string (self->file, group, names[k], NULL);

      if (value == NULL || hub_text_check (value, strlen (value), NULL, NULL) != HUB_TEXT_RIGHT)
        g_string_append_printf (faults,
                                "\n%s.%s: accepted is text in UTF-8, without control "
                                "characters",
                                group, names[k]);
    }
}

static gboolean
check_file (HubConfig *self, GError **error)
{
  g_autoptr (GString) faults = g_string_new (NULL);
  g_auto (GStrv) groups = g_key_file_get_groups (self->file, NULL);
  HubConfigError code = HUB_CONFIG_ERROR_VALUE;

  for (guint g = 0; groups[g] != NULL; g++)
    {
      g_auto (GStrv) names = NULL;

      if (g_str_has_prefix (groups[g], PLUGIN_PREFIX))
        {
          check_plugin (self, groups[g], faults);
          continue;
        }
      if (!known_group (groups[g]))
        {
          code = HUB_CONFIG_ERROR_UNKNOWN;
          g_string_append_printf (faults, "\n[%s]: there is no such group", groups[g]);
          continue;
        }
      names = g_key_file_get_keys (self->file, groups[g], NULL, NULL);
      for (guint k = 0; names != NULL && names[k] != NULL; k++)
        check_key (self, groups[g], names[k], faults, &code);
    }
  if (faults->len == 0)
    return TRUE;
  g_set_error (error, HUB_CONFIG_ERROR, code, "%s is refused:%s", self->path, faults->str);
  return FALSE;
}

static gboolean
read_file (HubConfig *self, const char *path, gboolean may_miss, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *text = g_malloc (MAX_FILE + 1);
  g_autofree char *group = NULL;
  g_autofree char *key = NULL;
  gsize length;

  stream = g_file_read (file, NULL, &local);
  if (stream == NULL && may_miss && g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return TRUE;
  self->path = g_strdup (path);
  if (stream == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, MAX_FILE + 1, &length, NULL,
                                   &local))
    {
      g_set_error (error, HUB_CONFIG_ERROR, HUB_CONFIG_ERROR_FILE, "%s: %s", path, local->message);
      return FALSE;
    }
  if (length > MAX_FILE)
    {
      g_set_error (error, HUB_CONFIG_ERROR, HUB_CONFIG_ERROR_FILE,
                   "%s is larger than the accepted %d KiB", path, MAX_FILE / 1024);
      return FALSE;
    }
  if (hub_key_file_has_nul (text, length, &group, &key))
    {
      g_set_error (error, HUB_CONFIG_ERROR, HUB_CONFIG_ERROR_VALUE,
                   "%s is refused:\n%s.%s: accepted is text without U+0000", path,
                   group != NULL ? group : "[]", key != NULL ? key : "");
      return FALSE;
    }
  if (!g_key_file_load_from_data (self->file, text, length, G_KEY_FILE_KEEP_TRANSLATIONS, &local)
      && !g_error_matches (local, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_NOT_FOUND))
    {
      g_set_error (error, HUB_CONFIG_ERROR, HUB_CONFIG_ERROR_FILE, "%s: %s", path, local->message);
      return FALSE;
    }
  return check_file (self, error);
}

HubConfig *
hub_config_load (const char *path, GError **error)
{
  g_autoptr (HubConfig) self = g_object_new (HUB_TYPE_CONFIG, NULL);

  for (guint i = 0; keys[i].group != NULL; i++)
    set_item (self, i, keys[i].fallback, "default");
  if (!read_file (self, path != NULL ? path : DEFAULT_FILE, path == NULL, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
hub_config_override (HubConfig *self, const char *name, const char *value, const char *origin,
                     GError **error)
{
  g_auto (GStrv) parts = NULL;
  const char *accepted;
  int index;

  g_return_val_if_fail (HUB_IS_CONFIG (self), FALSE);

  parts = g_strsplit (name, ".", 2);
  index = parts[0] != NULL && parts[1] != NULL ? find (parts[0], parts[1]) : -1;
  if (index < 0)
    {
      g_set_error (error, HUB_CONFIG_ERROR, HUB_CONFIG_ERROR_UNKNOWN,
                   "%s: there is no such key; accepted is GROUP.KEY", name);
      return FALSE;
    }
  accepted = g_utf8_validate (value, -1, NULL) ? refusal (&keys[index], value) : "UTF-8";
  if (accepted != NULL)
    {
      g_set_error (error, HUB_CONFIG_ERROR, HUB_CONFIG_ERROR_VALUE, "%s: accepted is %s", name,
                   accepted);
      return FALSE;
    }
  set_item (self, index, value, origin);
  return TRUE;
}

const char *
hub_config_text (HubConfig *self, const char *group, const char *key)
{
  int index = find (group, key);

  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);
  g_return_val_if_fail (index >= 0, NULL);
  return self->items[index].value;
}

guint16
hub_config_port (HubConfig *self, const char *group, const char *key)
{
  const char *text = hub_config_text (self, group, key);

  g_return_val_if_fail (text != NULL, 0);
  return (guint16) g_ascii_strtoull (text, NULL, 10);
}

GStrv
hub_config_list (HubConfig *self, const char *group, const char *key)
{
  const char *text = hub_config_text (self, group, key);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) parts = text != NULL ? g_strsplit (text, ";", -1) : NULL;

  for (guint i = 0; parts != NULL && parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0')
      g_strv_builder_add (builder, parts[i]);
  return g_strv_builder_end (builder);
}

const char *
hub_config_name (HubConfig *self, const char *group, const char *key, const char *language)
{
  const char *plain = hub_config_text (self, group, key);
  g_autofree char *localised = g_strdup_printf ("%s[%s]", key, language);
  g_autofree char *text = g_key_file_get_string (self->file, group, localised, NULL);

  return text != NULL ? g_intern_string (text) : plain;
}

const char *
hub_config_origin (HubConfig *self, const char *group, const char *key)
{
  int index = find (group, key);

  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);
  g_return_val_if_fail (index >= 0, NULL);
  return self->items[index].origin;
}

GHashTable *
hub_config_plugin (HubConfig *self, const char *plugin)
{
  g_autoptr (GHashTable) texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *group = g_strconcat (PLUGIN_PREFIX, plugin, NULL);
  g_auto (GStrv) names = NULL;

  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);

  names = g_key_file_get_keys (self->file, group, NULL, NULL);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      char *value = g_key_file_get_string (self->file, group, names[i], NULL);

      if (value != NULL)
        g_hash_table_insert (texts, g_strdup (names[i]), value);
    }
  return g_steal_pointer (&texts);
}

const char *
hub_config_file (HubConfig *self)
{
  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);
  return self->path;
}
