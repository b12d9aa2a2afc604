/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plugin brings to the desk: [Panel] and [Page NAME] of its key file. */
#include "hub-plugin-web.h"

#include "hub-catalogue.h"
#include "hub-plugin-keys.h"

#include <string.h>

#define PANEL "Panel"
#define MAX_PAGES 8
#define MAX_TITLE 60

typedef struct
{
  char *name, *group, *script, *element, *after, *permission, *title;
} Page;

struct _HubPluginWeb
{
  char *script, *style, *words, *element, *room, *afterwards, *compose, *booking;
  gboolean lobby;
  GPtrArray *pages;
  JsonObject *messages; /* language → {English: the text in it} */
};

/* The pages of the desk, in the order of its navigation. */
static const char *const places[] = { "day",   "people", "resources", "hospitals",
                                      "audit", "system", NULL };

static void
page_free (gpointer data)
{
  Page *page = data;

  g_free (page->name);
  g_free (page->group);
  g_free (page->script);
  g_free (page->element);
  g_free (page->after);
  g_free (page->permission);
  g_free (page->title);
  g_free (page);
}

void
hub_plugin_web_free (HubPluginWeb *self)
{
  g_free (self->script);
  g_free (self->style);
  g_free (self->words);
  g_free (self->element);
  g_free (self->room);
  g_free (self->afterwards);
  g_free (self->compose);
  g_free (self->booking);
  g_ptr_array_unref (self->pages);
  json_object_unref (self->messages);
  g_free (self);
}

static gboolean
lacks (GError **error, const char *group, const char *key)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                          N_ ("The key file lacks “%s” in [%s]."), key, group);
}

/* A path below web/, of names that mean the same in an address: no "..", nothing to escape. */
static gboolean
is_file (const char *value, const char *ending)
{
  g_auto (GStrv) parts = g_strsplit (value, "/", -1);

  if (strlen (value) > 100 || !g_str_has_suffix (value, ending))
    return FALSE;
  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (!g_ascii_isalnum (parts[i][0]))
        return FALSE;
      for (const char *at = parts[i]; *at; at++)
        if (!g_ascii_isalnum (*at) && strchr ("-_.", *at) == NULL)
          return FALSE;
    }
  return TRUE;
}

static gboolean
is_script (const char *value, const char *id)
{
  return is_file (value, ".js");
}

static gboolean
is_style (const char *value, const char *id)
{
  return is_file (value, ".css");
}

static gboolean
is_words (const char *text, const char *more)
{
  for (const char *at = text; *at; at++)
    if (!g_ascii_islower (*at) && !g_ascii_isdigit (*at) && strchr (more, *at) == NULL)
      return FALSE;
  return TRUE;
}

/* Elements of a page have one space of names: each plugin has its own part of it. */
static gboolean
is_element (const char *value, const char *id)
{
  g_autofree char *prefix = g_strdup_printf ("karez-%s-", id);

  return g_str_has_prefix (value, prefix) && g_ascii_islower (value[strlen (prefix)])
         && strlen (value) <= 64 && is_words (value, "-");
}

static gboolean
is_flag (const char *value, const char *id)
{
  return g_str_equal (value, "true") || g_str_equal (value, "false");
}

static gboolean
is_place (const char *value, const char *id)
{
  return g_strv_contains (places, value);
}

static gboolean
is_any (const char *value, const char *id)
{
  return TRUE;
}

static const struct
{
  const char *key;
  gboolean (*accepts) (const char *value, const char *id);
  const char *accepted;
} values[] = {
  { "Script", is_script, N_ ("a file below web/ whose name ends in “.js”") },
  { "Style", is_style, N_ ("a file below web/ whose name ends in “.css”") },
  { "Words", is_script, N_ ("a file below web/ whose name ends in “.js”") },
  { "Element", is_element, N_ ("karez-ID-NAME with the plugin's id, in lower case") },
  { "Room", is_element, N_ ("karez-ID-NAME with the plugin's id, in lower case") },
  { "Afterwards", is_element, N_ ("karez-ID-NAME with the plugin's id, in lower case") },
  { "Compose", is_element, N_ ("karez-ID-NAME with the plugin's id, in lower case") },
  { "Booking", is_element, N_ ("karez-ID-NAME with the plugin's id, in lower case") },
  { "Lobby", is_flag, N_ ("true or false") },
  { "After", is_place, N_ ("day, people, resources, hospitals, audit or system") },
  { "Permission", is_any, N_ ("a permission of the group [Permissions]") },
};

