/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Registers /board, /resources and /bookings. */
#include "hub-agenda-routes.h"

#include "hub-agenda-board.h"
#include "hub-agenda-compare.h"
#include "hub-agenda-private.h"
#include "hub-agenda-resources.h"
#include "hub-booking-act.h"
#include "hub-booking-request.h"
#include "hub-booking.h"

/* What a handler keeps until the answer. */
typedef struct
{
  KarezRequest *request;
  KarezTransaction *transaction; /* NULL for a read */
  guint status;
} Pending;

static Pending *
pending_new (KarezRequest *request, KarezTransaction *transaction, guint status)
{
  Pending *self = g_new0 (Pending, 1);

  self->request = g_object_ref (request);
  self->transaction = transaction != NULL ? g_object_ref (transaction) : NULL;
  self->status = status;
  return self;
}

static void
pending_free (Pending *self)
{
  g_object_unref (self->request);
  g_clear_object (&self->transaction);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pending, pending_free)

/* What a hub answered by itself is a sentence of the catalogues. */
static void
say_answer (KarezRequest *request, JsonObject *booking)
{
  const char *answer = karez_json_text (booking, "answer");

  if (answer != NULL && g_strcmp0 (karez_json_text (booking, "state"), "declined") == 0
      && karez_json_text (booking, "answered_by") == NULL)
    json_object_set_string_member (booking, "answer", karez_request_translate (request, answer));
}

static void
say_answers (KarezRequest *request, JsonObject *object)
{
  JsonArray *bookings = json_object_has_member (object, "bookings")
                            ? json_object_get_array_member (object, "bookings")
                            : NULL;

  if (bookings == NULL)
    say_answer (request, object);
  for (guint i = 0; bookings != NULL && i < json_array_get_length (bookings); i++)
    say_answer (request, json_array_get_object_element (bookings, i));
}

/* A booking, or a board of them, as @request's person may see it. @body: (transfer full)
 * (nullable). Returns: (transfer full) */
static JsonNode *
seen_by (KarezRequest *request, JsonNode *body)
{
  g_autoptr (JsonNode) whole = body;
  JsonObject *object = body != NULL && JSON_NODE_HOLDS_OBJECT (body) ? json_node_get_object (body)
                                                                     : NULL;
  JsonArray *bookings;
  JsonArray *seen;

  if (object != NULL)
    say_answers (request, object);
  if (object == NULL || karez_request_may (request, "patient.read"))
    return g_steal_pointer (&whole);
  if (json_object_has_member (object, "reason"))
    return karez_booking_conceal (body);
  if (!json_object_has_member (object, "bookings"))
    return g_steal_pointer (&whole);
  bookings = json_object_get_array_member (object, "bookings");
  seen = json_array_new ();
  for (guint i = 0; i < json_array_get_length (bookings); i++)
    json_array_add_element (seen, karez_booking_conceal (json_array_get_element (bookings, i)));
  json_object_set_array_member (object, "bookings", seen);
  return g_steal_pointer (&whole);
}

