/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hub says in "hello", and what is read of it. */
#include "hub-peer-greeting.h"

#include "hub-catalogue.h"
#include "hub-clock.h"

#define PROTOCOL 1

void
hub_peer_greeting_free (HubPeerGreeting *self)
{
  g_free (self->hub);
  g_free (self->restored);
  g_free (self);
}

HubPeerGreeting *
hub_peer_greeting_from_rows (const char *hub, gboolean channel, KarezRows *rows)
{
  HubPeerGreeting *self = g_new0 (HubPeerGreeting, 1);

  self->hub = g_strdup (hub);
  self->channel = channel;
  self->now = hub_clock_now ();
  if (karez_rows_get_count (rows) > 0)
    self->restored = g_strdup (karez_rows_text (rows, 0, "restored"));
  for (guint i = 0; i < KAREZ_N_LANES && i < karez_rows_get_count (rows); i++)
    {
      self->incarnation = karez_rows_integer (rows, i, "incarnation");
      self->lanes[i].posted = karez_rows_integer (rows, i, "posted");
      self->lanes[i].acknowledged = karez_rows_integer (rows, i, "acknowledged");
      self->lanes[i].applied = karez_rows_integer (rows, i, "applied");
    }
  return self;
}

JsonNode *
hub_peer_greeting_write (HubPeerGreeting *self)
{
  JsonArray *lanes = json_array_sized_new (KAREZ_N_LANES);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < KAREZ_N_LANES; i++)
    json_array_add_element (lanes,
                            karez_json_object ("posted", "i", self->lanes[i].posted, "acknowledged",
                                               "i", self->lanes[i].acknowledged, "applied", "i",
                                               self->lanes[i].applied, NULL));
  json_node_take_array (node, lanes);
  return karez_json_object ("hub", "s", self->hub, "protocol", "i", (gint64) PROTOCOL,
                            "incarnation", "i", self->incarnation, "channel", "b", self->channel,
                            "lanes", "n", node, "restored", "s", self->restored, "now", "i",
                            self->now, NULL);
}

static const KarezJsonField fields[] = {
  { "hub", KAREZ_JSON_UUID, TRUE, 0, 0, NULL },
  { "protocol", KAREZ_JSON_INTEGER, TRUE, PROTOCOL, G_MAXINT64, NULL },
  { "incarnation", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64, NULL },
  { "channel", KAREZ_JSON_BOOLEAN, TRUE, 0, 0, NULL },
  { "lanes", KAREZ_JSON_ARRAY, TRUE, KAREZ_N_LANES, KAREZ_N_LANES, NULL },
  { "restored", KAREZ_JSON_UUID, FALSE, 0, 0, NULL },
  { "now", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT64 / 4, NULL },
  { NULL },
};
static const KarezJsonField lane_fields[] = {
  { "posted", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64, NULL },
  { "acknowledged", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64, NULL },
  { "applied", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64, NULL },
  { NULL },
};

HubPeerGreeting *
hub_peer_greeting_read (JsonNode *node, const char *hub, GError **error)
{
  JsonObject *object = karez_json_check (node, fields, error);
  g_autoptr (HubPeerGreeting) self = NULL;
  JsonArray *lanes;

  if (object == NULL)
    return NULL;
  if (!g_str_equal (karez_json_text (object, "hub"), hub))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "peers/hub", NULL,
                       N_ ("The hub calls itself %s, which is not whom its key belongs to"),
                       karez_json_text (object, "hub"));
      return NULL;
    }
  self = g_new0 (HubPeerGreeting, 1);
  self->hub = g_strdup (hub);
  self->incarnation = karez_json_integer (object, "incarnation", 0);
  self->channel = karez_json_boolean (object, "channel");
  self->restored = g_strdup (karez_json_text (object, "restored"));
  self->now = karez_json_integer (object, "now", 0);
  lanes = json_object_get_array_member (object, "lanes");
  for (guint i = 0; i < KAREZ_N_LANES; i++)
    {
      JsonObject *lane = karez_json_check (json_array_get_element (lanes, i), lane_fields, error);

      if (lane == NULL)
        return NULL;
      self->lanes[i].posted = karez_json_integer (lane, "posted", 0);
      self->lanes[i].acknowledged = karez_json_integer (lane, "acknowledged", 0);
      self->lanes[i].applied = karez_json_integer (lane, "applied", 0);
    }
  return g_steal_pointer (&self);
}

const char *
hub_peer_greeting_judge (const HubPeerGreeting *theirs, const HubPeerGreeting *before,
                         const HubPeerGreeting *after)
{
  for (guint i = 0; i < KAREZ_N_LANES; i++)
    {
      if (before != NULL && theirs->lanes[i].posted < before->lanes[i].applied)
        return "posted-less";
      if (before != NULL && theirs->lanes[i].applied < before->lanes[i].acknowledged)
        return "acknowledged-lost";
      if (after != NULL && theirs->lanes[i].applied > after->lanes[i].posted)
        return "applied-more";
    }
  return NULL;
}
