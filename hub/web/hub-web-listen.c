/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sockets that the desk's port and karezctl use. */
#include "hub-web-listen.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* GLib's sockets let ten wait. */
#define BACKLOG 512

static GSocket *
listen_at (GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket)
      socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                             G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

GSocket *
hub_web_listen_tcp (const char *bind, guint16 *port, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (bind, *port);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket) socket = NULL;

  if (address == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s” is not an address to listen at", bind);
      return NULL;
    }
  socket = listen_at (address, error);
  bound = socket != NULL ? g_socket_get_local_address (socket, error) : NULL;
  if (bound == NULL)
    {
      g_prefix_error (error, "listening at %s port %u: ", bind, *port);
      return NULL;
    }
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return g_steal_pointer (&socket);
}

/* Takes away what a hub that died left behind, but not what a hub that lives listens at. */
static gboolean
clear_socket_path (const char *path, GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket) probe = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                            G_SOCKET_PROTOCOL_DEFAULT, error);

  if (probe == NULL)
    return FALSE;
  if (g_socket_connect (probe, address, NULL, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, "another hub is listening at %s",
                   path);
      return FALSE;
    }
  g_unlink (path);
  return TRUE;
}

GSocket *
hub_web_listen_unix (const char *path, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  GSocket *socket;
  mode_t mask;

  if (!clear_socket_path (path, address, error))
    return NULL;
  mask = umask (0177);
  socket = listen_at (address, error);
  umask (mask);
  if (socket == NULL)
    g_prefix_error (error, "listening at %s: ", path);
  return socket;
}
