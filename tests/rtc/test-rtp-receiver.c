/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sequence of a stream: loss, order, repair, history. */
#include "hub-rtc-slot.h"

#define START (1000 * 1000)
#define MS (gint64) 1000
#define AGAIN (50 * MS)

typedef struct
{
  HubRtpReceiver receiver;
  HubRtpHistory *history;
  gint64 soon;
} Stream;

static void
stream_up (Stream *stream, gconstpointer data)
{
  hub_rtp_receiver_init (&stream->receiver, 8000);
  stream->history = hub_rtp_history_new (64);
}

static void
stream_down (Stream *stream, gconstpointer data)
{
  hub_rtp_history_free (stream->history);
}

/* As a track does: what is in the history came before. Returns the packet's index, 0 for one that
 * is left out. */
static gint64
take (Stream *stream, guint16 sequence, guint32 timestamp, gint64 arrival, gboolean repair)
{
  static const HubRtpExtensions none = { { 0 } };
  const HubRtp packet = { .sequence = sequence,
                          .timestamp = timestamp,
                          .payload = (const guint8 *) "12345",
                          .payload_length = 5 };
  gint64 index = hub_rtp_unwrap (stream->receiver.newest, sequence);

  if (stream->receiver.started && hub_rtp_history_find (stream->history, index) != NULL
      && (repair || !hub_rtp_receiver_resumes (&stream->receiver, sequence, arrival)))
    return 0;
  if (!hub_rtp_receiver_take (&stream->receiver, &packet, arrival, repair, &index))
    return 0;
  hub_rtp_history_keep (stream->history, index, arrival, &packet, &none);
  return index;
}

static gint64
take_plain (Stream *stream, guint16 sequence)
{
  return take (stream, sequence, 0, START, FALSE);
}

/* What is asked for at @now, as text: "3 4". */
static char *
ask (Stream *stream, gint64 now, guint room)
{
  guint16 numbers[HUB_RTP_MAX_MISSING];
  GString *text = g_string_new (NULL);
  guint n = hub_rtp_receiver_ask (&stream->receiver, now, stream->soon, AGAIN, numbers, room);

  g_assert_cmpuint (n, <=, room);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%u", i > 0 ? " " : "", numbers[i]);
  return g_string_free (text, FALSE);
}

#define assert_asked(stream, now, expected)                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *asked = ask (stream, now, HUB_RTP_MAX_MISSING);                               \
    g_assert_cmpstr (asked, ==, expected);                                                         \
  }                                                                                                \
  G_STMT_END

static HubRtpReport
report (Stream *stream, gint64 now)
{
  HubRtpReport out;

  memset (&out, 0xff, sizeof out);
  hub_rtp_receiver_report (&stream->receiver, now, &out);
  return out;
}

static void
test_nothing (Stream *stream, gconstpointer data)
{
  HubRtpReport out = report (stream, START);

  g_assert_cmpuint (out.fraction_lost, ==, 0);
  g_assert_cmpint (out.lost, ==, 0);
  g_assert_cmpuint (out.highest, ==, 0);
  g_assert_cmpuint (out.jitter, ==, 0);
  g_assert_cmpuint (out.last_report, ==, 0);
  g_assert_cmpuint (out.delay, ==, 0);
  assert_asked (stream, START, "");
}

static void
test_order (Stream *stream, gconstpointer data)
{
  gint64 first = take_plain (stream, 1000);
  HubRtpReport out;

  g_assert_cmpint (first, >, 0);
  g_assert_cmpint (first & 0xffff, ==, 1000);
  for (guint16 i = 1; i < 200; i++)
    g_assert_cmpint (take_plain (stream, (guint16) (1000 + i)), ==, first + i);
  out = report (stream, START);
  g_assert_cmpuint (out.fraction_lost, ==, 0);
  g_assert_cmpint (out.lost, ==, 0);
  g_assert_cmpuint (out.highest, ==, 1199);
  g_assert_cmpuint (stream->receiver.received, ==, 200);
  g_assert_cmpuint (stream->receiver.bytes, ==, 1000);
  assert_asked (stream, START, "");
}

