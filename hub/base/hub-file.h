/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The permissions of what hub and worker share: the directory says who gets there. */
#define HUB_FILE_SHARED 0660

/**
 * hub_file_write_durable:
 * @mode: the permissions of a new file: 0600 for secrets, %HUB_FILE_SHARED
 *
 * Replaces a file as a whole: after a crash at any moment it holds the old or the new bytes. When
 * this returns, file and directory entry are on disk. Blocks; errors are of %G_IO_ERROR.
 */
gboolean hub_file_write_durable (const char *path, GBytes *bytes, guint mode, GError **error);

/* A whole file of at most @max bytes. Returns: (transfer full) */
GBytes *hub_file_read (const char *path, gsize max, GError **error);

/**
 * hub_file_open_lock:
 *
 * A file to lock, made with 0600 if it is not there. What root makes in another user's directory is
 * that user's, who will need it; nothing of that user's leads root elsewhere.
 *
 * Returns: a descriptor, or -1 with errno set
 */
int hub_file_open_lock (const char *path);

/* A directory and those above it, with @mode for what is made. */
gboolean hub_file_make_directory (const char *path, guint mode, GError **error);

G_END_DECLS
