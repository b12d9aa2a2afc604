/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control half of AR guidance: what is kept of a session, the hospital's checklists, the pages.
 */
#include "guidance-history.h"
#include "guidance-library.h"
#include "guidance-pictures.h"
#include "guidance-reports.h"
#include "guidance-work.h"

#include <glib/gi18n.h>

#define GUIDANCE_TYPE_PLUGIN (guidance_plugin_get_type ())
G_DECLARE_FINAL_TYPE (GuidancePlugin, guidance_plugin, GUIDANCE, PLUGIN, KarezControlHalf)

struct _GuidancePlugin
{
  KarezControlHalf parent;

  GuidanceLibrary *library;
  GuidancePictures *pictures;
  GuidanceReports *reports;
  char *partner; /* its desk's address, for a demonstration; NULL for none */
};

G_DEFINE_FINAL_TYPE (GuidancePlugin, guidance_plugin, KAREZ_TYPE_CONTROL_HALF)
KAREZ_PLUGIN_MODULE (guidance_plugin)

/* GET /x/guidance/checklists */
static void
on_checklists (KarezRequest *request, gpointer data)
{
  GuidancePlugin *self = data;

  karez_request_respond (
      request, 200,
      karez_json_object ("items", "n", guidance_library_to_json (self->library), NULL));
}

/* GET /x/guidance/demonstration */
static void
on_demonstration (KarezRequest *request, gpointer data)
{
  GuidancePlugin *self = data;

  karez_request_respond (request, 200, karez_json_object ("partner", "s", self->partner, NULL));
}

/* GET /x/guidance/sessions/{session}: read, put on record that it was read, shown. */
static void
show_session (GuidanceWork *data)
{
  g_autoptr (GuidanceWork) work = data;
  KarezRows *rows = work->rows;
  g_autoptr (GError) error = NULL;

  if (karez_rows_get_count (rows) == 0)
    {
      error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "guidance/none",
                               N_ ("a guidance that is over"),
                               N_ ("Nothing was kept of this guidance"));
      karez_request_fail (work->request, error);
      return;
    }
  karez_request_respond_read (
      work->request, karez_control_half_get_audit (work->half), "guidance.read", work->session,
      guidance_work_patient (work),
      karez_json_object ("session", "s", work->session, "people", "n",
                         karez_rows_json (rows, 0, "people"), "seconds", "i",
                         karez_rows_integer (rows, 0, "seconds"), "marks", "n",
                         karez_rows_json (rows, 0, "marks"), "more_marks", "i",
                         karez_rows_integer (rows, 0, "more_marks"), "checklists", "n",
                         karez_rows_json (rows, 0, "checklists"), "kept_at", "s",
                         karez_rows_text (rows, 0, "kept_at"), NULL));
}

static void
on_session (KarezRequest *request, gpointer data)
{
  const char *session = guidance_work_session (request);

  if (session != NULL)
    guidance_work_begin (data, request, NULL, "summary_by_session", g_variant_new ("(s)", session),
                         show_session);
}

/* Records of the live half. */

static gboolean
keep_participant (const KarezRecord *record, KarezTransaction *transaction, GError **error)
{
  static const KarezJsonField fields[] = {
    { "participant", KAREZ_JSON_UUID, TRUE },
    { "role", KAREZ_JSON_ENUM, TRUE, 0, 0, "site|expert|observer" },
    { NULL },
  };
  JsonObject *object = karez_json_check (record->body, fields, error);
  const char *id, *role;

  if (object == NULL)
    return FALSE;
  if (record->actor == NULL)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/participant", N_ ("a person"),
                            N_ ("A participant is somebody"));
  id = karez_json_text (object, "participant");
  role = karez_json_text (object, "role");
  karez_transaction_run (transaction, "participant_keep", "(ssss)", id, record->session,
                         karez_actor_get_id (record->actor), role);
  karez_transaction_event (transaction, "participant.enter", "participant", id,
                           karez_json_object ("role", "s", role, NULL));
  return TRUE;
}

