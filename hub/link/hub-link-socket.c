/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One UDP socket of an end, read in a main context. */
#include "hub-link-socket.h"

#include <karez.h>

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <netinet/in.h>
#include <unistd.h>

#define DATAGRAMS_PER_WAKE 64
/* Best effort: the kernel caps it at rmem_max. */
#define RECEIVE_BUFFER (1024 * 1024)

struct _HubLinkSocket
{
  int fd;
  HubAddress address, told;
  GSource *source;
  HubLinkSocketFunc func;
  HubLinkSocketDoneFunc done;
  GObject *owner; /* not owned: it owns us */
};

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  HubLinkSocket *self = data;
  g_autoptr (GObject) owner = g_object_ref (self->owner);
  guint8 datagram[HUB_LINK_MAX_WIRE + 1]; /* one more, so that a longer one is seen to be */

  for (guint i = 0; i < DATAGRAMS_PER_WAKE; i++)
    {
      HubAddress source = { .length = sizeof source.storage };
      gssize length = recvfrom (fd, datagram, sizeof datagram, MSG_DONTWAIT,
                                (struct sockaddr *) &source.storage, &source.length);

      if (length < 0)
        break;
      self->func (self, datagram, (gsize) length, &source, owner);
    }
  self->done (owner);
  return G_SOURCE_CONTINUE;
}

gboolean
hub_link_socket_refuse (const char *address, GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_INVALID, "link/bind-address",
                          N_ ("one to four numeric addresses of this machine, split by commas, "
                              "none of them a wildcard"),
                          N_ ("The link cannot be bound to %s"), address);
}

int
hub_link_socket_bind (HubBinding *wanted, const char *text, HubAddress *bound, GError **error)
{
  const int buffer = RECEIVE_BUFFER, on = 1;
  int family = wanted->address.storage.ss_family;
  int fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  if (fd < 0)
    {
      karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "link/bind", NULL,
                       N_ ("No socket for the link's address %s: %s"), text, g_strerror (errno));
      return -1;
    }
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (hub_binding_bind (wanted, fd, bound))
    return fd;
  karez_error_set (error, KAREZ_ERROR_UNAVAILABLE, "link/bind",
                   wanted->low != 0
                       ? N_ ("a free port of [Worker] Ports, on an address of this machine")
                       : N_ ("a free address of this machine"),
                   N_ ("The link cannot be bound to %s: %s"), text, g_strerror (errno));
  close (fd);
  return -1;
}

HubLinkSocket *
hub_link_socket_new (const char *address, GMainContext *context, HubLinkSocketFunc func,
                     HubLinkSocketDoneFunc done, GObject *owner, GError **error)
{
  g_autoptr (HubLinkSocket) self = g_new0 (HubLinkSocket, 1);
  HubBinding wanted;

  self->fd = -1;
  self->func = func;
  self->done = done;
  self->owner = owner;
  if (!hub_binding_parse (&wanted, address))
    {
      hub_link_socket_refuse (address, error);
      return NULL;
    }
  self->fd = hub_link_socket_bind (&wanted, address, &self->address, error);
  if (self->fd < 0)
    return NULL;
  self->told = wanted.announced.length > 0 ? wanted.announced : self->address;
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_static_name (self->source, "link socket");
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, context);
  return g_steal_pointer (&self);
}

void
hub_link_socket_stop (HubLinkSocket *self)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

void
hub_link_socket_free (HubLinkSocket *self)
{
  hub_link_socket_stop (self);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

int
hub_link_socket_get_fd (const HubLinkSocket *self)
{
  return self->fd;
}

const HubAddress *
hub_link_socket_get_address (const HubLinkSocket *self)
{
  return &self->address;
}

const HubAddress *
hub_link_socket_get_told (const HubLinkSocket *self)
{
  return &self->told;
}
