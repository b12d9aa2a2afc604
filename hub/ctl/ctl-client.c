/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's API over its local socket. */
#include "ctl.h"

#include "hub-id.h"
#include "hub-names.h"

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>
#include <string.h>

#define TIMEOUT_S 35
#define MAX_ANSWER (16 * 1024 * 1024)

char *
ctl_escape (const char *text)
{
  return g_uri_escape_string (text, NULL, FALSE);
}

char *
ctl_socket (Ctl *ctl)
{
  if (ctl->socket != NULL)
    return g_strdup (ctl->socket);
  if (!ctl_has_config (ctl))
    return NULL;
  return g_build_filename (hub_config_text (ctl->config, "Hub", "Runtime"), HUB_SOCKET_API, NULL);
}

static SoupSession *
get_session (Ctl *ctl)
{
  g_autofree char *path = NULL;
  g_autoptr (GSocketAddress) address = NULL;

  if (ctl->session != NULL)
    return ctl->session;
  path = ctl_socket (ctl);
  if (path == NULL)
    return NULL;
  address = g_unix_socket_address_new (path);
  ctl->session = soup_session_new_with_options ("remote-connectable", address, "timeout", TIMEOUT_S,
                                                NULL);
  return ctl->session;
}

static CtlStatus
status_of (guint http, const char *rule)
{
  if (http == 503 && rule != NULL && g_str_has_prefix (rule, "database/"))
    return CTL_DATABASE;
  /* What another hub refuses is nothing that this user may not. */
  if ((http == 401 || http == 403) && (rule == NULL || !g_str_has_prefix (rule, "peers/")))
    return CTL_DENIED;
  if (http == 503 || http == 504)
    return CTL_AWAY;
  return CTL_REFUSED;
}

static void
tell_problem (Ctl *ctl, guint http, JsonNode *answer)
{
  JsonObject *problem = answer != NULL && JSON_NODE_HOLDS_OBJECT (answer) ? ctl_object (answer)
                                                                          : NULL;
  const char *detail = problem != NULL ? karez_json_text (problem, "detail") : NULL;
  const char *rule = problem != NULL ? karez_json_text (problem, "rule") : NULL;
  const char *accepted = problem != NULL ? karez_json_text (problem, "accepted") : NULL;
  const char *pointer = problem != NULL ? karez_json_text (problem, "pointer") : NULL;

  if (problem != NULL && ctl->json)
    {
      g_autofree char *text = karez_json_print (answer);

      g_printerr ("%s\n", text);
      return;
    }
  if (detail == NULL && problem != NULL)
    detail = karez_json_text (problem, "title");
  if (detail != NULL)
    g_printerr ("karezctl: %s\n", detail);
  else
    {
      g_autofree char *number = g_strdup_printf ("%u", http);

      g_printerr (_ ("karezctl: the hub answered %s\n"), number);
    }
  if (pointer != NULL)
    g_printerr (_ ("  where: %s\n"), pointer);
  if (rule != NULL)
    g_printerr (_ ("  rule: %s\n"), rule);
  if (accepted != NULL)
    g_printerr (_ ("  accepted: %s\n"), accepted);
}

static SoupMessage *
make_message (const char *method, const char *path, JsonNode *body)
{
  g_autofree char *uri = g_strconcat ("http://localhost" HUB_API_PREFIX, path, NULL);
  SoupMessage *message = soup_message_new (method, uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autofree char *key = hub_id_new ();
  g_autofree char *language = g_strdelimit (g_strdup (ctl_language ()), "_", '-');

  soup_message_headers_append (headers, "Accept-Language", language);
  if (!g_str_equal (method, "GET"))
    soup_message_headers_append (headers, "Idempotency-Key", key);
  if (body != NULL)
    {
      g_autoptr (GBytes) bytes = karez_json_to_bytes (body);

      soup_message_set_request_body_from_bytes (message, "application/json", bytes);
    }
  return message;
}

CtlStatus
ctl_call_unless (Ctl *ctl, const char *method, const char *path, JsonNode *body, const char *rule,
                 JsonNode **answer)
{
  g_autoptr (JsonNode) owned = body;
  SoupSession *session = get_session (ctl);
  g_autoptr (SoupMessage) message = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  guint http;

  if (answer != NULL)
    *answer = NULL;
  if (session == NULL)
    return ctl_without_config (ctl);
  message = make_message (method, path, body);
  bytes = soup_session_send_and_read (session, message, NULL, &error);
  if (bytes == NULL)
    {
      g_autofree char *socket = ctl_socket (ctl);

      g_printerr (_ ("karezctl: the hub does not answer at %s: %s\n"), socket, error->message);
      return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ? CTL_DENIED
                                                                               : CTL_AWAY;
    }
  http = soup_message_get_status (message);
  if (g_bytes_get_size (bytes) > 0)
    node = karez_json_parse (bytes, MAX_ANSWER, &error);
  if (http >= 300)
    {
      const char *refused = karez_json_text (ctl_object (node), "rule");

      if (rule != NULL && g_strcmp0 (refused, rule) == 0)
        return CTL_OK;
      tell_problem (ctl, http, node);
      return status_of (http, refused);
    }
  if (error != NULL)
    {
      g_printerr (_ ("karezctl: the hub's answer cannot be read: %s\n"), error->message);
      return CTL_REFUSED;
    }
  if (answer != NULL)
    *answer = g_steal_pointer (&node);
  return CTL_OK;
}

JsonNode *
ctl_copy_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  /* Nobody's title is an empty object: none was given. */
  if (node == NULL || JSON_NODE_HOLDS_NULL (node)
      || (JSON_NODE_HOLDS_OBJECT (node) && json_object_get_size (json_node_get_object (node)) == 0))
    return NULL;
  return json_node_copy (node);
}

JsonObject *
ctl_find (JsonNode *list, const char *member, const char *text)
{
  JsonArray *items = ctl_items (list);

  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *item = ctl_element (items, i);

      if (g_strcmp0 (karez_json_text (item, member), text) == 0)
        return item;
    }
  return NULL;
}

CtlStatus
ctl_call (Ctl *ctl, const char *method, const char *path, JsonNode *body, JsonNode **answer)
{
  return ctl_call_unless (ctl, method, path, body, NULL, answer);
}

CtlStatus
ctl_do (Ctl *ctl, const char *method, const char *path, JsonNode *body, const char *done)
{
  CtlStatus status = ctl_call (ctl, method, path, body, NULL);

  if (status == CTL_OK && !ctl_json (ctl, NULL))
    g_print ("%s\n", done);
  return status;
}
