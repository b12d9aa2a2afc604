/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/* What is said over the launcher's socket, where a worker is started under a user of its own
 * (karez-worker.socket). Each message is one packet of words, each ended by a NUL, with descriptors
 * beside it:
 *
 *   hub → worker  "start" TOKEN ARGUMENT…   the session's directory, the log, and the process that
 *                                           had the session before, if it may still be there
 *   worker → hub  "started"                 its own process
 *   hub → worker  "end"                     a process of the worker's user
 *
 * Processes are pidfds. */
#define HUB_LAUNCH_START "start"
#define HUB_LAUNCH_STARTED "started"
#define HUB_LAUNCH_END "end"

#define HUB_LAUNCH_MAX_BYTES (16 * 1024)
#define HUB_LAUNCH_MAX_WORDS 32

/* @fds: (array length=n_fds): stay the caller's. Blocks if @socket does. %G_IO_ERROR. */
gboolean hub_launch_send (GSocket *socket, const char *const *words, const int *fds, guint n_fds,
                          GError **error);
/**
 * hub_launch_receive:
 * @fds: (out) (transfer full): what came beside the words, close-on-exec; may be empty
 *
 * One message, strictly: 1 to %HUB_LAUNCH_MAX_WORDS words, none empty, in a packet that is not cut.
 * %G_IO_ERROR_INVALID_DATA, %G_IO_ERROR_CONNECTION_CLOSED, or what the socket says.
 *
 * Returns: (transfer full): the words
 */
GStrv hub_launch_receive (GSocket *socket, GUnixFDList **fds, GError **error);

G_END_DECLS
