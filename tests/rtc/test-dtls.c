/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DTLS handshakes, with loss. */
#include "hub-bytes.h"
#include "hub-dtls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

#define TICK_US 20000
#define LONGEST_US (60 * G_USEC_PER_SEC)
#define MTU 1200u

static gint64 now = 1795525560 * (gint64) G_USEC_PER_SEC;

int gettimeofday (struct timeval *restrict time, void *restrict zone);

/* OpenSSL's clock, for its retransmissions: a handshake with loss takes no time here. */
int
gettimeofday (struct timeval *restrict time, void *restrict zone)
{
  time->tv_sec = now / G_USEC_PER_SEC;
  time->tv_usec = now % G_USEC_PER_SEC;
  return 0;
}

typedef struct _Wire Wire;

typedef struct
{
  Wire *wire;
  HubDtlsIdentity *identity;
  HubDtls *dtls;
  GQueue incoming; /* GBytes */
} End;

/* Client and server; what either sends waits at the other until pump(). */
struct _Wire
{
  End ends[2];
  GRand *rand;
  guint loss; /* of 100 */
  guint sent, junk;
};

static void
on_send (const guint8 *datagram, gsize length, gpointer data)
{
  End *end = data;
  End *other = &end->wire->ends[end == &end->wire->ends[0] ? 1 : 0];

  g_assert_cmpuint (length, >, 0);
  g_assert_cmpuint (length, <=, MTU);
  end->wire->sent++;
  if ((guint) g_rand_int_range (end->wire->rand, 0, 100) >= end->wire->loss)
    g_queue_push_tail (&other->incoming, g_bytes_new (datagram, length));
}

static void
wire_up (Wire *wire, gconstpointer data)
{
  memset (wire, 0, sizeof *wire);
  wire->rand = g_rand_new_with_seed (11);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      wire->ends[i].wire = wire;
      wire->ends[i].identity = hub_dtls_identity_new (&error);
      g_assert_no_error (error);
      g_queue_init (&wire->ends[i].incoming);
    }
}

static void
close_ends (Wire *wire)
{
  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&wire->ends[i].dtls, hub_dtls_free);
      g_queue_clear_full (&wire->ends[i].incoming, (GDestroyNotify) g_bytes_unref);
    }
}

static void
wire_down (Wire *wire, gconstpointer data)
{
  close_ends (wire);
  for (guint i = 0; i < 2; i++)
    hub_dtls_identity_free (wire->ends[i].identity);
  g_rand_free (wire->rand);
}

/* @wrong: the end that expects somebody else, or 2. */
static void
open_ends (Wire *wire, guint wrong)
{
  for (guint i = 0; i < 2; i++)
    {
      guint8 expected[HUB_DTLS_FINGERPRINT_BYTES];

      memcpy (expected, hub_dtls_identity_get_fingerprint (wire->ends[1 - i].identity),
              sizeof expected);
      if (i == wrong)
        expected[31] ^= 1;
      wire->ends[i].dtls = hub_dtls_new (wire->ends[i].identity, i == 0, expected, on_send,
                                         &wire->ends[i]);
      g_assert_cmpint (hub_dtls_get_state (wire->ends[i].dtls), ==, HUB_DTLS_HANDSHAKE);
      g_assert_null (hub_dtls_get_failure (wire->ends[i].dtls));
      g_assert_null (hub_dtls_get_profile (wire->ends[i].dtls));
    }
}

static void
throw_junk (Wire *wire, End *end)
{
  guint8 junk[64];

  for (guint i = 0; i < sizeof junk; i++)
    junk[i] = (guint8) g_rand_int (wire->rand);
  junk[0] = (guint8) (20 + wire->junk % 44);
  if (wire->junk % 2 == 0)
    hub_put16 (junk + 1, 0xfefd);
  hub_dtls_take (end->dtls, junk, sizeof junk);
  wire->junk++;
}

