/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is recorded, and who waits until it is on disk. Nothing here waits itself: the disk's work
 * is a thread's, and the session goes on meanwhile. */
#include "hub-live-session-private.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-log.h"

/* Somebody who is told nothing before the records up to @sequence are on disk. */
typedef struct
{
  guint64 sequence;
  GTask *task;
  gboolean away;
  /* @trouble: (nullable): the disk takes nothing */
  void (*done) (GTask *task, const GError *trouble);
} Waiter;

static void
waiter_free (gpointer data)
{
  Waiter *waiter = data;

  g_object_unref (waiter->task);
  g_free (waiter);
}

static gboolean
is_due (HubLiveSession *self, Waiter *waiter)
{
  if (hub_spool_get_durable (self->spool) >= waiter->sequence)
    return TRUE;
  if (!hub_spool_is_troubled (self->spool))
    return FALSE;
  /* A disk that refuses has been reported, and a session goes on without it. One that does not
   * answer may have written it in the end: only a hold or stop is answered all the same. */
  return !self->stalled || waiter->away;
}

/* @trouble: (nullable): for those whose records are not on disk */
static void
release (HubLiveSession *self, const GError *trouble)
{
  g_autoptr (GPtrArray) due = g_ptr_array_new_with_free_func (waiter_free);

  for (guint i = 0; i < self->waiters->len;)
    if (is_due (self, self->waiters->pdata[i]))
      g_ptr_array_add (due, g_ptr_array_steal_index (self->waiters, i));
    else
      i++;
  for (guint i = 0; i < due->len; i++)
    {
      Waiter *waiter = due->pdata[i];
      gboolean kept = hub_spool_get_durable (self->spool) >= waiter->sequence;

      waiter->done (waiter->task, kept ? NULL : trouble);
    }
}

/* @task: (transfer none) */
static void
wait_for_disk (HubLiveSession *self, GTask *task, gboolean away,
               void (*done) (GTask *task, const GError *trouble))
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->sequence = hub_spool_get_last (self->spool);
  waiter->task = g_object_ref (task);
  waiter->away = away;
  waiter->done = done;
  g_ptr_array_add (self->waiters, waiter);
  release (self, self->trouble);
}

static void
on_answerable (GTask *task, const GError *trouble)
{
  g_task_return_boolean (task, TRUE);
}

void
hub_live_session_answer (HubLiveSession *self, GTask *task, gboolean away)
{
  if (self->spool)
    wait_for_disk (self, task, away, on_answerable);
  else
    g_task_return_boolean (task, TRUE);
}

/* @error: (nullable) (transfer none): what is wrong with the disk; it is told once */
static void
report_disk (HubLiveSession *self, const GError *error)
{
  gboolean full = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  const char *hint = !error || self->stalled ? NULL
                     : full                  ? N_ ("Free some space on the hub's disk.")
                                             : N_ ("The hub's disk has to be looked at: it refuses "
                                                                    "what is written.");
  g_autoptr (KarezCheck) check = NULL;

  if (error && self->trouble && g_str_equal (error->message, self->trouble->message))
    return;
  g_clear_error (&self->trouble);
  self->trouble = error ? g_error_copy (error) : NULL;
  if (error)
    hub_warning ("session", self->id, "Records wait for the disk: %s", error->message);
  check = karez_check_new ("record.disk", error ? KAREZ_VERDICT_FAILED : KAREZ_VERDICT_PASSED,
                           self->stalled ? N_ ("The hub's disk does not answer.")
                           : error       ? error->message
                                         : NULL,
                           NULL, hint);
  hub_live_session_set_check (self, self->checks, check);
}

static void
on_durable (HubSpool *spool, guint64 sequence, HubLiveSession *self)
{
  self->stalled = FALSE;
  if (self->trouble)
    report_disk (self, NULL);
  g_signal_emit_by_name (self, "recorded", sequence);
  release (self, NULL);
}