/* Answers with @body (transfer full) or with the error (transfer full). */
static void
answer (Pending *pending, JsonNode *body, GError *error)
{
  g_autoptr (Pending) self = pending;
  g_autoptr (GError) owned = error;

  if (error != NULL)
    karez_request_fail (self->request, error);
  else if (self->transaction != NULL && karez_transaction_is_repeated (self->transaction))
    {
      g_clear_pointer (&body, json_node_unref);
      karez_request_respond (self->request, 200, karez_json_object ("repeated", "b", TRUE, NULL));
    }
  else
    karez_request_respond (self->request, self->status, seen_by (self->request, body));
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────── */

static void
on_board (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  HubAgenda *self = HUB_AGENDA (source);
  JsonNode *body = hub_agenda_board_finish (self, result, &error);
  Pending *pending = data;

  if (body == NULL || !karez_request_may (pending->request, "patient.read"))
    {
      answer (pending, body, error);
      return;
    }
  say_answers (pending->request, json_node_get_object (body));
  karez_request_respond_view (pending->request, self->audit, "board.read", NULL, NULL, body);
  pending_free (pending);
}

static void
get_board (KarezRequest *request, gpointer data)
{
  hub_agenda_board_async (data, karez_request_get_query (request, "from"),
                          karez_request_get_query (request, "to"),
                          g_strcmp0 (karez_request_get_query (request, "open"), "true") == 0, NULL,
                          on_board, pending_new (request, NULL, 200));
}

static void
on_resources (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  JsonNode *body = hub_agenda_list_resources_finish (HUB_AGENDA (source), result, &error);

  answer (data, body, error);
}

static void
get_resources (KarezRequest *request, gpointer data)
{
  hub_agenda_list_resources_async (data, karez_request_get_query (request, "hub"), NULL,
                                   on_resources, pending_new (request, NULL, 200));
}

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  HubAgenda *self = HUB_AGENDA (source);
  Pending *pending = data;
  GError *error = NULL;
  JsonNode *body = karez_agenda_get_booking_finish (KAREZ_AGENDA (self), result, &error);

  if (body == NULL || !karez_request_may (pending->request, "patient.read"))
    {
      answer (pending, body, error);
      return;
    }
  say_answers (pending->request, json_node_get_object (body));
  /* Somebody reads about a patient: the event first, then the bytes. */
  karez_request_respond_read (pending->request, self->audit, "booking.read",
                              karez_json_text (json_node_get_object (body), "id"),
                              karez_json_text (json_node_get_object (body), "patient"), body);
  pending_free (pending);
}

static void
get_booking (KarezRequest *request, gpointer data)
{
  karez_agenda_get_booking_async (data, karez_request_get_path_part (request, "id"), NULL,
                                  on_booking, pending_new (request, NULL, 200));
}

/* ── resources ──────────────────────────────────────────────────────────────────────────────── */

static void
on_resource_added (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  g_autofree char *id = hub_agenda_add_resource_finish (HUB_AGENDA (source), result, &error);

  answer (data, id != NULL ? karez_json_object ("id", "s", id, NULL) : NULL, error);
}

static void
post_resource (KarezRequest *request, gpointer data)
{
  g_autoptr (KarezTransaction) transaction = karez_request_begin (request, hub_agenda_scope (data));

  hub_agenda_add_resource_async (data, transaction, karez_request_get_body (request), NULL,
                                 on_resource_added, pending_new (request, transaction, 201));
}

static void
on_resource_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;

  hub_agenda_change_resource_finish (HUB_AGENDA (source), result, &error);
  answer (data, NULL, error);
}

static void
put_resource (KarezRequest *request, gpointer data)
{
  g_autoptr (KarezTransaction) transaction = karez_request_begin (request, hub_agenda_scope (data));

  hub_agenda_change_resource_async (data, transaction, karez_request_get_path_part (request, "id"),
                                    karez_request_get_body (request), NULL, on_resource_changed,
                                    pending_new (request, transaction, 204));
}

/* ── bookings ───────────────────────────────────────────────────────────────────────────────── */

static void
on_requested (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  JsonNode *body = hub_booking_change_finish (HUB_BOOKING_CHANGE (source), result, &error);

  answer (data, body, error);
}

static void
post_booking (KarezRequest *request, gpointer data)
{
  g_autoptr (KarezTransaction) transaction = karez_request_begin (request, hub_agenda_scope (data));

  hub_booking_request_async (data, transaction, karez_request_get_body (request), NULL,
                             on_requested, pending_new (request, transaction, 201));
}

static void
on_acted (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  JsonNode *body = hub_booking_change_finish (HUB_BOOKING_CHANGE (source), result, &error);

  answer (data, body, error);
}

