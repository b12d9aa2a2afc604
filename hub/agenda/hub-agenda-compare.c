/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether two hospitals have booked the same: after one of them went back to a backup. */
#include "hub-agenda-compare.h"

#include "hub-agenda-private.h"
#include "hub-booking.h"
#include "hub-catalogue.h"

#include <string.h>

#define FEED "agenda.bookings"
#define PAGE 100
#define MAX_BOOKINGS 2000
#define FIRST "00000000-0000-0000-0000-000000000000"

/* ── our feed ───────────────────────────────────────────────────────────────────────────────── */

static JsonNode *
describe (KarezRows *rows, guint i)
{
  return karez_json_object ("id", "s", karez_rows_text (rows, i, "id"), "modality", "s",
                            karez_rows_text (rows, i, "modality"), "title", "s",
                            karez_rows_text (rows, i, "title"), "urgency", "s",
                            karez_rows_text (rows, i, "urgency"), "requester", "s",
                            karez_rows_text (rows, i, "requester"), "starts_at", "s",
                            karez_rows_text (rows, i, "starts_at"), "ends_at", "s",
                            karez_rows_text (rows, i, "ends_at"), NULL);
}

static void
on_feed_rows (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  guint limit = GPOINTER_TO_UINT (g_task_get_task_data (task));
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  JsonNode *items;
  guint n;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  n = karez_rows_get_count (rows);
  items = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (items, json_array_new ());
  for (guint i = 0; i < n; i++)
    {
      JsonNode *item = describe (rows, i);

      json_object_set_string_member (json_node_get_object (item), "state",
                                     karez_rows_text (rows, i, "state"));
      json_array_add_element (json_node_get_array (items), item);
    }
  g_task_return_pointer (task,
                         karez_json_object ("items", "n", items, "cursor", "s",
                                            n > 0 ? karez_rows_text (rows, n - 1, "id") : FIRST,
                                            "more", "b", n == limit, NULL),
                         (GDestroyNotify) json_node_unref);
}

static void
on_feed (const char *peer, const char *cursor, guint limit, GTask *task, gpointer data)
{
  g_autoptr (GTask) owned = task;
  g_autoptr (HubAgenda) self = hub_agenda_weak_get (data, task);

  if (self == NULL)
    return;
  if (cursor != NULL && !hub_booking_is_id (cursor))
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "agenda/cursor",
                                                  N_ ("The cursor of the page before, or none"),
                                                  N_ ("The cursor is not one of this feed")));
      return;
    }
  limit = CLAMP (limit, 1, PAGE);
  g_task_set_task_data (task, GUINT_TO_POINTER (limit), NULL);
  karez_store_query_async (
      hub_agenda_scope (self), "booking_feed",
      g_variant_new ("(sssx)", self->hub, peer, cursor != NULL ? cursor : FIRST, (gint64) limit),
      NULL, on_feed_rows, g_steal_pointer (&owned));
}

/* ── a partner's ────────────────────────────────────────────────────────────────────────────── */

static const KarezJsonField page_fields[] = {
  { "items", KAREZ_JSON_ARRAY, TRUE, 0, PAGE },
  { "cursor", KAREZ_JSON_UUID, TRUE },
  { "more", KAREZ_JSON_BOOLEAN, TRUE },
  { NULL },
};
static const KarezJsonField item_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "modality", KAREZ_JSON_TEXT, TRUE, 1, 64 },
  { "title", KAREZ_JSON_NAME, TRUE, 1, 200 },
  { "urgency", KAREZ_JSON_ENUM, TRUE, 0, 0, "T0|T1|T2|T3" },
  { "requester", KAREZ_JSON_UUID, TRUE },
  { "starts_at", KAREZ_JSON_TIME, TRUE },
  { "ends_at", KAREZ_JSON_TIME, TRUE },
  { "state", KAREZ_JSON_ENUM, TRUE, 0, 0,
    "requested|withdrawing|confirmed|declined|cancelled|completed" },
  { NULL },
};

typedef struct
{
  char *peer, *cursor;
  JsonNode *theirs;
  gboolean more;
} Comparison;

