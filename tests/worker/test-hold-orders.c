/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Orders of words, deaths and cuts, drawn by chance: after a hold, a panic or a stop nothing is
 * live at either side, and both hubs' records agree once things are quiet.
 *
 * Two sessions with their live halves and a real link run in this process; the hubs are played:
 * they delay what is asked, record what they are given, and start the next worker when one died.
 *
 *   KAREZ_TEST_ORDERS=5000   so many orders instead of 200
 *   KAREZ_TEST_ORDER=4711    that one alone, told step by step */
#include "../link/link-relay.h"
#include "engine-fixture.h"
#include "hub-id.h"
#include "hub-live-session-private.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#define N_ORDERS 200
#define AT_ONCE 25
#define MAX_STEPS 12
#define QUIET_US (8 * G_USEC_PER_SEC)

struct Order;

/* One hospital: its worker, and what its hub knows. */
#ifdef __SANITIZE_ADDRESS__
/* The workers live in this process: one that dies leaves behind what it was waiting for. */
const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "detect_leaks=0";
}
#endif

typedef struct
{
  struct Order *order;
  guint number; /* 0: the host */
  char *hub, *directory;
  HubLiveSession *session; /* NULL: it died, and the next one is not there yet */
  guint32 generation;
  gboolean prepared;
  KarezState state; /* as the worker told it */
  guint64 sequence;
  KarezState recorded; /* what the row says */
  guint64 recorded_sequence;
  JsonNode *away; /* said while there was no worker */
  guint life;     /* of the hub */
} Side;

typedef struct Order
{
  guint32 seed;
  GRand *rand;
  gboolean telling;
  char *id;
  Side sides[2];
  LinkRelay *relay;
  guint words;        /* asked so far */
  guint last_towards; /* the newest of them that was towards risk */
  guint safe_since;   /* the newest away from risk that has reached the host */
  gboolean last_is_away;
  guint under_way; /* what the hubs have not handed on yet */
  GPtrArray *dead;
  enum
  {
    JOINING,
    BEGUN,
    STEPPING,
    SETTLING,
    OVER
  } phase;
  guint steps, quiet;
  gint64 due, end;
} Order;

static void G_GNUC_PRINTF (2, 3) say (Order *order, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (!order->telling)
    return;
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_test_message ("%8.1f ms  %s", g_get_monotonic_time () / 1000.0, text);
}

static KarezActor *
make_actor (Side *side)
{
  return karez_actor_new (KAREZ_ACTOR_PERSON, side->hub, "Somebody", NULL, NULL, NULL);
}

/* What workers tell. */

static void
on_state (HubLiveSession *session, Side *side)
{
  Order *order = side->order;

  if (session != side->session)
    return;
  side->state = hub_live_session_get_state (session);
  side->sequence = hub_live_session_get_sequence (session);
  say (order, "side %u is %s (%" G_GUINT64_FORMAT ")", side->number, karez_state_name (side->state),
       side->sequence);
  /* Not at the end alone: from the moment on that the host has it. */
  if (side->number == 0 && hub_state_is_on (side->state) && order->safe_since > order->last_towards)
    g_error ("order %u: the host is %s after a word away from risk; again: KAREZ_TEST_ORDER=%u",
             order->seed, karez_state_name (side->state), order->seed);
}

static void
take_records (Side *side)
{
  for (guint64 at = hub_live_session_next_record (side->session, 1); at;
       at = hub_live_session_next_record (side->session, at + 1))
    {
      g_autoptr (JsonNode) record = hub_live_session_get_record (side->session, at);
      JsonNode *body = json_object_get_member (json_node_get_object (record), "body");
      JsonObject *object = body != NULL && JSON_NODE_HOLDS_OBJECT (body)
                               ? json_node_get_object (body)
                               : NULL;
      guint64 sequence = object != NULL ? karez_json_integer (object, "sequence", 0) : 0;

      if (object != NULL && sequence > side->recorded_sequence
          && karez_state_from_name (karez_json_text (object, "state"), &side->recorded))
        side->recorded_sequence = sequence;
      hub_live_session_forget_records (side->session, at);
    }
}

/* The link. */

