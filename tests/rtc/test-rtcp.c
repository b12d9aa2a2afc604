/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RTCP packets, good and bad. */
#include "hub-rtcp.h"

#include <gst/gst.h>

#define OWN 0x0a0b0c0du

/* Everything that is read, as text, in order. */
typedef struct
{
  HubRtcp *rtcp;
  GString *read;
} Reader;

static void
on_sender (const HubRtcpSender *sender, gpointer data)
{
  g_string_append_printf (data, "SR %x %" G_GINT64_MODIFIER "x %x %u %u;", sender->ssrc,
                          sender->ntp, sender->rtp_time, sender->packets, sender->bytes);
}

static void
on_report (guint32 ssrc, const HubRtpReport *report, gpointer data)
{
  g_string_append_printf (data, "RB %x %u %d %x %u %x %u;", ssrc, report->fraction_lost,
                          report->lost, report->highest, report->jitter, report->last_report,
                          report->delay);
}

static void
on_missing (guint32 ssrc, guint16 sequence, gpointer data)
{
  g_string_append_printf (data, "NACK %x %u;", ssrc, sequence);
}

static void
on_picture (guint32 ssrc, gpointer data)
{
  g_string_append_printf (data, "PICTURE %x;", ssrc);
}

static void
on_feedback (const guint8 *information, gsize length, gpointer data)
{
  g_string_append (data, "TWCC ");
  for (gsize i = 0; i < length; i++)
    g_string_append_printf (data, "%02x", information[i]);
  g_string_append_c (data, ';');
}

static void
on_bye (guint32 ssrc, gpointer data)
{
  g_string_append_printf (data, "BYE %x;", ssrc);
}

static const HubRtcpHandlers handlers = {
  on_sender, on_report, on_missing, on_picture, on_feedback, on_bye,
};

static void
reader_up (Reader *reader, gconstpointer data)
{
  reader->rtcp = hub_rtcp_new ();
  reader->read = g_string_new (NULL);
}

static void
reader_down (Reader *reader, gconstpointer data)
{
  hub_rtcp_free (reader->rtcp);
  g_string_free (reader->read, TRUE);
}

/* Reads it from the end of its memory; what is behind it is nobody's. */
static gboolean
read_bytes (Reader *reader, const guint8 *bytes, gsize length)
{
  g_autofree guint8 *copy = g_malloc (MAX (length, 1));

  memcpy (copy, bytes, length);
  g_string_truncate (reader->read, 0);
  return hub_rtcp_read (reader->rtcp, copy, length, &handlers, reader->read);
}

static guint8 *
end (Reader *reader, gsize *length)
{
  const guint8 *bytes = hub_rtcp_end (reader->rtcp, length);

  g_assert_cmpuint (*length, <=, HUB_RTCP_MAX_PACKET);
  g_assert_cmpuint (*length % 4, ==, 0);
  return g_memdup2 (bytes, *length);
}

#define assert_read(reader, bytes, length, expected)                                               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_true (read_bytes (reader, bytes, length));                                            \
    g_assert_cmpstr ((reader)->read->str, ==, expected);                                           \
  }                                                                                                \
  G_STMT_END

