/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256, hexadecimal, random bytes, comparison in constant time. */
#include "hub-hash.h"

#include <sodium.h>
#include <string.h>

static void
ensure_sodium (void)
{
  static gsize ready;

  if (g_once_init_enter (&ready))
    {
      if (sodium_init () < 0)
        g_error ("libsodium cannot start");
      g_once_init_leave (&ready, 1);
    }
}

char *
hub_hash_hex (gconstpointer data, gsize size)
{
  guint8 digest[crypto_hash_sha256_BYTES];

  ensure_sodium ();
  crypto_hash_sha256 (digest, data, size);
  return hub_hex (digest, sizeof digest);
}

char *
hub_hash_bytes (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return hub_hash_hex (data, size);
}

char *
hub_hex (const guint8 *data, gsize size)
{
  char *text = g_malloc (size * 2 + 1);

  return sodium_bin2hex (text, size * 2 + 1, data, size);
}

GBytes *
hub_unhex (const char *text)
{
  gsize length = strlen (text), size;
  g_autofree guint8 *data = g_malloc (length / 2 + 1);

  if (length % 2 != 0 || sodium_hex2bin (data, length / 2, text, length, NULL, &size, NULL) != 0
      || size != length / 2)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

#define BASE64URL sodium_base64_VARIANT_URLSAFE_NO_PADDING

char *
hub_base64url (const guint8 *data, gsize size)
{
  gsize length = sodium_base64_encoded_len (size, BASE64URL);
  char *text = g_malloc (length);

  return sodium_bin2base64 (text, length, data, size, BASE64URL);
}

GBytes *
hub_unbase64url (const char *text)
{
  gsize length = strlen (text), size;
  g_autofree guint8 *data = g_malloc (length + 1);

  if (sodium_base642bin (data, length + 1, text, length, NULL, &size, NULL, BASE64URL) != 0)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

void
hub_random (gpointer data, gsize size)
{
  ensure_sodium ();
  randombytes_buf (data, size);
}

gboolean
hub_equal_secret (const char *a, const char *b)
{
  gsize length = strlen (a);

  return length == strlen (b) && sodium_memcmp (a, b, length) == 0;
}
