/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills a hub with what data/demo/ and the plugins' folders demo/ hold, as an administrator would
 * by hand: by the API only. What is there already is left alone, so it can be done again. */
#include "ctl.h"

#include "hub-clock.h"
#include "hub-file.h"

#include <string.h>

#define MAX_FILE (1024 * 1024)

/* Takes one object of data, or says what is wrong with it. @error: set if @bytes is NULL */
static gboolean
take (GPtrArray *all, const char *name, GBytes *bytes, GError *error)
{
  g_autoptr (GError) local = error;
  JsonNode *node = bytes != NULL ? karez_json_parse (bytes, MAX_FILE, &local) : NULL;

  if (node == NULL)
    {
      g_printerr ("karezctl: %s: %s\n", name, local->message);
      return FALSE;
    }
  g_ptr_array_add (all, node);
  if (!JSON_NODE_HOLDS_OBJECT (node))
    g_printerr (_ ("karezctl: %s: accepted is an object\n"), name);
  return JSON_NODE_HOLDS_OBJECT (node);
}

static gint
compare_paths (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

/* demo/NAME.json of each plugin: in the folders of Path in [Plugins], and one level below them. */
static GPtrArray *
find_of_plugins (Ctl *ctl, const char *name)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *file = g_strconcat ("demo" G_DIR_SEPARATOR_S, name, ".json", NULL);
  g_auto (GStrv) given = ctl->config != NULL ? hub_config_list (ctl->config, "Plugins", "Path")
                                             : NULL;
  const char *const installed[] = { KAREZ_PLUGINDIR, NULL };
  const char *const *folders = given != NULL && *given != NULL ? (const char *const *) given
                                                               : installed;

  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autoptr (GDir) dir = g_dir_open (folders[i], 0, NULL);
      const char *plugin;

      g_ptr_array_add (found, g_build_filename (folders[i], file, NULL));
      while (dir != NULL && (plugin = g_dir_read_name (dir)) != NULL)
        g_ptr_array_add (found, g_build_filename (folders[i], plugin, file, NULL));
    }
  g_ptr_array_sort (found, compare_paths);
  for (guint i = found->len; i > 0; i--)
    if (!g_file_test (found->pdata[i - 1], G_FILE_TEST_IS_REGULAR))
      g_ptr_array_remove_index (found, i - 1);
  return found;
}

/* NAME is of the program's resources and the plugins' folders; what has a slash is a file.
 * Returns: (transfer full) (nullable): objects; NULL if something cannot be read */
static GPtrArray *
read_data (Ctl *ctl, const char *name)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  g_autoptr (GPtrArray) more = NULL;
  g_autofree char *path = g_strdup_printf ("/org/karez/demo/%s.json", name);
  GError *error = NULL;
  g_autoptr (GBytes)
      bytes = strchr (name, '/') != NULL
                  ? hub_file_read (name, MAX_FILE, &error)
                  : g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);

  if (!take (all, name, bytes, error))
    return NULL;
  more = strchr (name, '/') != NULL ? g_ptr_array_new () : find_of_plugins (ctl, name);
  for (guint i = 0; i < more->len; i++)
    {
      GError *fault = NULL;
      g_autoptr (GBytes) its = hub_file_read (more->pdata[i], MAX_FILE, &fault);

      if (!take (all, more->pdata[i], its, fault))
        return NULL;
    }
  return g_steal_pointer (&all);
}

