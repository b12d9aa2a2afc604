/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-context.h"

G_BEGIN_DECLS

/* A file is kept, taken and given in parts of so many bytes; the last one has the rest. */
#define KAREZ_FILE_PART_BYTES (512 * 1024)
/* Nobody goes on with it for so many seconds: it is given up. */
#define KAREZ_FILE_STOPPED_SECONDS (30 * 60)

/**
 * karez_file_count_parts:
 *
 * How many parts a file of @size bytes has.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC guint karez_file_count_parts (gint64 size);
/**
 * karez_file_part_length:
 *
 * How long its part @part is, from 0 on; 0 if it has no such part.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gsize karez_file_part_length (gint64 size, guint part);

/**
 * KarezFile:
 * @id: a UUID
 * @session: the booking's or session's that it belongs to
 * @hub: the hospital that added it
 * @media_type: what it was announced as
 * @note: (nullable): what the class's @check found so far; set by it with g_free() and g_strdup()
 * @state: "coming", "whole", "broken" or "abandoned"
 * @sha256: (nullable): in hexadecimal
 * @size: in bytes; @received: of those, how many are here
 * @parts: how many parts are here, while it is fetched
 *
 * A file as the plugin's statements tell it.
 *
 * Since: 1.1
 */
typedef struct
{
  char *id, *session, *hub, *media_type, *note, *state, *sha256;
  gint64 size, received;
  guint parts;

  gpointer padding[4];
} KarezFile;

/**
 * karez_file_new:
 * @rows: with columns of the members' names; what is not there is empty
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC KarezFile *karez_file_new (KarezRows *rows, guint row);
/**
 * karez_file_free:
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_file_free (KarezFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KarezFile, karez_file_free)

/**
 * KarezFileStatements:
 * @keep: ($1 id, $2 part, $3 bytes): keeps a part of a file that is coming, once
 * @same: ($1 id, $2 part, $3 SHA-256 in hexadecimal): a row if the part that is kept is this one
 * @close: ($1 id): whole once all its bytes are here, broken if they are not those that were
 *   announced; then a row with "state"
 * @progress: ($1 id): a row unless it was given up
 * @discard: ($1 id): deletes its parts
 * @remove: ($1 id, $2 hub): a row if it was this hub's own, was not sent, and is gone
 * @spoil: ($1 id): a file that is coming is broken: no more of it is fetched
 * @stopped: ($1 hub, $2 seconds): "id" and "session" of own files of which nothing came for so long
 * @abandon: ($1 id, $2 seconds): a row if that is so still, and it is given up
 * @coming: ($1 hub, $2 hospitals, $3 and $4 ids): of each of those hospitals the next file that has
 *   not come whole, but those of $3; those of $4 after all others
 * @sent: ($1 id, $2 hospital, $3 hub): the "session" of an own file that was sent to it
 * @part: ($1 id, $2 part, $3 hospital, $4 hub): its "bytes" in base64, if it is whole
 * @piece: ($1 id, $2 part, $3 offset, $4 length): "bytes" of a part
 *
 * The named statements of a plugin's files; each of its schema's .sql files.
 *
 * Since: 1.1
 */
typedef struct
{
  const char *keep, *same, *close, *progress, *discard, *remove, *spoil, *stopped, *abandon;
  const char *coming, *sent, *part, *piece;
} KarezFileStatements;

#define KAREZ_TYPE_FILES (karez_files_get_type ())
KAREZ_PUBLIC
G_DECLARE_DERIVABLE_TYPE (KarezFiles, karez_files, KAREZ, FILES, GObject)

/**
 * KarezFilesClass:
 * @plugin: its id, with which the rules of what is refused begin: "sonar"
 * @noun: of its events and such rules, and its table: "scan"
 * @feed: by which the other hospital fetches parts: karez_files_feed() serves it
 * @statements: what they are kept by
 * @check: holds a part, of a page or of the other hospital, against the file; may set @file's note.
 *   A file of which a part is refused is not taken.
 * @note: (nullable): adds to @transaction what @check found
 *
 * Files that people add at one of two hospitals, in parts, and that the other one fetches, in
 * parts, once they were announced: a class that a plugin's own is derived from. Of each hospital
 * that is up one file is fetched at a time, a part of each in turn; one that cannot be fetched
 * stands back for 10 s, and then for twice as long each time, up to ten minutes or until its
 * hospital was away and is back. What was added, and nobody goes on with, is given up. Main thread
 * only.
 *
 * Rules, after "PLUGIN/": "part", "part-size", "part-changed", "NOUN-abandoned", "NOUN-coming",
 * "no-NOUN", "sent", "cursor", and "over" for a booking that was called off. Events: "NOUN.part",
 * "NOUN.receive", "NOUN.refuse", "NOUN.abandon".
 *
 * Signal "kept" (const char *session): a part was added by somebody here.
 *
 * Since: 1.1
 */
struct _KarezFilesClass
{
  GObjectClass parent_class;

  const char *plugin, *noun, *feed;
  const KarezFileStatements *statements;
  gboolean (*check) (KarezFiles *self, KarezFile *file, guint part, GBytes *bytes, GError **error);
  void (*note) (KarezFiles *self, const KarezFile *file, KarezTransaction *transaction);

  gpointer padding[8];
};

/**
 * karez_files_begin:
 * @store: where the statements are
 * @actor: of what the hub does by itself
 *
 * Begins to fetch, and to give up what stopped. %KAREZ_ERROR_NOT_GRANTED without "audit", "agenda"
 * and "peers".
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_files_begin (KarezFiles *self, KarezContext *context, KarezStore *store,
                                         KarezActor *actor, GError **error);
/**
 * karez_files_wake:
 *
 * Another hospital has announced a file: it is fetched.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_files_wake (KarezFiles *self);
/**
 * karez_files_take:
 * @file: (transfer full): the request's
 * @part: (nullable): its number as the path has it
 * @patient: (nullable): whom it is about
 *
 * Answers a request that brings a part (karez_routes_add_bytes()) with {"received", "state"}. That
 * the file is this hospital's own, and may be added to, was looked at before.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_files_take (KarezFiles *self, KarezRequest *request, KarezFile *file,
                                    const char *part, const char *patient);
/**
 * karez_files_give:
 * @file: (transfer none): of which there must be all
 * @stream: as for karez_request_respond_stream(); its size and tag are the file's
 * @patient: (nullable): whom it is about
 *
 * Answers with the file's bytes, its reading ("NOUN.read") on record first.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_files_give (KarezFiles *self, KarezRequest *request, const KarezFile *file,
                                    const KarezStream *stream, const char *patient);
/**
 * karez_files_feed:
 * @data: a #KarezFiles
 *
 * A #KarezFeedFunc for the class's @feed.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_files_feed (const char *peer, const char *cursor, guint limit, GTask *task,
                                    gpointer data);
/**
 * karez_files_none_error:
 *
 * %KAREZ_ERROR_NOT_FOUND, "PLUGIN/no-NOUN".
 *
 * Returns: (transfer full):
 *
 * Since: 1.1
 */
KAREZ_PUBLIC GError *karez_files_none_error (KarezFiles *self);

G_END_DECLS
