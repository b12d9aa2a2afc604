/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The edge table of a session's states. */
#include "engine-fixture.h"
#include "hub-session-machine.h"

static const char *const names[] = { "prepare", "ready", "start", "live", "degrade", "heal", "hold",
                                     "resume",  "fail",  "stop",  "end",  "restart", "panic" };

/* Every state with every edge: in the table exactly once, or refused by the rule. */
static void
test_exhaustive (void)
{
  guint n = 0, found = 0;
  const HubEdge *edges = hub_session_machine_edges (&n);

  for (guint s = 0; s < KAREZ_N_STATES; s++)
    for (guint e = 0; e < G_N_ELEMENTS (names); e++)
      {
        g_autoptr (GError) error = NULL;
        const HubEdge *edge = hub_session_machine_find (s, names[e], &error);
        guint count = 0;

        for (guint i = 0; i < n; i++)
          count += edges[i].from == s && g_str_equal (edges[i].edge, names[e]);
        g_assert_cmpuint (count, <=, 1);
        g_assert_cmpint (edge != NULL, ==, count == 1);
        if (edge != NULL)
          {
            found++;
            g_assert_no_error (error);
            g_assert_cmpint (edge->from, ==, s);
            g_assert_true (g_str_has_prefix (edge->action, "session."));
          }
        else
          {
            assert_rule (error, "session/edge");
            g_assert_true (g_error_matches (error, KAREZ_ERROR, KAREZ_ERROR_CONFLICT));
            g_assert_nonnull (strstr (error->message, karez_state_name (s)));
          }
      }
  /* No edge has a name that this test does not know. */
  g_assert_cmpuint (found, ==, n);
}

static void
test_over (void)
{
  for (guint s = 0; s < KAREZ_N_STATES; s++)
    {
      const HubEdge *stop = hub_session_machine_find (s, "stop", NULL);

      g_assert_cmpint (hub_state_is_over (s), ==,
                       s == KAREZ_STATE_ENDED || s == KAREZ_STATE_FAILED);
      /* Everything that is not over or stopping can be stopped. */
      g_assert_cmpint (stop != NULL, ==, !hub_state_is_over (s) && s != KAREZ_STATE_STOPPING);
      if (stop != NULL)
        {
          g_assert_false (stop->towards_risk);
          g_assert_cmpint (stop->to, ==, KAREZ_STATE_STOPPING);
          g_assert_cmpuint (stop->deadline_ms, >, 0);
        }
      for (guint e = 0; hub_state_is_over (s) && e < G_N_ELEMENTS (names); e++)
        g_assert_null (hub_session_machine_find (s, names[e], NULL));
    }
}

/* Every state can be reached, and from every state the end can. */
static void
test_reach (void)
{
  guint n = 0;
  const HubEdge *edges = hub_session_machine_edges (&n);
  gboolean reached[KAREZ_N_STATES] = { [KAREZ_STATE_PLANNED] = TRUE };
  gboolean ends[KAREZ_N_STATES] = { [KAREZ_STATE_ENDED] = TRUE, [KAREZ_STATE_FAILED] = TRUE };

  for (guint round = 0; round < KAREZ_N_STATES; round++)
    for (guint i = 0; i < n; i++)
      {
        reached[edges[i].to] = reached[edges[i].to] || reached[edges[i].from];
        ends[edges[i].from] = ends[edges[i].from] || ends[edges[i].to];
      }
  for (guint s = 0; s < KAREZ_N_STATES; s++)
    {
      g_assert_true (reached[s]);
      g_assert_true (ends[s]);
    }
}

static void
test_risk (void)
{
  guint n = 0;
  const HubEdge *edges = hub_session_machine_edges (&n);

  for (guint i = 0; i < n; i++)
    g_assert_cmpint (edges[i].towards_risk, ==,
                     g_str_equal (edges[i].edge, "prepare") || g_str_equal (edges[i].edge, "start")
                         || g_str_equal (edges[i].edge, "resume"));
  g_assert_cmpint (hub_session_machine_find (KAREZ_STATE_READY, "start", NULL)->guard, ==,
                   HUB_GUARD_PREFLIGHT);
  g_assert_cmpint (hub_session_machine_find (KAREZ_STATE_PLANNED, "prepare", NULL)->guard, ==,
                   HUB_GUARD_CONFIRMED);
}

