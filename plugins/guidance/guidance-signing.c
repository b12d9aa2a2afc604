/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A report is signed: what its signer saw, with what was in the session, by the password. */
#include "guidance-report.h"
#include "guidance-reports.h"

#include <glib/gi18n.h>
#include <string.h>

static const KarezJsonField sign_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "revision", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT32 },
  { "digest", KAREZ_JSON_TEXT, TRUE, 64, 64 },
  { "password", KAREZ_JSON_TEXT, TRUE, 1, 256 },
  { "amends", KAREZ_JSON_UUID },
  { "amendment", KAREZ_JSON_TEXT, FALSE, 1, 1000 },
  { NULL },
};

static char *
summary_of (KarezRows *rows)
{
  g_autoptr (JsonNode) summary = karez_json_object (
      "people", "n", karez_rows_json (rows, 0, "people"), "seconds", "i",
      karez_rows_integer (rows, 0, "seconds"), "marks", "n", karez_rows_json (rows, 0, "marks"),
      "more_marks", "i", karez_rows_integer (rows, 0, "more_marks"), "checklists", "n",
      karez_rows_json (rows, 0, "checklists"), NULL);

  return guidance_report_print (summary);
}

static char *
pictures_of (KarezRows *rows)
{
  g_autoptr (JsonNode) pictures = karez_rows_json (rows, 0, "pictures");

  return guidance_report_print (pictures);
}

static GuidanceReport
report_from_draft (GuidanceWork *work, JsonObject *body)
{
  KarezActor *actor = karez_request_get_actor (work->request);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return (GuidanceReport){
    .id = g_strdup (karez_json_text (body, "id")),
    .session = g_strdup (work->session),
    .hub = g_strdup (guidance_work_hub (work)),
    .version = karez_rows_integer (work->rows, 0, "version") + 1,
    .amends = g_strdup (karez_rows_text (work->rows, 0, "newest")),
    .amendment = g_strdup (karez_json_text (body, "amendment")),
    .course = g_strdup (karez_rows_text (work->rows, 0, "course")),
    .recommendation = g_strdup (karez_rows_text (work->rows, 0, "recommendation")),
    .pictures = pictures_of (work->rows),
    .summary = summary_of (work->rows),
    .signer = g_strdup (karez_actor_get_id (actor)),
    .signed_by = g_strdup (karez_actor_get_name (actor)),
    .signed_at = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ"),
  };
}

static GError *
unpaired_error (void)
{
  return karez_error_new (KAREZ_ERROR_CONFLICT, "guidance/unpaired",
                          N_ ("a signature once the hospitals are paired again"),
                          N_ ("The other hospital is not paired with this one any more"));
}

/* It is who signed in: the report, its event, and its way to the other hospital are one. */
static void
on_confirmed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GuidanceWork) work = data;
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  const char *draft = karez_rows_text (work->rows, 0, "draft");
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_auto (GuidanceReport) report = { 0 };

  if (!karez_request_confirm_finish (work->request, result, &error))
    {
      karez_request_fail (work->request, error);
      return;
    }
  report = report_from_draft (work, body);
  transaction = guidance_work_transaction (work);
  karez_transaction_run_one (transaction, "guidance/revision",
                             N_ ("The report was changed in another window"), "report_draft_take",
                             "(si)", draft, (gint32) karez_json_integer (body, "revision", 0));
  karez_transaction_event (transaction, "report.finish", "report_draft", draft, NULL);
  guidance_report_keep (&report, transaction, "report.sign");
  if (!karez_peers_post (
          karez_control_half_get_peers (work->half), transaction, guidance_work_partner (work),
          KAREZ_LANE_RECORDS, GUIDANCE_TOPIC_REPORT,
          guidance_report_to_message (&report, karez_request_get_actor (work->request))))
    {
      error = unpaired_error ();
      karez_request_fail (work->request, error);
      return;
    }
  karez_request_commit (
      work->request, transaction, 201,
      karez_json_object ("id", "s", report.id, "version", "i", report.version, NULL));
}

static guint
count_of (KarezRows *rows, const char *column)
{
  g_autoptr (JsonNode) node = karez_rows_json (rows, 0, column);

  return json_array_get_length (json_node_get_array (node));
}

