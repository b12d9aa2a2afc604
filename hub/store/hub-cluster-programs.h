/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

#include <sys/types.h>

G_BEGIN_DECLS

/**
 * hub_cluster_find_programs:
 * @data_dir: the cluster; it need not exist
 *
 * The programs of the version that made the cluster, or the newest that are installed. Blocks.
 * %KAREZ_ERROR_FAILED: "database/version" when those of its version are not installed,
 * "database/programs" when there are none of 15 or later.
 *
 * Returns: (transfer full): the directory of initdb, pg_ctl and postgres
 */
char *hub_cluster_find_programs (const char *data_dir, GError **error);

/* Runs a program as that user and waits; its output becomes the error. Blocks. */
gboolean hub_cluster_run_program (uid_t uid, gid_t gid, const gid_t *groups, int n_groups,
                                  const char *const *argv, const char *rule, GError **error);

G_END_DECLS
