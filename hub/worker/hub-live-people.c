/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is in the session, at both hospitals. */
#include "hub-live-session-private.h"

#include "hub-catalogue.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-role-table.h"

#define MAX_PARTICIPANTS 200

static const KarezJsonField participant_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { "role", KAREZ_JSON_TEXT, TRUE, 1, 32 },
  { "hospital", KAREZ_JSON_UUID, TRUE },
  { NULL },
};

static const KarezJsonField echo_fields[] = {
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { "sdp", KAREZ_JSON_TEXT, TRUE, 1, 65536 },
  { NULL },
};

KarezParticipant *
hub_live_session_find (HubLiveSession *self, const char *id)
{
  GListModel *list = G_LIST_MODEL (self->participants);

  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (KarezParticipant) participant = g_list_model_get_item (list, i);

      if (g_str_equal (karez_participant_get_id (participant), id))
        return participant; /* the list keeps it */
    }
  return NULL;
}

static void
drop (HubLiveSession *self, KarezParticipant *participant)
{
  guint at;

  g_hash_table_remove (self->joined, karez_participant_get_id (participant));
  if (g_list_store_find (self->participants, participant, &at))
    g_list_store_remove (self->participants, at);
}

JsonNode *
hub_live_session_participants_to_json (HubLiveSession *self, gboolean local_only)
{
  g_autoptr (JsonArray) array = json_array_new ();
  GListModel *list = G_LIST_MODEL (self->participants);
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (list, i);

      if (!local_only || karez_participant_is_local (one))
        json_array_add_element (
            array, karez_json_object ("id", "s", karez_participant_get_id (one), "actor", "n",
                                      karez_actor_to_json (karez_participant_get_actor (one)),
                                      "role", "s", karez_participant_get_role (one), "hospital",
                                      "s", karez_participant_get_hospital (one), NULL));
    }
  json_node_set_array (node, array);
  return node;
}

gboolean
hub_live_session_has_local (HubLiveSession *self)
{
  GListModel *list = G_LIST_MODEL (self->participants);

  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (list, i);

      if (karez_participant_is_local (one))
        return TRUE;
    }
  return FALSE;
}

static void
on_send (KarezParticipant *participant, JsonNode *body, gpointer data)
{
  g_signal_emit_by_name (data, "send", karez_participant_get_id (participant), body);
}

KarezActor *
hub_live_session_read_theirs (HubLiveSession *self, JsonNode *node, const char *besides,
                              GError **error)
{
  g_autoptr (KarezActor) said = karez_actor_from_json (node, error);
  const char *hub = said && besides && g_strcmp0 (karez_actor_get_hub (said), besides) == 0
                        ? besides
                        : self->partner;

  return said ? karez_actor_new (KAREZ_ACTOR_PEER, karez_actor_get_id (said),
                                 karez_actor_get_name (said), karez_actor_get_roles (said), NULL,
                                 hub)
              : NULL;
}

static KarezParticipant *
read_participant (HubLiveSession *self, JsonNode *node, gboolean local, GError **error)
{
  JsonObject *object = karez_json_check (node, participant_fields, error);
  JsonNode *who = object ? json_object_get_member (object, "actor") : NULL;
  g_autoptr (KarezActor) actor = NULL;
  KarezParticipant *participant = NULL;

  if (!object)
    return NULL;
  actor = local ? karez_actor_from_json (who, error)
                : hub_live_session_read_theirs (self, who, NULL, error);
  if (!actor)
    return NULL;
  participant = karez_participant_new (karez_json_text (object, "id"), actor,
                                       karez_json_text (object, "role"),
                                       local ? self->hub : self->partner, local);
  if (local)
    g_signal_connect_object (participant, "send", G_CALLBACK (on_send), self, 0);
  return participant;
}

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree char *id = data;
  g_autoptr (GError) error = NULL;

  if (!hub_runner_finish (HUB_RUNNER (source), result, &error))
    hub_warning ("session", id, "The live half did not take a change of people: %s",
                 error->message);
}

/* The live half hears of those who came before it was prepared, and of the other hospital's. */
void
hub_live_session_join_waiting (HubLiveSession *self)
{
  GListModel *list = G_LIST_MODEL (self->participants);

  if (!hub_live_session_is_prepared (self)
      || hub_live_driver_get_phase (self->driver) == HUB_PHASE_STOPPED)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (list, i);

      if (g_hash_table_add (self->joined, g_strdup (karez_participant_get_id (one))))
        hub_runner_join_async (self->runner, self->modality, one, NULL, on_told,
                               g_strdup (self->id));
    }
}

