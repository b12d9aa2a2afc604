/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hubs that claim to be another one. */
#include "peers-test.h"

#include <string.h>

/* Hubs that claim to be another one. An id and a key belong together, and neither is this hub's. */

#define SOMEBODY "0197e5f0-0000-7000-8000-00000000beef"

/* What a hub with @identity hears when it begins a pairing with @hub as @claimed; NULL: it may. */
static char *
rule_of_commit (TestHub *hub, HubIdentity *identity, const char *claimed)
{
  static guint count;
  g_autofree char *address = test_hub_address (hub);
  g_autoptr (HubPeerClient) client = hub_peer_client_new (identity, address, NULL);
  g_autofree char *nonce = g_strnfill (64, '1');
  g_autofree char *commitment = hub_pairing_commit (hub_identity_get_key_hash (identity), nonce);
  g_autofree char *body = g_strdup_printf (
      "{\"pairing\":\"0197e5f0-0000-7000-8000-%012x\",\"commitment\":\"%s\",\"hub\":\"%s\","
      "\"names\":{\"en\":\"x\"}}",
      ++count, commitment, claimed);
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (GError) error = NULL;

  hub_peer_client_send_async (client, HUB_PEER_WAY_CALL, "pairing/commit", bytes, 5000, 65536, NULL,
                              test_keep, &result);
  test_until (result != NULL);
  answer = hub_peer_client_send_finish (client, result, &error);
  hub_peer_client_close (client);
  return answer != NULL ? NULL : g_strdup (karez_error_get_rule (error));
}

static void
assert_commit (TestHub *hub, HubIdentity *identity, const char *claimed, const char *rule)
{
  g_autofree char *got = rule_of_commit (hub, identity, claimed);

  g_assert_cmpstr (got, ==, rule);
}

/* That @hub, which dials @other, refuses what it answers. */
static void
assert_answer (TestHub *hub, TestHub *other, const char *rule)
{
  g_autofree char *address = test_hub_address (other);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) pairing = test_begin (hub, address, &error);

  g_assert_null (pairing);
  g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
}

static void
assert_peers (TestHub *hub, gint64 count)
{
  g_assert_cmpint (test_number (hub, "select count(*) from peers.peer"), ==, count);
}

/* This hub's own id, by whoever comes and by whoever is dialled; and its own key. */
static void
test_own (void)
{
  TestHub *one = test_hub (1), *thief = test_hub_as (2, test_hub_id (one));
  g_autofree char *upper = g_ascii_strup (test_hub_id (one), -1);
  g_autofree char *braced = g_strdup_printf ("{%s}", test_hub_id (one));
  g_autofree char *urn = g_strdup_printf ("urn:uuid:%s", test_hub_id (one));

  assert_commit (one, thief->identity, test_hub_id (one), "peers/own-id");
  assert_commit (one, thief->identity, upper, "json/uuid");
  assert_commit (one, thief->identity, braced, "json/uuid");
  assert_commit (one, thief->identity, urn, "json/uuid");
  assert_commit (one, one->identity, SOMEBODY, "peers/self");
  assert_answer (one, thief, "peers/own-id");
  assert_answer (thief, one, "peers/own-id");
  assert_peers (one, 0);
  test_hub_free (one);
  test_hub_free (thief);
}

static gboolean
is_rekeyed (TestHub *self, const char *pairing)
{
  HubPairing *found = hub_pairings_lookup (hub_peers_get_pairings (self->peers), pairing);
  g_autoptr (JsonNode) node = hub_pairing_to_json (found);

  return karez_json_boolean (json_node_get_object (node), "rekeyed");
}

/* An id that is paired under another key, and a key that is known under another id. Where the
 * pairing was ended another key may come, and the administrators are told. */
static void
test_known (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestHub *thief = test_hub_as (3, test_hub_id (other));
  g_autoptr (HubPairing) pairing = NULL;
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;

  test_pair (one, other, NULL);
  assert_commit (one, thief->identity, test_hub_id (other), "peers/known-otherwise");
  assert_commit (one, other->identity, SOMEBODY, "peers/known-otherwise");
  assert_answer (one, thief, "peers/known-otherwise");
  test_unpair (one, other, &error);
  g_assert_no_error (error);
  assert_commit (one, other->identity, SOMEBODY, "peers/known-otherwise");
  address = test_hub_address (one);
  pairing = test_begin (thief, address, &error);
  g_assert_no_error (error);
  g_assert_true (is_rekeyed (one, hub_pairing_get_id (pairing)));
  g_assert_false (is_rekeyed (thief, hub_pairing_get_id (pairing)));
  /* Its own administrators may always pair it again. */
  test_unpair (other, one, &error);
  g_assert_no_error (error);
  test_pair (other, one, NULL);
  assert_peers (one, 1);
  test_hub_free (one);
  test_hub_free (other);
  test_hub_free (thief);
}

static void
forget (TestHub *self, TestHub *other, GError **error)
{
  g_autoptr (KarezTransaction) transaction = test_hub_begin (self, "peers");
  g_autoptr (GAsyncResult) result = NULL;

  hub_peers_forget_async (self->peers, transaction, test_hub_id (other), test_keep, &result);
  test_until (result != NULL);
  hub_peers_forget_finish (self->peers, result, error);
}

