/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws JSON at its parser, beside another one. */

/* JSON: what is taken is read alike by another parser, what is refused is refused with a place, and
 * what is refused as no JSON is none for the other one either. */
#include "fuzz.h"

#include <karez.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int to_reader = -1, from_reader = -1;

static void
transfer (int fd, void *bytes, gsize size, gboolean out)
{
  for (gsize at = 0; at < size;)
    {
      gssize n = out ? write (fd, (char *) bytes + at, size - at)
                     : read (fd, (char *) bytes + at, size - at);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        g_error ("the other reader is gone");
      at += (gsize) n;
    }
}

static void
start_reader (void)
{
  const char *const argv[] = { FUZZ_NODE, FUZZ_CORPUS "/../json-reader.mjs", NULL };
  g_autoptr (GError) error = NULL;

  if (!g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
                                 &to_reader, &from_reader, NULL, &error))
    g_error ("%s", error->message);
}

/* What the other reader says of the document. */
static char *
ask_reader (const guint8 *data, gsize size)
{
  guint32 length = GUINT32_TO_BE ((guint32) size);
  g_autofree guint8 *copy = g_memdup2 (data, size);
  char *said;

  if (to_reader < 0)
    start_reader ();
  transfer (to_reader, &length, sizeof length, TRUE);
  transfer (to_reader, copy, size, TRUE);
  transfer (from_reader, &length, sizeof length, FALSE);
  length = GUINT32_FROM_BE (length);
  said = g_malloc (length + 1);
  transfer (from_reader, said, length, FALSE);
  said[length] = '\0';
  return said;
}

static void
append_hex (GString *said, char kind, const guint8 *bytes, gsize size)
{
  g_string_append_c (said, kind);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (said, "%02x", bytes[i]);
  g_string_append_c (said, '\n');
}

static void
say_value (GString *said, JsonNode *node)
{
  GType type = json_node_get_value_type (node);
  const char *text;
  double number;
  guint64 bits;

  if (type == G_TYPE_STRING)
    {
      text = json_node_get_string (node);
      append_hex (said, 's', (const guint8 *) text, strlen (text));
    }
  else if (type == G_TYPE_BOOLEAN)
    g_string_append (said, json_node_get_boolean (node) ? "true\n" : "false\n");
  else
    {
      number = json_node_get_double (node);
      if (number == 0)
        number = 0; /* not -0 */
      memcpy (&bits, &number, sizeof bits);
      bits = GUINT64_TO_BE (bits);
      append_hex (said, 'n', (const guint8 *) &bits, sizeof bits);
    }
}

static void say (GString *said, JsonNode *node);

static void
say_object (GString *said, JsonObject *object)
{
  g_autoptr (GList) names = g_list_sort (json_object_get_members (object), (GCompareFunc) strcmp);

  g_string_append_printf (said, "{%u\n", json_object_get_size (object));
  for (GList *at = names; at != NULL; at = at->next)
    {
      append_hex (said, 'm', at->data, strlen (at->data));
      say (said, json_object_get_member (object, at->data));
    }
}

static void
say (GString *said, JsonNode *node)
{
  JsonArray *array;

  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      say_object (said, json_node_get_object (node));
      break;
    case JSON_NODE_ARRAY:
      array = json_node_get_array (node);
      g_string_append_printf (said, "[%u\n", json_array_get_length (array));
      for (guint i = 0; i < json_array_get_length (array); i++)
        say (said, json_array_get_element (array, i));
      break;
    case JSON_NODE_VALUE:
      say_value (said, node);
      break;
    default:
      g_string_append (said, "null\n");
    }
}

static void
check_refusal (const GError *error, const char *other)
{
  const char *rule = karez_error_get_rule (error);
  const char *const no_json[] = { "json/syntax", "json/utf-8", "json/empty", NULL };

  g_assert_nonnull (rule);
  if (g_str_equal (rule, "json/empty"))
    g_assert_cmpstr (other, ==, "-");
  else if (strstr (error->message, "line ") == NULL || strstr (error->message, "column ") == NULL)
    g_error ("refused without a place: %s", error->message);
  if (g_strv_contains (no_json, rule))
    g_assert_cmpstr (other, ==, "-");
}

static void
one (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size), printed = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = karez_json_parse (bytes, 0, &error);
  g_autofree char *other = ask_reader (data, size);
  g_autoptr (GString) said = g_string_new (NULL);
  g_autoptr (JsonNode) again = NULL;
  char *text;

  if (node == NULL)
    {
      check_refusal (error, other);
      return;
    }
  say (said, node);
  g_string_truncate (said, said->len - 1);
  g_assert_cmpstr (said->str, ==, other);

  text = karez_json_print (node);
  printed = g_bytes_new_take (text, strlen (text));
  again = karez_json_parse (printed, 0, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, again));
}

int
main (int argc, char **argv)
{
  return fuzz_main (argc, argv, "json", one);
}
