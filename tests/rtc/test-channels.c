/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data channels between a page, played by an SCTP association, and the media thread's side, over a
 * way that loses, doubles and swaps packets. */
#include "hub-bytes.h"
#include "hub-clock.h"
#include "hub-rtc-channels.h"
#include "hub-sctp.h"

typedef struct
{
  guint number; /* of the message's stream */
  guint32 ppid;
  GBytes *bytes; /* NULL for a reset */
} Got;

typedef struct
{
  HubRtcChannelSet *set;
  HubRtcChannels *channels;
  HubSctp *page;
  GQueue to_page, to_worker; /* GBytes: packets */
  GRand *rand;
  double loss;
  gboolean down;                    /* the page's association */
  GPtrArray *page_got, *worker_got; /* Got; of the worker's, the number is the channel's */
  guint open;                       /* bits: channels */
  GPtrArray *refused;               /* "label rule" */
  gboolean taking;                  /* messages are taken, as the main thread does */
} Way;

static const HubRtcChannelRule rules[] = {
  { "marks", KAREZ_CHANNEL_NONE, 60000, 1000 },
  { "pointer", KAREZ_CHANNEL_ONCE, 200, 100 },
  { "bytes", KAREZ_CHANNEL_BINARY, 1000, 50 },
};

static void
free_got (gpointer data)
{
  Got *got = data;

  g_clear_pointer (&got->bytes, g_bytes_unref);
  g_free (got);
}

static void
add_got (GPtrArray *list, guint number, guint32 ppid, GBytes *bytes)
{
  Got *got = g_new0 (Got, 1);

  got->number = number;
  got->ppid = ppid;
  got->bytes = bytes;
  g_ptr_array_add (list, got);
}

/* The page. */

static void
on_page_send (const guint8 *packet, gsize length, gpointer data)
{
  g_queue_push_tail (&((Way *) data)->to_worker, g_bytes_new (packet, length));
}
static void
on_page_down (gpointer data)
{
  ((Way *) data)->down = TRUE;
}
static void
on_page_message (guint16 stream, guint32 ppid, const guint8 *bytes, gsize length, gpointer data)
{
  add_got (((Way *) data)->page_got, stream, ppid, g_bytes_new (bytes, length));
}
static void
on_page_reset (guint16 stream, gpointer data)
{
  add_got (((Way *) data)->page_got, stream, 0, NULL);
}
static const HubSctpHandlers page_handlers = { on_page_send, on_page_down, on_page_message,
                                               on_page_reset };

/* The worker. */

static void
on_send (const guint8 *packet, gsize length, gpointer data)
{
  g_queue_push_tail (&((Way *) data)->to_page, g_bytes_new (packet, length));
}
static void
on_changed (guint channel, gboolean open, gpointer data)
{
  Way *way = data;

  g_assert_cmpint (!!(way->open & 1u << channel), !=, open);
  way->open ^= 1u << channel;
}
static void
on_message (guint channel, GBytes *message, gpointer data)
{
  Way *way = data;

  g_assert_true (way->open & 1u << channel);
  if (way->taking)
    atomic_fetch_sub (&way->set->incoming, g_bytes_get_size (message));
  add_got (way->worker_got, channel, 0, message);
}
static void
on_refused (int channel, const char *rule, gpointer data)
{
  Way *way = data;

  g_ptr_array_add (way->refused,
                   g_strdup_printf ("%s %s", channel < 0 ? "-" : rules[channel].label, rule));
}
static const HubRtcChannelHandlers handlers = { on_send, on_changed, on_message, on_refused };

/* One packet of a queue, as the way treats it. */
static void
carry_one (Way *way, GQueue *queue)
{
  g_autoptr (GBytes) packet = NULL;
  double chance = g_rand_double (way->rand);

  if (way->loss > 0 && g_queue_get_length (queue) > 1 && chance < way->loss)
    g_queue_push_tail (queue, g_queue_pop_head (queue)); /* later */
  packet = g_queue_pop_head (queue);
  if (packet == NULL || g_rand_double (way->rand) < way->loss)
    return;
  for (guint times = chance > 1 - way->loss ? 2 : 1; times > 0; times--)
    if (queue == &way->to_page)
      hub_sctp_take (way->page, g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));
    else
      hub_rtc_channels_take (way->channels, g_bytes_get_data (packet, NULL),
                             g_bytes_get_size (packet));
}

static void
carry (Way *way)
{
  while (!g_queue_is_empty (&way->to_page) || !g_queue_is_empty (&way->to_worker))
    {
      carry_one (way, &way->to_page);
      carry_one (way, &way->to_worker);
    }
  hub_sctp_tick (hub_clock_monotonic ());
  hub_sctp_poll (way->page);
  hub_rtc_channels_tick (way->channels);
}

