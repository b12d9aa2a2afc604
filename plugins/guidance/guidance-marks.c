/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The marks of a session, as both workers hold them. */
#include "guidance-marks.h"

#include <glib/gi18n.h>

/* Numbers of marks, too. */
#define MAX_REVISION G_MAXINT32

static const char *const tools[] = { "pen", "arrow", "circle", "text" };
static const struct
{
  guint least, most;
} points_of[] = { { 2, GUIDANCE_MAX_POINTS }, { 2, 2 }, { 2, 2 }, { 1, 1 } };

struct _GuidanceMarks
{
  KarezReplica parent;

  GPtrArray *marks; /* GuidanceMark */
  gint64 revision;
};

static guint gone_signal;

G_DEFINE_FINAL_TYPE (GuidanceMarks, guidance_marks, KAREZ_TYPE_REPLICA)

static void
mark_free (gpointer data)
{
  GuidanceMark *mark = data;

  g_free (mark->id);
  g_free (mark->by);
  g_free (mark->name);
  g_free (mark->hospital);
  g_free (mark->text);
  g_free (mark);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GuidanceMark, mark_free)

/* One mark. */

static JsonNode *
points_to_json (const GuidanceMark *self)
{
  JsonArray *array = json_array_sized_new (self->n_points);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < self->n_points; i++)
    {
      JsonArray *pair = json_array_sized_new (2);

      json_array_add_int_element (pair, self->points[i][0]);
      json_array_add_int_element (pair, self->points[i][1]);
      json_array_add_array_element (array, pair);
    }
  json_node_take_array (node, array);
  return node;
}

JsonNode *
guidance_mark_to_json (const GuidanceMark *self)
{
  return karez_json_object ("id", "s", self->id, "number", "i", self->number, "by", "s", self->by,
                            "name", "s", self->name, "hospital", "s", self->hospital, "capture",
                            "i", self->capture, "drawn_at", "i", self->drawn_at, "tool", "s",
                            tools[self->tool], "points", "n", points_to_json (self), "text", "s",
                            self->text, NULL);
}

const char *
guidance_tool_name (GuidanceTool tool)
{
  return tools[tool];
}

static gboolean
read_coordinate (JsonArray *pair, guint i, guint16 *coordinate)
{
  JsonNode *node = json_array_get_element (pair, i);
  gint64 parts = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
                     ? json_node_get_int (node)
                     : -1;

  *coordinate = (guint16) parts;
  return parts >= 0 && parts <= GUIDANCE_PARTS;
}

static gboolean
read_points (JsonArray *array, GuidanceMark *mark)
{
  for (guint i = 0; i < mark->n_points; i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      JsonArray *pair = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

      if (pair == NULL || json_array_get_length (pair) != 2
          || !read_coordinate (pair, 0, &mark->points[i][0])
          || !read_coordinate (pair, 1, &mark->points[i][1]))
        return FALSE;
    }
  return TRUE;
}

static GuidanceMark *
refuse_mark (GError **error, const char *rule, const char *accepted, const char *message)
{
  karez_error_set (error, KAREZ_ERROR_INVALID, rule, accepted, "%s", message);
  return NULL;
}

static GuidanceTool
tool_of (JsonObject *object)
{
  guint tool = 0;

  while (!g_str_equal (tools[tool], karez_json_text (object, "tool")))
    tool++;
  return (GuidanceTool) tool;
}

/* What a page says of it: shape and moment. @object: with the members' types */
static GuidanceMark *
read_mark (JsonObject *object, GError **error)
{
  GuidanceTool tool = tool_of (object);
  JsonArray *array = json_object_get_array_member (object, "points");
  guint n = json_array_get_length (array);
  g_autoptr (GuidanceMark) mark = NULL;

  if (n < points_of[tool].least || n > points_of[tool].most)
    return refuse_mark (error, "guidance/points",
                        N_ ("a stroke of 2 to 128 points, an arrow or a circle of 2, a text at 1"),
                        N_ ("The mark has too few or too many points"));
  if ((tool == GUIDANCE_TEXT) != (karez_json_text (object, "text") != NULL))
    return refuse_mark (error, "guidance/mark", N_ ("a text with the tool “text” alone"),
                        N_ ("The mark's text and its tool do not go together"));
  mark = g_malloc0 (sizeof *mark + n * sizeof mark->points[0]);
  mark->n_points = n;
  mark->tool = tool;
  mark->id = g_strdup (karez_json_text (object, "id"));
  mark->text = g_strdup (karez_json_text (object, "text"));
  mark->capture = karez_json_integer (object, "capture", 0);
  if (!read_points (array, mark))
    return refuse_mark (error, "guidance/points", N_ ("pairs of whole numbers from 0 to 10,000"),
                        N_ ("The mark is not within the picture"));
  return g_steal_pointer (&mark);
}

