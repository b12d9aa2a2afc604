/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The document that an expert shows at the patient's side. */
#include "guidance-showing.h"

#include "guidance-pages.h"

#include <glib/gi18n.h>

#define LABEL GUIDANCE_SHOWING_LABEL
#define SIZE 4096
#define RATE 10
#define MAX_TITLE 200
#define MAX_TIME (G_MAXINT64 / 2)

struct _GuidanceShowing
{
  KarezReplica parent;

  GuidanceHistory *history; /* not owned */
  KarezMedia *media;        /* NULL before it is declared */
};

G_DEFINE_FINAL_TYPE (GuidanceShowing, guidance_showing, KAREZ_TYPE_REPLICA)

/* Who may do what. */
static const struct
{
  const char *change, *roles[2];
} acts[] = {
  { "show", { "expert" } },
  { "turn", { "expert", "site" } },
  { "see", { "site" } },
  { "hide", { "expert", "site" } },
};
enum
{
  SHOW,
  TURN,
  SEE,
  HIDE,
  N_ACTS,
};

static KarezSession *
session_of (GuidanceShowing *self)
{
  return karez_live_half_get_session (karez_live_half_of_replica (KAREZ_REPLICA (self)));
}

/* (nullable) */
static JsonObject *
get_document (GuidanceShowing *self)
{
  JsonNode *value = karez_replica_get (KAREZ_REPLICA (self));

  return JSON_NODE_HOLDS_OBJECT (value) ? json_node_get_object (value) : NULL;
}

/* What is a document. */

static gboolean
check_pages (JsonObject *document, GError **error)
{
  JsonArray *pages = json_object_get_array_member (document, "pages");
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < json_array_get_length (pages); i++)
    {
      JsonNode *node = json_array_get_element (pages, i);
      const char *id = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      if (id == NULL || !g_uuid_string_is_valid (id) || !g_hash_table_add (known, (gpointer) id))
        return karez_error_set (error, KAREZ_ERROR_INVALID, "guidance/document",
                                N_ ("ids of pictures, each once"),
                                N_ ("A page of the document is no picture’s id"));
    }
  return TRUE;
}

static gboolean
refuse_page (GError **error)
{
  return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "guidance/no-page",
                          N_ ("a number from 0, as many as the document has pages"),
                          N_ ("The document has no such page"));
}

/* The whole, as a worker has it. */
static gboolean
check_value (JsonNode *value, GError **error)
{
  static const KarezJsonField fields[] = {
    { "id", KAREZ_JSON_UUID, TRUE },
    { "title", KAREZ_JSON_NAME, TRUE, 1, MAX_TITLE },
    { "pages", KAREZ_JSON_ARRAY, TRUE, 1, GUIDANCE_SHOWING_MAX_PAGES },
    { "page", KAREZ_JSON_INTEGER, TRUE, 0, GUIDANCE_SHOWING_MAX_PAGES - 1 },
    { "seen", KAREZ_JSON_BOOLEAN, TRUE },
    { "by", KAREZ_JSON_UUID, TRUE },
    { "at", KAREZ_JSON_INTEGER, TRUE, 0, MAX_TIME },
    { NULL },
  };
  JsonObject *object;

  if (JSON_NODE_HOLDS_NULL (value))
    return TRUE;
  object = karez_json_check (value, fields, error);
  if (object == NULL || !check_pages (object, error))
    return FALSE;
  return karez_json_integer (object, "page", 0)
             < json_array_get_length (json_object_get_array_member (object, "pages"))
         || refuse_page (error);
}

/* A value that is not the other worker's to change beside us. @page, @seen: in place of its own */
static JsonNode *
with_page (JsonObject *document, gint64 page, gboolean seen)
{
  return karez_json_object ("id", "s", karez_json_text (document, "id"), "title", "s",
                            karez_json_text (document, "title"), "pages", "n",
                            json_node_copy (json_object_get_member (document, "pages")), "page",
                            "i", page, "seen", "b", seen, "by", "s",
                            karez_json_text (document, "by"), "at", "i",
                            karez_json_integer (document, "at", 0), NULL);
}

/* The host's part. */

