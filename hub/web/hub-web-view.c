/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which events the live feed shows to whom. */
#include "hub-web-view.h"

#include "hub-event.h"

/* Who is told of what is done to a row of the hub's own. */
static const struct
{
  const char *schema, *table, *permission;
} own[] = {
  { "agenda", "booking", "board.read" },
  { "agenda", "claim", "board.read" },
  { "agenda", "resource", "board.read" },
  { "agenda", "wish", "board.read" },
  { "engine", "session", "board.read" },
  { "engine", "participant", "board.read" },
  { "engine", "invitation", "board.read" },
  { "engine", "consent", "patient.read" },
  { "engine", "plugin_state", "plugins.read" },
  { "peers", "peer", "peers.read" },
  { "peers", "pairing", "peers.read" },
  { "karez", "inbox_dead_letter", "peers.read" },
  { "karez", "hub", "board.read" },
  { "karez", "organisation", "board.read" },
  { "karez", "inbox_parked", "plugins.read" },
};
static const char *const own_schemas[] = { "agenda", "audit", "engine", "karez",
                                           "peers",  "web",   NULL };

static const char *
text_of (JsonNode *event, const char *name)
{
  JsonNode *member = json_object_get_member (json_node_get_object (event), name);

  return member != NULL && json_node_get_value_type (member) == G_TYPE_STRING
             ? json_node_get_string (member)
             : NULL;
}

/* An act without a row, but for reading: a session that could not be moved. */
static gboolean
allows_act (HubWebPolicy *policy, KarezActor *actor, JsonNode *event)
{
  const char *action = text_of (event, "action");

  return action != NULL && !g_str_has_suffix (action, ".read")
         && (g_str_has_prefix (action, "session.") || g_str_has_prefix (action, "booking."))
         && hub_web_policy_allows (policy, "board.read", actor);
}

static gboolean
allows_plugin_row (HubWebPolicy *policy, KarezActor *actor, const char *schema, const char *table)
{
  g_autofree char *permission = g_strdup_printf ("%s.%s.read", schema, table);
  g_autofree char *prefix = g_strconcat (schema, ".", NULL);

  if (hub_web_policy_knows (policy, permission))
    return hub_web_policy_allows (policy, permission, actor);
  return hub_web_policy_allows_each (policy, prefix, ".read", actor);
}

gboolean
hub_web_view_is_whole (HubWebPolicy *policy, KarezActor *actor)
{
  return hub_web_policy_allows (policy, "audit.read", actor);
}

gboolean
hub_web_view_allows (HubWebPolicy *policy, KarezActor *actor, JsonNode *event)
{
  const char *schema = text_of (event, "schema"), *table = text_of (event, "table");

  if (hub_web_view_is_whole (policy, actor))
    return TRUE;
  if (schema == NULL || table == NULL)
    return allows_act (policy, actor, event);
  if (!g_strv_contains (own_schemas, schema))
    return allows_plugin_row (policy, actor, schema, table);
  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (g_str_equal (own[i].schema, schema) && g_str_equal (own[i].table, table))
      return hub_web_policy_allows (policy, own[i].permission, actor);
  return FALSE;
}

JsonNode *
hub_web_view_whole (JsonNode *event)
{
  JsonObject *object = json_node_get_object (event);
  JsonObject *seen = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &member))
    json_object_set_member (seen, name, json_node_copy (member));
  hub_event_conceal (seen);
  json_node_take_object (node, seen);
  return node;
}

/* The other hospital whose people did it, or NULL; also for what came too late to change anything,
 * and for what was done here and is known there. */
static const char *
other_hub (JsonObject *event)
{
  JsonNode *actor = json_object_get_member (event, "actor");
  JsonNode *details = json_object_get_member (event, "details");

  if (details != NULL && JSON_NODE_HOLDS_OBJECT (details)
      && (karez_json_boolean (json_node_get_object (details), "late")
          || karez_json_boolean (json_node_get_object (details), "own")))
    return NULL;
  return actor != NULL && JSON_NODE_HOLDS_OBJECT (actor)
             ? karez_json_text (json_node_get_object (actor), "hub")
             : NULL;
}

JsonNode *
hub_web_view_reduce (JsonNode *event)
{
  static const char *const open[] = { "id",     "at",    "action", "outcome",
                                      "schema", "table", "row",    "session" };
  JsonObject *object = json_node_get_object (event);
  JsonObject *seen = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  for (guint i = 0; i < G_N_ELEMENTS (open); i++)
    if (json_object_has_member (object, open[i]))
      json_object_set_member (seen, open[i],
                              json_node_copy (json_object_get_member (object, open[i])));
  if (other_hub (object) != NULL)
    json_object_set_string_member (seen, "hub", other_hub (object));
  json_node_take_object (node, seen);
  return node;
}