/* Written by hand: RFC 3550, 6.4; RFC 4585, 6.2.1 and 6.3.1; the draft, 3.1. */
static const guint8 compound[] = {
  0x80, 200,  0x00, 0x06, 0x00, 0x00, 0x00, 0x11,             /* SR of 11 */
  0xe5, 0x00, 0x01, 0x02, 0x80, 0x00, 0x00, 0x00,             /* NTP */
  0x00, 0x01, 0x5f, 0x90, 0x00, 0x00, 0x00, 0x07,             /* RTP time, packets */
  0x00, 0x00, 0x04, 0x00,                                     /* bytes */
  0x82, 201,  0x00, 0x0d, 0x0a, 0x0b, 0x0c, 0x0d,             /* RR, two blocks */
  0x00, 0x00, 0x00, 0x21, 0x40, 0x00, 0x00, 0x19, 0x00, 0x01, /* 33: 64 of 256, 25 */
  0xff, 0xfe, 0x00, 0x00, 0x00, 0x09, 0xb7, 0x05, 0x20, 0x00, /* */
  0x00, 0x05, 0x40, 0x00,                                     /* */
  0x00, 0x00, 0x00, 0x22, 0x00, 0xff, 0xff, 0xff, 0x00, 0x00, /* 34: one came twice */
  0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* */
  0x00, 0x00, 0x00, 0x00,                                     /* */
  0x81, 205,  0x00, 0x04, 0x0a, 0x0b, 0x0c, 0x0d,             /* NACK */
  0x00, 0x00, 0x00, 0x21, 0xff, 0xff, 0x80, 0x01,             /* 65535, 0 and 15 */
  0x00, 0x20, 0x00, 0x00,                                     /* 32 */
  0x81, 206,  0x00, 0x02, 0x0a, 0x0b, 0x0c, 0x0d,             /* PLI */
  0x00, 0x00, 0x00, 0x21,                                     /* */
  0x8f, 205,  0x00, 0x04, 0x0a, 0x0b, 0x0c, 0x0d,             /* TWCC */
  0x00, 0x00, 0x00, 0x21, 0x00, 0x0a, 0x00, 0x01,             /* */
  0x00, 0x00, 0x05, 0x00,                                     /* the rest is not looked at here */
};
#define COMPOUND_TEXT                                                                              \
  "SR 11 e500010280000000 15f90 7 1024;RB 21 64 25 1fffe 9 b7052000 344064;"                       \
  "RB 22 0 -1 5 0 0 0;NACK 21 65535;NACK 21 0;NACK 21 15;NACK 21 32;PICTURE 21;"                   \
  "TWCC 000a000100000500;"

/* Where its parts end. */
static const gsize ends[] = { 28, 84, 104, 116, 136 };

static void
test_read (Reader *reader, gconstpointer data)
{
  static const HubRtcpHandlers none = { NULL };

  G_STATIC_ASSERT (sizeof compound == 136);
  assert_read (reader, compound, sizeof compound, COMPOUND_TEXT);
  /* Nobody wants to know. */
  g_assert_true (hub_rtcp_read (reader->rtcp, compound, sizeof compound, &none, NULL));
}

static void
test_write (Reader *reader, gconstpointer data)
{
  static const guint8 information[] = { 0, 10, 0, 1, 0, 0, 5, 0 };
  const HubRtcpSender sender = { 0x11, G_GUINT64_CONSTANT (0xe500010280000000), 90000, 7, 1024 };
  const HubRtpReport first = { 64, 25, 0x1fffe, 9, 0xb7052000, 344064 }, second = { 0, -1, 5 };
  const guint16 missing[] = { 65535, 0, 15, 32 };
  g_autofree guint8 *bytes = NULL;
  gsize length;

  /* Twice: nothing of the first is left in the second. */
  for (guint i = 0; i < 2; i++)
    {
      hub_rtcp_begin (reader->rtcp);
      g_assert_true (hub_rtcp_add_sender (reader->rtcp, &sender));
      g_assert_true (hub_rtcp_add_report (reader->rtcp, OWN, 0x21, &first));
      g_assert_true (hub_rtcp_add_report (reader->rtcp, OWN, 0x22, &second));
      g_assert_true (hub_rtcp_add_missing (reader->rtcp, OWN, 0x21, missing, 4));
      g_assert_true (hub_rtcp_add_picture (reader->rtcp, OWN, 0x21));
      g_assert_true (
          hub_rtcp_add_feedback (reader->rtcp, OWN, 0x21, information, sizeof information));
      g_free (bytes);
      bytes = end (reader, &length);
      g_assert_cmpmem (bytes, length, compound, sizeof compound);
    }
  hub_rtcp_begin (reader->rtcp);
  hub_rtcp_end (reader->rtcp, &length);
  g_assert_cmpuint (length, ==, 0);
  assert_read (reader, bytes, sizeof compound, COMPOUND_TEXT);
}

