/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a session begins, comes back after a crash, and is moved by its hub. */
#include "hub-live-session-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-module.h"

static const KarezJsonField session_fields[] = {
  { "id", KAREZ_JSON_UUID, TRUE },
  { "booking", KAREZ_JSON_OBJECT, TRUE },
  { "modality", KAREZ_JSON_TEXT, TRUE, 1, 64 },
  { "hub", KAREZ_JSON_UUID, TRUE },
  { "partner", KAREZ_JSON_UUID, TRUE },
  { "host", KAREZ_JSON_BOOLEAN, TRUE },
  { "generation", KAREZ_JSON_INTEGER, TRUE, 1, G_MAXUINT32 },
  { "restored", KAREZ_JSON_BOOLEAN },
  { "state", KAREZ_JSON_TEXT, TRUE, 1, 16 },
  { "sequence", KAREZ_JSON_INTEGER, TRUE, 0, G_MAXINT64 },
  { "roles", KAREZ_JSON_OBJECT, FALSE },
  { "away", KAREZ_JSON_OBJECT },
  { NULL },
};

/* What was said while there was no worker. */
static const KarezJsonField away_fields[] = {
  { "edge", KAREZ_JSON_ENUM, TRUE, 0, 0, "hold|panic|stop" },
  { "reason", KAREZ_JSON_TEXT, FALSE, 0, 4000 },
  { "actor", KAREZ_JSON_OBJECT, TRUE },
  { NULL },
};

/* Ours to check: every task of this object has the same tag. */
gboolean
hub_live_session_finish (HubLiveSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_live_session_finish), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_measured (GObject *source, GAsyncResult *result, gpointer data)
{
  HubLiveSession *self = HUB_LIVE_SESSION (source);
  g_autoptr (JsonNode) checks = hub_live_session_preflight_finish (self, result, NULL);

  self->measuring = FALSE;
}

static void
measure (HubLiveSession *self)
{
  if (!self->host || self->state != KAREZ_STATE_READY || self->measuring
      || !hub_live_checks_is_due (self->checks))
    return;
  self->measuring = TRUE;
  hub_live_session_preflight_async (self, on_measured, NULL);
}

static gboolean
on_second (gpointer data)
{
  hub_live_session_write_checkpoint (data);
  measure (data);
  hub_live_session_judge (data); /* a heal that was put off */
  return G_SOURCE_CONTINUE;
}

/* As it is now, and not when the disk has it: a later word has an answer of its own. */
static void
note_moved (HubLiveSession *self, GTask *task)
{
  HubLiveMoved *moved = g_task_get_task_data (task);

  if (moved != NULL)
    *moved = (HubLiveMoved){ hub_live_session_get_state (self), self->sequence,
                             hub_live_word_get_last (self->word) };
}

static void
end_task (HubLiveSession *self, GTask **where, const GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (where);

  if (task == NULL)
    return;
  if (error != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      return;
    }
  note_moved (self, task);
  hub_recorder_answer (self->recorder, task, FALSE);
}

void
hub_live_session_prepared (HubLiveSession *self, const GError *error)
{
  end_task (self, &self->preparing, error);
}

/* A move towards risk that somebody overtook. */
void
hub_live_session_overtake (HubLiveSession *self)
{
  g_autoptr (GError) error = karez_error_new (KAREZ_ERROR_CONFLICT, "session/overtaken", NULL,
                                              N_ ("The session was held or stopped."));

  end_task (self, &self->moving, error);
}

static void
walk (HubLiveSession *self, const char *name, const char *reason, KarezActor *actor)
{
  const HubEdge *edge = hub_session_machine_find (self->state, name, NULL);

  if (edge != NULL)
    hub_live_session_take_edge (self, edge, reason, actor != NULL ? actor : self->actor);
}

