/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An authority of the hub's own, for hospitals that have none. */
#include "hub-web-authority.h"

#include "hub-file.h"
#include "hub-log.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <string.h>

#define MAX_FILE (64 * 1024)
#define DAY (24 * 3600)
#define ROOT_DAYS 3652
#define LEAF_DAYS 397
#define RENEW_DAYS 30
#define SERIAL_BYTES 16
#define KEY_ID_BYTES 20

/* A certificate and its key. */
typedef struct
{
  gnutls_x509_crt_t certificate;
  gnutls_x509_privkey_t key;
} Pair;

static void
pair_clear (Pair *pair)
{
  if (pair->certificate != NULL)
    gnutls_x509_crt_deinit (pair->certificate);
  if (pair->key != NULL)
    gnutls_x509_privkey_deinit (pair->key);
  *pair = (Pair){ NULL, NULL };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static gboolean
check (int code, GError **error)
{
  if (code >= 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "an authority of the hub's own: %s",
               gnutls_strerror (code));
  return FALSE;
}

static gboolean
read_pair (const char *path, Pair *pair)
{
  g_autoptr (GBytes) bytes = hub_file_read (path, MAX_FILE, NULL);
  gnutls_datum_t datum = { NULL, 0 };

  if (bytes == NULL)
    return FALSE;
  datum.data = (guint8 *) g_bytes_get_data (bytes, NULL);
  datum.size = (guint) g_bytes_get_size (bytes);
  return gnutls_x509_crt_init (&pair->certificate) == 0
         && gnutls_x509_crt_import (pair->certificate, &datum, GNUTLS_X509_FMT_PEM) == 0
         && gnutls_x509_privkey_init (&pair->key) == 0
         && gnutls_x509_privkey_import2 (pair->key, &datum, GNUTLS_X509_FMT_PEM, NULL,
                                         GNUTLS_PKCS_PLAIN)
                == 0;
}

static gboolean
write_pem (const char *path, const Pair *pair, guint mode, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GBytes) bytes = NULL;
  gnutls_datum_t pem = { NULL, 0 };
  gboolean done;

  if (pair->key != NULL
      && !check (gnutls_x509_privkey_export2_pkcs8 (pair->key, GNUTLS_X509_FMT_PEM, NULL,
                                                    GNUTLS_PKCS_PLAIN, &pem),
                 error))
    return FALSE;
  if (pem.data != NULL)
    g_string_append_len (text, (const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  if (!check (gnutls_x509_crt_export2 (pair->certificate, GNUTLS_X509_FMT_PEM, &pem), error))
    return FALSE;
  g_string_append_len (text, (const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  bytes = g_bytes_new (text->str, text->len);
  done = hub_file_write_durable (path, bytes, mode, error);
  sodium_memzero (text->str, text->len);
  return done;
}

/* "192.0.2.1" and "2001:db8::1" as the bytes of a certificate; 0 for a name. */
static gsize
address_bytes (const char *host, guint8 *bytes)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  gsize size = address != NULL ? g_inet_address_get_native_size (address) : 0;

  if (size > 0)
    memcpy (bytes, g_inet_address_to_bytes (address), size);
  return size;
}

static int
constrain (gnutls_x509_name_constraints_t names, gboolean permitted,
           gnutls_x509_subject_alt_name_t type, gconstpointer data, gsize size)
{
  const gnutls_datum_t datum = { (guint8 *) data, (guint) size };

  return permitted ? gnutls_x509_name_constraints_add_permitted (names, type, &datum)
                   : gnutls_x509_name_constraints_add_excluded (names, type, &datum);
}

/* Whoever trusts the root trusts the hub's own name by it, and no bank. */
static int
set_constraints (gnutls_x509_crt_t certificate, const char *host)
{
  static const guint8 everything[32] = { 0 };
  gnutls_x509_name_constraints_t names = NULL;
  guint8 range[32];
  gsize size = address_bytes (host, range);
  int code = gnutls_x509_name_constraints_init (&names);

  if (code >= 0 && size == 0)
    code = constrain (names, TRUE, GNUTLS_SAN_DNSNAME, host, strlen (host));
  else if (code >= 0)
    {
      memset (range + size, 0xff, size);
      code = constrain (names, TRUE, GNUTLS_SAN_IPADDRESS, range, 2 * size);
      if (code >= 0)
        code = constrain (names, TRUE, GNUTLS_SAN_DNSNAME, "invalid", strlen ("invalid"));
    }
  if (code >= 0 && size != 4)
    code = constrain (names, FALSE, GNUTLS_SAN_IPADDRESS, everything, 8);
  if (code >= 0 && size != 16)
    code = constrain (names, FALSE, GNUTLS_SAN_IPADDRESS, everything, 32);
  if (code >= 0)
    code = gnutls_x509_crt_set_name_constraints (certificate, names, TRUE);
  if (names != NULL)
    gnutls_x509_name_constraints_deinit (names);
  return code;
}

/* What every certificate has; its key is made. */
static int
begin (Pair *pair, const char *name, gint64 from, gint64 until)
{
  guint8 serial[SERIAL_BYTES], id[KEY_ID_BYTES];
  gsize size = sizeof id;
  int code;

  randombytes_buf (serial, sizeof serial);
  serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and of its whole length */
  if ((code = gnutls_x509_privkey_init (&pair->key)) < 0
      || (code = gnutls_x509_privkey_generate (
              pair->key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0))
             < 0
      || (code = gnutls_x509_privkey_get_key_id (pair->key, GNUTLS_KEYID_USE_SHA1, id, &size)) < 0
      || (code = gnutls_x509_crt_init (&pair->certificate)) < 0
      || (code = gnutls_x509_crt_set_version (pair->certificate, 3)) < 0
      || (code = gnutls_x509_crt_set_serial (pair->certificate, serial, sizeof serial)) < 0
      || (code = gnutls_x509_crt_set_activation_time (pair->certificate, from)) < 0
      || (code = gnutls_x509_crt_set_expiration_time (pair->certificate, until)) < 0
      || (code = gnutls_x509_crt_set_dn_by_oid (pair->certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
                                                name, (guint) MIN (strlen (name), 64)))
             < 0
      || (code = gnutls_x509_crt_set_subject_key_id (pair->certificate, id, size)) < 0)
    return code;
  return gnutls_x509_crt_set_key (pair->certificate, pair->key);
}

static int
make_root (Pair *root, const char *host, gint64 now)
{
  g_autofree char *name = g_strdup_printf ("Karez %s", host);
  int code;

  if ((code = begin (root, name, now - DAY, now + (gint64) ROOT_DAYS * DAY)) < 0
      || (code = gnutls_x509_crt_set_basic_constraints (root->certificate, 1, 0)) < 0
      || (code = gnutls_x509_crt_set_key_usage (root->certificate,
                                                GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN))
             < 0
      || (code = set_constraints (root->certificate, host)) < 0)
    return code;
  return gnutls_x509_crt_sign2 (root->certificate, root->certificate, root->key, GNUTLS_DIG_SHA256,
                                0);
}

static int
make_leaf (Pair *leaf, const Pair *root, const char *host, gint64 now)
{
  guint8 address[16], id[KEY_ID_BYTES];
  gsize size = address_bytes (host, address), id_size = sizeof id;
  gint64 end = MIN (now + (gint64) LEAF_DAYS * DAY,
                    (gint64) gnutls_x509_crt_get_expiration_time (root->certificate));
  int code;

  if ((code = begin (leaf, host, now - DAY, end)) < 0
      || (code = gnutls_x509_crt_set_basic_constraints (leaf->certificate, 0, -1)) < 0
      || (code = gnutls_x509_crt_set_key_usage (leaf->certificate, GNUTLS_KEY_DIGITAL_SIGNATURE))
             < 0
      || (code = gnutls_x509_crt_set_key_purpose_oid (leaf->certificate, GNUTLS_KP_TLS_WWW_SERVER,
                                                      0))
             < 0
      || (code = gnutls_x509_crt_set_subject_alt_name (
              leaf->certificate, size > 0 ? GNUTLS_SAN_IPADDRESS : GNUTLS_SAN_DNSNAME,
              size > 0 ? (gconstpointer) address : host, size > 0 ? (guint) size : strlen (host),
              GNUTLS_FSAN_SET))
             < 0
      || (code = gnutls_x509_privkey_get_key_id (root->key, GNUTLS_KEYID_USE_SHA1, id, &id_size))
             < 0
      || (code = gnutls_x509_crt_set_authority_key_id (leaf->certificate, id, id_size)) < 0)
    return code;
  return gnutls_x509_crt_sign2 (leaf->certificate, root->certificate, root->key, GNUTLS_DIG_SHA256,
                                0);
}

static gboolean
is_good_leaf (const Pair *leaf, const Pair *root, const char *host, gint64 now)
{
  guint status = 0;

  return gnutls_x509_crt_check_hostname (leaf->certificate, host)
         && gnutls_x509_crt_get_activation_time (leaf->certificate) <= now
         && gnutls_x509_crt_get_expiration_time (leaf->certificate)
                > now + (gint64) RENEW_DAYS * DAY
         && gnutls_x509_crt_verify (leaf->certificate, &root->certificate, 1,
                                    GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status)
                == 0
         && status == 0;
}

/* One that is there is never replaced, whatever this machine's clock says: it is in people's
 * phones.
 */
static gboolean
take_root (const char *directory, const char *host, gint64 now, Pair *root, GError **error)
{
  g_autofree char *path = g_build_filename (directory, HUB_WEB_AUTHORITY_KEY, NULL);
  gboolean there = g_file_test (path, G_FILE_TEST_EXISTS);

  if (there && !read_pair (path, root))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s is not the hub's authority; put it back from a copy, or move it away for a "
                   "new one, which PCs and phones have to be given",
                   path);
      return FALSE;
    }
  if (there)
    return TRUE;
  pair_clear (root);
  if (!check (make_root (root, host, now), error) || !write_pem (path, root, 0600, error))
    return FALSE;
  hub_warning ("web", NULL,
               "a new authority was made for %s: PCs and phones trust it once they are given the "
               "root that “karezctl certificate” prints",
               host);
  return TRUE;
}

gboolean
hub_web_authority_prepare (const char *directory, const char *host, gint64 now, GError **error)
{
  g_autofree char *public = g_build_filename (directory, HUB_WEB_AUTHORITY_ROOT, NULL);
  g_autofree char *path = g_build_filename (directory, HUB_WEB_AUTHORITY_CERTIFICATE, NULL);
  g_auto (Pair) root = { NULL, NULL };
  g_auto (Pair) leaf = { NULL, NULL };
  Pair shown = { NULL, NULL };

  if (!hub_file_make_directory (directory, 0711, error)
      || !take_root (directory, host, now, &root, error))
    return FALSE;
  if (read_pair (path, &leaf) && is_good_leaf (&leaf, &root, host, now)
      && g_file_test (public, G_FILE_TEST_EXISTS))
    return TRUE;
  shown.certificate = root.certificate;
  pair_clear (&leaf);
  return write_pem (public, &shown, 0644, error)
         && check (make_leaf (&leaf, &root, host, now), error)
         && write_pem (path, &leaf, 0600, error);
}
