/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An agenda for a control half's test. */
#include "karez-test-agenda.h"

#include "hub-catalogue.h"

struct _KarezTestAgenda
{
  GObject parent_instance;

  GHashTable *bookings; /* id → JsonNode */
};

static void agenda_iface_init (KarezAgendaInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (KarezTestAgenda, karez_test_agenda, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_AGENDA, agenda_iface_init))

static void
get_booking_async (KarezAgenda *agenda, const char *booking, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (agenda, cancellable, callback, data);
  JsonNode *found = g_hash_table_lookup (KAREZ_TEST_AGENDA (agenda)->bookings, booking);

  if (found != NULL)
    g_task_return_pointer (task, json_node_copy (found), (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "booking/unknown", NULL,
                                                N_ ("There is no such booking")));
}

static JsonNode *
get_booking_finish (KarezAgenda *agenda, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
agenda_iface_init (KarezAgendaInterface *iface)
{
  iface->get_booking_async = get_booking_async;
  iface->get_booking_finish = get_booking_finish;
}

void
karez_test_agenda_add (KarezTestAgenda *self, JsonNode *booking)
{
  const char *id = karez_json_text (json_node_get_object (booking), "id");

  g_assert_nonnull (id);
  g_hash_table_insert (self->bookings, g_strdup (id), json_node_copy (booking));
  g_signal_emit_by_name (self, "changed", id);
}

static void
karez_test_agenda_finalize (GObject *object)
{
  g_hash_table_unref (KAREZ_TEST_AGENDA (object)->bookings);

  G_OBJECT_CLASS (karez_test_agenda_parent_class)->finalize (object);
}

static void
karez_test_agenda_class_init (KarezTestAgendaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_agenda_finalize;
}

static void
karez_test_agenda_init (KarezTestAgenda *self)
{
  self->bookings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) json_node_unref);
}

KarezTestAgenda *
karez_test_agenda_new (void)
{
  return g_object_new (KAREZ_TEST_TYPE_AGENDA, NULL);
}