/* Hands over what waits, from memory that ends where it ends. Returns whether there was any. */
static gboolean
pump (Wire *wire, gboolean junk)
{
  gboolean any = FALSE;

  for (guint i = 0; i < 2; i++)
    {
      End *end = &wire->ends[i];
      GBytes *datagram = g_queue_pop_head (&end->incoming);

      if (datagram == NULL)
        continue;
      if (junk)
        throw_junk (wire, end);
      hub_dtls_take (end->dtls, g_bytes_get_data (datagram, NULL), g_bytes_get_size (datagram));
      g_bytes_unref (datagram);
      any = TRUE;
    }
  return any;
}

static gboolean
in_handshake (Wire *wire)
{
  return hub_dtls_get_state (wire->ends[0].dtls) == HUB_DTLS_HANDSHAKE
         || hub_dtls_get_state (wire->ends[1].dtls) == HUB_DTLS_HANDSHAKE;
}

/* Until both handshakes are done and nothing is on its way. Returns how long it took. */
static gint64
shake (Wire *wire, gboolean junk)
{
  gint64 began = now;

  hub_dtls_start (wire->ends[0].dtls);
  for (;;)
    {
      while (pump (wire, junk))
        ;
      if (!in_handshake (wire) || now - began > LONGEST_US)
        return now - began;
      now += TICK_US;
      for (guint i = 0; i < 2; i++)
        hub_dtls_tick (wire->ends[i].dtls);
    }
}

static void
assert_failed (Wire *wire, guint end, const char *why)
{
  g_assert_cmpint (hub_dtls_get_state (wire->ends[end].dtls), ==, HUB_DTLS_FAILED);
  g_assert_cmpstr (hub_dtls_get_failure (wire->ends[end].dtls), ==, why);
}

static void
assert_done (Wire *wire)
{
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (hub_dtls_get_state (wire->ends[i].dtls), ==, HUB_DTLS_DONE);
      g_assert_null (hub_dtls_get_failure (wire->ends[i].dtls));
      g_assert_cmpstr (hub_dtls_get_profile (wire->ends[i].dtls), ==, "SRTP_AEAD_AES_128_GCM");
    }
}

/* What one protects, the other opens, in both directions. */
static void
check_pair (HubSrtp *client, HubSrtp *server)
{
  for (guint i = 0; i < 2; i++)
    {
      guint32 words[32] = { GUINT32_TO_BE (0x80600001), 0, GUINT32_TO_BE (7), 0x11111111 };
      guint8 *packet = (guint8 *) words;
      gsize length = 16;

      g_assert_true (hub_srtp_protect (i == 0 ? client : server, packet, &length));
      g_assert_cmpuint (length, ==, 16 + 16);
      g_assert_true (hub_srtp_unprotect (i == 0 ? server : client, packet, &length));
      g_assert_cmpuint (length, ==, 16);
      g_assert_cmphex (words[3], ==, 0x11111111);
    }
}

static void
check_keys (Wire *wire)
{
  g_autoptr (HubSrtp) client = hub_dtls_make_srtp (wire->ends[0].dtls, NULL);
  g_autoptr (HubSrtp) server = hub_dtls_make_srtp (wire->ends[1].dtls, NULL);

  g_assert_nonnull (client);
  g_assert_nonnull (server);
  check_pair (client, server);
}

static void
test_handshake (Wire *wire, gconstpointer data)
{
  open_ends (wire, 2);
  g_assert_cmpint (shake (wire, FALSE), ==, 0);
  assert_done (wire);
  check_keys (wire);
}

/* Until a side is done, it has agreed on nothing. */
static void
test_profile_before (Wire *wire, gconstpointer data)
{
  open_ends (wire, 2);
  hub_dtls_start (wire->ends[0].dtls);
  do
    for (guint i = 0; i < 2; i++)
      g_assert_cmpint (hub_dtls_get_profile (wire->ends[i].dtls) == NULL, ==,
                       hub_dtls_get_state (wire->ends[i].dtls) == HUB_DTLS_HANDSHAKE);
  while (pump (wire, FALSE));
  assert_done (wire);
}

