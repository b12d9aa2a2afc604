/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#define USAGE "plugins list | put-aside ID --reason TEXT | restore ID"

static CtlStatus
list (Ctl *ctl)
{
  static const char *const columns[] = { N_ ("PLUGIN"),  "id",      N_ ("NAME"),  "name",
                                         N_ ("VERSION"), "version", N_ ("STATE"), "state",
                                         N_ ("REASON"),  "reason",  NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/plugins", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

static CtlStatus
act (Ctl *ctl, const char *id, const char *verb, JsonNode *body)
{
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strdup_printf ("/plugins/%s/%s", escaped, verb);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", path, body, &answer);

  if (status == CTL_OK)
    ctl_json (ctl, answer);
  return status;
}

CtlStatus
ctl_plugins (Ctl *ctl, int argc, char **argv)
{
  g_autofree char *reason = NULL;
  const GOptionEntry entries[] = {
    { "reason", 0, 0, G_OPTION_ARG_STRING, &reason, NULL, NULL },
    { NULL },
  };
  const char *verb;

  if (!ctl_options (entries, USAGE, &argc, &argv))
    return CTL_USAGE;
  verb = argc > 1 ? argv[1] : "";
  if (argc == 2 && g_str_equal (verb, "list") && reason == NULL)
    return list (ctl);
  if (argc == 3 && g_str_equal (verb, "put-aside") && reason != NULL)
    return act (ctl, argv[2], verb, karez_json_object ("reason", "s", reason, NULL));
  if (argc == 3 && g_str_equal (verb, "restore") && reason == NULL)
    return act (ctl, argv[2], verb, NULL);
  return ctl_usage (USAGE, NULL);
}
