/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hub-spool.h"

#include "hub-clock.h"
#include "hub-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A record on disk: mark, kind, length, number, SHA-256 over kind to payload, payload.
 * All numbers little-endian. A base record has no payload: numbers up to it are forgotten. */
#define MARK 0x535a414bu /* "KAZS" */
#define KIND_RECORD 1u
#define KIND_BASE 2u
#define DIGEST 32
#define HEADER (4 + 4 + 4 + 8 + DIGEST)
#define MAX_FILE ((gsize) HUB_SPOOL_MAX_WAITING * 2)
/* Forgotten bytes that are worth a new file. */
#define COMPACT_BYTES (256 * 1024)

struct _HubSpool
{
  GObject parent_instance;

  char *path;
  int fd;
  gsize size;      /* of the file, up to the last whole record */
  gsize forgotten; /* bytes of it that nobody needs */
  gsize waiting_bytes;
  guint64 last;
  GTree *waiting; /* guint64 * → GBytes */
  guint damaged;
};

G_DEFINE_FINAL_TYPE (HubSpool, hub_spool, G_TYPE_OBJECT)

static gint
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  guint64 left = *(const guint64 *) a, right = *(const guint64 *) b;

  return left < right ? -1 : left > right;
}

static gboolean
fail (GError **error, const char *doing, const char *path, int code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "cannot %s %s: %s", doing, path,
               g_strerror (code));
  return FALSE;
}

static void
digest (guint32 kind, guint64 sequence, const guint8 *payload, gsize length, guint8 *out)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint32 kind_le = GUINT32_TO_LE (kind), length_le = GUINT32_TO_LE ((guint32) length);
  guint64 sequence_le = GUINT64_TO_LE (sequence);
  gsize size = DIGEST;

  g_checksum_update (sum, (const guchar *) &kind_le, 4);
  g_checksum_update (sum, (const guchar *) &length_le, 4);
  g_checksum_update (sum, (const guchar *) &sequence_le, 8);
  g_checksum_update (sum, payload, length);
  g_checksum_get_digest (sum, out, &size);
}

static void
frame (GByteArray *into, guint32 kind, guint64 sequence, const guint8 *payload, gsize length)
{
  guint8 header[HEADER];
  guint32 word = GUINT32_TO_LE (MARK);
  guint64 number = GUINT64_TO_LE (sequence);

  memcpy (header, &word, 4);
  word = GUINT32_TO_LE (kind);
  memcpy (header + 4, &word, 4);
  word = GUINT32_TO_LE ((guint32) length);
  memcpy (header + 8, &word, 4);
  memcpy (header + 12, &number, 8);
  digest (kind, sequence, payload, length, header + 20);
  g_byte_array_append (into, header, HEADER);
  g_byte_array_append (into, payload, length);
}

/* The size of the whole record at @data, or 0 if none that is whole and sound begins there. */
static gsize
unframe (const guint8 *data, gsize left, guint32 *kind, guint64 *sequence, gsize *length)
{
  guint32 mark, kind_le, length_le;
  guint64 sequence_le;
  guint8 sum[DIGEST];

  if (left < HEADER)
    return 0;
  memcpy (&mark, data, 4);
  memcpy (&kind_le, data + 4, 4);
  memcpy (&length_le, data + 8, 4);
  memcpy (&sequence_le, data + 12, 8);
  *kind = GUINT32_FROM_LE (kind_le);
  *length = GUINT32_FROM_LE (length_le);
  *sequence = GUINT64_FROM_LE (sequence_le);
  if (GUINT32_FROM_LE (mark) != MARK || *length > HUB_SPOOL_MAX_RECORD || *length > left - HEADER)
    return 0;
  digest (*kind, *sequence, data + HEADER, *length, sum);
  return memcmp (sum, data + 20, DIGEST) == 0 ? HEADER + *length : 0;
}

static void
keep (HubSpool *self, guint64 sequence, GBytes *record)
{
  g_tree_insert (self->waiting, g_memdup2 (&sequence, sizeof sequence), g_bytes_ref (record));
  self->waiting_bytes += g_bytes_get_size (record);
}

static void
take_record (HubSpool *self, guint32 kind, guint64 sequence, const guint8 *payload, gsize length)
{
  if (kind == KIND_BASE)
    {
      self->last = MAX (self->last, sequence);
      return;
    }
  if (kind == KIND_RECORD && sequence > self->last)
    {
      g_autoptr (GBytes) record = g_bytes_new (payload, length);

      /* What is missing between was damaged. */
      if (self->last)
        self->damaged += sequence - self->last - 1;
      keep (self, sequence, record);
      self->last = sequence;
    }
}

/* Whether there was damage before the end of the file. */
static gboolean
scan (HubSpool *self, const guint8 *data, gsize size)
{
  gboolean torn_middle = FALSE;
  gsize at = 0;

  while (at < size)
    {
      guint32 kind;
      guint64 sequence;
      gsize length, whole = unframe (data + at, size - at, &kind, &sequence, &length);

      if (!whole)
        {
          at++;
          continue;
        }
      torn_middle = torn_middle || at != self->size;
      take_record (self, kind, sequence, data + at + HEADER, length);
      at += whole;
      self->size = at;
    }
  return torn_middle;
}

static gboolean
write_all (int fd, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      gssize n = write (fd, data, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      size -= n;
    }
  return fdatasync (fd) == 0;
}

