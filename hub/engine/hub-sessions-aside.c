/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records that a plugin refused for good: kept as a file of their session, shown, and tried again
 * when somebody asks. The file is SESSION/aside-SEQUENCE.json: {"record": {"action", "actor",
 * "body"}, "modality", "reason", "rule", "at"}. */
#include "hub-sessions-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-file.h"
#include "hub-id.h"

#include <glib/gstdio.h>

#define PREFIX "aside-"
#define SUFFIX ".json"
#define MAX_FILE (2 * 1024 * 1024)
#define MAX_LISTED 200

static char *
make_path (HubSessions *self, const char *session, guint64 sequence)
{
  g_autofree char *directory = hub_supervisor_get_directory (self->supervisor, session);
  g_autofree char *name = g_strdup_printf (PREFIX "%" G_GUINT64_FORMAT SUFFIX, sequence);

  return g_build_filename (directory, name, NULL);
}

/* A page that was told that its message was taken hears that it is not kept where it belongs. */
static void
tell_people (HubSessions *self, HubSession *session, const GError *why)
{
  g_autoptr (GError) error = karez_error_new (
      KAREZ_ERROR_FAILED, "session/record-aside", NULL,
      N_ ("Something of this session could not be kept and was put aside: %s"), why->message);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, session->persons);
  while (self->pages && g_hash_table_iter_next (&iter, NULL, &value))
    if (((HubSessionPerson *) value)->connection)
      self->pages->send_problem (self->pages_data, ((HubSessionPerson *) value)->connection,
                                 session->id, error);
}

char *
hub_sessions_keep_aside (HubSessions *self, HubSession *session, HubSessionRecord *record,
                         const GError *why, GError **error)
{
  g_autofree char *path = make_path (self, session->id, record->sequence);
  g_autofree char *now = hub_time_format (hub_clock_now ());
  g_autoptr (JsonNode) node = karez_json_object (
      "record", "n", json_node_ref (record->node), "modality", "s", session->modality, "reason",
      "s", why->message, "rule", "s", karez_error_get_rule (why), "at", "s", now, NULL);
  char *text = karez_json_print (node);
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

  if (!hub_file_write_durable (path, bytes, 0600, error))
    return NULL;
  tell_people (self, session, why);
  return g_steal_pointer (&path);
}

/* Returns: (transfer full) (nullable): the file's object */
static JsonNode *
read_aside (const char *path)
{
  g_autoptr (GBytes) bytes = hub_file_read (path, MAX_FILE, NULL);
  g_autoptr (JsonNode) node = bytes ? karez_json_parse (bytes, MAX_FILE, NULL) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ? g_steal_pointer (&node) : NULL;
}

static gboolean
read_name (const char *name, guint64 *sequence)
{
  g_autofree char *number = NULL;

  if (!g_str_has_prefix (name, PREFIX) || !g_str_has_suffix (name, SUFFIX))
    return FALSE;
  number = g_strndup (name + strlen (PREFIX), strlen (name) - strlen (PREFIX) - strlen (SUFFIX));
  return g_ascii_string_to_unsigned (number, 10, 1, G_MAXINT64, sequence, NULL);
}

static void
list_session (HubSessions *self, const char *session, JsonArray *items)
{
  g_autofree char *directory = hub_supervisor_get_directory (self->supervisor, session);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name = NULL;

  while (dir && (name = g_dir_read_name (dir)) && json_array_get_length (items) < MAX_LISTED)
    {
      guint64 sequence = 0;
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autoptr (JsonNode) node = read_name (name, &sequence) ? read_aside (path) : NULL;
      JsonObject *object = node ? json_node_get_object (node) : NULL;
      JsonNode *record = object ? json_object_get_member (object, "record") : NULL;

      if (!record || !JSON_NODE_HOLDS_OBJECT (record))
        continue;
      json_array_add_element (
          items,
          karez_json_object ("session", "s", session, "sequence", "i", (gint64) sequence, "action",
                             "s", karez_json_text (json_node_get_object (record), "action"),
                             "reason", "s", karez_json_text (object, "reason"), "rule", "s",
                             karez_json_text (object, "rule"), "at", "s",
                             karez_json_text (object, "at"), NULL));
    }
}

static void
on_list (KarezRequest *request, gpointer data)
{
  HubSessions *self = data;
  g_autofree char *one = hub_supervisor_get_directory (self->supervisor, "x");
  g_autofree char *all = g_path_get_dirname (one);
  g_autoptr (GDir) dir = g_dir_open (all, 0, NULL);
  g_autoptr (JsonArray) items = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  const char *name = NULL;

  while (dir && (name = g_dir_read_name (dir)) && json_array_get_length (items) < MAX_LISTED)
    if (hub_id_is_valid (name))
      list_session (self, name, items);
  json_node_set_array (node, items);
  karez_request_respond (request, 200, karez_json_object ("items", "n", node, NULL));
}

