/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Wrong passwords of others keep nobody out who is known; everybody else has to wait. */
#include "web-fixture.h"

#include <string.h>

static Fixture *fixture;

/* TEST_PASSWORD at Argon2id's least cost, so that many tries fit into the second that the first of
 * the waits takes. */
static void
make_cheap (void)
{
  static const char hash[] = "$argon2id$v=19$m=8,t=1,p=1$ZJ7xEE6ECedqjhamgE3QEw"
                             "$UTE8QNPPmjf0wvffKlmGcgIERYqHhxu95PFdD/3NhRA";
  g_autofree char *query = g_strdup_printf (
      "begin; set local session_replication_role = replica; update web.account set password = "
      "'%s'; commit",
      hash);
  g_autofree char *done = sql (fixture, query);
}

static guint
status_of_sign_in (Client *client, const char *login, const char *password)
{
  g_auto (Answer) answer = sign_in (client, login, password);

  return answer.status;
}

/* So many wrong passwords for a login, from four new addresses; how many had to wait. */
static guint
attack (const char *login, guint tries)
{
  static guint network = 100;
  guint waited = 0;

  network++;
  for (guint i = 0; i < tries; i++)
    {
      g_autofree char *address = g_strdup_printf ("198.51.%u.%u", network, i % 4 + 1);
      g_autoptr (Client) attacker = client_new_behind_proxy (fixture, address);

      waited += status_of_sign_in (attacker, login, "wrong") == 429;
    }
  return waited;
}

static void
on_confirmed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KarezRequest) request = data;
  g_autoptr (GError) error = NULL;

  if (karez_request_confirm_finish (request, result, &error))
    karez_request_respond (request, 204, NULL);
  else
    karez_request_fail (request, error);
}

static void
confirm (KarezRequest *request, gpointer data)
{
  karez_request_confirm_async (
      request,
      karez_json_text (json_node_get_object (karez_request_get_body (request)), "password"), NULL,
      on_confirmed, g_object_ref (request));
}

static guint
status_of_confirmation (Client *client, const char *password)
{
  g_autofree char *body = g_strdup_printf ("{\"password\": \"%s\"}", password);
  g_auto (Answer) answer = ask (client, "POST", "/api/v1/x/confirm", body, NULL);

  return answer.status;
}

static guint
count_lock_outs (const char *login)
{
  g_autofree char *query = g_strdup_printf (
      "select count(*) from karez.event where action = 'account.lock-out' and actor_name = '%s'",
      login);
  g_autofree char *text = sql (fixture, query);

  return (guint) g_ascii_strtoull (text, NULL, 10);
}

static void
test_weapon (void)
{
  g_autoptr (Client) owner = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) back = client_new (fixture, "127.0.0.5");
  g_autoptr (Client) unknown = client_new (fixture, "127.0.0.6");
  g_autoptr (Client) colleague = client_signed_in (fixture, "127.0.0.7", "auditor");

  g_assert_cmpuint (attack ("desk", 24), >=, 1);
  /* Nobody else's browser, not even one that is known for another account, and no forgery. */
  g_assert_cmpuint (status_of_sign_in (unknown, "desk", TEST_PASSWORD), ==, 429);
  unknown->browser = g_strdup (colleague->browser);
  g_assert_cmpuint (status_of_sign_in (unknown, "desk", TEST_PASSWORD), ==, 429);
  g_free (unknown->browser);
  unknown->browser = g_strdup (owner->browser);
  unknown->browser[strlen (unknown->browser) - 3] ^= 1;
  g_assert_cmpuint (status_of_sign_in (unknown, "desk", TEST_PASSWORD), ==, 429);
  /* Who is signed in signs an opinion; the browser of the person lets them in, from anywhere. */
  g_assert_cmpuint (status_of_confirmation (owner, TEST_PASSWORD), ==, 204);
  g_assert_cmpuint (attack ("desk", 24), >=, 1);
  back->browser = g_strdup (owner->browser);
  g_assert_cmpuint (status_of_sign_in (back, "desk", TEST_PASSWORD), ==, 200);
  g_assert_cmpuint (count_lock_outs ("desk"), >=, 1);
  g_assert_cmpuint (count_lock_outs ("desk"), <=, 3);
}