static JsonObject *
read_change (JsonNode *change, guint *act, GError **error)
{
  static const KarezJsonField fields[N_ACTS][5] = {
    { { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "show" },
      { "id", KAREZ_JSON_UUID, TRUE },
      { "title", KAREZ_JSON_NAME, TRUE, 1, MAX_TITLE },
      { "pages", KAREZ_JSON_ARRAY, TRUE, 1, GUIDANCE_SHOWING_MAX_PAGES } },
    { { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "turn" },
      { "id", KAREZ_JSON_UUID, TRUE },
      { "page", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 } },
    { { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "see" },
      { "id", KAREZ_JSON_UUID, TRUE },
      { "page", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT32 } },
    { { "type", KAREZ_JSON_ENUM, TRUE, 0, 0, "show|turn|see|hide" },
      { "id", KAREZ_JSON_UUID, TRUE } },
  };
  const char *type = karez_json_text (json_node_get_object (change), "type");
  JsonObject *object;

  /* What is of no kind is held against the last table, which names all of them. */
  for (*act = SHOW; *act < HIDE && g_strcmp0 (type, acts[*act].change) != 0;)
    (*act)++;
  object = karez_json_check (change, fields[*act], error);
  return object != NULL && (*act != SHOW || check_pages (object, error)) ? object : NULL;
}

static gboolean
check_who (GuidanceShowing *self, guint act, KarezParticipant *who, GError **error)
{
  const char *role = who != NULL ? karez_participant_get_role (who) : NULL;

  if (who == NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/away",
                            N_ ("somebody in the session"),
                            N_ ("Who sent it is not in the session"));
  if (g_strcmp0 (role, acts[act].roles[0]) != 0
      && (acts[act].roles[1] == NULL || g_strcmp0 (role, acts[act].roles[1]) != 0))
    return karez_error_set (error, KAREZ_ERROR_DENIED, "guidance/role",
                            N_ ("an expert; who is at the patient’s side turns pages and puts it "
                                "away"),
                            N_ ("Experts show documents at the patient’s side"));
  /* What is shown is turned and put away at any time. */
  return act != SHOW || karez_live_half_is_live (karez_live_half_of_replica (KAREZ_REPLICA (self)))
         || karez_error_set (error, KAREZ_ERROR_CONFLICT, "guidance/not-live",
                             N_ ("a session that is live"), N_ ("No document can be shown now"));
}

/* Returns: (transfer full): what is shown then; NULL with @error */
static JsonNode *
change_by (GuidanceShowing *self, guint act, JsonObject *change, KarezParticipant *who,
           GError **error)
{
  JsonObject *document = get_document (self);
  gboolean shown = document != NULL
                   && g_str_equal (karez_json_text (document, "id"),
                                   karez_json_text (change, "id"));
  gint64 page = karez_json_integer (change, "page", 0);

  if (act == SHOW && !shown)
    return karez_json_object ("id", "s", karez_json_text (change, "id"), "title", "s",
                              karez_json_text (change, "title"), "pages", "n",
                              json_node_copy (json_object_get_member (change, "pages")), "page",
                              "i", (gint64) 0, "seen", "b", FALSE, "by", "s",
                              karez_actor_get_id (karez_participant_get_actor (who)), "at", "i",
                              g_get_real_time () / 1000, NULL);
  if (act == HIDE && shown)
    return json_node_new (JSON_NODE_NULL);
  /* Of one that is shown already, or is not any more. */
  if (act == SHOW || !shown)
    return json_node_copy (karez_replica_get (KAREZ_REPLICA (self)));
  if (page >= json_array_get_length (json_object_get_array_member (document, "pages")))
    {
      refuse_page (error);
      return NULL;
    }
  /* What is turned to is not seen yet; a page that is seen after another one was turned to, is not
   * the one that is shown. */
  if (act == TURN && page != karez_json_integer (document, "page", 0))
    return with_page (document, page, FALSE);
  return with_page (document, karez_json_integer (document, "page", 0),
                    karez_json_boolean (document, "seen")
                        || (act == SEE && page == karez_json_integer (document, "page", 0)));
}

static GPtrArray *
order (KarezReplica *replica, JsonNode *change, gboolean *repeated, GError **error)
{
  GuidanceShowing *self = GUIDANCE_SHOWING (replica);
  const char *from = karez_replica_get_from (replica);
  g_autoptr (KarezParticipant)
      who = from != NULL ? karez_session_find_participant (session_of (self), from) : NULL;
  guint act = SHOW;
  JsonObject *object = read_change (change, &act, error);
  g_autoptr (JsonNode) set = NULL;
  JsonNode *value = NULL;

  if (object != NULL && check_who (self, act, who, error))
    value = change_by (self, act, object, who, error);
  if (value == NULL)
    return NULL;
  set = karez_json_object ("value", "n", value, NULL);
  return KAREZ_REPLICA_CLASS (guidance_showing_parent_class)->order (replica, set, repeated, error);
}

/* The other worker's word. */

