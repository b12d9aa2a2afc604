/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports of sessions: drafted, read, received. */
#include "guidance-reports.h"

#include "guidance-pictures.h"
#include "guidance-report.h"

#include <glib/gi18n.h>
#include <string.h>

struct _GuidanceReports
{
  GObject parent_instance;

  KarezControlHalf *half;
};

G_DEFINE_FINAL_TYPE (GuidanceReports, guidance_reports, G_TYPE_OBJECT)

static const char changed[] = N_ ("The report was changed in another window");

void
guidance_reports_look_up (GuidanceReports *self, KarezRequest *request,
                          void (*go_on) (GuidanceWork *work))
{
  const char *session = guidance_work_session (request);

  if (session != NULL)
    guidance_work_begin (self->half, request, self, "reports_by_session",
                         g_variant_new ("(ss)", session, guidance_work_person (request)), go_on);
}

gboolean
guidance_reports_check_writer (GuidanceWork *work, GError **error)
{
  KarezActor *actor = karez_request_get_actor (work->request);

  if (work->booking == NULL)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "guidance/none",
                            N_ ("a session that was booked"), N_ ("There is no such guidance"));
  if (!karez_actor_has_role (actor, "clinician") && !karez_actor_has_role (actor, "surgeon"))
    return karez_error_set (error, KAREZ_ERROR_DENIED, "guidance/author",
                            N_ ("a clinician or surgeon"),
                            N_ ("Your roles do not let you write a report"));
  return karez_rows_boolean (work->rows, 0, "author")
         || karez_error_set (error, KAREZ_ERROR_DENIED, "guidance/author",
                             N_ ("who was in the session at the patient’s side or as expert"),
                             N_ ("The report is written by who took part in the session"));
}

GError *
guidance_reports_revision_error (void)
{
  return karez_error_new (KAREZ_ERROR_CONFLICT, "guidance/revision",
                          N_ ("the revision that was kept last"), "%s", changed);
}

/* The draft. */

char *
guidance_reports_digest_of_draft (KarezRows *rows)
{
  g_autoptr (JsonNode) chosen = karez_rows_json (rows, 0, "chosen");
  g_autofree char *pictures = karez_json_print (chosen);
  const char *const parts[] = { karez_rows_text (rows, 0, "course"),
                                karez_rows_text (rows, 0, "recommendation"), pictures };

  return karez_text_digest (parts, G_N_ELEMENTS (parts));
}

/* As the database has it, so that a page can tell whether it is what it shows. */
static JsonNode *
draft_to_json (KarezRows *rows)
{
  g_autofree char *digest = NULL;

  if (karez_rows_text (rows, 0, "draft") == NULL)
    return NULL;
  digest = guidance_reports_digest_of_draft (rows);
  return karez_json_object ("revision", "i", karez_rows_integer (rows, 0, "revision"), "course",
                            "s", karez_rows_text (rows, 0, "course"), "recommendation", "s",
                            karez_rows_text (rows, 0, "recommendation"), "pictures", "n",
                            karez_rows_json (rows, 0, "chosen"), "saved_at", "s",
                            karez_rows_text (rows, 0, "saved_at"), "digest", "s", digest, NULL);
}

static const KarezJsonField draft_fields[] = {
  { "revision", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
  { "course", KAREZ_JSON_TEXT, TRUE, 0, GUIDANCE_REPORT_MAX },
  { "recommendation", KAREZ_JSON_TEXT, TRUE, 0, GUIDANCE_REPORT_MAX },
  { "pictures", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_PICTURES_MAX },
  { NULL },
};

/* Ids, each once, in lower case as the database has them. */
static GStrv
read_pictures (JsonObject *body, GError **error)
{
  g_auto (GStrv) ids = karez_json_texts (body, "pictures");
  JsonArray *array = json_object_get_array_member (body, "pictures");

  for (guint i = 0; ids[i] != NULL; i++)
    if (!g_uuid_string_is_valid (ids[i]) || strpbrk (ids[i], "ABCDEF") != NULL
        || g_strv_contains ((const char *const *) ids + i + 1, ids[i]))
      g_clear_pointer (&ids, g_strfreev);
  if (ids != NULL && g_strv_length (ids) == json_array_get_length (array))
    return g_steal_pointer (&ids);
  karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/pictures",
                   N_ ("ids of pictures of the session, each once"),
                   N_ ("The chosen pictures are none"));
  return NULL;
}

static void
show_draft (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  JsonNode *draft = draft_to_json (work->rows);

  karez_request_respond (work->request, 200,
                         draft != NULL ? draft : karez_json_object ("repeated", "b", TRUE, NULL));
}