static JsonNode *
endpoint_of (Order *order, guint of)
{
  g_autoptr (JsonNode) node = hub_live_session_get_endpoint (order->sides[of].session, NULL);
  JsonArray *own = json_object_get_array_member (json_node_get_object (node), "addresses");
  g_autofree char *door = link_relay_get_door (order->relay, 1 - of);
  const char *const doors[] = { door, NULL };
  g_autoptr (JsonNode) given = NULL;
  JsonNode *copy = json_node_copy (node);

  link_relay_set_end (order->relay, of, json_array_get_string_element (own, 0));
  given = karez_json_object ("addresses", "as", doors, NULL);
  json_object_set_member (json_node_get_object (copy), "addresses",
                          json_object_dup_member (json_node_get_object (given), "addresses"));
  return copy;
}

static void
connect_sides (Order *order)
{
  if (order->sides[0].session == NULL || order->sides[1].session == NULL
      || order->sides[0].session->link == NULL || order->sides[1].session->link == NULL)
    return;
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (JsonNode) theirs = endpoint_of (order, 1 - i);
      g_autoptr (GError) error = NULL;

      hub_live_session_connect (order->sides[i].session, theirs, &error);
      g_assert_no_error (error);
    }
}

/* Birth and death of workers. */

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  Side *side = data;

  if (G_OBJECT (side->session) != source)
    return;
  side->prepared = hub_live_session_finish (HUB_LIVE_SESSION (source), result, NULL);
  g_clear_pointer (&side->away, json_node_unref);
}

