/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two ends joined by relays: paths lost, cut and harmed. */
#include "hub-clock.h"
#include "hub-link.h"
#include "link-relay.h"

#define SESSION "019ab3c4-0000-7000-8000-000000000001"
#define STREAM_COMMANDS 16
#define STREAM_MESSAGES 17
#define STREAM_BEST 18

typedef struct
{
  HubLink *link;
  GPtrArray *datagrams, *messages;
  guint n_up, n_down;
} End;

/* A and B, joined by two relays: A's addresses are 127.0.0.1 and .2, B's are .3 and .4. */
typedef struct
{
  End ends[2];
  LinkRelay *relays[2];
} Pair;

static void
on_datagram (KarezLink *link, guint stream, GBytes *payload, gpointer data)
{
  End *end = data;

  g_ptr_array_add (end->datagrams, g_bytes_ref (payload));
}

static void
on_message (KarezLink *link, guint stream, GBytes *payload, gpointer data)
{
  End *end = data;

  g_assert_cmpuint (stream, ==, STREAM_MESSAGES);
  g_ptr_array_add (end->messages, g_bytes_ref (payload));
}

static void
on_changed (KarezLink *link, gpointer data)
{
  End *end = data;

  if (karez_link_is_up (link))
    end->n_up++;
  else
    end->n_down++;
}

static void
end_up (End *end, gboolean host, guint32 generation, const char *address)
{
  g_autoptr (GError) error = NULL;
  KarezLink *link;

  end->link = hub_link_new (SESSION, host, generation, address, &error);
  g_assert_no_error (error);
  end->datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  end->messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  end->n_up = end->n_down = 0;
  link = KAREZ_LINK (end->link);
  g_signal_connect (link, "datagram", G_CALLBACK (on_datagram), end);
  g_signal_connect (link, "message", G_CALLBACK (on_message), end);
  g_signal_connect (link, "changed", G_CALLBACK (on_changed), end);
  karez_link_open (link, STREAM_COMMANDS, KAREZ_LINK_ALL, FALSE, &error);
  g_assert_no_error (error);
  karez_link_open (link, STREAM_MESSAGES, KAREZ_LINK_ALL, TRUE, &error);
  g_assert_no_error (error);
  karez_link_open (link, STREAM_BEST, KAREZ_LINK_BEST, FALSE, &error);
  g_assert_no_error (error);
}

static void
end_down (End *end)
{
  g_assert_finalize_object (end->link);
  g_ptr_array_unref (end->datagrams);
  g_ptr_array_unref (end->messages);
}

/* The endpoint of one end as the other is told it: with the relays' doors for its addresses. */
static JsonNode *
endpoint_for (Pair *pair, guint of)
{
  g_autoptr (JsonNode) endpoint = hub_link_get_endpoint (pair->ends[of].link);
  JsonObject *object = json_node_get_object (endpoint);
  JsonArray *own = json_object_get_array_member (object, "addresses");
  JsonArray *doors = json_array_new ();

  for (guint i = 0; i < json_array_get_length (own); i++)
    {
      g_autofree char *door = link_relay_get_door (pair->relays[i], 1 - of);

      link_relay_set_end (pair->relays[i], of, json_array_get_string_element (own, i));
      json_array_add_string_element (doors, door);
    }
  json_object_set_array_member (object, "addresses", doors);
  return g_steal_pointer (&endpoint);
}

static void
connect_end (Pair *pair, guint which)
{
  g_autoptr (JsonNode) endpoint = endpoint_for (pair, 1 - which);
  g_autoptr (GError) error = NULL;

  hub_link_connect (pair->ends[which].link, endpoint, &error);
  g_assert_no_error (error);
}