static void
on_reached (HubLiveDriver *driver, HubPhase phase, gpointer data)
{
  HubLiveSession *self = data;

  if (phase >= HUB_PHASE_PREPARED)
    {
      if (self->host && self->state == KAREZ_STATE_PREPARING)
        walk (self, "ready", NULL, NULL);
      hub_live_session_prepared (self, NULL);
      hub_live_people_set_heard (self->people, phase != HUB_PHASE_STOPPED);
    }
  if (phase == HUB_PHASE_STOPPED)
    hub_programs_stop (self->programs);
  /* A restored one that was stopping had to be prepared first. */
  if (phase == HUB_PHASE_PREPARED && self->state == KAREZ_STATE_STOPPING)
    hub_live_session_retarget (self);
  if (!self->host)
    return;
  if (phase == HUB_PHASE_STARTED && self->state == KAREZ_STATE_STARTING)
    walk (self, "live", NULL, NULL);
  else if (phase == HUB_PHASE_STARTED && self->state == KAREZ_STATE_HELD)
    {
      KarezActor *actor = self->moving != NULL
                              ? g_object_get_data (G_OBJECT (self->moving), "actor")
                              : NULL;

      walk (self, "resume", NULL, actor);
    }
  else if (phase == HUB_PHASE_STOPPED && self->state == KAREZ_STATE_STOPPING)
    walk (self, "end", self->reason, NULL);
  if (phase == HUB_PHASE_STARTED)
    {
      end_task (self, &self->moving, NULL);
      hub_live_session_judge (self);
    }
}

/* What a live half could not do, as a check that people see. */
static void
report_step (HubLiveSession *self, const char *step, const GError *error)
{
  g_autofree char *id = g_strdup_printf ("%s.%s", self->plugin, step);
  g_autoptr (KarezCheck)
      check = karez_check_new (id, KAREZ_VERDICT_FAILED, error->message, NULL, NULL);

  hub_live_checks_report (self->checks, check);
}

static void
on_failed (HubLiveDriver *driver, const char *step, const GError *error, gpointer data)
{
  HubLiveSession *self = data;
  /* One that was restored while it was held is started when it is resumed, and stays held then. */
  gboolean resuming = self->lifting && self->state == KAREZ_STATE_HELD;
  gboolean beginning = g_str_equal (step, "prepare") || (g_str_equal (step, "start") && !resuming);

  self->lifting = 0;
  end_task (self, &self->moving, error);
  if (!self->host || !resuming)
    report_step (self, step, error);
  if (self->host && beginning)
    {
      walk (self, "fail", error->message, NULL);
      /* One that was live and cannot come back ends; what it recorded is kept. */
      if (!hub_state_is_over (self->state))
        walk (self, "stop", error->message, NULL);
    }
  hub_live_session_prepared (self, error);
}

/* Before anything is driven: a worker that takes the place of one that died begins held. */
static void
take_away (HubLiveSession *self, JsonNode *node)
{
  JsonObject *object = node != NULL ? karez_json_check (node, away_fields, NULL) : NULL;
  g_autoptr (KarezActor)
      actor = object != NULL
                  ? karez_actor_from_json (json_object_get_member (object, "actor"), NULL)
                  : NULL;

  if (object != NULL)
    hub_live_session_back_off (self, karez_json_text (object, "edge"),
                               karez_json_text (object, "reason"),
                               actor != NULL ? actor : self->actor);
}

static gboolean
make_modality (HubLiveSession *self, GError **error)
{
  if (self->type == G_TYPE_INVALID)
    {
      g_propagate_error (error, g_error_copy (self->module_error));
      return FALSE;
    }
  self->watchdog = hub_watchdog_new (NULL, HUB_WATCHDOG_LIVE_MS);
  hub_watchdog_set_calls (self->watchdog, g_steal_pointer (&self->calls));
  self->runner = hub_runner_new (self->plugin, self->watchdog);
  self->modality = g_object_new (self->type, NULL);
  self->driver = hub_live_driver_new (self->runner, self->modality, KAREZ_SESSION (self));
  g_signal_connect (self->driver, "reached", G_CALLBACK (on_reached), self);
  g_signal_connect (self->driver, "failed", G_CALLBACK (on_failed), self);
  return TRUE;
}