/* 31 blocks fit into a report: RFC 3550, 6.4.1. */
static void
test_many_blocks (Reader *reader, gconstpointer data)
{
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autofree guint8 *bytes = NULL;
  gsize length;

  hub_rtcp_begin (reader->rtcp);
  for (guint i = 0; i < 40; i++)
    {
      const HubRtpReport report = {
        (guint8) i, (gint32) (i * 1000) - 20000, i * 70000, i * 3, i, i
      };

      g_assert_true (hub_rtcp_add_report (reader->rtcp, OWN, 100 + i, &report));
      g_string_append_printf (expected, "RB %x %u %d %x %u %x %u;", 100 + i, i,
                              (gint) (i * 1000) - 20000, i * 70000, i * 3, i, i);
    }
  bytes = end (reader, &length);
  g_assert_cmpuint (length, ==, 2 * 8 + 40 * 24);
  g_assert_cmphex (bytes[0], ==, 0x80 | 31);
  g_assert_cmphex (bytes[8 + 31 * 24], ==, 0x80 | 9);
  g_assert_cmphex (hub_get32 (bytes + 8 + 31 * 24 + 4), ==, OWN);
  assert_read (reader, bytes, length, expected->str);
}

/* What another part stands behind is closed: a block after it begins a report of its own. */
static void
test_blocks_apart (Reader *reader, gconstpointer data)
{
  const HubRtpReport report = { 0 };
  g_autofree guint8 *bytes = NULL;
  gsize length;

  hub_rtcp_begin (reader->rtcp);
  g_assert_true (hub_rtcp_add_report (reader->rtcp, OWN, 1, &report));
  g_assert_true (hub_rtcp_add_picture (reader->rtcp, OWN, 7));
  g_assert_true (hub_rtcp_add_report (reader->rtcp, OWN, 2, &report));
  bytes = end (reader, &length);
  g_assert_cmpuint (length, ==, 32 + 12 + 32);
  assert_read (reader, bytes, length, "RB 1 0 0 0 0 0 0;PICTURE 7;RB 2 0 0 0 0 0 0;");
}

/* Whatever it is filled with, what was accepted is in there, whole. */
static void
test_full (Reader *reader, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  for (guint n = 0; n < 300; n++)
    {
      g_autoptr (GString) expected = g_string_new (NULL);
      g_autofree guint8 *bytes = NULL;
      guint refused = 0;
      gsize length;

      hub_rtcp_begin (reader->rtcp);
      while (refused < 60)
        {
          const HubRtpReport report = { 1, 2, 3, 4, 5, 6 };
          const HubRtcpSender sender = { 1, 2, 3, 4, 5 };
          const guint16 missing[] = { 5, 100, 200, 300, 400 };
          guint8 information[200] = { 0 };
          guint words = 2 + g_rand_int (rand) % 48;
          gboolean added;

          switch (g_rand_int (rand) % (n % 2 == 0 ? 5 : 2))
            {
            case 0:
              if ((added = hub_rtcp_add_report (reader->rtcp, OWN, 9, &report)))
                g_string_append (expected, "RB 9 1 2 3 4 5 6;");
              break;
            case 1:
              if ((added = hub_rtcp_add_picture (reader->rtcp, OWN, 9)))
                g_string_append (expected, "PICTURE 9;");
              break;
            case 2:
              if ((added = hub_rtcp_add_sender (reader->rtcp, &sender)))
                g_string_append (expected, "SR 1 2 3 4 5;");
              break;
            case 3:
              if ((added = hub_rtcp_add_missing (reader->rtcp, OWN, 9, missing, 5)))
                g_string_append (expected, "NACK 9 5;NACK 9 100;NACK 9 200;NACK 9 300;NACK 9 400;");
              break;
            default:
              if ((added = hub_rtcp_add_feedback (reader->rtcp, OWN, 9, information, 4 * words)))
                on_feedback (information, 4 * words, expected);
            }
          refused += !added;
        }
      bytes = end (reader, &length);
      g_assert_cmpuint (length, >, HUB_RTCP_MAX_PACKET - 32);
      assert_read (reader, bytes, length, expected->str);
    }
}

