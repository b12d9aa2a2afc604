/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paces of partners' messages to plugins, each partner's for itself. */
#include "peers-test.h"

static guint
count_taken (HubPeerParking *parking, KarezActor *actor, const char *topic, guint n)
{
  guint taken = 0;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (JsonNode) body = json_node_new (JSON_NODE_NULL);
      g_autoptr (KarezMessage)
          message = karez_message_new (actor, topic, body, KAREZ_LANE_AGENDA, i + 1);
      g_autoptr (GError) error = NULL;

      if (hub_peer_parking_check_pace (parking, message, 4, &error))
        taken++;
      else
        g_assert_cmpstr (karez_error_get_rule (error), ==, HUB_PARKING_FULL);
    }
  return taken;
}

/* Who invents plugins takes no room from another partner's. */
static void
test_pace_of_others (void)
{
  TestHub *hub = test_hub (1);
  HubPeerParking *parking = hub_peers_get_parking (hub->peers);
  const char *ids[] = { "00000000-0000-4000-8000-0000000000aa",
                        "00000000-0000-4000-8000-0000000000bb" };
  g_autoptr (KarezActor)
      hostile = karez_actor_new (KAREZ_ACTOR_PEER, ids[0], "One", NULL, NULL, ids[0]);
  g_autoptr (KarezActor)
      other = karez_actor_new (KAREZ_ACTOR_PEER, ids[1], "Other", NULL, NULL, ids[1]);
  guint taken = 0;

  hub_peer_parking_set_pace (parking, 4);
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *topic = g_strdup_printf ("invented-%u.word", i);

      taken += count_taken (parking, hostile, topic, 1);
    }
  /* A second or two may have passed. */
  g_assert_cmpuint (taken, >=, 32 + 4);
  g_assert_cmpuint (taken, <=, 32 + 10);
  g_assert_cmpuint (count_taken (parking, other, "one.word", 4), ==, 4);
  g_assert_cmpuint (count_taken (parking, other, "two.word", 4), ==, 4);
  g_assert_cmpuint (count_taken (parking, other, "three.word", 4), ==, 4);
  test_hub_free (hub);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/peers/pace/others", test_pace_of_others);
  return g_test_run ();
}