static void
take_session (HubLiveSession *self, JsonObject *object)
{
  self->hub = g_strdup (karez_json_text (object, "hub"));
  self->partner = g_strdup (karez_json_text (object, "partner"));
  self->modality_id = g_strdup (karez_json_text (object, "modality"));
  self->booking = json_node_copy (json_object_get_member (object, "booking"));
  self->host = karez_json_boolean (object, "host");
  self->generation = karez_json_integer (object, "generation", 1);
}

static gboolean
make_parts (HubLiveSession *self, JsonObject *object, GError **error)
{
  g_autoptr (JsonNode) roles = json_object_dup_member (object, "roles");

  if (!make_modality (self, error))
    return FALSE;
  hub_live_people_begin (self->people, &(HubLivePeopleConfig){ .hub = self->hub,
                                                               .partner = self->partner,
                                                               .roles = roles,
                                                               .runner = self->runner,
                                                               .modality = self->modality });
  return hub_live_session_open_link (self, error);
}

/* No live half, or no link for it: nothing can be driven, now or later. What was under way ends,
 * and what it recorded is kept; a mirror's state is its host's to say. @error: (transfer full) */
static void
give_up (HubLiveSession *self, GError *error)
{
  g_autoptr (GError) owned = error;

  g_clear_object (&self->driver);
  report_step (self, "prepare", error);
  if (self->host && hub_session_machine_find (self->state, "fail", NULL) != NULL)
    walk (self, "fail", error->message, NULL);
  else if (self->host && !hub_state_is_over (self->state))
    {
      walk (self, "stop", error->message, NULL);
      walk (self, "end", error->message, NULL);
    }
  hub_live_session_prepared (self, error);
}

void
hub_live_session_prepare_async (HubLiveSession *self, JsonNode *node, GAsyncReadyCallback callback,
                                gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (GBytes) blob = NULL;
  JsonObject *object = NULL;
  gboolean made;
  GError *error = NULL;

  g_task_set_source_tag (task, hub_live_session_finish);
  if (self->booking != NULL)
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/prepared", NULL,
                     N_ ("The session was prepared before."));
  object = error != NULL ? NULL : karez_json_check (node, session_fields, &error);
  if (object != NULL && !g_str_equal (karez_json_text (object, "id"), self->id))
    karez_error_set (&error, KAREZ_ERROR_INVALID, "session/id", NULL,
                     N_ ("This worker is of another session."));
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  take_session (self, object);
  made = make_parts (self, object, &error);
  hub_recorder_start (self->recorder);
  hub_live_session_recall (self, object, &blob);
  self->preparing = g_steal_pointer (&task);
  self->second_source = g_timeout_add_seconds (1, on_second, self);
  if (!made)
    {
      give_up (self, error);
      return;
    }
  if (karez_json_boolean (object, "restored"))
    {
      hub_live_session_restore (self, blob);
      if (self->host && hub_session_machine_find (self->state, "restart", NULL) != NULL)
        {
          walk (self, "restart", N_ ("the session's worker was restarted"), NULL);
          take_away (self, json_object_get_member (object, "away"));
          return;
        }
    }
  take_away (self, json_object_get_member (object, "away"));
  hub_live_session_retarget (self);
  /* Nothing to prepare: it was over already, or the host has not said where it stands. */
  if (hub_state_is_over (self->state))
    hub_live_session_prepared (self, NULL);
}

/* Moves. */

static gboolean
check_start (HubLiveSession *self, GError **error)
{
  if (hub_live_checks_is_ready (self->checks) && karez_link_is_up (KAREZ_LINK (self->link)))
    return TRUE;
  return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/preflight",
                          N_ ("a preflight without a failed check, and a link that is up"),
                          N_ ("The session cannot start: a check has failed."));
}

