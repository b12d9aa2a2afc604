/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plugin's routes are given beside JSON: bytes, and the password asked again. */
#include "web-fixture.h"

static Fixture *fixture;

static void
echo_length (KarezRequest *request, gpointer data)
{
  karez_request_respond (
      request, 200,
      karez_json_object ("length", "i",
                         (gint64) g_bytes_get_size (karez_request_get_bytes (request)), NULL));
}

/* A route that takes bytes takes no JSON, and the other way round. */
static void
test_bytes (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autofree char *long_text = g_strnfill (2 * 1024 * 1024, 'x');

  g_assert_true (karez_routes_add_bytes (KAREZ_ROUTES (fixture->web), "PUT", "/x/bytes",
                                         "board.read", echo_length, NULL, NULL, NULL));
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "PUT", "/x/json", "board.read",
                                   echo_length, NULL, NULL, NULL));
  {
    g_auto (Answer) taken = ask (desk, "PUT", "/api/v1/x/bytes", "{not json", "Content-Type",
                                 "application/octet-stream", NULL);
    g_auto (Answer) json = ask (desk, "PUT", "/api/v1/x/bytes", "{}", NULL);
    g_auto (Answer) bytes = ask (desk, "PUT", "/api/v1/x/json", "{}", "Content-Type",
                                 "application/octet-stream", NULL);
    g_auto (Answer) large = ask (desk, "PUT", "/api/v1/x/bytes", long_text, "Content-Type",
                                 "application/octet-stream", NULL);

    g_assert_cmpuint (taken.status, ==, 200);
    g_assert_cmpint (json_object_get_int_member (json_node_get_object (taken.body), "length"), ==,
                     9);
    assert_problem (&json, 415, "request/media-type");
    assert_problem (&bytes, 415, "request/media-type");
    assert_problem (&large, 413, "request/size");
  }
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
  static const KarezJsonField fields[] = {
    { "password", KAREZ_JSON_TEXT, TRUE, 1, 256 },
    { NULL },
  };
  JsonObject *body = karez_request_check_body (request, fields);

  if (body != NULL)
    karez_request_confirm_async (request, karez_json_text (body, "password"), NULL, on_confirmed,
                                 g_object_ref (request));
}

/* Who is signed in says again who it is: right, wrong, too often wrong, and karezctl. */
static void
test_confirm (void)
{
  g_autoptr (Client) engineer = client_signed_in (fixture, "127.0.0.77", "engineer");
  g_autoptr (Client) local = client_new (fixture, NULL);
  g_autofree char *events = NULL;
  guint refused = 0, waiting = 0;

  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "POST", "/x/confirm", "board.read",
                                   confirm, NULL, NULL, NULL));
  {
    g_auto (Answer) right = ask (engineer, "POST", "/api/v1/x/confirm",
                                 "{\"password\": \"" TEST_PASSWORD "\"}", NULL);
    g_auto (Answer) nobody = ask (local, "POST", "/api/v1/x/confirm",
                                  "{\"password\": \"" TEST_PASSWORD "\"}", NULL);

    g_assert_cmpuint (right.status, ==, 204);
    assert_problem (&nobody, 409, "sign-in/local");
  }
  for (guint i = 0; i < 12; i++)
    {
      g_auto (Answer) wrong = ask (engineer, "POST", "/api/v1/x/confirm",
                                   "{\"password\": \"somebody else's\"}", NULL);

      refused += g_strcmp0 (answer_text (&wrong, "rule"), "sign-in/refused") == 0;
      waiting += g_strcmp0 (answer_text (&wrong, "rule"), "sign-in/rate") == 0;
    }
  g_assert_cmpuint (refused, ==, 10);
  g_assert_cmpuint (waiting, ==, 2);
  events = sql (fixture, "select count(*) from karez.event where action = "
                         "'account.confirm-refused' and outcome = 4 and actor_name = 'engineer'");
  g_assert_cmpstr (events, ==, "10");
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_test_add_func ("/web/bytes", test_bytes);
  g_test_add_func ("/web/confirm", test_confirm);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
