/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resources of this hospital: made, changed, told to partners. */
#include "hub-agenda-resources.h"

#include "hub-agenda-private.h"
#include "hub-booking.h"
#include "hub-catalogue.h"
#include "hub-log.h"

static const KarezJsonField add_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "kind", KAREZ_JSON_ENUM, TRUE, 0, 0, "person|room|robot|console|glasses|team" },
  { "names", KAREZ_JSON_OBJECT, TRUE },
  { "detail", KAREZ_JSON_OBJECT, FALSE },
  { "person", KAREZ_JSON_UUID, FALSE },
  { NULL },
};

static const KarezJsonField change_fields[] = {
  { "names", KAREZ_JSON_OBJECT, FALSE },
  { "detail", KAREZ_JSON_OBJECT, FALSE },
  { "active", KAREZ_JSON_BOOLEAN, FALSE },
  { NULL },
};

static const KarezJsonField names_fields[] = {
  { "en", KAREZ_JSON_NAME, TRUE, 1, 200 },
  { "zh_CN", KAREZ_JSON_NAME, FALSE, 1, 200 },
  { "ug", KAREZ_JSON_NAME, FALSE, 1, 200 },
  { NULL },
};

static const KarezJsonField detail_fields[] = {
  { "en", KAREZ_JSON_TEXT, FALSE, 0, 400 },
  { "zh_CN", KAREZ_JSON_TEXT, FALSE, 0, 400 },
  { "ug", KAREZ_JSON_TEXT, FALSE, 0, 400 },
  { NULL },
};

typedef struct
{
  KarezTransaction *transaction;
  char *id;
  JsonNode *body;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_clear_object (&change->transaction);
  g_free (change->id);
  g_clear_pointer (&change->body, json_node_unref);
  g_free (change);
}

static gboolean
check_part (JsonObject *object, const char *name, const KarezJsonField *fields, GError **error)
{
  GError *local = NULL;
  g_autofree char *pointer = NULL;

  if (!json_object_has_member (object, name) || json_object_get_null_member (object, name)
      || karez_json_check (json_object_get_member (object, name), fields, &local) != NULL)
    return TRUE;
  pointer = g_strdup_printf (
      "/%s%s", name,
      karez_error_get_pointer (local) != NULL ? karez_error_get_pointer (local) : "");
  karez_error_set_pointer (local, pointer);
  g_propagate_error (error, local);
  return FALSE;
}

static JsonObject *
check_body (JsonNode *body, const KarezJsonField *fields, GError **error)
{
  JsonObject *object = karez_json_check (body, fields, error);

  if (object == NULL || !check_part (object, "names", names_fields, error)
      || !check_part (object, "detail", detail_fields, error))
    return NULL;
  return object;
}

gboolean
hub_agenda_check_resource (JsonNode *body, GError **error)
{
  return check_body (body, add_fields, error) != NULL;
}

/* A member that is an object, as text for a statement. */
static char *
member_text (JsonObject *object, const char *name)
{
  if (!json_object_has_member (object, name) || json_object_get_null_member (object, name))
    return NULL;
  return karez_json_print (json_object_get_member (object, name));
}

static void
announce (HubAgenda *self, KarezTransaction *transaction, const char *id, const char *kind,
          const char *names, const char *detail, gboolean active, gint64 version)
{
  g_autoptr (JsonNode) list = karez_peers_list (self->peers);
  JsonArray *items = json_node_get_array (list);

  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *peer = json_array_get_object_element (items, i);

      if (g_strcmp0 (karez_json_text (peer, "state"), "revoked") != 0)
        karez_transaction_post (transaction, karez_json_text (peer, "id"), KAREZ_LANE_AGENDA,
                                "agenda.resource",
                                karez_json_object ("id", "s", id, "kind", "s", kind, "names", "n",
                                                   json_from_string (names, NULL), "detail", "n",
                                                   json_from_string (detail, NULL), "active", "b",
                                                   active, "version", "i", version, NULL));
    }
}

/* ── own resources ──────────────────────────────────────────────────────────────────────────── */

