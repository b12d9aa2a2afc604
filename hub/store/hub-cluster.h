/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

typedef enum
{
  HUB_CLUSTER_STOPPED,
  HUB_CLUSTER_STARTING,
  HUB_CLUSTER_RUNNING,
  HUB_CLUSTER_RESTARTING, /* it died; recovery runs */
  HUB_CLUSTER_STOPPING,
} HubClusterState;

#define HUB_TYPE_CLUSTER_STATE (hub_cluster_state_get_type ())
GType hub_cluster_state_get_type (void);

#define HUB_TYPE_CLUSTER (hub_cluster_get_type ())
/**
 * HubCluster:
 * The hub's private PostgreSQL: on a Unix socket only, with data checksums, in a process session
 * of its own, so that it outlives the hub; the next hub adopts it. Main thread only.
 *
 * Property "state" (HubClusterState), notified. Signal "died" (no arguments): the server ended
 * without being asked to; it is started again by itself, with recovery, every 0.1 to 5 s until it
 * runs. As root the server runs as the user "postgres" (property "user", construct only).
 */
G_DECLARE_FINAL_TYPE (HubCluster, hub_cluster, HUB, CLUSTER, GObject)

/**
 * hub_cluster_new:
 * @state_dir: holds "postgres" (the data) and "postgres-log"; as root it is made passable (o+x)
 * @socket_dir: holds the socket; at most 93 bytes. Made, and owned by the server's user
 *
 * Returns: (transfer full)
 */
HubCluster *hub_cluster_new (const char *state_dir, const char *socket_dir);

/**
 * hub_cluster_start_async:
 * Adopts the running server of @state_dir, or starts it, or makes it first (initdb, 2 to 5 s), and
 * makes the database "karez". Ready when it succeeds. Rules of the errors: "database/version" (made
 * by another major version), "database/programs" (PostgreSQL is not installed),
 * "database/directory", "database/start".
 */
void hub_cluster_start_async (HubCluster *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
gboolean hub_cluster_start_finish (HubCluster *self, GAsyncResult *result, GError **error);

/* The libpq connection string. Returns: (transfer full) */
char *hub_cluster_get_connection (HubCluster *self);
HubClusterState hub_cluster_get_state (HubCluster *self);
/* The server's process id; 0 when it does not run. */
int hub_cluster_get_pid (HubCluster *self);
/* Whether the last start found it running. */
gboolean hub_cluster_was_adopted (HubCluster *self);

/* Ends the server: sessions are cut, a checkpoint is written. Dropping the last reference does
 * not: the server goes on. */
void hub_cluster_stop_async (HubCluster *self, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
gboolean hub_cluster_stop_finish (HubCluster *self, GAsyncResult *result, GError **error);

G_END_DECLS
