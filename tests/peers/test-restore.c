/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A database that went back in time is noticed and made whole. */
#include "peers-test.h"

/* A database that went back in time: what stands here was taken away after a copy. */

static void
say (TestHub *from, TestHub *to, const char *word)
{
  g_free (test_post (from, to, KAREZ_LANE_AGENDA, "ward.word", word));
}

static gboolean
is_empty (TestHub *self)
{
  return test_number (self, "select count(*) from karez.outbox") == 0;
}

static void
acknowledge (TestHub *self, TestHub *other, GError **error)
{
  g_autoptr (KarezTransaction) transaction = test_hub_begin (self, "peers");
  g_autoptr (GAsyncResult) result = NULL;

  hub_peers_acknowledge_async (self->peers, transaction, test_hub_id (other), test_keep, &result);
  test_until (result != NULL);
  hub_peers_acknowledge_finish (self->peers, result, error);
}

static const char *const tables[] = { "outbox", "outbox_head", "inbox" };

static void
back_up (TestHub *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    g_free (
        test_ask (self, "create table saved_%s as select * from karez.%s", tables[i], tables[i]));
}

static void
restore (TestHub *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    g_free (test_ask (
        self,
        "delete from karez.%s; insert into karez.%s select * from saved_%s; drop table saved_%s",
        tables[i], tables[i], tables[i], tables[i]));
}

static void
test_noticed (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  guint16 port = hub_peers_get_port (other->peers), own_port = hub_peers_get_port (one->peers);
  g_autofree char *address = NULL, *heard = NULL;
  g_autoptr (GError) error = NULL;

  address = test_hub_address (one);
  hub_peers_set_address (one->peers, address);
  test_handle_words (one);
  test_handle_words (other);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  acknowledge (one, other, &error);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/not-restored");
  g_clear_error (&error);

  say (one, other, "a1");
  say (other, one, "b1");
  test_until (is_empty (one) && is_empty (other));
  test_hub_stop (other);
  back_up (other);
  test_hub_start (other, port);
  test_handle_words (other);
  say (one, other, "a2");
  say (other, one, "b2");
  say (other, one, "b3");
  test_until (is_empty (one) && is_empty (other));

  /* The other hub loses what happened since. */
  test_hub_stop (other);
  restore (other);
  test_hub_start (other, port);
  test_handle_words (other);
  test_until (test_restored (one, other) && test_restored (other, one));
  test_until (test_events (one, "peer.restored") == 1 && test_events (other, "peer.restored") == 1);

  /* Nothing is delivered, either way, and nothing is lost. */
  say (one, other, "a3");
  say (other, one, "b4");
  test_run_for (1500);
  heard = test_words (one, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, "b1 b2 b3");
  g_clear_pointer (&heard, g_free);
  g_assert_false (is_empty (one));
  g_assert_false (is_empty (other));
  test_hub_stop (one);
  test_hub_start (one, own_port); /* and it is remembered */
  test_handle_words (one);
  g_assert_true (test_restored (one, other));

  test_until_up (one, other);
  acknowledge (one, other, &error);
  g_assert_no_error (error);
  g_assert_false (test_restored (one, other));
  acknowledge (other, one, &error);
  g_assert_no_error (error);
  test_until (is_empty (one) && is_empty (other));
  heard = test_words (one, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, "b1 b2 b3 b4");
  g_clear_pointer (&heard, g_free);
  heard = test_words (other, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, "a1 a2 a3");
  g_assert_cmpint (test_events (one, "peer.restore-acknowledge"), ==, 1);
  g_assert_false (test_restored (one, other));
  g_assert_false (test_restored (other, one));
  say (one, other, "a4");
  say (other, one, "b5");
  test_until (is_empty (one) && is_empty (other));
  test_hub_free (one);
  test_hub_free (other);
}

/* The peer goes back in time while a message that was held is on its way once more: its number is
 * moved with the outbox, so it is forgotten when it has arrived, and those behind it follow. */
static void
test_held (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  guint16 port = hub_peers_get_port (other->peers);
  HubPeerParking *parking = hub_peers_get_parking (other->peers);
  g_autofree char *heard = NULL;
  g_autoptr (GError) error = NULL;

  hub_peer_parking_set_room (parking, 1, HUB_PARKING_BYTES);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  say (one, other, "a");
  say (one, other, "b");
  test_until (test_number (one, "select count(*) from karez.outbox_held") == 1);
  test_until (is_empty (one));
  back_up (other);
  say (one, other, "c");
  test_until (test_number (one, "select count(*) from karez.outbox_held") == 2);
  test_until (is_empty (one));
  test_hub_stop (other);
  restore (other);
  test_hub_stop (one);
  g_free (test_ask (
      one, "update karez.outbox_head set last = last + 1 where lane = 1;"
           "update karez.outbox_held set sequence = (select last from karez.outbox_head where lane "
           "= 1) where number = (select min(number) from karez.outbox_held);"
           "insert into karez.outbox (peer, lane, sequence, id, topic, body) select peer, lane, "
           "sequence, id, topic, body from karez.outbox_held where sequence is not null"));
  test_hub_start (other, port);
  test_handle_words (other);
  hub_peers_deliver_parked (other->peers, "ward");
  test_until (test_number (other, "select count(*) from ward.effect") == 1);
  test_hub_start (one, 0);
  test_until (test_restored (one, other));
  test_until_up (one, other);
  acknowledge (one, other, &error);
  g_assert_no_error (error);
  /* Had its number not been moved, what arrives would never be forgotten. */
  test_until (test_number (other, "select count(*) from ward.effect") == 3);
  test_until (test_number (one, "select count(*) from karez.outbox_held") == 0);
  test_until (is_empty (one));
  heard = test_words (other, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (heard, ==, "a b c");
  test_hub_free (one);
  test_hub_free (other);
}

/* No message was lost, but the database was started fewer times than it had been. */
static void
test_incarnation (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  guint16 port = hub_peers_get_port (other->peers);

  test_pair (one, other, NULL);
  test_until_up (one, other);
  test_hub_stop (other);
  g_free (test_ask (other, "update karez.hub set incarnation = 40"));
  test_hub_start (other, port);
  test_until (test_number (one, "select incarnation from peers.greeting") == 41);
  g_assert_false (test_restored (one, other));
  test_hub_stop (other);
  g_free (test_ask (other, "update karez.hub set incarnation = 7"));
  test_hub_start (other, port);
  test_until (test_restored (one, other));
  test_hub_free (one);
  test_hub_free (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these tests bring about. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/peers/restore/noticed", test_noticed);
  g_test_add_func ("/peers/restore/held", test_held);
  g_test_add_func ("/peers/restore/incarnation", test_incarnation);
  return g_test_run ();
}
