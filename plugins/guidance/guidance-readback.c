/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checklists of a session, as both workers hold them: asked, and read back. */
#include "guidance-readback.h"

#include "guidance-checklist.h"

#include <glib/gi18n.h>

#define MAX_REVISION G_MAXINT32
#define MAX_TIME (G_MAXINT64 / 2)

struct _GuidanceReadback
{
  KarezReplica parent;

  JsonArray *lists;
  gint64 revision;
};

G_DEFINE_FINAL_TYPE (GuidanceReadback, guidance_readback, KAREZ_TYPE_REPLICA)

/* What a change does, and whose it is. */
static const struct
{
  const char *change, *step, *role;
  const char *by, *at; /* members of the list, or of its item, that it sets */
} acts[] = {
  { "open", "opened", "expert", "by", "at" },
  { "ask", "asked", "expert", "asked_by", "asked_at" },
  { "confirm", "confirmed", "site", "confirmed_by", "confirmed_at" },
  { "close", "closed", "expert", "closed_by", "closed_at" },
};
enum
{
  OPEN,
  ASK,
  CONFIRM,
  CLOSE,
  N_ACTS,
};

/* The lists. */

static JsonObject *
find_list (GuidanceReadback *self, const char *id)
{
  for (guint i = 0; i < json_array_get_length (self->lists); i++)
    {
      JsonObject *list = json_array_get_object_element (self->lists, i);

      if (g_str_equal (karez_json_text (list, "id"), id))
        return list;
    }
  return NULL;
}

JsonArray *
guidance_readback_get_lists (GuidanceReadback *self)
{
  return self->lists;
}

JsonObject *
guidance_readback_get_open (GuidanceReadback *self)
{
  guint n = json_array_get_length (self->lists);
  JsonObject *last = n > 0 ? json_array_get_object_element (self->lists, n - 1) : NULL;

  return last != NULL && !json_object_has_member (last, "closed_at") ? last : NULL;
}

static JsonObject *
item_of (JsonObject *list, gint64 item)
{
  JsonArray *items = json_object_get_array_member (list, "items");

  return item >= 0 && item < json_array_get_length (items)
             ? json_array_get_object_element (items, (guint) item)
             : NULL;
}

static gsize
count_bytes (JsonNode *node)
{
  g_autoptr (GBytes) bytes = karez_json_to_bytes (node);

  return g_bytes_get_size (bytes);
}

static gsize
count_texts (GuidanceReadback *self)
{
  gsize sum = 0;

  for (guint i = 0; i < json_array_get_length (self->lists); i++)
    sum += count_bytes (
        json_object_get_member (json_array_get_object_element (self->lists, i), "checklist"));
  return sum;
}

/* What is in an object: json_node_copy() shares it. */
static JsonObject *
copy_members (JsonObject *object)
{
  JsonObject *copy = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    json_object_set_member (copy, name, json_node_copy (member));
  return copy;
}

/* Returns: (transfer full): that no later change changes */
static JsonArray *
copy_lists (JsonArray *lists)
{
  JsonArray *copy = json_array_sized_new (json_array_get_length (lists));

  for (guint i = 0; i < json_array_get_length (lists); i++)
    {
      JsonObject *list = copy_members (json_array_get_object_element (lists, i));
      JsonArray *items = json_object_get_array_member (list, "items");
      JsonArray *own = json_array_sized_new (json_array_get_length (items));

      for (guint j = 0; j < json_array_get_length (items); j++)
        json_array_add_object_element (own,
                                       copy_members (json_array_get_object_element (items, j)));
      json_object_set_array_member (list, "items", own);
      json_array_add_object_element (copy, list);
    }
  return copy;
}

/* Applies a step that was looked at. */
static void
apply_opening (GuidanceReadback *self, JsonObject *step)
{
  JsonNode *checklist = json_object_get_member (step, "checklist");
  guint n = guidance_checklist_count (json_node_get_object (checklist));
  JsonArray *items = json_array_sized_new (n);
  g_autoptr (JsonNode) node = NULL;

  for (guint i = 0; i < n; i++)
    json_array_add_object_element (items, json_object_new ());
  node = karez_json_object ("id", "s", karez_json_text (step, "id"), "checklist", "n",
                            json_node_copy (checklist), "by", "s", karez_json_text (step, "by"),
                            "at", "i", karez_json_integer (step, "at", 0), "items", "n",
                            karez_json_array (items), NULL);
  json_array_add_element (self->lists, g_steal_pointer (&node));
}

