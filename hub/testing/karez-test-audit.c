/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of events of a control half's test. */
#include "karez-test-audit.h"

struct _KarezTestAudit
{
  GObject parent_instance;

  KarezTestStore *store; /* NULL: in memory */
  JsonNode *events;
};

static void audit_iface_init (KarezAuditInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (KarezTestAudit, karez_test_audit, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_AUDIT, audit_iface_init))

static void
on_appended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_test_store_append_finish (KAREZ_TEST_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
append_async (KarezAudit *audit, KarezActor *actor, const char *action, KarezOutcome outcome,
              const char *session, const char *patient, JsonNode *details,
              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  KarezTestAudit *self = KAREZ_TEST_AUDIT (audit);
  GTask *task = g_task_new (self, cancellable, callback, data);

  if (self->store != NULL)
    {
      karez_test_store_append_async (self->store, actor, action, outcome, session, patient, details,
                                     on_appended, task);
      return;
    }
  json_array_add_element (
      json_node_get_array (self->events),
      karez_json_object ("action", "s", action, "actor", "s", karez_actor_get_name (actor),
                         "outcome", "i", (gint64) outcome, "session", "s", session, "patient", "s",
                         patient, "details", "n",
                         details != NULL ? details : json_node_new (JSON_NODE_NULL), NULL));
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
append_finish (KarezAudit *audit, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
audit_iface_init (KarezAuditInterface *iface)
{
  iface->append_async = append_async;
  iface->append_finish = append_finish;
}

void
karez_test_audit_set_store (KarezTestAudit *self, KarezTestStore *store)
{
  g_set_object (&self->store, store);
}

JsonNode *
karez_test_audit_list (KarezTestAudit *self)
{
  return json_node_copy (self->events);
}

static void
karez_test_audit_finalize (GObject *object)
{
  g_clear_object (&KAREZ_TEST_AUDIT (object)->store);
  json_node_unref (KAREZ_TEST_AUDIT (object)->events);

  G_OBJECT_CLASS (karez_test_audit_parent_class)->finalize (object);
}

static void
karez_test_audit_class_init (KarezTestAuditClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_test_audit_finalize;
}

static void
karez_test_audit_init (KarezTestAudit *self)
{
  self->events = karez_json_array (NULL);
}

KarezTestAudit *
karez_test_audit_new (void)
{
  return g_object_new (KAREZ_TEST_TYPE_AUDIT, NULL);
}
