/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests: history and question of a booking. */
#include "consult-requests.h"

#include <glib/gi18n.h>

#define SOON_SECONDS 1
#define LOOK_SECONDS 60
#define LOOK_REQUESTS 50
#define FIRST_ID "00000000-0000-0000-0000-000000000000"
#define TOPIC_REQUEST "consult.request"
#define TOPIC_ATTACHMENT "consult.attachment"

struct _ConsultRequests
{
  GObject parent_instance;

  ConsultHub *hub;
  guint timer;
  gboolean looking, again; /* from the question on; and once more after it */
  char *after;             /* the request after which it looks on */
};

G_DEFINE_FINAL_TYPE (ConsultRequests, consult_requests, G_TYPE_OBJECT)

/* One request of the API, or one sending, while it waits for the database. */
typedef struct
{
  ConsultRequests *self;
  KarezRequest *request; /* NULL for a sending */
  char *id;
  gboolean stale; /* of a sending: a draft that is old */
  JsonNode *booking;
} Work;

static Work *
work_new (ConsultRequests *self, KarezRequest *request, const char *id)
{
  Work *work = g_new0 (Work, 1);

  work->self = g_object_ref (self);
  work->request = request != NULL ? g_object_ref (request) : NULL;
  work->id = g_strdup (id);
  return work;
}

static void
work_free (Work *work)
{
  g_object_unref (work->self);
  g_clear_object (&work->request);
  g_clear_pointer (&work->booking, json_node_unref);
  g_free (work->id);
  g_free (work);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Work, work_free)

/* ── sending ────────────────────────────────────────────────────────────────────────────────── */

static void
on_sent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    return;
  /* Another sending was faster: what it did not see is still to be sent. */
  if (karez_error_is_conflict (error))
    consult_requests_send (work->self, work->id);
  else
    g_message ("%s: the request could not be sent yet: %s", work->id, error->message);
}

/* FALSE if nothing was posted: what is marked as sent here must not be kept then. */
static gboolean
post_request (Work *work, KarezTransaction *transaction, KarezRows *rows)
{
  gint64 version = karez_rows_integer (rows, 0, "version");
  const char *provider = consult_booking_text (work->booking, "provider");

  karez_transaction_run_one (transaction, "consult/sent", N_ ("This version was sent before"),
                             "request_sent", "(sis)", work->id, (gint32) version, provider);
  karez_transaction_event (transaction, "request.send", "request", work->id,
                           karez_json_object ("version", "i", version, NULL));
  return karez_peers_post (
      work->self->hub->peers, transaction, provider, consult_booking_lane (work->booking),
      TOPIC_REQUEST,
      karez_json_object ("booking", "s", work->id, "version", "i", version, "history", "s",
                         karez_rows_text (rows, 0, "history"), "question", "s",
                         karez_rows_text (rows, 0, "question"), "written_by", "s",
                         karez_rows_text (rows, 0, "written_by"), "written_at", "s",
                         karez_rows_text (rows, 0, "written_at"), "actor", "n",
                         karez_actor_to_json (karez_transaction_get_actor (transaction)), NULL));
}

static gboolean
post_attachment (Work *work, KarezTransaction *transaction, JsonNode *attachment)
{
  JsonNode *body = json_node_copy (attachment);
  JsonObject *object = json_node_get_object (body);
  const char *id = karez_json_text (object, "id");

  json_object_set_string_member (object, "booking", work->id);
  json_object_set_member (object, "actor",
                          karez_actor_to_json (karez_transaction_get_actor (transaction)));
  karez_transaction_run_one (transaction, "consult/sent", N_ ("This file was announced before"),
                             "attachment_sent", "(s)", id);
  karez_transaction_event (transaction, "attachment.send", "attachment", id, NULL);
  return karez_peers_post (work->self->hub->peers, transaction,
                           consult_booking_text (work->booking, "provider"),
                           consult_booking_lane (work->booking), TOPIC_ATTACHMENT, body);
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error)
      && !karez_error_is_conflict (error))
    g_message ("%s: the request could not be closed yet: %s", work->id, error->message);
}