#define MARK_FIELDS                                                                                \
  { "id", KAREZ_JSON_UUID, TRUE },                                                                 \
      { "tool", KAREZ_JSON_ENUM, TRUE, 0, 0, "pen|arrow|circle|text" },                            \
      { "capture", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXINT64 / 2 },                                  \
      { "points", KAREZ_JSON_ARRAY, TRUE, 1, 100000 },                                             \
  {                                                                                                \
    "text", KAREZ_JSON_NAME, FALSE, 1, GUIDANCE_MAX_TEXT                                           \
  }

/* As the other worker, or a checkpoint, has it. */
static GuidanceMark *
mark_from_json (JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    MARK_FIELDS,
    { "number", KAREZ_JSON_INTEGER, TRUE, 1, MAX_REVISION },
    { "drawn_at", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 / 2 },
    { "by", KAREZ_JSON_UUID, TRUE },
    { "name", KAREZ_JSON_NAME, TRUE, 1, 400 },
    { "hospital", KAREZ_JSON_UUID, TRUE },
    { NULL },
  };
  JsonObject *object = karez_json_check (node, fields, error);
  GuidanceMark *mark = object != NULL ? read_mark (object, error) : NULL;

  if (mark == NULL)
    return NULL;
  mark->number = karez_json_integer (object, "number", 0);
  mark->drawn_at = karez_json_integer (object, "drawn_at", 0);
  mark->by = g_strdup (karez_json_text (object, "by"));
  mark->name = g_strdup (karez_json_text (object, "name"));
  mark->hospital = g_strdup (karez_json_text (object, "hospital"));
  return mark;
}

/* All of them. */

GPtrArray *
guidance_marks_get (GuidanceMarks *self)
{
  return self->marks;
}

const GuidanceMark *
guidance_marks_find (GuidanceMarks *self, gint64 number)
{
  for (guint i = 0; i < self->marks->len; i++)
    if (((GuidanceMark *) self->marks->pdata[i])->number == number)
      return self->marks->pdata[i];
  return NULL;
}

static gboolean
find_id (GuidanceMarks *self, const char *id, guint *index)
{
  for (guint i = 0; i < self->marks->len; i++)
    if (g_str_equal (((GuidanceMark *) self->marks->pdata[i])->id, id))
      {
        *index = i;
        return TRUE;
      }
  return FALSE;
}

static void
drop (GuidanceMarks *self, guint index)
{
  guint number = (guint) ((GuidanceMark *) self->marks->pdata[index])->number;

  g_ptr_array_remove_index (self->marks, index);
  g_signal_emit (self, gone_signal, 0, number);
}

static guint
count_of (GuidanceMarks *self, const char *by)
{
  guint n = 0;

  for (guint i = 0; i < self->marks->len; i++)
    n += g_str_equal (((GuidanceMark *) self->marks->pdata[i])->by, by);
  return n;
}

/* The host's part. */

static JsonNode *
added_step (GuidanceMarks *self, const GuidanceMark *mark)
{
  return karez_json_object ("type", "s", "added", "revision", "i", self->revision, "mark", "n",
                            guidance_mark_to_json (mark), NULL);
}

/* @ids: (transfer full) */
static JsonNode *
removed_step (GuidanceMarks *self, JsonArray *ids)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, ids);
  return karez_json_object ("type", "s", "removed", "revision", "i", self->revision, "ids", "n",
                            node, "at", "i", g_get_real_time () / 1000, NULL);
}

static JsonNode *
add (GuidanceMarks *self, JsonNode *change, KarezParticipant *who, gboolean *repeated,
     GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "add" },
    MARK_FIELDS,
    { NULL },
  };
  KarezActor *actor = karez_participant_get_actor (who);
  JsonObject *object = karez_json_check (change, fields, error);
  GuidanceMark *mark;
  guint index = 0;

  if (object == NULL)
    return NULL;
  if (find_id (self, karez_json_text (object, "id"), &index))
    {
      *repeated = TRUE;
      return added_step (self, self->marks->pdata[index]);
    }
  mark = read_mark (object, error);
  if (mark == NULL)
    return NULL;
  if (self->marks->len >= GUIDANCE_MAX_MARKS
      || count_of (self, karez_actor_get_id (actor)) >= GUIDANCE_MAX_OWN)
    {
      mark_free (mark);
      karez_error_set (error, KAREZ_ERROR_BUSY, "guidance/too-many-marks",
                       N_ ("at most 64 marks at once, 32 of one person"),
                       N_ ("There are too many marks; clear some"));
      return NULL;
    }
  mark->by = g_strdup (karez_actor_get_id (actor));
  mark->name = g_strdup (karez_actor_get_name (actor));
  mark->hospital = g_strdup (karez_participant_get_hospital (who));
  mark->drawn_at = g_get_real_time () / 1000;
  mark->number = ++self->revision;
  g_ptr_array_add (self->marks, mark);
  return added_step (self, mark);
}

