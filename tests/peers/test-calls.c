/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls between paired hubs. */
#include "peers-test.h"

#include "hub-peer-problem.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

static void
on_echo (KarezMessage *message, GTask *task, gpointer data)
{
  TestHub *self = data;

  /* The sender is whom the certificate says, whatever the body claims. */
  g_assert_cmpstr (karez_message_get_peer (message), !=, test_hub_id (self));
  g_assert_cmpint (karez_actor_get_kind (karez_message_get_actor (message)), ==, KAREZ_ACTOR_PEER);
  g_task_return_pointer (task,
                         karez_json_object ("from", "s", karez_message_get_peer (message), "body",
                                            "n", json_node_copy (karez_message_get_body (message)),
                                            NULL),
                         (GDestroyNotify) json_node_unref);
  g_object_unref (task);
}

static void
on_refuse (KarezMessage *message, GTask *task, gpointer data)
{
  GError *error = karez_error_new (KAREZ_ERROR_CONFLICT, "agenda/overlap", "Another time",
                                   "The room is taken from %s", "10:00");

  karez_error_set_pointer (error, "/starts_at");
  g_task_return_error (task, error);
  g_object_unref (task);
}

static gboolean
on_late (gpointer data)
{
  g_autoptr (GTask) task = data;

  g_task_return_pointer (task, json_node_new (JSON_NODE_NULL), (GDestroyNotify) json_node_unref);
  return G_SOURCE_REMOVE;
}

static void
on_slow (KarezMessage *message, GTask *task, gpointer data)
{
  g_timeout_add (1500, on_late, task);
}

static void
on_feed (const char *peer, const char *cursor, guint limit, GTask *task, gpointer data)
{
  gint64 at = cursor != NULL ? g_ascii_strtoll (cursor, NULL, 10) : 0;
  JsonArray *items = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  g_autofree char *next = NULL;

  for (guint i = 0; i < limit && at < 25; i++)
    json_array_add_int_element (items, ++at);
  json_node_take_array (node, items);
  next = g_strdup_printf ("%" G_GINT64_FORMAT, at);
  g_task_return_pointer (
      task, karez_json_object ("items", "n", node, "cursor", "s", next, "more", "b", at < 25, NULL),
      (GDestroyNotify) json_node_unref);
  g_object_unref (task);
}