static void
begin_worker (Side *side)
{
  Order *order = side->order;
  g_autofree char *module = module_path ("module-live");
  HubLiveSessionConfig config = { order->id, side->directory, "test", module, "127.0.0.1", NULL,
                                  NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (side->session != NULL)
    return;
  side->session = hub_live_session_new (&config, &error);
  g_assert_no_error (error);
  side->generation++;
  g_signal_connect (side->session, "state-changed", G_CALLBACK (on_state), side);
  node = karez_json_object (
      "id", "s", order->id, "booking", "n", karez_json_object ("reason", "s", "quick", NULL),
      "modality", "s", "counter", "hub", "s", side->hub, "partner", "s",
      order->sides[1 - side->number].hub, "host", "b", (gboolean) (side->number == 0), "generation",
      "i", (gint64) side->generation, "restored", "b", (gboolean) (side->generation > 1), "state",
      "s", karez_state_name (side->state), "sequence", "i", (gint64) side->sequence, "away", "n",
      side->away != NULL ? json_node_ref (side->away) : NULL, NULL);
  say (order, "worker %u of side %u begins", side->generation, side->number);
  hub_live_session_prepare_async (side->session, node, on_prepared, side);
  connect_sides (order);
}

/* As if it was killed: nothing more is written or said. */
static void
kill_worker (Side *side)
{
  if (side->session == NULL)
    return;
  say (side->order, "the worker of side %u dies", side->number);
  /* Its hub has got some of its records, or none. */
  if (g_rand_boolean (side->order->rand))
    take_records (side);
  side->prepared = FALSE;
  g_signal_handlers_disconnect_by_data (side->session, side);
  if (side->session->driver != NULL)
    hub_live_driver_set_target (side->session->driver, HUB_PHASE_NONE, NULL);
  g_object_run_dispose (G_OBJECT (side->session));
  g_ptr_array_add (side->order->dead, g_steal_pointer (&side->session));
}

/* Words. */

typedef struct
{
  Order *order;
  Side *side; /* that hands it to its worker */
  const char *edge;
  guint64 seen, ask;
  guint number; /* of the word */
  guint life;   /* of the hub that hands it on */
} Word;

static void
on_obeyed (GObject *source, GAsyncResult *result, gpointer data)
{
  hub_live_session_finish (HUB_LIVE_SESSION (source), result, NULL);
}

static void hand_on (Side *side, guint ms, const char *edge, guint64 seen, guint64 ask,
                     guint number);

static void
obey (Word *word)
{
  Side *side = word->side;
  g_autoptr (KarezActor) actor = make_actor (side);
  gboolean away = hub_session_machine_is_away (word->edge);

  say (word->order, "side %u gets “%s” of word %u (seen %" G_GUINT64_FORMAT ")", side->number,
       word->edge, word->number, word->seen);
  if (side->session == NULL || side->session->driver == NULL)
    {
      if (away
          && !(side->away != NULL
               && g_strcmp0 (karez_json_text (json_node_get_object (side->away), "edge"), "stop")
                      == 0))
        {
          g_clear_pointer (&side->away, json_node_unref);
          side->away = karez_json_object ("edge", "s", word->edge, "actor", "n",
                                          karez_actor_to_json (actor), NULL);
        }
      return;
    }
  hub_live_session_move_async (side->session, word->edge, NULL, actor, word->seen, word->ask,
                               on_obeyed, NULL);
  if (!away)
    return;
  /* One that came by the link before may have been lifted since. */
  if (!word->ask && hub_state_is_on (hub_live_session_get_state (side->session)))
    g_error ("order %u: side %u is %s under “%s”; again: KAREZ_TEST_ORDER=%u", word->order->seed,
             side->number, karez_state_name (hub_live_session_get_state (side->session)),
             word->edge, word->order->seed);
  if (side->number == 0)
    word->order->safe_since = MAX (word->order->safe_since, word->number);
  /* By way of the hubs too, sooner or later than by the link, or never. */
  else if (g_rand_boolean (word->order->rand) && hub_live_word_get_waiting (side->session->word))
    hand_on (&word->order->sides[0], g_rand_int_range (word->order->rand, 0, 30), word->edge, 0,
             hub_live_word_get_waiting (side->session->word), word->number);
}

static gboolean
on_due (gpointer data)
{
  Word *word = data;

  /* What a hub that died had not done is not done; away from risk somebody says it again. */
  if (word->life == word->side->life || (hub_session_machine_is_away (word->edge) && !word->ask))
    obey (word);
  word->order->under_way--;
  g_free (word);
  return G_SOURCE_REMOVE;
}

static void
hand_on (Side *side, guint ms, const char *edge, guint64 seen, guint64 ask, guint number)
{
  Word *word = g_new0 (Word, 1);

  *word = (Word){ side->order, side, edge, seen, ask, number, side->life };
  side->order->under_way++;
  g_timeout_add (ms, on_due, word);
}

static void
speak (Order *order, Side *side, const char *edge)
{
  gboolean away = hub_session_machine_is_away (edge);
  guint number = ++order->words;

  order->last_is_away = away;
  say (order, "word %u: “%s” at side %u", number, edge, side->number);
  if (away)
    {
      hand_on (side, g_rand_int_range (order->rand, 0, 4), edge, 0, 0, number);
      return;
    }
  order->last_towards = number;
  /* The record takes its time, and what is known here now is what is lifted. */
  hand_on (&order->sides[0], g_rand_int_range (order->rand, 0, 25), edge, side->sequence, 0,
           number);
}

/* An order. */

static gboolean
is_up (gpointer data)
{
  Order *order = data;
  Side *sides = order->sides;

  return sides[0].prepared && sides[1].prepared
         && karez_link_is_up (KAREZ_LINK (sides[0].session->link))
         && karez_link_is_up (KAREZ_LINK (sides[1].session->link));
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (JsonNode)
      checks = hub_live_session_preflight_finish (HUB_LIVE_SESSION (source), result, NULL);
}

static void
look (Order *order)
{
  if (order->sides[0].session != NULL && hub_live_session_is_prepared (order->sides[0].session))
    hub_live_session_preflight_async (order->sides[0].session, on_looked, NULL);
}

static void
take_step (Order *order)
{
  static const char *const words[] = { "start", "hold",  "resume", "hold",  "resume",
                                       "stop",  "panic", "resume", "start", "hold" };
  Side *side = &order->sides[g_rand_int_range (order->rand, 0, 2)];
  gint32 what = g_rand_int_range (order->rand, 0, 100);
  const char *word = words[g_rand_int_range (order->rand, 0, G_N_ELEMENTS (words))];

  if (what < 8)
    kill_worker (side);
  else if (what < 11)
    {
      say (order, "the hub of side %u dies and is there again", side->number);
      side->life++;
    }
  else if (what < 20)
    begin_worker (side);
  else if (what < 26)
    {
      guint from = g_rand_int_range (order->rand, 0, 2);

      order->relay->cut[from] = !order->relay->cut[from];
      say (order, "the way from side %u is %s", from, order->relay->cut[from] ? "cut" : "open");
    }
  else if (what < 30)
    order->relay->delay_ms = g_rand_int_range (order->rand, 0, 20);
  /* A stop ends the order's interesting part: it comes seldom. */
  else if (!g_str_equal (word, "stop") || g_rand_int_range (order->rand, 0, 4) == 0)
    speak (order, side, word);
}

static const char *
moving_of (Side *side)
{
  KarezCheck *check = hub_live_checks_find (side->session->checks, "test.moving");

  return check != NULL ? karez_check_get_measured (check) : "";
}

static gboolean
is_quiet (gpointer data)
{
  Order *order = data;
  Side *host = &order->sides[0], *mirror = &order->sides[1];

  if (order->under_way || host->session == NULL || mirror->session == NULL
      || hub_live_word_get_waiting (mirror->session->word) || host->session->lifting
      || host->session->state != mirror->session->state
      || host->session->state == KAREZ_STATE_STOPPING
      || host->session->state == KAREZ_STATE_PREPARING)
    return FALSE;
  for (guint i = 0; i < 2; i++)
    take_records (&order->sides[i]);
  return host->recorded == mirror->recorded;
}

static void
begin_rest (Order *order)
{
  order->relay->cut[0] = order->relay->cut[1] = FALSE;
  order->relay->delay_ms = 0;
  for (guint i = 0; i < 2; i++)
    begin_worker (&order->sides[i]);
  order->end = g_get_monotonic_time () + QUIET_US;
}

static void
judge (Order *order)
{
  for (guint i = 0; i < 2; i++)
    {
      Side *side = &order->sides[i];

      say (order, "side %u: %s, %s, recorded %s", i,
           karez_state_name (hub_live_session_get_state (side->session)), moving_of (side),
           karez_state_name (side->recorded));
      if (order->last_is_away
          && (hub_state_is_on (hub_live_session_get_state (side->session))
              || g_str_equal (moving_of (side), "moving")))
        g_error ("order %u: side %u is %s and %s after a hold or stop; again: KAREZ_TEST_ORDER=%u",
                 order->seed, i, karez_state_name (hub_live_session_get_state (side->session)),
                 moving_of (side), order->seed);
      g_assert_cmpint (side->recorded, ==, order->sides[0].recorded);
      g_assert_cmpint (side->recorded, ==, side->session->state);
    }
}

static void
begin_order (Order *order, guint32 seed, gboolean telling)
{
  order->seed = seed;
  order->rand = g_rand_new_with_seed (seed);
  order->telling = telling;
  order->id = hub_id_new ();
  order->relay = link_relay_new ("127.0.0.11", seed);
  order->dead = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < 2; i++)
    {
      Side *side = &order->sides[i];

      side->order = order;
      side->number = i;
      side->hub = hub_id_new ();
      side->directory = g_strdup_printf ("%s/%s-%u", scratch (), order->id, i);
      g_assert_cmpint (g_mkdir_with_parents (side->directory, 0700), ==, 0);
      side->state = KAREZ_STATE_PREPARING;
      side->sequence = i == 0;
    }
  for (guint i = 0; i < 2; i++)
    begin_worker (&order->sides[i]);
}

