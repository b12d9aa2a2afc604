/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of a spool: its format, and what is written to it. */
#include "hub-spool-file.h"

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
#define MAX_FILE ((gsize) HUB_SPOOL_MAX_WAITING * 4)
/* Forgotten bytes that are worth a new file, and those of a file in which nothing else is. */
#define COMPACT_BYTES (256 * 1024)
#define COMPACT_EMPTY_BYTES 4096

struct _HubSpoolFile
{
  char *path;
  int fd;       /* -1: what comes next goes to a new file */
  gsize size;   /* up to the last whole record */
  gsize freed;  /* bytes of it that nobody needs */
  GQueue kept;  /* HubSpoolRecord: the others in it */
  guint64 last; /* the number of the last one that was written */
};

HubSpoolRecord *
hub_spool_record_new (guint64 sequence, GBytes *payload)
{
  HubSpoolRecord *record = g_new (HubSpoolRecord, 1);

  record->sequence = sequence;
  record->payload = g_bytes_ref (payload);
  return record;
}

void
hub_spool_record_free (gpointer data)
{
  HubSpoolRecord *record = data;

  g_bytes_unref (record->payload);
  g_free (record);
}

gsize
hub_spool_record_get_size (GBytes *payload)
{
  return HEADER + g_bytes_get_size (payload);
}

static gboolean
fail (GError **error, const char *doing, const char *path, int code)
{
  /* GLib has no name for a quota that is used up. */
  g_set_error (error, G_IO_ERROR,
               code == EDQUOT ? G_IO_ERROR_NO_SPACE : g_io_error_from_errno (code),
               "cannot %s %s: %s", doing, path, g_strerror (code));
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
  return TRUE;
}

static void
frame_record (gpointer data, gpointer into)
{
  HubSpoolRecord *record = data;
  gsize size;
  const guint8 *payload = g_bytes_get_data (record->payload, &size);

  frame (into, KIND_RECORD, record->sequence, payload, size);
}

static gboolean
reopen (HubSpoolFile *self, GError **error)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = open (self->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, HUB_FILE_SHARED);
  if (self->fd < 0)
    return fail (error, "open", self->path, errno);
  return TRUE;
}

/* A new file of what is kept, behind a base record that keeps the numbering. */
static gboolean
rewrite (HubSpoolFile *self, GError **error)
{
  g_autoptr (GByteArray) image = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  HubSpoolRecord *first = g_queue_peek_head (&self->kept);
  guint64 base = first != NULL ? first->sequence - 1 : self->last;

  frame (image, KIND_BASE, base, (const guint8 *) "", 0);
  g_queue_foreach (&self->kept, frame_record, image);
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&image));
  if (!hub_file_write_durable (self->path, bytes, HUB_FILE_SHARED, error) || !reopen (self, error))
    return FALSE;
  self->size = g_bytes_get_size (bytes);
  self->freed = 0;
  return TRUE;
}

static gboolean
keep_beside (HubSpoolFile *self, GBytes *bytes, GError **error)
{
  g_autofree char *beside = g_strdup_printf ("%s.damaged-%" G_GINT64_FORMAT, self->path,
                                             hub_clock_now ());

  return hub_file_write_durable (beside, bytes, HUB_FILE_SHARED, error);
}

/* Reading. */

/* Returns how many are missing before it. */
static guint
take_record (HubSpoolFile *self, guint32 kind, guint64 sequence, const guint8 *payload,
             gsize length)
{
  guint64 before = self->last;
  g_autoptr (GBytes) record = NULL;

  if (kind == KIND_BASE)
    self->last = MAX (self->last, sequence);
  if (kind != KIND_RECORD || sequence <= before)
    return 0;
  record = g_bytes_new (payload, length);
  g_queue_push_tail (&self->kept, hub_spool_record_new (sequence, record));
  self->last = sequence;
  return before != 0 ? sequence - before - 1 : 0;
}

