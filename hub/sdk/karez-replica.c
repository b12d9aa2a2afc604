/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A state that the two workers of a session hold. */
#define KAREZ_INSIDE
#include "karez-replica-private.h"

#include "hub-catalogue.h"

/* A host that came back waits so long for the other side, which may know more than the checkpoint.
 */
#define SETTLE_MS 3000
#define MAX_HELD 256u
/* A number that JavaScript keeps. */
#define MAX_REVISION (((gint64) 1 << 53) - 1)
/* What the other side may know more than a checkpoint: no session has as many changes, and none
 * that claims them leaves a host without numbers. */
#define MAX_AHEAD (G_GINT64_CONSTANT (1) << 20)

typedef struct
{
  JsonNode *value;
  gint64 revision;

  KarezLiveHalf *half; /* not owned */
  char *name;
  guint settling;   /* source; 0 when settled */
  const char *from; /* whose change is put in order */
  GQueue held;      /* of Held, that came before */
  gboolean last_heard;
} KarezReplicaPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (KarezReplica, karez_replica, G_TYPE_OBJECT)

enum
{
  REPLACED,
  STEP,
  REFUSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static KarezReplicaPrivate *
get_private (KarezReplica *self)
{
  return karez_replica_get_instance_private (self);
}

/* A change that waits until a host that came back has heard the other side. */
typedef struct
{
  char *from;
  JsonNode *change;
} Held;

static void
held_free (gpointer data)
{
  Held *held = data;

  g_free (held->from);
  json_node_unref (held->change);
  g_free (held);
}

/* The value of its own. */

static gint64
karez_replica_real_get_revision (KarezReplica *self)
{
  return get_private (self)->revision;
}

static JsonNode *
copy_value (KarezReplica *self)
{
  return json_node_copy (get_private (self)->value);
}

static JsonNode *
karez_replica_real_to_json (KarezReplica *self)
{
  return karez_json_object ("revision", "i", get_private (self)->revision, "value", "n",
                            copy_value (self), NULL);
}

/* A value may be of any kind, so that no table describes it. */
static gboolean
read_state (JsonNode *node, gint64 *revision, JsonNode **value, GError **error)
{
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                                                     : NULL;
  JsonNode *number = object != NULL ? json_object_get_member (object, "revision") : NULL;

  *value = object != NULL ? json_object_get_member (object, "value") : NULL;
  *revision = number != NULL && JSON_NODE_HOLDS_VALUE (number)
                      && json_node_get_value_type (number) == G_TYPE_INT64
                  ? json_node_get_int (number)
                  : -1;
  if (*revision >= 0 && *revision <= MAX_REVISION && *value != NULL
      && json_object_get_size (object) == 2)
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_INVALID, "replica/state",
                          N_ ("a revision and a value"), N_ ("The state is not whole"));
}

static void
take_value (KarezReplica *self, JsonNode *value, gint64 revision)
{
  KarezReplicaPrivate *priv = get_private (self);

  json_node_unref (priv->value);
  priv->value = json_node_copy (value);
  priv->revision = revision;
}

static gboolean
karez_replica_real_from_json (KarezReplica *self, JsonNode *node, GError **error)
{
  JsonNode *value = NULL;
  gint64 revision;

  if (!read_state (node, &revision, &value, error))
    return FALSE;
  take_value (self, value, revision);
  return TRUE;
}

static GPtrArray *
karez_replica_real_order (KarezReplica *self, JsonNode *change, gboolean *repeated, GError **error)
{
  KarezReplicaPrivate *priv = get_private (self);
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (change) ? json_node_get_object (change) : NULL;
  JsonNode *value = object != NULL ? json_object_get_member (object, "value") : NULL;
  g_autoptr (GBytes) bytes = NULL;
  GPtrArray *steps = NULL;

  if (value == NULL || priv->revision >= MAX_REVISION)
    {
      karez_error_set (error, KAREZ_ERROR_INVALID, "replica/change", N_ ("a value"),
                       N_ ("The change is not whole"));
      return NULL;
    }
  bytes = karez_json_to_bytes (value);
  if (g_bytes_get_size (bytes) > KAREZ_REPLICA_MAX_BYTES)
    {
      karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "replica/size", N_ ("at most 192 KiB"),
                       N_ ("The state would become too large"));
      return NULL;
    }
  *repeated = json_node_equal (priv->value, value);
  if (!*repeated)
    take_value (self, value, priv->revision + 1);
  steps = g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);
  g_ptr_array_add (steps, karez_replica_real_to_json (self));
  return steps;
}