static gboolean
on_time (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_ms (guint ms)
{
  gboolean over = FALSE;

  g_timeout_add (ms, on_time, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

#define WAIT_UNTIL(condition, ms)                                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 until = hub_clock_monotonic () + (ms) * (gint64) 1000;                                  \
    while (!(condition) && hub_clock_monotonic () < until)                                         \
      wait_ms (1);                                                                                 \
    g_assert_true (condition);                                                                     \
  }                                                                                                \
  G_STMT_END

static gboolean
both_up (Pair *pair)
{
  return karez_link_is_up (KAREZ_LINK (pair->ends[0].link))
         && karez_link_is_up (KAREZ_LINK (pair->ends[1].link));
}

static JsonObject *
path_of (JsonNode *statistics, guint number)
{
  JsonArray *paths = json_object_get_array_member (json_node_get_object (statistics), "paths");

  return json_array_get_object_element (paths, number);
}

static gint64
refused (End *end, const char *why)
{
  g_autoptr (JsonNode) statistics = karez_link_get_statistics (KAREZ_LINK (end->link));
  JsonObject *all = json_object_get_object_member (json_node_get_object (statistics), "refused");

  return json_object_get_int_member (all, why);
}

static void
pair_up (Pair *pair, gconstpointer data)
{
  pair->relays[0] = link_relay_new ("127.0.0.11", 1);
  pair->relays[1] = link_relay_new ("127.0.0.12", 2);
  end_up (&pair->ends[0], TRUE, 1, "127.0.0.1,127.0.0.2");
  end_up (&pair->ends[1], FALSE, 1, "127.0.0.3,127.0.0.4");
  connect_end (pair, 0);
  connect_end (pair, 1);
  WAIT_UNTIL (both_up (pair), 1000);
}

static void
pair_down (Pair *pair, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      end_down (&pair->ends[i]);
      link_relay_free (pair->relays[i]);
    }
}

static void
send_text (End *end, guint stream, const char *text)
{
  g_autoptr (GBytes) payload = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  karez_link_send (KAREZ_LINK (end->link), stream, payload, &error);
  g_assert_no_error (error);
}

static void
send_numbers (End *end, guint stream, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);

      send_text (end, stream, text);
      if (i % 16 == 15)
        wait_ms (1);
    }
}

static void
assert_numbers (GPtrArray *payloads, guint n)
{
  g_assert_cmpuint (payloads->len, ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u", i);
      GBytes *payload = g_ptr_array_index (payloads, i);

      g_assert_cmpmem (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload), text,
                       strlen (text));
    }
}

static void
test_figures (Pair *pair, gconstpointer data)
{
  g_autoptr (JsonNode) statistics = NULL;

  send_numbers (&pair->ends[0], STREAM_COMMANDS, 0, 500);
  send_text (&pair->ends[1], STREAM_BEST, "best");
  WAIT_UNTIL (pair->ends[1].datagrams->len == 500 && pair->ends[0].datagrams->len == 1, 1000);
  assert_numbers (pair->ends[1].datagrams, 500);
  wait_ms (600);

  /* Two copies of each arrived, one was delivered, none was lost. */
  statistics = karez_link_get_statistics (KAREZ_LINK (pair->ends[1].link));
  g_assert_true (json_object_get_boolean_member (json_node_get_object (statistics), "up"));
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (statistics), "generation"), ==,
                   1);
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *path = path_of (statistics, i);

      g_assert_cmpint (json_object_get_int_member (path, "received"), >=, 500);
      g_assert_cmpint (json_object_get_int_member (path, "received"), <, 530);
      g_assert_cmpint (json_object_get_int_member (path, "lost"), ==, 0);
      g_assert_true (json_object_get_boolean_member (path, "alive"));
      g_assert_cmpfloat (json_object_get_double_member (path, "rtt_ms"), >, 0);
      g_assert_cmpfloat (json_object_get_double_member (path, "rtt_ms"), <, 200);
    }
  g_assert_cmpint (json_object_get_int_member (path_of (statistics, 0), "first")
                       + json_object_get_int_member (path_of (statistics, 1), "first"),
                   ==, 500);
  g_assert_cmpuint (pair->ends[0].n_up, ==, 1);
  g_assert_cmpuint (pair->ends[0].n_down, ==, 0);
}