/* RFC 3550, A.3, by hand. */
static void
test_loss (Stream *stream, gconstpointer data)
{
  HubRtpReport out;

  for (guint16 i = 0; i < 100; i++)
    if (i % 4 != 1) /* 25 of 100; the last one came */
      take_plain (stream, (guint16) (500 + i));
  out = report (stream, START);
  g_assert_cmpuint (out.fraction_lost, ==, 64);
  g_assert_cmpint (out.lost, ==, 25);
  g_assert_cmpuint (out.highest, ==, 599);

  /* In the next interval 5 come, and 5 repairs, which change nothing of what was lost. */
  for (guint16 i = 0; i < 5; i++)
    g_assert_cmpint (take_plain (stream, (guint16) (600 + i)), >, 0);
  for (guint16 i = 0; i < 5; i++)
    g_assert_cmpint (take (stream, (guint16) (581 + 4 * i), 0, START, TRUE), >, 0);
  out = report (stream, START);
  g_assert_cmpuint (out.fraction_lost, ==, 0);
  g_assert_cmpint (out.lost, ==, 25);
  g_assert_cmpuint (stream->receiver.repaired, ==, 5);

  /* 1 of 3, then nothing at all, then 255 of 256. */
  take_plain (stream, 605);
  take_plain (stream, 607);
  g_assert_cmpuint (report (stream, START).fraction_lost, ==, 85);
  g_assert_cmpuint (report (stream, START).fraction_lost, ==, 0);
  take_plain (stream, 607 + 256);
  g_assert_cmpuint (report (stream, START).fraction_lost, ==, 255);
}

static void
test_duplicates (Stream *stream, gconstpointer data)
{
  for (guint16 i = 0; i < 20; i++)
    {
      g_assert_cmpint (take_plain (stream, i), >, 0);
      g_assert_cmpint (take_plain (stream, i), ==, 0);
      g_assert_cmpint (take (stream, (guint16) (i / 2), 0, START, TRUE), ==, 0);
    }
  g_assert_cmpuint (stream->receiver.received, ==, 20);
  g_assert_cmpint (report (stream, START).lost, ==, 0);
}

static void
test_wrap (Stream *stream, gconstpointer data)
{
  gint64 first = take_plain (stream, 65530);

  for (guint16 i = 1; i < 12; i++)
    if (i != 6)
      g_assert_cmpint (take_plain (stream, (guint16) (65530 + i)), ==, first + i);
  /* RFC 3550, 6.4.1: one cycle, and the number 5. */
  g_assert_cmpuint (report (stream, START).highest, ==, 0x10005);
  assert_asked (stream, START + 1, "0");
  g_assert_cmpint (take_plain (stream, 0), ==, first + 6);
  g_assert_cmpint (report (stream, START).lost, ==, 0);

  for (guint32 i = 12; i < 3 * 65536; i++)
    g_assert_cmpint (take_plain (stream, (guint16) (65530 + i)), ==, first + i);
  g_assert_cmpuint (report (stream, START).highest, ==, 65530 + 3 * 65536 - 1);
}

/* One that comes late is not lost any more; one before the first is one too many. */
static void
test_reordering (Stream *stream, gconstpointer data)
{
  gint64 first = take_plain (stream, 10);

  g_assert_cmpint (take_plain (stream, 12), ==, first + 2);
  g_assert_cmpint (take_plain (stream, 14), ==, first + 4);
  g_assert_cmpint (take_plain (stream, 11), ==, first + 1);
  assert_asked (stream, START + 1, "13");
  g_assert_cmpint (take_plain (stream, 13), ==, first + 3);
  g_assert_cmpint (report (stream, START).lost, ==, 0);
  g_assert_cmpint (take_plain (stream, 9), ==, first - 1);
  g_assert_cmpint (report (stream, START).lost, ==, -1);
  g_assert_cmpuint (report (stream, START).highest, ==, 14);
}

