/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Throws datagrams at a link. */

/* What reaches the link from outside, thrown at it: raw bytes, and well sealed nonsense of a peer
 * that went wrong. The first byte of an input chooses the place.
 *
 * With a fuzzing engine: compile with -DKAREZ_FUZZ_ENGINE and its own main. Without: a fixed corpus
 * of seeded inputs, true ones changed a little. It must not crash, hang, grow or touch what it does
 * not own (run it under the sanitizers). */
#include "hub-link-ordered.h"
#include "hub-link-path.h"
#include "hub-link-seal.h"
#include "hub-link-endpoint.h"
#include "hub-link-window.h"

#define SESSION "019ab3c4-0000-7000-8000-000000000001"
#define N_INPUTS 60000
#define INPUT_BYTES 4096

typedef struct
{
  HubLinkPair *pairs[2];
  HubLinkSeal *seals[2]; /* the host's, the mirror's */
} Keys;

static Keys keys;

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
make_keys (void)
{
  for (guint i = 0; i < 2; i++)
    keys.pairs[i] = hub_link_pair_new ();
  for (guint i = 0; i < 2; i++)
    {
      const HubLinkTerms terms = { SESSION, i == 0, 1, 1 };

      keys.seals[i] = hub_link_seal_new (keys.pairs[i],
                                         hub_link_pair_get_public (keys.pairs[1 - i]), &terms);
    }
}

/* A datagram off the wire: nothing that was not sealed may open. */
static void
fuzz_datagram (const guint8 *data, gsize size)
{
  guint8 out[HUB_LINK_MAX_PAYLOAD];
  HubLinkHeader header;
  gsize length;

  if (hub_link_header_read (&header, data, size)
      && hub_link_seal_open (keys.seals[1], &header, data, size, out, &length))
    g_error ("a datagram that nobody sealed was opened");
}

static void
count_message (GBytes *message, gpointer data)
{
  g_assert_cmpuint (g_bytes_get_size (message), <=, HUB_LINK_ORDERED_MAX_MESSAGE);
  *(gsize *) data += g_bytes_get_size (message);
}

static void
check_payload (const guint8 *payload, gsize length, gpointer data)
{
  g_assert_cmpuint (length, <=, HUB_LINK_MAX_PAYLOAD);
  ++*(guint *) data;
}

/* Payloads of an ordered stream, each behind a length byte pair, with time passing between. */
static void
fuzz_ordered (const guint8 *data, gsize size)
{
  gsize received = 0, fed = 0;
  g_autoptr (HubLinkOrdered) ordered = hub_link_ordered_new (count_message, &received);
  g_autoptr (GBytes) own = g_bytes_new_static ("0123456789", 10);
  gint64 now = 1000;
  guint sent = 0;

  for (guint i = 0; i < 40; i++)
    g_assert_true (hub_link_ordered_push (ordered, own));
  hub_link_ordered_poll (ordered, now, check_payload, &sent);
  while (size >= 2)
    {
      gsize length = MIN ((gsize) ((data[0] << 8 | data[1]) % (HUB_LINK_MAX_PAYLOAD + 8)),
                          size - 2);

      now += 1 + data[0] * 1000;
      hub_link_ordered_take (ordered, data + 2, length, now);
      fed += length;
      hub_link_ordered_poll (ordered, now, check_payload, &sent);
      data += 2 + length;
      size -= 2 + length;
    }
  g_assert_cmpuint (received, <=, fed);
  g_assert_cmpuint (hub_link_ordered_get_waiting (ordered), <=, 40 * (10 + 64));
  g_assert_cmpuint (sent, <, 40 * 20 + 2 * INPUT_BYTES);
}

static void
fuzz_keepalive (const guint8 *data, gsize size)
{
  HubAddress address;
  HubLinkPath path;

  g_assert_true (hub_address_parse (&address, "127.0.0.1:9", TRUE));
  hub_link_path_init (&path, 0, -1, &address, &address);
  for (gint64 now = 1; size >= HUB_LINK_KEEPALIVE_BYTES; now += 250000)
    {
      g_autoptr (JsonNode) json = NULL;

      if (hub_link_path_peek_keepalive (data, HUB_LINK_KEEPALIVE_BYTES) == 0)
        hub_link_path_take_keepalive (&path, data, now, &address);
      g_assert_cmpint (path.rtt, >=, 0);
      g_assert_cmpint (path.rtt, <=, now);
      g_assert_cmpfloat (path.loss, >=, 0);
      g_assert_cmpfloat (path.loss, <=, 1);
      json = hub_link_path_to_json (&path);
      data += HUB_LINK_KEEPALIVE_BYTES;
      size -= HUB_LINK_KEEPALIVE_BYTES;
    }
}