/* Success clears: the next one need not wait, from a browser that nobody knows either. */
static void
test_cleared (void)
{
  g_autoptr (Client) owner = client_signed_in (fixture, "127.0.0.1", "engineer");
  g_autoptr (Client) fresh = client_new (fixture, "127.0.0.8");

  g_assert_cmpuint (attack ("engineer", 24), >=, 1);
  g_assert_cmpuint (status_of_sign_in (fresh, "engineer", TEST_PASSWORD), ==, 429);
  g_assert_cmpuint (status_of_sign_in (owner, "engineer", TEST_PASSWORD), ==, 200);
  g_assert_cmpuint (status_of_sign_in (fresh, "engineer", TEST_PASSWORD), ==, 200);
}

/* A known browser and a sign-in have counts of their own, which bind nobody else. */
static void
test_own_count (void)
{
  g_autoptr (Client) owner = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autoptr (Client) second = client_signed_in (fixture, "127.0.0.2", "auditor");
  g_autoptr (Client) thief = client_new (fixture, "127.0.0.9");
  guint wrong = 0, waited = 0;

  thief->browser = g_strdup (owner->browser);
  for (guint i = 0; i < 14; i++)
    {
      guint status = status_of_sign_in (thief, "auditor", "wrong");

      wrong += status == 401;
      waited += status == 429;
    }
  g_assert_cmpuint (wrong, ==, 10);
  g_assert_cmpuint (waited, ==, 4);
  g_assert_cmpuint (status_of_sign_in (second, "auditor", TEST_PASSWORD), ==, 200);
  for (guint i = 0; i < 14; i++)
    {
      guint status = status_of_confirmation (second, "wrong");

      g_assert_cmpuint (status, ==, i < 10 ? 401 : 429);
    }
  g_assert_cmpuint (status_of_confirmation (second, TEST_PASSWORD), ==, 429);
  {
    g_autoptr (Client) third = client_signed_in (fixture, "127.0.0.3", "auditor");

    g_assert_cmpuint (status_of_confirmation (third, TEST_PASSWORD), ==, 204);
  }
}

/* What is told of a login that nobody has is what is told of one that somebody has. */
static void
test_tells_nothing (void)
{
  g_autoptr (Client) first = client_new (fixture, "127.0.0.21");
  g_autoptr (Client) second = client_new (fixture, "127.0.0.22");

  for (guint i = 0; i < 14; i++)
    {
      g_auto (Answer) real = sign_in (first, "administrator", "wrong");
      g_auto (Answer) unreal = sign_in (second, "nobody-at-all", "wrong");

      g_assert_cmpuint (real.status, ==, unreal.status);
      g_assert_cmpstr (answer_header (&real, "Retry-After"), ==,
                       answer_header (&unreal, "Retry-After"));
      g_assert_true (g_bytes_equal (real.bytes, unreal.bytes));
    }
}

/* One customer has 2⁶⁴ addresses (RFC 6177) and is one. */
static void
test_network (void)
{
  guint wrong = 0, waited = 0;

  for (guint i = 0; i < 16; i++)
    {
      g_autofree char *address = g_strdup_printf ("2001:db8:7:7::%x", i + 1);
      g_autoptr (Client) client = client_new_behind_proxy (fixture, address);
      guint status = status_of_sign_in (client, "auditor", "wrong");

      wrong += status == 401;
      waited += status == 429;
    }
  g_assert_cmpuint (wrong, ==, 10);
  g_assert_cmpuint (waited, ==, 6);
}

static gboolean
is_known (Client *client, const char *login)
{
  g_autoptr (Client) again = client_new (fixture, "127.0.0.31");

  g_assert_cmpuint (attack (login, 24), >=, 1);
  again->browser = g_strdup (client->browser);
  return status_of_sign_in (again, login, TEST_PASSWORD) == 200;
}

/* An administrator forgets all browsers of a person, and a new password does. */
static void
test_forgotten (void)
{
  g_autoptr (Client) administrator = client_signed_in (fixture, "127.0.0.1", "administrator");
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.41", "desk");
  g_autofree char *path = g_strdup_printf ("/api/v1/people/%s/browsers", desk->id);
  g_auto (Answer) not_theirs = ask (desk, "DELETE", path, NULL, NULL);

  assert_problem (&not_theirs, 403, "access/people.write");
  g_assert_true (is_known (desk, "desk"));
  {
    g_auto (Answer) forgotten = ask (administrator, "DELETE", path, NULL, NULL);
    g_auto (Answer)
        nobody = ask (administrator, "DELETE",
                      "/api/v1/people/01930000-0000-7000-8000-000000000000/browsers", NULL, NULL);
    g_auto (Answer) still = ask (desk, "GET", "/api/v1/me", NULL, NULL);

    g_assert_cmpuint (forgotten.status, ==, 204);
    assert_problem (&nobody, 409, "people/no-account");
    g_assert_cmpuint (still.status, ==, 200);
  }
  g_assert_false (is_known (desk, "desk"));
}

