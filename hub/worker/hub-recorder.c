/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session wants kept, and who waits until it is on disk. */
#include "hub-recorder.h"

#include "hub-catalogue.h"
#include "hub-checkpoint.h"
#include "hub-clock.h"
#include "hub-log.h"
#include "hub-spool.h"

struct _HubRecorder
{
  GObject parent_instance;

  char *session;
  HubSpool *spool; /* NULL once it is abandoned */
  HubCheckpoint *checkpoint;
  GPtrArray *waiters;
  GError *trouble;     /* what is wrong with the disk, as it was told; NULL: nothing */
  gboolean stalled;    /* it is that the disk does not answer */
  guint n_saving;      /* checkpoints that somebody waits for */
  guint64 forgettable; /* records that the hub has */
};

G_DEFINE_FINAL_TYPE (HubRecorder, hub_recorder, G_TYPE_OBJECT)

enum
{
  RECORDED,
  DISK,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

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
is_due (HubRecorder *self, Waiter *waiter)
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
release (HubRecorder *self, const GError *trouble)
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
wait_for_disk (HubRecorder *self, GTask *task, gboolean away,
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
hub_recorder_answer (HubRecorder *self, GTask *task, gboolean away)
{
  if (self->spool != NULL)
    wait_for_disk (self, task, away, on_answerable);
  else
    g_task_return_boolean (task, TRUE);
}

/* What helps. */
static const char *
advise (HubRecorder *self, const GError *error)
{
  if (error == NULL || self->stalled)
    return NULL;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    return N_ ("Free some space on the hub's disk.");
  return N_ ("The hub's disk has to be looked at: it refuses what is written.");
}

/* @error: (nullable) (transfer none): what is wrong with the disk; it is told once */
static void
report_disk (HubRecorder *self, const GError *error)
{
  const char *measured = error != NULL ? error->message : NULL;
  g_autoptr (KarezCheck) check = NULL;

  if (error != NULL && self->trouble != NULL
      && g_str_equal (error->message, self->trouble->message))
    return;
  g_clear_error (&self->trouble);
  self->trouble = error != NULL ? g_error_copy (error) : NULL;
  if (error != NULL)
    hub_warning ("session", self->session, "Records wait for the disk: %s", error->message);
  check = karez_check_new ("record.disk",
                           error != NULL ? KAREZ_VERDICT_FAILED : KAREZ_VERDICT_PASSED,
                           self->stalled ? N_ ("The hub's disk does not answer.") : measured, NULL,
                           advise (self, error));
  g_signal_emit (self, signals[DISK], 0, check);
}

static void
on_durable (HubSpool *spool, guint64 sequence, HubRecorder *self)
{
  self->stalled = FALSE;
  if (self->trouble != NULL)
    report_disk (self, NULL);
  g_signal_emit (self, signals[RECORDED], 0, sequence);
  release (self, NULL);
}

static void
on_failed (HubSpool *spool, const GError *error, HubRecorder *self)
{
  self->stalled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  report_disk (self, error);
  release (self, error);
}

/* Records. */

void
hub_recorder_record (HubRecorder *self, const char *action, KarezActor *actor, JsonNode *body)
{
  g_autofree char *at = hub_time_format (hub_clock_now ());
  g_autoptr (JsonNode)
      record = karez_json_object ("action", "s", action, "actor", "n", karez_actor_to_json (actor),
                                  "at", "s", at, "body", "n", body, NULL);
  g_autoptr (GBytes) bytes = karez_json_to_bytes (record);
  g_autoptr (GError) error = NULL;

  /* What comes late from a live half whose session was given up. */
  if (self->spool == NULL)
    return;
  if (g_bytes_get_size (bytes) > HUB_SPOOL_MAX_RECORD)
    {
      hub_warning ("session", self->session, "A record “%s” is too large and is lost.", action);
      hub_recorder_record (self, "session.record-lost", actor,
                           karez_json_object ("action", "s", action, NULL));
    }
  else if (hub_spool_append (self->spool, bytes, &error) == 0)
    hub_critical ("session", self->session, "A record is lost, since too many wait: %s",
                  error->message);
}

guint64
hub_recorder_get_last (HubRecorder *self)
{
  return hub_spool_get_last (self->spool);
}

guint64
hub_recorder_get_durable (HubRecorder *self)
{
  return hub_spool_get_durable (self->spool);
}

guint
hub_recorder_get_waiting (HubRecorder *self)
{
  return hub_spool_get_waiting (self->spool);
}

guint64
hub_recorder_next (HubRecorder *self, guint64 from)
{
  return hub_spool_next (self->spool, from);
}

JsonNode *
hub_recorder_get (HubRecorder *self, guint64 sequence)
{
  GBytes *bytes = hub_spool_get (self->spool, sequence);

  return bytes != NULL ? karez_json_parse (bytes, HUB_SPOOL_MAX_RECORD, NULL) : NULL;
}

void
hub_recorder_forget (HubRecorder *self, guint64 sequence)
{
  self->forgettable = MAX (self->forgettable, sequence);
  /* A word that only its record holds yet is there until the checkpoint holds it, too. */
  if (self->n_saving == 0 && self->spool != NULL)
    hub_spool_forget (self->spool, self->forgettable);
}

/* The checkpoint. */

gboolean
hub_recorder_read_checkpoint (HubRecorder *self, JsonNode **head, GBytes **state, GError **error)
{
  return hub_checkpoint_read (self->checkpoint, head, state, error);
}

void
hub_recorder_write_checkpoint (HubRecorder *self, JsonNode *head, GBytes *state)
{
  hub_checkpoint_write (self->checkpoint, head, state);
}

/* A save under way: its checkpoint, and the records before it. */
typedef struct
{
  HubRecorder *recorder;
  guint n_left, timeout;
  gboolean returned;
} Saving;

static void
saving_free (gpointer data)
{
  Saving *saving = data;

  g_clear_handle_id (&saving->timeout, g_source_remove);
  g_object_unref (saving->recorder);
  g_free (saving);
}

/* @error: (nullable) (transfer none) */
static void
end_part (GTask *task, const GError *error)
{
  Saving *saving = g_task_get_task_data (task);

  saving->n_left--;
  if (saving->returned || (saving->n_left > 0 && error == NULL))
    return;
  saving->returned = TRUE;
  g_clear_handle_id (&saving->timeout, g_source_remove);
  if (error != NULL)
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
  Saving *saving = g_task_get_task_data (task);
  HubRecorder *self = saving->recorder;
  g_autoptr (GError) error = NULL;

  hub_checkpoint_write_finish (HUB_CHECKPOINT (source), result, &error);
  self->n_saving--;
  hub_recorder_forget (self, 0);
  end_part (task, error);
}

void
hub_recorder_save (HubRecorder *self, GTask *task, JsonNode *head, GBytes *state)
{
  Saving *saving = g_new0 (Saving, 1);

  saving->recorder = g_object_ref (self);
  saving->n_left = 2;
  g_task_set_task_data (task, saving, saving_free);
  saving->timeout = g_timeout_add (HUB_SPOOL_STALLED_MS, on_save_late, task);
  if (head != NULL)
    {
      self->n_saving++;
      hub_checkpoint_write_async (self->checkpoint, head, state, on_checkpoint,
                                  g_object_ref (task));
    }
  else
    end_part (task, NULL);
  if (self->spool != NULL)
    wait_for_disk (self, task, FALSE, end_part);
  else
    end_part (task, NULL);
}

/* Begin and end. */

void
hub_recorder_start (HubRecorder *self)
{
  hub_spool_start (self->spool);
}

gboolean
hub_recorder_flush (HubRecorder *self, GError **error)
{
  return hub_spool_flush (self->spool, error);
}

void
hub_recorder_remove (HubRecorder *self)
{
  hub_spool_remove (self->spool);
  hub_checkpoint_remove (self->checkpoint);
}

void
hub_recorder_close (HubRecorder *self, JsonNode *head, GBytes *state)
{
  g_autoptr (GError) error = NULL;

  if (head != NULL && !hub_checkpoint_write_now (self->checkpoint, head, state, &error))
    hub_warning ("session", self->session, "The checkpoint could not be written: %s",
                 error->message);
  g_clear_error (&error);
  if (!hub_recorder_flush (self, &error))
    hub_warning ("session", self->session, "Records are lost with the worker: %s", error->message);
  hub_checkpoint_close (self->checkpoint);
}

void
hub_recorder_abandon (HubRecorder *self)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "the session is closed");
  g_autoptr (GPtrArray) left = self->waiters;

  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
  if (self->spool != NULL)
    g_signal_handlers_disconnect_by_data (self->spool, self);
  g_clear_object (&self->spool);
  for (guint i = 0; i < left->len; i++)
    {
      Waiter *waiter = left->pdata[i];

      waiter->done (waiter->task, error);
    }
  hub_checkpoint_close (self->checkpoint);
}