static gboolean
copy_waiting (gpointer key, gpointer value, gpointer data)
{
  gsize size;
  const guint8 *payload = g_bytes_get_data (value, &size);

  frame (data, KIND_RECORD, *(guint64 *) key, payload, size);
  return FALSE;
}

static gboolean
reopen (HubSpool *self, GError **error)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = open (self->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, HUB_FILE_SHARED);
  if (self->fd < 0)
    return fail (error, "open", self->path, errno);
  return TRUE;
}

/* A new file of what waits, behind a base record that keeps the numbering. */
static gboolean
compact (HubSpool *self, GError **error)
{
  g_autoptr (GByteArray) image = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  guint64 next = hub_spool_next (self, 0);
  guint64 base = next ? next - 1 : self->last;

  frame (image, KIND_BASE, base, (const guint8 *) "", 0);
  g_tree_foreach (self->waiting, copy_waiting, image);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&image));
  if (!hub_file_write_durable (self->path, bytes, HUB_FILE_SHARED, error) || !reopen (self, error))
    return FALSE;
  self->size = g_bytes_get_size (bytes);
  self->forgotten = 0;
  return TRUE;
}

static gboolean
set_aside (HubSpool *self, GBytes *bytes, GError **error)
{
  g_autofree char *beside = g_strdup_printf ("%s.damaged-%" G_GINT64_FORMAT, self->path,
                                             hub_clock_now ());

  return hub_file_write_durable (beside, bytes, HUB_FILE_SHARED, error);
}

static gboolean
load (HubSpool *self, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  gboolean torn_middle = FALSE;
  gsize size = 0;
  const guint8 *data = NULL;

  if (!g_file_test (self->path, G_FILE_TEST_EXISTS))
    return compact (self, error);
  bytes = hub_file_read (self->path, MAX_FILE, error);
  if (!bytes)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  torn_middle = scan (self, data, size);
  if (torn_middle && !self->damaged)
    self->damaged = 1;
  if (torn_middle && !set_aside (self, bytes, error))
    return FALSE;
  /* A torn tail would swallow the next append. */
  if (torn_middle || self->size != size)
    return compact (self, error);
  return reopen (self, error);
}

HubSpool *
hub_spool_open (const char *path, GError **error)
{
  g_autoptr (HubSpool) self = g_object_new (HUB_TYPE_SPOOL, NULL);

  self->path = g_strdup (path);
  return load (self, error) ? g_steal_pointer (&self) : NULL;
}

guint64
hub_spool_append (HubSpool *self, GBytes *record, GError **error)
{
  g_autoptr (GByteArray) image = g_byte_array_new ();
  gsize size = 0;
  const guint8 *payload = g_bytes_get_data (record, &size);
  guint64 sequence = self->last + 1;

  if (size > HUB_SPOOL_MAX_RECORD || self->waiting_bytes + size > HUB_SPOOL_MAX_WAITING)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "%s takes no more", self->path);
      return 0;
    }
  /* The file of an earlier failure may be gone. */
  if (self->fd < 0 && !compact (self, error))
    return 0;
  frame (image, KIND_RECORD, sequence, payload, size);
  if (!write_all (self->fd, image->data, image->len))
    {
      int code = errno;

      /* Half a record must not stand before the next one; if even that fails, the next append
       * begins a new file. */
      if (ftruncate (self->fd, self->size) != 0)
        {
          close (self->fd);
          self->fd = -1;
        }
      fail (error, "write", self->path, code);
      return 0;
    }
  self->size += image->len;
  self->last = sequence;
  keep (self, sequence, record);
  return sequence;
}

GBytes *
hub_spool_get (HubSpool *self, guint64 sequence)
{
  return g_tree_lookup (self->waiting, &sequence);
}

guint64
hub_spool_next (HubSpool *self, guint64 from)
{
  GTreeNode *node = g_tree_lower_bound (self->waiting, &from);

  return node ? *(guint64 *) g_tree_node_key (node) : 0;
}

void
hub_spool_forget (HubSpool *self, guint64 sequence)
{
  guint64 first = hub_spool_next (self, 0);

  while (first && first <= sequence)
    {
      gsize size = g_bytes_get_size (hub_spool_get (self, first));

      self->waiting_bytes -= size;
      self->forgotten += HEADER + size;
      g_tree_remove (self->waiting, &first);
      first = hub_spool_next (self, 0);
    }
  /* What is not compacted is only sent again after a restart, and that is harmless. */
  if (self->forgotten > COMPACT_BYTES || (self->forgotten && !first && self->forgotten > 4096))
    compact (self, NULL);
}

guint64
hub_spool_get_last (HubSpool *self)
{
  return self->last;
}

guint
hub_spool_get_waiting (HubSpool *self)
{
  return g_tree_nnodes (self->waiting);
}

guint
hub_spool_get_damaged (HubSpool *self)
{
  return self->damaged;
}

static void
hub_spool_finalize (GObject *object)
{
  HubSpool *self = HUB_SPOOL (object);

  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_tree_unref (self->waiting);

  G_OBJECT_CLASS (hub_spool_parent_class)->finalize (object);
}

static void
hub_spool_class_init (HubSpoolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_spool_finalize;
}

static void
hub_spool_init (HubSpool *self)
{
  self->fd = -1;
  self->waiting = g_tree_new_full (compare, NULL, g_free, (GDestroyNotify) g_bytes_unref);
}