/* The other hospital says what its accounts' roles are; which of them may take which role of this
 * session is looked at here as well. */
static void
leave_out (HubLiveSession *self, GPtrArray *came)
{
  for (guint i = came->len; self->roles && i-- > 0;)
    {
      KarezParticipant *one = came->pdata[i];
      g_autoptr (GError) error = NULL;

      if (hub_role_table_check (self->roles, karez_participant_get_role (one),
                                karez_actor_get_roles (karez_participant_get_actor (one)), &error))
        continue;
      hub_warning ("session", self->id, "Somebody of the other hospital is not let in: %s",
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

/* The other side's people as a whole: who is new came, who is missing left. */
gboolean
hub_live_session_take_remote (HubLiveSession *self, JsonArray *items, GError **error)
{
  GListModel *list = G_LIST_MODEL (self->participants);
  g_autoptr (GPtrArray) came = g_ptr_array_new_with_free_func (g_object_unref);

  if (json_array_get_length (items) > MAX_PARTICIPANTS)
    return karez_error_set (error, KAREZ_ERROR_TOO_LARGE, "session/participants", NULL,
                            N_ ("There are too many participants."));
  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      KarezParticipant *one = read_participant (self, json_array_get_element (items, i), FALSE,
                                                error);

      if (!one)
        return FALSE;
      g_ptr_array_add (came, one);
    }
  leave_out (self, came);
  for (guint i = g_list_model_get_n_items (list); i-- > 0;)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (list, i);

      if (karez_participant_is_local (one)
          || has_participant (came, karez_participant_get_id (one)))
        continue;
      if (g_hash_table_contains (self->joined, karez_participant_get_id (one)))
        hub_runner_leave_async (self->runner, self->modality, one, NULL, on_told,
                                g_strdup (self->id));
      drop (self, one);
    }
  for (guint i = 0; i < came->len; i++)
    if (!hub_live_session_find (self, karez_participant_get_id (came->pdata[i])))
      g_list_store_append (self->participants, came->pdata[i]);
  hub_live_session_join_waiting (self);
  return TRUE;
}

static void
on_joined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubLiveSession *self = g_task_get_source_object (task);
  KarezParticipant *participant = g_task_get_task_data (task);
  GError *error = NULL;

  if (hub_runner_finish (HUB_RUNNER (source), result, &error))
    {
      hub_recorder_answer (self->recorder, task, FALSE);
      return;
    }
  drop (self, participant);
  hub_live_session_tell (self);
  g_task_return_error (task, error);
}

void
hub_live_session_join_async (HubLiveSession *self, JsonNode *node, GAsyncReadyCallback callback,
                             gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (KarezParticipant) participant = NULL;
  KarezParticipant *known = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, hub_live_session_finish);
  participant = read_participant (self, node, TRUE, &error);
  if (participant && (!hub_live_session_is_prepared (self) || hub_state_is_over (self->state)))
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/join", NULL,
                     N_ ("Nobody can join a session that is %s."), karez_state_name (self->state));
  if (!error && g_list_model_get_n_items (G_LIST_MODEL (self->participants)) >= MAX_PARTICIPANTS)
    karez_error_set (&error, KAREZ_ERROR_TOO_LARGE, "session/participants", NULL,
                     N_ ("There are too many participants."));
  if (error)
    {
      g_task_return_error (task, error);
      return;
    }
  /* A page that came back: the live half sends it the state again. */
  known = hub_live_session_find (self, karez_participant_get_id (participant));
  if (known)
    g_set_object (&participant, known);
  else
    g_list_store_append (self->participants, participant);
  g_hash_table_add (self->joined, g_strdup (karez_participant_get_id (participant)));
  g_task_set_task_data (task, g_object_ref (participant), g_object_unref);
  hub_live_session_tell (self);
  hub_runner_join_async (self->runner, self->modality, participant, NULL, on_joined,
                         g_steal_pointer (&task));
}

static void
on_left (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (hub_runner_finish (HUB_RUNNER (source), result, &error))
    hub_recorder_answer (HUB_LIVE_SESSION (g_task_get_source_object (task))->recorder, task, FALSE);
  else
    g_task_return_error (task, error);
}