/* @value: (out): NULL where the group has no such key */
static gboolean
read_value (GKeyFile *keys, const char *group, const char *key, const char *id, char **value,
            GError **error)
{
  guint at = 0;

  if (!g_key_file_has_key (keys, group, key, NULL))
    return TRUE;
  *value = g_key_file_get_string (keys, group, key, error);
  if (*value == NULL)
    return FALSE;
  while (!g_str_equal (values[at].key, key))
    at++;
  if (!values[at].accepts (*value, id))
    return hub_plugin_keys_refuse (error, group, key, *value, values[at].accepted);
  return TRUE;
}

/* What the file has of @key in other languages: KEY[LANGUAGE]. */
static void
read_messages (HubPluginWeb *self, GKeyFile *keys, const char *group, const char *key)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, group, NULL, NULL);
  g_autofree char *english = g_key_file_get_string (keys, group, key, NULL);
  gsize length = strlen (key);

  for (guint i = 0; english != NULL && names != NULL && names[i] != NULL; i++)
    {
      g_autofree char *language = NULL, *text = NULL;

      if (!g_str_has_prefix (names[i], key) || names[i][length] != '[')
        continue;
      language = g_strndup (names[i] + length + 1, strcspn (names[i] + length + 1, "]"));
      text = g_key_file_get_string (keys, group, names[i], NULL);
      if (!json_object_has_member (self->messages, language))
        json_object_set_object_member (self->messages, language, json_object_new ());
      if (text != NULL)
        json_object_set_string_member (json_object_get_object_member (self->messages, language),
                                       english, text);
    }
}

/* In every language as long as a navigation takes. */
static gboolean
read_title (GKeyFile *keys, const char *group, char **title, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, group, NULL, NULL);

  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *text = NULL;

      if (!g_str_has_prefix (names[i], "Title"))
        continue;
      text = g_key_file_get_string (keys, group, names[i], error);
      if (text == NULL)
        return FALSE;
      if (!*text || g_utf8_strlen (text, -1) > MAX_TITLE)
        return hub_plugin_keys_refuse (error, group, names[i], *text ? "…" : "",
                                       N_ ("1 to 60 characters"));
    }
  *title = g_key_file_get_string (keys, group, "Title", NULL);
  return *title != NULL || lacks (error, group, "Title");
}

static gboolean
read_page (HubPluginWeb *self, GKeyFile *keys, const char *group, const char *id,
           GHashTable *permissions, GError **error)
{
  Page *page = g_new0 (Page, 1);

  g_ptr_array_add (self->pages, page);
  page->group = g_strdup (group);
  page->name = g_strdup (group + strlen (HUB_PLUGIN_PAGE));
  if (self->pages->len > MAX_PAGES || !g_ascii_islower (*page->name) || strlen (page->name) > 32
      || !is_words (page->name, "-"))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/group",
                            N_ ("at most 8 groups [Page NAME], each NAME of up to 32 lower-case "
                                "letters, digits and “-”, a letter first"),
                            N_ ("The key file has an unknown group [%s]."), group);
  if (!read_value (keys, group, "Script", id, &page->script, error)
      || !read_value (keys, group, "Element", id, &page->element, error)
      || !read_value (keys, group, "After", id, &page->after, error)
      || !read_value (keys, group, "Permission", id, &page->permission, error)
      || !read_title (keys, group, &page->title, error))
    return FALSE;
  read_messages (self, keys, group, "Title");
  if (page->permission != NULL && !g_hash_table_contains (permissions, page->permission))
    return hub_plugin_keys_refuse (error, group, "Permission", page->permission,
                                   N_ ("a permission of the group [Permissions]"));
  if (page->script == NULL)
    page->script = g_strdup (self->script);
  return (page->element != NULL || lacks (error, group, "Element"))
         && (page->script != NULL || lacks (error, group, "Script"));
}

static gboolean
read_panel (HubPluginWeb *self, GKeyFile *keys, const char *id, gboolean modality, GError **error)
{
  g_autofree char *lobby = NULL;
  const char *part = NULL;

  if (!read_value (keys, PANEL, "Script", id, &self->script, error)
      || !read_value (keys, PANEL, "Style", id, &self->style, error)
      || !read_value (keys, PANEL, "Words", id, &self->words, error)
      || !read_value (keys, PANEL, "Element", id, &self->element, error)
      || !read_value (keys, PANEL, "Room", id, &self->room, error)
      || !read_value (keys, PANEL, "Afterwards", id, &self->afterwards, error)
      || !read_value (keys, PANEL, "Lobby", id, &lobby, error)
      || !read_value (keys, PANEL, "Compose", id, &self->compose, error)
      || !read_value (keys, PANEL, "Booking", id, &self->booking, error))
    return FALSE;
  self->lobby = g_strcmp0 (lobby, "true") == 0;
  part = self->element != NULL      ? "Element"
         : self->room != NULL       ? "Room"
         : self->afterwards != NULL ? "Afterwards"
         : self->compose != NULL    ? "Compose"
         : self->booking != NULL    ? "Booking"
                                    : NULL;
  if (part != NULL && !modality)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                            N_ ("“%s” in [%s] needs the group [%s]."), part, PANEL, "Modality");
  if (self->lobby && self->element == NULL)
    return lacks (error, PANEL, "Element");
  return part == NULL || self->script != NULL || lacks (error, PANEL, "Script");
}

