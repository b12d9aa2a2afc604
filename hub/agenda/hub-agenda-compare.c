/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether two hospitals have booked the same: after one of them went back to a backup. */
#include "hub-agenda-compare.h"

#include "hub-agenda-private.h"
#include "hub-booking.h"
#include "hub-catalogue.h"
#include "hub-clock.h"

#include <string.h>

#define FEED "agenda.bookings"
#define PAGE 100
#define MAX_BOOKINGS 2000
/* A partner may tell them in smaller pages, but neither one by one nor for hours. */
#define MAX_PAGES 40
#define MAX_TIME (15 * G_USEC_PER_SEC)
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

/* One pass through a partner's feed, which answers all who asked before it began. */
typedef struct
{
  HubAgenda *agenda;
  char *peer, *cursor;
  JsonNode *theirs;
  GPtrArray *asked, *waiting; /* GTask; those that wait have the next pass */
  gint64 began;
  guint n_pages;
  gboolean more;
} Comparison;

static void
comparison_free (gpointer data)
{
  Comparison *self = data;

  g_object_unref (self->agenda);
  g_free (self->peer);
  g_free (self->cursor);
  json_node_unref (self->theirs);
  g_ptr_array_unref (self->asked);
  g_ptr_array_unref (self->waiting);
  g_free (self);
}

static void pull (Comparison *self);

static JsonNode *
new_array (void)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, json_array_new ());
  return node;
}

/* @asked: (transfer full) */
static void
comparison_begin (HubAgenda *agenda, const char *peer, GPtrArray *asked)
{
  Comparison *self = g_new0 (Comparison, 1);

  self->agenda = g_object_ref (agenda);
  self->peer = g_strdup (peer);
  self->theirs = new_array ();
  self->asked = asked;
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  self->began = hub_clock_monotonic ();
  g_hash_table_replace (agenda->comparing, g_strdup (peer), self);
  pull (self);
}

static JsonNode *
copy_state (KarezRows *rows, guint i, const char *column)
{
  const char *state = karez_rows_text (rows, i, column);
  JsonNode *node = json_node_new (state != NULL ? JSON_NODE_VALUE : JSON_NODE_NULL);

  if (state != NULL)
    json_node_set_string (node, state);
  return node;
}

static JsonNode *
describe_differences (KarezRows *rows, gboolean more)
{
  JsonNode *items = new_array ();

  for (guint i = 0; i < karez_rows_get_count (rows); i++)
    {
      JsonNode *item = describe (rows, i);

      json_object_set_member (json_node_get_object (item), "here", copy_state (rows, i, "here"));
      json_object_set_member (json_node_get_object (item), "there", copy_state (rows, i, "there"));
      json_array_add_element (json_node_get_array (items), item);
    }
  return karez_json_object ("items", "n", items, "more", "b", more, NULL);
}

/* @rows: (nullable): NULL with @error. Whoever asked gets an answer of his own, to leave out what
 * he may not see. */
static void
comparison_end (Comparison *self, KarezRows *rows, const GError *error)
{
  g_hash_table_remove (self->agenda->comparing, self->peer);
  if (self->waiting->len > 0)
    comparison_begin (self->agenda, self->peer, g_ptr_array_ref (self->waiting));
  for (guint i = 0; i < self->asked->len; i++)
    if (rows != NULL)
      g_task_return_pointer (self->asked->pdata[i], describe_differences (rows, self->more),
                             (GDestroyNotify) json_node_unref);
    else
      g_task_return_error (self->asked->pdata[i], g_error_copy (error));
  comparison_free (self);
}

static void
on_differences (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  comparison_end (data, rows, error);
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

/* Whether the next page may be asked for. */
static gboolean
check_pace (Comparison *self, GError **error)
{
  if (self->n_pages >= MAX_PAGES)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "agenda/page",
                            N_ ("All bookings in at most 40 pages"),
                            N_ ("The feed of bookings has too little on a page"));
  if (hub_clock_monotonic () - self->began > MAX_TIME)
    return karez_error_set (error, KAREZ_ERROR_TIMEOUT, "agenda/slow", NULL,
                            N_ ("The other hospital takes too long to tell its bookings"));
  return TRUE;
}

static gboolean
is_whole (Comparison *self)
{
  return !self->more || json_array_get_length (json_node_get_array (self->theirs)) >= MAX_BOOKINGS;
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  Comparison *self = data;
  HubAgenda *agenda = self->agenda;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) page = karez_peers_pull_finish (KAREZ_PEERS (source), result, &error);
  g_autofree char *theirs = NULL;

  self->n_pages++;
  if (page == NULL || !take_page (self, page, &error)
      || (!is_whole (self) && !check_pace (self, &error)))
    {
      comparison_end (self, NULL, error);
      return;
    }
  if (!is_whole (self))
    {
      pull (self);
      return;
    }
  theirs = karez_json_print (self->theirs);
  karez_store_query_async (
      hub_agenda_scope (agenda), "booking_differences",
      g_variant_new ("(sssms)", agenda->hub, self->peer, theirs, self->more ? self->cursor : NULL),
      agenda->cancellable, on_differences, self);
}

static void
pull (Comparison *self)
{
  karez_peers_pull_async (self->agenda->peers, self->peer, FEED, self->cursor, PAGE,
                          self->agenda->cancellable, on_page, self);
}

void
hub_agenda_compare_async (HubAgenda *self, const char *peer, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, cancellable, callback, data);
  Comparison *running = g_hash_table_lookup (self->comparing, peer);
  GPtrArray *asked;

  g_task_set_source_tag (task, hub_agenda_compare_async);
  if (running != NULL)
    {
      g_ptr_array_add (running->waiting, task);
      return;
    }
  asked = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (asked, task);
  comparison_begin (self, peer, asked);
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