/* RFC 4585, 6.2.1: a number, and a bit for each of the 16 behind it. */
static void
test_packing (Reader *reader, gconstpointer data)
{
  static const guint16 close[] = { 1, 2, 3, 17, 18, 40 }, wrap[] = { 65530, 65531, 9, 11 };
  static const guint8 packed[] = { 0, 1, 0x80, 0x03, 0, 18, 0, 0, 0, 40, 0, 0 };
  static const guint8 wrapped[] = { 0xff, 0xfa, 0x40, 0x01, 0, 11, 0, 0 };
  g_autofree guint8 *bytes = NULL;
  gsize length;

  hub_rtcp_begin (reader->rtcp);
  g_assert_true (hub_rtcp_add_missing (reader->rtcp, OWN, 5, close, G_N_ELEMENTS (close)));
  g_assert_true (hub_rtcp_add_missing (reader->rtcp, OWN, 6, wrap, G_N_ELEMENTS (wrap)));
  bytes = end (reader, &length);
  g_assert_cmpuint (length, ==, 24 + 20);
  g_assert_cmpmem (bytes + 12, 12, packed, sizeof packed);
  g_assert_cmpmem (bytes + 36, 8, wrapped, sizeof wrapped);
}

static void
test_packing_random (Reader *reader, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (6);

  for (guint n = 0; n < 2000; n++)
    {
      g_autoptr (GString) expected = g_string_new (NULL);
      g_autofree guint8 *bytes = NULL;
      guint16 missing[HUB_RTP_MAX_MISSING], number = (guint16) g_rand_int (rand);
      guint count = 1 + g_rand_int (rand) % HUB_RTP_MAX_MISSING, step = n % 40 + 1;
      gsize length;

      for (guint i = 0; i < count; i++)
        {
          number = (guint16) (number + 1 + g_rand_int (rand) % step);
          missing[i] = number;
          g_string_append_printf (expected, "NACK 3 %u;", number);
        }
      hub_rtcp_begin (reader->rtcp);
      g_assert_true (hub_rtcp_add_missing (reader->rtcp, OWN, 3, missing, count));
      bytes = end (reader, &length);
      assert_read (reader, bytes, length, expected->str);
    }
}

/* RFC 5104, 4.3.1: the streams are named inside, each with a number of its own. */
static void
test_full_intra_request (Reader *reader, gconstpointer data)
{
  static const guint8 one[] = {
    0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x77, 5, 0, 0, 0
  };
  static const guint8 two[] = { 0x84, 206,  0, 6, 0, 0, 0, 1, 0, 0,    0, 0, 0, 0,
                                0,    0x77, 5, 0, 0, 0, 0, 0, 0, 0x78, 6, 0, 0, 0 };
  static const guint8 none[] = { 0x84, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9 };
  static const guint8 half[] = { 0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0x77 };

  assert_read (reader, one, sizeof one, "PICTURE 77;");
  assert_read (reader, two, sizeof two, "PICTURE 77;PICTURE 78;");
  assert_read (reader, none, sizeof none, "");
  assert_read (reader, half, sizeof half, "");
}

