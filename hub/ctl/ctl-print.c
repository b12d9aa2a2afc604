/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told: tables that stand straight in any script. */
#include "ctl.h"

#include <stdio.h>
#include <string.h>

#define MAX_COLUMNS 12
#define WIDEST 60 /* a column that is wider is not padded to its longest value */

guint
ctl_width (const char *text)
{
  guint width = 0;

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

const char *
ctl_language (void)
{
  static const char *const known[] = { "zh_CN", "ug", "en", NULL };
  const char *const *names = g_get_language_names ();

  for (guint i = 0; names[i] != NULL; i++)
    for (guint k = 0; known[k] != NULL; k++)
      if (g_str_equal (names[i], known[k]))
        return known[k];
  return "en";
}

JsonObject *
ctl_object (JsonNode *answer)
{
  static JsonObject *nothing;

  if (answer != NULL && JSON_NODE_HOLDS_OBJECT (answer))
    return json_node_get_object (answer);
  if (nothing == NULL)
    nothing = json_object_new ();
  return nothing;
}

JsonObject *
ctl_element (JsonArray *items, guint i)
{
  return ctl_object (json_array_get_element (items, i));
}

JsonArray *
ctl_items (JsonNode *answer)
{
  static JsonArray *nothing;
  JsonNode *items = json_object_get_member (ctl_object (answer), "items");

  if (items != NULL && JSON_NODE_HOLDS_ARRAY (items))
    return json_node_get_array (items);
  if (nothing == NULL)
    nothing = json_array_new ();
  return nothing;
}

static void say (JsonNode *node, GString *text);

static void
say_array (JsonArray *array, GString *text)
{
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (i > 0)
        g_string_append (text, ", ");
      say (json_array_get_element (array, i), text);
    }
}

/* Names are said in the user's language, other objects member by member. */
static void
say_object (JsonObject *object, GString *text)
{
  g_autoptr (GList) members = NULL;
  const char *name = karez_json_text (object, ctl_language ());

  if (name == NULL)
    name = karez_json_text (object, "en");
  if (name != NULL)
    {
      g_string_append (text, name);
      return;
    }
  members = json_object_get_members (object);
  for (GList *l = members; l != NULL; l = l->next)
    {
      g_string_append_printf (text, "%s%s=", l == members ? "" : " ", (const char *) l->data);
      say (json_object_get_member (object, l->data), text);
    }
}

static void
say (JsonNode *node, GString *text)
{
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return;
  if (JSON_NODE_HOLDS_OBJECT (node))
    say_object (json_node_get_object (node), text);
  else if (JSON_NODE_HOLDS_ARRAY (node))
    say_array (json_node_get_array (node), text);
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    g_string_append (text, json_node_get_string (node));
  else if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    g_string_append (text, json_node_get_boolean (node) ? _ ("yes") : _ ("no"));
  else if (json_node_get_value_type (node) == G_TYPE_DOUBLE)
    g_string_append_printf (text, "%.1f", json_node_get_double (node));
  else
    g_string_append_printf (text, "%" G_GINT64_FORMAT, json_node_get_int (node));
}

char *
ctl_member (JsonObject *object, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (path, ".", 4);
  GString *text = g_string_new (NULL);
  JsonNode *node = NULL;

  for (guint i = 0; parts[i] != NULL; i++)
    {
      node = object != NULL ? json_object_get_member (object, parts[i]) : NULL;
      object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
    }
  say (node, text);
  /* A line is a line, whatever somebody wrote into a title. */
  for (char *at = text->str; *at != '\0'; at++)
    if ((guchar) *at < 0x20 || *at == 0x7f)
      *at = ' ';
  return g_string_free (text, FALSE);
}

static void
pad (const char *text, guint width, gboolean last)
{
  guint has = ctl_width (text);

  g_print ("%s%*s", text, last || has >= width ? 0 : (int) (width - has), "");
  g_print (last ? "\n" : "  ");
}

void
ctl_table (JsonArray *items, const char *const *columns)
{
  guint widths[MAX_COLUMNS] = { 0 };
  guint n = 0;

  for (; columns[2 * n] != NULL && n < MAX_COLUMNS; n++)
    {
      widths[n] = ctl_width (_ (columns[2 * n]));
      for (guint i = 0; i < json_array_get_length (items); i++)
        {
          g_autofree char *text = ctl_member (ctl_element (items, i), columns[2 * n + 1]);

          widths[n] = MIN (MAX (widths[n], ctl_width (text)), WIDEST);
        }
    }
  for (guint c = 0; c < n; c++)
    pad (_ (columns[2 * c]), widths[c], c + 1 == n);
  for (guint i = 0; i < json_array_get_length (items); i++)
    for (guint c = 0; c < n; c++)
      {
        g_autofree char *text = ctl_member (ctl_element (items, i), columns[2 * c + 1]);

        pad (text, widths[c], c + 1 == n);
      }
}

void
ctl_lines (JsonObject *object, const char *const *columns)
{
  guint width = 0;

  for (guint i = 0; columns[i] != NULL; i += 2)
    width = MAX (width, ctl_width (_ (columns[i])));
  for (guint i = 0; columns[i] != NULL; i += 2)
    {
      g_autofree char *text = ctl_member (object, columns[i + 1]);

      if (*text == '\0')
        continue;
      pad (_ (columns[i]), width, FALSE);
      g_print ("%s\n", text);
    }
}

static const char *
translate (const char *text, gpointer data)
{
  return _ (text);
}

CtlStatus
ctl_tell_error (const char *where, const GError *error)
{
  g_autofree char *text = karez_error_translate (error, translate, NULL);

  if (where != NULL)
    g_printerr ("karezctl: %s: %s\n", where, text);
  else
    g_printerr ("karezctl: %s\n", text);
  if (karez_error_get_rule (error) != NULL)
    g_printerr (_ ("  rule: %s\n"), karez_error_get_rule (error));
  if (karez_error_get_accepted (error) != NULL)
    g_printerr (_ ("  accepted: %s\n"), _ (karez_error_get_accepted (error)));
  return CTL_REFUSED;
}

gboolean
ctl_json (Ctl *ctl, JsonNode *answer)
{
  g_autofree char *text = NULL;

  if (!ctl->json)
    return FALSE;
  text = answer != NULL ? karez_json_print (answer) : g_strdup ("{}");
  /* In UTF-8, whatever the terminal has. */
  fprintf (stdout, "%s\n", text);
  return TRUE;
}
