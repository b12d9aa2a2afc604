/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What leads away from risk while the database is busy or away. */
#include "web-fixture.h"

/* Short, so that a test can wait until a sign-in must be looked up again. */
#define BELIEVE_MS 1000
#define HALT_MS 250

static Fixture *fixture;

static void
halt (KarezRequest *request, gpointer data)
{
  karez_request_respond (request, 204, NULL);
}

static guint
halt_within (Client *client, gint64 ms)
{
  gint64 before = g_get_monotonic_time ();
  g_auto (Answer) answer = ask (client, "POST", "/api/v1/x/halt", NULL, NULL);

  g_assert_cmpint (g_get_monotonic_time () - before, <, ms * 1000);
  return answer.status;
}

/* Nobody can be looked up: what leads away from risk is let through by what was known. */
static void
test_busy (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  g_autoptr (Client) stranger = client_new (fixture, "127.0.0.1");

  g_assert_cmpuint (halt_within (desk, 5000), ==, 204);
  run_ms (BELIEVE_MS + 100);
  g_free (sql (fixture, "begin; lock table web.sign_in, web.account in access exclusive mode"));
  g_assert_cmpuint (halt_within (desk, HALT_MS), ==, 204);
  g_assert_cmpuint (halt_within (stranger, HALT_MS), ==, 401);
  g_free (sql (fixture, "rollback"));
  /* What was known is forgotten where it ends. */
  {
    g_auto (Answer) out = ask (desk, "POST", "/api/v1/sign-out", NULL, NULL);

    g_assert_cmpuint (out.status, <, 300);
  }
  g_assert_cmpuint (halt_within (desk, 5000), ==, 401);
}

/* Others' requests of the same account use up its rate; a halt has one of its own. */
static void
test_rate (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  guint status = 200;

  for (guint i = 0; i < 60 && status == 200; i++)
    {
      g_auto (Answer) answer = ask (desk, "GET", "/api/v1/me", NULL, NULL);

      status = answer.status;
    }
  g_assert_cmpuint (status, ==, 429);
  g_assert_cmpuint (halt_within (desk, 5000), ==, 204);
}

static gboolean
is_away (void)
{
  return !hub_store_is_available (fixture->store);
}

/* Last: the database goes. */
static void
test_away (void)
{
  g_autoptr (Client) auditor = client_signed_in (fixture, "127.0.0.1", "auditor");
  g_autoptr (Client) engineer = client_signed_in (fixture, "127.0.0.1", "engineer");

  g_assert_cmpuint (halt_within (auditor, 5000), ==, 403);
  g_assert_cmpuint (halt_within (engineer, 5000), ==, 204);
  hub_store_close (fixture->store);
  run_until (is_away ());
  run_ms (BELIEVE_MS + 100);
  g_assert_cmpuint (halt_within (engineer, HALT_MS), ==, 204);
}

int
main (int argc, char **argv)
{
  HubWebBounds bounds = HUB_WEB_BOUNDS_DEFAULT;
  int result;

  g_test_init (&argc, &argv, NULL);
  /* What is refused while the database is away is not on record, which is a warning. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  bounds.believe_ms = BELIEVE_MS;
  bounds.requests_per_second = 1;
  bounds.burst = 40;
  fixture = fixture_new (&bounds);
  g_assert_true (karez_routes_add (KAREZ_ROUTES (fixture->web), "POST", "/x/halt", "session.halt",
                                   halt, NULL, NULL, NULL));
  g_test_add_func ("/web-busy/busy", test_busy);
  g_test_add_func ("/web-busy/rate", test_rate);
  g_test_add_func ("/web-busy/away", test_away);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
