/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is in the session, at both hospitals. */
#include "hub-live-people.h"

#include "hub-catalogue.h"
#include "hub-log.h"
#include "hub-role-table.h"

#define MAX_PARTICIPANTS 200

struct _HubLivePeople
{
  GObject parent_instance;

  char *session, *hub, *partner;
  JsonNode *roles; /* NULL: the hub does not say */
  HubRunner *runner;
  KarezModality *modality;
  GListStore *list;
  GHashTable *joined; /* ids of whom the live half knows */
  gboolean heard;     /* the live half hears of everybody */
};

G_DEFINE_FINAL_TYPE (HubLivePeople, hub_live_people, G_TYPE_OBJECT)

enum
{
  CHANGED,
  SEND,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static const KarezJsonField participant_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { "role", KAREZ_JSON_TEXT, TRUE, 1, 32 },
  { "hospital", KAREZ_JSON_UUID, TRUE },
  { NULL },
};

GListModel *
hub_live_people_get_list (HubLivePeople *self)
{
  return G_LIST_MODEL (self->list);
}

static guint
count (HubLivePeople *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->list));
}

/* Returns: (transfer none): the list keeps it */
static KarezParticipant *
nth (HubLivePeople *self, guint i)
{
  g_autoptr (KarezParticipant) one = g_list_model_get_item (G_LIST_MODEL (self->list), i);

  return one;
}

KarezParticipant *
hub_live_people_find (HubLivePeople *self, const char *id)
{
  for (guint i = 0; i < count (self); i++)
    if (g_str_equal (karez_participant_get_id (nth (self, i)), id))
      return nth (self, i);
  return NULL;
}

KarezParticipant *
hub_live_people_find_local (HubLivePeople *self, const char *id)
{
  KarezParticipant *one = hub_live_people_find (self, id);

  return one != NULL && karez_participant_is_local (one) ? one : NULL;
}

gboolean
hub_live_people_has_local (HubLivePeople *self)
{
  for (guint i = 0; i < count (self); i++)
    if (karez_participant_is_local (nth (self, i)))
      return TRUE;
  return FALSE;
}

static JsonNode *
participant_to_json (KarezParticipant *one)
{
  return karez_json_object ("id", "s", karez_participant_get_id (one), "actor", "n",
                            karez_actor_to_json (karez_participant_get_actor (one)), "role", "s",
                            karez_participant_get_role (one), "hospital", "s",
                            karez_participant_get_hospital (one), NULL);
}

JsonNode *
hub_live_people_to_json (HubLivePeople *self, gboolean local_only)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < count (self); i++)
    if (!local_only || karez_participant_is_local (nth (self, i)))
      json_array_add_element (array, participant_to_json (nth (self, i)));
  json_node_take_array (node, array);
  return node;
}

/* Reading. */

static void
on_send (KarezParticipant *participant, JsonNode *body, HubLivePeople *self)
{
  g_signal_emit (self, signals[SEND], 0, karez_participant_get_id (participant), body);
}

KarezActor *
hub_live_people_read_theirs (HubLivePeople *self, JsonNode *node, const char *besides,
                             GError **error)
{
  g_autoptr (KarezActor) said = karez_actor_from_json (node, error);
  const char *hub = said != NULL && besides != NULL
                            && g_strcmp0 (karez_actor_get_hub (said), besides) == 0
                        ? besides
                        : self->partner;

  return said != NULL ? karez_actor_new (KAREZ_ACTOR_PEER, karez_actor_get_id (said),
                                         karez_actor_get_name (said), karez_actor_get_roles (said),
                                         NULL, hub)
                      : NULL;
}