/* RFC 3550, A.8, in its integer form, with a clock of 8 kHz: J += |D| - ((J + 8) >> 4). */
static void
test_jitter (Stream *stream, gconstpointer data)
{
  take (stream, 0, 0xffffff00, START, FALSE);
  take (stream, 1, 0xffffff00 + 160, START + 25 * MS, FALSE); /* D = 40: 40 */
  g_assert_cmpuint (stream->receiver.jitter_q4, ==, 40);
  take (stream, 2, 0xffffff00 + 320, START + 40 * MS, FALSE); /* D = -40: 40 + 40 - 3 */
  g_assert_cmpuint (stream->receiver.jitter_q4, ==, 77);
  take (stream, 3, 0xffffff00 + 480, START + 70 * MS, FALSE); /* D = 80: 77 + 80 - 5 */
  g_assert_cmpuint (stream->receiver.jitter_q4, ==, 152);
  g_assert_cmpuint (report (stream, START).jitter, ==, 9);

  /* A repair comes when it comes. */
  take (stream, 5, 0xffffff00 + 800, START + 110 * MS, FALSE); /* D = 0: 152 - 10 */
  g_assert_cmpint (take (stream, 4, 0xffffff00 + 640, START + 900 * MS, TRUE), >, 0);
  g_assert_cmpuint (stream->receiver.jitter_q4, ==, 142);
}

/* The first may be a repair, which says nothing of when packets come. */
static void
test_jitter_after_repair (Stream *stream, gconstpointer data)
{
  take (stream, 0, 12345, START, TRUE);
  take (stream, 1, 12345 + 160, START + 20 * MS, FALSE);
  g_assert_cmpuint (stream->receiver.jitter_q4, ==, 0);
  take (stream, 2, 12345 + 320, START + 45 * MS, FALSE);
  g_assert_cmpuint (stream->receiver.jitter_q4, ==, 40);
}

/* Half of all timestamps away: what a stranger may write. */
static void
test_jitter_far (Stream *stream, gconstpointer data)
{
  take (stream, 0, 0, START, FALSE);
  take (stream, 1, 0x80000000, START, FALSE);
  g_assert_cmpuint (stream->receiver.jitter_q4, ==, 0x80000000);
}

/* RFC 3550, 6.4.1: the middle of the NTP time, and how long ago in units of 1/65,536 s. */
static void
test_sender_report (Stream *stream, gconstpointer data)
{
  HubRtpReport out;

  take_plain (stream, 1);
  hub_rtp_receiver_take_sender_report (&stream->receiver, G_GUINT64_CONSTANT (0xb44db70520000000),
                                       START);
  out = report (stream, START + 5250 * MS);
  g_assert_cmphex (out.last_report, ==, 0xb7052000);
  g_assert_cmphex (out.delay, ==, 0x00054000);
}

static void
test_asking (Stream *stream, gconstpointer data)
{
  g_autofree char *two = NULL;

  take_plain (stream, 65534);
  take_plain (stream, 3); /* 65535, 0, 1, 2 */
  two = ask (stream, START, 2);
  g_assert_cmpstr (two, ==, "65535 0");
  assert_asked (stream, START + 10 * MS, "1 2");
  assert_asked (stream, START + 49 * MS, "");
  assert_asked (stream, START + 50 * MS, "65535 0");
  g_assert_cmpint (take (stream, 65535, 0, START + 55 * MS, TRUE), >, 0);
  g_assert_cmpint (take (stream, 1, 0, START + 55 * MS, TRUE), >, 0);
  assert_asked (stream, START + 60 * MS, "2");
  assert_asked (stream, START + 110 * MS, "0 2");
  assert_asked (stream, START + 999 * MS, "0 2");
  g_assert_cmpuint (stream->receiver.given_up, ==, 0);
  assert_asked (stream, START + 1001 * MS, "");
  g_assert_cmpuint (stream->receiver.given_up, ==, 2);
  g_assert_cmpuint (stream->receiver.n_missing, ==, 0);
  /* It may come after all. */
  g_assert_cmpint (take (stream, 0, 0, START + 1100 * MS, TRUE), >, 0);
  g_assert_cmpint (report (stream, START).lost, ==, 4);
}

