/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are replaced durably, as a whole. */
#include "hub-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean
fail (GError **error, const char *doing, const char *path)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "cannot %s %s: %s", doing, path,
               g_strerror (code));
  return FALSE;
}

static gboolean
write_all (int fd, GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  while (size > 0)
    {
      gssize n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      size -= n;
    }
  return fsync (fd) == 0;
}

static gboolean
sync_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean done = fd >= 0 && fsync (fd) == 0;

  if (fd >= 0)
    close (fd);
  return done;
}

gboolean
hub_file_write_durable (const char *path, GBytes *bytes, guint mode, GError **error)
{
  g_autofree char *temporary = g_strconcat (path, ".new", NULL);
  int fd = open (temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
  gboolean done;

  if (fd < 0)
    return fail (error, "create", temporary);
  done = fchmod (fd, mode) == 0 && write_all (fd, bytes);
  if (close (fd) < 0 || !done)
    {
      fail (error, "write", temporary);
      g_unlink (temporary);
      return FALSE;
    }
  if (g_rename (temporary, path) < 0)
    return fail (error, "replace", path);
  if (!sync_directory (path))
    return fail (error, "sync the directory of", path);
  return TRUE;
}

GBytes *
hub_file_read (const char *path, gsize max, GError **error)
{
  g_autofree char *data = NULL;
  struct stat info;
  gsize size;

  if (g_stat (path, &info) < 0)
    {
      fail (error, "read", path);
      return NULL;
    }
  if (!S_ISREG (info.st_mode) || (guint64) info.st_size > max)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "%s is no file of at most %" G_GSIZE_FORMAT " bytes", path, max);
      return NULL;
    }
  if (!g_file_get_contents (path, &data, &size, NULL))
    {
      fail (error, "read", path);
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

int
hub_file_open_lock (const char *path)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  g_autofree char *directory = g_path_get_dirname (path);
  struct stat info;

  if (fd >= 0 && geteuid () == 0 && stat (directory, &info) == 0 && info.st_uid != 0
      && fchown (fd, info.st_uid, info.st_gid) != 0)
    g_debug ("%s stays root's: %s", path, g_strerror (errno));
  return fd;
}

gboolean
hub_file_make_directory (const char *path, guint mode, GError **error)
{
  if (g_mkdir_with_parents (path, mode) < 0)
    return fail (error, "make the directory", path);
  return TRUE;
}
