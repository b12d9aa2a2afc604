/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading karez.conf: a finding for each line that has not its form. */
#include "hub-config-lines.h"
#include "hub-config-private.h"
#include "hub-config-rules.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_FILE (64 * 1024)
#define KEY_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

static gboolean
known_group (const char *group)
{
  const HubConfigKey *table = hub_config_keys ();

  for (guint i = 0; table[i].group != NULL; i++)
    if (strcmp (table[i].group, group) == 0)
      return TRUE;
  return FALSE;
}

/* What the group knows, in one line. */
static char *
list_keys (const char *group, const char **words)
{
  const HubConfigKey *table = hub_config_keys ();
  g_autoptr (GString) list = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; table[i].group != NULL; i++)
    if (strcmp (table[i].group, group) == 0)
      {
        g_string_append_printf (list, n > 0 ? ", %s" : "%s", table[i].key);
        words[n++] = table[i].key;
      }
  words[n] = NULL;
  return g_string_free (g_steal_pointer (&list), FALSE);
}

static void
find_unknown_key (HubConfig *self, const char *group, const char *key)
{
  const HubConfigKey *table = hub_config_keys ();
  const char *words[HUB_CONFIG_MAX_KEYS];
  g_autofree char *list = list_keys (group, words);
  g_autofree char *shown = hub_config_show (key);
  const char *nearest = hub_config_nearest (key, words);
  g_autofree char *elsewhere = NULL;

  for (guint i = 0; nearest == NULL && table[i].group != NULL && elsewhere == NULL; i++)
    if (g_ascii_strcasecmp (table[i].key, key) == 0)
      elsewhere = g_strdup_printf ("[%s] %s", table[i].group, table[i].key);
  if (nearest == NULL)
    nearest = elsewhere;
  hub_config_find (self, HUB_CONFIG_FAULT_UNKNOWN, group, shown,
                   nearest != NULL ? N_ ("there is no such key (perhaps %s)")
                                   : N_ ("there is no such key"),
                   nearest, "%s", list);
}

static void
find_unknown_group (HubConfig *self, const char *group)
{
  const HubConfigKey *table = hub_config_keys ();
  const char *words[HUB_CONFIG_MAX_KEYS];
  g_autoptr (GString) list = g_string_new (NULL);
  g_autofree char *shown = hub_config_show (group);
  const char *nearest;
  guint n = 0;

  for (guint i = 0; table[i].group != NULL; i++)
    if (i == 0 || strcmp (table[i].group, table[i - 1].group) != 0)
      {
        g_string_append_printf (list, "[%s], ", table[i].group);
        words[n++] = table[i].group;
      }
  words[n] = NULL;
  g_string_append (list, "[Plugin NAME]");
  nearest = hub_config_nearest (group, words);
  hub_config_find (self, HUB_CONFIG_FAULT_UNKNOWN, shown, NULL,
                   nearest != NULL ? N_ ("there is no such group (perhaps [%s])")
                                   : N_ ("there is no such group"),
                   nearest, "%s", list->str);
}

/* "Name[ug]" is the key "Name" when that may be translated. */
static gboolean
check_language (HubConfig *self, const char *group, const char *key, const char *plain, int index)
{
  const HubConfigKey *table = hub_config_keys ();
  const char *bracket = key + strlen (plain);

  if (*bracket == '\0' || g_str_equal (bracket, "[en]") || g_str_equal (bracket, "[zh_CN]")
      || g_str_equal (bracket, "[ug]"))
    if (*bracket == '\0' || table[index].type == HUB_CONFIG_NAME)
      return TRUE;
  if (table[index].type == HUB_CONFIG_NAME)
    hub_config_find (self, HUB_CONFIG_FAULT_UNKNOWN, group, key,
                     N_ ("this key has no such language"), NULL, "%s",
                     "Name, Name[en], Name[zh_CN], Name[ug]");
  else
    hub_config_find (self, HUB_CONFIG_FAULT_UNKNOWN, group, key, N_ ("this key has no languages"),
                     NULL, "%s", plain);
  return FALSE;
}

/* Not shown: it may be a secret. */
static const HubConfigKey plugin_key = { .type = HUB_CONFIG_CONNECTION };

/* What GKeyFile makes of the line's value: escapes. NULL after a finding. */
static char *
read_value (HubConfig *self, const HubConfigLine *line)
{
  g_autoptr (GError) error = NULL;
  char *value;

  g_key_file_set_value (self->file, line->group, line->key, line->value);
  value = g_key_file_get_string (self->file, line->group, line->key, &error);
  if (error == NULL)
    return value;
  /* GKeyFile gives what it could make of it too. */
  g_clear_pointer (&value, g_free);
  if (g_error_matches (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING))
    return g_strdup (line->value);
  hub_config_find (self, HUB_CONFIG_FAULT_VALUE, line->group, line->key,
                   N_ ("the value has a backslash that means nothing"), NULL,
                   N_ ("\\\\ for a backslash, \\s, \\t, \\n, \\r"), NULL);
  g_key_file_remove_key (self->file, line->group, line->key, NULL);
  return NULL;
}

