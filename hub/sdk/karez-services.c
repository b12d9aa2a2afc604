/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Services of the hub: agenda and audit log. */
#define KAREZ_INSIDE
#include "karez-services.h"

#include "hub-catalogue.h"

G_DEFINE_INTERFACE (KarezAgenda, karez_agenda, G_TYPE_OBJECT)

static void
karez_agenda_default_init (KarezAgendaInterface *iface)
{
  g_signal_new ("changed", KAREZ_TYPE_AGENDA, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                1, G_TYPE_STRING);
}

void
karez_agenda_get_booking_async (KarezAgenda *self, const char *booking, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (KAREZ_IS_AGENDA (self));

  KAREZ_AGENDA_GET_IFACE (self)->get_booking_async (self, booking, cancellable, callback, data);
}

JsonNode *
karez_agenda_get_booking_finish (KarezAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_AGENDA (self), NULL);

  return KAREZ_AGENDA_GET_IFACE (self)->get_booking_finish (self, result, error);
}

JsonNode *
karez_booking_conceal (JsonNode *booking)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *seen = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  g_return_val_if_fail (booking != NULL, NULL);

  json_node_take_object (node, seen);
  json_object_iter_init_ordered (&iter, json_node_get_object (booking));
  while (json_object_iter_next_ordered (&iter, &name, &member))
    json_object_set_member (seen, name, json_node_copy (member));
  json_object_set_string_member (seen, "title", "");
  json_object_set_string_member (seen, "reason", "");
  json_object_set_null_member (seen, "answer");
  json_object_set_null_member (seen, "patient");
  json_object_set_boolean_member (seen, "concealed", TRUE);
  return node;
}

G_DEFINE_INTERFACE (KarezAudit, karez_audit, G_TYPE_OBJECT)

static void
karez_audit_default_init (KarezAuditInterface *iface)
{
}

void
karez_audit_append_async (KarezAudit *self, KarezActor *actor, const char *action,
                          KarezOutcome outcome, const char *session, const char *patient,
                          JsonNode *details, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (KAREZ_IS_AUDIT (self));

  KAREZ_AUDIT_GET_IFACE (self)->append_async (self, actor, action, outcome, session, patient,
                                              details, cancellable, callback, data);
}

gboolean
karez_audit_append_finish (KarezAudit *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_AUDIT (self), FALSE);

  return KAREZ_AUDIT_GET_IFACE (self)->append_finish (self, result, error);
}

G_DEFINE_INTERFACE (KarezSettings, karez_settings, G_TYPE_OBJECT)

static void
karez_settings_default_init (KarezSettingsInterface *iface)
{
}

char *
karez_settings_get (KarezSettings *self, const char *key, GError **error)
{
  g_return_val_if_fail (KAREZ_IS_SETTINGS (self), NULL);

  return KAREZ_SETTINGS_GET_IFACE (self)->get (self, key, error);
}

gboolean
karez_settings_get_integer (KarezSettings *self, const char *key, gint64 min, gint64 max,
                            gint64 *value, GError **error)
{
  g_autofree char *text = karez_settings_get (self, key, error);
  g_autofree char *least = g_strdup_printf ("%" G_GINT64_FORMAT, min);
  g_autofree char *most = g_strdup_printf ("%" G_GINT64_FORMAT, max);

  g_return_val_if_fail (KAREZ_IS_SETTINGS (self), FALSE);

  if (text == NULL)
    return FALSE;
  return g_ascii_string_to_signed (text, 10, min, max, value, NULL)
         || karez_error_set (error, KAREZ_ERROR_INVALID, "settings/integer", NULL,
                             N_ ("%s = %s is not a whole number from %s to %s"), key, text, least,
                             most);
}
