/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The desk's files, with their caching and Content-Security-Policy. */
#include "hub-web-static.h"

#include "hub-log.h"
#include "hub-web-range.h"

typedef struct
{
  GBytes *bytes, *gzip;
  char *etag, *gzip_etag;
  const char *media_type;
  gboolean immutable;
} File;

struct _HubWebStatic
{
  GHashTable *files; /* path → File */
  HubWebOrigins *origins;
  GString *inline_scripts; /* sources of script-src, each begun by a blank */
  char *policy;
};

static const struct
{
  const char *ending, *media_type;
} media_types[] = {
  { ".html", "text/html; charset=utf-8" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".css", "text/css; charset=utf-8" },
  { ".json", "application/json" },
  { ".svg", "image/svg+xml" },
  { ".png", "image/png" },
  { ".ico", "image/x-icon" },
  { ".woff2", "font/woff2" },
  { ".webmanifest", "application/manifest+json" },
  { ".wasm", "application/wasm" },
  { ".txt", "text/plain; charset=utf-8" },
  { ".map", "application/json" },
};

static void
file_free (File *file)
{
  g_bytes_unref (file->bytes);
  g_clear_pointer (&file->gzip, g_bytes_unref);
  g_free (file->etag);
  g_free (file->gzip_etag);
  g_free (file);
}

void
hub_web_static_write_policy (HubWebStatic *self)
{
  g_autofree char *sockets = hub_web_origins_list_sockets (self->origins);

  g_free (self->policy);
  /* 'self' covers the WebSocket only in newer browsers, so it is named. */
  self->policy = g_strdup_printf (
      "default-src 'none'; script-src 'self'%s; style-src 'self'; img-src 'self' data:; "
      "font-src 'self'; connect-src 'self'%s; frame-ancestors 'none'; base-uri 'none'; "
      "form-action 'self'; require-trusted-types-for 'script'; trusted-types lit-html",
      self->inline_scripts->str, sockets);
}

HubWebStatic *
hub_web_static_new (HubWebOrigins *origins)
{
  HubWebStatic *self = g_new0 (HubWebStatic, 1);

  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) file_free);
  self->origins = origins;
  self->inline_scripts = g_string_new (NULL);
  hub_web_static_write_policy (self);
  return self;
}

void
hub_web_static_free (HubWebStatic *self)
{
  g_hash_table_unref (self->files);
  g_string_free (self->inline_scripts, TRUE);
  g_free (self->policy);
  g_free (self);
}

static const char *
media_type_of (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (media_types); i++)
    if (g_str_has_suffix (path, media_types[i].ending))
      return media_types[i].media_type;
  return "application/octet-stream";
}

static char *
etag_of (GBytes *bytes)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);

  return g_strdup_printf ("\"%.32s\"", hash);
}

/* The page's import map is the one script that stands in it: browsers take no other place for it.
 */
static void
allow_import_map (HubWebStatic *self, GBytes *page)
{
  static const char begin[] = "<script type=\"importmap\">", end[] = "</script>";
  g_autofree char *text = g_strndup (g_bytes_get_data (page, NULL), g_bytes_get_size (page));
  const char *map = strstr (text, begin);
  const char *over = map != NULL ? strstr (map, end) : NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *hash = NULL;
  guint8 digest[32];
  gsize length = sizeof digest;

  if (over == NULL)
    return;
  map += strlen (begin);
  g_checksum_update (checksum, (const guchar *) map, over - map);
  g_checksum_get_digest (checksum, digest, &length);
  hash = g_base64_encode (digest, length);
  g_string_append_printf (self->inline_scripts, " 'sha256-%s'", hash);
  hub_web_static_write_policy (self);
}

/* What is served compressed where nothing compressed stands beside it; NULL if it gets no smaller.
 */
