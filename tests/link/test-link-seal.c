/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Headers and seals of datagrams. */
#include "hub-clock.h"
#include "hub-link-seal.h"
#include "hub-link-window.h"

#include <sodium.h>

#define SESSION "019ab3c4-0000-7000-8000-000000000001"
#define OTHER_SESSION "019ab3c4-0000-7000-8000-000000000002"

typedef struct
{
  HubLinkPair *host_pair, *mirror_pair;
  HubLinkSeal *host, *mirror;
} Ends;

static HubLinkSeal *
make_seal (const HubLinkPair *own, const HubLinkPair *peer, const char *session, gboolean host,
           guint32 own_generation, guint32 peer_generation)
{
  const HubLinkTerms terms = { session, host, own_generation, peer_generation };

  return hub_link_seal_new (own, hub_link_pair_get_public (peer), &terms);
}

static void
ends_up (Ends *ends, gconstpointer data)
{
  ends->host_pair = hub_link_pair_new ();
  ends->mirror_pair = hub_link_pair_new ();
  ends->host = make_seal (ends->host_pair, ends->mirror_pair, SESSION, TRUE, 3, 5);
  ends->mirror = make_seal (ends->mirror_pair, ends->host_pair, SESSION, FALSE, 5, 3);
}

static void
ends_down (Ends *ends, gconstpointer data)
{
  hub_link_seal_free (ends->host);
  hub_link_seal_free (ends->mirror);
  hub_link_pair_free (ends->host_pair);
  hub_link_pair_free (ends->mirror_pair);
}

/* As the link does: header first, then the link's id, then the seal. */
static gboolean
accept_datagram (const HubLinkSeal *seal, const guint8 *datagram, gsize length, guint8 *out,
                 gsize *out_length)
{
  HubLinkHeader header;

  return hub_link_header_read (&header, datagram, length)
         && header.link == hub_link_seal_get_incoming (seal)
         && hub_link_seal_open (seal, &header, datagram, length, out, out_length);
}

static void
test_header (void)
{
  /* Written by hand from the table in hub-link-header.h. */
  static const guint8 expected[HUB_LINK_HEADER_BYTES] = {
    0x4b, 0x5a, 1,    0,    0,    0,    0,    0x10, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
    0x07, 0x08, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x21, 0x22, 0x23, 0x24
  };
  const HubLinkHeader header = { .stream = 16,
                                 .link = 0x0102030405060708,
                                 .sequence = 0x1112131415161718,
                                 .generation = 0x21222324 };
  guint8 wire[HUB_LINK_MAX_WIRE + 1] = { 0 };
  HubLinkHeader read;

  hub_link_header_write (&header, wire);
  g_assert_cmpmem (wire, HUB_LINK_HEADER_BYTES, expected, sizeof expected);
  g_assert_true (hub_link_header_read (&read, wire, 44));
  g_assert_cmpuint (read.stream, ==, header.stream);
  g_assert_cmpuint (read.link, ==, header.link);
  g_assert_cmpuint (read.sequence, ==, header.sequence);
  g_assert_cmpuint (read.generation, ==, header.generation);

  g_assert_false (hub_link_header_read (&read, wire, 43));
  g_assert_true (hub_link_header_read (&read, wire, HUB_LINK_MAX_WIRE));
  g_assert_false (hub_link_header_read (&read, wire, HUB_LINK_MAX_WIRE + 1));
  for (guint i = 0; i < 4; i++)
    {
      wire[i] ^= 0x80;
      g_assert_false (hub_link_header_read (&read, wire, 44));
      wire[i] ^= 0x80;
    }
  wire[6] = 1; /* stream 272 */
  g_assert_false (hub_link_header_read (&read, wire, 44));
  wire[6] = 0;
  memset (wire + 16, 0, 8);
  g_assert_false (hub_link_header_read (&read, wire, 44));
}

