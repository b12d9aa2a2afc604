/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karez.conf: each group and key, its default and its form. */
#include "hub-config-private.h"
#include "hub-config-rules.h"

#include <string.h>

#define DEFAULT_FILE "/etc/karez/karez.conf"

static const HubConfigKey keys[] = {
  { "Hub", "Id", HUB_CONFIG_UUID, NULL, "The hub's id; made at the first start when not given" },
  { "Hub", "Name", HUB_CONFIG_NAME, "Karez", "The hospital's name, also Name[zh_CN], Name[ug]" },
  { "Hub", "State", HUB_CONFIG_PATH, "/var/lib/karez", "Keys, database and spools" },
  { "Hub", "Runtime", HUB_CONFIG_PATH, "/run/karez", "Sockets" },
  { "Hub", "Development", HUB_CONFIG_SWITCH, "no",
    "yes: plugins are written here, and karezctl plugin reset may drop what they keep" },
  { "Web", "Listen", HUB_CONFIG_ADDRESS, "127.0.0.1", "Where browsers reach the desk" },
  { "Web", "Port", HUB_CONFIG_PORT, "8443", "Its port" },
  { "Web", "Origin", HUB_CONFIG_ORIGIN, NULL, "What browsers call the desk" },
  { "Web", "Certificate", HUB_CONFIG_PATH, NULL,
    "The PEM file of the certificate that browsers are shown; not set: a proxy in front speaks "
    "TLS" },
  { "Web", "Key", HUB_CONFIG_PATH, NULL, "The PEM file of its key" },
  { "Web", "Authority", HUB_CONFIG_AUTHORITY, NULL,
    "own: the hub makes its certificate itself, by an authority of its own" },
  { "Web", "SecurePort", HUB_CONFIG_PORT, NULL,
    "Where the desk is by HTTPS, too, beside an Origin of HTTP; not set: nowhere" },
  { "Web", "RedirectPort", HUB_CONFIG_PORT, NULL,
    "Where HTTP is answered with the way to Origin; not set: nowhere" },
  { "Web", "StrictTransportSecurity", HUB_CONFIG_SECONDS, "0",
    "For how many seconds browsers are to call Origin by HTTPS alone; 0: they are told nothing" },
  { "Web", "Proxies", HUB_CONFIG_ADDRESSES, "127.0.0.1,::1",
    "Proxies whose X-Forwarded-For is believed" },
  { "Peers", "Listen", HUB_CONFIG_ADDRESS, "::", "Where other hubs reach this one" },
  { "Peers", "Port", HUB_CONFIG_PORT, "8444", "Its port" },
  { "Peers", "Advertise", HUB_CONFIG_ENDPOINT, NULL,
    "Where other hubs dial this one; not set: this hub dials" },
  { "Database", "Connection", HUB_CONFIG_CONNECTION, NULL,
    "A libpq connection string; not set: a private cluster under State" },
  { "Plugins", "Path", HUB_CONFIG_PATHS, NULL, "Folders of plugins; not set: the installed ones" },
  { "Link", "Address", HUB_CONFIG_UNICAST, NULL,
    "What sessions' links bind, one for each path; not set: that of the way to the outside" },
  { "Link", "Announce", HUB_CONFIG_UNICAST, NULL,
    "Where the other hospital reaches them, when that is not what they bind: one for each" },
  { "Media", "Address", HUB_CONFIG_UNICAST, NULL,
    "What the media of sessions binds; not set: the link's addresses" },
  { "Media", "Announce", HUB_CONFIG_UNICAST, NULL,
    "Where browsers reach it, when that is not what it binds: one for each" },
  { "Worker", "Launcher", HUB_CONFIG_PATH, NULL,
    "The socket where sessions' workers are started under another user; not set: the hub starts "
    "them" },
  { "Worker", "User", HUB_CONFIG_TEXT, "karez-worker", "That user" },
  { "Worker", "Ports", HUB_CONFIG_RANGE, NULL,
    "The UDP ports that sessions may use, media and links; not set: the system's" },
  { NULL },
};

G_STATIC_ASSERT (G_N_ELEMENTS (keys) <= HUB_CONFIG_MAX_KEYS);

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
  g_hash_table_unref (self->lines);
  g_ptr_array_unref (self->findings);
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
  self->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->findings = g_ptr_array_new_with_free_func ((GDestroyNotify) hub_config_finding_free);
}

const HubConfigKey *
hub_config_keys (void)
{
  return keys;
}

int
hub_config_index (const char *group, const char *key)
{
  for (guint i = 0; keys[i].group != NULL; i++)
    if (strcmp (keys[i].group, group) == 0 && strcmp (keys[i].key, key) == 0)
      return i;
  return -1;
}

