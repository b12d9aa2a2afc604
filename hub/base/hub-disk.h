/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  HUB_DISK_UNKNOWN, /* it has not been looked at yet, or cannot be */
  HUB_DISK_ENOUGH,
  HUB_DISK_LOW,  /* below 1 GiB, or a twentieth of a disk of less than 20 GiB */
  HUB_DISK_FULL, /* below 32 MiB: a database soon stops writing */
} HubDiskState;

#define HUB_TYPE_DISK (hub_disk_get_type ())
/**
 * HubDisk:
 * The disk that a directory is on, looked at each five seconds and without blocking. A change of
 * its state is told to the log. Main thread only.
 */
G_DECLARE_FINAL_TYPE (HubDisk, hub_disk, HUB, DISK, GObject)

/* Returns: (transfer full) */
HubDisk *hub_disk_new (const char *directory);
/* Bytes, as they were found last. */
HubDiskState hub_disk_get_state (HubDisk *self, guint64 *free_bytes, guint64 *size_bytes);
/* "unknown", "enough", "low" or "full". */
const char *hub_disk_state_name (HubDiskState state);
/* What so much of it is. */
HubDiskState hub_disk_judge (guint64 free_bytes, guint64 size_bytes);
/* Whether a directory's disk is, looked at now: blocks, and is for who serves nobody yet. */
gboolean hub_disk_is_full (const char *directory);

G_END_DECLS