static void
apply (GuidanceReadback *self, guint act, JsonObject *step)
{
  JsonObject *object = NULL;

  self->revision = karez_json_integer (step, "revision", 0);
  if (act == OPEN)
    {
      apply_opening (self, step);
      return;
    }
  object = find_list (self, karez_json_text (step, "id"));
  if (act != CLOSE)
    object = item_of (object, karez_json_integer (step, "item", -1));
  json_object_set_string_member (object, acts[act].by, karez_json_text (step, "by"));
  json_object_set_int_member (object, acts[act].at, karez_json_integer (step, "at", 0));
}

/* The host's part. */

static gboolean
refuse_opening (GuidanceReadback *self, JsonObject *change, GError **error)
{
  if (guidance_readback_get_open (self) != NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/checklist-open",
                            N_ ("one checklist at a time: close the one that is open"),
                            N_ ("A checklist is open already"));
  if (json_array_get_length (self->lists) >= GUIDANCE_READBACK_MAX_LISTS
      || count_texts (self) + count_bytes (json_object_get_member (change, "checklist"))
             > GUIDANCE_READBACK_MAX_BYTES)
    return karez_error_set (error, KAREZ_ERROR_BUSY, "guidance/checklist-room",
                            N_ ("at most 8 checklists in a session, of 96 KiB together"),
                            N_ ("No more checklists can be opened in this session"));
  return TRUE;
}

/* Whether @act may be done to the list that is open. */
static gboolean
check_act (GuidanceReadback *self, guint act, JsonObject *list, JsonObject *change, GError **error)
{
  JsonObject *item;

  if (list == NULL || list != guidance_readback_get_open (self))
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "guidance/no-checklist",
                            N_ ("the checklist that is open"), N_ ("This checklist is not open"));
  if (act == CLOSE)
    return TRUE;
  item = item_of (list, karez_json_integer (change, "item", -1));
  if (item == NULL)
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "guidance/no-item",
                            N_ ("a number from 0, as many as the checklist has items"),
                            N_ ("The checklist has no such item"));
  if (act == CONFIRM && !json_object_has_member (item, "asked_at"))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/not-asked",
                            N_ ("an item that an expert has asked"),
                            N_ ("This item was not asked yet"));
  return TRUE;
}

/* What was done before, as it was then. */
static JsonNode *
find_done (GuidanceReadback *self, guint act, JsonObject *list, JsonObject *change)
{
  JsonObject *done = list;

  if (act == ASK || act == CONFIRM)
    done = list != NULL ? item_of (list, karez_json_integer (change, "item", -1)) : NULL;
  if (done == NULL || !json_object_has_member (done, acts[act].at))
    return NULL;
  return karez_json_object (
      "type", "s", acts[act].step, "revision", "i", self->revision, "id", "s",
      karez_json_text (change, "id"), "checklist", "n",
      act == OPEN ? json_node_copy (json_object_get_member (list, "checklist")) : NULL, "by", "s",
      karez_json_text (done, acts[act].by), "at", "i", karez_json_integer (done, acts[act].at, 0),
      NULL);
}

static JsonNode *
make_step (GuidanceReadback *self, guint act, JsonObject *change, KarezParticipant *who)
{
  JsonNode *step = karez_json_object (
      "type", "s", acts[act].step, "revision", "i", self->revision + 1, "id", "s",
      karez_json_text (change, "id"), "checklist", "n",
      act == OPEN ? json_node_copy (json_object_get_member (change, "checklist")) : NULL, "by", "s",
      karez_actor_get_id (karez_participant_get_actor (who)), "at", "i", g_get_real_time () / 1000,
      NULL);

  if (act == ASK || act == CONFIRM)
    json_object_set_int_member (json_node_get_object (step), "item",
                                karez_json_integer (change, "item", 0));
  return step;
}

static JsonNode *
change_by (GuidanceReadback *self, guint act, JsonObject *change, KarezParticipant *who,
           gboolean *repeated, GError **error)
{
  JsonObject *list = find_list (self, karez_json_text (change, "id"));
  JsonNode *step = find_done (self, act, list, change);

  *repeated = step != NULL;
  if (step != NULL)
    {
      if (act == ASK || act == CONFIRM)
        json_object_set_int_member (json_node_get_object (step), "item",
                                    karez_json_integer (change, "item", 0));
      return step;
    }
  if (act == OPEN ? !refuse_opening (self, change, error)
                  : !check_act (self, act, list, change, error))
    return NULL;
  step = make_step (self, act, change, who);
  apply (self, act, json_node_get_object (step));
  return step;
}

