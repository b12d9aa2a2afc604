/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

#include <sys/types.h>

G_BEGIN_DECLS

/**
 * HubClusterFiles:
 * The private cluster on disk and its programs. All calls block and are made by one thread at a
 * time; everything in here is set before.
 */
typedef struct
{
  char *state_dir, *data_dir, *log_dir, *socket_dir;
  char *user; /* of the server */
  uid_t uid;
  gid_t gid;
  gid_t groups[64];
  int n_groups;
  char *programs; /* the directory of initdb and pg_ctl */
  int lock;       /* of the start, -1 when it is not held */
} HubClusterFiles;

typedef struct
{
  int pid; /* 0 when none runs */
  gboolean ready;
  char *socket_dir;
} HubClusterServer;

HubClusterFiles *hub_cluster_files_new (const char *state_dir, const char *socket_dir,
                                        const char *user);
void hub_cluster_files_free (HubClusterFiles *self);
char *hub_cluster_files_get_connection (HubClusterFiles *self, const char *database);

/* One start at a time, of whatever process. */
gboolean hub_cluster_files_lock (HubClusterFiles *self, GError **error);
void hub_cluster_files_unlock (HubClusterFiles *self);

/* Finds the user and the programs that fit; makes the directories. */
gboolean hub_cluster_files_prepare (HubClusterFiles *self, GError **error);
/* initdb, unless there is a cluster; a power cut leaves a whole one or none. */
gboolean hub_cluster_files_make (HubClusterFiles *self, GError **error);
gboolean hub_cluster_files_write_settings (HubClusterFiles *self, GError **error);
/* What runs on this cluster's data. */
void hub_cluster_files_find (HubClusterFiles *self, HubClusterServer *server);
void hub_cluster_server_clear (HubClusterServer *server);
/* pg_ctl start, which waits until the server answers. It is in a session of its own then. */
gboolean hub_cluster_files_launch (HubClusterFiles *self, GError **error);
/* Ends what a killed server left behind: such a backend keeps a new one from starting. */
void hub_cluster_files_end_leftovers (HubClusterFiles *self);
gboolean hub_cluster_files_make_database (HubClusterFiles *self, GError **error);

int hub_pidfd_open (int pid);
int hub_pidfd_signal (int fd, int signal_number);
/* Waits until the process has ended, at most @timeout_ms. */
gboolean hub_pidfd_wait (int fd, int timeout_ms);

G_END_DECLS
