/* SPDX-License-Identifier: LGPL-2.1-or-later */
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
  GMutex writing;  /* one writer at a time, also between the thread and write_now() */
  GBytes *written; /* what was given to the last write; changed under writing */
  GBytes *waiting;
  gboolean busy, removed;
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
  gsize text_size = strlen (text), state_size = state ? g_bytes_get_size (state) : 0;
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

  if (!bytes)
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
  if (!*head)
    return FALSE;
  *state = size > HEADER + length
               ? g_bytes_new_from_bytes (bytes, HEADER + length, size - HEADER - length)
               : NULL;
  return TRUE;
}

/* Under writing. */
static void
set_written (HubCheckpoint *self, GBytes *image)
{
  g_clear_pointer (&self->written, g_bytes_unref);
  self->written = image ? g_bytes_ref (image) : NULL;
}

/* Unless write_now() overtook it. */
static gboolean
write_newest (HubCheckpoint *self, GBytes *image, GError **error)
{
  gboolean done = TRUE;

  g_mutex_lock (&self->writing);
  if (image == self->written)
    done = hub_file_write_durable (self->path, image, HUB_FILE_SHARED, error);
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

static void
on_written (GObject *source, GAsyncResult *result, gpointer data)
{
  HubCheckpoint *self = HUB_CHECKPOINT (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) next = g_steal_pointer (&self->waiting);

  self->busy = FALSE;
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    hub_warning ("checkpoint", NULL, "A checkpoint could not be written: %s", error->message);
  if (next)
    begin (self, next);
}

static void
begin (HubCheckpoint *self, GBytes *image)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_written, NULL);

  g_task_set_source_tag (task, begin);
  g_task_set_task_data (task, g_bytes_ref (image), (GDestroyNotify) g_bytes_unref);
  g_mutex_lock (&self->writing);
  set_written (self, image);
  g_mutex_unlock (&self->writing);
  self->busy = TRUE;
  g_task_run_in_thread (task, write_in_thread);
}

void
hub_checkpoint_write (HubCheckpoint *self, JsonNode *head, GBytes *state)
{
  g_autoptr (GBytes) image = NULL;

  if (self->removed)
    return;
  image = pack (head, state);
  if (self->busy)
    {
      g_clear_pointer (&self->waiting, g_bytes_unref);
      self->waiting = g_steal_pointer (&image);
      return;
    }
  if (!self->written || !g_bytes_equal (self->written, image))
    begin (self, image);
}

gboolean
hub_checkpoint_write_now (HubCheckpoint *self, JsonNode *head, GBytes *state, GError **error)
{
  g_autoptr (GBytes) image = pack (head, state);
  gboolean done;

  g_clear_pointer (&self->waiting, g_bytes_unref);
  g_mutex_lock (&self->writing);
  done = hub_file_write_durable (self->path, image, HUB_FILE_SHARED, error);
  set_written (self, done ? image : NULL);
  g_mutex_unlock (&self->writing);
  return done;
}

void
hub_checkpoint_remove (HubCheckpoint *self)
{
  self->removed = TRUE;
  g_clear_pointer (&self->waiting, g_bytes_unref);
  g_mutex_lock (&self->writing);
  set_written (self, NULL);
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
}