static gboolean
keep_summary (const KarezRecord *record, KarezTransaction *transaction, GError **error)
{
  static const KarezJsonField fields[] = {
    { "people", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_HISTORY_MAX_PEOPLE },
    { "seconds", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { "marks", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_HISTORY_MAX_MARKS },
    { "more_marks", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { "checklists", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_READBACK_MAX_LISTS },
    { NULL },
  };
  JsonObject *object = karez_json_check (record->body, fields, error);
  g_autofree char *people = NULL, *marks = NULL, *checklists = NULL;
  gint64 seconds;

  if (object == NULL)
    return FALSE;
  people = karez_json_print (json_object_get_member (object, "people"));
  marks = karez_json_print (json_object_get_member (object, "marks"));
  checklists = karez_json_print (json_object_get_member (object, "checklists"));
  seconds = karez_json_integer (object, "seconds", 0);
  karez_transaction_run (transaction, "summary_keep", "(ssxsxs)", record->session, people, seconds,
                         marks, karez_json_integer (object, "more_marks", 0), checklists);
  karez_transaction_event (transaction, "summary.keep", "summary", record->session,
                           karez_json_object ("seconds", "i", seconds, NULL));
  return TRUE;
}

static gboolean
keep (KarezControlHalf *half, const KarezRecord *record, KarezTransaction *transaction,
      GError **error)
{
  if (g_str_equal (record->action, "summary.keep"))
    return keep_summary (record, transaction, error);
  if (g_str_equal (record->action, "participant.enter"))
    return keep_participant (record, transaction, error);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/record",
                          N_ ("participant.enter or summary.keep"),
                          N_ ("A guidance keeps nothing of this kind"));
}

/* Start. */

/* FALSE where the setting is no address of a web page. */
static gboolean
read_partner (GuidancePlugin *self, KarezSettings *settings, GError **error)
{
  g_autofree char *text = karez_settings_get (settings, "Demonstration", error);
  const char *scheme = text != NULL ? g_uri_peek_scheme (text) : NULL;

  if (text == NULL)
    return FALSE;
  if (*text != '\0' && g_strcmp0 (scheme, "http") != 0 && g_strcmp0 (scheme, "https") != 0)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/demonstration",
                            N_ ("nothing, or the address of the partner's desk, as http://…"),
                            N_ ("The setting Demonstration is no address"));
  g_free (self->partner);
  self->partner = *text != '\0' ? g_steal_pointer (&text) : NULL;
  return TRUE;
}

static gboolean
enable (KarezControlHalf *half, KarezContext *context, GError **error)
{
  GuidancePlugin *self = GUIDANCE_PLUGIN (half);
  KarezRoutes *routes = karez_control_half_get_routes (half);
  g_autofree char *folder = karez_settings_get (karez_control_half_get_settings (half),
                                                "Checklists", error);

  if (folder == NULL || !read_partner (self, karez_control_half_get_settings (half), error))
    return FALSE;
  g_clear_object (&self->library);
  g_clear_object (&self->pictures);
  g_clear_object (&self->reports);
  self->library = guidance_library_new (folder);
  self->pictures = guidance_pictures_new (half);
  self->reports = guidance_reports_new (half);
  return guidance_pictures_start (self->pictures, error)
         && guidance_reports_start (self->reports, error)
         && karez_routes_add (routes, "GET", "/x/guidance/checklists", "guidance.checklist.read",
                              on_checklists, g_object_ref (self), g_object_unref, error)
         && karez_routes_add (routes, "GET", "/x/guidance/demonstration", "guidance.session.read",
                              on_demonstration, g_object_ref (self), g_object_unref, error)
         && karez_routes_add (routes, "GET", "/x/guidance/sessions/{session}",
                              "guidance.session.read", on_session, g_object_ref (self),
                              g_object_unref, error);
}

static void
disable (KarezControlHalf *half)
{
  g_clear_object (&GUIDANCE_PLUGIN (half)->pictures);
  g_clear_object (&GUIDANCE_PLUGIN (half)->reports);
}

static void
guidance_plugin_dispose (GObject *object)
{
  g_clear_object (&GUIDANCE_PLUGIN (object)->library);
  g_clear_pointer (&GUIDANCE_PLUGIN (object)->partner, g_free);
  G_OBJECT_CLASS (guidance_plugin_parent_class)->dispose (object);
}

static void
guidance_plugin_class_init (GuidancePluginClass *klass)
{
  KarezControlHalfClass *half_class = KAREZ_CONTROL_HALF_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = guidance_plugin_dispose;
  half_class->title = "AR guidance";
  half_class->enable = enable;
  half_class->disable = disable;
  half_class->keep = keep;
}

static void
guidance_plugin_init (GuidancePlugin *self)
{
}
