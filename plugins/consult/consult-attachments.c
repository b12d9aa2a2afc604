/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of requests: added in parts, announced once they are whole. */
#include "consult-attachments.h"

#include "consult-file.h"
#include "consult-files.h"

#include <glib/gi18n.h>

#define TOPIC_ATTACHMENT "consult.attachment"

struct _ConsultAttachments
{
  GObject parent_instance;

  ConsultHub *hub;
  ConsultRequests *requests;
  ConsultFiles *files;
};

G_DEFINE_FINAL_TYPE (ConsultAttachments, consult_attachments, G_TYPE_OBJECT)

/* One request of the API while it waits for the database: for the file that it names, for the
 * booking of that. */
typedef struct _Work Work;
struct _Work
{
  ConsultAttachments *self;
  KarezRequest *request;
  char *id;                   /* the attachment's */
  KarezRows *rows;            /* attachment_by_id; NULL while one is added */
  JsonNode *booking;          /* NULL for a draft's */
  void (*go_on) (Work *work); /* takes the work */
};

static Work *
work_new (ConsultAttachments *self, KarezRequest *request, const char *id,
          void (*go_on) (Work *work))
{
  Work *work = g_new0 (Work, 1);

  work->self = g_object_ref (self);
  work->request = g_object_ref (request);
  work->id = g_strdup (id);
  work->go_on = go_on;
  return work;
}

static void
work_free (Work *work)
{
  g_object_unref (work->self);
  g_object_unref (work->request);
  g_clear_pointer (&work->rows, karez_rows_unref);
  g_clear_pointer (&work->booking, json_node_unref);
  g_free (work->id);
  g_free (work);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Work, work_free)

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;
  void (*go_on) (Work *) = work->go_on;

  /* A draft has no booking, and so no patient yet. */
  work->booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  if (error != NULL && !karez_error_is_not_found (error))
    karez_request_fail (work->request, error);
  else
    go_on (g_steal_pointer (&work));
}

/* Goes on with the booking, if there is one; takes the work. */
static void
find_booking (Work *work, const char *id)
{
  karez_agenda_get_booking_async (work->self->hub->agenda, id, NULL, on_booking, work);
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;
  const char *request;

  work->rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  if (work->rows != NULL && karez_rows_get_count (work->rows) == 0)
    error = karez_files_none_error (KAREZ_FILES (work->self->files));
  if (error != NULL)
    {
      karez_request_fail (work->request, error);
      return;
    }
  request = karez_rows_text (work->rows, 0, "request");
  find_booking (g_steal_pointer (&work), request);
}

static void
find (ConsultAttachments *self, KarezRequest *request, void (*go_on) (Work *work))
{
  const char *id = karez_request_get_path_uuid (request, "attachment", "consult/no-attachment");

  if (id != NULL)
    karez_store_query_async (self->hub->store, "attachment_by_id", g_variant_new ("(s)", id), NULL,
                             on_found, work_new (self, request, id, go_on));
}

static const char *
patient (Work *work)
{
  return work->booking != NULL ? consult_booking_text (work->booking, "patient") : NULL;
}

/* A transaction of the request's, about the consultation @booking. */
static KarezTransaction *
begin (Work *work, const char *booking)
{
  KarezTransaction *transaction = karez_request_begin (work->request, work->self->hub->store);

  karez_transaction_about (transaction, booking, patient (work));
  return transaction;
}

/* ── POST: a file is announced by who adds it ───────────────────────────────────────────────── */

static gboolean
check_added (JsonObject *body, GError **error)
{
  gint64 size = karez_json_integer (body, "size", 0);
  const char *media_type = karez_json_text (body, "media_type");
  const char *name = karez_json_text (body, "name");
  g_auto (GStrv) kinds = g_strsplit (consult_file_media_types (), "|", -1);

  if (size > CONSULT_FILE_MAX_BYTES)
    {
      karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "consult/attachment-size",
                       N_ ("a file of at most 32 MiB"), N_ ("The file is too large"));
      karez_error_set_pointer (*error, "/size");
      return FALSE;
    }
  if (!g_strv_contains ((const char *const *) kinds, media_type))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "consult/attachment-type",
                       consult_file_media_types (), N_ ("Files of the type %s are not taken"),
                       media_type);
      karez_error_set_pointer (*error, "/media_type");
      return FALSE;
    }
  if (!karez_file_name_check (name, error))
    {
      karez_error_set_pointer (*error, "/name");
      return FALSE;
    }
  return TRUE;
}

static const KarezJsonField added_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "name", KAREZ_JSON_TEXT, TRUE, 1, 200 },
  { "media_type", KAREZ_JSON_TEXT, TRUE, 1, 100 },
  { "size", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 },
  { NULL },
};

