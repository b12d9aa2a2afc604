/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which accounts may take which role of a session. */
#include "hub-role-table.h"

#include "hub-plugin-keys.h"

#include "hub-catalogue.h"

#define GROUP "Roles"

static const char *const known[] = { "desk",     "clinician",     "surgeon", "bedside",
                                     "engineer", "administrator", "auditor", NULL };

gboolean
hub_account_role_is_known (const char *role)
{
  return g_strv_contains (known, role);
}

static gboolean
refuse (GError **error, const char *role, const char *value, const char *accepted)
{
  g_autofree char *where = g_strdup_printf ("[%s] %s=%s", GROUP, role, value);

  return karez_error_set (error, KAREZ_ERROR_INVALID, "plugin/role", accepted,
                          N_ ("The key file says “%s”, which is not accepted."), where);
}

/* Returns: (transfer full) (nullable): who may take @role */
static JsonNode *
read_takers (GKeyFile *keys, const char *role, GError **error)
{
  g_auto (GStrv) takers = g_key_file_get_string_list (keys, GROUP, role, NULL, NULL);
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *node;

  if (takers == NULL || takers[0] == NULL)
    {
      refuse (error, role, "", N_ ("the roles of accounts that may take this role, at least one"));
      return NULL;
    }
  for (guint i = 0; takers[i] != NULL; i++)
    {
      if (!hub_account_role_is_known (takers[i]))
        {
          const char *roles = N_ (
              "desk, clinician, surgeon, bedside, engineer, administrator, auditor");

          refuse (error, role, takers[i], hub_plugin_keys_say_element (takers[i], roles));
          return NULL;
        }
      json_array_add_string_element (array, takers[i]);
    }
  node = json_node_new (JSON_NODE_ARRAY);
  json_node_set_array (node, array);
  return node;
}

JsonNode *
hub_role_table_read (GKeyFile *keys, const char *const *roles, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, GROUP, NULL, NULL);
  g_autoptr (JsonObject) table = json_object_new ();
  g_autofree char *accepted = g_strjoinv (", ", (GStrv) roles);
  JsonNode *node;

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (!g_strv_contains (roles, names[i]))
      {
        refuse (error, names[i], "…", accepted);
        return NULL;
      }
  for (guint i = 0; roles[i] != NULL; i++)
    {
      JsonNode *takers = read_takers (keys, roles[i], error);

      if (takers == NULL)
        return NULL;
      json_object_set_member (table, roles[i], takers);
    }
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_set_object (node, table);
  json_node_seal (node);
  return node;
}

JsonNode *
hub_role_table_of_side (JsonNode *table, const char *const *others)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_node_get_object (table);
  g_autoptr (JsonObject) own = json_object_new ();
  g_autoptr (GList) roles = json_object_get_members (object);

  for (GList *l = roles; l != NULL; l = l->next)
    if (g_strv_contains (others, l->data))
      json_object_set_array_member (own, l->data, json_array_new ());
    else
      json_object_set_member (own, l->data, json_object_dup_member (object, l->data));
  json_node_set_object (node, own);
  json_node_seal (node);
  return node;
}

static gboolean
is_of_side (JsonObject *table, const char *role)
{
  return json_array_get_length (json_object_get_array_member (table, role)) > 0;
}

/* Those that anybody of this hospital may take. */
static char *
list_roles (JsonObject *table)
{
  g_autoptr (GString) roles = g_string_new (NULL);
  g_autoptr (GList) names = json_object_get_members (table);

  for (GList *l = names; l != NULL; l = l->next)
    if (is_of_side (table, l->data))
      g_string_append_printf (roles, "%s%s", roles->len > 0 ? ", " : "", (char *) l->data);
  return g_string_free (g_steal_pointer (&roles), FALSE);
}

gboolean
hub_role_table_check (JsonNode *table, const char *role, const char *const *account_roles,
                      GError **error)
{
  JsonObject *object = json_node_get_object (table);
  g_auto (GStrv) takers = json_object_has_member (object, role) ? karez_json_texts (object, role)
                                                                : NULL;
  g_autofree char *accepted = takers != NULL && *takers != NULL ? g_strjoinv (", ", takers)
                                                                : list_roles (object);

  if (takers == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "session/role", accepted,
                            N_ ("This kind of session has no role “%s”."), role);
  if (*takers == NULL)
    return karez_error_set (error, KAREZ_ERROR_DENIED, "session/role-hospital", accepted,
                            N_ ("The role “%s” is for people of the other hospital of this "
                                "session."),
                            role);
  for (guint i = 0; account_roles != NULL && account_roles[i] != NULL; i++)
    if (g_strv_contains ((const char *const *) takers, account_roles[i]))
      return TRUE;
  return karez_error_set (error, KAREZ_ERROR_DENIED, "session/account-role", accepted,
                          N_ ("Your account’s roles cannot take the role “%s” in this session."),
                          role);
}

GStrv
hub_role_table_list (JsonNode *table)
{
  JsonObject *object = json_node_get_object (table);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; known[i] != NULL; i++)
    {
      const char *one[] = { known[i], NULL };
      g_autoptr (GList) roles = json_object_get_members (object);

      for (GList *l = roles; l != NULL; l = l->next)
        if (hub_role_table_check (table, l->data, one, NULL))
          {
            g_strv_builder_add (builder, known[i]);
            break;
          }
    }
  return g_strv_builder_end (builder);
}
