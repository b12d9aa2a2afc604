/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON values as text. */
#define KAREZ_INSIDE
#include "karez-json.h"

#include <math.h>
#include <string.h>

/* Written here since json-glib 1.6 writes what is no JSON: 1e22 as "1e+22.0", infinity as "inf.0".
 */

/* Bytes that are no UTF-8, a mistake of the caller's, are shown as such: a document with them would
 * be refused whole by its reader. */
static void
print_text (GString *out, const char *bytes)
{
  g_autofree char *valid = g_utf8_validate (bytes, -1, NULL) ? NULL : g_utf8_make_valid (bytes, -1);
  const char *text = valid != NULL ? valid : bytes;

  g_string_append_c (out, '"');
  for (; *text != '\0'; text++)
    if (*text == '"' || *text == '\\')
      g_string_append_printf (out, "\\%c", *text);
    else if ((guchar) *text < 0x20)
      g_string_append_printf (out, "\\u%04x", (guint) *text);
    else
      g_string_append_c (out, *text);
  g_string_append_c (out, '"');
}

/* A double keeps a point or an exponent, by which its reader knows it from a whole number. */
static void
print_double (GString *out, double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (number))
    {
      g_critical ("a number that is not finite cannot be written as JSON");
      g_string_append (out, "null");
      return;
    }
  g_string_append (out, g_ascii_dtostr (text, sizeof text, number));
  if (strpbrk (text, ".e") == NULL)
    g_string_append (out, ".0");
}

static void
print_value (GString *out, JsonNode *node)
{
  switch (json_node_get_value_type (node))
    {
    case G_TYPE_STRING:
      print_text (out, json_node_get_string (node));
      break;
    case G_TYPE_BOOLEAN:
      g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
      break;
    case G_TYPE_DOUBLE:
      print_double (out, json_node_get_double (node));
      break;
    default:
      g_string_append_printf (out, "%" G_GINT64_FORMAT, json_node_get_int (node));
    }
}

static void print_node (GString *out, JsonNode *node);

static void
print_array (GString *out, JsonArray *array)
{
  g_string_append_c (out, '[');
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      print_node (out, json_array_get_element (array, i));
    }
  g_string_append_c (out, ']');
}

static void
print_object (GString *out, JsonObject *object)
{
  JsonObjectIter iter;
  const char *name, *comma = "";
  JsonNode *value;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_string_append (out, comma);
      print_text (out, name);
      g_string_append_c (out, ':');
      print_node (out, value);
      comma = ",";
    }
  g_string_append_c (out, '}');
}

/* As deep as the tree: one that was read has at most KAREZ_JSON_MAX_DEPTH levels. */
static void
print_node (GString *out, JsonNode *node)
{
  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      print_object (out, json_node_get_object (node));
      break;
    case JSON_NODE_ARRAY:
      print_array (out, json_node_get_array (node));
      break;
    case JSON_NODE_VALUE:
      print_value (out, node);
      break;
    default:
      g_string_append (out, "null");
    }
}

char *
karez_json_print (JsonNode *node)
{
  GString *out = g_string_new (NULL);

  g_return_val_if_fail (node != NULL, NULL);

  print_node (out, node);
  return g_string_free (out, FALSE);
}