/* The first request is repeated, in case that it was lost; then there is time for an answer. */
static void
test_asking_twice (Stream *stream, gconstpointer data)
{
  stream->soon = 10 * MS;
  take_plain (stream, 1);
  take_plain (stream, 3);
  assert_asked (stream, START, "2");
  assert_asked (stream, START + 9 * MS, "");
  assert_asked (stream, START + 10 * MS, "2");
  assert_asked (stream, START + 59 * MS, "");
  assert_asked (stream, START + 60 * MS, "2");
  assert_asked (stream, START + 70 * MS, "");
  assert_asked (stream, START + 110 * MS, "2");
}

/* Of a gap that is longer than what is asked for at once, its end. */
static void
test_long_gap (Stream *stream, gconstpointer data)
{
  guint16 numbers[2 * HUB_RTP_MAX_MISSING];

  take_plain (stream, 100);
  take_plain (stream, 102);
  take_plain (stream, 103 + 1000);
  g_assert_cmpuint (stream->receiver.given_up, ==, 1); /* 101 */
  g_assert_cmpuint (
      hub_rtp_receiver_ask (&stream->receiver, START, 0, AGAIN, numbers, G_N_ELEMENTS (numbers)),
      ==, HUB_RTP_MAX_MISSING);
  for (guint i = 0; i < HUB_RTP_MAX_MISSING; i++)
    g_assert_cmpuint (numbers[i], ==, 103 + 1000 - HUB_RTP_MAX_MISSING + i);
  g_assert_cmpint (report (stream, START).lost, ==, 1001);
}

/* After a long silence the numbers went round: what seems old is new. A repair never is. */
static void
test_silence (Stream *stream, gconstpointer data)
{
  gint64 before = 0, index;

  for (guint16 i = 0; i < 10; i++)
    before = take (stream, (guint16) (500 + i), 0, START, FALSE);
  g_assert_true (take (stream, 505, 0, START + 3000 * MS, FALSE) == 0);
  g_assert_true (take (stream, 505, 0, START + 9000 * MS, TRUE) == 0);
  index = take (stream, 505, 0, START + 9000 * MS, FALSE);
  g_assert_cmpint (index, >, before + 65535);
  g_assert_cmpint (take (stream, 506, 0, START + 9000 * MS, FALSE), ==, index + 1);
  /* Who only paused goes on. */
  g_assert_cmpint (take (stream, 507, 0, START + 99000 * MS, FALSE), ==, index + 2);
}

/* RFC 3550, A.1: one that is far away is left out; two that follow each other begin anew. */
static void
test_break (Stream *stream, gconstpointer data)
{
  gint64 index = 0, before = 0;

  for (guint16 i = 0; i < 10; i++)
    before = take_plain (stream, (guint16) (40000 + i));
  take_plain (stream, 40011);
  g_assert_cmpint (take_plain (stream, 20000), ==, 0);
  g_assert_cmpint (take_plain (stream, 20002), ==, 0);
  g_assert_cmpint (take_plain (stream, 40010), ==, before + 1);
  g_assert_cmpint (report (stream, START).lost, ==, 0);

  g_assert_cmpint (take (stream, 20003, 0, START, TRUE), ==, 0); /* a repair begins nothing */
  g_assert_cmpint (take_plain (stream, 20009), ==, 0);
  g_assert_cmpint (take_plain (stream, 20010), >, 0);
  index = take_plain (stream, 20011);
  g_assert_cmpint (index, >, before);
  g_assert_cmpint (index & 0xffff, ==, 20011);
  g_assert_cmpuint (stream->receiver.received, ==, 2);
  g_assert_cmpint (report (stream, START).lost, ==, 0);
  assert_asked (stream, START, "");
}