gboolean
hub_config_is_plugin_group (const char *group)
{
  const char *name = group + strlen (HUB_CONFIG_PLUGIN_PREFIX);

  return g_str_has_prefix (group, HUB_CONFIG_PLUGIN_PREFIX) && *name != '\0'
         && name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

void
hub_config_set_item (HubConfig *self, guint index, const char *value, const char *origin)
{
  g_free (self->items[index].value);
  g_free (self->items[index].origin);
  self->items[index].value = g_strdup (value);
  self->items[index].origin = g_strdup (origin);
}

char *
hub_config_plain_key (const char *key)
{
  const char *bracket = strchr (key, '[');

  return bracket != NULL ? g_strndup (key, bracket - key) : g_strdup (key);
}

static guint
line_of (HubConfig *self, const char *group, const char *key)
{
  g_autofree char *name = g_strdup_printf ("%s\n%s", group, key != NULL ? key : "");

  return GPOINTER_TO_UINT (g_hash_table_lookup (self->lines, name));
}

guint
hub_config_note_line (HubConfig *self, const char *group, const char *key, guint number)
{
  char *name = g_strdup_printf ("%s\n%s", group, key != NULL ? key : "");
  guint before = GPOINTER_TO_UINT (g_hash_table_lookup (self->lines, name));

  if (before == 0)
    g_hash_table_insert (self->lines, name, GUINT_TO_POINTER (number));
  else
    g_free (name);
  return before;
}

static const char *
origin_of (HubConfig *self, const char *group, const char *key)
{
  g_autofree char *plain = key != NULL ? hub_config_plain_key (key) : NULL;
  int index = plain != NULL ? hub_config_index (group, plain) : -1;
  const char *origin = index >= 0 ? self->items[index].origin : NULL;

  return origin != NULL && !g_str_equal (origin, HUB_CONFIG_FROM_DEFAULT) ? origin : self->path;
}

HubConfigFinding *
hub_config_new_finding (HubConfig *self, HubConfigFault fault, const char *group, const char *key)
{
  HubConfigFinding *finding = g_new0 (HubConfigFinding, 1);
  const char *origin = origin_of (self, group, key);

  finding->fault = fault;
  finding->place = g_strdup (origin != NULL ? origin : DEFAULT_FILE);
  finding->group = g_strdup (group);
  finding->key = g_strdup (key);
  finding->line = self->reading;
  if (finding->line == 0 && g_strcmp0 (origin, self->path) == 0)
    {
      finding->line = key != NULL ? line_of (self, group, key) : 0;
      if (finding->line == 0 && group != NULL)
        finding->line = line_of (self, group, NULL);
    }
  return finding;
}

void
hub_config_find (HubConfig *self, HubConfigFault fault, const char *group, const char *key,
                 const char *message, const char *message_argument, const char *accepted,
                 const char *accepted_argument)
{
  HubConfigFinding *finding;

  g_return_if_fail (HUB_IS_CONFIG (self));

  finding = hub_config_new_finding (self, fault, group, key);
  finding->message = message;
  finding->message_argument = g_strdup (message_argument);
  finding->accepted = accepted;
  finding->accepted_argument = g_strdup (accepted_argument);
  g_ptr_array_add (self->findings, finding);
}

gboolean
hub_config_is_found (HubConfig *self, const char *group, const char *key)
{
  g_return_val_if_fail (HUB_IS_CONFIG (self), FALSE);

  for (guint i = 0; i < self->findings->len; i++)
    {
      const HubConfigFinding *finding = self->findings->pdata[i];

      if (g_strcmp0 (finding->group, group) == 0 && g_strcmp0 (finding->key, key) == 0)
        return TRUE;
    }
  return FALSE;
}

GPtrArray *
hub_config_get_findings (HubConfig *self)
{
  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);
  return self->findings;
}

gboolean
hub_config_is_usable (HubConfig *self)
{
  g_return_val_if_fail (HUB_IS_CONFIG (self), FALSE);

  for (guint i = 0; i < self->findings->len; i++)
    if (((const HubConfigFinding *) self->findings->pdata[i])->fault != HUB_CONFIG_FAULT_REMARK)
      return FALSE;
  return TRUE;
}

static int
compare_findings (gconstpointer a, gconstpointer b)
{
  const HubConfigFinding *one = *(const HubConfigFinding *const *) a;
  const HubConfigFinding *other = *(const HubConfigFinding *const *) b;

  return one->line < other->line ? -1 : one->line > other->line;
}

char *
hub_config_print_findings (HubConfig *self, HubConfigSay say)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);

  g_ptr_array_sort (self->findings, compare_findings);
  for (guint i = 0; i < self->findings->len; i++)
    {
      g_autofree char *line = hub_config_finding_print (self->findings->pdata[i], say);

      g_string_append_printf (text, i > 0 ? "\n%s" : "%s", line);
    }
  return self->findings->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