static void
on_request_to_add (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Work) work = data;
  ConsultHub *hub = work->self->hub;
  const char *booking = karez_request_get_path_part (work->request, "booking");
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  gint64 size = karez_json_integer (body, "size", 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  g_autoptr (KarezTransaction) transaction = NULL;

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "consult/no-request",
                     N_ ("a consultation with a question"),
                     N_ ("No question was written for this consultation"));
  else if (rows != NULL && !g_str_equal (karez_rows_text (rows, 0, "hub"), hub->id))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "consult/side",
                     N_ ("the hospital that asks, where the patient is"),
                     N_ ("The request was written by the other hospital"));
  else if (rows != NULL && work->booking != NULL)
    consult_booking_check_open (work->booking, &error);
  if (error != NULL)
    {
      karez_request_fail (work->request, error);
      return;
    }
  transaction = begin (work, booking);
  karez_transaction_run (transaction, "request_lock", "(s)", booking);
  karez_transaction_run_one (transaction, "consult/attachment-day",
                             N_ ("Within one day 8 GiB of files are taken of one person, and 64 "
                                 "GiB of all at this hospital"),
                             "attachment_room", "(ssxxx)", hub->id,
                             karez_actor_get_name (karez_request_get_actor (work->request)), size,
                             CONSULT_FILE_MAX_OF_PERSON, CONSULT_FILE_MAX_OF_DAY);
  karez_transaction_run_one (transaction, "consult/attachment-count",
                             N_ ("A request has at most 10 files"), "attachment_add", "(ssssissx)",
                             work->id, booking, karez_json_text (body, "name"),
                             karez_json_text (body, "media_type"), (gint32) size,
                             karez_actor_get_name (karez_request_get_actor (work->request)),
                             hub->id, (gint64) CONSULT_FILE_MAX_OF_REQUEST);
  karez_transaction_event (transaction, "attachment.add", "attachment", work->id,
                           karez_json_object ("media_type", "s",
                                              karez_json_text (body, "media_type"), "size", "i",
                                              size, NULL));
  karez_request_commit (work->request, transaction, 201,
                        karez_json_object ("id", "s", work->id, "parts", "i",
                                           (gint64) karez_file_count_parts (size), "part_size", "i",
                                           (gint64) KAREZ_FILE_PART_BYTES, NULL));
}

static void
look_up_request (Work *work)
{
  karez_store_query_async (
      work->self->hub->store, "request_by_id",
      g_variant_new ("(s)", karez_request_get_path_part (work->request, "booking")), NULL,
      on_request_to_add, work);
}

static void
on_add (KarezRequest *request, gpointer data)
{
  ConsultAttachments *self = data;
  const char *booking = karez_request_get_path_uuid (request, "booking", "consult/no-request");
  JsonObject *body = booking != NULL ? karez_request_check_body (request, added_fields) : NULL;
  g_autoptr (GError) error = NULL;

  if (body == NULL)
    return;
  if (!check_added (body, &error))
    {
      karez_request_fail (request, error);
      return;
    }
  find_booking (work_new (self, request, karez_json_text (body, "id"), look_up_request), booking);
}

/* ── PUT: its bytes ─────────────────────────────────────────────────────────────────────────── */

static gboolean
check_open (Work *work, GError **error)
{
  if (!g_str_equal (karez_rows_text (work->rows, 0, "hub"), work->self->hub->id))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "consult/side",
                            N_ ("the hospital that asks, where the patient is"),
                            N_ ("The file belongs to the other hospital"));
  /* What was announced before the consultation was over may become whole, and is sent then. */
  return work->booking == NULL || !consult_booking_was_called_off (work->booking)
         || consult_booking_check_open (work->booking, error);
}

static void
take_part (Work *data)
{
  g_autoptr (Work) work = data;
  g_autoptr (GError) error = NULL;

  if (check_open (work, &error))
    karez_files_take (KAREZ_FILES (work->self->files), work->request,
                      karez_file_new (work->rows, 0),
                      karez_request_get_path_part (work->request, "part"), patient (work));
  else
    karez_request_fail (work->request, error);
}

static void
on_kept (KarezFiles *files, const char *request, ConsultAttachments *self)
{
  consult_requests_send (self->requests, request);
}

static void
on_part (KarezRequest *request, gpointer data)
{
  find (data, request, take_part);
}

/* ── DELETE ─────────────────────────────────────────────────────────────────────────────────── */

static void
discard (Work *data)
{
  g_autoptr (Work) work = data;
  g_autoptr (KarezTransaction)
      transaction = begin (work, karez_rows_text (work->rows, 0, "request"));

  karez_transaction_run (transaction, "part_discard", "(s)", work->id);
  karez_transaction_run_one (transaction, "consult/sent",
                             N_ ("The other hospital has this file already"), "attachment_discard",
                             "(ss)", work->id, work->self->hub->id);
  karez_transaction_event (transaction, "attachment.remove", "attachment", work->id, NULL);
  karez_request_commit (work->request, transaction, 204, NULL);
}

static void
on_remove (KarezRequest *request, gpointer data)
{
  find (data, request, discard);
}

/* ── GET ────────────────────────────────────────────────────────────────────────────────────── */

static void
show (Work *data)
{
  g_autoptr (Work) work = data;

  consult_files_show (work->self->files, work->request, work->rows, patient (work));
}

