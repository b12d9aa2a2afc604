/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ordered streams over a channel that harms what goes through it. */
#include "hub-link-ordered.h"

/* Two ends of an ordered stream, a channel that harms what goes through it, and a clock that only
 * this test moves. */

typedef struct _World World;

typedef struct
{
  World *world;
  HubLinkOrdered *ordered;
  GPtrArray *expected; /* GBytes that this end is to receive, in order */
  guint n_received;
  gint64 deadline;
} End;

typedef struct
{
  gint64 at;
  guint number; /* keeps the order of what arrives at the same time */
  End *to;
  GBytes *payload;
} Flight;

struct _World
{
  GRand *rand;
  gint64 now;
  GSequence *flights;
  guint n_flights;
  End ends[2];
  double loss, doubled;
  gint64 delay, jitter, cut_until;
};

static int
compare_flights (gconstpointer a, gconstpointer b, gpointer data)
{
  const Flight *x = a, *y = b;

  if (x->at != y->at)
    return x->at < y->at ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

static void
flight_free (gpointer data)
{
  Flight *flight = data;

  g_bytes_unref (flight->payload);
  g_free (flight);
}

static void
fly (World *world, End *to, const guint8 *payload, gsize length)
{
  Flight *flight = g_new0 (Flight, 1);

  flight->at = world->now + world->delay;
  if (world->jitter > 0)
    flight->at += g_rand_int_range (world->rand, 0, (gint32) world->jitter);
  flight->number = world->n_flights++;
  flight->to = to;
  flight->payload = g_bytes_new (payload, length);
  g_sequence_insert_sorted (world->flights, flight, compare_flights, NULL);
}

static void
send (const guint8 *payload, gsize length, gpointer data)
{
  End *from = data;
  World *world = from->world;
  End *to = &world->ends[from == &world->ends[0] ? 1 : 0];

  g_assert_cmpuint (length, <=, KAREZ_LINK_MAX_DATAGRAM);
  if (world->now < world->cut_until || g_rand_double (world->rand) < world->loss)
    return;
  fly (world, to, payload, length);
  if (g_rand_double (world->rand) < world->doubled)
    fly (world, to, payload, length);
}

static void
on_message (GBytes *message, gpointer data)
{
  End *end = data;

  g_assert_cmpuint (end->n_received, <, end->expected->len);
  g_assert_true (g_bytes_equal (message, g_ptr_array_index (end->expected, end->n_received)));
  end->n_received++;
}

static void
world_init (World *world, guint32 seed)
{
  *world = (World){ .rand = g_rand_new_with_seed (seed),
                    .flights = g_sequence_new (flight_free),
                    .now = 1000000,
                    .delay = 30000,
                    .cut_until = G_MININT64 };
  for (guint i = 0; i < 2; i++)
    {
      End *end = &world->ends[i];

      end->world = world;
      end->ordered = hub_link_ordered_new (on_message, end);
      end->expected = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
      end->deadline = G_MAXINT64;
    }
}

static void
world_clear (World *world)
{
  for (guint i = 0; i < 2; i++)
    {
      hub_link_ordered_free (world->ends[i].ordered);
      g_ptr_array_unref (world->ends[i].expected);
    }
  g_sequence_free (world->flights);
  g_rand_free (world->rand);
}

static gboolean
push (World *world, guint from, gsize size)
{
  guint8 *bytes = g_malloc (size + 1);
  g_autoptr (GBytes) message = NULL;

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) g_rand_int (world->rand);
  message = g_bytes_new_take (bytes, size);
  if (!hub_link_ordered_push (world->ends[from].ordered, message))
    return FALSE;
  g_ptr_array_add (world->ends[1 - from].expected, g_bytes_ref (message));
  return TRUE;
}

static gboolean
is_done (World *world)
{
  for (guint i = 0; i < 2; i++)
    if (world->ends[i].n_received < world->ends[i].expected->len
        || hub_link_ordered_get_waiting (world->ends[i].ordered) > 0)
      return FALSE;
  return TRUE;
}

static void
poll_ends (World *world)
{
  for (guint i = 0; i < 2; i++)
    world->ends[i].deadline = hub_link_ordered_poll (world->ends[i].ordered, world->now, send,
                                                     &world->ends[i]);
}

/* Runs until everything was delivered and acknowledged; returns the microseconds it took. */
static gint64
run (World *world, gint64 limit)
{
  gint64 begin = world->now;

  poll_ends (world);
  while (!is_done (world))
    {
      GSequenceIter *iter = g_sequence_get_begin_iter (world->flights);
      Flight *flight = g_sequence_iter_is_end (iter) ? NULL : g_sequence_get (iter);
      gint64 next = MIN (world->ends[0].deadline, world->ends[1].deadline);

      if (flight != NULL && flight->at <= next)
        next = flight->at;
      else
        flight = NULL;
      /* Nothing under way and nobody waiting for a time: it would hang. */
      g_assert_cmpint (next, <, G_MAXINT64);
      world->now = MAX (next, world->now);
      g_assert_cmpint (world->now - begin, <, limit);
      if (flight != NULL)
        {
          gsize size;
          const guint8 *bytes = g_bytes_get_data (flight->payload, &size);

          g_assert_true (hub_link_ordered_take (flight->to->ordered, bytes, size, world->now));
          g_sequence_remove (iter);
        }
      poll_ends (world);
    }
  return world->now - begin;
}