static gboolean
karez_replica_real_follow (KarezReplica *self, JsonNode *step, GError **error)
{
  JsonNode *value = NULL;
  gint64 revision;

  if (!read_state (step, &revision, &value, error))
    return FALSE;
  if (revision > get_private (self)->revision)
    take_value (self, value, revision);
  return TRUE;
}

/* Telling. */

static gboolean
is_host (KarezReplica *self)
{
  return karez_session_is_host (karez_live_half_get_session (get_private (self)->half));
}

static JsonNode *
make_state (KarezReplica *self, const char *type, gboolean last)
{
  return karez_json_object ("replica", "s", get_private (self)->name, "type", "s", type, "state",
                            "n", karez_replica_to_json (self), "last", "b", last, NULL);
}

static JsonNode *
make_step (KarezReplica *self, JsonNode *step, const char *to)
{
  return karez_json_object ("replica", "s", get_private (self)->name, "type", "s", "step", "step",
                            "n", json_node_copy (step), "to", "s", to, NULL);
}

/* Something that is told once it is on disk. */
typedef struct
{
  KarezReplica *self;
  JsonNode *message; /* to the other worker; NULL: here */
  JsonNode *step;    /* here: a step, or what was refused; NULL: the state is another one */
  char *to;
  GError *error; /* what refused it */
} Telling;

static void
telling_free (gpointer data)
{
  Telling *telling = data;

  g_object_unref (telling->self);
  g_clear_pointer (&telling->message, json_node_unref);
  g_clear_pointer (&telling->step, json_node_unref);
  g_free (telling->to);
  g_clear_error (&telling->error);
  g_free (telling);
}

static void
on_saved (gpointer data)
{
  Telling *telling = data;
  KarezReplicaPrivate *priv = get_private (telling->self);

  if (priv->half == NULL)
    return;
  /* Not sent when too much waits already: the other side asks for the state then, because a step is
   * missing. */
  if (telling->message != NULL)
    karez_live_half_tell_peer (priv->half, g_steal_pointer (&telling->message), NULL);
  else if (telling->error != NULL)
    g_signal_emit (telling->self, signals[REFUSED], 0, telling->to, telling->step, telling->error);
  else if (telling->step != NULL)
    g_signal_emit (telling->self, signals[STEP], 0, telling->step, telling->to);
  else
    g_signal_emit (telling->self, signals[REPLACED], 0);
}

/* @message: (transfer full) */
static void
tell_all (KarezReplica *self, JsonNode *message, JsonNode *step, const char *to,
          const GError *error)
{
  Telling *telling = g_new0 (Telling, 1);

  telling->self = g_object_ref (self);
  telling->message = message;
  telling->step = step != NULL ? json_node_ref (step) : NULL;
  telling->to = g_strdup (to);
  telling->error = error != NULL ? g_error_copy (error) : NULL;
  karez_live_half_when_saved (get_private (self)->half, on_saved, telling, telling_free);
}

static void
tell (KarezReplica *self, JsonNode *message, JsonNode *step, const char *to)
{
  tell_all (self, message, step, to, NULL);
}

static gboolean
is_local (KarezReplica *self, const char *id)
{
  KarezSession *session = karez_live_half_get_session (get_private (self)->half);
  g_autoptr (KarezParticipant) one = karez_session_find_participant (session, id);

  return one != NULL && karez_participant_is_local (one);
}

static void
refuse (KarezReplica *self, const char *from, JsonNode *change, GError *error)
{
  KarezReplicaPrivate *priv = get_private (self);

  if (from == NULL)
    g_message ("%s: a change was refused: %s", priv->name, error->message);
  else if (is_local (self, from))
    tell_all (self, NULL, change, from, error);
  else
    tell (self,
          karez_json_object ("replica", "s", priv->name, "type", "s", "refused", "from", "s", from,
                             "change", "n", json_node_copy (change), "rule", "s",
                             karez_error_get_rule (error), "message", "s", error->message,
                             "accepted", "s", karez_error_get_accepted (error), NULL),
          NULL, NULL);
}