static void
on_file (KarezRequest *request, gpointer data)
{
  find (data, request, show);
}

/* ── between the hospitals ──────────────────────────────────────────────────────────────────── */

static const KarezJsonField message_fields[] = {
  { "booking", KAREZ_JSON_UUID, TRUE },
  { "id", KAREZ_JSON_UUID, TRUE },
  { "name", KAREZ_JSON_TEXT, TRUE, 1, 200 },
  { "media_type", KAREZ_JSON_TEXT, TRUE, 1, 100 },
  { "size", KAREZ_JSON_INTEGER, TRUE, 1, CONSULT_FILE_MAX_BYTES },
  { "sha256", KAREZ_JSON_TEXT, TRUE, 64, 64 },
  { "added_by", KAREZ_JSON_TEXT, TRUE, 1, 400 },
  { "added_at", KAREZ_JSON_TIME, TRUE },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

static gboolean
fill_attachment (gpointer owner, KarezTransaction *transaction, JsonObject *body,
                 KarezActor *person, JsonNode *booking, GError **error)
{
  const char *id = karez_json_text (body, "id");
  const char *request = karez_json_text (body, "booking");

  if (!check_added (body, error))
    return FALSE;
  if (strspn (karez_json_text (body, "sha256"), "0123456789abcdef") != 64)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "consult/digest",
                            N_ ("64 hexadecimal digits"), N_ ("The file's digest is none"));
  karez_transaction_run (transaction, "request_lock", "(s)", request);
  karez_transaction_run_one (
      transaction, "consult/attachment",
      N_ ("The request of this file is not here, or has as many files as it may"),
      "attachment_receive", "(ssssissssx)", id, request, karez_json_text (body, "name"),
      karez_json_text (body, "media_type"), (gint32) karez_json_integer (body, "size", 0),
      karez_json_text (body, "sha256"), karez_json_text (body, "added_by"),
      karez_json_text (body, "added_at"), consult_booking_text (booking, "requester"),
      (gint64) CONSULT_FILE_MAX_OF_REQUEST);
  karez_transaction_event (transaction, "attachment.announce", "attachment", id, NULL);
  return TRUE;
}

static void
on_announced (gpointer owner)
{
  karez_files_wake (KAREZ_FILES (CONSULT_ATTACHMENTS (owner)->files));
}

static void
on_attachment_post (KarezMessage *message, GTask *task, gpointer data)
{
  static const KarezArrival arrival = { message_fields, KAREZ_SIDE_REQUESTER, fill_attachment,
                                        on_announced };
  ConsultAttachments *self = data;

  karez_message_apply (message, &arrival, self->hub->context, self->hub->store, self, task);
}

gboolean
consult_attachments_start (ConsultAttachments *self, KarezRoutes *routes, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } added[] = {
    { "POST", "/x/consult/requests/{booking}/attachments", "consult.request.write", on_add },
    { "DELETE", "/x/consult/attachments/{attachment}", "consult.request.write", on_remove },
    { "GET", "/x/consult/attachments/{attachment}", "consult.request.read", on_file },
  };
  KarezPeers *peers = self->hub->peers;

  for (gsize i = 0; i < G_N_ELEMENTS (added); i++)
    if (!karez_routes_add (routes, added[i].method, added[i].path, added[i].permission,
                           added[i].func, g_object_ref (self), g_object_unref, error))
      return FALSE;
  if (!karez_routes_add_bytes (routes, "PUT", "/x/consult/attachments/{attachment}/parts/{part}",
                               "consult.request.write", on_part, g_object_ref (self),
                               g_object_unref, error)
      || !karez_peers_handle_post (peers, TOPIC_ATTACHMENT, on_attachment_post, g_object_ref (self),
                                   g_object_unref, error)
      || !karez_peers_serve_feed (peers, CONSULT_FEED_PARTS, karez_files_feed,
                                  g_object_ref (self->files), g_object_unref, error))
    return FALSE;
  return consult_files_begin (self->files, self->hub, error);
}

ConsultAttachments *
consult_attachments_new (ConsultHub *hub, ConsultRequests *requests)
{
  ConsultAttachments *self = g_object_new (CONSULT_TYPE_ATTACHMENTS, NULL);

  self->hub = consult_hub_ref (hub);
  self->requests = g_object_ref (requests);
  self->files = consult_files_new ();
  g_signal_connect_object (self->files, "kept", G_CALLBACK (on_kept), self, 0);
  return self;
}

static void
consult_attachments_finalize (GObject *object)
{
  ConsultAttachments *self = CONSULT_ATTACHMENTS (object);

  g_clear_object (&self->files);
  g_clear_object (&self->requests);
  g_clear_pointer (&self->hub, consult_hub_unref);
  G_OBJECT_CLASS (consult_attachments_parent_class)->finalize (object);
}

static void
consult_attachments_class_init (ConsultAttachmentsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = consult_attachments_finalize;
}

static void
consult_attachments_init (ConsultAttachments *self)
{
}
