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
G_DECLARE_FINAL_TYPE (TemplatePlugin, template_plugin, TEMPLATE, PLUGIN, GObject)

struct _TemplatePlugin
{
  GObject parent;

  KarezStore *store;
  KarezAudit *audit;
  gint64 max_minutes;
};

static void template_plugin_iface_init (KarezPluginInterface *iface);
G_DEFINE_FINAL_TYPE_WITH_CODE (TemplatePlugin, template_plugin, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KAREZ_TYPE_PLUGIN,
                                                      template_plugin_iface_init))
KAREZ_PLUGIN_MODULE (template_plugin)

static gboolean
finish (KarezPlugin *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* GET /x/template/sessions/{session}/note: read, put on record that it was read, shown. */

typedef struct
{
  TemplatePlugin *plugin;
  KarezRequest *request;
} Reading;

static void
reading_free (Reading *self)
{
  g_object_unref (self->plugin);
  g_object_unref (self->request);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

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
on_note_found (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Reading) reading = data;
  KarezRequest *request = reading->request;
  const char *session = karez_request_get_path_part (request, "session");
  g_autoptr (GError) error = NULL;
  g_autoptr (KarezRows) rows = karez_store_query_finish (KAREZ_STORE (source), result, &error);

  if (rows != NULL && karez_rows_get_count (rows) == 0)
    karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "note/none", N_ ("a session that kept a note"),
                     N_ ("This session has kept no note"));
  if (error != NULL)
    {
      karez_request_fail (request, error);
      return;
    }
  karez_request_respond_read (request, reading->plugin->audit, "note.read", session, NULL,
                              note_from_rows (rows, session));
}

static void
on_note_wanted (KarezRequest *request, gpointer data)
{
  TemplatePlugin *self = data;
  const char *session = karez_request_get_path_part (request, "session");
  g_autoptr (GError) error = NULL;
  Reading *reading;

  if (!g_uuid_string_is_valid (session))
    {
      karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "note/none", N_ ("a session's id"),
                       N_ ("There is no such session"));
      karez_request_fail (request, error);
      return;
    }
  reading = g_new0 (Reading, 1);
  reading->plugin = g_object_ref (self);
  reading->request = g_object_ref (request);
  karez_store_query_async (self->store, "note_by_session", g_variant_new ("(s)", session), NULL,
                           on_note_found, reading);
}

/* Start. */

static gboolean
enable (TemplatePlugin *self, KarezContext *context, GError **error)
{
  KarezStore *store = karez_context_get_store (context, error);
  KarezAudit *audit = store != NULL ? karez_context_get_audit (context, error) : NULL;
  KarezRoutes *routes = audit != NULL ? karez_context_get_routes (context, error) : NULL;
  KarezSettings *settings = routes != NULL ? karez_context_get_settings (context, error) : NULL;

  if (settings == NULL)
    return FALSE;
  g_set_object (&self->store, store);
  g_set_object (&self->audit, audit);
  return karez_settings_get_integer (settings, "MaxMinutes", 1, 24 * 60, &self->max_minutes, error)
         && karez_routes_add (routes, "GET", "/x/template/sessions/{session}/note",
                              "template.note.read", on_note_wanted, g_object_ref (self),
                              g_object_unref, error);
}

static void
enable_async (KarezPlugin *plugin, KarezContext *context, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, enable_async);
  if (enable (TEMPLATE_PLUGIN (plugin), context, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
enable_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, enable_async, error);
}

/* Bookings. */

static gboolean
check_booking (TemplatePlugin *self, JsonNode *booking, GError **error)
{
  JsonObject *object = json_node_get_object (booking);
  g_autofree char *bound = g_strdup_printf ("%" G_GINT64_FORMAT, self->max_minutes);
  gint64 starts_at, ends_at;

  if (!karez_json_time (object, "starts_at", &starts_at)
      || !karez_json_time (object, "ends_at", &ends_at))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "template/time", N_ ("a begin and an end"),
                            N_ ("The booking has no time"));
  if (ends_at - starts_at > self->max_minutes * 60 * G_USEC_PER_SEC)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "template/duration",
                            N_ ("a shorter session, or several"),
                            N_ ("A shared note takes at most %s minutes"), bound);
  return TRUE;
}

static void
check_booking_async (KarezPlugin *plugin, JsonNode *booking, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);
  GError *error = NULL;

  g_task_set_source_tag (task, check_booking_async);
  if (check_booking (TEMPLATE_PLUGIN (plugin), booking, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
check_booking_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, check_booking_async, error);
}

/* Records: the note that the live half wants kept. */

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static KarezTransaction *
begin_keeping (TemplatePlugin *self, const KarezRecord *record, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "note" },
    { "revision", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 },
    { "text", KAREZ_JSON_TEXT, TRUE, 0, 20000 },
    { "authors", KAREZ_JSON_ARRAY, TRUE, 0, 16 },
    { "edits", KAREZ_JSON_ARRAY, FALSE, 0, 32 },
    { NULL },
  };
  JsonObject *note = karez_json_check (record->body, fields, error);
  g_autoptr (KarezActor) session = NULL;
  g_auto (GStrv) authors = NULL;
  KarezTransaction *transaction;
  gint64 revision;

  if (note == NULL)
    return NULL;
  authors = karez_json_texts (note, "authors");
  revision = karez_json_integer (note, "revision", 0);
  session = record->actor != NULL
                ? karez_actor_ref (record->actor)
                : karez_actor_new (KAREZ_ACTOR_HUB, "template", "Shared note", NULL, NULL, NULL);
  transaction = karez_store_begin (self->store, session);
  karez_transaction_recorded (transaction, record);
  karez_transaction_about (transaction, record->session, NULL);
  karez_transaction_run (transaction, "note_keep", "(ssx^ass)", record->session,
                         karez_json_text (note, "text"), revision, authors,
                         karez_actor_get_name (session));
  karez_transaction_event (transaction, "note.keep", "note", record->session,
                           karez_json_object ("revision", "i", revision, NULL));
  return transaction;
}

static void
record_async (KarezPlugin *plugin, const KarezRecord *record, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (plugin, cancellable, callback, data);
  g_autoptr (KarezTransaction) transaction = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, record_async);
  if (g_str_equal (record->action, "note.keep"))
    transaction = begin_keeping (TEMPLATE_PLUGIN (plugin), record, &error);
  else
    karez_error_set (&error, KAREZ_ERROR_INVALID, "template/record", N_ ("note.keep"),
                     N_ ("A shared note keeps nothing of this kind"));
  if (transaction == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  karez_transaction_commit_async (transaction, cancellable, on_kept, g_steal_pointer (&task));
}

static gboolean
record_finish (KarezPlugin *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, record_async, error);
}

static void
template_plugin_iface_init (KarezPluginInterface *iface)
{
  iface->enable_async = enable_async;
  iface->enable_finish = enable_finish;
  iface->check_booking_async = check_booking_async;
  iface->check_booking_finish = check_booking_finish;
  iface->record_async = record_async;
  iface->record_finish = record_finish;
}

static void
template_plugin_dispose (GObject *object)
{
  TemplatePlugin *self = TEMPLATE_PLUGIN (object);

  g_clear_object (&self->store);
  g_clear_object (&self->audit);
  G_OBJECT_CLASS (template_plugin_parent_class)->dispose (object);
}

static void
template_plugin_class_init (TemplatePluginClass *class)
{
  G_OBJECT_CLASS (class)->dispose = template_plugin_dispose;
}

static void
template_plugin_init (TemplatePlugin *self)
{
}