#define carry_until(way, condition)                                                                \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 carry_end = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;                              \
    while (carry (way), !(condition))                                                              \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, carry_end);                                   \
        g_usleep (1000);                                                                           \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

static void
up (Way *way, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  way->loss = data != NULL ? 0.1 : 0;
  way->taking = TRUE;
  way->rand = g_rand_new_with_seed (20261130);
  way->page_got = g_ptr_array_new_with_free_func (free_got);
  way->worker_got = g_ptr_array_new_with_free_func (free_got);
  way->refused = g_ptr_array_new_with_free_func (g_free);
  way->set = hub_rtc_channel_set_new (rules, G_N_ELEMENTS (rules));
  way->channels = hub_rtc_channels_new (way->set, HUB_SCTP_PORT, &handlers, way, &error);
  g_assert_no_error (error);
  way->page = hub_sctp_new (HUB_SCTP_PORT, &page_handlers, way, &error);
  g_assert_no_error (error);
  /* The clock goes on while the keys are agreed on. */
  hub_rtc_channels_tick (way->channels);
  hub_rtc_channels_start (way->channels);
  hub_sctp_start (way->page);
}

static void
down (Way *way, gconstpointer data)
{
  g_clear_pointer (&way->channels, hub_rtc_channels_free);
  hub_sctp_free (way->page);
  g_queue_clear_full (&way->to_page, (GDestroyNotify) g_bytes_unref);
  g_queue_clear_full (&way->to_worker, (GDestroyNotify) g_bytes_unref);
  g_ptr_array_unref (way->page_got);
  g_ptr_array_unref (way->worker_got);
  g_ptr_array_unref (way->refused);
  hub_rtc_channel_set_unref (way->set);
  g_rand_free (way->rand);
}

/* What the page does. */

static gboolean
page_sends (Way *way, guint16 stream, guint32 ppid, gconstpointer bytes, gsize length)
{
  return hub_sctp_send (way->page, stream, ppid, HUB_SCTP_RELIABLE, bytes, length);
}

/* RFC 8832, 5.1; once the association is up. */
static void
page_opens (Way *way, guint16 stream, const char *label, guint8 type)
{
  gsize length = strlen (label);
  g_autofree guint8 *open = g_malloc0 (12 + length);

  open[0] = 3;
  open[1] = type;
  hub_put16 (open + 8, (guint16) length);
  memcpy (open + 12, label, length);
  carry_until (way, page_sends (way, stream, 50, open, 12 + length));
}

static Got *
last (GPtrArray *list)
{
  return list->len > 0 ? list->pdata[list->len - 1] : NULL;
}

static gboolean
page_was_reset (Way *way, guint16 stream)
{
  for (guint i = 0; i < way->page_got->len; i++)
    {
      Got *got = way->page_got->pdata[i];

      if (got->number == stream && got->bytes == NULL)
        return TRUE;
    }
  return FALSE;
}

static void
open_marks (Way *way)
{
  page_opens (way, 0, "marks", 0);
  carry_until (way, way->open == 1 && last (way->page_got) != NULL);
  g_assert_cmpuint (last (way->page_got)->ppid, ==, 50);
  g_assert_cmpuint (*(const guint8 *) g_bytes_get_data (last (way->page_got)->bytes, NULL), ==, 2);
}

static void
worker_sends (Way *way, guint channel, const char *text, gsize length)
{
  GBytes *message = g_bytes_new (text, length);

  atomic_fetch_add (&way->set->outgoing, length);
  hub_rtc_channels_send (way->channels, channel, message);
}

/* Both ways, in order and whole, also of what is empty or as large as may be. */
static void
test_texts (Way *way, gconstpointer data)
{
  static const gsize sizes[] = { 0, 1, 1200, 59999, 60000, 3, 20000 };
  g_autofree char *text = g_malloc (60000);

  for (guint i = 0; i < 60000; i++)
    text[i] = (char) ('a' + i % 26);
  open_marks (way);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    carry_until (way, page_sends (way, 0, sizes[i] > 0 ? 51 : 56, text, MAX (sizes[i], 1)));
  carry_until (way, way->worker_got->len == G_N_ELEMENTS (sizes));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      Got *got = way->worker_got->pdata[i];

      g_assert_cmpmem (g_bytes_get_data (got->bytes, NULL), g_bytes_get_size (got->bytes), text,
                       sizes[i]);
    }
  g_ptr_array_set_size (way->page_got, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    worker_sends (way, 0, text, sizes[i]);
  carry_until (way, way->page_got->len == G_N_ELEMENTS (sizes));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      Got *got = way->page_got->pdata[i];

      g_assert_cmpuint (got->ppid, ==, sizes[i] > 0 ? 51 : 56);
      /* What is empty comes as a byte. */
      g_assert_cmpmem (g_bytes_get_data (got->bytes, NULL), g_bytes_get_size (got->bytes),
                       sizes[i] > 0 ? text : "", MAX (sizes[i], 1));
    }
  g_assert_cmpuint (atomic_load (&way->set->outgoing), ==, 0);
  g_assert_cmpuint (atomic_load (&way->set->incoming), ==, 0);
  g_assert_cmpuint (way->refused->len, ==, 0);
}