static gboolean
open_spool (HubRecorder *self, const char *path, KarezActor *actor, GError **error)
{
  guint damaged;

  self->spool = hub_spool_open (path, error);
  if (self->spool == NULL)
    return FALSE;
  g_signal_connect (self->spool, "durable", G_CALLBACK (on_durable), self);
  g_signal_connect (self->spool, "failed", G_CALLBACK (on_failed), self);
  damaged = hub_spool_get_damaged (self->spool);
  if (damaged == 0)
    return TRUE;
  hub_warning ("session", self->session,
               "%u records of the spool are damaged; the file is beside it.", damaged);
  hub_recorder_record (self, "session.spool-damaged", actor,
                       karez_json_object ("records", "i", (gint64) damaged, NULL));
  return hub_spool_flush (self->spool, error);
}

HubRecorder *
hub_recorder_new (const char *session, const char *directory, KarezActor *actor, GError **error)
{
  g_autoptr (HubRecorder) self = g_object_new (HUB_TYPE_RECORDER, NULL);
  g_autofree char *spool = g_build_filename (directory, "spool", NULL);
  g_autofree char *checkpoint = g_build_filename (directory, "checkpoint", NULL);

  self->session = g_strdup (session);
  self->checkpoint = hub_checkpoint_new (checkpoint);
  return open_spool (self, spool, actor, error) ? g_steal_pointer (&self) : NULL;
}

static void
hub_recorder_dispose (GObject *object)
{
  hub_recorder_abandon (HUB_RECORDER (object));

  G_OBJECT_CLASS (hub_recorder_parent_class)->dispose (object);
}

static void
hub_recorder_finalize (GObject *object)
{
  HubRecorder *self = HUB_RECORDER (object);

  g_free (self->session);
  g_clear_object (&self->checkpoint);
  g_clear_error (&self->trouble);
  g_ptr_array_unref (self->waiters);

  G_OBJECT_CLASS (hub_recorder_parent_class)->finalize (object);
}

static void
hub_recorder_class_init (HubRecorderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_recorder_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_recorder_finalize;

  signals[RECORDED] = g_signal_new ("recorded", HUB_TYPE_RECORDER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
  signals[DISK] = g_signal_new ("disk", HUB_TYPE_RECORDER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, KAREZ_TYPE_CHECK);
}

static void
hub_recorder_init (HubRecorder *self)
{
  self->waiters = g_ptr_array_new_with_free_func (waiter_free);
}