/* The host's part: in order, then to everybody. */
static void
take_change (KarezReplica *self, const char *from, JsonNode *change)
{
  KarezReplicaPrivate *priv = get_private (self);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) steps = NULL;
  gboolean repeated = FALSE;

  if (priv->settling != 0 && priv->held.length < MAX_HELD)
    {
      Held *held = g_new (Held, 1);

      held->from = g_strdup (from);
      held->change = json_node_copy (change);
      g_queue_push_tail (&priv->held, held);
      return;
    }
  if (priv->settling != 0)
    {
      error = karez_error_new (KAREZ_ERROR_BUSY, "replica/settling", NULL,
                               N_ ("Too many changes wait for the other hospital"));
      refuse (self, from, change, error);
      return;
    }
  priv->from = from;
  steps = KAREZ_REPLICA_GET_CLASS (self)->order (self, change, &repeated, &error);
  priv->from = NULL;
  if (steps == NULL)
    {
      refuse (self, from, change, error);
      return;
    }
  /* A host that comes back must know at least what it told. */
  if (!repeated)
    karez_live_half_save (priv->half);
  for (guint i = 0; i < steps->len; i++)
    {
      JsonNode *step = steps->pdata[i];

      if (!repeated || (from != NULL && is_local (self, from)))
        tell (self, NULL, step, repeated ? from : NULL);
      if (!repeated || (from != NULL && !is_local (self, from)))
        tell (self, make_step (self, step, repeated ? from : NULL), NULL, NULL);
    }
}

static gboolean
on_settled (gpointer data)
{
  KarezReplica *self = data;
  KarezReplicaPrivate *priv = get_private (self);
  Held *held;

  priv->settling = 0;
  tell (self, NULL, NULL, NULL);
  tell (self, make_state (self, "state", FALSE), NULL, NULL);
  while ((held = g_queue_pop_head (&priv->held)) != NULL)
    {
      take_change (self, held->from, held->change);
      held_free (held);
    }
  return G_SOURCE_REMOVE;
}

static void
settle_now (KarezReplica *self)
{
  KarezReplicaPrivate *priv = get_private (self);

  if (priv->settling == 0)
    return;
  g_source_remove (priv->settling);
  on_settled (self);
}

static void
ask_for_state (KarezReplica *self)
{
  karez_live_half_tell_peer (get_private (self)->half, make_state (self, "hello", FALSE), NULL);
}

/* What the other worker sends. */

/* Whether the host takes the other side's state in place of its own: as long as it has only what
 * was in its checkpoint, and the other side may know more. At any other time what is true is the
 * host's to say: a state comes past what is asked of a change, whose it is above all. */
static gboolean
host_takes (KarezReplica *self, gint64 theirs)
{
  gint64 own = karez_replica_get_revision (self);

  return get_private (self)->settling != 0 && theirs > own && theirs - own <= MAX_AHEAD;
}

/* A hello (to the host) or a state (from the host): what the other side has. */
static gboolean
receive_state (KarezReplica *self, JsonObject *object, GError **error)
{
  KarezReplicaPrivate *priv = get_private (self);
  JsonNode *state = json_object_get_member (object, "state");
  gint64 theirs = karez_json_integer (json_node_get_object (state), "revision", -1);

  /* The other side does as the host says. */
  if (!is_host (self) || host_takes (self, theirs))
    {
      if (!KAREZ_REPLICA_GET_CLASS (self)->from_json (self, state, error))
        return FALSE;
      tell (self, NULL, NULL, NULL);
    }
  if (is_host (self))
    {
      settle_now (self);
      tell (self, make_state (self, "state", FALSE), NULL, NULL);
      return TRUE;
    }
  priv->last_heard = priv->last_heard || karez_json_boolean (object, "last");
  return TRUE;
}

static gboolean
receive_step (KarezReplica *self, JsonObject *object, GError **error)
{
  JsonNode *step = json_object_get_member (object, "step");
  const char *to = karez_json_text (object, "to");

  if (is_host (self))
    return TRUE;
  if (!KAREZ_REPLICA_GET_CLASS (self)->follow (self, step, error))
    {
      ask_for_state (self);
      return FALSE;
    }
  if (to == NULL || is_local (self, to))
    g_signal_emit (self, signals[STEP], 0, step, to);
  return TRUE;
}

static gboolean
receive_refusal (KarezReplica *self, JsonObject *object, GError **error)
{
  const char *from = karez_json_text (object, "from");
  g_autoptr (GError) why = karez_error_new_parts (
      KAREZ_ERROR_CONFLICT, karez_json_text (object, "rule"), karez_json_text (object, "accepted"),
      karez_json_text (object, "message"), NULL);

  if (is_local (self, from))
    g_signal_emit (self, signals[REFUSED], 0, from, json_object_get_member (object, "change"), why);
  return TRUE;
}

