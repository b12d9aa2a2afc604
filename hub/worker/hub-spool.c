/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session wants kept, on disk until the hub has it. */
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
#define MAX_FILE ((gsize) HUB_SPOOL_MAX_WAITING * 4)
/* Forgotten bytes that are worth a new file, and those of a file in which nothing else is. */
#define COMPACT_BYTES (256 * 1024)
#define COMPACT_EMPTY_BYTES 4096
/* What goes to disk at once, about. */
#define BATCH_BYTES (4 * 1024 * 1024)
#define RETRY_US G_USEC_PER_SEC

typedef struct
{
  guint64 sequence;
  GBytes *payload;
} Record;

struct _HubSpool
{
  GObject parent_instance;

  char *path;

  /* The main thread's. */
  GTree *waiting; /* guint64 * → GBytes; on disk or not */
  gsize waiting_bytes;
  guint64 last, durable;
  guint damaged;
  gboolean troubled, removed;
  guint stall_source;
  GSource *news; /* that the thread has done something */
  GThread *thread;

  /* Both threads', under the mutex. */
  GMutex mutex;
  GCond wake, done;
  GQueue pending;    /* Record: not on disk */
  guint64 forgotten; /* up to this number */
  guint64 written;   /* up to this number */
  GError *trouble;   /* what the last try met; NULL: it went well */
  guint n_refused;   /* tries without success */
  guint64 dropped;   /* up to this number the thread has forgotten */
  gboolean working, removing, gone, ending;

  /* Of whoever writes: the thread, or nobody else while it runs. */
  int fd;
  gsize size;        /* of the file, up to the last whole record */
  gsize freed;       /* bytes of it that nobody needs */
  GQueue kept;       /* Record: the others in it */
  guint64 kept_last; /* the number of the last one that was written */
};

G_DEFINE_FINAL_TYPE (HubSpool, hub_spool, G_TYPE_OBJECT)

enum
{
  DURABLE,
  FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static Record *
record_new (guint64 sequence, GBytes *payload)
{
  Record *record = g_new (Record, 1);

  record->sequence = sequence;
  record->payload = g_bytes_ref (payload);
  return record;
}

static void
record_free (gpointer data)
{
  Record *record = data;

  g_bytes_unref (record->payload);
  g_free (record);
}

static gsize
size_of (GBytes *payload)
{
  return HEADER + g_bytes_get_size (payload);
}

static gint
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  guint64 left = *(const guint64 *) a, right = *(const guint64 *) b;