char *
hub_config_print_place (HubConfig *self, const char *group, const char *key)
{
  g_autoptr (HubConfigFinding) place = NULL;

  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);

  place = hub_config_new_finding (self, HUB_CONFIG_FAULT_VALUE, group, key);
  if (place->line > 0)
    return g_strdup_printf ("%s:%u: [%s] %s", place->place, place->line, group, key);
  return g_strdup_printf ("%s: [%s] %s", place->place, group, key);
}

HubConfig *
hub_config_read (const char *path)
{
  HubConfig *self = g_object_new (HUB_TYPE_CONFIG, NULL);

  for (guint i = 0; keys[i].group != NULL; i++)
    hub_config_set_item (self, i, keys[i].fallback, HUB_CONFIG_FROM_DEFAULT);
  hub_config_read_file (self, path != NULL ? path : DEFAULT_FILE, path == NULL);
  return self;
}

/* The code is the fault of the worst: what cannot be read, then what is not known. */
HubConfig *
hub_config_load (const char *path, GError **error)
{
  g_autoptr (HubConfig) self = hub_config_read (path);
  g_autofree char *said = hub_config_print_findings (self, NULL);
  HubConfigFault worst = HUB_CONFIG_FAULT_AWAY;

  if (said == NULL)
    return g_steal_pointer (&self);
  for (guint i = 0; i < self->findings->len; i++)
    worst = MIN (worst, ((const HubConfigFinding *) self->findings->pdata[i])->fault);
  g_set_error_literal (error, HUB_CONFIG_ERROR, (int) worst, said);
  return NULL;
}

gboolean
hub_config_override (HubConfig *self, const char *name, const char *value, const char *origin,
                     GError **error)
{
  g_auto (GStrv) parts = NULL;
  g_autoptr (HubConfigFinding) finding = NULL;
  g_autofree char *said = NULL;
  int index;

  g_return_val_if_fail (HUB_IS_CONFIG (self), FALSE);

  parts = g_strsplit (name, ".", 2);
  index = parts[0] != NULL && parts[1] != NULL ? hub_config_index (parts[0], parts[1]) : -1;
  if (index < 0)
    {
      g_set_error (error, HUB_CONFIG_ERROR, HUB_CONFIG_FAULT_UNKNOWN,
                   "%s: there is no such key; accepted: GROUP.KEY", name);
      return FALSE;
    }
  finding = hub_config_new_finding (self, HUB_CONFIG_FAULT_VALUE, parts[0], parts[1]);
  if (hub_config_rule_check (&keys[index], value, NULL, finding))
    {
      hub_config_set_item (self, index, value, origin);
      return TRUE;
    }
  g_free (finding->place);
  finding->place = g_strdup (origin);
  finding->line = 0;
  said = hub_config_finding_print (finding, NULL);
  g_set_error_literal (error, HUB_CONFIG_ERROR, HUB_CONFIG_FAULT_VALUE, said);
  return FALSE;
}

const char *
hub_config_text (HubConfig *self, const char *group, const char *key)
{
  int index = hub_config_index (group, key);

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

guint
hub_config_seconds (HubConfig *self, const char *group, const char *key)
{
  const char *text = hub_config_text (self, group, key);

  g_return_val_if_fail (text != NULL, 0);
  return (guint) g_ascii_strtoull (text, NULL, 10);
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
  int index = hub_config_index (group, key);

  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);
  g_return_val_if_fail (index >= 0, NULL);
  return self->items[index].origin;
}

GHashTable *
hub_config_plugin (HubConfig *self, const char *plugin)
{
  g_autoptr (GHashTable) texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *group = g_strconcat (HUB_CONFIG_PLUGIN_PREFIX, plugin, NULL);
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

GStrv
hub_config_plugins (HubConfig *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer name;

  g_return_val_if_fail (HUB_IS_CONFIG (self), NULL);

  g_hash_table_iter_init (&iter, self->lines);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (g_str_has_prefix (name, HUB_CONFIG_PLUGIN_PREFIX) && g_str_has_suffix (name, "\n"))
      {
        g_autofree char *group = g_strndup (name, strlen (name) - 1);

        if (hub_config_is_plugin_group (group))
          g_strv_builder_add (builder, group + strlen (HUB_CONFIG_PLUGIN_PREFIX));
      }
  return g_strv_builder_end (builder);
}

gboolean
hub_config_is_set (HubConfig *self, const char *group, const char *key)
{
  return g_strcmp0 (hub_config_origin (self, group, key), HUB_CONFIG_FROM_DEFAULT) != 0;
}

GStrv
hub_config_addresses (HubConfig *self, const char *group, const char *key)
{
  const char *text = hub_config_text (self, group, key);
  GStrv parts = g_strsplit (text != NULL ? text : "", ",", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    g_strstrip (parts[i]);
  return parts;
}
