/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DTLS 1.2 of one connection, by OpenSSL, over memory. */
#include "hub-dtls.h"

#include <glib/gi18n.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* The strongest first that is also the fastest. */
#define PROFILES "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80"
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"
/* What every path carries in one datagram. */
#define MTU 1200
/* RFC 6347, 4.2.4.1 proposes a second; a page waits. Doubled at each turn. */
#define FIRST_TIMEOUT_US (100 * 1000)
#define LAST_TIMEOUT_US (1600 * 1000)
/* What we send in one record: with its 37 bytes, less than a datagram. */
#define MAX_DATA 1150u
/* What comes in one: no more than a datagram. */
#define MAX_RECORD 2048u
#define VALID_BEFORE_S (24 * 3600)
#define VALID_AFTER_S (30 * 24 * 3600)

struct _HubDtlsIdentity
{
  EVP_PKEY *key;
  X509 *certificate;
  SSL_CTX *context;
  guint8 fingerprint[HUB_DTLS_FINGERPRINT_BYTES];
};

struct _HubDtls
{
  SSL *ssl;
  HubDtlsSendFunc send;
  HubDtlsReceiveFunc receive; /* (nullable) */
  gpointer data;
  const guint8 *incoming; /* the datagram that OpenSSL reads now, NULL for none */
  gsize incoming_length;
  HubDtlsState state;
  const char *failure;
  guint8 peer_fingerprint[HUB_DTLS_FINGERPRINT_BYTES];
};

/* The way in and out: each write is a datagram. OpenSSL's memory BIO would join them. */

static int
on_write (BIO *bio, const char *bytes, int length)
{
  HubDtls *self = BIO_get_data (bio);

  self->send ((const guint8 *) bytes, (gsize) length, self->data);
  return length;
}

static int
on_read (BIO *bio, char *out, int room)
{
  HubDtls *self = BIO_get_data (bio);
  gsize length = self->incoming_length;

  BIO_clear_retry_flags (bio);
  if (self->incoming == NULL || length > (gsize) room)
    {
      self->incoming = NULL;
      BIO_set_retry_read (bio);
      return -1;
    }
  memcpy (out, self->incoming, length);
  self->incoming = NULL;
  return (int) length;
}

static long
on_control (BIO *bio, int command, long number, void *pointer)
{
  switch (command)
    {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return MTU;
    default:
      return 0;
    }
}

static BIO_METHOD *
datagram_method (void)
{
  static gsize method = 0;

  if (g_once_init_enter (&method))
    {
      BIO_METHOD *made = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "datagrams");

      BIO_meth_set_write (made, on_write);
      BIO_meth_set_read (made, on_read);
      BIO_meth_set_ctrl (made, on_control);
      g_once_init_leave (&method, (gsize) made);
    }
  return (BIO_METHOD *) method;
}

/* Identity. */

static gboolean
fingerprint_of (X509 *certificate, guint8 *out)
{
  unsigned int length = 0;

  return X509_digest (certificate, EVP_sha256 (), out, &length)
         && length == HUB_DTLS_FINGERPRINT_BYTES;
}

static gboolean
make_certificate (HubDtlsIdentity *self)
{
  X509_NAME *name;

  self->key = EVP_EC_gen ("P-256");
  self->certificate = X509_new ();
  if (self->key == NULL || self->certificate == NULL)
    return FALSE;
  name = X509_get_subject_name (self->certificate);
  return X509_set_version (self->certificate, X509_VERSION_3)
         && ASN1_INTEGER_set (X509_get_serialNumber (self->certificate),
                              (long) (g_random_int () >> 1) + 1)
         && X509_gmtime_adj (X509_getm_notBefore (self->certificate), -VALID_BEFORE_S) != NULL
         && X509_gmtime_adj (X509_getm_notAfter (self->certificate), VALID_AFTER_S) != NULL
         && X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const guint8 *) "karez", -1, -1,
                                        0)
         && X509_set_issuer_name (self->certificate, name)
         && X509_set_pubkey (self->certificate, self->key)
         && X509_sign (self->certificate, self->key, EVP_sha256 ()) > 0
         && fingerprint_of (self->certificate, self->fingerprint);
}

/* Who it is, is known by the fingerprint, not by who signed it. */
static int
accept_any (int preverified, X509_STORE_CTX *store)
{
  return 1;
}

