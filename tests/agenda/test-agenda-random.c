/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random schedules of two hospitals whose messages are late, repeated and lost: never one of them
 * without the other, never two sessions in one room, and never a booking that waits for ever. */
#include "agenda-fixture.h"

#include "hub-clock.h"
#include "hub-id.h"

#define SEEDS 200
#define STEPS 24
#define BOOKINGS 5
#define SLOTS 3

typedef struct
{
  Pair *pair;
  GRand *rand;
  gint64 day;
  char *rooms_a[2], *rooms_b[2];
  char *bookings[BOOKINGS];
  Hub *asked_by[BOOKINGS];
  guint n;
} World;

static void
maybe_request (World *w)
{
  gboolean by_a = g_rand_boolean (w->rand);
  Hub *from = by_a ? &w->pair->a : &w->pair->b;
  gint64 start = w->day + g_rand_int_range (w->rand, 0, SLOTS) * G_TIME_SPAN_HOUR;
  const char *room_a = w->rooms_a[g_rand_int_range (w->rand, 0, 2)];
  const char *room_b = w->rooms_b[g_rand_int_range (w->rand, 0, 2)];
  g_autofree char *id = hub_id_new ();
  JsonNode *body;
  Outcome outcome;

  if (w->n == BOOKINGS)
    return;
  body = booking_body (id, by_a ? HUB_B : HUB_A, start, start + G_TIME_SPAN_HOUR, room_a, room_b,
                       NULL);
  if (g_rand_int_range (w->rand, 0, 4) == 0)
    json_object_set_string_member (json_node_get_object (body), "urgency", "T0");
  outcome = hub_request (from, body, NULL);
  if (outcome.error == NULL)
    {
      w->asked_by[w->n] = from;
      w->bookings[w->n++] = g_steal_pointer (&id);
    }
  else
    assert_rule (&outcome, KAREZ_ERROR_CONFLICT, "agenda/overlap");
  outcome_clear (&outcome);
}

static void
maybe_act (World *w)
{
  static const HubAct acts[] = { HUB_ACT_ACCEPT, HUB_ACT_ACCEPT, HUB_ACT_DECLINE, HUB_ACT_WITHDRAW,
                                 HUB_ACT_CANCEL };
  guint i;
  HubAct act = acts[g_rand_int_range (w->rand, 0, G_N_ELEMENTS (acts))];
  Hub *asker, *asked, *by;

  if (w->n == 0)
    return;
  i = g_rand_int_range (w->rand, 0, w->n);
  asker = w->asked_by[i];
  asked = asker == &w->pair->a ? &w->pair->b : &w->pair->a;
  by = act == HUB_ACT_WITHDRAW ? asker
       : act == HUB_ACT_CANCEL ? (g_rand_boolean (w->rand) ? asker : asked)
                               : asked;
  {
    g_auto (Outcome) outcome = hub_act (by, act, w->bookings[i], NULL, "by chance");

    /* Refusals are part of the game; anything else is not. */
    if (outcome.error != NULL)
      g_assert_true (karez_error_is_conflict (outcome.error)
                     || karez_error_is_not_found (outcome.error));
  }
}

static void
step (World *w)
{
  Hub *from = g_rand_boolean (w->rand) ? &w->pair->a : &w->pair->b;
  Hub *to = from == &w->pair->a ? &w->pair->b : &w->pair->a;
  int lane = g_rand_int_range (w->rand, 0, 4) == 0 ? KAREZ_LANE_EMERGENCY : KAREZ_LANE_AGENDA;

  switch (g_rand_int_range (w->rand, 0, 6))
    {
    case 0:
      maybe_request (w);
      break;
    case 1:
    case 2:
      maybe_act (w);
      break;
    case 3: /* arrives, but the acknowledgement does not: it will come again */
      carry (from, to, lane, FALSE);
      break;
    case 4:
      carry (from, to, lane, TRUE);
      break;
    case 5: /* lost on the way, or late: nothing happens now */
      break;
    }
}

