/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was in a session: people, the time that the scene was shown, marks. */
#include "guidance-history.h"

#define MAX_TIME (G_MAXINT64 / 2)

struct _GuidanceHistory
{
  GPtrArray *people;  /* JsonNode, in the order in which they came */
  gint64 shown;       /* µs before @shown_since */
  gint64 shown_since; /* when it was begun to be shown; 0 while it is not */
  GPtrArray *marks;   /* Drawn */
  gint64 last;        /* the newest mark's number */
  gint64 more;        /* marks beyond those */
};

typedef struct
{
  char *id, *by, *tool, *text;
  gint64 number, capture, drawn_at, removed_at; /* 0: it is there */
} Drawn;

static void
drawn_free (gpointer data)
{
  Drawn *drawn = data;

  g_free (drawn->id);
  g_free (drawn->by);
  g_free (drawn->tool);
  g_free (drawn->text);
  g_free (drawn);
}

GuidanceHistory *
guidance_history_new (void)
{
  GuidanceHistory *self = g_new0 (GuidanceHistory, 1);

  self->people = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  self->marks = g_ptr_array_new_with_free_func (drawn_free);
  return self;
}

void
guidance_history_free (GuidanceHistory *self)
{
  g_ptr_array_unref (self->people);
  g_ptr_array_unref (self->marks);
  g_free (self);
}

/* People. */

static JsonObject *
find_person (GuidanceHistory *self, const char *member, const char *value)
{
  for (guint i = 0; i < self->people->len; i++)
    {
      JsonObject *person = json_node_get_object (self->people->pdata[i]);

      if (g_strcmp0 (karez_json_text (person, member), value) == 0)
        return person;
    }
  return NULL;
}

gboolean
guidance_history_add (GuidanceHistory *self, KarezParticipant *participant)
{
  KarezActor *actor = karez_participant_get_actor (participant);
  const char *id = karez_participant_get_id (participant);

  if (find_person (self, "participant", id) != NULL)
    return FALSE;
  if (self->people->len < GUIDANCE_HISTORY_MAX_PEOPLE)
    g_ptr_array_add (self->people,
                     karez_json_object ("participant", "s", id, "person", "s",
                                        karez_actor_get_id (actor), "name", "s",
                                        karez_actor_get_name (actor), "role", "s",
                                        karez_participant_get_role (participant), "hospital", "s",
                                        karez_participant_get_hospital (participant), NULL));
  return TRUE;
}

const char *
guidance_history_find (GuidanceHistory *self, const char *person, const char **hospital)
{
  JsonObject *found = find_person (self, "person", person);

  *hospital = found != NULL ? karez_json_text (found, "hospital") : NULL;
  return found != NULL ? karez_json_text (found, "name") : NULL;
}

static JsonNode *
people_to_json (GuidanceHistory *self)
{
  JsonArray *array = json_array_sized_new (self->people->len);

  for (guint i = 0; i < self->people->len; i++)
    json_array_add_element (array, json_node_copy (self->people->pdata[i]));
  return karez_json_array (array);
}

/* The scene. */

void
guidance_history_set_shown (GuidanceHistory *self, gboolean shown)
{
  gint64 now = g_get_monotonic_time ();

  if (shown == (self->shown_since != 0))
    return;
  if (!shown)
    self->shown += now - self->shown_since;
  self->shown_since = shown ? now : 0;
}

static gint64
count_shown (GuidanceHistory *self)
{
  return self->shown + (self->shown_since != 0 ? g_get_monotonic_time () - self->shown_since : 0);
}

/* Marks. */

static void
take_in (GuidanceHistory *self, const GuidanceMark *mark)
{
  Drawn *drawn;

  self->last = mark->number;
  if (self->marks->len >= GUIDANCE_HISTORY_MAX_MARKS)
    {
      self->more++;
      return;
    }
  drawn = g_new0 (Drawn, 1);
  drawn->id = g_strdup (mark->id);
  drawn->by = g_strdup (mark->by);
  drawn->tool = g_strdup (guidance_tool_name (mark->tool));
  drawn->text = g_strdup (mark->text);
  drawn->number = mark->number;
  drawn->capture = mark->capture;
  drawn->drawn_at = mark->drawn_at;
  g_ptr_array_add (self->marks, drawn);
}

