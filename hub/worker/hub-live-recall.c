/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session's next worker goes on from: written as it goes, and read at its start. */
#include "hub-live-session-private.h"

#include "hub-log.h"

static const KarezJsonField head_fields[] = {
  { "state", KAREZ_JSON_TEXT, TRUE, 1, 16 },
  { "sequence", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "heard", KAREZ_JSON_INTEGER, FALSE, 0, G_MAXINT64 },
  { "asked", KAREZ_JSON_OBJECT },
  { NULL },
};

static JsonNode *
make_head (HubLiveSession *self)
{
  return karez_json_object ("state", "s", karez_state_name (self->state), "sequence", "i",
                            (gint64) self->sequence, "reason", "s", self->reason, "heard", "i",
                            (gint64) self->heard, "asked", "n", hub_live_word_to_json (self->word),
                            NULL);
}

/* What a worker before left must last until its successor stands. */
static gboolean
has_checkpoint (HubLiveSession *self)
{
  return hub_live_session_is_prepared (self) || hub_state_is_over (self->state);
}

static GBytes *
take_state (HubLiveSession *self)
{
  return self->modality != NULL ? hub_runner_checkpoint (self->runner, self->modality) : NULL;
}

void
hub_live_session_write_checkpoint (HubLiveSession *self)
{
  g_autoptr (JsonNode) head = make_head (self);
  g_autoptr (GBytes) state = NULL;

  if (!has_checkpoint (self))
    return;
  state = take_state (self);
  hub_recorder_write_checkpoint (self->recorder, head, state);
}

void
hub_live_session_save_async (HubLiveSession *self, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (JsonNode) head = NULL;
  g_autoptr (GBytes) state = NULL;

  g_task_set_source_tag (task, hub_live_session_save_async);
  if (has_checkpoint (self))
    {
      head = make_head (self);
      state = take_state (self);
    }
  hub_recorder_save (self->recorder, task, head, state);
}

gboolean
hub_live_session_save_finish (HubLiveSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_live_session_save_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The state that the spool, the checkpoint and the hub know the newest of. */
void
hub_live_session_recall (HubLiveSession *self, JsonObject *object, GBytes **blob)
{
  g_autoptr (JsonNode) head = NULL;
  g_autoptr (GError) error = NULL;
  KarezState state = KAREZ_STATE_PREPARING;
  guint64 told = karez_json_integer (object, "sequence", 0), sequence = told, here = 0;
  g_autofree char *reason = NULL;

  karez_state_from_name (karez_json_text (object, "state"), &state);
  if (hub_recorder_read_checkpoint (self->recorder, &head, blob, &error))
    {
      JsonObject *known = karez_json_check (head, head_fields, NULL);

      if (known != NULL)
        {
          self->heard = karez_json_integer (known, "heard", 0);
          hub_live_word_recall (self->word, json_object_get_member (known, "asked"), self->actor);
        }
      if (known != NULL)
        here = karez_json_integer (known, "sequence", 0);
      if (known != NULL && (guint64) karez_json_integer (known, "sequence", 0) > sequence
          && karez_state_from_name (karez_json_text (known, "state"), &state))
        {
          sequence = karez_json_integer (known, "sequence", 0);
          reason = g_strdup (karez_json_text (known, "reason"));
        }
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    hub_warning ("session", self->id, "%s", error->message);
  for (guint64 at = hub_recorder_next (self->recorder, 1); at;
       at = hub_recorder_next (self->recorder, at + 1))
    {
      g_autoptr (JsonNode) record = hub_recorder_get (self->recorder, at);
      JsonObject *whole = record != NULL ? json_node_get_object (record) : NULL;
      JsonNode *body = whole != NULL ? json_object_get_member (whole, "body") : NULL;
      g_autoptr (KarezActor) asker = NULL;
      JsonObject *known = whole != NULL
                                  && g_str_has_prefix (karez_json_text (whole, "action"),
                                                       "session.")
                                  && body != NULL
                              ? karez_json_check (body, head_fields, NULL)
                              : NULL;

      if (whole != NULL && g_strcmp0 (karez_json_text (whole, "action"), "session.ask") == 0)
        {
          asker = karez_actor_from_json (json_object_get_member (whole, "actor"), NULL);
          hub_live_word_recall (self->word, body, asker != NULL ? asker : self->actor);
        }
      if (known != NULL)
        here = MAX (here, (guint64) karez_json_integer (known, "sequence", 0));
      if (known == NULL || (guint64) karez_json_integer (known, "sequence", 0) <= sequence
          || !karez_state_from_name (karez_json_text (known, "state"), &state))
        continue;
      sequence = karez_json_integer (known, "sequence", 0);
      g_free (reason);
      reason = g_strdup (karez_json_text (known, "reason"));
    }
  hub_live_session_set_state (self, state, sequence, reason, self->actor);
  /* The hub heard of an end whose record died with the worker before: it is kept all the same. */
  if (karez_json_boolean (object, "restored") && hub_state_is_over (state) && told > here)
    hub_live_session_record_state (self, "session.state");
}

void
hub_live_session_restore (HubLiveSession *self, GBytes *blob)
{
  g_autoptr (GError) error = NULL;

  if (blob != NULL && !hub_runner_restore (self->runner, self->modality, blob, &error))
    {
      hub_warning ("session", self->id, "The live half starts without its state: %s",
                   error->message);
      hub_recorder_record (self->recorder, "session.state-lost", self->actor,
                           karez_json_object ("reason", "s", error->message, NULL));
    }
}

gboolean
hub_live_session_is_finished (HubLiveSession *self)
{
  if (!hub_state_is_over (self->state) || self->driver == NULL
      || hub_recorder_get_waiting (self->recorder))
    return FALSE;
  return self->state == KAREZ_STATE_FAILED
         || hub_live_driver_get_phase (self->driver) == HUB_PHASE_STOPPED;
}

void
hub_live_session_clean (HubLiveSession *self)
{
  hub_recorder_remove (self->recorder);
}

void
hub_live_session_close (HubLiveSession *self)
{
  g_autoptr (JsonNode) head = NULL;
  g_autoptr (GBytes) state = NULL;

  if (!hub_live_session_is_finished (self) && has_checkpoint (self))
    {
      head = make_head (self);
      state = take_state (self);
    }
  hub_recorder_close (self->recorder, head, state);
}
