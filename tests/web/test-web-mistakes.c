/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers with mistakes, as a plugin's may be. */
#include "web-fixture.h"

static Fixture *fixture;

static void
drop (KarezRequest *request, gpointer data)
{
}

static gboolean
add_route (const char *path, KarezRouteFunc func)
{
  return karez_routes_add (KAREZ_ROUTES (fixture->web), "GET", path, "board.read", func, NULL, NULL,
                           NULL);
}

/* A handler that forgets its request: the reader is not left waiting, and the log is told. */
static void
test_dropped (void)
{
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);

  g_assert_true (add_route ("/x/drop", drop));
  {
    g_auto (Answer) answer = ask (desk, "GET", "/api/v1/x/drop", NULL, NULL);

    assert_problem (&answer, 500, "hub/fault");
  }
  g_log_set_always_fatal (fatal);
}

static void
fail_with_nothing (KarezRequest *request, gpointer data)
{
  karez_request_fail (request, NULL);
}

static void
respond_with_nothing (KarezRequest *request, gpointer data)
{
  karez_request_respond (request, 0, NULL);
}

static void
respond_with_much (KarezRequest *request, gpointer data)
{
  karez_request_respond (request, 999, NULL);
}

/* A handler that hands over what is none: the hub goes on and the log names the route. */
static void
test_mistakes (void)
{
  static const KarezRouteFunc mistakes[] = { fail_with_nothing, respond_with_nothing,
                                             respond_with_much };
  g_autoptr (Client) desk = client_signed_in (fixture, "127.0.0.1", "desk");
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);

  for (guint i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/x/mistake%u", i);
      g_autofree char *where = g_strconcat ("/api/v1", path, NULL);

      g_assert_true (add_route (path, mistakes[i]));
      {
        g_auto (Answer) answer = ask (desk, "GET", where, NULL, NULL);

        assert_problem (&answer, 500, "hub/fault");
      }
    }
  g_log_set_always_fatal (fatal);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  fixture = fixture_new (NULL);
  g_test_add_func ("/web-mistakes/dropped", test_dropped);
  g_test_add_func ("/web-mistakes/nothing", test_mistakes);
  result = g_test_run ();
  fixture_free (fixture);
  return result;
}
