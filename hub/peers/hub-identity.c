/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's id, key and self-signed certificate. */
#include "hub-identity.h"

#include "hub-catalogue.h"
#include "hub-file.h"
#include "hub-hash.h"
#include "hub-id.h"
#include "hub-log.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_FILE (64 * 1024)
#define SIGNATURE_PREFIX "karez signature v1"

struct _HubIdentity
{
  GObject parent_instance;
  char *id;
  char *key_hash;
  GBytes *key;
  GTlsCertificate *certificate;
  gnutls_privkey_t private_key;
};

G_DEFINE_FINAL_TYPE (HubIdentity, hub_identity, G_TYPE_OBJECT)

static void
hub_identity_finalize (GObject *object)
{
  HubIdentity *self = HUB_IDENTITY (object);

  g_free (self->id);
  g_free (self->key_hash);
  g_clear_pointer (&self->key, g_bytes_unref);
  g_clear_object (&self->certificate);
  if (self->private_key != NULL)
    gnutls_privkey_deinit (self->private_key);
  G_OBJECT_CLASS (hub_identity_parent_class)->finalize (object);
}

static void
hub_identity_class_init (HubIdentityClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_identity_finalize;
}

static void
hub_identity_init (HubIdentity *self)
{
}

static gboolean
fail_gnutls (GError **error, int code)
{
  return karez_error_set (error, KAREZ_ERROR_FAILED, "peers/identity", NULL,
                          N_ ("The hub's key could not be used: %s"), gnutls_strerror (code));
}

/* Fills a new certificate that nobody but the pins of peers vouches for. */
static int
fill_certificate (gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const char *id)
{
  guint8 serial[16];
  int code;

  hub_random (serial, sizeof serial);
  serial[0] &= 0x7f; /* a serial number is positive */
  serial[0] |= 0x01;
  if ((code = gnutls_x509_crt_set_version (certificate, 3)) < 0
      || (code = gnutls_x509_crt_set_serial (certificate, serial, sizeof serial)) < 0
      || (code = gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 24 * 3600)) < 0
      || (code = gnutls_x509_crt_set_expiration_time (certificate,
                                                      GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION))
             < 0
      || (code = gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, id,
                                                strlen (id)))
             < 0
      || (code = gnutls_x509_crt_set_key (certificate, key)) < 0)
    return code;
  return gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA512, 0);
}

/* Makes a new identity as the text of its file. */
static GBytes *
make_file (const char *wanted, GError **error)
{
  gnutls_x509_privkey_t key = NULL;
  gnutls_x509_crt_t certificate = NULL;
  gnutls_datum_t key_pem = { NULL, 0 }, certificate_pem = { NULL, 0 };
  g_autofree char *id = wanted != NULL ? g_strdup (wanted) : hub_id_new ();
  GBytes *file = NULL;
  int code;

  if ((code = gnutls_x509_privkey_init (&key)) == 0
      && (code = gnutls_x509_privkey_generate (key, GNUTLS_PK_EDDSA_ED25519, 256, 0)) == 0
      && (code = gnutls_x509_crt_init (&certificate)) == 0
      && (code = fill_certificate (certificate, key, id)) == 0
      && (code = gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL,
                                                    GNUTLS_PKCS_PLAIN, &key_pem))
             == 0
      && (code = gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &certificate_pem)) == 0)
    {
      GByteArray *text = g_byte_array_new ();

      g_byte_array_append (text, key_pem.data, key_pem.size);
      g_byte_array_append (text, certificate_pem.data, certificate_pem.size);
      file = g_byte_array_free_to_bytes (text);
    }
  else
    fail_gnutls (error, code);

  gnutls_free (key_pem.data);
  gnutls_free (certificate_pem.data);
  if (certificate != NULL)
    gnutls_x509_crt_deinit (certificate);
  if (key != NULL)
    gnutls_x509_privkey_deinit (key);
  return file;
}

static gnutls_x509_crt_t
import_certificate (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;
  gnutls_x509_crt_t imported = NULL;
  gnutls_datum_t datum;

  g_object_get (certificate, "certificate", &der, NULL);
  if (der == NULL || gnutls_x509_crt_init (&imported) != 0)
    return NULL;
  datum.data = der->data;
  datum.size = der->len;
  if (gnutls_x509_crt_import (imported, &datum, GNUTLS_X509_FMT_DER) != 0)
    {
      gnutls_x509_crt_deinit (imported);
      return NULL;
    }
  return imported;
}

/* The SubjectPublicKeyInfo of a certificate, DER. */
static GBytes *
export_key (gnutls_x509_crt_t certificate)
{
  gnutls_pubkey_t key = NULL;
  gnutls_datum_t der = { NULL, 0 };
  GBytes *bytes = NULL;

  if (gnutls_pubkey_init (&key) != 0)
    return NULL;
  if (gnutls_pubkey_import_x509 (key, certificate, 0) == 0
      && gnutls_pubkey_export2 (key, GNUTLS_X509_FMT_DER, &der) == 0)
    bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  gnutls_pubkey_deinit (key);
  return bytes;
}