static void
test_lose_a_path (Pair *pair, gconstpointer data)
{
  g_autoptr (JsonNode) statistics = NULL;

  send_numbers (&pair->ends[0], STREAM_COMMANDS, 0, 200);
  pair->relays[0]->cut[0] = pair->relays[0]->cut[1] = TRUE;
  send_numbers (&pair->ends[0], STREAM_COMMANDS, 200, 400);
  send_numbers (&pair->ends[0], STREAM_MESSAGES, 0, 50);
  WAIT_UNTIL (pair->ends[1].datagrams->len == 400 && pair->ends[1].messages->len == 50, 1000);
  assert_numbers (pair->ends[1].datagrams, 400);
  assert_numbers (pair->ends[1].messages, 50);
  wait_ms (2000);
  /* Losing a path is no event: nothing was lost, nobody was told. */
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (pair->ends[i].n_up, ==, 1);
      g_assert_cmpuint (pair->ends[i].n_down, ==, 0);
    }
  statistics = karez_link_get_statistics (KAREZ_LINK (pair->ends[1].link));
  g_assert_false (json_object_get_boolean_member (path_of (statistics, 0), "alive"));
  g_assert_true (json_object_get_boolean_member (path_of (statistics, 1), "alive"));
  /* The best path is the one that lives. */
  send_text (&pair->ends[0], STREAM_BEST, "400");
  WAIT_UNTIL (pair->ends[1].datagrams->len == 401, 500);

  pair->relays[0]->cut[0] = pair->relays[0]->cut[1] = FALSE;
  wait_ms (700);
  g_clear_pointer (&statistics, json_node_unref);
  statistics = karez_link_get_statistics (KAREZ_LINK (pair->ends[1].link));
  g_assert_true (json_object_get_boolean_member (path_of (statistics, 0), "alive"));
  g_assert_cmpint (json_object_get_int_member (path_of (statistics, 0), "lost"), >=, 200);
  g_assert_cmpint (json_object_get_int_member (path_of (statistics, 1), "lost"), ==, 0);
}

static void
test_lose_both (Pair *pair, gconstpointer data)
{
  g_autoptr (GBytes) payload = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  gint64 begin = hub_clock_monotonic (), took;

  pair->relays[0]->cut[0] = pair->relays[0]->cut[1] = TRUE;
  pair->relays[1]->cut[0] = pair->relays[1]->cut[1] = TRUE;
  WAIT_UNTIL (pair->ends[0].n_down == 1 && pair->ends[1].n_down == 1, 2500);
  took = hub_clock_monotonic () - begin;
  g_assert_cmpint (took, >=, 1200 * 1000);
  g_assert_cmpint (took, <=, 2200 * 1000);
  g_test_message ("down told after %" G_GINT64_FORMAT " ms", took / 1000);

  g_assert_false (
      karez_link_send (KAREZ_LINK (pair->ends[0].link), STREAM_COMMANDS, payload, &error));
  g_assert_true (karez_error_is_unavailable (error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "link/down");
  /* Messages wait. */
  send_numbers (&pair->ends[0], STREAM_MESSAGES, 0, 100);
  pair->relays[1]->cut[0] = pair->relays[1]->cut[1] = FALSE;
  WAIT_UNTIL (pair->ends[1].messages->len == 100, 2000);
  assert_numbers (pair->ends[1].messages, 100);
  g_assert_cmpuint (pair->ends[1].n_up, ==, 2);
}

/* Only one direction is cut: both ends must say that the link is down. */
static void
test_one_way (Pair *pair, gconstpointer data)
{
  pair->relays[0]->cut[0] = pair->relays[1]->cut[0] = TRUE;
  WAIT_UNTIL (pair->ends[0].n_down == 1 && pair->ends[1].n_down == 1, 4500);
}

static void
test_harmed (Pair *pair, gconstpointer data)
{
  guint8 *big = g_malloc (KAREZ_LINK_MAX_MESSAGE);
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < KAREZ_LINK_MAX_MESSAGE; i++)
    big[i] = (guint8) (i * 7 + i / 251);
  message = g_bytes_new_take (big, KAREZ_LINK_MAX_MESSAGE);
  for (guint i = 0; i < 2; i++)
    {
      pair->relays[i]->loss = 0.2;
      pair->relays[i]->doubled = 0.1;
      pair->relays[i]->swapped = 0.2;
    }
  send_numbers (&pair->ends[0], STREAM_MESSAGES, 0, 1000);
  send_numbers (&pair->ends[1], STREAM_MESSAGES, 0, 1000);
  karez_link_send (KAREZ_LINK (pair->ends[0].link), STREAM_MESSAGES, message, &error);
  g_assert_no_error (error);
  WAIT_UNTIL (pair->ends[1].messages->len == 1001 && pair->ends[0].messages->len == 1000, 20000);
  g_assert_true (g_bytes_equal (g_ptr_array_index (pair->ends[1].messages, 1000), message));
  g_ptr_array_set_size (pair->ends[1].messages, 1000);
  assert_numbers (pair->ends[1].messages, 1000);
  assert_numbers (pair->ends[0].messages, 1000);
}

