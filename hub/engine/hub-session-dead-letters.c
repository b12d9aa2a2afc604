/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records that a plugin refused for good, as files of their session:
 * SESSION/dead-letter-SEQUENCE.json,
 * {"record": {"action", "actor", "body"}, "modality", "reason", "rule", "at"}. */
#include "hub-session-dead-letters.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-file.h"
#include "hub-id.h"
#include "hub-log.h"

#include <errno.h>
#include <glib/gstdio.h>

#define PREFIX "dead-letter-"
#define FORMER_PREFIX "aside-" /* as they were called at first */
#define SUFFIX ".json"
#define MAX_FILE (2 * 1024 * 1024)
#define MAX_LISTED 200

static char *
make_path (HubSupervisor *supervisor, const char *session, guint64 sequence)
{
  g_autofree char *directory = hub_supervisor_get_directory (supervisor, session);
  g_autofree char *name = g_strdup_printf (PREFIX "%" G_GUINT64_FORMAT SUFFIX, sequence);

  return g_build_filename (directory, name, NULL);
}

char *
hub_session_dead_letters_keep (HubSupervisor *supervisor, HubSessionInfo *info, guint64 sequence,
                               JsonNode *record, const GError *why, GError **error)
{
  g_autofree char *path = make_path (supervisor, hub_session_info_get_id (info), sequence);
  g_autofree char *now = hub_time_format (hub_clock_now ());
  g_autoptr (JsonNode) node = karez_json_object (
      "record", "n", json_node_ref (record), "modality", "s", hub_session_info_get_modality (info),
      "reason", "s", why->message, "rule", "s", karez_error_get_rule (why), "at", "s", now, NULL);
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  return hub_file_write_durable (path, bytes, 0600, error) ? g_steal_pointer (&path) : NULL;
}

/* Returns: (transfer full) (nullable): the file's object */
static JsonNode *
read_file (const char *path)
{
  g_autoptr (GBytes) bytes = hub_file_read (path, MAX_FILE, NULL);
  g_autoptr (JsonNode) node = bytes != NULL ? karez_json_parse (bytes, MAX_FILE, NULL) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? g_steal_pointer (&node) : NULL;
}

static gboolean
read_name (const char *name, const char *prefix, guint64 *sequence)
{
  g_autofree char *number = NULL;

  if (!g_str_has_prefix (name, prefix) || !g_str_has_suffix (name, SUFFIX))
    return FALSE;
  number = g_strndup (name + strlen (prefix), strlen (name) - strlen (prefix) - strlen (SUFFIX));
  return g_ascii_string_to_unsigned (number, 10, 1, G_MAXINT64, sequence, NULL);
}

static void
list_session (HubSupervisor *supervisor, const char *session, JsonArray *items)
{
  g_autofree char *directory = hub_supervisor_get_directory (supervisor, session);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL
         && json_array_get_length (items) < MAX_LISTED)
    {
      guint64 sequence = 0;
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autoptr (JsonNode) node = read_name (name, PREFIX, &sequence) ? read_file (path) : NULL;
      JsonObject *object = node != NULL ? json_node_get_object (node) : NULL;
      JsonNode *record = object != NULL ? json_object_get_member (object, "record") : NULL;

      if (record == NULL || !JSON_NODE_HOLDS_OBJECT (record))
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
rename_session (HubSupervisor *supervisor, const char *session)
{
  g_autofree char *directory = hub_supervisor_get_directory (supervisor, session);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  g_autoptr (GPtrArray) former = g_ptr_array_new_with_free_func (g_free);
  const char *name = NULL;
  guint64 sequence = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (read_name (name, FORMER_PREFIX, &sequence))
      g_ptr_array_add (former, g_strdup (name));
  for (guint i = 0; i < former->len; i++)
    {
      g_autofree char *from = g_build_filename (directory, former->pdata[i], NULL);
      g_autofree char *to = NULL;

      read_name (former->pdata[i], FORMER_PREFIX, &sequence);
      to = make_path (supervisor, session, sequence);
      if (g_rename (from, to) != 0)
        hub_warning ("sessions", session, "%s cannot be renamed to %s: %s", from, to,
                     g_strerror (errno));
    }
}

void
hub_session_dead_letters_migrate (HubSupervisor *supervisor)
{
  g_autofree char *one = hub_supervisor_get_directory (supervisor, "x");
  g_autofree char *all = g_path_get_dirname (one);
  g_autoptr (GDir) dir = g_dir_open (all, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (hub_id_is_valid (name))
      rename_session (supervisor, name);
}

JsonNode *
hub_session_dead_letters_read (HubSupervisor *supervisor, const char *session, guint64 sequence,
                               char **path)
{
  *path = make_path (supervisor, session, sequence);
  return read_file (*path);
}

JsonNode *
hub_session_dead_letters_list (HubSupervisor *supervisor)
{
  g_autofree char *one = hub_supervisor_get_directory (supervisor, "x");
  g_autofree char *all = g_path_get_dirname (one);
  g_autoptr (GDir) dir = g_dir_open (all, 0, NULL);
  g_autoptr (JsonArray) items = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL
         && json_array_get_length (items) < MAX_LISTED)
    if (hub_id_is_valid (name))
      list_session (supervisor, name, items);
  json_node_set_array (node, items);
  return node;
}
