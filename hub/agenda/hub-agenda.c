/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agenda as a whole: its parts, its clock, and KarezAgenda for others. */
#include "hub-agenda-private.h"

#include "hub-agenda-sql.h"
#include "hub-booking.h"
#include "hub-catalogue.h"
#include "hub-log.h"

static void hub_agenda_iface_init (KarezAgendaInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HubAgenda, hub_agenda, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_AGENDA, hub_agenda_iface_init))

static void
hub_agenda_dispose (GObject *object)
{
  HubAgenda *self = HUB_AGENDA (object);

  g_cancellable_cancel (self->cancellable);
  if (self->peers != NULL)
    g_clear_signal_handler (&self->peer_handler, self->peers);
  g_clear_object (&self->peers);
  g_clear_object (&self->store);
  G_OBJECT_CLASS (hub_agenda_parent_class)->dispose (object);
}

static void
hub_agenda_finalize (GObject *object)
{
  HubAgenda *self = HUB_AGENDA (object);

  g_free (self->hub);
  g_hash_table_unref (self->pulling);
  g_hash_table_unref (self->comparing);
  g_hash_table_unref (self->paces);
  g_object_unref (self->cancellable);
  g_clear_object (&self->audit);
  G_OBJECT_CLASS (hub_agenda_parent_class)->finalize (object);
}

static void
hub_agenda_class_init (HubAgendaClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_agenda_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_agenda_finalize;
}

static void
hub_agenda_init (HubAgenda *self)
{
  self->pulling = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->comparing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->paces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->cancellable = g_cancellable_new ();
}

void
hub_agenda_add_schema (HubStore *store)
{
  static gsize registered;

  if (g_once_init_enter (&registered))
    {
      hub_agenda_sql_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  hub_store_add_schema (store, "agenda", "/org/karez/agenda/sql", FALSE);
}

static void
on_peer_changed (KarezPeers *peers, const char *peer, gpointer data)
{
  hub_agenda_peer_changed (data, peer);
}

HubAgenda *
hub_agenda_new (HubStore *store, KarezPeers *peers, KarezAudit *audit, const char *hub_id)
{
  HubAgenda *self;
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (HUB_IS_STORE (store), NULL);
  g_return_val_if_fail (KAREZ_IS_PEERS (peers), NULL);

  self = g_object_new (HUB_TYPE_AGENDA, NULL);
  self->store = g_object_ref (store);
  self->peers = g_object_ref (peers);
  g_set_object (&self->audit, audit);
  self->hub = g_strdup (hub_id);
  if (!hub_agenda_handle_messages (self, &error) || !hub_agenda_handle_resources (self, &error)
      || !hub_agenda_handle_comparison (self, &error))
    hub_critical ("agenda", NULL, "a topic of the agenda is taken: %s", error->message);
  self->peer_handler = g_signal_connect (peers, "changed", G_CALLBACK (on_peer_changed), self);
  return self;
}

void
hub_agenda_set_modality_check (HubAgenda *self, HubModalityFunc func, gpointer data)
{
  g_return_if_fail (HUB_IS_AGENDA (self));
  self->modality = func;
  self->modality_data = data;
}

KarezStore *
hub_agenda_scope (HubAgenda *self)
{
  return hub_store_get_scope (self->store, "agenda");
}

void
hub_agenda_emit_changed (HubAgenda *self, const char *booking)
{
  g_signal_emit_by_name (self, "changed", booking);
}

void
hub_agenda_read_changed_async (HubAgenda *self, KarezTransaction *transaction, const char *booking,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer data)
{
  if (!karez_transaction_is_repeated (transaction))
    hub_agenda_emit_changed (self, booking);
  karez_agenda_get_booking_async (KAREZ_AGENDA (self), booking, cancellable, callback, data);
}

JsonObject *
hub_agenda_find_peer (JsonNode *list, const char *peer)
{
  JsonArray *items = json_node_get_array (list);

  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *item = json_array_get_object_element (items, i);

      if (g_strcmp0 (karez_json_text (item, "id"), peer) == 0
          && g_strcmp0 (karez_json_text (item, "state"), "revoked") != 0)
        return item;
    }
  return NULL;
}

gboolean
hub_agenda_is_paired (HubAgenda *self, const char *peer)
{
  return karez_peers_is_paired (self->peers, peer);
}

GStrv
hub_agenda_hubs (HubAgenda *self)
{
  g_autoptr (JsonNode) list = karez_peers_list (self->peers);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  JsonArray *items = json_node_get_array (list);

  g_strv_builder_add (builder, self->hub);
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *peer = json_array_get_object_element (items, i);

      if (g_strcmp0 (karez_json_text (peer, "state"), "revoked") != 0)
        g_strv_builder_add (builder, karez_json_text (peer, "id"));
    }
  return g_strv_builder_end (builder);
}

KarezLane
hub_agenda_lane (const char *urgency)
{
  return g_strcmp0 (urgency, "T0") == 0 ? KAREZ_LANE_EMERGENCY : KAREZ_LANE_AGENDA;
}

void
hub_agenda_post (HubAgenda *self, KarezTransaction *transaction, const char *peer, KarezLane lane,
                 const char *topic, JsonNode *body)
{
  if (hub_agenda_is_paired (self, peer))
    karez_transaction_post (transaction, peer, lane, topic, body);
  else
    json_node_unref (body);
}

GWeakRef *
hub_agenda_weak_new (HubAgenda *self)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  return weak;
}

void
hub_agenda_weak_free (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

HubAgenda *
hub_agenda_weak_get (gpointer data, GTask *task)
{
  HubAgenda *self = g_weak_ref_get (data);

  if (self == NULL)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_UNAVAILABLE, "agenda/closed", NULL,
                                                N_ ("The agenda is closed")));
  return self;
}

/* ── the modality ───────────────────────────────────────────────────────────────────────────── */

void
hub_agenda_check_modality_async (HubAgenda *self, JsonNode *booking, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_agenda_check_modality_async);
  if (self->modality != NULL)
    {
      self->modality (booking, task, self->modality_data);
      return;
    }
  g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "agenda/modality",
                                              N_ ("A modality of a plugin that runs here"),
                                              N_ ("No plugin offers this kind of session")));
  g_object_unref (task);
}

char *
hub_agenda_check_modality_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ── KarezAgenda ────────────────────────────────────────────────────────────────────────────── */

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (karez_rows_get_count (rows) == 0)
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "agenda/unknown", NULL,
                                                N_ ("There is no such booking")));
  else
    g_task_return_pointer (task, karez_rows_json (rows, 0, "body"),
                           (GDestroyNotify) json_node_unref);
}

static void
hub_agenda_get_booking_async (KarezAgenda *agenda, const char *booking, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  HubAgenda *self = HUB_AGENDA (agenda);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, hub_agenda_get_booking_async);
  if (!hub_booking_is_id (booking))
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "agenda/unknown", NULL,
                                                N_ ("There is no such booking")));
  else
    karez_store_query_async (hub_agenda_scope (self), "booking_by_id",
                             g_variant_new ("(s)", booking), cancellable, on_booking,
                             g_steal_pointer (&task));
}

static JsonNode *
hub_agenda_get_booking_finish (KarezAgenda *agenda, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, agenda), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
hub_agenda_iface_init (KarezAgendaInterface *iface)
{
  iface->get_booking_async = hub_agenda_get_booking_async;
  iface->get_booking_finish = hub_agenda_get_booking_finish;
}