static void
kill_both (Order *order)
{
  for (guint i = 0; i < 2; i++)
    kill_worker (&order->sides[i]);
}

static void
order_free (Order *order)
{
  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&order->sides[i].away, json_node_unref);
      g_free (order->sides[i].hub);
      g_free (order->sides[i].directory);
    }
  g_ptr_array_unref (order->dead);
  link_relay_free (order->relay);
  g_rand_free (order->rand);
  g_free (order->id);
  g_free (order);
}

/* What one side waits for. */
static void
tell_rest (Order *order, Side *side)
{
  HubLiveSession *session = side->session;

  g_printerr ("side %u: %s, recorded %s, %s%s%s%s\n", side->number, karez_state_name (side->state),
              karez_state_name (side->recorded), session == NULL ? "no worker" : moving_of (side),
              session != NULL && session->lifting ? ", lifting" : "",
              session != NULL && hub_live_word_get_waiting (session->word) ? ", a word waits" : "",
              order->under_way ? ", something is under way" : "");
}

static void
expect_in_time (Order *order)
{
  if (g_get_monotonic_time () <= order->end)
    return;
  for (guint i = 0; i < 2; i++)
    tell_rest (order, &order->sides[i]);
  g_error ("order %u does not come to rest: host %s, mirror %s; again: KAREZ_TEST_ORDER=%u",
           order->seed, karez_state_name (order->sides[0].state),
           karez_state_name (order->sides[1].state), order->seed);
}