static JsonObject *
read_change (JsonNode *change, guint *act, GError **error)
{
  static const KarezJsonField fields[N_ACTS][5] = {
    { { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "open" },
      { "id", KAREZ_JSON_UUID, TRUE },
      { "checklist", KAREZ_JSON_OBJECT, TRUE } },
    { { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "ask" },
      { "id", KAREZ_JSON_UUID, TRUE },
      { "item", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 } },
    { { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "confirm" },
      { "id", KAREZ_JSON_UUID, TRUE },
      { "item", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 } },
    { { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "open|ask|confirm|close" },
      { "id", KAREZ_JSON_UUID, TRUE } },
  };
  const char *type = karez_json_text (json_node_get_object (change), "type");
  JsonObject *object;

  /* What is of no kind is held against the last table, which names all of them. */
  for (*act = OPEN; *act < CLOSE && g_strcmp0 (type, acts[*act].change) != 0;)
    (*act)++;
  object = karez_json_check (change, fields[*act], error);
  if (object != NULL && *act == OPEN
      && guidance_checklist_check (json_object_get_member (object, "checklist"), error) == NULL)
    return NULL;
  return object;
}

static gboolean
check_who (KarezReplica *replica, guint act, KarezParticipant *who, GError **error)
{
  if (who == NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/away",
                            N_ ("somebody in the session"),
                            N_ ("Who sent it is not in the session"));
  if (g_strcmp0 (karez_participant_get_role (who), acts[act].role) != 0)
    return karez_error_set (error, KAREZ_ERROR_DENIED, "guidance/role",
                            act == CONFIRM ? N_ ("somebody who is there at the patient’s side")
                                           : N_ ("somebody who is there as expert"),
                            act == CONFIRM ? N_ ("An item is confirmed at the patient’s side")
                                           : N_ ("Experts open checklists, ask and close them"));
  if (!karez_live_half_is_live (karez_live_half_of_replica (replica)))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/not-live",
                            N_ ("a session that is live"), N_ ("Nothing can be asked now"));
  return TRUE;
}

static GPtrArray *
order (KarezReplica *replica, JsonNode *change, gboolean *repeated, GError **error)
{
  GuidanceReadback *self = GUIDANCE_READBACK (replica);
  KarezSession *session = karez_live_half_get_session (karez_live_half_of_replica (replica));
  const char *from = karez_replica_get_from (replica);
  g_autoptr (KarezParticipant) who = from != NULL ? karez_session_find_participant (session, from)
                                                  : NULL;
  guint act = OPEN;
  JsonObject *object = read_change (change, &act, error);
  JsonNode *step = NULL;
  GPtrArray *steps;

  if (object != NULL && check_who (replica, act, who, error))
    step = change_by (self, act, object, who, repeated, error);
  if (step == NULL)
    return NULL;
  steps = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  g_ptr_array_add (steps, step);
  return steps;
}

/* Everybody else's part. */

static gboolean
refuse_gap (GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/revision", NULL,
                          N_ ("The other hospital’s checklists do not go on from ours"));
}

static gboolean
can_follow (GuidanceReadback *self, guint act, JsonObject *step, GError **error)
{
  JsonObject *list = find_list (self, karez_json_text (step, "id"));

  if (karez_json_integer (step, "revision", 0) != self->revision + 1)
    return refuse_gap (error);
  if (act != OPEN)
    return check_act (self, act, list, step, error);
  if (list != NULL)
    return refuse_gap (error);
  return refuse_opening (self, step, error)
         && guidance_checklist_check (json_object_get_member (step, "checklist"), error) != NULL;
}

static gboolean
follow (KarezReplica *replica, JsonNode *step, GError **error)
{
  static const KarezJsonField fields[] = {
    { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "opened|asked|confirmed|closed" },
    { "revision", KAREZ_JSON_INTEGER, TRUE, 0, MAX_REVISION },
    { "id", KAREZ_JSON_UUID, TRUE },
    { "checklist", KAREZ_JSON_OBJECT },
    { "item", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT32 },
    { "by", KAREZ_JSON_UUID, TRUE },
    { "at", KAREZ_JSON_INTEGER, TRUE, 0, MAX_TIME },
    { NULL },
  };
  GuidanceReadback *self = GUIDANCE_READBACK (replica);
  JsonObject *object = karez_json_check (step, fields, error);
  guint act = OPEN;

  if (object == NULL)
    return FALSE;
  while (!g_str_equal (acts[act].step, karez_json_text (object, "type")))
    act++;
  if (karez_json_integer (object, "revision", 0) <= self->revision)
    return TRUE;
  if (!can_follow (self, act, object, error))
    return FALSE;
  apply (self, act, object);
  return TRUE;
}