static gboolean
check_state (JsonNode *state, GError **error)
{
  JsonNode *value = JSON_NODE_HOLDS_OBJECT (state)
                        ? json_object_get_member (json_node_get_object (state), "value")
                        : NULL;

  /* The parent refuses one that is not there. */
  return value == NULL || check_value (value, error);
}

static gboolean
follow (KarezReplica *replica, JsonNode *step, GError **error)
{
  return check_state (step, error)
         && KAREZ_REPLICA_CLASS (guidance_showing_parent_class)->follow (replica, step, error);
}

static gboolean
from_json (KarezReplica *replica, JsonNode *state, GError **error)
{
  return check_state (state, error)
         && KAREZ_REPLICA_CLASS (guidance_showing_parent_class)->from_json (replica, state, error);
}

/* Pages. */

static JsonNode *
describe (GuidanceShowing *self)
{
  JsonObject *document = get_document (self);
  const char *hospital = NULL, *name = NULL;
  JsonNode *node;

  if (document == NULL)
    return karez_json_object ("type", "s", "showing", "document", "n",
                              json_node_new (JSON_NODE_NULL), NULL);
  name = guidance_history_find (self->history, karez_json_text (document, "by"), &hospital);
  node = with_page (document, karez_json_integer (document, "page", 0),
                    karez_json_boolean (document, "seen"));
  if (name != NULL)
    json_object_set_string_member (json_node_get_object (node), "name", name);
  if (hospital != NULL)
    json_object_set_string_member (json_node_get_object (node), "hospital", hospital);
  return karez_json_object ("type", "s", "showing", "document", "n", node, NULL);
}

void
guidance_showing_begin (GuidanceShowing *self, KarezParticipant *participant)
{
  if (self->media != NULL && karez_replica_is_settled (KAREZ_REPLICA (self)))
    guidance_pages_tell_one (self->media, participant, LABEL, describe (self));
}

static void
tell (GuidanceShowing *self)
{
  if (self->media != NULL && karez_replica_is_settled (KAREZ_REPLICA (self)))
    guidance_pages_tell (session_of (self), self->media, LABEL, describe (self));
}

/* A change that was made before is answered to all: it says the same. */
static void
on_step (GuidanceShowing *self, JsonNode *step, const char *to, gpointer data)
{
  tell (self);
}

static void
on_replaced (GuidanceShowing *self, gpointer data)
{
  tell (self);
}

static void
on_refused (GuidanceShowing *self, const char *from, JsonNode *change, const GError *error,
            gpointer data)
{
  g_autoptr (KarezParticipant) one = karez_session_find_participant (session_of (self), from);

  if (one != NULL)
    guidance_pages_refuse (self->media, one, LABEL, change, error);
}

void
guidance_showing_take (GuidanceShowing *self, KarezParticipant *participant, GBytes *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) change = karez_json_parse (message, SIZE, &error);

  if (change != NULL && !JSON_NODE_HOLDS_OBJECT (change))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "guidance/document", N_ ("an object"),
                     N_ ("This is no change of a document"));
  if (error == NULL)
    karez_replica_change (KAREZ_REPLICA (self), karez_participant_get_id (participant), change,
                          &error);
  if (error != NULL)
    guidance_pages_refuse (self->media, participant, LABEL, change, error);
}

void
guidance_showing_declare (GuidanceShowing *self, KarezMedia *media)
{
  g_set_object (&self->media, media);
  karez_media_declare_channel (media, LABEL, KAREZ_CHANNEL_NONE, SIZE, RATE);
}

GuidanceShowing *
guidance_showing_new (GuidanceHistory *history)
{
  GuidanceShowing *self = g_object_new (GUIDANCE_TYPE_SHOWING, NULL);

  self->history = history;
  return self;
}

static void
guidance_showing_finalize (GObject *object)
{
  g_clear_object (&GUIDANCE_SHOWING (object)->media);
  G_OBJECT_CLASS (guidance_showing_parent_class)->finalize (object);
}

static void
guidance_showing_class_init (GuidanceShowingClass *klass)
{
  KarezReplicaClass *replica_class = KAREZ_REPLICA_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = guidance_showing_finalize;
  replica_class->order = order;
  replica_class->follow = follow;
  replica_class->from_json = from_json;
}

static void
guidance_showing_init (GuidanceShowing *self)
{
  g_signal_connect (self, "step", G_CALLBACK (on_step), NULL);
  g_signal_connect (self, "replaced", G_CALLBACK (on_replaced), NULL);
  g_signal_connect (self, "refused", G_CALLBACK (on_refused), NULL);
}