static void
test_clean (void)
{
  World world;
  gint64 took;

  world_init (&world, 1);
  g_assert_true (push (&world, 0, 0));
  g_assert_true (push (&world, 0, 1));
  g_assert_true (push (&world, 0, HUB_LINK_FRAGMENT_MAX));
  g_assert_true (push (&world, 0, HUB_LINK_FRAGMENT_MAX + 1));
  g_assert_true (push (&world, 0, HUB_LINK_ORDERED_MAX_MESSAGE));
  g_assert_true (push (&world, 1, 20000));
  took = run (&world, G_USEC_PER_SEC);
  /* Nothing was lost or late, so nothing was sent twice. */
  g_assert_cmpuint (hub_link_ordered_get_repeated (world.ends[0].ordered), ==, 0);
  g_assert_cmpuint (hub_link_ordered_get_repeated (world.ends[1].ordered), ==, 0);
  g_assert_cmpuint (hub_link_ordered_get_sent (world.ends[0].ordered), ==, 236);
  g_test_message ("256 KiB over 60 ms without loss: %" G_GINT64_FORMAT " ms", took / 1000);
  world_clear (&world);
}

static void
test_harmed (gconstpointer data)
{
  guint percent = GPOINTER_TO_UINT (data);
  gint64 longest = 0;
  guint64 sent = 0, repeated = 0;

  for (guint seed = 1; seed <= 20; seed++)
    {
      World world;
      gint64 took;

      world_init (&world, seed);
      world.loss = percent / 100.0;
      world.doubled = 0.1;
      world.jitter = 25000;
      for (guint i = 0; i < 60; i++)
        {
          g_assert_true (push (&world, 0, (gsize) g_rand_int_range (world.rand, 0, 6000)));
          g_assert_true (push (&world, 1, (gsize) g_rand_int_range (world.rand, 0, 300)));
        }
      if (seed % 5 == 0)
        g_assert_true (push (&world, 0, HUB_LINK_ORDERED_MAX_MESSAGE));
      took = run (&world, 300 * (gint64) G_USEC_PER_SEC);
      longest = MAX (longest, took);
      sent += hub_link_ordered_get_sent (world.ends[0].ordered);
      repeated += hub_link_ordered_get_repeated (world.ends[0].ordered);
      world_clear (&world);
    }
  g_assert_cmpuint (repeated, >, 0);
  g_test_message (
      "%u %% lost, 10 %% doubled, 0 to 25 ms apart, 20 seeds: at most %.1f s; %.2f sendings "
      "for each fragment",
      percent, (double) longest / G_USEC_PER_SEC, (double) sent / (double) (sent - repeated));
  /* What is lost must be sent again, and not much more than that. */
  g_assert_cmpfloat ((double) sent / (double) (sent - repeated), <, 1.7 / (1 - percent / 100.0));
}

/* A way that is dead for half a minute heals within 2 s, and is not flooded meanwhile. */
static void
test_cut (void)
{
  World world;
  gint64 took;

  world_init (&world, 7);
  for (guint i = 0; i < 40; i++)
    g_assert_true (push (&world, 0, 1000));
  world.cut_until = world.now + 30 * (gint64) G_USEC_PER_SEC;
  took = run (&world, 40 * (gint64) G_USEC_PER_SEC);
  g_assert_cmpint (took, >=, 30 * (gint64) G_USEC_PER_SEC);
  g_assert_cmpint (took, <=, 33 * (gint64) G_USEC_PER_SEC);
  g_assert_cmpuint (hub_link_ordered_get_sent (world.ends[0].ordered), <, 40 * 24);
  world_clear (&world);
}

static void
test_bound (void)
{
  World world;
  guint n = 0, empty = 0;

  world_init (&world, 3);
  while (push (&world, 0, HUB_LINK_ORDERED_MAX_MESSAGE))
    n++;
  g_assert_cmpuint (n, ==, 15);
  while (push (&world, 0, 0))
    empty++;
  g_assert_cmpuint (empty, <, 5000);
  g_assert_cmpuint (hub_link_ordered_get_waiting (world.ends[0].ordered), <=,
                    HUB_LINK_ORDERED_MAX_WAITING);
  g_assert_cmpuint (hub_link_ordered_get_waiting (world.ends[0].ordered), >,
                    HUB_LINK_ORDERED_MAX_WAITING - HUB_LINK_ORDERED_OVERHEAD);
  run (&world, 60 * (gint64) G_USEC_PER_SEC);
  g_assert_true (push (&world, 0, HUB_LINK_ORDERED_MAX_MESSAGE));
  run (&world, 60 * (gint64) G_USEC_PER_SEC);
  world_clear (&world);
}