static void
test_round_trip (Ends *ends, gconstpointer data)
{
  guint8 payload[HUB_LINK_MAX_PAYLOAD], wire[HUB_LINK_MAX_WIRE], out[HUB_LINK_MAX_PAYLOAD];
  static const gsize sizes[] = { 0, 1, 124, 1151, HUB_LINK_MAX_PAYLOAD };
  gsize length, opened;

  randombytes_buf (payload, sizeof payload);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      length = hub_link_seal_close (ends->host, 16, 1 + i, payload, sizes[i], wire);
      g_assert_cmpuint (length, ==, sizes[i] + HUB_LINK_HEADER_BYTES + HUB_LINK_TAG_BYTES);
      g_assert_true (accept_datagram (ends->mirror, wire, length, out, &opened));
      g_assert_cmpmem (out, opened, payload, sizes[i]);
      /* One key for each direction: what we sent does not open at our own end. */
      g_assert_false (accept_datagram (ends->host, wire, length, out, &opened));

      length = hub_link_seal_close (ends->mirror, 16, 1 + i, payload, sizes[i], wire);
      g_assert_true (accept_datagram (ends->host, wire, length, out, &opened));
      g_assert_cmpmem (out, opened, payload, sizes[i]);
    }
}

/* The documented construction, built again from libsodium's own parts: what any other program must
 * do to read a datagram of ours. */
static void
test_construction (Ends *ends, gconstpointer data)
{
  static const char message[] = "cumulative pose";
  guint8 secret_host[32], public_host[32], rx[32], tx[32], key[32], wire[HUB_LINK_MAX_WIRE];
  guint8 nonce[12] = { 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 9 }, out[64];
  const guint8 *mirror_key = hub_link_pair_get_public (ends->mirror_pair);
  g_autoptr (GByteArray) terms = g_byte_array_new ();
  const HubLinkTerms of_mirror = { SESSION, FALSE, 5, 3 };
  g_autoptr (HubLinkSeal) mirror = NULL;
  unsigned long long opened;
  gsize length;

  crypto_kx_keypair (public_host, secret_host);
  mirror = hub_link_seal_new (ends->mirror_pair, public_host, &of_mirror);
  length = hub_link_seal_close (mirror, 16, 9, (const guint8 *) message, sizeof message, wire);

  g_assert_cmpint (crypto_kx_server_session_keys (rx, tx, public_host, secret_host, mirror_key), ==,
                   0);
  g_byte_array_append (terms, (const guint8 *) "karez-link-1\x01\x00\x00\x00\x24" SESSION,
                       12 + 1 + 4 + 36);
  g_byte_array_append (terms, public_host, 32);
  g_byte_array_append (terms, mirror_key, 32);
  g_byte_array_append (terms, (const guint8 *) "\x00\x00\x00\x03\x00\x00\x00\x05\x02", 9);
  crypto_generichash (key, sizeof key, terms->data, terms->len, rx, sizeof rx);
  g_assert_cmpint (crypto_aead_chacha20poly1305_ietf_decrypt (out, &opened, NULL, wire + 28,
                                                              length - 28, wire, 28, nonce, key),
                   ==, 0);
  g_assert_cmpmem (out, opened, message, sizeof message);
}

static void
test_bit_flips (Ends *ends, gconstpointer data)
{
  guint8 payload[124], wire[HUB_LINK_MAX_WIRE], out[HUB_LINK_MAX_PAYLOAD];
  gsize length, opened;

  randombytes_buf (payload, sizeof payload);
  length = hub_link_seal_close (ends->host, 16, 7, payload, sizeof payload, wire);
  for (gsize bit = 0; bit < length * 8; bit++)
    {
      wire[bit / 8] ^= (guint8) (1u << (bit % 8));
      g_assert_false (accept_datagram (ends->mirror, wire, length, out, &opened));
      wire[bit / 8] ^= (guint8) (1u << (bit % 8));
    }
  for (gsize cut = 0; cut < length; cut++)
    g_assert_false (accept_datagram (ends->mirror, wire, cut, out, &opened));
  g_assert_true (accept_datagram (ends->mirror, wire, length, out, &opened));
}