char *
hub_identity_hash_certificate (GTlsCertificate *certificate)
{
  gnutls_x509_crt_t imported = import_certificate (certificate);
  g_autoptr (GBytes) key = NULL;

  if (imported == NULL)
    return NULL;
  key = export_key (imported);
  gnutls_x509_crt_deinit (imported);
  return key != NULL ? hub_hash_bytes (key) : NULL;
}

/* Reads id and public key out of the certificate. */
static gboolean
read_certificate (HubIdentity *self)
{
  gnutls_x509_crt_t imported = import_certificate (self->certificate);
  char name[64];
  size_t size = sizeof name;

  if (imported == NULL)
    return FALSE;
  if (gnutls_x509_crt_get_dn_by_oid (imported, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size) == 0
      && hub_id_is_valid (name))
    self->id = g_strdup (name);
  self->key = export_key (imported);
  gnutls_x509_crt_deinit (imported);
  if (self->key != NULL)
    self->key_hash = hub_hash_bytes (self->key);
  return self->id != NULL && self->key_hash != NULL;
}

static gboolean
read_private_key (HubIdentity *self, GBytes *file)
{
  gnutls_datum_t datum;
  gsize size;

  datum.data = (unsigned char *) g_bytes_get_data (file, &size);
  datum.size = size;
  return gnutls_privkey_init (&self->private_key) == 0
         && gnutls_privkey_import_x509_raw (self->private_key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0)
                == 0
         && gnutls_privkey_get_pk_algorithm (self->private_key, NULL) == GNUTLS_PK_EDDSA_ED25519;
}

static GBytes *
read_or_make_file (const char *path, const char *id, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) file = hub_file_read (path, MAX_FILE, &local);
  struct stat status;

  if (file == NULL && g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      file = make_file (id, error);
      if (file == NULL || !hub_file_write_durable (path, file, 0600, error))
        return NULL;
      hub_notice ("peers", NULL, "A new identity was made in %s.", path);
      return g_steal_pointer (&file);
    }
  if (file == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  if (stat (path, &status) == 0 && (status.st_mode & 077) != 0)
    {
      karez_error_set (error, KAREZ_ERROR_FAILED, "peers/identity",
                       N_ ("A file that only the hub's user can read (chmod 600)"),
                       N_ ("Others can read the hub's private key in %s"), path);
      return NULL;
    }
  return g_steal_pointer (&file);
}

HubIdentity *
hub_identity_open (const char *state_dir, const char *id, GError **error)
{
  g_autoptr (HubIdentity) self = g_object_new (HUB_TYPE_IDENTITY, NULL);
  g_autofree char *path = g_build_filename (state_dir, "identity.pem", NULL);
  g_autoptr (GBytes) file = NULL;
  const char *text;
  gsize size;

  if (id != NULL && !hub_id_is_valid (id))
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "peers/identity", N_ ("A UUID in lower case"),
                       N_ ("This is not the id of a hub: %s"), id);
      return NULL;
    }
  if (g_strcmp0 (g_getenv ("G_TLS_GNUTLS_PRIORITY"), HUB_IDENTITY_PRIORITY) != 0)
    g_setenv ("G_TLS_GNUTLS_PRIORITY", HUB_IDENTITY_PRIORITY, TRUE);
  file = read_or_make_file (path, id, error);
  if (file == NULL)
    return NULL;
  text = g_bytes_get_data (file, &size);
  self->certificate = g_tls_certificate_new_from_pem (text, size, NULL);
  if (self->certificate == NULL || !read_certificate (self) || !read_private_key (self, file))
    {
      karez_error_set (error, KAREZ_ERROR_FAILED, "peers/identity",
                       N_ ("The file as the hub wrote it, from a backup"),
                       N_ ("%s does not hold the hub's key and certificate"), path);
      return NULL;
    }
  if (id != NULL && strcmp (id, self->id) != 0)
    {
      karez_error_set (error, KAREZ_ERROR_FAILED, "peers/identity",
                       N_ ("The id that the identity was made with, or none"),
                       N_ ("%s holds the identity of hub %s, and the configuration names %s"), path,
                       self->id, id);
      return NULL;
    }
  return g_steal_pointer (&self);
}

const char *
hub_identity_get_id (HubIdentity *self)
{
  g_return_val_if_fail (HUB_IS_IDENTITY (self), NULL);

  return self->id;
}

GTlsCertificate *
hub_identity_get_certificate (HubIdentity *self)
{
  g_return_val_if_fail (HUB_IS_IDENTITY (self), NULL);

  return self->certificate;
}

const char *
hub_identity_get_key_hash (HubIdentity *self)
{
  g_return_val_if_fail (HUB_IS_IDENTITY (self), NULL);

  return self->key_hash;
}