/* What comes next. Returns: the milliseconds until then */
static guint
advance (Order *order)
{
  switch (order->phase)
    {
    case JOINING:
      expect_in_time (order);
      if (!is_up (order))
        return 2;
      look (order);
      order->phase = BEGUN;
      return 2;
    case BEGUN:
      order->steps = g_rand_int_range (order->rand, 3, MAX_STEPS);
      order->phase = STEPPING;
      /* Most begin with a session that is live. */
      if (g_rand_int_range (order->rand, 0, 4) == 0)
        return 0;
      speak (order, &order->sides[0], "start");
      return g_rand_int_range (order->rand, 0, 50);
    case STEPPING:
      if (order->steps-- == 0)
        {
          begin_rest (order);
          order->phase = SETTLING;
          return 0;
        }
      take_step (order);
      look (order);
      return g_rand_int_range (order->rand, 0, 15);
    case SETTLING:
      expect_in_time (order);
      order->quiet = is_quiet (order) ? order->quiet + 1 : 0;
      /* Whatever was given up may still come. */
      if (order->quiet < 8)
        return 2;
      judge (order);
      kill_both (order);
      order->phase = OVER;
      /* What the live halves had under way ends in this time. */
      return 20;
    case OVER:
      break;
    }
  return 0;
}

static Order *
order_new (guint32 seed, gboolean telling)
{
  Order *order = g_new0 (Order, 1);

  begin_order (order, seed, telling);
  order->end = g_get_monotonic_time () + 2 * QUIET_US;
  return order;
}

/* @n of them at a time: most of what they do is to wait. */
static void
run_orders (guint32 first, guint n, gboolean telling)
{
  g_autoptr (GPtrArray) orders = g_ptr_array_new_with_free_func ((GDestroyNotify) order_free);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (orders, order_new (first + i, telling));
  while (orders->len)
    {
      for (guint i = orders->len; i-- > 0;)
        {
          Order *order = orders->pdata[i];

          if (g_get_monotonic_time () < order->due)
            continue;
          if (order->phase == OVER)
            g_ptr_array_remove_index_fast (orders, i);
          else
            order->due = g_get_monotonic_time () + 1000 * advance (order);
        }
      turn_for (1);
    }
}

static void
test_orders (void)
{
  const char *one = g_getenv ("KAREZ_TEST_ORDER"), *many = g_getenv ("KAREZ_TEST_ORDERS");
  guint n = many != NULL ? (guint) atoi (many) : N_ORDERS;
  guint32 first = g_test_rand_int ();

  if (one != NULL)
    {
      run_orders (g_ascii_strtoull (one, NULL, 10), 1, TRUE);
      return;
    }
  g_test_message ("%u orders from %u on", n, first);
  for (guint i = 0; i < n; i += AT_ONCE)
    run_orders (first + i, MIN (AT_ONCE, n - i), FALSE);
}

int
main (int argc, char **argv)
{
  /* The spools' fsync is not what is tried here. */
  if (g_getenv ("TMPDIR") == NULL && g_access ("/dev/shm", W_OK) == 0)
    g_setenv ("TMPDIR", "/dev/shm", TRUE);
  g_test_init (&argc, &argv, NULL);
  /* Warnings are what some of these provoke. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_test_add_func ("/hold-orders/drawn", test_orders);
  return g_test_run ();
}