/* Both ends begin again, also with something half sent. */
static void
test_reset (void)
{
  World world;

  world_init (&world, 4);
  g_assert_true (push (&world, 0, 100000));
  poll_ends (&world);
  for (guint i = 0; i < 2; i++)
    {
      hub_link_ordered_reset (world.ends[i].ordered);
      g_ptr_array_set_size (world.ends[i].expected, 0);
      g_assert_cmpuint (hub_link_ordered_get_waiting (world.ends[i].ordered), ==, 0);
    }
  g_sequence_remove_range (g_sequence_get_begin_iter (world.flights),
                           g_sequence_get_end_iter (world.flights));
  g_assert_true (push (&world, 0, 5000));
  run (&world, G_USEC_PER_SEC);
  world_clear (&world);
}

/* What an end that went wrong might send. */
static void
test_malformed (void)
{
  World world;
  guint8 payload[KAREZ_LINK_MAX_DATAGRAM + 1] = { 0 };

  world_init (&world, 5);
  g_assert_true (push (&world, 0, 100));
  poll_ends (&world);
  g_assert_false (hub_link_ordered_take (world.ends[0].ordered, payload, 0, world.now));
  g_assert_false (hub_link_ordered_take (world.ends[0].ordered, payload, 56, world.now));

  /* An acknowledgement of what was never sent; one that is too short. */
  payload[0] = 2;
  payload[15] = 2;
  g_assert_false (hub_link_ordered_take (world.ends[0].ordered, payload, 56, world.now));
  payload[15] = 1;
  g_assert_false (hub_link_ordered_take (world.ends[0].ordered, payload, 55, world.now));
  payload[23] = 9;
  g_assert_false (hub_link_ordered_take (world.ends[0].ordered, payload, 56, world.now));
  g_assert_cmpuint (hub_link_ordered_get_waiting (world.ends[0].ordered), >, 0);

  /* A fragment: no number, unknown flags, empty but not the last, too long. */
  memset (payload, 0, sizeof payload);
  payload[0] = 1;
  g_assert_false (hub_link_ordered_take (world.ends[1].ordered, payload, 20, world.now));
  payload[15] = 1;
  payload[1] = 2;
  g_assert_false (hub_link_ordered_take (world.ends[1].ordered, payload, 20, world.now));
  payload[1] = 0;
  g_assert_false (hub_link_ordered_take (world.ends[1].ordered, payload, 16, world.now));
  g_assert_false (
      hub_link_ordered_take (world.ends[1].ordered, payload, sizeof payload, world.now));
  run (&world, G_USEC_PER_SEC);
  world_clear (&world);
}

/* A message without an end does not grow without an end, and the next one is whole. */
static void
test_endless (void)
{
  World world;
  guint8 payload[KAREZ_LINK_MAX_DATAGRAM] = { 1 };
  g_autoptr (GBytes) after = g_bytes_new_static ("after", 5);
  guint64 number = 0;

  world_init (&world, 6);
  g_ptr_array_add (world.ends[1].expected, g_bytes_ref (after));
  for (guint i = 0; i < 1000; i++)
    {
      hub_put64 (payload + 8, ++number);
      payload[1] = i == 999;
      g_assert_true (
          hub_link_ordered_take (world.ends[1].ordered, payload, sizeof payload, world.now));
    }
  g_assert_cmpuint (world.ends[1].n_received, ==, 0);
  hub_put64 (payload + 8, ++number);
  memcpy (payload + 16, "after", 5);
  g_assert_true (hub_link_ordered_take (world.ends[1].ordered, payload, 21, world.now));
  g_assert_cmpuint (world.ends[1].n_received, ==, 1);
  world_clear (&world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/link/ordered/clean", test_clean);
  g_test_add_data_func ("/link/ordered/2-lost", GUINT_TO_POINTER (2), test_harmed);
  g_test_add_data_func ("/link/ordered/20-lost", GUINT_TO_POINTER (20), test_harmed);
  g_test_add_data_func ("/link/ordered/50-lost", GUINT_TO_POINTER (50), test_harmed);
  g_test_add_func ("/link/ordered/cut", test_cut);
  g_test_add_func ("/link/ordered/bound", test_bound);
  g_test_add_func ("/link/ordered/reset", test_reset);
  g_test_add_func ("/link/ordered/malformed", test_malformed);
  g_test_add_func ("/link/ordered/endless", test_endless);
  return g_test_run ();
}