static KarezParticipant *
read_participant (HubLivePeople *self, JsonNode *node, gboolean local, GError **error)
{
  JsonObject *object = karez_json_check (node, participant_fields, error);
  JsonNode *who = object != NULL ? json_object_get_member (object, "actor") : NULL;
  g_autoptr (KarezActor) actor = NULL;
  KarezParticipant *participant = NULL;

  if (object == NULL)
    return NULL;
  actor = local ? karez_actor_from_json (who, error)
                : hub_live_people_read_theirs (self, who, NULL, error);
  if (actor == NULL)
    return NULL;
  participant = karez_participant_new (karez_json_text (object, "id"), actor,
                                       karez_json_text (object, "role"),
                                       local ? self->hub : self->partner, local);
  if (local)
    g_signal_connect_object (participant, "send", G_CALLBACK (on_send), self, 0);
  return participant;
}

/* What the live half hears. */

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *session = data;
  g_autoptr (GError) error = NULL;

  if (!hub_runner_finish (HUB_RUNNER (source), result, &error))
    hub_warning ("session", session, "The live half did not take a change of people: %s",
                 error->message);
}

static void
join_waiting (HubLivePeople *self)
{
  for (guint i = 0; self->heard && i < count (self); i++)
    {
      KarezParticipant *one = nth (self, i);

      if (g_hash_table_add (self->joined, g_strdup (karez_participant_get_id (one))))
        hub_runner_join_async (self->runner, self->modality, one, NULL, on_told,
                               g_strdup (self->session));
    }
}

void
hub_live_people_set_heard (HubLivePeople *self, gboolean heard)
{
  self->heard = heard;
  join_waiting (self);
}

static void
drop (HubLivePeople *self, KarezParticipant *participant)
{
  guint at;

  g_hash_table_remove (self->joined, karez_participant_get_id (participant));
  if (g_list_store_find (self->list, participant, &at))
    g_list_store_remove (self->list, at);
}

/* The other hospital's. */

/* It says what its accounts' roles are; which of them may take which role of this session is looked
 * at here as well. */
static void
leave_out (HubLivePeople *self, GPtrArray *came)
{
  for (guint i = came->len; self->roles != NULL && i-- > 0;)
    {
      KarezParticipant *one = came->pdata[i];
      g_autoptr (GError) error = NULL;

      if (hub_role_table_check (self->roles, karez_participant_get_role (one),
                                karez_actor_get_roles (karez_participant_get_actor (one)), &error))
        continue;
      hub_warning ("session", self->session, "Somebody of the other hospital is not let in: %s",
                   error->message);
      g_ptr_array_remove_index (came, i);
    }
}

static gboolean
has_participant (GPtrArray *participants, const char *id)
{
  for (guint i = 0; i < participants->len; i++)
    if (g_str_equal (karez_participant_get_id (participants->pdata[i]), id))
      return TRUE;
  return FALSE;
}

/* Returns: (transfer full): NULL with @error set */
static GPtrArray *
read_remote (HubLivePeople *self, JsonArray *items, GError **error)
{
  g_autoptr (GPtrArray) came = g_ptr_array_new_with_free_func (g_object_unref);

  if (json_array_get_length (items) > MAX_PARTICIPANTS)
    {
      karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "session/participants", NULL,
                       N_ ("There are too many participants."));
      return NULL;
    }
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      KarezParticipant *one = read_participant (self, json_array_get_element (items, i), FALSE,
                                                error);

      if (one == NULL)
        return NULL;
      g_ptr_array_add (came, one);
    }
  return g_steal_pointer (&came);
}

gboolean
hub_live_people_take_remote (HubLivePeople *self, JsonArray *items, GError **error)
{
  g_autoptr (GPtrArray) came = read_remote (self, items, error);

  if (came == NULL)
    return FALSE;
  leave_out (self, came);
  for (guint i = count (self); i-- > 0;)
    {
      g_autoptr (KarezParticipant) one = g_object_ref (nth (self, i));
      const char *id = karez_participant_get_id (one);

      if (karez_participant_is_local (one) || has_participant (came, id))
        continue;
      if (g_hash_table_contains (self->joined, id))
        hub_runner_leave_async (self->runner, self->modality, one, NULL, on_told,
                                g_strdup (self->session));
      drop (self, one);
    }
  for (guint i = 0; i < came->len; i++)
    if (hub_live_people_find (self, karez_participant_get_id (came->pdata[i])) == NULL)
      g_list_store_append (self->list, came->pdata[i]);
  join_waiting (self);
  return TRUE;
}

