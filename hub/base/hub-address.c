/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An IPv4 or IPv6 address with a port: read, written, compared. */
#include "hub-address.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <string.h>

gboolean
hub_address_equal (const HubAddress *a, const HubAddress *b)
{
  if (a->storage.ss_family != b->storage.ss_family)
    return FALSE;
  if (a->storage.ss_family == AF_INET)
    {
      const struct sockaddr_in *x = (const struct sockaddr_in *) &a->storage;
      const struct sockaddr_in *y = (const struct sockaddr_in *) &b->storage;

      return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }

  const struct sockaddr_in6 *x = (const struct sockaddr_in6 *) &a->storage;
  const struct sockaddr_in6 *y = (const struct sockaddr_in6 *) &b->storage;

  return x->sin6_port == y->sin6_port
         && memcmp (&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
}

/* FNV-1a. */
static guint
hash_bytes (guint hash, gconstpointer bytes, gsize length)
{
  const guint8 *byte = bytes;

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ byte[i]) * 16777619u;
  return hash;
}

guint
hub_address_hash (const HubAddress *self)
{
  const guint basis = 2166136261u;

  if (self->storage.ss_family == AF_INET)
    {
      const struct sockaddr_in *v4 = (const struct sockaddr_in *) &self->storage;

      return hash_bytes (hash_bytes (basis, &v4->sin_addr, sizeof v4->sin_addr), &v4->sin_port,
                         sizeof v4->sin_port);
    }

  const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &self->storage;

  return hash_bytes (hash_bytes (basis, &v6->sin6_addr, sizeof v6->sin6_addr), &v6->sin6_port,
                     sizeof v6->sin6_port);
}

char *
hub_address_split (const HubAddress *self, guint16 *port)
{
  char host[INET6_ADDRSTRLEN] = "";

  if (self->storage.ss_family == AF_INET)
    {
      const struct sockaddr_in *v4 = (const struct sockaddr_in *) &self->storage;

      *port = ntohs (v4->sin_port);
      inet_ntop (AF_INET, &v4->sin_addr, host, sizeof host);
    }
  else
    {
      const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &self->storage;

      *port = ntohs (v6->sin6_port);
      inet_ntop (AF_INET6, &v6->sin6_addr, host, sizeof host);
    }
  return g_strdup (host);
}

char *
hub_address_print (const HubAddress *self)
{
  guint16 port;
  g_autofree char *host = hub_address_split (self, &port);

  return g_strdup_printf (self->storage.ss_family == AF_INET ? "%s:%u" : "[%s]:%u", host, port);
}

static gboolean
is_unicast (GInetAddress *address)
{
  return !g_inet_address_get_is_any (address) && !g_inet_address_get_is_multicast (address)
         && !g_inet_address_get_is_link_local (address);
}

/* Splits "host:port" or "[host]:port"; @port is "" if there is none. */
static gboolean
split_address (const char *text, char **host, char **port)
{
  const char *end;

  if (*text == '[')
    {
      end = strchr (text, ']');
      if (end == NULL || (end[1] != '\0' && end[1] != ':'))
        return FALSE;
      *host = g_strndup (text + 1, (gsize) (end - text - 1));
      *port = g_strdup (end[1] == ':' ? end + 2 : "");
      return end[1] != ':' || end[2] != '\0';
    }
  end = strchr (text, ':');
  *host = end != NULL ? g_strndup (text, (gsize) (end - text)) : g_strdup (text);
  *port = g_strdup (end != NULL ? end + 1 : "");
  return end == NULL || end[1] != '\0';
}

gboolean
hub_address_parse (HubAddress *self, const char *text, gboolean with_port)
{
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;
  g_autoptr (GInetAddress) address = NULL;
  g_autoptr (GSocketAddress) whole = NULL;
  guint64 number = 0;

  if (strlen (text) > 60 || !split_address (text, &host, &port))
    return FALSE;
  if (*port != '\0' && !g_ascii_string_to_unsigned (port, 10, 1, 65535, &number, NULL))
    return FALSE;
  if (*port == '\0' && with_port)
    return FALSE;
  address = g_inet_address_new_from_string (host);
  if (address == NULL || !is_unicast (address))
    return FALSE;

  whole = g_inet_socket_address_new (address, (guint16) number);
  memset (self, 0, sizeof *self);
  self->length = (socklen_t) g_socket_address_get_native_size (whole);
  return g_socket_address_to_native (whole, &self->storage, sizeof self->storage, NULL);
}

/* An IPv4-mapped address as what it maps. Returns: (transfer full) */
static GInetAddress *
unmap (GInetAddress *address)
{
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6
      && IN6_IS_ADDR_V4MAPPED ((const struct in6_addr *) bytes))
    return g_inet_address_new_from_bytes (bytes + 12, G_SOCKET_FAMILY_IPV4);
  return g_object_ref (address);
}

/* Returns: (transfer full) (nullable) */
static GInetAddress *
parse_host (const char *text)
{
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;
  GInetAddress *address = g_inet_address_new_from_string (text);
  guint64 number;

  if (address != NULL)
    return address;
  if (!split_address (text, &host, &port)
      || (*port != '\0' && !g_ascii_string_to_unsigned (port, 10, 0, 65535, &number, NULL)))
    return NULL;
  /* Brackets are for IPv6 alone, and IPv6 with a port needs them. */
  if ((*text == '[') != (strchr (host, ':') != NULL))
    return NULL;
  return g_inet_address_new_from_string (host);
}

char *
hub_address_host (const char *text)
{
  g_autoptr (GInetAddress) said = strlen (text) <= 60 ? parse_host (text) : NULL;
  g_autoptr (GInetAddress) address = said != NULL ? unmap (said) : NULL;

  return address != NULL ? g_inet_address_to_string (address) : NULL;
}

char *
hub_address_customer (const char *host)
{
  g_autoptr (GInetAddress) address = host != NULL ? g_inet_address_new_from_string (host) : NULL;
  g_autoptr (GInetAddress) network = NULL;
  g_autofree char *text = NULL;
  guint8 bytes[16] = { 0 };

  if (address == NULL || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    return g_strdup (host);
  memcpy (bytes, g_inet_address_to_bytes (address), 8);
  network = g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);
  text = g_inet_address_to_string (network);
  return g_strconcat (text, "/64", NULL);
}