gboolean
hub_plugin_web_read (GKeyFile *keys, const char *id, gboolean modality, gboolean control,
                     GHashTable *permissions, HubPluginWeb **web, GError **error)
{
  g_autoptr (HubPluginWeb) self = g_new0 (HubPluginWeb, 1);
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);
  gboolean found = FALSE;

  self->pages = g_ptr_array_new_with_free_func (page_free);
  self->messages = json_object_new ();
  read_messages (self, keys, "Plugin", "Name");
  read_messages (self, keys, "Modality", "Title");
  if (!read_panel (self, keys, id, modality, error))
    return FALSE;
  for (guint i = 0; groups[i] != NULL; i++)
    {
      gboolean page = hub_plugin_keys_is_page (groups[i]);

      if ((page || g_str_equal (groups[i], PANEL)) && !control)
        return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/missing", NULL,
                                N_ ("The group [%s] needs a control half: its module carries the "
                                    "files of the desk."),
                                groups[i]);
      if (page && !read_page (self, keys, groups[i], id, permissions, error))
        return FALSE;
      found = found || page || g_str_equal (groups[i], PANEL);
    }
  if (found || json_object_get_size (self->messages) > 0)
    *web = g_steal_pointer (&self);
  return TRUE;
}

static gboolean
check_file (const char *id, const char *group, const char *key, const char *value, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/org/karez/plugins/%s/web/%s", id,
                                           value != NULL ? value : "");
  g_autofree char *where = g_strdup_printf ("[%s] %s=%s", group, key, value);

  if (value == NULL || g_resources_get_info (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL, NULL, NULL))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/web", path,
                          N_ ("The key file says “%s”, but the control module carries no such "
                              "resource."),
                          where);
}

gboolean
hub_plugin_web_check_files (HubPluginWeb *self, const char *id, GError **error)
{
  if (!check_file (id, PANEL, "Script", self->script, error)
      || !check_file (id, PANEL, "Style", self->style, error)
      || !check_file (id, PANEL, "Words", self->words, error))
    return FALSE;
  for (guint i = 0; i < self->pages->len; i++)
    {
      Page *page = self->pages->pdata[i];

      if (!check_file (id, page->group, "Script", page->script, error))
        return FALSE;
    }
  return TRUE;
}

static void
tell (JsonObject *object, const char *name, const char *base, const char *value)
{
  g_autofree char *text = value != NULL ? g_strconcat (base, value, NULL) : NULL;

  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

static JsonObject *
tell_page (Page *page, const char *base)
{
  JsonObject *object = json_object_new ();

  tell (object, "name", "", page->name);
  tell (object, "script", base, page->script);
  tell (object, "element", "", page->element);
  tell (object, "after", "", page->after != NULL ? page->after : "hospitals");
  tell (object, "permission", "", page->permission);
  tell (object, "title", "", page->title);
  return object;
}

JsonObject *
hub_plugin_web_to_json (HubPluginWeb *self, const char *base)
{
  JsonObject *object = json_object_new ();
  JsonArray *pages = json_array_new ();

  json_object_set_array_member (object, "pages", pages);
  if (self == NULL)
    {
      json_object_set_boolean_member (object, "lobby", FALSE);
      json_object_set_object_member (object, "messages", json_object_new ());
      return object;
    }
  tell (object, "script", base, self->script);
  tell (object, "style", base, self->style);
  tell (object, "words", base, self->words);
  tell (object, "element", "", self->element);
  tell (object, "room", "", self->room);
  tell (object, "afterwards", "", self->afterwards);
  tell (object, "compose", "", self->compose);
  tell (object, "booking", "", self->booking);
  json_object_set_boolean_member (object, "lobby", self->lobby);
  for (guint i = 0; i < self->pages->len; i++)
    json_array_add_object_element (pages, tell_page (self->pages->pdata[i], base));
  json_object_set_object_member (object, "messages", json_object_ref (self->messages));
  return object;
}