static gboolean
make_context (HubDtlsIdentity *self)
{
  self->context = SSL_CTX_new (DTLS_method ());
  if (self->context == NULL)
    return FALSE;
  SSL_CTX_set_verify (self->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
  SSL_CTX_set_options (self->context,
                       SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode (self->context, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_min_proto_version (self->context, DTLS1_2_VERSION)
         && SSL_CTX_set_cipher_list (self->context, CIPHERS)
         && SSL_CTX_set1_groups_list (self->context, "X25519:P-256")
         && SSL_CTX_use_certificate (self->context, self->certificate)
         && SSL_CTX_use_PrivateKey (self->context, self->key)
         && hub_dtls_identity_set_profiles (self, PROFILES);
}

HubDtlsIdentity *
hub_dtls_identity_new (GError **error)
{
  g_autoptr (HubDtlsIdentity) self = g_new0 (HubDtlsIdentity, 1);

  if (!make_certificate (self) || !make_context (self))
    {
      karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/certificate", NULL,
                       N_ ("No certificate could be made for the media: %s"),
                       ERR_reason_error_string (ERR_peek_last_error ()));
      ERR_clear_error ();
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
hub_dtls_identity_free (HubDtlsIdentity *self)
{
  g_clear_pointer (&self->context, SSL_CTX_free);
  g_clear_pointer (&self->certificate, X509_free);
  g_clear_pointer (&self->key, EVP_PKEY_free);
  g_free (self);
}

gboolean
hub_dtls_identity_set_profiles (HubDtlsIdentity *self, const char *profiles)
{
  /* 0 is success. */
  return SSL_CTX_set_tlsext_use_srtp (self->context, profiles) == 0;
}

const guint8 *
hub_dtls_identity_get_fingerprint (const HubDtlsIdentity *self)
{
  return self->fingerprint;
}

char *
hub_dtls_fingerprint_print (const guint8 *fingerprint)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < HUB_DTLS_FINGERPRINT_BYTES; i++)
    g_string_append_printf (text, "%s%02X", i > 0 ? ":" : "", fingerprint[i]);
  return g_string_free (text, FALSE);
}

gboolean
hub_dtls_fingerprint_parse (const char *text, guint8 *fingerprint)
{
  if (strlen (text) != HUB_DTLS_FINGERPRINT_BYTES * 3 - 1)
    return FALSE;
  for (guint i = 0; i < HUB_DTLS_FINGERPRINT_BYTES; i++)
    {
      int high = g_ascii_xdigit_value (text[3 * i]), low = g_ascii_xdigit_value (text[3 * i + 1]);

      if (high < 0 || low < 0 || (text[3 * i + 2] != ':' && text[3 * i + 2] != '\0'))
        return FALSE;
      fingerprint[i] = (guint8) (high << 4 | low);
    }
  return TRUE;
}

/* One connection. */

static unsigned int
next_timeout (SSL *ssl, unsigned int before)
{
  return before == 0 ? FIRST_TIMEOUT_US : MIN (before * 2, LAST_TIMEOUT_US);
}

HubDtls *
hub_dtls_new (const HubDtlsIdentity *identity, gboolean client, const guint8 *peer_fingerprint,
              HubDtlsSendFunc send, gpointer data)
{
  HubDtls *self = g_new0 (HubDtls, 1);
  BIO *bio = BIO_new (datagram_method ());

  self->ssl = SSL_new (identity->context);
  g_assert (self->ssl != NULL && bio != NULL);
  memcpy (self->peer_fingerprint, peer_fingerprint, sizeof self->peer_fingerprint);
  self->send = send;
  self->data = data;
  BIO_set_data (bio, self);
  BIO_set_init (bio, 1);
  SSL_set_bio (self->ssl, bio, bio);
  SSL_set_mtu (self->ssl, MTU);
  DTLS_set_timer_cb (self->ssl, next_timeout);
  if (client)
    SSL_set_connect_state (self->ssl);
  else
    SSL_set_accept_state (self->ssl);
  return self;
}

void
hub_dtls_free (HubDtls *self)
{
  SSL_free (self->ssl);
  g_free (self);
}

static void
fail (HubDtls *self, const char *why)
{
  self->state = HUB_DTLS_FAILED;
  self->failure = why;
}

static gboolean
is_expected (HubDtls *self)
{
  X509 *certificate = SSL_get1_peer_certificate (self->ssl);
  guint8 fingerprint[EVP_MAX_MD_SIZE];
  gboolean same = certificate != NULL && fingerprint_of (certificate, fingerprint)
                  && CRYPTO_memcmp (fingerprint, self->peer_fingerprint, HUB_DTLS_FINGERPRINT_BYTES)
                         == 0;

  g_clear_pointer (&certificate, X509_free);
  return same;
}

/* The handshake is over: are they who signalling said, and is there a profile for SRTP? */
static void
judge (HubDtls *self)
{
  if (!is_expected (self))
    {
      SSL_shutdown (self->ssl);
      fail (self, "fingerprint");
    }
  else if (SSL_get_selected_srtp_profile (self->ssl) == NULL)
    {
      SSL_shutdown (self->ssl);
      fail (self, "profile");
    }
  else
    self->state = HUB_DTLS_DONE;
}

/* After the handshake: data, or an alert. */
static void
drain (HubDtls *self)
{
  guint8 bytes[MAX_RECORD];
  int got;

  while ((got = SSL_read (self->ssl, bytes, sizeof bytes)) > 0)
    if (self->receive != NULL)
      self->receive (bytes, (gsize) got, self->data);
  if (SSL_get_shutdown (self->ssl) & SSL_RECEIVED_SHUTDOWN)
    fail (self, "closed");
}

static void
advance (HubDtls *self)
{
  int done;

  ERR_clear_error ();
  if (self->state == HUB_DTLS_DONE)
    {
      drain (self);
      return;
    }
  done = SSL_do_handshake (self->ssl);
  if (done == 1)
    {
      judge (self);
      return;
    }
  switch (SSL_get_error (self->ssl, done))
    {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    default:
      fail (self, "handshake");
      ERR_clear_error ();
    }
}

void
hub_dtls_set_receive (HubDtls *self, HubDtlsReceiveFunc receive)
{
  self->receive = receive;
}

void
hub_dtls_send (HubDtls *self, const guint8 *bytes, gsize length)
{
  if (self->state == HUB_DTLS_DONE && length <= MAX_DATA)
    SSL_write (self->ssl, bytes, (int) length);
}

void
hub_dtls_start (HubDtls *self)
{
  if (self->state == HUB_DTLS_HANDSHAKE)
    advance (self);
}

void
hub_dtls_take (HubDtls *self, const guint8 *datagram, gsize length)
{
  if (self->state == HUB_DTLS_FAILED)
    return;
  self->incoming = datagram;
  self->incoming_length = length;
  advance (self);
  self->incoming = NULL;
}

void
hub_dtls_tick (HubDtls *self)
{
  if (self->state != HUB_DTLS_HANDSHAKE)
    return;
  ERR_clear_error ();
  if (DTLSv1_handle_timeout (self->ssl) < 0)
    fail (self, "handshake");
}

void
hub_dtls_close (HubDtls *self)
{
  if (self->state == HUB_DTLS_DONE)
    SSL_shutdown (self->ssl);
  if (self->state != HUB_DTLS_FAILED)
    fail (self, "closed");
}

HubDtlsState
hub_dtls_get_state (const HubDtls *self)
{
  return self->state;
}

const char *
hub_dtls_get_failure (const HubDtls *self)
{
  return self->failure;
}

const char *
hub_dtls_get_profile (const HubDtls *self)
{
  /* OpenSSL knows it before the other side has proved who it is. */
  const SRTP_PROTECTION_PROFILE *profile = self->state == HUB_DTLS_HANDSHAKE
                                               ? NULL
                                               : SSL_get_selected_srtp_profile (self->ssl);

  return profile != NULL ? profile->name : NULL;
}

HubSrtp *
hub_dtls_make_srtp (HubDtls *self, GError **error)
{
  const char label[] = "EXTRACTOR-dtls_srtp";
  HubSrtpProfile profile;
  gsize key, salt;
  guint8 material[2 * HUB_SRTP_MAX_KEY], client[HUB_SRTP_MAX_KEY], server[HUB_SRTP_MAX_KEY];
  HubSrtp *srtp = NULL;

  g_return_val_if_fail (self->state == HUB_DTLS_DONE, NULL);
  profile = (HubSrtpProfile) SSL_get_selected_srtp_profile (self->ssl)->id;
  key = hub_srtp_key_bytes (profile);
  salt = hub_srtp_salt_bytes (profile);
  if (SSL_export_keying_material (self->ssl, material, 2 * (key + salt), label, strlen (label),
                                  NULL, 0, 0)
      != 1)
    {
      karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "rtc/keys", NULL,
                       N_ ("The media keys cannot be used: %s"), "OpenSSL");
      return NULL;
    }
  /* RFC 5764, 4.2: client's key, server's key, client's salt, server's salt. */
  memcpy (client, material, key);
  memcpy (server, material + key, key);
  memcpy (client + key, material + 2 * key, salt);
  memcpy (server + key, material + 2 * key + salt, salt);
  srtp = SSL_is_server (self->ssl) ? hub_srtp_new (profile, server, client, error)
                                   : hub_srtp_new (profile, client, server, error);
  explicit_bzero (material, sizeof material);
  explicit_bzero (client, sizeof client);
  explicit_bzero (server, sizeof server);
  return srtp;
}