static void
comparison_free (gpointer data)
{
  Comparison *self = data;

  g_free (self->peer);
  g_free (self->cursor);
  json_node_unref (self->theirs);
  g_free (self);
}

static void pull (GTask *task);

static JsonNode *
copy_state (KarezRows *rows, guint i, const char *column)
{
  const char *state = karez_rows_text (rows, i, column);
  JsonNode *node = json_node_new (state != NULL ? JSON_NODE_VALUE : JSON_NODE_NULL);

  if (state != NULL)
    json_node_set_string (node, state);
  return node;
}

static void
on_differences (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Comparison *comparison = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  JsonNode *items;

  if (rows == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  items = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (items, json_array_new ());
  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      JsonNode *item = describe (rows, i);

      json_object_set_member (json_node_get_object (item), "here", copy_state (rows, i, "here"));
      json_object_set_member (json_node_get_object (item), "there", copy_state (rows, i, "there"));
      json_array_add_element (json_node_get_array (items), item);
    }
  g_task_return_pointer (
      task, karez_json_object ("items", "n", items, "more", "b", comparison->more, NULL),
      (GDestroyNotify) json_node_unref);
}

/* Adds a page's items to what was read; the cursor has to get on. */
static gboolean
take_page (Comparison *self, JsonNode *page, GError **error)
{
  JsonObject *object = karez_json_check (page, page_fields, error);
  JsonArray *items, *theirs = json_node_get_array (self->theirs);
  const char *cursor;

  if (object == NULL)
    return FALSE;
  items = json_object_get_array_member (object, "items");
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonNode *item = json_array_get_element (items, i);

      if (karez_json_check (item, item_fields, error) == NULL)
        return FALSE;
      json_array_add_element (theirs, json_node_copy (item));
    }
  cursor = karez_json_text (object, "cursor");
  self->more = karez_json_boolean (object, "more");
  if (self->more
      && (json_array_get_length (items) == 0
          || (self->cursor != NULL && strcmp (cursor, self->cursor) <= 0)))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "agenda/page",
                            N_ ("At least one item and another cursor where more follows"),
                            N_ ("The feed of bookings does not get on"));
  g_free (self->cursor);
  self->cursor = g_strdup (cursor);
  return TRUE;
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubAgenda *self = g_task_get_source_object (task);
  Comparison *comparison = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (JsonNode) page = karez_peers_pull_finish (KAREZ_PEERS (source), result, &error);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autofree char *theirs = NULL;

  if (page == NULL || !take_page (comparison, page, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (comparison->more
      && json_array_get_length (json_node_get_array (comparison->theirs)) < MAX_BOOKINGS)
    {
      pull (g_steal_pointer (&task));
      return;
    }
  theirs = karez_json_print (comparison->theirs);
  karez_store_query_async (hub_agenda_scope (self), "booking_differences",
                           g_variant_new ("(sss)", self->hub, comparison->peer, theirs),
                           cancellable, on_differences, g_steal_pointer (&task));
}

/* @task: (transfer full) */
static void
pull (GTask *task)
{
  HubAgenda *self = g_task_get_source_object (task);
  Comparison *comparison = g_task_get_task_data (task);

  karez_peers_pull_async (self->peers, comparison->peer, FEED, comparison->cursor, PAGE,
                          g_task_get_cancellable (task), on_page, task);
}

void
hub_agenda_compare_async (HubAgenda *self, const char *peer, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  Comparison *comparison = g_new0 (Comparison, 1);

  g_task_set_source_tag (task, hub_agenda_compare_async);
  comparison->peer = g_strdup (peer);
  comparison->theirs = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (comparison->theirs, json_array_new ());
  g_task_set_task_data (task, comparison, comparison_free);
  pull (task);
}

JsonNode *
hub_agenda_compare_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_agenda_compare_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
hub_agenda_handle_comparison (HubAgenda *self, GError **error)
{
  return karez_peers_serve_feed (self->peers, FEED, on_feed, hub_agenda_weak_new (self),
                                 hub_agenda_weak_free, error);
}
