/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a UDP socket of a session is bound and what is announced of it. */
#include "hub-binding.h"

#include "hub-config.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static void
set_port (HubAddress *address, guint16 port)
{
  if (address->storage.ss_family == AF_INET)
    ((struct sockaddr_in *) &address->storage)->sin_port = htons (port);
  else
    ((struct sockaddr_in6 *) &address->storage)->sin6_port = htons (port);
}

/* Takes ":LOW-HIGH" off the end of @host. */
static gboolean
take_range (HubBinding *self, char *host)
{
  char *dash = strchr (host, '-');
  char *colon = dash != NULL ? strrchr (host, ':') : NULL;

  if (dash == NULL)
    return TRUE;
  if (colon == NULL || !hub_config_range_parse (colon + 1, &self->low, &self->high))
    return FALSE;
  *colon = '\0';
  return TRUE;
}

gboolean
hub_binding_parse (HubBinding *self, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "=", 3);

  memset (self, 0, sizeof *self);
  if (parts[0] == NULL || (parts[1] != NULL && parts[2] != NULL) || !take_range (self, parts[0])
      || !hub_address_parse (&self->address, parts[0], FALSE))
    return FALSE;
  return parts[1] == NULL
         || (hub_address_parse (&self->announced, parts[1], FALSE)
             && self->announced.storage.ss_family == self->address.storage.ss_family);
}

char *
hub_binding_print (const char *host, const char *ports, const char *announced)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, strchr (host, ':') != NULL ? "[%s]" : "%s", host);
  if (ports != NULL)
    g_string_append_printf (text, ":%s", ports);
  if (announced != NULL)
    g_string_append_printf (text, strchr (announced, ':') != NULL ? "=[%s]" : "=%s", announced);
  return g_string_free (text, FALSE);
}

void
hub_binding_forget_port (HubBinding *self)
{
  set_port (&self->address, 0);
}

static gboolean
bind_at (HubBinding *self, int fd)
{
  return bind (fd, (const struct sockaddr *) &self->address.storage, self->address.length) == 0;
}

/* Sessions are processes that know nothing of each other: each begins somewhere else. */
static gboolean
bind_in_range (HubBinding *self, int fd)
{
  guint n = self->high - self->low + 1;
  guint first = (guint) g_random_int_range (0, (gint32) n);

  for (guint i = 0; i < n; i++)
    {
      set_port (&self->address, (guint16) (self->low + (first + i) % n));
      if (bind_at (self, fd))
        return TRUE;
      if (errno != EADDRINUSE)
        return FALSE;
    }
  errno = EADDRINUSE;
  return FALSE;
}

gboolean
hub_binding_bind (HubBinding *self, int fd, HubAddress *bound)
{
  guint16 port;
  g_autofree char *host = NULL;

  if (!(self->low != 0 ? bind_in_range (self, fd) : bind_at (self, fd)))
    return FALSE;
  memset (bound, 0, sizeof *bound);
  bound->length = sizeof bound->storage;
  if (getsockname (fd, (struct sockaddr *) &bound->storage, &bound->length) < 0)
    return FALSE;
  host = hub_address_split (bound, &port);
  if (self->announced.length > 0)
    set_port (&self->announced, port);
  return TRUE;
}