static void
on_failed (HubSpool *spool, const GError *error, HubLiveSession *self)
{
  self->stalled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  report_disk (self, error);
  release (self, error);
}

gboolean
hub_live_session_open_spool (HubLiveSession *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->directory, "spool", NULL);
  guint damaged;

  self->spool = hub_spool_open (path, error);
  if (!self->spool)
    return FALSE;
  g_signal_connect (self->spool, "durable", G_CALLBACK (on_durable), self);
  g_signal_connect (self->spool, "failed", G_CALLBACK (on_failed), self);
  damaged = hub_spool_get_damaged (self->spool);
  if (!damaged)
    return TRUE;
  hub_warning ("session", self->id, "%u records of the spool are damaged; the file is beside it.",
               damaged);
  hub_live_session_spool (self, "session.spool-damaged", self->actor,
                          karez_json_object ("records", "i", (gint64) damaged, NULL));
  return hub_spool_flush (self->spool, error);
}

void
hub_live_session_close_spool (HubLiveSession *self)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the session is closed");
  g_autoptr (GPtrArray) left = self->waiters;

  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
  if (self->spool)
    g_signal_handlers_disconnect_by_data (self->spool, self);
  g_clear_object (&self->spool);
  for (guint i = 0; i < left->len; i++)
    {
      Waiter *waiter = left->pdata[i];

      waiter->done (waiter->task, error);
    }
}

void
hub_live_session_init_waiters (HubLiveSession *self)
{
  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
}

void
hub_live_session_spool (HubLiveSession *self, const char *action, KarezActor *actor, JsonNode *body)
{
  g_autofree char *at = hub_time_format (hub_clock_now ());
  g_autoptr (JsonNode)
      record = karez_json_object ("action", "s", action, "actor", "n", karez_actor_to_json (actor),
                                  "at", "s", at, "body", "n", body, NULL);
  g_autoptr (GBytes) bytes = karez_json_to_bytes (record);
  g_autoptr (GError) error = NULL;

  /* What comes late from a live half whose session was given up. */
  if (!self->spool)
    return;
  if (g_bytes_get_size (bytes) > HUB_SPOOL_MAX_RECORD)
    {
      hub_warning ("session", self->id, "A record “%s” is too large and is lost.", action);
      hub_live_session_spool (self, "session.record-lost", actor,
                              karez_json_object ("action", "s", action, NULL));
    }
  else if (!hub_spool_append (self->spool, bytes, &error))
    hub_critical ("session", self->id, "A record is lost, since too many wait: %s", error->message);
}

void
hub_live_session_spool_state (HubLiveSession *self, const char *action)
{
  hub_live_session_spool (self, action, self->actor,
                          karez_json_object ("state", "s", karez_state_name (self->state),
                                             "sequence", "i", (gint64) self->sequence, "reason",
                                             "s", self->reason, NULL));
}

guint64
hub_live_session_next_record (HubLiveSession *self, guint64 from)
{
  return hub_spool_next (self->spool, from);
}

JsonNode *
hub_live_session_get_record (HubLiveSession *self, guint64 sequence)
{
  GBytes *bytes = hub_spool_get (self->spool, sequence);

  return bytes ? karez_json_parse (bytes, HUB_SPOOL_MAX_RECORD, NULL) : NULL;
}

void
hub_live_session_forget_records (HubLiveSession *self, guint64 sequence)
{
  self->forgettable = MAX (self->forgettable, sequence);
  /* A word that only its record holds yet is there until the checkpoint holds it, too. */
  if (!self->n_saving)
    hub_spool_forget (self->spool, self->forgettable);
}

/* The checkpoint. */

static JsonNode *
make_head (HubLiveSession *self)
{
  return karez_json_object ("state", "s", karez_state_name (self->state), "sequence", "i",
                            (gint64) self->sequence, "reason", "s", self->reason, "heard", "i",
                            (gint64) self->heard, "asked", "n",
                            hub_live_session_asked_to_json (self), NULL);
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
  return self->modality ? hub_runner_checkpoint (self->runner, self->modality) : NULL;
}

