/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control half of video consultations. */
#include "consult-attachments.h"
#include "consult-opinions.h"
#include "consult-requests.h"

#include <glib/gi18n.h>

/**
 * ConsultPlugin:
 * The control half of video consultations: requests and opinions between the hospitals, and what a
 * live session wants kept: who came as a consultant, the summary.
 */
#define CONSULT_TYPE_PLUGIN (consult_plugin_get_type ())
G_DECLARE_FINAL_TYPE (ConsultPlugin, consult_plugin, CONSULT, PLUGIN, KarezControlHalf)

struct _ConsultPlugin
{
  KarezControlHalf parent;

  ConsultHub *hub;
  ConsultRequests *requests;
  ConsultAttachments *attachments;
  ConsultOpinions *opinions;
};

static void consult_plugin_iface_init (KarezPluginInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (ConsultPlugin, consult_plugin, KAREZ_TYPE_CONTROL_HALF,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PLUGIN, consult_plugin_iface_init))
KAREZ_PLUGIN_MODULE (consult_plugin)

/* GET /x/consult/sessions/{session}: read, put on record that it was read, shown. */

typedef struct
{
  ConsultHub *hub;
  KarezRequest *request;
  JsonNode *booking; /* NULL for a session that was not booked */
} Reading;

static void
reading_free (Reading *self)
{
  consult_hub_unref (self->hub);
  g_object_unref (self->request);
  g_clear_pointer (&self->booking, json_node_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

static void
on_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Reading) reading = data;
  KarezRequest *request = reading->request;
  const char *session = karez_request_get_path_part (request, "session");
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);
  JsonNode *people;

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "consult/none",
                     N_ ("a consultation that was begun"),
                     N_ ("Nothing was kept of this consultation"));
  if (error != NULL)
    {
      karez_request_fail (request, error);
      return;
    }
  people = karez_rows_json (rows, 0, "people");
  karez_request_respond_read (
      request, reading->hub->audit, "consult.read", session,
      reading->booking != NULL ? consult_booking_text (reading->booking, "patient") : NULL,
      karez_json_object ("session", "s", session, "consents", "n",
                         karez_rows_json (rows, 0, "consents"), "people", "n",
                         people != NULL ? people : karez_json_array (NULL), "seconds", "i",
                         karez_rows_integer (rows, 0, "seconds"), NULL));
}

static void
on_booking (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Reading) reading = data;
  const char *session = karez_request_get_path_part (reading->request, "session");
  g_autoptr (GError) error = NULL;

  reading->booking = karez_agenda_get_booking_finish (KAREZ_AGENDA (source), result, &error);
  if (error != NULL && !karez_error_is_not_found (error))
    {
      karez_request_fail (reading->request, error);
      return;
    }
  karez_store_query_async (reading->hub->store, "summary_by_session",
                           g_variant_new ("(s)", session), NULL, on_found, reading);
  g_steal_pointer (&reading);
}

static void
on_wanted (KarezRequest *request, gpointer data)
{
  ConsultPlugin *self = data;
  const char *session = karez_request_get_path_uuid (request, "session", "consult/none");
  Reading *reading;

  if (session == NULL)
    return;
  reading = g_new0 (Reading, 1);
  reading->hub = consult_hub_ref (self->hub);
  reading->request = g_object_ref (request);
  karez_agenda_get_booking_async (self->hub->agenda, session, NULL, on_booking, reading);
}

/* Start. */

static gboolean
enable (KarezControlHalf *half, KarezContext *context, GError **error)
{
  ConsultPlugin *self = CONSULT_PLUGIN (half);
  ConsultHub *hub = consult_hub_new (context, error);
  KarezRoutes *routes = hub != NULL ? karez_context_get_routes (context, error) : NULL;

  g_clear_pointer (&self->hub, consult_hub_unref);
  self->hub = hub;
  if (routes == NULL)
    return FALSE;
  g_clear_object (&self->opinions);
  g_clear_object (&self->attachments);
  g_clear_object (&self->requests);
  self->requests = consult_requests_new (hub);
  self->attachments = consult_attachments_new (hub, self->requests);
  self->opinions = consult_opinions_new (hub);
  return consult_requests_start (self->requests, routes, error)
         && consult_attachments_start (self->attachments, routes, error)
         && consult_opinions_start (self->opinions, routes, error)
         && karez_routes_add (routes, "GET", "/x/consult/sessions/{session}",
                              "consult.summary.read", on_wanted, g_object_ref (self),
                              g_object_unref, error);
}

