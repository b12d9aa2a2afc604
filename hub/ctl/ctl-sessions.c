/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#define USAGE "sessions list [--from TIME] [--to TIME] | show ID | stop ID --reason TEXT"

static CtlStatus
list (Ctl *ctl, const char *from, const char *to)
{
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
show (Ctl *ctl, const char *id)
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
  g_autofree char *escaped = ctl_escape (id);
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
stop (Ctl *ctl, const char *id, const char *reason)
{
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strdup_printf ("/sessions/%s/stop", escaped);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", path, karez_json_object ("reason", "s", reason, NULL),
                               &answer);

  if (status == CTL_OK)
    ctl_json (ctl, answer);
  return status;
}

CtlStatus
ctl_sessions (Ctl *ctl, int argc, char **argv)
{
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  g_autofree char *reason = NULL;
  const GOptionEntry entries[] = {
    { "from", 0, 0, G_OPTION_ARG_STRING, &from, NULL, NULL },
    { "to", 0, 0, G_OPTION_ARG_STRING, &to, NULL, NULL },
    { "reason", 0, 0, G_OPTION_ARG_STRING, &reason, NULL, NULL },
    { NULL },
  };
  const char *verb;

  if (!ctl_options (entries, USAGE, &argc, &argv))
    return CTL_USAGE;
  verb = argc > 1 ? argv[1] : "";
  if (argc == 2 && g_str_equal (verb, "list") && reason == NULL)
    return list (ctl, from, to);
  if (argc == 3 && g_str_equal (verb, "show"))
    return show (ctl, argv[2]);
  if (argc == 3 && g_str_equal (verb, "stop") && reason != NULL)
    return stop (ctl, argv[2], reason);
  return ctl_usage (USAGE, NULL);
}