void
hub_live_session_write_checkpoint (HubLiveSession *self)
{
  g_autoptr (JsonNode) head = make_head (self);
  g_autoptr (GBytes) state = NULL;

  if (!has_checkpoint (self))
    return;
  state = take_state (self);
  hub_checkpoint_write (self->checkpoint, head, state);
}

/* A save under way: its checkpoint, and the records before it. */
typedef struct
{
  guint n_left, timeout;
  gboolean returned;
} Saving;

static void
saving_free (gpointer data)
{
  Saving *saving = data;

  g_clear_handle_id (&saving->timeout, g_source_remove);
  g_free (saving);
}

/* @error: (nullable) (transfer none) */
static void
end_part (GTask *task, const GError *error)
{
  Saving *saving = g_task_get_task_data (task);

  saving->n_left--;
  if (saving->returned || (saving->n_left && !error))
    return;
  saving->returned = TRUE;
  g_clear_handle_id (&saving->timeout, g_source_remove);
  if (error)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
on_save_late (gpointer data)
{
  Saving *saving = g_task_get_task_data (data);

  saving->timeout = 0;
  saving->returned = TRUE;
  g_task_return_new_error (data, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the disk does not answer");
  return G_SOURCE_REMOVE;
}

static void
on_checkpoint (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  HubLiveSession *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  hub_checkpoint_write_finish (HUB_CHECKPOINT (source), result, &error);
  self->n_saving--;
  if (self->spool && self->forgettable)
    hub_live_session_forget_records (self, 0);
  end_part (task, error);
}

void
hub_live_session_save_async (HubLiveSession *self, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_autoptr (JsonNode) head = make_head (self);
  g_autoptr (GBytes) state = NULL;
  Saving *saving = g_new0 (Saving, 1);

  g_task_set_source_tag (task, hub_live_session_save_async);
  g_task_set_task_data (task, saving, saving_free);
  saving->n_left = 2;
  saving->timeout = g_timeout_add (HUB_SPOOL_STALLED_MS, on_save_late, task);
  if (has_checkpoint (self))
    {
      state = take_state (self);
      self->n_saving++;
      hub_checkpoint_write_async (self->checkpoint, head, state, on_checkpoint,
                                  g_object_ref (task));
    }
  else
    end_part (task, NULL);
  if (self->spool)
    wait_for_disk (self, task, FALSE, end_part);
  else
    end_part (task, NULL);
}

gboolean
hub_live_session_save_finish (HubLiveSession *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_live_session_save_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The end. */

gboolean
hub_live_session_is_finished (HubLiveSession *self)
{
  if (!hub_state_is_over (self->state) || !self->driver || hub_spool_get_waiting (self->spool))
    return FALSE;
  return self->state == KAREZ_STATE_FAILED
         || hub_live_driver_get_phase (self->driver) == HUB_PHASE_STOPPED;
}

void
hub_live_session_clean (HubLiveSession *self)
{
  hub_spool_remove (self->spool);
  hub_checkpoint_remove (self->checkpoint);
}

void
hub_live_session_close (HubLiveSession *self)
{
  g_autoptr (JsonNode) head = make_head (self);
  g_autoptr (GBytes) state = NULL;
  g_autoptr (GError) error = NULL;

  if (!hub_live_session_is_finished (self) && has_checkpoint (self))
    {
      state = take_state (self);
      if (!hub_checkpoint_write_now (self->checkpoint, head, state, &error))
        hub_warning ("session", self->id, "The checkpoint could not be written: %s",
                     error->message);
    }
  g_clear_error (&error);
  if (!hub_spool_flush (self->spool, &error))
    hub_warning ("session", self->id, "Records are lost with the worker: %s", error->message);
  hub_checkpoint_close (self->checkpoint);
}
