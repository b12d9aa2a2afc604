/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control half: keeps the note when a session ends. */
#include <karez.h>

#include <glib/gi18n.h>

/**
 * TemplatePlugin:
 * The control half: refuses bookings that are too long, keeps the note when a session ends, and
 * shows it to those who may read it.
 */
#define TEMPLATE_TYPE_PLUGIN (template_plugin_get_type ())
G_DECLARE_FINAL_TYPE (TemplatePlugin, template_plugin, TEMPLATE, PLUGIN, KarezControlHalf)

struct _TemplatePlugin
{
  KarezControlHalf parent;

  gint64 max_minutes;
};

G_DEFINE_FINAL_TYPE (TemplatePlugin, template_plugin, KAREZ_TYPE_CONTROL_HALF)
KAREZ_PLUGIN_MODULE (template_plugin)

/* GET /x/template/sessions/{session}/note: read, put on record that it was read, shown. */

static JsonNode *
note_from_rows (KarezRows *rows, const char *session)
{
  return karez_json_object ("session", "s", session, "text", "s", karez_rows_text (rows, 0, "text"),
                            "revision", "i", karez_rows_integer (rows, 0, "revision"), "authors",
                            "n", karez_rows_json (rows, 0, "authors"), "kept_at", "s",
                            karez_rows_text (rows, 0, "kept_at"), "kept_by", "s",
                            karez_rows_text (rows, 0, "kept_by"), NULL);
}

static void
on_note_found (KarezRequest *request, KarezRows *rows, gpointer data)
{
  const char *session = karez_request_get_path_part (request, "session");
  g_autoptr (GError) error = NULL;

  if (karez_rows_get_count (rows) > 0)
    {
      karez_request_respond_read (request, karez_control_half_get_audit (data), "note.read",
                                  session, NULL, note_from_rows (rows, session));
      return;
    }
  error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "note/none", N_ ("a session that kept a note"),
                           N_ ("This session has kept no note"));
  karez_request_fail (request, error);
}

static void
on_note_wanted (KarezRequest *request, gpointer data)
{
  const char *session = karez_request_get_path_part (request, "session");
  g_autoptr (GError) error = NULL;

  if (g_uuid_string_is_valid (session))
    {
      karez_request_query (request, karez_control_half_get_store (data), "note_by_session",
                           g_variant_new ("(s)", session), on_note_found, data);
      return;
    }
  error = karez_error_new (KAREZ_ERROR_NOT_FOUND, "note/none", N_ ("a session's id"),
                           N_ ("There is no such session"));
  karez_request_fail (request, error);
}

static gboolean
enable (KarezControlHalf *half, KarezContext *context, GError **error)
{
  return karez_settings_get_integer (karez_control_half_get_settings (half), "MaxMinutes", 1,
                                     24 * 60, &TEMPLATE_PLUGIN (half)->max_minutes, error)
         && karez_routes_add (karez_control_half_get_routes (half), "GET",
                              "/x/template/sessions/{session}/note", "template.note.read",
                              on_note_wanted, g_object_ref (half), g_object_unref, error);
}

/* Bookings. */

static gboolean
check_booking (KarezControlHalf *half, JsonNode *booking, GError **error)
{
  JsonObject *object = json_node_get_object (booking);
  gint64 most = TEMPLATE_PLUGIN (half)->max_minutes;
  g_autofree char *bound = g_strdup_printf ("%" G_GINT64_FORMAT, most);
  gint64 starts_at, ends_at;

  if (!karez_json_time (object, "starts_at", &starts_at)
      || !karez_json_time (object, "ends_at", &ends_at))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "template/time", N_ ("a begin and an end"),
                            N_ ("The booking has no time"));
  if (ends_at - starts_at > most * 60 * G_USEC_PER_SEC)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "template/duration",
                            N_ ("a shorter session, or several"),
                            N_ ("A shared note takes at most %s minutes"), bound);
  return TRUE;
}

/* Records: the note that the live half wants kept. */

static gboolean
keep (KarezControlHalf *half, const KarezRecord *record, KarezTransaction *transaction,
      GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "note" },
    { "revision", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 },
    { "text", KAREZ_JSON_TEXT, TRUE, 0, 20000 },
    { "authors", KAREZ_JSON_ARRAY, TRUE, 0, 16 },
    { "edits", KAREZ_JSON_ARRAY, FALSE, 0, 32 },
    { NULL },
  };
  JsonObject *note;
  g_auto (GStrv) authors = NULL;
  gint64 revision;

  if (!g_str_equal (record->action, "note.keep"))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "template/record", N_ ("note.keep"),
                            N_ ("A shared note keeps nothing of this kind"));
  note = karez_json_check (record->body, fields, error);
  if (note == NULL)
    return FALSE;
  authors = karez_json_texts (note, "authors");
  revision = karez_json_integer (note, "revision", 0);
  karez_transaction_run (transaction, "note_keep", "(ssx^ass)", record->session,
                         karez_json_text (note, "text"), revision, authors,
                         karez_actor_get_name (karez_transaction_get_actor (transaction)));
  karez_transaction_event (transaction, "note.keep", "note", record->session,
                           karez_json_object ("revision", "i", revision, NULL));
  return TRUE;
}

static void
template_plugin_class_init (TemplatePluginClass *klass)
{
  KarezControlHalfClass *half_class = KAREZ_CONTROL_HALF_CLASS (klass);

  half_class->title = "Shared note";
  half_class->enable = enable;
  half_class->check_booking = check_booking;
  half_class->keep = keep;
}

static void
template_plugin_init (TemplatePlugin *self)
{
}
