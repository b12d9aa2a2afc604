/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One row of the list of events, checked and sent. */
#include "hub-event.h"

#include <string.h>

void
hub_event_from_transaction (HubEvent *self, const KarezTransactionEvent *event)
{
  self->action = event->action;
  self->table = event->table;
  self->row = event->row;
  self->session = event->session;
  self->patient = event->patient;
  self->details = event->details;
}

GVariant *
hub_event_params (const HubEvent *self)
{
  static const char *const nobody[] = { NULL };
  const char *dot = self->table != NULL ? strchr (self->table, '.') : NULL;
  g_autofree char *schema = dot != NULL ? g_strndup (self->table, dot - self->table)
                                        : g_strdup (self->table != NULL ? self->schema : NULL);
  g_autofree char *details = self->details != NULL ? karez_json_print (self->details)
                                                   : g_strdup ("{}");
  const char *const *roles = karez_actor_get_roles (self->actor);

  return g_variant_new ("(ssss^asmsmssimsmsmsmsmsmss)", self->id,
                        karez_actor_kind_name (karez_actor_get_kind (self->actor)),
                        karez_actor_get_id (self->actor), karez_actor_get_name (self->actor),
                        roles != NULL ? roles : nobody, karez_actor_get_hub (self->actor),
                        karez_actor_get_address (self->actor), self->action, self->outcome, schema,
                        dot != NULL ? dot + 1 : self->table, self->row, self->session,
                        self->patient, self->request, details);
}

/* A code, an id, a time or a digest: what a program writes. Nobody types a sentence of these. */
static gboolean
is_code (JsonNode *node)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789TZ-_./:+";
  const char *text;

  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return TRUE;
  text = json_node_get_string (node);
  return strlen (text) <= 100 && text[strspn (text, letters)] == '\0';
}

/* Returns: (transfer full): @node without what is no code */
static JsonNode *
leave_codes (JsonNode *node)
{
  JsonNode *left = NULL;

  if (!JSON_NODE_HOLDS_ARRAY (node) && !JSON_NODE_HOLDS_OBJECT (node))
    return json_node_copy (node);
  left = json_node_new (json_node_get_node_type (node));
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      json_node_take_array (left, json_array_new ());
      for (guint i = 0; i < json_array_get_length (array); i++)
        if (is_code (json_array_get_element (array, i)))
          json_array_add_element (json_node_get_array (left),
                                  leave_codes (json_array_get_element (array, i)));
    }
  else
    {
      JsonObjectIter iter;
      const char *name;
      JsonNode *member;

      json_node_take_object (left, json_object_new ());
      json_object_iter_init (&iter, json_node_get_object (node));
      while (json_object_iter_next (&iter, &name, &member))
        if (is_code (member))
          json_object_set_member (json_node_get_object (left), name, leave_codes (member));
    }
  return left;
}

/* Of the hub's own tables the hub says what is in the details; of others a plugin, whose authors
 * may have put into them what somebody typed. */
static gboolean
is_own (JsonObject *event)
{
  static const char *const own[] = { "agenda", "audit", "engine", "karez", "peers", "web", NULL };
  JsonNode *schema = json_object_get_member (event, "schema");

  return schema != NULL && JSON_NODE_HOLDS_VALUE (schema)
         && json_node_get_value_type (schema) == G_TYPE_STRING
         && g_strv_contains (own, json_node_get_string (schema));
}

void
hub_event_conceal (JsonObject *event)
{
  /* Their reasons are codes: left, replaced, lost. */
  static const char *const coded[] = { "session.join", "session.leave", NULL };
  const char *action = json_object_get_string_member_with_default (event, "action", "");
  JsonNode *details = json_object_get_member (event, "details");

  if (details == NULL || !JSON_NODE_HOLDS_OBJECT (details))
    return;
  if (!is_own (event))
    {
      details = leave_codes (details);
      json_object_set_member (event, "details", details);
    }
  if (g_str_has_prefix (action, "session.") && !g_strv_contains (coded, action))
    {
      g_autoptr (JsonObject) seen = json_object_new ();
      JsonObjectIter iter;
      const char *name;
      JsonNode *member;

      json_object_iter_init (&iter, json_node_get_object (details));
      while (json_object_iter_next (&iter, &name, &member))
        if (!g_str_equal (name, "reason"))
          json_object_set_member (seen, name, json_node_copy (member));
      json_object_set_object_member (event, "details", g_steal_pointer (&seen));
    }
}
