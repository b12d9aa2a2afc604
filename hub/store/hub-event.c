/* SPDX-License-Identifier: LGPL-2.1-or-later */
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

void
hub_event_conceal (JsonObject *event)
{
  /* Their reasons are codes: left, replaced, lost. */
  static const char *const coded[] = { "session.join", "session.leave", NULL };
  const char *action = json_object_get_string_member_with_default (event, "action", "");
  JsonNode *details = json_object_get_member (event, "details");
  g_autoptr (JsonObject) seen = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (!g_str_has_prefix (action, "session.") || g_strv_contains (coded, action) || details == NULL
      || !JSON_NODE_HOLDS_OBJECT (details))
    return;
  seen = json_object_new ();
  json_object_iter_init (&iter, json_node_get_object (details));
  while (json_object_iter_next (&iter, &name, &member))
    if (!g_str_equal (name, "reason"))
      json_object_set_member (seen, name, json_node_copy (member));
  json_object_set_object_member (event, "details", g_steal_pointer (&seen));
}
