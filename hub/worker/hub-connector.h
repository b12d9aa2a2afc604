/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_TYPE_CONNECTOR (hub_connector_get_type ())
/**
 * HubConnector:
 * A process beside the worker that connects to the hub's socket and hands the connection over. The
 * confined worker can make no Unix socket itself, since whoever could connect to the hub's could
 * connect to the database's and the administrator's too: neither Landlock nor seccomp knows a
 * socket's path. It reads one byte, which says nothing, and ends with the worker.
 */
G_DECLARE_FINAL_TYPE (HubConnector, hub_connector, HUB, CONNECTOR, GObject)

/**
 * hub_connector_new:
 * @socket: the hub's Unix socket; it need not be there yet
 * @arguments: (nullable): the program's arguments in memory, which the process clears so that it is
 *   not taken for a worker
 *
 * Forks: there must be one thread. %G_IO_ERROR.
 */
HubConnector *hub_connector_new (const char *socket, char *arguments, gsize size, GError **error);

/* Main thread; one at a time. %G_IO_ERROR: nobody listens there, or %G_IO_ERROR_PENDING. */
void hub_connector_connect_async (HubConnector *self, GAsyncReadyCallback callback, gpointer data);
/* Returns: (transfer full) */
GSocketConnection *hub_connector_connect_finish (HubConnector *self, GAsyncResult *result,
                                                 GError **error);

/* A pidfd of this process, by which the hub knows it: the credentials of the connection are those
 * of the process that connected. */
int hub_connector_get_process (HubConnector *self);

G_END_DECLS