/* What goes with the words: the session as it was kept, the pictures as they are here. */
static gboolean
check_inner (GuidanceWork *work, GError **error)
{
  g_autofree char *summary = NULL;

  if (karez_rows_text (work->rows, 0, "people") == NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/not-over",
                            N_ ("a guidance that is over"),
                            N_ ("A report is signed once the guidance is over"));
  if (count_of (work->rows, "pictures") != count_of (work->rows, "chosen"))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/pictures",
                            N_ ("pictures that are here whole"),
                            N_ ("A chosen picture is not here whole"));
  summary = summary_of (work->rows);
  return strlen (summary) <= GUIDANCE_REPORT_MAX_SUMMARY
         || karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "guidance/report-size",
                             N_ ("at most 768 KiB"),
                             N_ ("What was kept of the session is too long for a report"));
}

/* Each version but the first says which it amends, and why. */
static gboolean
check_amendment (GuidanceWork *work, JsonObject *body, GError **error)
{
  const char *newest = karez_rows_text (work->rows, 0, "newest");

  if (g_strcmp0 (karez_json_text (body, "amends"), newest) != 0)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/newest",
                            N_ ("the id of the newest version, as “amends”"),
                            N_ ("There is another version of the report by now"));
  return (newest != NULL) == (karez_json_text (body, "amendment") != NULL)
         || karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/amendment",
                             N_ ("a reason with each version but the first"),
                             N_ ("It is not said why the report is amended"));
}

static gboolean
check_signing (GuidanceWork *work, JsonObject *body, GError **error)
{
  const char *course = karez_rows_text (work->rows, 0, "course");
  g_autofree char *digest = NULL;

  if (!guidance_reports_check_writer (work, error))
    return FALSE;
  if (!karez_peers_is_paired (karez_control_half_get_peers (work->half),
                              guidance_work_partner (work)))
    {
      g_propagate_error (error, unpaired_error ());
      return FALSE;
    }
  if (karez_rows_integer (work->rows, 0, "revision") != karez_json_integer (body, "revision", 0))
    {
      g_propagate_error (error, guidance_reports_revision_error ());
      return FALSE;
    }
  digest = guidance_reports_digest_of_draft (work->rows);
  if (!g_str_equal (karez_json_text (body, "digest"), digest))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/shown",
                            N_ ("the digest of the draft that was kept last"),
                            N_ ("The report that is kept is not the one that was shown"));
  if (course == NULL || karez_text_is_blank (course))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/course",
                            N_ ("a report that says what was seen and done"),
                            N_ ("A report needs its course"));
  return check_inner (work, error) && check_amendment (work, body, error);
}

/* The version that was signed under @id, 0 for none: the answer got lost, and it is asked again. */
static gint64
find_signed (GuidanceWork *work, const char *id)
{
  g_autoptr (JsonNode) node = karez_rows_json (work->rows, 0, "reports");
  JsonArray *reports = json_node_get_array (node);

  for (guint i = 0; i < json_array_get_length (reports); i++)
    {
      JsonObject *one = json_array_get_object_element (reports, i);

      if (g_strcmp0 (karez_json_text (one, "id"), id) == 0)
        return karez_json_integer (one, "version", 0);
    }
  return 0;
}

static void
sign (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  JsonObject *body = json_node_get_object (karez_request_get_body (work->request));
  KarezRequest *request = work->request;
  const char *id = karez_json_text (body, "id");
  gint64 known = find_signed (work, id);
  g_autoptr (GError) error = NULL;

  if (known > 0)
    karez_request_respond (request, 200,
                           karez_json_object ("id", "s", id, "version", "i", known, NULL));
  else if (!check_signing (work, body, &error))
    karez_request_fail (request, error);
  else
    karez_request_confirm_async (request, karez_json_text (body, "password"), NULL, on_confirmed,
                                 g_steal_pointer (&work));
}

void
guidance_reports_sign (KarezRequest *request, gpointer data)
{
  if (karez_request_check_body (request, sign_fields) != NULL)
    guidance_reports_look_up (data, request, sign);
}