/* What was not sent before the booking was called off is not looked for any more. */
static void
close_request (Work *work, KarezTransaction *transaction)
{
  karez_transaction_run_one (transaction, "consult/over", N_ ("The request was closed before"),
                             "request_close", "(s)", work->id);
  karez_transaction_event (transaction, "request.close", "request", work->id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_closed, work);
}

static void
on_unsent (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (JsonNode) attachments = NULL;
  gboolean posted = TRUE, changed;
  JsonArray *array;

  if (rows == NULL || karez_rows_get_count (rows) == 0)
    return;
  changed = karez_rows_integer (rows, 0, "sent_version") < karez_rows_integer (rows, 0, "version");
  attachments = karez_rows_json (rows, 0, "attachments");
  array = json_node_get_array (attachments);
  if (!changed && json_array_get_length (array) == 0)
    return;
  /* Who wrote it is on record with the writing; that it leaves is the hub's own act. */
  transaction = consult_hub_begin (work->self->hub);
  karez_transaction_about (transaction, work->id, consult_booking_text (work->booking, "patient"));
  if (consult_booking_was_called_off (work->booking))
    {
      close_request (g_steal_pointer (&work), transaction);
      return;
    }
  if (changed)
    posted = post_request (work, transaction, rows);
  for (guint i = 0; posted && i < json_array_get_length (array); i++)
    posted = post_attachment (work, transaction, json_array_get_element (array, i));
  /* While the hospitals are not paired it stays unsent: the next look finds it again. */
  if (!posted)
    return;
  karez_transaction_commit_async (transaction, NULL, on_sent, g_steal_pointer (&work));
}

static void
on_discarded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_message ("%s: the draft could not be removed: %s", work->id, error->message);
}

static void
on_discard (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (JsonNode) ids = NULL;
  JsonArray *array;

  if (rows == NULL)
    return;
  ids = karez_rows_json (rows, 0, "ids");
  array = json_node_get_array (ids);
  transaction = consult_hub_begin (work->self->hub);
  karez_transaction_about (transaction, work->id, NULL);
  karez_transaction_run (transaction, "parts_discard", "(s)", work->id);
  karez_transaction_run (transaction, "attachments_discard", "(s)", work->id);
  karez_transaction_run_one (transaction, "consult/sent", N_ ("The draft has become a request"),
                             "request_discard", "(s)", work->id);
  karez_transaction_event (transaction, "request.discard", "request", work->id, NULL);
  for (guint i = 0; i < json_array_get_length (array); i++)
    karez_transaction_event (transaction, "attachment.remove", "attachment",
                             json_array_get_string_element (array, i), NULL);
  karez_transaction_commit_async (transaction, NULL, on_discarded, g_steal_pointer (&work));
}

static void
on_booking_to_send (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  ConsultHub *hub = work->self->hub;
  const char *id = work->id;
  g_autoptr (GError) error = NULL;

  work->booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  /* One that is being withdrawn may go either way. */
  if (work->booking != NULL
      && !g_str_equal (consult_booking_text (work->booking, "state"), "withdrawing")
      && g_str_equal (consult_booking_text (work->booking, "requester"), hub->id))
    karez_store_query_async (hub->store, "request_unsent", g_variant_new ("(ss)", id, hub->id),
                             NULL, on_unsent, g_steal_pointer (&work));
  else if (karez_error_is_not_found (error) && work->stale)
    karez_store_query_async (hub->store, "attachment_ids", g_variant_new ("(s)", id), NULL,
                             on_discard, g_steal_pointer (&work));
}

static void
send_one (ConsultRequests *self, const char *id, gboolean stale)
{
  Work *work = work_new (self, NULL, id);

  work->stale = stale;
  karez_agenda_get_booking_async (self->hub->agenda, id, NULL, on_booking_to_send, work);
}

