/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HUB_TYPE_SPOOL (hub_spool_get_type ())
/**
 * HubSpool:
 * What a session wants kept, on disk until the hub has it: an append-only file of checksummed
 * records, numbered from 1 without a gap, fsynced one by one. What the hub has acknowledged is
 * forgotten; the numbering goes on. One process, one thread.
 */
G_DECLARE_FINAL_TYPE (HubSpool, hub_spool, HUB, SPOOL, GObject)

/* The largest record, and how much may wait for a hub that is away. */
#define HUB_SPOOL_MAX_RECORD (1024 * 1024)
#define HUB_SPOOL_MAX_WAITING (256 * 1024 * 1024)

/**
 * hub_spool_open:
 * @path: the file; made if it is not there
 *
 * Reads what a process before left. A record that was being written when that process ended is cut
 * off: its append had not returned. Records damaged in the middle are passed over, the file is kept
 * beside as @path.damaged-TIME, and hub_spool_get_damaged() counts them.
 *
 * Returns: (transfer full): or NULL with a %G_IO_ERROR
 */
HubSpool *hub_spool_open (const char *path, GError **error);

/* Appends a record and returns once it is on disk; 0 with @error set if it is not: then nothing of
 * it is. %G_IO_ERROR, also %G_IO_ERROR_NO_SPACE when too much waits. */
guint64 hub_spool_append (HubSpool *self, GBytes *record, GError **error);
/* The record of this number, if it waits. Returns: (transfer none) (nullable) */
GBytes *hub_spool_get (HubSpool *self, guint64 sequence);
/* The lowest number that waits and is at least @from; 0 if none does. */
guint64 hub_spool_next (HubSpool *self, guint64 from);
/* Everything up to @sequence is durable elsewhere. */
void hub_spool_forget (HubSpool *self, guint64 sequence);
/* The number of the last record ever appended. */
guint64 hub_spool_get_last (HubSpool *self);
guint hub_spool_get_waiting (HubSpool *self);
/* How many records were found damaged at the opening. */
guint hub_spool_get_damaged (HubSpool *self);

G_END_DECLS