/* Bookings. */

static void
on_booking_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  gboolean done = consult_requests_check_booking_finish (CONSULT_REQUESTS (source), result, &error);

  karez_task_answer (task, done, &error);
}

static void
check_booking_async (KarezPlugin *plugin, JsonNode *booking, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (plugin, cancellable, callback, data);

  g_task_set_source_tag (task, check_booking_async);
  consult_requests_check_booking_async (CONSULT_PLUGIN (plugin)->requests, booking, cancellable,
                                        on_booking_checked, task);
}

static gboolean
check_booking_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, check_booking_async, error);
}

/* Records of the live half. */

static KarezTransaction *
keep_summary (ConsultPlugin *self, const KarezRecord *record, GError **error)
{
  static const KarezJsonField fields[] = {
    { "people", KAREZ_JSON_ARRAY, TRUE, 0, 400 },
    { "seconds", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { NULL },
  };
  JsonObject *object = karez_json_check (record->body, fields, error);
  g_autofree char *people = NULL;
  KarezTransaction *transaction;
  gint64 seconds;

  if (object == NULL)
    return NULL;
  people = karez_json_print (json_object_get_member (object, "people"));
  seconds = karez_json_integer (object, "seconds", 0);
  transaction = karez_control_half_begin_record (KAREZ_CONTROL_HALF (self), record);
  karez_transaction_run (transaction, "summary_keep", "(ssx)", record->session, people, seconds);
  karez_transaction_event (transaction, "summary.keep", "summary", record->session,
                           karez_json_object ("seconds", "i", seconds, NULL));
  return transaction;
}

static KarezTransaction *
keep_consultant (ConsultPlugin *self, const KarezRecord *record, GError **error)
{
  static const KarezJsonField fields[] = {
    { "participant", KAREZ_JSON_UUID, TRUE },
    { NULL },
  };
  JsonObject *object = karez_json_check (record->body, fields, error);
  KarezTransaction *transaction;
  const char *id;

  if (object == NULL)
    return NULL;
  if (record->actor == NULL)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "consult/consultant", N_ ("a person"),
                       N_ ("A consultant is somebody"));
      return NULL;
    }
  id = karez_json_text (object, "participant");
  transaction = karez_control_half_begin_record (KAREZ_CONTROL_HALF (self), record);
  karez_transaction_run (transaction, "consultant_keep", "(sss)", id, record->session,
                         karez_actor_get_id (record->actor));
  karez_transaction_event (transaction, "consultant.enter", "consultant", id, NULL);
  return transaction;
}

static KarezTransaction *
keep (ConsultPlugin *self, const KarezRecord *record, GError **error)
{
  if (g_str_equal (record->action, "summary.keep"))
    return keep_summary (self, record, error);
  if (g_str_equal (record->action, "consultant.enter"))
    return keep_consultant (self, record, error);
  karez_error_set (error, KAREZ_ERROR_INVALID, "consult/record",
                   N_ ("consultant.enter or summary.keep"),
                   N_ ("A consultation keeps nothing of this kind"));
  return NULL;
}

static void
record_async (KarezPlugin *plugin, const KarezRecord *record, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);
  GError *error = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;

  g_task_set_source_tag (task, record_async);
  transaction = keep (CONSULT_PLUGIN (plugin), record, &error);
  if (transaction == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  karez_task_commit (g_steal_pointer (&task), transaction);
}

static gboolean
record_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return karez_task_finish (self, result, record_async, error);
}

static void
consult_plugin_iface_init (KarezPluginInterface *iface)
{
  iface->check_booking_async = check_booking_async;
  iface->check_booking_finish = check_booking_finish;
  iface->record_async = record_async;
  iface->record_finish = record_finish;
}

static void
consult_plugin_dispose (GObject *object)
{
  ConsultPlugin *self = CONSULT_PLUGIN (object);

  g_clear_object (&self->opinions);
  g_clear_object (&self->attachments);
  g_clear_object (&self->requests);
  g_clear_pointer (&self->hub, consult_hub_unref);
  G_OBJECT_CLASS (consult_plugin_parent_class)->dispose (object);
}

static void
consult_plugin_class_init (ConsultPluginClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = consult_plugin_dispose;
  KAREZ_CONTROL_HALF_CLASS (klass)->title = "Video consultation";
  KAREZ_CONTROL_HALF_CLASS (klass)->enable = enable;
}

static void
consult_plugin_init (ConsultPlugin *self)
{
}
