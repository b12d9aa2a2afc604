/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

/* The longest note, so also the longest edit, in Unicode code points. */
#define TEMPLATE_NOTE_MAX_CHARACTERS 20000

/**
 * TemplateEdit:
 * Takes @remove characters out at @position and puts @insert there. @revision: before it is
 * applied, the revision that the author saw; afterwards, the one that it made.
 *
 * An edit that is moved behind others may come apart: somebody typed in the middle of what it
 * removes. It is then applied as several, one after the other, with the same id; @more is set on
 * all but the last.
 */
typedef struct
{
  char *id; /* a UUID that the author's page made */
  gint64 revision;
  gint64 position, remove;
  char *insert;
  char *author;      /* whose name the note bears; "" for none */
  char *participant; /* the author's id in this session */
  gboolean more;
} TemplateEdit;

TemplateEdit *template_edit_copy (const TemplateEdit *self);
void template_edit_free (TemplateEdit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TemplateEdit, template_edit_free)

/* {"type": "edit", "revision", "position", "remove", "insert", "edit", "author": {"name",
 * "participant"}, "more"}. A page sends it without author and more. */
TemplateEdit *template_edit_from_json (JsonNode *node, GError **error);
JsonNode *template_edit_to_json (const TemplateEdit *self);

/* A list of edits, each made of the text that the one before it left. */
GPtrArray *template_edits_new (const TemplateEdit *first);

/**
 * template_edits_transform:
 * @later, @earlier: (inout): two lists of edits of the same text
 *
 * Moves each behind the other: earlier, then the new later, gives the same text as later, then the
 * new earlier. What either author typed is kept, and what either removed is gone. Where both typed
 * at one place, the earlier one's text comes first.
 */
void template_edits_transform (GPtrArray **later, GPtrArray **earlier);

G_END_DECLS
