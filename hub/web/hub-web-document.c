/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The description of the API, the hub's and its plugins' in one document. */
#include "hub-web-document.h"

#include "hub-catalogue.h"
#include "hub-web-policy.h"

#define DOCUMENT "/org/karez/api/openapi.json"
#define MAX_BYTES (1024 * 1024)

struct _HubWebDocument
{
  JsonNode *document; /* NULL: this program was built without one */
  GHashTable *added;  /* of plugins' ids */
  GBytes *text;       /* nullable: as it is sent */
};

HubWebDocument *
hub_web_document_new (void)
{
  HubWebDocument *self = g_new0 (HubWebDocument, 1);
  g_autoptr (GError) error = NULL;

  self->added = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->text = g_resources_lookup_data (DOCUMENT, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (self->text != NULL)
    {
      self->document = karez_json_parse (self->text, MAX_BYTES, &error);
      if (self->document == NULL)
        g_error (DOCUMENT ": %s", error->message);
    }
  return self;
}

void
hub_web_document_free (HubWebDocument *self)
{
  g_clear_pointer (&self->document, json_node_unref);
  g_clear_pointer (&self->text, g_bytes_unref);
  g_hash_table_unref (self->added);
  g_free (self);
}

static void
get_document (KarezRequest *request, gpointer data)
{
  HubWebDocument *self = data;
  g_autoptr (GError) error = NULL;

  if (self->text == NULL && self->document != NULL)
    self->text = karez_json_to_bytes (self->document);
  if (self->text != NULL)
    {
      karez_request_respond_bytes (request, "application/json", self->text);
      return;
    }
  error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "request/document", NULL,
                           N_ ("This program was built without the API's description"));
  karez_request_fail (request, error);
}

gboolean
hub_web_document_add_route (HubWebDocument *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/openapi.json", HUB_WEB_ANYONE, get_document, self, NULL,
                           error);
}

/* Plugins' parts. */

static gboolean
refuse (const char *plugin, const char *accepted, GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/description", accepted,
                          N_ ("The description of the API that the plugin %s brings is not used."),
                          plugin);
}

static const KarezJsonField part_fields[] = {
  { "tags", KAREZ_JSON_ARRAY, TRUE, 0, 64 },
  { "paths", KAREZ_JSON_OBJECT, TRUE },
  { "components", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

static const KarezJsonField component_fields[] = {
  { "schemas", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

/* Whether each member of @more is an object that may be added to @to. */
static gboolean
fits (JsonObject *to, JsonObject *more, const char *prefix)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, more);
  while (json_object_iter_next (&iter, &name, &value))
    if (!g_str_has_prefix (name, prefix) || json_object_has_member (to, name)
        || !JSON_NODE_HOLDS_OBJECT (value))
      return FALSE;
  return TRUE;
}

static void
add_members (JsonObject *to, JsonObject *more)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, more);
  while (json_object_iter_next (&iter, &name, &value))
    json_object_set_member (to, name, json_node_ref (value));
}

static void
add_tags (JsonObject *to, JsonArray *more)
{
  JsonArray *tags = json_object_get_array_member (to, "tags");

  for (guint i = 0; i < json_array_get_length (more); i++)
    json_array_add_element (tags, json_node_ref (json_array_get_element (more, i)));
}

static gboolean
add_part (HubWebDocument *self, const char *plugin, JsonObject *part, GError **error)
{
  JsonObject *document = json_node_get_object (self->document);
  JsonObject *paths = json_object_get_object_member (document, "paths");
  JsonObject *components = json_object_get_object_member (document, "components");
  JsonObject *schemas = json_object_get_object_member (components, "schemas");
  JsonObject *more_paths = json_object_get_object_member (part, "paths");
  JsonObject *more_schemas = json_object_get_object_member (
      json_object_get_object_member (part, "components"), "schemas");
  g_autofree char *prefix = g_strdup_printf ("/x/%s/", plugin);

  if (!fits (paths, more_paths, prefix))
    return refuse (plugin, N_ ("paths of its own routes"), error);
  if (!fits (schemas, more_schemas, ""))
    return refuse (plugin, N_ ("schemas under names that are not taken"), error);
  add_tags (document, json_object_get_array_member (part, "tags"));
  add_members (paths, more_paths);
  add_members (schemas, more_schemas);
  g_clear_pointer (&self->text, g_bytes_unref);
  return TRUE;
}

gboolean
hub_web_document_add (HubWebDocument *self, const char *plugin, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/org/karez/plugins/%s/api.json", plugin);
  g_autoptr (GBytes) text = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *part = NULL;

  if (text == NULL || self->document == NULL || g_hash_table_contains (self->added, plugin))
    return TRUE;
  node = karez_json_parse (text, MAX_BYTES, error);
  part = node != NULL ? karez_json_check (node, part_fields, error) : NULL;
  if (part == NULL
      || karez_json_check (json_object_get_member (part, "components"), component_fields, error)
             == NULL
      || !add_part (self, plugin, part, error))
    return FALSE;
  g_hash_table_add (self->added, g_strdup (plugin));
  return TRUE;
}
