/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON of others: parsed, held against a table of members, built. */
#define KAREZ_INSIDE
#include "karez-json-scan.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-id.h"
#include "karez-text.h"

#include <string.h>

JsonNode *
karez_json_parse (GBytes *bytes, gsize max_bytes, GError **error)
{
  g_return_val_if_fail (bytes != NULL, NULL);

  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) syntax = NULL;
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  if (text == NULL) /* of no bytes at all */
    text = "";
  if (max_bytes == 0)
    max_bytes = KAREZ_JSON_MAX_BYTES;
  if (length > max_bytes)
    {
      g_autofree char *bound = g_strdup_printf ("%" G_GSIZE_FORMAT, max_bytes);

      karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "json/size", NULL,
                       N_ ("The document is longer than %s bytes"), bound);
      return NULL;
    }
  if (!karez_json_scan (text, length, MAX (max_bytes / KAREZ_JSON_BYTES_A_VALUE, 64), error))
    return NULL;

  parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, length, &syntax))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "json/syntax", N_ ("JSON after RFC 8259"),
                       N_ ("The document is not JSON: %s"), syntax->message);
      return NULL;
    }
  return json_parser_steal_root (parser);
}

/* A name as part of an RFC 6901 pointer. */
static char *
pointer_step (const char *name)
{
  g_autoptr (GString) step = g_string_new (name);

  g_string_replace (step, "~", "~0", 0);
  g_string_replace (step, "/", "~1", 0);
  return g_strconcat ("/", step->str, NULL);
}

static gboolean
field_error (GError **error, const KarezJsonField *field, const char *rule, const char *accepted,
             const char *message)
{
  g_autofree char *pointer = pointer_step (field->name);

  karez_error_set (error, KAREZ_ERROR_INVALID, rule, accepted, message, field->name);
  if (error != NULL)
    karez_error_set_pointer (*error, pointer);
  return FALSE;
}

/* Whether @n is within the bounds of @field; a refusal names the bound that was broken. */
static gboolean
check_bounds (gint64 n, const KarezJsonField *field, const char *rule, const char *below,
              const char *above, GError **error)
{
  gboolean low = n < field->min;
  g_autofree char *bound = g_strdup_printf ("%" G_GINT64_FORMAT, low ? field->min : field->max);
  g_autofree char *pointer = NULL;

  if (!low && (field->max <= 0 || n <= field->max))
    return TRUE;
  pointer = pointer_step (field->name);
  karez_error_set (error, KAREZ_ERROR_INVALID, rule, field->accepted, low ? below : above,
                   field->name, bound);
  if (error != NULL)
    karez_error_set_pointer (*error, pointer);
  return FALSE;
}

/* Takes @local to @error, its place as seen from the member that is named @name. */
static gboolean
propagate (GError **error, GError *local, const char *name)
{
  const char *below = karez_error_get_pointer (local);
  g_autofree char *step = pointer_step (name);
  g_autofree char *pointer = g_strconcat (step, below, NULL);

  karez_error_set_pointer (local, pointer);
  g_propagate_error (error, local);
  return FALSE;
}

static gboolean
check_characters (const char *text, const KarezJsonField *field, GError **error)
{
  gboolean name = field->type == KAREZ_JSON_NAME && *text != '\0';
  GError *local = NULL;

  if (!(name ? karez_text_check_name : karez_text_check) (text, -1, &local))
    return propagate (error, local, field->name);
  if (field->min > 0 && karez_text_is_blank (text))
    return field_error (error, field, "text/blank", N_ ("a text of which something is seen"),
                        N_ ("“%s” is blank"));
  return TRUE;
}

static gboolean check_tree (JsonNode *node, GError **error);

static gboolean
check_object (JsonObject *object, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;
  GError *local = NULL;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &value))
    if (!karez_text_check (name, -1, &local) || !check_tree (value, &local))
      return propagate (error, local, name);
  return TRUE;
}

static gboolean
check_array (JsonArray *array, GError **error)
{
  GError *local = NULL;

  for (guint i = 0; i < json_array_get_length (array); i++)
    if (!check_tree (json_array_get_element (array, i), &local))
      {
        g_autofree char *index = g_strdup_printf ("%u", i);

        return propagate (error, local, index);
      }
  return TRUE;
}

