/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <karez.h>

G_BEGIN_DECLS

/**
 * hub_web_local_identify_async:
 * @socket: (nullable): a connection of the local socket
 *
 * The administrator at the hub's own machine: an actor "local" whose name has the Unix user at the
 * other end, and who that user signed in as, where sudo made one of the other: “karezctl (root,
 * li)”. Names are looked up on a thread, since a directory server may have to be asked.
 */
void hub_web_local_identify_async (GSocket *socket, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full): never NULL; where the user is not known, the name says nothing of it */
KarezActor *hub_web_local_identify_finish (GAsyncResult *result);

G_END_DECLS