static JsonArray *
part (JsonNode *data, const char *name)
{
  JsonNode *node = json_object_get_member (json_node_get_object (data), name);

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static gboolean
is_there (JsonArray *known, const char *id)
{
  for (guint i = 0; i < json_array_get_length (known); i++)
    if (g_strcmp0 (karez_json_text (ctl_element (known, i), "id"), id) == 0)
      return TRUE;
  return FALSE;
}

/* Adds what @path does not list yet. @listed: FALSE where this user may not read the list, and an
 * id that is there is told by the refusal. */
static CtlStatus
add_all (Ctl *ctl, JsonNode *data, const char *name, const char *path, gboolean listed,
         guint *added)
{
  JsonArray *wanted = part (data, name);
  g_autoptr (JsonNode) known = NULL;
  CtlStatus status = CTL_OK;

  if (wanted == NULL)
    return CTL_OK;
  if (listed && (status = ctl_call (ctl, "GET", path, NULL, &known)) != CTL_OK)
    return status;
  for (guint i = 0; status == CTL_OK && i < json_array_get_length (wanted); i++)
    {
      JsonNode *item = json_array_get_element (wanted, i);
      const char *id = JSON_NODE_HOLDS_OBJECT (item)
                           ? karez_json_text (json_node_get_object (item), "id")
                           : NULL;
      g_autoptr (JsonNode) answer = NULL;

      if (id != NULL && is_there (ctl_items (known), id))
        continue;
      status = ctl_call_unless (ctl, "POST", path, json_node_copy (item),
                                listed ? NULL : "directory/exists", &answer);
      *added += answer != NULL;
    }
  return status;
}

static CtlStatus
load (Ctl *ctl, char **arguments)
{
  g_autoptr (GPtrArray) all = read_data (ctl, arguments[0]);
  guint added = 0;
  CtlStatus status = CTL_OK;

  if (all == NULL)
    return CTL_USAGE;
  for (guint i = 0; status == CTL_OK && i < all->len; i++)
    if ((status = add_all (ctl, all->pdata[i], "organisations", "/organisations", TRUE, &added))
            == CTL_OK
        && (status = add_all (ctl, all->pdata[i], "people", "/people", TRUE, &added)) == CTL_OK
        && (status = add_all (ctl, all->pdata[i], "patients", "/patients", FALSE, &added))
               == CTL_OK)
      status = add_all (ctl, all->pdata[i], "resources", "/resources", TRUE, &added);
  if (status != CTL_OK)
    return status;
  if (!ctl->json)
    g_print ("%u things added\n", added);
  else
    g_print ("{\"added\":%u}\n", added);
  return CTL_OK;
}

/* ── today's sessions ───────────────────────────────────────────────────────────────────────── */

/* A booking of the file as the API takes it: "in_minutes" and "minutes" become times, from the
 * next full five minutes on. */
static JsonNode *
make_booking (JsonObject *planned)
{
  gint64 step = 5 * G_TIME_SPAN_MINUTE;
  gint64 base = (hub_clock_now () / step + 1) * step;
  gint64 start = base + karez_json_integer (planned, "in_minutes", 0) * G_TIME_SPAN_MINUTE;
  g_autofree char *starts_at = hub_time_format (start);
  g_autofree char *ends_at = hub_time_format (
      start + karez_json_integer (planned, "minutes", 30) * G_TIME_SPAN_MINUTE);
  static const char *const texts[] = { "id",      "modality", "title",   "reason",
                                       "urgency", "partner",  "patient", NULL };
  g_auto (GStrv) resources = karez_json_texts (planned, "resources");
  JsonNode *body = karez_json_object ("starts_at", "s", starts_at, "ends_at", "s", ends_at,
                                      "resources", "as", resources, NULL);

  for (guint i = 0; texts[i] != NULL; i++)
    if (karez_json_text (planned, texts[i]) != NULL)
      json_object_set_string_member (json_node_get_object (body), texts[i],
                                     karez_json_text (planned, texts[i]));
  return body;
}

/* What is to be there before it is booked: calls of "before", {"method", "path", "body"}, below
 * /x/ alone. */
static CtlStatus
call_before (Ctl *ctl, JsonObject *planned)
{
  JsonNode *node = json_object_get_member (planned, "before");
  JsonArray *calls = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node)
                                                                  : NULL;
  CtlStatus status = CTL_OK;

  for (guint i = 0; calls != NULL && status == CTL_OK && i < json_array_get_length (calls); i++)
    {
      JsonObject *call = ctl_element (calls, i);
      const char *path = karez_json_text (call, "path");
      JsonNode *body = call != NULL ? json_object_get_member (call, "body") : NULL;
      g_autoptr (JsonNode) answer = NULL;

      if (path == NULL || !g_str_has_prefix (path, "/x/") || body == NULL)
        {
          g_printerr (_ ("karezctl: “before” has calls of plugins' routes: method, path, body\n"));
          return CTL_USAGE;
        }
      status = ctl_call (ctl,
                         g_strcmp0 (karez_json_text (call, "method"), "PUT") == 0 ? "PUT" : "POST",
                         path, json_node_copy (body), &answer);
    }
  return status;
}