/* This hospital's. */

gboolean
hub_live_people_finish (HubLivePeople *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_live_people_finish), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubLivePeople *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (hub_runner_finish (HUB_RUNNER (source), result, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  drop (self, g_task_get_task_data (task));
  g_signal_emit (self, signals[CHANGED], 0);
  g_task_return_error (task, error);
}

void
hub_live_people_join_async (HubLivePeople *self, JsonNode *node, GAsyncReadyCallback callback,
                            gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (KarezParticipant) participant = NULL;
  KarezParticipant *known;
  GError *error = NULL;

  g_task_set_source_tag (task, hub_live_people_finish);
  participant = read_participant (self, node, TRUE, &error);
  if (participant != NULL && count (self) >= MAX_PARTICIPANTS)
    karez_error_set (&error, KAREZ_ERROR_TOO_LARGE, "session/participants", NULL,
                     N_ ("There are too many participants."));
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  known = hub_live_people_find (self, karez_participant_get_id (participant));
  if (known != NULL)
    g_set_object (&participant, known);
  else
    g_list_store_append (self->list, participant);
  g_hash_table_add (self->joined, g_strdup (karez_participant_get_id (participant)));
  g_task_set_task_data (task, g_object_ref (participant), g_object_unref);
  g_signal_emit (self, signals[CHANGED], 0);
  hub_runner_join_async (self->runner, self->modality, participant, NULL, on_joined,
                         g_steal_pointer (&task));
}

static void
on_left (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_runner_finish (HUB_RUNNER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
hub_live_people_leave_async (HubLivePeople *self, KarezParticipant *participant,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (KarezParticipant) kept = g_object_ref (participant);

  g_task_set_source_tag (task, hub_live_people_finish);
  drop (self, kept);
  g_signal_emit (self, signals[CHANGED], 0);
  hub_runner_leave_async (self->runner, self->modality, kept, NULL, on_left,
                          g_steal_pointer (&task));
}

void
hub_live_people_begin (HubLivePeople *self, const HubLivePeopleConfig *config)
{
  g_return_if_fail (self->runner == NULL);

  self->hub = g_strdup (config->hub);
  self->partner = g_strdup (config->partner);
  self->roles = config->roles != NULL ? json_node_ref (config->roles) : NULL;
  self->runner = g_object_ref (config->runner);
  self->modality = g_object_ref (config->modality);
}

HubLivePeople *
hub_live_people_new (const char *session)
{
  HubLivePeople *self = g_object_new (HUB_TYPE_LIVE_PEOPLE, NULL);

  self->session = g_strdup (session);
  return self;
}

static void
hub_live_people_dispose (GObject *object)
{
  HubLivePeople *self = HUB_LIVE_PEOPLE (object);

  g_clear_object (&self->modality);
  g_clear_object (&self->runner);

  G_OBJECT_CLASS (hub_live_people_parent_class)->dispose (object);
}

static void
hub_live_people_finalize (GObject *object)
{
  HubLivePeople *self = HUB_LIVE_PEOPLE (object);

  g_free (self->session);
  g_free (self->hub);
  g_free (self->partner);
  g_clear_pointer (&self->roles, json_node_unref);
  g_clear_object (&self->list);
  g_hash_table_unref (self->joined);

  G_OBJECT_CLASS (hub_live_people_parent_class)->finalize (object);
}

static void
hub_live_people_class_init (HubLivePeopleClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_live_people_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_live_people_finalize;

  signals[CHANGED] = g_signal_new ("changed", HUB_TYPE_LIVE_PEOPLE, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[SEND] = g_signal_new ("send", HUB_TYPE_LIVE_PEOPLE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                                JSON_TYPE_NODE | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
hub_live_people_init (HubLivePeople *self)
{
  self->list = g_list_store_new (KAREZ_TYPE_PARTICIPANT);
  self->joined = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
