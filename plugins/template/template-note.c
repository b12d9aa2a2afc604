/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A note's text and revision, and edits transformed against later ones. */
#include "template-note.h"

#include <glib/gi18n.h>

struct _TemplateNote
{
  GArray *text; /* of gunichar */
  gint64 revision;
  gsize bytes;
  GQueue history; /* of TemplateEdit as applied, the oldest first */
  gsize history_characters;
  GQueue ids;          /* of ids, the oldest first; longer than the history after a restart */
  GHashTable *applied; /* the same, to look up */
  GQueue authors;      /* of names, the latest last */
};

TemplateNote *
template_note_new (void)
{
  TemplateNote *self = g_new0 (TemplateNote, 1);

  self->text = g_array_new (FALSE, FALSE, sizeof (gunichar));
  self->applied = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
template_note_free (TemplateNote *self)
{
  g_array_unref (self->text);
  g_hash_table_unref (self->applied);
  g_queue_clear_full (&self->history, (GDestroyNotify) template_edit_free);
  g_queue_clear_full (&self->ids, g_free);
  g_queue_clear_full (&self->authors, g_free);
  g_free (self);
}

gint64
template_note_get_revision (const TemplateNote *self)
{
  return self->revision;
}

guint
template_note_get_length (const TemplateNote *self)
{
  return self->text->len;
}

char *
template_note_get_text (const TemplateNote *self)
{
  return g_ucs4_to_utf8 ((const gunichar *) self->text->data, self->text->len, NULL, NULL, NULL);
}

/* What a character takes in a JSON string. */
static gsize
cost (gunichar character)
{
  if (character == '"' || character == '\\' || character == '\n' || character == '\t')
    return 2;
  return (gsize) g_unichar_to_utf8 (character, NULL);
}

static gsize
cost_of (const gunichar *characters, gsize n)
{
  gsize sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += cost (characters[i]);
  return sum;
}

/* Text that people write: no control characters but the end of a line and the tab. */
static gboolean
is_text (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      if ((character < 0x20 && character != '\n' && character != '\t')
          || (character >= 0x7f && character < 0xa0))
        return FALSE;
    }
  return TRUE;
}

static void
remember_id (TemplateNote *self, const char *id)
{
  char *own = g_strdup (id);

  g_queue_push_tail (&self->ids, own);
  g_hash_table_add (self->applied, own);
  if (self->ids.length > TEMPLATE_NOTE_MAX_HISTORY)
    {
      g_autofree char *oldest = g_queue_pop_head (&self->ids);

      g_hash_table_remove (self->applied, oldest);
    }
}

static void
remember_author (TemplateNote *self, const char *full_name)
{
  gboolean fits = g_utf8_strlen (full_name, -1) <= TEMPLATE_NOTE_MAX_NAME;
  g_autofree char *begin = g_utf8_substring (
      full_name, 0, fits ? g_utf8_strlen (full_name, -1) : TEMPLATE_NOTE_MAX_NAME - 1);
  g_autofree char *name = g_strconcat (begin, fits ? "" : "…", NULL);
  GList *known = g_queue_find_custom (&self->authors, name, (GCompareFunc) strcmp);

  if (*name == '\0')
    return;
  if (known != NULL)
    {
      g_queue_unlink (&self->authors, known);
      g_queue_push_tail_link (&self->authors, known);
      return;
    }
  g_queue_push_tail (&self->authors, g_steal_pointer (&name));
  if (self->authors.length > TEMPLATE_NOTE_MAX_AUTHORS)
    g_free (g_queue_pop_head (&self->authors));
}

static void
remember (TemplateNote *self, const TemplateEdit *edit)
{
  g_queue_push_tail (&self->history, template_edit_copy (edit));
  self->history_characters += (gsize) g_utf8_strlen (edit->insert, -1);
  while (self->history.length > TEMPLATE_NOTE_MAX_HISTORY
         || self->history_characters > TEMPLATE_NOTE_MAX_HISTORY_CHARACTERS)
    {
      g_autoptr (TemplateEdit) oldest = g_queue_pop_head (&self->history);

      self->history_characters -= (gsize) g_utf8_strlen (oldest->insert, -1);
    }
  /* The parts of one edit follow each other. */
  if (!g_hash_table_contains (self->applied, edit->id))
    remember_id (self, edit->id);
  remember_author (self, edit->author);
}

/* The text of a note, without what came before it. */
typedef struct
{
  GArray *characters; /* not owned */
  gsize bytes;
} Text;

/* Changes the text, or nothing. */
static gboolean
change (Text *text, const TemplateEdit *edit, GError **error)
{
  const gint64 length = text->characters->len;
  g_autofree gunichar *insert = NULL;
  glong n_insert;

  if (edit->position < 0 || edit->remove < 0 || edit->position > length
      || edit->remove > length - edit->position)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "note/position",
                            N_ ("a place inside the note"),
                            N_ ("The edit lies outside of the note"));
  if (!is_text (edit->insert))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "note/text",
                            N_ ("text without control characters"),
                            N_ ("The edit holds characters that are not text"));

  insert = g_utf8_to_ucs4_fast (edit->insert, -1, &n_insert);
  text->bytes += cost_of (insert, (gsize) n_insert);
  if (edit->remove > 0)
    text->bytes -= cost_of (&g_array_index (text->characters, gunichar, edit->position),
                            (gsize) edit->remove);
  if (length - edit->remove + n_insert > TEMPLATE_NOTE_MAX_CHARACTERS
      || text->bytes > TEMPLATE_NOTE_MAX_BYTES)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "note/size",
                            N_ ("a note of at most 20,000 characters and 60,000 bytes"),
                            N_ ("The note would become too long"));

  if (edit->remove > 0)
    g_array_remove_range (text->characters, (guint) edit->position, (guint) edit->remove);
  if (n_insert > 0)
    g_array_insert_vals (text->characters, (guint) edit->position, insert, (guint) n_insert);
  return TRUE;
}

