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

HubWebStatic *
hub_web_static_new (const char *origin)
{
  HubWebStatic *self = g_new0 (HubWebStatic, 1);
  const char *host = strstr (origin, "://");

  g_return_val_if_fail (host != NULL, NULL);

  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) file_free);
  /* 'self' covers the WebSocket only in newer browsers, so it is named. */
  self->policy = g_strdup_printf (
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "font-src 'self'; connect-src 'self' %s%s; frame-ancestors 'none'; base-uri 'none'; "
      "form-action 'self'; require-trusted-types-for 'script'; trusted-types lit-html",
      g_str_has_prefix (origin, "https:") ? "wss" : "ws", host);
  return self;
}

void
hub_web_static_free (HubWebStatic *self)
{
  g_hash_table_unref (self->files);
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

static void
add_file (HubWebStatic *self, const char *url, const char *resource)
{
  g_autofree char *gzip_name = g_strconcat (resource, ".gz", NULL);
  File *file = g_new0 (File, 1);

  file->bytes = g_resources_lookup_data (resource, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  file->gzip = g_resources_lookup_data (gzip_name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  file->etag = etag_of (file->bytes);
  file->gzip_etag = file->gzip != NULL ? etag_of (file->gzip) : NULL;
  file->media_type = media_type_of (url);
  file->immutable = g_regex_match_simple ("/assets/.*[-.][0-9A-Z]{8}\\.[a-z0-9]+$", url, 0, 0);
  g_hash_table_insert (self->files, g_strdup (url), file);
}

guint
hub_web_static_add (HubWebStatic *self, const char *mount, const char *prefix)
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
        n += hub_web_static_add (self, url, resource);
      else if (!g_str_has_suffix (children[i], ".gz"))
        {
          add_file (self, url, resource);
          n++;
        }
    }
  return n;
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
