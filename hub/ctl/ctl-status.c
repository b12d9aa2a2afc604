/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl.h"

static CtlStatus
show (Ctl *ctl, char **arguments)
{
  static const char *const lines[] = { N_ ("Hospital"),
                                       "names",
                                       N_ ("Hub"),
                                       "hub",
                                       N_ ("Version"),
                                       "version",
                                       N_ ("Starts"),
                                       "incarnation",
                                       N_ ("Up, s"),
                                       "uptime_s",
                                       N_ ("Database"),
                                       "database.state",
                                       N_ ("PostgreSQL"),
                                       "database.version",
                                       N_ ("Size, bytes"),
                                       "database.size_bytes",
                                       N_ ("Clock trusted"),
                                       "clock.trusted",
                                       N_ ("Clock off, ms"),
                                       "clock.offset_ms",
                                       NULL };
  static const char *const columns[] = {
    N_ ("PEER"), "names",        N_ ("STATE"), "state",     N_ ("SINCE"), "since", N_ ("RTT, ms"),
    "rtt_ms",    N_ ("WAITING"), "outbox",     N_ ("HELD"), "held",       NULL
  };
  g_autoptr (JsonNode) hello = NULL;
  g_autoptr (JsonNode) system = NULL;
  g_autoptr (JsonNode) peers = NULL;
  CtlStatus status;
  JsonObject *object;
  JsonNode *names;

  if ((status = ctl_call (ctl, "GET", "/hello", NULL, &hello)) != CTL_OK
      || (status = ctl_call (ctl, "GET", "/system", NULL, &system)) != CTL_OK
      || (status = ctl_call (ctl, "GET", "/peers", NULL, &peers)) != CTL_OK)
    return status;
  object = ctl_object (system);
  names = json_object_get_member (ctl_object (hello), "names");
  if (names != NULL)
    json_object_set_member (object, "names", json_node_copy (names));
  json_object_set_array_member (object, "peers", json_array_ref (ctl_items (peers)));
  if (ctl_json (ctl, system))
    return CTL_OK;
  ctl_lines (object, lines);
  if (json_array_get_length (ctl_items (peers)) > 0)
    {
      g_print ("\n");
      ctl_table (ctl_items (peers), columns);
    }
  return CTL_OK;
}

const CtlVerb ctl_status_verbs[] = {
  { "", "", N_ ("Says how the hub, its database and its connections to other hospitals are"), NULL,
    show },
  { NULL },
};