static void
on_draft_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GuidanceWork) work = data;
  g_autoptr (GError) error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    guidance_reports_look_up (GUIDANCE_REPORTS (work->owner), work->request, show_draft);
  else
    karez_request_fail (work->request, error);
}

/* Whether it is kept already: the answer got lost, and it is asked again. */
static gboolean
is_kept (GuidanceWork *work, JsonObject *body)
{
  g_autoptr (JsonNode) chosen = karez_rows_json (work->rows, 0, "chosen");

  return karez_rows_integer (work->rows, 0, "revision")
             == karez_json_integer (body, "revision", 0) + 1
         && g_strcmp0 (karez_rows_text (work->rows, 0, "course"), karez_json_text (body, "course"))
                == 0
         && g_strcmp0 (karez_rows_text (work->rows, 0, "recommendation"),
                       karez_json_text (body, "recommendation"))
                == 0
         && json_node_equal (chosen, json_object_get_member (body, "pictures"));
}

/* Takes the work. */
static void
write_draft (GuidanceWork *work, JsonObject *body, GStrv pictures)
{
  const char *known = karez_rows_text (work->rows, 0, "draft");
  g_autofree char *id = known != NULL ? g_strdup (known) : g_uuid_string_random ();
  const char *course = karez_json_text (body, "course");
  const char *recommendation = karez_json_text (body, "recommendation");
  g_autoptr (KarezTransaction) transaction = guidance_work_transaction (work);

  if (known == NULL)
    karez_transaction_run_one (
        transaction, "guidance/revision", changed, "report_draft_begin", "(sssss^as)", id,
        work->session, guidance_work_person (work->request), course, recommendation, pictures);
  else
    karez_transaction_run_one (transaction, "guidance/revision", changed, "report_draft_save",
                               "(siss^as)", id, (gint32) karez_json_integer (body, "revision", 0),
                               course, recommendation, pictures);
  karez_transaction_event (transaction, "report.draft", "report_draft", id, NULL);
  karez_transaction_commit_async (transaction, NULL, on_draft_kept, work);
}

static void
keep_draft (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) pictures = NULL;

  if (is_kept (work, body))
    {
      karez_request_respond (work->request, 200, draft_to_json (work->rows));
      return;
    }
  if (guidance_reports_check_writer (work, &error))
    pictures = read_pictures (body, &error);
  if (pictures != NULL
      && karez_json_integer (body, "revision", 0) != karez_rows_integer (work->rows, 0, "revision"))
    error = guidance_reports_revision_error ();
  if (error != NULL)
    karez_request_fail (work->request, error);
  else
    write_draft (g_steal_pointer (&work), body, pictures);
}

static void
on_put_draft (KarezRequest *request, gpointer data)
{
  if (karez_request_check_body (request, draft_fields) != NULL)
    guidance_reports_look_up (data, request, keep_draft);
}

static void
discard_draft (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  const char *draft = karez_rows_text (work->rows, 0, "draft");
  g_autoptr (KarezTransaction) transaction = NULL;

  if (draft == NULL)
    {
      karez_request_respond (work->request, 204, NULL);
      return;
    }
  transaction = guidance_work_transaction (work);
  karez_transaction_run_one (transaction, "guidance/revision", changed, "report_draft_take", "(si)",
                             draft, (gint32) karez_rows_integer (work->rows, 0, "revision"));
  karez_transaction_event (transaction, "report.discard", "report_draft", draft, NULL);
  karez_request_commit (work->request, transaction, 204, NULL);
}

static void
on_delete_draft (KarezRequest *request, gpointer data)
{
  guidance_reports_look_up (data, request, discard_draft);
}

/* What there is. */

static void
show (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  g_autoptr (GError) error = NULL;
  gboolean may_write = guidance_reports_check_writer (work, &error);
  JsonNode *body = karez_json_object (
      "session", "s", work->session, "may_write", "b", may_write, "why", "s",
      error != NULL ? karez_request_translate (work->request, error->message) : NULL, "over", "b",
      karez_rows_text (work->rows, 0, "people") != NULL, "draft", "n", draft_to_json (work->rows),
      "reports", "n", karez_rows_json (work->rows, 0, "reports"), NULL);

  if (karez_rows_integer (work->rows, 0, "version") == 0)
    karez_request_respond (work->request, 200, body);
  else
    karez_request_respond_read (work->request, karez_control_half_get_audit (work->half),
                                "report.read", work->session, guidance_work_patient (work), body);
}

static void
on_get (KarezRequest *request, gpointer data)
{
  guidance_reports_look_up (data, request, show);
}

