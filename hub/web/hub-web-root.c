/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root of the hub's own authority, as PCs and phones are given it. */
#include "hub-web-root.h"

#include "hub-clock.h"
#include "hub-file-mark.h"
#include "hub-file.h"
#include "hub-web-authority.h"
#include "hub-web-pair.h"

#include <karez.h>
#include <qrencode.h>

#define MAX_FILE (64 * 1024)
#define HTTP_PORT 80
#define LOOK_SECONDS 1

struct _HubWebRootFile
{
  char *directory, *path;
  HubFileMark mark;
  HubWebRoot *root;
  GError *wrong; /* when there is none */
  guint timer;
};

static char *
make_fingerprint (GBytes *der)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, der);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; hash[i] != '\0'; i++)
    {
      if (i > 0 && i % 2 == 0)
        g_string_append_c (text, ':');
      g_string_append_c (text, g_ascii_toupper (hash[i]));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

HubWebRoot *
hub_web_root_load (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, HUB_WEB_AUTHORITY_ROOT, NULL);
  g_autoptr (GBytes) bytes = hub_file_read (path, MAX_FILE, error);
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GByteArray) der = NULL;
  g_autoptr (GDateTime) end = NULL;
  HubWebRoot *self;

  if (bytes != NULL)
    certificate = g_tls_certificate_new_from_pem (g_bytes_get_data (bytes, NULL),
                                                  (gssize) g_bytes_get_size (bytes), error);
  if (certificate == NULL)
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  self = g_new0 (HubWebRoot, 1);
  g_object_get (certificate, "certificate-pem", &self->pem, "certificate", &der, NULL);
  self->der = g_byte_array_free_to_bytes (g_steal_pointer (&der));
  self->sha256 = make_fingerprint (self->der);
  end = g_tls_certificate_get_not_valid_after (certificate);
  self->expires = end != NULL ? g_date_time_to_unix (end) * G_USEC_PER_SEC : 0;
  return self;
}

void
hub_web_root_free (HubWebRoot *self)
{
  g_free (self->pem);
  g_free (self->sha256);
  g_bytes_unref (self->der);
  g_free (self);
}

static void
read_root (HubWebRootFile *self)
{
  g_clear_pointer (&self->root, hub_web_root_free);
  g_clear_error (&self->wrong);
  self->root = hub_web_root_load (self->directory, &self->wrong);
}

void
hub_web_root_file_look (HubWebRootFile *self)
{
  HubFileMark mark = hub_file_mark_take (self->path);

  if (hub_file_mark_equal (&mark, &self->mark))
    return;
  self->mark = mark;
  read_root (self);
}

static gboolean
on_time (gpointer data)
{
  hub_web_root_file_look (data);
  return G_SOURCE_CONTINUE;
}

HubWebRootFile *
hub_web_root_file_new (const char *directory)
{
  HubWebRootFile *self = g_new0 (HubWebRootFile, 1);

  self->directory = g_strdup (directory);
  self->path = g_build_filename (directory, HUB_WEB_AUTHORITY_ROOT, NULL);
  self->mark = hub_file_mark_take (self->path);
  read_root (self);
  self->timer = g_timeout_add_seconds (LOOK_SECONDS, on_time, self);
  return self;
}

void
hub_web_root_file_free (HubWebRootFile *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->root, hub_web_root_free);
  g_clear_error (&self->wrong);
  g_free (self->directory);
  g_free (self->path);
  g_free (self);
}

const HubWebRoot *
hub_web_root_file_get (HubWebRootFile *self, GError **error)
{
  if (self->root == NULL && error != NULL)
    *error = g_error_copy (self->wrong);
  return self->root;
}

char *
hub_web_root_make_address (const char *origin, guint16 redirect_port)
{
  g_autofree char *host = NULL;

  if (redirect_port == 0)
    return g_strconcat (origin, HUB_WEB_ROOT_PATH, NULL);
  host = hub_web_pair_host_of (origin);
  return g_uri_join (G_URI_FLAGS_NONE, "http", NULL, host,
                     redirect_port != HTTP_PORT ? redirect_port : -1, HUB_WEB_ROOT_PATH, NULL,
                     NULL);
}

/* Returns: (transfer full): no row when it is too long for any code */
static JsonNode *
make_rows (const char *text)
{
  QRcode *code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_M);
  JsonArray *rows = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  int width = code != NULL ? code->width : 0;

  for (int y = 0; y < width; y++)
    {
      g_autofree char *row = g_malloc0 ((gsize) width + 1);

      /* The lowest bit of a module is its colour. */
      for (int x = 0; x < width; x++)
        row[x] = (code->data[y * width + x] & 1) != 0 ? '1' : '0';
      json_array_add_string_element (rows, row);
    }
  g_clear_pointer (&code, QRcode_free);
  json_node_take_array (node, rows);
  return node;
}

JsonNode *
hub_web_root_describe (const HubWebRoot *self, const char *address)
{
  g_autofree char *expires = hub_time_format (self->expires);

  return karez_json_object ("sha256", "s", self->sha256, "expires_at", "s", expires, "address", "s",
                            address, "qr", "n", make_rows (address), NULL);
}