/* Every text of what no table describes. As deep as the parser allows. */
static gboolean
check_tree (JsonNode *node, GError **error)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return check_object (json_node_get_object (node), error);
  if (JSON_NODE_HOLDS_ARRAY (node))
    return check_array (json_node_get_array (node), error);
  return !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING
         || karez_text_check (json_node_get_string (node), -1, error);
}

/* An object or array as a member. */
static gboolean
check_below (JsonNode *node, const KarezJsonField *field, GError **error)
{
  GError *local = NULL;

  return check_tree (node, &local) || propagate (error, local, field->name);
}

static gboolean
check_text (const char *text, const KarezJsonField *field, GError **error)
{
  gint64 time;

  switch (field->type)
    {
    case KAREZ_JSON_UUID:
      return hub_id_is_valid (text)
             || field_error (error, field, "json/uuid",
                             N_ ("a UUID in lower case: 01923b6e-7c1f-7d3a-9c55-2f6f0a7d1e11"),
                             N_ ("“%s” is not a UUID"));
    case KAREZ_JSON_TIME:
      return hub_time_parse (text, &time)
             || field_error (error, field, "json/time",
                             N_ ("a time with its offset: 2026-11-24T14:30:00+08:00"),
                             N_ ("“%s” is not a time"));
    case KAREZ_JSON_ENUM:
      {
        g_auto (GStrv) words = g_strsplit (field->accepted, "|", -1);

        return g_strv_contains ((const char *const *) words, text)
               || field_error (error, field, "json/word", field->accepted,
                               N_ ("“%s” is none of the words that are accepted"));
      }
    default:
      return check_bounds (g_utf8_strlen (text, -1), field, "json/length",
                           N_ ("“%s” has fewer than %s characters"),
                           N_ ("“%s” has more than %s characters"), error)
             && check_characters (text, field, error);
    }
}

static gboolean
check_field (JsonNode *value, const KarezJsonField *field, GError **error)
{
  GType type = JSON_NODE_HOLDS_VALUE (value) ? json_node_get_value_type (value) : G_TYPE_NONE;
  gboolean right;

  switch (field->type)
    {
    case KAREZ_JSON_INTEGER:
      right = type == G_TYPE_INT64;
      if (right
          && !check_bounds (json_node_get_int (value), field, "json/range",
                            N_ ("“%s” is less than %s"), N_ ("“%s” is more than %s"), error))
        return FALSE;
      break;
    case KAREZ_JSON_BOOLEAN:
      right = type == G_TYPE_BOOLEAN;
      break;
    case KAREZ_JSON_OBJECT:
      right = JSON_NODE_HOLDS_OBJECT (value);
      break;
    case KAREZ_JSON_ARRAY:
      right = JSON_NODE_HOLDS_ARRAY (value);
      if (right
          && !check_bounds (json_array_get_length (json_node_get_array (value)), field,
                            "json/length", N_ ("“%s” has fewer than %s elements"),
                            N_ ("“%s” has more than %s elements"), error))
        return FALSE;
      break;
    default:
      right = type == G_TYPE_STRING;
      if (right && !check_text (json_node_get_string (value), field, error))
        return FALSE;
      break;
    }
  if (!right)
    return field_error (error, field, "json/type", field->accepted,
                        N_ ("“%s” is not of the type that is accepted"));
  return JSON_NODE_HOLDS_VALUE (value) || check_below (value, field, error);
}

static const KarezJsonField *
find_field (const KarezJsonField *fields, const char *name)
{
  for (; fields->name != NULL; fields++)
    if (g_str_equal (fields->name, name))
      return fields;
  return NULL;
}

/* nocheck:sdk-guard -- no body is a body that is refused */
JsonObject *
karez_json_check (JsonNode *node, const KarezJsonField *fields, GError **error)
{
  JsonObject *object;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "json/object", N_ ("a JSON object"),
                       N_ ("An object was expected"));
      return NULL;
    }
  object = json_node_get_object (node);
  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &value))
    {
      const KarezJsonField *field = find_field (fields, name);
      const KarezJsonField unknown = { name };

      if (field == NULL)
        {
          field_error (error, &unknown, "json/unknown", NULL, N_ ("There is no member “%s”"));
          return NULL;
        }
      if (!JSON_NODE_HOLDS_NULL (value) && !check_field (value, field, error))
        return NULL;
    }
  for (; fields->name != NULL; fields++)
    {
      value = json_object_get_member (object, fields->name);
      if (fields->required && (value == NULL || JSON_NODE_HOLDS_NULL (value)))
        {
          field_error (error, fields, "json/missing", fields->accepted,
                       N_ ("The member “%s” is missing"));
          return NULL;
        }
    }
  return object;
}