/* As far as is believed in either direction: RFC 3550, A.1 with 3000 and 1000. */
static void
test_break_bounds (Stream *stream, gconstpointer data)
{
  g_assert_cmpint (take_plain (stream, 10000), >, 0);
  g_assert_cmpint (take_plain (stream, 9000), >, 0);
  g_assert_cmpint (take_plain (stream, 8999), ==, 0);
  g_assert_cmpint (take_plain (stream, 13001), ==, 0);
  g_assert_cmpint (take_plain (stream, 13000), >, 0);
}

/* Before anything was left out, no number makes a break: not 0, either. Nor does one after it. */
static void
test_break_zero (Stream *stream, gconstpointer data)
{
  g_assert_cmpint (take_plain (stream, 30000), >, 0);
  g_assert_cmpint (take_plain (stream, 0), ==, 0);
  g_assert_cmpint (take_plain (stream, 30001), >, 0);
  g_assert_cmpuint (stream->receiver.received, ==, 2);
}

/* A break that was is over: its number does not make another one. */
static void
test_break_once (Stream *stream, gconstpointer data)
{
  g_assert_cmpint (take_plain (stream, 30000), >, 0);
  g_assert_cmpint (take_plain (stream, 99), ==, 0);
  g_assert_cmpint (take_plain (stream, 100), >, 0);
  for (guint16 i = 101; i < 5000; i++)
    g_assert_cmpint (take_plain (stream, i), >, 0);
  g_assert_cmpint (take_plain (stream, 100), ==, 0);
  g_assert_cmpint (take_plain (stream, 5000), >, 0);
  g_assert_cmpuint (stream->receiver.received, ==, 4901);
}

static void
test_history (void)
{
  g_autoptr (HubRtpHistory) history = hub_rtp_history_new (8);
  const HubRtpExtensions extensions = { .length = { 1 }, .value = { { 'm' } } };
  guint8 payload[HUB_RTP_MAX_PACKET];
  HubRtp packet = { .timestamp = 77, .marker = TRUE, .payload = payload };
  const HubRtpPacket *kept;

  for (gint64 index = -9; index < 9; index++)
    g_assert_null (hub_rtp_history_find (history, index));
  for (gint64 index = 101; index < 117; index++)
    {
      memset (payload, (int) index, sizeof payload);
      packet.payload_length = index == 116 ? sizeof payload : (gsize) index;
      g_assert_nonnull (hub_rtp_history_keep (history, index, index * 10, &packet, &extensions));
    }
  g_assert_null (hub_rtp_history_find (history, 108));
  g_assert_null (hub_rtp_history_find (history, 117));
  for (gint64 index = 109; index < 117; index++)
    {
      memset (payload, (int) index, sizeof payload);
      kept = hub_rtp_history_find (history, index);
      g_assert_nonnull (kept);
      g_assert_cmpint (kept->index, ==, index);
      g_assert_cmpint (kept->arrival, ==, index * 10);
      g_assert_cmpuint (kept->timestamp, ==, 77);
      g_assert_true (kept->marker);
      g_assert_cmpmem (kept->payload, kept->length, payload,
                       index == 116 ? sizeof payload : (gsize) index);
      g_assert_cmpmem (kept->extensions.value[0], kept->extensions.length[0], "m", 1);
    }
  /* An old one does not take a newer one's place. */
  g_assert_null (hub_rtp_history_keep (history, 108, 5, &packet, &extensions));
  g_assert_nonnull (hub_rtp_history_find (history, 116));
}

