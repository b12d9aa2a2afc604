/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl-csv.h"
#include "ctl.h"

G_BEGIN_DECLS

/* A Names object of the options name, name-zh and name-ug, or of a line's columns name, name_zh and
 * name_ug. Returns: (transfer full) */
JsonNode *ctl_given_names (Ctl *ctl);
JsonNode *ctl_csv_names (CtlCsv *csv, guint row);
/* Posts a new thing, and tells its id. @body: (transfer full) */
CtlStatus ctl_post_new (Ctl *ctl, const char *path, JsonNode *body);
/* @hub: (out) (transfer full): this hub's id */
CtlStatus ctl_find_hub (Ctl *ctl, char **hub);

G_END_DECLS