/* @skip: (out): whether it is booked already, or its plugin is not here */
static CtlStatus
look (Ctl *ctl, JsonObject *planned, JsonArray *modalities, gboolean *skip)
{
  const char *modality = karez_json_text (planned, "modality");
  g_autofree char *escaped = ctl_escape (karez_json_text (planned, "id"));
  g_autofree char *booking = g_strconcat ("/bookings/", escaped, NULL);
  g_autoptr (JsonNode) seen = NULL;
  CtlStatus status;

  *skip = modality != NULL && !is_there (modalities, modality);
  if (*skip)
    return CTL_OK;
  status = ctl_call_unless (ctl, "GET", booking, NULL, "agenda/unknown", &seen);
  *skip = seen != NULL;
  return status;
}

static CtlStatus
request_all (Ctl *ctl, JsonArray *planned, guint *done)
{
  g_autoptr (JsonNode) modalities = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/modalities", NULL, &modalities);

  for (guint i = 0; status == CTL_OK && i < json_array_get_length (planned); i++)
    {
      g_autoptr (JsonNode) answer = NULL;
      JsonObject *one = ctl_element (planned, i);
      gboolean skip = FALSE;

      status = look (ctl, one, ctl_items (modalities), &skip);
      if (status != CTL_OK || skip)
        continue;
      if ((status = call_before (ctl, one)) == CTL_OK)
        status = ctl_call_unless (ctl, "POST", "/bookings", make_booking (one), "agenda/exists",
                                  &answer);
      *done += answer != NULL;
    }
  return status;
}

/* What the other hospital asked for and this file says yes to. What has not come yet, or is
 * answered, is left for the next time. */
static CtlStatus
accept_all (Ctl *ctl, JsonArray *ids, guint *done)
{
  CtlStatus status = CTL_OK;

  for (guint i = 0; status == CTL_OK && i < json_array_get_length (ids); i++)
    {
      JsonNode *id = json_array_get_element (ids, i);
      g_autofree char *escaped = json_node_get_value_type (id) == G_TYPE_STRING
                                     ? ctl_escape (json_node_get_string (id))
                                     : g_strdup ("-");
      g_autofree char *path = g_strconcat ("/bookings/", escaped, NULL);
      g_autofree char *accept = g_strconcat (path, "/accept", NULL);
      g_autoptr (JsonNode) seen = NULL;
      g_autoptr (JsonNode) answer = NULL;

      status = ctl_call_unless (ctl, "GET", path, NULL, "agenda/unknown", &seen);
      if (status != CTL_OK || seen == NULL
          || g_strcmp0 (karez_json_text (ctl_object (seen), "state"), "requested") != 0)
        continue;
      status = ctl_call_unless (ctl, "POST", accept, NULL, "agenda/state", &answer);
      *done += answer != NULL;
    }
  return status;
}

static CtlStatus
day (Ctl *ctl, char **arguments)
{
  g_autoptr (GPtrArray) all = read_data (ctl, arguments[0]);
  guint requested = 0, accepted = 0;
  CtlStatus status = CTL_OK;

  if (all == NULL)
    return CTL_USAGE;
  for (guint i = 0; status == CTL_OK && i < all->len; i++)
    {
      JsonArray *bookings = part (all->pdata[i], "bookings");
      JsonArray *accepts = part (all->pdata[i], "accepts");

      if (bookings != NULL)
        status = request_all (ctl, bookings, &requested);
      if (status == CTL_OK && accepts != NULL)
        status = accept_all (ctl, accepts, &accepted);
    }
  if (status != CTL_OK)
    return status;
  if (!ctl->json)
    g_print ("%u sessions requested, %u accepted\n", requested, accepted);
  else
    g_print ("{\"requested\":%u,\"accepted\":%u}\n", requested, accepted);
  return CTL_OK;
}

const CtlVerb ctl_demo_verbs[] = {
  { "load", "NAME|FILE", N_ ("Adds the hospital, people, patients and resources of the demo"), NULL,
    load },
  { "day", "NAME|FILE", N_ ("Books the sessions of today that plugins bring to the demo"), NULL,
    day },
  { NULL },
};
