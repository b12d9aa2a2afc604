/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl sessions: live sessions. */
#include "ctl.h"

static CtlStatus
list (Ctl *ctl, char **arguments)
{
  const char *from = ctl_option (ctl, "from"), *to = ctl_option (ctl, "to");
  static const char *const columns[] = { N_ ("SESSION"), "id",         N_ ("STATE"), "state",
                                         N_ ("KIND"),    "modality",   N_ ("TITLE"), "title",
                                         N_ ("SINCE"),   "started_at", NULL };
  g_autofree char *a = from != NULL ? ctl_escape (from) : NULL;
  g_autofree char *b = to != NULL ? ctl_escape (to) : NULL;
  g_autofree char *path = g_strconcat (
      "/sessions", a != NULL || b != NULL ? "?" : "", a != NULL ? "from=" : "", a != NULL ? a : "",
      a != NULL && b != NULL ? "&" : "", b != NULL ? "to=" : "", b != NULL ? b : "", NULL);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", path, NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

static CtlStatus
show (Ctl *ctl, char **arguments)
{
  static const char *const lines[] = { N_ ("Session"),
                                       "id",
                                       N_ ("Title"),
                                       "title",
                                       N_ ("Kind"),
                                       "modality",
                                       N_ ("State"),
                                       "state",
                                       N_ ("Reason"),
                                       "reason",
                                       N_ ("Host"),
                                       "host",
                                       N_ ("Partner"),
                                       "partner",
                                       N_ ("Started"),
                                       "started_at",
                                       N_ ("Ended"),
                                       "ended_at",
                                       N_ ("Worker"),
                                       "worker.state",
                                       N_ ("Generation"),
                                       "worker.generation",
                                       NULL };
  static const char *const columns[] = { N_ ("NAME"), "name",        N_ ("ROLE"),
                                         "role",      N_ ("JOINED"), "joined_at",
                                         N_ ("LEFT"), "left_at",     NULL };
  g_autofree char *escaped = ctl_escape (arguments[0]);
  g_autofree char *path = g_strdup_printf ("/sessions/%s", escaped);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", path, NULL, &answer);
  JsonNode *people;

  if (status != CTL_OK || ctl_json (ctl, answer))
    return status;
  ctl_lines (ctl_object (answer), lines);
  people = json_object_get_member (ctl_object (answer), "participants");
  if (people != NULL && JSON_NODE_HOLDS_ARRAY (people)
      && json_array_get_length (json_node_get_array (people)) > 0)
    {
      g_print ("\n");
      ctl_table (json_node_get_array (people), columns);
    }
  return CTL_OK;
}

static CtlStatus
stop (Ctl *ctl, char **arguments)
{
  g_autofree char *escaped = ctl_escape (arguments[0]);
  g_autofree char *path = g_strdup_printf ("/sessions/%s/stop", escaped);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", path,
                               karez_json_object ("reason", "s", ctl_option (ctl, "reason"), NULL),
                               &answer);

  if (status == CTL_OK)
    ctl_json (ctl, answer);
  return status;
}

static const CtlOption list_options[] = {
  { "from", "TIME", N_ ("Not before: 2026-11-24T08:00:00+08:00") },
  { "to", "TIME", N_ ("Not after") },
  { NULL },
};

static const CtlOption stop_options[] = {
  { "reason", "TEXT", N_ ("Why; both hospitals read it"), CTL_REQUIRED },
  { NULL },
};

const CtlVerb ctl_sessions_verbs[] = {
  { "list", "", N_ ("Lists sessions"), list_options, list },
  { "show", "ID", N_ ("Shows one, and who takes part"), NULL, show },
  { "stop", "ID", N_ ("Ends one at both hospitals"), stop_options, stop },
  { NULL },
};
