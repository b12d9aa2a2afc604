/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A disk that takes its time, or nothing at all: fsync() and fdatasync() of the program that this
 * is linked to. One that has it as LD_PRELOAD says KAREZ_TEST_SYNC_MS in its environment. */

/* How long each sync takes; also of one that is under way. */
extern int slow_disk_ms;
/* And how many times that fdatasync() takes, which is the spool's. */
extern int slow_disk_data_times;
/* What each write to a file and each sync fails with; 0: nothing. */
extern int slow_disk_error;
/* How many were done, and how much of its file the last fdatasync() was about. */
extern int slow_disk_syncs;
extern gint64 slow_disk_synced;

G_END_DECLS