static void
on_added (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Change *change = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (karez_transaction_commit_finish (change->transaction, result, &error))
    g_task_return_pointer (task, g_strdup (change->id), g_free);
  else if (g_strcmp0 (karez_error_get_rule (error), "database/resource_pkey") == 0)
    g_task_return_error (task,
                         karez_error_new (KAREZ_ERROR_CONFLICT, "agenda/exists", N_ ("A new id"),
                                          N_ ("There is a resource of this id already")));
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
hub_agenda_add_resource_async (HubAgenda *self, KarezTransaction *transaction, JsonNode *body,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GError *error = NULL;
  JsonObject *object = check_body (body, add_fields, &error);
  g_autofree char *names = NULL;
  g_autofree char *detail = NULL;
  const char *id, *kind;
  Change *change;

  g_task_set_source_tag (task, hub_agenda_add_resource_async);
  if (object == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  change = g_new0 (Change, 1);
  g_task_set_task_data (task, change, change_free);
  change->transaction = g_object_ref (transaction);
  change->id = g_strdup (karez_json_text (object, "id"));
  id = change->id;
  kind = karez_json_text (object, "kind");
  names = member_text (object, "names");
  detail = member_text (object, "detail");
  karez_transaction_run_one (transaction, "agenda/person", N_ ("There is no such person"),
                             "resource_insert", "(ssssmsms)", id, self->hub, kind, names, detail,
                             karez_json_text (object, "person"));
  karez_transaction_event (transaction, "resource.add", "resource", id,
                           karez_json_object ("kind", "s", kind, NULL));
  announce (self, transaction, id, kind, names, detail != NULL ? detail : "{}", TRUE, 1);
  karez_transaction_commit_async (transaction, cancellable, on_added, g_steal_pointer (&task));
}

char *
hub_agenda_add_resource_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_agenda_add_resource_async), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  if (karez_transaction_commit_finish (change->transaction, result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* The version that was read guards what is written over it. */
static void
commit_change (HubAgenda *self, GTask *task, KarezRows *rows)
{
  Change *change = g_task_get_task_data (task);
  JsonObject *object = json_node_get_object (change->body);
  gint64 version = karez_rows_integer (rows, 0, "version");
  gboolean active = json_object_has_member (object, "active")
                            && !json_object_get_null_member (object, "active")
                        ? karez_json_boolean (object, "active")
                        : karez_rows_boolean (rows, 0, "active");
  g_autofree char *names = member_text (object, "names");
  g_autofree char *detail = member_text (object, "detail");

  if (names == NULL)
    names = g_strdup (karez_rows_text (rows, 0, "names"));
  if (detail == NULL)
    detail = g_strdup (karez_rows_text (rows, 0, "detail"));
  karez_transaction_run_one (change->transaction, "agenda/changed",
                             N_ ("Somebody else has just changed the resource; look at it again"),
                             "resource_update", "(ssssbx)", change->id, self->hub, names, detail,
                             active, version);
  karez_transaction_event (change->transaction, "resource.change", "resource", change->id,
                           karez_json_object ("active", "b", active, NULL));
  announce (self, change->transaction, change->id, karez_rows_text (rows, 0, "kind"), names, detail,
            active && karez_rows_boolean (rows, 0, "person_active"), version + 1);
  karez_transaction_commit_async (change->transaction, g_task_get_cancellable (task), on_changed,
                                  task);
}

static void
on_change_read (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  HubAgenda *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL
      && (karez_rows_get_count (rows) == 0
          || !g_str_equal (karez_rows_text (rows, 0, "hub"), self->hub)))
    error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "agenda/unknown-resource",
                             N_ ("A resource of this hospital"),
                             N_ ("This hospital has no such resource"));
  if (error == NULL)
    {
      commit_change (self, task, rows);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

void
hub_agenda_change_resource_async (HubAgenda *self, KarezTransaction *transaction, const char *id,
                                  JsonNode *body, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  GError *error = NULL;
  Change *change;

  g_task_set_source_tag (task, hub_agenda_change_resource_async);
  if (check_body (body, change_fields, &error) == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (!hub_booking_is_id (id))
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_NOT_FOUND, "agenda/unknown-resource",
                                                  N_ ("A resource of this hospital"),
                                                  N_ ("This hospital has no such resource")));
      return;
    }
  change = g_new0 (Change, 1);
  g_task_set_task_data (task, change, change_free);
  change->transaction = g_object_ref (transaction);
  change->id = g_strdup (id);
  change->body = json_node_ref (body);
  karez_store_query_async (hub_agenda_scope (self), "resource_by_id", g_variant_new ("(s)", id),
                           cancellable, on_change_read, g_steal_pointer (&task));
}

gboolean
hub_agenda_change_resource_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_agenda_change_resource_async), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ── their people ───────────────────────────────────────────────────────────────────────────── */

static void
on_people_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  /* Somebody has just changed it: the next look finds it. */
  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    hub_warning ("agenda", NULL, "a resource's person could not be told of: %s", error->message);
}

static void
tell_person (HubAgenda *self, KarezRows *rows, guint row)
{
  g_autoptr (KarezActor)
      hub = karez_actor_new (KAREZ_ACTOR_HUB, "agenda", "agenda", NULL, NULL, NULL);
  g_autoptr (KarezTransaction) t = karez_store_begin (hub_agenda_scope (self), hub);
  const char *id = karez_rows_text (rows, row, "id");
  gint64 version = karez_rows_integer (rows, row, "version");
  gboolean active = karez_rows_boolean (rows, row, "active");

  karez_transaction_run_one (t, "agenda/changed", N_ ("The resource has just been changed"),
                             "resource_told", "(sbx)", id,
                             karez_rows_boolean (rows, row, "person_active"), version);
  karez_transaction_event (t, "resource.change", "resource", id,
                           karez_json_object ("active", "b", active, "person", "b", TRUE, NULL));
  announce (self, t, id, karez_rows_text (rows, row, "kind"), karez_rows_text (rows, row, "names"),
            karez_rows_text (rows, row, "detail"), active, version + 1);
  karez_transaction_commit_async (t, self->cancellable, on_people_told, NULL);
}

static void
on_stale (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (HubAgenda) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        hub_warning ("agenda", NULL, "the people of resources could not be read: %s",
                     error->message);
      return;
    }
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    tell_person (self, rows, i);
}

void
hub_agenda_people_changed (HubAgenda *self)
{
  g_return_if_fail (HUB_IS_AGENDA (self));

  karez_store_query_async (hub_agenda_scope (self), "resource_stale",
                           g_variant_new ("(s)", self->hub), self->cancellable, on_stale,
                           g_object_ref (self));
}
