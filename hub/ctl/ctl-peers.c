/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

#define USAGE                                                                                      \
  "pair list | begin HOST:PORT | expect ADDRESS | confirm ID STRING | cancel ID | "                \
  "unpair PEER | forget PEER"

static CtlStatus
list (Ctl *ctl)
{
  static const char *const pairings_columns[] = {
    N_ ("PAIRING"), "id",        N_ ("STATE"), "state", N_ ("READ OUT"),
    "shown",        N_ ("WITH"), "address",    NULL
  };
  static const char *const peers_columns[] = { N_ ("PEER"),    "id",         N_ ("NAME"),
                                               "names",        N_ ("STATE"), "state",
                                               N_ ("ADDRESS"), "address",    NULL };
  g_autoptr (JsonNode) pairings = NULL;
  g_autoptr (JsonNode) peers = NULL;
  CtlStatus status;

  if ((status = ctl_call (ctl, "GET", "/pairings", NULL, &pairings)) != CTL_OK
      || (status = ctl_call (ctl, "GET", "/peers", NULL, &peers)) != CTL_OK)
    return status;
  if (ctl->json)
    {
      g_autoptr (JsonNode) both = json_node_new (JSON_NODE_OBJECT);

      json_node_take_object (both, json_object_new ());
      json_object_set_array_member (json_node_get_object (both), "pairings",
                                    json_array_ref (ctl_items (pairings)));
      json_object_set_array_member (json_node_get_object (both), "peers",
                                    json_array_ref (ctl_items (peers)));
      ctl_json (ctl, both);
      return CTL_OK;
    }
  ctl_table (ctl_items (pairings), pairings_columns);
  g_print ("\n");
  ctl_table (ctl_items (peers), peers_columns);
  return CTL_OK;
}

static CtlStatus
begin (Ctl *ctl, const char *address)
{
  static const char *const lines[] = {
    N_ ("Pairing"), "id", N_ ("State"), "state", N_ ("Read this out to the other hospital"),
    "shown",        NULL
  };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", "/pairings",
                               karez_json_object ("address", "s", address, NULL), &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_lines (ctl_object (answer), lines);
  return status;
}

static CtlStatus
expect (Ctl *ctl, const char *address)
{
  CtlStatus status = ctl_call (ctl, "POST", "/pairings/expected",
                               karez_json_object ("address", "s", address, NULL), NULL);

  if (status == CTL_OK)
    ctl_json (ctl, NULL);
  return status;
}

static CtlStatus
confirm (Ctl *ctl, const char *id, const char *string)
{
  static const char *const lines[] = { N_ ("Pairing"), "id", N_ ("State"), "state", NULL };
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strdup_printf ("/pairings/%s/confirm", escaped);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", path, karez_json_object ("string", "s", string, NULL),
                               &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_lines (ctl_object (answer), lines);
  return status;
}

static CtlStatus
end (Ctl *ctl, const char *what, const char *id)
{
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strdup_printf ("/%s/%s", what, escaped);
  CtlStatus status = ctl_call (ctl, "DELETE", path, NULL, NULL);

  if (status == CTL_OK)
    ctl_json (ctl, NULL);
  return status;
}

/* So that the hub may be paired again under another key. */
static CtlStatus
forget (Ctl *ctl, const char *id)
{
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strdup_printf ("/peers/%s/forget", escaped);
  CtlStatus status = ctl_call (ctl, "POST", path, NULL, NULL);

  if (status == CTL_OK)
    ctl_json (ctl, NULL);
  return status;
}

CtlStatus
ctl_pair (Ctl *ctl, int argc, char **argv)
{
  const char *verb = argc > 1 ? argv[1] : "";

  if (argc == 2 && g_str_equal (verb, "list"))
    return list (ctl);
  if (argc == 3 && g_str_equal (verb, "begin"))
    return begin (ctl, argv[2]);
  if (argc == 3 && g_str_equal (verb, "expect"))
    return expect (ctl, argv[2]);
  if (argc == 4 && g_str_equal (verb, "confirm"))
    return confirm (ctl, argv[2], argv[3]);
  if (argc == 3 && g_str_equal (verb, "cancel"))
    return end (ctl, "pairings", argv[2]);
  if (argc == 3 && g_str_equal (verb, "unpair"))
    return end (ctl, "peers", argv[2]);
  if (argc == 3 && g_str_equal (verb, "forget"))
    return forget (ctl, argv[2]);
  return ctl_usage (USAGE, NULL);
}
