/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl pair: pairing with other hospitals. */
#include "ctl.h"

static CtlStatus
list (Ctl *ctl, char **arguments)
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
  for (guint i = 0; i < json_array_get_length (ctl_items (pairings)); i++)
    if (karez_json_boolean (ctl_element (ctl_items (pairings), i), "rekeyed"))
      {
        g_autofree char *name = ctl_member (ctl_element (ctl_items (pairings), i), "names");

        g_print (_ ("%s was paired under another key before. Confirm only if its hospital has told "
                    "you by "
                    "telephone why.\n"),
                 name);
      }
  g_print ("\n");
  ctl_table (ctl_items (peers), peers_columns);
  return CTL_OK;
}

static CtlStatus
begin (Ctl *ctl, char **arguments)
{
  static const char *const lines[] = {
    N_ ("Pairing"), "id", N_ ("State"), "state", N_ ("Read this out to the other hospital"),
    "shown",        NULL
  };
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", "/pairings",
                               karez_json_object ("address", "s", arguments[0], NULL), &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_lines (ctl_object (answer), lines);
  return status;
}

static CtlStatus
expect (Ctl *ctl, char **arguments)
{
  return ctl_do (ctl, "POST", "/pairings/expected",
                 karez_json_object ("address", "s", arguments[0], NULL),
                 _ ("A pairing that begins there is let in for an hour."));
}

static CtlStatus
confirm (Ctl *ctl, char **arguments)
{
  static const char *const lines[] = { N_ ("Pairing"), "id", N_ ("State"), "state", NULL };
  g_autofree char *escaped = ctl_escape (arguments[0]);
  g_autofree char *path = g_strdup_printf ("/pairings/%s/confirm", escaped);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "POST", path,
                               karez_json_object ("string", "s", arguments[1], NULL), &answer);

  if (status == CTL_OK && !ctl_json (ctl, answer))
    ctl_lines (ctl_object (answer), lines);
  return status;
}

static CtlStatus
end (Ctl *ctl, const char *what, const char *id, const char *done)
{
  g_autofree char *escaped = ctl_escape (id);
  g_autofree char *path = g_strdup_printf ("/%s/%s", what, escaped);

  return ctl_do (ctl, "DELETE", path, NULL, done);
}

static CtlStatus
cancel (Ctl *ctl, char **arguments)
{
  return end (ctl, "pairings", arguments[0], _ ("The pairing is cancelled."));
}

static CtlStatus
unpair (Ctl *ctl, char **arguments)
{
  return end (ctl, "peers", arguments[0],
              _ ("Unpaired: nothing is sent there or taken from there. Its administrator has to "
                 "unpair, too."));
}

static CtlStatus
move (Ctl *ctl, char **arguments)
{
  g_autofree char *escaped = ctl_escape (arguments[0]);
  g_autofree char *path = g_strdup_printf ("/peers/%s/address", escaped);
  CtlStatus status = ctl_call (ctl, "PUT", path,
                               karez_json_object ("address", "s", arguments[1], NULL), NULL);

  if (status == CTL_OK && !ctl_json (ctl, NULL))
    g_print (_ ("It is dialled at %s from now on; karezctl status says whether it answers there\n"),
             arguments[1]);
  return status;
}

/* So that the hub may be paired again under another key. */
static CtlStatus
forget (Ctl *ctl, char **arguments)
{
  g_autofree char *escaped = ctl_escape (arguments[0]);
  g_autofree char *path = g_strdup_printf ("/peers/%s/forget", escaped);

  return ctl_do (ctl, "POST", path, NULL,
                 _ ("Forgotten: it can be paired again, also under another key."));
}

/* A database of the pair was restored, and what that means has been looked at. */
static CtlStatus
acknowledge (Ctl *ctl, char **arguments)
{
  g_autofree char *escaped = ctl_escape (arguments[0]);
  g_autofree char *path = g_strdup_printf ("/peers/%s/acknowledge-restore", escaped);
  CtlStatus status = ctl_call (ctl, "POST", path, NULL, NULL);

  if (status == CTL_OK && !ctl_json (ctl, NULL))
    g_print ("%s\n", _ ("Acknowledged here. What waited is delivered once the other hospital has "
                        "acknowledged it, too."));
  return status;
}

/* What only one of two hospitals knows. */
static CtlStatus
compare (Ctl *ctl, char **arguments)
{
  static const char *const columns[] = { N_ ("BOOKING"), "id",    N_ ("BEGINS"), "starts_at",
                                         N_ ("TITLE"),   "title", N_ ("HERE"),   "here",
                                         N_ ("THERE"),   "there", NULL };
  g_autofree char *escaped = ctl_escape (arguments[0]);
  g_autofree char *path = g_strdup_printf ("/peers/%s/differences", escaped);
  g_autoptr (JsonNode) answer = NULL;
  CtlStatus status = ctl_call (ctl, "GET", path, NULL, &answer);
  JsonArray *items;

  if (status != CTL_OK || ctl_json (ctl, answer))
    return status;
  items = ctl_items (answer);
  if (json_array_get_length (items) == 0)
    {
      g_print ("%s\n", _ ("Both hospitals have booked the same."));
      return CTL_OK;
    }
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonObject *item = ctl_element (items, i);

      if (karez_json_text (item, "here") == NULL)
        json_object_set_string_member (item, "here", _ ("unknown"));
      if (karez_json_text (item, "there") == NULL)
        json_object_set_string_member (item, "there", _ ("unknown"));
    }
  ctl_table (items, columns);
  g_print ("\n%s\n",
           _ ("What is unknown at one of the two, or off there: the hospital that still has it "
              "cancels it, and whoever\nwants it books it again. Tell the desks of both."));
  return CTL_OK;
}

const CtlVerb ctl_pair_verbs[] = {
  { "list", "", N_ ("Lists the pairings that are under way, and the hospitals that are paired"),
    NULL, list },
  { "begin", "HOST:PORT", N_ ("Dials the other hospital's hub, and says what to read out to it"),
    NULL, begin },
  { "expect", "ADDRESS", N_ ("Lets the hub at this address begin a pairing with this one"), NULL,
    expect },
  { "confirm", "PAIRING STRING", N_ ("Confirms with what the other hospital read out"), NULL,
    confirm },
  { "cancel", "PAIRING", N_ ("Ends a pairing that is under way"), NULL, cancel },
  { "move", "PEER HOST:PORT", N_ ("Dials a paired hospital's hub at another address"), NULL, move },
  { "unpair", "PEER", N_ ("Ends the pairing with a hospital"), NULL, unpair },
  { "forget", "PEER", N_ ("Lets an unpaired hospital be paired again under another key"), NULL,
    forget },
  { "compare", "PEER", N_ ("Lists the bookings that only one of the two hospitals has"), NULL,
    compare },
  { "acknowledge", "PEER",
    N_ ("Lets messages through again after one of the two databases was restored"), NULL,
    acknowledge },
  { NULL },
};