/* Of what is sent once, what is lost is lost, and nothing waits for it. */
static void
test_once (Way *way, gconstpointer data)
{
  guint sent = 0;

  page_opens (way, 2, "pointer", 0x81);
  carry_until (way, way->open == 2 && way->page_got->len == 1);
  for (; sent < 90; sent++)
    {
      worker_sends (way, 1, "1,2", 3);
      carry (way);
    }
  carry_until (way, way->page_got->len > sent / 2);
  for (guint i = 0; i < 100; i++)
    carry (way);
  /* With the acknowledgement of the opening. */
  if (data == NULL)
    g_assert_cmpuint (way->page_got->len, ==, sent + 1);
  else
    g_assert_cmpuint (way->page_got->len, <, sent + 1);
  g_assert_cmpuint (atomic_load (&way->set->outgoing), ==, 0);
}

static const struct
{
  const char *name, *label, *refusal;
  guint8 type;
} openings[] = {
  { "undeclared", "chat", "- media/channel", 0 },
  { "empty", "", "- media/channel", 0 },
  { "long", "0123456789012345678901234567890123456789", "- media/channel", 0 },
  { "other-delivery", "marks", "marks media/channel", 0x81 },
  { "partly-reliable", "pointer", "pointer media/channel", 0x01 },
  { "unordered", "marks", "marks media/channel", 0x80 },
};

static void
test_refused (Way *way, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (openings); i++)
    {
      g_ptr_array_set_size (way->refused, 0);
      page_opens (way, (guint16) (2 * i), openings[i].label, openings[i].type);
      carry_until (way, page_was_reset (way, (guint16) (2 * i)));
      g_assert_cmpuint (way->refused->len, ==, 1);
      g_assert_cmpstr (way->refused->pdata[0], ==, openings[i].refusal);
      g_assert_cmpuint (way->open, ==, 0);
      g_usleep (300 * 1000); /* four are told in a second */
    }
}

/* DCEP that is none, twice the same, on an open channel: that channel is closed, the rest stays. */
static void
test_garbage (Way *way, gconstpointer data)
{
  static const guint8 pieces[][14] = { { 3 },
                                       { 3, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
                                       { 3, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 'm', 'a' },
                                       { 2 },
                                       { 0 } };

  open_marks (way);
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      carry_until (way, page_sends (way, (guint16) (10 + 2 * i), 50, pieces[i], i == 0 ? 1 : 14));
      carry_until (way, page_was_reset (way, (guint16) (10 + 2 * i)));
    }
  page_opens (way, 4, "marks", 0);
  carry_until (way, page_was_reset (way, 4));
  g_assert_cmpuint (way->open, ==, 1);
  page_opens (way, 0, "marks", 0);
  carry_until (way, page_was_reset (way, 0) && way->open == 0);
  /* On a stream that is not open, nothing is heard. */
  carry_until (way, page_sends (way, 20, 51, "x", 1));
  carry (way);
  g_assert_cmpuint (way->worker_got->len, ==, 0);
}

static void
expect_refusal (Way *way, const char *refusal)
{
  carry_until (way, way->refused->len > 0);
  g_assert_cmpstr (way->refused->pdata[0], ==, refusal);
  g_ptr_array_set_size (way->refused, 0);
  g_usleep (1100 * 1000);
}

/* Too large, of the wrong kind, no UTF-8, too many: left out, and the channel goes on. */
static void
test_bounds (Way *way, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc0 (200000);
  guint before;

  open_marks (way);
  memset (bytes, 'x', 200000);
  carry_until (way, page_sends (way, 0, 51, bytes, 60001));
  expect_refusal (way, "marks media/size");
  carry_until (way, page_sends (way, 0, 51, bytes, 200000));
  expect_refusal (way, "marks media/size");
  carry_until (way, page_sends (way, 0, 53, bytes, 10));
  expect_refusal (way, "marks media/kind");
  carry_until (way, page_sends (way, 0, 51, "\xff\xfe", 2));
  expect_refusal (way, "marks media/kind");
  page_opens (way, 6, "bytes", 0);
  carry_until (way, way->open == 5);
  carry_until (way, page_sends (way, 6, 53, "\xff\xfe", 2));
  carry_until (way, way->worker_got->len == 1);
  for (guint i = 0; i < 200; i++)
    carry_until (way, page_sends (way, 6, 53, "12", 2));
  expect_refusal (way, "bytes media/rate");
  before = way->worker_got->len;
  g_assert_cmpuint (before, <, 120);
  /* Nobody takes what came: it is bounded, and goes on once it is taken. */
  way->taking = FALSE;
  for (guint i = 0; i < 8; i++)
    carry_until (way, page_sends (way, 0, 51, bytes, 60000));
  expect_refusal (way, "marks media/waiting");
  g_assert_cmpuint (way->worker_got->len - before, ==, HUB_RTC_MAX_WAITING / 60000);
  atomic_store (&way->set->incoming, 0);
  before = way->worker_got->len;
  carry_until (way, page_sends (way, 0, 51, "again", 5));
  carry_until (way, way->worker_got->len > before);
}

