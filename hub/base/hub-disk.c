/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How full the disk under a directory is. */
#include "hub-disk.h"

#include "hub-log.h"

#define LOOK_S 5
#define LOW (G_GUINT64_CONSTANT (1) << 30)
#define FULL (G_GUINT64_CONSTANT (32) << 20)
#define MIB (1 << 20)

struct _HubDisk
{
  GObject parent_instance;

  GFile *directory;
  GCancellable *cancellable;
  guint source;
  guint64 free_bytes, size_bytes;
  HubDiskState state;
};

G_DEFINE_FINAL_TYPE (HubDisk, hub_disk, G_TYPE_OBJECT)

const char *
hub_disk_state_name (HubDiskState state)
{
  static const char *const names[] = { "unknown", "enough", "low", "full" };

  return names[state];
}

HubDiskState
hub_disk_judge (guint64 free_bytes, guint64 size_bytes)
{
  if (free_bytes < FULL)
    return HUB_DISK_FULL;
  return free_bytes < MIN (LOW, size_bytes / 20) ? HUB_DISK_LOW : HUB_DISK_ENOUGH;
}

static void
tell (HubDisk *self, HubDiskState before)
{
  const char *path = g_file_peek_path (self->directory);
  guint64 free_mib = self->free_bytes / MIB, size_mib = self->size_bytes / MIB;

  if (self->state >= HUB_DISK_LOW)
    hub_warning ("disk", path,
                 "the disk is %s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " MiB are free; "
                 "nothing more is recorded when it is full",
                 hub_disk_state_name (self->state), free_mib, size_mib);
  else if (before >= HUB_DISK_LOW)
    hub_notice ("disk", path,
                "the disk has room again: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " MiB are free",
                free_mib, size_mib);
}

static void
on_known (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo)
      info = g_file_query_filesystem_info_finish (G_FILE (source), result, &error);
  HubDisk *self = data;
  HubDiskState before;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* @self is gone */
  before = self->state;
  if (info == NULL)
    {
      self->state = HUB_DISK_UNKNOWN;
      return;
    }
  self->free_bytes = g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE);
  self->size_bytes = g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_SIZE);
  self->state = hub_disk_judge (self->free_bytes, self->size_bytes);
  if (self->state != before)
    tell (self, before);
}

static gboolean
look (gpointer data)
{
  HubDisk *self = data;

  g_file_query_filesystem_info_async (
      self->directory, G_FILE_ATTRIBUTE_FILESYSTEM_FREE "," G_FILE_ATTRIBUTE_FILESYSTEM_SIZE,
      G_PRIORITY_DEFAULT, self->cancellable, on_known, self);
  return G_SOURCE_CONTINUE;
}

gboolean
hub_disk_is_full (const char *directory)
{
  g_autoptr (GFile) file = g_file_new_for_path (directory);
  g_autoptr (GFileInfo) info = g_file_query_filesystem_info (file, "filesystem::*", NULL, NULL);

  return info != NULL
         && hub_disk_judge (
                g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE),
                g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_SIZE))
                == HUB_DISK_FULL;
}

HubDisk *
hub_disk_new (const char *directory)
{
  HubDisk *self = g_object_new (HUB_TYPE_DISK, NULL);

  self->directory = g_file_new_for_path (directory);
  self->source = g_timeout_add_seconds (LOOK_S, look, self);
  look (self);
  return self;
}

HubDiskState
hub_disk_get_state (HubDisk *self, guint64 *free_bytes, guint64 *size_bytes)
{
  *free_bytes = self->free_bytes;
  *size_bytes = self->size_bytes;
  return self->state;
}

static void
hub_disk_dispose (GObject *object)
{
  HubDisk *self = HUB_DISK (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->source, g_source_remove);

  G_OBJECT_CLASS (hub_disk_parent_class)->dispose (object);
}

static void
hub_disk_finalize (GObject *object)
{
  HubDisk *self = HUB_DISK (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->directory);

  G_OBJECT_CLASS (hub_disk_parent_class)->finalize (object);
}

static void
hub_disk_class_init (HubDiskClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hub_disk_dispose;
  G_OBJECT_CLASS (klass)->finalize = hub_disk_finalize;
}

static void
hub_disk_init (HubDisk *self)
{
  self->cancellable = g_cancellable_new ();
}