static void
test_bye (Reader *reader, gconstpointer data)
{
  static const guint8 two[] = { 0x82, 203, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 3, 'b', 'y', 'e' };
  static const guint8 more[] = { 0x9f, 203, 0, 1, 0, 0, 0, 1, 0x81, 206,
                                 0,    2,   0, 0, 0, 1, 0, 0, 0,    2 };
  static const guint8 nobody[] = { 0x80, 203, 0, 0 };

  assert_read (reader, two, sizeof two, "BYE 1;BYE 2;");
  /* It says 31 and names one. */
  assert_read (reader, more, sizeof more, "BYE 1;PICTURE 2;");
  assert_read (reader, nobody, sizeof nobody, "");
}

/* What we do not know is stepped over: SDES, APP, XR, layer refresh, REMB. */
static void
test_others (Reader *reader, gconstpointer data)
{
  static const guint8 others[] = {
    0x81, 202, 0, 2, 0, 0,    0,   1, 1,   1,   'a', 0,                                      /* */
    0x80, 204, 0, 2, 0, 0,    0,   1, 'n', 'a', 'm', 'e',                                    /* */
    0x80, 207, 0, 1, 0, 0,    0,   1,                                                        /* */
    0x8f, 206, 0, 5, 0, 0,    0,   1, 0,   0,   0,   0,   'R', 'E', 'M', 'B', 1, 0x12, 0x34, /* */
    0x56, 0,   0, 0, 9, 0x8a, 206, 0, 2,   0,   0,   0,   1,   0,   0,   0,   9,             /* */
    0x83, 205, 0, 2, 0, 0,    0,   1, 0,   0,   0,   9,                                      /* */
    0x81, 206, 0, 2, 0, 0,    0,   1, 0,   0,   0,   9                                       /* */
  };

  assert_read (reader, others, sizeof others, "PICTURE 9;");
}

/* Cut anywhere, it is what is whole of it, or nothing. */
static void
test_truncated (Reader *reader, gconstpointer data)
{
  for (gsize length = 0; length <= sizeof compound; length++)
    {
      gboolean whole = FALSE;

      for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
        whole |= length == ends[i];
      g_assert_cmpint (read_bytes (reader, compound, length), ==, whole);
      if (whole)
        g_assert_true (g_str_has_prefix (COMPOUND_TEXT, reader->read->str));
      g_assert_cmpint (reader->read->len > 0, ==, whole);
    }
}

/* Headers that say more, or less, than there is. */
static void
test_malformed (Reader *reader, gconstpointer data)
{
  static const guint8 nack_short[] = { 0x81, 205, 0, 1, 0, 0, 0, 1 };
  static const guint8 pli_short[] = { 0x81, 206, 0, 1, 0, 0, 0, 1 };
  static const guint8 nack_empty[] = { 0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2 };
  static const guint8 bare[] = { 0x81, 205, 0, 0 };
  static const guint8 sender_short[] = { 0x80, 200, 0, 3, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9 };
  static const guint8 version[] = { 0x41, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2 };
  static const guint8 longer[] = { 0x81, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2 };
  static const guint8 behind[] = { 0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x81, 206 };

  read_bytes (reader, nack_short, sizeof nack_short);
  g_assert_cmpstr (reader->read->str, ==, "");
  read_bytes (reader, pli_short, sizeof pli_short);
  g_assert_cmpstr (reader->read->str, ==, "");
  read_bytes (reader, bare, sizeof bare);
  g_assert_cmpstr (reader->read->str, ==, "");
  read_bytes (reader, sender_short, sizeof sender_short);
  g_assert_cmpstr (reader->read->str, ==, "");
  assert_read (reader, nack_empty, sizeof nack_empty, "");
  g_assert_false (read_bytes (reader, version, sizeof version));
  g_assert_false (read_bytes (reader, longer, sizeof longer));
  g_assert_false (read_bytes (reader, behind, sizeof behind));
}