void
consult_requests_send (ConsultRequests *self, const char *id)
{
  send_one (self, id, FALSE);
}

static void
on_agenda_changed (KarezAgenda *agenda, const char *booking, ConsultRequests *self)
{
  consult_requests_send (self, booking);
}

static gboolean look (gpointer data);

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (ConsultRequests) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  guint count = rows != NULL ? karez_rows_get_count (rows) : 0;
  gboolean more = count == LOOK_REQUESTS;

  for (guint i = 0; i < count; i++)
    send_one (self, karez_rows_text (rows, i, "id"),
              karez_rows_boolean (rows, i, "stale") && karez_rows_boolean (rows, i, "draft"));
  /* In pages, soon after each other: what cannot be sent now never stands before what can. */
  g_free (self->after);
  self->after = g_strdup (more ? karez_rows_text (rows, count - 1, "id") : FIRST_ID);
  self->looking = FALSE;
  self->timer = g_timeout_add_seconds (more || self->again ? SOON_SECONDS : LOOK_SECONDS, look,
                                       self);
  self->again = FALSE;
}

static gboolean
look (gpointer data)
{
  ConsultRequests *self = data;

  self->timer = 0;
  self->looking = TRUE;
  karez_store_query_async (
      self->hub->store, "requests_unsent",
      g_variant_new ("(ssx)", self->hub->id, self->after, (gint64) LOOK_REQUESTS), NULL, on_looked,
      g_object_ref (self));
  return G_SOURCE_REMOVE;
}

/* What waits for a hospital goes when it is paired or up. */
static void
on_peer_changed (KarezPeers *peers, const char *peer, ConsultRequests *self)
{
  if (!karez_peers_is_paired (peers, peer))
    return;
  if (self->looking)
    {
      self->again = TRUE;
      return;
    }
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add_seconds (SOON_SECONDS, look, self);
}

/* ── PUT ────────────────────────────────────────────────────────────────────────────────────── */

static const KarezJsonField request_fields[] = {
  { "partner", KAREZ_JSON_UUID, TRUE },
  { "history", KAREZ_JSON_TEXT, TRUE, 0, 8000 },
  { "question", KAREZ_JSON_TEXT, TRUE, 1, 4000 },
  { "version", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT32 },
  { NULL },
};

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  KarezTransaction *transaction = KAREZ_TRANSACTION (source);
  g_autoptr (GError) error = NULL;
  KarezRows *rows;

  if (!karez_transaction_commit_finish (transaction, result, &error))
    {
      karez_request_fail (work->request, error);
      return;
    }
  rows = karez_transaction_get_rows (transaction, 1);
  karez_request_respond (work->request, 200,
                         rows != NULL ? karez_json_object (
                             "version", "i", karez_rows_integer (rows, 0, "version"), NULL)
                                      : karez_json_object ("repeated", "b", TRUE, NULL));
  consult_requests_send (work->self, work->id);
}

static gboolean
check_write (Work *work, JsonObject *body, GError **error)
{
  ConsultHub *hub = work->self->hub;
  const char *partner = karez_json_text (body, "partner");

  if (work->booking == NULL && !karez_peers_is_paired (hub->peers, partner))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "consult/partner", N_ ("a paired hospital"),
                       N_ ("The other hospital is not paired with this one"));
      karez_error_set_pointer (*error, "/partner");
      return FALSE;
    }
  if (work->booking == NULL)
    return TRUE;
  if (!g_str_equal (consult_booking_text (work->booking, "requester"), hub->id))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "consult/side",
                            N_ ("the hospital that asks, where the patient is"),
                            N_ ("The request was written by the other hospital"));
  if (!consult_booking_check_open (work->booking, error))
    return FALSE;
  if (!g_str_equal (consult_booking_text (work->booking, "provider"), partner))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "consult/partner",
                            N_ ("the hospital that the booking asks"),
                            N_ ("The booking asks another hospital"));
  return TRUE;
}