static JsonNode *
remove_one (GuidanceMarks *self, const char *id, const char *by, gboolean *repeated, GError **error)
{
  JsonArray *ids;
  guint index = 0;

  if (!find_id (self, id, &index))
    {
      karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "guidance/no-mark",
                       N_ ("a mark that is there"), N_ ("There is no such mark"));
      return NULL;
    }
  if (!g_str_equal (((GuidanceMark *) self->marks->pdata[index])->by, by))
    {
      karez_error_set (error, KAREZ_ERROR_DENIED, "guidance/not-own", N_ ("a mark of one's own"),
                       N_ ("The mark is somebody else's"));
      return NULL;
    }
  ids = json_array_new ();
  json_array_add_string_element (ids, id);
  drop (self, index);
  self->revision++;
  return removed_step (self, ids);
}

static JsonNode *
clear_own (GuidanceMarks *self, const char *by, gboolean *repeated)
{
  JsonArray *ids = json_array_new ();

  for (guint i = 0; i < self->marks->len;)
    {
      const GuidanceMark *mark = self->marks->pdata[i];

      if (!g_str_equal (mark->by, by))
        {
          i++;
          continue;
        }
      json_array_add_string_element (ids, mark->id);
      drop (self, i);
    }
  *repeated = json_array_get_length (ids) == 0;
  self->revision += !*repeated;
  return removed_step (self, ids);
}

static JsonNode *
change_by (GuidanceMarks *self, JsonNode *change, KarezParticipant *who, gboolean *repeated,
           GError **error)
{
  static const KarezJsonField removal[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "remove" },
    { "id", KAREZ_JSON_UUID, TRUE },
    { NULL },
  };
  static const KarezJsonField clearing[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "add|remove|clear" },
    { NULL },
  };
  const char *by = karez_actor_get_id (karez_participant_get_actor (who));
  const char *type = karez_json_text (json_node_get_object (change), "type");
  JsonObject *object;

  if (g_strcmp0 (type, "add") == 0)
    return add (self, change, who, repeated, error);
  object = karez_json_check (change, g_strcmp0 (type, "remove") == 0 ? removal : clearing, error);
  if (object == NULL)
    return NULL;
  if (g_str_equal (type, "clear"))
    return clear_own (self, by, repeated);
  return remove_one (self, karez_json_text (object, "id"), by, repeated, error);
}

static GPtrArray *
order (KarezReplica *replica, JsonNode *change, gboolean *repeated, GError **error)
{
  GuidanceMarks *self = GUIDANCE_MARKS (replica);
  KarezSession *session = karez_live_half_get_session (karez_live_half_of_replica (replica));
  const char *from = karez_replica_get_from (replica);
  g_autoptr (KarezParticipant) who = from != NULL ? karez_session_find_participant (session, from)
                                                  : NULL;
  GPtrArray *steps = NULL;
  JsonNode *step = NULL;

  if (who != NULL && g_strcmp0 (karez_participant_get_role (who), "expert") != 0)
    karez_error_set (error, KAREZ_ERROR_DENIED, "guidance/role",
                     N_ ("somebody who is there as expert"),
                     N_ ("Experts draw; who is at the patient's side shows"));
  else if (who == NULL)
    karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/away", N_ ("somebody in the session"),
                     N_ ("Who drew the mark is not in the session"));
  else if (!karez_live_half_is_live (karez_live_half_of_replica (replica)))
    karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/not-live",
                     N_ ("a session that is live"), N_ ("Nothing can be drawn now"));
  else if (self->revision >= MAX_REVISION)
    karez_error_set (error, KAREZ_ERROR_BUSY, "guidance/too-many-marks", NULL,
                     N_ ("There are too many marks; clear some"));
  else
    step = change_by (self, change, who, repeated, error);
  if (step == NULL)
    return NULL;
  steps = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  g_ptr_array_add (steps, step);
  return steps;
}

/* Everybody else's part. */