static JsonNode *
member (JsonObject *object, const char *name)
{
  JsonNode *value = json_object_get_member (object, name);

  return value != NULL && !JSON_NODE_HOLDS_NULL (value) ? value : NULL;
}

const char *
karez_json_text (JsonObject *object, const char *name)
{
  JsonNode *value = member (object, name);

  g_return_val_if_fail (object != NULL, NULL);

  return value != NULL && JSON_NODE_HOLDS_VALUE (value) ? json_node_get_string (value) : NULL;
}

gint64
karez_json_integer (JsonObject *object, const char *name, gint64 fallback)
{
  JsonNode *value = member (object, name);

  g_return_val_if_fail (object != NULL, 0);

  return value != NULL && JSON_NODE_HOLDS_VALUE (value) ? json_node_get_int (value) : fallback;
}

gboolean
karez_json_boolean (JsonObject *object, const char *name)
{
  JsonNode *value = member (object, name);

  g_return_val_if_fail (object != NULL, FALSE);

  return value != NULL && JSON_NODE_HOLDS_VALUE (value) && json_node_get_boolean (value);
}

GStrv
karez_json_texts (JsonObject *object, const char *name)
{
  g_return_val_if_fail (object != NULL, NULL);

  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonNode *value = member (object, name);
  JsonArray *array = value != NULL && JSON_NODE_HOLDS_ARRAY (value) ? json_node_get_array (value)
                                                                    : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_VALUE (element) && json_node_get_value_type (element) == G_TYPE_STRING)
        g_strv_builder_add (builder, json_node_get_string (element));
    }
  return g_strv_builder_end (builder);
}

gboolean
karez_json_time (JsonObject *object, const char *name, gint64 *time)
{
  const char *text = karez_json_text (object, name);

  g_return_val_if_fail (object != NULL, FALSE);

  return text != NULL && hub_time_parse (text, time);
}

JsonNode *
karez_json_object (const char *name, ...)
{
  g_return_val_if_fail (name != NULL, NULL);

  g_autoptr (JsonObject) object = json_object_new ();
  JsonNode *node;
  va_list args;

  va_start (args, name);
  for (; name != NULL; name = va_arg (args, const char *))
    {
      const char *type = va_arg (args, const char *);

      if (g_str_equal (type, "as"))
        {
          GStrv texts = va_arg (args, GStrv);
          JsonArray *array = json_array_new ();

          for (; texts != NULL && *texts != NULL; texts++)
            json_array_add_string_element (array, *texts);
          json_object_set_array_member (object, name, array);
          continue;
        }
      switch (*type)
        {
        case 's':
          {
            const char *text = va_arg (args, const char *);

            if (text != NULL)
              json_object_set_string_member (object, name, text);
          }
          break;
        case 'i':
          json_object_set_int_member (object, name, va_arg (args, gint64));
          break;
        case 'b':
          json_object_set_boolean_member (object, name, va_arg (args, gboolean));
          break;
        case 'd':
          json_object_set_double_member (object, name, va_arg (args, double));
          break;
        case 'n':
          {
            JsonNode *child = va_arg (args, JsonNode *);

            if (child != NULL)
              json_object_set_member (object, name, child);
          }
          break;
        default:
          g_error ("karez_json_object() has no type \"%s\"", type);
        }
    }
  va_end (args);

  node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, g_steal_pointer (&object));
  return node;
}

GBytes *
karez_json_to_bytes (JsonNode *node)
{
  char *text = karez_json_print (node);

  g_return_val_if_fail (node != NULL, NULL);

  return g_bytes_new_take (text, strlen (text));
}

/* nocheck:sdk-guard -- NULL is an empty one */
JsonNode *
karez_json_array (JsonArray *array)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, array != NULL ? array : json_array_new ());
  return node;
}

gboolean
karez_json_number (JsonNode *node, double *number)
{
  GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node)
                                                            : G_TYPE_INVALID;

  g_return_val_if_fail (number != NULL, FALSE);

  if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64)
    return FALSE;
  *number = json_node_get_double (node);
  return TRUE;
}