/* The whole. */

static gboolean
check_items (JsonObject *list, GError **error)
{
  static const KarezJsonField fields[] = {
    { "asked_by", KAREZ_JSON_UUID },
    { "asked_at", KAREZ_JSON_INTEGER, FALSE, 0, MAX_TIME },
    { "confirmed_by", KAREZ_JSON_UUID },
    { "confirmed_at", KAREZ_JSON_INTEGER, FALSE, 0, MAX_TIME },
    { NULL },
  };
  JsonArray *items = json_object_get_array_member (list, "items");
  JsonObject *checklist = guidance_checklist_check (json_object_get_member (list, "checklist"),
                                                    error);

  if (checklist == NULL)
    return FALSE;
  if (json_array_get_length (items) != guidance_checklist_count (checklist))
    return refuse_gap (error);
  for (guint i = 0; i < json_array_get_length (items); i++)
    if (karez_json_check (json_array_get_element (items, i), fields, error) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
check_list (JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "checklist", KAREZ_JSON_OBJECT, TRUE },
    { "by", KAREZ_JSON_UUID, TRUE },
    { "at", KAREZ_JSON_INTEGER, TRUE, 0, MAX_TIME },
    { "items", KAREZ_JSON_ARRAY, TRUE, 1, GUIDANCE_CHECKLIST_MAX_ITEMS },
    { "closed_by", KAREZ_JSON_UUID },
    { "closed_at", KAREZ_JSON_INTEGER, FALSE, 0, MAX_TIME },
    { NULL },
  };
  JsonObject *list = karez_json_check (node, fields, error);

  return list != NULL && check_items (list, error);
}

static gint64
get_revision (KarezReplica *replica)
{
  return GUIDANCE_READBACK (replica)->revision;
}

static JsonNode *
to_json (KarezReplica *replica)
{
  GuidanceReadback *self = GUIDANCE_READBACK (replica);

  return karez_json_object ("revision", "i", self->revision, "lists", "n",
                            karez_json_array (copy_lists (self->lists)), NULL);
}

static gboolean
from_json (KarezReplica *replica, JsonNode *node, GError **error)
{
  static const KarezJsonField fields[] = {
    { "revision", KAREZ_JSON_INTEGER, TRUE, 0, MAX_REVISION },
    { "lists", KAREZ_JSON_ARRAY, TRUE, 0, GUIDANCE_READBACK_MAX_LISTS },
    { NULL },
  };
  GuidanceReadback *self = GUIDANCE_READBACK (replica);
  JsonObject *object = karez_json_check (node, fields, error);
  JsonArray *lists = object != NULL ? json_object_get_array_member (object, "lists") : NULL;

  for (guint i = 0; lists != NULL && i < json_array_get_length (lists); i++)
    if (!check_list (json_array_get_element (lists, i), error))
      return FALSE;
  if (lists == NULL)
    return FALSE;
  json_array_unref (self->lists);
  self->lists = copy_lists (lists);
  self->revision = karez_json_integer (object, "revision", 0);
  return TRUE;
}

GuidanceReadback *
guidance_readback_new (void)
{
  return g_object_new (GUIDANCE_TYPE_READBACK, NULL);
}

static void
guidance_readback_finalize (GObject *object)
{
  json_array_unref (GUIDANCE_READBACK (object)->lists);
  G_OBJECT_CLASS (guidance_readback_parent_class)->finalize (object);
}

static void
guidance_readback_class_init (GuidanceReadbackClass *klass)
{
  KarezReplicaClass *replica_class = KAREZ_REPLICA_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = guidance_readback_finalize;
  replica_class->get_revision = get_revision;
  replica_class->to_json = to_json;
  replica_class->from_json = from_json;
  replica_class->order = order;
  replica_class->follow = follow;
}

static void
guidance_readback_init (GuidanceReadback *self)
{
  self->lists = json_array_new ();
}
