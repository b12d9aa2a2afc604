/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What organisations, patients and resources have in common. */
#include "ctl-names.h"

JsonNode *
ctl_given_names (Ctl *ctl)
{
  return karez_json_object ("en", "s", ctl_option (ctl, "name"), "zh_CN", "s",
                            ctl_option (ctl, "name-zh"), "ug", "s", ctl_option (ctl, "name-ug"),
                            NULL);
}

JsonNode *
ctl_csv_names (CtlCsv *csv, guint row)
{
  return karez_json_object ("en", "s", ctl_csv_get (csv, row, "name"), "zh_CN", "s",
                            ctl_csv_get (csv, row, "name_zh"), "ug", "s",
                            ctl_csv_get (csv, row, "name_ug"), NULL);
}

CtlStatus
ctl_post_new (Ctl *ctl, const char *path, JsonNode *body)
{
  static const char *const lines[] = { N_ ("Id"), "id", NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", path, body, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_lines (ctl_object (answer), lines);
  return status;
}

CtlStatus
ctl_find_hub (Ctl *ctl, char **hub)
{
  g_autoptr (JsonNode) hello = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/hello", NULL, &hello);

  if (status == CTL_OK)
    *hub = g_strdup (karez_json_text (ctl_object (hello), "hub"));
  return status;
}