  return left < right ? -1 : left > right;
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

static void
keep (HubSpool *self, guint64 sequence, GBytes *record)
{
  g_tree_insert (self->waiting, g_memdup2 (&sequence, sizeof sequence), g_bytes_ref (record));
  self->waiting_bytes += size_of (record);
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
      g_queue_push_tail (&self->kept, record_new (sequence, record));
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
  return TRUE;
}

static void
frame_record (gpointer data, gpointer into)
{
  Record *record = data;
  gsize size;
  const guint8 *payload = g_bytes_get_data (record->payload, &size);

  frame (into, KIND_RECORD, record->sequence, payload, size);
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

/* A new file of what is kept, behind a base record that keeps the numbering. */
static gboolean
compact (HubSpool *self, GError **error)
{
  g_autoptr (GByteArray) image = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  Record *first = g_queue_peek_head (&self->kept);
  guint64 base = first ? first->sequence - 1 : self->kept_last;

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
  self->kept_last = self->last;
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
  if (!load (self, error))
    return NULL;
  self->durable = self->written = self->last;
  return g_steal_pointer (&self);
}

/* Writing. None of these is called with the mutex locked but work(). */

/* Half a record must not stand before the next one. */
static gboolean
take_back (HubSpool *self, gboolean unsure, int code, GError **error)
{
  /* What the kernel could not sync it may take for written: what comes next goes to a new file. */
  if (ftruncate (self->fd, self->size) != 0 || unsure)
    {
      close (self->fd);
      self->fd = -1;
    }
  return fail (error, "write", self->path, code);
}

static gboolean
append (HubSpool *self, GQueue *batch, GError **error)
{
  g_autoptr (GByteArray) image = g_byte_array_new ();
  Record *record = NULL;

  /* The file of an earlier failure may be gone. */
  if (self->fd < 0 && !compact (self, error))
    return FALSE;
  g_queue_foreach (batch, frame_record, image);
  if (!write_all (self->fd, image->data, image->len))
    return take_back (self, FALSE, errno, error);
  if (fdatasync (self->fd) != 0)
    return take_back (self, TRUE, errno, error);
  self->size += image->len;
  while ((record = g_queue_pop_head (batch)))
    {
      self->kept_last = record->sequence;
      g_queue_push_tail (&self->kept, record);
    }
  return TRUE;
}

static gboolean
drop_forgotten (HubSpool *self, guint64 forgotten)
{
  Record *first = NULL;
  gboolean dropped = FALSE;

  while ((first = g_queue_peek_head (&self->kept)) && first->sequence <= forgotten)
    {
      self->freed += size_of (first->payload);
      record_free (g_queue_pop_head (&self->kept));
      dropped = TRUE;
    }
  return dropped;
}

/* So that all of them together write no more than what was recorded. */
static gboolean
is_worth_compacting (HubSpool *self)
{
  if (!self->kept.length)
    return self->freed > COMPACT_EMPTY_BYTES;
  return self->freed > COMPACT_BYTES && self->freed > self->size / 2;
}

static void
remove_file (HubSpool *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_unlink (self->path);
}

static gboolean
has_work (HubSpool *self)
{
  return !self->gone
         && (self->removing || self->pending.length > 0 || self->forgotten > self->dropped);
}

static void
take_batch (HubSpool *self, GQueue *batch)
{
  Record *record = NULL;
  gsize size = 0;

  while (size < BATCH_BYTES && (record = g_queue_pop_head (&self->pending)))
    {
      size += size_of (record->payload);
      g_queue_push_tail (batch, record);
    }
}

/* Takes what there is to do and does it; called with the mutex, which is free meanwhile. */
static gboolean
work (HubSpool *self)
{
  GQueue batch = G_QUEUE_INIT;
  guint64 forgotten = self->forgotten;
  gboolean removing = self->removing;
  GError *error = NULL;
  gboolean done = TRUE;

  self->working = TRUE;
  take_batch (self, &batch);
  g_mutex_unlock (&self->mutex);
  if (removing)
    remove_file (self);
  else
    {
      done = !batch.length || append (self, &batch, &error);
      /* What is not compacted is only sent again after a restart, and that is harmless. */
      if (drop_forgotten (self, forgotten) && done && is_worth_compacting (self))
        compact (self, NULL);
    }
  g_mutex_lock (&self->mutex);
  while (batch.length)
    g_queue_push_head (&self->pending, g_queue_pop_tail (&batch));
  g_clear_error (&self->trouble);
  self->trouble = error;
  self->written = self->kept_last;
  self->dropped = forgotten;
  self->gone = removing;
  self->n_refused += !done;
  self->working = FALSE;
  return done;
}

static gpointer
write_always (gpointer data)
{
  HubSpool *self = data;

  g_mutex_lock (&self->mutex);
  while (!self->ending)
    {
      gboolean done = TRUE;

      if (!has_work (self))
        {
          g_cond_wait (&self->wake, &self->mutex);
          continue;
        }
      done = work (self);
      g_source_set_ready_time (self->news, 0);
      g_cond_broadcast (&self->done);
      for (gint64 until = g_get_monotonic_time () + RETRY_US; !done && !self->ending;)
        if (!g_cond_wait_until (&self->wake, &self->mutex, until))
          break;
    }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

/* The main thread. */

static void
fail_for (HubSpool *self, const GError *error)
{
  self->troubled = TRUE;
  g_signal_emit (self, signals[FAILED], 0, error);
}

static gboolean
on_stalled (gpointer data)
{
  HubSpool *self = data;
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                          "the disk of %s does not answer", self->path);

  self->stall_source = 0;
  fail_for (self, error);
  return G_SOURCE_REMOVE;
}

static void
watch_disk (HubSpool *self, gboolean anew)
{
  if (anew)
    g_clear_handle_id (&self->stall_source, g_source_remove);
  if (self->durable < self->last && !self->stall_source && !self->troubled)
    self->stall_source = g_timeout_add (HUB_SPOOL_STALLED_MS, on_stalled, self);
}

static gboolean
on_news (gpointer data)
{
  g_autoptr (HubSpool) self = g_object_ref (data);
  g_autoptr (GError) trouble = NULL;
  guint64 written;

  g_mutex_lock (&self->mutex);
  written = self->written;
  trouble = self->trouble ? g_error_copy (self->trouble) : NULL;
  g_mutex_unlock (&self->mutex);
  if (written > self->durable)
    {
      self->durable = written;
      self->troubled = FALSE;
      watch_disk (self, TRUE);
      g_signal_emit (self, signals[DURABLE], 0, written);
    }
  if (trouble)
    {
      g_clear_handle_id (&self->stall_source, g_source_remove);
      fail_for (self, trouble);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_news (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return callback (data);
}

void
hub_spool_start (HubSpool *self)
{
  static GSourceFuncs functions = { .dispatch = dispatch_news };

  if (self->thread)
    return;
  self->news = g_source_new (&functions, sizeof (GSource));
  g_source_set_callback (self->news, on_news, self, NULL);
  g_source_attach (self->news, g_main_context_get_thread_default ());
  watch_disk (self, FALSE);
  self->thread = g_thread_new ("spool", write_always, self);
}

static gboolean
refuse (HubSpool *self, gint code, GError **error)
{
  g_set_error (error, G_IO_ERROR, code, "%s takes no more", self->path);
  return FALSE;
}

static gboolean
has_room (HubSpool *self, gsize size, GError **error)
{
  if (self->removed)
    return refuse (self, G_IO_ERROR_CLOSED, error);
  if (size > HUB_SPOOL_MAX_RECORD || self->waiting_bytes + HEADER + size > HUB_SPOOL_MAX_WAITING
      || (self->troubled && self->last - self->durable >= HUB_SPOOL_MAX_TROUBLED))
    return refuse (self, G_IO_ERROR_NO_SPACE, error);
  return TRUE;
}

guint64
hub_spool_append (HubSpool *self, GBytes *record, GError **error)
{
  if (!has_room (self, g_bytes_get_size (record), error))
    return 0;
  self->last++;
  keep (self, self->last, record);
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->pending, record_new (self->last, record));
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
  if (self->thread)
    watch_disk (self, FALSE);
  return self->last;
}

GBytes *
hub_spool_get (HubSpool *self, guint64 sequence)
{
  return sequence <= self->durable ? g_tree_lookup (self->waiting, &sequence) : NULL;
}

guint64
hub_spool_next (HubSpool *self, guint64 from)
{
  GTreeNode *node = g_tree_lower_bound (self->waiting, &from);
  guint64 found = node ? *(guint64 *) g_tree_node_key (node) : 0;

  return found <= self->durable ? found : 0;
}

void
hub_spool_forget (HubSpool *self, guint64 sequence)
{
  guint64 first = hub_spool_next (self, 0);

  while (first && first <= sequence)
    {
      self->waiting_bytes -= size_of (hub_spool_get (self, first));
      g_tree_remove (self->waiting, &first);
      first = hub_spool_next (self, 0);
    }
  g_mutex_lock (&self->mutex);
  self->forgotten = MAX (self->forgotten, MIN (sequence, self->durable));
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
}

guint64
hub_spool_get_last (HubSpool *self)
{
  return self->last;
}

guint64
hub_spool_get_durable (HubSpool *self)
{
  return self->durable;
}

guint
hub_spool_get_waiting (HubSpool *self)
{
  return g_tree_nnodes (self->waiting);
}

gboolean
hub_spool_is_troubled (HubSpool *self)
{
  return self->troubled;
}

guint
hub_spool_get_damaged (HubSpool *self)
{
  return self->damaged;
}

void
hub_spool_remove (HubSpool *self)
{
  self->removed = TRUE;
  g_clear_handle_id (&self->stall_source, g_source_remove);
  g_mutex_lock (&self->mutex);
  g_queue_clear_full (&self->pending, record_free);
  self->removing = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
}

/* With the mutex. A try that is under way knows nothing of what came since. */
static void
wait_for_thread (HubSpool *self)
{
  guint refused = self->n_refused + (self->working ? 2 : 1);

  g_cond_signal (&self->wake);
  while ((has_work (self) || self->working) && self->n_refused < refused)
    g_cond_wait (&self->done, &self->mutex);
}

gboolean
hub_spool_flush (HubSpool *self, GError **error)
{
  g_autoptr (GError) trouble = NULL;

  g_mutex_lock (&self->mutex);
  if (self->thread)
    wait_for_thread (self);
  else
    while (has_work (self) && work (self))
      ;
  trouble = self->trouble ? g_error_copy (self->trouble) : NULL;
  g_mutex_unlock (&self->mutex);
  on_news (self);
  if (!trouble)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&trouble));
  return FALSE;
}

static void
hub_spool_finalize (GObject *object)
{
  HubSpool *self = HUB_SPOOL (object);

  g_clear_handle_id (&self->stall_source, g_source_remove);
  g_mutex_lock (&self->mutex);
  self->ending = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&self->thread, g_thread_join);
  if (self->news)
    g_source_destroy (self->news);
  g_clear_pointer (&self->news, g_source_unref);
  if (self->fd >= 0)
    close (self->fd);
  g_clear_error (&self->trouble);
  g_queue_clear_full (&self->pending, record_free);
  g_queue_clear_full (&self->kept, record_free);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->wake);
  g_cond_clear (&self->done);
  g_free (self->path);
  g_tree_unref (self->waiting);

  G_OBJECT_CLASS (hub_spool_parent_class)->finalize (object);
}

static void
hub_spool_class_init (HubSpoolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_spool_finalize;

  signals[DURABLE] = g_signal_new ("durable", HUB_TYPE_SPOOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
  signals[FAILED] = g_signal_new ("failed", HUB_TYPE_SPOOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
hub_spool_init (HubSpool *self)
{
  self->fd = -1;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->wake);
  g_cond_init (&self->done);
  g_queue_init (&self->pending);
  g_queue_init (&self->kept);
  self->waiting = g_tree_new_full (compare, NULL, g_free, (GDestroyNotify) g_bytes_unref);
}
