/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include <sys/stat.h>

G_BEGIN_DECLS

/**
 * HubFileMark:
 * What tells one state of a file from another. All 0: it is not there.
 */
typedef struct
{
  struct timespec written, changed;
  ino_t inode;
  off_t size;
} HubFileMark;

/* Of the file as it is now; blocks as long as its entry takes. */
HubFileMark hub_file_mark_take (const char *path);
gboolean hub_file_mark_equal (const HubFileMark *a, const HubFileMark *b);

G_END_DECLS