void
hub_live_session_leave_async (HubLiveSession *self, const char *id, const char *reason,
                              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  KarezParticipant *found = hub_live_session_find (self, id);
  g_autoptr (KarezParticipant) participant = found ? g_object_ref (found) : NULL;

  g_task_set_source_tag (task, hub_live_session_finish);
  if (!participant || !karez_participant_is_local (participant))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  drop (self, participant);
  /* Not only because the live half asks for it: nothing of theirs is forwarded from here on. */
  if (self->media)
    karez_media_leave (KAREZ_MEDIA (self->media), participant);
  hub_live_session_tell (self);
  hub_runner_leave_async (self->runner, self->modality, participant, NULL, on_left,
                          g_steal_pointer (&task));
}

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!hub_live_session_finish (HUB_LIVE_SESSION (source), result, &error))
    hub_warning ("session", NULL, "The live half did not take the end of somebody's rights: %s",
                 error->message);
}

void
hub_live_session_revoke (HubLiveSession *self, const char *account)
{
  GListModel *list = G_LIST_MODEL (self->participants);

  if (self->media)
    hub_rtc_drop_echoes (self->media, account);
  for (guint i = g_list_model_get_n_items (list); i-- > 0;)
    {
      g_autoptr (KarezParticipant) one = g_list_model_get_item (list, i);

      if (karez_participant_is_local (one)
          && g_str_equal (karez_actor_get_id (karez_participant_get_actor (one)), account))
        hub_live_session_leave_async (self, karez_participant_get_id (one), "revoked", on_revoked,
                                      NULL);
    }
}

static gboolean
take_message (HubLiveSession *self, const char *id, JsonNode *body, GError **error)
{
  KarezParticipant *participant = hub_live_session_find (self, id);

  if (!participant || !karez_participant_is_local (participant))
    return karez_error_set (error, KAREZ_ERROR_NOT_FOUND, "session/participant", NULL,
                            N_ ("This participant is not in the session."));
  if (!JSON_NODE_HOLDS_OBJECT (body))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "session/message", N_ ("an object"),
                            N_ ("A message is not an object."));
  if (!hub_live_session_is_prepared (self))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/join", NULL,
                            N_ ("The session is %s."), karez_state_name (self->state));
  return hub_runner_message (self->runner, self->modality, participant, json_node_get_object (body),
                             error);
}

void
hub_live_session_message_async (HubLiveSession *self, const char *id, JsonNode *body,
                                GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  guint64 last = hub_recorder_get_last (self->recorder);
  guint n_words = self->n_words;
  GError *error = NULL;

  g_task_set_source_tag (task, hub_live_session_finish);
  if (!take_message (self, id, body, &error))
    g_task_return_error (task, error);
  /* What records nothing does not wait for what others have recorded. */
  else if (self->n_words != n_words || hub_recorder_get_last (self->recorder) != last)
    hub_recorder_answer (self->recorder, task, self->n_words != n_words);
  else
    g_task_return_boolean (task, TRUE);
}

JsonNode *
hub_live_session_echo (HubLiveSession *self, JsonNode *offer, GError **error)
{
  JsonObject *object = karez_json_check (offer, echo_fields, error);
  g_autofree char *id = hub_id_new ();
  g_autofree char *answer = NULL;
  g_autoptr (KarezActor) actor = NULL;
  g_autoptr (KarezParticipant) participant = NULL;

  if (object == NULL)
    return NULL;
  actor = karez_actor_from_json (json_object_get_member (object, "actor"), error);
  if (actor == NULL)
    return NULL;
  if (!hub_live_session_is_prepared (self) || hub_state_is_over (self->state)
      || self->media == NULL)
    {
      karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/echo",
                       N_ ("a session with picture and sound that is ready or goes on"),
                       N_ ("The way for picture and sound cannot be tried now."));
      return NULL;
    }
  participant = karez_participant_new (id, actor, "echo", self->hub, TRUE);
  answer = hub_rtc_echo (self->media, participant, karez_json_text (object, "sdp"), error);
  return answer != NULL ? karez_json_object ("sdp", "s", answer, NULL) : NULL;
}

void
hub_live_session_hub_away (HubLiveSession *self)
{
  if (self->media)
    hub_rtc_show_all (self->media);
}