/* Whatever the two ends do not agree on makes them strangers. */
static void
test_terms (Ends *ends, gconstpointer data)
{
  g_autoptr (HubLinkPair) stranger = hub_link_pair_new ();
  HubLinkSeal *others[] = {
    make_seal (ends->mirror_pair, ends->host_pair, OTHER_SESSION, FALSE, 5, 3),
    make_seal (ends->mirror_pair, ends->host_pair, SESSION, TRUE, 5, 3),
    make_seal (ends->mirror_pair, ends->host_pair, SESSION, FALSE, 6, 3),
    make_seal (ends->mirror_pair, ends->host_pair, SESSION, FALSE, 5, 4),
    make_seal (stranger, ends->host_pair, SESSION, FALSE, 5, 3),
    make_seal (ends->mirror_pair, stranger, SESSION, FALSE, 5, 3),
  };
  guint8 wire[HUB_LINK_MAX_WIRE], out[HUB_LINK_MAX_PAYLOAD];
  gsize length, opened;
  HubLinkHeader header;

  length = hub_link_seal_close (ends->host, 16, 1, (const guint8 *) "hold", 4, wire);
  g_assert_true (hub_link_header_read (&header, wire, length));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_assert_cmpuint (hub_link_seal_get_incoming (others[i]), !=, header.link);
      g_assert_false (hub_link_seal_open (others[i], &header, wire, length, out, &opened));
      hub_link_seal_free (others[i]);
    }
}

static void
test_bad_point (void)
{
  g_autoptr (HubLinkPair) pair = hub_link_pair_new ();
  const guint8 zero[HUB_LINK_KEY_BYTES] = { 0 };
  const HubLinkTerms terms = { SESSION, TRUE, 1, 1 };

  g_assert_null (hub_link_seal_new (pair, zero, &terms));
}

static void
test_window (void)
{
  g_autoptr (HubLinkWindow) window = hub_link_window_new ();
  guint first = 99;
  gint64 late = -1;

  g_assert_cmpint (hub_link_window_look (window, 1), ==, HUB_LINK_SEQUENCE_NEW);
  hub_link_window_take (window, 1, 0xaaaa, 0, 1000);
  g_assert_cmpint (hub_link_window_look (window, 1), ==, HUB_LINK_SEQUENCE_SEEN);

  /* The second path's copy counts once, and only with the same tag. */
  g_assert_false (hub_link_window_copy (window, 1, 0xbbbb, 1, 3500, &first, &late));
  g_assert_true (hub_link_window_copy (window, 1, 0xaaaa, 1, 3500, &first, &late));
  g_assert_cmpuint (first, ==, 0);
  g_assert_cmpint (late, ==, 2500);
  g_assert_false (hub_link_window_copy (window, 1, 0xaaaa, 1, 3600, &first, &late));
  g_assert_false (hub_link_window_copy (window, 1, 0xaaaa, 0, 3600, &first, &late));

  /* Out of order within the window is new; before it, old. */
  hub_link_window_take (window, 5000, 1, 0, 0);
  g_assert_cmpint (hub_link_window_look (window, 5000 - 4095), ==, HUB_LINK_SEQUENCE_NEW);
  g_assert_cmpint (hub_link_window_look (window, 5000 - 4096), ==, HUB_LINK_SEQUENCE_OLD);
  g_assert_cmpint (hub_link_window_look (window, 1), ==, HUB_LINK_SEQUENCE_OLD);
  hub_link_window_take (window, 4999, 1, 0, 0);
  g_assert_cmpint (hub_link_window_look (window, 4999), ==, HUB_LINK_SEQUENCE_SEEN);

  /* A jump over everything, to the end of the numbers, forgets what was seen before. */
  hub_link_window_take (window, G_MAXUINT64, 1, 0, 0);
  g_assert_cmpint (hub_link_window_look (window, G_MAXUINT64 - 1), ==, HUB_LINK_SEQUENCE_NEW);
  g_assert_cmpint (hub_link_window_look (window, 5000), ==, HUB_LINK_SEQUENCE_OLD);
}