/* A hospital whose hub was set up anew: unpaired, forgotten, paired under its new key. */
static void
test_anew (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestHub *anew = test_hub_as (3, test_hub_id (other));
  g_autoptr (GError) error = NULL;

  forget (one, other, &error);
  g_assert_true (karez_error_is_not_found (error));
  g_clear_error (&error);
  test_pair (one, other, NULL);
  forget (one, other, &error);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/still-paired");
  g_clear_error (&error);
  test_until_up (one, other);
  test_unpair (one, other, &error);
  g_assert_no_error (error);
  forget (one, other, &error);
  g_assert_no_error (error);
  g_assert_null (test_state (one, other));
  g_assert_cmpint (test_events (one, "peer.forget"), ==, 1);
  assert_peers (one, 0);
  test_pair (one, anew, NULL);
  g_assert_cmpstr (hub_peers_get_key (one->peers, test_hub_id (other)), ==,
                   hub_identity_get_key_hash (anew->identity));
  /* The old key is nobody's now. */
  assert_commit (one, other->identity, test_hub_id (other), "peers/known-otherwise");
  test_hub_free (one);
  test_hub_free (other);
  test_hub_free (anew);
}

static void
confirm_both (TestHub *one, TestHub *other, HubPairing *pairing)
{
  const char *id = hub_pairing_get_id (pairing);
  g_autoptr (GError) error = NULL;

  test_confirm (one, id, hub_pairing_get_shown (test_guest (other, id)), &error);
  g_assert_no_error (error);
  test_confirm (other, id, hub_pairing_get_shown (pairing), &error);
  g_assert_no_error (error);
}

/* Two hubs of one id, both under way: the second is not written down, and its pairing ends. */
static void
test_crossed (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestHub *thief = test_hub_as (3, test_hub_id (other));
  g_autofree char *address = test_hub_address (other), *thief_address = test_hub_address (thief);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) good = test_begin (one, address, &error);
  g_autoptr (HubPairing) bad = test_begin (one, thief_address, &error);

  g_assert_no_error (error);
  confirm_both (one, other, good);
  test_until (hub_pairing_get_state (good) == HUB_PAIRING_PAIRED);
  confirm_both (one, thief, bad);
  test_until (hub_pairing_get_state (bad) == HUB_PAIRING_CANCELLED);
  assert_peers (one, 1);
  g_assert_cmpstr (hub_peers_get_key (one->peers, test_hub_id (other)), ==,
                   hub_identity_get_key_hash (other->identity));
  test_hub_free (one);
  test_hub_free (other);
  test_hub_free (thief);
}

static void
assert_database (TestHub *hub, const char *constraint, const char *sql)
{
  PGresult *result = PQexec (hub->pg, sql);

  g_assert_cmpstr (PQresultErrorField (result, PG_DIAG_CONSTRAINT_NAME), ==, constraint);
  PQclear (result);
}

/* The database says so, too. */
static void
test_database (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  g_autofree char *own = g_strdup_printf (
      "insert into peers.peer (id, names, key, state, paired_by) values (upper ('%s')::uuid, '{}', "
      "repeat ('a', 64), 'paired', 'x')",
      test_hub_id (one));
  g_autofree char *twice = NULL;

  test_pair (one, other, NULL);
  twice = g_strdup_printf ("insert into peers.peer (id, names, key, state, paired_by) values "
                           "('" SOMEBODY "', '{}', '%s', 'paired', 'x')",
                           hub_identity_get_key_hash (other->identity));
  assert_database (one, "peer_is_another_hub", own);
  assert_database (one, "peer_key_key", twice);
  assert_database (one, "peer_keeps_its_key", "update peers.peer set key = repeat ('b', 64)");
  assert_database (one, "peer_keeps_its_key", "update peers.peer set id = '" SOMEBODY "'");
  assert_database (one, "peer_is_another_hub",
                   "update peers.peer set id = (select id from karez.hub)");
  test_hub_free (one);
  test_hub_free (other);
}

static gboolean
block_once_it_listens (gpointer data)
{
  TestHub *hub = data;

  if (hub->peers == NULL || hub_peers_get_port (hub->peers) == 0)
    return G_SOURCE_CONTINUE;
  g_usleep (6 * G_USEC_PER_SEC);
  return G_SOURCE_REMOVE;
}

/* A machine that is too busy to answer the hub's own handshake is no reason not to start. */
static void
test_busy (void)
{
  TestHub *hub = test_hub (1);

  test_hub_stop (hub);
  g_timeout_add_full (G_PRIORITY_HIGH, 1, block_once_it_listens, hub, NULL);
  test_hub_start (hub, 0);
  test_hub_free (hub);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/peers/claims/own", test_own);
  g_test_add_func ("/peers/claims/known", test_known);
  g_test_add_func ("/peers/claims/anew", test_anew);
  g_test_add_func ("/peers/claims/crossed", test_crossed);
  g_test_add_func ("/peers/claims/database", test_database);
  g_test_add_func ("/peers/claims/busy", test_busy);
  return g_test_run ();
}