typedef struct
{
  const char *type;
  gboolean (*receive) (KarezReplica *self, JsonObject *object, GError **error);
  const KarezJsonField *fields;
} Message;

static gboolean
receive_change (KarezReplica *self, JsonObject *object, GError **error)
{
  const char *from = karez_json_text (object, "from");

  if (from != NULL && is_local (self, from))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "replica/from",
                            N_ ("a participant of the other hospital"),
                            N_ ("The other hospital speaks for somebody who is here"));
  if (is_host (self))
    take_change (self, from, json_object_get_member (object, "change"));
  return TRUE;
}

gboolean
karez_replica_receive (KarezReplica *self, JsonNode *message, GError **error)
{
  static const KarezJsonField change_fields[] = {
    { "replica", KAREZ_JSON_TEXT, TRUE, 1, 64 },
    { "type", KAREZ_JSON_TEXT, TRUE, 1, 16 },
    { "change", KAREZ_JSON_OBJECT, TRUE },
    { "from", KAREZ_JSON_TEXT, FALSE, 1, 64 },
    { NULL },
  };
  static const KarezJsonField step_fields[] = {
    { "replica", KAREZ_JSON_TEXT, TRUE, 1, 64 },
    { "type", KAREZ_JSON_TEXT, TRUE, 1, 16 },
    { "step", KAREZ_JSON_OBJECT, TRUE },
    { "to", KAREZ_JSON_TEXT, FALSE, 1, 64 },
    { NULL },
  };
  static const KarezJsonField refusal_fields[] = {
    { "replica", KAREZ_JSON_TEXT, TRUE, 1, 64 },     { "type", KAREZ_JSON_TEXT, TRUE, 1, 16 },
    { "from", KAREZ_JSON_TEXT, TRUE, 1, 64 },        { "change", KAREZ_JSON_OBJECT, TRUE },
    { "rule", KAREZ_JSON_TEXT, TRUE, 0, 100 },       { "message", KAREZ_JSON_TEXT, TRUE, 0, 1000 },
    { "accepted", KAREZ_JSON_TEXT, FALSE, 0, 1000 }, { NULL },
  };
  static const KarezJsonField state_fields[] = {
    { "replica", KAREZ_JSON_TEXT, TRUE, 1, 64 },
    { "type", KAREZ_JSON_TEXT, TRUE, 1, 16 },
    { "state", KAREZ_JSON_OBJECT, TRUE },
    { "last", KAREZ_JSON_BOOLEAN, FALSE },
    { NULL },
  };
  static const Message messages[] = {
    { "hello", receive_state, state_fields },       { "state", receive_state, state_fields },
    { "change", receive_change, change_fields },    { "step", receive_step, step_fields },
    { "refused", receive_refusal, refusal_fields },
  };
  JsonObject *object = json_node_get_object (message);
  const char *type = karez_json_text (object, "type");

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    {
      if (g_strcmp0 (type, messages[i].type) != 0)
        continue;
      return karez_json_check (message, messages[i].fields, error) != NULL
             && messages[i].receive (self, object, error);
    }
  return karez_error_set (error, KAREZ_ERROR_INVALID, "replica/message",
                          N_ ("hello, state, change, step or refused"),
                          N_ ("There is no such message"));
}

/* What its live half does. */

void
karez_replica_attach (KarezReplica *self, KarezLiveHalf *half, const char *name)
{
  KarezReplicaPrivate *priv = get_private (self);

  priv->half = half;
  g_clear_handle_id (&priv->settling, g_source_remove);
  g_free (priv->name);
  priv->name = g_strdup (name);
}

const char *
karez_replica_get_name (KarezReplica *self)
{
  return get_private (self)->name;
}

KarezLiveHalf *
karez_live_half_of_replica (KarezReplica *replica)
{
  g_return_val_if_fail (KAREZ_IS_REPLICA (replica), NULL);

  return get_private (replica)->half;
}

void
karez_replica_begin (KarezReplica *self)
{
  if (is_host (self) && karez_replica_get_revision (self) > 0)
    get_private (self)->settling = g_timeout_add (SETTLE_MS, on_settled, self);
}

void
karez_replica_link_up (KarezReplica *self)
{
  if (!is_host (self))
    ask_for_state (self);
}

gboolean
karez_replica_restore (KarezReplica *self, JsonNode *state, GError **error)
{
  return KAREZ_REPLICA_GET_CLASS (self)->from_json (self, state, error);
}

