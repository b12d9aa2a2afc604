/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which hosts and pages are the hub's own. */
#include "hub-web-origins.h"

#include "hub-web-pair.h"

#include <string.h>

#define HTTP_PORT 80
#define HTTPS_PORT 443

struct _HubWebOrigins
{
  char *first, *secure; /* the second: NULL for none */
  guint16 port;
};

HubWebOrigins *
hub_web_origins_new (const char *origin)
{
  HubWebOrigins *self;

  g_return_val_if_fail (origin != NULL && strstr (origin, "://") != NULL, NULL);

  self = g_new0 (HubWebOrigins, 1);
  self->first = g_strdup (origin);
  return self;
}

void
hub_web_origins_free (HubWebOrigins *self)
{
  g_free (self->first);
  g_free (self->secure);
  g_free (self);
}

void
hub_web_origins_add_secure (HubWebOrigins *self, guint16 port)
{
  g_autofree char *host = hub_web_pair_host_of (self->first);

  g_free (self->secure);
  self->secure = g_uri_join (G_URI_FLAGS_NONE, "https", NULL, host, port != HTTPS_PORT ? port : -1,
                             "", NULL, NULL);
}

void
hub_web_origins_set_port (HubWebOrigins *self, guint16 port)
{
  self->port = port;
}

const char *
hub_web_origins_get_secure (HubWebOrigins *self)
{
  return self->secure;
}

static const char *
skip_scheme (const char *origin)
{
  return strstr (origin, "://") + 3;
}

/* This machine's own names with our port, which no page of somebody else can have. */
static gboolean
is_local (HubWebOrigins *self, const char *authority)
{
  static const char *const local[] = { "localhost", "127.0.0.1", "[::1]" };

  for (guint i = 0; i < G_N_ELEMENTS (local); i++)
    {
      g_autofree char *name = self->port != HTTP_PORT
                                  ? g_strdup_printf ("%s:%u", local[i], self->port)
                                  : g_strdup (local[i]);

      if (g_ascii_strcasecmp (authority, name) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_secure_host (HubWebOrigins *self, const char *host)
{
  return self->secure != NULL && g_ascii_strcasecmp (host, skip_scheme (self->secure)) == 0;
}

gboolean
hub_web_origins_has_host (HubWebOrigins *self, const char *host)
{
  return host != NULL
         && (g_ascii_strcasecmp (host, skip_scheme (self->first)) == 0
             || is_secure_host (self, host) || is_local (self, host));
}

/* A page at a name of the machine where its browser runs is ours if it asked by that name: to
 * everywhere else it is another program's that has our port there. One by HTTPS asks HTTPS: at the
 * ports that need no number both have the same Host, so the connection says which it is. */
gboolean
hub_web_origins_has_page (HubWebOrigins *self, const char *origin, const char *host,
                          gboolean encrypted)
{
  if (self->secure != NULL && encrypted)
    return host != NULL && is_secure_host (self, host)
           && g_ascii_strcasecmp (origin, self->secure) == 0;
  if (g_ascii_strcasecmp (origin, self->first) == 0)
    return host == NULL || g_ascii_strcasecmp (host, skip_scheme (self->first)) == 0
           || !is_secure_host (self, host);
  return host != NULL && g_str_has_prefix (origin, "http://")
         && is_local (self, skip_scheme (origin))
         && g_ascii_strcasecmp (skip_scheme (origin), host) == 0;
}

char *
hub_web_origins_list_sockets (HubWebOrigins *self)
{
  g_autofree char *secure = self->secure != NULL
                                ? g_strconcat (" wss://", skip_scheme (self->secure), NULL)
                                : NULL;

  return g_strconcat (g_str_has_prefix (self->first, "https:") ? " wss://" : " ws://",
                      skip_scheme (self->first), secure, NULL);
}
