/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one end must know of the other, as JSON. */
#include "hub-link-endpoint.h"

#include "hub-hash.h"

#include <glib/gi18n.h>

/* 32 bytes in base64url without padding. */
#define KEY_CHARACTERS 43

JsonNode *
hub_link_endpoint_to_json (const HubLinkEndpoint *self)
{
  g_autofree char *key = hub_base64url (self->key, sizeof self->key);
  g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();
  g_auto (GStrv) list = NULL;

  for (guint i = 0; i < self->n_addresses; i++)
    {
      g_autofree char *address = hub_address_print (&self->addresses[i]);

      g_strv_builder_add (addresses, address);
    }
  list = g_strv_builder_end (addresses);
  return karez_json_object ("key", "s", key, "addresses", "as", list, "generation", "i",
                            (gint64) self->generation, NULL);
}

static gboolean
read_key (HubLinkEndpoint *self, const char *text, GError **error)
{
  g_autoptr (GBytes) key = hub_unbase64url (text);

  if (key == NULL || g_bytes_get_size (key) != sizeof self->key)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "link/key",
                            N_ ("the 32 bytes of an X25519 public key in base64url"),
                            N_ ("The partner's link key cannot be read"));
  memcpy (self->key, g_bytes_get_data (key, NULL), sizeof self->key);
  return TRUE;
}

static gboolean
read_addresses (HubLinkEndpoint *self, JsonArray *addresses, GError **error)
{
  self->n_addresses = json_array_get_length (addresses);
  for (guint i = 0; i < self->n_addresses; i++)
    {
      JsonNode *node = json_array_get_element (addresses, i);
      const char *text = json_node_get_value_type (node) == G_TYPE_STRING
                             ? json_node_get_string (node)
                             : "";

      if (!hub_address_parse (&self->addresses[i], text, TRUE))
        return karez_error_set (error, KAREZ_ERROR_INVALID, "link/address",
                                N_ ("numeric addresses of one machine with a port, such as "
                                    "10.0.0.5:4000 or [fd00::5]:4000"),
                                N_ ("The partner's link address %s cannot be used"), text);
    }
  return TRUE;
}

gboolean
hub_link_endpoint_parse (HubLinkEndpoint *self, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "key", KAREZ_JSON_TEXT, TRUE, KEY_CHARACTERS, KEY_CHARACTERS },
    { "addresses", KAREZ_JSON_ARRAY, TRUE, 1, HUB_LINK_MAX_PATHS },
    { "generation", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXUINT32 },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);

  if (object == NULL)
    return FALSE;
  memset (self, 0, sizeof *self);
  self->generation = (guint32) karez_json_integer (object, "generation", 0);
  return read_key (self, karez_json_text (object, "key"), error)
         && read_addresses (self, json_object_get_array_member (object, "addresses"), error);
}

gboolean
hub_link_endpoint_same_addresses (const HubLinkEndpoint *a, const HubLinkEndpoint *b)
{
  if (a->n_addresses != b->n_addresses)
    return FALSE;
  for (guint i = 0; i < a->n_addresses; i++)
    if (!hub_address_equal (&a->addresses[i], &b->addresses[i]))
      return FALSE;
  return TRUE;
}
