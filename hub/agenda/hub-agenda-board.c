/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both hospitals have between two moments, for GET /board. */
#include "hub-agenda-board.h"

#include "hub-agenda-private.h"
#include "hub-booking.h"
#include "hub-catalogue.h"
#include "hub-clock.h"

#define WIDEST (31 * G_TIME_SPAN_DAY)

typedef struct
{
  gint64 from, to;
  guint waiting; /* for how many of the three questions */
  JsonNode *hubs, *resources, *bookings;
  gboolean more; /* bookings than the list has */
  GError *error; /* the first */
} Board;

static void
board_free (gpointer data)
{
  Board *board = data;

  g_clear_pointer (&board->hubs, json_node_unref);
  g_clear_pointer (&board->resources, json_node_unref);
  g_clear_pointer (&board->bookings, json_node_unref);
  g_clear_error (&board->error);
  g_free (board);
}

static JsonNode *
copy_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL ? json_node_copy (node) : NULL;
}

/* This hub and its partners, as they stand now. */
static JsonNode *
make_hubs (HubAgenda *self, KarezRows *rows)
{
  g_autoptr (JsonNode) list = karez_peers_list (self->peers);
  JsonArray *peers = json_node_get_array (list);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *hubs = json_array_new ();

  json_node_take_array (node, hubs);
  json_array_add_element (hubs, karez_json_object ("id", "s", self->hub, "names", "n",
                                                   karez_rows_get_count (rows) > 0
                                                       ? karez_rows_json (rows, 0, "names")
                                                       : NULL,
                                                   "own", "b", TRUE, "state", "s", "up", NULL));
  for (guint i = 0; i < json_array_get_length (peers); i++)
    {
      JsonObject *peer = json_array_get_object_element (peers, i);

      if (g_strcmp0 (karez_json_text (peer, "state"), "revoked") != 0)
        json_array_add_element (
            hubs, karez_json_object (
                      "id", "s", karez_json_text (peer, "id"), "name", "s",
                      karez_json_text (peer, "name"), "names", "n", copy_member (peer, "names"),
                      "own", "b", FALSE, "state", "s", karez_json_text (peer, "state"), "since",
                      "n", copy_member (peer, "since"), "rtt_ms", "n", copy_member (peer, "rtt_ms"),
                      "restored", "n", copy_member (peer, "restored"), NULL));
    }
  return node;
}

static void
board_done (GTask *task, GError *error)
{
  g_autoptr (GTask) owned = task;
  Board *board = g_task_get_task_data (task);
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  JsonNode *body;

  if (error != NULL && board->error == NULL)
    board->error = error;
  else
    g_clear_error (&error);
  if (--board->waiting > 0)
    return;
  if (board->error != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&board->error));
      return;
    }
  from = hub_time_format (board->from);
  to = hub_time_format (board->to);
  body = karez_json_object ("from", "s", from, "to", "s", to, "hubs", "n",
                            g_steal_pointer (&board->hubs), "resources", "n",
                            g_steal_pointer (&board->resources), "bookings", "n",
                            g_steal_pointer (&board->bookings), NULL);
  if (board->more)
    json_object_set_boolean_member (json_node_get_object (body), "more", TRUE);
  g_task_return_pointer (task, body, (GDestroyNotify) json_node_unref);
}

static void
on_hubs (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Board *board = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL)
    board->hubs = make_hubs (g_task_get_source_object (task), rows);
  board_done (task, error);
}

static void
on_resources (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Board *board = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL)
    board->resources = karez_rows_json (rows, 0, "items");
  board_done (task, error);
}

static void
on_bookings (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Board *board = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL)
    {
      board->bookings = karez_rows_json (rows, 0, "items");
      board->more = karez_rows_boolean (rows, 0, "more");
    }
  board_done (task, error);
}

static GError *
read_span (Board *board, const char *from, const char *to)
{
  gint64 now = hub_clock_now ();
  GError *error;

  board->from = now - 12 * G_TIME_SPAN_HOUR;
  board->to = now + 24 * G_TIME_SPAN_HOUR;
  if ((from != NULL && !hub_time_parse (from, &board->from))
      || (to != NULL && !hub_time_parse (to, &board->to)))
    error = karez_error_new (KAREZ_ERROR_INVALID, "agenda/time",
                             N_ ("RFC 3339, like 2026-11-24T06:30:00Z"),
                             N_ ("A time of the board cannot be read"));
  else if (board->to <= board->from || board->to - board->from > WIDEST)
    error = karez_error_new (KAREZ_ERROR_INVALID, "agenda/span",
                             N_ ("An end after the start, at most 31 days later"),
                             N_ ("The board cannot show such a span"));
  else
    return NULL;
  return error;
}

void
hub_agenda_board_async (HubAgenda *self, const char *from, const char *to, gboolean open,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  Board *board = g_new0 (Board, 1);
  KarezStore *scope = hub_agenda_scope (self);
  GError *error = read_span (board, from, to);
  g_autofree char *start = NULL;
  g_autofree char *end = NULL;
  g_auto (GStrv) hubs = NULL;

  g_task_set_source_tag (task, hub_agenda_board_async);
  g_task_set_task_data (task, board, board_free);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  hubs = hub_agenda_hubs (self);
  start = hub_time_format (board->from);
  end = hub_time_format (board->to);
  board->waiting = 3;
  karez_store_query_async (scope, "hub_names", NULL, cancellable, on_hubs, g_object_ref (task));
  karez_store_query_async (scope, "resource_list", g_variant_new ("(^as)", hubs), cancellable,
                           on_resources, g_object_ref (task));
  karez_store_query_async (scope, "board_bookings", g_variant_new ("(ssb)", start, end, open),
                           cancellable, on_bookings, g_object_ref (task));
}

JsonNode *
hub_agenda_board_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_agenda_board_async), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_list (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (
        task, karez_json_object ("items", "n", karez_rows_json (rows, 0, "items"), NULL),
        (GDestroyNotify) json_node_unref);
}

void
hub_agenda_list_resources_async (HubAgenda *self, const char *hub, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_auto (GStrv) hubs = hub_agenda_hubs (self);
  const char *one[] = { hub, NULL };

  g_task_set_source_tag (task, hub_agenda_list_resources_async);
  if (hub != NULL
      && (!hub_booking_is_id (hub) || !g_strv_contains ((const char *const *) hubs, hub)))
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_INVALID, "agenda/partner",
                                                N_ ("This hospital or a paired one"),
                                                N_ ("There is no such hospital")));
  else
    karez_store_query_async (hub_agenda_scope (self), "resource_list",
                             g_variant_new ("(^as)", hub != NULL ? (GStrv) one : hubs), cancellable,
                             on_list, g_steal_pointer (&task));
}

JsonNode *
hub_agenda_list_resources_finish (HubAgenda *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_agenda_list_resources_async), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