/* A place that is fed from a track that begins anew does so, too: its own numbers have no gap. */
static void
test_places (void)
{
  static const HubRtpExtensions none = { { 0 } };
  static const guint8 key[] = { 0x10, 0x00, 0x9d, 0x01, 0x2a };
  static const guint16 jumps[] = { 33000, 40000, 50000, 64700, 65530 };
  const HubSdpSection section = { .mid = "1", .kind = HUB_MEDIA_VIDEO, .payload_types = { 0, 96 } };

  for (guint i = 0; i < G_N_ELEMENTS (jumps); i++)
    {
      g_autoptr (HubRtcTrack) track = hub_rtc_track_new (1, HUB_CODEC_VP8);
      g_autofree HubRtcSlot *slot = hub_rtc_slot_new (&section, 7, 8, 9);
      HubRtp packet = { .sequence = 100, .payload = key, .payload_length = sizeof key };

      hub_rtc_slot_feed (slot, track);
      g_assert_nonnull (hub_rtc_track_take (track, &packet, &none, START, FALSE));
      slot->waiting = FALSE;
      packet.sequence++;
      g_assert_nonnull (hub_rtc_track_take (track, &packet, &none, START, FALSE));
      g_assert_false (slot->waiting);
      for (guint j = 0; j < 2; j++)
        {
          packet.sequence = (guint16) (101 + jumps[i] + j);
          hub_rtc_track_take (track, &packet, &none, START + 400 * G_USEC_PER_SEC, FALSE);
        }
      g_assert_true (slot->waiting);
      g_assert_nonnull (hub_rtc_track_find (track, track->receiver.newest));
      hub_rtc_slot_feed (slot, NULL);
    }
}

/* Takes a packet of VP8, which begins a whole picture or does not, and says when it was taken or
 * does not; returns what it says then, or 0. */
static guint64
capture_of (HubRtcTrack *track, guint16 sequence, guint32 timestamp, gint64 arrival, gboolean key,
            guint64 capture)
{
  static const guint8 payloads[2][5] = { { 0x10, 0x01 }, { 0x10, 0x00, 0x9d, 0x01, 0x2a } };
  const HubRtp packet = { .sequence = sequence,
                          .timestamp = timestamp,
                          .payload = payloads[key],
                          .payload_length = sizeof payloads[key] };
  HubRtpExtensions extensions = { { 0 } };
  const HubRtpPacket *kept;
  guint64 said;

  if (capture != 0)
    {
      extensions.length[HUB_RTP_CAPTURE_TIME] = 16;
      said = GUINT64_TO_BE (capture);
      memcpy (extensions.value[HUB_RTP_CAPTURE_TIME], &said, sizeof said);
      extensions.value[HUB_RTP_CAPTURE_TIME][15] = 7;
    }
  kept = hub_rtc_track_take (track, &packet, &extensions, arrival, FALSE);
  g_assert_nonnull (kept);
  if (kept->extensions.length[HUB_RTP_CAPTURE_TIME] == 0)
    return 0;
  g_assert_cmpuint (kept->extensions.length[HUB_RTP_CAPTURE_TIME], ==, 16);
  g_assert_cmpuint (kept->extensions.value[HUB_RTP_CAPTURE_TIME][15], ==, 7);
  memcpy (&said, kept->extensions.value[HUB_RTP_CAPTURE_TIME], sizeof said);
  return GUINT64_FROM_BE (said);
}

/* A whole picture says when it was taken, where its sender has said it of another one. */
static void
test_dated (void)
{
  const guint64 second = G_GUINT64_CONSTANT (1) << 32, taken = 4005000000 * second + 5;
  const guint32 first = G_MAXUINT32 - 45000;
  const gint64 half = G_USEC_PER_SEC / 2;
  g_autoptr (HubRtcTrack) track = hub_rtc_track_new (1, HUB_CODEC_VP8);

  g_assert_cmpuint (capture_of (track, 1, first - 90000, START, TRUE, 0), ==, 0);
  g_assert_cmpuint (capture_of (track, 2, first, START, FALSE, taken), ==, taken);
  g_assert_cmpuint (capture_of (track, 3, first + 45000, START + half, FALSE, 0), ==, 0);
  /* RTP's clock begins anew in between. */
  g_assert_cmpuint (capture_of (track, 4, first + 90000, START + 2 * half, TRUE, 0), ==,
                    taken + second);
  g_assert_cmpuint (capture_of (track, 5, first + 3 * 45000, START + 3 * half, TRUE, taken + 9), ==,
                    taken + 9);
  /* An older one that comes late is not the newest. */
  g_assert_cmpuint (capture_of (track, 6, first + 90000, START + 3 * half, FALSE, taken), ==,
                    taken);
  g_assert_cmpuint (capture_of (track, 7, first + 4 * 45000, START + 4 * half, TRUE, 0), ==,
                    taken + 9 + second / 2);
  /* It is known no longer, or of another stretch of time. */
  g_assert_cmpuint (capture_of (track, 8, first + 4 * 45000, START + 14 * half, TRUE, 0), ==, 0);
  g_assert_cmpuint (capture_of (track, 9, first + 90000 * 20, START + 5 * half, TRUE, 0), ==, 0);
}