static void
test_loss (Wire *wire, gconstpointer data)
{
  gint64 longest = 0;

  wire->loss = 30;
  for (guint i = 0; i < 40; i++)
    {
      gint64 took;

      open_ends (wire, 2);
      took = shake (wire, FALSE);
      assert_done (wire);
      check_keys (wire);
      longest = MAX (longest, took);
      close_ends (wire);
    }
  g_test_message ("longest: %" G_GINT64_FORMAT " ms", longest / 1000);
  /* Nothing was lost, or the clock above is not OpenSSL's. */
  g_assert_cmpint (longest, >=, 100 * 1000);
  g_assert_cmpint (longest, <, 15 * G_USEC_PER_SEC);
}

/* Nobody answers: it goes on asking, not too often, then gives up. */
static void
test_silence (Wire *wire, gconstpointer data)
{
  wire->loss = 100;
  open_ends (wire, 2);
  hub_dtls_start (wire->ends[0].dtls);
  g_assert_cmpuint (wire->sent, ==, 1);
  for (guint i = 0; i < 4; i++) /* 80 ms */
    {
      now += TICK_US;
      hub_dtls_tick (wire->ends[0].dtls);
    }
  g_assert_cmpuint (wire->sent, ==, 1);
  now += TICK_US; /* 100 ms */
  hub_dtls_tick (wire->ends[0].dtls);
  g_assert_cmpuint (wire->sent, ==, 2);
  for (guint i = 0; i < 150; i++) /* 3 s: at 300, 700, 1500 and 3100 ms */
    {
      now += TICK_US;
      hub_dtls_tick (wire->ends[0].dtls);
    }
  g_assert_cmpuint (wire->sent, ==, 6);
  for (guint i = 0; i < 1500; i++)
    {
      now += TICK_US;
      hub_dtls_tick (wire->ends[0].dtls);
    }
  assert_failed (wire, 0, "handshake");
  g_assert_cmpuint (wire->sent, <, 20);
}

/* Datagrams that are no records of this handshake are dropped. */
static void
test_junk (Wire *wire, gconstpointer data)
{
  open_ends (wire, 2);
  shake (wire, TRUE);
  assert_done (wire);
  for (guint i = 0; i < 200; i++)
    throw_junk (wire, &wire->ends[i % 2]);
  assert_done (wire);
  check_keys (wire);
}

/* Each datagram of it, cut at each length, at a server of its own: refused or waited for. */
static void
test_truncated (Wire *wire, gconstpointer data)
{
  g_autoptr (GBytes) hello = NULL;
  const guint8 *bytes;

  open_ends (wire, 2);
  hub_dtls_start (wire->ends[0].dtls);
  hello = g_queue_pop_head (&wire->ends[1].incoming);
  bytes = g_bytes_get_data (hello, NULL);
  wire->loss = 100;
  for (gsize length = 0; length < g_bytes_get_size (hello); length++)
    {
      g_autofree guint8 *copy = g_memdup2 (bytes, length);

      close_ends (wire);
      open_ends (wire, 2);
      hub_dtls_take (wire->ends[1].dtls, copy, length);
      g_assert_cmpint (hub_dtls_get_state (wire->ends[1].dtls), !=, HUB_DTLS_DONE);
    }
}

static void
test_wrong_server (Wire *wire, gconstpointer data)
{
  open_ends (wire, 0);
  shake (wire, FALSE);
  assert_failed (wire, 0, "fingerprint");
  assert_failed (wire, 1, "closed");
}

static void
test_wrong_client (Wire *wire, gconstpointer data)
{
  open_ends (wire, 1);
  shake (wire, FALSE);
  assert_failed (wire, 1, "fingerprint");
  /* The other learns of it. */
  assert_failed (wire, 0, "closed");
  /* For ever. */
  hub_dtls_take (wire->ends[1].dtls, (const guint8 *) "\x16", 1);
  hub_dtls_tick (wire->ends[1].dtls);
  hub_dtls_start (wire->ends[1].dtls);
  hub_dtls_close (wire->ends[1].dtls);
  assert_failed (wire, 1, "fingerprint");
}