/* Applies all the parts of an edit, or none. */
static gboolean
apply (TemplateNote *self, GPtrArray *parts, GError **error)
{
  g_autoptr (GArray) characters = g_array_copy (self->text);
  Text text = { characters, self->bytes };

  for (guint i = 0; i < parts->len; i++)
    if (!change (&text, parts->pdata[i], error))
      return FALSE;
  g_array_unref (self->text);
  self->text = g_steal_pointer (&characters);
  self->bytes = text.bytes;
  for (guint i = 0; i < parts->len; i++)
    {
      TemplateEdit *part = parts->pdata[i];

      part->revision = ++self->revision;
      part->more = i + 1 < parts->len;
      remember (self, part);
    }
  return TRUE;
}

static GPtrArray *
find_applied (const TemplateNote *self, const TemplateEdit *edit)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify) template_edit_free);
  TemplateEdit *placeholder;

  for (GList *at = self->history.head; at != NULL; at = at->next)
    if (g_str_equal (((TemplateEdit *) at->data)->id, edit->id))
      g_ptr_array_add (parts, template_edit_copy (at->data));
  if (parts->len > 0)
    return parts;

  /* Longer ago than the history, or before a restart: the id is known, the edit is in the text. */
  placeholder = template_edit_copy (edit);
  placeholder->revision = self->revision;
  placeholder->remove = 0;
  placeholder->more = FALSE;
  g_free (placeholder->insert);
  placeholder->insert = g_strdup ("");
  g_ptr_array_add (parts, placeholder);
  return parts;
}

GPtrArray *
template_note_submit (TemplateNote *self, const TemplateEdit *edit, gboolean *repeated,
                      GError **error)
{
  g_autoptr (GPtrArray) parts = NULL;

  *repeated = g_hash_table_contains (self->applied, edit->id);
  if (*repeated)
    return find_applied (self, edit);
  if (edit->revision < 0 || edit->revision > self->revision
      || self->revision - edit->revision > (gint64) self->history.length)
    {
      karez_error_set (error, KAREZ_ERROR_CONFLICT, "note/revision",
                       N_ ("an edit of the note as it is now"),
                       N_ ("The note has changed too much since this edit was made"));
      return NULL;
    }

  parts = template_edits_new (edit);
  for (guint back = (guint) (self->revision - edit->revision); back > 0; back--)
    {
      g_autoptr (GPtrArray) earlier = template_edits_new (
          g_queue_peek_nth (&self->history, self->history.length - back));

      template_edits_transform (&parts, &earlier);
    }
  return apply (self, parts, error) ? g_steal_pointer (&parts) : NULL;
}

gboolean
template_note_follow (TemplateNote *self, const TemplateEdit *edit, GError **error)
{
  g_autoptr (GPtrArray) parts = template_edits_new (edit);

  if (edit->revision != self->revision + 1)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "note/revision",
                            N_ ("the edit that comes next"), N_ ("An edit of the note is missing"));
  return apply (self, parts, error);
}

/* The note as a document. */

static JsonNode *
list_of (const GQueue *texts, guint most)
{
  JsonArray *array = json_array_new ();
  guint skip = texts->length > most ? texts->length - most : 0;

  for (GList *at = g_queue_peek_nth_link ((GQueue *) texts, skip); at != NULL; at = at->next)
    json_array_add_string_element (array, at->data);
  return karez_json_array (array);
}

JsonNode *
template_note_to_json (const TemplateNote *self, gboolean all_edits)
{
  g_autofree char *text = template_note_get_text (self);
  guint most = all_edits ? TEMPLATE_NOTE_MAX_HISTORY : TEMPLATE_NOTE_RECENT;

  return karez_json_object ("type", "s", "note", "revision", "i", self->revision, "text", "s", text,
                            "authors", "n", list_of (&self->authors, TEMPLATE_NOTE_MAX_AUTHORS),
                            "edits", "n", list_of (&self->ids, most), NULL);
}

static gboolean
read_text (TemplateNote *self, const char *characters, GError **error)
{
  const TemplateEdit whole = { .insert = (char *) characters };
  Text text = { self->text, 0 };

  if (!change (&text, &whole, error))
    return FALSE;
  self->bytes = text.bytes;
  return TRUE;
}

TemplateNote *
template_note_from_json (JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "note" },
    { "revision", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 - 1 },
    { "text", KAREZ_JSON_TEXT, TRUE, 0, TEMPLATE_NOTE_MAX_CHARACTERS },
    { "authors", KAREZ_JSON_ARRAY, TRUE, 0, TEMPLATE_NOTE_MAX_AUTHORS },
    { "edits", KAREZ_JSON_ARRAY, TRUE, 0, TEMPLATE_NOTE_MAX_HISTORY },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  g_autoptr (TemplateNote) self = NULL;
  g_auto (GStrv) authors = NULL, edits = NULL;

  if (object == NULL)
    return NULL;
  self = template_note_new ();
  if (!read_text (self, karez_json_text (object, "text"), error))
    return NULL;
  self->revision = karez_json_integer (object, "revision", 0);
  authors = karez_json_texts (object, "authors");
  edits = karez_json_texts (object, "edits");
  for (guint i = 0; authors[i] != NULL; i++)
    remember_author (self, authors[i]);
  for (guint i = 0; edits[i] != NULL; i++)
    if (!g_hash_table_contains (self->applied, edits[i]))
      remember_id (self, edits[i]);
  return g_steal_pointer (&self);
}