static void
test_replay (Pair *pair, gconstpointer data)
{
  guint n;

  pair->relays[0]->keeping = TRUE;
  send_numbers (&pair->ends[0], STREAM_COMMANDS, 0, 100);
  send_numbers (&pair->ends[0], STREAM_MESSAGES, 0, 20);
  WAIT_UNTIL (pair->ends[1].datagrams->len == 100 && pair->ends[1].messages->len == 20, 1000);
  pair->relays[0]->keeping = FALSE;
  n = pair->relays[0]->kept[0]->len;
  g_assert_cmpuint (n, >=, 120);
  /* To the other end again, on both paths; and back to where they came from. */
  for (guint i = 0; i < n; i++)
    {
      gsize size;
      const guint8 *bytes = g_bytes_get_data (g_ptr_array_index (pair->relays[0]->kept[0], i),
                                              &size);

      link_relay_inject (pair->relays[0], 1, bytes, size);
      link_relay_inject (pair->relays[1], 1, bytes, size);
      link_relay_inject (pair->relays[0], 0, bytes, size);
      if (i % 16 == 15)
        wait_ms (1);
    }
  WAIT_UNTIL (refused (&pair->ends[1], "repeated") >= 2 * 120, 1000);
  WAIT_UNTIL (refused (&pair->ends[0], "foreign") >= 120, 1000);
  g_assert_cmpuint (pair->ends[1].datagrams->len, ==, 100);
  g_assert_cmpuint (pair->ends[1].messages->len, ==, 20);
  g_assert_cmpuint (pair->ends[0].datagrams->len, ==, 0);
  g_assert_true (both_up (pair));
}

static void
test_garbage (Pair *pair, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (99);
  guint8 bytes[2000];
  guint n_kept;

  pair->relays[0]->keeping = TRUE;
  send_numbers (&pair->ends[0], STREAM_COMMANDS, 0, 50);
  WAIT_UNTIL (pair->ends[1].datagrams->len == 50, 1000);
  pair->relays[0]->keeping = FALSE;
  n_kept = pair->relays[0]->kept[0]->len;
  for (guint i = 0; i < 2000; i++)
    {
      gsize size = (gsize) g_rand_int_range (rand, 0, sizeof bytes);

      for (gsize j = 0; j < size; j++)
        bytes[j] = (guint8) g_rand_int (rand);
      if (i % 2 == 1)
        {
          /* A true datagram, cut, or with one bit the other way. */
          gsize true_size;
          const guint8 *kept = g_bytes_get_data (
              g_ptr_array_index (pair->relays[0]->kept[0], i % n_kept), &true_size);

          memcpy (bytes, kept, true_size);
          size = i % 4 == 1 ? (gsize) g_rand_int_range (rand, 0, (gint32) true_size) : true_size;
          if (size == true_size)
            {
              guint bit = (guint) g_rand_int_range (rand, 16 * 8, (gint32) size * 8);

              bytes[bit / 8] ^= (guint8) (1u << (bit % 8));
            }
        }
      link_relay_inject (pair->relays[0], 1, bytes, size);
      if (i % 32 == 31)
        wait_ms (1);
    }
  WAIT_UNTIL (refused (&pair->ends[1], "malformed") >= 1400, 1000);
  g_assert_cmpint (refused (&pair->ends[1], "forged") + refused (&pair->ends[1], "repeated")
                       + refused (&pair->ends[1], "generation") + refused (&pair->ends[1], "old"),
                   >=, 450);
  g_assert_cmpuint (pair->ends[1].datagrams->len, ==, 50);
  g_assert_true (both_up (pair));
  send_text (&pair->ends[0], STREAM_COMMANDS, "50");
  WAIT_UNTIL (pair->ends[1].datagrams->len == 51, 1000);
}