void
karez_replica_tell_last (KarezReplica *self)
{
  settle_now (self);
  if (is_host (self))
    tell (self, make_state (self, "state", TRUE), NULL, NULL);
}

gboolean
karez_replica_has_heard_last (KarezReplica *self)
{
  return get_private (self)->last_heard;
}

/* What its owner asks. */

KarezReplica *
karez_replica_new (JsonNode *value)
{
  KarezReplica *self = g_object_new (KAREZ_TYPE_REPLICA, NULL);

  g_return_val_if_fail (value != NULL, NULL);

  if (value != NULL)
    {
      take_value (self, value, 0);
      json_node_unref (value);
    }
  return self;
}

JsonNode *
karez_replica_get (KarezReplica *self)
{
  g_return_val_if_fail (KAREZ_IS_REPLICA (self), NULL);

  return get_private (self)->value;
}

gboolean
karez_replica_set (KarezReplica *self, JsonNode *value, GError **error)
{
  g_autoptr (JsonNode) change = NULL;

  g_return_val_if_fail (KAREZ_IS_REPLICA (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  change = karez_json_object ("value", "n", value, NULL);
  return karez_replica_change (self, NULL, change, error);
}

gint64
karez_replica_get_revision (KarezReplica *self)
{
  g_return_val_if_fail (KAREZ_IS_REPLICA (self), 0);

  return KAREZ_REPLICA_GET_CLASS (self)->get_revision (self);
}

JsonNode *
karez_replica_to_json (KarezReplica *self)
{
  g_return_val_if_fail (KAREZ_IS_REPLICA (self), NULL);

  return KAREZ_REPLICA_GET_CLASS (self)->to_json (self);
}

const char *
karez_replica_get_from (KarezReplica *self)
{
  g_return_val_if_fail (KAREZ_IS_REPLICA (self), NULL);

  return get_private (self)->from;
}

gboolean
karez_replica_is_settled (KarezReplica *self)
{
  g_return_val_if_fail (KAREZ_IS_REPLICA (self), FALSE);

  return get_private (self)->settling == 0;
}

gboolean
karez_replica_change (KarezReplica *self, const char *from, JsonNode *change, GError **error)
{
  KarezReplicaPrivate *priv = NULL;

  g_return_val_if_fail (KAREZ_IS_REPLICA (self), FALSE);
  g_return_val_if_fail (change != NULL, FALSE);

  priv = get_private (self);
  if (priv->half == NULL || karez_live_half_get_session (priv->half) == NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "replica/unprepared", NULL,
                            N_ ("The session is not prepared"));
  if (is_host (self))
    {
      take_change (self, from, change);
      return TRUE;
    }
  return karez_live_half_tell_peer (
      priv->half,
      karez_json_object ("replica", "s", priv->name, "type", "s", "change", "change", "n",
                         json_node_copy (change), "from", "s", from, NULL),
      error);
}

static void
karez_replica_finalize (GObject *object)
{
  KarezReplicaPrivate *priv = get_private (KAREZ_REPLICA (object));

  g_clear_handle_id (&priv->settling, g_source_remove);
  g_queue_clear_full (&priv->held, held_free);
  json_node_unref (priv->value);
  g_free (priv->name);

  G_OBJECT_CLASS (karez_replica_parent_class)->finalize (object);
}

static void
karez_replica_class_init (KarezReplicaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = karez_replica_finalize;
  klass->get_revision = karez_replica_real_get_revision;
  klass->to_json = karez_replica_real_to_json;
  klass->from_json = karez_replica_real_from_json;
  klass->order = karez_replica_real_order;
  klass->follow = karez_replica_real_follow;

  signals[REPLACED] = g_signal_new ("replaced", KAREZ_TYPE_REPLICA, G_SIGNAL_RUN_LAST, 0, NULL,
                                    NULL, NULL, G_TYPE_NONE, 0);
  signals[STEP] = g_signal_new ("step", KAREZ_TYPE_REPLICA, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 2, JSON_TYPE_NODE, G_TYPE_STRING);
  signals[REFUSED] = g_signal_new ("refused", KAREZ_TYPE_REPLICA, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 3, G_TYPE_STRING, JSON_TYPE_NODE,
                                   G_TYPE_ERROR);
}

static void
karez_replica_init (KarezReplica *self)
{
  get_private (self)->value = json_node_new (JSON_NODE_NULL);
}
