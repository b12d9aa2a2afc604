/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plugin's control half is derived from: its calls without tasks. */
#define KAREZ_INSIDE
#include "karez-control-half.h"

#include "karez-task.h"

#include "hub-catalogue.h"

typedef struct
{
  KarezContext *context;
  KarezActor *actor;
} KarezControlHalfPrivate;

static void plugin_iface_init (KarezPluginInterface *iface);
G_DEFINE_ABSTRACT_TYPE_WITH_CODE (KarezControlHalf, karez_control_half, G_TYPE_OBJECT,
                                  G_ADD_PRIVATE (KarezControlHalf)
                                      G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PLUGIN, plugin_iface_init))

static KarezControlHalfPrivate *
get_private (KarezControlHalf *self)
{
  return karez_control_half_get_instance_private (self);
}

static void
enable_async (KarezPlugin *plugin, KarezContext *context, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer data)
{
  KarezControlHalf *self = KAREZ_CONTROL_HALF (plugin);
  KarezControlHalfPrivate *priv = get_private (self);
  KarezControlHalfClass *klass = KAREZ_CONTROL_HALF_GET_CLASS (self);
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);
  const char *id = karez_context_get_plugin_id (context);
  GError *error = NULL;
  gboolean done;

  g_task_set_source_tag (task, enable_async);
  g_set_object (&priv->context, context);
  g_clear_pointer (&priv->actor, karez_actor_unref);
  priv->actor = karez_actor_new (KAREZ_ACTOR_HUB, id, klass->title != NULL ? klass->title : id,
                                 NULL, NULL, NULL);
  done = klass->enable == NULL || klass->enable (self, context, &error);
  karez_task_answer (task, done, &error);
}

static gboolean
enable_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, enable_async, error);
}

static void
disable_async (KarezPlugin *plugin, GCancellable *cancellable, GAsyncReadyCallback callback,
               gpointer data)
{
  KarezControlHalfClass *klass = KAREZ_CONTROL_HALF_GET_CLASS (plugin);
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);

  g_task_set_source_tag (task, disable_async);
  if (klass->disable != NULL)
    klass->disable (KAREZ_CONTROL_HALF (plugin));
  g_task_return_boolean (task, TRUE);
}

static gboolean
disable_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, disable_async, error);
}

static void
check_booking_async (KarezPlugin *plugin, JsonNode *booking, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  KarezControlHalfClass *klass = KAREZ_CONTROL_HALF_GET_CLASS (plugin);
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);
  GError *error = NULL;
  gboolean done = klass->check_booking == NULL
                  || klass->check_booking (KAREZ_CONTROL_HALF (plugin), booking, &error);

  g_task_set_source_tag (task, check_booking_async);
  karez_task_answer (task, done, &error);
}

static gboolean
check_booking_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, check_booking_async, error);
}

static void
record_async (KarezPlugin *plugin, const KarezRecord *record, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer data)
{
  KarezControlHalf *self = KAREZ_CONTROL_HALF (plugin);
  KarezControlHalfClass *klass = KAREZ_CONTROL_HALF_GET_CLASS (self);
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);
  g_autoptr (KarezTransaction) transaction = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, record_async);
  if (klass->keep == NULL)
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "plugin/record", NULL,
                                                  N_ ("This plugin keeps no records: “%s”."),
                                                  record->action));
      return;
    }
  transaction = karez_control_half_begin_record (self, record);
  if (klass->keep (self, record, transaction, &error))
    karez_task_commit (g_steal_pointer (&task), transaction);
  else
    g_task_return_error (task, error);
}

static gboolean
record_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, record_async, error);
}

static void
plugin_iface_init (KarezPluginInterface *iface)
{
  iface->enable_async = enable_async;
  iface->enable_finish = enable_finish;
  iface->disable_async = disable_async;
  iface->disable_finish = disable_finish;
  iface->check_booking_async = check_booking_async;
  iface->check_booking_finish = check_booking_finish;
  iface->record_async = record_async;
  iface->record_finish = record_finish;
}

/* What its class asks. */

KarezContext *
karez_control_half_get_context (KarezControlHalf *self)
{
  g_return_val_if_fail (KAREZ_IS_CONTROL_HALF (self), NULL);

  return get_private (self)->context;
}

#define GETTER(name, Type)                                                                         \
  Type *karez_control_half_get_##name (KarezControlHalf *self)                                     \
  {                                                                                                \
    g_autoptr (GError) error = NULL;                                                               \
    Type *service = NULL;                                                                          \
                                                                                                   \
    g_return_val_if_fail (KAREZ_IS_CONTROL_HALF (self), NULL);                                     \
    g_return_val_if_fail (get_private (self)->context != NULL, NULL);                              \
                                                                                                   \
    service = karez_context_get_##name (get_private (self)->context, &error);                      \
    if (service == NULL)                                                                           \
      g_critical ("%s", error->message);                                                           \
    return service;                                                                                \
  }
GETTER (store, KarezStore)
GETTER (audit, KarezAudit)
GETTER (agenda, KarezAgenda)
GETTER (routes, KarezRoutes)
GETTER (peers, KarezPeers)
GETTER (settings, KarezSettings)
#undef GETTER

KarezActor *
karez_control_half_get_actor (KarezControlHalf *self)
{
  g_return_val_if_fail (KAREZ_IS_CONTROL_HALF (self), NULL);

  return get_private (self)->actor;
}

KarezTransaction *
karez_control_half_begin (KarezControlHalf *self)
{
  g_return_val_if_fail (KAREZ_IS_CONTROL_HALF (self), NULL);

  return karez_store_begin (karez_control_half_get_store (self), get_private (self)->actor);
}

KarezTransaction *
karez_control_half_begin_record (KarezControlHalf *self, const KarezRecord *record)
{
  KarezTransaction *transaction = NULL;

  g_return_val_if_fail (KAREZ_IS_CONTROL_HALF (self), NULL);
  g_return_val_if_fail (record != NULL, NULL);

  transaction = karez_store_begin (karez_control_half_get_store (self),
                                   record->actor != NULL ? record->actor
                                                         : get_private (self)->actor);
  karez_transaction_recorded (transaction, record);
  karez_transaction_about (transaction, record->session, NULL);
  return transaction;
}

static void
karez_control_half_dispose (GObject *object)
{
  KarezControlHalfPrivate *priv = get_private (KAREZ_CONTROL_HALF (object));

  g_clear_object (&priv->context);
  g_clear_pointer (&priv->actor, karez_actor_unref);

  G_OBJECT_CLASS (karez_control_half_parent_class)->dispose (object);
}

static void
karez_control_half_class_init (KarezControlHalfClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = karez_control_half_dispose;
}

static void
karez_control_half_init (KarezControlHalf *self)
{
}