static void
test_errors (void)
{
  g_autoptr (GError) unknown = NULL;
  g_autoptr (GError) held = NULL;
  g_autoptr (GError) nothing = NULL;

  g_assert_null (hub_session_machine_find (KAREZ_STATE_LIVE, "explode", &unknown));
  assert_rule (unknown, "session/edge-name");
  g_assert_null (hub_session_machine_find (KAREZ_STATE_HELD, "start", &held));
  g_assert_nonnull (strstr (held->message, "resume, hold, panic, stop"));
  g_assert_null (hub_session_machine_find (KAREZ_STATE_ENDED, "start", &nothing));
  g_assert_nonnull (strstr (nothing->message, "Nothing is"));
  g_assert_null (hub_session_machine_find (KAREZ_STATE_LIVE, NULL, NULL));
}

/* What has begun is held by a hold from everywhere, and nothing leads on to LIVE by itself. */
static void
test_holds (void)
{
  static const char *const words[] = { "hold", "panic" };

  for (guint s = 0; s < KAREZ_N_STATES; s++)
    for (guint w = 0; w < G_N_ELEMENTS (words); w++)
      {
        const HubEdge *edge = hub_session_machine_find (s, words[w], NULL);
        gboolean begun = hub_state_is_on (s) || s == KAREZ_STATE_HELD;

        g_assert_true (hub_session_machine_is_away (words[w]));
        g_assert_cmpint (edge != NULL, ==,
                         begun || s == KAREZ_STATE_PREPARING || s == KAREZ_STATE_READY);
        if (edge != NULL)
          g_assert_cmpint (edge->to, ==, begun ? KAREZ_STATE_HELD : s);
      }
  g_assert_false (hub_session_machine_is_away ("resume"));
}

static void
test_done (void)
{
  /* Somebody may be resuming it. */
  g_assert_false (hub_session_machine_is_done (KAREZ_STATE_HELD, "hold"));
  g_assert_true (hub_session_machine_is_done (KAREZ_STATE_ENDED, "hold"));
  g_assert_false (hub_session_machine_is_done (KAREZ_STATE_LIVE, "hold"));
  g_assert_true (hub_session_machine_is_done (KAREZ_STATE_ENDED, "stop"));
  g_assert_true (hub_session_machine_is_done (KAREZ_STATE_STOPPING, "stop"));
  g_assert_false (hub_session_machine_is_done (KAREZ_STATE_LIVE, "start"));
}

/* A mirror names what it saw as the host does, also when it missed steps between. */
static void
test_action (void)
{
  g_assert_cmpstr (hub_session_machine_action (KAREZ_STATE_READY, KAREZ_STATE_STARTING, NULL), ==,
                   "session.start");
  g_assert_cmpstr (hub_session_machine_action (KAREZ_STATE_HELD, KAREZ_STATE_LIVE, NULL), ==,
                   "session.resume");
  g_assert_cmpstr (hub_session_machine_action (KAREZ_STATE_READY, KAREZ_STATE_LIVE, NULL), ==,
                   "session.live");
  g_assert_cmpstr (hub_session_machine_action (KAREZ_STATE_LIVE, KAREZ_STATE_ENDED, NULL), ==,
                   "session.end");
  /* Where there are two, the host says which. */
  g_assert_cmpstr (
      hub_session_machine_action (KAREZ_STATE_HELD, KAREZ_STATE_HELD, "session.restart"), ==,
      "session.restart");
  g_assert_cmpstr (hub_session_machine_action (KAREZ_STATE_LIVE, KAREZ_STATE_HELD, "session.panic"),
                   ==, "session.panic");
  g_assert_cmpstr (hub_session_machine_action (KAREZ_STATE_LIVE, KAREZ_STATE_HELD, "drop table"),
                   ==, "session.hold");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/machine/exhaustive", test_exhaustive);
  g_test_add_func ("/machine/over", test_over);
  g_test_add_func ("/machine/reach", test_reach);
  g_test_add_func ("/machine/risk", test_risk);
  g_test_add_func ("/machine/errors", test_errors);
  g_test_add_func ("/machine/holds", test_holds);
  g_test_add_func ("/machine/done", test_done);
  g_test_add_func ("/machine/action", test_action);
  return g_test_run ();
}
