/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pages of this hospital do in a session: they join, leave, say something, try their way. */
#include "hub-live-session-private.h"

#include "hub-catalogue.h"
#include "hub-id.h"
#include "hub-log.h"

static const KarezJsonField echo_fields[] = {
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { "sdp", KAREZ_JSON_TEXT, TRUE, 1, 65536 },
  { NULL },
};

static void
on_people_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubLiveSession *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (hub_live_people_finish (HUB_LIVE_PEOPLE (source), result, &error))
    hub_recorder_answer (self->recorder, task, FALSE);
  else
    g_task_return_error (task, error);
}

void
hub_live_session_join_async (HubLiveSession *self, JsonNode *node, GAsyncReadyCallback callback,
                             gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_live_session_finish);
  if (hub_live_session_is_prepared (self) && !hub_state_is_over (self->state))
    hub_live_people_join_async (self->people, node, on_people_told, g_steal_pointer (&task));
  else
    g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "session/join", NULL,
                                                N_ ("Nobody can join a session that is %s."),
                                                karez_state_name (self->state)));
}

void
hub_live_session_leave_async (HubLiveSession *self, const char *id, const char *reason,
                              GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  KarezParticipant *found = hub_live_people_find_local (self->people, id);
  g_autoptr (KarezParticipant) participant = found != NULL ? g_object_ref (found) : NULL;

  g_task_set_source_tag (task, hub_live_session_finish);
  if (participant == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  /* Not only because the live half asks for it: nothing of theirs is forwarded from here on. */
  if (self->media != NULL)
    karez_media_leave (KAREZ_MEDIA (self->media), participant);
  hub_live_people_leave_async (self->people, participant, on_people_told, g_steal_pointer (&task));
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
  GListModel *list = hub_live_people_get_list (self->people);

  if (self->media != NULL)
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
  KarezParticipant *participant = hub_live_people_find_local (self->people, id);

  if (participant == NULL)
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
  if (self->media != NULL)
    hub_rtc_show_all (self->media);
}