static void
test_close (Wire *wire, gconstpointer data)
{
  open_ends (wire, 2);
  shake (wire, FALSE);
  hub_dtls_close (wire->ends[GPOINTER_TO_UINT (data)].dtls);
  while (pump (wire, FALSE))
    ;
  assert_failed (wire, 0, "closed");
  assert_failed (wire, 1, "closed");
}

/* The last flight is lost: who is done sends it again when it is asked. */
static void
test_last_flight (Wire *wire, gconstpointer data)
{
  End *client = &wire->ends[0], *server = &wire->ends[1];

  open_ends (wire, 2);
  hub_dtls_start (client->dtls);
  while (hub_dtls_get_state (server->dtls) == HUB_DTLS_HANDSHAKE)
    g_assert_true (pump (wire, FALSE));
  g_queue_clear_full (&client->incoming, (GDestroyNotify) g_bytes_unref);
  g_assert_cmpint (hub_dtls_get_state (client->dtls), ==, HUB_DTLS_HANDSHAKE);
  shake (wire, FALSE);
  assert_done (wire);
  check_keys (wire);
}

/* A page that is nobody's but OpenSSL's: what it takes RFC 5764 to say of fingerprints and keys. */
typedef struct
{
  SSL_CTX *context;
  SSL *ssl;
  BIO *in, *out;
  guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES];
} Stranger;

static void
stranger_up (Stranger *stranger)
{
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *certificate = X509_new ();

  X509_set_version (certificate, X509_VERSION_3);
  X509_gmtime_adj (X509_getm_notBefore (certificate), 0);
  X509_gmtime_adj (X509_getm_notAfter (certificate), 3600);
  X509_set_pubkey (certificate, key);
  g_assert_cmpint (X509_sign (certificate, key, EVP_sha256 ()), >, 0);
  g_assert_true (X509_digest (certificate, EVP_sha256 (), stranger->fingerprint, NULL));
  stranger->context = SSL_CTX_new (DTLS_client_method ());
  SSL_CTX_use_certificate (stranger->context, certificate);
  SSL_CTX_use_PrivateKey (stranger->context, key);
  g_assert_cmpint (SSL_CTX_set_tlsext_use_srtp (stranger->context, "SRTP_AEAD_AES_128_GCM"), ==, 0);
  stranger->ssl = SSL_new (stranger->context);
  stranger->in = BIO_new (BIO_s_mem ());
  stranger->out = BIO_new (BIO_s_mem ());
  SSL_set_bio (stranger->ssl, stranger->in, stranger->out);
  SSL_set_connect_state (stranger->ssl);
  X509_free (certificate);
  EVP_PKEY_free (key);
}

static void
stranger_down (Stranger *stranger)
{
  SSL_free (stranger->ssl);
  SSL_CTX_free (stranger->context);
}

/* RFC 5764, 4.2: client's key, server's key, client's salt, server's salt. */
static HubSrtp *
make_strangers_srtp (Stranger *stranger)
{
  guint8 material[56], keys[2][28];
  HubSrtp *srtp;

  g_assert_cmpint (SSL_export_keying_material (stranger->ssl, material, sizeof material,
                                               "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0),
                   ==, 1);
  for (guint i = 0; i < 2; i++)
    {
      memcpy (keys[i], material + 16 * i, 16);
      memcpy (keys[i] + 16, material + 32 + 12 * i, 12);
    }
  srtp = hub_srtp_new (HUB_SRTP_AEAD_AES_128_GCM, keys[0], keys[1], NULL);
  g_assert_nonnull (srtp);
  return srtp;
}

static void
test_stranger (Wire *wire, gconstpointer data)
{
  End *client = &wire->ends[0], *server = &wire->ends[1];
  g_autoptr (HubSrtp) theirs = NULL;
  g_autoptr (HubSrtp) ours = NULL;
  guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES], bytes[4096];
  Stranger stranger;
  X509 *certificate;

  stranger_up (&stranger);
  server->dtls = hub_dtls_new (server->identity, FALSE, stranger.fingerprint, on_send, server);
  for (guint i = 0; i < 8; i++)
    {
      GBytes *datagram;
      int length;

      SSL_do_handshake (stranger.ssl);
      length = BIO_read (stranger.out, bytes, sizeof bytes);
      if (length > 0)
        hub_dtls_take (server->dtls, bytes, (gsize) length);
      while ((datagram = g_queue_pop_head (&client->incoming)) != NULL)
        {
          BIO_write (stranger.in, g_bytes_get_data (datagram, NULL),
                     (int) g_bytes_get_size (datagram));
          g_bytes_unref (datagram);
        }
    }
  g_assert_cmpint (hub_dtls_get_state (server->dtls), ==, HUB_DTLS_DONE);
  g_assert_true (SSL_is_init_finished (stranger.ssl));
  certificate = SSL_get1_peer_certificate (stranger.ssl);
  g_assert_true (X509_digest (certificate, EVP_sha256 (), fingerprint, NULL));
  g_assert_cmpmem (fingerprint, sizeof fingerprint,
                   hub_dtls_identity_get_fingerprint (server->identity), sizeof fingerprint);
  X509_free (certificate);
  theirs = make_strangers_srtp (&stranger);
  ours = hub_dtls_make_srtp (server->dtls, NULL);
  check_pair (theirs, ours);
  stranger_down (&stranger);
}