static void
assert_refused (HubLink *link, JsonNode *endpoint, KarezError code, const char *rule)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (hub_link_connect (link, endpoint, &error));
  g_assert_error (error, KAREZ_ERROR, (int) code);
  if (rule != NULL)
    g_assert_cmpstr (karez_error_get_rule (error), ==, rule);
  g_assert_nonnull (karez_error_get_rule (error));
}

/* B's process dies and comes back as a new generation, while A lives on. */
static void
test_restart (Pair *pair, gconstpointer data)
{
  g_autoptr (JsonNode) old_endpoint = endpoint_for (pair, 1);
  g_autoptr (JsonNode) same_generation = NULL;
  g_autoptr (GBytes) big = g_bytes_new_take (g_malloc0 (100000), 100000);
  g_autoptr (HubLink) impostor = NULL;

  send_numbers (&pair->ends[0], STREAM_MESSAGES, 0, 10);
  send_numbers (&pair->ends[1], STREAM_MESSAGES, 0, 10);
  WAIT_UNTIL (pair->ends[1].messages->len == 10 && pair->ends[0].messages->len == 10, 1000);
  pair->relays[0]->keeping = TRUE;
  send_numbers (&pair->ends[1], STREAM_COMMANDS, 0, 20);
  WAIT_UNTIL (pair->ends[0].datagrams->len == 20, 1000);
  pair->relays[0]->keeping = FALSE;

  end_down (&pair->ends[1]);
  /* For the process that is gone: dropped with its generation. */
  g_assert_true (karez_link_send (KAREZ_LINK (pair->ends[0].link), STREAM_MESSAGES, big, NULL));
  end_up (&pair->ends[1], FALSE, 2, "127.0.0.3,127.0.0.4");
  /* The new process knows A before A knows it; that must not stop them. */
  connect_end (pair, 1);
  wait_ms (300);
  g_assert_false (karez_link_is_up (KAREZ_LINK (pair->ends[1].link)));
  g_assert_cmpint (refused (&pair->ends[0], "generation"), >=, 2);
  send_numbers (&pair->ends[1], STREAM_MESSAGES, 0, 5);
  g_ptr_array_set_size (pair->ends[0].messages, 0);
  connect_end (pair, 0);
  WAIT_UNTIL (both_up (pair), 1000);
  g_assert_cmpuint (pair->ends[0].n_down, ==, 1);
  g_assert_cmpuint (pair->ends[0].n_up, ==, 2);
  send_numbers (&pair->ends[0], STREAM_MESSAGES, 0, 30);
  WAIT_UNTIL (pair->ends[1].messages->len == 30 && pair->ends[0].messages->len == 5, 2000);
  assert_numbers (pair->ends[1].messages, 30);
  assert_numbers (pair->ends[0].messages, 5);

  /* The old generation is over: its endpoint, and what it sent. */
  assert_refused (pair->ends[0].link, old_endpoint, KAREZ_ERROR_CONFLICT, "link/generation");
  for (guint i = 0; i < pair->relays[0]->kept[1]->len; i++)
    {
      gsize size;
      const guint8 *bytes = g_bytes_get_data (g_ptr_array_index (pair->relays[0]->kept[1], i),
                                              &size);

      link_relay_inject (pair->relays[0], 0, bytes, size);
    }
  wait_ms (50);
  g_assert_cmpuint (pair->ends[0].datagrams->len, ==, 20);
  /* The same generation cannot come with another key. */
  impostor = hub_link_new (SESSION, FALSE, 2, "127.0.0.5", NULL);
  same_generation = hub_link_get_endpoint (impostor);
  assert_refused (pair->ends[0].link, same_generation, KAREZ_ERROR_CONFLICT, "link/generation");
  wait_ms (300);
  g_assert_true (both_up (pair));
}