void
guidance_history_follow (GuidanceHistory *self, GuidanceMarks *marks, gint64 at)
{
  GPtrArray *there = guidance_marks_get (marks);

  /* Numbers rise in the order of drawing. */
  for (guint i = 0; i < there->len; i++)
    if (((GuidanceMark *) there->pdata[i])->number > self->last)
      take_in (self, there->pdata[i]);
  for (guint i = 0; i < self->marks->len; i++)
    {
      Drawn *drawn = self->marks->pdata[i];

      if (drawn->removed_at == 0 && guidance_marks_find (marks, drawn->number) == NULL)
        drawn->removed_at = at;
    }
}

/* The checkpoint. */

static JsonNode *
drawn_to_json (const Drawn *drawn)
{
  return karez_json_object ("id", "s", drawn->id, "by", "s", drawn->by, "tool", "s", drawn->tool,
                            "text", "s", drawn->text, "number", "i", drawn->number, "capture", "i",
                            drawn->capture, "drawn_at", "i", drawn->drawn_at, "removed_at", "i",
                            drawn->removed_at, NULL);
}

static Drawn *
drawn_from_json (JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "by", KAREZ_JSON_UUID, TRUE },
    { "tool", KAREZ_JSON_ENUM, TRUE, 0, 0, "pen|arrow|circle|text" },
    { "text", KAREZ_JSON_NAME, FALSE, 1, GUIDANCE_MAX_TEXT },
    { "number", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT32 },
    { "capture", KAREZ_JSON_INTEGER, TRUE, 0, MAX_TIME },
    { "drawn_at", KAREZ_JSON_INTEGER, TRUE, 0, MAX_TIME },
    { "removed_at", KAREZ_JSON_INTEGER, TRUE, 0, MAX_TIME },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  Drawn *drawn;

  if (object == NULL)
    return NULL;
  drawn = g_new0 (Drawn, 1);
  drawn->id = g_strdup (karez_json_text (object, "id"));
  drawn->by = g_strdup (karez_json_text (object, "by"));
  drawn->tool = g_strdup (karez_json_text (object, "tool"));
  drawn->text = g_strdup (karez_json_text (object, "text"));
  drawn->number = karez_json_integer (object, "number", 0);
  drawn->capture = karez_json_integer (object, "capture", 0);
  drawn->drawn_at = karez_json_integer (object, "drawn_at", 0);
  drawn->removed_at = karez_json_integer (object, "removed_at", 0);
  return drawn;
}

JsonNode *
guidance_history_to_json (GuidanceHistory *self)
{
  JsonArray *marks = json_array_sized_new (self->marks->len);

  for (guint i = 0; i < self->marks->len; i++)
    json_array_add_element (marks, drawn_to_json (self->marks->pdata[i]));
  return karez_json_object ("people", "n", people_to_json (self), "shown", "i", count_shown (self),
                            "marks", "n", karez_json_array (marks), "last", "i", self->last, "more",
                            "i", self->more, NULL);
}

static gboolean
read_people (GuidanceHistory *self, JsonArray *people, GError **error)
{
  static const KarezJsonField fields[] = {
    { "participant", KAREZ_JSON_UUID, TRUE },  { "person", KAREZ_JSON_UUID, TRUE },
    { "name", KAREZ_JSON_NAME, TRUE, 0, 400 }, { "role", KAREZ_JSON_TEXT, TRUE, 1, 32 },
    { "hospital", KAREZ_JSON_UUID, TRUE },     { NULL },
  };

  g_ptr_array_set_size (self->people, 0);
  for (guint i = 0; i < json_array_get_length (people); i++)
    {
      JsonNode *one = json_array_get_element (people, i);

      if (karez_json_check (one, fields, error) == NULL)
        return FALSE;
      g_ptr_array_add (self->people, json_node_copy (one));
    }
  return TRUE;
}

static gboolean
read_marks (GuidanceHistory *self, JsonArray *marks, GError **error)
{
  g_ptr_array_set_size (self->marks, 0);
  for (guint i = 0; i < json_array_get_length (marks); i++)
    {
      Drawn *drawn = drawn_from_json (json_array_get_element (marks, i), error);

      if (drawn == NULL)
        return FALSE;
      g_ptr_array_add (self->marks, drawn);
    }
  return TRUE;
}