static void
test_forgotten_by_password (void)
{
  g_autoptr (Client) engineer = client_signed_in (fixture, "127.0.0.42", "engineer");
  g_autofree char *former = g_strdup (engineer->browser);

  g_assert_true (is_known (engineer, "engineer"));
  for (guint i = 0; i < 2; i++)
    {
      const char *own = "a password of my own";
      g_autofree char *body = g_strdup_printf ("{\"password\": \"%s\", \"new_password\": \"%s\"}",
                                               i == 0 ? TEST_PASSWORD : own,
                                               i == 0 ? own : TEST_PASSWORD);
      g_auto (Answer) changed = ask (engineer, "PUT", "/api/v1/me/password", body, NULL);

      g_assert_cmpuint (changed.status, ==, 204);
      g_free (engineer->browser);
      engineer->browser = answer_cookie (&changed, TEST_BROWSER);
      g_assert_nonnull (engineer->browser);
    }
  make_cheap ();
  /* The browser where it was changed is known again, by another cookie. */
  g_assert_true (is_known (engineer, "engineer"));
  g_free (engineer->browser);
  engineer->browser = g_steal_pointer (&former);
  g_assert_false (is_known (engineer, "engineer"));
}

static GSocket *
connect_as_proxy (void)
{
  g_autoptr (GSocketAddress) local = g_inet_socket_address_new_from_string (TEST_PROXY, 0);
  g_autoptr (GSocketAddress)
      remote = g_inet_socket_address_new_from_string ("127.0.0.1", hub_web_get_port (fixture->web));
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                  &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, local, FALSE, &error));
  g_assert_true (g_socket_connect (socket, remote, NULL, &error));
  return socket;
}

/* So many strangers, of as many customers of one @net, whose passwords are looked at one after the
 * other. Returns: their connections, which nobody reads */
static GPtrArray *
crowd (guint n, guint net)
{
  GPtrArray *sockets = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *body = g_strdup_printf ("{\"login\": \"nobody%u\", \"password\": \"x\"}", i);
      g_autofree char *text = g_strdup_printf (
          "POST /api/v1/sign-in HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nX-Forwarded-For: 203.%u.%u.7\r\n"
          "Content-Type: application/json\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
          hub_web_get_port (fixture->web), net, i, strlen (body), body);
      GSocket *socket = connect_as_proxy ();

      g_ptr_array_add (sockets, socket);
      g_assert_cmpint (g_socket_send (socket, text, strlen (text), NULL, NULL), ==, strlen (text));
    }
  return sockets;
}

/* Each look costs time, so that many strangers fill the hub's: who is known does not wait for them,
 * at the sign-in and where a signature is confirmed. */
static void
test_crowd (void)
{
  g_autoptr (Client) owner = client_signed_in (fixture, "127.0.0.51", "desk");
  g_autoptr (Client) back = client_new (fixture, "127.0.0.52");
  gint64 took = G_MAXINT64;

  back->browser = g_strdup (owner->browser);
  /* Who waits for them does each time; who waited for a processor does not. */
  for (guint i = 0; i < 3 && took >= 500000; i++)
    {
      g_autoptr (GPtrArray) sockets = crowd (100, i);
      gint64 begin;

      /* They are read, and the first ones are being looked at. */
      run_ms (100);
      begin = g_get_monotonic_time ();
      g_assert_cmpuint (status_of_confirmation (owner, TEST_PASSWORD), ==, 204);
      g_assert_cmpuint (status_of_sign_in (back, "desk", TEST_PASSWORD), ==, 200);
      took = g_get_monotonic_time () - begin;
      run_ms (2500);
    }
  /* A third of what the strangers take. */
  g_assert_cmpint (took, <, 500000);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  make_cheap ();
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "POST", "/x/confirm", "board.read",
                                   confirm, NULL, NULL, NULL));
  g_test_add_func ("/web/lock-out/crowd", test_crowd);
  g_test_add_func ("/web/lock-out/weapon", test_weapon);
  g_test_add_func ("/web/lock-out/cleared", test_cleared);
  g_test_add_func ("/web/lock-out/own-count", test_own_count);
  g_test_add_func ("/web/lock-out/tells-nothing", test_tells_nothing);
  g_test_add_func ("/web/lock-out/network", test_network);
  g_test_add_func ("/web/lock-out/forgotten", test_forgotten);
  g_test_add_func ("/web/lock-out/forgotten-by-password", test_forgotten_by_password);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
