/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_CHECKPOINT (hub_checkpoint_get_type ())
/**
 * HubCheckpoint:
 * The file a session's next worker comes back with: the engine's head (JSON) and the live half's
 * own state, under one checksum. Replaced as a whole, in a thread, only when it differs.
 */
G_DECLARE_FINAL_TYPE (HubCheckpoint, hub_checkpoint, HUB, CHECKPOINT, GObject)

HubCheckpoint *hub_checkpoint_new (const char *path);

/**
 * hub_checkpoint_read:
 * @head: (out) (transfer full): the engine's part
 * @state: (out) (transfer full) (nullable): the live half's part
 *
 * %G_IO_ERROR_NOT_FOUND if there is none, %G_IO_ERROR_INVALID_DATA if it is damaged. Blocks; once
 * at the start.
 */
gboolean hub_checkpoint_read (HubCheckpoint *self, JsonNode **head, GBytes **state, GError **error);
/* Writes soon, in a thread; one that comes while another is being written follows it. Failures are
 * logged and the next one tries again. @head: (transfer none) @state: (nullable) */
void hub_checkpoint_write (HubCheckpoint *self, JsonNode *head, GBytes *state);
/* The same; finishes once this one, or a newer one, is on disk, in the order of the calls. */
void hub_checkpoint_write_async (HubCheckpoint *self, JsonNode *head, GBytes *state,
                                 GAsyncReadyCallback callback, gpointer data);
gboolean hub_checkpoint_write_finish (HubCheckpoint *self, GAsyncResult *result, GError **error);
/* The same, on disk when this returns; what was given before never replaces it. Blocks: for a
 * process that ends. */
gboolean hub_checkpoint_write_now (HubCheckpoint *self, JsonNode *head, GBytes *state,
                                   GError **error);
/* It is not needed any more: what is being written goes too, and what is given after is not
 * written. */
void hub_checkpoint_remove (HubCheckpoint *self);
/* Nothing is written any more; what was removed is gone. Blocks while something is being written:
 * for a process that ends. */
void hub_checkpoint_close (HubCheckpoint *self);

G_END_DECLS