/* One that is tried again. */
typedef struct
{
  KarezRequest *request;
  HubSessions *sessions;
  char *path, *session;
  guint64 sequence;
  JsonNode *node;
  KarezActor *actor;
  KarezRecord plain; /* points into the node */
} Retry;

static void
retry_free (Retry *retry)
{
  g_object_unref (retry->request);
  g_object_unref (retry->sessions);
  g_clear_pointer (&retry->node, json_node_unref);
  g_clear_pointer (&retry->actor, karez_actor_unref);
  g_free (retry->path);
  g_free (retry->session);
  g_free (retry);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Retry, retry_free)

static void
on_recorded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Retry) retry = data;
  g_autoptr (GError) error = NULL;

  if (!karez_transaction_commit_finish (KAREZ_TRANSACTION (source), result, &error))
    {
      karez_request_fail (retry->request, error);
      return;
    }
  g_unlink (retry->path);
  karez_request_respond (retry->request, 204, NULL);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Retry) retry = data;
  g_autoptr (KarezTransaction) transaction = NULL;
  g_autoptr (GError) error = NULL;

  if (!hub_runner_finish (HUB_RUNNER (source), result, &error))
    {
      karez_request_fail (retry->request, error);
      return;
    }
  /* Kept again it has no second effect, so the file goes last. */
  transaction = karez_request_begin (retry->request, retry->sessions->store);
  karez_transaction_about (transaction, retry->session, NULL);
  karez_transaction_event (transaction, "record.retry", "session", retry->session,
                           karez_json_object ("sequence", "i", (gint64) retry->sequence, NULL));
  karez_transaction_commit_async (transaction, NULL, on_recorded, g_steal_pointer (&retry));
}

static void
on_retry (KarezRequest *request, gpointer data)
{
  HubSessions *self = data;
  g_autoptr (Retry) retry = g_new0 (Retry, 1);
  const char *session = karez_request_get_path_part (request, "session");
  JsonObject *object = NULL, *record = NULL;
  HubPlugin *plugin = NULL;
  JsonNode *actor = NULL;
  g_autoptr (GError) error = NULL;

  retry->request = g_object_ref (request);
  retry->sessions = g_object_ref (self);
  retry->session = g_strdup (session);
  if (hub_id_is_valid (session)
      && g_ascii_string_to_unsigned (karez_request_get_path_part (request, "sequence"), 10, 1,
                                     G_MAXINT64, &retry->sequence, NULL))
    {
      retry->path = make_path (self, session, retry->sequence);
      retry->node = read_aside (retry->path);
    }
  object = retry->node ? json_node_get_object (retry->node) : NULL;
  record = object && JSON_NODE_HOLDS_OBJECT (json_object_get_member (object, "record"))
               ? json_object_get_object_member (object, "record")
               : NULL;
  if (!record || !karez_json_text (record, "action") || !karez_json_text (object, "modality"))
    {
      karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "session/record-aside", NULL,
                       N_ ("This record is not put aside any more."));
      karez_request_fail (request, error);
      return;
    }
  plugin = hub_plugin_list_find_modality (self->plugins, karez_json_text (object, "modality"));
  if (!plugin || !hub_plugin_get_control (plugin))
    {
      karez_error_set (&error, KAREZ_ERROR_UNAVAILABLE, "session/modality", NULL,
                       N_ ("No plugin of this hub offers “%s” now."),
                       karez_json_text (object, "modality"));
      karez_request_fail (request, error);
      return;
    }
  actor = json_object_get_member (record, "actor");
  retry->actor = actor ? karez_actor_from_json (actor, NULL) : NULL;
  retry->plain = (KarezRecord){ retry->session,
                                self->hub,
                                (gint64) retry->sequence,
                                karez_json_text (record, "action"),
                                retry->actor ? retry->actor : self->actor,
                                json_object_get_member (record, "body") };
  {
    const KarezRecord *plain = &retry->plain;

    hub_runner_record_async (hub_plugin_get_runner (plugin), hub_plugin_get_control (plugin), plain,
                             NULL, on_kept, g_steal_pointer (&retry));
  }
}

gboolean
hub_sessions_add_aside_routes (HubSessions *self, KarezRoutes *routes, GError **error)
{
  return karez_routes_add (routes, "GET", "/records/aside", "plugins.read", on_list,
                           g_object_ref (self), g_object_unref, error)
         && karez_routes_add (routes, "POST", "/records/aside/{session}/{sequence}/retry",
                              "plugins.write", on_retry, g_object_ref (self), g_object_unref,
                              error);
}
