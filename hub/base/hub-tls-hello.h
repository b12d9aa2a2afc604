/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * hub_tls_hello_wait_async:
 * @least: what the client must offer: %G_TLS_PROTOCOL_VERSION_TLS_1_3, or anything older for
 * whatever it offers
 *
 * Waits until the whole first record of a TLS client is there (RFC 8446, 5.1) and takes none of it.
 * GIO makes a handshake in a thread of a small pool that everything shares, so a thread is only
 * given to who has said something; and what TLS may speak is one setting for a whole process, so
 * versions are looked at here. Fails with %G_IO_ERROR_INVALID_DATA for what is no TLS,
 * %G_IO_ERROR_NOT_SUPPORTED for a version that is not enough, and %G_IO_ERROR_CLOSED when the other
 * end, or shutdown(), ends it before. Main thread only.
 */
void hub_tls_hello_wait_async (GSocket *socket, GTlsProtocolVersion least,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer data);
gboolean hub_tls_hello_wait_finish (GSocket *socket, GAsyncResult *result, GError **error);

G_END_DECLS