static void
show_one (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  KarezRows *rows = work->rows;
  g_autoptr (GError) error = NULL;

  if (karez_rows_get_count (rows) == 0)
    {
      error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "guidance/no-report",
                               N_ ("a signed report of this session"),
                               N_ ("There is no such report"));
      karez_request_fail (work->request, error);
      return;
    }
  karez_request_respond_read (
      work->request, karez_control_half_get_audit (work->half), "report.read", work->session,
      guidance_work_patient (work),
      karez_json_object ("id", "s", karez_rows_text (rows, 0, "id"), "session", "s", work->session,
                         "hub", "s", karez_rows_text (rows, 0, "hub"), "version", "i",
                         karez_rows_integer (rows, 0, "version"), "amends", "s",
                         karez_rows_text (rows, 0, "amends"), "amendment", "s",
                         karez_rows_text (rows, 0, "amendment"), "course", "s",
                         karez_rows_text (rows, 0, "course"), "recommendation", "s",
                         karez_rows_text (rows, 0, "recommendation"), "pictures", "n",
                         karez_rows_json (rows, 0, "pictures"), "summary", "n",
                         karez_rows_json (rows, 0, "summary"), "signed_by", "s",
                         karez_rows_text (rows, 0, "signed_by"), "signed_at", "s",
                         karez_rows_text (rows, 0, "signed_at"), "digest", "s",
                         karez_rows_text (rows, 0, "digest"), NULL));
}

static void
on_get_one (KarezRequest *request, gpointer data)
{
  GuidanceReports *self = data;
  const char *session = guidance_work_session (request);
  const char *id = session != NULL
                       ? karez_request_get_path_uuid (request, "report", "guidance/no-report")
                       : NULL;

  if (id != NULL)
    guidance_work_begin (self->half, request, self, "report_by_id",
                         g_variant_new ("(ss)", id, session), show_one);
}

/* From the other hospital. */

static const KarezJsonField message_fields[] = {
  { "booking", KAREZ_JSON_UUID, TRUE },
  { "report", KAREZ_JSON_OBJECT, TRUE },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

static gboolean
fill_report (gpointer owner, KarezTransaction *transaction, JsonObject *body, KarezActor *person,
             JsonNode *booking, GError **error)
{
  g_auto (GuidanceReport) report = { 0 };

  if (!guidance_report_from_message (&report, body, karez_actor_get_hub (person), error))
    return FALSE;
  guidance_report_keep (&report, transaction, "report.receive");
  return TRUE;
}

static void
on_report_post (KarezMessage *message, GTask *task, gpointer data)
{
  static const KarezArrival arrival = { message_fields, KAREZ_SIDE_EITHER, fill_report };
  GuidanceReports *self = data;

  karez_message_apply (message, &arrival, karez_control_half_get_context (self->half),
                       karez_control_half_get_store (self->half), self, task);
}

/* Start. */

gboolean
guidance_reports_start (GuidanceReports *self, GError **error)
{
  static const struct
  {
    const char *method, *path, *permission;
    KarezRouteFunc func;
  } added[] = {
    { "GET", "/x/guidance/sessions/{session}/report", "guidance.report.read", on_get },
    { "GET", "/x/guidance/sessions/{session}/reports/{report}", "guidance.report.read",
      on_get_one },
    { "PUT", "/x/guidance/sessions/{session}/report/draft", "guidance.report.write", on_put_draft },
    { "DELETE", "/x/guidance/sessions/{session}/report/draft", "guidance.report.write",
      on_delete_draft },
    { "POST", "/x/guidance/sessions/{session}/report/sign", "guidance.report.write",
      guidance_reports_sign },
  };
  KarezRoutes *routes = karez_control_half_get_routes (self->half);

  for (gsize i = 0; i < G_N_ELEMENTS (added); i++)
    if (!karez_routes_add (routes, added[i].method, added[i].path, added[i].permission,
                           added[i].func, g_object_ref (self), g_object_unref, error))
      return FALSE;
  return karez_peers_handle_post (karez_control_half_get_peers (self->half), GUIDANCE_TOPIC_REPORT,
                                  on_report_post, g_object_ref (self), g_object_unref, error);
}

GuidanceReports *
guidance_reports_new (KarezControlHalf *half)
{
  GuidanceReports *self = g_object_new (GUIDANCE_TYPE_REPORTS, NULL);

  self->half = g_object_ref (half);
  return self;
}

static void
guidance_reports_finalize (GObject *object)
{
  g_clear_object (&GUIDANCE_REPORTS (object)->half);
  G_OBJECT_CLASS (guidance_reports_parent_class)->finalize (object);
}

static void
guidance_reports_class_init (GuidanceReportsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = guidance_reports_finalize;
}

static void
guidance_reports_init (GuidanceReports *self)
{
}
