/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors on the private bus between hub and worker, with all that translates them. */
#include "hub-bus-error.h"

#include "hub-catalogue.h"
#include "hub-names.h"

#define PREFIX "org.karez.Error."

static const char *const names[] = {
  [KAREZ_ERROR_FAILED] = "Failed",
  [KAREZ_ERROR_INVALID] = "Invalid",
  [KAREZ_ERROR_UNAUTHENTICATED] = "Unauthenticated",
  [KAREZ_ERROR_DENIED] = "Denied",
  [KAREZ_ERROR_NOT_GRANTED] = "NotGranted",
  [KAREZ_ERROR_NOT_FOUND] = "NotFound",
  [KAREZ_ERROR_CONFLICT] = "Conflict",
  [KAREZ_ERROR_TOO_LARGE] = "TooLarge",
  [KAREZ_ERROR_BUSY] = "Busy",
  [KAREZ_ERROR_UNAVAILABLE] = "Unavailable",
  [KAREZ_ERROR_TIMEOUT] = "Timeout",
};

void
hub_bus_return_error (GDBusMethodInvocation *invocation, const GError *error)
{
  gboolean ours = error->domain == KAREZ_ERROR;
  char *message[] = { error->message, NULL };
  g_autofree char *name = g_strconcat (PREFIX, names[ours ? error->code : KAREZ_ERROR_FAILED],
                                       NULL);
  g_autoptr (JsonNode) node = karez_json_object (
      "rule", "s", karez_error_get_rule (error), "accepted", "s", karez_error_get_accepted (error),
      "domain", "s", karez_error_get_domain (error), "format", "s",
      ours ? karez_error_get_format (error) : "%s", "arguments", "as",
      ours ? karez_error_get_arguments (error) : message, NULL);
  g_autofree char *text = karez_json_print (node);

  g_dbus_method_invocation_return_dbus_error (invocation, name, text);
}

static guint
code_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (name + strlen (PREFIX), names[i]))
      return i;
  return KAREZ_ERROR_FAILED;
}

GError *
hub_bus_read_error (GError *error)
{
  g_autoptr (GError) owned = error;
  g_autofree char *name = g_dbus_error_is_remote_error (error)
                              ? g_dbus_error_get_remote_error (error)
                              : NULL;
  g_autoptr (JsonNode) node = NULL;
  g_auto (GStrv) arguments = NULL;
  JsonObject *object = NULL;
  GError *read;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return g_steal_pointer (&owned);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    return karez_error_new (KAREZ_ERROR_TIMEOUT, "worker/timeout", NULL,
                            N_ ("The session's worker did not answer in time."));
  if (name != NULL && g_str_equal (name, HUB_BUS_ERROR_STALE))
    return karez_error_new (KAREZ_ERROR_CONFLICT, "worker/stale", NULL,
                            N_ ("The session's worker obeys a newer hub process."));
  if (name == NULL || !g_str_has_prefix (name, PREFIX))
    return karez_error_new (KAREZ_ERROR_UNAVAILABLE, "worker/away", NULL,
                            N_ ("The session's worker is away: %s"), error->message);
  g_dbus_error_strip_remote_error (error);
  node = hub_bus_parse (error->message, NULL);
  object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (object == NULL || karez_json_text (object, "format") == NULL)
    return karez_error_new (code_of (name), NULL, NULL, "%s", error->message);
  arguments = karez_json_texts (object, "arguments");
  read = karez_error_new_parts (code_of (name), karez_json_text (object, "rule"),
                                karez_json_text (object, "accepted"),
                                karez_json_text (object, "format"), arguments);
  karez_error_set_domain (read, karez_json_text (object, "domain"));
  return read;
}

JsonNode *
hub_bus_parse (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return karez_json_parse (bytes, HUB_BUS_MAX_BYTES, error);
}