/* What is really signed: the prefix with its final zero, then the text. */
static GByteArray *
prefix_text (const char *text)
{
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) SIGNATURE_PREFIX, sizeof SIGNATURE_PREFIX);
  g_byte_array_append (bytes, (const guint8 *) text, strlen (text));
  return bytes;
}

JsonNode *
hub_identity_sign (HubIdentity *self, const char *text, GError **error)
{
  g_autoptr (GByteArray) bytes = NULL;
  g_autofree char *key = NULL, *value = NULL;
  gnutls_datum_t input, signature = { NULL, 0 };
  int code;

  g_return_val_if_fail (HUB_IS_IDENTITY (self) && text != NULL, NULL);

  bytes = prefix_text (text);
  input.data = bytes->data;
  input.size = bytes->len;
  code = gnutls_privkey_sign_data2 (self->private_key, GNUTLS_SIGN_EDDSA_ED25519, 0, &input,
                                    &signature);
  if (code != 0)
    {
      fail_gnutls (error, code);
      return NULL;
    }
  key = hub_base64url (g_bytes_get_data (self->key, NULL), g_bytes_get_size (self->key));
  value = hub_base64url (signature.data, signature.size);
  gnutls_free (signature.data);
  return karez_json_object ("key", "s", key, "value", "s", value, NULL);
}

static const KarezJsonField signature_fields[] = {
  { "key", KAREZ_JSON_TEXT, TRUE, 1, 256 },
  { "value", KAREZ_JSON_TEXT, TRUE, 1, 256 },
  { NULL },
};

static gboolean
fits (GBytes *key, const char *text, GBytes *value)
{
  g_autoptr (GByteArray) bytes = prefix_text (text);
  gnutls_pubkey_t public_key = NULL;
  gnutls_datum_t input = { bytes->data, bytes->len };
  gnutls_datum_t der = { (unsigned char *) g_bytes_get_data (key, NULL), g_bytes_get_size (key) };
  gnutls_datum_t mark = { (unsigned char *) g_bytes_get_data (value, NULL),
                          g_bytes_get_size (value) };
  gboolean good;

  if (gnutls_pubkey_init (&public_key) != 0)
    return FALSE;
  good = gnutls_pubkey_import (public_key, &der, GNUTLS_X509_FMT_DER) == 0
         && gnutls_pubkey_get_pk_algorithm (public_key, NULL) == GNUTLS_PK_EDDSA_ED25519
         && gnutls_pubkey_verify_data2 (public_key, GNUTLS_SIGN_EDDSA_ED25519, 0, &input, &mark)
                >= 0;
  gnutls_pubkey_deinit (public_key);
  return good;
}

gboolean
hub_identity_verify (const char *key_hash, const char *text, JsonNode *signature, GError **error)
{
  JsonObject *object = karez_json_check (signature, signature_fields, error);
  g_autoptr (GBytes) key = NULL, value = NULL;
  g_autofree char *hash = NULL;

  g_return_val_if_fail (key_hash != NULL && text != NULL, FALSE);

  if (object == NULL)
    return FALSE;
  key = hub_unbase64url (karez_json_text (object, "key"));
  value = hub_unbase64url (karez_json_text (object, "value"));
  hash = key != NULL ? hub_hash_bytes (key) : NULL;
  if (g_strcmp0 (hash, key_hash) != 0)
    return karez_error_set (
        error, KAREZ_ERROR_DENIED, "peers/other-key",
        N_ ("A signature by the key that was compared when the hubs were paired"),
        N_ ("The signature comes from another key"));
  if (value == NULL || !fits (key, text, value))
    return karez_error_set (error, KAREZ_ERROR_DENIED, "peers/signature",
                            N_ ("The bytes as they were signed"),
                            N_ ("The signature does not fit"));
  return TRUE;
}

gboolean
hub_identity_check_priority (GError **error)
{
  gnutls_priority_t priority = NULL;
  const unsigned int *versions = NULL;
  const char *mistake = NULL;
  gboolean only = FALSE;
  int n;

  if (g_strcmp0 (g_getenv ("G_TLS_GNUTLS_PRIORITY"), HUB_IDENTITY_PRIORITY) == 0
      && gnutls_priority_init (&priority, HUB_IDENTITY_PRIORITY, &mistake) == 0)
    {
      n = gnutls_priority_protocol_list (priority, &versions);
      only = n == 2 && versions[0] == GNUTLS_TLS1_3 && versions[1] == GNUTLS_TLS1_2;
    }
  if (priority != NULL)
    gnutls_priority_deinit (priority);
  if (!only)
    return karez_error_set (error, KAREZ_ERROR_FAILED, "peers/tls-version", NULL,
                            N_ ("TLS cannot be limited to versions 1.2 and 1.3 here: %s"),
                            mistake != NULL ? mistake : HUB_IDENTITY_PRIORITY);
  return TRUE;
}