static void
on_booking_to_write (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  ConsultHub *hub = work->self->hub;
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;

  work->booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  if (karez_error_is_not_found (error))
    g_clear_error (&error);
  if (error != NULL || !check_write (work, body, &error))
    {
      karez_request_fail (work->request, error);
      return;
    }
  transaction = karez_request_begin (work->request, hub->store);
  karez_transaction_about (transaction, work->id,
                           work->booking != NULL ? consult_booking_text (work->booking, "patient")
                                                 : NULL);
  karez_transaction_run_one (transaction, "consult/request-version",
                             N_ ("Somebody changed the request meanwhile"), "request_at", "(sx)",
                             work->id, karez_json_integer (body, "version", -1));
  karez_transaction_run_one (transaction, "consult/side",
                             N_ ("The request was written by the other hospital"), "request_write",
                             "(ssssssx)", work->id, hub->id, karez_json_text (body, "partner"),
                             karez_json_text (body, "history"), karez_json_text (body, "question"),
                             karez_actor_get_name (karez_request_get_actor (work->request)),
                             karez_json_integer (body, "version", -1));
  karez_transaction_event (transaction, "request.write", "request", work->id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_written, g_steal_pointer (&work));
}

static void
on_put (KarezRequest *request, gpointer data)
{
  ConsultRequests *self = data;
  const char *id = karez_request_get_path_uuid (request, "booking", "consult/no-request");

  if (id != NULL && karez_request_check_body (request, request_fields) != NULL)
    karez_agenda_get_booking_async (self->hub->agenda, id, NULL, on_booking_to_write,
                                    work_new (self, request, id));
}

/* ── GET ────────────────────────────────────────────────────────────────────────────────────── */

static void
on_request_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "consult/no-request",
                     N_ ("a consultation with a question"),
                     N_ ("No question was written for this consultation"));
  if (error != NULL)
    {
      karez_request_fail (work->request, error);
      return;
    }
  karez_request_respond_read (
      work->request, work->self->hub->audit, "request.read", work->id,
      work->booking != NULL ? consult_booking_text (work->booking, "patient") : NULL,
      karez_json_object ("booking", "s", work->id, "hub", "s", karez_rows_text (rows, 0, "hub"),
                         "version", "i", karez_rows_integer (rows, 0, "version"), "history", "s",
                         karez_rows_text (rows, 0, "history"), "question", "s",
                         karez_rows_text (rows, 0, "question"), "written_by", "s",
                         karez_rows_text (rows, 0, "written_by"), "written_at", "s",
                         karez_rows_text (rows, 0, "written_at"), "sent", "b",
                         karez_rows_boolean (rows, 0, "sent"), "attachments", "n",
                         karez_rows_json (rows, 0, "attachments"), NULL));
}

static void
on_booking_to_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;

  /* A draft has no booking, and so no patient yet. */
  work->booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  if (error != NULL && !karez_error_is_not_found (error))
    {
      karez_request_fail (work->request, error);
      return;
    }
  karez_store_query_async (work->self->hub->store, "request_by_id", g_variant_new ("(s)", work->id),
                           NULL, on_request_read, work);
  g_steal_pointer (&work);
}

static void
on_get (KarezRequest *request, gpointer data)
{
  ConsultRequests *self = data;
  const char *id = karez_request_get_path_uuid (request, "booking", "consult/no-request");

  if (id != NULL)
    karez_agenda_get_booking_async (self->hub->agenda, id, NULL, on_booking_to_read,
                                    work_new (self, request, id));
}

/* ── what the other hospital sends ──────────────────────────────────────────────────────────── */

