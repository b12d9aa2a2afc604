/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a file is another than before. */
#include "hub-file-mark.h"

HubFileMark
hub_file_mark_take (const char *path)
{
  HubFileMark mark = { 0 };
  struct stat status;

  if (stat (path, &status) == 0)
    {
      mark.written = status.st_mtim;
      mark.changed = status.st_ctim;
      mark.inode = status.st_ino;
      mark.size = status.st_size;
    }
  return mark;
}

gboolean
hub_file_mark_equal (const HubFileMark *a, const HubFileMark *b)
{
  return a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec
         && a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec
         && a->inode == b->inode && a->size == b->size;
}
