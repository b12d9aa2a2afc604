/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A catalogue as the desk reads it: a JSON object, messages by their English text. */
#include "hub-web-words.h"

#include <karez.h>

static void
add_message (const char *msgid, const char *msgstr, const char *const *forms, gpointer data)
{
  JsonArray *array;

  if (forms == NULL)
    {
      json_object_set_string_member (data, msgid, msgstr);
      return;
    }
  array = json_array_new ();
  for (guint i = 0; forms[i] != NULL; i++)
    json_array_add_string_element (array, forms[i]);
  json_object_set_array_member (data, msgid, array);
}

GBytes *
hub_web_words_new (HubCatalogue *catalogue)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  char *text;

  hub_catalogue_foreach (catalogue, add_message, object);
  json_node_set_object (node, object);
  text = karez_json_print (node);
  return g_bytes_new_take (text, strlen (text));
}