static GBytes *
compress (GBytes *bytes, const char *media_type)
{
  g_autoptr (GConverter) compressor = NULL;
  g_autoptr (GInputStream) plain = NULL, converted = NULL;
  g_autoptr (GOutputStream) packed = NULL;
  g_autoptr (GBytes) result = NULL;

  if (!g_str_has_prefix (media_type, "text/") && !g_str_has_prefix (media_type, "image/svg")
      && !g_str_has_prefix (media_type, "application/json"))
    return NULL;
  compressor = G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9));
  plain = g_memory_input_stream_new_from_bytes (bytes);
  converted = g_converter_input_stream_new (plain, compressor);
  packed = g_memory_output_stream_new_resizable ();
  /* nocheck:blocked -- memory to memory, once at the start */
  if (g_output_stream_splice (packed, converted, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, NULL)
      < 0)
    return NULL;
  result = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (packed));
  return g_bytes_get_size (result) < g_bytes_get_size (bytes) ? g_steal_pointer (&result) : NULL;
}

/* @bytes: (transfer full) @gzip: (transfer full) (nullable) */
static void
take_file (HubWebStatic *self, const char *url, GBytes *bytes, GBytes *gzip, gboolean hashed)
{
  File *file = g_new0 (File, 1);

  file->bytes = bytes;
  file->gzip = gzip;
  file->media_type = media_type_of (url);
  if (file->gzip == NULL && hashed)
    file->gzip = compress (file->bytes, file->media_type);
  file->etag = etag_of (file->bytes);
  file->gzip_etag = file->gzip != NULL ? etag_of (file->gzip) : NULL;
  file->immutable = hashed
                    || g_regex_match_simple ("/assets/.*[-.][0-9A-Z]{8}\\.[a-z0-9]+$", url, 0, 0);
  if (g_str_has_suffix (url, ".html"))
    allow_import_map (self, file->bytes);
  g_hash_table_insert (self->files, g_strdup (url), file);
}

static void
add_file (HubWebStatic *self, const char *url, const char *resource, gboolean hashed)
{
  g_autofree char *gzip_name = g_strconcat (resource, ".gz", NULL);

  take_file (self, url, g_resources_lookup_data (resource, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL),
             g_resources_lookup_data (gzip_name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL), hashed);
}