/* Against a plain list of everything seen. */
static void
test_window_model (void)
{
  g_autoptr (HubLinkWindow) window = hub_link_window_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (4096);
  guint64 highest = 0;

  for (guint i = 0; i < 50000; i++)
    {
      guint64 base = highest > 6000 ? highest - 6000 : 1;
      guint64 sequence = base
                         + (guint64) g_rand_int_range (rand, 0, (gint32) (highest - base + 20));
      gpointer key = GSIZE_TO_POINTER (sequence);
      HubLinkSequence expected = g_hash_table_contains (seen, key) ? HUB_LINK_SEQUENCE_SEEN
                                                                   : HUB_LINK_SEQUENCE_NEW;

      if (g_rand_int_range (rand, 0, 500) == 0)
        sequence = highest + (guint64) g_rand_int_range (rand, 1, 9000),
        key = GSIZE_TO_POINTER (sequence), expected = HUB_LINK_SEQUENCE_NEW;
      if (sequence + 4096 <= highest)
        expected = HUB_LINK_SEQUENCE_OLD;
      g_assert_cmpint (hub_link_window_look (window, sequence), ==, expected);
      if (expected != HUB_LINK_SEQUENCE_NEW)
        continue;
      hub_link_window_take (window, sequence, 0, 0, 0);
      g_hash_table_add (seen, key);
      highest = MAX (highest, sequence);
    }
  g_assert_cmpuint (highest, >, 100000);
}

static void
test_speed (Ends *ends, gconstpointer data)
{
  const guint n = 100000;
  g_autoptr (HubLinkWindow) window = hub_link_window_new ();
  guint8 payload[124] = { 0 }, wire[HUB_LINK_MAX_WIRE], out[HUB_LINK_MAX_PAYLOAD];
  gint64 begin, sealed = 0, opened = 0, copies = 0;

  for (guint i = 1; i <= n; i++)
    {
      HubLinkHeader header;
      gsize length, size = 0;
      guint first;
      gint64 late;

      begin = hub_clock_monotonic ();
      length = hub_link_seal_close (ends->host, 16, i, payload, sizeof payload, wire);
      sealed += hub_clock_monotonic () - begin;

      begin = hub_clock_monotonic ();
      g_assert_true (hub_link_header_read (&header, wire, length));
      g_assert_cmpint (hub_link_window_look (window, header.sequence), ==, HUB_LINK_SEQUENCE_NEW);
      g_assert_true (hub_link_seal_open (ends->mirror, &header, wire, length, out, &size));
      hub_link_window_take (window, header.sequence, hub_get32 (wire + length - 16), 0, begin);
      opened += hub_clock_monotonic () - begin;

      begin = hub_clock_monotonic ();
      g_assert_true (hub_link_header_read (&header, wire, length));
      g_assert_cmpint (hub_link_window_look (window, header.sequence), ==, HUB_LINK_SEQUENCE_SEEN);
      g_assert_true (hub_link_window_copy (window, header.sequence, hub_get32 (wire + length - 16),
                                           1, begin, &first, &late));
      copies += hub_clock_monotonic () - begin;
      g_assert_cmpuint (size, ==, sizeof payload);
    }
  g_test_message ("%u datagrams of 124 bytes: seal %.2f µs, open %.2f µs, second copy %.2f µs each",
                  n, (double) sealed / n, (double) opened / n, (double) copies / n);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/link/header", test_header);
  g_test_add ("/link/seal/round-trip", Ends, NULL, ends_up, test_round_trip, ends_down);
  g_test_add ("/link/seal/construction", Ends, NULL, ends_up, test_construction, ends_down);
  g_test_add ("/link/seal/bit-flips", Ends, NULL, ends_up, test_bit_flips, ends_down);
  g_test_add ("/link/seal/terms", Ends, NULL, ends_up, test_terms, ends_down);
  g_test_add_func ("/link/seal/bad-point", test_bad_point);
  g_test_add_func ("/link/window", test_window);
  g_test_add_func ("/link/window/model", test_window_model);
  g_test_add ("/link/speed", Ends, NULL, ends_up, test_speed, ends_down);
  return g_test_run ();
}
