/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the service manager how the hub is (sd_notify(3)). */
#include "hub-notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *path;

void
hub_notify_open (void)
{
  path = g_strdup (g_getenv ("NOTIFY_SOCKET"));
  g_unsetenv ("NOTIFY_SOCKET");
}

void
hub_notify_tell (const char *state)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  socklen_t length;
  int fd;

  if (path == NULL || strlen (path) >= sizeof address.sun_path)
    return;
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  length = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + strlen (path));
  /* An abstract one is written with "@" for its first byte. */
  if (*path == '@')
    address.sun_path[0] = '\0';
  fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return;
  sendto (fd, state, strlen (state), MSG_NOSIGNAL, (const struct sockaddr *) &address, length);
  close (fd);
}
