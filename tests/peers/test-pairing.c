/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pairings, and a man in the middle of them. */
#include "hub-pairing-gate.h"
#include "peers-test.h"

#include <string.h>

static void
test_strings (void)
{
  g_autofree char *a = g_strnfill (64, 'a'), *b = g_strnfill (64, 'b'), *c = g_strnfill (64, 'c');
  g_autofree char *one = NULL, *two = NULL, *three = NULL, *four = NULL;

  hub_pairing_make_strings (a, b, c, c, &one, &two);
  g_assert_cmpuint (strlen (one), ==, 9);
  g_assert_cmpint (one[4], ==, '-');
  g_assert_cmpuint (strspn (one, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-"), ==, 9);
  g_assert_cmpstr (one, !=, two);
  /* Another key with the very same nonces gives other strings on both screens. */
  hub_pairing_make_strings (a, c, c, c, &three, &four);
  g_assert_cmpstr (one, !=, three);
  g_assert_cmpstr (two, !=, four);
}

/* What a plugin asks of the peers, and hears of them. */
static void
on_peer_changed (KarezPeers *peers, const char *peer, GString *heard)
{
  g_string_append_printf (heard, "%d ", karez_peers_get_state (peers, peer));
}

static void
test_states (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  KarezPeers *peers = KAREZ_PEERS (one->peers);
  g_autoptr (GString) heard = g_string_new (NULL);
  g_auto (GStrv) up = NULL, revoked = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (karez_peers_get_state (peers, test_hub_id (other)), ==, KAREZ_PEER_UNKNOWN);
  g_assert_false (karez_peers_is_paired (peers, test_hub_id (other)));
  g_signal_connect (peers, "changed", G_CALLBACK (on_peer_changed), heard);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  g_assert_cmpint (karez_peers_get_state (peers, test_hub_id (other)), ==, KAREZ_PEER_UP);
  g_assert_true (karez_peers_is_paired (peers, test_hub_id (other)));
  up = karez_peers_find (peers, KAREZ_PEER_UP);
  g_assert_cmpuint (g_strv_length (up), ==, 1);
  g_assert_cmpstr (up[0], ==, test_hub_id (other));
  test_unpair (one, other, &error);
  g_assert_no_error (error);
  g_assert_false (karez_peers_is_paired (peers, test_hub_id (other)));
  revoked = karez_peers_find (peers, KAREZ_PEER_REVOKED);
  g_assert_cmpuint (g_strv_length (revoked), ==, 1);
  /* Paired, then up, then revoked: once each. */
  g_assert_cmpstr (heard->str, ==, "1 2 3 ");
  g_signal_handlers_disconnect_by_data (peers, heard);
  test_hub_free (one);
  test_hub_free (other);
}

static void
test_success (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  g_autofree char *address = test_hub_address (other);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) pairing = test_begin (one, address, &error);
  HubPairing *guest;

  g_assert_no_error (error);
  guest = test_guest (other, hub_pairing_get_id (pairing));
  g_assert_cmpint (hub_pairing_get_state (guest), ==, HUB_PAIRING_COMPARING);
  g_assert_cmpstr (hub_pairing_get_shown (pairing), !=, hub_pairing_get_shown (guest));

  /* What stands on one's own screen is not the string to be typed there. */
  g_assert_false (
      test_confirm (one, hub_pairing_get_id (pairing), hub_pairing_get_shown (pairing), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/wrong-string");
  g_clear_error (&error);

  g_assert_true (
      test_confirm (one, hub_pairing_get_id (pairing), hub_pairing_get_shown (guest), &error));
  g_assert_no_error (error);
  test_run_for (300);
  g_assert_null (test_state (one, other));
  g_assert_null (test_state (other, one));

  {
    g_autofree char *typed = g_ascii_strdown (hub_pairing_get_shown (pairing), -1);

    typed[4] = ' ';
    g_assert_true (test_confirm (other, hub_pairing_get_id (pairing), typed, &error));
    g_assert_no_error (error);
  }
  test_until (hub_pairing_get_state (pairing) == HUB_PAIRING_PAIRED
              && hub_pairing_get_state (guest) == HUB_PAIRING_PAIRED);
  g_assert_cmpint (test_events (one, "peer.pair"), ==, 1);
  g_assert_cmpint (test_events (other, "peer.pair"), ==, 1);
  g_assert_cmpint (test_events (one, "pairing.wrong-string"), ==, 1);
  g_assert_cmpstr (hub_peers_get_key (one->peers, test_hub_id (other)), ==,
                   hub_identity_get_key_hash (other->identity));
  g_assert_cmpstr (hub_peers_get_key (other->peers, test_hub_id (one)), ==,
                   hub_identity_get_key_hash (one->identity));
  test_until_up (one, other);
  test_hub_free (one);
  test_hub_free (other);
}

static void
test_burnt (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  g_autofree char *address = test_hub_address (other);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) pairing = test_begin (one, address, &error);
  HubPairing *guest;
  const char *id;

  g_assert_no_error (error);
  id = hub_pairing_get_id (pairing);
  guest = test_guest (other, id);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_false (test_confirm (one, id, "ZZZZ-ZZZZ", &error));
      g_assert_cmpstr (karez_error_get_rule (error), ==,
                       i < 2 ? "peers/wrong-string" : "peers/pairing-burnt");
      g_clear_error (&error);
    }
  /* The right one comes too late, here and there. */
  g_assert_false (test_confirm (one, id, hub_pairing_get_shown (guest), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/pairing-burnt");
  g_clear_error (&error);
  test_until (hub_pairing_get_state (guest) == HUB_PAIRING_CANCELLED);
  g_assert_false (test_confirm (other, id, hub_pairing_get_shown (pairing), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/pairing-state");
  g_assert_cmpint (test_events (one, "pairing.burnt"), ==, 1);
  g_assert_null (test_state (one, other));
  g_assert_null (test_state (other, one));
  test_hub_free (one);
  test_hub_free (other);
}

static void
test_middle (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2), *middle = test_hub (3);
  g_autofree char *middle_address = test_hub_address (middle);
  g_autofree char *address = test_hub_address (other);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) near = test_begin (one, middle_address, &error);
  g_autoptr (HubPairing) far = NULL;
  HubPairing *guest;

  g_assert_no_error (error);
  /* Somebody between them, with keys of its own, has a pairing with each. */
  far = test_begin (middle, address, &error);
  g_assert_no_error (error);
  guest = test_guest (other, hub_pairing_get_id (far));
  g_assert_cmpstr (hub_pairing_get_shown (near), !=, hub_pairing_get_shown (far));

  g_assert_false (
      test_confirm (other, hub_pairing_get_id (far), hub_pairing_get_shown (near), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/wrong-string");
  g_clear_error (&error);
  g_assert_false (
      test_confirm (one, hub_pairing_get_id (near), hub_pairing_get_shown (guest), &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/wrong-string");
  g_assert_null (test_state (one, middle));
  g_assert_null (test_state (other, middle));
  test_hub_free (one);
  test_hub_free (other);
  test_hub_free (middle);
}

static JsonNode *
raw (HubPeerClient *client, const char *path, const char *body, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (body, strlen (body));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) answer = NULL;

  hub_peer_client_send_async (client, HUB_PEER_WAY_CALL, path, bytes, 5000, 65536, NULL, test_keep,
                              &result);
  test_until (result != NULL);
  answer = hub_peer_client_send_finish (client, result, error);
  return answer != NULL ? karez_json_parse (answer, 0, error) : NULL;
}

/* A nonce that was not committed to ends the pairing. */
static void
test_commitment (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  g_autofree char *address = test_hub_address (other);
  g_autoptr (HubPeerClient) client = hub_peer_client_new (one->identity, address, NULL);
  g_autofree char *nonce = g_strnfill (64, '1'), *second = g_strnfill (64, '2');
  g_autofree char *commitment = hub_pairing_commit (hub_identity_get_key_hash (one->identity),
                                                    nonce);
  const char *id = "0197e5f0-0000-7000-8000-0000000000aa";
  g_autofree char *commit = g_strdup_printf (
      "{\"pairing\":\"%s\",\"commitment\":\"%s\",\"hub\":\"%s\",\"names\":{\"en\":\"x\"}}", id,
      commitment, test_hub_id (one));
  g_autofree char *reveal = g_strdup_printf ("{\"pairing\":\"%s\",\"nonce\":\"%s\"}", id, second);
  g_autofree char *honest = g_strdup_printf ("{\"pairing\":\"%s\",\"nonce\":\"%s\"}", id, nonce);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = raw (client, "pairing/commit", commit, &error);

  g_assert_no_error (error);
  g_assert_null (raw (client, "pairing/reveal", reveal, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/commitment");
  g_clear_error (&error);
  g_assert_null (raw (client, "pairing/reveal", honest, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/pairing-state");
  g_clear_error (&error);
  g_assert_null (raw (client, "pairing/commit", "{\"pairing\":", &error));
  g_assert_true (karez_error_is_invalid (error));
  test_hub_free (one);
  test_hub_free (other);
}

typedef struct
{
  guint left;
  GPtrArray *nonces;
} Committing;

static void
on_committed (GObject *source, GAsyncResult *result, gpointer data)
{
  Committing *committing = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes)
      answer = hub_peer_client_send_finish (HUB_PEER_CLIENT (source), result, &error);
  g_autoptr (JsonNode) node = answer != NULL ? karez_json_parse (answer, 0, &error) : NULL;

  g_assert_no_error (error);
  g_ptr_array_add (committing->nonces,
                   g_strdup (karez_json_text (json_node_get_object (node), "nonce")));
  committing->left--;
}

/* A commitment that is sent again before its first answer is there has the same answer, or the two
 * screens would show other strings. */
static void
test_repeated (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  g_autofree char *address = test_hub_address (other);
  g_autoptr (HubPeerClient) client = hub_peer_client_new (one->identity, address, NULL);
  g_autofree char *commitment = g_strnfill (64, '1');
  g_autofree char *commit = g_strdup_printf (
      "{\"pairing\":\"0197e5f0-0000-7000-8000-0000000000ab\",\"commitment\":\"%s\",\"hub\":\"%s\","
      "\"names\":{\"en\":\"x\"}}",
      commitment, test_hub_id (one));
  g_autoptr (GBytes) body = g_bytes_new (commit, strlen (commit));
  g_autoptr (GPtrArray) nonces = g_ptr_array_new_with_free_func (g_free);
  Committing committing = { 3, nonces };

  for (guint i = 0; i < 3; i++)
    hub_peer_client_send_async (client, i, "pairing/commit", body, 5000, 65536, NULL, on_committed,
                                &committing);
  test_until (committing.left == 0);
  g_assert_cmpstr (nonces->pdata[0], ==, nonces->pdata[1]);
  g_assert_cmpstr (nonces->pdata[0], ==, nonces->pdata[2]);
  g_assert_cmpint (test_events (other, "pairing.begin"), ==, 1);
  test_hub_free (one);
  test_hub_free (other);
}

/* Strangers begin only so many pairings, and a wrong address says so. */
static void
test_bounds (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  g_autofree char *address = test_hub_address (other), *own = test_hub_address (one);
  g_autoptr (GError) error = NULL;
  guint begun = 0;

  g_assert_null (test_begin (one, "not an address", &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/address");
  g_clear_error (&error);
  g_assert_null (test_begin (one, "127.0.0.1:1", &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/unreachable");
  g_clear_error (&error);
  g_assert_null (test_begin (one, own, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/self");
  g_clear_error (&error);
  for (guint i = 0; i < HUB_PAIRING_GATE_CUSTOMER; i++)
    {
      g_autoptr (HubPairing) pairing = test_begin (one, address, &error);

      g_assert_no_error (error);
      begun += pairing != NULL;
    }
  g_assert_null (test_begin (one, address, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/pairing-rate");
  g_assert_cmpint (begun, ==, HUB_PAIRING_GATE_CUSTOMER);
  test_hub_free (one);
  test_hub_free (other);
}

/* What somebody hears who begins a pairing with @hub from @source; NULL: it was begun. */
static char *
rule_from (TestHub *hub, HubIdentity *stranger, const char *source)
{
  static guint count;
  TestRelay *relay = test_relay_from (hub_peers_get_port (hub->peers), source);
  g_autofree char *address = test_relay_address (relay);
  g_autoptr (HubPeerClient) client = hub_peer_client_new (stranger, address, NULL);
  g_autofree char *digits = g_strnfill (64, '1');
  g_autofree char *commit = g_strdup_printf (
      "{\"pairing\":\"0197e5f0-0000-7000-8000-%012x\",\"commitment\":\"%s\","
      "\"hub\":\"0197e5f0-0000-7000-8000-00000000beef\",\"names\":{\"en\":\"x\"}}",
      ++count, digits);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) answer = raw (client, "pairing/commit", commit, &error);

  hub_peer_client_close (client);
  test_relay_free (relay);
  return answer != NULL ? NULL : g_strdup (karez_error_get_rule (error));
}

static void
expect (TestHub *self, const char *address, GError **error)
{
  HubPairings *pairings = hub_peers_get_pairings (self->peers);
  g_autoptr (KarezTransaction) transaction = test_hub_begin (self, "peers");
  g_autoptr (GAsyncResult) result = NULL;

  hub_pairings_expect_async (pairings, transaction, address, test_keep, &result);
  test_until (result != NULL);
  hub_pairings_expect_finish (pairings, result, error);
}

static void
pair_from (TestHub *one, TestHub *other, const char *source)
{
  TestRelay *relay = test_relay_from (hub_peers_get_port (other->peers), source);
  g_autofree char *address = test_relay_address (relay);

  test_pair (one, other, address);
  test_relay_free (relay);
}

/* Pairings from many addresses: one address does not take the others' room, and when there is no
 * more, what an administrator begins or announces goes on. */
static void
test_flood (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2), *third = test_hub (3);
  g_autofree char *address = test_hub_address (other);
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) begun = NULL;
  guint taken = 0;

  for (guint i = 0; i < HUB_PAIRING_GATE_ALL + 12; i++)
    {
      g_autofree char *source = g_strdup_printf ("127.0.0.%u",
                                                 2 + i / (HUB_PAIRING_GATE_CUSTOMER + 1));
      g_autofree char *rule = rule_from (one, third->identity, source);

      taken += rule == NULL;
      g_assert_cmpstr (rule, ==,
                       i % (HUB_PAIRING_GATE_CUSTOMER + 1) == HUB_PAIRING_GATE_CUSTOMER
                               || taken > HUB_PAIRING_GATE_ALL
                               || (rule != NULL && taken == HUB_PAIRING_GATE_ALL)
                           ? "peers/pairing-rate"
                           : NULL);
    }
  g_assert_cmpuint (taken, ==, HUB_PAIRING_GATE_ALL);
  /* From here. */
  begun = test_begin (one, address, &error);
  g_assert_no_error (error);
  g_assert_nonnull (begun);
  /* From there. */
  expect (one, "hospital.example", &error);
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/expected-address");
  g_clear_error (&error);
  expect (one, "127.0.0.77", &error);
  g_assert_no_error (error);
  g_assert_cmpint (test_events (one, "pairing.expect"), ==, 1);
  pair_from (other, one, "127.0.0.77");
  test_hub_free (one);
  test_hub_free (other);
  test_hub_free (third);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these tests bring about. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/peers/pairing/strings", test_strings);
  g_test_add_func ("/peers/pairing/success", test_success);
  g_test_add_func ("/peers/pairing/states", test_states);
  g_test_add_func ("/peers/pairing/burnt", test_burnt);
  g_test_add_func ("/peers/pairing/man-in-the-middle", test_middle);
  g_test_add_func ("/peers/pairing/commitment", test_commitment);
  g_test_add_func ("/peers/pairing/repeated", test_repeated);
  g_test_add_func ("/peers/pairing/bounds", test_bounds);
  g_test_add_func ("/peers/pairing/flood", test_flood);
  return g_test_run ();
}
