/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A certificate and its key, read and judged. */
#include "hub-web-pair.h"

#include "hub-clock.h"
#include "hub-file.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define MAX_FILE (1024 * 1024)
#define MAX_CHAIN 16

typedef struct
{
  gnutls_x509_crt_t chain[MAX_CHAIN];
  guint n;
  gnutls_x509_privkey_t key;
} Parts;

static void
parts_clear (Parts *parts)
{
  for (guint i = 0; i < parts->n; i++)
    gnutls_x509_crt_deinit (parts->chain[i]);
  if (parts->key != NULL)
    gnutls_x509_privkey_deinit (parts->key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

static GBytes *
read_file (const char *path, int *code)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  errno = 0;
  bytes = hub_file_read (path, MAX_FILE, &error);
  if (bytes == NULL)
    *code = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) ? EACCES : ENOENT;
  return bytes;
}

static gnutls_datum_t
datum_of (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return (gnutls_datum_t){ (guint8 *) data, (guint) size };
}

static gboolean
import_certificate (Parts *parts, GBytes *bytes)
{
  gnutls_datum_t datum = datum_of (bytes);
  guint n = MAX_CHAIN;

  if (gnutls_x509_crt_list_import (parts->chain, &n, &datum, GNUTLS_X509_FMT_PEM,
                                   GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED
                                       | GNUTLS_X509_CRT_LIST_SORT)
      < 0)
    return FALSE;
  parts->n = n;
  return n > 0;
}

static gboolean
import_key (Parts *parts, GBytes *bytes)
{
  gnutls_datum_t datum = datum_of (bytes);

  return gnutls_x509_privkey_init (&parts->key) == 0
         && gnutls_x509_privkey_import2 (parts->key, &datum, GNUTLS_X509_FMT_PEM, NULL,
                                         GNUTLS_PKCS_PLAIN)
                == 0;
}

static gboolean
belong_together (Parts *parts)
{
  guint8 one[64], other[64];
  gsize one_size = sizeof one, other_size = sizeof other;

  return gnutls_x509_crt_get_key_id (parts->chain[0], GNUTLS_KEYID_USE_SHA256, one, &one_size) == 0
         && gnutls_x509_privkey_get_key_id (parts->key, GNUTLS_KEYID_USE_SHA256, other, &other_size)
                == 0
         && one_size == other_size && memcmp (one, other, one_size) == 0;
}

/* What browsers will say of one that can be used. */
static HubWebPairFault
judge (gnutls_x509_crt_t certificate, const char *host)
{
  gint64 now = hub_clock_now () / G_USEC_PER_SEC;

  if (!gnutls_x509_crt_check_hostname (certificate, host))
    return HUB_WEB_PAIR_OTHER_NAME;
  if (gnutls_x509_crt_get_activation_time (certificate) > now)
    return HUB_WEB_PAIR_EARLY;
  if (gnutls_x509_crt_get_expiration_time (certificate) <= now)
    return HUB_WEB_PAIR_EXPIRED;
  return HUB_WEB_PAIR_GOOD;
}

static void
append (GString *text, gnutls_datum_t *pem)
{
  g_string_append_len (text, (const char *) pem->data, pem->size);
  gnutls_free (pem->data);
}

/* What was judged, in the one form that GIO reads: either file may hold more than it is named for.
 */
static GTlsCertificate *
make_tls (Parts *parts)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gnutls_datum_t pem = { NULL, 0 };
  GTlsCertificate *tls;

  if (gnutls_x509_privkey_export2_pkcs8 (parts->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                         &pem)
      < 0)
    return NULL;
  append (text, &pem);
  for (guint i = 0; i < parts->n; i++)
    if (gnutls_x509_crt_export2 (parts->chain[i], GNUTLS_X509_FMT_PEM, &pem) == 0)
      append (text, &pem);
  tls = g_tls_certificate_new_from_pem (text->str, text->len, NULL);
  explicit_bzero (text->str, text->len);
  return tls;
}

static HubWebPairFault
look (HubWebPair *self, GBytes *certificate, GBytes *key, const char *host)
{
  g_auto (Parts) parts = { 0 };

  if (!import_certificate (&parts, certificate))
    return HUB_WEB_PAIR_NOT_CERTIFICATE;
  if (!import_key (&parts, key))
    return HUB_WEB_PAIR_NOT_KEY;
  if (!belong_together (&parts))
    return HUB_WEB_PAIR_OTHER_KEY;
  self->tls = make_tls (&parts);
  if (self->tls == NULL)
    return HUB_WEB_PAIR_NOT_KEY;
  self->expires = (gint64) gnutls_x509_crt_get_expiration_time (parts.chain[0]) * G_USEC_PER_SEC;
  return judge (parts.chain[0], host);
}

HubWebPair *
hub_web_pair_load (const char *certificate, const char *key, const char *host)
{
  HubWebPair *self = g_new0 (HubWebPair, 1);
  g_autoptr (GBytes) certificate_bytes = read_file (certificate, &self->code);
  g_autoptr (GBytes) key_bytes = NULL;

  if (certificate_bytes != NULL)
    key_bytes = read_file (key, &self->code);
  if (certificate_bytes == NULL)
    self->fault = HUB_WEB_PAIR_NO_CERTIFICATE;
  else if (key_bytes == NULL)
    self->fault = HUB_WEB_PAIR_NO_KEY;
  else
    self->fault = look (self, certificate_bytes, key_bytes, host);
  return self;
}

void
hub_web_pair_free (HubWebPair *self)
{
  g_clear_object (&self->tls);
  g_free (self);
}

const char *
hub_web_pair_fault_name (HubWebPairFault fault)
{
  static const char *const names[] = {
    "good",      "expired",           "not-yet", "other-name",    "other-key",
    "not-a-key", "not-a-certificate", "no-key",  "no-certificate"
  };

  g_return_val_if_fail (fault < G_N_ELEMENTS (names), "");
  return names[fault];
}

char *
hub_web_pair_host_of (const char *origin)
{
  g_autoptr (GUri) uri = g_uri_parse (origin, G_URI_FLAGS_NONE, NULL);

  return g_strdup (uri != NULL && g_uri_get_host (uri) != NULL ? g_uri_get_host (uri) : "");
}
