/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin's key file as text: its groups and keys, and values by their type. */
#include "hub-plugin-keys.h"

#include "hub-catalogue.h"
#include "hub-file.h"
#include "hub-key-file.h"
#include "hub-text.h"

#include <string.h>

#define MAX_FILE (64 * 1024)
#define MAX_LIST 32
#define MAX_VALUE 1000

typedef struct
{
  const char *group, *key;
  gboolean required;
} Known;

/* Everything a key file may say, but for the free keys of [Roles], [Permissions] and [Settings]. */
static const Known known[] = {
  { "Plugin", "Id", TRUE },           { "Plugin", "Name", TRUE },
  { "Plugin", "Version", TRUE },      { "Plugin", "Api", TRUE },
  { "Plugin", "Control", FALSE },     { "Plugin", "Live", FALSE },
  { "Plugin", "Provides", FALSE },    { "Plugin", "Requires", FALSE },
  { "Plugin", "Wants", FALSE },       { "Plugin", "OnRequest", FALSE },
  { "Modality", "Id", TRUE },         { "Modality", "Title", TRUE },
  { "Modality", "Host", TRUE },       { "Modality", "Roles", TRUE },
  { "Modality", "Default", FALSE },   { "Modality", "DurationMinutes", TRUE },
  { "Modality", "HostRoles", FALSE }, { "Modality", "MirrorRoles", FALSE },
  { "Grants", "Schema", FALSE },      { "Grants", "Services", FALSE },
  { "Grants", "Routes", FALSE },      { "Grants", "PeerTopics", FALSE },
  { "Panel", "Script", FALSE },       { "Panel", "Style", FALSE },
  { "Panel", "Words", FALSE },        { "Panel", "Element", FALSE },
  { "Panel", "Lobby", FALSE },        { "Panel", "Room", FALSE },
  { "Panel", "Afterwards", FALSE },   { "Panel", "Compose", FALSE },
  { "Panel", "Booking", FALSE },      { "Page", "Script", FALSE },
  { "Page", "Element", FALSE },       { "Page", "Title", FALSE },
  { "Page", "After", FALSE },         { "Page", "Permission", FALSE },
  { "Program", "Exec", TRUE },        { "Program", "MemoryMiB", TRUE },
  { "Program", "Nice", FALSE },       { "Program", "Restarts", FALSE },
};

static gboolean
is_free_group (const char *group)
{
  return g_str_equal (group, "Roles") || g_str_equal (group, "Permissions")
         || g_str_equal (group, "Settings");
}

gboolean
hub_plugin_keys_is_page (const char *group)
{
  return g_str_has_prefix (group, HUB_PLUGIN_PAGE);
}

gboolean
hub_plugin_keys_is_program (const char *group)
{
  return g_str_has_prefix (group, HUB_PLUGIN_PROGRAM);
}

/* As it stands in the table above: there are several pages and programs. */
static const char *
kind_of_group (const char *group)
{
  return hub_plugin_keys_is_page (group)      ? "Page"
         : hub_plugin_keys_is_program (group) ? "Program"
                                              : group;
}

static gboolean
is_known_group (const char *group)
{
  if (g_str_equal (group, "Page") || g_str_equal (group, "Program"))
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

/* Returns: (transfer full): the keys that a group may have. */
static char *
list_keys (const char *group)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].group, kind_of_group (group)))
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", known[i].key);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static gboolean
refuse_key (GError **error, const char *group, const char *key)
{
  g_autofree char *accepted = list_keys (group);

  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/key", accepted,
                          N_ ("The key file has an unknown key “%s” in [%s]."), key, group);
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
         || ((g_str_equal (group, "Modality") || hub_plugin_keys_is_page (group))
             && g_str_equal (plain, "Title"));
}

/* Before anything is read, so that no other refusal shows it. */
static gboolean
check_texts (const char *path, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (guint g = 0; groups[g] != NULL; g++)
    {
      g_auto (GStrv) names = g_key_file_get_keys (keys, groups[g], NULL, NULL);

      for (guint k = 0; names != NULL && names[k] != NULL; k++)
        {
          g_autofree char *value = g_key_file_get_string (keys, groups[g], names[k], NULL);
          gboolean name = is_shown (groups[g], names[k]);
          HubTextFault fault = value == NULL ? HUB_TEXT_UTF8
                               : name && *value
                                   ? hub_text_check_name (value, strlen (value), NULL, NULL)
                                   : hub_text_check (value, strlen (value), NULL, NULL);

          if (fault != HUB_TEXT_RIGHT)
            return refuse_text (error, path, groups[g], names[k], name);
        }
    }
  return TRUE;
}