/* Whether there was damage before the end of the file. */
static gboolean
scan (HubSpoolFile *self, const guint8 *data, gsize size, guint *damaged)
{
  gboolean torn_middle = FALSE;
  gsize at = 0;

  while (at < size)
    {
      guint32 kind;
      guint64 sequence;
      gsize length, whole = unframe (data + at, size - at, &kind, &sequence, &length);

      if (whole == 0)
        {
          at++;
          continue;
        }
      torn_middle = torn_middle || at != self->size;
      *damaged += take_record (self, kind, sequence, data + at + HEADER, length);
      at += whole;
      self->size = at;
    }
  return torn_middle;
}

static gboolean
load (HubSpoolFile *self, guint *damaged, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  gboolean torn_middle = FALSE;
  gsize size = 0;
  const guint8 *data = NULL;

  if (!g_file_test (self->path, G_FILE_TEST_EXISTS))
    return rewrite (self, error);
  bytes = hub_file_read (self->path, MAX_FILE, error);
  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  torn_middle = scan (self, data, size, damaged);
  if (torn_middle && *damaged == 0)
    *damaged = 1;
  if (torn_middle && !keep_beside (self, bytes, error))
    return FALSE;
  /* A torn tail would swallow the next append. */
  if (torn_middle || self->size != size)
    return rewrite (self, error);
  return reopen (self, error);
}

HubSpoolFile *
hub_spool_file_open (const char *path, guint *damaged, GError **error)
{
  g_autoptr (HubSpoolFile) self = g_new0 (HubSpoolFile, 1);

  self->path = g_strdup (path);
  self->fd = -1;
  g_queue_init (&self->kept);
  *damaged = 0;
  return load (self, damaged, error) ? g_steal_pointer (&self) : NULL;
}

void
hub_spool_file_free (HubSpoolFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_queue_clear_full (&self->kept, hub_spool_record_free);
  g_free (self->path);
  g_free (self);
}

const GQueue *
hub_spool_file_get_kept (HubSpoolFile *self)
{
  return &self->kept;
}

guint64
hub_spool_file_get_last (HubSpoolFile *self)
{
  return self->last;
}

/* Writing. */

/* Half a record must not stand before the next one. */
static gboolean
take_back (HubSpoolFile *self, gboolean unsure, int code, GError **error)
{
  /* What the kernel could not sync it may take for written: what comes next goes to a new file. */
  if (ftruncate (self->fd, self->size) != 0 || unsure)
    {
      close (self->fd);
      self->fd = -1;
    }
  return fail (error, "write", self->path, code);
}

gboolean
hub_spool_file_append (HubSpoolFile *self, GQueue *batch, GError **error)
{
  g_autoptr (GByteArray) image = g_byte_array_new ();
  HubSpoolRecord *record = NULL;

  /* The file of an earlier failure may be gone. */
  if (self->fd < 0 && !rewrite (self, error))
    return FALSE;
  g_queue_foreach (batch, frame_record, image);
  if (!write_all (self->fd, image->data, image->len))
    return take_back (self, FALSE, errno, error);
  if (fdatasync (self->fd) != 0)
    return take_back (self, TRUE, errno, error);
  self->size += image->len;
  while ((record = g_queue_pop_head (batch)) != NULL)
    {
      self->last = record->sequence;
      g_queue_push_tail (&self->kept, record);
    }
  return TRUE;
}

gboolean
hub_spool_file_forget (HubSpoolFile *self, guint64 sequence)
{
  HubSpoolRecord *first = NULL;
  gboolean dropped = FALSE;

  while ((first = g_queue_peek_head (&self->kept)) != NULL && first->sequence <= sequence)
    {
      self->freed += hub_spool_record_get_size (first->payload);
      hub_spool_record_free (g_queue_pop_head (&self->kept));
      dropped = TRUE;
    }
  return dropped;
}

static gboolean
is_worth_compacting (HubSpoolFile *self)
{
  if (self->kept.length == 0)
    return self->freed > COMPACT_EMPTY_BYTES;
  return self->freed > COMPACT_BYTES && self->freed > self->size / 2;
}

void
hub_spool_file_compact (HubSpoolFile *self)
{
  if (is_worth_compacting (self))
    rewrite (self, NULL);
}

void
hub_spool_file_remove (HubSpoolFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_unlink (self->path);
}
