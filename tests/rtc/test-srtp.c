/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SRTP between two ends. */
#include "hub-bytes.h"
#include "hub-srtp.h"

#define PAYLOAD 100u
#define SSRC 0x12345678u
#define ROOM 256u

/* Two ends of one connection. */
typedef struct
{
  HubSrtp *ends[2];
} Pair;

/* A packet, aligned as libsrtp wants it. */
typedef union
{
  guint32 words[ROOM / 4];
  guint8 bytes[ROOM];
} Packet;

static void
pair_up (Pair *pair, gconstpointer data)
{
  guint8 keys[2][HUB_SRTP_MAX_KEY];

  memset (keys[0], 0x5a, sizeof keys[0]);
  memset (keys[1], 0xc3, sizeof keys[1]);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      pair->ends[i] = hub_srtp_new ((HubSrtpProfile) GPOINTER_TO_UINT (data), keys[i], keys[1 - i],
                                    &error);
      g_assert_no_error (error);
    }
}

static void
pair_down (Pair *pair, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    hub_srtp_free (pair->ends[i]);
}

static gsize
make_rtp (Packet *packet, guint32 ssrc, guint16 sequence)
{
  memset (packet->bytes, 0x77, sizeof packet->bytes);
  hub_put16 (packet->bytes, 0x8060);
  hub_put16 (packet->bytes + 2, sequence);
  hub_put32 (packet->bytes + 4, sequence * 160u);
  hub_put32 (packet->bytes + 8, ssrc);
  return 12 + PAYLOAD;
}

static gsize
make_rtcp (Packet *packet)
{
  memset (packet->bytes, 0, sizeof packet->bytes);
  hub_put32 (packet->bytes, 0x80c90001);
  hub_put32 (packet->bytes + 4, SSRC);
  return 8;
}

static gsize
tag_bytes (gconstpointer profile)
{
  return GPOINTER_TO_UINT (profile) == HUB_SRTP_AES_128_CM_SHA1_80 ? 10 : 16;
}

static void
test_rtp (Pair *pair, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    for (guint16 sequence = 65500; sequence != 40; sequence++) /* over the wrap */
      {
        Packet packet, plain;
        gsize length = make_rtp (&packet, SSRC + i, sequence);

        make_rtp (&plain, SSRC + i, sequence);
        g_assert_true (hub_srtp_protect (pair->ends[i], packet.bytes, &length));
        g_assert_cmpuint (length, ==, 12 + PAYLOAD + tag_bytes (data));
        g_assert_cmpmem (packet.bytes, 12, plain.bytes, 12);
        g_assert_cmpint (memcmp (packet.bytes + 12, plain.bytes + 12, 16), !=, 0);
        g_assert_cmphex (packet.bytes[length], ==, 0x77);
        g_assert_true (hub_srtp_unprotect (pair->ends[1 - i], packet.bytes, &length));
        g_assert_cmpmem (packet.bytes, length, plain.bytes, 12 + PAYLOAD);
      }
}

static void
test_rtcp (Pair *pair, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    for (guint n = 0; n < 20; n++)
      {
        Packet packet, plain, copy;
        gsize length = make_rtcp (&packet), again;

        make_rtcp (&plain);
        g_assert_true (hub_srtp_protect_rtcp (pair->ends[i], packet.bytes, &length));
        g_assert_cmpuint (length, ==, 8 + 4 + tag_bytes (data));
        g_assert_cmpuint (length, <=, 8 + HUB_SRTP_MAX_TRAILER);
        copy = packet;
        again = length;
        g_assert_true (hub_srtp_unprotect_rtcp (pair->ends[1 - i], packet.bytes, &length));
        g_assert_cmpmem (packet.bytes, length, plain.bytes, 8);
        g_assert_false (hub_srtp_unprotect_rtcp (pair->ends[1 - i], copy.bytes, &again));
      }
}

static void
test_replay (Pair *pair, gconstpointer data)
{
  Packet kept[3000];
  gsize length = 0;

  for (guint16 i = 0; i < 3000; i++)
    {
      length = make_rtp (&kept[i], SSRC, i);
      g_assert_true (hub_srtp_protect (pair->ends[0], kept[i].bytes, &length));
    }
  /* Every other one; then all: only those that did not come before, and are not too old. */
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < 3000; i += 2 - pass)
      {
        Packet packet = kept[i];
        gsize size = length;
        gboolean fresh = pass == 0 || (i % 2 == 1 && i > 2998 - 2048);

        g_assert_cmpint (hub_srtp_unprotect (pair->ends[1], packet.bytes, &size), ==, fresh);
      }
}