static void
fuzz_endpoint (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (JsonNode) node = karez_json_parse (bytes, 0, NULL);
  g_autoptr (GError) error = NULL;
  HubLinkEndpoint endpoint;

  if (node == NULL)
    return;
  if (!hub_link_endpoint_parse (&endpoint, node, &error))
    {
      g_assert_nonnull (error);
      return;
    }
  g_assert_cmpuint (endpoint.n_addresses, >, 0);
  g_assert_cmpuint (endpoint.n_addresses, <=, HUB_LINK_MAX_PATHS);
  g_assert_cmpuint (endpoint.generation, >, 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (keys.seals[0] == NULL)
    make_keys ();
  if (size == 0 || size > INPUT_BYTES)
    return 0;
  switch (data[0] % 4)
    {
    case 0:
      fuzz_datagram (data + 1, size - 1);
      break;
    case 1:
      fuzz_ordered (data + 1, size - 1);
      break;
    case 2:
      fuzz_keepalive (data + 1, size - 1);
      break;
    default:
      fuzz_endpoint (data + 1, size - 1);
    }
  return 0;
}

#ifndef KAREZ_FUZZ_ENGINE
typedef struct
{
  guint8 bytes[INPUT_BYTES];
  gsize size;
} Input;

static void
add (Input *input, const void *bytes, gsize size)
{
  size = MIN (size, INPUT_BYTES - input->size);
  memcpy (input->bytes + input->size, bytes, size);
  input->size += size;
}

/* A true datagram, from the mirror, so that the mirror's seal must refuse it. */
static void
make_datagram (Input *input, GRand *rand)
{
  guint8 wire[HUB_LINK_MAX_WIRE], payload[HUB_LINK_MAX_PAYLOAD] = { 0 };
  gsize length = hub_link_seal_close (keys.seals[1], 16, 1 + g_rand_int (rand) % 5000, payload,
                                      g_rand_int (rand) % sizeof payload, wire);

  add (input, wire, length);
}

static void
make_ordered (Input *input, GRand *rand)
{
  guint64 number = 1;

  for (guint i = 0; i < 12; i++)
    {
      guint8 frame[2 + 16 + 56] = { 0 };
      gsize length = 56;

      if (g_rand_boolean (rand))
        {
          frame[2] = 1;
          frame[3] = g_rand_boolean (rand);
          hub_put64 (frame + 10, number += g_rand_int (rand) % 3);
          length = 17 + g_rand_int (rand) % 40;
        }
      else
        {
          frame[2] = 2;
          hub_put64 (frame + 10, g_rand_int (rand) % 40);
          hub_put64 (frame + 18, g_rand_int (rand) % 40);
          for (guint j = 26; j < 58; j++)
            frame[j] = (guint8) (g_rand_int (rand) & g_rand_int (rand));
        }
      frame[1] = (guint8) length;
      add (input, frame, 2 + length);
    }
}

static void
make_keepalive (Input *input, GRand *rand)
{
  for (guint i = 0; i < 8; i++)
    {
      guint8 frame[HUB_LINK_KEEPALIVE_BYTES] = { 1 };

      hub_put64 (frame + 8, 1000 + i);
      hub_put64 (frame + 16, g_rand_int (rand) % (1 + i * 250000));
      hub_put64 (frame + 24, g_rand_int (rand) % 100000);
      hub_put64 (frame + 32, i * 100 + g_rand_int (rand) % 50);
      add (input, frame, sizeof frame);
    }
}

static void
make_endpoint (Input *input, GRand *rand)
{
  static const char text[] =
      "{\"key\":\"IIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIIII\",\"addresses\":[\"127.0.0.1:1\","
      "\"[fd00::5]:4000\"],\"generation\":17}";

  add (input, text, sizeof text - 1);
}

static void
change (Input *input, GRand *rand)
{
  guint n = g_rand_int (rand) % 6;

  for (guint i = 0; i < n && input->size > 1; i++)
    {
      gsize at = 1 + g_rand_int (rand) % (input->size - 1);

      switch (g_rand_int (rand) % 4)
        {
        case 0:
          input->bytes[at] ^= (guint8) (1u << (g_rand_int (rand) % 8));
          break;
        case 1:
          input->bytes[at] = (guint8) g_rand_int (rand);
          break;
        case 2:
          input->size = at;
          break;
        default:
          memset (input->bytes + at, g_rand_boolean (rand) ? 0xff : 0, MIN (8, input->size - at));
        }
    }
}

static void
test_corpus (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20260725);
  static void (*const makers[]) (Input *, GRand *) = { make_datagram, make_ordered, make_keepalive,
                                                       make_endpoint };

  make_keys ();
  for (guint i = 0; i < N_INPUTS; i++)
    {
      Input input = { .size = 1 };

      input.bytes[0] = (guint8) (i % 4);
      if (i % 16 < 12)
        makers[i % 4](&input, rand);
      else
        while (input.size < 300)
          input.bytes[input.size++] = (guint8) g_rand_int (rand);
      change (&input, rand);
      LLVMFuzzerTestOneInput (input.bytes, input.size);
    }
  for (guint i = 0; i < 2; i++)
    {
      hub_link_seal_free (keys.seals[i]);
      hub_link_pair_free (keys.pairs[i]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/link/fuzz", test_corpus);
  return g_test_run ();
}
#endif