static const KarezJsonField accept_fields[] = {
  { "resources", KAREZ_JSON_ARRAY, FALSE, 0, 1000 },
  { "answer", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { NULL },
};
static const KarezJsonField reason_fields[] = {
  { "answer", KAREZ_JSON_TEXT, TRUE, 1, 4000 },
  { NULL },
};
static const KarezJsonField optional_fields[] = {
  { "answer", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { NULL },
};

static void
post_act (KarezRequest *request, HubAgenda *self, HubAct act, const KarezJsonField *fields)
{
  g_autoptr (KarezTransaction) transaction = NULL;
  g_auto (GStrv) resources = NULL;
  g_autoptr (GError) error = NULL;
  JsonObject *body = NULL;

  if (karez_request_get_body (request) != NULL || fields == reason_fields)
    {
      body = karez_request_check_body (request, fields);
      if (body == NULL)
        return;
    }
  if (body != NULL && json_object_has_member (body, "resources")
      && !json_object_get_null_member (body, "resources"))
    {
      resources = hub_booking_ids (body, "resources", HUB_BOOKING_MAX_RESOURCES, &error);
      if (resources == NULL)
        {
          karez_request_fail (request, error);
          return;
        }
    }
  transaction = karez_request_begin (request, hub_agenda_scope (self));
  hub_booking_act_async (self, transaction, act, karez_request_get_path_part (request, "id"),
                         (const char *const *) resources,
                         body != NULL ? karez_json_text (body, "answer") : NULL, NULL, on_acted,
                         pending_new (request, transaction, 200));
}

static void
post_accept (KarezRequest *request, gpointer data)
{
  gboolean all = karez_request_may (request, "booking.answer");

  post_act (request, data, all ? HUB_ACT_ACCEPT : HUB_ACT_ANSWER, accept_fields);
}

static void
post_decline (KarezRequest *request, gpointer data)
{
  post_act (request, data, HUB_ACT_DECLINE, reason_fields);
}

static void
post_withdraw (KarezRequest *request, gpointer data)
{
  post_act (request, data, HUB_ACT_WITHDRAW, optional_fields);
}

static void
post_cancel (KarezRequest *request, gpointer data)
{
  post_act (request, data, HUB_ACT_CANCEL, reason_fields);
}

static void
on_compared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) found = hub_agenda_compare_finish (HUB_AGENDA (source), result, &error);
  JsonArray *items;

  if (found == NULL)
    {
      karez_request_fail (request, error);
      return;
    }
  if (karez_request_may (request, "patient.read"))
    {
      /* What sessions are for, as on the board. */
      karez_request_respond_view (request, HUB_AGENDA (source)->audit, "board.read", NULL, NULL,
                                  g_steal_pointer (&found));
      return;
    }
  items = json_object_get_array_member (json_node_get_object (found), "items");
  for (guint i = 0; i < json_array_get_length (items); i++)
    json_object_set_null_member (json_array_get_object_element (items, i), "title");
  karez_request_respond (request, 200, g_steal_pointer (&found));
}

static void
get_differences (KarezRequest *request, gpointer data)
{
  hub_agenda_compare_async (data, karez_request_get_path_part (request, "id"), NULL, on_compared,
                            g_object_ref (request));
}

gboolean
hub_agenda_add_routes (HubAgenda *self, KarezRoutes *routes, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } table[] = {
    { "GET", "/board", "board.read", get_board },
    { "GET", "/peers/{id}/differences", "peers.read", get_differences },
    { "GET", "/resources", "board.read", get_resources },
    { "POST", "/resources", "resource.write", post_resource },
    { "PUT", "/resources/{id}", "resource.write", put_resource },
    { "POST", "/bookings", "booking.write", post_booking },
    { "GET", "/bookings/{id}", "board.read", get_booking },
    { "POST", "/bookings/{id}/accept", "emergency.answer", post_accept },
    { "POST", "/bookings/{id}/decline", "booking.answer", post_decline },
    { "POST", "/bookings/{id}/withdraw", "booking.write", post_withdraw },
    { "POST", "/bookings/{id}/cancel", "booking.write", post_cancel },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (!karez_routes_add (routes, table[i].method, table[i].path, table[i].permission,
                           table[i].func, g_object_ref (self), g_object_unref, error))
      return FALSE;
  return TRUE;
}