/* A confirmed leg never stands beside a released one unless an end is on its way. */
static void
assert_never_split (World *w)
{
  for (guint i = 0; i < w->n; i++)
    {
      Hub *asker = w->asked_by[i];
      Hub *asked = asker == &w->pair->a ? &w->pair->b : &w->pair->a;
      g_autofree char *at_asker = hub_state (asker, w->bookings[i]);
      g_autofree char *at_asked = hub_state (asked, w->bookings[i]);

      if (g_str_equal (at_asker, "confirmed"))
        g_assert_true (g_str_equal (at_asked, "confirmed") || g_str_equal (at_asked, "cancelled"));
      if (g_str_equal (at_asked, "confirmed"))
        g_assert_true (g_str_equal (at_asker, "requested") || g_str_equal (at_asker, "withdrawing")
                       || g_str_equal (at_asker, "confirmed")
                       || g_str_equal (at_asker, "cancelled"));
    }
}

static void
assert_agreed (World *w)
{
  for (guint i = 0; i < w->n; i++)
    {
      g_autofree char *a = hub_state (&w->pair->a, w->bookings[i]);
      g_autofree char *b = hub_state (&w->pair->b, w->bookings[i]);
      g_autofree char *sql = g_strdup_printf (
          "select coalesce (string_agg (distinct state, ','), '') from agenda.claim"
          " where booking = '%s' and state <> 'released'",
          w->bookings[i]);
      g_autofree char *claims_a = hub_ask (&w->pair->a, sql);
      g_autofree char *claims_b = hub_ask (&w->pair->b, sql);

      g_assert_cmpstr (a, ==, b);
      g_assert_cmpstr (a, !=, "withdrawing");
      if (g_str_equal (a, "confirmed"))
        {
          g_assert_cmpstr (claims_a, ==, "confirmed");
          g_assert_cmpstr (claims_b, ==, "confirmed");
        }
      else if (!g_str_equal (a, "requested"))
        {
          g_assert_cmpstr (claims_a, ==, "");
          g_assert_cmpstr (claims_b, ==, "");
        }
    }
}

/* The exclusion constraint is not asked here but checked. */
static void
assert_nothing_twice (Hub *hub)
{
  g_autofree char *twice = hub_ask (
      hub, "select count (*) from agenda.claim x join agenda.claim y on x.resource = y.resource"
           " and x.booking <> y.booking and x.period && y.period"
           " where x.state <> 'released' and y.state <> 'released'");

  g_assert_cmpstr (twice, ==, "0");
}

static guint confirmed;

static void
run_seed (Pair *pair, guint seed, gint64 day, char *rooms[4])
{
  World w = {
    pair, g_rand_new_with_seed (seed), day, { rooms[0], rooms[1] }, { rooms[2], rooms[3] }
  };

  g_test_message ("seed %u", seed);
  for (guint i = 0; i < STEPS; i++)
    {
      step (&w);
      assert_never_split (&w);
    }
  carry_all (pair);
  assert_agreed (&w);
  for (guint i = 0; i < w.n; i++)
    {
      g_autofree char *state = hub_state (&pair->a, w.bookings[i]);

      confirmed += g_str_equal (state, "confirmed");
      g_free (w.bookings[i]);
    }
  g_rand_free (w.rand);
}

static void
test_random (void)
{
  Pair *pair = pair_get ();
  char *rooms[4] = { hub_add_resource (&pair->a, "room", "A1"),
                     hub_add_resource (&pair->a, "room", "A2"),
                     hub_add_resource (&pair->b, "room", "B1"),
                     hub_add_resource (&pair->b, "room", "B2") };
  gint64 day = hub_clock_now () + G_TIME_SPAN_DAY;

  carry_all (pair);
  for (guint seed = 0; seed < SEEDS; seed++)
    run_seed (pair, seed, day + seed * G_TIME_SPAN_DAY, rooms);
  assert_nothing_twice (&pair->a);
  assert_nothing_twice (&pair->b);
  /* Schedules in which nothing is ever confirmed would prove nothing. */
  g_assert_cmpuint (confirmed, >, SEEDS / 10);
  g_test_message ("%u bookings confirmed", confirmed);
  for (guint i = 0; i < 4; i++)
    g_free (rooms[i]);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agenda/random", test_random);
  result = g_test_run ();
  pair_free ();
  return result;
}
