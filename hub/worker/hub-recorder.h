/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_RECORDER (hub_recorder_get_type ())
/**
 * HubRecorder:
 * What a session wants kept: records, until its hub has them (#HubSpool), and the checkpoint that
 * its next worker goes on from (#HubCheckpoint). It knows who waits for the disk, and waits for
 * it nowhere itself but where it is said. Main thread.
 *
 * Signals: "recorded" (guint64 sequence: records up to it are on disk, and wait for the hub),
 * "disk" (KarezCheck *check: "record.disk", when how the disk is changes).
 */
G_DECLARE_FINAL_TYPE (HubRecorder, hub_recorder, HUB, RECORDER, GObject)

/* @directory: it must be there. @actor: of what the recorder records by itself. Blocks. */
HubRecorder *hub_recorder_new (const char *session, const char *directory, KarezActor *actor,
                               GError **error);
/* Its thread begins: not before the process has confined itself. */
void hub_recorder_start (HubRecorder *self);

/* Records something: on its way to the disk when this returns, and not there yet. @body: (transfer
 * full) */
void hub_recorder_record (HubRecorder *self, const char *action, KarezActor *actor, JsonNode *body);
/* Ends @task with TRUE once what was recorded until now is on disk, or is said to be refused by it.
 * @away: it is about a word away from risk, which a disk that does not answer does not keep */
void hub_recorder_answer (HubRecorder *self, GTask *task, gboolean away);
/* The number of the last record, and of the last one that is on disk. */
guint64 hub_recorder_get_last (HubRecorder *self);
guint64 hub_recorder_get_durable (HubRecorder *self);
/* How many the hub does not have. */
guint hub_recorder_get_waiting (HubRecorder *self);
/* The first on disk, at or after @from, that the hub does not have; 0: none */
guint64 hub_recorder_next (HubRecorder *self, guint64 from);
/* {"action", "actor", "at", "body"}. Returns: (transfer full) (nullable) */
JsonNode *hub_recorder_get (HubRecorder *self, guint64 sequence);
/* The hub has those up to @sequence. */
void hub_recorder_forget (HubRecorder *self, guint64 sequence);

/* As hub_checkpoint_read(). */
gboolean hub_recorder_read_checkpoint (HubRecorder *self, JsonNode **head, GBytes **state,
                                       GError **error);
/* As hub_checkpoint_write(). */
void hub_recorder_write_checkpoint (HubRecorder *self, JsonNode *head, GBytes *state);
/* Ends @task once the checkpoint, and all that was recorded before, is on disk: with TRUE, or with
 * what the disk says; %G_IO_ERROR_TIMED_OUT after 2 s. It gets task data. @head: (nullable): NULL
 * leaves the checkpoint as it is */
void hub_recorder_save (HubRecorder *self, GTask *task, JsonNode *head, GBytes *state);

/* Blocks until every record is on disk, or the disk has refused it. */
gboolean hub_recorder_flush (HubRecorder *self, GError **error);

/* Spool and checkpoint are not needed any more: they are gone after hub_recorder_close(). */
void hub_recorder_remove (HubRecorder *self);
/* The process ends: what was recorded is on disk after this, and the checkpoint. Blocks. @head:
 * (nullable): NULL leaves the checkpoint as it is */
void hub_recorder_close (HubRecorder *self, JsonNode *head, GBytes *state);
/* As if the process had been killed: what is not on disk is lost, and who waits is told so. */
void hub_recorder_abandon (HubRecorder *self);

G_END_DECLS