/* @hashed: @mount says what the files are, so that they never change */
static guint
add_folder (HubWebStatic *self, const char *mount, const char *prefix, gboolean hashed)
{
  g_auto (GStrv)
      children = g_resources_enumerate_children (prefix, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  guint n = 0;

  /* A plugin need not have any. */
  if (children == NULL)
    return 0;
  for (guint i = 0; children[i] != NULL; i++)
    {
      g_autofree char *url = g_strconcat (mount, children[i], NULL);
      g_autofree char *resource = g_strconcat (prefix, children[i], NULL);

      if (g_str_has_suffix (children[i], "/"))
        n += add_folder (self, url, resource, hashed);
      else if (!g_str_has_suffix (children[i], ".gz"))
        {
          add_file (self, url, resource, hashed);
          n++;
        }
    }
  return n;
}

guint
hub_web_static_add (HubWebStatic *self, const char *mount, const char *prefix)
{
  return add_folder (self, mount, prefix, FALSE);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Contents of everything below @prefix, and its names from the byte @root on. */
static void
sum_up (GChecksum *checksum, const char *prefix, gsize root)
{
  g_auto (GStrv)
      children = g_resources_enumerate_children (prefix, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  if (children == NULL)
    return;
  qsort (children, g_strv_length (children), sizeof *children, compare_names);
  for (guint i = 0; children[i] != NULL; i++)
    {
      g_autofree char *resource = g_strconcat (prefix, children[i], NULL);
      g_autoptr (GBytes)
          bytes = g_resources_lookup_data (resource, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

      g_checksum_update (checksum, (const guchar *) resource + root, strlen (resource + root) + 1);
      if (bytes == NULL)
        sum_up (checksum, resource, root);
      else
        {
          g_autofree char *own = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);

          g_checksum_update (checksum, (const guchar *) own, -1);
        }
    }
}

char *
hub_web_static_add_plugin (HubWebStatic *self, const char *plugin)
{
  g_autofree char *prefix = g_strdup_printf ("/org/karez/plugins/%s/web/", plugin);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *mount = NULL;

  sum_up (checksum, prefix, strlen (prefix));
  mount = g_strdup_printf ("/x/%s/%.16s/", plugin, g_checksum_get_string (checksum));
  add_folder (self, mount, prefix, TRUE);
  return g_steal_pointer (&mount);
}

char *
hub_web_static_add_words (HubWebStatic *self, const char *plugin, const char *language,
                          GBytes *bytes)
{
  g_autofree char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  char *url = g_strdup_printf ("/x/%s/%.16s/po/%s.json", plugin, hash, language);

  take_file (self, url, g_bytes_ref (bytes), NULL, TRUE);
  return url;
}

static gboolean
accepts_gzip (SoupMessageHeaders *headers)
{
  const char *accept = soup_message_headers_get_list (headers, "Accept-Encoding");
  GSList *list, *unacceptable = NULL;
  gboolean found;

  if (accept == NULL || strlen (accept) > 1024)
    return FALSE;
  list = soup_header_parse_quality_list (accept, &unacceptable);
  found = g_slist_find_custom (list, "gzip", (GCompareFunc) g_ascii_strcasecmp) != NULL;
  soup_header_free_list (list);
  soup_header_free_list (unacceptable);
  return found;
}

/* Whether somebody's browser goes to one of the desk's pages: the desk reads the address itself. */
static gboolean
is_page (SoupMessageHeaders *asked, const char *path)
{
  const char *accept = soup_message_headers_get_list (asked, "Accept");

  return accept != NULL && strstr (accept, "text/html") != NULL
         && strchr (strrchr (path, '/'), '.') == NULL && !g_str_has_prefix (path, "/api/");
}

/* The file, or the part of it that is asked for. */
static void
give (SoupServerMessage *message, GBytes *bytes, const char *etag)
{
  goffset first, length;
  g_autoptr (GBytes) part = NULL;

  if (hub_web_range_choose (message, etag, g_bytes_get_size (bytes), &first, &length)
      == HUB_WEB_RANGE_UNSATISFIABLE)
    return;
  part = g_bytes_new_from_bytes (bytes, first, length);
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), part);
}

gboolean
hub_web_static_answer (HubWebStatic *self, SoupServerMessage *message, const char *path)
{
  SoupMessageHeaders *asked = soup_server_message_get_request_headers (message);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autofree char *decoded = g_uri_unescape_string (path, "/");
  File *file = NULL;
  gboolean gzip;

  if (decoded == NULL || *decoded != '/')
    return FALSE;
  file = g_hash_table_lookup (self->files, decoded);
  if (file == NULL && (g_str_equal (decoded, "/") || is_page (asked, decoded)))
    file = g_hash_table_lookup (self->files, "/index.html");
  if (file == NULL)
    return FALSE;

  gzip = file->gzip != NULL && accepts_gzip (asked);
  soup_message_headers_replace (headers, "Content-Security-Policy", self->policy);
  soup_message_headers_replace (headers, "ETag", gzip ? file->gzip_etag : file->etag);
  soup_message_headers_replace (headers, "Cache-Control",
                                file->immutable ? "public, max-age=31536000, immutable"
                                                : "no-cache");
  if (file->gzip != NULL)
    soup_message_headers_replace (headers, "Vary", "Accept-Encoding");
  if (hub_web_range_is_known (message, gzip ? file->gzip_etag : file->etag))
    {
      soup_server_message_set_status (message, SOUP_STATUS_NOT_MODIFIED, NULL);
      return TRUE;
    }
  if (gzip)
    soup_message_headers_replace (headers, "Content-Encoding", "gzip");
  soup_message_headers_replace (headers, "Content-Type", file->media_type);
  give (message, gzip ? file->gzip : file->bytes, gzip ? file->gzip_etag : file->etag);
  return TRUE;
}

void
hub_web_static_protect (SoupServerMessage *message, guint transport_security)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "Content-Security-Policy",
                                "default-src 'none'; frame-ancestors 'none'");
  soup_message_headers_replace (headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace (headers, "Referrer-Policy", "no-referrer");
  soup_message_headers_replace (headers, "Cross-Origin-Opener-Policy", "same-origin");
  soup_message_headers_replace (headers, "Cross-Origin-Resource-Policy", "same-origin");
  if (transport_security > 0)
    {
      g_autofree char *value = g_strdup_printf ("max-age=%u", transport_security);

      soup_message_headers_replace (headers, "Strict-Transport-Security", value);
    }
}
