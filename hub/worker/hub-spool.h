/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-spool-file.h"

G_BEGIN_DECLS

#define HUB_TYPE_SPOOL (hub_spool_get_type ())
/**
 * HubSpool:
 * What a session wants kept, on disk until the hub has it: an append-only file of checksummed
 * records, numbered from 1 without a gap. What the hub has acknowledged is forgotten; the numbering
 * goes on. A thread of its own writes, and what came while it did goes to disk together; everything
 * else is the main thread's, which waits for the disk only where it is said here.
 *
 * Signals: "durable" (guint64 sequence: everything up to it is on disk), "failed" (GError *error:
 * the disk takes nothing, and is tried again each second; %G_IO_ERROR_TIMED_OUT if it does not
 * answer). What was given is kept in memory, and "durable" comes when the disk has it.
 */
G_DECLARE_FINAL_TYPE (HubSpool, hub_spool, HUB, SPOOL, GObject)

/* How many records may wait for a disk that takes nothing. */
#define HUB_SPOOL_MAX_TROUBLED 1000
/* A disk that is at work for so long does not answer. */
#define HUB_SPOOL_STALLED_MS 2000

/**
 * hub_spool_open:
 * @path: the file; made if it is not there
 *
 * Reads what a process before left. A record that was being written when that process ended is cut
 * off: nobody was told that it was durable. Records damaged in the middle are passed over, the file
 * is kept beside as @path.damaged-TIME, and hub_spool_get_damaged() counts them. Blocks.
 *
 * Returns: (transfer full): or NULL with a %G_IO_ERROR
 */
HubSpool *hub_spool_open (const char *path, GError **error);
/* Its thread begins: not before the process has confined itself. Until then only
 * hub_spool_flush() writes. */
void hub_spool_start (HubSpool *self);

/* Gives a record its place, and returns its number; it is not on disk yet. 0 with @error set if it
 * takes no more: %G_IO_ERROR_NO_SPACE, or %G_IO_ERROR_CLOSED after hub_spool_remove(). */
guint64 hub_spool_append (HubSpool *self, GBytes *record, GError **error);
/* The record of this number, if it waits and is on disk. Returns: (transfer none) (nullable) */
GBytes *hub_spool_get (HubSpool *self, guint64 sequence);
/* The lowest number that waits on disk and is at least @from; 0 if none does. */
guint64 hub_spool_next (HubSpool *self, guint64 from);
/* Everything up to @sequence is durable elsewhere. */
void hub_spool_forget (HubSpool *self, guint64 sequence);
/* The number of the last record ever appended, and of the last one that is on disk. */
guint64 hub_spool_get_last (HubSpool *self);
guint64 hub_spool_get_durable (HubSpool *self);
/* How many were not forgotten, on disk or not. */
guint hub_spool_get_waiting (HubSpool *self);
/* Whether the disk takes nothing, as "failed" told. */
gboolean hub_spool_is_troubled (HubSpool *self);
/* How many records were found damaged at the opening. */
guint hub_spool_get_damaged (HubSpool *self);

/* The file is not needed any more. It goes soon; hub_spool_flush() waits for that too. */
void hub_spool_remove (HubSpool *self);
/* Blocks until everything that was asked for is on disk, or the disk has refused it. What is not on
 * disk when the last reference goes is lost, as if the process had been killed. */
gboolean hub_spool_flush (HubSpool *self, GError **error);

G_END_DECLS
