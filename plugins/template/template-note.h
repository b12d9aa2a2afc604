/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "template-edit.h"

G_BEGIN_DECLS

/* A note fits into one message to a page (64 KiB) in any script: characters are Unicode code
 * points, bytes are those of its UTF-8 with what JSON escapes counted twice. */
#define TEMPLATE_NOTE_MAX_CHARACTERS 20000
#define TEMPLATE_NOTE_MAX_BYTES 60000
/* How far behind an edit may be: that many edits, and that many characters typed in them. */
#define TEMPLATE_NOTE_MAX_HISTORY 512u
#define TEMPLATE_NOTE_MAX_HISTORY_CHARACTERS 200000u
#define TEMPLATE_NOTE_MAX_AUTHORS 16u
#define TEMPLATE_NOTE_MAX_NAME 60
/* The ids that a page is told with the note, so that it knows which of its edits are in it. */
#define TEMPLATE_NOTE_RECENT 32u

/**
 * TemplateNote:
 * The text, its revision and its last edits. No input or output, no clock, no session.
 */
typedef struct _TemplateNote TemplateNote;

TemplateNote *template_note_new (void);
void template_note_free (TemplateNote *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TemplateNote, template_note_free)

gint64 template_note_get_revision (const TemplateNote *self);
/* Returns: (transfer full) */
char *template_note_get_text (const TemplateNote *self);
guint template_note_get_length (const TemplateNote *self);

/**
 * template_note_submit:
 * @edit: as its author made it
 * @repeated: (out): whether it was applied before, and nothing was done
 *
 * The host's part: puts @edit after everything that came before it.
 *
 * Returns: (transfer full): the edit as applied, in one or more parts; NULL with @error set and
 *   nothing changed: INVALID ("note/position", "note/text"), CONFLICT ("note/revision": the author
 *   must look again), TOO_LARGE ("note/size")
 */
GPtrArray *template_note_submit (TemplateNote *self, const TemplateEdit *edit, gboolean *repeated,
                                 GError **error);

/* Everybody else's part: applies what the host applied. CONFLICT ("note/revision") if it is not the
 * next one. */
gboolean template_note_follow (TemplateNote *self, const TemplateEdit *edit, GError **error);

/* {"type": "note", "revision", "text", "authors": [names], "edits": [ids]} and back. @all_edits:
 * also the ids that only a restarted worker needs. */
JsonNode *template_note_to_json (const TemplateNote *self, gboolean all_edits);
TemplateNote *template_note_from_json (JsonNode *node, GError **error);

G_END_DECLS