/* A page that closes a channel may open it again, on another stream or the same. */
static void
test_reopened (Way *way, gconstpointer data)
{
  open_marks (way);
  for (guint i = 0; i < 3; i++)
    {
      hub_sctp_reset (way->page, (guint16) (2 * i));
      carry_until (way, way->open == 0 && page_was_reset (way, (guint16) (2 * i)));
      page_opens (way, (guint16) (2 * i + 2), "marks", 0);
      carry_until (way, way->open == 1);
    }
  carry_until (way, page_sends (way, 6, 51, "here", 4));
  carry_until (way, way->worker_got->len == 1);
}

/* Packets that are none: the association and its channels stay. */
static void
test_packets (Way *way, gconstpointer data)
{
  open_marks (way);
  for (guint i = 0; i < 5000; i++)
    {
      guint8 packet[200];
      gsize length = (gsize) g_rand_int_range (way->rand, 0, sizeof packet);

      for (gsize at = 0; at < length; at++)
        packet[at] = (guint8) g_rand_int (way->rand);
      if (i % 2 && length >= 4)
        memcpy (packet, "\x13\x88\x13\x88", 4);
      hub_rtc_channels_take (way->channels, packet, length);
    }
  carry_until (way, page_sends (way, 0, 51, "here", 4));
  carry_until (way, way->worker_got->len == 1);
  g_assert_cmpuint (way->open, ==, 1);
}

/* The page's end is heard of; what waits for it is dropped. */
static void
test_end (Way *way, gconstpointer data)
{
  g_autofree char *text = g_malloc0 (60000);

  open_marks (way);
  for (guint i = 0; i < 20; i++)
    worker_sends (way, 0, memset (text, 'x', 60000), 60000);
  g_assert_cmpuint (atomic_load (&way->set->outgoing), >, 0);
  hub_sctp_free (way->page);
  way->page = hub_sctp_new (HUB_SCTP_PORT, &page_handlers, way, NULL);
  carry_until (way, way->open == 0);
  g_assert_cmpuint (atomic_load (&way->set->outgoing), ==, 0);
}

static gpointer
open_elsewhere (gpointer data)
{
  Way *way = data;
  g_autoptr (GError) error = NULL;
  HubRtcChannels *channels = hub_rtc_channels_new (way->set, HUB_SCTP_PORT, &handlers, NULL,
                                                   &error);
  gint64 now = hub_clock_monotonic ();

  g_assert_null (channels);
  for (guint i = 0; i < 8; i++)
    hub_sctp_tick (now + i * G_USEC_PER_SEC);
  return g_strdup (karez_error_get_rule (error));
}

/* The library's timers are all on one thread. */
static void
test_threads (Way *way, gconstpointer data)
{
  guint sent = way->to_page.length + way->to_worker.length;
  g_autofree char *rule = g_thread_join (g_thread_new ("other", open_elsewhere, way));

  g_assert_cmpstr (rule, ==, "rtc/sctp");
  /* No handshake was begun again. */
  g_assert_cmpuint (way->to_page.length + way->to_worker.length, ==, sent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func) g_test_add (path, Way, data, up, func, down)
  ADD ("/channels/texts", NULL, test_texts);
  ADD ("/channels/texts/lossy", "", test_texts);
  ADD ("/channels/once", NULL, test_once);
  ADD ("/channels/once/lossy", "", test_once);
  ADD ("/channels/refused", NULL, test_refused);
  ADD ("/channels/garbage", NULL, test_garbage);
  ADD ("/channels/bounds", NULL, test_bounds);
  ADD ("/channels/reopened", NULL, test_reopened);
  ADD ("/channels/reopened/lossy", "", test_reopened);
  ADD ("/channels/packets", NULL, test_packets);
  ADD ("/channels/end", NULL, test_end);
  ADD ("/channels/threads", NULL, test_threads);
  return g_test_run ();
}
