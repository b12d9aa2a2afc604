/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A library that makes a disk slow or full. */
#include "slow-disk.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_MS 5

int slow_disk_ms = -1;
int slow_disk_data_times = 1;
int slow_disk_error;
int slow_disk_syncs;
gint64 slow_disk_synced;

static void
begin (void)
{
  const char *ms = g_getenv ("KAREZ_TEST_SYNC_MS");

  if (g_atomic_int_get (&slow_disk_ms) < 0)
    g_atomic_int_set (&slow_disk_ms, ms != NULL ? atoi (ms) : 0);
}

static int
sync_slowly (int fd, long call)
{
  struct stat info = { 0 };
  int result, times = call == SYS_fdatasync ? g_atomic_int_get (&slow_disk_data_times) : 1;

  begin ();
  fstat (fd, &info);
  for (int waited = 0; waited < times * g_atomic_int_get (&slow_disk_ms); waited += SLICE_MS)
    g_usleep (SLICE_MS * 1000);
  errno = g_atomic_int_get (&slow_disk_error);
  result = errno ? -1 : (int) syscall (call, fd);
  if (result == 0 && call == SYS_fdatasync)
    __atomic_store_n (&slow_disk_synced, info.st_size, __ATOMIC_SEQ_CST);
  g_atomic_int_inc (&slow_disk_syncs);
  return result;
}

int fsync (int fd);
int fdatasync (int fd);
ssize_t write (int fd, const void *data, size_t size);

int
fsync (int fd)
{
  return sync_slowly (fd, SYS_fsync);
}

int
fdatasync (int fd)
{
  return sync_slowly (fd, SYS_fdatasync);
}

ssize_t
write (int fd, const void *data, size_t size)
{
  struct stat info;

  errno = g_atomic_int_get (&slow_disk_error);
  if (errno && fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    {
      errno = g_atomic_int_get (&slow_disk_error);
      return -1;
    }
  return syscall (SYS_write, fd, data, size);
}