static gboolean
begin_move (HubLiveSession *self, const char *name, const char *reason, KarezActor *actor,
            guint64 seen, GError **error)
{
  const HubEdge *edge = hub_session_machine_find (self->state, name, error);

  if (edge == NULL)
    return FALSE;
  if (!edge->asked || edge->to == KAREZ_STATE_PREPARING)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "session/edge",
                            N_ ("start, hold, panic, resume or stop"),
                            N_ ("Nobody can ask a worker for “%s”."), name);
  if (edge->guard == HUB_GUARD_PREFLIGHT && !check_start (self, error))
    return FALSE;
  if (self->moving != NULL && edge->towards_risk)
    return karez_error_set (error, KAREZ_ERROR_BUSY, "session/moving", NULL,
                            N_ ("The session is being moved already."));
  if (!hub_live_session_lift (self, seen, error))
    return FALSE;
  /* HELD stays HELD until the live half has resumed. */
  if (g_str_equal (name, "resume"))
    hub_live_session_retarget (self);
  else
    hub_live_session_take_edge (self, edge, reason, actor);
  return TRUE;
}

void
hub_live_session_move_async (HubLiveSession *self, const char *name, const char *reason,
                             KarezActor *actor, guint64 seen, guint64 ask,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, hub_live_session_finish);
  g_task_set_task_data (task, g_new0 (HubLiveMoved, 1), g_free);
  if (self->driver == NULL)
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/edge", NULL,
                     N_ ("The session is not prepared."));
  else if (hub_session_machine_is_away (name))
    {
      if (!ask || hub_live_session_is_news (self, ask))
        hub_live_session_back_off (self, name, reason, actor);
    }
  else if (!self->host)
    karez_error_set (&error, KAREZ_ERROR_CONFLICT, "session/host", NULL,
                     N_ ("Only the hospital that hosts the session can do this."));
  else if (begin_move (self, name, reason, actor, seen, &error))
    {
      g_object_set_data_full (G_OBJECT (task), "actor", karez_actor_ref (actor),
                              (GDestroyNotify) karez_actor_unref);
      self->moving = g_object_ref (task);
    }
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (hub_session_machine_is_away (name))
    {
      note_moved (self, task);
      if (self->host)
        hub_recorder_answer (self->recorder, task, TRUE);
      else
        g_task_return_boolean (task, TRUE);
    }
}

void
hub_live_session_keep_async (HubLiveSession *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_live_session_finish);
  hub_recorder_answer (self->recorder, task, TRUE);
}

const HubLiveMoved *
hub_live_session_get_moved (HubLiveSession *self, GAsyncResult *result)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_get_task_data (G_TASK (result));
}

/* Preflight: what the live half measures, and what the engine sees. */

static void
on_preflight (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubLiveSession *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (GListModel) list = hub_runner_preflight_finish (HUB_RUNNER (source), result, &error);
  g_autoptr (JsonNode) checks = hub_live_checks_take_preflight (self->checks, list);

  if (list != NULL)
    g_task_return_pointer (task, g_steal_pointer (&checks), (GDestroyNotify) json_node_unref);
  else
    g_task_return_error (task, error);
}

void
hub_live_session_preflight_async (HubLiveSession *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_source_tag (task, hub_live_session_preflight_async);
  if (!hub_live_session_is_prepared (self))
    {
      g_task_return_error (task, karez_error_new (KAREZ_ERROR_CONFLICT, "session/edge", NULL,
                                                  N_ ("The session is not prepared.")));
      return;
    }
  hub_runner_preflight_async (self->runner, self->modality, NULL, on_preflight,
                              g_steal_pointer (&task));
}

JsonNode *
hub_live_session_preflight_finish (HubLiveSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