/* Whatever byte is another one, it does not open. */
static void
test_forged (Pair *pair, gconstpointer data)
{
  Packet rtp, rtcp, packet;
  gsize rtp_length = make_rtp (&rtp, SSRC, 5), rtcp_length = make_rtcp (&rtcp), length;

  g_assert_true (hub_srtp_protect (pair->ends[0], rtp.bytes, &rtp_length));
  g_assert_true (hub_srtp_protect_rtcp (pair->ends[0], rtcp.bytes, &rtcp_length));
  for (gsize i = 0; i < rtp_length; i++)
    {
      packet = rtp;
      packet.bytes[i] ^= 0x04;
      length = rtp_length;
      g_assert_false (hub_srtp_unprotect (pair->ends[1], packet.bytes, &length));
    }
  for (gsize i = 0; i < rtcp_length; i++)
    {
      packet = rtcp;
      packet.bytes[i] ^= 0x04;
      length = rtcp_length;
      g_assert_false (hub_srtp_unprotect_rtcp (pair->ends[1], packet.bytes, &length));
    }
  /* The other direction has other keys. */
  packet = rtp;
  length = rtp_length;
  g_assert_false (hub_srtp_unprotect (pair->ends[0], packet.bytes, &length));
  packet = rtcp;
  length = rtcp_length;
  g_assert_false (hub_srtp_unprotect_rtcp (pair->ends[0], packet.bytes, &length));
  /* And after all that the true ones open. */
  g_assert_true (hub_srtp_unprotect (pair->ends[1], rtp.bytes, &rtp_length));
  g_assert_true (hub_srtp_unprotect_rtcp (pair->ends[1], rtcp.bytes, &rtcp_length));
}

/* Cut at each length, from memory that ends there. */
static void
test_truncated (Pair *pair, gconstpointer data)
{
  Packet rtp, rtcp;
  gsize rtp_length = make_rtp (&rtp, SSRC, 5), rtcp_length = make_rtcp (&rtcp);

  g_assert_true (hub_srtp_protect (pair->ends[0], rtp.bytes, &rtp_length));
  g_assert_true (hub_srtp_protect_rtcp (pair->ends[0], rtcp.bytes, &rtcp_length));
  for (gsize i = 0; i < rtp_length; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (rtp.bytes, MAX (i, 1));
      gsize length = i;

      g_assert_false (hub_srtp_unprotect (pair->ends[1], copy, &length));
    }
  for (gsize i = 0; i < rtcp_length; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (rtcp.bytes, MAX (i, 1));
      gsize length = i;

      g_assert_false (hub_srtp_unprotect_rtcp (pair->ends[1], copy, &length));
    }
}

/* What is forgotten begins anew: its numbers may come again, those of others may not. */
static void
test_forget (Pair *pair, gconstpointer data)
{
  Packet kept[2], packet;
  gsize kept_length = 0, length;

  for (guint32 i = 0; i < 2; i++)
    {
      kept_length = make_rtp (&kept[i], SSRC + i, 9);
      g_assert_true (hub_srtp_protect (pair->ends[0], kept[i].bytes, &kept_length));
      packet = kept[i];
      length = kept_length;
      g_assert_true (hub_srtp_unprotect (pair->ends[1], packet.bytes, &length));
    }
  hub_srtp_forget (pair->ends[1], SSRC);
  hub_srtp_forget (pair->ends[1], 0xdeadbeef); /* was never there */
  for (guint32 i = 0; i < 2; i++)
    {
      packet = kept[i];
      length = kept_length;
      g_assert_cmpint (hub_srtp_unprotect (pair->ends[1], packet.bytes, &length), ==, i == 0);
    }
  hub_srtp_forget (pair->ends[0], SSRC);
  length = make_rtp (&packet, SSRC, 9);
  g_assert_true (hub_srtp_protect (pair->ends[0], packet.bytes, &length));
  g_assert_cmpmem (packet.bytes, length, kept[0].bytes, kept_length);
}

/* RFC 5764, 4.1.2, and RFC 7714, 14.2. */
static void
test_lengths (void)
{
  g_assert_cmpuint (hub_srtp_key_bytes (1), ==, 16);
  g_assert_cmpuint (hub_srtp_salt_bytes (1), ==, 14);
  g_assert_cmpuint (hub_srtp_key_bytes (7), ==, 16);
  g_assert_cmpuint (hub_srtp_salt_bytes (7), ==, 12);
  g_assert_cmpuint (hub_srtp_key_bytes (8), ==, 32);
  g_assert_cmpuint (hub_srtp_salt_bytes (8), ==, 12);
  g_assert_cmpuint (hub_srtp_key_bytes (2), ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*function) (Pair *, gconstpointer);
  } tests[] = {
    { "rtp", test_rtp },       { "rtcp", test_rtcp },           { "replay", test_replay },
    { "forged", test_forged }, { "truncated", test_truncated }, { "forget", test_forget }
  };
  static const guint profiles[] = { HUB_SRTP_AES_128_CM_SHA1_80, HUB_SRTP_AEAD_AES_128_GCM,
                                    HUB_SRTP_AEAD_AES_256_GCM };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    for (guint j = 0; j < G_N_ELEMENTS (profiles); j++)
      {
        g_autofree char *path = g_strdup_printf ("/rtc/srtp/%s/%u", tests[i].name, profiles[j]);

        g_test_add (path, Pair, GUINT_TO_POINTER (profiles[j]), pair_up, tests[i].function,
                    pair_down);
      }
  g_test_add_func ("/rtc/srtp/lengths", test_lengths);
  return g_test_run ();
}
