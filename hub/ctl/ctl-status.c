/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl status: how the hub, its database and its peers are. */
#include "ctl.h"

/* "up", unless something keeps what is posted from arriving; the clock as one word. */
static void
describe_peer (JsonObject *peer)
{
  const char *state = karez_json_text (peer, "state");
  JsonNode *clock = json_object_get_member (peer, "clock");

  if (state != NULL && karez_json_boolean (peer, "restored") && !g_str_equal (state, "revoked"))
    {
      g_autofree char *both = g_strdup_printf ("%s, %s", state, _ ("restored"));

      json_object_set_string_member (peer, "state", both);
    }
  if (clock != NULL && JSON_NODE_HOLDS_OBJECT (clock))
    {
      JsonObject *measure = json_node_get_object (clock);
      g_autofree char *text = g_strdup_printf (
          "%+.1f ± %.1f", json_object_get_double_member_with_default (measure, "offset_ms", 0),
          json_object_get_double_member_with_default (measure, "uncertainty_ms", 0));

      json_object_set_string_member (peer, "clock_ms", text);
      json_object_set_boolean_member (peer, "clock_off", karez_json_boolean (measure, "off"));
    }
}

/* What an administrator has to do about a partner. */
static void
tell_trouble (JsonObject *peer)
{
  g_autofree char *name = ctl_member (peer, "names");
  const char *id = karez_json_text (peer, "id");
  const char *trouble = karez_json_text (peer, "trouble");

  if (id != NULL && karez_json_boolean (peer, "restored"))
    g_print (_ ("\n%s: a database of the two hospitals was restored from a backup. Nothing is sent "
                "or taken until both\nhave acknowledged it. What only one of them knows: karezctl "
                "pair compare %s; then: karezctl pair acknowledge %s\n"),
             name, id, id);
  if (id != NULL && g_strcmp0 (trouble, "peers/not-paired") == 0)
    g_print (_ ("\n%s: the other hospital has ended the pairing, or never confirmed it. End it "
                "here, too, "
                "and pair anew:\nkarezctl pair unpair %s\n"),
             name, id);
  if (id != NULL && g_strcmp0 (trouble, "peers/other-key") == 0)
    g_print (
        _ ("\n%s: its hub answers with another key than the one that was compared. Ask its "
           "hospital "
           "by telephone. If the\nkey was lost or leaked, end the pairing at both and pair anew: "
           "karezctl pair unpair %s\n"),
        name, id);
  if (karez_json_boolean (peer, "clock_off"))
    g_print (
        _ ("\n%s: its clock and this hub’s are apart. Set both by time servers, or people come "
           "at another time than was meant.\n"),
        name);
}

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
                                       N_ ("Disk"),
                                       "disk.state",
                                       N_ ("Disk free, bytes"),
                                       "disk.free_bytes",
                                       N_ ("Certificate"),
                                       "certificate.state",
                                       N_ ("Certificate until"),
                                       "certificate.expires_at",
                                       N_ ("New one refused"),
                                       "certificate.refused",
                                       N_ ("Clock trusted"),
                                       "clock.trusted",
                                       N_ ("Clock off, ms"),
                                       "clock.offset_ms",
                                       NULL };
  static const char *const columns[] = { N_ ("PEER"),    "names",        N_ ("STATE"),
                                         "state",        N_ ("SINCE"),   "since",
                                         N_ ("RTT, ms"), "rtt_ms",       N_ ("CLOCK, ms"),
                                         "clock_ms",     N_ ("WAITING"), "outbox",
                                         N_ ("HELD"),    "held",         NULL };
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
      for (guint i = 0; i < json_array_get_length (ctl_items (peers)); i++)
        describe_peer (ctl_element (ctl_items (peers), i));
      g_print ("\n");
      ctl_table (ctl_items (peers), columns);
      for (guint i = 0; i < json_array_get_length (ctl_items (peers)); i++)
        tell_trouble (ctl_element (ctl_items (peers), i));
    }
  return CTL_OK;
}

const CtlVerb ctl_status_verbs[] = {
  { "", "", N_ ("Says how the hub, its database and its connections to other hospitals are"), NULL,
    show },
  { NULL },
};
