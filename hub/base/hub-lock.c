/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory that one process at a time may use, by flock(2). */
#include "hub-lock.h"

#include "hub-file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

struct _HubLock
{
  int fd;
};

static gboolean
refuse (GError **error, const char *path, int fd)
{
  int code = errno;
  char holder[16] = "";
  gssize n = code == EWOULDBLOCK ? read (fd, holder, sizeof holder - 1) : 0;

  if (n > 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s is held by process %s", path, holder);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "cannot lock %s: %s", path,
                 g_strerror (code));
  if (fd >= 0)
    close (fd);
  return FALSE;
}

HubLock *
hub_lock_take (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, "lock", NULL);
  int fd = hub_file_open_lock (path);
  HubLock *self;

  /* Whose it is need not be told on a full disk: the lock holds. */
  if (fd < 0 || flock (fd, LOCK_EX | LOCK_NB) < 0 || ftruncate (fd, 0) < 0
      || (dprintf (fd, "%d", (int) getpid ()) < 0 && errno != ENOSPC && errno != EDQUOT))
    {
      refuse (error, path, fd);
      return NULL;
    }
  self = g_new (HubLock, 1);
  self->fd = fd;
  return self;
}

void
hub_lock_free (HubLock *self)
{
  close (self->fd);
  g_free (self);
}