/* A timestamp that was far ahead, or long ago, does not stand in the way of those that come. */
static void
test_dated_again (void)
{
  const guint64 second = G_GUINT64_CONSTANT (1) << 32, taken = 4005000000 * second + 5;
  const guint32 first = 90000, ahead = 0x7fff0000;
  g_autoptr (HubRtcTrack) track = hub_rtc_track_new (1, HUB_CODEC_VP8);

  capture_of (track, 1, first + ahead, START, FALSE, taken + 9);
  /* It may be late. */
  capture_of (track, 2, first, START + G_USEC_PER_SEC, FALSE, taken);
  g_assert_cmpuint (capture_of (track, 3, first, START + G_USEC_PER_SEC, TRUE, 0), ==, 0);
  capture_of (track, 4, first, START + 6 * G_USEC_PER_SEC, FALSE, taken);
  g_assert_cmpuint (capture_of (track, 5, first + 90000, START + 7 * G_USEC_PER_SEC, TRUE, 0), ==,
                    taken + second);
}

static gint64
resident_kib (void)
{
  g_autofree char *text = NULL;
  const char *at;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  at = strstr (text, "VmRSS:");
  g_assert_nonnull (at);
  return g_ascii_strtoll (at + strlen ("VmRSS:"), NULL, 10);
}

/* Another hospital tells of streams of which nothing comes, others each time. */
static void
test_untouched (void)
{
  HubRtpHistory *all[200];
  gint64 before = 0;

  for (guint round = 0; round < 3; round++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (all); i++)
        all[i] = hub_rtp_history_new (512);
      if (round == 0)
        before = resident_kib ();
      g_assert_cmpint (resident_kib () - before, <, 16 * 1024);
      for (guint i = 0; i < G_N_ELEMENTS (all); i++)
        hub_rtp_history_free (all[i]);
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Stream *, gconstpointer);
  } tests[] = { { "/rtc/receiver/nothing", test_nothing },
                { "/rtc/receiver/order", test_order },
                { "/rtc/receiver/loss", test_loss },
                { "/rtc/receiver/duplicates", test_duplicates },
                { "/rtc/receiver/wrap", test_wrap },
                { "/rtc/receiver/reordering", test_reordering },
                { "/rtc/receiver/jitter", test_jitter },
                { "/rtc/receiver/jitter-after-repair", test_jitter_after_repair },
                { "/rtc/receiver/jitter-far", test_jitter_far },
                { "/rtc/receiver/sender-report", test_sender_report },
                { "/rtc/receiver/asking", test_asking },
                { "/rtc/receiver/asking-twice", test_asking_twice },
                { "/rtc/receiver/long-gap", test_long_gap },
                { "/rtc/receiver/silence", test_silence },
                { "/rtc/receiver/break", test_break },
                { "/rtc/receiver/break-bounds", test_break_bounds },
                { "/rtc/receiver/break-zero", test_break_zero },
                { "/rtc/receiver/break-once", test_break_once } };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Stream, NULL, stream_up, tests[i].function, stream_down);
  g_test_add_func ("/rtc/history/keep", test_history);
  g_test_add_func ("/rtc/history/untouched", test_untouched);
  g_test_add_func ("/rtc/track/begins-anew", test_places);
  g_test_add_func ("/rtc/track/dated", test_dated);
  g_test_add_func ("/rtc/track/dated-again", test_dated_again);
  return g_test_run ();
}
