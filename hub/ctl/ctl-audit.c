/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#define USAGE                                                                                      \
  "audit list [--action A] [--actor ID] [--session ID] [--patient ID] [--from TIME] [--to TIME] "  \
  "[--limit N] [--since CURSOR]"

enum
{
  ACTION,
  ACTOR,
  SESSION,
  PATIENT,
  FROM,
  TO,
  LIMIT,
  SINCE,
  N_FILTERS,
};

static const char *const names[N_FILTERS] = { "action", "actor", "session", "patient",
                                              "from",   "to",    "limit",   "since" };

static char *
make_path (char *const *values)
{
  GString *path = g_string_new ("/events");

  for (guint i = 0; i < N_FILTERS; i++)
    if (values[i] != NULL)
      {
        g_autofree char *escaped = ctl_escape (values[i]);

        g_string_append_printf (path, "%c%s=%s", strchr (path->str, '?') != NULL ? '&' : '?',
                                names[i], escaped);
      }
  return g_string_free (path, FALSE);
}

static CtlStatus
list (Ctl *ctl, char *const *values)
{
  static const char *const columns[] = { N_ ("AT"),   "at",     N_ ("WHO"),     "actor.name",
                                         N_ ("WHAT"), "action", N_ ("OUTCOME"), "outcome",
                                         N_ ("ON"),   "row",    N_ ("SESSION"), "session",
                                         NULL };
  g_autofree char *path = make_path (values);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", path, NULL, &answer);
  const char *cursor;

  if (status != CTL_OK || ctl_json (ctl, answer))
    return status;
  ctl_table (ctl_items (answer), columns);
  cursor = karez_json_text (ctl_object (answer), "cursor");
  if (cursor != NULL)
    g_print (_ ("\nOlder ones: --since %s\n"), cursor);
  return CTL_OK;
}

CtlStatus
ctl_audit (Ctl *ctl, int argc, char **argv)
{
  char *values[N_FILTERS] = { NULL };
  GOptionEntry entries[N_FILTERS + 1] = { 0 };
  CtlStatus status = CTL_USAGE;

  for (guint i = 0; i < N_FILTERS; i++)
    {
      entries[i].long_name = names[i];
      entries[i].arg = G_OPTION_ARG_STRING;
      entries[i].arg_data = &values[i];
    }
  if (ctl_options (entries, USAGE, &argc, &argv))
    status = argc == 2 && g_str_equal (argv[1], "list") ? list (ctl, values)
                                                        : ctl_usage (USAGE, NULL);
  for (guint i = 0; i < N_FILTERS; i++)
    g_free (values[i]);
  return status;
}
