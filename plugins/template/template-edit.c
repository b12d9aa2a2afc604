/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits of a note: as JSON, and transformed against others. */
#include "template-edit.h"

TemplateEdit *
template_edit_copy (const TemplateEdit *self)
{
  TemplateEdit *copy = g_new (TemplateEdit, 1);

  *copy = *self;
  copy->id = g_strdup (self->id);
  copy->insert = g_strdup (self->insert);
  copy->author = g_strdup (self->author);
  copy->participant = g_strdup (self->participant);
  return copy;
}

void
template_edit_free (TemplateEdit *self)
{
  g_free (self->id);
  g_free (self->insert);
  g_free (self->author);
  g_free (self->participant);
  g_free (self);
}

static gboolean
read_author (TemplateEdit *self, JsonObject *object, GError **error)
{
  static const KarezJsonField fields[] = {
    { "name", KAREZ_JSON_NAME, TRUE, 0, 400 },
    { "participant", KAREZ_JSON_TEXT, TRUE, 0, 64 },
    { NULL },
  };
  JsonObject *author;

  if (!json_object_has_member (object, "author"))
    return TRUE;
  author = karez_json_check (json_object_get_member (object, "author"), fields, error);
  if (author == NULL)
    return FALSE;
  g_free (self->author);
  g_free (self->participant);
  self->author = g_strdup (karez_json_text (author, "name"));
  self->participant = g_strdup (karez_json_text (author, "participant"));
  return TRUE;
}

TemplateEdit *
template_edit_from_json (JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "edit" },
    { "edit", KAREZ_JSON_UUID, TRUE },
    { "revision", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 },
    { "position", KAREZ_JSON_INTEGER, TRUE, 0, TEMPLATE_NOTE_MAX_CHARACTERS },
    { "remove", KAREZ_JSON_INTEGER, TRUE, 0, TEMPLATE_NOTE_MAX_CHARACTERS },
    { "insert", KAREZ_JSON_TEXT, TRUE, 0, TEMPLATE_NOTE_MAX_CHARACTERS },
    { "author", KAREZ_JSON_OBJECT, FALSE },
    { "more", KAREZ_JSON_BOOLEAN, FALSE },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  g_autoptr (TemplateEdit) self = NULL;

  if (object == NULL)
    return NULL;
  self = g_new0 (TemplateEdit, 1);
  self->id = g_strdup (karez_json_text (object, "edit"));
  self->revision = karez_json_integer (object, "revision", 0);
  self->position = karez_json_integer (object, "position", 0);
  self->remove = karez_json_integer (object, "remove", 0);
  self->insert = g_strdup (karez_json_text (object, "insert"));
  self->more = karez_json_boolean (object, "more");
  self->author = g_strdup ("");
  self->participant = g_strdup ("");
  return read_author (self, object, error) ? g_steal_pointer (&self) : NULL;
}

JsonNode *
template_edit_to_json (const TemplateEdit *self)
{
  JsonNode *author = karez_json_object ("name", "s", self->author, "participant", "s",
                                        self->participant, NULL);

  return karez_json_object ("type", "s", "edit", "revision", "i", self->revision, "position", "i",
                            self->position, "remove", "i", self->remove, "insert", "s",
                            self->insert, "author", "n", author, "edit", "s", self->id, "more", "b",
                            self->more, NULL);
}

/* Lists. */

static GPtrArray *
new_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) template_edit_free);
}

GPtrArray *
template_edits_new (const TemplateEdit *first)
{
  GPtrArray *list = new_list ();

  g_ptr_array_add (list, template_edit_copy (first));
  return list;
}

/* A part of @edit, made anew. */
static void
add_part (GPtrArray *list, const TemplateEdit *edit, gint64 position, gint64 remove,
          const char *insert)
{
  TemplateEdit *part = template_edit_copy (edit);

  part->position = position;
  part->remove = remove;
  g_free (part->insert);
  part->insert = g_strdup (insert);
  g_ptr_array_add (list, part);
}

/* Both edits of one text, one of which may lie within the other or overlap it. */
static void
transform_pair (const TemplateEdit *later, const TemplateEdit *earlier, GPtrArray *new_later,
                GPtrArray *new_earlier)
{
  const gint64 later_typed = g_utf8_strlen (later->insert, -1);
  const gint64 earlier_typed = g_utf8_strlen (earlier->insert, -1);
  const gint64 begin = later->position, end = begin + later->remove;
  const gint64 from = earlier->position, to = from + earlier->remove;

  /* The later one lies before the earlier one, or behind it. */
  if (end <= from && !(begin == from && from == to))
    {
      add_part (new_later, later, begin, later->remove, later->insert);
      add_part (new_earlier, earlier, from + later_typed - later->remove, earlier->remove,
                earlier->insert);
    }
  else if (begin >= to)
    {
      add_part (new_later, later, begin + earlier_typed - earlier->remove, later->remove,
                later->insert);
      add_part (new_earlier, earlier, from, earlier->remove, earlier->insert);
    }
  /* It begins first: its text comes first, and what is left of it may lie on both sides. */
  else if (begin < from)
    {
      if (end > to)
        add_part (new_later, later, from + earlier_typed, end - to, "");
      add_part (new_later, later, begin, from - begin, later->insert);
      add_part (new_earlier, earlier, begin + later_typed, MAX (to - end, 0), earlier->insert);
    }
  else
    {
      add_part (new_later, later, from + earlier_typed, MAX (end - to, 0), later->insert);
      if (to > end)
        add_part (new_earlier, earlier, begin + later_typed, to - end, "");
      add_part (new_earlier, earlier, from, begin - from, earlier->insert);
    }
}

/* Takes over the edits of @from, and ends it. */
static void
append (GPtrArray *list, GPtrArray *from)
{
  g_ptr_array_extend_and_steal (list, from);
}

/* Moves one edit and a list behind each other, edit by edit. */
static GPtrArray *
transform_one (const TemplateEdit *later, GPtrArray **earlier)
{
  GPtrArray *moved = template_edits_new (later);
  GPtrArray *behind = new_list ();

  for (guint i = 0; i < (*earlier)->len; i++)
    {
      GPtrArray *rest = new_list (), *one = template_edits_new ((*earlier)->pdata[i]);

      for (guint j = 0; j < moved->len; j++)
        {
          GPtrArray *next = new_list ();

          /* A part meets what is left of the earlier edit, which may be in parts itself. */
          if (one->len == 1)
            transform_pair (moved->pdata[j], one->pdata[0], rest, next);
          else
            {
              GPtrArray *parts = g_steal_pointer (&one);

              append (rest, transform_one (moved->pdata[j], &parts));
              g_clear_pointer (&next, g_ptr_array_unref);
              next = parts;
            }
          g_clear_pointer (&one, g_ptr_array_unref);
          one = next;
        }
      g_ptr_array_unref (moved);
      moved = rest;
      append (behind, one);
    }
  g_ptr_array_unref (*earlier);
  *earlier = behind;
  return moved;
}

void
template_edits_transform (GPtrArray **later, GPtrArray **earlier)
{
  GPtrArray *moved = new_list ();

  for (guint i = 0; i < (*later)->len; i++)
    append (moved, transform_one ((*later)->pdata[i], earlier));
  g_ptr_array_unref (*later);
  *later = moved;
}
