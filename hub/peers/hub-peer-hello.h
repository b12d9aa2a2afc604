/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * hub_peer_hello_wait_async:
 * Waits until the whole first record of a TLS client is there (RFC 8446, 5.1) and takes none of it.
 * GIO shakes hands in a thread of a small pool that everything shares, so a thread is only given to
 * who has said something. Fails with %G_IO_ERROR_INVALID_DATA for what is no TLS, and
 * %G_IO_ERROR_CLOSED when the other end, or shutdown(), ends it before. Main thread only.
 */
void hub_peer_hello_wait_async (GSocket *socket, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data);
gboolean hub_peer_hello_wait_finish (GSocket *socket, GAsyncResult *result, GError **error);

G_END_DECLS
