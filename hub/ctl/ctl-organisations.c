/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl organisations: the hospital, and the places that belong to it. */
#include "ctl-names.h"

#include "hub-id.h"

static CtlStatus
list_organisations (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("NAME"), "names", N_ ("LEVEL"),  "level",
                                         N_ ("ID"),   "id",    N_ ("WITHIN"), "parent",
                                         N_ ("HUB"),  "hub",   NULL };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", "/organisations", NULL, &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_table (ctl_items (answer), columns);
  return status;
}

static CtlStatus
add_organisation (Ctl *ctl, char **arguments)
{
  g_autofree char *id = hub_id_new ();

  return ctl_post_new (ctl, "/organisations",
                       karez_json_object ("id", "s", id, "parent", "s", ctl_option (ctl, "parent"),
                                          "level", "s", ctl_option (ctl, "level"), "names", "n",
                                          ctl_given_names (ctl), NULL));
}

static const CtlOption organisation_options[] = {
  { "name", "NAME", N_ ("Its name"), CTL_REQUIRED },
  { "name-zh", "NAME", N_ ("In Chinese") },
  { "name-ug", "NAME", N_ ("In Uyghur") },
  { "level", "LEVEL", N_ ("region, county, township or village"), CTL_REQUIRED },
  { "parent", "ID", N_ ("The organisation that it belongs to") },
  { NULL },
};

const CtlVerb ctl_organisations_verbs[] = {
  { "list", "", N_ ("Lists the hospital, and the places that belong to it"), NULL,
    list_organisations },
  { "add", "", N_ ("Adds a health centre, a clinic or a region; setup adds the hospital"),
    organisation_options, add_organisation },
  { NULL },
};