static void
add_handlers (TestHub *self)
{
  KarezPeers *peers = KAREZ_PEERS (self->peers);
  g_autoptr (GError) error = NULL;

  karez_peers_handle_call (peers, "ward.echo", on_echo, self, NULL, &error);
  g_assert_no_error (error);
  karez_peers_handle_call (peers, "ward.refuse", on_refuse, self, NULL, &error);
  karez_peers_handle_call (peers, "ward.slow", on_slow, self, NULL, &error);
  karez_peers_serve_feed (peers, "ward.numbers", on_feed, self, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (karez_peers_handle_call (peers, "ward.echo", on_echo, self, NULL, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/topic-taken");
}

static gint64
pull_all (TestHub *self, TestHub *other)
{
  g_autofree char *cursor = NULL;
  gint64 sum = 0;

  for (gboolean more = TRUE; more;)
    {
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) page = NULL;
      JsonObject *object;
      JsonArray *items;

      karez_peers_pull_async (KAREZ_PEERS (self->peers), test_hub_id (other), "ward.numbers",
                              cursor, 10, NULL, test_keep, &result);
      test_until (result != NULL);
      page = karez_peers_pull_finish (KAREZ_PEERS (self->peers), result, &error);
      g_assert_no_error (error);
      object = json_node_get_object (page);
      items = json_object_get_array_member (object, "items");
      g_assert_cmpuint (json_array_get_length (items), <=, 10);
      for (guint i = 0; i < json_array_get_length (items); i++)
        sum += json_array_get_int_element (items, i);
      g_free (cursor);
      cursor = g_strdup (karez_json_text (object, "cursor"));
      more = karez_json_boolean (object, "more");
    }
  return sum;
}

/* Everything that a caller can meet, whatever way the calls take. */
static void
check_calls (TestHub *self, TestHub *other)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode)
      answer = test_call (self, other, "ward.echo",
                          karez_json_object ("peer", "s", test_hub_id (other), NULL), 5000, &error);
  g_autoptr (JsonNode) null = NULL;
  JsonArray *big = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  gint64 began;

  json_node_take_array (node, big);
  g_assert_no_error (error);
  g_assert_cmpstr (karez_json_text (json_node_get_object (answer), "from"), ==, test_hub_id (self));

  g_assert_null (test_call (self, other, "ward.refuse", NULL, 5000, &error));
  g_assert_true (karez_error_is_conflict (error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "agenda/overlap");
  g_assert_cmpstr (karez_error_get_accepted (error), ==, "Another time");
  g_assert_cmpstr (karez_error_get_pointer (error), ==, "/starts_at");
  g_assert_cmpstr (error->message, ==, "The room is taken from 10:00");
  /* To be said in the language of who reads it. */
  g_assert_cmpstr (karez_error_get_format (error), ==, "The room is taken from %s");
  g_assert_cmpstr (karez_error_get_arguments (error)[0], ==, "10:00");
  g_clear_error (&error);

  began = g_get_monotonic_time ();
  g_assert_null (test_call (self, other, "ward.slow", NULL, 300, &error));
  g_assert_true (karez_error_is_timeout (error));
  g_assert_cmpint (g_get_monotonic_time () - began, <, 1200 * 1000);
  g_clear_error (&error);
  null = test_call (self, other, "ward.slow", NULL, 10000, &error);
  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_NULL (null));

  g_assert_null (test_call (self, other, "ward.nothing", NULL, 5000, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/no-handler");
  g_clear_error (&error);
  g_assert_null (test_call (self, other, "../ward", NULL, 5000, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/topic");
  g_clear_error (&error);
  for (guint i = 0; i < 60000; i++)
    json_array_add_string_element (big, "twenty characters..");
  g_assert_null (test_call (self, other, "ward.echo", node, 5000, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/body-size");
  g_clear_error (&error);
  g_assert_cmpint (pull_all (self, other), ==, 25 * 26 / 2);
}

static void
test_calls (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2), *third = test_hub (3);
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;

  address = test_hub_address (one);
  hub_peers_set_address (one->peers, address); /* so that both can dial */
  add_handlers (one);
  add_handlers (other);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  check_calls (one, other);
  check_calls (other, one);

  g_assert_null (test_call (one, third, "ward.echo", NULL, 8000, &error));
  g_assert_true (karez_error_is_not_found (error));
  test_hub_free (one);
  test_hub_free (other);
  test_hub_free (third);
}

/* Only one side can dial; both call, pull and post. */
static void
test_one_sided (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  TestRelay *relay = test_relay (hub_peers_get_port (other->peers));
  g_autofree char *address = test_relay_address (relay);
  g_autofree char *words = NULL;
  g_autoptr (GError) error = NULL;

  add_handlers (one);
  add_handlers (other);
  test_handle_words (one);
  test_pair (one, other, address);
  test_until_up (one, other);
  check_calls (other, one);
  check_calls (one, other);
  g_free (test_post (other, one, KAREZ_LANE_AGENDA, "ward.word", "hello"));
  test_until (test_number (one, "select count(*) from ward.effect") == 1);

  /* The line breaks: down at the side that cannot dial, too, and back by itself. */
  test_relay_set_open (relay, FALSE);
  g_assert_null (test_call (other, one, "ward.echo", NULL, 8000, &error));
  g_assert_true (karez_error_is_unavailable (error) || karez_error_is_timeout (error));
  test_until (g_strcmp0 (test_state (other, one), "down") == 0
              && g_strcmp0 (test_state (one, other), "down") == 0);
  g_free (test_post (other, one, KAREZ_LANE_AGENDA, "ward.word", "again"));
  test_relay_set_open (relay, TRUE);
  test_until_up (one, other);
  test_until (test_number (one, "select count(*) from ward.effect") == 2);
  words = test_words (one, KAREZ_LANE_AGENDA);
  g_assert_cmpstr (words, ==, "hello again");
  check_calls (other, one);
  test_relay_free (relay);
  test_hub_free (one);
  test_hub_free (other);
}

static JsonNode *
raw (HubPeerClient *client, const char *path, GBytes *body, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GBytes) answer = NULL;

  hub_peer_client_send_async (client, HUB_PEER_WAY_CALL, path, body, 8000, 65536, NULL, test_keep,
                              &result);
  test_until (result != NULL);
  answer = hub_peer_client_send_finish (client, result, error);
  return answer != NULL ? karez_json_parse (answer, 0, error) : NULL;
}

static void
test_strangers (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2), *third = test_hub (3);
  g_autofree char *address = test_hub_address (other);
  g_autoptr (HubPeerClient) stranger = hub_peer_client_new (third->identity, address, NULL);
  g_autoptr (HubPeerClient) careful = hub_peer_client_new (
      one->identity, address, hub_identity_get_key_hash (third->identity));
  g_autoptr (HubPeerClient) paired = hub_peer_client_new (
      one->identity, address, hub_identity_get_key_hash (other->identity));
  g_autoptr (GBytes) empty = g_bytes_new_static ("{}", 2);
  g_autoptr (GBytes) claim = NULL;
  g_autoptr (GBytes)
      long_body = g_bytes_new_take (g_strnfill (5 * 1024 * 1024, ' '), 5 * 1024 * 1024);
  g_autoptr (GBytes) long_call = g_bytes_new_take (g_strnfill (1100 * 1024, ' '), 1100 * 1024);
  g_autoptr (GError) error = NULL;
  g_autofree char *hello = NULL;
  static const char *const paths[] = { "hello", "post", "call/ward.echo", "feed/ward.numbers" };

  add_handlers (other);
  test_pair (one, other, NULL);
  /* Another key gets nothing but the pairing paths. */
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_assert_null (raw (stranger, paths[i], empty, &error));
      g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/not-paired");
      g_clear_error (&error);
    }
  g_assert_null (raw (stranger, "pairing/reveal", empty, &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  /* Even when it claims to be somebody else. */
  hello = g_strdup_printf ("{\"hub\":\"%s\"}", test_hub_id (one));
  claim = g_bytes_new (hello, strlen (hello));
  g_assert_null (raw (stranger, "hello", claim, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/not-paired");
  g_clear_error (&error);
  /* A server with another key than the pinned one is not spoken to. */
  g_assert_null (raw (careful, "hello", empty, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/other-key");
  g_clear_error (&error);
  /* Bodies are bounded, and the connection is of use afterwards. */
  g_assert_null (raw (paired, "call/ward.echo", long_call, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/body-size");
  g_clear_error (&error);
  g_assert_null (raw (paired, "post", long_body, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/body-size");
  g_clear_error (&error);
  g_assert_null (raw (paired, "elsewhere", empty, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/path");
  g_clear_error (&error);
  {
    g_autoptr (JsonNode) answer = raw (paired, "call/ward.echo", empty, &error);

    g_assert_no_error (error);
  }
  g_assert_true (g_strcmp0 (test_state (third, one), NULL) == 0);
  test_hub_free (one);
  test_hub_free (other);
  test_hub_free (third);
}

/* A handshake by GnuTLS itself, in a thread, since it blocks. */
typedef struct
{
  guint16 port;
  const char *priority;
  char *pem;
  int result;
  gboolean done;
} Handshake;

static gpointer
shake_hands (gpointer data)
{
  Handshake *self = data;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection)
      connection = g_socket_client_connect_to_host (client, "127.0.0.1", self->port, NULL, NULL);
  gnutls_session_t session;
  gnutls_certificate_credentials_t credentials;
  gnutls_datum_t pem = { (unsigned char *) self->pem, strlen (self->pem) };
  char byte;

  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_certificate_set_x509_key_mem (credentials, &pem, &pem, GNUTLS_X509_FMT_PEM);
  gnutls_init (&session, GNUTLS_CLIENT);
  gnutls_priority_set_direct (session, self->priority, NULL);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  g_socket_set_blocking (g_socket_connection_get_socket (connection), TRUE);
  gnutls_transport_set_int (session, g_socket_get_fd (g_socket_connection_get_socket (connection)));
  gnutls_handshake_set_timeout (session, 5000);
  self->result = gnutls_handshake (session);
  if (self->result == 0)
    {
      /* In TLS 1.3 the client is done before the server has judged. */
      gnutls_record_set_timeout (session, 500);
      self->result = gnutls_record_recv (session, &byte, 1) == GNUTLS_E_TIMEDOUT ? 0 : -1;
    }
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  g_atomic_int_set (&self->done, TRUE);
  return NULL;
}

static int
handshake (TestHub *one, const char *priority, gboolean with_certificate)
{
  Handshake self = { hub_peers_get_port (one->peers), priority, NULL, 0, FALSE };
  GThread *thread;

  if (with_certificate)
    {
      g_autofree char *path = g_build_filename (one->directory, "identity.pem", NULL);

      g_assert_true (g_file_get_contents (path, &self.pem, NULL, NULL));
    }
  else
    self.pem = g_strdup ("");
  thread = g_thread_new ("handshake", shake_hands, &self);
  test_until (g_atomic_int_get (&self.done));
  g_thread_join (thread);
  g_free (self.pem);
  return self.result;
}

static void
test_tls_version (void)
{
  TestHub *one = test_hub (1);

  g_assert_cmpint (handshake (one, "NORMAL:-VERS-ALL:+VERS-TLS1.3", TRUE), ==, 0);
  /* Before it has a thread, not by what is looked at afterwards, which is -1. */
  g_assert_cmpint (handshake (one, "NORMAL:-VERS-ALL:+VERS-TLS1.2", TRUE), <, -1);
  g_assert_cmpint (handshake (one, "NORMAL:-VERS-ALL:+VERS-TLS1.3", FALSE), !=, 0);
  test_hub_free (one);
}

static void
test_unpairing (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  g_autofree char *address = test_hub_address (one);
  g_autoptr (GAsyncResult) slow = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HubPairing) pairing = NULL;

  hub_peers_set_address (one->peers, address);
  add_handlers (one);
  add_handlers (other);
  test_pair (one, other, NULL);
  test_until_up (one, other);
  /* A call under way when the administrator ends it. */
  karez_peers_call_async (KAREZ_PEERS (one->peers), test_hub_id (other), "ward.slow", NULL, 20000,
                          NULL, test_keep, &slow);
  test_run_for (200);
  test_unpair (one, other, &error);
  g_assert_no_error (error);
  test_run_for (50);
  g_assert_nonnull (slow);
  g_assert_null (karez_peers_call_finish (KAREZ_PEERS (one->peers), slow, &error));
  g_assert_true (karez_error_is_unavailable (error));
  g_clear_error (&error);
  g_assert_cmpstr (test_state (one, other), ==, "revoked");
  g_assert_null (test_call (one, other, "ward.echo", NULL, 8000, &error));
  g_assert_true (karez_error_is_not_found (error));
  g_clear_error (&error);
  g_assert_null (test_call (other, one, "ward.echo", NULL, 8000, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/not-paired");
  g_clear_error (&error);
  g_assert_cmpint (test_events (one, "peer.unpair"), ==, 1);
  test_until (g_strcmp0 (test_state (other, one), "down") == 0);
  test_unpair (one, other, &error);
  g_assert_true (karez_error_is_not_found (error));
  g_clear_error (&error);
  /* It holds after a restart, and the two may pair again. */
  test_hub_stop (one);
  test_hub_start (one, 0);
  g_assert_cmpstr (test_state (one, other), ==, "revoked");
  g_assert_null (hub_peers_get_key (one->peers, test_hub_id (other)));
  test_pair (one, other, NULL);
  test_until_up (one, other);
  test_hub_free (one);
  test_hub_free (other);
}

static void
test_up_and_down (void)
{
  TestHub *one = test_hub (1), *other = test_hub (2);
  guint16 port = hub_peers_get_port (other->peers);

  test_pair (one, other, NULL);
  test_until_up (one, other);
  test_hub_stop (other);
  test_until (g_strcmp0 (test_state (one, other), "down") == 0);
  test_hub_start (other, port);
  test_until_up (one, other);
  test_hub_free (one);
  test_hub_free (other);
}

/* @format repeated @n times, with one argument of @length characters. Returns: (transfer full) */
static GError *
read_problem (const char *format, guint n, guint length)
{
  GString *sentence = g_string_new (NULL);
  g_autofree char *argument = g_strnfill (length, 'x');
  const char *const arguments[] = { argument, NULL };
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *all = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GBytes) bytes = NULL;

  for (guint i = 0; i < n; i++)
    g_string_append (sentence, format);
  all = g_string_free (sentence, FALSE);
  node = karez_json_object ("code", "s", "conflict", "rule", "s", "agenda/overlap", "detail", "s",
                            "in short", "format", "s", all, "arguments", "as", arguments, "kinds",
                            "s", "s", NULL);
  text = karez_json_print (node);
  bytes = g_bytes_new (text, strlen (text));
  return hub_peer_problem_read (409, bytes);
}

/* What a partner says of a refusal does not grow here: neither the log nor a page's answer may. */
static void
test_long_problems (void)
{
  static const struct
  {
    const char *format;
    guint n, length;
    gsize most;
  } cases[] = {
    { "%1$s", 500, 60000, 21000 },
    { "%s", 8, 60000, 2600 },
    { "%1$s%1$s%%", 200, 1000, 21000 },
    { "%1$s", 2, 1000, 2000 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = read_problem (cases[i].format, cases[i].n, cases[i].length);

      g_assert_cmpstr (karez_error_get_rule (error), ==, "agenda/overlap");
      g_assert_cmpuint (strlen (error->message), <=, cases[i].most);
      g_assert_cmpuint (strlen (error->message), >, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these tests bring about. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/peers/calls/long-problems", test_long_problems);
  g_test_add_func ("/peers/calls/both-ways", test_calls);
  g_test_add_func ("/peers/calls/one-sided", test_one_sided);
  g_test_add_func ("/peers/calls/strangers", test_strangers);
  g_test_add_func ("/peers/calls/tls-version", test_tls_version);
  g_test_add_func ("/peers/calls/unpairing", test_unpairing);
  g_test_add_func ("/peers/calls/up-and-down", test_up_and_down);
  return g_test_run ();
}
