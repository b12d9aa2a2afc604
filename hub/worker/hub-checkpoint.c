/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file from which a session's next worker goes on. */
#include "hub-checkpoint.h"

#include "hub-file.h"
#include "hub-log.h"

#include <glib/gstdio.h>
#include <string.h>

/* SHA-256 over the rest, the head's length (little-endian), the head, the live half's state. */
#define DIGEST 32
#define HEADER (DIGEST + 4)
#define MAX_HEAD (1024 * 1024)
#define MAX_FILE (4 * 1024 * 1024)

struct _HubCheckpoint
{
  GObject parent_instance;

  char *path;
  GMutex writing;  /* one writer at a time; what the main thread waits for at its end alone */
  GMutex state;    /* of these two, and never held while the disk is at work */
  GBytes *written; /* what was given to the last write */
  gboolean removed, closed;

  /* The main thread's. */
  GBytes *waiting;          /* for that write to end */
  GQueue asking, asked_for; /* GTask: who waits for this write, and for the next one */
  gboolean busy;
};

G_DEFINE_FINAL_TYPE (HubCheckpoint, hub_checkpoint, G_TYPE_OBJECT)

static void
digest (const guint8 *data, gsize size, guint8 *out)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = DIGEST;

  g_checksum_update (sum, data, size);
  g_checksum_get_digest (sum, out, &length);
}

static GBytes *
pack (JsonNode *head, GBytes *state)
{
  g_autofree char *text = karez_json_print (head);
  gsize text_size = strlen (text), state_size = state != NULL ? g_bytes_get_size (state) : 0;
  guint32 length = GUINT32_TO_LE ((guint32) text_size);
  guint8 *image = g_malloc (HEADER + text_size + state_size);

  memcpy (image + DIGEST, &length, 4);
  memcpy (image + HEADER, text, text_size);
  if (state_size)
    memcpy (image + HEADER + text_size, g_bytes_get_data (state, NULL), state_size);
  digest (image + DIGEST, 4 + text_size + state_size, image);
  return g_bytes_new_take (image, HEADER + text_size + state_size);
}

static gboolean
damaged (HubCheckpoint *self, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the checkpoint %s is damaged",
               self->path);
  return FALSE;
}

gboolean
hub_checkpoint_read (HubCheckpoint *self, JsonNode **head, GBytes **state, GError **error)
{
  g_autoptr (GBytes) bytes = hub_file_read (self->path, MAX_FILE, error);
  g_autoptr (GBytes) text = NULL;
  guint8 sum[DIGEST];
  guint32 length;
  gsize size;
  const guint8 *data = NULL;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  if (size < HEADER)
    return damaged (self, error);
  digest (data + DIGEST, size - DIGEST, sum);
  memcpy (&length, data + DIGEST, 4);
  length = GUINT32_FROM_LE (length);
  if (memcmp (sum, data, DIGEST) != 0 || length > size - HEADER)
    return damaged (self, error);
  text = g_bytes_new_from_bytes (bytes, HEADER, length);
  *head = karez_json_parse (text, MAX_HEAD, error);
  if (*head == NULL)
    return FALSE;
  *state = size > HEADER + length
               ? g_bytes_new_from_bytes (bytes, HEADER + length, size - HEADER - length)
               : NULL;
  return TRUE;
}

static void
set_written (HubCheckpoint *self, GBytes *image)
{
  g_mutex_lock (&self->state);
  g_clear_pointer (&self->written, g_bytes_unref);
  self->written = image != NULL ? g_bytes_ref (image) : NULL;
  g_mutex_unlock (&self->state);
}

static gboolean
is_written (HubCheckpoint *self, GBytes *image)
{
  gboolean same;

  g_mutex_lock (&self->state);
  same = self->written != NULL && g_bytes_equal (self->written, image);
  g_mutex_unlock (&self->state);
  return same;
}

static gboolean
is_over (HubCheckpoint *self, gboolean *removed)
{
  gboolean over;

  g_mutex_lock (&self->state);
  over = self->removed || self->closed;
  *removed = self->removed;
  g_mutex_unlock (&self->state);
  return over;
}

static gboolean
refuse (HubCheckpoint *self, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "%s is not written any more", self->path);
  return FALSE;
}

/* Unless write_now() overtook it. */
static gboolean
write_newest (HubCheckpoint *self, GBytes *image, GError **error)
{
  gboolean done = TRUE, removed = FALSE;

  g_mutex_lock (&self->writing);
  if (is_over (self, &removed))
    done = refuse (self, error);
  else if (is_written (self, image))
    done = hub_file_write_durable (self->path, image, HUB_FILE_SHARED, error);
  /* It may have been removed before it had its name. */
  is_over (self, &removed);
  if (removed)
    g_unlink (self->path);
  if (!done)
    set_written (self, NULL);
  g_mutex_unlock (&self->writing);
  return done;
}

