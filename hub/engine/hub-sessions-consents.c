/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /sessions/{id}/consents of the API: what was said of the patient's consent. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"

static void
on_found (KarezRequest *request, KarezRows *rows, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (karez_rows_get_count (rows) == 0)
    {
      karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/unknown", NULL,
                       N_ ("There is no such session."));
      karez_request_fail (request, error);
      return;
    }
  karez_request_respond_read (
      request, hub_sessions_get_services (data)->audit, "consent.read",
      karez_request_get_path_part (request, "id"), karez_rows_text (rows, 0, "patient"),
      karez_json_object ("items", "n", karez_rows_json (rows, 0, "items"), NULL));
}

static void
on_get (KarezRequest *request, gpointer data)
{
  const char *id = hub_sessions_read_id (request);

  if (id != NULL)
    karez_request_query (request, hub_sessions_get_services (data)->store, "consents_of",
                         g_variant_new ("(s)", id), on_found, data);
}

gboolean
hub_sessions_add_consent_routes (HubSessions *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/sessions/{id}/consents", "patient.read", on_get,
                           g_object_ref (self), g_object_unref, error);
}
