/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers GET /events, the list of events as people read it. */
#include "hub-audit.h"

#include "hub-event.h"

#define DEFAULT_LIMIT 50

static void
conceal (JsonArray *items)
{
  for (guint i = 0; i < json_array_get_length (items); i++)
    hub_event_conceal (json_array_get_object_element (items, i));
}

static void
on_list (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  JsonNode *body = hub_audit_list_finish (HUB_AUDIT (source), result, &error);

  if (body != NULL && !karez_request_may (request, "patient.read"))
    conceal (json_object_get_array_member (json_node_get_object (body), "items"));
  if (body != NULL)
    karez_request_respond (request, 200, body);
  else
    karez_request_fail (request, error);
}

static void
get_events (KarezRequest *request, gpointer data)
{
  const char *limit = karez_request_get_query (request, "limit");
  guint64 number = DEFAULT_LIMIT;
  HubAuditQuery query = {
    .since = karez_request_get_query (request, "since"),
    .action = karez_request_get_query (request, "action"),
    .actor = karez_request_get_query (request, "actor"),
    .session = karez_request_get_query (request, "session"),
    .patient = karez_request_get_query (request, "patient"),
    .from = karez_request_get_query (request, "from"),
    .to = karez_request_get_query (request, "to"),
  };

  /* What is no number is 0, which the list refuses with the reason. */
  if (limit != NULL && !g_ascii_string_to_unsigned (limit, 10, 1, HUB_AUDIT_MAX, &number, NULL))
    number = 0;
  query.limit = (guint) number;
  hub_audit_list_async (data, karez_request_get_actor (request), &query, NULL, on_list,
                        g_object_ref (request));
}

gboolean
hub_audit_add_routes (HubAudit *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/events", "audit.read", get_events, g_object_ref (self),
                           g_object_unref, error);
}