static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (write_newest (source, data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void begin (HubCheckpoint *self, GBytes *image);

/* In the order in which they asked. */
static void
answer (GQueue *tasks, const GError *error)
{
  GTask *task = NULL;

  while ((task = g_queue_pop_head (tasks)) != NULL)
    {
      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

static void
move_all (GQueue *from, GQueue *to)
{
  while (from->length)
    g_queue_push_tail (to, g_queue_pop_head (from));
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  HubCheckpoint *self = HUB_CHECKPOINT (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) next = g_steal_pointer (&self->waiting);
  GQueue done = G_QUEUE_INIT;

  self->busy = FALSE;
  if (!g_task_propagate_boolean (G_TASK (result), &error)
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    hub_warning ("checkpoint", NULL, "A checkpoint could not be written: %s", error->message);
  move_all (&self->asking, &done);
  if (next != NULL && (error != NULL || !is_written (self, next)))
    {
      move_all (&self->asked_for, &self->asking);
      begin (self, next);
    }
  else
    move_all (&self->asked_for, &done);
  answer (&done, error);
}

static void
begin (HubCheckpoint *self, GBytes *image)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_written, NULL);

  g_task_set_source_tag (task, begin);
  g_task_set_task_data (task, g_bytes_ref (image), (GDestroyNotify) g_bytes_unref);
  set_written (self, image);
  self->busy = TRUE;
  g_task_run_in_thread (task, write_in_thread);
}

/* @task: (nullable) (transfer none): who waits for it */
static void
give (HubCheckpoint *self, GBytes *image, GTask *task)
{
  if (self->busy)
    {
      g_clear_pointer (&self->waiting, g_bytes_unref);
      self->waiting = g_bytes_ref (image);
      if (task != NULL)
        g_queue_push_tail (&self->asked_for, g_object_ref (task));
      return;
    }
  if (task != NULL)
    g_queue_push_tail (&self->asking, g_object_ref (task));
  if (is_written (self, image))
    answer (&self->asking, NULL);
  else
    begin (self, image);
}

void
hub_checkpoint_write (HubCheckpoint *self, JsonNode *head, GBytes *state)
{
  g_autoptr (GBytes) image = NULL;

  if (self->removed || self->closed)
    return;
  image = pack (head, state);
  give (self, image, NULL);
}

void
hub_checkpoint_write_async (HubCheckpoint *self, JsonNode *head, GBytes *state,
                            GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (GBytes) image = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, hub_checkpoint_write_async);
  if (self->removed || self->closed)
    {
      refuse (self, &error);
      g_task_return_error (task, error);
      return;
    }
  image = pack (head, state);
  give (self, image, task);
}

gboolean
hub_checkpoint_write_finish (HubCheckpoint *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, hub_checkpoint_write_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
hub_checkpoint_write_now (HubCheckpoint *self, JsonNode *head, GBytes *state, GError **error)
{
  g_autoptr (GBytes) image = pack (head, state);
  gboolean done;

  g_clear_pointer (&self->waiting, g_bytes_unref);
  set_written (self, image);
  g_mutex_lock (&self->writing);
  done = hub_file_write_durable (self->path, image, HUB_FILE_SHARED, error);
  if (!done)
    set_written (self, NULL);
  g_mutex_unlock (&self->writing);
  return done;
}

void
hub_checkpoint_remove (HubCheckpoint *self)
{
  g_autoptr (GError) error = NULL;

  refuse (self, &error);
  g_clear_pointer (&self->waiting, g_bytes_unref);
  g_mutex_lock (&self->state);
  self->removed = TRUE;
  g_mutex_unlock (&self->state);
  /* What is being written goes when it has been. */
  g_unlink (self->path);
  answer (&self->asked_for, error);
}

void
hub_checkpoint_close (HubCheckpoint *self)
{
  gboolean removed = FALSE;

  g_clear_pointer (&self->waiting, g_bytes_unref);
  g_mutex_lock (&self->state);
  self->closed = TRUE;
  g_mutex_unlock (&self->state);
  g_mutex_lock (&self->writing);
  is_over (self, &removed);
  if (removed)
    g_unlink (self->path);
  g_mutex_unlock (&self->writing);
}

HubCheckpoint *
hub_checkpoint_new (const char *path)
{
  HubCheckpoint *self = g_object_new (HUB_TYPE_CHECKPOINT, NULL);

  self->path = g_strdup (path);
  return self;
}

static void
hub_checkpoint_finalize (GObject *object)
{
  HubCheckpoint *self = HUB_CHECKPOINT (object);

  g_free (self->path);
  g_mutex_clear (&self->writing);
  g_mutex_clear (&self->state);
  g_clear_pointer (&self->written, g_bytes_unref);
  g_clear_pointer (&self->waiting, g_bytes_unref);

  G_OBJECT_CLASS (hub_checkpoint_parent_class)->finalize (object);
}

static void
hub_checkpoint_class_init (HubCheckpointClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_checkpoint_finalize;
}

static void
hub_checkpoint_init (HubCheckpoint *self)
{
  g_mutex_init (&self->writing);
  g_mutex_init (&self->state);
  g_queue_init (&self->asking);
  g_queue_init (&self->asked_for);
}