static gboolean
follow_addition (GuidanceMarks *self, JsonObject *object, GError **error)
{
  GuidanceMark *mark = mark_from_json (json_object_get_member (object, "mark"), error);
  guint index = 0;

  if (mark == NULL)
    return FALSE;
  if (self->marks->len >= GUIDANCE_MAX_MARKS || find_id (self, mark->id, &index))
    {
      mark_free (mark);
      return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/mark",
                              N_ ("a mark that is new, of at most 64"),
                              N_ ("The other hospital's marks do not go on from ours"));
    }
  g_ptr_array_add (self->marks, mark);
  return TRUE;
}

static void
follow_removal (GuidanceMarks *self, JsonObject *object)
{
  JsonArray *ids = json_object_get_array_member (object, "ids");

  for (guint i = 0; i < json_array_get_length (ids); i++)
    {
      JsonNode *node = json_array_get_element (ids, i);
      const char *id = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
      guint index = 0;

      if (id != NULL && find_id (self, id, &index))
        drop (self, index);
    }
}

static gboolean
follow (KarezReplica *replica, JsonNode *step, GError **error)
{
  static const KarezJsonField addition[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "added" },
    { "revision", KAREZ_JSON_INTEGER, TRUE, 0, MAX_REVISION },
    { "mark", KAREZ_JSON_OBJECT, TRUE },
    { NULL },
  };
  static const KarezJsonField removal[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "removed" },
    { "revision", KAREZ_JSON_INTEGER, TRUE, 0, MAX_REVISION },
    { "ids", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_MAX_MARKS },
    { "at", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 / 2 },
    { NULL },
  };
  GuidanceMarks *self = GUIDANCE_MARKS (replica);
  gboolean removes = g_strcmp0 (karez_json_text (json_node_get_object (step), "type"), "removed")
                     == 0;
  JsonObject *object = karez_json_check (step, removes ? removal : addition, error);
  gint64 revision = object != NULL ? karez_json_integer (object, "revision", 0) : 0;

  if (object == NULL)
    return FALSE;
  if (revision <= self->revision)
    return TRUE;
  if (revision != self->revision + 1)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/revision", NULL,
                            N_ ("The other hospital's marks do not go on from ours"));
  if (removes)
    follow_removal (self, object);
  else if (!follow_addition (self, object, error))
    return FALSE;
  self->revision = revision;
  return TRUE;
}

/* The whole. */

static gint64
get_revision (KarezReplica *replica)
{
  return GUIDANCE_MARKS (replica)->revision;
}

static JsonNode *
to_json (KarezReplica *replica)
{
  GuidanceMarks *self = GUIDANCE_MARKS (replica);
  JsonArray *array = json_array_sized_new (self->marks->len);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < self->marks->len; i++)
    json_array_add_element (array, guidance_mark_to_json (self->marks->pdata[i]));
  json_node_take_array (node, array);
  return karez_json_object ("revision", "i", self->revision, "marks", "n", node, NULL);
}

static gboolean
from_json (KarezReplica *replica, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "revision", KAREZ_JSON_INTEGER, TRUE, 0, MAX_REVISION },
    { "marks", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_MAX_MARKS },
    { NULL },
  };
  GuidanceMarks *self = GUIDANCE_MARKS (replica);
  JsonObject *object = karez_json_check (node, fields, error);
  JsonArray *array = object != NULL ? json_object_get_array_member (object, "marks") : NULL;
  g_autoptr (GPtrArray) marks = g_ptr_array_new_with_free_func (mark_free);

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      GuidanceMark *mark = mark_from_json (json_array_get_element (array, i), error);

      if (mark == NULL)
        return FALSE;
      g_ptr_array_add (marks, mark);
    }
  if (array == NULL)
    return FALSE;
  g_ptr_array_unref (self->marks);
  self->marks = g_steal_pointer (&marks);
  self->revision = karez_json_integer (object, "revision", 0);
  return TRUE;
}

GuidanceMarks *
guidance_marks_new (void)
{
  return g_object_new (GUIDANCE_TYPE_MARKS, NULL);
}

static void
guidance_marks_finalize (GObject *object)
{
  g_ptr_array_unref (GUIDANCE_MARKS (object)->marks);
  G_OBJECT_CLASS (guidance_marks_parent_class)->finalize (object);
}

static void
guidance_marks_class_init (GuidanceMarksClass *klass)
{
  KarezReplicaClass *replica_class = KAREZ_REPLICA_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = guidance_marks_finalize;
  replica_class->get_revision = get_revision;
  replica_class->to_json = to_json;
  replica_class->from_json = from_json;
  replica_class->order = order;
  replica_class->follow = follow;
  gone_signal = g_signal_new ("gone", GUIDANCE_TYPE_MARKS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                              G_TYPE_NONE, 1, G_TYPE_UINT);
}

static void
guidance_marks_init (GuidanceMarks *self)
{
  self->marks = g_ptr_array_new_with_free_func (mark_free);
}
