/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl audit: the list of events. */
#include "ctl.h"

static const CtlOption filters[] = {
  { "action", "ACTION", N_ ("Such acts, as booking.create") },
  { "actor", "ID", N_ ("Acts of this person") },
  { "session", "ID", N_ ("What concerns this session") },
  { "patient", "ID", N_ ("What concerns this patient") },
  { "from", "TIME", N_ ("Not before: 2026-11-24T08:00:00+08:00") },
  { "to", "TIME", N_ ("Not after") },
  { "limit", "N", N_ ("At most so many") },
  { "since", "CURSOR", N_ ("Older ones, as the last answer said") },
  { NULL },
};

static char *
make_path (Ctl *ctl)
{
  GString *path = g_string_new ("/events");

  for (const CtlOption *filter = filters; filter->name != NULL; filter++)
    if (ctl_option (ctl, filter->name) != NULL)
      {
        g_autofree char *escaped = ctl_escape (ctl_option (ctl, filter->name));

        g_string_append_printf (path, "%c%s=%s", strchr (path->str, '?') != NULL ? '&' : '?',
                                filter->name, escaped);
      }
  return g_string_free (path, FALSE);
}

static CtlStatus
list (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("AT"),   "at",     N_ ("WHO"),     "actor.name",
                                         N_ ("WHAT"), "action", N_ ("OUTCOME"), "outcome",
                                         N_ ("ON"),   "row",    N_ ("SESSION"), "session",
                                         NULL };
  g_autofree char *path = make_path (ctl);
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

const CtlVerb ctl_audit_verbs[] = {
  { "list", "", N_ ("Lists what was done, the latest first"), filters, list },
  { NULL },
};