gboolean
guidance_history_from_json (GuidanceHistory *self, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "people", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_HISTORY_MAX_PEOPLE },
    { "shown", KAREZ_JSON_INTEGER, TRUE, 0, MAX_TIME },
    { "marks", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_HISTORY_MAX_MARKS },
    { "last", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { "more", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);

  if (object == NULL || !read_people (self, json_object_get_array_member (object, "people"), error)
      || !read_marks (self, json_object_get_array_member (object, "marks"), error))
    return FALSE;
  self->shown = karez_json_integer (object, "shown", 0);
  self->last = karez_json_integer (object, "last", 0);
  self->more = karez_json_integer (object, "more", 0);
  return TRUE;
}

/* The record. */

/* In RFC 3339; NULL for 0. */
static char *
say_time (gint64 ms)
{
  g_autoptr (GDateTime) moment = ms > 0 ? g_date_time_new_from_unix_utc (ms / 1000) : NULL;
  g_autofree char *seconds = moment != NULL ? g_date_time_format (moment, "%Y-%m-%dT%H:%M:%S")
                                            : NULL;

  return seconds != NULL ? g_strdup_printf ("%s.%03dZ", seconds, (int) (ms % 1000)) : NULL;
}

static char *
say_member (JsonObject *object, const char *name)
{
  return say_time (karez_json_integer (object, name, 0));
}

/* Everybody clears their own alone. */
static JsonNode *
drawn_to_record (const Drawn *drawn)
{
  g_autofree char *drawn_at = say_time (drawn->drawn_at);
  g_autofree char *removed_at = say_time (drawn->removed_at);

  return karez_json_object ("id", "s", drawn->id, "by", "s", drawn->by, "tool", "s", drawn->tool,
                            "text", "s", drawn->text, "capture", "i", drawn->capture, "drawn_at",
                            "s", drawn_at, "removed_at", "s", removed_at, "removed_by", "s",
                            removed_at != NULL ? drawn->by : NULL, NULL);
}

static JsonNode *
item_to_record (JsonObject *item)
{
  g_autofree char *asked_at = say_member (item, "asked_at");
  g_autofree char *confirmed_at = say_member (item, "confirmed_at");

  return karez_json_object ("asked_by", "s", karez_json_text (item, "asked_by"), "asked_at", "s",
                            asked_at, "confirmed_by", "s", karez_json_text (item, "confirmed_by"),
                            "confirmed_at", "s", confirmed_at, NULL);
}

static JsonNode *
list_to_record (JsonObject *list)
{
  JsonArray *items = json_object_get_array_member (list, "items");
  JsonArray *said = json_array_sized_new (json_array_get_length (items));
  g_autofree char *opened_at = say_member (list, "at");
  g_autofree char *closed_at = say_member (list, "closed_at");

  for (guint i = 0; i < json_array_get_length (items); i++)
    json_array_add_element (said, item_to_record (json_array_get_object_element (items, i)));
  return karez_json_object ("id", "s", karez_json_text (list, "id"), "checklist", "n",
                            json_node_copy (json_object_get_member (list, "checklist")),
                            "opened_by", "s", karez_json_text (list, "by"), "opened_at", "s",
                            opened_at, "items", "n", karez_json_array (said), "closed_by", "s",
                            karez_json_text (list, "closed_by"), "closed_at", "s", closed_at, NULL);
}

JsonNode *
guidance_history_to_record (GuidanceHistory *self, GuidanceReadback *readback)
{
  JsonArray *lists = guidance_readback_get_lists (readback);
  JsonArray *marks = json_array_sized_new (self->marks->len);
  JsonArray *checklists = json_array_sized_new (json_array_get_length (lists));

  for (guint i = 0; i < self->marks->len; i++)
    json_array_add_element (marks, drawn_to_record (self->marks->pdata[i]));
  for (guint i = 0; i < json_array_get_length (lists); i++)
    json_array_add_element (checklists, list_to_record (json_array_get_object_element (lists, i)));
  return karez_json_object ("people", "n", people_to_json (self), "seconds", "i",
                            count_shown (self) / G_USEC_PER_SEC, "marks", "n",
                            karez_json_array (marks), "more_marks", "i", self->more, "checklists",
                            "n", karez_json_array (checklists), NULL);
}