static gboolean
check_required (GKeyFile *keys, const char *group, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].required && g_str_equal (known[i].group, kind_of_group (group))
        && !g_key_file_has_key (keys, group, known[i].key, NULL))
      return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                              N_ ("The key file lacks “%s” in [%s]."), known[i].key, group);
  return TRUE;
}

static gboolean
check_keys (GKeyFile *keys, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);

  for (guint g = 0; groups[g] != NULL; g++)
    {
      g_auto (GStrv) names = NULL;

      if (!is_known_group (groups[g]))
        return karez_error_set (
            error, KAREZ_ERROR_INVALID, "plugin/group",
            N_ ("Plugin, Modality, Roles, Grants, Permissions, Settings, Panel, Page NAME or "
                "Program NAME"),
            N_ ("The key file has an unknown group [%s]."), groups[g]);
      names = g_key_file_get_keys (keys, groups[g], NULL, error);
      if (names == NULL)
        return FALSE;
      for (guint k = 0; names[k] != NULL; k++)
        if (!is_known_key (groups[g], names[k]))
          return refuse_key (error, groups[g], names[k]);
    }
  for (guint g = 0; groups[g] != NULL; g++)
    if (!check_required (keys, groups[g], error))
      return FALSE;
  return check_required (keys, "Plugin", error);
}

gboolean
hub_plugin_keys_refuse (GError **error, const char *group, const char *key, const char *value,
                        const char *accepted)
{
  g_autofree char *where = g_strdup_printf ("[%s] %s=%s", group, key, value);

  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/value", accepted,
                          N_ ("The key file says “%s”, which is not accepted."), where);
}

gboolean
hub_plugin_keys_read_text (GKeyFile *keys, const char *group, const char *key, char **value,
                           GError **error)
{
  if (!g_key_file_has_key (keys, group, key, NULL))
    return TRUE;
  *value = g_key_file_get_string (keys, group, key, error);
  if (*value == NULL)
    return FALSE;
  if (!**value || strlen (*value) > MAX_VALUE)
    return hub_plugin_keys_refuse (error, group, key, **value ? "…" : "", N_ ("1 to 1,000 bytes"));
  return TRUE;
}

gboolean
hub_plugin_keys_read_boolean (GKeyFile *keys, const char *group, const char *key, gboolean *value,
                              GError **error)
{
  g_autofree char *text = NULL;

  if (!hub_plugin_keys_read_text (keys, group, key, &text, error))
    return FALSE;
  if (text != NULL && !g_str_equal (text, "true") && !g_str_equal (text, "false"))
    return hub_plugin_keys_refuse (error, group, key, text, N_ ("true or false"));
  *value = g_strcmp0 (text, "true") == 0;
  return TRUE;
}

const char *
hub_plugin_keys_say_element (const char *element, const char *accepted)
{
  return strpbrk (element, ", ") != NULL ? N_ ("elements with “;” between them, and no spaces")
                                         : accepted;
}

gboolean
hub_plugin_keys_read_list (GKeyFile *keys, const char *group, const char *key, GStrv *value,
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
  if (*value == NULL)
    return FALSE;
  if (n > MAX_LIST)
    return hub_plugin_keys_refuse (error, group, key, "…", N_ ("at most 32 elements"));
  for (gsize i = 0; i < n; i++)
    if (!accepts ((*value)[i]))
      return hub_plugin_keys_refuse (error, group, key, (*value)[i],
                                     hub_plugin_keys_say_element ((*value)[i], accepted));
  return TRUE;
}

GKeyFile *
hub_plugin_keys_load (const char *path, GError **error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) bytes = hub_file_read (path, MAX_FILE, &local);
  g_autofree char *group = NULL;
  g_autofree char *key = NULL;

  if (bytes != NULL
      && hub_key_file_has_nul (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &group,
                               &key))
    {
      refuse_text (error, path, group, key, FALSE);
      return NULL;
    }
  if (bytes == NULL
      || !g_key_file_load_from_bytes (keys, bytes, G_KEY_FILE_KEEP_TRANSLATIONS, &local))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/file",
                       N_ ("a key file of at most 64 KiB"), N_ ("“%s” cannot be read: %s"), path,
                       local->message);
      return NULL;
    }
  return check_texts (path, keys, error) && check_keys (keys, error) ? g_steal_pointer (&keys)
                                                                     : NULL;
}