static void
test_bad_endpoints (void)
{
  static const char *const bad[] = {
    "[]",
    "{}",
    "{\"key\":\"AAAA\",\"addresses\":[\"127.0.0.1:1\"],\"generation\":1}",
    "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[],\"generation\":1}",
    "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":\"x\",\"generation\":"
    "1}",
    "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[5],\"generation\":1}",
    "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[\"127.0.0.1:1\"]}",
    "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[\"127.0.0.1:1\"],"
    "\"generation\":0}",
    "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[\"127.0.0.1:1\"],"
    "\"generation\":4294967296}",
    "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[\"127.0.0.1:1\","
    "\"127.0.0.1:2\",\"127.0.0.1:3\",\"127.0.0.1:4\",\"127.0.0.1:5\"],\"generation\":1}",
    "{\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"addresses\":[\"127.0.0.1:1\"],"
    "\"generation\":1}",
    "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[\"[fd00::1]:9\"],"
    "\"generation\":1}",
  };
  static const char *const bad_addresses[] = {
    "",          "127.0.0.1",   "127.0.0.1:",    "127.0.0.1:0", "127.0.0.1:65536",
    "0.0.0.0:1", "[::]:1",      "224.0.0.1:1",   "aral:1",      "127.0.0.1:1x",
    "[::1:1",    "[fe80::1]:1", "127.0.0.1:1:1", "[]:1",        "127.0.0.1 :1"
  };
  static const char *const bad_binds[] = { "",
                                           ",",
                                           "0.0.0.0",
                                           "::",
                                           "127.0.0.1,",
                                           "localhost",
                                           "127.0.0.1:99999",
                                           "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5" };
  g_autoptr (HubLink) link = hub_link_new (SESSION, TRUE, 1, "127.0.0.1", NULL);
  g_autoptr (JsonNode) own = hub_link_get_endpoint (link);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) endpoint = json_from_string (bad[i], NULL);

      assert_refused (link, endpoint, KAREZ_ERROR_INVALID, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_addresses); i++)
    {
      g_autofree char *text = g_strdup_printf (
          "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[\"%s\"],"
          "\"generation\":1}",
          bad_addresses[i]);
      g_autoptr (JsonNode) endpoint = json_from_string (text, NULL);

      assert_refused (link, endpoint, KAREZ_ERROR_INVALID, "link/address");
    }
  assert_refused (link, own, KAREZ_ERROR_INVALID, "link/key");
  for (guint i = 0; i < G_N_ELEMENTS (bad_binds); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (hub_link_new (SESSION, TRUE, 1, bad_binds[i], &error));
      g_assert_true (karez_error_is_invalid (error));
      g_assert_cmpstr (karez_error_get_rule (error), ==, "link/bind-address");
    }
  {
    g_autoptr (GError) error = NULL;

    /* TEST-NET-1: an address that no machine has. */
    g_assert_null (hub_link_new (SESSION, TRUE, 1, "192.0.2.77", &error));
    g_assert_true (karez_error_is_unavailable (error));
    g_clear_error (&error);
    g_assert_null (hub_link_new ("not-a-uuid", TRUE, 1, "127.0.0.1", &error));
    g_assert_true (karez_error_is_invalid (error));
  }
  g_assert_false (karez_link_is_up (KAREZ_LINK (link)));
}

