/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-web-document.h"

#include "hub-catalogue.h"
#include "hub-web-policy.h"

#define DOCUMENT "/org/karez/api/openapi.json"

static void
get_document (KarezRequest *request, gpointer data)
{
  g_autoptr (GBytes) bytes = g_resources_lookup_data (DOCUMENT, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_autoptr (GError) error = NULL;

  if (bytes != NULL)
    {
      karez_request_respond_bytes (request, "application/json", bytes);
      return;
    }
  error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "request/document", NULL,
                           N_ ("This program was built without the API's description"));
  karez_request_fail (request, error);
}

gboolean
hub_web_document_add_route (KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/openapi.json", HUB_WEB_ANYONE, get_document, NULL, NULL,
                           error);
}