static const KarezJsonField message_fields[] = {
  { "booking", KAREZ_JSON_UUID, TRUE },
  { "version", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT32 },
  { "history", KAREZ_JSON_TEXT, TRUE, 0, 8000 },
  { "question", KAREZ_JSON_TEXT, TRUE, 1, 4000 },
  { "written_by", KAREZ_JSON_NAME, TRUE, 1, 400 },
  { "written_at", KAREZ_JSON_TIME, TRUE },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

static gboolean
fill_request (gpointer owner, KarezTransaction *transaction, JsonObject *body, KarezActor *person,
              JsonNode *booking, GError **error)
{
  const char *id = karez_json_text (body, "booking");
  gint64 version = karez_json_integer (body, "version", 0);

  karez_transaction_run_one (
      transaction, "consult/stale", N_ ("A newer request is here already"), "request_receive",
      "(sssissss)", id, consult_booking_text (booking, "requester"),
      CONSULT_REQUESTS (owner)->hub->id, (gint32) version, karez_json_text (body, "history"),
      karez_json_text (body, "question"), karez_json_text (body, "written_by"),
      karez_json_text (body, "written_at"));
  karez_transaction_event (transaction, "request.receive", "request", id,
                           karez_json_object ("version", "i", version, NULL));
  return TRUE;
}

static void
on_request_post (KarezMessage *message, GTask *task, gpointer data)
{
  static const KarezArrival arrival = { message_fields, KAREZ_SIDE_REQUESTER, fill_request };
  ConsultRequests *self = data;

  karez_message_apply (message, &arrival, self->hub->context, self->hub->store, self, task);
}

/* ── a booking ──────────────────────────────────────────────────────────────────────────────── */

static void
on_question_looked_for (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    {
      error = karez_error_new (KAREZ_ERROR_CONFLICT, "consult/question",
                               N_ ("a request with its question, or an emergency"),
                               N_ ("A consultation needs a question"));
      karez_error_set_pointer (error, "/question");
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
consult_requests_check_booking_async (ConsultRequests *self, JsonNode *booking,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);

  g_task_set_source_tag (task, consult_requests_check_booking_async);
  if (!g_str_equal (consult_booking_text (booking, "requester"), self->hub->id)
      || g_str_equal (consult_booking_text (booking, "urgency"), "T0"))
    g_task_return_boolean (task, TRUE);
  else
    karez_store_query_async (self->hub->store, "request_by_id",
                             g_variant_new ("(s)", consult_booking_text (booking, "id")),
                             cancellable, on_question_looked_for, g_steal_pointer (&task));
}

gboolean
consult_requests_check_booking_finish (ConsultRequests *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, consult_requests_check_booking_async),
                        FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
consult_requests_start (ConsultRequests *self, KarezRoutes *routes, GError **error)
{
  if (!karez_routes_add (routes, "PUT", "/x/consult/requests/{booking}", "consult.request.write",
                         on_put, g_object_ref (self), g_object_unref, error)
      || !karez_routes_add (routes, "GET", "/x/consult/requests/{booking}", "consult.request.read",
                            on_get, g_object_ref (self), g_object_unref, error)
      || !karez_peers_handle_post (self->hub->peers, TOPIC_REQUEST, on_request_post,
                                   g_object_ref (self), g_object_unref, error))
    return FALSE;
  g_signal_connect_object (self->hub->agenda, "changed", G_CALLBACK (on_agenda_changed), self, 0);
  g_signal_connect_object (self->hub->peers, "changed", G_CALLBACK (on_peer_changed), self, 0);
  self->timer = g_timeout_add_seconds (LOOK_SECONDS, look, self);
  return TRUE;
}

ConsultRequests *
consult_requests_new (ConsultHub *hub)
{
  ConsultRequests *self = g_object_new (CONSULT_TYPE_REQUESTS, NULL);

  self->hub = consult_hub_ref (hub);
  self->after = g_strdup (FIRST_ID);
  return self;
}

static void
consult_requests_finalize (GObject *object)
{
  ConsultRequests *self = CONSULT_REQUESTS (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_free (self->after);
  g_clear_pointer (&self->hub, consult_hub_unref);
  G_OBJECT_CLASS (consult_requests_parent_class)->finalize (object);
}

static void
consult_requests_class_init (ConsultRequestsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = consult_requests_finalize;
}

static void
consult_requests_init (ConsultRequests *self)
{
}
