/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills a hub with what data/demo/ holds, as an administrator would by hand: by the API only. What
 * is there already is left alone, so it can be done again. */
#include "ctl.h"

#include "hub-clock.h"
#include "hub-file.h"

#include <string.h>

#define MAX_FILE (1024 * 1024)

/* NAME is of the program's resources; what has a slash is a file. */
static JsonNode *
read_data (const char *name)
{
  g_autofree char *path = g_strdup_printf ("/org/karez/demo/%s.json", name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
      bytes = strchr (name, '/') != NULL
                  ? hub_file_read (name, MAX_FILE, &error)
                  : g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
  JsonNode *node = bytes != NULL ? karez_json_parse (bytes, MAX_FILE, &error) : NULL;

  if (node != NULL && !JSON_NODE_HOLDS_OBJECT (node))
    {
      g_clear_pointer (&node, json_node_unref);
      g_printerr (_ ("karezctl: %s: accepted is an object\n"), name);
    }
  else if (node == NULL)
    g_printerr ("karezctl: %s: %s\n", name, error->message);
  return node;
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
  g_autoptr (JsonNode) data = read_data (arguments[0]);
  guint added = 0;
  CtlStatus status;

  if (data == NULL)
    return CTL_USAGE;
  if ((status = add_all (ctl, data, "organisations", "/organisations", TRUE, &added)) != CTL_OK
      || (status = add_all (ctl, data, "people", "/people", TRUE, &added)) != CTL_OK
      || (status = add_all (ctl, data, "patients", "/patients", FALSE, &added)) != CTL_OK
      || (status = add_all (ctl, data, "resources", "/resources", TRUE, &added)) != CTL_OK)
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

/* What a planned consultation asks: "request" of the file, written before it is booked. */
static CtlStatus
write_request (Ctl *ctl, JsonObject *planned)
{
  JsonNode *request = json_object_get_member (planned, "request");
  g_autofree char *booking = g_strconcat ("/bookings/", karez_json_text (planned, "id"), NULL);
  g_autofree char *path = g_strconcat ("/x/consult/requests/", karez_json_text (planned, "id"),
                                       NULL);
  g_autoptr (JsonNode) seen = NULL;
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status;
  JsonNode *body;

  if (request == NULL)
    return CTL_OK;
  status = ctl_call_unless (ctl, "GET", booking, NULL, "agenda/unknown", &seen);
  if (status != CTL_OK || seen != NULL)
    return status;
  body = karez_json_object ("partner", "s", karez_json_text (planned, "partner"), "history", "s",
                            karez_json_text (json_node_get_object (request), "history"), "question",
                            "s", karez_json_text (json_node_get_object (request), "question"),
                            NULL);
  return ctl_call (ctl, "PUT", path, body, &answer);
}

static CtlStatus
request_all (Ctl *ctl, JsonArray *planned, guint *done)
{
  CtlStatus status = CTL_OK;

  for (guint i = 0; status == CTL_OK && i < json_array_get_length (planned); i++)
    {
      g_autoptr (JsonNode) answer = NULL;
      JsonObject *one = ctl_element (planned, i);

      if ((status = write_request (ctl, one)) == CTL_OK)
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
  g_autoptr (JsonNode) data = read_data (arguments[0]);
  guint requested = 0, accepted = 0;
  CtlStatus status = CTL_OK;

  if (data == NULL)
    return CTL_USAGE;
  if (part (data, "bookings") != NULL)
    status = request_all (ctl, part (data, "bookings"), &requested);
  if (status == CTL_OK && part (data, "accepts") != NULL)
    status = accept_all (ctl, part (data, "accepts"), &accepted);
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
  { "day", "NAME|FILE", N_ ("Books the demo's sessions of today"), NULL, day },
  { NULL },
};