/* Padding is no number, and a false count of it nothing at all. */
static void
test_padding (Reader *reader, gconstpointer data)
{
  guint8 nack[] = { 0xa1, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7, 0, 0, 0, 0, 0, 4 };
  static const guint8 false_counts[] = { 12, 3, 255 };

  assert_read (reader, nack, sizeof nack, "NACK 2 7;");
  nack[19] = 8;
  assert_read (reader, nack, sizeof nack, "");
  for (guint i = 0; i < G_N_ELEMENTS (false_counts); i++)
    {
      nack[19] = false_counts[i];
      assert_read (reader, nack, sizeof nack, "");
    }
}

/* A count of blocks that are not there, alone, with another part behind it, and at the very end of
 * the longest datagram. */
static void
test_false_count (Reader *reader, gconstpointer data)
{
  guint8 bytes[HUB_RTP_MAX_PACKET + 4] = { 0 };

  memcpy (bytes, compound + 28, 56);
  bytes[0] = 0x80 | 31;
  assert_read (reader, bytes, 56, "RB 21 64 25 1fffe 9 b7052000 344064;RB 22 0 -1 5 0 0 0;");
  bytes[0] = 0x80 | 3;
  memcpy (bytes + 56, compound + 104, 12);
  memcpy (bytes + 68, compound + 104, 12);
  memcpy (bytes + 80, compound + 104, 12);
  assert_read (reader, bytes, 92,
               "RB 21 64 25 1fffe 9 b7052000 344064;RB 22 0 -1 5 0 0 0;"
               "PICTURE 21;PICTURE 21;PICTURE 21;");
  memcpy (bytes, compound, 28);
  bytes[0] = 0x80 | 1;
  assert_read (reader, bytes, 28, "SR 11 e500010280000000 15f90 7 1024;");

  /* An extension of 1,464 bytes that is nobody's, then the report. */
  memset (bytes, 0xff, sizeof bytes);
  memcpy (bytes, "\x80\xcc\x01\x73\0\0\0\1", 8);
  memcpy (bytes + 1488, "\x9f\xc9\0\1\0\0\0\1\x80\xcb\0\0\x80\xcb\0\0", 16);
  assert_read (reader, bytes, HUB_RTP_MAX_PACKET, "");
  g_assert_false (read_bytes (reader, bytes, HUB_RTP_MAX_PACKET + 4));
}

/* Half a block is none. */
static void
test_cut_block (Reader *reader, gconstpointer data)
{
  guint8 bytes[56];

  for (guint words = 1; words <= 13; words++)
    {
      memcpy (bytes, compound + 28, sizeof bytes);
      bytes[3] = (guint8) words;
      assert_read (reader, bytes, 4 + 4 * words,
                   words == 13  ? "RB 21 64 25 1fffe 9 b7052000 344064;RB 22 0 -1 5 0 0 0;"
                   : words >= 7 ? "RB 21 64 25 1fffe 9 b7052000 344064;"
                                : "");
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Reader *, gconstpointer);
  } tests[] = { { "/rtc/rtcp/read", test_read },
                { "/rtc/rtcp/write", test_write },
                { "/rtc/rtcp/padding", test_padding },
                { "/rtc/rtcp/many-blocks", test_many_blocks },
                { "/rtc/rtcp/blocks-apart", test_blocks_apart },
                { "/rtc/rtcp/full", test_full },
                { "/rtc/rtcp/packing", test_packing },
                { "/rtc/rtcp/packing-random", test_packing_random },
                { "/rtc/rtcp/full-intra-request", test_full_intra_request },
                { "/rtc/rtcp/bye", test_bye },
                { "/rtc/rtcp/others", test_others },
                { "/rtc/rtcp/truncated", test_truncated },
                { "/rtc/rtcp/malformed", test_malformed },
                { "/rtc/rtcp/false-count", test_false_count },
                { "/rtc/rtcp/cut-block", test_cut_block } };

  /* No list of plugins is needed, nor a process to make it. */
  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", "", TRUE);
  g_setenv ("GST_REGISTRY_FORK", "no", TRUE);
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Reader, NULL, reader_up, tests[i].function, reader_down);
  return g_test_run ();
}