static void
check_value (HubConfig *self, const HubConfigLine *line, const HubConfigKey *key, int index)
{
  g_autofree char *value = read_value (self, line);
  g_autoptr (HubConfigFinding) finding = NULL;

  if (value == NULL)
    return;
  finding = hub_config_new_finding (self, HUB_CONFIG_FAULT_VALUE, line->group, line->key);
  /* Whether it may be empty, a plugin knows. */
  if ((index >= 0 || *value != '\0') && !hub_config_rule_check (key, value, line->value, finding))
    {
      g_key_file_remove_key (self->file, line->group, line->key, NULL);
      g_ptr_array_add (self->findings, g_steal_pointer (&finding));
    }
  else if (index >= 0 && strchr (line->key, '[') == NULL)
    hub_config_set_item (self, index, value, self->path);
}

/* What a plugin's settings mean is its own; that they are text is not. */
static void
check_plugin_key (HubConfig *self, const HubConfigLine *line)
{
  if (line->key[strspn (line->key, KEY_LETTERS)] == '\0')
    {
      check_value (self, line, &plugin_key, -1);
      return;
    }

  g_autofree char *shown = hub_config_show (line->key);

  hub_config_find (self, HUB_CONFIG_FAULT_UNKNOWN, line->group, shown, N_ ("this is no key"), NULL,
                   N_ ("letters, digits, '-' and '_'"), NULL);
}

static void
check_key (HubConfig *self, const HubConfigLine *line)
{
  const HubConfigKey *table = hub_config_keys ();
  g_autofree char *plain = hub_config_plain_key (line->key);
  int index = hub_config_index (line->group, plain);
  guint before;

  if (!hub_config_is_plugin_group (line->group) && !known_group (line->group))
    return; /* the line that begins the group was named */
  before = hub_config_note_line (self, line->group, line->key, line->number);
  if (before != 0)
    {
      g_autofree char *first = g_strdup_printf ("%u", before);
      g_autofree char *shown = hub_config_show (line->key);

      hub_config_find (self, HUB_CONFIG_FAULT_VALUE, line->group, shown,
                       N_ ("this key stands twice, first in line %s"), first, N_ ("each key once"),
                       NULL);
    }
  else if (hub_config_is_plugin_group (line->group))
    check_plugin_key (self, line);
  else if (index < 0)
    find_unknown_key (self, line->group, line->key);
  else if (check_language (self, line->group, line->key, plain, index))
    check_value (self, line, &table[index], index);
}

static void
check_group (HubConfig *self, const HubConfigLine *line)
{
  guint before = hub_config_note_line (self, line->group, NULL, line->number);

  if (before != 0)
    {
      g_autofree char *first = g_strdup_printf ("%u", before);
      g_autofree char *shown = hub_config_show (line->group);

      hub_config_find (self, HUB_CONFIG_FAULT_VALUE, shown, NULL,
                       N_ ("this group stands twice, first in line %s"), first,
                       N_ ("each group once"), NULL);
    }
  else if (!hub_config_is_plugin_group (line->group) && !known_group (line->group))
    find_unknown_group (self, line->group);
}

static void
find_fault (HubConfig *self, const HubConfigLine *line)
{
  g_autofree char *group = line->group != NULL && *line->group ? hub_config_show (line->group)
                                                               : NULL;
  g_autofree char *key = line->key != NULL && group != NULL ? hub_config_show (line->key) : NULL;

  hub_config_find (self, HUB_CONFIG_FAULT_FILE, group, key, line->fault, NULL, line->accepted,
                   NULL);
}

static void
check_file (HubConfig *self, const char *text, gsize length)
{
  g_autoptr (GPtrArray) lines = hub_config_lines_scan (text, length);

  for (guint i = 0; i < lines->len; i++)
    {
      const HubConfigLine *line = lines->pdata[i];

      self->reading = line->number;
      if (line->fault != NULL)
        find_fault (self, line);
      else if (*line->group == '\0')
        continue;
      else if (line->key == NULL)
        check_group (self, line);
      else
        check_key (self, line);
    }
  self->reading = 0;
}

void
hub_config_read_file (HubConfig *self, const char *path, gboolean may_miss)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_malloc (MAX_FILE + 1);
  gsize length = 0;

  stream = g_file_read (file, NULL, &error);
  if (stream == NULL && may_miss && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return;
  self->path = g_strdup (path);
  if (stream == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, MAX_FILE + 1, &length, NULL,
                                   &error))
    hub_config_find (self, HUB_CONFIG_FAULT_FILE, NULL, NULL, N_ ("it cannot be read: %s"),
                     error->message, N_ ("a file that the hub's user can read"), NULL);
  else if (length > MAX_FILE)
    hub_config_find (self, HUB_CONFIG_FAULT_FILE, NULL, NULL, N_ ("it is too large"), NULL,
                     N_ ("64 KiB at most"), NULL);
  else
    check_file (self, text, length);
}