static void
test_fingerprint (void)
{
  static const char *const wrong[] = {
    "",
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:FE",
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:FE:"
    "FF:",
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:FE:"
    "FG",
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:FE "
    "FF",
    "0001:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:FE:"
    "FF0",
  };
  static const char text[] = "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:"
                             "17:18:19:1A:1B:1C:1D:FE:"
                             "FF";
  guint8 bytes[HUB_DTLS_FINGERPRINT_BYTES], parsed[HUB_DTLS_FINGERPRINT_BYTES];
  g_autofree char *printed = NULL, *lower = g_ascii_strdown (text, -1);

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) (i < 30 ? i : 0xfe + i - 30);
  printed = hub_dtls_fingerprint_print (bytes);
  g_assert_cmpstr (printed, ==, text);
  g_assert_true (hub_dtls_fingerprint_parse (text, parsed));
  g_assert_cmpmem (parsed, sizeof parsed, bytes, sizeof bytes);
  memset (parsed, 0, sizeof parsed);
  g_assert_true (hub_dtls_fingerprint_parse (lower, parsed));
  g_assert_cmpmem (parsed, sizeof parsed, bytes, sizeof bytes);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (hub_dtls_fingerprint_parse (wrong[i], parsed));
}

/* Each process is somebody else. */
static void
test_identity (void)
{
  g_autoptr (HubDtlsIdentity) one = hub_dtls_identity_new (NULL);
  g_autoptr (HubDtlsIdentity) two = hub_dtls_identity_new (NULL);

  g_assert_cmpint (memcmp (hub_dtls_identity_get_fingerprint (one),
                           hub_dtls_identity_get_fingerprint (two), HUB_DTLS_FINGERPRINT_BYTES),
                   !=, 0);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Wire *, gconstpointer);
    guint data;
  } tests[] = { { "/rtc/dtls/handshake", test_handshake, 0 },
                { "/rtc/dtls/profile-before", test_profile_before, 0 },
                { "/rtc/dtls/loss", test_loss, 0 },
                { "/rtc/dtls/silence", test_silence, 0 },
                { "/rtc/dtls/junk", test_junk, 0 },
                { "/rtc/dtls/truncated", test_truncated, 0 },
                { "/rtc/dtls/wrong-server", test_wrong_server, 0 },
                { "/rtc/dtls/wrong-client", test_wrong_client, 0 },
                { "/rtc/dtls/client-closes", test_close, 0 },
                { "/rtc/dtls/server-closes", test_close, 1 },
                { "/rtc/dtls/last-flight", test_last_flight, 0 },
                { "/rtc/dtls/stranger", test_stranger, 0 } };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Wire, GUINT_TO_POINTER (tests[i].data), wire_up, tests[i].function,
                wire_down);
  g_test_add_func ("/rtc/dtls/fingerprint", test_fingerprint);
  g_test_add_func ("/rtc/dtls/identity", test_identity);
  return g_test_run ();
}