static void
test_bounds (Pair *pair, gconstpointer data)
{
  KarezLink *link = KAREZ_LINK (pair->ends[0].link);
  g_autoptr (GBytes) long_datagram = g_bytes_new_take (g_malloc0 (1153), 1153);
  g_autoptr (GBytes) long_message = g_bytes_new_take (g_malloc0 (KAREZ_LINK_MAX_MESSAGE + 1),
                                                      KAREZ_LINK_MAX_MESSAGE + 1);
  g_autoptr (GBytes)
      message = g_bytes_new_take (g_malloc0 (KAREZ_LINK_MAX_MESSAGE), KAREZ_LINK_MAX_MESSAGE);
  g_autoptr (GError) error = NULL;
  guint n = 0;

  g_assert_false (karez_link_send (link, STREAM_COMMANDS, long_datagram, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_false (karez_link_send (link, STREAM_MESSAGES, long_message, &error));
  g_assert_error (error, KAREZ_ERROR, KAREZ_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_false (karez_link_send (link, 99, message, &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  g_assert_false (karez_link_open (link, 0, KAREZ_LINK_ALL, FALSE, &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  g_assert_false (karez_link_open (link, 256, KAREZ_LINK_ALL, FALSE, &error));
  g_assert_true (karez_error_is_invalid (error));
  g_clear_error (&error);
  g_assert_false (karez_link_open (link, STREAM_COMMANDS, KAREZ_LINK_ALL, TRUE, &error));
  g_assert_true (karez_error_is_conflict (error));
  g_clear_error (&error);
  g_assert_true (karez_link_open (link, STREAM_COMMANDS, KAREZ_LINK_ALL, FALSE, &error));

  while (karez_link_send (link, STREAM_MESSAGES, message, &error))
    g_assert_cmpuint (++n, <, 100);
  g_assert_true (karez_error_is_busy (error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "link/waiting");
  g_assert_cmpuint (n, ==, 15);
  WAIT_UNTIL (pair->ends[1].messages->len == 15, 20000);
  g_clear_error (&error);
  g_assert_true (karez_link_send (link, STREAM_MESSAGES, message, &error));
  WAIT_UNTIL (pair->ends[1].messages->len == 16, 5000);
}

/* A stream that only one end has opened: datagrams are refused, messages wait for it. */
static void
test_unopened (Pair *pair, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (karez_link_open (KAREZ_LINK (pair->ends[0].link), 40, KAREZ_LINK_ALL, TRUE, NULL));
  g_signal_handlers_disconnect_by_func (pair->ends[1].link, on_message, &pair->ends[1]);
  send_text (&pair->ends[0], 40, "early");
  WAIT_UNTIL (refused (&pair->ends[1], "unopened") > 0, 1000);
  g_assert_true (karez_link_open (KAREZ_LINK (pair->ends[1].link), 40, KAREZ_LINK_ALL, TRUE, NULL));
  g_signal_connect (pair->ends[1].link, "message", G_CALLBACK (on_datagram), &pair->ends[1]);
  WAIT_UNTIL (pair->ends[1].datagrams->len == 1, 3000);
}

/* The peer moves behind its translator: the path follows what the peer sealed, and nothing else. */
static void
test_roaming (Pair *pair, gconstpointer data)
{
  LinkRelay *moved = link_relay_new ("127.0.0.13", 3), *old = pair->relays[1];
  g_autoptr (JsonNode) of_a = endpoint_for (pair, 0), of_b = endpoint_for (pair, 1);
  JsonObject *b = json_node_get_object (of_b);
  g_autofree char *new_door = link_relay_get_door (moved, 0), *old_door = NULL;
  JsonArray *addresses = json_array_new ();

  /* A stranger's packets from anywhere do not move it. */
  link_relay_set_end (
      moved, 1, json_array_get_string_element (json_object_get_array_member (b, "addresses"), 0));
  link_relay_inject (moved, 1, (const guint8 *) "KZ", 2);

  /* A now sends path 1 by way of the new relay; B must answer there without being told. */
  old_door = link_relay_get_door (pair->relays[0], 0);
  json_array_add_string_element (addresses, old_door);
  json_array_add_string_element (addresses, new_door);
  json_object_set_array_member (b, "addresses", addresses);
  {
    g_autoptr (JsonNode) own = hub_link_get_endpoint (pair->ends[1].link);

    link_relay_set_end (
        moved, 1,
        json_array_get_string_element (
            json_object_get_array_member (json_node_get_object (own), "addresses"), 1));
  }
  old->cut[0] = old->cut[1] = TRUE;
  g_assert_true (hub_link_connect (pair->ends[0].link, of_b, NULL));
  WAIT_UNTIL (both_up (pair), 1000);
  wait_ms (600);
  /* Only the new way is left. */
  pair->relays[0]->cut[0] = pair->relays[0]->cut[1] = TRUE;
  send_text (&pair->ends[1], STREAM_COMMANDS, "0");
  send_text (&pair->ends[0], STREAM_COMMANDS, "0");
  WAIT_UNTIL (pair->ends[0].datagrams->len == 1 && pair->ends[1].datagrams->len == 1, 500);
  wait_ms (2000);
  g_assert_true (both_up (pair));
  pair->relays[1] = old;
  link_relay_free (moved);
}

/* One end has two addresses, the other one. */
static void
test_uneven (void)
{
  End a, b;
  g_autoptr (JsonNode) of_a = NULL, of_b = NULL, statistics = NULL;
  g_autoptr (GError) error = NULL;

  end_up (&a, TRUE, 7, "127.0.0.1, 127.0.0.2");
  end_up (&b, FALSE, 1, "127.0.0.3");
  of_a = hub_link_get_endpoint (a.link);
  of_b = hub_link_get_endpoint (b.link);
  g_assert_true (hub_link_connect (a.link, of_b, &error));
  g_assert_true (hub_link_connect (b.link, of_a, &error));
  WAIT_UNTIL (karez_link_is_up (KAREZ_LINK (a.link)) && karez_link_is_up (KAREZ_LINK (b.link)),
              1000);
  send_numbers (&a, STREAM_COMMANDS, 0, 100);
  send_numbers (&b, STREAM_COMMANDS, 0, 100);
  WAIT_UNTIL (a.datagrams->len == 100 && b.datagrams->len == 100, 1000);
  wait_ms (600);
  statistics = karez_link_get_statistics (KAREZ_LINK (b.link));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (json_object_get_int_member (path_of (statistics, i), "received"), >=, 100);
      g_assert_cmpint (json_object_get_int_member (path_of (statistics, i), "lost"), ==, 0);
    }
  end_down (&a);
  end_down (&b);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/link/figures", Pair, NULL, pair_up, test_figures, pair_down);
  g_test_add ("/link/lose-a-path", Pair, NULL, pair_up, test_lose_a_path, pair_down);
  g_test_add ("/link/lose-both", Pair, NULL, pair_up, test_lose_both, pair_down);
  g_test_add ("/link/one-way", Pair, NULL, pair_up, test_one_way, pair_down);
  g_test_add ("/link/harmed", Pair, NULL, pair_up, test_harmed, pair_down);
  g_test_add ("/link/replay", Pair, NULL, pair_up, test_replay, pair_down);
  g_test_add ("/link/garbage", Pair, NULL, pair_up, test_garbage, pair_down);
  g_test_add ("/link/restart", Pair, NULL, pair_up, test_restart, pair_down);
  g_test_add ("/link/bounds", Pair, NULL, pair_up, test_bounds, pair_down);
  g_test_add ("/link/unopened", Pair, NULL, pair_up, test_unopened, pair_down);
  g_test_add ("/link/roaming", Pair, NULL, pair_up, test_roaming, pair_down);
  g_test_add_func ("/link/bad-endpoints", test_bad_endpoints);
  g_test_add_func ("/link/uneven", test_uneven);
  return g_test_run ();
}
